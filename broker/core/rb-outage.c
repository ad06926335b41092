/* rb-outage.c: the store writes nothing, and callers are not left waiting for it
 *
 * A commit that found no room stays where it is, and is written when there is room: what memory has can not be taken back. Whoever waits for it would
 * hear nothing until then. So after a while the callers are answered, as truly as can be said of each: what has not left the process is dropped, and of
 * the rest the outcome is not known yet. A store that is merely slow goes on writing, and nobody is told anything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-outage.h"

#include "rb-core-private.h"
#include "rb-outage-error.h"
#include "rb-send.h"
#include "rb-staged.h"

#define AGAIN_MS 1000    /* for calls that came meanwhile */

static void arm (RbCore *core, gint64 delay_ms);

static void
tell (RbCore *core)
{
  const char *reason = NULL;

  rb_store_get_health (core->store, &reason);
  rb_sends_drop_unstored (core, reason);
  rb_staged_drop_unstored (core, reason);
  g_signal_emit_by_name (core, "storage-stuck", reason);
  arm (core, AGAIN_MS);
}

static void
on_timer (gpointer user_data)
{
  RbCore *core = user_data;
  gint64 idle_ms = (rb_clock_get_monotonic_us (core->clock) - core->stored_us) / 1000;

  core->outage_timer = 0;
  if (idle_ms < RB_OUTAGE_MS)
    arm (core, RB_OUTAGE_MS - idle_ms);
  else
    tell (core);
}

static void
arm (RbCore *core,
     gint64  delay_ms)
{
  core->outage_timer = rb_clock_add (core->clock, delay_ms, on_timer, core);
}

void
rb_outage_note_health (RbCore *core)
{
  if (rb_store_get_health (core->store, NULL) == RB_STORE_OK)
    {
      rb_outage_stop (core);
    }
  else if (core->outage_timer == 0)
    {
      core->stored_us = rb_clock_get_monotonic_us (core->clock);
      arm (core, RB_OUTAGE_MS);
    }
}

void
rb_outage_note_commit (RbCore *core)
{
  if (core->outage_timer != 0)
    core->stored_us = rb_clock_get_monotonic_us (core->clock);
}

void
rb_outage_stop (RbCore *core)
{
  rb_clock_clear (core->clock, &core->outage_timer);
}
