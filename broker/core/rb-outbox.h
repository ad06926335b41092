/* rb-outbox.h: what the authority is to hear, until it has heard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-dead-letters.h"
#include "rb-explain-parts.h"

G_BEGIN_DECLS

/* rb_changes_tell() -> a row in the same commit -> posted, in order for each subject, different subjects side by side -> repeated until the
 * authority accepts it, or refuses it for good: then it is a dead letter. The row outlives the process; a repeated event is identical.
 * Without an authority among the emitters nothing is kept and nothing is posted. Sources: protocol.md 7.10, 11.9, 16.6, 17 (IMP-24, IMP-53,
 * IMP-67). */

#define RB_OUTBOX_POSTS_MAX 32        /* at a time; one for each subject */
#define RB_OUTBOX_PRESENCE_MAX 128    /* presences that wait to be told */

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
/* A row of RB_TABLE_META, which may be another's. */
void       rb_outbox_load_value    (RbOutbox *self, const char *name, const char *value);
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

/* For people. Whether there is an event, queued or dead, with this number. */
gboolean   rb_outbox_has_event     (RbCore *core, const char *number);
typedef void (*RbLetterFunc)       (const RbLetter *letter, gpointer user_data);
void       rb_outbox_foreach       (RbCore *core, RbLetterFunc func, gpointer user_data);
void       rb_outbox_put_event     (RbStory *story, const char *number);
/* What the upstream is still to hear of a thing: "owed", the timer of the next attempt, what went wrong with the last. */
void       rb_outbox_put_story     (RbStory *story, RbEventKind kind, const char *subject);

/* Something of it is still to be told, or is being committed. */
gboolean   rb_outbox_has_report    (RbCore *core, const char *assignment_id);
/* The assignment begins, perhaps again under the same id: what was refused for good of its life before is forgotten (rb-dead-letters.h). */
void       rb_outbox_supersede     (RbCore *core, const char *assignment_id, RbChanges *changes);
gboolean   rb_outbox_is_full       (RbCore *core);
guint      rb_outbox_get_n         (const RbOutbox *self);     /* rows, those of running commits included */
guint      rb_outbox_get_n_presence (const RbOutbox *self);
void       rb_outbox_set_bounds    (RbOutbox *self, RbBounds *bounds);   /* borrowed, for what it forgets */
void       rb_outbox_refresh_bounds (RbCore *core, RbBounds *bounds);
/* Adds to an a{sv} of the status what happened. */
void       rb_outbox_put_counters  (RbCore *core, GVariantDict *counters);

G_END_DECLS
