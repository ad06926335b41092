/* test-stream.c: requests over the channel, where the broker takes them there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client-fixture.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static void
start (ClientFixture     *fixture,
       const char        *path,
       RbClientCallFlags  flags,
       GCancellable      *cancellable,
       GAsyncResult     **result)
{
  g_autoptr(GBytes) body = g_bytes_new_static ("{\"a\":1}", 7);

  rb_client_call_async (fixture->client, "POST", path, body, flags, cancellable, rb_test_store_result, result);
}

static void
call (ClientFixture     *fixture,
      const char        *path,
      RbClientCallFlags  flags)
{
  g_clear_object (&fixture->result);
  start (fixture, path, flags, NULL, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
}

static RbJson *
finish (ClientFixture *fixture,
        guint         *status,
        GError       **error)
{
  return rb_client_call_finish (fixture->client, fixture->result, status, error);
}

static void
test_goes_there (ClientFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbJson) answer = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  guint n = rb_fake_broker_get_n_streamed (fixture->broker);
  guint status = 0;

  g_test_summary ("A request goes over the channel with its body, and its answer comes back with the status.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", 202, "{\"b\":\"two\"}");
  call (fixture, "/v1/x", RB_CLIENT_CALL_NONE);
  answer = finish (fixture, &status, &error);
  g_assert_no_error (error);
  text = rb_json_peek_string (answer, "b");
  g_assert_cmpstr (text, ==, "two");
  g_assert_cmpuint (status, ==, 202);
  g_assert_cmpuint (rb_fake_broker_get_n_streamed (fixture->broker), ==, n + 1);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/x"), ==, "{\"a\":1}");
}

static void
test_does_not_go_there (ClientFixture *fixture,
                        gconstpointer  data)
{
  g_autofree char *content = g_strnfill (1024 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"content\":\"%s\"}", content);
  g_autoptr(GBytes) large = g_bytes_new (text, strlen (text));
  guint n = rb_fake_broker_get_n_streamed (fixture->broker);

  g_test_summary ("What a person asks, what waits long and what is large goes over HTTP.");

  call (fixture, "/v1/operator/dispatch", RB_CLIENT_CALL_NONE);
  call (fixture, "/v1/runtime/staged-delivery", RB_CLIENT_CALL_WAITS);
  g_clear_object (&fixture->result);
  rb_client_call_async (fixture->client, "POST", "/v1/send", large, RB_CLIENT_CALL_NONE, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_cmpuint (rb_fake_broker_get_n_streamed (fixture->broker), ==, n);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/send"), ==, 1);
}

static void
test_not_offered (ClientFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbJson) answer = NULL;

  g_test_summary ("A broker that does not say that it takes requests there gets none.");

  call (fixture, "/v1/x", RB_CLIENT_CALL_NONE);
  answer = finish (fixture, NULL, NULL);
  g_assert_nonnull (answer);
  g_assert_cmpuint (rb_fake_broker_get_n_streamed (fixture->broker), ==, 0);
}

static void
test_refused (ClientFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  guint status = 0;

  g_test_summary ("An error envelope is the error that it is over HTTP.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", 409, "{\"error\":\"not_yours\",\"message\":\"no\",\"retryable\":false}");
  call (fixture, "/v1/x", RB_CLIENT_CALL_NONE);
  g_assert_null (finish (fixture, &status, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "not_yours");
  g_assert_cmpuint (status, ==, 409);
}

static void
test_in_any_order (ClientFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(GAsyncResult) slow = NULL;
  g_autoptr(RbJson) answer = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("Answers come in any order; one that names no request of ours, or has no status, is none.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/slow", RB_FAKE_HOLD, NULL);
  start (fixture, "/v1/slow", RB_CLIENT_CALL_NONE, NULL, &slow);
  call (fixture, "/v1/fast", RB_CLIENT_CALL_NONE);
  g_assert_null (slow);
  rb_fake_broker_push (fixture->broker, "{\"event\":\"response\",\"id\":\"none\",\"status\":200,\"body\":{}}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"response\",\"id\":\"2\",\"status\":\"200\",\"body\":{}}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"response\",\"id\":\"2\",\"status\":200,\"body\":{\"c\":\"late\"}}");
  rb_test_wait_until (slow != NULL);
  answer = rb_client_call_finish (fixture->client, slow, NULL, NULL);
  text = rb_json_peek_string (answer, "c");
  g_assert_cmpstr (text, ==, "late");
}

static void
test_deadline (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is not answered in time has timed out; the answer that comes then is nobody's.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", RB_FAKE_HOLD, NULL);
  start (fixture, "/v1/x", RB_CLIENT_CALL_NONE, NULL, &fixture->result);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/x") == 1);
  rb_fake_clock_advance (fixture->clock, 39999);
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (finish (fixture, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
  rb_fake_broker_push (fixture->broker, "{\"event\":\"response\",\"id\":\"2\",\"status\":200,\"body\":{}}");
  call (fixture, "/v1/y", RB_CLIENT_CALL_NONE);
}

static void
test_cancelled (ClientFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("Who gives up hears so at once.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/x", RB_FAKE_HOLD, NULL);
  start (fixture, "/v1/x", RB_CLIENT_CALL_NONE, cancellable, &fixture->result);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/x") == 1);
  g_cancellable_cancel (cancellable);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (finish (fixture, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cut_off (ClientFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GAsyncResult) repeatable = NULL;
  g_autoptr(GError) unknown = NULL;
  g_autoptr(GError) lost = NULL;

  g_test_summary ("When the channel breaks the outcome is open, unless the request may be made again; neither is made again here.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/once", RB_FAKE_HOLD, NULL);
  rb_fake_broker_answer (fixture->broker, "POST /v1/again", RB_FAKE_DROP, NULL);
  start (fixture, "/v1/once", RB_CLIENT_CALL_NONE, NULL, &fixture->result);
  start (fixture, "/v1/again", RB_CLIENT_CALL_REPEATABLE, NULL, &repeatable);
  rb_test_wait_until (fixture->result != NULL && repeatable != NULL);
  g_assert_null (finish (fixture, NULL, &unknown));
  g_assert_error (unknown, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN);
  g_assert_null (rb_client_call_finish (fixture->client, repeatable, NULL, &lost));
  g_assert_error (lost, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/once"), ==, 1);
}

/* protocol.md 11.8: the id makes it one reply, however often it is asked for. */
static void
test_repeated (ClientFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;
  guint n;

  g_test_summary ("A reply that the channel broke under is made again over the next one.");

  rb_fake_broker_push (fixture->broker, ASSIGNMENT);
  rb_test_wait_until (fixture->messages->len == 1);
  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", RB_FAKE_DROP, NULL);
  n = rb_fake_broker_get_n_streamed (fixture->broker);
  rb_client_reply_async (fixture->client, fixture->endpoint, g_ptr_array_index (fixture->messages, 0), "r-1", "done", NULL, NULL,
                         rb_test_store_result, &fixture->result);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_reply_finish (fixture->client, fixture->result, &id, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (id, ==, "m-1");
  g_assert_cmpuint (rb_fake_broker_get_n_streamed (fixture->broker), ==, n + 2);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) \
  g_test_add ("/client/stream/" path, ClientFixture, "stream", client_fixture_set_up_registered, function, client_fixture_tear_down)
  ADD ("goes-there", test_goes_there);
  ADD ("does-not-go-there", test_does_not_go_there);
  ADD ("refused", test_refused);
  ADD ("in-any-order", test_in_any_order);
  ADD ("deadline", test_deadline);
  ADD ("cancelled", test_cancelled);
  ADD ("cut-off", test_cut_off);
  ADD ("repeated", test_repeated);
#undef ADD
  g_test_add ("/client/stream/not-offered", ClientFixture, NULL, client_fixture_set_up_registered, test_not_offered, client_fixture_tear_down);
  return g_test_run ();
}
