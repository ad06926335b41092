/* rb-ipc-server.c: HTTP and WebSocket for adapters, on loopback and on a Unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-server.h"

#include "rb-file.h"
#include "rb-ipc-channel.h"
#include "rb-ipc-connection.h"
#include "rb-ipc-farewell.h"
#include "rb-ipc-http.h"
#include "rb-ipc-listener.h"
#include "rb-ipc-page.h"
#include "rb-ipc-private.h"
#include "rb-ipc-request.h"
#include "rb-log.h"

#include <gio/gunixsocketaddress.h>
#include <unistd.h>

/* At the end clients get this long to take their last words. */
#define GOODBYE_ROUNDS 10
#define GOODBYE_ROUND_MS 20

typedef struct {
  RbIpcViewFunc function;
  gpointer      user_data;
} View;

typedef struct {
  RbIpcActionFunc function;
  gpointer        user_data;
} Action;

G_DEFINE_FINAL_TYPE (RbIpcServer, rb_ipc_server, G_TYPE_OBJECT)

static void
rb_ipc_server_dispose (GObject *object)
{
  RbIpcServer *self = RB_IPC_SERVER (object);

  rb_ipc_server_close (self);
  g_clear_object (&self->core);
  G_OBJECT_CLASS (rb_ipc_server_parent_class)->dispose (object);
}

static void
rb_ipc_server_finalize (GObject *object)
{
  RbIpcServer *self = RB_IPC_SERVER (object);

  rb_ipc_bounds_stop (self);
  g_clear_object (&self->clock);
  g_hash_table_unref (self->channels);
  g_hash_table_unref (self->views);
  g_hash_table_unref (self->actions);
  g_free ((char *) self->options.bearer_token);
  g_free ((char *) self->options.socket_path);
  g_free ((char *) self->options.server_version);
  g_free ((char *) self->options.product_version);
  g_free ((char *) self->options.page_sessions);
  g_free (self->url);
  G_OBJECT_CLASS (rb_ipc_server_parent_class)->finalize (object);
}

static void
rb_ipc_server_class_init (RbIpcServerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rb_ipc_server_dispose;
  G_OBJECT_CLASS (klass)->finalize = rb_ipc_server_finalize;
}

static void
rb_ipc_server_init (RbIpcServer *self)
{
  g_queue_init (&self->connections);
  g_queue_init (&self->farewells);
  g_queue_init (&self->requests);
  self->channels = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->views = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->actions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
copy_options (RbIpcServer        *self,
              const RbIpcOptions *options)
{
  self->options = *options;
  self->options.bearer_token = g_strdup (options->bearer_token);
  self->options.socket_path = g_strdup (options->socket_path);
  self->options.server_version = g_strdup (options->server_version);
  self->options.product_version = g_strdup (options->product_version);
  self->options.page_sessions = g_strdup (options->page_sessions);
  if (options->body_max == 0)
    self->options.body_max = RB_IPC_BODY_MAX_DEFAULT;
  if (options->frame_max == 0)
    self->options.frame_max = 16 * 1024 * 1024;
  if (options->connections_max == 0)
    self->options.connections_max = 2048;
  if (options->requests_max == 0)
    self->options.requests_max = 8192;
  if (options->input_max == 0)
    self->options.input_max = 256 * 1024 * 1024;
  if (options->header_timeout_ms == 0)
    self->options.header_timeout_ms = 10000;
  if (options->ping_interval_ms == 0)
    self->options.ping_interval_ms = 30000;
}

static void
on_storage_stuck (RbCore      *core,
                  const char  *why,
                  RbIpcServer *self)
{
  rb_ipc_requests_fail_stuck (self, why);
}

RbIpcServer *
rb_ipc_server_new (RbCore             *core,
                   RbClock            *clock,
                   const RbIpcOptions *options)
{
  RbIpcServer *self = g_object_new (RB_TYPE_IPC_SERVER, NULL);

  g_return_val_if_fail (options->bearer_token != NULL && *options->bearer_token != '\0', NULL);

  self->core = g_object_ref (core);
  self->clock = g_object_ref (clock);
  copy_options (self, options);
  rb_ipc_bounds_start (self);
  self->page = rb_ipc_page_new (self);
  g_signal_connect_object (core, "storage-stuck", G_CALLBACK (on_storage_stuck), self, 0);
  return self;
}

/* Beside our own socket where there is one: nobody else may go there, and /tmp need not be writable. @made: (out) for removal. */
static char *
make_quiet_path (RbIpcServer *self,
                 char       **made,
                 GError     **error)
{
  g_autofree char *directory = NULL;

  if (self->options.socket_path != NULL)
    {
      directory = g_path_get_dirname (self->options.socket_path);
      return rb_file_make_directory (directory, error) ? g_build_filename (directory, ".quiet", NULL) : NULL;
    }
  *made = g_dir_make_tmp ("runtime-broker-XXXXXX", error);
  return *made != NULL ? g_build_filename (*made, ".quiet", NULL) : NULL;
}

/* libsoup 3.2 closes a connection after each answer unless it listens itself. So it does, at a socket that nobody can reach: its
 * file is gone before it listens. */
static gboolean
keep_alive (RbIpcServer *self,
            GError     **error)
{
  g_autofree char *made = NULL;
  g_autofree char *path = make_quiet_path (self, &made, error);
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GSocket) socket = NULL;
  gboolean bound;

  if (path == NULL)
    return FALSE;
  unlink (path);
  address = g_unix_socket_address_new (path);
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  bound = socket != NULL && g_socket_bind (socket, address, FALSE, error);
  unlink (path);
  if (made != NULL)
    rmdir (made);
  return bound && g_socket_listen (socket, error) && soup_server_listen_socket (self->soup, socket, 0, error);
}

/* Paths stay encoded: a parameter may hold %2F, and ".." is nothing special here. */
static gboolean
start_http (RbIpcServer *self,
            GError     **error)
{
  self->soup = soup_server_new ("raw-paths", TRUE, NULL);
  rb_ipc_http_setup (self);
  return keep_alive (self, error);
}

gboolean
rb_ipc_server_listen (RbIpcServer *self,
                      GError     **error)
{
  g_autofree char *port = NULL;

  g_return_val_if_fail (RB_IS_IPC_SERVER (self), FALSE);
  g_return_val_if_fail (self->soup == NULL && !self->closed, FALSE);

  self->poller = rb_poller_new (error);
  if (self->poller == NULL)
    return FALSE;
  self->tcp = rb_ipc_listener_new_tcp (self, self->options.tcp_fd, self->options.tcp_port, &self->port, error);
  if (self->tcp == NULL)
    return FALSE;
  if (self->options.socket_path != NULL)
    {
      self->local = rb_ipc_listener_new_unix (self, self->options.socket_path, self->options.socket_fd, error);
      if (self->local == NULL)
        return FALSE;
    }
  if (!start_http (self, error))
    return FALSE;

  port = g_strdup_printf ("%u", self->port);
  self->url = g_strdup_printf ("http://127.0.0.1:%u", self->port);
  rb_log_info ("ipc_server_listening", "ipcUrl", self->url, "port", port, "socket", self->options.socket_path, NULL);
  return TRUE;
}

const char *
rb_ipc_server_get_url (RbIpcServer *self)
{
  g_return_val_if_fail (RB_IS_IPC_SERVER (self), NULL);
  return self->url;
}

void
rb_ipc_server_drain (RbIpcServer *self)
{
  g_return_if_fail (RB_IS_IPC_SERVER (self));
  self->draining = TRUE;
}

void
rb_ipc_server_hand_over (RbIpcServer *self,
                         int         *tcp_fd,
                         int         *socket_fd)
{
  g_return_if_fail (RB_IS_IPC_SERVER (self));

  self->handed_over = TRUE;
  *tcp_fd = self->tcp != NULL ? MAX (rb_ipc_listener_hand_over (self->tcp), 0) : 0;
  *socket_fd = self->local != NULL ? MAX (rb_ipc_listener_hand_over (self->local), 0) : 0;
}

char *
rb_ipc_server_dup_page_sessions (RbIpcServer *self)
{
  g_return_val_if_fail (RB_IS_IPC_SERVER (self), NULL);
  return self->page != NULL ? rb_ipc_sessions_pack (rb_ipc_page_get_sessions (self->page)) : NULL;
}

gboolean
rb_ipc_server_has_page (RbIpcServer *self)
{
  g_return_val_if_fail (RB_IS_IPC_SERVER (self), FALSE);
  return self->page != NULL && rb_ipc_live_get_n (rb_ipc_page_get_live (self->page)) > 0;
}

gboolean
rb_ipc_server_is_quiet (RbIpcServer *self)
{
  g_return_val_if_fail (RB_IS_IPC_SERVER (self), TRUE);

  for (GList *item = self->connections.head; item != NULL; item = item->next)
    if (((RbIpcConnection *) item->data)->deadline != 0)
      return FALSE;
  return TRUE;
}

/* A moment for the last words; whoever does not take them is dropped. */
static void
say_goodbye (RbIpcServer *self)
{
  const char *reason = self->handed_over ? "broker_restart" : "broker_shutdown";

  /* Not 1012, service restart: libsoup takes that for a protocol error. */
  rb_ipc_channels_close_all (self, RB_IPC_CLOSE_GOING_AWAY, reason);
  if (self->page != NULL)
    rb_ipc_live_close_all (rb_ipc_page_get_live (self->page), RB_IPC_CLOSE_GOING_AWAY, reason);
  for (guint i = 0; i < GOODBYE_ROUNDS; i++)
    {
      if (g_hash_table_size (self->channels) == 0 && g_queue_is_empty (&self->farewells) && !rb_ipc_server_has_page (self))
        break;
      rb_poller_wait (self->poller, GOODBYE_ROUND_MS);
    }
  rb_ipc_channels_drop_all (self);
  rb_ipc_farewell_drop_all (self);
}

/* libsoup's own connections may outlive the server by a reference that somebody holds: they must not find it any more. */
static void
forget_connections (RbIpcServer *self)
{
  GList *item;

  while ((item = g_queue_pop_head_link (&self->connections)) != NULL)
    {
      RbIpcConnection *connection = item->data;

      rb_ipc_connection_relax (connection);
      connection->server = NULL;
    }
}

void
rb_ipc_server_close (RbIpcServer *self)
{
  g_return_if_fail (RB_IS_IPC_SERVER (self));

  if (self->closed)
    return;
  self->closed = TRUE;
  self->draining = TRUE;
  rb_ipc_requests_fail_all (self);
  if (self->poller == NULL)
    {
      g_clear_pointer (&self->page, rb_ipc_page_free);
      return;
    }

  g_clear_pointer (&self->tcp, rb_ipc_listener_free);
  g_clear_pointer (&self->local, rb_ipc_listener_free);
  say_goodbye (self);
  g_clear_pointer (&self->page, rb_ipc_page_free);
  if (self->soup != NULL)
    soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  forget_connections (self);
  rb_clock_clear (self->clock, &self->ping_timer);
  rb_clock_clear (self->clock, &self->request_timer);
  g_clear_pointer (&self->poller, rb_poller_free);
}

void
rb_ipc_server_add_view (RbIpcServer  *self,
                        const char   *name,
                        RbIpcViewFunc function,
                        gpointer      user_data)
{
  View *view;

  g_return_if_fail (RB_IS_IPC_SERVER (self));
  g_return_if_fail (name != NULL && function != NULL);

  view = g_new (View, 1);
  *view = (View) { function, user_data };
  g_hash_table_replace (self->views, g_strdup (name), view);
}

GVariant *
rb_ipc_server_call_view (RbIpcServer *self,
                         const char  *name,
                         gboolean    *found,
                         GError     **error)
{
  View *view = g_hash_table_lookup (self->views, name);

  *found = view != NULL;
  return view != NULL ? view->function (view->user_data, error) : NULL;
}

void
rb_ipc_server_add_action (RbIpcServer     *self,
                          const char      *name,
                          RbIpcActionFunc  function,
                          gpointer         user_data)
{
  Action *action;

  g_return_if_fail (RB_IS_IPC_SERVER (self));
  g_return_if_fail (name != NULL && function != NULL);

  action = g_new (Action, 1);
  *action = (Action) { function, user_data };
  g_hash_table_replace (self->actions, g_strdup (name), action);
}

gboolean
rb_ipc_server_run_action (RbIpcServer *self,
                          const char  *name,
                          GTask       *task)
{
  Action *action = g_hash_table_lookup (self->actions, name);

  if (action != NULL)
    action->function (task, action->user_data);
  return action != NULL;
}
