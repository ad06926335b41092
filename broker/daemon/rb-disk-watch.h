/* rb-disk-watch.h: whether the disk gets full, looked at when something was written
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"

G_BEGIN_DECLS

/* Looks once at the beginning, then at most once a minute and only after rb_disk_watch_touch(), as long as there is room: who writes nothing is
 * not woken. While there is little room it looks once a minute. Low is below the limit; there is room again with a quarter more than that. */
typedef struct _RbDiskWatch RbDiskWatch;

/* In bytes for whoever is not root; negative: it could not be found out, which says nothing. A local file system answers from memory. */
typedef gint64 (*RbDiskMeasureFunc) (const char *directory, gpointer user_data);
/* Only when it changed, but for the bytes, which are told each time while they are few. */
typedef void   (*RbDiskToldFunc)    (gboolean is_low, gint64 free_bytes, gpointer user_data);

/* @low_bytes: 0: nobody wants to know. @measure: NULL: the system is asked. */
RbDiskWatch *rb_disk_watch_new   (RbClock *clock, const char *directory, gint64 low_bytes, RbDiskMeasureFunc measure, RbDiskToldFunc told,
                                  gpointer user_data);
void         rb_disk_watch_free  (RbDiskWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDiskWatch, rb_disk_watch_free)
void         rb_disk_watch_touch (RbDiskWatch *self);

/* The decision. */
gboolean     rb_disk_watch_is_low (gint64 free_bytes, gint64 low_bytes, gboolean was_low);

G_END_DECLS
