/* rb-daemon-listen.c: where adapters find us: sockets of our own, of the last one in this process, or of the service manager
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-activation.h"
#include "rb-error.h"
#include "rb-instance.h"
#include "rb-log-file.h"
#include "rb-log.h"

#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static char *
dup_socket_path (RbDaemon *self)
{
  const char *socket = rb_settings_get_string (self->settings, "ipc", "socket");

  if (g_str_equal (socket, "no"))
    return NULL;
  return g_strdup (g_str_equal (socket, "yes") ? self->paths->socket : socket);
}

static void
use_inherited (RbDaemon     *self,
               RbIpcOptions *options)
{
  if (self->inherited == NULL)
    {
      options->tcp_port = rb_instance_get_left_port (self->paths->discovery_file);
      options->socket_fd = self->socket_path != NULL ? rb_activation_take (self->socket_path) : 0;
      self->is_socket_kept = options->socket_fd > 0;
      options->is_socket_kept = self->is_socket_kept;
      return;
    }
  self->is_socket_kept = self->inherited->socket_keeper != NULL;
  options->is_socket_kept = self->is_socket_kept;
  options->page_sessions = self->inherited->page_sessions;
  options->tcp_fd = rb_handover_take (&self->inherited->tcp_fd);
  if (g_strcmp0 (self->inherited->socket_path, self->socket_path) == 0)
    options->socket_fd = rb_handover_take (&self->inherited->socket_fd);
  else if (self->inherited->socket_path != NULL)
    unlink (self->inherited->socket_path);
}

static gboolean
try_listen (RbDaemon  *self,
            GError   **error)
{
  RbIpcOptions options = { NULL };

  g_clear_object (&self->ipc);
  rb_settings_fill_ipc (self->settings, &options);
  options.bearer_token = self->bearer_token;
  options.socket_path = self->socket_path;
  use_inherited (self, &options);
  self->ipc = rb_ipc_server_new (self->core, self->clock, &options);
  rb_daemon_add_views (self);
  if (!rb_ipc_server_listen (self->ipc, error))
    return FALSE;
  if (self->inherited == NULL)
    rb_instance_forget_left (self->paths->discovery_file, rb_ipc_server_get_url (self->ipc));
  return TRUE;
}

/* Another identity of the account may be served too, as when its token has just changed. The usual socket has one name for both. */
static gboolean
is_taken_by_another (RbDaemon     *self,
                     const GError *error)
{
  return g_strcmp0 (rb_error_get_reason (error), "socket_in_use") == 0 &&
         g_str_equal (rb_settings_get_string (self->settings, "ipc", "socket"), "yes");
}

/* NULL where that is the one that is taken, or too long to be one. */
static char *
dup_own_socket_path (RbDaemon *self)
{
  g_autofree char *path = g_build_filename (self->paths->state_dir, "ipc.sock", NULL);

  if (g_str_equal (path, self->socket_path) || strlen (path) >= sizeof (((struct sockaddr_un *) NULL)->sun_path))
    return NULL;
  return g_steal_pointer (&path);
}

gboolean
rb_daemon_listen (RbDaemon  *self,
                  GError   **error)
{
  g_autoptr(GError) local_error = NULL;
  char *own = NULL;

  self->bearer_token = self->inherited != NULL ? g_strdup (self->inherited->bearer_token) : rb_instance_mint_token ();
  rb_log_add_secret (self->bearer_token);
  self->socket_path = dup_socket_path (self);
  if (try_listen (self, &local_error))
    return TRUE;
  if (!is_taken_by_another (self, local_error))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  own = dup_own_socket_path (self);
  rb_log_warning ("socket_in_use", "socket", self->socket_path, "instead", own != NULL ? own : "none", NULL);
  g_free (self->socket_path);
  self->socket_path = own;
  return try_listen (self, error);
}
