/* rb-turn.h: one message in the hands of a runtime, from acceptance to its outcome
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"

G_BEGIN_DECLS

#define RB_TYPE_TURN (rb_turn_get_type ())
G_DECLARE_FINAL_TYPE (RbTurn, rb_turn, RB, TURN, GObject)

/* An assignment is accepted, started, and then answered or failed, each reported until the broker took it. A direct message knows
 * only its answer. Signal: accepted (): the assignment is ours. */
RbTurn           *rb_turn_new           (RbClient            *client,
                                         RbClientEndpoint    *endpoint,
                                         RbClientMessage     *message);
RbClientMessage  *rb_turn_get_message   (RbTurn              *self);
RbClientEndpoint *rb_turn_get_endpoint  (RbTurn              *self);
gboolean          rb_turn_is_accepted   (RbTurn              *self);
/* What names the turn to a person: the message's id, or "-". */
const char       *rb_turn_get_name      (RbTurn              *self);

/* All finish with rb_turn_finish(). A refused acceptance means that the message is somebody else's by now. */
void              rb_turn_accept_async  (RbTurn              *self,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data);
void              rb_turn_start_async   (RbTurn              *self,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data);
/* The request id is that of the assignment, so that a repetition, even by another process, is the same reply; a different reply
 * given earlier counts as success, too: the sender has its answer. */
void              rb_turn_reply_async   (RbTurn              *self,
                                         const char          *content,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data);
/* Ends an assignment without a reply, where the network takes note of that. */
void              rb_turn_settle_async  (RbTurn              *self,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data);
/* @retryable: another attempt may work; before acceptance this returns the message to the inbox. */
void              rb_turn_fail_async    (RbTurn              *self,
                                         const char          *reason_code,
                                         const char          *detail,
                                         gboolean             retryable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data);
gboolean          rb_turn_finish        (RbTurn              *self,
                                         GAsyncResult        *result,
                                         GError             **error);

G_END_DECLS
