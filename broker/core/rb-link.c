/* rb-link.c: the link to the network: presence and what it tells everybody
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-link.h"

#include "rb-events.h"
#include "rb-log.h"
#include "rb-outbox.h"
#include "rb-settle.h"

static void on_grace_expired (gpointer user_data);

static void
tell_channels (RbCore     *core,
               const char *presence,
               const char *reason)
{
  GHashTableIter iter;
  gpointer channel;

  g_hash_table_iter_init (&iter, core->channels);
  while (g_hash_table_iter_next (&iter, NULL, &channel))
    rb_channel_send_presence (channel, presence, reason);
}

static void
apply (RbCore          *core,
       RbPresenceEvent  event)
{
  const char *name, *reason;
  RbPresence next;

  if (!rb_presence_step (core->presence, event, &next, &reason))
    return;

  rb_clock_clear (core->clock, &core->presence_timer);
  if (next == RB_PRESENCE_RECONNECTING)
    core->presence_timer = rb_clock_add (core->clock, core->settings.presence_grace, on_grace_expired, core);

  core->presence = next;
  core->presence_reason = reason;
  core->presence_since = rb_core_now (core);
  name = rb_presence_to_string (next);
  rb_log_info ("network_presence_changed", "presence", name, "reason", reason, NULL);
  rb_outbox_tell_presence (core, rb_events_presence (name, reason, rb_core_now (core)));
  tell_channels (core, name, reason);
  if (next == RB_PRESENCE_ONLINE)
    {
      rb_outbox_go_online (core);
      rb_settle_resume (core);
    }
  rb_core_changed (core, "presence");
}

static void
on_grace_expired (gpointer user_data)
{
  RbCore *core = user_data;

  core->presence_timer = 0;
  apply (core, RB_PRESENCE_GRACE_EXPIRED);
}

/* After rb_link_shutdown() we are offline, whatever the link still does. */
static void
follow (RbCore          *core,
        RbPresenceEvent  event)
{
  if (!core->is_stopping)
    apply (core, event);
}

static void
note_error (RbCore     *core,
            const char *text)
{
  if (g_strcmp0 (core->link_error, text) == 0)
    return;
  g_free (core->link_error);
  core->link_error = g_strdup (text);
  rb_core_changed (core, "presence");
}

static void
on_connector_connected (RbConnector *connector,
                        RbCore      *core)
{
  rb_log_info ("connector_connected", "address", rb_connector_get_address (connector), NULL);
  note_error (core, NULL);
  follow (core, RB_PRESENCE_CONNECTED);
}

static void
on_connector_disconnected (RbConnector *connector,
                           const char  *reason,
                           RbCore      *core)
{
  rb_log_warning ("connector_disconnected", "reason", reason, NULL);
  note_error (core, reason);
  follow (core, RB_PRESENCE_DISCONNECTED);
}

static void
on_connector_superseded (RbConnector *connector,
                         RbCore      *core)
{
  rb_log_message ("broker_superseded_self_terminating", NULL);
  g_signal_emit_by_name (core, "superseded");
}

static void
on_connector_incompatible (RbConnector *connector,
                           const char  *reason,
                           RbCore      *core)
{
  note_error (core, reason);
  g_signal_emit_by_name (core, "incompatible", reason);
}

void
rb_link_watch (RbCore *core)
{
  g_signal_connect (core->connector, "connected", G_CALLBACK (on_connector_connected), core);
  g_signal_connect (core->connector, "disconnected", G_CALLBACK (on_connector_disconnected), core);
  g_signal_connect (core->connector, "superseded", G_CALLBACK (on_connector_superseded), core);
  g_signal_connect (core->connector, "incompatible", G_CALLBACK (on_connector_incompatible), core);
}

/* What was refused comes again with the others, in the order of its network, if that is still the one behind the connector. */
void
rb_link_exchange (RbCore *core)
{
  rb_refused_clear (core->refused);
}

void
rb_link_shutdown (RbCore *core)
{
  apply (core, RB_PRESENCE_SHUTDOWN);
}
