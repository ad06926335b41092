/* rb-outbox.h: what the authority is to hear, until it has heard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-dead-letters.h"

G_BEGIN_DECLS

/* rb_changes_tell() -> a row in the same commit -> posted, in order for each subject, different subjects side by side -> repeated until the
 * authority accepts it, or refuses it for good: then it is a dead letter. The row outlives the process; a repeated event is identical.
 * Without an authority among the emitters nothing is kept and nothing is posted. Sources: protocol.md 7.10, 11.9, 16.6, 17 (IMP-24, IMP-53,
 * IMP-67). */

RbOutbox  *rb_outbox_new           (void);
void       rb_outbox_free          (RbOutbox *self);

/* For rb_core_commit() alone: what @changes tell becomes rows of theirs... (nullable) */
typedef struct _RbEnclosed RbEnclosed;
RbEnclosed *rb_outbox_enclose      (RbCore *core, RbChanges *changes);
/* ...and leaves now that they are durable; with an error it never will. Takes @enclosed. */
void       rb_outbox_release       (RbCore *core, RbEnclosed *enclosed, const GError *error);

/* Takes @event. Presence is not stored: it is over when the process is. */
void       rb_outbox_tell_presence (RbCore *core, RbEvent *event);

/* What the last process left. */
void       rb_outbox_load          (RbOutbox *self, RbLetter *letter);   /* takes it */
void       rb_outbox_start         (RbCore *core);
/* We are online: what was held back for that goes now. */
void       rb_outbox_go_online     (RbCore *core);
/* No report of the assignment is on its way any more (rb-turns.h). */
void       rb_outbox_wake          (RbCore *core, const char *assignment_id);
/* Somebody waits for what rb_outbox_has_report(): it is tried at once, and rb-turns.h hears how that went. FALSE: we stop, and it was tried for
 * the last time. */
gboolean   rb_outbox_hurry         (RbCore *core, const char *assignment_id);
/* Nothing is repeated from here on. States of assignments and the last presence are tried once, the rest stays on the disk. */
void       rb_outbox_stop          (RbCore *core);
void       rb_outbox_cancel_timers (RbCore *core);

/* Something of it is still to be told, or is being committed. */
gboolean   rb_outbox_has_report    (RbCore *core, const char *assignment_id);
gboolean   rb_outbox_is_full       (RbCore *core);
guint      rb_outbox_get_n         (const RbOutbox *self);     /* rows, those of running commits included */
/* Both add to an a{sv} of the status: how near the limits are, and what happened. */
void       rb_outbox_put_limits    (RbCore *core, GVariantDict *limits);
void       rb_outbox_put_counters  (RbCore *core, GVariantDict *counters);

G_END_DECLS
