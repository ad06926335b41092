/* rb-presence.c: the network presence of the broker's link, as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-presence.h"

static const struct {
  RbPresence       from;
  RbPresenceEvent  event;
  RbPresence       to;
  const char      *reason;
} steps[] = {
  { RB_PRESENCE_OFFLINE, RB_PRESENCE_CONNECTED, RB_PRESENCE_ONLINE, "connector_connected" },
  { RB_PRESENCE_OFFLINE, RB_PRESENCE_SHUTDOWN, RB_PRESENCE_OFFLINE, "broker_shutdown" },
  { RB_PRESENCE_ONLINE, RB_PRESENCE_DISCONNECTED, RB_PRESENCE_RECONNECTING, "connector_disconnected" },
  { RB_PRESENCE_ONLINE, RB_PRESENCE_SHUTDOWN, RB_PRESENCE_OFFLINE, "broker_shutdown" },
  { RB_PRESENCE_RECONNECTING, RB_PRESENCE_CONNECTED, RB_PRESENCE_ONLINE, "connector_reconnected" },
  { RB_PRESENCE_RECONNECTING, RB_PRESENCE_GRACE_EXPIRED, RB_PRESENCE_OFFLINE, "grace_timeout" },
  { RB_PRESENCE_RECONNECTING, RB_PRESENCE_SHUTDOWN, RB_PRESENCE_OFFLINE, "broker_shutdown" },
};

gboolean
rb_presence_step (RbPresence        state,
                  RbPresenceEvent   event,
                  RbPresence       *next,
                  const char      **reason)
{
  for (size_t i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      if (steps[i].from != state || steps[i].event != event)
        continue;

      *next = steps[i].to;
      *reason = steps[i].reason;
      return TRUE;
    }

  return FALSE;
}

const char *
rb_presence_to_string (RbPresence state)
{
  static const char *const names[] = { "offline", "reconnecting", "online" };

  return names[state];
}
