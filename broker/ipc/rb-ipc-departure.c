/* rb-ipc-departure.c: notices that a client leaves while its request is at work
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-departure.h"

#include <fcntl.h>
#include <unistd.h>

void
rb_ipc_departure_init (RbIpcDeparture *self)
{
  *self = (RbIpcDeparture) { .watch_fd = -1 };
}

void
rb_ipc_departure_stop (RbIpcDeparture *self)
{
  if (self->watch_fd < 0)
    return;
  rb_poller_remove (self->poller, g_steal_pointer (&self->watch));
  close (self->watch_fd);
  self->watch_fd = -1;
}

void
rb_ipc_departure_clear (RbIpcDeparture *self)
{
  rb_ipc_departure_stop (self);
  g_clear_object (&self->gone);
}

GCancellable *
rb_ipc_departure_get (RbIpcDeparture *self)
{
  if (self->gone == NULL)
    self->gone = g_cancellable_new ();
  return self->gone;
}

void
rb_ipc_departure_happened (RbIpcDeparture *self)
{
  rb_ipc_departure_stop (self);
  if (self->gone != NULL)
    g_cancellable_cancel (self->gone);
}

static void
on_hang_up (guint32  events,
            gpointer user_data)
{
  rb_ipc_departure_happened (user_data);
}

void
rb_ipc_departure_watch_socket (RbIpcDeparture *self,
                               RbPoller       *poller,
                               GSocket        *socket)
{
  self->poller = poller;
  self->watch_fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  if (self->watch_fd >= 0)
    self->watch = rb_poller_add (poller, self->watch_fd, EPOLLRDHUP | EPOLLHUP | EPOLLERR, on_hang_up, self);
}
