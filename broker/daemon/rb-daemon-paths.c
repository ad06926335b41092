/* rb-daemon-paths.c: where the files of this broker are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-error.h"
#include "rb-file.h"
#include "rb-log-file.h"
#include "rb-log.h"

static char *
dup_runtime_token (RbDaemon    *self,
                   const char  *account,
                   const char  *data_dir,
                   GError     **error)
{
  if (self->credentials != NULL)
    return g_strdup (self->credentials->token);
  return rb_paths_local_secret (account, data_dir, TRUE, error);
}

static gboolean
make_paths (RbDaemon  *self,
            GError   **error)
{
  const char *account = rb_settings_get_string (self->settings, "broker", "account-id");
  const char *data_dir = rb_settings_get_string (self->settings, "broker", "data-dir");

  self->runtime_token = dup_runtime_token (self, account, data_dir, error);
  if (self->runtime_token == NULL)
    return FALSE;
  rb_log_add_secret (self->runtime_token);

  self->paths = rb_paths_new (account, self->runtime_token, data_dir, error);
  if (self->paths == NULL)
    return FALSE;
  /* The settings may mean another broker now. */
  if (self->inherited != NULL && g_strcmp0 (self->inherited->state_dir, self->paths->state_dir) != 0)
    g_clear_pointer (&self->inherited, rb_handover_discard);
  return rb_file_make_directory (self->paths->state_dir, error);
}

gboolean
rb_daemon_find_paths (RbDaemon  *self,
                      GError   **error)
{
  if (make_paths (self, error))
    return TRUE;
  if (g_getenv ("HOME") == NULL)
    g_prefix_error (error, "HOME is not set: ");
  return FALSE;
}

void
rb_daemon_look_at_runtime_dir (RbDaemon *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *runtime_dir = rb_paths_dup_runtime_dir (&error);

  if (runtime_dir != NULL || !g_error_matches (error, RB_ERROR, RB_ERROR_UNAVAILABLE))
    return;
  g_printerr ("runtime-brokerd: %s; the socket is %s\n", error->message, self->paths->socket);
  rb_log_warning ("runtime_dir_unusable", "err", error->message, "socket", self->paths->socket, NULL);
}
