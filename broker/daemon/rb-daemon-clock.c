/* rb-daemon-clock.c: what `brokerctl doctor` needs to know of clocks, told once
 *
 * The time since boot goes on while the machine sleeps, and nobody sets it. How far a clock is before it stays the same until that clock is set; so
 * whoever asks later can tell how far the wall clock was moved since the start, and how far it is now from the network's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include <time.h>

static void
set_offset (RbDaemon   *self,
            const char *name,
            gint64      wall_ms)
{
  g_autofree char *text = NULL;
  struct timespec boot;

  if (clock_gettime (CLOCK_BOOTTIME, &boot) != 0)
    return;
  text = g_strdup_printf ("%" G_GINT64_FORMAT, wall_ms - ((gint64) boot.tv_sec * 1000 + boot.tv_nsec / 1000000));
  rb_core_set_fact (self->core, name, text);
}

void
rb_daemon_note_clock (RbDaemon *self)
{
  set_offset (self, "wall_boot_offset_ms", rb_clock_get_wall_ms (self->clock));
}

void
rb_daemon_note_network_clock (RbDaemon *self,
                              gint64    ahead_ms)
{
  set_offset (self, "network_boot_offset_ms", rb_clock_get_wall_ms (self->clock) + ahead_ms);
}
