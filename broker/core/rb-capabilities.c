/* rb-capabilities.c: what the upstream can do, and of which age it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-capabilities.h"

#include "rb-inbound.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-upstream-error.h"

/* How long inbound handling waits for the first answer. */
#define PROBE_TIMEOUT_MS 2000

static void
end_probe (RbCore *core)
{
  if (!core->is_probing)
    return;

  rb_clock_clear (core->clock, &core->probe_timer);
  core->is_probing = FALSE;
  rb_inbound_open_window (core);
}

static void
on_probe_timeout (gpointer user_data)
{
  RbCore *core = user_data;

  core->probe_timer = 0;
  rb_log_warning ("capability_probe_late", NULL);
  end_probe (core);
}

/* A late answer counts too: better late than for ever. */
static void
learn_age (RbCore       *core,
           const GError *error)
{
  if (core->settings.legacy_upstream != RB_LEGACY_UPSTREAM_AUTO)
    return;
  if (error == NULL)
    core->is_legacy_upstream = FALSE;
  else if (rb_upstream_error_is_no_route (error))
    {
      core->is_legacy_upstream = TRUE;
      rb_log_info ("legacy_upstream_detected", NULL);
    }
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbCore) core = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  core->is_asking = FALSE;
  learn_age (core, error);
  end_probe (core);
  rb_mailroom_learn (core, answer, error);
}

void
rb_capabilities_ask (RbCore *core)
{
  if (core->is_asking || (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0)
    return;

  core->is_asking = TRUE;
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_CAPABILITIES, NULL, NULL, on_answered, g_object_ref (core));
}

void
rb_capabilities_start (RbCore *core)
{
  if ((rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0)
    {
      rb_inbound_open_window (core);
      return;
    }

  core->is_probing = TRUE;
  core->probe_timer = rb_clock_add (core->clock, PROBE_TIMEOUT_MS, on_probe_timeout, core);
  rb_inbound_open_window (core);
  rb_capabilities_ask (core);
}
