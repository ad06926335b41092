/* test-client.c: an adapter's connection stays usable whatever the broker does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-calls.h"
#include "rb-client.h"
#include "rb-error.h"
#include "rb-fake-broker.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

#define MESSAGE "{\"event\":\"message_received\",\"push_id\":\"push_1\",\"from\":\"a@local\",\"content\":\"hi\\u0000!\"," \
                "\"contentType\":\"text\",\"metadata\":{\"correlation_id\":\"c-1\"},\"sourceMessageId\":\"m-7\"}"
#define ASSIGNMENT "{\"event\":\"message_received\",\"push_id\":\"push_2\",\"from\":\"a@local\",\"content\":\"do it\"," \
                   "\"contentType\":\"text\",\"metadata\":{},\"sourceMessageId\":\"m-8\",\"runtimeAssignment\":{" \
                   "\"undispatchedId\":\"u-8\",\"sourceMessageId\":\"m-8\",\"assignmentId\":\"as-8\",\"deliveryIntent\":" \
                   "\"external_handoff\",\"targetRef\":{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep-1\"," \
                   "\"background_exchange_mode\":\"resident_endpoint\"}}}"

typedef struct {
  char             *data_dir;
  RbFakeBroker     *broker;
  RbClock          *clock;
  RbClient         *client;
  RbClientEndpoint *endpoint;
  GPtrArray        *messages;    /* of RbClientMessage */
  gboolean          store;       /* what the handler answers */
  GAsyncResult     *result;
} Fixture;

static gboolean
on_message (RbClient         *client,
            RbClientEndpoint *endpoint,
            RbClientMessage  *message,
            Fixture          *fixture)
{
  g_ptr_array_add (fixture->messages, rb_client_message_ref (message));
  /* Nothing may have been acknowledged while the handler still works. */
  g_assert_null (strstr (rb_fake_broker_get_frames (fixture->broker), message->push_id));
  return fixture->store;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(RbClientOptions) options = rb_client_options_new ();

  fixture->data_dir = rb_test_make_dir ();
  fixture->broker = rb_fake_broker_new (fixture->data_dir);
  fixture->clock = rb_fake_clock_new ();
  options->data_dir = g_strdup (fixture->data_dir);
  options->ping_interval_ms = 0;
  fixture->client = rb_client_new (options, fixture->clock);
  fixture->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_client_message_unref);
  fixture->store = TRUE;
  g_signal_connect (fixture->client, "message", G_CALLBACK (on_message), fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->result);
  rb_client_close_async (fixture->client, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  rb_client_close_finish (fixture->client, fixture->result);
  g_clear_object (&fixture->result);
  rb_test_settle ();
  g_clear_object (&fixture->endpoint);
  g_assert_finalize_object (fixture->client);
  rb_fake_broker_free (fixture->broker);
  g_object_unref (fixture->clock);
  g_ptr_array_unref (fixture->messages);
  g_free (fixture->data_dir);
}

static void
connect_client (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;

  rb_client_connect_async (fixture->client, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_connect_finish (fixture->client, fixture->result, &error));
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
}

static void
register_endpoint (Fixture *fixture)
{
  const RbClientRegistration registration = { .agent_id = "a", .kind = "custom", .spawn_token = "spawn-1" };
  g_autoptr(GError) error = NULL;

  rb_client_register_async (fixture->client, &registration, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  fixture->endpoint = rb_client_register_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
}

static void
set_up_registered (Fixture       *fixture,
                   gconstpointer  data)
{
  set_up (fixture, data);
  connect_client (fixture);
  register_endpoint (fixture);
  rb_fake_broker_forget (fixture->broker);
}

static void
call (Fixture           *fixture,
      const char        *method,
      const char        *path,
      RbClientCallFlags  flags)
{
  g_autoptr(GBytes) body = g_bytes_new_static ("{}", 2);

  rb_client_call_async (fixture->client, method, path, g_str_equal (method, "GET") ? NULL : body, flags, NULL, rb_test_store_result,
                        &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
}

static void
test_connects (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("Connecting greets the broker, opens the channel and learns the presence.");

  g_assert_cmpint (rb_client_get_phase (fixture->client), ==, RB_CLIENT_NEVER_CONNECTED);
  connect_client (fixture);
  g_assert_cmpint (rb_client_get_phase (fixture->client), ==, RB_CLIENT_CONNECTED);
  g_assert_cmpstr (rb_client_get_presence (fixture->client), ==, "online");
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/initialize"), ==, 1);
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/initialize"), "\"client_protocol_version\":\"1.1\""));
}

static void
test_second_client (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbClient) second = rb_client_new (rb_client_get_options (fixture->client), fixture->clock);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A second client of the same process would displace the first for ever, so it is refused.");

  connect_client (fixture);
  rb_client_connect_async (second, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_false (rb_client_connect_finish (second, fixture->result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "already_connected");
}

static void
test_call_before_connect (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A call before a broker was found says so.");

  call (fixture, "GET", "/v1/undispatched", RB_CLIENT_CALL_NONE);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "GET /v1/undispatched"), ==, 0);
}

static void
test_register (Fixture       *fixture,
               gconstpointer  data)
{
  const char *body;

  g_test_summary ("A registration names the process and gives id and owner token.");

  connect_client (fixture);
  register_endpoint (fixture);
  g_assert_cmpstr (rb_client_endpoint_get_id (fixture->endpoint), ==, "ep-1");
  g_assert_cmpstr (rb_client_endpoint_get_owner_token (fixture->endpoint), ==, "token-1");
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/endpoint/register");
  g_assert_nonnull (strstr (body, "\"spawn_token\":\"spawn-1\""));
  g_assert_nonnull (strstr (body, "\"plugin_pid\":"));
  g_assert_null (strstr (body, "null"));
}

static void
test_envelope (Fixture       *fixture,
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

static void
test_statuses (Fixture       *fixture,
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
test_not_json (Fixture       *fixture,
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
test_cut_off (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A connection that breaks before the answer leaves the outcome open, and the request is not sent again.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/send", 0, NULL);
  call (fixture, "POST", "/v1/send", RB_CLIENT_CALL_NONE);
  g_assert_null (rb_client_call_finish (fixture->client, fixture->result, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/send"), ==, 1);
}

static void
test_deadline (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = g_bytes_new_static ("{}", 2);

  g_test_summary ("A call that is not answered in time ends with a time-out.");

  rb_client_call_async (fixture->client, "POST", "/v1/x", body, RB_CLIENT_CALL_NONE, NULL, rb_test_store_result, &fixture->result);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_wait_until (fixture->result != NULL);
  if (rb_client_call_finish (fixture->client, fixture->result, NULL, &error) == NULL)
    g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
}

static void
test_message (Fixture       *fixture,
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
  correlation = rb_client_message_dup_metadata (message, "correlation_id");
  g_assert_cmpstr (correlation, ==, "c-1");
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push_1\"}\n");
}

static void
test_message_refused (Fixture       *fixture,
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
test_bad_frames (Fixture       *fixture,
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
test_deep_frame (Fixture       *fixture,
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
test_presence (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(GString) seen = g_string_new (NULL);

  g_test_summary ("Presence is signalled for the three known values only.");

  g_signal_connect (fixture->client, "presence", G_CALLBACK (on_presence), seen);
  rb_fake_broker_push (fixture->broker, "{\"event\":\"presence_changed\",\"presence\":\"asleep\"}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"presence_changed\",\"presence\":\"offline\",\"reason\":\"gone\"}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"presence_changed\",\"presence\":\"online\"}");
  rb_test_wait_until (strstr (seen->str, "online") != NULL);
  g_assert_cmpstr (seen->str, ==, "offline(gone) online() ");
  g_assert_cmpstr (rb_client_get_presence (fixture->client), ==, "online");
}

static void
break_and_return (Fixture *fixture)
{
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
}

static void
test_reattach (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("After a restart the endpoint is reattached and keeps its id; nothing is registered.");

  break_and_return (fixture);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach");
  g_assert_cmpstr (rb_client_endpoint_get_id (fixture->endpoint), ==, "ep-1");
  g_assert_cmpuint (rb_client_endpoint_get_generation (fixture->endpoint), ==, 1);
}

static void
test_still_active (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("An endpoint that never stopped being active stays as it is.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/endpoint/ep-1/reattach", 409,
                         "{\"error\":\"endpoint_not_reconnecting\",\"message\":\"endpoint is currently active\"}");
  break_and_return (fixture);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach");
}

static void
test_register_again (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("An endpoint that the broker forgot is registered anew, without its spawn token; its old id still names it.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/endpoint/ep-1/reattach", 404,
                         "{\"error\":\"endpoint_unknown\",\"message\":\"unknown endpoint_id: ep-1\"}");
  break_and_return (fixture);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach register");
  g_assert_null (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/endpoint/register"), "spawn_token"));
  g_assert_cmpstr (rb_client_endpoint_get_id (fixture->endpoint), ==, "ep-2");
  g_assert_true (rb_client_endpoint_has_id (fixture->endpoint, "ep-1"));
  g_assert_cmpuint (rb_client_endpoint_get_generation (fixture->endpoint), ==, 2);
}

static void
test_drain_failed (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("A reattach that may work later ends the attempt; the next one tries it again instead of registering.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/endpoint/ep-1/reattach", 503,
                         "{\"error\":\"reconnecting_buffer_drain_failed\",\"message\":\"m\",\"retryable\":true}");
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/endpoint/ep-1/reattach") == 1
                      && rb_clock_get_n_timers (fixture->clock) == 1);
  g_assert_cmpint (rb_client_get_phase (fixture->client), ==, RB_CLIENT_RECONNECTING);
  rb_fake_clock_advance (fixture->clock, 2000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach reattach");
}

static void
test_backoff (Fixture       *fixture,
              gconstpointer  data)
{
  static const gint64 delays_ms[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };

  g_test_summary ("A broker that stays away is looked for after 1 s, doubling to 30 s.");

  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  for (gsize i = 0; i < G_N_ELEMENTS (delays_ms); i++)
    {
      rb_test_wait_until (rb_clock_get_n_timers (fixture->clock) == 1);
      rb_fake_clock_advance (fixture->clock, delays_ms[i] - 1);
      g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 1);
      rb_fake_clock_advance (fixture->clock, 1);
    }
  rb_fake_broker_start (fixture->broker);
  rb_test_wait_until (rb_clock_get_n_timers (fixture->clock) == 1);
  rb_fake_clock_advance (fixture->clock, 30000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
}

static void
test_push_while_reattaching (Fixture       *fixture,
                             gconstpointer  data)
{
  g_test_summary ("What waited in the broker arrives on the new channel for the old endpoint.");

  break_and_return (fixture);
  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  rb_fake_broker_push (fixture->broker, ASSIGNMENT);
  rb_test_wait_until (fixture->messages->len == 1);
}

static void
reply (Fixture *fixture)
{
  rb_fake_broker_push (fixture->broker, ASSIGNMENT);
  rb_test_wait_until (fixture->messages->len == 1);
  rb_client_reply_async (fixture->client, fixture->endpoint, g_ptr_array_index (fixture->messages, 0), "reply-1", "done", NULL, NULL,
                         rb_test_store_result, &fixture->result);
}

static void
finish_reply (Fixture *fixture)
{
  g_autofree char *message_id = NULL;
  g_autofree char *status = NULL;
  g_autoptr(GError) error = NULL;

  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_reply_finish (fixture->client, fixture->result, &message_id, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (message_id, ==, "m-1");
  g_assert_cmpstr (status, ==, "delivered");
}

static void
test_reply (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A reply names the assignment, the request id and the owner token.");

  reply (fixture);
  finish_reply (fixture);
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/runtime/assignment-reply"),
                            "\"endpoint_owner_token\":\"token-1\",\"source_message_id\":\"m-8\",\"assignment_id\":\"as-8\","
                            "\"reply_request_id\":\"reply-1\",\"content\":\"done\""));
}

static void
test_reply_restart (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A reply whose broker died before it answered is said again, with the same id, when it is back.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", 0, NULL);
  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", 0, NULL);
  reply (fixture);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/runtime/assignment-reply") >= 1);
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_forget (fixture->broker);
  rb_fake_broker_start (fixture->broker);
  while (fixture->result == NULL)
    {
      rb_test_settle ();
      rb_fake_clock_advance (fixture->clock, 1000);
    }
  finish_reply (fixture);
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/runtime/assignment-reply"), "\"reply-1\""));
}

static void
test_reply_refused (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A refusal is final: it is not repeated.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", 409,
                         "{\"error\":\"runtime_assignment_unknown\",\"message\":\"source assignment is not known to this broker\","
                         "\"assignment_failure_category\":\"reply_handle_stale\"}");
  reply (fixture);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_false (rb_client_reply_finish (fixture->client, fixture->result, NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/runtime/assignment-reply"), ==, 1);
}

static void
test_reply_retried (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("An answer that says try again is tried again after the backoff.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", 503,
                         "{\"error\":\"connector_unavailable\",\"message\":\"m\",\"retryable\":true}");
  reply (fixture);
  rb_test_wait_until (rb_clock_get_n_timers (fixture->clock) == 1
                      && rb_fake_broker_count (fixture->broker, "POST /v1/runtime/assignment-reply") == 1);
  rb_fake_clock_advance (fixture->clock, 40000);
  finish_reply (fixture);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/runtime/assignment-reply"), ==, 2);
}

static void
test_reply_closed (Fixture       *fixture,
                   gconstpointer  data)
{
  GAsyncResult *closed = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A reply that still waits when the client is closed ends with an error.");

  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", 503, "{\"error\":\"x\",\"message\":\"m\"}");
  reply (fixture);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/runtime/assignment-reply") == 1
                      && rb_clock_get_n_timers (fixture->clock) == 1);
  rb_client_close_async (fixture->client, rb_test_store_result, &closed);
  rb_test_wait_until (fixture->result != NULL || closed != NULL);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (fixture->result != NULL && closed != NULL);
  g_assert_false (rb_client_reply_finish (fixture->client, fixture->result, NULL, NULL, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "client_closed");
  g_object_unref (closed);
}

static void
test_unregister (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *requests = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An unregistered endpoint is not brought back.");

  rb_client_unregister_async (fixture->client, fixture->endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_unregister_finish (fixture->client, fixture->result, &error));
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "DELETE /v1/endpoint/ep-1"), ==, 1);
  rb_fake_broker_forget (fixture->broker);
  break_and_return (fixture);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "");
}

static void
test_early_message (Fixture       *fixture,
                    gconstpointer  data)
{
  const RbClientRegistration registration = { .agent_id = "a", .kind = "custom" };
  g_autoptr(RbClientEndpoint) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A message that overtakes the answer to the registration waits for it, and gets its receipt then.");

  rb_client_register_async (fixture->client, &registration, NULL, rb_test_store_result, &fixture->result);
  rb_fake_broker_push (fixture->broker, "{\"event\":\"message_received\",\"push_id\":\"push_9\",\"endpoint_id\":\"ep-2\",\"from\":\"a\","
                                        "\"content\":\"early\",\"contentType\":\"text\",\"metadata\":{}}");
  rb_test_wait_until (fixture->result != NULL && fixture->messages->len == 1);
  second = rb_client_register_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpuint (fixture->messages->len, ==, 1);
}

static void
test_connect_fails (Fixture       *fixture,
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
  connect_client (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
#define ADD_REGISTERED(path, function) g_test_add (path, Fixture, NULL, set_up_registered, function, tear_down)
  ADD ("/client/connects", test_connects);
  ADD ("/client/connect-fails", test_connect_fails);
  ADD ("/client/refuses/second-client", test_second_client);
  ADD ("/client/refuses/call-before-connect", test_call_before_connect);
  ADD ("/client/register", test_register);
  ADD_REGISTERED ("/client/call/envelope", test_envelope);
  ADD_REGISTERED ("/client/call/statuses", test_statuses);
  ADD_REGISTERED ("/client/call/not-json", test_not_json);
  ADD_REGISTERED ("/client/call/cut-off", test_cut_off);
  ADD_REGISTERED ("/client/call/deadline", test_deadline);
  ADD_REGISTERED ("/client/message/receipt-after-handler", test_message);
  ADD_REGISTERED ("/client/message/not-stored", test_message_refused);
  ADD_REGISTERED ("/client/message/bad-frames", test_bad_frames);
  ADD_REGISTERED ("/client/message/deep-frame", test_deep_frame);
  ADD_REGISTERED ("/client/message/overtakes-registration", test_early_message);
  ADD_REGISTERED ("/client/presence", test_presence);
  ADD_REGISTERED ("/client/reconnect/reattach", test_reattach);
  ADD_REGISTERED ("/client/reconnect/still-active", test_still_active);
  ADD_REGISTERED ("/client/reconnect/register-again", test_register_again);
  ADD_REGISTERED ("/client/reconnect/drain-failed", test_drain_failed);
  ADD_REGISTERED ("/client/reconnect/backoff", test_backoff);
  ADD_REGISTERED ("/client/reconnect/push", test_push_while_reattaching);
  ADD_REGISTERED ("/client/reconnect/unregistered", test_unregister);
  ADD_REGISTERED ("/client/reply/says-who", test_reply);
  ADD_REGISTERED ("/client/reply/broker-restarts", test_reply_restart);
  ADD_REGISTERED ("/client/reply/refused", test_reply_refused);
  ADD_REGISTERED ("/client/reply/retried", test_reply_retried);
  ADD_REGISTERED ("/client/reply/closed", test_reply_closed);
  return g_test_run ();
}
