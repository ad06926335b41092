/* test-message.c: what is read from a message, its trace, its rows and its place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"
#include "rb-message.h"
#include "rb-test.h"

#include <string.h>

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define FRESH "00-01020304050607080102030405060708-0102030405060708-01"

static const guint8 random_bytes[24] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8 };

static GBytes *
bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static char *
text_of (GBytes *slice)
{
  gsize size;
  const char *data = g_bytes_get_data (slice, &size);

  return g_strndup (data, size);
}

static RbMessage *
make_message (const char     *metadata,
              RbTraceVerdict *verdict)
{
  g_autoptr(GBytes) content = bytes ("\"h\\u00e9 \\/\"");
  g_autoptr(GBytes) object = metadata != NULL ? bytes (metadata) : NULL;
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m1", "bob", NULL, content, "text/plain", object);

  return rb_message_new (envelope, "m1", 123, random_bytes, verdict);
}

/* protocol.md 18.2. */
static const struct {
  const char     *metadata;
  RbTraceVerdict  verdict;
  const char     *result;     /* whole metadata */
} traces[] = {
  { "{\"traceparent\":\"" TRACE "\"}", RB_TRACE_PRESENT, "{\"traceparent\":\"" TRACE "\"}" },
  { "{ \"b\" : [ 1.0e3 ],\"traceparent\":\"" TRACE "\" , \"a\":\"\\u0041\\/\"}", RB_TRACE_PRESENT,
    "{ \"b\" : [ 1.0e3 ],\"traceparent\":\"" TRACE "\" , \"a\":\"\\u0041\\/\"}" },
  { "{\"traceparent\":\" 01-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01\",\"a\":1}", RB_TRACE_PRESENT,
    "{\"a\":1,\"traceparent\":\"" TRACE "\"}" },
  { "{\"a\":{\"x\": 1.50},\"b\":\"\\u0041\"}", RB_TRACE_MISSING, "{\"a\":{\"x\": 1.50},\"b\":\"\\u0041\",\"traceparent\":\"" FRESH "\"}" },
  { NULL, RB_TRACE_MISSING, "{\"traceparent\":\"" FRESH "\"}" },
  { "{\"traceparent\":7,\"a\":1}", RB_TRACE_MISSING, "{\"a\":1,\"traceparent\":\"" FRESH "\"}" },
  { "{\"traceparent\":null}", RB_TRACE_MISSING, "{\"traceparent\":\"" FRESH "\"}" },
  { "{\"traceparent\":\"  \"}", RB_TRACE_MISSING, "{\"traceparent\":\"" FRESH "\"}" },
  { "{\"traceparent\":\"hello\"}", RB_TRACE_INVALID, "{\"traceparent\":\"" FRESH "\"}" },
  { "{\"traceparent\":\"00-00000000000000000000000000000000-b7ad6b7169203331-01\"}", RB_TRACE_INVALID,
    "{\"traceparent\":\"" FRESH "\"}" },
  { "{\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01\"}", RB_TRACE_INVALID,
    "{\"traceparent\":\"" FRESH "\"}" },
};

static void
test_trace (void)
{
  g_test_summary ("A good trace context stays with its metadata byte for byte; a missing or bad one is replaced, the rest stays.");

  for (guint i = 0; i < G_N_ELEMENTS (traces); i++)
    {
      RbTraceVerdict verdict;
      g_autoptr(RbMessage) message = make_message (traces[i].metadata, &verdict);
      g_autofree char *metadata = text_of (rb_envelope_get_metadata (message->envelope));
      g_autofree char *content = text_of (rb_envelope_get_content (message->envelope));

      g_test_message ("%s", traces[i].metadata);
      g_assert_cmpint (verdict, ==, traces[i].verdict);
      g_assert_cmpstr (metadata, ==, traces[i].result);
      g_assert_cmpstr (content, ==, "\"h\\u00e9 \\/\"");
      g_assert_cmpstr (rb_envelope_get_from (message->envelope), ==, "bob");
      g_assert_cmpstr (rb_envelope_get_content_type (message->envelope), ==, "text/plain");
      g_assert_cmpstr (message->source_id, ==, "m1");
    }
}

static void
test_fields (void)
{
  RbTraceVerdict verdict;
  g_autoptr(RbMessage) full = make_message ("{\"correlation_id\":\"c\",\"target_endpoint_id\":\"t\",\"source_endpoint_id\":\"s\","
                                            "\"message_id\":\"w\"}", &verdict);
  g_autoptr(RbMessage) odd = make_message ("{\"correlation_id\":1,\"target_endpoint_id\":null,\"source_endpoint_id\":[],"
                                           "\"message_id\":{}}", &verdict);

  g_test_summary ("The broker reads four strings of the metadata; another type counts as absent.");

  g_assert_cmpstr (full->correlation_id, ==, "c");
  g_assert_cmpstr (full->target_endpoint_id, ==, "t");
  g_assert_cmpstr (full->source_endpoint_id, ==, "s");
  g_assert_cmpstr (full->wire_message_id, ==, "w");
  g_assert_null (odd->correlation_id);
  g_assert_null (odd->target_endpoint_id);
  g_assert_null (odd->source_endpoint_id);
  g_assert_null (odd->wire_message_id);
}

static void
test_rows (void)
{
  RbTraceVerdict verdict;
  g_autoptr(RbMessage) message = make_message ("{\"correlation_id\":\"c\", \"x\" : 1.0}", &verdict);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(RbMessage) loaded = NULL;
  g_autofree char *before = text_of (rb_envelope_get_metadata (message->envelope));
  g_autofree char *after = NULL;

  g_test_summary ("A message comes back from disk as it was, with its trace and its place.");

  message->position = 17;
  rb_message_record (message, changes);
  rb_message_move (message, changes, RB_PLACE_INBOX, "ep", "unaddressed", 500);
  loaded = rb_message_from_row (rb_changes_get (changes, 0)->row);
  g_assert_true (rb_message_set_place (loaded, rb_changes_get (changes, 1)->row));
  after = text_of (rb_envelope_get_metadata (loaded->envelope));
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpstr (loaded->id, ==, "m1");
  g_assert_cmpstr (loaded->correlation_id, ==, "c");
  g_assert_cmpstr (loaded->trace.trace_id, ==, message->trace.trace_id);
  g_assert_cmpint (loaded->arrived_at, ==, 123);
  g_assert_cmpint (loaded->place, ==, RB_PLACE_INBOX);
  g_assert_cmpstr (loaded->endpoint_id, ==, "ep");
  g_assert_cmpstr (loaded->reason, ==, "unaddressed");
  g_assert_cmpint (loaded->position, ==, 17);
  g_assert_cmpint (loaded->since, ==, 500);
  g_assert_true (loaded->is_durable);
}

static void
test_moves (void)
{
  RbTraceVerdict verdict;
  g_autoptr(RbMessage) message = make_message (NULL, &verdict);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("A move is one row, also to the endpoint it names already; the end of a message takes its content along.");

  rb_message_move (message, changes, RB_PLACE_QUEUE, "ep", NULL, 1);
  rb_message_move (message, changes, RB_PLACE_INBOX, message->endpoint_id, "closed_session_continuation", 2);
  g_assert_cmpstr (message->endpoint_id, ==, "ep");
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 2);
  rb_message_move (message, changes, RB_PLACE_ENDED, NULL, "delivered", 3);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 4);
  g_assert_cmpint (rb_changes_get (changes, 3)->op, ==, RB_CHANGE_DELETE);
  g_assert_cmpint (rb_changes_get (changes, 3)->table, ==, RB_TABLE_MESSAGES);
  g_assert_null (message->endpoint_id);
}

static void
test_network (void)
{
  static const struct {
    const char *of, *now;
    gboolean    is_same;
  } rows[] = {
    { "me@one", "me@one", TRUE }, { "me@one", "you@one", TRUE }, { "me@one", "me@two", FALSE }, { "one", "one", TRUE }, { "one", "two", FALSE },
    { NULL, "me@one", TRUE }, { "me@one", NULL, TRUE }, { "a@b@one", "c@one", TRUE }, { "me@", "me@one", FALSE },
  };

  g_test_summary ("A message knows the network it came from, whatever our name there is, and its row does.");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RbTraceVerdict verdict;
      g_autoptr(RbMessage) message = make_message (NULL, &verdict);
      g_autoptr(RbMessage) again = NULL;
      g_autoptr(RbChanges) changes = rb_changes_new ();

      rb_message_set_network (message, rows[i].of);
      g_assert_cmpint (rb_message_is_of (message, rows[i].now), ==, rows[i].is_same);
      rb_message_record (message, changes);
      again = rb_message_from_row (rb_changes_get (changes, 0)->row);
      g_assert_cmpint (rb_message_is_of (again, rows[i].now), ==, rows[i].is_same);
    }
}

static void
test_place_words (void)
{
  static const char *const words[] = { "queue", "inbox", "held", "assignment", "ended" };
  RbTraceVerdict verdict;
  g_autoptr(RbMessage) message = make_message (NULL, &verdict);
  g_autoptr(GVariant) other = g_variant_ref_sink (g_variant_new ("(ssmsxmsmsx)", "m2", "inbox", NULL, (gint64) 1, NULL, NULL, (gint64) 1));
  g_autoptr(GVariant) nowhere = g_variant_ref_sink (g_variant_new ("(ssmsxmsmsx)", "m1", "hall", NULL, (gint64) 1, NULL, NULL, (gint64) 1));
  RbPlace place;

  g_test_summary ("Places are stored as words; a row of another message or with no known place is refused.");

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_assert_cmpstr (rb_place_to_string ((RbPlace) i), ==, words[i]);
      g_assert_true (rb_place_from_string (words[i], &place));
      g_assert_cmpint (place, ==, i);
    }
  g_assert_false (rb_place_from_string ("", &place));
  g_assert_false (rb_message_set_place (message, other));
  g_assert_false (rb_message_set_place (message, nowhere));
}

static void
test_checkpoints (void)
{
  RbTraceVerdict verdict;
  g_autoptr(RbMessage) message = make_message (NULL, &verdict);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autofree char *row = NULL;

  g_test_summary ("Checkpoints are numbered from 1.");

  rb_message_checkpoint (message, changes, "received", 5, NULL, "bob");
  rb_message_checkpoint (message, changes, "routed", 6, "ep", NULL);
  row = g_variant_print (rb_changes_get (changes, 1)->row, FALSE);
  g_assert_cmpstr (row, ==, "('m1', 2, 'routed', 6, 'ep', nothing, nothing)");
}

static void
test_dispatched (void)
{
  RbTraceVerdict verdict;
  g_autoptr(RbMessage) message = make_message ("{\"traceparent\":\"" TRACE "\",\"dispatched_from\":\"forged\",\"x\": 1.0,"
                                               "\"delivery_intent\":[]}", &verdict);
  g_autoptr(RbEnvelope) envelope = rb_message_dup_dispatched (message);
  g_autofree char *metadata = text_of (rb_envelope_get_metadata (envelope));

  g_test_summary ("An assignment says whence it comes, whatever the sender said; the rest is untouched.");

  g_assert_cmpstr (metadata, ==, "{\"traceparent\":\"" TRACE "\",\"x\":1.0,\"dispatched_from\":\"m1\","
                                 "\"delivery_intent\":\"external_handoff\"}");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/message/trace", test_trace);
  g_test_add_func ("/message/fields", test_fields);
  g_test_add_func ("/message/rows", test_rows);
  g_test_add_func ("/message/moves", test_moves);
  g_test_add_func ("/message/network", test_network);
  g_test_add_func ("/message/place-words", test_place_words);
  g_test_add_func ("/message/checkpoints", test_checkpoints);
  g_test_add_func ("/message/dispatched", test_dispatched);

  return g_test_run ();
}
