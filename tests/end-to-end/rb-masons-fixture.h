/* rb-masons-fixture.h: the built daemon on profile masons, with its real modules, on a simulated network
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-adapter.h"
#include "rb-sim.h"
#include "rb-test.h"

G_BEGIN_DECLS

/* The simulation runs on our main loop: what the daemon needs it for is waited for with the loop turning. Waits between attempts are
 * short, so that a test sees a fault end. */
typedef struct {
  RbSim           *sim;
  RbSimGateway    *gateway;     /* the simulation's, borrowed */
  RbDaemonFixture *daemon;
  char            *dir;
} RbMasons;

void     rb_masons_set_up        (RbMasons   *fixture, gconstpointer data);
void     rb_masons_tear_down     (RbMasons   *fixture, gconstpointer data);

/* "http.request-timeout-ms=500" for the next runs */
void     rb_masons_set           (RbMasons   *fixture, const char *setting);
/* Starts it and waits until the gateway knows it. */
void     rb_masons_start         (RbMasons   *fixture);
gboolean rb_masons_is_registered (RbMasons   *fixture);
/* An operator view, as text. */
char    *rb_masons_view          (RbMasons   *fixture, const char *view);
/* Whether it contains @part. */
gboolean rb_masons_says          (RbMasons   *fixture, const char *view, const char *part);
/* A number of the status, one of its counters, or of one of its limits. */
gint64   rb_masons_number        (RbMasons   *fixture, const char *name);
/* How many rows of the inbox have an id that begins with @prefix; each id is there once, or the test fails. */
guint    rb_masons_count_inbox   (RbMasons   *fixture, const char *prefix);
/* An adapter with an open stream and an endpoint. */
RbAdapter *rb_masons_attach      (RbMasons   *fixture, gboolean is_worker);
/* A message, or those from "<prefix>-<from + 1>" up to "<prefix>-<to>", to the adapter's endpoint. */
void     rb_masons_deliver_to    (RbMasons   *fixture, RbAdapter *adapter, const char *id, const char *content);
void     rb_masons_burst_to      (RbMasons   *fixture, RbAdapter *adapter, guint from, guint to, const char *prefix);
/* All that the gateway has given a number was acknowledged. */
gboolean rb_masons_is_acked      (RbMasons   *fixture);
/* It is there and answers. */
void     rb_masons_assert_healthy (RbMasons  *fixture);
/* Stops in order with code 0, and the broker kept to the protocol. */
void     rb_masons_stop          (RbMasons   *fixture);
void     rb_masons_assert_clean  (RbMasons   *fixture);

#define rb_masons_add(path, function) \
  g_test_add (path, RbMasons, NULL, rb_masons_set_up, function, rb_masons_tear_down)

/* As rb_test_wait_until(), for what takes longer. */
#define rb_masons_wait_long(seconds, condition)                                              \
  G_STMT_START {                                                                             \
    gint64 rb_long_deadline_ = g_get_monotonic_time () + (seconds) * G_USEC_PER_SEC;         \
    while (!(condition))                                                                     \
      rb_test_turn (rb_long_deadline_, #condition, __FILE__, __LINE__);                      \
  } G_STMT_END

G_END_DECLS
