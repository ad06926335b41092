/* rb-test.c: what every test may use
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-test.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GPtrArray *made_dirs;
static GMutex log_lock;
static GHashTable *log_counts;   /* event name to how often it was logged; under @log_lock */
static GHashTable *log_levels;   /* event name to the level it was logged at last; likewise */
static GHashTable *log_fields;   /* event name to GHashTable of the fields of the last such event; likewise */

static const char *
find_field (const GLogField *fields,
            gsize            n_fields,
            const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].value;
  return NULL;
}

/* Of our events all values are text. */
static GHashTable *
copy_fields (const GLogField *fields,
             gsize            n_fields)
{
  GHashTable *copy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_has_prefix (fields[i].key, "RB_"))
      g_hash_table_insert (copy, g_strdup (fields[i].key), g_strdup (fields[i].value));
  return copy;
}

static void
count_event (const char      *event,
             GLogLevelFlags   level,
             const GLogField *fields,
             gsize            n_fields)
{
  g_mutex_lock (&log_lock);
  g_hash_table_insert (log_levels, g_strdup (event), GUINT_TO_POINTER (level & G_LOG_LEVEL_MASK));
  g_hash_table_insert (log_counts, g_strdup (event),
                       GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (log_counts, event)) + 1));
  g_hash_table_insert (log_fields, g_strdup (event), copy_fields (fields, n_fields));
  g_mutex_unlock (&log_lock);
}

/* What our code logs on purpose is a fact to be counted, whatever its level; anything else that warns is a bug and stays fatal. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  const char *event = find_field (fields, n_fields, "RB_EVENT");

  if (event == NULL)
    return g_log_writer_default (level, fields, n_fields, NULL);

  count_event (event, level, fields, n_fields);
  if (level < G_LOG_LEVEL_MESSAGE || g_test_verbose ())
    fprintf (stderr, "%s: %s\n", find_field (fields, n_fields, "GLIB_DOMAIN"), find_field (fields, n_fields, "MESSAGE"));
  return G_LOG_WRITER_HANDLED;
}

static int
remove_entry (const char        *path,
              const struct stat *info,
              int                type,
              struct FTW        *where)
{
  return remove (path);
}

static void
remove_dirs (void)
{
  for (guint i = 0; i < made_dirs->len; i++)
    nftw (g_ptr_array_index (made_dirs, i), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  g_clear_pointer (&made_dirs, g_ptr_array_unref);
}

/**
 * rb_test_init:
 * @argc: (inout): of main()
 * @argv: (inout): of main()
 *
 * g_test_init() with directories of its own for each test, a fatal answer to any warning that is not one of our own log
 * events, and directories that vanish at exit.
 */
void
rb_test_init (int    *argc,
              char ***argv)
{
  g_test_init (argc, argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_setenv ("GIO_USE_VFS", "local", FALSE);
  g_setenv ("GIO_USE_PROXY_RESOLVER", "dummy", FALSE);
  g_setenv ("GSETTINGS_BACKEND", "memory", FALSE);

  made_dirs = g_ptr_array_new_with_free_func (g_free);
  log_counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  log_levels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  log_fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  /* A writer is set once; a subprocess is where a test sets its own. */
  if (!g_test_subprocess ())
    g_log_set_writer_func (write_log, NULL, NULL);
  atexit (remove_dirs);
}

/**
 * rb_test_count_log:
 * @event: name of a log event
 *
 * Returns: how often it was logged since the start or since the last call for @event
 */
guint
rb_test_count_log (const char *event)
{
  guint count;

  g_mutex_lock (&log_lock);
  count = GPOINTER_TO_UINT (g_hash_table_lookup (log_counts, event));
  g_hash_table_remove (log_counts, event);
  g_mutex_unlock (&log_lock);
  return count;
}

/**
 * rb_test_get_log_level:
 * @event: name of a log event
 *
 * Returns: the level at which it was logged last; 0: it never was
 */
GLogLevelFlags
rb_test_get_log_level (const char *event)
{
  GLogLevelFlags level;

  g_mutex_lock (&log_lock);
  level = GPOINTER_TO_UINT (g_hash_table_lookup (log_levels, event));
  g_mutex_unlock (&log_lock);
  return level;
}

/**
 * rb_test_assert_logged:
 * @event: name of a log event
 * @...: pairs of field name and value, both strings, ended by %NULL; with %NULL as the value the field is only to be there
 *
 * The last such event had these fields.
 */
void
rb_test_assert_logged (const char *event,
                       ...)
{
  GHashTable *fields;
  const char *name;
  va_list args;

  g_mutex_lock (&log_lock);
  fields = g_hash_table_lookup (log_fields, event);
  g_assert_nonnull (fields);
  va_start (args, event);
  while ((name = va_arg (args, const char *)) != NULL)
    {
      g_autofree char *upper = g_ascii_strup (name, -1);
      g_autofree char *key = g_strconcat ("RB_", upper, NULL);
      const char *value = va_arg (args, const char *);

      if (value != NULL)
        g_assert_cmpstr (g_hash_table_lookup (fields, key), ==, value);
      else
        g_assert_true (g_hash_table_contains (fields, key));
    }
  va_end (args);
  g_mutex_unlock (&log_lock);
}

/**
 * rb_test_forget_logs:
 *
 * Counts every event from here: for the set-up of a fixture.
 */
void
rb_test_forget_logs (void)
{
  g_mutex_lock (&log_lock);
  g_hash_table_remove_all (log_counts);
  g_hash_table_remove_all (log_fields);
  g_mutex_unlock (&log_lock);
}

void
rb_test_store_result (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  GAsyncResult **place = user_data;

  g_assert_nonnull (place);
  g_assert_null (*place);
  *place = g_object_ref (result);
}

void
rb_test_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static gboolean
on_wake_up (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* One turn of the main context that cannot block past the deadline. */
void
rb_test_turn (gint64      deadline_us,
              const char *condition,
              const char *file,
              int         line)
{
  g_autoptr(GSource) wake_up = g_timeout_source_new (100);

  if (g_get_monotonic_time () > deadline_us)
    {
      g_autofree char *message = g_strdup_printf ("still waiting for: %s", condition);

      g_assertion_message (G_LOG_DOMAIN, file, line, G_STRFUNC, message);
    }

  g_source_set_callback (wake_up, on_wake_up, NULL, NULL);
  g_source_attach (wake_up, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_source_destroy (wake_up);
}

char *
rb_test_make_dir (void)
{
  g_autoptr(GError) error = NULL;
  char *path = g_dir_make_tmp ("rb-XXXXXX", &error);

  g_assert_no_error (error);
  g_ptr_array_add (made_dirs, g_strdup (path));
  return path;
}

void
rb_test_assert_bound (RbBounds   *bounds,
                      const char *name)
{
  for (guint i = 0; i < rb_bounds_get_n (bounds); i++)
    {
      const RbBound *bound = rb_bounds_get (bounds, i);

      if (!g_str_equal (bound->info->name, name))
        continue;
      g_assert_cmpuint (bound->limit, >, 0);
      g_assert_cmpuint (bound->peak, <=, bound->limit);
      g_assert_cmpuint (bound->n_reached, >, 0);
      g_assert_cmpint (bound->last_reached, >, 0);
      return;
    }
  g_error ("there is no bound '%s'", name);
}
