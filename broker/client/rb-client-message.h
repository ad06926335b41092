/* rb-client-message.h: one message as it reached this adapter
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define RB_TYPE_CLIENT_MESSAGE (rb_client_message_get_type ())
G_DECLARE_FINAL_TYPE (RbClientMessage, rb_client_message, RB, CLIENT_MESSAGE, GObject)

const char *rb_client_message_get_id                   (RbClientMessage *self);
const char *rb_client_message_get_sender               (RbClientMessage *self);
const char *rb_client_message_get_content              (RbClientMessage *self);
const char *rb_client_message_get_content_type         (RbClientMessage *self);
const char *rb_client_message_get_endpoint_id          (RbClientMessage *self);
const char *rb_client_message_get_assignment_id        (RbClientMessage *self);
const char *rb_client_message_get_undispatched_id      (RbClientMessage *self);
const char *rb_client_message_get_delivery_intent      (RbClientMessage *self);
const char *rb_client_message_get_reply_correlation_id (RbClientMessage *self);
const char *rb_client_message_get_trace_id             (RbClientMessage *self);
char       *rb_client_message_dup_metadata             (RbClientMessage *self);
char       *rb_client_message_dup_metadata_member      (RbClientMessage *self,
                                                        const char      *name);

G_END_DECLS
