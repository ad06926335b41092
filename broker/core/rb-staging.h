/* rb-staging.h: messages that were claimed for endpoints in advance, until their adapters accept them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-claimed.h"

G_BEGIN_DECLS

/* In memory only: the upstream hands them out again after a restart (protocol.md 12.7). At most one of a source message for an endpoint, in
 * the order in which they were staged. */
typedef struct {
  grefcount   ref_count;
  char       *endpoint_id;
  RbClaimed  *claimed;
  gint64      staged_at;     /* epoch-ms */
  guint       attempts;      /* how often it was fetched */
} RbStagedItem;

RbStagedItem *rb_staged_item_ref   (RbStagedItem *self);
void          rb_staged_item_unref (RbStagedItem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbStagedItem, rb_staged_item_unref)

typedef struct _RbStaging RbStaging;

RbStaging    *rb_staging_new             (void);
void          rb_staging_free            (RbStaging *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbStaging, rb_staging_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_staging_set_bounds (RbStaging *self, RbBounds *bounds);

/* Takes @claimed. The place of the same source message is kept, and its attempts when the assignment is the same. */
void          rb_staging_add             (RbStaging *self, const char *endpoint_id, RbClaimed *claimed, gint64 now);
RbStagedItem *rb_staging_lookup          (RbStaging *self, const char *endpoint_id, const char *source_message_id);
/* (transfer none) (nullable): the undispatched message as it is staged for an endpoint; looks through all */
const RbStagedItem *rb_staging_find_message (RbStaging *self, const char *undispatched_id);
gboolean      rb_staging_remove          (RbStaging *self, const char *endpoint_id, const char *source_message_id);
/* Those of the undispatched message, whoever they were for. Returns how many there were; so does the next. */
guint         rb_staging_remove_message  (RbStaging *self, const char *undispatched_id);
guint         rb_staging_remove_endpoint (RbStaging *self, const char *endpoint_id);
GPtrArray    *rb_staging_dup_items       (RbStaging *self, const char *endpoint_id);   /* of RbStagedItem, with references */
guint         rb_staging_get_n_of        (RbStaging *self, const char *endpoint_id);
guint         rb_staging_get_n           (RbStaging *self);
gsize         rb_staging_get_bytes       (RbStaging *self);

G_END_DECLS
