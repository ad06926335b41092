/* test-reply-work.c: a reply is announced, sent once, remembered and reported (protocol.md 11.8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define WORKER 100
#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define TRACEPARENT "00-" TRACE "-b7ad6b7169203331-01"

static const char *
wire_id_sent (RbCoreFixture *fixture,
              guint          i)
{
  return rb_envelope_get_id (g_ptr_array_index (fixture->connector->sent, i));
}

static void
set_failure (GError **place,
             GError  *failure)
{
  g_clear_error (place);
  *place = failure;
}

static void
assert_member (RbFakeEmitter *emitter,
               const char    *text,
               const char    *member,
               const char    *value)
{
  g_autofree char *found = rb_fake_emitter_member (emitter, text, member);

  g_assert_cmpstr (found, ==, value);
}

/* protocol.md 18.4. */
static void
test_metadata (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const char metadata[] =
    "{\"correlation_id\":\"forged\",\"in_reply_to\":\"forged\",\"message_id\":\"forged\",\"originalTraceId\":\"forged\","
    "\"require_live\":true,\"source_endpoint_id\":\"forged\",\"target_endpoint_id\":\"forged\",\"traceparent\":\"forged\",\"mine\":\"kept\"}";
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GBytes) content = rb_json_slice_from_string ("done");
  g_autoptr(GBytes) bytes = g_bytes_new_static (metadata, strlen (metadata));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(RbJson) sent = NULL;
  g_autofree char *traceparent = NULL;
  RbCaller caller = { .pid = WORKER };
  RbReplyRequest request = { .content = content, .content_type = (char *) "markdown", .metadata = bytes };
  RbEnvelope *envelope;
  gboolean live = TRUE;
  const struct { const char *member, *value; } members[] = {
    { "correlation_id", "c9" }, { "in_reply_to", "rm1" }, { "originalTraceId", TRACE }, { "source_endpoint_id", worker->endpoint_id },
    { "target_endpoint_id", NULL }, { "mine", "kept" },
  };

  g_test_summary ("What the broker decides wins over the adapter's metadata, which travels along; the trace is a new one.");

  rb_worker_accept (worker, 1, "m1", "{\"correlation_id\":\"c9\",\"message_id\":\"rm1\",\"traceparent\":\"" TRACEPARENT "\"}");
  request.endpoint_id = worker->endpoint_id;
  request.plugin_pid = WORKER;
  request.endpoint_owner_token = worker->token;
  request.source_message_id = (char *) "m1";
  request.assignment_id = worker->assignment_id;
  request.reply_request_id = (char *) "r1";
  rb_reply_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);

  envelope = g_ptr_array_index (fixture->connector->sent, 0);
  g_assert_cmpstr (rb_envelope_get_to (envelope), ==, "bob");
  g_assert_cmpstr (rb_envelope_get_content_type (envelope), ==, "markdown");
  g_assert_true (g_bytes_equal (rb_envelope_get_content (envelope), content));
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *value = rb_fake_connector_sent_metadata (fixture->connector, 0, members[i].member);

      g_test_message ("%s", members[i].member);
      g_assert_cmpstr (value, ==, members[i].value);
    }
  sent = rb_json_parse_object (rb_envelope_get_metadata (envelope), 0, NULL);
  g_assert_true (rb_json_get_optional_boolean (sent, "require_live", TRUE, &live, NULL));
  g_assert_false (live);
  traceparent = rb_json_peek_string (sent, "traceparent");
  g_assert_cmpuint (strlen (traceparent), ==, strlen (TRACEPARENT));
  g_assert_null (strstr (traceparent, TRACE));
}

static void
test_without_correlation (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  static const char *const metadata[] = { NULL, "{\"correlation_id\":\"\",\"message_id\":\"\"}" };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("Without a correlation, or with an empty one, the reply gets its own, and the answer to it comes back.");

  for (guint i = 0; i < G_N_ELEMENTS (metadata); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      g_autofree char *answer_id = g_strdup_printf ("a%u", i);
      g_autofree char *correlation = NULL;
      g_autofree char *in_reply_to = NULL;
      g_autofree char *text = NULL;
      g_autoptr(GError) error = NULL;

      rb_worker_accept (worker, i + 1, id, metadata[i]);
      g_free (rb_worker_reply (worker, id, "r1", "done", &error));
      g_assert_no_error (error);
      correlation = rb_fake_connector_sent_metadata (fixture->connector, i, "correlation_id");
      in_reply_to = rb_fake_connector_sent_metadata (fixture->connector, i, "in_reply_to");
      g_assert_null (in_reply_to);
      g_assert_cmpuint (strlen (correlation), ==, 36);
      rb_test_assert_logged ("runtime_assignment_reply_sent", "endpoint_id", worker->endpoint_id, "spanName", "settle", "traceId", NULL,
                             NULL);

      text = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation);
      rb_fake_connector_deliver (fixture->connector, 10 + i, answer_id, "bob", "thanks", text);
      rb_test_settle ();
      g_assert_cmpstr (rb_core_fixture_reason (fixture, answer_id), ==, "correlated_continuation");
    }
}

static void
test_own_correlation_stays (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The correlation that a reply got is the same when it is sent again, also after a crash.");

  rb_worker_accept (worker, 1, "m1", "{}");
  set_failure (&fixture->connector->failure, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away"));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", NULL));
  first = rb_fake_connector_sent_metadata (fixture->connector, 0, "correlation_id");
  rb_core_fixture_crash (fixture);
  rb_worker_reattach (worker);
  set_failure (&fixture->connector->failure, NULL);
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
  second = rb_fake_connector_sent_metadata (fixture->connector, 1, "correlation_id");
  g_assert_cmpstr (first, ==, second);
}

static void
test_unavailable (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Not sent: the repetition skips the announcement and uses the same wire id, also after a crash.");

  rb_worker_accept (worker, 1, "m1", NULL);
  set_failure (&fixture->connector->failure, rb_error_new (RB_ERROR_UNAVAILABLE, "doorbell_lost", "WebSocket not connected"));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "connector_unavailable", "WebSocket not connected");

  rb_core_fixture_crash (fixture);
  rb_worker_reattach (worker);
  set_failure (&fixture->connector->failure, rb_error_new (RB_ERROR_REJECTED, "unknown_recipient", "nobody of that name"));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "connector_code"), ==, "unknown_recipient");
  g_assert_cmpstr (rb_error_text_detail (error, "to"), ==, "bob");
  rb_assert_refused (error, RB_ERROR_REJECTED, "connector_rejected", "nobody of that name");

  set_failure (&fixture->connector->failure, NULL);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (wire_id_sent (fixture, i), ==, wire_id);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "reply_requested"), ==, 1);
}

static void
test_other_network (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *sent = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An answer is not sent into another network than the question came from, also after a restart; back there it goes out, once.");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->address = "me@elsewhere";
  rb_core_fixture_crash (fixture);
  rb_worker_reattach (worker);
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "connector_unavailable");
  g_assert_nonnull (strstr (error->message, "came from network 'fake'"));
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
  g_clear_error (&error);

  /* Our name in a network may change. */
  fixture->connector->address = "myself@fake";
  rb_core_exchange_connector (fixture->core);
  sent = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

static void
test_outcome_unknown (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  static const int kinds[] = { RB_ERROR_OUTCOME_UNKNOWN, RB_ERROR_TIMED_OUT };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Nobody knows whether it was sent: it is never sent again, and the answer stays the same, also after a crash.");

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_worker_accept (worker, i + 1, id, NULL);
      set_failure (&fixture->connector->failure, rb_error_new (kinds[i], NULL, "SEND_ACK timeout"));
      for (guint again = 0; again < 3; again++)
        {
          g_assert_null (rb_worker_reply (worker, id, "r1", "done", &error));
          g_assert_cmpstr (rb_error_retryable (error), ==, "false");
          rb_assert_refused (error, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "SEND_ACK timeout");
          if (again == 1)
            {
              rb_core_fixture_crash (fixture);
              rb_worker_reattach (worker);
            }
        }
      g_assert_cmpuint (fixture->connector->sent->len, ==, i + 1);
    }
}

static void
test_nothing_before_commit (RbCoreFixture *fixture,
                            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Sent when the record is durable; answered and reported when the result is.");

  rb_worker_accept (worker, 1, "m1", NULL);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r1", "done", &result);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
  while (fixture->connector->sent->len == 0)
    {
      g_assert_true (rb_fake_store_commit_one (fixture->store));
      rb_test_settle ();
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 1);
  g_assert_null (result);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "reply_emitted"), ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "reply_emitted"), ==, 1);
}

/* protocol.md 20.3 item 14. */
static void
test_ttl (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *wire_id = NULL;
  g_autofree char *assignment_id = NULL;
  g_autofree char *again = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A result is answered for 24 hours, over a restart too, and then forgotten; a live assignment's record stays.");

  rb_worker_accept (worker, 1, "m1", NULL);
  wire_id = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  assignment_id = g_strdup (worker->assignment_id);
  rb_worker_accept (worker, 2, "m2", NULL);
  set_failure (&fixture->connector->failure, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away"));
  g_assert_null (rb_worker_reply (worker, "m2", "r1", "done", NULL));

  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl - 1);
  rb_core_fixture_restart (fixture);
  rb_worker_reattach (worker);
  again = rb_core_fixture_reply (fixture, WORKER, worker->endpoint_id, worker->token, "m1", assignment_id, "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, wire_id);

  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_null (rb_core_fixture_reply (fixture, WORKER, worker->endpoint_id, worker->token, "m1", assignment_id, "r1", "done", &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_clear_error (&error);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_REPLIES), ==, 1);

  set_failure (&fixture->connector->failure, NULL);
  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl);
  g_free (rb_worker_reply (worker, "m2", "r1", "done", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (wire_id_sent (fixture, 1), ==, wire_id_sent (fixture, 2));

  /* From the result, not from the first attempt. */
  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl - 1);
  g_free (rb_worker_reply (worker, "m2", "r1", "done", &error));
  g_assert_no_error (error);
}

static void
test_ttl_of_unknown (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("That nobody knows is answered for 24 hours, too, from when it came out, also when the assignment has ended.");

  rb_worker_accept (worker, 1, "m1", NULL);
  set_failure (&fixture->connector->failure, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away"));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", NULL));
  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl);
  set_failure (&fixture->connector->failure, rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, NULL, "SEND_ACK timeout"));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", NULL));
  g_assert_true (rb_worker_report (worker, "m1", 9, "processing_failed", &error));

  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl - 1);
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  rb_assert_refused (error, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "SEND_ACK timeout");
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");
}

static void
test_refused_request (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("reply_requested refused: 409 or 503, nothing sent, no sequence used; later it works.");

  rb_worker_accept (worker, 1, "m1", NULL);
  set_failure (&fixture->authority->failure, rb_error_new (RB_ERROR_REJECTED, NULL, "forbidden: no"));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_reply_request_rejected", "forbidden: no");
  set_failure (&fixture->authority->failure, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s", ""));
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_reply_request_rejected", "runtime reply request was not accepted");
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);

  set_failure (&fixture->authority->failure, NULL);
  g_free (rb_worker_reply (worker, "m1", "r1", "done", &error));
  g_assert_no_error (error);
  assert_member (fixture->authority, "reply_requested", "state_sequence", "3");
  assert_member (fixture->authority, "reply_emitted", "state_sequence", "4");
}

static void
test_two_requests (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  guint n;

  g_test_summary ("Two replies to one assignment at once: their reports go one after the other, each with its own sequence (IMP-34).");

  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->authority->hold = TRUE;
  n = rb_fake_emitter_count (fixture->authority, "runtime_processing_state");
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r1", "one", &first);
  rb_core_fixture_reply_start (fixture, WORKER, worker->endpoint_id, worker->token, "m1", worker->assignment_id, "r2", "two", &second);
  for (guint i = 1; i <= 4; i++)
    {
      g_autofree char *text = g_strdup_printf ("\"state_sequence\":%u,", i + 2);

      g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "runtime_processing_state"), ==, n + i);
      g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, text), ==, 1);
      rb_fake_emitter_answer (fixture->authority, NULL);
      rb_test_settle ();
    }
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, ":reply_emitted:r1"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, ":reply_emitted:r2"), ==, 1);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "replied");
  fixture->authority->hold = FALSE;
}

static void
test_known_at_cap (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autofree char *wire = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A reply that is remembered already takes no more room: it can be made again where no further one is taken.");

  rb_core_fixture_tear_down (fixture, data);
  rb_core_fixture_set_up (fixture, data);
  fixture->settings.reply_record_cap = 1;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, 100);
  rb_worker_accept (worker, 1, "m1", NULL);
  fixture->connector->failure = rb_error_new (RB_ERROR_REJECTED, "nope", "nope");
  g_assert_null (rb_worker_reply (worker, "m1", "r1", "done", NULL));
  g_clear_error (&fixture->connector->failure);
  wire = rb_worker_reply (worker, "m1", "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_nonnull (wire);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/reply/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("metadata", NULL, test_metadata);
  ADD ("without-correlation", NULL, test_without_correlation);
  ADD ("own-correlation-stays", "authority", test_own_correlation_stays);
  ADD ("unavailable", "authority", test_unavailable);
  ADD ("other-network", "authority", test_other_network);
  ADD ("outcome-unknown", NULL, test_outcome_unknown);
  ADD ("nothing-before-commit", "authority", test_nothing_before_commit);
  ADD ("ttl", NULL, test_ttl);
  ADD ("ttl-of-unknown", NULL, test_ttl_of_unknown);
  ADD ("refused-request", "authority", test_refused_request);
  ADD ("two-requests", "authority", test_two_requests);
  ADD ("known-at-cap", NULL, test_known_at_cap);

  return g_test_run ();
}
