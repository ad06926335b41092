/* rb-ipc-listener.c: a listening socket and its accept loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-listener.h"

#include "rb-error.h"
#include "rb-file.h"
#include "rb-ipc-connection.h"
#include "rb-log.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024
#define ACCEPTS_PER_TURN 64
/* Out of file descriptors: the socket stays readable, so looking again at once would only burn the processor. */
#define PAUSE_MS 500
/* Places at the Unix socket beyond the cap, so that a person can see who fills it. */
#define LOCAL_RESERVE 16

struct _RbIpcListener {
  RbIpcServer *server;       /* borrowed: owns us */
  GSocket     *socket;
  RbPollWatch *watch;
  guint64      pause_timer;
  char        *path;         /* Unix only */
  dev_t        device;       /* of path, to know it again */
  ino_t        inode;
};

/* Only we and the kernel know the caller's word: another user has no business here, whatever the file's mode became. */
static gboolean
is_same_user (GSocket *socket,
              gint64  *pid)
{
  g_autoptr(GCredentials) credentials = g_socket_get_credentials (socket, NULL);

  if (credentials == NULL || g_credentials_get_unix_user (credentials, NULL) != geteuid ())
    return FALSE;
  *pid = MAX (g_credentials_get_unix_pid (credentials, NULL), 0);
  return TRUE;
}

static gboolean
is_full (RbIpcListener *self)
{
  RbIpcServer *server = self->server;

  if (server->connections.length < server->options.connections_max + (self->path != NULL ? LOCAL_RESERVE : 0))
    return FALSE;
  if (rb_bounds_get (server->bounds, RB_IPC_BOUND_CONNECTIONS)->n_reached == 0)
    rb_log_warning ("ipc_connections_full", "hint", "connections above the cap are closed at once", NULL);
  rb_bounds_reached (server->bounds, RB_IPC_BOUND_CONNECTIONS);
  return TRUE;
}

static void
take (RbIpcListener *self,
      GSocket       *socket)
{
  g_autoptr(GSocketConnection) stream = NULL;
  gint64 pid = 0;

  if (is_full (self))
    return;
  if (self->path != NULL && !is_same_user (socket, &pid))
    {
      rb_log_warning ("ipc_peer_refused", "hint", "another user tried the Unix socket", NULL);
      return;
    }
  if (self->path == NULL)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  stream = g_socket_connection_factory_create_connection (socket);
  rb_ipc_connection_start (self->server, stream, self->path != NULL, pid);
}

static void on_ready (guint32 events, gpointer user_data);

static void
on_pause_over (gpointer user_data)
{
  RbIpcListener *self = user_data;

  self->pause_timer = 0;
  rb_poller_modify (self->server->poller, self->watch, EPOLLIN);
}

static void
pause_accepting (RbIpcListener *self,
                 const GError  *error)
{
  rb_log_warning ("ipc_accept_failed", "error", error->message, NULL);
  rb_poller_modify (self->server->poller, self->watch, 0);
  self->pause_timer = rb_clock_add (self->server->clock, PAUSE_MS, on_pause_over, self);
}

static void
on_ready (guint32  events,
          gpointer user_data)
{
  RbIpcListener *self = user_data;

  for (guint i = 0; i < ACCEPTS_PER_TURN; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GSocket) socket = g_socket_accept (self->socket, NULL, &error);

      if (socket != NULL)
        take (self, socket);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      else
        {
          pause_accepting (self, error);
          return;
        }
    }
}

/* On Linux a Unix socket's own mode becomes its file's, so that there is no moment in which others could connect. */
static GSocket *
bind_socket (GSocketFamily   family,
             GSocketAddress *address,
             gboolean        allow_reuse,
             GError        **error)
{
  g_autoptr(GSocket) socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (family == G_SOCKET_FAMILY_UNIX)
    fchmod (g_socket_get_fd (socket), 0600);
  if (!g_socket_bind (socket, address, allow_reuse, error))
    return NULL;
  /* What is accepted inherits it: then it does not keep the next process from this port. Not before, when the kernel chooses one. */
  g_socket_set_option (socket, SOL_SOCKET, SO_REUSEADDR, 1, NULL);
  if (!g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/* @socket: taken; NULL, with @error set, gives NULL. */
static RbIpcListener *
listener_new (RbIpcServer *server,
              GSocket     *socket)
{
  RbIpcListener *self;

  if (socket == NULL)
    return NULL;
  self = g_new0 (RbIpcListener, 1);
  self->server = server;
  self->socket = socket;
  g_socket_set_blocking (socket, FALSE);
  self->watch = rb_poller_add (server->poller, g_socket_get_fd (socket), EPOLLIN, on_ready, self);
  return self;
}

/* A socket that listens there keeps us from a port; what is left of connections to a process that is gone does not. */
static GSocket *
bind_tcp (guint16   wanted,
          GError  **error)
{
  g_autoptr(GSocketAddress) at_wanted = g_inet_socket_address_new_from_string ("127.0.0.1", wanted);
  g_autoptr(GSocketAddress) anywhere = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  GSocket *socket = wanted != 0 ? bind_socket (G_SOCKET_FAMILY_IPV4, at_wanted, TRUE, NULL) : NULL;

  return socket != NULL ? socket : bind_socket (G_SOCKET_FAMILY_IPV4, anywhere, FALSE, error);
}

RbIpcListener *
rb_ipc_listener_new_tcp (RbIpcServer *server,
                         int          fd,
                         guint16      wanted,
                         guint16     *port,
                         GError     **error)
{
  g_autoptr(GSocketAddress) bound = NULL;
  RbIpcListener *self;

  self = listener_new (server, fd > 0 ? g_socket_new_from_fd (fd, error) : bind_tcp (wanted, error));
  if (self == NULL)
    return NULL;

  bound = g_socket_get_local_address (self->socket, error);
  if (bound == NULL)
    {
      rb_ipc_listener_free (self);
      return NULL;
    }
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return self;
}

/* Nobody answers at a dead broker's socket. */
static gboolean
replace_stale (const char     *path,
               GSocketAddress *address,
               GError        **error)
{
  g_autoptr(GSocket) probe = NULL;
  g_autoptr(GError) refused = NULL;
  struct stat info;

  if (lstat (path, &info) != 0)
    return TRUE;
  if (!S_ISSOCK (info.st_mode))
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "socket_path_taken", "'%s' is there and is no socket", path);
      return FALSE;
    }

  probe = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (probe == NULL)
    return FALSE;
  g_socket_set_blocking (probe, FALSE);
  if (g_socket_connect (probe, address, NULL, &refused) || !g_error_matches (refused, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "socket_in_use", "Somebody listens at '%s'", path);
      return FALSE;
    }
  if (unlink (path) != 0 && errno != ENOENT)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "socket_in_use", "Cannot replace '%s': %s", path, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

RbIpcListener *
rb_ipc_listener_new_unix (RbIpcServer *server,
                          const char  *path,
                          int          fd,
                          GError     **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr(GSocketAddress) address = NULL;
  RbIpcListener *self;
  struct stat info;

  if (strlen (path) >= sizeof (((struct sockaddr_un *) NULL)->sun_path))
    {
      rb_set_error (error, RB_ERROR_INVALID, "socket_path_too_long", "'%s' is too long for a socket", path);
      return NULL;
    }
  address = g_unix_socket_address_new (path);
  if (!rb_file_make_directory (directory, error) || (fd <= 0 && !replace_stale (path, address, error)))
    return NULL;

  self = listener_new (server, fd > 0 ? g_socket_new_from_fd (fd, error) : bind_socket (G_SOCKET_FAMILY_UNIX, address, FALSE, error));
  if (self == NULL)
    return NULL;
  self->path = g_strdup (path);
  if (!server->options.is_socket_kept && lstat (path, &info) == 0)
    {
      self->device = info.st_dev;
      self->inode = info.st_ino;
    }
  return self;
}

static void
remove_file (RbIpcListener *self)
{
  struct stat info;

  if (lstat (self->path, &info) == 0 && info.st_dev == self->device && info.st_ino == self->inode)
    unlink (self->path);
}

int
rb_ipc_listener_hand_over (RbIpcListener *self)
{
  rb_clock_clear (self->server->clock, &self->pause_timer);
  rb_poller_modify (self->server->poller, self->watch, 0);
  /* It is not ours to remove any more; who called is still known by its credentials. */
  self->device = 0;
  self->inode = 0;
  return fcntl (g_socket_get_fd (self->socket), F_DUPFD_CLOEXEC, 3);
}

void
rb_ipc_listener_free (RbIpcListener *self)
{
  if (self == NULL)
    return;
  if (self->path != NULL)
    remove_file (self);
  rb_clock_clear (self->server->clock, &self->pause_timer);
  rb_poller_remove (self->server->poller, self->watch);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  g_free (self->path);
  g_free (self);
}
