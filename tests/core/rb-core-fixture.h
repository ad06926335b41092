/* rb-core-fixture.h: a core over fakes, and calls that wait for their answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channels.h"
#include "rb-dispatch.h"
#include "rb-fake-adapter.h"
#include "rb-fake-clock.h"
#include "rb-fake-network.h"
#include "rb-fake-spawn-driver.h"
#include "rb-fake-store.h"
#include "rb-processing.h"
#include "rb-register.h"
#include "rb-reply.h"
#include "rb-send.h"
#include "rb-test.h"
#include "rb-undispatched.h"
#include "rb-views.h"

G_BEGIN_DECLS

typedef struct {
  RbClock         *clock;
  RbFakeStore     *store;
  RbFakeConnector *connector;
  RbFakeUpstream  *upstream;
  RbFakeEmitter   *journal;      /* a projection */
  RbFakeEmitter   *authority;    /* NULL unless asked for */
  RbFakeProcesses *processes;
  GPtrArray       *spawn_drivers; /* of RbFakeSpawnDriver, for the next start of the core; NULL: none */
  RbCoreSettings   settings;
  RbCore          *core;
  gboolean         is_late;      /* the next cores are loaded and wait for rb_core_fixture_go(), as while modules start */
  guint64          random;       /* state of a small generator: ids are the same in every run */
} RbCoreFixture;

/* For g_test_add(): @data is "authority" for a core whose upstream must agree to processing states; "network" for one that asks a directory,
 * too, where it otherwise has only its own inbox; else NULL. */
void        rb_core_fixture_set_up     (RbCoreFixture *fixture, gconstpointer data);
void        rb_core_fixture_tear_down  (RbCoreFixture *fixture, gconstpointer data);
/* The process dies as it stands, and another starts over the same disk. Channels are gone. No result of a call may be held: it holds the
 * core; start calls that the crash shall hit with a NULL result. */
void        rb_core_fixture_crash      (RbCoreFixture *fixture);
/* A core that is late starts. */
void        rb_core_fixture_go         (RbCoreFixture *fixture);
/* It stops in order instead. */
void        rb_core_fixture_restart    (RbCoreFixture *fixture);
/* It stops for the next one, which goes on at once. */
void        rb_core_fixture_hand_over  (RbCoreFixture *fixture);
/* Stops in order, and stays. */
void        rb_core_fixture_stop       (RbCoreFixture *fixture);

RbFakeChannel *rb_core_fixture_attach  (RbCoreFixture *fixture, gint64 pid, gboolean has_receipts);
void        rb_core_fixture_detach     (RbCoreFixture *fixture, RbFakeChannel *channel);
/* Acknowledges the i-th push of the channel. */
void        rb_core_fixture_receipt    (RbCoreFixture *fixture, RbFakeChannel *channel, guint i);

typedef enum {
  RB_PLAIN,         /* no capabilities: takes direct messages */
  RB_BACKGROUND,    /* background_exchange_v1, adapter_managed_turn, with @session */
  RB_HYBRID,        /* as above, and foreground_channel_v1 */
} RbFixtureKind;

/* The upstream has none of the endpoints any more: who registers again gets another one. */
void        rb_core_fixture_forget     (RbCoreFixture *fixture);
/* Registers and returns the id; @owner_token (out, nullable). Fails the test when it is refused. */
char       *rb_core_fixture_register   (RbCoreFixture *fixture, gint64 pid, RbFixtureKind kind, const char *session, char **owner_token);
/* NULL when it was refused: then @error is set. */
char       *rb_core_fixture_try_register (RbCoreFixture *fixture, gint64 pid, RbFixtureKind kind, const char *session, char **owner_token,
                                          GError **error);
gboolean    rb_core_fixture_reattach   (RbCoreFixture *fixture, gint64 pid, const char *endpoint_id, guint *n, GError **error);
gboolean    rb_core_fixture_unregister (RbCoreFixture *fixture, gint64 pid, const char *endpoint_id, GError **error);
/* @metadata: JSON or NULL. Returns the message id. */
char       *rb_core_fixture_send       (RbCoreFixture *fixture, gint64 pid, const char *endpoint_id, const char *to, const char *content,
                                        const char *metadata, char **correlation_id, GError **error);
gboolean    rb_core_fixture_dispatch   (RbCoreFixture *fixture, const char *message_id, const char *endpoint_id, GError **error);
/* Without waiting: the result is stored in @result when it is there; NULL: nobody waits for it. As the operator. */
void        rb_core_fixture_dispatch_start (RbCoreFixture *fixture, const char *message_id, const char *endpoint_id, GAsyncResult **result);
gboolean    rb_core_fixture_report     (RbCoreFixture *fixture, gint64 pid, const char *endpoint_id, const char *owner_token,
                                        const char *source_message_id, const char *assignment_id, gint64 sequence, const char *state,
                                        GError **error);
/* Returns the wire message id. */
char       *rb_core_fixture_reply      (RbCoreFixture *fixture, gint64 pid, const char *endpoint_id, const char *owner_token,
                                        const char *source_message_id, const char *assignment_id, const char *request_id,
                                        const char *content, GError **error);
void        rb_core_fixture_reply_start (RbCoreFixture *fixture, gint64 pid, const char *endpoint_id, const char *owner_token,
                                         const char *source_message_id, const char *assignment_id, const char *request_id,
                                         const char *content, GAsyncResult **result);

GVariant   *rb_core_fixture_explain    (RbCoreFixture *fixture, const char *id, GError **error);

/* "queue", "inbox", "assignment", "ended", or NULL when nothing is on disk; what a crash now would leave. */
const char *rb_core_fixture_place      (RbCoreFixture *fixture, const char *message_id);
/* The reason of that row. */
const char *rb_core_fixture_reason     (RbCoreFixture *fixture, const char *message_id);
guint       rb_core_fixture_count_inbox (RbCoreFixture *fixture);

G_END_DECLS
