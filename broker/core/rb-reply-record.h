/* rb-reply-record.h: what is remembered of a reply, so that it is sent once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-changes.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Source: protocol.md 11.8. */
typedef struct {
  char    *source_message_id;
  char    *assignment_id;
  char    *reply_request_id;
  char    *endpoint_id;
  gint64   plugin_pid;
  char    *fingerprint;
  char    *wire_message_id;
  gint64   expires_at;         /* epoch-ms */
  char    *result;             /* "delivered", "stored"; NULL: not sent yet, or not known to be */
  char    *outcome_unknown;    /* the recorded text; NULL when not */

  /* not kept: that the network did not take it, and nothing was sent */
  char    *failure;            /* the last one's text; NULL: none */
  char    *failure_code;       /* (nullable) */
  gint64   failed_at;          /* epoch-ms */
  guint    n_failures;
} RbReplyRecord;

/* For people: the last thing that went wrong with it. */
void           rb_reply_record_note   (RbReplyRecord *self, const GError *error, gint64 now);

typedef struct _RbReplies RbReplies;

RbReplyRecord *rb_reply_record_new    (const char *source_message_id, const char *assignment_id, const char *reply_request_id);
void           rb_reply_record_free   (RbReplyRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbReplyRecord, rb_reply_record_free)
void           rb_reply_record_record (const RbReplyRecord *self, RbChanges *changes);
RbReplyRecord *rb_reply_record_from_row (GVariant *row);

RbReplies     *rb_replies_new         (void);
void           rb_replies_free        (RbReplies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbReplies, rb_replies_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_replies_set_bounds (RbReplies *self, RbBounds *bounds);

void           rb_replies_add         (RbReplies *self, RbReplyRecord *record);                       /* takes it */
typedef void (*RbReplyFunc)           (const RbReplyRecord *record, gpointer user_data);
/* Looks at all, for people only. */
void           rb_replies_foreach     (RbReplies *self, RbReplyFunc func, gpointer user_data);
RbReplyRecord *rb_replies_lookup      (RbReplies *self, const char *source_message_id, const char *assignment_id,
                                       const char *reply_request_id);
/* IMP-62: the successor may repeat what its predecessor asked for. */
void           rb_replies_inherit     (RbReplies *self, const char *from, const char *to, RbChanges *changes);
/* Forgets what expired before @now, but for records whose assignment lives. */
typedef gboolean (*RbReplyAliveFunc)  (const RbReplyRecord *record, gpointer user_data);
void           rb_replies_prune       (RbReplies *self, gint64 now, RbReplyAliveFunc alive, gpointer user_data, RbChanges *changes);
guint          rb_replies_get_n       (RbReplies *self);
guint          rb_replies_get_n_at_work (RbReplies *self);   /* that may become one more record each */

/* While a call works on a reply, others with the same key wait for it. */
typedef struct {
  char      *fingerprint;
  char      *endpoint_id;
  gint64     plugin_pid;
  GPtrArray *waiters;          /* of GTask */
} RbReplyInFlight;

RbReplyInFlight *rb_replies_get_in_flight (RbReplies *self, const char *source_message_id, const char *assignment_id,
                                           const char *reply_request_id);
RbReplyInFlight *rb_replies_begin     (RbReplies *self, const char *source_message_id, const char *assignment_id,
                                       const char *reply_request_id, const char *fingerprint, const char *endpoint_id, gint64 plugin_pid);
/* Ends it and hands out who waited. (transfer full) */
GPtrArray     *rb_replies_end         (RbReplies *self, const char *source_message_id, const char *assignment_id,
                                       const char *reply_request_id);

G_END_DECLS
