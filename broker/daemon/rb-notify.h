/* rb-notify.h: tells a service manager how we are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The datagrams of sd_notify(3), written here: linking libsystemd for them would cost each start and half a megabyte. */

/* @state: "READY=1", "STOPPING=1\nSTATUS=...". Does nothing without NOTIFY_SOCKET; failures are ignored. */
void   rb_notify_send             (const char *state);
/* How often the service manager wants to hear "WATCHDOG=1"; 0: never. */
gint64 rb_notify_get_watchdog_ms  (void);

G_END_DECLS
