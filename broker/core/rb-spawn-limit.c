/* rb-spawn-limit.c: how often somebody else may have something started here
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn-limit.h"

#include <string.h>

static void
forget_old (RbSpawnLimit *self,
            gint64        now)
{
  guint n_old = 0;

  while (n_old < self->n && now - self->granted[n_old] > RB_SPAWN_LIMIT_MS)
    n_old++;
  self->n -= n_old;
  memmove (self->granted, self->granted + n_old, self->n * sizeof *self->granted);
}

guint
rb_spawn_limit_get_n (RbSpawnLimit *self,
                      gint64        now)
{
  forget_old (self, now);
  return self->n;
}

gboolean
rb_spawn_limit_take (RbSpawnLimit *self,
                     gint64        now)
{
  forget_old (self, now);
  if (self->n == RB_SPAWN_LIMIT_N)
    return FALSE;

  self->granted[self->n++] = now;
  return TRUE;
}
