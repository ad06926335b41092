/* test-talk.c: hosts that work and talk through a real broker, and what becomes of messages when one of the two dies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-fixture.h"
#include "rb-mcp-program.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

typedef struct {
  RbDaemonFixture *broker;
  RbMcpProgram    *alice;
  RbMcpProgram    *bob;
} Fixture;

static RbMcpProgram *
start_host (Fixture    *fixture,
            const char *name)
{
  RbMcpProgram *host = rb_mcp_program_new ("--data-dir", rb_daemon_fixture_get_data_dir (fixture->broker), "--no-start", "--name", name, NULL);
  g_autoptr(RbJson) greeting = rb_mcp_program_greet (host, "2025-06-18", "tester");
  g_autoptr(RbJson) who = rb_mcp_program_call (host, "who_am_i", "{}");

  g_assert_nonnull (who);
  return host;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->broker = rb_daemon_fixture_new ();
  rb_daemon_fixture_start (fixture->broker);
  fixture->alice = start_host (fixture, "alice");
  fixture->bob = start_host (fixture, "bob");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_mcp_program_free (fixture->alice);
  rb_mcp_program_free (fixture->bob);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  rb_daemon_fixture_free (fixture->broker);
}

static char *
dup_text (const RbJson *object,
          const char   *name)
{
  return rb_json_peek_string (object, name);
}

static char *
dup_in (const RbJson *object,
        const char   *member,
        const char   *name)
{
  g_autoptr(RbJson) inner = rb_json_open (object, member, NULL);

  return inner != NULL ? rb_json_peek_string (inner, name) : NULL;
}

static void
assert_state (const RbJson *object,
              const char   *state)
{
  g_autofree char *text = dup_text (object, "state");

  g_assert_cmpstr (text, ==, state);
}

/* Sends, and returns the id. */
static char *
send_text (RbMcpProgram *host,
           const char   *text)
{
  g_autoptr(RbJson) sent = rb_mcp_program_call (host, "send_message", "{\"to\":\"default@local\",\"content\":\"%s\"}", text);

  return dup_text (sent, "sent_message_id");
}

static guint
count_inbox (RbMcpProgram *host)
{
  g_autoptr(RbJson) inbox = rb_mcp_program_call (host, "list_inbox", "{}");
  g_autoptr(RbJson) items = rb_json_open (inbox, "items", NULL);

  return rb_json_get_length (items);
}

static void
wait_inbox (RbMcpProgram *host,
            guint         count)
{
  rb_test_wait_until (count_inbox (host) == count);
}

static char *
dup_endpoint (RbMcpProgram *host)
{
  g_autoptr(RbJson) who = rb_mcp_program_call (host, "who_am_i", "{}");

  return dup_text (who, "endpoint_id");
}

/* As a person does. */
static void
dispatch (Fixture    *fixture,
          const char *message_id,
          const char *endpoint_id)
{
  g_autofree char *body = g_strdup_printf ("{\"undispatched_id\":\"%s\",\"target_endpoint_id\":\"%s\"}", message_id, endpoint_id);

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->broker, TRUE, "POST", "/v1/operator/dispatch", body, NULL), ==, 200);
}

static char *
explain (RbMcpProgram *host,
         const char   *id)
{
  g_autoptr(RbJson) answer = rb_mcp_program_call (host, "explain_message", "{\"id\":\"%s\"}", id);
  g_autoptr(GBytes) text = g_bytes_ref (rb_json_get_text (answer));

  return g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
}

static void
test_conversation (Fixture       *fixture,
                   gconstpointer  data)
{
  int ask = rb_mcp_program_begin_call (fixture->alice, "send_message", "{\"to\":\"default@local\",\"content\":\"2+2?\",\"wait_seconds\":30}");
  g_autofree char *id = NULL;
  g_autofree char *content = NULL;
  g_autofree char *reference = NULL;
  g_autofree char *answered = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("One host asks, another claims, reports and answers; the first one has the answer.");
  wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) inbox = rb_mcp_program_call (fixture->bob, "list_inbox", "{}");
    g_autoptr(RbJson) items = rb_json_open (inbox, "items", NULL);
    g_autoptr(RbJson) item = rb_json_open_item (items, 0, NULL);

    id = dup_text (item, "id");
  }
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) progress = rb_mcp_program_call (fixture->bob, "report_progress", "{\"message_id\":\"%s\",\"detail\":\"adding\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"4\"}", id);

    content = dup_in (claimed, "message", "content");
    g_assert_cmpstr (content, ==, "2+2?");
    assert_state (progress, "processing_started");
    assert_state (reply, "replied");
  }
  {
    g_autoptr(RbJson) answer = rb_mcp_program_wait_call (fixture->alice, ask);
    g_autofree char *text = dup_in (answer, "message", "content");

    reference = dup_text (answer, "reference");
    answered = dup_in (answer, "message", "in_reply_to");
    g_assert_cmpstr (text, ==, "4");
    g_assert_cmpstr (reference, ==, answered);
  }
  again = rb_mcp_program_refused (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"5\"}", id);
  g_assert_cmpstr (again, ==, "already_ended");
}

static void
test_dispatch (Fixture       *fixture,
               gconstpointer  data)
{
  int wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{}");
  g_autofree char *endpoint = dup_endpoint (fixture->bob);
  g_autofree char *id = send_text (fixture->alice, "work");
  g_autoptr(RbJson) came = NULL;
  g_autoptr(RbJson) settled = NULL;
  g_autofree char *shown = NULL;

  g_test_summary ("What a person gives to a session ends its wait, accepted; it can be settled without an answer.");
  wait_inbox (fixture->alice, 1);
  dispatch (fixture, id, endpoint);
  came = rb_mcp_program_wait_call (fixture->bob, wait);
  shown = dup_in (came, "message", "message_id");
  g_assert_cmpstr (shown, ==, id);
  settled = rb_mcp_program_call (fixture->bob, "settle_message", "{\"message_id\":\"%s\"}", id);
  assert_state (settled, "settled");
}

static void
test_look_first (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *id = send_text (fixture->alice, "maybe");
  g_autofree char *late = NULL;

  g_test_summary ("What was looked at can be released, or accepted and failed; what was accepted cannot be released.");
  wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\",\"accept\":false}", id);
    g_autoptr(RbJson) released = NULL;

    g_assert_cmpuint (count_inbox (fixture->bob), ==, 0);
    released = rb_mcp_program_call (fixture->bob, "release_message", "{\"message_id\":\"%s\"}", id);
    assert_state (released, "released");
  }
  wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->alice, "claim_message", "{\"message_id\":\"%s\",\"accept\":false}", id);
    g_autoptr(RbJson) accepted = rb_mcp_program_call (fixture->alice, "accept_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) failed = NULL;

    assert_state (accepted, "accepted");
    late = rb_mcp_program_refused (fixture->alice, "release_message", "{\"message_id\":\"%s\"}", id);
    g_assert_cmpstr (late, ==, "already_accepted");
    failed = rb_mcp_program_call (fixture->alice, "fail_message", "{\"message_id\":\"%s\",\"detail\":\"no\"}", id);
    assert_state (failed, "failed");
  }
}

static void
test_late_answer (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *id = send_text (fixture->alice, "later");
  g_autofree char *content = NULL;
  g_autofree char *story = NULL;

  g_test_summary ("An answer that nobody waits for stays with the broker until the host asks for it.");
  wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"done\"}", id);
    g_autoptr(RbJson) news = rb_mcp_program_notified (fixture->alice, "notifications/resources/list_changed");
    g_autofree char *answer_id = dup_text (reply, "sent_message_id");
    g_autoptr(RbJson) came = NULL;

    story = explain (fixture->bob, answer_id);
    g_assert_nonnull (strstr (story, "\"place\":\"queue\""));
    came = rb_mcp_program_call (fixture->alice, "wait_for_message", "{\"timeout_seconds\":5}");
    content = dup_in (came, "message", "content");
    g_assert_cmpstr (content, ==, "done");
    do
      {
        g_free (story);
        story = explain (fixture->bob, answer_id);
      }
    while (strstr (story, "\"place\":\"queue\"") != NULL);
  }
}

static void
test_host_dies (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *endpoint = dup_endpoint (fixture->bob);
  g_autofree char *id = send_text (fixture->alice, "for bob");
  g_autofree char *shown = NULL;
  g_autoptr(RbJson) came = NULL;
  g_autoptr(RbJson) reply = NULL;

  g_test_summary ("What was given to a host that died before it looked is in the inbox, and the next one of that name gets it.");
  wait_inbox (fixture->alice, 1);
  dispatch (fixture, id, endpoint);
  g_assert_cmpuint (count_inbox (fixture->alice), ==, 0);
  rb_mcp_program_kill (fixture->bob);
  wait_inbox (fixture->alice, 1);
  rb_mcp_program_free (fixture->bob);
  fixture->bob = start_host (fixture, "bob");
  came = rb_mcp_program_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":20}");
  shown = dup_in (came, "message", "message_id");
  g_assert_cmpstr (shown, ==, id);
  reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"here\"}", id);
  assert_state (reply, "replied");
}

static void
test_answer_survives (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *id = send_text (fixture->alice, "question");
  g_autofree char *content = NULL;

  g_test_summary ("An answer that its host did not see before it died goes to the next one of that name.");
  wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"answer\"}", id);
    g_autoptr(RbJson) news = rb_mcp_program_notified (fixture->alice, "notifications/resources/list_changed");
    g_autoptr(RbJson) came = NULL;

    rb_mcp_program_kill (fixture->alice);
    rb_mcp_program_free (fixture->alice);
    wait_inbox (fixture->bob, 1);
    fixture->alice = start_host (fixture, "alice");
    came = rb_mcp_program_call (fixture->alice, "wait_for_message", "{\"timeout_seconds\":20}");
    content = dup_in (came, "message", "content");
    g_assert_cmpstr (content, ==, "answer");
  }
}

static void
test_closed_while_waiting (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *endpoint = dup_endpoint (fixture->bob);
  g_autofree char *id = send_text (fixture->alice, "unread");
  g_autofree char *story = NULL;
  int wait;

  g_test_summary ("A host that closes its end while it waits ends well; what it accepted is reported as failed.");
  wait_inbox (fixture->alice, 1);
  dispatch (fixture, id, endpoint);
  {
    g_autoptr(RbJson) came = rb_mcp_program_call (fixture->bob, "wait_for_message", "{}");
    g_autoptr(RbJson) progress = rb_mcp_program_call (fixture->bob, "report_progress", "{\"message_id\":\"%s\"}", id);

    assert_state (progress, "processing_started");
  }
  wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":3600}");
  rb_mcp_program_close (fixture->bob);
  g_assert_cmpint (rb_mcp_program_end (fixture->bob), ==, 0);
  g_assert_false (rb_mcp_program_has (fixture->bob, wait));
  story = explain (fixture->alice, id);
  g_assert_nonnull (strstr (story, "host_gone"));
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *endpoint = dup_endpoint (fixture->bob);
  g_autofree char *id = send_text (fixture->alice, "cancelled");
  g_autofree char *line = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *again = NULL;
  int wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{}");

  g_test_summary ("A cancelled wait is not answered and takes nothing; one that was answered before is given its message again.");
  line = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%d}}", wait);
  rb_mcp_program_say (fixture->bob, line);
  wait_inbox (fixture->alice, 1);
  dispatch (fixture, id, endpoint);
  {
    int first = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{}");
    g_autoptr(RbJson) came = rb_mcp_program_wait_call (fixture->bob, first);
    g_autofree char *late = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%d}}", first);
    g_autoptr(RbJson) second = NULL;
    g_autoptr(RbJson) reply = NULL;

    g_assert_false (rb_mcp_program_has (fixture->bob, wait));
    shown = dup_in (came, "message", "message_id");
    rb_mcp_program_say (fixture->bob, late);
    second = rb_mcp_program_call (fixture->bob, "wait_for_message", "{}");
    again = dup_in (second, "message", "message_id");
    g_assert_cmpstr (shown, ==, again);
    reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"ok\"}", id);
    assert_state (reply, "replied");
  }
}

static void
test_broker_killed (Fixture       *fixture,
                    gconstpointer  data)
{
  int wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":60}");
  g_autofree char *endpoint = dup_endpoint (fixture->bob);
  g_autofree char *id = send_text (fixture->alice, "across a crash");
  g_autofree char *shown = NULL;
  g_autoptr(RbJson) came = NULL;
  g_autoptr(RbJson) reply = NULL;

  g_test_summary ("A wait outlives the broker: killed and back, it is the same endpoint, and the message comes.");
  wait_inbox (fixture->alice, 1);
  rb_daemon_fixture_kill (fixture->broker);
  rb_daemon_fixture_start (fixture->broker);
  g_assert_cmpuint (count_inbox (fixture->bob), ==, 1);
  dispatch (fixture, id, endpoint);
  came = rb_mcp_program_wait_call (fixture->bob, wait);
  shown = dup_in (came, "message", "message_id");
  g_assert_cmpstr (shown, ==, id);
  reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"still here\"}", id);
  assert_state (reply, "replied");
}

#define ADD(path, function) g_test_add ("/mcp/talk/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("conversation", test_conversation);
  ADD ("dispatch", test_dispatch);
  ADD ("look-first", test_look_first);
  ADD ("late-answer", test_late_answer);
  ADD ("host-dies", test_host_dies);
  ADD ("answer-survives", test_answer_survives);
  ADD ("closed-while-waiting", test_closed_while_waiting);
  ADD ("cancelled", test_cancelled);
  ADD ("broker-killed", test_broker_killed);
  return g_test_run ();
}
