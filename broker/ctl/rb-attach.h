/* rb-attach.h: an endpoint for a program or a person: connected, registered, one turn for each message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-turn.h"

G_BEGIN_DECLS

/* Messages that may be in work or wait for it; above, they stay with the broker. */
#define RB_ATTACH_TURNS_MAX 1024
/* Outcomes remembered, so that a message that comes twice is worked on once. */
#define RB_ATTACH_SEEN_MAX 4096
/* How long the end waits for outcomes on their way to the broker. */
#define RB_ATTACH_STOP_MS 5000

#define RB_TYPE_ATTACH (rb_attach_get_type ())
G_DECLARE_FINAL_TYPE (RbAttach, rb_attach, RB, ATTACH, GObject)

/* Signal: turn (RbTurn): a new message; whoever takes it calls rb_attach_end_turn() once. */

/* @for_claims: it gets what is claimed with it, and nothing else. */
RbAttach         *rb_attach_new          (RbClient            *client,
                                          const char          *name,
                                          const char          *kind,
                                          gboolean             for_claims);
RbClientEndpoint *rb_attach_get_endpoint (RbAttach            *self);   /* NULL until started */
guint             rb_attach_get_n_turns  (RbAttach            *self);

/* The runtime session id is made of the name, so that the next process of that name continues this session; for claims it is new, for what
 * was claimed is in the hands of this process alone. */
void              rb_attach_start_async  (RbAttach            *self,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
gboolean          rb_attach_start_finish (RbAttach            *self,
                                          GAsyncResult        *result,
                                          GError             **error);
/* Pulls a message of the inbox (protocol.md 11.10), of which a turn is made. */
void              rb_attach_claim_async  (RbAttach            *self,
                                          const char          *undispatched_id,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
gboolean          rb_attach_claim_finish (RbAttach            *self,
                                          GAsyncResult        *result,
                                          GError             **error);
void              rb_attach_end_turn     (RbAttach            *self,
                                          RbTurn              *turn);
/* No new turns; waits for those at work (whoever has them ends them), RB_ATTACH_STOP_MS at most; then unregisters and closes. */
void              rb_attach_stop_async   (RbAttach            *self,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
void              rb_attach_stop_finish  (RbAttach            *self,
                                          GAsyncResult        *result);

G_END_DECLS
