/* rb-turns.h: reports of one assignment leave one after the other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-events.h"

G_BEGIN_DECLS

/* Two reports on their way at once would carry the same state_sequence, or arrive in the wrong order (IMP-34). So each waits until the one
 * before it was answered, and its event is made when its turn has come. What the outbox has yet to tell of the assignment happened before, so
 * it is hurried and goes first; when it fails again, whoever waits fails with it. The number of an event is set aside on the disk before it is
 * told (rb-sequence.h). The authority knows an assignment by its id: should the upstream give one id to several, they take turns too. */

/* Returns the event to report, (transfer full), with a number that it took from the assignment's sequence. */
typedef RbEvent *(*RbMakeReport) (RbCore *core, RbAssignment *assignment, gpointer user_data);

/* @done: as for rb_events_report(), perhaps from inside the call, and without one of @make when it failed before that. It looks the assignment up
 * itself: while the report waited or was on its way the assignment may have gone; then nothing may have been reported, and @done gets no
 * error. */
void  rb_turns_report  (RbCore *core, RbAssignment *assignment, RbMakeReport make, RbReported done, gpointer user_data);

/* The outbox takes turns too, for what is told of an assignment (which may be gone): while one is taken nobody else reports about it. */
gboolean  rb_turns_is_taken  (RbCore *core, const char *assignment_id);
void      rb_turns_take      (RbCore *core, const char *assignment_id);
/* @event: the processing state that was told; whoever waits goes on. */
void      rb_turns_give_back (RbCore *core, const RbEvent *event);
/* The outbox has nothing more of @event's assignment, or could not tell it: whoever waits for that goes on, or fails too. */
void      rb_turns_go_on     (RbCore *core, const RbEvent *event);
void      rb_turns_fail      (RbCore *core, const RbEvent *event, const GError *error);

/* Takes @assignment out of the table and frees it; whoever waits for its turn is told. */
void  rb_turns_forget  (RbCore *core, RbAssignment *assignment);

G_END_DECLS
