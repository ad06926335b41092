/* rb-gateway-stream.c: what has arrived on a delivery stream, what may be handed on, and what to ask for
 *
 * The gateway sends as fast as it likes; the broker takes what its window allows. What lies between is held here, in order of its
 * sequence and within bounds. Beyond them a message is forgotten as if it had not come, and so is all that follows it, so that none
 * overtakes another; when what is held is gone, the gateway is asked for everything above the floor once more, and the copies of what we
 * have are known and dropped. A message without a sequence cannot be asked for.
 *
 * Two things are asked for: what never arrived, at once when a gap opens, and again when nothing of it has come for a while, with backoff;
 * and what the broker refused, only ever with backoff.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-stream.h"

#include "rb-backoff.h"
#include "rb-connector.h"
#include "rb-cursor.h"
#include "rb-gateway-bounds.h"

#define ASK_INITIAL_MS 1000
#define ASK_MAX_MS 30000
#define MIN_ASK_US (1 * G_USEC_PER_SEC)   /* between two requests from the same floor */

typedef struct {
  gint64      seq;        /* RB_CONNECTOR_NO_SEQ: none */
  RbEnvelope *envelope;
} Held;

struct _RbGatewayStream {
  RbBounds   *bounds;           /* borrowed; NULL: nobody counts */
  RbCursor   *cursor;
  GQueue      held;             /* Held *, ascending; in progress for @cursor */
  GQueue      loose;            /* Held *, without a sequence, as they came */
  gsize       held_bytes;       /* of both */
  gint64      forgotten;        /* everything from here on is not taken, for want of room; 0: all is */
  gboolean    was_full;         /* since we asked last: what came of it was forgotten again */

  guint       window_messages;
  gsize       window_bytes;
  GHashTable *in_flight;        /* gint64 * to size: handed on and not decided */
  gsize       in_flight_bytes;

  GHashTable *seen;             /* ids of messages without a sequence; owns the strings */
  GQueue      seen_order;       /* the same strings, oldest first */
  guint       seen_max;

  gint64      asked_us;         /* 0: not on this connection */
  gint64      asked_floor;
  gint64      asked_missing;    /* what was missing then; 0: only refused ones were */
  guint       n_asked;          /* in a row for @asked_missing */
  gint64      asked_top;        /* the highest that was known then: a gap above it is a new one */
  RbBackoff   missing_backoff;
  gint64      missing_due_us;   /* when to ask for what is missing below @asked_top again */
  gint64      refused_top;      /* the highest that was refused; 0: all of those were settled */
  RbBackoff   refused_backoff;
  gint64      refused_wait_us;  /* of that; 0: nothing was refused */
  gint64      refused_due_us;   /* when to ask for refused ones again */
};

static void
held_free (Held *held)
{
  rb_envelope_unref (held->envelope);
  g_free (held);
}

/**
 * rb_gateway_stream_new:
 * @floor: up to which everything was accepted
 * @duplicate_memory: how many ids of messages without a sequence are remembered
 *
 * Returns: (transfer full): a stream with an empty window
 */
RbGatewayStream *
rb_gateway_stream_new (gint64 floor,
                       guint  duplicate_memory)
{
  RbGatewayStream *self = g_new0 (RbGatewayStream, 1);

  self->cursor = rb_cursor_new (floor);
  self->in_flight = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->seen_max = duplicate_memory;
  rb_backoff_init (&self->missing_backoff, ASK_INITIAL_MS, ASK_MAX_MS);
  rb_backoff_init (&self->refused_backoff, ASK_INITIAL_MS, ASK_MAX_MS);
  return self;
}

void
rb_gateway_stream_free (RbGatewayStream *self)
{
  g_return_if_fail (self != NULL);

  g_queue_clear_full (&self->held, (GDestroyNotify) held_free);
  g_queue_clear_full (&self->loose, (GDestroyNotify) held_free);
  g_queue_clear (&self->seen_order);
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->in_flight);
  rb_cursor_free (self->cursor);
  g_free (self);
}

void
rb_gateway_stream_set_bounds (RbGatewayStream *self,
                              RbBounds        *bounds)
{
  g_return_if_fail (self != NULL);

  self->bounds = bounds;
  rb_bounds_set_limit (bounds, RB_GATEWAY_BOUND_HELD, RB_GATEWAY_HELD_MESSAGES);
  rb_bounds_set_limit (bounds, RB_GATEWAY_BOUND_HELD_BYTES, RB_GATEWAY_HELD_BYTES);
  rb_bounds_set_limit (bounds, RB_GATEWAY_BOUND_AHEAD, RB_GATEWAY_AHEAD_MAX);
  rb_bounds_set_limit (bounds, RB_GATEWAY_BOUND_DUPLICATES, self->seen_max);
}

static guint
count_held (RbGatewayStream *self)
{
  return self->held.length + self->loose.length;
}

/* What the cursor has to remember above its floor. */
static guint
count_ahead (RbGatewayStream *self)
{
  return rb_cursor_get_n_pending (self->cursor) + rb_cursor_get_n_refused (self->cursor);
}

static void
show (RbGatewayStream *self)
{
  rb_bounds_set_used (self->bounds, RB_GATEWAY_BOUND_HELD, count_held (self));
  rb_bounds_set_used (self->bounds, RB_GATEWAY_BOUND_HELD_BYTES, self->held_bytes);
  rb_bounds_set_used (self->bounds, RB_GATEWAY_BOUND_AHEAD, count_ahead (self));
  rb_bounds_set_used (self->bounds, RB_GATEWAY_BOUND_DUPLICATES, self->seen_order.length);
}

static gboolean
can_hold (RbGatewayStream *self,
          gsize            size)
{
  if (count_held (self) == 0)
    return TRUE;

  if (count_held (self) >= RB_GATEWAY_HELD_MESSAGES)
    rb_bounds_reached (self->bounds, RB_GATEWAY_BOUND_HELD);
  else if (size > RB_GATEWAY_HELD_BYTES || self->held_bytes > RB_GATEWAY_HELD_BYTES - size)
    rb_bounds_reached (self->bounds, RB_GATEWAY_BOUND_HELD_BYTES);
  else
    return TRUE;
  return FALSE;
}

/* One that is refused for long, or never comes, keeps the floor where it is, and each one above it has to be remembered. */
static gboolean
can_remember (RbGatewayStream *self)
{
  if (count_ahead (self) <= RB_GATEWAY_AHEAD_MAX)
    return TRUE;
  rb_bounds_reached (self->bounds, RB_GATEWAY_BOUND_AHEAD);
  return FALSE;
}

static Held *
hold (RbGatewayStream *self,
      gint64           seq,
      RbEnvelope      *envelope)
{
  Held *held = g_new0 (Held, 1);

  held->seq = seq;
  held->envelope = rb_envelope_ref (envelope);
  self->held_bytes += rb_envelope_get_size (envelope);
  return held;
}

/* They come in order, all but always. */
static void
insert_held (RbGatewayStream *self,
             Held            *held)
{
  GList *after = self->held.tail;

  while (after != NULL && ((const Held *) after->data)->seq > held->seq)
    after = after->prev;
  g_queue_insert_after (&self->held, after, held);
}

static gboolean
remember (RbGatewayStream *self,
          const char      *id)
{
  char *copy;

  if (id == NULL)
    return TRUE;
  if (g_hash_table_contains (self->seen, id))
    return FALSE;

  copy = g_strdup (id);
  g_hash_table_add (self->seen, copy);
  g_queue_push_tail (&self->seen_order, copy);
  if (self->seen_order.length > self->seen_max)
    {
      rb_bounds_reached (self->bounds, RB_GATEWAY_BOUND_DUPLICATES);
      g_hash_table_remove (self->seen, g_queue_pop_head (&self->seen_order));
    }
  return TRUE;
}

static RbGatewayStreamVerdict
receive_loose (RbGatewayStream *self,
               RbEnvelope      *envelope)
{
  if (!can_hold (self, rb_envelope_get_size (envelope)))
    return RB_GATEWAY_STREAM_NO_ROOM;
  if (!remember (self, rb_envelope_get_id (envelope)))
    return RB_GATEWAY_STREAM_KNOWN;

  g_queue_push_tail (&self->loose, hold (self, RB_CONNECTOR_NO_SEQ, envelope));
  show (self);
  return RB_GATEWAY_STREAM_HELD;
}

/* What we asked for is coming: no need to ask again as long as it does. */
static void
wait_for_more (RbGatewayStream *self,
               gint64           now_us)
{
  rb_backoff_reset (&self->missing_backoff);
  self->missing_due_us = now_us + rb_backoff_next (&self->missing_backoff) * 1000;
}

/**
 * rb_gateway_stream_receive:
 * @self: a stream
 * @seq: at least 1, or %RB_CONNECTOR_NO_SEQ
 * @envelope: the message
 * @now_us: now, monotonic
 *
 * A repetition is known by its sequence. The same message under another sequence is handed on: the broker remembers ids, for longer than a
 * connection or a process lives, and settles the copy with the first (IMP-44, IMP-46).
 *
 * Returns: what became of it
 */
RbGatewayStreamVerdict
rb_gateway_stream_receive (RbGatewayStream *self,
                           gint64           seq,
                           RbEnvelope      *envelope,
                           gint64           now_us)
{
  gboolean has_room;

  if (seq == RB_CONNECTOR_NO_SEQ)
    return receive_loose (self, envelope);
  if (rb_cursor_receive (self->cursor, seq) != RB_CURSOR_NEW)
    return RB_GATEWAY_STREAM_KNOWN;

  has_room = can_hold (self, rb_envelope_get_size (envelope)) && can_remember (self);
  if ((self->forgotten != 0 && seq > self->forgotten) || !has_room)
    {
      self->was_full |= !has_room;
      rb_cursor_forget (self->cursor, seq);
      self->forgotten = self->forgotten != 0 ? MIN (self->forgotten, seq) : seq;
      return RB_GATEWAY_STREAM_NO_ROOM;
    }

  if (seq == self->forgotten)
    self->forgotten = 0;
  insert_held (self, hold (self, seq, envelope));
  if (seq <= self->asked_top)
    wait_for_more (self, now_us);
  show (self);
  return RB_GATEWAY_STREAM_HELD;
}

void
rb_gateway_stream_set_window (RbGatewayStream *self,
                              guint            messages,
                              gsize            bytes)
{
  self->window_messages = messages;
  self->window_bytes = bytes;
}

static gboolean
has_window (RbGatewayStream *self,
            gsize            size)
{
  guint n_in_flight = g_hash_table_size (self->in_flight);

  if (n_in_flight >= self->window_messages)
    return FALSE;
  return n_in_flight == 0 || (size <= self->window_bytes && self->in_flight_bytes <= self->window_bytes - size);
}

static void
put_in_flight (RbGatewayStream *self,
               gint64           seq,
               gsize            size)
{
  g_hash_table_insert (self->in_flight, g_memdup2 (&seq, sizeof seq), GSIZE_TO_POINTER (size));
  self->in_flight_bytes += size;
}

static gboolean
land (RbGatewayStream *self,
      gint64           seq)
{
  gpointer size;

  if (!g_hash_table_lookup_extended (self->in_flight, &seq, NULL, &size))
    return FALSE;
  self->in_flight_bytes -= GPOINTER_TO_SIZE (size);
  g_hash_table_remove (self->in_flight, &seq);
  return TRUE;
}

/* Those without a sequence are never decided, so they take no room once they are handed on. */
RbEnvelope *
rb_gateway_stream_next (RbGatewayStream *self,
                        gint64          *seq)
{
  GQueue *queue = self->loose.length > 0 ? &self->loose : &self->held;
  const Held *head = g_queue_peek_head (queue);
  g_autofree Held *held = NULL;
  gsize size;

  if (head == NULL)
    return NULL;
  size = rb_envelope_get_size (head->envelope);
  if (!has_window (self, size))
    return NULL;

  held = g_queue_pop_head (queue);
  self->held_bytes -= size;
  if (held->seq != RB_CONNECTOR_NO_SEQ)
    put_in_flight (self, held->seq, size);
  *seq = held->seq;
  show (self);
  return held->envelope;
}

/* The floor may have passed what was held, what was forgotten, or all that was refused. */
static void
settle (RbGatewayStream *self)
{
  gint64 floor = rb_cursor_get_floor (self->cursor);
  const Held *head;

  while ((head = g_queue_peek_head (&self->held)) != NULL && head->seq <= floor)
    {
      self->held_bytes -= rb_envelope_get_size (head->envelope);
      held_free (g_queue_pop_head (&self->held));
    }
  if (self->forgotten <= floor)
    self->forgotten = 0;
  if (self->refused_top <= floor)
    {
      self->refused_top = 0;
      self->refused_due_us = 0;
      self->refused_wait_us = 0;
      rb_backoff_reset (&self->refused_backoff);
    }
  show (self);
}

void
rb_gateway_stream_accept (RbGatewayStream *self,
                          gint64           seq)
{
  /* Only once each, and only what was handed on. */
  if (!land (self, seq))
    return;

  rb_cursor_accept (self->cursor, seq);
  settle (self);
}

void
rb_gateway_stream_skip (RbGatewayStream *self,
                        gint64           seq)
{
  GList *link = self->held.head;

  while (link != NULL && ((const Held *) link->data)->seq != seq)
    link = link->next;
  if (link != NULL)
    {
      Held *held = link->data;

      self->held_bytes -= rb_envelope_get_size (held->envelope);
      g_queue_delete_link (&self->held, link);
      held_free (held);
    }
  if (seq == self->forgotten)
    self->forgotten = 0;
  rb_cursor_accept (self->cursor, seq);
  settle (self);
}

void
rb_gateway_stream_jump (RbGatewayStream *self,
                        gint64           floor)
{
  rb_cursor_jump (self->cursor, floor);
  settle (self);
}

void
rb_gateway_stream_release (RbGatewayStream *self,
                           gint64           seq,
                           gint64           now_us)
{
  if (!land (self, seq))
    return;

  if (seq <= rb_cursor_get_floor (self->cursor))
    return;

  rb_cursor_release (self->cursor, seq);
  self->refused_top = MAX (self->refused_top, seq);
  if (self->refused_wait_us == 0)
    self->refused_wait_us = rb_backoff_next (&self->refused_backoff) * 1000;
  if (self->refused_due_us <= now_us)
    self->refused_due_us = now_us + self->refused_wait_us;
}

void
rb_gateway_stream_expect (RbGatewayStream *self,
                          gint64           seq)
{
  rb_cursor_expect (self->cursor, seq);
}

gint64
rb_gateway_stream_get_floor (RbGatewayStream *self)
{
  return rb_cursor_get_floor (self->cursor);
}

gboolean
rb_gateway_stream_is_idle (RbGatewayStream *self)
{
  return g_hash_table_size (self->in_flight) == 0;
}

guint
rb_gateway_stream_get_n_held (RbGatewayStream *self)
{
  return count_held (self);
}

GArray *
rb_gateway_stream_dup_refused (RbGatewayStream *self)
{
  return rb_cursor_dup_refused (self->cursor);
}

/* What never arrived: at once; but what we asked for already, or what is coming, after a while. */
static gint64
get_missing_due (RbGatewayStream *self,
                 gint64           now_us)
{
  gint64 missing = rb_cursor_get_first_missing (self->cursor);

  /* What there is no room for would only be dropped again. */
  if (missing == 0 || (missing == self->forgotten && count_ahead (self) >= RB_GATEWAY_AHEAD_MAX))
    return G_MAXINT64;
  if (missing > self->asked_top || (self->was_full && missing == self->forgotten))
    return now_us;
  return self->missing_due_us;
}

/**
 * rb_gateway_stream_get_ask_us:
 * @self: a stream
 * @now_us: now, monotonic
 *
 * Source: protocol.md IMP-26 and IMP-45.
 *
 * Returns: when to ask for a gap fill; not after @now_us: now. %G_MAXINT64: nothing is missing, or what came could not be taken
 */
gint64
rb_gateway_stream_get_ask_us (RbGatewayStream *self,
                              gint64           now_us)
{
  gint64 due_us;

  if (!rb_cursor_has_gap (self->cursor) || count_held (self) > 0 || !has_window (self, 0))
    return G_MAXINT64;

  due_us = get_missing_due (self, now_us);
  if (rb_cursor_get_n_refused (self->cursor) > 0)
    due_us = MIN (due_us, self->refused_due_us);
  if (self->asked_us != 0 && self->asked_floor == rb_cursor_get_floor (self->cursor))
    due_us = MAX (due_us, self->asked_us + MIN_ASK_US);
  return due_us;
}

guint
rb_gateway_stream_asked (RbGatewayStream *self,
                         gint64           now_us)
{
  gint64 missing = rb_cursor_get_first_missing (self->cursor);
  gboolean is_again = missing == self->asked_missing && missing <= self->asked_top;

  /* Asked for twice and not sent: it will not come, and what follows need not wait for it. */
  if (is_again && missing == self->forgotten && !self->was_full)
    self->forgotten = 0;
  if (!is_again)
    rb_backoff_reset (&self->missing_backoff);

  self->was_full = FALSE;
  self->asked_us = now_us;
  self->asked_floor = rb_cursor_get_floor (self->cursor);
  self->n_asked = is_again ? self->n_asked + 1 : 1;
  self->asked_missing = missing;
  self->asked_top = rb_cursor_get_highest (self->cursor);
  self->missing_due_us = now_us + rb_backoff_next (&self->missing_backoff) * 1000;
  if (rb_cursor_get_n_refused (self->cursor) > 0)
    {
      self->refused_wait_us = rb_backoff_next (&self->refused_backoff) * 1000;
      self->refused_due_us = now_us + self->refused_wait_us;
    }
  return self->n_asked;
}

gint64
rb_gateway_stream_get_asked (RbGatewayStream *self)
{
  return self->asked_missing;
}

/* To register is to ask: the gateway sends what it has above our cursor. */
void
rb_gateway_stream_reconnected (RbGatewayStream *self,
                               gint64           now_us)
{
  self->asked_missing = 0;
  rb_gateway_stream_asked (self, now_us);
  self->asked_floor = -1;
}
