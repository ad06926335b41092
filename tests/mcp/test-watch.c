/* test-watch.c: what a host is shown and told: resources, progress, its log
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mcp-fixture.h"
#include "rb-test.h"

#include <string.h>

static RbJson *
open_result (const RbJson *frame)
{
  RbJson *result = rb_json_open (frame, "result", NULL);

  g_assert_nonnull (result);
  return result;
}

/* The text of what is read. */
static char *
read_resource (RbMcpProgram *host,
               const char   *uri)
{
  g_autofree char *params = g_strdup_printf ("{\"uri\":\"%s\"}", uri);
  g_autoptr(RbJson) frame = rb_mcp_program_ask (host, "resources/read", params);
  g_autoptr(RbJson) result = open_result (frame);
  g_autoptr(RbJson) contents = rb_json_open (result, "contents", NULL);
  g_autoptr(RbJson) content = rb_json_open_item (contents, 0, NULL);
  g_autofree char *shown = mcp_dup_text (content, "uri");

  g_assert_cmpstr (shown, ==, uri);
  return mcp_dup_text (content, "text");
}

static void
subscribe (RbMcpProgram *host,
           const char   *method,
           const char   *uri)
{
  g_autofree char *params = g_strdup_printf ("{\"uri\":\"%s\"}", uri);
  g_autoptr(RbJson) frame = rb_mcp_program_ask (host, method, params);
  g_autoptr(RbJson) result = open_result (frame);
}

static char *
wait_updated (RbMcpProgram *host)
{
  g_autoptr(RbJson) frame = rb_mcp_program_notified (host, "notifications/resources/updated");
  g_autoptr(RbJson) params = rb_json_open (frame, "params", NULL);

  return mcp_dup_text (params, "uri");
}

static void
test_read (McpFixture    *fixture,
           gconstpointer  data)
{
  g_autofree char *id = mcp_send_text (fixture->alice, "to be read");
  g_autofree char *message_uri = g_strconcat ("runtime-broker://messages/", id, NULL);
  g_autofree char *ladder_uri = g_strconcat ("runtime-broker://ladders/", id, NULL);
  g_autofree char *endpoints = NULL;
  g_autofree char *message = NULL;
  g_autofree char *ladder = NULL;
  g_autoptr(RbJson) unknown = NULL;

  g_test_summary ("Messages, ladders and lists are read as JSON; what is not known is not found.");
  mcp_wait_inbox (fixture->bob, 1);
  endpoints = read_resource (fixture->bob, "runtime-broker://endpoints");
  message = read_resource (fixture->bob, message_uri);
  ladder = read_resource (fixture->bob, ladder_uri);
  g_assert_nonnull (strstr (endpoints, "\"alice\""));
  g_assert_nonnull (strstr (message, "to be read"));
  g_assert_nonnull (strstr (ladder, "\"received\""));
  unknown = rb_mcp_program_ask (fixture->bob, "resources/read", "{\"uri\":\"runtime-broker://messages/none\"}");
  g_assert_cmpint (rb_mcp_program_code (unknown), ==, -32002);
}

static void
test_pages (McpFixture    *fixture,
            gconstpointer  data)
{
  g_autoptr(RbJson) first_frame = NULL;
  g_autoptr(RbJson) first = NULL;
  g_autoptr(RbJson) first_list = NULL;
  g_autofree char *cursor = NULL;
  g_autofree char *params = NULL;
  g_autoptr(RbJson) second_frame = NULL;
  g_autoptr(RbJson) second = NULL;
  g_autoptr(RbJson) second_list = NULL;

  g_test_summary ("A long list comes in pages: what is fixed first, then the inbox.");
  for (int i = 0; i < 60; i++)
    {
      g_autofree char *id = mcp_send_text (fixture->alice, "one of many");
    }
  mcp_wait_inbox (fixture->bob, 60);
  first_frame = rb_mcp_program_ask (fixture->bob, "resources/list", NULL);
  first = open_result (first_frame);
  first_list = rb_json_open (first, "resources", NULL);
  cursor = mcp_dup_text (first, "nextCursor");
  g_assert_cmpuint (rb_json_get_length (first_list), ==, 50);
  params = g_strdup_printf ("{\"cursor\":\"%s\"}", cursor);
  second_frame = rb_mcp_program_ask (fixture->bob, "resources/list", params);
  second = open_result (second_frame);
  second_list = rb_json_open (second, "resources", NULL);
  g_assert_cmpuint (rb_json_get_length (second_list), ==, 14);
  g_assert_cmpint (rb_json_get_member_type (second, "nextCursor"), ==, RB_JSON_ABSENT);
}

static void
test_subscribe (McpFixture    *fixture,
                gconstpointer  data)
{
  g_autofree char *id = NULL;
  g_autofree char *uri = NULL;
  g_autofree char *message_uri = NULL;
  g_autofree char *changed = NULL;

  g_test_summary ("What is watched is told when others change it, and not any more when nobody watches it.");
  subscribe (fixture->bob, "resources/subscribe", "runtime-broker://inbox");
  subscribe (fixture->bob, "resources/subscribe", "runtime-broker://inbox");
  id = mcp_send_text (fixture->alice, "news");
  uri = wait_updated (fixture->bob);
  g_assert_cmpstr (uri, ==, "runtime-broker://inbox");
  subscribe (fixture->bob, "resources/unsubscribe", "runtime-broker://inbox");
  message_uri = g_strconcat ("runtime-broker://messages/", id, NULL);
  subscribe (fixture->bob, "resources/subscribe", message_uri);
  {
    g_autoptr(RbJson) claimed = rb_mcp_program_call (fixture->alice, "claim_message", "{\"message_id\":\"%s\"}", id);

    changed = wait_updated (fixture->bob);
    g_assert_cmpstr (changed, ==, message_uri);
  }
}

static void
test_many_watched (McpFixture    *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbJson) more = NULL;

  g_test_summary ("More than so many are not watched.");
  for (int i = 0; i < 64; i++)
    {
      g_autofree char *uri = g_strdup_printf ("runtime-broker://messages/m-%d", i);

      subscribe (fixture->bob, "resources/subscribe", uri);
    }
  more = rb_mcp_program_ask (fixture->bob, "resources/subscribe", "{\"uri\":\"runtime-broker://messages/m-64\"}");
  g_assert_cmpint (rb_mcp_program_code (more), ==, -32603);
}

static void
test_progress (McpFixture    *fixture,
               gconstpointer  data)
{
  int wait = rb_mcp_program_begin (fixture->bob, "tools/call", "{\"name\":\"wait_for_message\",\"arguments\":{\"timeout_seconds\":6},"
                                                               "\"_meta\":{\"progressToken\":\"p-1\"}}");
  g_autoptr(RbJson) frame = rb_mcp_program_notified (fixture->bob, "notifications/progress");
  g_autoptr(RbJson) params = rb_json_open (frame, "params", NULL);
  g_autofree char *token = mcp_dup_text (params, "progressToken");
  g_autoptr(RbJson) answer = NULL;
  gint64 total, waited;
  gboolean received = TRUE;

  g_test_summary ("Who asks for progress hears of it while it waits; a wait without a message is no error.");
  g_assert_cmpstr (token, ==, "p-1");
  g_assert_true (rb_json_get_int (params, "total", &total, NULL));
  g_assert_cmpint (total, ==, 6);
  answer = rb_mcp_program_wait_call (fixture->bob, wait);
  g_assert_true (rb_json_get_optional_boolean (answer, "received", TRUE, &received, NULL));
  g_assert_false (received);
  g_assert_true (rb_json_get_int (answer, "waited_seconds", &waited, NULL));
  g_assert_cmpint (waited, ==, 6);
}

static void
test_log (McpFixture    *fixture,
          gconstpointer  data)
{
  g_autofree char *endpoint = mcp_dup_endpoint (fixture->bob);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(RbJson) connected = rb_mcp_program_notified (fixture->bob, "notifications/message");
  g_autoptr(RbJson) arrived = NULL;
  g_autoptr(RbJson) params = NULL;
  g_autoptr(RbJson) quiet = NULL;
  g_autoptr(RbJson) changed = NULL;
  g_autofree char *event = NULL;

  g_test_summary ("The log says what comes, from the level on that the host wants.");
  first = mcp_send_text (fixture->alice, "loud");
  second = mcp_send_text (fixture->alice, "quiet");
  mcp_wait_inbox (fixture->alice, 2);
  mcp_dispatch (fixture, first, endpoint);
  arrived = rb_mcp_program_notified (fixture->bob, "notifications/message");
  params = rb_json_open (arrived, "params", NULL);
  event = mcp_dup_in (params, "data", "event");
  g_assert_cmpstr (event, ==, "message_arrived");
  changed = rb_mcp_program_notified (fixture->bob, "notifications/resources/list_changed");
  quiet = rb_mcp_program_ask (fixture->bob, "logging/setLevel", "{\"level\":\"error\"}");
  mcp_dispatch (fixture, second, endpoint);
  g_clear_pointer (&changed, rb_json_unref);
  changed = rb_mcp_program_notified (fixture->bob, "notifications/resources/list_changed");
  g_assert_false (rb_mcp_program_was_notified (fixture->bob, "notifications/message"));
}

static void
test_many_calls (McpFixture    *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbJson) more = NULL;
  g_autoptr(RbJson) waited = NULL;
  g_autoptr(RbJson) after = NULL;
  int first = rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":2}");

  g_test_summary ("So many requests may be at work; one more is refused, and the others go on.");
  for (int i = 1; i < 64; i++)
    rb_mcp_program_begin_call (fixture->bob, "wait_for_message", "{\"timeout_seconds\":600}");
  more = rb_mcp_program_ask (fixture->bob, "tools/call", "{\"name\":\"who_am_i\"}");
  g_assert_cmpint (rb_mcp_program_code (more), ==, -32603);
  waited = rb_mcp_program_wait_call (fixture->bob, first);
  g_assert_nonnull (waited);
  after = rb_mcp_program_call (fixture->bob, "who_am_i", "{}");
  g_assert_nonnull (after);
}

#define ADD(path, function) g_test_add ("/mcp/watch/" path, McpFixture, NULL, mcp_set_up, function, mcp_tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("read", test_read);
  ADD ("pages", test_pages);
  ADD ("subscribe", test_subscribe);
  ADD ("many-watched", test_many_watched);
  ADD ("progress", test_progress);
  ADD ("log", test_log);
  ADD ("many-calls", test_many_calls);
  return g_test_run ();
}
