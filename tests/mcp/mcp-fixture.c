/* mcp-fixture.c: a real broker and two hosts, alice and bob
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mcp-fixture.h"

#include "rb-test.h"

RbMcpProgram *
mcp_start_host (McpFixture *fixture,
                const char *name)
{
  RbMcpProgram *host = rb_mcp_program_new ("--data-dir", rb_daemon_fixture_get_data_dir (fixture->broker), "--no-start", "--name", name, NULL);
  g_autoptr(RbJson) greeting = rb_mcp_program_greet (host, "2025-06-18", "tester");
  g_autoptr(RbJson) who = rb_mcp_program_call (host, "who_am_i", "{}");

  g_assert_nonnull (who);
  return host;
}

void
mcp_set_up (McpFixture *fixture,
            gconstpointer  data)
{
  fixture->broker = rb_daemon_fixture_new ();
  rb_daemon_fixture_start (fixture->broker);
  fixture->alice = mcp_start_host (fixture, "alice");
  fixture->bob = mcp_start_host (fixture, "bob");
}

void
mcp_tear_down (McpFixture *fixture,
               gconstpointer  data)
{
  rb_mcp_program_free (fixture->alice);
  rb_mcp_program_free (fixture->bob);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  rb_daemon_fixture_free (fixture->broker);
}

char *
mcp_dup_text (const RbJson *object,
              const char   *name)
{
  return rb_json_peek_string (object, name);
}

char *
mcp_dup_in (const RbJson *object,
            const char   *member,
            const char   *name)
{
  g_autoptr(RbJson) inner = rb_json_open (object, member, NULL);

  return inner != NULL ? rb_json_peek_string (inner, name) : NULL;
}

void
mcp_assert_state (const RbJson *object,
                  const char   *state)
{
  g_autofree char *text = mcp_dup_text (object, "state");

  g_assert_cmpstr (text, ==, state);
}

/* Sends, and returns the id. */
char *
mcp_send_text (RbMcpProgram *host,
               const char   *text)
{
  g_autoptr(RbJson) sent = rb_mcp_program_call (host, "send_message", "{\"to\":\"default@local\",\"content\":\"%s\"}", text);

  return mcp_dup_text (sent, "sent_message_id");
}

guint
mcp_count_inbox (RbMcpProgram *host)
{
  g_autoptr(RbJson) inbox = rb_mcp_program_call (host, "list_inbox", "{}");
  g_autoptr(RbJson) items = rb_json_open (inbox, "items", NULL);

  return rb_json_get_length (items);
}

void
mcp_wait_inbox (RbMcpProgram *host,
                guint         count)
{
  rb_test_wait_until (mcp_count_inbox (host) == count);
}

char *
mcp_dup_endpoint (RbMcpProgram *host)
{
  g_autoptr(RbJson) who = rb_mcp_program_call (host, "who_am_i", "{}");

  return mcp_dup_text (who, "endpoint_id");
}

/* As a person does. */
void
mcp_dispatch (McpFixture *fixture,
              const char *message_id,
              const char *endpoint_id)
{
  g_autofree char *body = g_strdup_printf ("{\"undispatched_id\":\"%s\",\"target_endpoint_id\":\"%s\"}", message_id, endpoint_id);

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->broker, TRUE, "POST", "/v1/operator/dispatch", body, NULL), ==, 200);
}

char *
mcp_explain (RbMcpProgram *host,
             const char   *id)
{
  g_autoptr(RbJson) answer = rb_mcp_program_call (host, "explain_message", "{\"id\":\"%s\"}", id);
  g_autoptr(GBytes) text = g_bytes_ref (rb_json_get_text (answer));

  return g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
}
