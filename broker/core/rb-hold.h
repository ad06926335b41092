/* rb-hold.h: a message waits for a person to say whether it may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-admission.h"

G_BEGIN_DECLS

/* It is ours (the network was told so), it has one place, `held`, and nobody but a person sees it: no adapter, no upstream. Then it goes the way of
 * an arrival, or ends. Stories of the ladder: received > held > admitted > routed or stored ...; received > held > refused; received > refused. */

/* How they end. */
#define RB_ENDED_BY_POLICY "refused_by_policy"
#define RB_ENDED_BY_PERSON "refused_by_person"
#define RB_ENDED_DISMISSED "dismissed"        /* the upstream has somebody else for it */

/* @seq: RB_CONNECTOR_NO_SEQ if it has none. Each ends the arrival. */
void        rb_hold_arrival     (RbCore *core, RbMessage *message, gint64 seq, const RbAdmission *admission);
void        rb_hold_turn_away   (RbCore *core, RbMessage *message, gint64 seq, const RbAdmission *admission);
/* Its arrival is on the disk: it may go on, if it is its turn. */
void        rb_hold_stored      (RbCore *core, const RbMessage *message);

/* A message that is let in is being given its place. Each says whether it was one. */
gboolean    rb_hold_is_leaving  (RbCore *core, const RbMessage *message);
/* The changes that begin with why it may come in. */
RbChanges  *rb_hold_begin_move  (RbCore *core, RbMessage *message);
/* It has its place, in memory. Returns (transfer full) (nullable): who is to hear when that is durable. */
GTask      *rb_hold_moved       (RbCore *core, RbMessage *message, char **lane);
void        rb_hold_go_on       (RbCore *core, const char *lane);
/* There is no place for it now, or the upstream has somebody else for it. */
void        rb_hold_stay        (RbCore *core, RbMessage *message);
void        rb_hold_dismiss     (RbCore *core, RbMessage *message);
void        rb_hold_answer      (RbCore *core, const RbMessage *message, GTask *task, const GError *error);

/* What waits for nobody any more goes on; what found no room is tried again later, as long as there is somebody who may make some. */
void        rb_hold_resume      (RbCore *core);
void        rb_hold_look_again  (RbCore *core);
void        rb_hold_cancel_timer (RbCore *core);

/* It waits for its turn only, and rb_hold_resume() lets it in; or it ends, and the row is gone. */
void        rb_hold_free        (RbCore *core, RbHeldRow *row, RbChanges *changes);
/* The upstream agreed to end it, as an adapter of @endpoint_id asked before it was held; likewise. */
void        rb_hold_settle      (RbCore *core, RbHeldRow *row, const char *endpoint_id, const char *how, RbChanges *changes);
void        rb_hold_end         (RbCore *core, RbHeldRow *row, const char *how, const char *why, const char *rule, RbChanges *changes);

/* A person says what becomes of it. @remember: the answer is for all that its sender sends from now on; what of that sender is held by a rule
 * or by the quota comes in too. Fails with RB_ERROR_NOT_FOUND, `not_held`, or RB_ERROR_BAD_STATE: `held_behind` names the one that goes first. */
void        rb_hold_accept_async (RbCore *core, const char *message_id, gboolean remember, GAsyncReadyCallback callback,
                                  gpointer user_data);
/* (transfer full): {message_id, place, endpoint_id} */
GVariant   *rb_hold_accept_finish (RbCore *core, GAsyncResult *result, GError **error);
/* @why: (nullable): for the ladder and, if it is remembered, the rule */
void        rb_hold_refuse_async (RbCore *core, const char *message_id, gboolean remember, const char *why,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean    rb_hold_refuse_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
