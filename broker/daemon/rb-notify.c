/* rb-notify.c: tells a service manager how we are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-notify.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <unistd.h>

static GSocketAddress *
make_address (const char *path)
{
  if (*path == '@')
    return g_unix_socket_address_new_with_type (path + 1, (int) strlen (path + 1), G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  return g_path_is_absolute (path) ? g_unix_socket_address_new (path) : NULL;
}

void
rb_notify_send (const char *state)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  g_autoptr(GSocketAddress) address = path != NULL ? make_address (path) : NULL;
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GError) error = NULL;

  if (address == NULL)
    return;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  if (socket == NULL || g_socket_send_to (socket, address, state, strlen (state), NULL, &error) < 0)
    g_debug ("Cannot notify the service manager: %s", error->message);
}

gint64
rb_notify_get_watchdog_ms (void)
{
  const char *interval = g_getenv ("WATCHDOG_USEC");
  const char *pid = g_getenv ("WATCHDOG_PID");
  gint64 interval_us = interval != NULL ? g_ascii_strtoll (interval, NULL, 10) : 0;

  /* Set for somebody else, and inherited. */
  if (pid != NULL && g_ascii_strtoll (pid, NULL, 10) != (gint64) getpid ())
    return 0;
  /* Half of it: one late turn is no reason to be killed. */
  return MAX (interval_us, 0) / 2000;
}
