/* test-search.c: ranges of rows, and the full text index over the archive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-search-index.h"
#include "rb-sql.h"
#include "store-fixture.h"

#include <sqlite3.h>
#include <string.h>

static void
put_text (RbChanges  *changes,
          gint64      n,
          const char *kind,
          const char *name,
          const char *endpoint_id,
          gint64      at,
          const char *text)
{
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, n);

  rb_changes_put (changes, RB_TABLE_ARCHIVE,
                  g_variant_new ("(xsssmsmsmsmsxxsx)", n, kind, id, name, endpoint_id, NULL, NULL, "text", at, at, "delivered", (gint64) 1));
  rb_changes_put (changes, RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(xs)", n, text));
}

static void
commit (StoreFixture *fixture,
        RbChanges    *changes)
{
  guint n = 0;

  rb_store_commit (RB_STORE (fixture->store), changes, store_count_done, &n);
  rb_test_wait_until (n == 1);
}

static void
add_text (StoreFixture *fixture,
          gint64        n,
          const char   *text)
{
  RbChanges *changes = rb_changes_new ();

  put_text (changes, n, "in", "bob", NULL, n, text);
  commit (fixture, changes);
}

static void
forget (StoreFixture *fixture,
        gint64        n)
{
  RbChanges *changes = rb_changes_new ();

  rb_changes_delete (changes, RB_TABLE_ARCHIVE, g_variant_new ("(x)", n));
  rb_changes_delete (changes, RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(x)", n));
  commit (fixture, changes);
}

/* "n:snippet n:snippet", hits in brackets. */
static char *
search (StoreFixture *fixture,
        const char   *words,
        RbSearch      wanted)
{
  g_autoptr(RbSearchQuery) query = rb_search_query_parse (words, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) rows = NULL;
  g_autoptr(GError) error = NULL;
  GString *found = g_string_new (NULL);

  wanted.query = query;
  wanted.limit = wanted.limit != 0 ? wanted.limit : 100;
  rb_store_search_async (RB_STORE (fixture->store), &wanted, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rows = rb_store_read_finish (RB_STORE (fixture->store), result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (g_ptr_array_index (rows, i), 0);
      g_autofree char *snippet = NULL;
      gint64 n;

      g_variant_get_child (row, 0, "x", &n);
      g_variant_get_child (g_ptr_array_index (rows, i), 1, "s", &snippet);
      g_strdelimit (g_strdelimit (snippet, RB_SEARCH_HIT_BEGIN, '['), RB_SEARCH_HIT_END, ']');
      g_string_append_printf (found, "%s%" G_GINT64_FORMAT ":%s", i > 0 ? " " : "", n, snippet);
    }
  return g_string_free (found, FALSE);
}

#define assert_finds(fixture, words, wanted, found)                              \
  G_STMT_START {                                                                 \
    g_autofree char *what = search ((fixture), (words), (RbSearch) wanted);      \
    g_assert_cmpstr (what, ==, (found));                                         \
  } G_STMT_END
#define ANY { NULL }

static void
test_found (StoreFixture  *fixture,
            gconstpointer  data)
{
  RbChanges *changes = rb_changes_new ();

  g_test_summary ("Texts are found by words, phrases and beginnings, by whom and when, the last first.");

  put_text (changes, 1, "in", "bob", "ep", 10, "deploy done");
  put_text (changes, 2, "out", "bob", NULL, 20, "Deploy äpfel");
  put_text (changes, 3, "in", "carol", NULL, 30, "the deployment\nis done");
  commit (fixture, changes);

  assert_finds (fixture, "deploy", ANY, "2:[Deploy] äpfel 1:[deploy] done");
  assert_finds (fixture, "deploy*", ANY, "3:the [deployment]\nis done 2:[Deploy] äpfel 1:[deploy] done");
  assert_finds (fixture, "\"deploy done\"", ANY, "1:[deploy done]");
  assert_finds (fixture, "APFEL", ANY, "2:Deploy [äpfel]");
  assert_finds (fixture, "deploy missing", ANY, "");
  assert_finds (fixture, "deploy*", { .kind = "in" }, "3:the [deployment]\nis done 1:[deploy] done");
  assert_finds (fixture, "deploy*", { .name = "carol" }, "3:the [deployment]\nis done");
  assert_finds (fixture, "deploy*", { .endpoint_id = "ep" }, "1:[deploy] done");
  assert_finds (fixture, "deploy", { .since = 20 }, "2:[Deploy] äpfel");
  assert_finds (fixture, "deploy", { .until = 20 }, "1:[deploy] done");
  assert_finds (fixture, "deploy", { .before = 2 }, "1:[deploy] done");
  assert_finds (fixture, "deploy", { .limit = 1 }, "2:[Deploy] äpfel");
  assert_finds (fixture, "NOT deploy", ANY, "");
}

static void
test_index_follows (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_test_summary ("What comes is found by the next search; what goes is found no more, whether it was in the index or not.");

  add_text (fixture, 1, "apple one");
  add_text (fixture, 2, "apple two");
  assert_finds (fixture, "apple", ANY, "2:[apple] two 1:[apple] one");
  add_text (fixture, 3, "apple three");
  forget (fixture, 1);
  assert_finds (fixture, "apple", ANY, "3:[apple] three 2:[apple] two");
  add_text (fixture, 4, "apple four");
  forget (fixture, 2);
  forget (fixture, 3);
  assert_finds (fixture, "apple", ANY, "4:[apple] four");
}

static gint64
count_index (StoreFixture *fixture)
{
  g_autoptr(RbSql) sql = NULL;
  g_autoptr(GError) error = NULL;
  gint64 n = -1;

  store_fixture_close (fixture);
  sql = rb_sql_open (fixture->path, FALSE, 1000, &error);
  g_assert_no_error (error);
  g_assert_true (rb_sql_query_int (sql, "SELECT count (*) FROM archive_index", &n, &error));
  g_assert_no_error (error);
  g_clear_pointer (&sql, rb_sql_close);
  store_fixture_open (fixture);
  return n;
}

static void
test_nothing_lingers (StoreFixture  *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A text that is forgotten leaves the index too, without another search.");

  for (gint64 n = 1; n <= 20; n++)
    add_text (fixture, n, "apple");
  g_assert_cmpint (count_index (fixture), ==, 0);
  g_free (search (fixture, "apple", (RbSearch) { NULL }));
  g_assert_cmpint (count_index (fixture), ==, 20);
  for (gint64 n = 1; n <= 15; n++)
    forget (fixture, n);
  g_assert_cmpint (count_index (fixture), ==, 5);
}

/* What statements cost, in steps of SQLite's machine. */
static int n_steps;

static int
on_statement_ended (unsigned  type,
                    void     *user_data,
                    void     *statement,
                    void     *took_ns)
{
  n_steps += sqlite3_stmt_status (statement, SQLITE_STMTSTATUS_VM_STEP, TRUE);
  return 0;
}

static int
trace_database (sqlite3                     *database,
                char                       **message,
                const sqlite3_api_routines  *api)
{
  return sqlite3_trace_v2 (database, SQLITE_TRACE_PROFILE, on_statement_ended, NULL);
}

static RbSql *
open_traced (StoreFixture *fixture)
{
  void (*extension) (void) = (void (*) (void)) trace_database;
  g_autoptr(GError) error = NULL;
  RbSql *sql;

  g_assert_cmpint (sqlite3_auto_extension (extension), ==, SQLITE_OK);
  sql = rb_sql_open (fixture->path, FALSE, 1000, &error);
  sqlite3_cancel_auto_extension (extension);
  g_assert_no_error (error);
  return sql;
}

static void
exec (RbSql      *sql,
      const char *statement)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (rb_sql_exec (sql, statement, &error));
  g_assert_no_error (error);
}

static gboolean
trim (RbSql *sql)
{
  g_autoptr(GError) error = NULL;
  gboolean more = TRUE;

  n_steps = 0;
  g_assert_true (rb_search_index_trim (sql, &more, &error));
  g_assert_no_error (error);
  return more;
}

#define N_TEXTS 5000
#define TRIM_STEPS_MAX 1000     /* one step a text would be more, whatever else is done */

static void
test_trim_is_cheap (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbSql) sql = NULL;
  gboolean more = TRUE;

  g_test_summary ("To forget one text does not cost a walk through the index, and nothing is looked for when all that is stale was found.");

  store_fixture_close (fixture);
  sql = open_traced (fixture);
  exec (sql, "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT " G_STRINGIFY (N_TEXTS) ") "
             "INSERT INTO archive_text SELECT n, 'apple' FROM c");
  while (more)
    g_assert_true (rb_search_index_grow (sql, &more, NULL));

  exec (sql, "DELETE FROM archive_text WHERE n = 1");
  g_assert_false (trim (sql));
  g_assert_cmpint (n_steps, >, 0);
  g_assert_cmpint (n_steps, <, TRIM_STEPS_MAX);
  exec (sql, "DELETE FROM archive_text WHERE n <= 300");
  g_assert_true (trim (sql));
  g_assert_false (trim (sql));
  g_assert_false (trim (sql));
  g_assert_cmpint (n_steps, <, TRIM_STEPS_MAX);
  /* As if the last numbers had been used again. */
  exec (sql, "UPDATE archive_indexed SET n = n - 1");
  g_assert_false (trim (sql));
  g_assert_cmpint (n_steps, <, TRIM_STEPS_MAX);
  g_clear_pointer (&sql, rb_sql_close);
  store_fixture_open (fixture);
  g_assert_cmpint (count_index (fixture), ==, N_TEXTS - 301);
}

static void
test_numbers_again (StoreFixture  *fixture,
                    gconstpointer  data)
{
  g_test_summary ("Numbers that are used again after all was forgotten and the store reopened name new texts.");

  add_text (fixture, 1, "apple");
  add_text (fixture, 2, "pear");
  assert_finds (fixture, "apple", ANY, "1:[apple]");
  forget (fixture, 1);
  forget (fixture, 2);
  store_fixture_close (fixture);
  store_fixture_open (fixture);
  add_text (fixture, 1, "plum");
  assert_finds (fixture, "apple", ANY, "");
  assert_finds (fixture, "plum", ANY, "1:[plum]");
  add_text (fixture, 2, "plum too");
  assert_finds (fixture, "plum", ANY, "2:[plum] too 1:[plum]");
}

static void
test_index_in_parts (StoreFixture  *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbSearchQuery) query = rb_search_query_parse ("needle", NULL);
  RbSearch wanted = { .query = query, .limit = 10 };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) rows = NULL;
  RbChanges *changes = rb_changes_new ();
  guint64 lazy = store_get_lazy (fixture->store);
  guint n = 0;

  g_test_summary ("The index is written in parts, and a commit that comes meanwhile does not wait for the search.");

  for (guint i = 1; i <= 5000; i++)
    put_text (changes, i, "in", "bob", NULL, i, i == 4999 ? "a needle" : "a straw");
  commit (fixture, changes);
  rb_store_search_async (RB_STORE (fixture->store), &wanted, NULL, rb_test_store_result, &result);
  rb_store_commit (RB_STORE (fixture->store), store_change_meta ("a", "b"), store_count_done, &n);
  rb_test_wait_until (n == 1);
  g_assert_null (result);
  rb_test_wait_until (result != NULL);
  rows = rb_store_read_finish (RB_STORE (fixture->store), result, NULL);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpuint (store_get_lazy (fixture->store), ==, lazy);
}

static GPtrArray *
read_range (StoreFixture *fixture,
            RbRange       range)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GPtrArray *rows;

  rb_store_read_range_async (RB_STORE (fixture->store), &range, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rows = rb_store_read_finish (RB_STORE (fixture->store), result, &error);
  g_assert_no_error (error);
  return rows;
}

static void
test_ranges (StoreFixture  *fixture,
             gconstpointer  data)
{
  static const char *const ids[] = { "a", "ab", "abc", "b", "%", "\xf4\x8f\xbf\xbf" };
  RbChanges *changes = rb_changes_new ();

  g_test_summary ("Rows are read by bounds of any column, in its order, without those that have nothing there.");

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    rb_changes_put (changes, RB_TABLE_CHECKPOINTS,
                    g_variant_new ("(sxsxmsmsms)", ids[i], (gint64) i, "step", (gint64) 1, NULL, i % 2 == 0 ? ids[i] : NULL, NULL));
  commit (fixture, changes);
  {
    g_autoptr(GPtrArray) all = read_range (fixture, (RbRange) { RB_TABLE_CHECKPOINTS, 0, NULL, NULL, 100 });
    g_autoptr(GPtrArray) prefix = read_range (fixture, (RbRange) { RB_TABLE_CHECKPOINTS, 0, g_variant_new_string ("ab"),
                                                                   g_variant_new_string ("ab\xf4\x8f\xbf\xbf"), 100 });
    g_autoptr(GPtrArray) details = read_range (fixture, (RbRange) { RB_TABLE_CHECKPOINTS, 5, NULL, NULL, 100 });
    g_autoptr(GPtrArray) numbers = read_range (fixture, (RbRange) { RB_TABLE_CHECKPOINTS, 1, g_variant_new_int64 (4), NULL, 1 });

    g_autoptr(GPtrArray) last = read_range (fixture, (RbRange) { RB_TABLE_CHECKPOINTS, 2, NULL, NULL, 1, TRUE });
    const char *id;

    g_variant_get_child (g_ptr_array_index (last, 0), 0, "&s", &id);
    g_assert_cmpstr (id, ==, "\xf4\x8f\xbf\xbf");
    g_assert_cmpuint (all->len, ==, 6);
    g_assert_cmpuint (prefix->len, ==, 2);
    g_assert_cmpuint (details->len, ==, 3);
    g_assert_cmpuint (numbers->len, ==, 1);
  }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  STORE_TEST ("/store/search/found", test_found);
  STORE_TEST ("/store/search/index-follows", test_index_follows);
  STORE_TEST ("/store/search/nothing-lingers", test_nothing_lingers);
  STORE_TEST ("/store/search/trim-is-cheap", test_trim_is_cheap);
  STORE_TEST ("/store/search/numbers-again", test_numbers_again);
  STORE_TEST ("/store/search/index-in-parts", test_index_in_parts);
  STORE_TEST ("/store/ranges", test_ranges);
  return g_test_run ();
}
