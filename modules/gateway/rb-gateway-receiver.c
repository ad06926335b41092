/* rb-gateway-receiver.c: takes the messages of our stream, hands them on, and says what was accepted
 *
 * RbGatewayStream knows what to do; here it is done. What the broker accepts within one turn of the main loop is acknowledged with one
 * frame, as soon as the file of the cursor says so. The cursor is what we acknowledged, not what we accepted: a message whose
 * acknowledgement could not be sent is told again, and known, after the next registration.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-receiver.h"

#include "rb-connector.h"
#include "rb-gateway-rules.h"
#include "rb-gateway-stream.h"
#include "rb-log.h"

#define ASKED_IN_VAIN 5   /* times in a row: after some 15 s */

struct _RbGatewayReceiver {
  const RbGatewaySettings *settings;
  RbClock                 *clock;
  RbGatewayDeliverFunc     deliver;
  gpointer                 owner;
  RbGatewayStream         *stream;
  RbGatewayCursorFile     *file;
  RbGatewayLink           *link;           /* borrowed; NULL: not registered */
  gint64                   cursor;         /* acknowledged, at most the floor of @stream */
  gboolean                 is_running;
  gboolean                 is_closing;
  gboolean                 is_pumping;
  gboolean                 has_lost;       /* a message without a sequence, and the log says so */
  GSource                 *ack_source;     /* an acknowledgement is due this turn */
  guint64                  ask_timer;      /* of @clock */
  gint64                   ask_us;         /* when that one fires */
  char                    *pending_up_to;  /* of a DELIVERY_PENDING, to be logged when nothing is in flight; NULL: none */
  gint64                   pending_count;
};

static void schedule_ask (RbGatewayReceiver *self);
static void schedule_flush (RbGatewayReceiver *self);

static void
move_cursor (RbGatewayReceiver *self,
             gint64             seq)
{
  self->cursor = seq;
  rb_gateway_cursor_file_store (self->file, seq);
}

static gboolean
send_ack (RbGatewayReceiver *self,
          gint64             seq)
{
  g_autoptr(GBytes) frame = rb_gateway_frame_delivery_ack (seq, self->settings->session_id);

  return rb_gateway_link_send (self->link, frame);
}

static void
clear_ack_source (RbGatewayReceiver *self)
{
  if (self->ack_source != NULL)
    g_source_destroy (self->ack_source);
  g_clear_pointer (&self->ack_source, g_source_unref);
}

/* Without a connection it is kept; flushed again after the next registration. */
static void
flush (RbGatewayReceiver *self)
{
  gint64 floor = rb_gateway_stream_get_floor (self->stream);

  clear_ack_source (self);
  if (self->link != NULL && floor > self->cursor)
    rb_gateway_cursor_file_store (self->file, floor);
}

/* A file that could not be written undoes no acceptance. What it says is ours, whether the acknowledgement can still be sent or not: we
 * register with it, and the gateway that knows less is told again. */
static void
on_cursor_written (gint64   seq,
                   gpointer user_data)
{
  RbGatewayReceiver *self = user_data;

  if (seq <= self->cursor)
    return;
  self->cursor = seq;
  if (self->link != NULL)
    send_ack (self, seq);
  if (!self->is_closing)
    schedule_flush (self);
}

static gboolean
on_ack_due (gpointer user_data)
{
  flush (user_data);
  return G_SOURCE_REMOVE;
}

static void
schedule_flush (RbGatewayReceiver *self)
{
  if (self->ack_source != NULL || self->link == NULL || rb_gateway_stream_get_floor (self->stream) <= self->cursor)
    return;

  self->ack_source = g_idle_source_new ();
  g_source_set_priority (self->ack_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->ack_source, on_ack_due, self, NULL);
  g_source_attach (self->ack_source, g_main_context_get_thread_default ());
}

static char *
join (const GArray *seqs)
{
  GString *text = g_string_new ("[");

  for (guint i = 0; i < seqs->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", g_array_index (seqs, gint64, i));
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static void
log_pending (RbGatewayReceiver *self)
{
  g_autofree char *up_to = NULL;
  g_autoptr(GArray) refused = NULL;
  g_autofree char *count = NULL;
  g_autofree char *blocked = NULL;

  if (self->pending_up_to == NULL || !rb_gateway_stream_is_idle (self->stream))
    return;

  up_to = g_steal_pointer (&self->pending_up_to);
  refused = rb_gateway_stream_dup_refused (self->stream);
  count = g_strdup_printf ("%" G_GINT64_FORMAT, self->pending_count);
  blocked = join (refused);
  rb_log_warning ("legacy_delivery_pending_ignored", "upTo", up_to, "count", count, "blockedSeqs", blocked, "unsequencedBlocked", "false",
                  NULL);
}

/* Whatever may have made something possible ends here. */
static void
pump (RbGatewayReceiver *self)
{
  RbEnvelope *envelope;
  gint64 seq;

  if (self->is_pumping)
    return;

  self->is_pumping = TRUE;
  while (self->is_running && (envelope = rb_gateway_stream_next (self->stream, &seq)) != NULL)
    {
      self->deliver (seq, envelope, self->owner);
      rb_envelope_unref (envelope);
    }
  self->is_pumping = FALSE;

  schedule_flush (self);
  schedule_ask (self);
  log_pending (self);
}

/* Nothing above it can be acknowledged, so somebody should know. */
static void
report_gap (RbGatewayReceiver *self,
            guint              n_asked)
{
  gint64 missing = rb_gateway_stream_get_asked (self->stream);
  g_autofree char *seq = g_strdup_printf ("%" G_GINT64_FORMAT, missing);

  if (missing != 0 && n_asked == ASKED_IN_VAIN)
    rb_log_warning ("delivery_gap_stays", "seq", seq, "err", "The gateway was asked for this message and does not send it", NULL);
}

static void
ask (RbGatewayReceiver *self,
     gint64             now_us)
{
  g_autoptr(GBytes) frame = NULL;

  /* The gateway counts from what we acknowledged. */
  flush (self);
  frame = rb_gateway_frame_gap_fill (rb_gateway_stream_get_floor (self->stream), self->settings->session_id);
  if (rb_gateway_link_send (self->link, frame))
    report_gap (self, rb_gateway_stream_asked (self->stream, now_us));
}

static void
on_ask_due (gpointer user_data)
{
  RbGatewayReceiver *self = user_data;

  self->ask_timer = 0;
  schedule_ask (self);
}

static void
schedule_ask (RbGatewayReceiver *self)
{
  gint64 now_us = rb_clock_get_monotonic_us (self->clock);
  gint64 due_us = G_MAXINT64;

  if (self->link != NULL && self->is_running && rb_gateway_link_is_open (self->link))
    {
      due_us = rb_gateway_stream_get_ask_us (self->stream, now_us);
      if (due_us <= now_us)
        {
          ask (self, now_us);
          due_us = rb_gateway_stream_get_ask_us (self->stream, now_us);
        }
    }

  if (self->ask_timer != 0 && self->ask_us == due_us)
    return;
  rb_clock_clear (self->clock, &self->ask_timer);
  if (due_us == G_MAXINT64)
    return;
  self->ask_us = due_us;
  self->ask_timer = rb_clock_add (self->clock, (MAX (due_us - now_us, 0) + 999) / 1000, on_ask_due, self);
}

/**
 * rb_gateway_receiver_new:
 * @settings: whose stream, and where its cursor is; borrowed
 * @clock: for asking again
 * @deliver: called on the main context while it runs
 * @owner: borrowed
 *
 * Returns: (transfer full): a receiver that holds what arrives, with an empty window
 */
RbGatewayReceiver *
rb_gateway_receiver_new (const RbGatewaySettings *settings,
                         RbClock                 *clock,
                         RbGatewayDeliverFunc     deliver,
                         gpointer                 owner)
{
  RbGatewayReceiver *self = g_new0 (RbGatewayReceiver, 1);
  g_autofree char *cursor = NULL;

  self->settings = settings;
  self->clock = g_object_ref (clock);
  self->deliver = deliver;
  self->owner = owner;
  self->file = rb_gateway_cursor_file_new (settings->cursor_file, clock, on_cursor_written, self);
  self->cursor = rb_gateway_cursor_file_read (self->file);
  self->stream = rb_gateway_stream_new (self->cursor, settings->duplicate_memory);

  cursor = g_strdup_printf ("%" G_GINT64_FORMAT, self->cursor);
  rb_log_info ("delivery_cursor_loaded", "runtime_session_id", settings->session_id, "lastKnownSeq", cursor, NULL);
  return self;
}

void
rb_gateway_receiver_free (RbGatewayReceiver *self)
{
  g_return_if_fail (self != NULL);

  clear_ack_source (self);
  rb_clock_clear (self->clock, &self->ask_timer);
  g_free (self->pending_up_to);
  rb_gateway_stream_free (self->stream);
  rb_gateway_cursor_file_free (self->file);
  g_object_unref (self->clock);
  g_free (self);
}

void
rb_gateway_receiver_set_bounds (RbGatewayReceiver *self,
                                RbBounds          *bounds)
{
  g_return_if_fail (self != NULL);

  rb_gateway_stream_set_bounds (self->stream, bounds);
}

void
rb_gateway_receiver_set_window (RbGatewayReceiver *self,
                                guint              messages,
                                gsize              bytes)
{
  g_return_if_fail (self != NULL);

  rb_gateway_stream_set_window (self->stream, messages, bytes);
  pump (self);
}

void
rb_gateway_receiver_run (RbGatewayReceiver *self)
{
  g_return_if_fail (self != NULL);

  self->is_running = TRUE;
  pump (self);
}

gint64
rb_gateway_receiver_get_cursor (RbGatewayReceiver *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->cursor;
}

/**
 * rb_gateway_receiver_connected:
 * @self: a receiver
 * @link: registered; borrowed until rb_gateway_receiver_disconnected()
 * @delivery_seq: up to where the gateway believes that we acknowledged, or %RB_GATEWAY_NO_NUMBER
 *
 * What is acknowledged already is said again if the gateway has forgotten it. Above our cursor it sends by itself.
 * Source: protocol.md 13.2, steps 3.4 and 3.5.
 */
void
rb_gateway_receiver_connected (RbGatewayReceiver *self,
                               RbGatewayLink     *link,
                               gint64             delivery_seq)
{
  g_return_if_fail (self != NULL);

  if (self->link == NULL)
    rb_gateway_stream_reconnected (self->stream, rb_clock_get_monotonic_us (self->clock));
  self->link = link;
  if (delivery_seq != RB_GATEWAY_NO_NUMBER && delivery_seq < self->cursor)
    send_ack (self, self->cursor);
  flush (self);
  pump (self);
}

/* What was handed on stays handed on; what is accepted meanwhile is kept. */
void
rb_gateway_receiver_disconnected (RbGatewayReceiver *self)
{
  g_return_if_fail (self != NULL);

  self->link = NULL;
  clear_ack_source (self);
  rb_clock_clear (self->clock, &self->ask_timer);
}

static void
take_message (RbGatewayReceiver    *self,
              const RbGatewayFrame *frame)
{
  gint64 seq = frame->seq != RB_GATEWAY_NO_NUMBER ? frame->seq : RB_CONNECTOR_NO_SEQ;

  if (rb_gateway_stream_receive (self->stream, seq, frame->envelope, rb_clock_get_monotonic_us (self->clock)) !=
      RB_GATEWAY_STREAM_NO_ROOM || seq != RB_CONNECTOR_NO_SEQ)
    return;

  if (!self->has_lost)
    rb_log_warning ("unsequenced_message_lost", "message_id", frame->message_id, "from", rb_envelope_get_from (frame->envelope), "err",
                    "Too many messages wait, and the gateway cannot be asked for this one again", NULL);
  self->has_lost = TRUE;
}

/* Source: protocol.md 13.8 and IMP-8. */
static void
take_cursor (RbGatewayReceiver    *self,
             const RbGatewayFrame *frame)
{
  gint64 delivered = frame->delivered_seq;

  if (delivered != RB_GATEWAY_NO_NUMBER && delivered > self->cursor)
    {
      rb_gateway_stream_jump (self->stream, delivered);
      move_cursor (self, delivered);
      flush (self);
    }
  else if (delivered != RB_GATEWAY_NO_NUMBER && delivered < self->cursor && frame->delivery_seq <= self->cursor && self->link != NULL)
    send_ack (self, self->cursor);
  rb_gateway_stream_expect (self->stream, frame->delivery_seq);
}

static void
take_pending (RbGatewayReceiver    *self,
              const RbGatewayFrame *frame)
{
  g_free (self->pending_up_to);
  self->pending_up_to = g_strdup (frame->up_to);
  self->pending_count = frame->count != RB_GATEWAY_NO_NUMBER ? frame->count : 0;
}

void
rb_gateway_receiver_take (RbGatewayReceiver    *self,
                          const RbGatewayFrame *frame)
{
  g_return_if_fail (self != NULL);

  if (frame->event != RB_GATEWAY_DELIVERY_PENDING && !rb_gateway_is_ours (frame, self->settings->session_id))
    return;

  if (frame->event == RB_GATEWAY_MESSAGE_RECEIVED)
    take_message (self, frame);
  else if (frame->event == RB_GATEWAY_DELIVERY_CURSOR)
    take_cursor (self, frame);
  else if (frame->event == RB_GATEWAY_DELIVERY_SKIP)
    rb_gateway_stream_skip (self->stream, frame->seq);
  else if (frame->event == RB_GATEWAY_DELIVERY_PENDING)
    take_pending (self, frame);
  pump (self);
}

void
rb_gateway_receiver_accept (RbGatewayReceiver *self,
                            gint64             seq)
{
  g_return_if_fail (self != NULL);

  rb_gateway_stream_accept (self->stream, seq);
  pump (self);
}

void
rb_gateway_receiver_release (RbGatewayReceiver *self,
                             gint64             seq)
{
  g_return_if_fail (self != NULL);

  rb_gateway_stream_release (self->stream, seq, rb_clock_get_monotonic_us (self->clock));
  pump (self);
}

void
rb_gateway_receiver_close (RbGatewayReceiver   *self,
                           RbGatewayClosedFunc  closed,
                           gpointer             user_data)
{
  g_return_if_fail (self != NULL);

  self->is_running = FALSE;
  self->is_closing = TRUE;
  rb_clock_clear (self->clock, &self->ask_timer);
  flush (self);
  rb_gateway_cursor_file_close (self->file, closed, user_data);
}
