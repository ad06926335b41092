/* rb-wire-answers.h: what routes answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"
#include "rb-grant.h"
#include "rb-staging.h"
#include "rb-undispatched.h"

G_BEGIN_DECLS

#define RB_WIRE_PROTOCOL_VERSION "1.1"

GBytes  *rb_wire_answer_health       (const char *server_version, const char *product_version, gboolean ready);   /* 4.4 */
GBytes  *rb_wire_answer_initialize   (const char *server_version, const char *session_id, const char *presence);  /* 6.1 */
GBytes  *rb_wire_answer_ok           (void);                                                                      /* {"ok":true} */
GBytes  *rb_wire_answer_register     (const char *endpoint_id, const char *owner_token, GVariant *session_naming);
GBytes  *rb_wire_answer_reattach     (guint n_pushed);
GBytes  *rb_wire_answer_sent         (const char *message_id, const char *status);                 /* send and reply */
GBytes  *rb_wire_answer_undispatched (GPtrArray *messages);                                        /* of RbListedMessage, 10.5 */
GBytes  *rb_wire_answer_presence     (guint n_bound);                                              /* 10.6 */
GBytes  *rb_wire_answer_claimed      (const RbGrant *grant);                                       /* 11.10 */
/* Of RbStagedItem, 12.5. Not @is_offered: "staging" is false, so that whoever knows the member need not ask again. */
GBytes  *rb_wire_answer_staged       (GPtrArray *items, gboolean is_offered);
GBytes  *rb_wire_answer_settled      (void);                                                       /* 12.6 */
/* Any value made of booleans, numbers, strings, arrays, dictionaries with string keys, maybes and variants. */
GBytes  *rb_wire_answer_variant      (GVariant *value);

G_END_DECLS
