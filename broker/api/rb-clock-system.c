/* rb-clock-system.c: the clock of a running process: one timerfd as one source
 *
 * CLOCK_BOOTTIME counts the time the machine slept, so a deadline that passed meanwhile fires at resume, where a GLib timeout
 * would wait the rest of its interval again. The descriptor is programmed in prepare(), once a turn of the main loop, however many
 * timers came and went in that turn; with no timer pending it is disarmed and nothing wakes the process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RB_TYPE_SYSTEM_CLOCK (rb_system_clock_get_type ())
G_DECLARE_FINAL_TYPE (RbSystemClock, rb_system_clock, RB, SYSTEM_CLOCK, RbClock)

typedef struct {
  GSource        parent;
  RbSystemClock *clock;        /* not owned: the clock destroys the source */
  gpointer       tag;          /* of @fd */
  int            fd;           /* -1: no descriptor to be had, the poll timeout has to do */
  gint64         wanted_us;    /* -1: no timer is pending */
  gint64         programmed_us;
} TimerSource;

struct _RbSystemClock {
  RbClock parent_instance;

  GSource *source;
};

G_DEFINE_FINAL_TYPE (RbSystemClock, rb_system_clock, RB_TYPE_CLOCK)

static gint64
now_us (clockid_t id)
{
  struct timespec now;

  clock_gettime (id, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
program (TimerSource *source)
{
  struct itimerspec spec = { 0 };
  gint64 at_us = MAX (source->wanted_us, 1);   /* 0 would disarm */

  if (source->wanted_us >= 0)
    {
      spec.it_value.tv_sec = at_us / G_USEC_PER_SEC;
      spec.it_value.tv_nsec = at_us % G_USEC_PER_SEC * 1000;
    }
  if (timerfd_settime (source->fd, TFD_TIMER_ABSTIME, &spec, NULL) != 0)
    g_critical ("Cannot set the timer: %s", g_strerror (errno));
  source->programmed_us = source->wanted_us;
}

static gboolean
source_prepare (GSource *base,
                int     *timeout_ms)
{
  TimerSource *source = (TimerSource *) base;
  gint64 left_us;

  *timeout_ms = -1;
  if (source->fd >= 0)
    {
      if (source->wanted_us != source->programmed_us)
        program (source);
      return FALSE;
    }
  if (source->wanted_us < 0)
    return FALSE;

  left_us = source->wanted_us - now_us (CLOCK_BOOTTIME);
  if (left_us <= 0)
    return TRUE;
  *timeout_ms = (int) MIN ((left_us + 999) / 1000, G_MAXINT);
  return FALSE;
}

static gboolean
source_check (GSource *base)
{
  TimerSource *source = (TimerSource *) base;

  if (source->fd >= 0)
    return (g_source_query_unix_fd (base, source->tag) & G_IO_IN) != 0;
  return source->wanted_us >= 0 && source->wanted_us <= now_us (CLOCK_BOOTTIME);
}

static gboolean
source_dispatch (GSource     *base,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  TimerSource *source = (TimerSource *) base;
  guint64 expirations;

  /* Not ready after all means that the timer was moved between poll and here: nothing is due then, which dispatch sees. */
  if (source->fd >= 0 && read (source->fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
    g_critical ("Cannot read the timer: %s", g_strerror (errno));
  source->programmed_us = -1;
  rb_clock_dispatch (RB_CLOCK (source->clock));
  return G_SOURCE_CONTINUE;
}

static void
source_finalize (GSource *base)
{
  TimerSource *source = (TimerSource *) base;

  if (source->fd >= 0)
    close (source->fd);
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize,
};

static gint64
rb_system_clock_get_monotonic_us (RbClock *clock)
{
  return now_us (CLOCK_BOOTTIME);
}

static gint64
rb_system_clock_get_wall_ms (RbClock *clock)
{
  return g_get_real_time () / 1000;
}

static void
rb_system_clock_arm (RbClock *clock,
                     gint64   deadline_us)
{
  TimerSource *source = (TimerSource *) RB_SYSTEM_CLOCK (clock)->source;

  if (source != NULL)
    source->wanted_us = deadline_us;
}

static void
rb_system_clock_dispose (GObject *object)
{
  RbSystemClock *self = RB_SYSTEM_CLOCK (object);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  G_OBJECT_CLASS (rb_system_clock_parent_class)->dispose (object);
}

static void
rb_system_clock_class_init (RbSystemClockClass *klass)
{
  RbClockClass *clock_class = RB_CLOCK_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rb_system_clock_dispose;
  clock_class->get_monotonic_us = rb_system_clock_get_monotonic_us;
  clock_class->get_wall_ms = rb_system_clock_get_wall_ms;
  clock_class->arm = rb_system_clock_arm;
}

static void
rb_system_clock_init (RbSystemClock *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  TimerSource *source;

  self->source = g_source_new (&source_funcs, sizeof (TimerSource));
  g_source_set_static_name (self->source, "RbClock");

  source = (TimerSource *) self->source;
  source->clock = self;
  source->wanted_us = -1;
  source->programmed_us = -1;
  source->fd = timerfd_create (CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (source->fd >= 0)
    source->tag = g_source_add_unix_fd (self->source, source->fd, G_IO_IN);
  g_source_attach (self->source, context);
}

/**
 * rb_clock_new_system:
 *
 * Returns: (transfer full): a clock whose timers run on the thread-default main context of the caller; use it from that
 *   thread alone
 */
RbClock *
rb_clock_new_system (void)
{
  return g_object_new (RB_TYPE_SYSTEM_CLOCK, NULL);
}
