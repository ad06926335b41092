/* test-search.c: what was said is found, and all that is kept can be taken along
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-export.h"
#include "rb-search.h"
#include "rb-worker.h"

#include <string.h>

#define WORKER 100

static GVariant *
search (RbCoreFixture         *fixture,
        const RbSearchRequest *request,
        GError               **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_search_async (fixture->core, request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_search_finish (fixture->core, result, error);
}

/* "id:state,id:state,..." */
static char *
dup_found (GVariant *page)
{
  g_autoptr(GVariant) rows = g_variant_lookup_value (page, "rows", G_VARIANT_TYPE ("aa{sv}"));
  GString *found = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *id = NULL, *state = NULL;

      g_assert_true (g_variant_lookup (row, "id", "&s", &id));
      g_assert_true (g_variant_lookup (row, "state", "&s", &state));
      g_assert_true (g_variant_lookup (row, "at", "&s", NULL));
      g_assert_true (g_variant_lookup (row, "snippet", "^a&s", NULL));
      g_string_append_printf (found, "%s%s:%s", i > 0 ? "," : "", id, state);
    }
  return g_string_free (found, FALSE);
}

static void
assert_finds (RbCoreFixture         *fixture,
              const RbSearchRequest *request,
              const char            *wanted)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) page = search (fixture, request, &error);
  g_autofree char *found = NULL;

  g_assert_no_error (error);
  found = dup_found (page);
  g_assert_cmpstr (found, ==, wanted);
}

/* "done" is ended and answered with "the answer is 42"; "open" lies in the inbox. */
static RbWorker *
set_the_scene (RbCoreFixture *fixture,
               char         **wire_id)
{
  RbWorker *worker = rb_worker_new (fixture, WORKER);

  rb_worker_accept (worker, 1, "done", NULL);
  *wire_id = rb_worker_reply (worker, "done", "r1", "the answer is 42", NULL);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_fake_connector_deliver (fixture->connector, 2, "open", "carol", "what is the Answer", NULL);
  rb_test_settle ();
  return worker;
}

static void
test_found (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autofree char *wire_id = NULL;
  g_autoptr(RbWorker) worker = set_the_scene (fixture, &wire_id);
  g_autofree char *sent = g_strconcat (wire_id, ":sent", NULL);
  g_autofree char *both = g_strconcat ("open:inbox,", sent, NULL);
  const gint64 minute = 1767225660000;     /* 2026-01-01T00:01:00Z */

  g_test_summary ("What waits is found as well as what ended and what was sent; each filter counts.");

  assert_finds (fixture, &(RbSearchRequest) { .words = "answer" }, both);
  assert_finds (fixture, &(RbSearchRequest) { .words = "ANSW* 42" }, sent);
  assert_finds (fixture, &(RbSearchRequest) { .words = "answer", .from = "carol" }, "open:inbox");
  assert_finds (fixture, &(RbSearchRequest) { .words = "answer", .to = "bob" }, sent);
  assert_finds (fixture, &(RbSearchRequest) { .words = "answer", .to = "carol" }, "");
  assert_finds (fixture, &(RbSearchRequest) { .words = "answer", .endpoint_id = worker->endpoint_id }, sent);
  assert_finds (fixture, &(RbSearchRequest) { .words = "answer", .since = minute }, "open:inbox");
  assert_finds (fixture, &(RbSearchRequest) { .words = "answer", .until = minute }, sent);
  assert_finds (fixture, &(RbSearchRequest) { .words = "nothing" }, "");
}

static void
test_pages (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  RbSearchRequest request = { .words = "reply", .limit = 3 };

  g_test_summary ("Pages follow each other without a gap and without repeating anything.");

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_worker_accept (worker, i + 1, id, NULL);
      g_free (rb_worker_reply (worker, id, id, "a reply", NULL));
    }
  do
    {
      g_autoptr(GVariant) page = search (fixture, &request, NULL);
      g_autofree char *found = dup_found (page);
      g_auto(GStrv) ids = g_strsplit (found, ",", -1);

      g_assert_cmpuint (g_strv_length (ids), <=, 3);
      for (gsize i = 0; ids[i] != NULL; i++)
        g_assert_true (g_hash_table_add (seen, g_strdup (ids[i])));
      request.before = 0;
      g_variant_lookup (page, "before", "x", &request.before);
    }
  while (request.before != 0);
  g_assert_cmpuint (g_hash_table_size (seen), ==, 10);
}

static void
arrive (RbCoreFixture *fixture,
        guint          n,
        const char    *text)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_fake_connector_deliver (fixture->connector, i + 1, id, "bob", text, NULL);
    }
  rb_test_settle ();
}

static void
assert_page (RbCoreFixture         *fixture,
             const RbSearchRequest *request,
             gsize                  n_rows,
             gboolean               is_cut)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) page = search (fixture, request, &error);
  g_autoptr(GVariant) rows = NULL;
  gboolean live_cut;

  g_assert_no_error (error);
  rows = g_variant_lookup_value (page, "rows", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_cmpuint (g_variant_n_children (rows), ==, n_rows);
  g_assert_true (g_variant_lookup (page, "live_cut", "b", &live_cut));
  g_assert_cmpint (live_cut, ==, is_cut);
}

static void
test_cut_by_limit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A page that is full before all that lives was looked at says so; one that is just full does not.");

  arrive (fixture, 25, "hello");
  assert_page (fixture, &(RbSearchRequest) { .words = "hello" }, 20, TRUE);
  assert_page (fixture, &(RbSearchRequest) { .words = "hello", .limit = 24 }, 24, TRUE);
  assert_page (fixture, &(RbSearchRequest) { .words = "hello", .limit = 25 }, 25, FALSE);
  assert_page (fixture, &(RbSearchRequest) { .words = "hello", .from = "carol" }, 0, FALSE);
  assert_page (fixture, &(RbSearchRequest) { .words = "nothing" }, 0, FALSE);
}

/* @length bytes of it, ending in @end. (transfer full) */
static char *
dup_long_text (gsize       length,
               const char *end)
{
  GString *text = g_string_new (NULL);

  while (text->len < length)
    g_string_append (text, "all work and no play makes jack a dull boy ");
  g_string_truncate (text, length - strlen (end));
  g_string_append (text, end);
  return g_string_free (text, FALSE);
}

static void
test_cut_by_length (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *text = dup_long_text (64000, " zebra");

  g_test_summary ("No more is looked through in one go than the loop can bear, the last that came first; that there is more is said.");

  arrive (fixture, 8, text);
  assert_page (fixture, &(RbSearchRequest) { .words = "zebra" }, 8, FALSE);
  rb_fake_clock_advance (fixture->clock, 60000);
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("late%u", i);

      rb_fake_connector_deliver (fixture->connector, 100 + i, id, "carol", text, NULL);
    }
  rb_test_settle ();
  assert_page (fixture, &(RbSearchRequest) { .words = "zebra" }, 9, TRUE);
  assert_page (fixture, &(RbSearchRequest) { .words = "nothing" }, 0, TRUE);
  assert_page (fixture, &(RbSearchRequest) { .words = "zebra", .from = "bob" }, 8, FALSE);
  assert_page (fixture, &(RbSearchRequest) { .words = "zebra", .since = 1767225660000 }, 8, FALSE);
}

static void
test_cut_by_one (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autofree char *text = dup_long_text (600 * 1000, " zebra");

  g_test_summary ("One message that is longer than all that is looked through in one go is looked through, alone.");

  fixture->settings.archive.text_max = 1024 * 1024;
  rb_core_fixture_restart (fixture);
  arrive (fixture, 1, text);
  assert_page (fixture, &(RbSearchRequest) { .words = "zebra" }, 1, FALSE);
  rb_fake_connector_deliver (fixture->connector, 2, "last", "bob", text, NULL);
  rb_test_settle ();
  assert_page (fixture, &(RbSearchRequest) { .words = "zebra" }, 1, TRUE);
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    RbSearchRequest request;
    const char     *reason;
  } cases[] = {
    { { .words = "" }, "bad_query" },
    { { .words = "\"" }, "bad_query" },
    { { .words = "x", .from = "a", .to = "b" }, "bad_request" },
    { { .words = "x", .since = 5, .until = 5 }, "bad_request" },
    { { .words = "x", .limit = 201 }, "bad_request" },
  };

  g_test_summary ("A question that makes no sense is refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (search (fixture, &cases[i].request, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, cases[i].reason);
    }
}

/* --- export --- */

static GVariant *
export_page (RbCoreFixture         *fixture,
             const RbExportRequest *request,
             GError               **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_export_async (fixture->core, request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_export_finish (fixture->core, result, error);
}

/* All lines, one after the other, each as "type id". */
static GPtrArray *
export_all (RbCoreFixture  *fixture,
            RbExportRequest request,
            GString        *text)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *cursor = NULL;

  do
    {
      g_autoptr(GVariant) page = NULL;
      g_autoptr(GVariant) lines = NULL;

      request.cursor = cursor;
      page = export_page (fixture, &request, NULL);
      g_assert_nonnull (page);
      lines = g_variant_lookup_value (page, "lines", G_VARIANT_TYPE ("aa{sv}"));
      g_assert_cmpuint (g_variant_n_children (lines), <=, 64);
      for (gsize i = 0; i < g_variant_n_children (lines); i++)
        {
          g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);
          g_autofree char *printed = g_variant_print (line, FALSE);
          const char *type = NULL, *id = "";

          g_assert_true (g_variant_lookup (line, "type", "&s", &type));
          g_variant_lookup (line, "id", "&s", &id);
          g_ptr_array_add (names, g_strdup_printf ("%s %s", type, id));
          g_string_append (text, printed);
        }
      g_clear_pointer (&cursor, g_free);
      g_variant_lookup (page, "cursor", "s", &cursor);
    }
  while (cursor != NULL);
  return names;
}

static gboolean
has (GPtrArray  *names,
     const char *type,
     const char *id)
{
  g_autofree char *name = g_strdup_printf ("%s %s", type, id);

  return g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL);
}

/* The line of a type and id. */
static GVariant *
export_line (RbCoreFixture *fixture,
             const char    *type,
             const char    *id)
{
  RbExportRequest request = { NULL };
  g_autofree char *cursor = NULL;

  do
    {
      g_autoptr(GVariant) page = NULL;
      g_autoptr(GVariant) lines = NULL;

      request.cursor = cursor;
      page = export_page (fixture, &request, NULL);
      lines = g_variant_lookup_value (page, "lines", G_VARIANT_TYPE ("aa{sv}"));
      for (gsize i = 0; i < g_variant_n_children (lines); i++)
        {
          g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);
          const char *its_type = "", *its_id = "";

          g_variant_lookup (line, "type", "&s", &its_type);
          g_variant_lookup (line, "id", "&s", &its_id);
          if (g_str_equal (its_type, type) && g_str_equal (its_id, id))
            return g_steal_pointer (&line);
        }
      g_clear_pointer (&cursor, g_free);
      g_variant_lookup (page, "cursor", "s", &cursor);
    }
  while (cursor != NULL);
  g_assert_not_reached ();
}

static void
assert_member (GVariant   *line,
               const char *member,
               const char *expected)
{
  const char *text = NULL;

  g_variant_lookup (line, member, "&s", &text);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_export_reply (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autofree char *wire_id = NULL;
  g_autoptr(RbWorker) worker = set_the_scene (fixture, &wire_id);
  g_autoptr(GVariant) reply = export_line (fixture, "reply", "r1");
  g_autoptr(GVariant) sent = export_line (fixture, "message", wire_id);

  g_test_summary ("A reply is named by the message that it was sent as, which has a line of its own; what it answers stands beside it.");

  assert_member (reply, "message_id", wire_id);
  assert_member (reply, "wire_message_id", wire_id);
  assert_member (reply, "source_message_id", "done");
  assert_member (reply, "assignment_id", worker->assignment_id);
  assert_member (sent, "direction", "out");
}

static void
test_export (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autofree char *wire_id = NULL;
  g_autoptr(RbWorker) worker = set_the_scene (fixture, &wire_id);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GString) again = g_string_new (NULL);
  g_autoptr(GString) silent = g_string_new (NULL);
  g_autoptr(GPtrArray) names = NULL;
  g_autoptr(GPtrArray) others = NULL;
  g_autoptr(GPtrArray) without = NULL;

  g_test_summary ("Everything is there, twice the same, with its steps, and nothing that lets anybody act.");

  rb_worker_accept (worker, 3, "busy", NULL);
  names = export_all (fixture, (RbExportRequest) { .has_content = TRUE }, text);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "export ");
  g_assert_true (has (names, "endpoint", worker->endpoint_id));
  g_assert_true (has (names, "message", "open"));
  g_assert_true (has (names, "message", "busy"));
  g_assert_true (has (names, "message", "done"));
  g_assert_true (has (names, "message", wire_id));
  g_assert_true (has (names, "assignment", worker->assignment_id));
  g_assert_true (has (names, "reply", "r1"));
  g_assert_nonnull (strstr (text->str, "the answer is 42"));
  g_assert_nonnull (strstr (text->str, "what is the Answer"));
  g_assert_nonnull (strstr (text->str, "'step': <'accepted'>"));
  g_assert_null (strstr (text->str, worker->token));
  {
    GVariant *row = rb_worker_row (worker, "busy");
    RbEndpoint *endpoint = rb_registry_lookup (fixture->core->registry, worker->endpoint_id);
    const char *token = NULL;

    g_variant_get_child (row, 6, "m&s", &token);
    g_assert_nonnull (token);
    g_assert_null (strstr (text->str, token));
    g_assert_true (*endpoint->nonce == '\0' || strstr (text->str, endpoint->nonce) == NULL);
  }

  others = export_all (fixture, (RbExportRequest) { .has_content = TRUE }, again);
  g_assert_cmpstr (text->str, ==, again->str);
  without = export_all (fixture, (RbExportRequest) { NULL }, silent);
  g_assert_cmpuint (without->len, ==, names->len);
  g_assert_null (strstr (silent->str, "the answer is 42"));
  g_assert_null (strstr (silent->str, "what is the Answer"));
}

static void
test_export_pages (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GString) late_text = g_string_new (NULL);
  g_autoptr(GPtrArray) names = NULL;
  g_autoptr(GPtrArray) late = NULL;
  g_autoptr(GHashTable) set = g_hash_table_new (g_str_hash, g_str_equal);

  g_test_summary ("Long exports come in pages, each line once; times leave out what is older or newer.");

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      rb_fake_connector_deliver (fixture->connector, i + 1, id, "bob", "x", NULL);
      rb_test_settle ();
    }
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_worker_accept (worker, 300 + i, id, NULL);
      g_free (rb_worker_reply (worker, id, id, "done", NULL));
    }
  names = export_all (fixture, (RbExportRequest) { .has_content = TRUE }, text);
  for (guint i = 0; i < names->len; i++)
    g_assert_true (g_hash_table_add (set, g_ptr_array_index (names, i)));
  g_assert_cmpuint (names->len, ==, 1 + 1 + 200 + 100 + 200);    /* header, endpoint, inbox, replies, archive */

  rb_fake_clock_advance (fixture->clock, 60000);
  rb_worker_accept (worker, 500, "late", NULL);
  g_free (rb_worker_reply (worker, "late", "late", "done", NULL));
  late = export_all (fixture, (RbExportRequest) { .since = 1767225660000 }, late_text);
  g_assert_cmpuint (late->len, ==, 1 + 1 + 2);
  g_assert_true (has (late, "message", "late"));
}

static void
test_export_refused (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  static const char *const cursors[] = { "", ":", "nonsense", "nonsense:5", "arch:5", "messages" };

  g_test_summary ("A cursor that no export gave is refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (cursors); i++)
    {
      RbExportRequest request = { .cursor = cursors[i] };
      g_autoptr(GError) error = NULL;

      g_assert_null (export_page (fixture, &request, &error));
      rb_assert_refused (error, RB_ERROR_INVALID, "bad_request", "'cursor' is none of an export");
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add (path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("/search/found", test_found);
  ADD ("/search/pages", test_pages);
  ADD ("/search/cut/limit", test_cut_by_limit);
  ADD ("/search/cut/length", test_cut_by_length);
  ADD ("/search/cut/one", test_cut_by_one);
  ADD ("/search/refused", test_refused);
  ADD ("/export/all", test_export);
  ADD ("/export/reply", test_export_reply);
  ADD ("/export/pages", test_export_pages);
  ADD ("/export/refused", test_export_refused);
  return g_test_run ();
}
