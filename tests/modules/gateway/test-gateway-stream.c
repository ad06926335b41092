/* test-gateway-stream.c: what has arrived on a delivery stream, what may be handed on, and what to ask for (protocol.md 13.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-stream.h"

#include "rb-connector.h"
#include "rb-fake-clock.h"
#include "rb-gateway-bounds.h"
#include "rb-json.h"
#include "rb-test.h"

#define SECOND G_USEC_PER_SEC
#define NEVER G_MAXINT64

static RbEnvelope *
make (const char *id,
      gsize       size)
{
  g_autofree char *text = g_strnfill (size, 'x');
  g_autoptr(GBytes) content = rb_json_slice_from_string (text);

  return rb_envelope_new (id, "bob", NULL, content, NULL, NULL);
}

static RbGatewayStreamVerdict
receive_at (RbGatewayStream *stream,
            gint64           seq,
            gint64           now_us)
{
  g_autofree char *id = g_strdup_printf ("m-%" G_GINT64_FORMAT, seq);
  g_autoptr(RbEnvelope) envelope = make (id, 10);

  return rb_gateway_stream_receive (stream, seq, envelope, now_us);
}

static RbGatewayStreamVerdict
receive (RbGatewayStream *stream,
         gint64           seq)
{
  return receive_at (stream, seq, SECOND);
}

/* The sequence handed on; 0: nothing is. */
static gint64
next (RbGatewayStream *stream)
{
  gint64 seq = 0;
  g_autoptr(RbEnvelope) envelope = rb_gateway_stream_next (stream, &seq);

  return seq;
}

static RbGatewayStream *
make_stream (gint64 floor)
{
  RbGatewayStream *stream = rb_gateway_stream_new (floor, 4);

  rb_gateway_stream_set_window (stream, 10, 1 << 20);
  return stream;
}

static void
test_window (void)
{
  g_autoptr(RbGatewayStream) stream = rb_gateway_stream_new (0, 4);

  g_test_summary ("Nothing is handed on while the window is closed, and never more than it allows.");

  for (gint64 seq = 1; seq <= 4; seq++)
    g_assert_cmpint (receive (stream, seq), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (next (stream), ==, 0);

  rb_gateway_stream_set_window (stream, 2, 1 << 20);
  g_assert_cmpint (next (stream), ==, 1);
  g_assert_cmpint (next (stream), ==, 2);
  g_assert_cmpint (next (stream), ==, 0);
  rb_gateway_stream_accept (stream, 2);
  g_assert_cmpint (next (stream), ==, 3);
  rb_gateway_stream_accept (stream, 2);
  g_assert_cmpint (next (stream), ==, 0);
  rb_gateway_stream_release (stream, 1, 0);
  g_assert_cmpint (next (stream), ==, 4);
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, 0);
}

static void
test_window_bytes (void)
{
  g_autoptr(RbGatewayStream) stream = rb_gateway_stream_new (0, 4);
  g_autoptr(RbEnvelope) large = make ("large", 5000);

  g_test_summary ("The bytes in flight are bounded; one message that is larger goes alone.");

  rb_gateway_stream_set_window (stream, 10, 1000);
  receive (stream, 1);
  rb_gateway_stream_receive (stream, 2, large, SECOND);
  receive (stream, 3);
  g_assert_cmpint (next (stream), ==, 1);
  g_assert_cmpint (next (stream), ==, 0);
  rb_gateway_stream_accept (stream, 1);
  g_assert_cmpint (next (stream), ==, 2);
  g_assert_cmpint (next (stream), ==, 0);
  rb_gateway_stream_accept (stream, 2);
  g_assert_cmpint (next (stream), ==, 3);
}

static void
test_repetitions (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (4);

  g_test_summary ("A repetition is dropped while it is held, in flight, accepted or below the floor; a released one is taken again.");

  g_assert_cmpint (receive (stream, 4), ==, RB_GATEWAY_STREAM_KNOWN);
  g_assert_cmpint (receive (stream, 6), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (receive (stream, 6), ==, RB_GATEWAY_STREAM_KNOWN);
  g_assert_cmpint (next (stream), ==, 6);
  g_assert_cmpint (receive (stream, 6), ==, RB_GATEWAY_STREAM_KNOWN);
  rb_gateway_stream_release (stream, 6, 0);
  g_assert_cmpint (receive (stream, 6), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (next (stream), ==, 6);
  rb_gateway_stream_accept (stream, 6);
  g_assert_cmpint (receive (stream, 6), ==, RB_GATEWAY_STREAM_KNOWN);
  g_assert_true (rb_gateway_stream_is_idle (stream));
}

static void
test_loose (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  g_autoptr(RbEnvelope) anonymous = make (NULL, 1);

  g_test_summary ("Messages without a sequence take no room once handed on; the last four ids are remembered.");

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *id = g_strdup_printf ("u-%u", i);
      g_autoptr(RbEnvelope) envelope = make (id, 10);

      g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, envelope, SECOND), ==, RB_GATEWAY_STREAM_HELD);
      g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, envelope, SECOND), ==, RB_GATEWAY_STREAM_KNOWN);
      g_assert_cmpint (next (stream), ==, RB_CONNECTOR_NO_SEQ);
      g_assert_true (rb_gateway_stream_is_idle (stream));
    }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, anonymous, SECOND), ==, RB_GATEWAY_STREAM_HELD);
      g_assert_cmpint (next (stream), ==, RB_CONNECTOR_NO_SEQ);
    }
  {
    g_autoptr(RbEnvelope) first = make ("u-0", 10);
    g_autoptr(RbEnvelope) last = make ("u-4", 10);

    g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, last, SECOND), ==, RB_GATEWAY_STREAM_KNOWN);
    g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, first, SECOND), ==, RB_GATEWAY_STREAM_HELD);
  }
}

static void
test_loose_bound (void)
{
  g_autoptr(RbGatewayStream) stream = rb_gateway_stream_new (0, 10000);

  g_test_summary ("Messages without a sequence wait up to the bound; beyond it they are dropped.");

  for (guint i = 0; i <= RB_GATEWAY_HELD_MESSAGES; i++)
    {
      g_autofree char *id = g_strdup_printf ("u-%u", i);
      g_autoptr(RbEnvelope) envelope = make (id, 10);

      g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, envelope, SECOND), ==,
                       i < RB_GATEWAY_HELD_MESSAGES ? RB_GATEWAY_STREAM_HELD : RB_GATEWAY_STREAM_NO_ROOM);
    }
}

static void
test_order_when_full (void)
{
  g_autoptr(RbGatewayStream) stream = rb_gateway_stream_new (0, 4);
  gint64 count = RB_GATEWAY_HELD_MESSAGES;

  g_test_summary ("What finds no room is forgotten with all that follows, asked for when the rest is gone, and none overtakes another.");

  for (gint64 seq = 1; seq <= count; seq++)
    g_assert_cmpint (receive (stream, seq), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (receive (stream, count + 1), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, NEVER);

  rb_gateway_stream_set_window (stream, 1, 1 << 20);
  for (gint64 seq = 1; seq <= count; seq++)
    {
      g_assert_cmpint (next (stream), ==, seq);
      rb_gateway_stream_accept (stream, seq);
      g_assert_cmpint (receive (stream, count + 2), ==, RB_GATEWAY_STREAM_NO_ROOM);
    }
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, SECOND);
  rb_gateway_stream_asked (stream, SECOND);
  g_assert_cmpint (receive (stream, count + 2), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (receive (stream, count + 1), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (receive (stream, count + 2), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (next (stream), ==, count + 1);
}

static void
test_order_is_not_for_ever (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  g_autoptr(RbEnvelope) large = make ("large", RB_GATEWAY_HELD_BYTES);

  g_test_summary ("What was forgotten and does not come when it is asked for twice holds up nothing any more.");

  receive (stream, 1);
  g_assert_cmpint (rb_gateway_stream_receive (stream, 2, large, SECOND), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (next (stream), ==, 1);
  rb_gateway_stream_accept (stream, 1);
  rb_gateway_stream_asked (stream, SECOND);
  g_assert_cmpint (receive (stream, 3), ==, RB_GATEWAY_STREAM_NO_ROOM);
  rb_gateway_stream_asked (stream, 2 * SECOND);
  g_assert_cmpint (receive (stream, 3), ==, RB_GATEWAY_STREAM_HELD);
}

static void
test_large_alone (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  g_autoptr(RbEnvelope) large = make ("large", 2 * RB_GATEWAY_HELD_BYTES);

  g_test_summary ("A message that is larger than all room is held when it is alone.");

  g_assert_cmpint (rb_gateway_stream_receive (stream, 1, large, SECOND), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (receive (stream, 2), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (next (stream), ==, 1);
}

static RbBounds *
watch (RbGatewayStream *stream,
       RbClock         *clock)
{
  RbBounds *bounds = rb_bounds_new (rb_gateway_bound_infos, RB_N_GATEWAY_BOUNDS, clock);

  rb_gateway_stream_set_bounds (stream, bounds);
  return bounds;
}

static void
test_bounds_of_held (void)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(RbGatewayStream) stream = rb_gateway_stream_new (0, 2);
  g_autoptr(RbBounds) bounds = watch (stream, clock);
  g_autoptr(RbEnvelope) large = make (NULL, RB_GATEWAY_HELD_BYTES / 2);

  g_test_summary ("What is held is counted, in messages and in bytes, and so is what was not taken for want of room.");

  for (gint64 seq = 1; seq <= RB_GATEWAY_HELD_MESSAGES; seq++)
    g_assert_cmpint (receive (stream, seq), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (receive (stream, RB_GATEWAY_HELD_MESSAGES + 1), ==, RB_GATEWAY_STREAM_NO_ROOM);
  rb_test_assert_bound (bounds, "gateway_held");
  rb_gateway_stream_jump (stream, RB_GATEWAY_HELD_MESSAGES);
  g_assert_cmpuint (rb_bounds_get (bounds, RB_GATEWAY_BOUND_HELD)->used, ==, 0);

  for (guint i = 0; i < 2; i++)
    rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, large, SECOND);
  g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, large, SECOND), ==, RB_GATEWAY_STREAM_NO_ROOM);
  rb_test_assert_bound (bounds, "gateway_held_bytes");
  rb_gateway_stream_set_window (stream, 10, 64 << 20);
  while (next (stream) != 0)
    ;
  g_assert_cmpint (rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, large, SECOND), ==, RB_GATEWAY_STREAM_HELD);
  next (stream);

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("u-%u", i);
      g_autoptr(RbEnvelope) envelope = make (id, 10);

      rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, envelope, SECOND);
      next (stream);
    }
  rb_test_assert_bound (bounds, "gateway_duplicates");
  g_assert_cmpuint (rb_bounds_get (bounds, RB_GATEWAY_BOUND_DUPLICATES)->used, ==, 2);
  g_assert_cmpuint (rb_bounds_get (bounds, RB_GATEWAY_BOUND_DUPLICATES)->n_reached, ==, 1);
}

static void
test_bound_of_ahead (void)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  g_autoptr(RbBounds) bounds = watch (stream, clock);
  gint64 last = RB_GATEWAY_AHEAD_MAX;

  g_test_summary ("One that is refused for long does not make us remember all that follow: from the bound on nothing new is taken.");

  g_assert_cmpint (receive (stream, 1), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (next (stream), ==, 1);
  rb_gateway_stream_release (stream, 1, SECOND);
  for (gint64 seq = 2; seq <= last; seq++)
    {
      g_assert_cmpint (receive (stream, seq), ==, RB_GATEWAY_STREAM_HELD);
      g_assert_cmpint (next (stream), ==, seq);
      rb_gateway_stream_accept (stream, seq);
    }
  g_assert_cmpint (receive (stream, last + 1), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (receive (stream, last + 2), ==, RB_GATEWAY_STREAM_NO_ROOM);
  rb_test_assert_bound (bounds, "gateway_ahead");

  /* It is asked for, and comes: the floor moves, and so does everything. */
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 100 * SECOND), <=, 100 * SECOND);
  rb_gateway_stream_asked (stream, 100 * SECOND);
  g_assert_cmpint (receive_at (stream, 1, 100 * SECOND), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (next (stream), ==, 1);
  rb_gateway_stream_accept (stream, 1);
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, last);
  g_assert_cmpuint (rb_bounds_get (bounds, RB_GATEWAY_BOUND_AHEAD)->used, ==, 0);
  g_assert_cmpint (receive_at (stream, last + 1, 101 * SECOND), ==, RB_GATEWAY_STREAM_HELD);
  g_assert_cmpint (receive_at (stream, last + 2, 101 * SECOND), ==, RB_GATEWAY_STREAM_HELD);
}

/* As long as the oldest is refused, the one that had no room is not asked for every second, with all that lies below it. */
static void
test_ahead_is_patient (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  gint64 last = RB_GATEWAY_AHEAD_MAX;
  gint64 now_us = SECOND;
  guint n_asked = 0;

  receive (stream, 1);
  next (stream);
  rb_gateway_stream_release (stream, 1, SECOND);
  for (gint64 seq = 2; seq <= last; seq++)
    {
      receive (stream, seq);
      next (stream);
      rb_gateway_stream_accept (stream, seq);
    }
  for (guint i = 0; i < 600; i++, now_us += SECOND)
    {
      if (rb_gateway_stream_get_ask_us (stream, now_us) <= now_us)
        {
          rb_gateway_stream_asked (stream, now_us);
          n_asked++;
          if (receive_at (stream, 1, now_us) == RB_GATEWAY_STREAM_HELD)
            {
              next (stream);
              rb_gateway_stream_release (stream, 1, now_us);
            }
          g_assert_cmpint (receive_at (stream, last + 1, now_us), ==, RB_GATEWAY_STREAM_NO_ROOM);
        }
    }
  g_assert_cmpuint (n_asked, >=, 10);
  g_assert_cmpuint (n_asked, <=, 60);
}

static void
test_gap (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (4);

  g_test_summary ("A gap is asked for at once, then after 1 s, 2 s, 4 s while the same message is missing; another gap after 1 s at the earliest.");

  receive (stream, 5);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, NEVER);
  receive (stream, 7);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, SECOND);
  rb_gateway_stream_asked (stream, SECOND);
  receive (stream, 8);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, 2 * SECOND);
  rb_gateway_stream_asked (stream, 2 * SECOND);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 2 * SECOND), ==, 4 * SECOND);
  rb_gateway_stream_asked (stream, 4 * SECOND);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 4 * SECOND), ==, 8 * SECOND);

  receive (stream, 6);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 4 * SECOND), ==, NEVER);
  receive (stream, 10);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 4 * SECOND + 5), ==, 5 * SECOND);
  rb_gateway_stream_accept (stream, 5);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 4 * SECOND + 5), ==, 4 * SECOND + 5);
}

static void
test_gap_backoff_caps (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  gint64 now = SECOND;
  gint64 due = now;

  g_test_summary ("However long a message is missing, it is asked for every 30 s.");

  receive (stream, 2);
  next (stream);
  for (guint i = 0; i < 10; i++)
    {
      due = rb_gateway_stream_get_ask_us (stream, now);
      g_assert_cmpint (due - now, <=, 30 * SECOND);
      now = due;
      rb_gateway_stream_asked (stream, now);
    }
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, now), ==, now + 30 * SECOND);
}

static void
test_refused (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  gint64 now = SECOND;

  g_test_summary ("What was refused is asked for after 1 s, 2 s, 4 s, also when others are accepted in between; when it is settled that starts over.");

  for (gint64 seq = 1; seq <= 3; seq++)
    {
      receive (stream, seq);
      next (stream);
    }
  for (gint64 wait = 1; wait <= 4; wait *= 2)
    {
      rb_gateway_stream_release (stream, 1, now);
      g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, now), ==, now + wait * SECOND);
      now += wait * SECOND;
      rb_gateway_stream_asked (stream, now);
      receive (stream, 1);
      next (stream);
      g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, now), ==, NEVER);
      rb_gateway_stream_accept (stream, 3);
      now += 60 * SECOND;
    }
  rb_gateway_stream_accept (stream, 1);
  rb_gateway_stream_accept (stream, 2);
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, 3);

  receive (stream, 4);
  next (stream);
  rb_gateway_stream_release (stream, 4, now);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, now), ==, now + SECOND);
}

static void
test_what_comes_is_not_asked_for (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);

  g_test_summary ("While what was asked for is coming it is not asked for again; when it stops, after 1 s.");

  rb_gateway_stream_expect (stream, 5);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, SECOND);
  rb_gateway_stream_asked (stream, SECOND);
  for (gint64 seq = 1; seq <= 4; seq++)
    {
      receive_at (stream, seq, seq * 10 * SECOND);
      next (stream);
      rb_gateway_stream_accept (stream, seq);
      g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, seq * 10 * SECOND), ==, (seq * 10 + 1) * SECOND);
    }
  receive_at (stream, 5, 50 * SECOND);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 50 * SECOND), ==, NEVER);
}

static void
test_full_again (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (0);
  g_autoptr(RbEnvelope) large = make ("large", RB_GATEWAY_HELD_BYTES);

  g_test_summary ("What was asked for and found no room again is asked for as soon as there is some.");

  receive (stream, 1);
  rb_gateway_stream_receive (stream, 2, large, SECOND);
  next (stream);
  rb_gateway_stream_accept (stream, 1);
  rb_gateway_stream_asked (stream, SECOND);
  rb_gateway_stream_receive (stream, RB_CONNECTOR_NO_SEQ, large, SECOND);
  g_assert_cmpint (rb_gateway_stream_receive (stream, 2, large, SECOND), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (next (stream), ==, RB_CONNECTOR_NO_SEQ);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 3 * SECOND), ==, 3 * SECOND);
  rb_gateway_stream_asked (stream, 3 * SECOND);
  g_assert_cmpint (receive (stream, 3), ==, RB_GATEWAY_STREAM_NO_ROOM);
  g_assert_cmpint (rb_gateway_stream_receive (stream, 2, large, SECOND), ==, RB_GATEWAY_STREAM_HELD);
}

static void
test_skip_and_jump (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (4);

  g_test_summary ("A skip and a jump move the floor over what is missing, and drop what was held below.");

  receive (stream, 6);
  rb_gateway_stream_skip (stream, 5);
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, 5);
  rb_gateway_stream_skip (stream, 6);
  g_assert_cmpuint (rb_gateway_stream_get_n_held (stream), ==, 0);
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, 6);

  receive (stream, 8);
  receive (stream, 9);
  rb_gateway_stream_jump (stream, 8);
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, 8);
  g_assert_cmpuint (rb_gateway_stream_get_n_held (stream), ==, 1);
  g_assert_cmpint (next (stream), ==, 9);

  rb_gateway_stream_expect (stream, 12);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, SECOND);
  rb_gateway_stream_jump (stream, 12);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, SECOND), ==, NEVER);
  g_assert_false (rb_gateway_stream_is_idle (stream));
  rb_gateway_stream_accept (stream, 9);
  g_assert_true (rb_gateway_stream_is_idle (stream));
  g_assert_cmpint (rb_gateway_stream_get_floor (stream), ==, 12);
}

static void
test_reconnected (void)
{
  g_autoptr(RbGatewayStream) stream = make_stream (4);

  g_test_summary ("To register is to ask for what was missing then; a gap that opens afterwards is asked for at once.");

  receive (stream, 6);
  next (stream);
  rb_gateway_stream_asked (stream, SECOND);
  rb_gateway_stream_asked (stream, 2 * SECOND);
  rb_gateway_stream_reconnected (stream, 3 * SECOND);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 3 * SECOND), ==, 4 * SECOND);
  receive (stream, 5);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 3 * SECOND), ==, NEVER);
  receive (stream, 8);
  next (stream);
  g_assert_cmpint (rb_gateway_stream_get_ask_us (stream, 3 * SECOND), ==, 3 * SECOND);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/stream/window", test_window);
  g_test_add_func ("/gateway/stream/window-bytes", test_window_bytes);
  g_test_add_func ("/gateway/stream/repetitions", test_repetitions);
  g_test_add_func ("/gateway/stream/loose", test_loose);
  g_test_add_func ("/gateway/stream/loose-bound", test_loose_bound);
  g_test_add_func ("/gateway/stream/order-when-full", test_order_when_full);
  g_test_add_func ("/gateway/stream/order-is-not-for-ever", test_order_is_not_for_ever);
  g_test_add_func ("/gateway/stream/large-alone", test_large_alone);
  g_test_add_func ("/gateway/stream/bounds/held", test_bounds_of_held);
  g_test_add_func ("/gateway/stream/bounds/ahead", test_bound_of_ahead);
  g_test_add_func ("/gateway/stream/bounds/ahead-is-patient", test_ahead_is_patient);
  g_test_add_func ("/gateway/stream/gap", test_gap);
  g_test_add_func ("/gateway/stream/gap-backoff-caps", test_gap_backoff_caps);
  g_test_add_func ("/gateway/stream/refused", test_refused);
  g_test_add_func ("/gateway/stream/what-comes-is-not-asked-for", test_what_comes_is_not_asked_for);
  g_test_add_func ("/gateway/stream/full-again", test_full_again);
  g_test_add_func ("/gateway/stream/skip-and-jump", test_skip_and_jump);
  g_test_add_func ("/gateway/stream/reconnected", test_reconnected);
  return g_test_run ();
}
