/* test-http-events.c: the control event stream and its acknowledgements (protocol.md 15.1, 15.3, 15.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-fixture.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-http-acks.h"
#include "rb-http-events.h"

#include <string.h>

#define STREAM "GET /v1/runtime/control-events"
#define ACK "POST /v1/runtime/control-ack"
#define NUDGE(key) "{\"type\":\"dispatch_nudge\",\"version\":1,\"idempotency_key\":\"" key "\",\"emitted_at\":5,\"undispatched_id\":\"u\"," \
                   "\"target_endpoint_id\":\"ep\"}"

static RbSimEvents *
events (HttpFixture *fixture)
{
  return rb_sim_get_events (fixture->sim);
}

static guint
n_subscribed (HttpFixture *fixture)
{
  return rb_sim_count (fixture->sim, STREAM, NULL);
}

static guint
n_controls (HttpFixture *fixture,
            const char  *key)
{
  guint n = 0;

  for (guint i = 0; i < fixture->controls->len; i++)
    {
      const char *text = NULL;

      g_variant_lookup (fixture->controls->pdata[i], "idempotency_key", "&s", &text);
      n += key == NULL || g_strcmp0 (text, key) == 0;
    }
  return n;
}

static gboolean
is_acked (HttpFixture *fixture,
          const char  *key,
          const char  *ack)
{
  g_autofree char *said = rb_sim_dup_ack (fixture->sim, key);

  return g_strcmp0 (said, ack) == 0;
}

static void
test_variants (HttpFixture   *fixture,
               gconstpointer  data)
{
  g_autofree char *nudge = NULL;
  g_autofree char *spawn = NULL;
  g_autofree char *unregister = NULL;
  g_autofree char *owner = NULL;

  g_test_summary ("Each known variant reaches the broker, once, and nobody but the broker acknowledges it.");

  http_fixture_start (fixture);
  nudge = rb_sim_nudge (fixture->sim, "u", "ep_1");
  spawn = rb_sim_spawn (fixture->sim, "codex", "-p \"x\"\n");
  unregister = rb_sim_force_unregister (fixture->sim, "ep_1", "owner");
  owner = rb_sim_owner_session (fixture->sim, "ep_1", "text");
  rb_test_wait_until (fixture->controls->len == 4);
  g_assert_cmpuint (n_controls (fixture, nudge), ==, 1);
  g_assert_cmpuint (n_controls (fixture, spawn), ==, 1);
  g_assert_cmpuint (n_controls (fixture, unregister), ==, 1);
  g_assert_cmpuint (n_controls (fixture, owner), ==, 1);
  rb_test_settle ();
  g_assert_cmpuint (rb_sim_count (fixture->sim, ACK, NULL), ==, 0);
}

static void
test_not_for_us (HttpFixture   *fixture,
                 gconstpointer  data)
{
  g_test_summary ("What the broker must not see is acknowledged at once, or logged, and the stream goes on.");

  http_fixture_start (fixture);
  rb_sim_events_send (events (fixture), "{\"version\":2,\"idempotency_key\":\"k2\",\"type\":\"dispatch_nudge\"}");
  rb_sim_events_send (events (fixture), "{\"version\":1,\"idempotency_key\":\"k3\",\"emitted_at\":1,\"type\":\"brand_new\"}");
  rb_sim_events_send (events (fixture), "{\"version\":1,\"idempotency_key\":\"k4\",\"emitted_at\":1,\"type\":\"dispatch_nudge\"}");
  rb_sim_events_send (events (fixture), "no JSON");
  rb_sim_events_send (events (fixture), "[]");
  rb_sim_events_send (events (fixture), NUDGE ("k5"));
  rb_test_wait_until (fixture->controls->len == 1);
  g_assert_cmpuint (n_controls (fixture, "k5"), ==, 1);
  g_assert_cmpuint (rb_test_count_log ("sse_frame_unparseable"), ==, 1);
  rb_test_wait_until (is_acked (fixture, "k2", "failed: unsupported_protocol_version"));
  rb_test_wait_until (is_acked (fixture, "k3", "applied: unknown_variant_dropped"));
  rb_test_wait_until (is_acked (fixture, "k4", "failed: invalid_control_event"));
  g_assert_cmpuint (rb_sim_count (fixture->sim, ACK, NULL), ==, 3);
}

static const RbSimFraming framings[] = {
  { .line_end = "\n" },
  { .line_end = "\r" },
  { .line_end = "\r\n" },
  { .line_end = "\r\n", .piece_bytes = 1 },
  { .line_end = "\n", .piece_bytes = 7, .comments = TRUE, .split_data = TRUE },
  { .no_ids = TRUE, .retry_ms = 5 },
};

static void
test_framing (HttpFixture   *fixture,
              gconstpointer  data)
{
  g_test_summary ("Events arrive whatever the line ends, and however the bytes are cut.");

  http_fixture_start (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (framings); i++)
    {
      rb_sim_events_set_framing (events (fixture), &framings[i]);
      rb_sim_events_send (events (fixture), NUDGE ("k"));
      rb_test_wait_until (fixture->controls->len == i + 1);
    }
}

/* Until the next subscription is answered. */
static void
reopen (HttpFixture *fixture,
        gint64       wait_ms)
{
  guint before = n_subscribed (fixture);

  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, wait_ms - 1);
  g_assert_cmpuint (n_subscribed (fixture), ==, before);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 1);
  rb_test_settle ();
}

static void
test_ended (HttpFixture   *fixture,
            gconstpointer  data)
{
  g_test_summary ("A stream that ends, in an orderly way or not, is reopened a second later, each time (15.3).");

  http_fixture_start (fixture);
  rb_test_settle ();
  for (guint i = 0; i < 4; i++)
    {
      rb_sim_events_end (events (fixture), i % 2 == 0);
      reopen (fixture, 1000);
    }
  g_assert_cmpuint (rb_test_count_log ("sse_reconnect"), ==, 0);
}

static void
test_resumed (HttpFixture   *fixture,
              gconstpointer  data)
{
  g_autofree char *last = NULL;
  const RbSimEntry *entry;
  guint id;

  g_test_summary ("The next subscription begins behind the last event that was seen; what was missed is sent again, and nothing else.");

  http_fixture_start (fixture);
  id = rb_sim_events_send (events (fixture), NUDGE ("k1"));
  rb_test_wait_until (fixture->controls->len == 1);
  rb_sim_events_cut_next (events (fixture));
  rb_sim_events_send (events (fixture), NUDGE ("k2"));
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  rb_sim_events_send (events (fixture), NUDGE ("k3"));
  reopen (fixture, 1000);
  rb_test_wait_until (fixture->controls->len == 3);

  entry = rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, STREAM, NULL, -1);
  last = g_strdup_printf ("%u", id);
  g_assert_cmpstr (entry->last_event_id, ==, last);
  g_assert_cmpuint (n_controls (fixture, "k1"), ==, 1);
  g_assert_cmpuint (n_controls (fixture, "k2"), ==, 1);
  g_assert_cmpuint (n_controls (fixture, "k3"), ==, 1);
}

static void
test_cut_anywhere (HttpFixture   *fixture,
                   gconstpointer  data)
{
  static const char frame[] = "id: 77\r\ndata: " NUDGE ("cut") "\r\n\r\n";
  guint whole = 0;

  g_test_summary ("A stream that breaks after any byte of a frame gives the frame whole or not at all.");

  http_fixture_start (fixture);
  for (gsize n = 0; n < sizeof frame; n++)
    {
      rb_test_settle ();
      rb_sim_events_send_raw (events (fixture), frame, (gssize) n);
      /* The end of its blank line's CR is the end of the frame. */
      whole += n >= strlen (frame) - 1;
      rb_test_wait_until (fixture->controls->len == whole);
      rb_sim_events_end (events (fixture), n % 2 == 0);
      reopen (fixture, 1000);
      g_assert_cmpuint (fixture->controls->len, ==, whole);
    }
  g_assert_cmpuint (whole, ==, 2);
}

static void
test_refused_for_ever (HttpFixture   *fixture,
                       gconstpointer  data)
{
  static const gint64 waits_ms[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };
  guint asked;

  g_test_summary ("A refused subscription is tried for ever, with longer and longer waits; 401 and 403 too (15.3).");

  http_fixture_start (fixture);
  rb_sim_fail (fixture->sim, STREAM, 4, 401, NULL);
  rb_sim_fail (fixture->sim, STREAM, 4, 403, NULL);
  rb_test_settle ();
  rb_sim_events_end (events (fixture), FALSE);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  rb_test_settle ();
  for (gsize i = 0; i < G_N_ELEMENTS (waits_ms); i++)
    {
      asked = n_subscribed (fixture);
      rb_fake_clock_advance (fixture->clock, waits_ms[i] - 1);
      g_assert_cmpuint (n_subscribed (fixture), ==, asked);
      rb_fake_clock_advance (fixture->clock, 1);
      rb_test_wait_until (rb_test_count_log ("sse_reconnect") == 1);
      g_assert_cmpuint (n_subscribed (fixture), ==, asked + 1);
    }
  reopen (fixture, 30000);
  rb_sim_events_end (events (fixture), FALSE);
  reopen (fixture, 1000);
}

static void
test_told_to_wait (HttpFixture   *fixture,
                   gconstpointer  data)
{
  const RbSimFault busy = {
    .request = STREAM, .kind = RB_SIM_FAULT_STATUS, .status = 503, .header = "Retry-After: 20", .times = 1,
  };

  g_test_summary ("retry, and Retry-After, are the least to wait (IMP-48).");

  http_fixture_start (fixture);
  rb_test_settle ();
  rb_sim_events_send_raw (events (fixture), "retry: 5000\n\n", -1);
  rb_test_settle ();
  for (guint i = 0; i < 2; i++)
    {
      rb_sim_events_end (events (fixture), TRUE);
      reopen (fixture, 5000);
    }
  rb_sim_events_send_raw (events (fixture), "retry: 0\n\n", -1);
  rb_test_settle ();

  rb_sim_add_fault (fixture->sim, &busy);
  rb_sim_events_end (events (fixture), TRUE);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_test_count_log ("sse_reconnect") == 1);
  reopen (fixture, 20000);
}

static void
test_silence (HttpFixture   *fixture,
              gconstpointer  data)
{
  g_test_summary ("A stream without a byte for too long is dead; a comment is a sign of life (IMP-48).");

  http_fixture_start (fixture);
  rb_test_settle ();
  for (guint i = 0; i < 3; i++)
    {
      rb_fake_clock_advance (fixture->clock, 89999);
      rb_sim_events_send_raw (events (fixture), ": still here\n\n", -1);
      rb_test_settle ();
    }
  rb_fake_clock_advance (fixture->clock, 89999);
  g_assert_cmpuint (rb_sim_events_count (events (fixture)), ==, 1);
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (rb_test_count_log ("sse_reconnect"), ==, 1);
  reopen (fixture, 1000);
}

static void
test_silence_allowed (HttpFixture   *fixture,
                      gconstpointer  data)
{
  g_test_summary ("Without a limit a stream may be silent for as long as it likes.");

  http_fixture_set (fixture, "event-silence-ms", "0");
  http_fixture_start (fixture);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 24 * 3600 * 1000);
  g_assert_cmpuint (rb_sim_events_count (events (fixture)), ==, 1);
  g_assert_cmpuint (n_subscribed (fixture), ==, 1);
}

static void
test_slept (HttpFixture   *fixture,
            gconstpointer  data)
{
  g_test_summary ("After system sleep the stream is opened anew at once, behind the last event that was seen.");

  http_fixture_start (fixture);
  rb_sim_events_send (events (fixture), NUDGE ("before"));
  rb_test_wait_until (fixture->controls->len == 1);
  rb_test_settle ();
  rb_fake_clock_sleep (fixture->clock, 45000);
  rb_test_wait_until (n_subscribed (fixture) == 2);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 1);
  g_assert_cmpuint (rb_test_count_log ("sse_reopened_after_sleep"), ==, 1);
  rb_sim_events_send (events (fixture), NUDGE ("after"));
  rb_test_wait_until (n_controls (fixture, "after") == 1);
  g_assert_cmpuint (n_controls (fixture, "before"), ==, 1);
}

static void
test_slept_waiting (HttpFixture   *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A wait that the sleep outlasted is over at once.");

  http_fixture_start (fixture);
  rb_test_settle ();
  rb_sim_events_end (events (fixture), TRUE);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  rb_test_settle ();
  rb_fake_clock_sleep (fixture->clock, 3600000);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 1);
}

static void
test_huge_frame (HttpFixture   *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A frame beyond 4 MiB ends the stream, not the broker; what follows it is received.");

  http_fixture_start (fixture);
  rb_sim_events_send_huge (events (fixture), 5 * 1024 * 1024);
  rb_test_wait_until (rb_test_count_log ("sse_reconnect") == 1);
  reopen (fixture, 1000);
  rb_sim_events_send_raw (events (fixture), "data: " NUDGE ("after") "\n\n", -1);
  rb_test_wait_until (n_controls (fixture, "after") == 1);
}

static void
test_hanging_subscription (HttpFixture   *fixture,
                           gconstpointer  data)
{
  const RbSimFault fault = { .request = STREAM, .kind = RB_SIM_FAULT_HANG, .times = 1 };
  g_autoptr(GError) error = NULL;

  g_test_summary ("A subscription that is not answered is given up after the time of a request.");

  rb_sim_add_fault (fixture->sim, &fault);
  http_fixture_make (fixture);
  g_assert_true (http_fixture_start_one (fixture->upstream, &error));
  rb_test_wait_until (n_subscribed (fixture) == 1);
  rb_fake_clock_advance (fixture->clock, 15000);
  g_assert_cmpuint (rb_test_count_log ("sse_reconnect"), ==, 1);
  reopen (fixture, 1000);
}

static void
test_stop_opening (HttpFixture   *fixture,
                   gconstpointer  data)
{
  const RbSimFault fault = { .request = STREAM, .kind = RB_SIM_FAULT_HANG };

  g_test_summary ("A stop ends a subscription that is not answered.");

  rb_sim_add_fault (fixture->sim, &fault);
  http_fixture_make (fixture);
  g_assert_true (http_fixture_start_one (fixture->upstream, NULL));
  rb_test_wait_until (n_subscribed (fixture) == 1);
  http_fixture_stop_one (fixture->upstream);
}

static void
test_stop_open (HttpFixture   *fixture,
                gconstpointer  data)
{
  g_test_summary ("A stop closes an open stream, also in the middle of a frame; nothing comes after it.");

  http_fixture_start (fixture);
  rb_sim_events_send_raw (events (fixture), "data: " NUDGE ("half"), -1);
  rb_test_settle ();
  http_fixture_stop_one (fixture->upstream);
  rb_sim_events_send_raw (events (fixture), "\n\n", -1);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  g_assert_cmpuint (fixture->controls->len, ==, 0);
}

static void
test_stop_waiting (HttpFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop ends a wait at once (IMP-49).");

  rb_sim_fail (fixture->sim, STREAM, 0, 403, NULL);
  http_fixture_make (fixture);
  g_assert_true (http_fixture_start_one (fixture->upstream, &error));
  rb_test_wait_until (rb_test_count_log ("sse_reconnect") == 1);
  http_fixture_stop_one (fixture->upstream);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (n_subscribed (fixture), ==, 1);
}

static void
on_control_stop (RbUpstream *upstream,
                 GVariant   *event,
                 gpointer    user_data)
{
  rb_module_stop_async (RB_MODULE (upstream), NULL, NULL, NULL);
}

static void
test_stop_in_handler (HttpFixture   *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A handler that stops the module gets nothing more, although more had arrived.");

  http_fixture_start (fixture);
  g_signal_connect (fixture->upstream, "control", G_CALLBACK (on_control_stop), NULL);
  rb_sim_events_send_raw (events (fixture), "data: " NUDGE ("k1") "\n\ndata: " NUDGE ("k2") "\n\n", -1);
  rb_test_wait_until (fixture->controls->len > 0);
  rb_test_wait_until (rb_sim_events_count (events (fixture)) == 0);
  g_assert_cmpuint (fixture->controls->len, ==, 1);
}

/* Acknowledgements */

static void
acknowledge (HttpFixture *fixture,
             const char  *key,
             const char  *status)
{
  g_autofree char *arguments = g_strdup_printf ("{'idempotency_key': <'%s'>, 'status': <'%s'>}", key, status);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = http_fixture_call (fixture, RB_UPSTREAM_CONTROL_ACK, arguments, &error);

  g_assert_no_error (error);
}

static guint
n_acks (HttpFixture *fixture)
{
  return rb_sim_count (fixture->sim, ACK, NULL);
}

static void
test_ack_repeated (HttpFixture   *fixture,
                   gconstpointer  data)
{
  g_test_summary ("An acknowledgement is answered at once, and repeated until it has arrived (IMP-51).");

  http_fixture_start (fixture);
  rb_sim_fail (fixture->sim, ACK, 2, 503, NULL);
  acknowledge (fixture, "k", "applied");
  rb_test_wait_until (n_acks (fixture) == 1);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 499);
  g_assert_cmpuint (n_acks (fixture), ==, 1);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (n_acks (fixture) == 2);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (is_acked (fixture, "k", "applied"));
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (n_acks (fixture), ==, 3);
  g_assert_cmpuint (rb_test_count_log ("ack_post_failed"), ==, 0);
}

static void
test_ack_given_up (HttpFixture   *fixture,
                   gconstpointer  data)
{
  const RbSimFault *fault = data;
  gboolean answers = fault->kind == RB_SIM_FAULT_STATUS;

  g_test_summary ("After six attempts it is given up, and logged: as failed where there was an answer, else as an error.");

  http_fixture_start (fixture);
  rb_sim_add_fault (fixture->sim, fault);
  acknowledge (fixture, "k", "applied");
  for (guint attempt = 1; attempt <= 6; attempt++)
    {
      rb_test_wait_until (n_acks (fixture) == attempt);
      rb_test_settle ();
      rb_fake_clock_advance (fixture->clock, 500 << (attempt - 1));
    }
  rb_test_wait_until (rb_test_count_log (answers ? "ack_post_failed" : "ack_post_error") == 1);
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (n_acks (fixture), ==, 6);
}

static void
test_ack_later (HttpFixture   *fixture,
                gconstpointer  data)
{
  g_test_summary ("The result of a spawn that does not arrive has a record of its own (protocol.md 15.6).");

  http_fixture_start (fixture);
  acknowledge (fixture, "k", "received");
  rb_test_wait_until (is_acked (fixture, "k", "received"));
  rb_sim_fail (fixture->sim, ACK, 0, 422, NULL);
  acknowledge (fixture, "k", "applied");
  rb_test_wait_until (rb_test_count_log ("post_control_ack_non_ok") == 1);
  acknowledge (fixture, "k", "applied");
  rb_test_wait_until (rb_test_count_log ("ack_post_failed") == 1);
  g_assert_cmpuint (rb_test_count_log ("post_control_ack_non_ok"), ==, 0);
}

static void
test_ack_refused (HttpFixture   *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A refusal for good is logged, and not repeated.");

  http_fixture_start (fixture);
  rb_sim_fail (fixture->sim, ACK, 0, 422, NULL);
  acknowledge (fixture, "k", "applied");
  rb_test_wait_until (rb_test_count_log ("ack_post_failed") == 1);
  rb_fake_clock_advance (fixture->clock, 60000);
  g_assert_cmpuint (n_acks (fixture), ==, 1);
}

static void
test_ack_order (HttpFixture   *fixture,
                gconstpointer  data)
{
  g_autofree char *last = NULL;

  g_test_summary ("Two acknowledgements of one event arrive in their order, although the first has to be repeated; others go ahead.");

  http_fixture_start (fixture);
  rb_sim_fail (fixture->sim, ACK, 1, 500, NULL);
  acknowledge (fixture, "spawn", "received");
  acknowledge (fixture, "spawn", "applied");
  acknowledge (fixture, "other", "applied");
  rb_test_wait_until (is_acked (fixture, "other", "applied"));
  rb_test_settle ();
  g_assert_cmpuint (n_acks (fixture), ==, 2);
  rb_fake_clock_advance (fixture->clock, 500);
  rb_test_wait_until (is_acked (fixture, "spawn", "applied"));
  last = rb_sim_dup_body (fixture->sim, ACK, -2);
  g_assert_nonnull (strstr (last, "received"));
}

static void
test_ack_bound (HttpFixture   *fixture,
                gconstpointer  data)
{
  const RbSimFault fault = { .request = ACK, .kind = RB_SIM_FAULT_HANG };
  g_autoptr(GError) full = NULL;
  g_autoptr(GError) nameless = NULL;

  g_test_summary ("So many are kept and no more; a stop drops them all.");

  http_fixture_start (fixture);
  rb_sim_add_fault (fixture->sim, &fault);
  for (guint i = 0; i < RB_HTTP_MAX_ACKS; i++)
    acknowledge (fixture, i % 2 == 0 ? "a" : "b", "applied");
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_CONTROL_ACK, "{'idempotency_key': <'c'>, 'status': <'applied'>}", &full));
  g_assert_error (full, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (full), ==, "too_many_acks");
  rb_test_assert_bound (fixture->bounds, "http_acks");
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_CONTROL_ACK, "{'status': <'applied'>}", &nameless));
  g_assert_error (nameless, RB_ERROR, RB_ERROR_INVALID);
}

static void
test_ack_keys_bound (HttpFixture   *fixture,
                     gconstpointer  data)
{
  g_test_summary ("What was only received is remembered for a while, and no longer than there is room.");

  http_fixture_start (fixture);
  for (guint i = 0; i <= RB_HTTP_MAX_ACK_KEYS; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      acknowledge (fixture, key, "received");
    }
  rb_test_assert_bound (fixture->bounds, "http_ack_keys");
  g_assert_cmpuint (rb_bounds_get (fixture->bounds, RB_HTTP_BOUND_ACK_KEYS)->used, ==, 1);
}

static void
test_event_bound (HttpFixture   *fixture,
                  gconstpointer  data)
{
  g_autofree char *rest = g_strnfill (RB_HTTP_MAX_FRAME, ' ');
  g_autofree char *text = g_strconcat (NUDGE ("k1"), rest, NULL);

  g_test_summary ("An event that is too long ends the stream, and the next one comes with another.");

  http_fixture_start (fixture);
  rb_sim_events_send (events (fixture), NUDGE ("k0"));
  rb_test_wait_until (fixture->controls->len == 1);
  rb_sim_events_send (events (fixture), text);
  rb_test_wait_until (rb_bounds_get (fixture->bounds, RB_HTTP_BOUND_EVENT)->n_reached == 1);
  rb_test_assert_bound (fixture->bounds, "http_event");
  g_assert_cmpuint (n_controls (fixture, "k1"), ==, 0);
}

static const RbSimFault ack_faults[] = {
  { .request = ACK, .kind = RB_SIM_FAULT_STATUS, .status = 500 },
  { .request = ACK, .kind = RB_SIM_FAULT_CLOSE },
};

static void
add (const char    *path,
     gconstpointer  data,
     void         (*test) (HttpFixture *fixture, gconstpointer data))
{
  g_test_add (path, HttpFixture, data, http_fixture_set_up, test, http_fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  add ("/http/events/variants", NULL, test_variants);
  add ("/http/events/not-for-us", NULL, test_not_for_us);
  add ("/http/events/framing", NULL, test_framing);
  add ("/http/events/ended", NULL, test_ended);
  add ("/http/events/resumed", NULL, test_resumed);
  add ("/http/events/cut-anywhere", NULL, test_cut_anywhere);
  add ("/http/events/refused-for-ever", NULL, test_refused_for_ever);
  add ("/http/events/told-to-wait", NULL, test_told_to_wait);
  add ("/http/events/silence", NULL, test_silence);
  add ("/http/events/silence-allowed", NULL, test_silence_allowed);
  add ("/http/events/slept/open", NULL, test_slept);
  add ("/http/events/slept/waiting", NULL, test_slept_waiting);
  add ("/http/events/huge-frame", NULL, test_huge_frame);
  add ("/http/events/hanging-subscription", NULL, test_hanging_subscription);
  add ("/http/events/stop/opening", NULL, test_stop_opening);
  add ("/http/events/stop/open", NULL, test_stop_open);
  add ("/http/events/stop/waiting", NULL, test_stop_waiting);
  add ("/http/events/stop/in-handler", NULL, test_stop_in_handler);
  add ("/http/acks/repeated", NULL, test_ack_repeated);
  add ("/http/acks/given-up/answered", &ack_faults[0], test_ack_given_up);
  add ("/http/acks/given-up/away", &ack_faults[1], test_ack_given_up);
  add ("/http/acks/later", NULL, test_ack_later);
  add ("/http/acks/refused", NULL, test_ack_refused);
  add ("/http/acks/order", NULL, test_ack_order);
  add ("/http/acks/bound", NULL, test_ack_bound);
  add ("/http/acks/keys", NULL, test_ack_keys_bound);
  add ("/http/events/bound", NULL, test_event_bound);
  return g_test_run ();
}
