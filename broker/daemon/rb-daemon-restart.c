/* rb-daemon-restart.c: another broker in this process
 *
 * The program is asked first whether it would start: an upgrade that went wrong must not cost the broker that runs. Then this one stops as
 * for good, but keeps its sockets, its lock and its discovery file, and the program takes its place with the same pid. Who connects meanwhile
 * waits for it in the kernel.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-error.h"
#include "rb-log.h"

#include <unistd.h>

typedef struct {
  RbDaemon *daemon;
  GTask    *task;     /* (nullable) */
} Restart;

static void
refuse (Restart *restart,
        GError  *error)
{
  rb_log_warning ("restart_refused", "message", error->message, NULL);
  if (restart->task != NULL)
    g_task_return_error (restart->task, error);
  else
    g_error_free (error);
  g_clear_object (&restart->task);
  g_free (restart);
}

static gboolean
on_answered (gpointer user_data)
{
  RbDaemon *self = user_data;

  self->restart_id = 0;
  self->is_in_place = self->stop_reason == NULL;
  rb_daemon_stop (self, RB_CORE_RESTART "in-place", 0);
  return G_SOURCE_REMOVE;
}

static void
answer (Restart *restart)
{
  GVariantDict dict;

  if (restart->task == NULL)
    return;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "pid", "x", (gint64) getpid ());
  g_variant_dict_insert (&dict, "product_version", "s", RB_VERSION);
  g_variant_dict_insert (&dict, "instance", "s", restart->daemon->instance);
  g_task_return_pointer (restart->task, g_variant_dict_end (&dict), (GDestroyNotify) g_variant_unref);
  g_clear_object (&restart->task);
}

static void
on_checked (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Restart *restart = user_data;
  RbDaemon *self = restart->daemon;
  GError *error = NULL;

  self->is_checking = FALSE;
  if (!rb_launch_check_finish (result, &error) || !rb_launch_reserve (self->launch, &error))
    {
      refuse (restart, error);
      return;
    }
  rb_log_message ("restart_begins", "version", RB_VERSION, NULL);
  answer (restart);
  g_free (restart);
  /* Behind whatever is ready, the answer's way out among it. */
  self->restart_id = g_idle_add_full (G_PRIORITY_LOW, on_answered, self, NULL);
}

void
rb_daemon_restart (RbDaemon *self,
                   GTask    *task)
{
  Restart *restart = g_new0 (Restart, 1);

  restart->daemon = self;
  restart->task = task;
  if (self->stop_reason != NULL || self->is_checking || self->restart_id != 0)
    {
      refuse (restart, rb_error_new (RB_ERROR_BAD_STATE, "restart_refused", "the broker is stopping or being restarted already"));
      return;
    }
  if (self->discovery == NULL)
    {
      refuse (restart, rb_error_new (RB_ERROR_BAD_STATE, "restart_refused", "the broker is still starting"));
      return;
    }
  self->is_checking = TRUE;
  rb_launch_check_async (self->launch, on_checked, restart);
}

void
rb_daemon_hand_over (RbDaemon *self)
{
  g_autoptr(GError) error = NULL;

  self->next = g_new0 (RbHandover, 1);
  rb_ipc_server_hand_over (self->ipc, &self->next->tcp_fd, &self->next->socket_fd);
  self->next->lock_fd = MAX (rb_lock_hand_over (self->lock), 0);
  self->next->bearer_token = g_strdup (self->bearer_token);
  self->next->socket_path = g_strdup (self->socket_path);
  self->next->socket_keeper = g_strdup (self->is_socket_kept ? "manager" : NULL);
  self->next->state_dir = g_strdup (self->paths->state_dir);
  self->next->discovery_file = g_strdup (self->paths->discovery_file);
  self->next->page_sessions = rb_ipc_server_dup_page_sessions (self->ipc);
  if (!rb_launch_prepare (self->launch, self->next, &error))
    rb_log_warning ("restart_not_prepared", "message", error->message, NULL);
}

/* Somebody may have asked for the end of it all meanwhile. */
RbHandover *
rb_daemon_steal_next (RbDaemon *self)
{
  return self->is_in_place ? g_steal_pointer (&self->next) : NULL;
}
