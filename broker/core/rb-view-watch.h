/* rb-view-watch.h: tells a surface what changed of what a person looks at, when it is on the disk
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

typedef struct _RbViewWatch RbViewWatch;

/* @changes: a{sv} of "status", and of "endpoints", "inbox" and "assignments" as far as any changed: each an a{sv} of the id to what rb-views.h shows of it, or
 * to nothing (an empty maybe) when it is there no more; assignments go by the id of their message. Or of "all" (true) and "status": more changed than
 * is remembered, and the lists have to be read again. "needs" and "runtimes" (true): what waits for a person besides messages, and which runtimes
 * there are, may be another list. */
typedef void (*RbViewWatchFunc) (GVariant *changes, gpointer user_data);

/* Changes of @collect_ms are told together, and nothing happens while there are none. @ids_max: how many changed ids are remembered. */
RbViewWatch *rb_view_watch_new  (RbCore *core, RbClock *clock, gint64 collect_ms, guint ids_max, RbViewWatchFunc told, gpointer user_data);
void         rb_view_watch_free (RbViewWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbViewWatch, rb_view_watch_free)

/* How many changed ids wait to be told. */
guint        rb_view_watch_get_n (RbViewWatch *self);

G_END_DECLS
