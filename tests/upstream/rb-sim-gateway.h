/* rb-sim-gateway.h: the Connector's side of the WebSocket, and everything that can go wrong on it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "rb-sim-mailbox.h"
#include "rb-sim-record.h"
#include "rb-sim-script.h"
#include "rb-sim-wire.h"

G_BEGIN_DECLS

typedef struct _RbSimGateway RbSimGateway;

RbSimGateway *rb_sim_gateway_new             (RbSimRecord           *record,
                                              const char            *token,
                                              const char            *handle);
void          rb_sim_gateway_free            (RbSimGateway          *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimGateway, rb_sim_gateway_free)
void          rb_sim_gateway_reset           (RbSimGateway          *self);
void          rb_sim_gateway_accept          (RbSimGateway          *self,
                                              RbSimWire             *wire,
                                              const char            *key);

/* Registering */

/* The next @times REGISTERs (0: all) get status "error" and @reason: "Already connected", "Unsupported protocol version", ... */
void          rb_sim_gateway_refuse          (RbSimGateway          *self,
                                              const char            *reason,
                                              guint                  times);
/* From now on REGISTER_ACK has this member: JSON text; "" leaves it out; NULL is as it was. E.g. "protocolVersion", "3". */
void          rb_sim_gateway_set_ack         (RbSimGateway          *self,
                                              const char            *member,
                                              const char            *json);
/* The next @times connections (0: all) end at that point. @code and @reason are of RB_SIM_END_CLOSE. */
void          rb_sim_gateway_end_at          (RbSimGateway          *self,
                                              RbSimPoint             point,
                                              RbSimEnd               end,
                                              guint16                code,
                                              const char            *reason,
                                              guint                  times);
/* When a second connection registers: FALSE (the default) closes the first with 4001 "Replaced by new Runtime", TRUE refuses the
 * second with "Already connected" while the first is open. */
void          rb_sim_gateway_set_exclusive   (RbSimGateway          *self,
                                              gboolean               exclusive);
gboolean      rb_sim_gateway_is_registered   (RbSimGateway          *self);
/* How many WebSockets are open now, and how many were opened since the start. */
guint         rb_sim_gateway_count_open      (RbSimGateway          *self);
guint         rb_sim_gateway_count_opened    (RbSimGateway          *self);

/* Sending */

void          rb_sim_gateway_answer_sends    (RbSimGateway          *self,
                                              const RbSimSendAnswer *answer);
/* What goes to another address comes back from there as its reply. What goes to the own handle always comes back as a message. */
void          rb_sim_gateway_set_echo        (RbSimGateway          *self,
                                              gboolean               echo);

/* Delivering. All of them work while nobody is connected: what has a number is replayed at the next REGISTER. */

/* @id (nullable): minted. @metadata (nullable): a JSON object. Returns the sequence. */
gint64        rb_sim_gateway_deliver         (RbSimGateway          *self,
                                              const char            *id,
                                              const char            *from,
                                              const char            *content,
                                              const char            *metadata);
/* @count messages "<prefix>-1" ... from @from. */
void          rb_sim_gateway_burst           (RbSimGateway          *self,
                                              guint                  count,
                                              const char            *prefix,
                                              const char            *from);
/* Kept under the next number, but not sent before a gap fill or the next REGISTER asks for it. */
gint64        rb_sim_gateway_withhold        (RbSimGateway          *self,
                                              const char            *id,
                                              const char            *from,
                                              const char            *content,
                                              const char            *metadata);
/* The same message under one more number. */
gint64        rb_sim_gateway_deliver_again   (RbSimGateway          *self,
                                              const char            *id);
/* Sends what has that number once more (a duplicate, or out of order), or everything above @above: acknowledged or not. */
void          rb_sim_gateway_resend          (RbSimGateway          *self,
                                              gint64                 seq);
void          rb_sim_gateway_replay          (RbSimGateway          *self,
                                              gint64                 above);
/* The same in reverse order. */
void          rb_sim_gateway_replay_reversed (RbSimGateway          *self,
                                              gint64                 above);
/* A message without a number; @id NULL: without an id too. Lost when nobody is connected. */
void          rb_sim_gateway_deliver_bare    (RbSimGateway          *self,
                                              const char            *id,
                                              const char            *from,
                                              const char            *content,
                                              const char            *metadata);
/* Gap fills are ignored (a gap that stays) until switched on again. */
void          rb_sim_gateway_set_gap_fill    (RbSimGateway          *self,
                                              gboolean               answers);
/* DELIVERY_SKIP for the next number, with reason runtime_mailbox_dismissed. Returns it. */
gint64        rb_sim_gateway_skip            (RbSimGateway          *self);
/* DELIVERY_CURSOR: the highest number given, and the highest acknowledged (negative: left out). */
void          rb_sim_gateway_say_cursor      (RbSimGateway          *self,
                                              gint64                 delivery_seq,
                                              gint64                 delivered_seq);
gint64        rb_sim_gateway_get_acked       (RbSimGateway          *self);
RbSimMailbox *rb_sim_gateway_get_mailbox     (RbSimGateway          *self);

/* Anything else, on the connection that registered last (or, when none did, the one opened last) */

gboolean      rb_sim_gateway_send_text       (RbSimGateway          *self,
                                              const char            *text);
gboolean      rb_sim_gateway_send_binary     (RbSimGateway          *self,
                                              GBytes                *bytes);
/* Past the WebSocket, straight to the socket. */
gboolean      rb_sim_gateway_send_raw        (RbSimGateway          *self,
                                              const void            *bytes,
                                              gsize                  size);
gboolean      rb_sim_gateway_end             (RbSimGateway          *self,
                                              RbSimEnd               end,
                                              guint16                code,
                                              const char            *reason);
/* Drops all connections, the silent ones too. */
void          rb_sim_gateway_drop_all        (RbSimGateway          *self);

G_END_DECLS
