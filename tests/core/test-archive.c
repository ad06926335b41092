/* test-archive.c: what ended is kept for as long as it may be, and no longer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-archive.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-worker.h"

#include <string.h>

#define WORKER 100
#define DAY_MS (G_GINT64_CONSTANT (86400) * 1000)

static gboolean
lives (const char *id,
       gpointer    user_data)
{
  return g_strcmp0 (id, user_data) == 0;
}

static void
add (RbArchive  *archive,
     const char *id,
     gint64      at,
     const char *content,
     RbChanges  *changes)
{
  g_autoptr(GBytes) slice = g_bytes_new (content, strlen (content));
  RbPast past = { .kind = RB_ARCHIVE_IN, .id = id, .name = "bob", .begun_at = at, .ended_at = at, .outcome = "delivered", .content = slice };

  rb_archive_add (archive, &past, changes);
}

static guint
count (const RbChanges *changes,
       RbChangeOp       op,
       RbTable          table)
{
  guint n = 0;

  for (guint i = 0; i < rb_changes_get_n (changes); i++)
    n += rb_changes_get (changes, i)->op == op && rb_changes_get (changes, i)->table == table ? 1 : 0;
  return n;
}

static void
test_bounds (void)
{
  static const struct {
    RbArchiveLimits limits;
    gint64          now;
    guint           left;      /* of 10, at 0 to 9 s, of some 1,030 bytes each */
  } cases[] = {
    { { 1000000, 1000000, 100, 64 }, 9000, 10 }, { { 5000, 1000000, 100, 64 }, 9000, 5 },   { { 1000000, 5200, 100, 64 }, 9000, 5 },
    { { 1000000, 1000000, 3, 64 }, 9000, 3 },    { { 1000000, 0, 100, 64 }, 9000, 0 },      { { 0, 1000000, 100, 64 }, G_MAXINT64 / 2, 10 },
    { { 5000, 1000000, 100, 64 }, -9000, 10 },
  };

  g_test_summary ("Age, bytes and number each bound it; the oldest goes first. A clock that was set back makes nothing old.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbArchive) archive = rb_archive_new (&cases[i].limits);
      g_autoptr(RbChanges) changes = rb_changes_new ();

      for (guint k = 0; k < 10; k++)
        {
          g_autofree char *id = g_strdup_printf ("m%u", k);

          add (archive, id, k * 1000, "\"hello\"", changes);
        }
      g_assert_cmpuint (rb_archive_prune (archive, cases[i].now, 100, lives, NULL, changes), ==, 10 - cases[i].left);
      g_assert_cmpuint (rb_archive_get_n (archive), ==, cases[i].left);
      g_assert_cmpuint (rb_archive_get_n_pruned (archive), ==, 10 - cases[i].left);
      g_assert_cmpuint (count (changes, RB_CHANGE_DELETE, RB_TABLE_ARCHIVE), ==, 10 - cases[i].left);
      g_assert_cmpuint (count (changes, RB_CHANGE_DELETE, RB_TABLE_ARCHIVE_TEXT), ==, 10 - cases[i].left);
      g_assert_cmpuint (count (changes, RB_CHANGE_DELETE, RB_TABLE_CHECKPOINTS), ==, 10 - cases[i].left);
      g_assert_cmpint (rb_archive_find (archive, "m9", NULL), ==, cases[i].left > 0 ? 10 : 0);
    }
}

static void
test_few_at_a_time (void)
{
  RbArchiveLimits limits = { 1000, 1000000, 1000, 64 };
  g_autoptr(RbArchive) archive = rb_archive_new (&limits);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("However much is due, no more goes at once than was asked for.");

  for (guint k = 0; k < 100; k++)
    add (archive, "m", 0, "\"x\"", changes);
  g_assert_cmpuint (rb_archive_prune (archive, 5000, 16, lives, NULL, changes), ==, 16);
  g_assert_true (rb_archive_is_due (archive, 5000));
  g_assert_cmpuint (rb_archive_get_n (archive), ==, 84);
}

static void
test_ladders (void)
{
  RbArchiveLimits limits = { 1000, 1000000, 1000, 64 };
  g_autoptr(RbArchive) archive = rb_archive_new (&limits);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("A ladder goes with the last entry of its id, and never from what lives.");

  add (archive, "twice", 0, "\"x\"", changes);
  add (archive, "alive", 0, "\"x\"", changes);
  add (archive, "twice", 5000, "\"x\"", changes);
  g_assert_cmpuint (rb_archive_prune (archive, 5000, 16, lives, (gpointer) "alive", changes), ==, 2);
  g_assert_cmpuint (count (changes, RB_CHANGE_DELETE, RB_TABLE_CHECKPOINTS), ==, 0);
  g_assert_cmpint (rb_archive_find (archive, "twice", NULL), ==, 3);
  g_assert_cmpuint (rb_archive_prune (archive, 9000, 16, lives, NULL, changes), ==, 1);
  g_assert_cmpuint (count (changes, RB_CHANGE_DELETE, RB_TABLE_CHECKPOINTS), ==, 1);
}

static void
test_texts (void)
{
  static const struct {
    const char *content;
    gsize       max;
    const char *text;
  } cases[] = {
    { "\"hello\\nyou\"", 64, "hello\nyou" }, { "\"a\\u0000b\\u0002c\"", 64, "a\357\277\275b c" }, { "{\"a\":1}", 64, "{\"a\":1}" },
    { "\"hello\"", 3, "hel" },              { "\"hello\"", 5, "hello" },
    { "\"h\303\244\"", 3, "h\303\244" },       { "\"\\u00e4\\u00e4\"", 3, "\303\244" }, { "\"a\177b\"", 9, "a b" },
                  { "\"\303\244\303\244\"", 3, "\303\244" },            { "\"\"", 64, "" },
  };

  g_test_summary ("What is kept of a content is its text, in whole characters, without control characters.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) content = g_bytes_new_static (cases[i].content, strlen (cases[i].content));
      g_autofree char *text = rb_archive_dup_text (content, cases[i].max);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

/* --- in the core --- */

static void
end_one (RbCoreFixture *fixture,
         RbWorker      *worker,
         gint64         seq,
         const char    *id)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *wire_id = NULL;

  rb_worker_accept (worker, seq, id, NULL);
  wire_id = rb_worker_reply (worker, id, id, "done", &error);
  g_assert_no_error (error);
}

static void
test_over_a_restart (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("What ended is known after a restart, and goes on being numbered.");

  end_one (fixture, worker, 1, "m1");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), ==, 2);      /* it and its reply */
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE_TEXT), ==, 2);
  rb_core_fixture_restart (fixture);
  g_assert_cmpuint (rb_archive_get_n (fixture->core->archive), ==, 2);
  rb_worker_reattach (worker);
  end_one (fixture, worker, 2, "m2");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), ==, 4);
}

static void
test_age (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("What is too old goes by itself, with its steps and its text; what keeps a repetition from an effect stays.");

  fixture->settings.archive.max_age_ms = DAY_MS;
  fixture->settings.seen_retention = 7 * DAY_MS;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      end_one (fixture, worker, i + 1, id);
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), ==, 200);

  rb_fake_clock_advance (fixture->clock, DAY_MS);
  for (guint i = 0; i < 20; i++)
    {
      rb_test_settle ();
      rb_fake_clock_advance (fixture->clock, 100);
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE_TEXT), ==, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  rb_fake_connector_deliver (fixture->connector, 101, "m1", "bob", "x", NULL);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 101));
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
}

static void
test_number (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("The number of entries is kept while messages end; nothing that lives is touched.");

  fixture->settings.archive.max_entries = 4;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_accept (worker, 1, "alive", NULL);
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      end_one (fixture, worker, i + 2, id);
      g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), <=, 4);
    }
  g_assert_cmpstr (rb_core_fixture_place (fixture, "alive"), ==, "assignment");
}

static void
test_without_texts (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;

  g_test_summary ("Who wants no texts kept has none kept, and knows how things ended.");

  fixture->settings.archive.text_max = 0;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  end_one (fixture, worker, 1, "m1");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE), ==, 2);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ARCHIVE_TEXT), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add (path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  g_test_add_func ("/archive/bounds", test_bounds);
  g_test_add_func ("/archive/few-at-a-time", test_few_at_a_time);
  g_test_add_func ("/archive/ladders", test_ladders);
  g_test_add_func ("/archive/texts", test_texts);
  ADD ("/archive/over-a-restart", test_over_a_restart);
  ADD ("/archive/age", test_age);
  ADD ("/archive/number", test_number);
  ADD ("/archive/without-texts", test_without_texts);
  return g_test_run ();
}
