/* test-reconnect.c: an adapter comes back, and what it had to say is said once (protocol.md 21.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client-fixture.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static void
break_and_return (ClientFixture *fixture)
{
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
}

static void
test_reattach (ClientFixture *fixture,
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
test_still_active (ClientFixture *fixture,
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
test_register_again (ClientFixture *fixture,
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
test_drain_failed (ClientFixture *fixture,
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
test_queue_refused (ClientFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("A session that does not take what waited for it is registered anew, which leaves the queue as it is.");

  g_object_set (fixture->endpoint, "runtime-session-id", "s-1", NULL);
  fixture->store = FALSE;
  rb_fake_broker_answer (fixture->broker, "POST /v1/endpoint/ep-1/reattach", 503,
                         "{\"error\":\"reconnecting_buffer_drain_failed\",\"message\":\"m\",\"retryable\":true}");
  rb_fake_broker_answer (fixture->broker, "POST /v1/endpoint/register", 200, "{\"endpoint_id\":\"ep-2\",\"endpoint_owner_token\":\"t-2\"}");
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_push_first (fixture->broker, MESSAGE);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach register");
  g_assert_cmpstr (rb_client_endpoint_get_id (fixture->endpoint), ==, "ep-2");
}

static void
test_queue_refused_once (ClientFixture *fixture,
                         gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("Who has no session would be somebody else then, and is brought back when it has taken what waited.");

  fixture->store = FALSE;
  rb_fake_broker_answer (fixture->broker, "POST /v1/endpoint/ep-1/reattach", 503,
                         "{\"error\":\"reconnecting_buffer_drain_failed\",\"message\":\"m\",\"retryable\":true}");
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_broker_push_first (fixture->broker, MESSAGE);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/endpoint/ep-1/reattach") == 1
                      && rb_clock_get_n_timers (fixture->clock) == 1);
  rb_fake_clock_advance (fixture->clock, 2000);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach reattach");
  g_assert_cmpstr (rb_client_endpoint_get_id (fixture->endpoint), ==, "ep-1");
}

static void
test_restart (ClientFixture *fixture,
              gconstpointer  data)
{
  g_autofree char *requests = NULL;

  g_test_summary ("A broker that says that it restarts is asked at once, not after a second.");

  rb_fake_broker_close_channel (fixture->broker, 1001, "broker_restart");
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_clock_advance (fixture->clock, 0);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_CONNECTED);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "reattach");
}

static void
test_backoff (ClientFixture *fixture,
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
test_push_while_reattaching (ClientFixture *fixture,
                             gconstpointer  data)
{
  g_test_summary ("What waited in the broker arrives on the new channel for the old endpoint.");

  break_and_return (fixture);
  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  rb_fake_broker_push (fixture->broker, ASSIGNMENT);
  rb_test_wait_until (fixture->messages->len == 1);
}

static void
reply (ClientFixture *fixture)
{
  rb_fake_broker_push (fixture->broker, ASSIGNMENT);
  rb_test_wait_until (fixture->messages->len == 1);
  rb_client_reply_async (fixture->client, fixture->endpoint, g_ptr_array_index (fixture->messages, 0), "reply-1", "done", NULL, NULL,
                         rb_test_store_result, &fixture->result);
}

static void
finish_reply (ClientFixture *fixture)
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
test_reply (ClientFixture *fixture,
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
test_reply_restart (ClientFixture *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A reply whose broker died before it answered is said again, with the same id, when it is back.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", RB_FAKE_DROP, NULL);
  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", RB_FAKE_DROP, NULL);
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
test_reply_refused (ClientFixture *fixture,
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
test_reply_retried (ClientFixture *fixture,
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
test_reply_closed (ClientFixture *fixture,
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
test_unregister (ClientFixture *fixture,
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

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD_REGISTERED(path, function) \
  g_test_add (path, ClientFixture, NULL, client_fixture_set_up_registered, function, client_fixture_tear_down)
  ADD_REGISTERED ("/client/reconnect/reattach", test_reattach);
  ADD_REGISTERED ("/client/reconnect/still-active", test_still_active);
  ADD_REGISTERED ("/client/reconnect/register-again", test_register_again);
  ADD_REGISTERED ("/client/reconnect/drain-failed", test_drain_failed);
  ADD_REGISTERED ("/client/reconnect/queue-refused", test_queue_refused);
  ADD_REGISTERED ("/client/reconnect/queue-refused-without-session", test_queue_refused_once);
  ADD_REGISTERED ("/client/reconnect/restart", test_restart);
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
