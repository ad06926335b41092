/* rb-remote-life.c: the processes of an isolated connector, one after the other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-private.h"

#include "rb-remote-info.h"
#include "rb-remote-parts.h"

#define STEADY_MS 60000                 /* at work for so long it has mended: the next delay is the first again */
#define UNTOLD_MESSAGES 1024            /* a window for whoever was told none */
#define UNTOLD_BYTES (64 * 1024 * 1024)

static void start_again (RbRemoteConnector *self);

static RbRemotePipe *
get_pipe (RbRemoteConnector *self)
{
  return rb_remote_process_get_pipe (self->process);
}

void
rb_remote_say (RbRemoteConnector *self,
               RbRemoteType       type,
               gint64             first,
               gint64             second)
{
  RbRemoteFrame frame = { type, { first, second } };

  if (self->process != NULL)
    rb_remote_pipe_send (get_pipe (self), &frame);
}

static void
say_data (RbRemoteConnector *self,
          RbRemoteType       type,
          GVariant          *data)
{
  RbRemoteFrame frame = { type };
  g_autoptr(GVariant) kept = rb_remote_put_variant (&frame, data);

  rb_remote_pipe_send (get_pipe (self), &frame);
}

void
rb_remote_tell_window (RbRemoteConnector *self)
{
  if (self->process == NULL)
    return;
  if (!self->has_window)
    {
      rb_remote_flow_widen (self->flow, UNTOLD_MESSAGES, UNTOLD_BYTES);
      return;
    }
  rb_remote_flow_widen (self->flow, self->window_messages, self->window_bytes);
  rb_remote_say (self, RB_REMOTE_WINDOW, self->window_messages, (gint64) self->window_bytes);
}

static void
set_reason (RbRemoteConnector *self,
            const char        *reason)
{
  g_free (self->reason);
  self->reason = g_strdup (reason);
}

void
rb_remote_clear_timers (RbRemoteConnector *self)
{
  if (self->clock == NULL)
    return;
  rb_clock_clear (self->clock, &self->restart_timer);
  rb_clock_clear (self->clock, &self->steady_timer);
  rb_clock_clear (self->clock, &self->stop_timer);
}

static void
on_steady (gpointer user_data)
{
  RbRemoteConnector *self = user_data;

  self->steady_timer = 0;
  rb_backoff_reset (&self->backoff);
}

void
rb_remote_note_steady (RbRemoteConnector *self)
{
  self->steady_timer = rb_clock_add (self->clock, STEADY_MS, on_steady, self);
}

void
rb_remote_end_start (RbRemoteConnector *self,
                     GError            *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->start_task);

  if (self->starting != NULL)
    g_signal_handler_disconnect (self->starting, self->starting_handler);
  g_clear_object (&self->starting);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
rb_remote_be_away (RbRemoteConnector *self,
                   const char        *text)
{
  set_reason (self, text);
  g_clear_pointer (&self->address, g_free);
  rb_connector_emit_disconnected (RB_CONNECTOR (self), text);
}

static void
on_restart_due (gpointer user_data)
{
  RbRemoteConnector *self = user_data;

  self->restart_timer = 0;
  start_again (self);
}

void
rb_remote_end_stop (RbRemoteConnector *self,
                    const char        *reason)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->stop_task);

  rb_remote_clear_timers (self);
  self->state = RB_REMOTE_STATE_STOPPED;
  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else if (reason == NULL || g_str_equal (reason, "exit code 0"))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "module_process_died", "The process of module '%s' did not stop: %s",
                                             self->info->name, reason));
}

static void
on_frame (const RbRemoteFrame *frame,
          gpointer             user_data)
{
  g_autoptr(RbRemoteConnector) self = g_object_ref (user_data);

  rb_remote_hear (self, frame);
}

/* While it is at work, or on its way back to it. */
static void
go_down (RbRemoteConnector *self,
         const char        *reason)
{
  g_autofree char *text = g_strdup_printf ("The process of module '%s' ended: %s", self->info->name, reason);
  gint64 delay_ms = rb_backoff_next (&self->backoff);
  g_autofree char *delay = g_strdup_printf ("%" G_GINT64_FORMAT, delay_ms);

  self->state = RB_REMOTE_STATE_DOWN;
  self->restart_timer = rb_clock_add (self->clock, delay_ms, on_restart_due, self);
  rb_log_warning ("module_process_died", "module", self->info->name, "reason", reason, "restart_ms", delay, NULL);
  rb_remote_be_away (self, text);
}

static void
on_died (const char *reason,
         gpointer    user_data)
{
  g_autoptr(RbRemoteConnector) self = g_object_ref (user_data);
  guint64 written = rb_remote_pipe_get_written (get_pipe (self));
  g_autofree char *how = self->state == RB_REMOTE_STATE_STOPPING
                           ? g_strdup_printf ("Module '%s' was stopped", self->info->name)
                           : g_strdup_printf ("The process of module '%s' ended (%s)", self->info->name, reason);

  g_clear_pointer (&self->process, rb_remote_process_free);
  rb_clock_clear (self->clock, &self->steady_timer);
  rb_remote_flow_reset (self->flow);
  rb_remote_sends_fail (self->sends, written, how);

  if (self->state == RB_REMOTE_STATE_STARTING)
    {
      self->state = RB_REMOTE_STATE_STOPPED;
      rb_remote_end_start (self, rb_error_new (RB_ERROR_UNAVAILABLE, "module_process_died",
                                               "Its process ended before it had started: %s", reason));
    }
  else if (self->state == RB_REMOTE_STATE_UP || self->state == RB_REMOTE_STATE_DOWN)
    go_down (self, reason);
  else if (self->state == RB_REMOTE_STATE_STOPPING)
    rb_remote_end_stop (self, reason);
  else if (self->state == RB_REMOTE_STATE_LEFT && self->reason == NULL)
    set_reason (self, reason);
}

gboolean
rb_remote_make_process (RbRemoteConnector  *self,
                        GError            **error)
{
  static const RbRemoteProcessFuncs funcs = { on_frame, on_died };
  const char *path = rb_remote_info_get_path (self->info);
  g_autofree char *title = rb_remote_info_dup_title (self->info->kind, path);
  const RbRemoteProcessOptions options = { .title = title, .clock = self->clock, .memory_mib = self->memory_mib };

  self->process = rb_remote_process_new (&options, &funcs, self, error);
  if (self->process == NULL)
    return FALSE;
  say_data (self, RB_REMOTE_OPEN, rb_remote_open_new (NULL, self->info->kind, path));
  say_data (self, RB_REMOTE_CONFIGURE, self->configuration);
  rb_remote_tell_window (self);
  return TRUE;
}

static void
start_again (RbRemoteConnector *self)
{
  g_autoptr(GError) error = NULL;

  self->n_restarts++;
  if (rb_remote_make_process (self, &error))
    rb_remote_say (self, RB_REMOTE_START, 0, 0);
  else
    go_down (self, error->message);
}
