/* rb-clock.c: where time comes from; all timers of a process share one source
 *
 * The timers sit in a binary heap ordered by deadline, then by the order they were added. Each knows its position, so that
 * removing one costs no search. A subclass hears of a new earliest deadline only.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-clock.h"

#define MAX_DELAY_MS (G_MAXINT64 / 4000)
#define NOT_ARMED G_MININT64   /* forces the next call of arm() */

typedef struct {
  guint64      id;             /* first, because it is also the hash table's key */
  gint64       deadline_us;
  guint        position;       /* in the heap */
  RbClockFunc  function;
  gpointer     user_data;
} Timer;

typedef struct {
  GPtrArray  *heap;            /* of Timer, owned by @timers */
  GHashTable *timers;          /* guint64 * in the timer to Timer, owned */
  guint64     last_id;
  gint64      armed_us;        /* what arm() was told last, or NOT_ARMED */
  guint       dispatching;     /* depth; arm() waits until it is over */
} RbClockPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (RbClock, rb_clock, G_TYPE_OBJECT)

static RbClockPrivate *
get_private (RbClock *self)
{
  return rb_clock_get_instance_private (self);
}

static Timer *
timer_at (const GPtrArray *heap,
          guint            position)
{
  return g_ptr_array_index (heap, position);
}

static gboolean
is_before (const Timer *a,
           const Timer *b)
{
  if (a->deadline_us != b->deadline_us)
    return a->deadline_us < b->deadline_us;
  return a->id < b->id;
}

static void
put (GPtrArray *heap,
     guint      position,
     Timer     *timer)
{
  g_ptr_array_index (heap, position) = timer;
  timer->position = position;
}

static void
sift_up (GPtrArray *heap,
         Timer     *timer)
{
  guint position = timer->position;

  while (position > 0 && is_before (timer, timer_at (heap, (position - 1) / 2)))
    {
      put (heap, position, timer_at (heap, (position - 1) / 2));
      position = (position - 1) / 2;
    }
  put (heap, position, timer);
}

static void
sift_down (GPtrArray *heap,
           Timer     *timer)
{
  guint position = timer->position;

  while (position * 2 + 1 < heap->len)
    {
      guint child = position * 2 + 1;

      if (child + 1 < heap->len && is_before (timer_at (heap, child + 1), timer_at (heap, child)))
        child++;
      if (is_before (timer, timer_at (heap, child)))
        break;
      put (heap, position, timer_at (heap, child));
      position = child;
    }
  put (heap, position, timer);
}

static void
heap_add (GPtrArray *heap,
          Timer     *timer)
{
  timer->position = heap->len;
  g_ptr_array_add (heap, timer);
  sift_up (heap, timer);
}

static void
heap_remove (GPtrArray *heap,
             Timer     *timer)
{
  guint position = timer->position;
  Timer *last = g_ptr_array_steal_index_fast (heap, heap->len - 1);

  if (last == timer)
    return;

  put (heap, position, last);
  sift_up (heap, last);
  sift_down (heap, last);
}

static void
rearm (RbClock *self)
{
  RbClockPrivate *priv = get_private (self);
  gint64 deadline_us = priv->heap->len > 0 ? timer_at (priv->heap, 0)->deadline_us : -1;

  if (priv->dispatching > 0 || deadline_us == priv->armed_us)
    return;

  priv->armed_us = deadline_us;
  RB_CLOCK_GET_CLASS (self)->arm (self, deadline_us);
}

static void
rb_clock_finalize (GObject *object)
{
  RbClockPrivate *priv = get_private (RB_CLOCK (object));

  g_ptr_array_unref (priv->heap);
  g_hash_table_unref (priv->timers);
  G_OBJECT_CLASS (rb_clock_parent_class)->finalize (object);
}

static void
rb_clock_class_init (RbClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_clock_finalize;
}

static void
rb_clock_init (RbClock *self)
{
  RbClockPrivate *priv = get_private (self);

  priv->heap = g_ptr_array_new ();
  priv->timers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  priv->armed_us = -1;
}

/**
 * rb_clock_get_monotonic_us:
 * @self: a clock
 *
 * Returns: microseconds since some moment; never goes back and counts the time the system slept
 */
gint64
rb_clock_get_monotonic_us (RbClock *self)
{
  g_return_val_if_fail (RB_IS_CLOCK (self), 0);
  return RB_CLOCK_GET_CLASS (self)->get_monotonic_us (self);
}

/**
 * rb_clock_get_wall_ms:
 * @self: a clock
 *
 * Returns: epoch-ms; jumps when somebody sets the time
 */
gint64
rb_clock_get_wall_ms (RbClock *self)
{
  g_return_val_if_fail (RB_IS_CLOCK (self), 0);
  return RB_CLOCK_GET_CLASS (self)->get_wall_ms (self);
}

/**
 * rb_clock_add:
 * @self: a clock
 * @delay_ms: from now; below 0 counts as 0
 * @function: called once, on the clock's main context, never from inside this function
 * @user_data: for @function; must live until it was called or the timer was removed
 *
 * Returns: an id above 0
 */
guint64
rb_clock_add (RbClock     *self,
              gint64       delay_ms,
              RbClockFunc  function,
              gpointer     user_data)
{
  RbClockPrivate *priv;
  Timer *timer;

  g_return_val_if_fail (RB_IS_CLOCK (self), 0);
  g_return_val_if_fail (function != NULL, 0);

  priv = get_private (self);
  timer = g_new (Timer, 1);
  timer->id = ++priv->last_id;
  timer->deadline_us = rb_clock_get_monotonic_us (self) + CLAMP (delay_ms, 0, MAX_DELAY_MS) * 1000;
  timer->function = function;
  timer->user_data = user_data;

  g_hash_table_insert (priv->timers, &timer->id, timer);
  heap_add (priv->heap, timer);
  rearm (self);
  return timer->id;
}

/**
 * rb_clock_remove:
 * @self: a clock
 * @id: what rb_clock_add() returned; 0 and spent ids are fine
 *
 * May be called from inside any timer's function.
 */
void
rb_clock_remove (RbClock *self,
                 guint64  id)
{
  RbClockPrivate *priv;
  Timer *timer;

  g_return_if_fail (RB_IS_CLOCK (self));

  priv = get_private (self);
  timer = g_hash_table_lookup (priv->timers, &id);
  if (timer == NULL)
    return;

  heap_remove (priv->heap, timer);
  g_hash_table_remove (priv->timers, &id);
  rearm (self);
}

gint64
rb_clock_get_left_us (RbClock *self,
                      guint64  id)
{
  Timer *timer;

  g_return_val_if_fail (RB_IS_CLOCK (self), -1);

  timer = g_hash_table_lookup (get_private (self)->timers, &id);
  return timer != NULL ? MAX (0, timer->deadline_us - rb_clock_get_monotonic_us (self)) : -1;
}

guint
rb_clock_get_n_timers (RbClock *self)
{
  g_return_val_if_fail (RB_IS_CLOCK (self), 0);
  return get_private (self)->heap->len;
}

/**
 * rb_clock_dispatch:
 * @self: a clock
 *
 * Runs every timer that is due, in order, and then arms the subclass for the next one. Timers that are added meanwhile wait for
 * the next call even if they are due at once, so that one that adds itself again cannot keep the main loop.
 */
void
rb_clock_dispatch (RbClock *self)
{
  RbClockPrivate *priv;
  guint64 last_id;
  gint64 now_us;

  g_return_if_fail (RB_IS_CLOCK (self));

  g_object_ref (self);
  priv = get_private (self);
  now_us = rb_clock_get_monotonic_us (self);
  last_id = priv->last_id;
  priv->dispatching++;
  priv->armed_us = NOT_ARMED;

  while (priv->heap->len > 0)
    {
      Timer *timer = timer_at (priv->heap, 0);
      RbClockFunc function = timer->function;
      gpointer user_data = timer->user_data;

      if (timer->deadline_us > now_us || timer->id > last_id)
        break;

      /* Spent before it runs: the function may add, remove, or drop the last reference. */
      heap_remove (priv->heap, timer);
      g_hash_table_remove (priv->timers, &timer->id);
      function (user_data);
    }

  priv->dispatching--;
  rearm (self);
  g_object_unref (self);
}
