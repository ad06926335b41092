/* rb-reply-cache.h: which correlations each endpoint received
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-changes.h"

G_BEGIN_DECLS

/* Source: protocol.md 8.5. Kept in RB_TABLE_CORRELATIONS, direction "received". */
typedef struct _RbReplyCache RbReplyCache;

typedef enum { RB_REPLY_FOUND, RB_REPLY_UNKNOWN, RB_REPLY_WRONG_ENDPOINT, RB_REPLY_EXPIRED } RbReplyVerdict;

RbReplyCache   *rb_reply_cache_new             (guint cap_per_endpoint, gint64 ttl_ms);
void            rb_reply_cache_free            (RbReplyCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbReplyCache, rb_reply_cache_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_reply_cache_set_bounds (RbReplyCache *self, RbBounds *bounds);

/* @correlation_id: NULL and "" do nothing. @changes: NULL while loading. */
void            rb_reply_cache_record          (RbReplyCache *self, const char *endpoint_id, const char *correlation_id, gint64 now,
                                                RbChanges *changes);
RbReplyVerdict  rb_reply_cache_resolve         (RbReplyCache *self, const char *endpoint_id, const char *correlation_id, gint64 now,
                                                RbChanges *changes);
void            rb_reply_cache_forget_endpoint (RbReplyCache *self, const char *endpoint_id, RbChanges *changes);
/* Evicts what is as old as the time to live, and says how many that were. */
guint           rb_reply_cache_sweep           (RbReplyCache *self, gint64 now, RbChanges *changes);
void            rb_reply_cache_inherit         (RbReplyCache *self, const char *from, const char *to, RbChanges *changes);
guint           rb_reply_cache_get_n           (RbReplyCache *self);
guint           rb_reply_cache_get_longest     (RbReplyCache *self);   /* of one endpoint */
const char     *rb_reply_verdict_to_string     (RbReplyVerdict verdict);

G_END_DECLS
