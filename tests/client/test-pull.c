/* test-pull.c: an adapter claims, waits for staged messages, reads a conversation and settles (protocol.md 21.7)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client-fixture.h"

#include "rb-client-pull.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

#define CLAIM "POST /v1/runtime/assignment-claim"
#define SETTLE "POST /v1/runtime/self-settle"
#define HISTORY "POST /v1/runtime/session-conversation-history"
#define STAGED "POST /v1/runtime/staged-delivery"

#define GRANT "{\"assignment\":{\"undispatchedId\":\"u-1\",\"sourceMessageId\":\"m-1\",\"assignmentId\":\"as-1\",\"targetRef\":{" \
              "\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep-1\",\"background_exchange_mode\":" \
              "\"resident_endpoint\"},\"deliveryIntent\":\"external_handoff\"},\"message\":{\"from\":\"bob\",\"content\":\"hi\"," \
              "\"contentType\":\"text\",\"metadata\":{\"correlation_id\":\"c-1\"},\"sourceMessageId\":\"m-1\"}}"
#define ITEM "{\"endpoint_id\":\"ep-1\",\"undispatched_id\":\"u-1\",\"assignment_id\":\"as-1\",\"source_message_id\":\"m-1\"," \
             "\"message\":{\"from\":\"bob\",\"content\":\"hi\",\"contentType\":\"text\",\"sourceMessageId\":\"m-1\"}," \
             "\"staged_at\":\"2026-01-01T00:00:00.000Z\"}"

static void
assert_said (ClientFixture *fixture,
             const char    *request,
             const char    *part)
{
  const char *body = rb_fake_broker_get_body (fixture->broker, request);

  if (body == NULL || strstr (body, part) == NULL)
    g_error ("'%s' is not in '%s'", part, body != NULL ? body : "(null)");
}

static void
test_claim (ClientFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbClientMessage) message = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A claim gives a message with its assignment; the owner token goes with it.");

  rb_fake_broker_answer (fixture->broker, CLAIM, 200, GRANT);
  rb_client_claim_async (fixture->client, fixture->endpoint, "u-1", NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  message = rb_client_claim_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (message->content, ==, "hi");
  g_assert_cmpstr (message->endpoint_id, ==, "ep-1");
  g_assert_cmpstr (message->assignment->assignment_id, ==, "as-1");
  g_assert_cmpint (message->assignment->target->mode, ==, RB_TARGET_RESIDENT_ENDPOINT);
  assert_said (fixture, CLAIM, "\"undispatched_id\":\"u-1\"");
  assert_said (fixture, CLAIM, rb_client_endpoint_get_owner_token (fixture->endpoint));
}

static void
test_claim_refused (ClientFixture *fixture,
                    gconstpointer  data)
{
  static const char *const answers[] = { "{}", "{\"assignment\":{},\"message\":1}", "{\"assignment\":{},\"message\":{}}" };

  g_test_summary ("A refusal is final, and so is an answer that makes no sense.");

  for (guint i = 0; i <= G_N_ELEMENTS (answers); i++)
    {
      g_autoptr(GError) error = NULL;

      if (i == 0)
        rb_fake_broker_answer (fixture->broker, CLAIM, 409, "{\"error\":\"runtime_assignment_in_progress\",\"message\":\"no\"}");
      else
        rb_fake_broker_answer (fixture->broker, CLAIM, 200, answers[i - 1]);
      rb_client_claim_async (fixture->client, fixture->endpoint, "u-1", NULL, rb_test_store_result, &fixture->result);
      rb_test_wait_until (fixture->result != NULL);
      g_assert_null (rb_client_claim_finish (fixture->client, fixture->result, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, i == 0 ? "runtime_assignment_in_progress" : "bad_request");
      g_clear_object (&fixture->result);
    }
}

static void
test_settle (ClientFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Settling names the message and the process.");

  rb_fake_broker_answer (fixture->broker, SETTLE, 200, "{\"settled\":true}");
  rb_client_settle_async (fixture->client, fixture->endpoint, "u-1", NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_settle_finish (fixture->client, fixture->result, &error));
  assert_said (fixture, SETTLE, "\"undispatched_id\":\"u-1\"");
  assert_said (fixture, SETTLE, "\"plugin_pid\":");
}

static void
test_history (ClientFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbJson) answer = NULL;

  g_test_summary ("A conversation is asked for by its id, and comes as the broker gives it.");

  rb_fake_broker_answer (fixture->broker, HISTORY, 200, "{\"items\":[],\"has_more\":true}");
  rb_client_history_async (fixture->client, fixture->endpoint, "conv-1", 5, "m-9", NULL, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  answer = rb_client_history_finish_json (fixture->client, fixture->result, NULL);
  g_assert_cmpint (rb_json_get_member_type (answer, "has_more"), ==, RB_JSON_BOOLEAN);
  assert_said (fixture, HISTORY, "\"conversation_ref\":{\"kind\":\"session_conversation\",\"id\":\"conv-1\"},\"limit\":5,\"before\":\"m-9\"}");
}

static void
test_staged (ClientFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = NULL;
  g_autoptr(GError) error = NULL;
  RbClientMessage *message;

  g_test_summary ("Staged messages come with what is known of their assignments.");

  rb_fake_broker_answer (fixture->broker, STAGED, 200, "{\"items\":[" ITEM "]}");
  rb_client_staged_async (fixture->client, fixture->endpoint, 5000, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  messages = rb_client_staged_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, 1);
  message = g_ptr_array_index (messages, 0);
  g_assert_cmpstr (message->content, ==, "hi");
  g_assert_cmpstr (message->endpoint_id, ==, "ep-1");
  g_assert_cmpstr (message->assignment->assignment_id, ==, "as-1");
  g_assert_null (message->assignment->target);
  assert_said (fixture, STAGED, "\"timeout_ms\":5000");
}

static void
test_staged_pause (ClientFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = NULL;

  g_test_summary ("IMP-60: a broker that answers at once with nothing is asked again after a second, until the time is over.");

  for (guint i = 0; i < 3; i++)
    rb_fake_broker_answer (fixture->broker, STAGED, 200, "{\"items\":[]}");
  rb_client_staged_async (fixture->client, fixture->endpoint, 1500, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STAGED) == 1 && rb_clock_get_n_timers (fixture->clock) > 0);
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, STAGED), ==, 1);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STAGED) == 2);
  assert_said (fixture, STAGED, "\"timeout_ms\":500");
  while (fixture->result == NULL)
    {
      rb_test_settle ();
      rb_fake_clock_advance (fixture->clock, 100);
    }
  messages = rb_client_staged_finish (fixture->client, fixture->result, NULL);
  g_assert_cmpuint (messages->len, ==, 0);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, STAGED), ==, 2);
}

#define ADD(path, function) \
  g_test_add ("/client/pull/" path, ClientFixture, NULL, client_fixture_set_up_registered, function, client_fixture_tear_down); \
  g_test_add ("/client/stream/pull/" path, ClientFixture, "stream", client_fixture_set_up_registered, function, client_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("claim", test_claim);
  ADD ("claim/refused", test_claim_refused);
  ADD ("settle", test_settle);
  ADD ("history", test_history);
  ADD ("staged", test_staged);
  ADD ("staged/pause", test_staged_pause);
  return g_test_run ();
}
