/* test-durability.c: what was answered is there after a kill, and a torn log costs only its end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program is its own victim: started with --commit it commits without end and prints each number once its callback came. */
#include "config.h"

#include "store-fixture.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_ROUNDS    20
#define N_IN_FLIGHT 12

/* --- the victim --- */

typedef struct {
  RbStore *store;
  guint    next;
} Victim;

typedef struct {
  Victim *victim;
  guint   number;
} Flight;

static void commit_another (Victim *victim);

static void
print_number (RbStore      *store,
              const GError *error,
              gpointer      user_data)
{
  g_autofree Flight *flight = user_data;
  char line[16];
  int length = g_snprintf (line, sizeof line, "%u\n", flight->number);

  if (error != NULL || write (STDOUT_FILENO, line, length) != length)
    _exit (3);
  commit_another (flight->victim);
}

/* Two tables together, and every fourth set lazy: that survives the process too. */
static void
commit_another (Victim *victim)
{
  Flight *flight = g_new0 (Flight, 1);
  g_autofree char *id = g_strdup_printf ("m%08u", victim->next);
  g_autofree char *text = g_strnfill (victim->next * 37 % 6000, 'x');
  RbChanges *changes = rb_changes_new ();

  flight->victim = victim;
  flight->number = victim->next++;
  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", id, text));
  rb_changes_put (changes, RB_TABLE_CORRELATIONS, g_variant_new ("(sssx)", id, "sent", "c", (gint64) flight->number));
  rb_changes_set_lazy (changes, flight->number % 4 == 3);
  rb_store_commit (victim->store, changes, print_number, flight);
}

static int
run_victim (const char *path,
            const char *first)
{
  Victim victim = { NULL, (guint) atoi (first) };
  g_autoptr(GError) error = NULL;

  victim.store = RB_STORE (rb_sqlite_store_open (path, &error));
  if (victim.store == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  for (guint i = 0; i < N_IN_FLIGHT; i++)
    commit_another (&victim);
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}

/* --- the test --- */

static void
note_line (const char *line,
           GHashTable *answered,
           guint      *next)
{
  guint number = (guint) atoi (line);

  g_hash_table_add (answered, GUINT_TO_POINTER (number + 1));
  *next = MAX (*next, number + 1);
}

static void
kill_once (StoreFixture *fixture,
           GHashTable   *answered,
           guint        *next)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *first = g_strdup_printf ("%u", *next);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSubprocess) child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                                   self, "--commit", fixture->path, first, NULL);
  int fd;
  FILE *out;
  char line[32];
  gint32 n_lines = g_test_rand_int_range (0, 150);

  g_assert_no_error (error);
  fd = dup (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (g_subprocess_get_stdout_pipe (child))));
  out = fdopen (fd, "r");
  for (gint32 i = 0; i < n_lines && fgets (line, sizeof line, out) != NULL; i++)
    note_line (line, answered, next);

  /* Lines come right after commits; this spreads the moment over what lies between. */
  g_usleep (g_test_rand_int_range (0, 2000));
  g_subprocess_force_exit (child);
  while (fgets (line, sizeof line, out) != NULL)
    note_line (line, answered, next);
  fclose (out);
  g_assert_true (g_subprocess_wait (child, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_signaled (child));
}

static GHashTable *
load_numbers (StoreFixture *fixture)
{
  g_autoptr(GPtrArray) rows = store_load (fixture->store, RB_TABLE_CORRELATIONS);
  g_autoptr(GPtrArray) texts = store_load (fixture->store, RB_TABLE_META);
  GHashTable *found = g_hash_table_new (NULL, NULL);

  g_assert_cmpuint (rows->len, ==, texts->len);
  for (guint i = 0; i < rows->len; i++)
    {
      const char *id;
      const char *text_id;
      const char *text;
      gint64 number;

      g_variant_get (g_ptr_array_index (rows, i), "(&s&s&sx)", &id, NULL, NULL, &number);
      g_variant_get (g_ptr_array_index (texts, i), "(&s&s)", &text_id, &text);
      g_assert_cmpstr (id, ==, text_id);
      g_assert_cmpuint (strlen (text), ==, number * 37 % 6000);
      g_hash_table_add (found, GUINT_TO_POINTER ((guint) number + 1));
    }
  return found;
}

static void
test_kill (StoreFixture  *fixture,
           gconstpointer  data)
{
  g_autoptr(GHashTable) answered = g_hash_table_new (NULL, NULL);
  guint next = 0;

  g_test_summary ("After a kill at any moment all that was answered is there, and each set is there as a whole or not at all.");

  store_fixture_close (fixture);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr(GHashTable) found = NULL;
      GHashTableIter iter;
      gpointer key;

      kill_once (fixture, answered, &next);
      store_fixture_open (fixture);
      found = load_numbers (fixture);
      store_fixture_close (fixture);

      g_hash_table_iter_init (&iter, answered);
      while (g_hash_table_iter_next (&iter, &key, NULL))
        g_assert_true (g_hash_table_contains (found, key));
    }
  g_test_message ("%u answered commits over %u kills", g_hash_table_size (answered), N_ROUNDS);
  g_assert_cmpuint (g_hash_table_size (answered), >, 0);
}

/* --- a torn log --- */

#define N_COMMITS 40

static void
copy_file (const char *from,
           const char *to)
{
  g_autofree char *bytes = NULL;
  gsize size;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (from, &bytes, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, bytes, size, &error);
  g_assert_no_error (error);
}

static void
tear (const char *wal,
      goffset     at,
      gboolean    cut)
{
  int fd = g_open (wal, O_RDWR | O_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  if (cut)
    g_assert_cmpint (ftruncate (fd, at), ==, 0);
  else
    g_assert_cmpint (pwrite (fd, "torn torn torn", 14, at), ==, 14);
  close (fd);
}

/* The numbers 0 to n - 1 without a gap; n is the answer. */
static guint
count_prefix (const char *path)
{
  StoreFixture torn = { NULL, (char *) path, NULL };
  g_autoptr(GPtrArray) rows = NULL;

  store_fixture_open (&torn);
  rows = store_load (torn.store, RB_TABLE_META);
  for (guint i = 0; i < rows->len; i++)
    {
      g_autofree char *wanted = g_strdup_printf ("n%04u", i);
      const char *name;

      g_variant_get_child (g_ptr_array_index (rows, i), 0, "&s", &name);
      g_assert_cmpstr (name, ==, wanted);
    }
  store_fixture_close (&torn);
  return rows->len;
}

static void
test_torn_log (StoreFixture  *fixture,
               gconstpointer  data)
{
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autofree char *copy = g_build_filename (fixture->dir, "copy.db", NULL);
  g_autofree char *copy_wal = g_strconcat (copy, "-wal", NULL);
  GStatBuf st;
  guint fewest = N_COMMITS;

  g_test_summary ("A log that is cut or overwritten somewhere opens with all commits before that place and none after it.");

  for (guint i = 0; i < N_COMMITS; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%04u", i);

      store_put_meta (fixture->store, name, "value");
    }
  g_assert_cmpint (g_stat (wal, &st), ==, 0);

  for (guint round = 0; round < 24; round++)
    {
      guint n;

      copy_file (fixture->path, copy);
      copy_file (wal, copy_wal);
      tear (copy_wal, g_test_rand_int_range (0, (gint32) st.st_size - 16), round % 2 == 0);
      n = count_prefix (copy);
      g_assert_cmpuint (n, <=, N_COMMITS);
      fewest = MIN (fewest, n);
    }
  g_assert_cmpuint (fewest, <, N_COMMITS);

  copy_file (fixture->path, copy);
  copy_file (wal, copy_wal);
  g_assert_cmpuint (count_prefix (copy), ==, N_COMMITS);
}

int
main (int   argc,
      char *argv[])
{
  if (argc == 4)
    return run_victim (argv[2], argv[3]);

  rb_test_init (&argc, &argv);

  STORE_TEST ("/store/durability/kill", test_kill);
  STORE_TEST ("/store/durability/torn-log", test_torn_log);

  return g_test_run ();
}
