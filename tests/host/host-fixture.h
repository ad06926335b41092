/* host-fixture.h: a host over copies of the fixture modules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-host.h"

G_BEGIN_DECLS

/* A private directory with all fixture modules, made once. */
const char *host_fixture_get_dir (void);

/* Copies <name>.so of that directory, cut to @length bytes (-1: whole). */
void        host_fixture_copy    (const char *name, const char *path, gssize length);

/* A host that looks there. @settings: (nullable) "key=value", "" or NULL for none; "!" makes asking for them fail; with '@' in front connectors
 * run in a process of their own. It must outlive the host. */
RbHost     *host_fixture_new     (RbClock *clock, const char *settings);

gboolean    host_fixture_is_isolated (const char *settings);

/* A member of the view of module @i: text, number or boolean as text; NULL: it has none. */
char       *host_fixture_view    (RbHost *host, guint i, const char *member);

typedef struct {
  RbClock      *clock;
  RbHost       *host;
  RbEnvelope   *envelope;
  GString      *heard;       /* what the connector emitted */
  GCancellable *cancellable;
  GAsyncResult *result;      /* of the send */
} HostFixture;

#define HOST_FIXTURE_TIMEOUT_MS 35000

/* The test data is the setting, as for host_fixture_new(). */
void         host_fixture_set_up            (HostFixture *fixture, gconstpointer settings);
void         host_fixture_tear_down         (HostFixture *fixture, gconstpointer data);
void         host_fixture_assert_view       (HostFixture *fixture, guint i, const char *member, const char *expected);

/* Turn the main loop until done. */
void         host_fixture_load              (HostFixture *fixture, RbModuleKind kind, const char *name, gboolean required);
gboolean     host_fixture_start             (HostFixture *fixture, GError **error);
gboolean     host_fixture_stop              (HostFixture *fixture, GError **error);
RbConnector *host_fixture_load_and_start    (HostFixture *fixture, const char *name);
void         host_fixture_stop_well         (HostFixture *fixture);
void         host_fixture_send              (HostFixture *fixture);   /* does not wait */
void         host_fixture_assert_send_fails (HostFixture *fixture, GQuark domain, int code, const char *words);

G_END_DECLS
