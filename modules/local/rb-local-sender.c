/* rb-local-sender.c: hands our messages to the network, and bounds how many are on their way
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-sender.h"

#include "rb-error.h"
#include "rb-local-address.h"

struct _RbLocalSender {
  RbBounds              *bounds;      /* borrowed; NULL: nobody counts */
  RbClock               *clock;
  const RbLocalSettings *settings;    /* borrowed */
  guint                  n_messages;  /* on their way to the disk */
  gsize                  bytes;
};

/* A task's data: the answer, and what it takes meanwhile. */
typedef struct {
  RbLocalSender *sender;   /* the task's source object owns it */
  char          *id;
  gsize          size;
  RbSendStatus   status;
} Send;

static void
send_free (Send *send)
{
  g_free (send->id);
  g_free (send);
}

static void
count (RbLocalSender *self,
       int            messages,
       gssize         bytes)
{
  self->n_messages += messages;
  self->bytes += bytes;
  rb_bounds_set_used (self->bounds, RB_LOCAL_BOUND_SENDS, self->n_messages);
  rb_bounds_set_used (self->bounds, RB_LOCAL_BOUND_SEND_BYTES, self->bytes);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = G_TASK (user_data);
  Send *send = g_task_get_task_data (task);
  GError *error = NULL;
  RbLocalJob *job;

  count (send->sender, -1, -(gssize) send->size);
  if (rb_local_network_run_finish (result, &job, &error))
    {
      send->status = job->status;
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      if (g_strcmp0 (rb_error_get_reason (error), "recipient_mailbox_full") == 0)
        rb_bounds_reached (send->sender->bounds, RB_LOCAL_BOUND_MAILBOX);
      g_task_return_error (task, error);
    }
}

static GError *
refuse_address (const char *address)
{
  GError *error = rb_error_new (RB_ERROR_REJECTED, "invalid_address", "'%s' is not an address of the form '<handle>@%s'",
                                address != NULL ? address : "", RB_LOCAL_DOMAIN);

  rb_error_add_detail (error, "connector_code", g_variant_new_string ("invalid_address"));
  rb_error_add_detail (error, "to", g_variant_new_string (address != NULL ? address : ""));
  return error;
}

static gboolean
has_room (RbLocalSender *self,
          gsize          size)
{
  if (self->n_messages == 0)
    return TRUE;

  if (self->n_messages >= RB_LOCAL_SENDS_MAX)
    rb_bounds_reached (self->bounds, RB_LOCAL_BOUND_SENDS);
  else if (size > RB_LOCAL_SEND_BYTES_MAX || self->bytes > RB_LOCAL_SEND_BYTES_MAX - size)
    rb_bounds_reached (self->bounds, RB_LOCAL_BOUND_SEND_BYTES);
  else
    return TRUE;
  return FALSE;
}

/* The envelope as its recipient will see it. */
static RbEnvelope *
address_envelope (RbLocalSender *self,
                  RbEnvelope    *envelope)
{
  const char *id = rb_envelope_get_id (envelope);
  g_autofree char *minted = id == NULL || *id == '\0' ? g_uuid_string_random () : NULL;

  return rb_envelope_new (minted != NULL ? minted : id, self->settings->address, NULL,
                          rb_envelope_get_content (envelope), rb_envelope_get_content_type (envelope),
                          rb_envelope_get_metadata (envelope));
}

/**
 * rb_local_sender_new:
 * @clock: for the time of sending
 * @settings: whose messages these are; borrowed, and outlives the sender
 *
 * Returns: (transfer full): a sender
 */
RbLocalSender *
rb_local_sender_new (RbClock               *clock,
                     const RbLocalSettings *settings)
{
  RbLocalSender *self = g_new0 (RbLocalSender, 1);

  self->clock = g_object_ref (clock);
  self->settings = settings;
  return self;
}

void
rb_local_sender_free (RbLocalSender *self)
{
  g_return_if_fail (self != NULL);

  g_object_unref (self->clock);
  g_free (self);
}

void
rb_local_sender_set_bounds (RbLocalSender *self,
                            RbBounds      *bounds)
{
  g_return_if_fail (self != NULL);

  self->bounds = bounds;
  rb_bounds_set_limit (bounds, RB_LOCAL_BOUND_SENDS, RB_LOCAL_SENDS_MAX);
  rb_bounds_set_limit (bounds, RB_LOCAL_BOUND_SEND_BYTES, RB_LOCAL_SEND_BYTES_MAX);
  rb_bounds_set_limit (bounds, RB_LOCAL_BOUND_MAILBOX, self->settings->mailbox_limit);
}

/**
 * rb_local_sender_send:
 * @self: a sender
 * @network: open, or failing by itself
 * @envelope: an id is minted where it has none; its sender is ignored
 * @task: (transfer full): answered with rb_local_sender_finish(); its source object owns @self
 *
 * Fails with %RB_ERROR_REJECTED ("invalid_address", "unknown_recipient", "message_id_taken"; details "connector_code" and "to"),
 * %RB_ERROR_UNAVAILABLE ("recipient_mailbox_full" with the same details, "connector_busy", or why the database fails) or
 * %RB_ERROR_OUTCOME_UNKNOWN. Cancelling keeps a send from being begun; one that is on the disk is answered truly.
 */
void
rb_local_sender_send (RbLocalSender  *self,
                      RbLocalNetwork *network,
                      RbEnvelope     *envelope,
                      GTask          *task)
{
  g_autoptr(GTask) owned = task;
  g_autofree char *to = rb_local_address_parse (rb_envelope_get_to (envelope));
  GCancellable *cancellable = g_task_get_cancellable (task);
  RbLocalJob *job;
  Send *send;

  if (to == NULL)
    {
      g_task_return_error (task, refuse_address (rb_envelope_get_to (envelope)));
      return;
    }
  if (!has_room (self, rb_envelope_get_size (envelope)))
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "connector_busy",
                                               "Too many messages are on their way to the disk"));
      return;
    }

  job = rb_local_job_new (RB_LOCAL_JOB_SEND, rb_clock_get_wall_ms (self->clock));
  job->to = g_steal_pointer (&to);
  job->envelope = address_envelope (self, envelope);
  job->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;

  send = g_new0 (Send, 1);
  send->sender = self;
  send->id = g_strdup (rb_envelope_get_id (job->envelope));
  send->size = rb_envelope_get_size (job->envelope);
  g_task_set_task_data (task, send, (GDestroyNotify) send_free);

  self->n_messages++;
  self->bytes += send->size;
  rb_local_network_run_async (network, job, on_sent, g_steal_pointer (&owned));
}

gboolean
rb_local_sender_finish (GTask         *task,
                        char         **message_id,
                        RbSendStatus  *status,
                        GError       **error)
{
  const Send *send;

  if (!g_task_propagate_boolean (task, error))
    return FALSE;

  send = g_task_get_task_data (task);
  *message_id = g_strdup (send->id);
  *status = send->status;
  return TRUE;
}
