/* bench-store.c: commits and rows a second
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Not a test. On an otherwise idle machine, on the disk that is to be measured (a tmpfs says nothing about syncs):
 *
 *   meson compile -C build bench-store && build/tests/bench/bench-store [DIRECTORY [SECONDS]]
 *
 * A writer commits a message as it arrives (the message, its place and a checkpoint: three rows) and commits the next when that
 * one is done. "us/commit" is the processor time of both threads. Then each commit also has what ends a message: without the archive, and with
 * it. Last, that archive is searched: the first time its index is written. */
#include "config.h"

#include "rb-sqlite-store.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
  RbStore *store;
  guint    n_running;
  guint64  n_commits;
  guint64  next;
  gint64   end_us;
  gboolean ends;
  gboolean archives;
} Bench;

static const char *content;

/* Any table's row: a text for each key column, the same content for the others. */
static GVariant *
make_row (RbTable  table,
          guint64  number)
{
  const RbTableInfo *info = rb_table_get_info (table);
  g_autoptr(GPtrArray) values = g_ptr_array_new ();
  const GVariantType *type;

  for (type = g_variant_type_first (G_VARIANT_TYPE (info->type)); type != NULL; type = g_variant_type_next (type))
    {
      if (g_variant_type_is_maybe (type))
        g_ptr_array_add (values, g_variant_new_maybe (g_variant_type_element (type), NULL));
      else if (g_variant_type_equal (type, G_VARIANT_TYPE_INT64))
        g_ptr_array_add (values, g_variant_new_int64 ((gint64) number));
      else if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
        g_ptr_array_add (values, g_variant_new_boolean (FALSE));
      else if (values->len == 0)
        g_ptr_array_add (values, g_variant_new_take_string (g_strdup_printf ("msg-%016" G_GINT64_MODIFIER "x", number)));
      else
        g_ptr_array_add (values, g_variant_new_string (table == RB_TABLE_MESSAGES && values->len == 2 ? content : "received"));
    }
  return g_variant_new_tuple ((GVariant *const *) values->pdata, values->len);
}

static void on_committed (RbStore *store, const GError *error, gpointer user_data);

/* Its place changes, its content goes, two steps more; in the archive what it said stays. */
static void
put_end (Bench     *bench,
         RbChanges *changes)
{
  g_autofree char *id = g_strdup_printf ("msg-%016" G_GINT64_MODIFIER "x", bench->next);

  rb_changes_put (changes, RB_TABLE_PLACES, make_row (RB_TABLE_PLACES, bench->next));
  rb_changes_delete (changes, RB_TABLE_MESSAGES, g_variant_new ("(s)", id));
  for (gint64 n = 1; n <= 2; n++)
    rb_changes_put (changes, RB_TABLE_CHECKPOINTS, g_variant_new ("(sxsxmsmsms)", id, -n, "taken", n, "ep", NULL, NULL));
  if (!bench->archives)
    return;

  rb_changes_put (changes, RB_TABLE_ARCHIVE,
                  g_variant_new ("(xsssmsmsmsmsxxsx)", (gint64) bench->next, "in", id, "bob@local", "ep", NULL, id, "text", (gint64) 1,
                                 (gint64) 2, "delivered", (gint64) 1624));
  rb_changes_put (changes, RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(xs)", (gint64) bench->next, content));
}

static void
commit_next (Bench *bench)
{
  static const RbTable tables[] = { RB_TABLE_MESSAGES, RB_TABLE_PLACES, RB_TABLE_CHECKPOINTS };
  RbChanges *changes = rb_changes_new ();

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    rb_changes_put (changes, tables[i], make_row (tables[i], bench->next));
  if (bench->ends)
    put_end (bench, changes);
  bench->next++;
  rb_store_commit (bench->store, changes, on_committed, bench);
}

static void
on_committed (RbStore      *store,
              const GError *error,
              gpointer      user_data)
{
  Bench *bench = user_data;

  if (error != NULL)
    {
      g_printerr ("%s\n", error->message);
      exit (EXIT_FAILURE);
    }

  bench->n_commits++;
  if (g_get_monotonic_time () < bench->end_us)
    commit_next (bench);
  else
    bench->n_running--;
}

static double
get_cpu_us (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC
    + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static guint64 first_number = 1;

static guint64
run (RbSqliteStore *store,
     guint          n_writers,
     double         seconds,
     gboolean       ends,
     gboolean       archives)
{
  Bench bench = { RB_STORE (store), n_writers, .ends = ends, .archives = archives };
  gint64 start_us = g_get_monotonic_time ();
  double start_cpu_us = get_cpu_us ();
  guint64 synced, lazy, changes, synced_before, changes_before;
  double elapsed;

  rb_sqlite_store_get_counters (store, &synced_before, &lazy, &changes_before);
  bench.end_us = start_us + (gint64) (seconds * G_USEC_PER_SEC);
  bench.next = first_number;
  for (guint i = 0; i < n_writers; i++)
    commit_next (&bench);
  while (bench.n_running > 0)
    g_main_context_iteration (NULL, TRUE);

  elapsed = (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC;
  rb_sqlite_store_get_counters (store, &synced, &lazy, &changes);
  first_number = bench.next;
  g_print ("%-10s %4u writers: %8.0f commits/s %8.0f rows/s %8.0f syncs/s %6.1f commits/sync %6.1f us/commit\n",
           archives ? "archived" : ends ? "ends" : "arrives", n_writers,
           (double) bench.n_commits / elapsed, (double) (changes - changes_before) / elapsed,
           (double) (synced - synced_before) / elapsed, (double) bench.n_commits / (double) (synced - synced_before),
           (get_cpu_us () - start_cpu_us) / (double) bench.n_commits);
  return bench.n_commits;
}

static void
on_found (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  GPtrArray **rows = user_data;

  *rows = rb_store_read_finish (RB_STORE (source), result, &error);
  if (*rows == NULL)
    {
      g_printerr ("%s\n", error->message);
      exit (EXIT_FAILURE);
    }
}

static void
search (RbSqliteStore *store,
        guint64        n)
{
  g_autoptr(RbSearchQuery) query = rb_search_query_parse ("xxx*", NULL);
  RbSearch wanted = { .query = query, .limit = 20 };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GPtrArray) rows = NULL;
      gint64 start_us = g_get_monotonic_time ();

      rb_store_search_async (RB_STORE (store), &wanted, NULL, on_found, &rows);
      while (rows == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_print ("%s search of %" G_GUINT64_FORMAT " texts: %.1f ms, %u found\n", i == 0 ? "first" : "next", n,
               (double) (g_get_monotonic_time () - start_us) / 1000, rows->len);
    }
}

static void
remove_files (const char *path)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);

  g_unlink (path);
  g_unlink (wal);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *path = g_build_filename (argc > 1 ? argv[1] : ".", "bench-store.db", NULL);
  g_autofree char *text = g_strnfill (600, 'x');
  double seconds = argc > 2 ? g_ascii_strtod (argv[2], NULL) : 3;
  g_autoptr(GError) error = NULL;
  RbSqliteStore *store;
  gint64 start_us;

  remove_files (path);
  start_us = g_get_monotonic_time ();
  store = rb_sqlite_store_open (path, &error);
  if (store == NULL)
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  g_print ("open (new): %.1f ms\n", (double) (g_get_monotonic_time () - start_us) / 1000);

  for (gsize i = 7; i < strlen (text); i += 8)
    text[i] = ' ';
  content = text;
  run (store, 1, seconds, FALSE, FALSE);
  run (store, 64, seconds, FALSE, FALSE);
  run (store, 64, seconds, TRUE, FALSE);
  search (store, run (store, 64, seconds, TRUE, TRUE));
  rb_sqlite_store_close (store);
  g_object_unref (store);

  remove_files (path);
  return EXIT_SUCCESS;
}
