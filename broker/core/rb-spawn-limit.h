/* rb-spawn-limit.h: how often somebody else may have something started here
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RB_SPAWN_LIMIT_N 3
#define RB_SPAWN_LIMIT_MS 30000

/* A sliding window over the times of what was granted. Pure. Source: protocol.md 15.8. Zero-initialise it. */
typedef struct {
  gint64 granted[RB_SPAWN_LIMIT_N];   /* monotonic ms, oldest first */
  guint  n;
} RbSpawnLimit;

/* Whether one more is granted at @now; then it counts. */
gboolean  rb_spawn_limit_take  (RbSpawnLimit *self, gint64 now);
guint    rb_spawn_limit_get_n (RbSpawnLimit *self, gint64 now);   /* granted, and not forgotten yet */

G_END_DECLS
