/* http-fixture.h: upstream and emitter over a simulated API, with a clock of the test's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http-check.h"
#include "rb-emitter.h"
#include "rb-sim.h"
#include "rb-test.h"
#include "rb-upstream.h"

G_BEGIN_DECLS

typedef struct {
  RbSim       *sim;
  RbClock     *clock;         /* a fake one */
  GHashTable  *settings;      /* of the group [http]; to be changed before the modules are made */
  RbModule    *upstream;      /* NULL until http_fixture_make() */
  RbBounds    *bounds;       /* of it; borrowed */
  RbModule    *emitter;
  GPtrArray   *controls;      /* of GVariant: what the upstream's signal said, in order */
} HttpFixture;

/* The last two of each test's four: g_test_add (path, HttpFixture, NULL, http_fixture_set_up, test, http_fixture_tear_down). */
void       http_fixture_set_up     (HttpFixture *fixture, gconstpointer data);
void       http_fixture_tear_down  (HttpFixture *fixture, gconstpointer data);

void       http_fixture_set        (HttpFixture *fixture, const char *key, const char *value);
/* Makes both modules, configured and not started. */
void       http_fixture_make       (HttpFixture *fixture);
/* Makes them if need be and starts them; nothing may fail. With the upstream, its event stream is open afterwards. */
void       http_fixture_start      (HttpFixture *fixture);
gboolean   http_fixture_start_one  (RbModule *module, GError **error);
void       http_fixture_stop_one   (RbModule *module);

/* A context for a module of this group; the caller's to unref. @settings: what differs from the defaults. */
RbModuleContext *http_context_new  (GHashTable *settings, RbClock *clock, const char *token);

/* One call, waited for. */
GVariant  *http_fixture_call       (HttpFixture *fixture, RbUpstreamCall call, const char *arguments, GError **error);
void       http_fixture_begin      (HttpFixture *fixture, RbUpstreamCall call, const char *arguments, GAsyncResult **result);
gboolean   http_fixture_emit       (HttpFixture *fixture, RbEventKind kind, const char *subject, const char *payload, GError **error);

G_END_DECLS
