/* test-sim-events.c: the control event stream is cut as it was asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-fixture.h"

#include <string.h>

#define PATH "/v1/runtime/control-events"

typedef struct {
  GInputStream *stream;
  GString      *text;
  guint         n_reads;
  gboolean      is_over;        /* ended in an orderly way */
  gboolean      has_failed;
  GCancellable *cancellable;
} Reader;

static void read_on (Reader *reader);

static void
on_bytes (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Reader *reader = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  reader->has_failed = bytes == NULL;
  reader->is_over = bytes != NULL && g_bytes_get_size (bytes) == 0;
  if (reader->has_failed || reader->is_over)
    return;
  reader->n_reads++;
  g_string_append_len (reader->text, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  read_on (reader);
}

static void
read_on (Reader *reader)
{
  g_input_stream_read_bytes_async (reader->stream, 1 << 20, G_PRIORITY_DEFAULT, reader->cancellable, on_bytes, reader);
}

static Reader *
subscribe (SimFixture *fixture,
           const char *last_event_id)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), PATH "?agent_id=node_sim", NULL);
  g_autoptr(SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr(GAsyncResult) result = NULL;
  Reader *reader = g_new0 (Reader, 1);

  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", "Bearer sim-token");
  soup_message_headers_replace (soup_message_get_request_headers (message), "Accept", "text/event-stream");
  if (last_event_id != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (message), "Last-Event-ID", last_event_id);
  soup_session_send_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  reader->stream = soup_session_send_finish (fixture->session, result, NULL);
  g_assert_nonnull (reader->stream);
  g_assert_cmpuint (soup_message_get_status (message), ==, 200);
  reader->text = g_string_new (NULL);
  reader->cancellable = g_cancellable_new ();
  read_on (reader);
  return reader;
}

static void
reader_free (Reader *reader)
{
  g_cancellable_cancel (reader->cancellable);
  rb_test_settle ();
  g_object_unref (reader->cancellable);
  g_object_unref (reader->stream);
  g_string_free (reader->text, TRUE);
  g_free (reader);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_free)

static void
wait_for (Reader     *reader,
          const char *text)
{
  rb_test_wait_until (reader->text->len >= strlen (text));
  g_assert_cmpstr (reader->text->str, ==, text);
  g_string_truncate (reader->text, 0);
}

static void
test_plain (SimFixture    *fixture,
            gconstpointer  data)
{
  g_autoptr(Reader) reader = subscribe (fixture, NULL);

  g_test_summary ("An event is one frame with an id; the query and the count of listeners are there to be seen.");

  g_assert_cmpuint (rb_sim_events_count (fixture->events), ==, 1);
  g_assert_cmpuint (rb_sim_events_send (fixture->events, "{\"type\":\"x\"}"), ==, 1);
  wait_for (reader, "id: 1\ndata: {\"type\":\"x\"}\n\n");
  g_assert_cmpstr (rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, "GET " PATH, NULL, 0)->query, ==,
                   "agent_id=node_sim");
  g_assert_cmpuint (rb_sim_record_count (rb_sim_get_record (fixture->sim), RB_SIM_EVENT_OUT, "x", NULL), ==, 1);
}

static void
test_framing (SimFixture    *fixture,
              gconstpointer  data)
{
  const RbSimFraming framing = { .line_end = "\r\n", .retry_ms = 70, .comments = TRUE, .split_data = TRUE };
  const RbSimFraming bare = { .line_end = "\r", .no_ids = TRUE };
  g_autoptr(Reader) reader = subscribe (fixture, NULL);

  g_test_summary ("Line ends, comments, retry, no ids, and data in several lines.");

  rb_sim_events_set_framing (fixture->events, &framing);
  rb_sim_events_send (fixture->events, "{\"a\":1}");
  wait_for (reader, ": event 1\r\nretry: 70\r\nid: 1\r\ndata: {\r\ndata: \"a\":1\r\ndata: }\r\n\r\n");
  rb_sim_events_set_framing (fixture->events, &bare);
  rb_sim_events_send (fixture->events, "{}");
  wait_for (reader, "data: {}\r\r");
}

static void
test_pieces (SimFixture    *fixture,
             gconstpointer  data)
{
  const RbSimFraming framing = { .piece_bytes = 1 };
  g_autoptr(Reader) reader = subscribe (fixture, NULL);

  g_test_summary ("In pieces of a byte, each byte is a read of its own.");

  rb_sim_events_set_framing (fixture->events, &framing);
  rb_sim_events_send (fixture->events, "{}");
  wait_for (reader, "id: 1\ndata: {}\n\n");
  g_assert_cmpuint (reader->n_reads, ==, strlen ("id: 1\ndata: {}\n\n"));
}

static void
test_replay (SimFixture    *fixture,
             gconstpointer  data)
{
  g_autoptr(Reader) first = NULL;
  g_autoptr(Reader) second = NULL;
  g_autoptr(Reader) third = NULL;

  g_test_summary ("What nobody got is sent to the first who comes; later ones get what follows the id that they name.");

  rb_sim_events_send (fixture->events, "1");
  rb_sim_events_send (fixture->events, "2");
  first = subscribe (fixture, NULL);
  wait_for (first, "id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n");
  second = subscribe (fixture, "1");
  wait_for (second, "id: 2\ndata: 2\n\n");
  third = subscribe (fixture, NULL);
  rb_sim_events_send (fixture->events, "3");
  wait_for (third, "id: 3\ndata: 3\n\n");
  rb_sim_events_send_again (fixture->events, 1);
  wait_for (third, "id: 1\ndata: 1\n\n");
}

static void
test_cut (SimFixture    *fixture,
          gconstpointer  data)
{
  g_autoptr(Reader) reader = subscribe (fixture, NULL);
  g_autoptr(Reader) next = NULL;

  g_test_summary ("A stream is cut in the middle of an event, which comes whole to whoever subscribes again.");

  rb_sim_events_cut_next (fixture->events);
  rb_sim_events_send (fixture->events, "{\"type\":\"x\"}");
  rb_test_wait_until (reader->has_failed || reader->is_over);
  g_assert_cmpstr (reader->text->str, ==, "id: 1\ndata: {\"type");
  next = subscribe (fixture, NULL);
  wait_for (next, "id: 1\ndata: {\"type\":\"x\"}\n\n");
}

static void
test_end (SimFixture    *fixture,
          gconstpointer  data)
{
  g_autoptr(Reader) orderly = subscribe (fixture, NULL);
  g_autoptr(Reader) broken = NULL;

  g_test_summary ("A stream ends in an orderly way or breaks; then nobody listens.");

  rb_sim_events_end (fixture->events, TRUE);
  rb_test_wait_until (orderly->is_over);
  broken = subscribe (fixture, NULL);
  rb_sim_events_end (fixture->events, FALSE);
  rb_test_wait_until (broken->has_failed || broken->is_over);
  g_assert_cmpuint (rb_sim_events_count (fixture->events), ==, 0);
}

static void
test_raw (SimFixture    *fixture,
          gconstpointer  data)
{
  g_autoptr(Reader) reader = subscribe (fixture, NULL);

  g_test_summary ("Raw bytes and oversize frames go out as they are.");

  rb_sim_events_send_raw (fixture->events, ": hello\r", -1);
  rb_sim_events_send_raw (fixture->events, "\ndata: \0x\n\n", 11);
  rb_test_wait_until (reader->text->len == 19);
  g_assert_cmpmem (reader->text->str, reader->text->len, ": hello\r\ndata: \0x\n\n", 19);
  g_string_truncate (reader->text, 0);
  rb_sim_events_send_huge (fixture->events, 5 * 1000 * 1000);
  rb_test_wait_until (reader->text->len > 5 * 1000 * 1000);
}

static void
test_refused (SimFixture    *fixture,
              gconstpointer  data)
{
  g_autofree char *violations = NULL;

  g_test_summary ("A subscription is refused with a status; without its header and query it is objected to.");

  rb_sim_fail (fixture->sim, "GET " PATH, 1, 403, NULL);
  g_assert_cmpuint (sim_fixture_call (fixture, "GET", PATH, NULL, NULL), ==, 403);
  violations = rb_sim_dup_violations (fixture->sim);
  g_assert_cmpstr (violations, ==, "subscribe/accept: Accept is 'none'\nsubscribe/agent-id: the query is 'none'");
}

static void
test_left (SimFixture    *fixture,
           gconstpointer  data)
{
  Reader *reader = subscribe (fixture, NULL);

  g_test_summary ("A client that leaves is no listener any more, and what comes then waits for the next.");

  soup_session_abort (fixture->session);
  reader_free (reader);
  rb_test_wait_until (rb_sim_events_count (fixture->events) == 0);
  rb_sim_events_send (fixture->events, "{}");
  reader = subscribe (fixture, NULL);
  wait_for (reader, "id: 1\ndata: {}\n\n");
  reader_free (reader);
}

static void
test_variants (SimFixture    *fixture,
               gconstpointer  data)
{
  g_autofree char *spawn = rb_sim_spawn (fixture->sim, "claude-code", "do it");
  g_autofree char *force = rb_sim_force_unregister (fixture->sim, "ep_1", "why");
  g_autofree char *nudge = rb_sim_nudge (fixture->sim, "u1", "ep_1");
  g_autofree char *owner = rb_sim_owner_session (fixture->sim, "ep_1", "hi");
  g_autofree char *body = g_strdup_printf ("{\"idempotency_key\":\"%s\",\"status\":\"failed\",\"detail\":\"no\"}", spawn);
  g_autofree char *ack = NULL;
  RbSimRecord *record = rb_sim_get_record (fixture->sim);

  g_test_summary ("The variants have their fields, and their acknowledgements are found by key.");

  g_assert_cmpuint (rb_sim_record_count (record, RB_SIM_EVENT_OUT, "spawn_request", "\"origin\":\"owner_initiated_spawn\""), ==, 1);
  g_assert_cmpuint (rb_sim_record_count (record, RB_SIM_EVENT_OUT, "force_unregister", "\"endpoint_id\":\"ep_1\""), ==, 1);
  g_assert_cmpuint (rb_sim_record_count (record, RB_SIM_EVENT_OUT, "dispatch_nudge", nudge), ==, 1);
  g_assert_cmpuint (rb_sim_record_count (record, RB_SIM_EVENT_OUT, "owner_session_delivery", "owner_session_target_ref"), ==, 1);
  g_assert_null (rb_sim_dup_ack (fixture->sim, spawn));
  g_assert_cmpuint (sim_fixture_post (fixture, "/v1/runtime/control-ack", body), ==, 204);
  ack = rb_sim_dup_ack (fixture->sim, spawn);
  g_assert_cmpstr (ack, ==, "failed: no");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  sim_fixture_add ("/sim/events/plain", test_plain);
  sim_fixture_add ("/sim/events/framing", test_framing);
  sim_fixture_add ("/sim/events/pieces", test_pieces);
  sim_fixture_add ("/sim/events/replay", test_replay);
  sim_fixture_add ("/sim/events/cut", test_cut);
  sim_fixture_add ("/sim/events/end", test_end);
  sim_fixture_add ("/sim/events/raw", test_raw);
  sim_fixture_add ("/sim/events/refused", test_refused);
  sim_fixture_add ("/sim/events/client-left", test_left);
  sim_fixture_add ("/sim/events/variants", test_variants);
  return g_test_run ();
}
