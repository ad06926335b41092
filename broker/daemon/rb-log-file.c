/* rb-log-file.c: where the log lines of the process go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-log-file.h"

#include "rb-file.h"
#include "rb-log-format.h"
#include "rb-log-prune.h"
#include "rb-rotated-file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_FIELDS 32

/* @mutex guards the rest: the store's thread logs too. */
static struct {
  GMutex         mutex;
  RbLogLevels   *levels;     /* NULL: info */
  RbRotatedFile *file;       /* NULL: not open */
  GPtrArray     *secrets;    /* of char *, NULL-terminated; NULL: none */
  gboolean       verbose;
  gboolean       terminal;   /* standard error is one */
  gboolean       journal;    /* standard error leads to the journal */
} sink;

static gboolean
is_wanted (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields)
{
  if (sink.levels == NULL)
    return (level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_INFO;
  return rb_log_levels_wants (sink.levels, rb_log_format_get_topic (fields, n_fields), level);
}

/* A failed write is ignored (protocol.md 3.10): logging must not stop what is logged about. */
static void
write_file (GLogLevelFlags     level,
            const GLogField   *fields,
            gsize              n_fields,
            const char *const *secrets)
{
  g_autofree char *line = NULL;

  if (sink.file == NULL)
    return;
  line = rb_log_format_json (level, fields, n_fields, g_get_real_time () / 1000, (gint64) getpid (), secrets);
  rb_rotated_file_write (sink.file, line, strlen (line), NULL);
}

static void
write_terminal (GLogLevelFlags     level,
                const GLogField   *fields,
                gsize              n_fields,
                const char *const *secrets)
{
  gboolean urgent = (level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_WARNING;
  g_autofree char *line = NULL;

  if (!sink.verbose && !(sink.terminal && urgent))
    return;
  line = rb_log_format_text (level, fields, n_fields, secrets);
  fputs (line, stderr);
}

static void
write_journal (GLogLevelFlags     level,
               const GLogField   *fields,
               gsize              n_fields,
               const char *const *secrets)
{
  GLogField clean[MAX_FIELDS];
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  gsize n = MIN (n_fields, MAX_FIELDS);

  if (!sink.journal)
    return;
  for (gsize i = 0; i < n; i++)
    {
      clean[i] = fields[i];
      if (fields[i].length >= 0)
        continue;
      clean[i].value = rb_log_format_scrub (fields[i].value, secrets);
      g_ptr_array_add (kept, (gpointer) clean[i].value);
    }
  g_log_writer_journald (level, clean, n, NULL);
}

static void
write_everywhere (GLogLevelFlags   level,
                  const GLogField *fields,
                  gsize            n_fields)
{
  const char *const *secrets = sink.secrets != NULL ? (const char *const *) sink.secrets->pdata : NULL;

  write_file (level, fields, n_fields, secrets);
  write_journal (level, fields, n_fields, secrets);
  if (!sink.journal)
    write_terminal (level, fields, n_fields, secrets);
}

/* g_error() and out of memory: nothing sensible can follow. Source: protocol.md 3.4 step 3 and 3.7. */
static void
leave_fatally (const GLogField *fields,
               gsize            n_fields)
{
  g_autofree char *text = rb_log_format_text (G_LOG_LEVEL_ERROR, fields, n_fields, NULL);
  const GLogField fatal[] = {
    { "MESSAGE", "broker_fatal_exit", -1 },
    { "PRIORITY", "2", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "RB_EVENT", "broker_fatal_exit", -1 },
    { "RB_KIND", "fatal_log_message", -1 },
    { "RB_MESSAGE", g_strchomp (text), -1 },
  };

  write_everywhere (G_LOG_LEVEL_CRITICAL, fatal, G_N_ELEMENTS (fatal));
  _exit (1);
}

GLogWriterOutput
rb_log_write (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         user_data)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  if (is_wanted (level, fields, n_fields))
    write_everywhere (level, fields, n_fields);
  if (level & G_LOG_LEVEL_ERROR)
    leave_fatally (fields, n_fields);
  return G_LOG_WRITER_HANDLED;
}

void
rb_log_install (gboolean verbose)
{
  sink.verbose = verbose;
  sink.terminal = isatty (STDERR_FILENO) == 1;
  sink.journal = g_log_writer_is_journald (STDERR_FILENO);
  g_log_set_writer_func (rb_log_write, NULL, NULL);
}

void
rb_log_set_levels (RbLogLevels *levels)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  g_clear_pointer (&sink.levels, rb_log_levels_free);
  sink.levels = levels;
}

void
rb_log_add_secret (const char *secret)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  if (sink.secrets == NULL)
    {
      sink.secrets = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (sink.secrets, NULL);
    }
  g_ptr_array_insert (sink.secrets, 0, g_strdup (secret));
}

/**
 * rb_log_open:
 * @directory: created with mode 0700 where it is missing
 * @size_max: bytes of one file
 * @files: files of this process, the current one included
 * @keep: how many ended processes' logs stay
 * @error: return location for a #GError
 *
 * Source: protocol.md 3.10, IMP-10.
 *
 * Returns: %TRUE if lines go to the file now
 */
gboolean
rb_log_open (const char  *directory,
             gsize        size_max,
             guint        files,
             guint        keep,
             GError     **error)
{
  g_autofree char *name = g_strdup_printf ("broker-%d.log", (int) getpid ());
  g_autofree char *path = g_build_filename (directory, name, NULL);
  RbRotatedFile *file;

  if (!rb_file_make_directory (directory, error))
    return FALSE;
  rb_log_prune (directory, (gint64) getpid (), keep);
  file = rb_rotated_file_new (path, size_max, files, error);
  if (file == NULL)
    return FALSE;

  g_mutex_lock (&sink.mutex);
  g_clear_pointer (&sink.file, rb_rotated_file_free);
  sink.file = file;
  g_mutex_unlock (&sink.mutex);
  return TRUE;
}

void
rb_log_close (void)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  g_clear_pointer (&sink.file, rb_rotated_file_free);
  g_clear_pointer (&sink.levels, rb_log_levels_free);
  g_clear_pointer (&sink.secrets, g_ptr_array_unref);
}
