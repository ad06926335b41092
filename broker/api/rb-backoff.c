/* rb-backoff.c: delays that double up to a cap
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-backoff.h"

#define JITTER_SPAN 0.3

/**
 * rb_backoff_init:
 * @self: (out caller-allocates): a backoff
 * @initial_ms: the first delay, above 0
 * @max_ms: the longest delay, at least @initial_ms
 */
void
rb_backoff_init (RbBackoff *self,
                 gint64     initial_ms,
                 gint64     max_ms)
{
  g_return_if_fail (initial_ms > 0);
  g_return_if_fail (max_ms >= initial_ms);

  self->initial_ms = initial_ms;
  self->max_ms = max_ms;
  self->next_ms = 0;
}

/**
 * rb_backoff_next:
 * @self: a backoff
 *
 * Returns: the delay to wait now, in milliseconds; the next one is twice as long, up to the cap
 */
gint64
rb_backoff_next (RbBackoff *self)
{
  gint64 now_ms = self->next_ms > 0 ? self->next_ms : self->initial_ms;

  self->next_ms = now_ms > self->max_ms / 2 ? self->max_ms : now_ms * 2;
  return now_ms;
}

/**
 * rb_backoff_next_jittered:
 * @self: a backoff
 * @random: in [0, 1)
 *
 * As rb_backoff_next(), stretched by 1.0 to 1.3 so that many clients of one server do not come back together; the
 * doubling itself goes on from the unstretched delay. Source: protocol.md 13.9.
 *
 * Returns: the delay to wait now, in milliseconds, at most the cap
 */
gint64
rb_backoff_next_jittered (RbBackoff *self,
                          double     random)
{
  gint64 base_ms = rb_backoff_next (self);
  double factor = 1.0 + JITTER_SPAN * CLAMP (random, 0.0, 1.0);

  return MIN ((gint64) ((double) base_ms * factor), self->max_ms);
}

void
rb_backoff_reset (RbBackoff *self)
{
  self->next_ms = 0;
}
