/* rb-remote-heard.c: what an isolated connector's process says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-private.h"

#include "rb-remote-log.h"
#include "rb-remote-parts.h"

/* It broke what the frames mean. */
static void
kill_process (RbRemoteConnector *self,
              const char        *what)
{
  g_autofree char *why = g_strdup_printf ("it sent %s", what);

  rb_log_error ("module_contract_broken", "module", self->info->name, "call", "isolate", "what", why, NULL);
  rb_remote_process_kill (self->process, why);
}

static void
on_frame_started (RbRemoteConnector   *self,
                  const RbRemoteFrame *frame)
{
  if (self->state != RB_REMOTE_STATE_STARTING && self->state != RB_REMOTE_STATE_DOWN)
    return;
  self->state = RB_REMOTE_STATE_UP;
  rb_remote_note_steady (self);
  if (self->start_task != NULL)
    rb_remote_end_start (self, NULL);
  else
    rb_log_info ("module_process_started", "module", self->info->name, NULL);
}

/* A start again that failed: what waiting cannot mend is not tried again. */
static void
refuse_restart (RbRemoteConnector *self,
                const GError      *error)
{
  g_autofree char *why = g_strdup_printf ("it could not be started again: %s", error->message);

  rb_log_warning ("module_restart_failed", "module", self->info->name, "reason", error->message, NULL);
  if (g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED))
    {
      self->state = RB_REMOTE_STATE_LEFT;
      rb_remote_be_away (self, error->message);
    }
  rb_remote_process_kill (self->process, why);
}

static void
on_frame_failed (RbRemoteConnector   *self,
                 const RbRemoteFrame *frame)
{
  g_autoptr(GError) error = NULL;
  gboolean ok;

  if (!rb_remote_outcome_read (frame, &ok, &error))
    {
      kill_process (self, "no outcome");
      return;
    }
  if (error == NULL)
    rb_set_error (&error, RB_ERROR_INTERNAL, NULL, "Module '%s' failed without saying why", self->info->name);
  if (self->state == RB_REMOTE_STATE_STARTING)
    {
      self->state = RB_REMOTE_STATE_STOPPED;
      rb_remote_end_start (self, g_steal_pointer (&error));
      rb_remote_process_kill (self->process, "its module did not start");
    }
  else if (self->state == RB_REMOTE_STATE_DOWN)
    refuse_restart (self, error);
  else
    {
      g_clear_error (&self->error);
      self->error = g_steal_pointer (&error);
      self->is_answered = TRUE;
    }
}

static void
on_frame_configured (RbRemoteConnector   *self,
                     const RbRemoteFrame *frame)
{
  self->is_answered = TRUE;
}

static void
on_frame_opened (RbRemoteConnector   *self,
                 const RbRemoteFrame *frame)
{
}

/* The process ends by itself now, and that is waited for. */
static void
on_frame_stopped (RbRemoteConnector   *self,
                  const RbRemoteFrame *frame)
{
}

static void
on_frame_answer (RbRemoteConnector   *self,
                 const RbRemoteFrame *frame)
{
  if (!rb_remote_sends_answer (self->sends, frame))
    kill_process (self, "no outcome of a send");
}

static void
on_frame_delivery (RbRemoteConnector   *self,
                   const RbRemoteFrame *frame)
{
  gint64 seq = frame->numbers[0];
  g_autoptr(GError) error = NULL;
  g_autoptr(RbEnvelope) envelope = rb_remote_dup_envelope (frame, TRUE, &error);

  if (envelope == NULL)
    kill_process (self, error->message);
  else if (seq >= 1 && !rb_remote_flow_deliver (self->flow, seq, rb_envelope_get_size (envelope)))
    kill_process (self, "more messages than its window allows");
  else
    rb_connector_emit_delivery (RB_CONNECTOR (self), seq, envelope);
}

static void
on_frame_connected (RbRemoteConnector   *self,
                    const RbRemoteFrame *frame)
{
  rb_connector_emit_connected (RB_CONNECTOR (self));
}

static void
on_frame_disconnected (RbRemoteConnector   *self,
                       const RbRemoteFrame *frame)
{
  rb_connector_emit_disconnected (RB_CONNECTOR (self), frame->texts[0]);
}

/* Another process would take the identity back. */
static void
stay_away (RbRemoteConnector *self)
{
  if (self->state == RB_REMOTE_STATE_UP || self->state == RB_REMOTE_STATE_DOWN)
    self->state = RB_REMOTE_STATE_LEFT;
}

static void
on_frame_superseded (RbRemoteConnector   *self,
                     const RbRemoteFrame *frame)
{
  stay_away (self);
  rb_connector_emit_superseded (RB_CONNECTOR (self));
}

static void
on_frame_incompatible (RbRemoteConnector   *self,
                       const RbRemoteFrame *frame)
{
  stay_away (self);
  rb_connector_emit_incompatible (RB_CONNECTOR (self), frame->texts[0]);
}

static void
on_frame_address (RbRemoteConnector   *self,
                  const RbRemoteFrame *frame)
{
  g_free (self->address);
  self->address = g_strdup (frame->texts[0]);
}

static void
on_frame_log (RbRemoteConnector   *self,
              const RbRemoteFrame *frame)
{
  if (!rb_remote_log_write (frame, self->info->name))
    kill_process (self, "a log line that is none");
}

static void (*const on_frames[RB_REMOTE_N_TYPES]) (RbRemoteConnector *self, const RbRemoteFrame *frame) = {
  [RB_REMOTE_OPENED] = on_frame_opened,
  [RB_REMOTE_CONFIGURED] = on_frame_configured,
  [RB_REMOTE_STARTED] = on_frame_started,
  [RB_REMOTE_STOPPED] = on_frame_stopped,
  [RB_REMOTE_FAILED] = on_frame_failed,
  [RB_REMOTE_SENT] = on_frame_answer,
  [RB_REMOTE_NOT_SENT] = on_frame_answer,
  [RB_REMOTE_DELIVERY] = on_frame_delivery,
  [RB_REMOTE_CONNECTED] = on_frame_connected,
  [RB_REMOTE_DISCONNECTED] = on_frame_disconnected,
  [RB_REMOTE_SUPERSEDED] = on_frame_superseded,
  [RB_REMOTE_INCOMPATIBLE] = on_frame_incompatible,
  [RB_REMOTE_ADDRESS] = on_frame_address,
  [RB_REMOTE_LOG] = on_frame_log,
};

void
rb_remote_hear (RbRemoteConnector   *self,
                const RbRemoteFrame *frame)
{
  if (on_frames[frame->type] != NULL)
    on_frames[frame->type] (self, frame);
}
