/* rb-quota.h: how many messages a stranger may send in an hour
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

G_BEGIN_DECLS

/* Pure, in memory; after a restart rb-recall.c counts again what was counted. An hour begins with a stranger's first message and ends; then the
 * next one begins. A stranger who is forgotten, because so many others came, begins anew too. @now_ms: of the monotonic clock. */

#define RB_QUOTA_SENDERS_MAX 4096

typedef struct _RbQuota RbQuota;

/* @per_hour: 0: as many as they like */
RbQuota    *rb_quota_new        (guint per_hour);
void        rb_quota_free       (RbQuota *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbQuota, rb_quota_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_quota_set_bounds (RbQuota *self, RbBounds *bounds);

gboolean    rb_quota_is_on      (const RbQuota *self);
/* One more of @sender. FALSE: that is too many. */
gboolean    rb_quota_take       (RbQuota *self, const char *sender, gint64 now_ms);
/* One that was taken did not come in after all. */
void        rb_quota_give_back  (RbQuota *self, const char *sender);
guint       rb_quota_get_n      (const RbQuota *self);

G_END_DECLS
