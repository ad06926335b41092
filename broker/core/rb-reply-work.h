/* rb-reply-work.h: the work of a reply: announced, durable, sent, remembered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-reply.h"

G_BEGIN_DECLS

/* protocol.md 11.8, steps 1 to 7, for a reply that is checked and marked in flight. Whoever waits at the marker is answered. */
typedef struct {
  char   *source_message_id;
  char   *assignment_id;
  char   *reply_request_id;
  char   *endpoint_id;
  gint64  plugin_pid;
  char   *fingerprint;
  GBytes *content;
  char   *content_type;
  GBytes *metadata;         /* sanitised */
  RbEvent *outward;         /* reply_requested, from when its turn has come until it is told */
  gint64  sequence;
  RbCore *core;             /* referenced while the network has it */
} RbReplyWork;

RbReplyWork *rb_reply_work_new      (const RbReplyRequest *request);
void         rb_reply_work_free     (RbReplyWork *self);
void         rb_reply_work_start    (RbCore *core, RbReplyWork *self);    /* takes it */

/* The adapter's metadata without what the broker decides (18.4). */
GBytes      *rb_reply_sanitise      (GBytes *metadata);
char        *rb_reply_fingerprint   (GBytes *content, const char *content_type, GBytes *sanitised);

typedef struct {
  char *message_id;
  char *status;
} RbReplyResult;

RbReplyResult *rb_reply_result_new  (const char *message_id, const char *status);
void           rb_reply_result_free (RbReplyResult *self);

/* What a record of an unknown outcome answers. */
GError        *rb_reply_outcome_unknown (const RbReplyRecord *record);

/* reply_requested or reply_emitted; @wire_message_id: NULL for the former. */
RbEvent       *rb_reply_event       (RbCore *core, const RbAssignment *assignment, const char *state, const char *reply_request_id,
                                     const char *wire_message_id, gint64 sequence);
/* The authority has heard of @event, or refused to, and nothing else waits to be told of its assignment: one that was replied to ends
 * (11.9). */
void           rb_reply_heard       (RbCore *core, const RbEvent *event, RbChanges *changes);

G_END_DECLS
