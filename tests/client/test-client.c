/* test-client.c: an adapter is understood, and understands
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client-fixture.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static void
call (ClientFixture     *fixture,
      const char        *method,
      const char        *path,
      RbClientCallFlags  flags)
{
  g_autoptr(GBytes) body = g_bytes_new_static ("{}", 2);

  rb_client_call_async (fixture->client, method, path, g_str_equal (method, "GET") ? NULL : body, flags, NULL, rb_test_store_result,
                        &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
}

/* protocol.md 21.4. */
static void
test_connects (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("Connecting greets the broker, opens the channel and learns the presence.");

  g_assert_cmpint (rb_client_get_phase (fixture->client), ==, RB_CLIENT_NEVER_CONNECTED);
  client_fixture_connect (fixture);
  g_assert_cmpint (rb_client_get_phase (fixture->client), ==, RB_CLIENT_CONNECTED);
  g_assert_cmpstr (rb_client_get_presence (fixture->client), ==, "online");
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/initialize"), ==, 1);
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/initialize"), "\"client_protocol_version\":\"1.1\""));
}

/* protocol.md 21.1. */
static void
test_second_client (ClientFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbClient) second = rb_client_new_for (rb_client_get_options (fixture->client), fixture->clock);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A second client of the same process would displace the first for ever, so it is refused.");

  client_fixture_connect (fixture);
  rb_client_connect_async (second, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_false (rb_client_connect_finish (second, fixture->result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "already_connected");
}

static void
test_call_before_connect (ClientFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A call before a broker was found says so.");

  call (fixture, "GET", "/v1/undispatched", RB_CLIENT_CALL_NONE);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "GET /v1/undispatched"), ==, 0);
}

/* protocol.md 21.7. */
static void
test_register (ClientFixture *fixture,
               gconstpointer  data)
{
  const char *body;

  g_test_summary ("A registration names the process and gives id and owner token.");

  client_fixture_connect (fixture);
  client_fixture_register (fixture);
  g_assert_cmpstr (rb_client_endpoint_get_id (fixture->endpoint), ==, "ep-1");
  g_assert_cmpstr (rb_client_endpoint_get_owner_token (fixture->endpoint), ==, "token-1");
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/endpoint/register");
  g_assert_nonnull (strstr (body, "\"spawn_token\":\"spawn-1\""));
  g_assert_nonnull (strstr (body, "\"plugin_pid\":"));
  g_assert_null (strstr (body, "null"));
}

static void
test_envelope (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  GVariant *details;
  gboolean retryable = FALSE;
  guint status = 0;

  g_test_summary ("An error envelope becomes an error with its code, text and extra members.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", 503,
                         "{\"error\":\"connector_unavailable\",\"message\":\"WebSocket not connected\",\"retryable\":true}");
  call (fixture, "POST", "/v1/x", RB_CLIENT_CALL_NONE);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, &status, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (error->message, ==, "WebSocket not connected");
  g_assert_cmpstr (rb_error_get_reason (error), ==, "connector_unavailable");
  g_assert_cmpuint (status, ==, 503);
  details = rb_error_get_details (error);
  g_assert_true (g_variant_lookup (details, "retryable", "b", &retryable));
  g_assert_true (retryable);
}

/* protocol.md 21.8. */
static void
test_without_text (ClientFixture *fixture,
                   gconstpointer  data)
{
  static const struct {
    guint       status;
    const char *body, *text;
  } cases[] = {
    { 409, "{\"error\":\"runtime_assignment_unknown\",\"assignment_failure_category\":\"reply_handle_stale\"}",
      "Runtime assignment reply handle is stale" },
    { 409, "{\"error\":\"runtime_processing_state_rejected\",\"assignment_failure_category\":\"acceptance_rejected\"}",
      "Runtime processing state was not accepted" },
    { 503, "{\"error\":\"runtime_reply_request_rejected\",\"assignment_failure_category\":\"assignment_in_progress\"}",
      "Runtime processing state was not accepted" },
    { 503, "{\"error\":\"connector_unavailable\"}", "Connector unavailable" },
    { 503, "{\"error\":\"connector_send_outcome_unknown\",\"message\":\"\"}", "Connector send outcome unknown" },
    { 409, "{\"error\":\"runtime_assignment_unknown\"}", "broker POST /v1/x failed: 409 runtime_assignment_unknown" },
    { 409, "{\"error\":\"runtime_processing_state_rejected\"}", "broker POST /v1/x failed: 409 runtime_processing_state_rejected" },
    { 503, "{\"error\":\"connector_unavailable\",\"message\":\"WebSocket not connected\"}", "WebSocket not connected" },
  };

  g_test_summary ("An envelope without a text has one by its code and category; without those the request is named.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      rb_fake_broker_answer (fixture->broker, "POST /v1/x", cases[i].status, cases[i].body);
      call (fixture, "POST", "/v1/x", RB_CLIENT_CALL_NONE);
      g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
      g_assert_cmpstr (error->message, ==, cases[i].text);
      g_clear_object (&fixture->result);
    }
}

static void
test_statuses (ClientFixture *fixture,
               gconstpointer  data)
{
  static const struct {
    guint       status;
    const char *body;
    RbError     code;
  } cases[] = {
    { 400, "{\"error\":\"bad_request\",\"message\":\"m\"}", RB_ERROR_INVALID },
    { 401, "{\"error\":\"unauthorized\"}", RB_ERROR_UNAUTHORIZED },
    { 403, "not json", RB_ERROR_FORBIDDEN },
    { 404, "", RB_ERROR_NOT_FOUND },
    { 409, "[]", RB_ERROR_BAD_STATE },
    { 413, "{}", RB_ERROR_TOO_LARGE },
    { 418, "{\"error\":7}", RB_ERROR_REJECTED },
    { 422, "{}", RB_ERROR_UNPROCESSABLE },
    { 500, "{}", RB_ERROR_INTERNAL },
    { 502, "{}", RB_ERROR_REJECTED },
    { 503, "{\"error\":\"connector_send_outcome_unknown\"}", RB_ERROR_OUTCOME_UNKNOWN },
    { 503, "{\"error\":\"storage_unavailable\",\"retryable\":false}", RB_ERROR_OUTCOME_UNKNOWN },
    { 503, "{\"error\":\"storage_unavailable\",\"retryable\":true}", RB_ERROR_UNAVAILABLE },
    { 503, "{\"error\":\"storage_unavailable\"}", RB_ERROR_UNAVAILABLE },
    { 504, "{}", RB_ERROR_UNAVAILABLE },
  };

  g_test_summary ("Each status becomes the code that says what the caller can do, whatever the body is.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      rb_fake_broker_answer (fixture->broker, "POST /v1/x", cases[i].status, cases[i].body);
      call (fixture, "POST", "/v1/x", RB_CLIENT_CALL_NONE);
      g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
      g_assert_error (error, RB_ERROR, (int) cases[i].code);
      g_assert_cmpstr (error->message, !=, "");
      g_clear_object (&fixture->result);
    }
}

static void
test_not_json (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A success that is not JSON is an error, not a crash.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", 200, "[[[[");
  call (fixture, "POST", "/v1/x", RB_CLIENT_CALL_NONE);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
}

static void
test_cut_off (ClientFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A connection that breaks before the answer leaves the outcome open, and the request is not sent again.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/send", RB_FAKE_DROP, NULL);
  call (fixture, "POST", "/v1/send", RB_CLIENT_CALL_NONE);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/send"), ==, 1);
}

static void
test_deadline (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = g_bytes_new_static ("{}", 2);

  g_test_summary ("A call that is not answered in time ends with a time-out.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", RB_FAKE_HOLD, NULL);
  rb_client_call_async (fixture->client, "POST", "/v1/x", body, RB_CLIENT_CALL_NONE, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/x") == 1);
  rb_fake_clock_advance (fixture->clock, 39999);
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
}

/* protocol.md 21.5. */
static void
test_message (ClientFixture *fixture,
              gconstpointer  data)
{
  RbClientMessage *message;
  g_autofree char *correlation = NULL;

  g_test_summary ("A push reaches the handler whole, and its receipt leaves only after the handler stored it.");

  rb_fake_broker_push (fixture->broker, MESSAGE);
  rb_test_wait_until (fixture->messages->len == 1);
  message = g_ptr_array_index (fixture->messages, 0);
  g_assert_cmpstr (message->from, ==, "a@local");
  g_assert_cmpstr (message->content, ==, "hi\357\277\275!");
  g_assert_cmpstr (message->source_message_id, ==, "m-7");
  g_assert_null (message->assignment);
  correlation = rb_client_message_dup_metadata_member (message, "correlation_id");
  g_assert_cmpstr (correlation, ==, "c-1");
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push_1\"}\n");
}

static void
test_message_refused (ClientFixture *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A message that the handler did not store gets no receipt; the next one does.");

  fixture->store = FALSE;
  rb_fake_broker_push (fixture->broker, MESSAGE);
  rb_test_wait_until (fixture->messages->len == 1);
  fixture->store = TRUE;
  rb_fake_broker_push (fixture->broker, ASSIGNMENT);
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push_2\"}\n");
}

static void
test_half_a_character (ClientFixture *fixture,
                       gconstpointer  data)
{
  RbClientMessage *message;

  g_test_summary ("A text that another broker's sender cut in the middle of a character is a message all the same.");

  rb_fake_broker_push (fixture->broker, "{\"event\":\"message_received\",\"push_id\":\"push_9\",\"from\":\"a\",\"content\":\"cut \\ud83d\"}");
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  message = g_ptr_array_index (fixture->messages, 0);
  g_assert_cmpstr (message->content, ==, "cut \357\277\275");
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push_9\"}\n");
}

static void
test_bad_frames (ClientFixture *fixture,
                 gconstpointer  data)
{
  static const char *const frames[] = { "", "null", "[]", "{", "{\"event\":7}", "{\"event\":\"message_received\"}",
                                        "{\"event\":\"message_received\",\"from\":\"a\",\"content\":1}",
                                        "{\"event\":\"message_received\",\"from\":\"a\",\"content\":\"x\",\"metadata\":[]}",
                                        "{\"event\":\"message_received\",\"from\":\"a\",\"content\":\"x\",\"runtimeAssignment\":{}}",
                                        "{\"event\":\"ping\",\"ts\":\"x\"}" };

  g_test_summary ("Frames that make no sense are dropped without a receipt, and the channel goes on.");

  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    rb_fake_broker_push (fixture->broker, frames[i]);
  rb_fake_broker_push (fixture->broker, MESSAGE);
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpuint (fixture->messages->len, ==, 1);
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push_1\"}\n");
}

static void
test_deep_frame (ClientFixture *fixture,
                 gconstpointer  data)
{
  g_autofree char *deep = g_strnfill (100000, '[');

  g_test_summary ("A hundred kilobytes of brackets are refused like any other nonsense.");

  rb_fake_broker_push (fixture->broker, deep);
  rb_fake_broker_push (fixture->broker, MESSAGE);
  rb_test_wait_until (fixture->messages->len == 1);
}

static void
on_presence (RbClient   *client,
             const char *presence,
             const char *reason,
             GString    *seen)
{
  g_string_append_printf (seen, "%s(%s) ", presence, reason != NULL ? reason : "");
}

static void
test_presence (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GString) seen = g_string_new (NULL);

  g_test_summary ("Presence is signalled for the three known values only.");

  g_signal_connect (fixture->client, "presence-changed", G_CALLBACK (on_presence), seen);
  rb_fake_broker_push (fixture->broker, "{\"event\":\"presence_changed\",\"presence\":\"asleep\"}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"presence_changed\",\"presence\":\"offline\",\"reason\":\"gone\"}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"presence_changed\",\"presence\":\"online\"}");
  rb_test_wait_until (strstr (seen->str, "online") != NULL);
  g_assert_cmpstr (seen->str, ==, "offline(gone) online() ");
  g_assert_cmpstr (rb_client_get_presence (fixture->client), ==, "online");
}

static void
test_early_message (ClientFixture *fixture,
                    gconstpointer  data)
{
  const RbClientRegistration registration = { .agent_id = "a", .kind = "custom" };
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new_for (&registration);
  g_autoptr(RbClientEndpoint) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A message that overtakes the answer to the registration waits for it, and gets its receipt then.");

  rb_client_register_async (fixture->client, endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_fake_broker_push (fixture->broker, "{\"event\":\"message_received\",\"push_id\":\"push_9\",\"endpoint_id\":\"ep-2\",\"from\":\"a\","
                                        "\"content\":\"early\",\"contentType\":\"text\",\"metadata\":{}}");
  rb_test_wait_until (fixture->result != NULL && fixture->messages->len == 1);
  second = rb_client_register_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpuint (fixture->messages->len, ==, 1);
}

static void
test_connect_fails (ClientFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A first attempt that fails says why, and leaves nothing running behind.");

  rb_fake_broker_stop (fixture->broker);
  rb_client_connect_async (fixture->client, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_false (rb_client_connect_finish (fixture->client, fixture->result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_clear_object (&fixture->result);

  rb_fake_broker_start (fixture->broker);
  client_fixture_connect (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) \
  g_test_add (path, ClientFixture, NULL, client_fixture_set_up, function, client_fixture_tear_down)
#define ADD_REGISTERED(path, function) \
  g_test_add (path, ClientFixture, NULL, client_fixture_set_up_registered, function, client_fixture_tear_down)
  ADD ("/client/connects", test_connects);
  ADD ("/client/connect-fails", test_connect_fails);
  ADD ("/client/refuses/second-client", test_second_client);
  ADD ("/client/refuses/call-before-connect", test_call_before_connect);
  ADD ("/client/register", test_register);
  ADD_REGISTERED ("/client/call/envelope", test_envelope);
  ADD_REGISTERED ("/client/call/without-text", test_without_text);
  ADD_REGISTERED ("/client/call/statuses", test_statuses);
  ADD_REGISTERED ("/client/call/not-json", test_not_json);
  ADD_REGISTERED ("/client/call/cut-off", test_cut_off);
  ADD_REGISTERED ("/client/call/deadline", test_deadline);
  ADD_REGISTERED ("/client/message/receipt-after-handler", test_message);
  ADD_REGISTERED ("/client/message/not-stored", test_message_refused);
  ADD_REGISTERED ("/client/message/half-a-character", test_half_a_character);
  ADD_REGISTERED ("/client/message/bad-frames", test_bad_frames);
  ADD_REGISTERED ("/client/message/deep-frame", test_deep_frame);
  ADD_REGISTERED ("/client/message/overtakes-registration", test_early_message);
  ADD_REGISTERED ("/client/presence", test_presence);
  return g_test_run ();
}
