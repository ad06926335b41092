/* rb-http-events.c: the control event stream, kept open
 *
 * Opening, reading and waiting follow one another for ever; stop() ends whichever it is at once. What libsoup says afterwards is
 * about a stream that is not ours any more, and is dropped.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-events.h"

#include "rb-backoff.h"
#include "rb-error.h"
#include "rb-http-request.h"
#include "rb-http-sse.h"
#include "rb-log.h"

#define CHUNK_BYTES (16 * 1024)
#define MAX_WAIT_MS 600000
#define WATCH_MS 30000                   /* how often a silent stream is looked at */
#define SLEPT_US (10 * G_USEC_PER_SEC)   /* so much too late, a timer says that the machine slept */

struct _RbHttpEvents {
  GObject parent_instance;

  RbHttpClient         *client;
  const RbHttpSettings *settings;       /* borrowed */
  RbClock              *clock;
  RbBounds             *bounds;       /* NULL: nobody counts */
  RbHttpFrameFunc       on_frame;
  gpointer              user_data;
  char                 *path;           /* NULL: not started */
  char                 *last_event_id;
  GCancellable         *cancellable;    /* of what is in progress */
  GInputStream         *stream;         /* NULL: not open */
  RbHttpSse            *parser;         /* of @stream */
  RbBackoff             backoff;
  gint64                retry_ms;       /* what the other side asked us to wait, at least */
  guint64               timer;          /* to open again, or to look at the stream */
  gint64                due_us;         /* of @timer, while the stream is open */
  gint64                heard_us;       /* when the last byte came */
  gboolean              is_stopped;
};

G_DEFINE_FINAL_TYPE (RbHttpEvents, rb_http_events, G_TYPE_OBJECT)

static void open_stream (RbHttpEvents *self);
static void read_more (RbHttpEvents *self);

static void
on_wait_over (gpointer user_data)
{
  RbHttpEvents *self = user_data;

  self->timer = 0;
  open_stream (self);
}

static void
drop_stream (RbHttpEvents *self)
{
  rb_clock_clear (self->clock, &self->timer);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->parser, rb_http_sse_free);
}

/* @error: (nullable) (transfer full): NULL when the stream ended as streams do. @at_least_ms: what the other side asked for. */
static void
open_later (RbHttpEvents *self,
            GError       *error,
            gint64        at_least_ms)
{
  g_autoptr(GError) owned = error;
  gint64 backoff_ms = rb_backoff_next (&self->backoff);
  gint64 wait_ms = MIN (MAX (backoff_ms, MAX (self->retry_ms, at_least_ms)), MAX_WAIT_MS);

  drop_stream (self);
  if (owned != NULL)
    {
      g_autofree char *backoff = g_strdup_printf ("%" G_GINT64_FORMAT, wait_ms);

      rb_log_warning ("sse_reconnect", "backoff_ms", backoff, "err", owned->message, NULL);
    }
  self->timer = rb_clock_add (self->clock, wait_ms, on_wait_over, self);
}

static void on_watch (gpointer user_data);

static void
watch_again (RbHttpEvents *self)
{
  gint64 now_us = rb_clock_get_monotonic_us (self->clock);
  gint64 silence_ms = self->settings->event_silence_ms;
  gint64 left_us = silence_ms > 0 ? self->heard_us + silence_ms * 1000 - now_us : WATCH_MS * G_GINT64_CONSTANT (1000);
  gint64 wait_ms = MIN (WATCH_MS, (left_us + 999) / 1000);

  self->due_us = now_us + wait_ms * 1000;
  self->timer = rb_clock_add (self->clock, wait_ms, on_watch, self);
}

/* After a sleep nobody knows whether the other side is still there, and its silence would be noticed too late. */
static void
on_watch (gpointer user_data)
{
  RbHttpEvents *self = user_data;
  gint64 now_us = rb_clock_get_monotonic_us (self->clock);
  gint64 silence_ms = self->settings->event_silence_ms;

  self->timer = 0;
  if (now_us - self->due_us >= SLEPT_US)
    {
      rb_log_info ("sse_reopened_after_sleep", NULL);
      drop_stream (self);
      open_stream (self);
    }
  else if (silence_ms > 0 && now_us - self->heard_us >= silence_ms * 1000)
    {
      open_later (self, rb_error_new (RB_ERROR_TIMED_OUT, NULL, "no byte for %" G_GINT64_FORMAT "ms", silence_ms), 0);
    }
  else
    {
      watch_again (self);
    }
}

static void
watch_silence (RbHttpEvents *self)
{
  rb_clock_clear (self->clock, &self->timer);
  self->heard_us = rb_clock_get_monotonic_us (self->clock);
  watch_again (self);
}

/* FALSE: the handler stopped us, or the stream is not ours any more. */
static gboolean
hand_on (RbHttpEvents *self)
{
  GInputStream *stream = self->stream;
  RbHttpSseFrame *next;

  while ((next = rb_http_sse_take (self->parser)) != NULL)
    {
      g_autoptr(RbHttpSseFrame) frame = next;

      if (frame->id != NULL && *frame->id != '\0')
        {
          g_free (self->last_event_id);
          self->last_event_id = g_strdup (frame->id);
        }
      rb_bounds_note (self->bounds, RB_HTTP_BOUND_EVENT, g_bytes_get_size (frame->data));
      self->on_frame (frame->data, self->user_data);
      if (self->is_stopped || self->stream != stream)
        return FALSE;
    }
  return TRUE;
}

static void
take_bytes (RbHttpEvents *self,
            GBytes       *bytes)
{
  GError *error = NULL;
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  gboolean ok = rb_http_sse_feed (self->parser, data, length, &error);

  watch_silence (self);
  if (rb_http_sse_get_retry_ms (self->parser) >= 0)
    self->retry_ms = rb_http_sse_get_retry_ms (self->parser);
  if (!hand_on (self))
    g_clear_error (&error);
  else if (ok)
    read_more (self);
  else
    {
      rb_bounds_reached (self->bounds, RB_HTTP_BOUND_EVENT);
      open_later (self, error, 0);
    }
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RbHttpEvents) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (self->is_stopped || G_INPUT_STREAM (source) != self->stream)
    return;
  if (bytes != NULL && g_bytes_get_size (bytes) > 0)
    take_bytes (self, bytes);
  else
    open_later (self, g_steal_pointer (&error), 0);
}

static void
read_more (RbHttpEvents *self)
{
  g_input_stream_read_bytes_async (self->stream, CHUNK_BYTES, G_PRIORITY_DEFAULT, self->cancellable, on_read, g_object_ref (self));
}

static void
on_opened (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RbHttpEvents) self = user_data;
  GError *error = NULL;
  g_autoptr(RbHttpAnswer) answer = rb_http_client_open_finish (result, &error);

  if (self->is_stopped)
    {
      g_clear_error (&error);
      return;
    }
  if (answer == NULL)
    {
      open_later (self, error, 0);
      return;
    }
  if (answer->stream == NULL)
    {
      error = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "SSE subscribe failed: %u", answer->status);
      open_later (self, error, answer->retry_after_ms);
      return;
    }

  rb_backoff_reset (&self->backoff);
  rb_log_info ("sse_connected", NULL);
  self->stream = g_steal_pointer (&answer->stream);
  self->parser = rb_http_sse_new (RB_HTTP_MAX_FRAME);
  watch_silence (self);
  read_more (self);
}

static void
open_stream (RbHttpEvents *self)
{
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  rb_http_client_open_async (self->client, self->path, self->last_event_id, self->settings->request_timeout_ms, self->cancellable,
                             on_opened, g_object_ref (self));
}

static void
rb_http_events_dispose (GObject *object)
{
  RbHttpEvents *self = RB_HTTP_EVENTS (object);

  rb_http_events_stop (self);
  g_clear_pointer (&self->client, rb_http_client_unref);
  G_OBJECT_CLASS (rb_http_events_parent_class)->dispose (object);
}

static void
rb_http_events_finalize (GObject *object)
{
  RbHttpEvents *self = RB_HTTP_EVENTS (object);

  g_free (self->path);
  g_free (self->last_event_id);
  g_clear_pointer (&self->bounds, rb_bounds_unref);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_http_events_parent_class)->finalize (object);
}

static void
rb_http_events_class_init (RbHttpEventsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_http_events_dispose;
  object_class->finalize = rb_http_events_finalize;
}

static void
rb_http_events_init (RbHttpEvents *self)
{
}

/**
 * rb_http_events_new:
 * @client: opens the stream
 * @settings: (transfer none): must live as long as the result is not stopped
 * @clock: of the waits and of the silence
 * @on_frame: gets the data of each frame, in order
 * @user_data: for @on_frame
 *
 * Returns: (transfer full): a stream that is not opened yet
 */
RbHttpEvents *
rb_http_events_new (RbHttpClient         *client,
                    const RbHttpSettings *settings,
                    RbClock              *clock,
                    RbHttpFrameFunc       on_frame,
                    gpointer              user_data)
{
  RbHttpEvents *self = g_object_new (RB_TYPE_HTTP_EVENTS, NULL);

  self->client = rb_http_client_ref (client);
  self->settings = settings;
  self->clock = g_object_ref (clock);
  self->on_frame = on_frame;
  self->user_data = user_data;
  rb_backoff_init (&self->backoff, settings->event_backoff_ms, settings->event_backoff_max_ms);
  return self;
}

void
rb_http_events_start (RbHttpEvents *self,
                      const char   *node_id)
{
  g_return_if_fail (RB_IS_HTTP_EVENTS (self));
  g_return_if_fail (node_id != NULL);

  if (self->path != NULL || self->is_stopped)
    return;
  self->path = rb_http_request_events (node_id);
  open_stream (self);
}

void
rb_http_events_stop (RbHttpEvents *self)
{
  g_return_if_fail (RB_IS_HTTP_EVENTS (self));

  self->is_stopped = TRUE;
  if (self->clock != NULL)
    drop_stream (self);
}

gboolean
rb_http_events_is_open (RbHttpEvents *self)
{
  g_return_val_if_fail (RB_IS_HTTP_EVENTS (self), FALSE);
  return self->stream != NULL;
}

void
rb_http_events_set_bounds (RbHttpEvents *self,
                           RbBounds     *bounds)
{
  g_return_if_fail (RB_IS_HTTP_EVENTS (self));

  self->bounds = bounds != NULL ? rb_bounds_ref (bounds) : NULL;
  rb_bounds_set_limit (bounds, RB_HTTP_BOUND_EVENT, RB_HTTP_MAX_FRAME);
}
