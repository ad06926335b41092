/* rb-received.c: the correlations that endpoints received, as long as they count
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-received.h"

#include "rb-log.h"

#define SWEEP_MIN_MS 60000

static void
on_sweep_due (gpointer user_data)
{
  RbCore *core = user_data;
  g_autoptr(RbChanges) changes = rb_changes_new ();
  guint n = rb_reply_cache_sweep (core->received, rb_core_now (core), changes);
  g_autofree char *evicted = g_strdup_printf ("%u", n);

  core->sweep_timer = 0;
  if (n > 0)
    {
      rb_log_info ("reply_correlation_cache_sweep", "evicted", evicted, NULL);
      rb_core_commit_lazy (core, g_steal_pointer (&changes), NULL, NULL);
    }
  rb_received_start (core);
}

void
rb_received_start (RbCore *core)
{
  gint64 period_ms = MAX (core->settings.reply_correlation_ttl / 4, SWEEP_MIN_MS);

  if (core->sweep_timer == 0 && core->is_running && !core->is_stopping && rb_reply_cache_get_n (core->received) > 0)
    core->sweep_timer = rb_clock_add (core->clock, period_ms, on_sweep_due, core);
}

void
rb_received_record (RbCore     *core,
                    const char *endpoint_id,
                    const char *correlation_id,
                    RbChanges  *changes)
{
  rb_reply_cache_record (core->received, endpoint_id, correlation_id, rb_core_now (core), changes);
  rb_received_start (core);
}

void
rb_received_forget (RbCore     *core,
                    const char *endpoint_id,
                    RbChanges  *changes)
{
  rb_reply_cache_forget_endpoint (core->received, endpoint_id, changes);
  if (rb_reply_cache_get_n (core->received) == 0)
    rb_clock_clear (core->clock, &core->sweep_timer);
}
