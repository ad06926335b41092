/* rb-module-server.c: one connector, served over a socket to the broker that started us
 *
 * The other half of broker/host/rb-remote-connector.c: frames become calls of the module, its answers and signals become frames. What is
 * right or wrong is not judged here but there, by the guard, as it is of a module in the broker's own process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module-server.h"

#include "rb-loader.h"
#include "rb-module-log.h"
#include "rb-remote-info.h"
#include "rb-remote-parts.h"
#include "rb-remote-pipe.h"

#include <unistd.h>

typedef struct {
  GMainLoop          *loop;
  RbRemotePipe       *pipe;
  const RbModuleInfo *info;       /* NULL: none is open */
  RbModule           *module;     /* NULL: none was configured */
  RbModuleContext    *context;
  GCancellable       *starting;
  GHashTable         *sends;      /* number to GCancellable: those that have no answer */
  char               *address;    /* that the broker knows */
  gboolean            has_failed; /* it was said, and what follows is not for us */
  gboolean            is_stopping;
} Server;

/* The process serves one. A module may answer a call twice, or years later, so it is given the call's number and nothing that can be freed. */
static Server server;

static void
say (Server       *self,
     RbRemoteType  type,
     gint64        number,
     const char   *text)
{
  RbRemoteFrame frame = { type, { number }, { text } };

  rb_remote_pipe_send (self->pipe, &frame);
}

static void
say_data (Server       *self,
          RbRemoteType  type,
          gint64        number,
          GVariant     *data)
{
  RbRemoteFrame frame = { type, { number } };
  g_autoptr(GVariant) kept = rb_remote_put_variant (&frame, data);

  rb_remote_pipe_send (self->pipe, &frame);
}

static void
fail (Server *self,
      GError *error)
{
  self->has_failed = TRUE;
  say_data (self, RB_REMOTE_FAILED, 0, rb_remote_outcome_new (FALSE, error));
  g_clear_error (&error);
}

/* The broker is asked for it at any moment, and must not wait for us then. */
static void
tell_address (Server *self)
{
  const char *address = self->module != NULL ? rb_connector_get_address (RB_CONNECTOR (self->module)) : NULL;

  if (g_strcmp0 (address, self->address) == 0)
    return;
  g_free (self->address);
  self->address = g_strdup (address);
  say (self, RB_REMOTE_ADDRESS, 0, address);
}

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             Server      *self)
{
  RbRemoteFrame frame = { RB_REMOTE_DELIVERY, { seq } };

  rb_remote_put_envelope (&frame, envelope);
  rb_remote_pipe_send (self->pipe, &frame);
}

static void
on_connected (RbConnector *connector,
              Server      *self)
{
  tell_address (self);
  say (self, RB_REMOTE_CONNECTED, 0, NULL);
}

static void
on_disconnected (RbConnector *connector,
                 const char  *reason,
                 Server      *self)
{
  tell_address (self);
  say (self, RB_REMOTE_DISCONNECTED, 0, reason);
}

static void
on_superseded (RbConnector *connector,
               Server      *self)
{
  say (self, RB_REMOTE_SUPERSEDED, 0, NULL);
}

static void
on_incompatible (RbConnector *connector,
                 const char  *reason,
                 Server      *self)
{
  say (self, RB_REMOTE_INCOMPATIBLE, 0, reason);
}

static void
watch (Server *self)
{
  g_signal_connect (self->module, "delivery", G_CALLBACK (on_delivery), self);
  g_signal_connect (self->module, "connected", G_CALLBACK (on_connected), self);
  g_signal_connect (self->module, "disconnected", G_CALLBACK (on_disconnected), self);
  g_signal_connect (self->module, "superseded", G_CALLBACK (on_superseded), self);
  g_signal_connect (self->module, "incompatible", G_CALLBACK (on_incompatible), self);
}

static void
on_frame_open (Server              *self,
               const RbRemoteFrame *frame)
{
  g_auto(GStrv) directories = NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  RbModuleKind kind;
  GError *error = NULL;

  if (rb_remote_open_read (frame, &directories, &kind, &name))
    self->info = rb_loader_open ((const char *const *) directories, kind, name, &path, &error);
  if (self->info != NULL)
    say_data (self, RB_REMOTE_OPENED, 0, rb_remote_opened_new (self->info, path));
  else
    fail (self, error);
}

static void
on_frame_configure (Server              *self,
                    const RbRemoteFrame *frame)
{
  g_autoptr(GHashTable) settings = NULL;
  RbModuleEnvironment environment = { 0 };
  GError *error = NULL;
  gboolean ok;

  if (self->info == NULL || !rb_remote_context_read (frame, &environment, &settings))
    {
      fail (self, NULL);
      return;
    }
  environment.clock = rb_clock_new_system ();
  self->context = rb_module_context_new (self->info, &environment, settings);
  rb_module_environment_clear (&environment);
  self->module = g_object_new (self->info->get_type (), NULL);
  watch (self);
  ok = rb_module_configure (self->module, self->context, &error);
  if (ok && error == NULL)
    say (self, RB_REMOTE_CONFIGURED, 0, NULL);
  else
    fail (self, error);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Server *self = user_data;
  GError *error = NULL;
  gboolean ok = rb_module_start_finish (RB_MODULE (source), result, &error);

  if (self->is_stopping)
    g_clear_error (&error);
  else if (!ok || error != NULL)
    fail (self, error);
  else
    {
      tell_address (self);
      say (self, RB_REMOTE_STARTED, 0, NULL);
    }
}

static void
on_frame_start (Server              *self,
                const RbRemoteFrame *frame)
{
  self->starting = g_cancellable_new ();
  rb_module_start_async (self->module, self->starting, on_started, self);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Server *self = user_data;
  GError *error = NULL;
  gboolean ok = rb_module_stop_finish (RB_MODULE (source), result, &error);

  if (ok && error == NULL)
    say (self, RB_REMOTE_STOPPED, 0, NULL);
  else
    fail (self, error);
  g_main_loop_quit (self->loop);
}

/* Also of one that has not started. */
static void
on_frame_stop (Server              *self,
               const RbRemoteFrame *frame)
{
  self->is_stopping = TRUE;
  if (self->starting == NULL)
    {
      say (self, RB_REMOTE_STOPPED, 0, NULL);
      g_main_loop_quit (self->loop);
      return;
    }
  rb_module_stop_async (self->module, NULL, on_stopped, self);
}

static void
on_frame_window (Server              *self,
                 const RbRemoteFrame *frame)
{
  rb_connector_set_window (RB_CONNECTOR (self->module), (guint) frame->numbers[0], (gsize) frame->numbers[1]);
}

static void
on_frame_accept (Server              *self,
                 const RbRemoteFrame *frame)
{
  rb_connector_accept (RB_CONNECTOR (self->module), frame->numbers[0]);
}

static void
on_frame_release (Server              *self,
                  const RbRemoteFrame *frame)
{
  rb_connector_release (RB_CONNECTOR (self->module), frame->numbers[0]);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Server *self = &server;
  g_autofree char *message_id = NULL;
  RbRemoteFrame frame = { RB_REMOTE_SENT, { GPOINTER_TO_SIZE (user_data) } };
  RbSendStatus status = RB_SEND_STORED;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (self->sends == NULL || !g_hash_table_remove (self->sends, user_data))
    {
      rb_log_info ("module_answer_ignored", "type", G_OBJECT_TYPE_NAME (source), "hint", "it came a second time", NULL);
      return;
    }
  ok = rb_connector_send_finish (RB_CONNECTOR (source), result, &message_id, &status, &error);
  if (!ok || error != NULL)
    {
      say_data (self, RB_REMOTE_NOT_SENT, frame.numbers[0], rb_remote_outcome_new (ok, error));
      return;
    }
  frame.numbers[1] = status;
  frame.texts[0] = message_id;
  rb_remote_pipe_send (self->pipe, &frame);
}

static void
on_frame_send (Server              *self,
               const RbRemoteFrame *frame)
{
  g_autoptr(RbEnvelope) envelope = rb_remote_dup_envelope (frame, FALSE, NULL);
  gpointer id = GSIZE_TO_POINTER ((gsize) frame->numbers[0]);
  GCancellable *cancellable = g_cancellable_new ();

  g_hash_table_insert (self->sends, id, cancellable);
  rb_connector_send_async (RB_CONNECTOR (self->module), envelope, cancellable, on_sent, id);
}

/* It may be answered there and then. */
static void
on_frame_cancel (Server              *self,
                 const RbRemoteFrame *frame)
{
  gpointer id = GSIZE_TO_POINTER ((gsize) frame->numbers[0]);
  GCancellable *found = id == NULL ? self->starting : g_hash_table_lookup (self->sends, id);
  g_autoptr(GCancellable) cancellable = found != NULL ? g_object_ref (found) : NULL;

  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
}

static void
on_frame_ping (Server              *self,
               const RbRemoteFrame *frame)
{
  say (self, RB_REMOTE_PONG, frame->numbers[0], NULL);
}

static const struct {
  void     (*call) (Server *self, const RbRemoteFrame *frame);
  gboolean   needs_module;   /* only for one that was configured well */
} on_frames[RB_REMOTE_N_TYPES] = {
  [RB_REMOTE_OPEN] = { on_frame_open },
  [RB_REMOTE_CONFIGURE] = { on_frame_configure },
  [RB_REMOTE_START] = { on_frame_start, TRUE },
  [RB_REMOTE_STOP] = { on_frame_stop },
  [RB_REMOTE_WINDOW] = { on_frame_window, TRUE },
  [RB_REMOTE_ACCEPT] = { on_frame_accept, TRUE },
  [RB_REMOTE_RELEASE] = { on_frame_release, TRUE },
  [RB_REMOTE_SEND] = { on_frame_send, TRUE },
  [RB_REMOTE_CANCEL] = { on_frame_cancel, TRUE },
  [RB_REMOTE_PING] = { on_frame_ping },
};

static void
on_frame (const RbRemoteFrame *frame,
          gpointer             user_data)
{
  Server *self = user_data;

  if (self->has_failed && frame->type != RB_REMOTE_STOP && frame->type != RB_REMOTE_PING)
    return;
  if (on_frames[frame->type].needs_module && self->module == NULL)
    return;
  on_frames[frame->type].call (self, frame);
  tell_address (self);
}

/* Nobody is there whom anything could be told. */
static void
on_closed (const char *reason,
           gpointer    user_data)
{
  _exit (0);
}

static void
clear (Server *self)
{
  g_clear_pointer (&self->sends, g_hash_table_unref);
  if (self->module != NULL)
    g_signal_handlers_disconnect_by_data (self->module, self);
  g_clear_object (&self->module);
  g_clear_object (&self->context);
  g_clear_object (&self->starting);
  g_clear_pointer (&self->address, g_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

int
rb_module_server_run (int fd)
{
  static const RbRemotePipeFuncs funcs = { on_frame, on_closed };
  Server *self = &server;

  self->loop = g_main_loop_new (NULL, FALSE);
  self->sends = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->pipe = rb_remote_pipe_new (fd, RB_REMOTE_MODULE, &funcs, self);
  rb_module_log_install (self->pipe);
  g_main_loop_run (self->loop);
  clear (self);
  rb_module_log_close ();
  rb_remote_pipe_flush (self->pipe);
  g_clear_pointer (&self->pipe, rb_remote_pipe_free);
  return 0;
}
