/* rb-presence.h: the network presence of the broker's link, as a table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md section 17. */
typedef enum { RB_PRESENCE_OFFLINE, RB_PRESENCE_RECONNECTING, RB_PRESENCE_ONLINE } RbPresence;
typedef enum {
  RB_PRESENCE_CONNECTED,
  RB_PRESENCE_DISCONNECTED,
  RB_PRESENCE_GRACE_EXPIRED,
  RB_PRESENCE_SHUTDOWN,
} RbPresenceEvent;

/* FALSE: nothing changes. @reason is the wire's word. */
gboolean     rb_presence_step      (RbPresence state, RbPresenceEvent event, RbPresence *next, const char **reason);
const char  *rb_presence_to_string (RbPresence state);

G_END_DECLS
