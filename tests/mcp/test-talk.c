/* test-talk.c: hosts that work and talk through a real broker, and what becomes of messages when one of the two dies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mcp-fixture.h"
#include "rb-test.h"

#include <string.h>

static void
test_conversation (McpFixture    *fixture,
                   gconstpointer  data)
{
  int ask = rb_mcp_program_begin_call (fixture->alice, "send_message", "{\"to\":\"default@local\",\"content\":\"2+2?\",\"wait_seconds\":30}");
  g_autofree char *id = NULL;
  g_autofree char *content = NULL;
  g_autofree char *reference = NULL;
  g_autofree char *answered = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("One host asks, another claims, reports and answers; the first one has the answer.");
  mcp_wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) inbox = rb_mcp_program_call (fixture->bob, "list_inbox", "{}");
    g_autoptr(RbJson) items = rb_json_open (inbox, "items", NULL);
    g_autoptr(RbJson) item = rb_json_open_item (items, 0, NULL);

    id = mcp_dup_text (item, "id");
  }
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) progress = rb_mcp_program_call (fixture->bob, "report_progress", "{\"message_id\":\"%s\",\"detail\":\"adding\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"4\"}", id);

    content = mcp_dup_in (claimed, "message", "content");
    g_assert_cmpstr (content, ==, "2+2?");
    mcp_assert_state (progress, "processing_started");
    mcp_assert_state (reply, "replied");
  }
  {
    g_autoptr(RbJson) answer = rb_mcp_program_wait_call (fixture->alice, ask);
    g_autofree char *text = mcp_dup_in (answer, "message", "content");

    reference = mcp_dup_text (answer, "reference");
    answered = mcp_dup_in (answer, "message", "in_reply_to");
    g_assert_cmpstr (text, ==, "4");
    g_assert_cmpstr (reference, ==, answered);
  }
  again = rb_mcp_program_refused (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"5\"}", id);
  g_assert_cmpstr (again, ==, "already_ended");
}

static void
test_dispatch (McpFixture    *fixture,
               gconstpointer  data)
{
  int wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{}");
  g_autofree char *endpoint = mcp_dup_endpoint (fixture->bob);
  g_autofree char *id = mcp_send_text (fixture->alice, "work");
  g_autoptr(RbJson) came = NULL;
  g_autoptr(RbJson) settled = NULL;
  g_autofree char *shown = NULL;

  g_test_summary ("What a person gives to a session ends its wait, accepted; it can be settled without an answer.");
  mcp_wait_inbox (fixture->alice, 1);
  mcp_dispatch (fixture, id, endpoint);
  came = rb_mcp_program_wait_call (fixture->bob, wait);
  shown = mcp_dup_in (came, "message", "message_id");
  g_assert_cmpstr (shown, ==, id);
  settled = rb_mcp_program_call (fixture->bob, "settle_message", "{\"message_id\":\"%s\"}", id);
  mcp_assert_state (settled, "settled");
}

static void
test_look_first (McpFixture    *fixture,
                 gconstpointer  data)
{
  g_autofree char *id = mcp_send_text (fixture->alice, "maybe");
  g_autofree char *late = NULL;

  g_test_summary ("What was looked at can be released, or accepted and failed; what was accepted cannot be released.");
  mcp_wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\",\"accept\":false}", id);
    g_autoptr(RbJson) released = NULL;

    g_assert_cmpuint (mcp_count_inbox (fixture->bob), ==, 0);
    released = rb_mcp_program_call (fixture->bob, "release_message", "{\"message_id\":\"%s\"}", id);
    mcp_assert_state (released, "released");
  }
  mcp_wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->alice, "claim_message", "{\"message_id\":\"%s\",\"accept\":false}", id);
    g_autoptr(RbJson) accepted = rb_mcp_program_call (fixture->alice, "accept_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) failed = NULL;

    mcp_assert_state (accepted, "accepted");
    late = rb_mcp_program_refused (fixture->alice, "release_message", "{\"message_id\":\"%s\"}", id);
    g_assert_cmpstr (late, ==, "already_accepted");
    failed = rb_mcp_program_call (fixture->alice, "fail_message", "{\"message_id\":\"%s\",\"detail\":\"no\"}", id);
    mcp_assert_state (failed, "failed");
  }
}

static void
test_late_answer (McpFixture    *fixture,
                  gconstpointer  data)
{
  g_autofree char *id = mcp_send_text (fixture->alice, "later");
  g_autofree char *content = NULL;
  g_autofree char *story = NULL;

  g_test_summary ("An answer that nobody waits for stays with the broker until the host asks for it.");
  mcp_wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"done\"}", id);
    g_autoptr(RbJson) news = rb_mcp_program_notified (fixture->alice, "notifications/resources/list_changed");
    g_autofree char *answer_id = mcp_dup_text (reply, "sent_message_id");
    g_autoptr(RbJson) came = NULL;

    story = mcp_explain (fixture->bob, answer_id);
    g_assert_nonnull (strstr (story, "\"place\":\"queue\""));
    came = rb_mcp_program_call (fixture->alice, "wait_for_message", "{\"timeout_seconds\":5}");
    content = mcp_dup_in (came, "message", "content");
    g_assert_cmpstr (content, ==, "done");
    do
      {
        g_free (story);
        story = mcp_explain (fixture->bob, answer_id);
      }
    while (strstr (story, "\"place\":\"queue\"") != NULL);
  }
}

static void
test_host_dies (McpFixture    *fixture,
                gconstpointer  data)
{
  g_autofree char *endpoint = mcp_dup_endpoint (fixture->bob);
  g_autofree char *id = mcp_send_text (fixture->alice, "for bob");
  g_autofree char *shown = NULL;
  g_autoptr(RbJson) came = NULL;
  g_autoptr(RbJson) reply = NULL;

  g_test_summary ("What was given to a host that died before it looked is in the inbox, and the next one of that name gets it.");
  mcp_wait_inbox (fixture->alice, 1);
  mcp_dispatch (fixture, id, endpoint);
  g_assert_cmpuint (mcp_count_inbox (fixture->alice), ==, 0);
  rb_mcp_program_kill (fixture->bob);
  mcp_wait_inbox (fixture->alice, 1);
  rb_mcp_program_free (fixture->bob);
  fixture->bob = mcp_start_host (fixture, "bob");
  came = rb_mcp_program_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":20}");
  shown = mcp_dup_in (came, "message", "message_id");
  g_assert_cmpstr (shown, ==, id);
  reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"here\"}", id);
  mcp_assert_state (reply, "replied");
}

static void
test_answer_survives (McpFixture    *fixture,
                      gconstpointer  data)
{
  g_autofree char *id = mcp_send_text (fixture->alice, "question");
  g_autofree char *content = NULL;

  g_test_summary ("An answer that its host did not see before it died goes to the next one of that name.");
  mcp_wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"answer\"}", id);
    g_autoptr(RbJson) news = rb_mcp_program_notified (fixture->alice, "notifications/resources/list_changed");
    g_autoptr(RbJson) came = NULL;

    rb_mcp_program_kill (fixture->alice);
    rb_mcp_program_free (fixture->alice);
    mcp_wait_inbox (fixture->bob, 1);
    fixture->alice = mcp_start_host (fixture, "alice");
    came = rb_mcp_program_call (fixture->alice, "wait_for_message", "{\"timeout_seconds\":20}");
    content = mcp_dup_in (came, "message", "content");
    g_assert_cmpstr (content, ==, "answer");
  }
}

static void
test_closed_while_waiting (McpFixture    *fixture,
                           gconstpointer  data)
{
  g_autofree char *endpoint = mcp_dup_endpoint (fixture->bob);
  g_autofree char *id = mcp_send_text (fixture->alice, "unread");
  g_autofree char *story = NULL;
  int wait;

  g_test_summary ("A host that closes its end while it waits ends well; what it accepted is reported as failed.");
  mcp_wait_inbox (fixture->alice, 1);
  mcp_dispatch (fixture, id, endpoint);
  {
    g_autoptr(RbJson) came = rb_mcp_program_call (fixture->bob, "wait_for_message", "{}");
    g_autoptr(RbJson) progress = rb_mcp_program_call (fixture->bob, "report_progress", "{\"message_id\":\"%s\"}", id);

    mcp_assert_state (progress, "processing_started");
  }
  wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":3600}");
  rb_mcp_program_close (fixture->bob);
  g_assert_cmpint (rb_mcp_program_end (fixture->bob), ==, 0);
  g_assert_false (rb_mcp_program_has (fixture->bob, wait));
  story = mcp_explain (fixture->alice, id);
  g_assert_nonnull (strstr (story, "host_gone"));
}

static void
test_cancelled (McpFixture    *fixture,
                gconstpointer  data)
{
  g_autofree char *endpoint = mcp_dup_endpoint (fixture->bob);
  g_autofree char *id = mcp_send_text (fixture->alice, "cancelled");
  g_autofree char *line = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *again = NULL;
  int wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{}");

  g_test_summary ("A cancelled wait is not answered and takes nothing; one that was answered before is given its message again.");
  line = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%d}}", wait);
  rb_mcp_program_say (fixture->bob, line);
  mcp_wait_inbox (fixture->alice, 1);
  mcp_dispatch (fixture, id, endpoint);
  {
    int first = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{}");
    g_autoptr(RbJson) came = rb_mcp_program_wait_call (fixture->bob, first);
    g_autofree char *late = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%d}}", first);
    g_autoptr(RbJson) second = NULL;
    g_autoptr(RbJson) reply = NULL;

    g_assert_false (rb_mcp_program_has (fixture->bob, wait));
    shown = mcp_dup_in (came, "message", "message_id");
    rb_mcp_program_say (fixture->bob, late);
    second = rb_mcp_program_call (fixture->bob, "wait_for_message", "{}");
    again = mcp_dup_in (second, "message", "message_id");
    g_assert_cmpstr (shown, ==, again);
    reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"ok\"}", id);
    mcp_assert_state (reply, "replied");
  }
}

static void
test_broker_killed (McpFixture    *fixture,
                    gconstpointer  data)
{
  int wait = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":60}");
  g_autofree char *endpoint = mcp_dup_endpoint (fixture->bob);
  g_autofree char *id = mcp_send_text (fixture->alice, "across a crash");
  g_autofree char *shown = NULL;
  g_autoptr(RbJson) came = NULL;
  g_autoptr(RbJson) reply = NULL;

  g_test_summary ("A wait outlives the broker: killed and back, it is the same endpoint, and the message comes.");
  mcp_wait_inbox (fixture->alice, 1);
  rb_daemon_fixture_kill (fixture->broker);
  rb_daemon_fixture_start (fixture->broker);
  g_assert_cmpuint (mcp_count_inbox (fixture->bob), ==, 1);
  mcp_dispatch (fixture, id, endpoint);
  came = rb_mcp_program_wait_call (fixture->bob, wait);
  shown = mcp_dup_in (came, "message", "message_id");
  g_assert_cmpstr (shown, ==, id);
  reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"still here\"}", id);
  mcp_assert_state (reply, "replied");
}

static void
test_unread_answer (McpFixture    *fixture,
                    gconstpointer  data)
{
  g_autofree char *id = mcp_send_text (fixture->alice, "before the crash");
  g_autofree char *content = NULL;
  g_autofree char *answer_id = NULL;
  g_autofree char *more = NULL;

  g_test_summary ("An answer that nobody asked for yet does not keep the session from coming back after the broker was killed.");
  mcp_wait_inbox (fixture->bob, 1);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->bob, "claim_message", "{\"message_id\":\"%s\"}", id);
    g_autoptr(RbJson) reply = rb_mcp_program_call (fixture->bob, "reply_message", "{\"message_id\":\"%s\",\"content\":\"kept\"}", id);
    g_autoptr(RbJson) news = rb_mcp_program_notified (fixture->alice, "notifications/resources/list_changed");

    answer_id = mcp_dup_text (reply, "sent_message_id");
  }
  rb_daemon_fixture_kill (fixture->broker);
  rb_daemon_fixture_start (fixture->broker);
  more = mcp_send_text (fixture->alice, "after the crash");
  {
    g_autoptr(RbJson) came = rb_mcp_program_call (fixture->alice, "wait_for_message", "{\"timeout_seconds\":20}");

    content = mcp_dup_in (came, "message", "content");
    g_assert_cmpstr (content, ==, "kept");
  }
  mcp_wait_inbox (fixture->bob, 1);
}

#define ADD(path, function) g_test_add ("/mcp/talk/" path, McpFixture, NULL, mcp_set_up, function, mcp_tear_down)

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
  ADD ("unread-answer", test_unread_answer);
  return g_test_run ();
}
