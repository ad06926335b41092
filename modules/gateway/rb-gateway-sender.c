/* rb-gateway-sender.c: our messages on their way, until the gateway answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-sender.h"

#include "rb-error.h"
#include "rb-gateway-bounds.h"
#include "rb-log.h"

struct _RbGatewaySender {
  RbBounds   *bounds;       /* borrowed; NULL: nobody counts */
  RbClock    *clock;
  gint64      ack_timeout_ms;
  GHashTable *pending;      /* message id to GTask, both owned */
  gsize       bytes;        /* of @pending: libsoup's own queue has no bound and cannot be asked */
};

/* A task's data. */
typedef struct {
  RbGatewaySender *sender;   /* the task's source object owns it */
  char            *id;       /* what the gateway knows it by */
  char            *to;
  gsize            size;
  guint64          timer;    /* of the clock */
  RbSendStatus     status;
} Send;

static void
send_free (Send *send)
{
  g_free (send->id);
  g_free (send->to);
  g_free (send);
}

/**
 * rb_gateway_sender_new:
 * @clock: for the limit
 * @ack_timeout_ms: how long the gateway may take to acknowledge
 *
 * Returns: (transfer full): a sender with nothing on its way
 */
RbGatewaySender *
rb_gateway_sender_new (RbClock *clock,
                       gint64   ack_timeout_ms)
{
  RbGatewaySender *self = g_new0 (RbGatewaySender, 1);

  self->clock = g_object_ref (clock);
  self->ack_timeout_ms = ack_timeout_ms;
  self->pending = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  return self;
}

/* Tasks keep their source object alive, and that owns the sender: none is left. */
void
rb_gateway_sender_free (RbGatewaySender *self)
{
  g_return_if_fail (self != NULL);

  g_hash_table_unref (self->pending);
  g_object_unref (self->clock);
  g_free (self);
}

void
rb_gateway_sender_set_bounds (RbGatewaySender *self,
                              RbBounds        *bounds)
{
  g_return_if_fail (self != NULL);

  self->bounds = bounds;
  rb_bounds_set_limit (bounds, RB_GATEWAY_BOUND_SENDS, RB_GATEWAY_SENDS_MAX);
  rb_bounds_set_limit (bounds, RB_GATEWAY_BOUND_SEND_BYTES, RB_GATEWAY_SEND_BYTES_MAX);
}

static void
count (RbGatewaySender *self)
{
  rb_bounds_set_used (self->bounds, RB_GATEWAY_BOUND_SENDS, g_hash_table_size (self->pending));
  rb_bounds_set_used (self->bounds, RB_GATEWAY_BOUND_SEND_BYTES, self->bytes);
}

/* A task leaves @pending here, so none is returned twice. */
static GTask *
take_pending (RbGatewaySender *self,
              const char      *id)
{
  g_autofree char *key = NULL;
  GTask *task = NULL;
  Send *send;

  if (!g_hash_table_steal_extended (self->pending, id, (gpointer *) &key, (gpointer *) &task))
    return NULL;

  send = g_task_get_task_data (task);
  self->bytes -= send->size;
  count (self);
  rb_clock_clear (self->clock, &send->timer);
  return task;
}

static void
fail_unknown (RbGatewaySender *self,
              const char      *id,
              const char      *message)
{
  g_autoptr(GTask) task = take_pending (self, id);

  g_task_return_error (task, rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "%s", message));
}

static void
on_ack_late (gpointer user_data)
{
  Send *send = user_data;

  send->timer = 0;
  fail_unknown (send->sender, send->id, "SEND_ACK timeout");
}

static GError *
check_room (RbGatewaySender *self,
            RbGatewayLink   *link,
            gsize            size)
{
  if (link == NULL || !rb_gateway_link_is_open (link))
    return rb_error_new (RB_ERROR_UNAVAILABLE, "connector_unavailable", "WebSocket not connected");
  if (g_hash_table_size (self->pending) == 0)
    return NULL;
  if (g_hash_table_size (self->pending) >= RB_GATEWAY_SENDS_MAX)
    rb_bounds_reached (self->bounds, RB_GATEWAY_BOUND_SENDS);
  else if (size > RB_GATEWAY_SEND_BYTES_MAX || self->bytes > RB_GATEWAY_SEND_BYTES_MAX - size)
    rb_bounds_reached (self->bounds, RB_GATEWAY_BOUND_SEND_BYTES);
  else
    return NULL;
  return rb_error_new (RB_ERROR_UNAVAILABLE, "connector_busy", "Too many messages are on their way to the gateway");
}

static void
add_pending (RbGatewaySender *self,
             RbEnvelope      *envelope,
             GTask           *task)
{
  Send *send = g_new0 (Send, 1);

  send->sender = self;
  send->id = g_uuid_string_random ();
  send->to = g_strdup (rb_envelope_get_to (envelope));
  send->size = rb_envelope_get_size (envelope);
  send->status = RB_SEND_STORED;
  send->timer = rb_clock_add (self->clock, self->ack_timeout_ms, on_ack_late, send);
  g_task_set_task_data (task, send, (GDestroyNotify) send_free);
  self->bytes += send->size;
  g_hash_table_insert (self->pending, g_strdup (send->id), task);
  count (self);
}

/**
 * rb_gateway_sender_send:
 * @self: a sender
 * @link: (nullable): a connection that is registered
 * @envelope: the message; its own id stays with us, each attempt to send has one of its own
 * @task: (transfer full): answered with rb_gateway_sender_finish(); its source object owns @self
 *
 * Fails with %RB_ERROR_UNAVAILABLE ("connector_unavailable", "connector_busy": nothing was sent), %RB_ERROR_OUTCOME_UNKNOWN or
 * %RB_ERROR_REJECTED (details "connector_code" and "to"). Cancelling keeps a message from being sent; one that was is answered truly.
 */
void
rb_gateway_sender_send (RbGatewaySender *self,
                        RbGatewayLink   *link,
                        RbEnvelope      *envelope,
                        GTask           *task)
{
  g_autoptr(GTask) owned = task;
  g_autoptr(GBytes) frame = NULL;
  const Send *send;
  GError *error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  error = check_room (self, link, rb_envelope_get_size (envelope));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  add_pending (self, envelope, g_steal_pointer (&owned));
  send = g_task_get_task_data (task);
  frame = rb_gateway_frame_send_message (send->id, envelope);
  rb_gateway_link_send (link, frame);
}

gboolean
rb_gateway_sender_finish (GTask         *task,
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

void
rb_gateway_sender_take_ack (RbGatewaySender      *self,
                            const RbGatewayFrame *frame)
{
  g_autoptr(GTask) task = take_pending (self, frame->message_id);
  Send *send;

  if (task == NULL)
    {
      rb_log_debug ("send_ack_late", "message_id", frame->message_id, NULL);
      return;
    }

  send = g_task_get_task_data (task);
  send->status = g_strcmp0 (frame->status, "delivered") == 0 ? RB_SEND_DELIVERED : RB_SEND_STORED;
  g_task_return_boolean (task, TRUE);
}

static GError *
make_rejection (const RbGatewayFrame *frame,
                const char           *to)
{
  GError *error = rb_error_new (RB_ERROR_REJECTED, "connector_rejected", "%s", frame->message);

  if (frame->to != NULL)
    to = frame->to;
  rb_error_add_detail (error, "connector_code", g_variant_new_string (frame->code));
  if (to != NULL)
    rb_error_add_detail (error, "to", g_variant_new_string (to));
  return error;
}

void
rb_gateway_sender_take_error (RbGatewaySender      *self,
                              const RbGatewayFrame *frame)
{
  g_autoptr(GTask) task = frame->message_id != NULL ? take_pending (self, frame->message_id) : NULL;
  const Send *send;

  if (task == NULL)
    {
      /* IMP-43 */
      rb_log_warning ("connector_error", "code", frame->code, "err", frame->message, "message_id", frame->message_id, "to", frame->to,
                      NULL);
      return;
    }

  send = g_task_get_task_data (task);
  g_task_return_error (task, make_rejection (frame, send->to));
}

void
rb_gateway_sender_lose_all (RbGatewaySender *self)
{
  g_autoptr(GList) ids = g_hash_table_get_keys (self->pending);
  g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func (g_free);

  /* An answer may make its receiver send again, or stop us. */
  for (GList *link = ids; link != NULL; link = link->next)
    g_ptr_array_add (lost, g_strdup (link->data));
  for (guint i = 0; i < lost->len; i++)
    if (g_hash_table_contains (self->pending, g_ptr_array_index (lost, i)))
      fail_unknown (self, g_ptr_array_index (lost, i), "Connection closed before SEND_ACK");
}
