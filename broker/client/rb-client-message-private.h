/* rb-client-message-private.h: a message from the inside, and how it is read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-message.h"
#include "rb-json.h"
#include "rb-target.h"

G_BEGIN_DECLS

/* What the broker says about an assignment (protocol.md 11.3) */
typedef struct {
  char     *undispatched_id;
  char     *source_message_id;
  char     *assignment_id;
  RbTarget *target;                 /* NULL: not told, of what was staged */
  char     *delivery_intent;
  char     *reply_correlation_id;   /* (nullable) */
  char     *original_trace_id;      /* (nullable) */
} RbClientAssignment;

/* A frame message_received (protocol.md 5.4). Read-only. */
struct _RbClientMessage {
  GObject             parent_instance;

  char               *push_id;             /* (nullable) */
  char               *endpoint_id;         /* (nullable) the endpoint it is for, where the broker says so (IMP-16) */
  char               *from;
  char               *content;             /* UTF-8; U+0000 became U+FFFD */
  char               *content_type;
  RbJson             *metadata;            /* an object */
  char               *source_message_id;   /* (nullable) */
  RbClientAssignment *assignment;          /* (nullable) */
};

/* Fails with RB_ERROR_INVALID when a required member is missing or of another type. */
RbClientMessage *rb_client_message_from_json   (const RbJson     *frame,
                                                GError          **error);
/* The answer to a claim (11.10), and an item of staged delivery (12.5); likewise. */
RbClientMessage *rb_client_message_from_claim  (const RbJson     *answer,
                                                GError          **error);
RbClientMessage *rb_client_message_from_staged (const RbJson     *item,
                                                GError          **error);

G_END_DECLS
