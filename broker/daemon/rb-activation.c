/* rb-activation.c: a socket on which a service manager listened before we were there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-activation.h"

#include "rb-log.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3
#define MAX_FDS 64
#define MAX_TURNED_AWAY 8192    /* more than any backlog */

static int
get_option (int fd,
            int option)
{
  int value = -1;
  socklen_t size = sizeof value;

  return getsockopt (fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static gboolean
listens_at (int         fd,
            const char *path)
{
  struct sockaddr_un address = { 0 };
  socklen_t size = sizeof address;

  return get_option (fd, SO_TYPE) == SOCK_STREAM && get_option (fd, SO_ACCEPTCONN) == 1 &&
         getsockname (fd, (struct sockaddr *) &address, &size) == 0 && address.sun_family == AF_UNIX &&
         strncmp (address.sun_path, path, sizeof address.sun_path) == 0;
}

static gboolean
get_number (const char *name,
            gint64      max,
            gint64     *number)
{
  const char *text = g_getenv (name);

  return text != NULL && g_ascii_string_to_signed (text, 10, 1, max, number, NULL);
}

static int
get_end (void)
{
  gint64 pid, n;

  if (!get_number ("LISTEN_PID", G_MAXINT32, &pid) || pid != getpid () || !get_number ("LISTEN_FDS", MAX_FDS, &n))
    return FIRST;
  return FIRST + (int) n;
}

/* Others may wait for the same socket: one that was there may be gone. */
static void
close_waiting (int fd)
{
  struct pollfd waiting = { .fd = fd, .events = POLLIN };

  for (int i = 0; i < MAX_TURNED_AWAY && poll (&waiting, 1, 0) == 1; i++)
    {
      int connection = accept4 (fd, NULL, NULL, SOCK_CLOEXEC);

      if (connection < 0)
        return;
      close (connection);
    }
}

void
rb_activation_turn_away (void)
{
  int end = get_end ();

  for (int fd = FIRST; fd < end; fd++)
    if (get_option (fd, SO_TYPE) == SOCK_STREAM && get_option (fd, SO_ACCEPTCONN) == 1)
      {
        fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK);
        close_waiting (fd);
      }
}

int
rb_activation_take (const char *path)
{
  int end = get_end ();

  if (end == FIRST)
    return 0;

  for (int fd = FIRST; fd < end; fd++)
    {
      if (!listens_at (fd, path))
        continue;
      /* What we start after this, and who executes us again, is told nothing of it. */
      fcntl (fd, F_SETFD, FD_CLOEXEC);
      g_unsetenv ("LISTEN_PID");
      g_unsetenv ("LISTEN_FDS");
      g_unsetenv ("LISTEN_FDNAMES");
      rb_log_info ("socket_activated", "socket", path, NULL);
      return fd;
    }
  rb_log_warning ("socket_activation_unused", "socket", path, "hint", "the service manager listens elsewhere than ipc.socket says", NULL);
  return 0;
}
