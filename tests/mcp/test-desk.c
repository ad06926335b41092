/* test-desk.c: the messages of a session: told apart, found, handed on, returned, forgotten
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-mcp-desk.h"
#include "rb-test.h"

#include <string.h>

#define SECOND_US G_GINT64_CONSTANT (1000000)

/* @assignment: (nullable): it is work */
static RbClientMessage *
make_message (const char *id,
              const char *assignment,
              const char *metadata)
{
  g_autofree char *work = assignment != NULL
                            ? g_strdup_printf (",\"runtimeAssignment\":{\"undispatchedId\":\"%s\",\"sourceMessageId\":\"%s\",\"assignmentId\":\"%s\","
                                               "\"deliveryIntent\":\"external_handoff\",\"targetRef\":{\"kind\":\"projection_endpoint\","
                                               "\"projection_endpoint_id\":\"ep-1\",\"background_exchange_mode\":\"resident_endpoint\"}}",
                                               id, id, assignment)
                            : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("{\"event\":\"message_received\",\"push_id\":\"p-%s\",\"from\":\"a@local\",\"content\":\"c\","
                                           "\"contentType\":\"text\",\"metadata\":%s,\"sourceMessageId\":\"%s\"%s}", id, metadata, id, work);
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(RbJson) frame = rb_json_parse (bytes, 0, NULL);
  g_autoptr(GError) error = NULL;
  RbClientMessage *message = rb_client_message_from_json (frame, &error);

  g_assert_no_error (error);
  return message;
}

static RbMcpEntry *
add (RbMcpDesk  *desk,
     const char *id,
     const char *assignment,
     const char *metadata)
{
  g_autoptr(RbClientMessage) message = make_message (id, assignment, metadata);

  g_assert_null (rb_mcp_desk_find (desk, message));
  return rb_mcp_desk_add (desk, message, 0);
}

static void
test_same (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *direct = add (desk, "m-1", NULL, "{}");
  RbMcpEntry *work = add (desk, "m-1", "as-1", "{}");
  g_autoptr(RbClientMessage) again = make_message (work->id, "as-1", "{}");
  g_autoptr(RbClientMessage) direct_again = make_message (direct->id, NULL, "{}");

  g_test_summary ("The same push is the same entry; another assignment of a message is another one.");
  g_assert_true (rb_mcp_desk_find (desk, again) == work);
  g_assert_true (rb_mcp_desk_find (desk, direct_again) == direct);
  g_assert_true (add (desk, "m-1", "as-2", "{}") != work);
}

static void
test_lookup (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *one = add (desk, "abc-1", "as-1", "{}");
  RbMcpEntry *two = add (desk, "abd-2", "as-2", "{}");
  g_autoptr(GError) unknown = NULL;
  g_autoptr(GError) ambiguous = NULL;

  g_test_summary ("A message is found by its id or a beginning that only it has.");
  g_assert_true (rb_mcp_desk_lookup (desk, "abc-1", NULL) == one);
  g_assert_true (rb_mcp_desk_lookup (desk, "abd", NULL) == two);
  g_assert_null (rb_mcp_desk_lookup (desk, "x", &unknown));
  g_assert_cmpstr (rb_error_get_reason (unknown), ==, "not_at_hand");
  g_assert_null (rb_mcp_desk_lookup (desk, "ab", &ambiguous));
  g_assert_cmpstr (rb_error_get_reason (ambiguous), ==, "ambiguous_message");
}

static void
test_next (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *first = add (desk, "m-1", "as-1", "{}");
  RbMcpEntry *answer = add (desk, "m-2", NULL, "{\"in_reply_to\":\"r-1\",\"correlation_id\":\"c-1\"}");

  g_test_summary ("The oldest that fits comes next; what was handed on does not.");
  g_assert_true (rb_mcp_desk_next (desk, NULL, NULL) == first);
  g_assert_true (rb_mcp_desk_next (desk, NULL, "r-1") == answer);
  g_assert_true (rb_mcp_desk_next (desk, "c-1", NULL) == answer);
  g_assert_null (rb_mcp_desk_next (desk, NULL, "r-2"));
  first->place = RB_MCP_HANDED;
  g_assert_true (rb_mcp_desk_next (desk, NULL, NULL) == answer);
}

static void
test_lapse (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *work = add (desk, "m-1", "as-1", "{}");
  RbMcpEntry *answer = add (desk, "m-2", NULL, "{}");
  RbMcpEntry *accepted = add (desk, "m-3", "as-3", "{}");
  g_autofree char *lapsed = NULL;

  g_test_summary ("Work that nobody asked for in time is the inbox's again, and remembered; answers and what is accepted stay.");
  accepted->is_accepted = TRUE;
  rb_mcp_desk_expire (desk, 24 * SECOND_US);
  g_assert_cmpint (work->place, ==, RB_MCP_OFFERED);
  rb_mcp_desk_expire (desk, 25 * SECOND_US);
  g_assert_cmpint (work->place, ==, RB_MCP_ENDED);
  g_assert_cmpint (answer->place, ==, RB_MCP_OFFERED);
  g_assert_cmpint (accepted->place, ==, RB_MCP_OFFERED);
  lapsed = rb_mcp_desk_steal_lapsed (desk);
  g_assert_cmpstr (lapsed, ==, "m-1");
  g_assert_null (rb_mcp_desk_steal_lapsed (desk));
}

static void
test_seen (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *work = add (desk, "m-1", "as-1", "{}");

  g_test_summary ("What the host has seen may still be accepted for a while, and is not looked for again.");
  work->place = RB_MCP_HANDED;
  rb_mcp_desk_expire (desk, 30 * SECOND_US);
  g_assert_cmpint (work->place, ==, RB_MCP_HANDED);
  rb_mcp_desk_expire (desk, 60 * SECOND_US);
  g_assert_cmpint (work->place, ==, RB_MCP_ENDED);
  g_assert_null (rb_mcp_desk_steal_lapsed (desk));
}

static void
test_asked_for (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *work = add (desk, "m-1", "as-1", "{}");

  g_test_summary ("Of what the broker was asked to accept, it alone says whether it was too late.");
  work->place = RB_MCP_HANDED;
  work->is_asked_for = TRUE;
  rb_mcp_desk_expire (desk, 3600 * SECOND_US);
  g_assert_cmpint (work->place, ==, RB_MCP_HANDED);
}

static RbClientMessage *
make_nameless (const char *push_id)
{
  g_autoptr(RbClientMessage) named = make_message ("m", NULL, "{}");
  RbClientMessage *message = g_object_ref (named);

  g_clear_pointer (&message->source_message_id, g_free);
  g_free (message->push_id);
  message->push_id = g_strdup (push_id);
  return message;
}

static void
test_nameless (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  g_autoptr(RbClientMessage) first = make_nameless ("p-1");
  g_autoptr(RbClientMessage) again = make_nameless ("p-1");
  g_autoptr(RbClientMessage) other = make_nameless ("p-2");
  g_autoptr(RbClientMessage) unpushed = make_nameless (NULL);
  RbMcpEntry *entry = rb_mcp_desk_add (desk, first, 0);

  g_test_summary ("Of a network that gives no ids, a push that comes again is the same entry.");
  g_assert_true (rb_mcp_desk_find (desk, first) == entry);
  g_assert_true (rb_mcp_desk_find (desk, again) == entry);
  g_assert_null (rb_mcp_desk_find (desk, other));
  g_assert_null (rb_mcp_desk_find (desk, unpushed));
  entry = rb_mcp_desk_add (desk, unpushed, 0);
  g_assert_true (rb_mcp_desk_find (desk, unpushed) == entry);
}

static void
test_answered (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *answer = add (desk, "m-1", NULL, "{}");

  g_test_summary ("What was given to the host is answered once, and then stays so.");
  rb_mcp_desk_end (desk, answer, RB_MCP_GIVEN);
  rb_mcp_desk_end (desk, answer, "replied");
  g_assert_cmpstr (answer->how, ==, "replied");
  rb_mcp_desk_end (desk, answer, "failed");
  g_assert_cmpstr (answer->how, ==, "replied");
}

static void
test_full (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  g_autoptr(RbClientMessage) more = make_message ("more", "as-more", "{}");
  RbMcpEntry *first = NULL;

  g_test_summary ("So many may be open; what ends makes room.");
  for (int i = 0; i < RB_MCP_MESSAGES_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%d", i);
      RbMcpEntry *entry = add (desk, id, id, "{}");

      g_assert_nonnull (entry);
      first = first != NULL ? first : entry;
    }
  g_assert_null (rb_mcp_desk_add (desk, more, 0));
  rb_mcp_desk_end (desk, first, "replied");
  g_assert_nonnull (rb_mcp_desk_add (desk, more, 0));
}

static void
test_forgotten (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *kept = add (desk, "kept", "as-kept", "{}");

  g_test_summary ("Of what has ended the oldest is forgotten, and never the one that ends now.");
  for (int i = 0; i <= RB_MCP_ENDED_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%d", i);

      rb_mcp_desk_end (desk, add (desk, id, id, "{}"), "replied");
    }
  g_assert_null (rb_mcp_desk_lookup (desk, "m-0", NULL));
  g_assert_nonnull (rb_mcp_desk_lookup (desk, "m-64", NULL));
  rb_mcp_desk_end (desk, kept, "replied");
  g_assert_true (rb_mcp_desk_lookup (desk, "kept", NULL) == kept);
  g_assert_null (rb_mcp_desk_lookup (desk, "m-1", NULL));
  g_assert_cmpuint (rb_mcp_desk_count (desk, RB_MCP_ENDED), ==, RB_MCP_ENDED_MAX);
}

static void
test_reopen (void)
{
  g_autoptr(RbMcpDesk) desk = rb_mcp_desk_new ();
  RbMcpEntry *answer = add (desk, "m-1", NULL, "{}");

  g_test_summary ("What the host did not look at is offered again.");
  rb_mcp_desk_end (desk, answer, RB_MCP_GIVEN);
  g_assert_null (rb_mcp_desk_next (desk, NULL, NULL));
  rb_mcp_desk_reopen (desk, answer);
  g_assert_true (rb_mcp_desk_next (desk, NULL, NULL) == answer);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/mcp/desk/same", test_same);
  g_test_add_func ("/mcp/desk/lookup", test_lookup);
  g_test_add_func ("/mcp/desk/next", test_next);
  g_test_add_func ("/mcp/desk/lapse", test_lapse);
  g_test_add_func ("/mcp/desk/seen", test_seen);
  g_test_add_func ("/mcp/desk/asked-for", test_asked_for);
  g_test_add_func ("/mcp/desk/nameless", test_nameless);
  g_test_add_func ("/mcp/desk/answered", test_answered);
  g_test_add_func ("/mcp/desk/full", test_full);
  g_test_add_func ("/mcp/desk/forgotten", test_forgotten);
  g_test_add_func ("/mcp/desk/reopen", test_reopen);
  return g_test_run ();
}
