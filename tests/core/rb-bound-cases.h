/* rb-bound-cases.h: each bounded thing of the core, driven to its limit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claimer.h"
#include "rb-core-private.h"
#include "rb-error.h"

G_BEGIN_DECLS

/* Each drives its thing to the limit, asserts what the policy says, and that below the limit it works again. That the limit was counted,
 * shown and said is asserted by the caller, for all alike. */
typedef void (*RbBoundDrive) (RbCoreFixture *fixture);

/* bound-messages.c */
void rb_drive_messages       (RbCoreFixture *fixture);
void rb_drive_message_bytes  (RbCoreFixture *fixture);
void rb_drive_window         (RbCoreFixture *fixture);
void rb_drive_inbox          (RbCoreFixture *fixture);
void rb_drive_endpoints      (RbCoreFixture *fixture);
void rb_drive_queue          (RbCoreFixture *fixture);
void rb_drive_queue_bytes    (RbCoreFixture *fixture);
void rb_drive_pushed         (RbCoreFixture *fixture);
void rb_drive_pushed_bytes   (RbCoreFixture *fixture);
void rb_drive_refused        (RbCoreFixture *fixture);

/* bound-work.c */
void rb_drive_checkpoints    (RbCoreFixture *fixture);
void rb_drive_reply_records  (RbCoreFixture *fixture);
void rb_drive_staged         (RbCoreFixture *fixture);
void rb_drive_staged_bytes   (RbCoreFixture *fixture);
void rb_drive_waiters        (RbCoreFixture *fixture);
void rb_drive_waiters_of_one (RbCoreFixture *fixture);
void rb_drive_control_events (RbCoreFixture *fixture);
void rb_drive_control_keys   (RbCoreFixture *fixture);
void rb_drive_spawns         (RbCoreFixture *fixture);
void rb_drive_spawns_asked   (RbCoreFixture *fixture);
void rb_drive_runtimes       (RbCoreFixture *fixture);
void rb_drive_spawn_rate     (RbCoreFixture *fixture);

/* bound-memories.c */
void rb_drive_outbox         (RbCoreFixture *fixture);
void rb_drive_outbox_posts   (RbCoreFixture *fixture);
void rb_drive_presence_posts (RbCoreFixture *fixture);
void rb_drive_dead_letters   (RbCoreFixture *fixture);
void rb_drive_ring           (RbCoreFixture *fixture);
void rb_drive_received       (RbCoreFixture *fixture);
void rb_drive_history        (RbCoreFixture *fixture);
void rb_drive_archive        (RbCoreFixture *fixture);
void rb_drive_archive_bytes  (RbCoreFixture *fixture);
void rb_drive_closed_lookups (RbCoreFixture *fixture);

/* bound-policy.c */
void rb_drive_policy_rules   (RbCoreFixture *fixture);
void rb_drive_held           (RbCoreFixture *fixture);
void rb_drive_known_senders  (RbCoreFixture *fixture);
void rb_drive_strangers      (RbCoreFixture *fixture);
void rb_drive_loops          (RbCoreFixture *fixture);

/* The settings of the fixture count from here on. */
void rb_bound_settle         (RbCoreFixture *fixture);
/* A message from bob, "m<seq>", of @size bytes; @target: an endpoint or NULL; @correlation: NULL or a conversation. */
void rb_bound_deliver        (RbCoreFixture *fixture, gint64 seq, gsize size, const char *target, const char *correlation);

G_END_DECLS
