/* rb-daemon-views.c: what a person may see of the whole process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include <unistd.h>

static GVariant *
view_modules (gpointer   user_data,
              GError   **error)
{
  RbDaemon *self = user_data;

  return rb_host_view (self->host);
}

static GVariant *
view_config (gpointer   user_data,
             GError   **error)
{
  RbDaemon *self = user_data;

  return rb_settings_view (self->settings);
}

/* What an SDK needs to attach. The Unix socket, on which alone this is served, belongs to the user whose secrets these are. */
static GVariant *
view_env (gpointer   user_data,
          GError   **error)
{
  RbDaemon *self = user_data;
  g_autofree char *data_dir = g_canonicalize_filename (self->paths->data_dir, NULL);
  g_autofree char *discovery_file = g_canonicalize_filename (self->paths->discovery_file, NULL);
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "account_id", "s", rb_settings_get_string (self->settings, "broker", "account-id"));
  g_variant_dict_insert (&dict, "runtime_token", "s", self->runtime_token);
  g_variant_dict_insert (&dict, "data_dir", "s", data_dir);
  g_variant_dict_insert (&dict, "ipc_url", "s", rb_ipc_server_get_url (self->ipc));
  if (self->socket_path != NULL)
    g_variant_dict_insert (&dict, "socket", "s", self->socket_path);
  g_variant_dict_insert (&dict, "pid", "x", (gint64) getpid ());
  g_variant_dict_insert (&dict, "bearer_token", "s", self->bearer_token);
  g_variant_dict_insert (&dict, "discovery_file", "s", discovery_file);
  g_variant_dict_insert (&dict, "product_version", "s", RB_VERSION);
  return g_variant_dict_end (&dict);
}

static void
do_restart (GTask   *task,
            gpointer user_data)
{
  rb_daemon_restart (user_data, task);
}

static void
do_use (GTask   *task,
        gpointer user_data)
{
  rb_daemon_use (user_data, task);
}

void
rb_daemon_add_views (RbDaemon *self)
{
  rb_ipc_server_add_action (self->ipc, "use", do_use, self);
  rb_ipc_server_add_view (self->ipc, "connectors", rb_daemon_view_connectors, self);
  rb_ipc_server_add_action (self->ipc, "restart", do_restart, self);
  rb_ipc_server_add_view (self->ipc, "modules", view_modules, self);
  rb_ipc_server_add_view (self->ipc, "config", view_config, self);
  rb_ipc_server_add_view (self->ipc, "env", view_env, self);
}

void
rb_daemon_add_bounds (RbDaemon *self)
{
  rb_core_add_bounds (self->core, rb_sqlite_store_make_bounds (self->store, self->clock, RB_STORE_QUEUE_MAX));
}
