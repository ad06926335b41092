/* rb-store-examine.c: looks at a database that nobody has open, without touching it
 *
 * Opening it would fold its log into it, and on a disk that is full or read-only it cannot be opened at all. So a copy is examined, in a
 * directory that only we can read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sqlite-store.h"

#include "rb-error.h"
#include "rb-sql.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

static const char *const suffixes[] = { "", "-wal" };
static const char *const left_suffixes[] = { "", "-wal", "-shm", "-journal" };

static gboolean
copy_file (const char  *from,
           const char  *to,
           GError     **error)
{
  g_autoptr(GFile) source = g_file_new_for_path (from);
  g_autoptr(GFile) target = g_file_new_for_path (to);
  g_autoptr(GError) local_error = NULL;

  if (!g_file_test (from, G_FILE_TEST_EXISTS) || g_file_copy (source, target, G_FILE_COPY_NONE, NULL, NULL, NULL, &local_error))
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "not_copied", "'%s' cannot be copied to be examined: %s", from, local_error->message);
  return FALSE;
}

/* People know the file that was copied. */
static void
name_original (GError     *error,
               const char *copy,
               const char *path)
{
  g_auto(GStrv) parts = g_strsplit (error->message, copy, -1);

  g_free (error->message);
  error->message = g_strjoinv (path, parts);
}

static gboolean
examine_in (const char  *path,
            const char  *directory,
            GError     **error)
{
  g_autofree char *copy = g_build_filename (directory, "copy.db", NULL);
  g_autoptr(GError) local_error = NULL;
  g_autoptr(RbSql) sql = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *from = g_strconcat (path, suffixes[i], NULL);
      g_autofree char *to = g_strconcat (copy, suffixes[i], NULL);

      if (!copy_file (from, to, error))
        return FALSE;
    }
  sql = rb_sql_open (copy, FALSE, 0, &local_error);
  if (sql != NULL && rb_sql_check (sql, &local_error))
    return TRUE;
  name_original (local_error, copy, path);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
rb_sqlite_store_examine (const char  *path,
                         GError     **error)
{
  g_autofree char *directory = g_dir_make_tmp ("runtime-broker-XXXXXX", NULL);
  gboolean good;

  if (directory == NULL)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "not_copied", "there is no place for a copy in '%s'", g_get_tmp_dir ());
      return FALSE;
    }
  good = examine_in (path, directory, error);
  for (gsize i = 0; i < G_N_ELEMENTS (left_suffixes); i++)
    {
      g_autofree char *left = g_strconcat (directory, "/copy.db", left_suffixes[i], NULL);

      g_unlink (left);
    }
  g_rmdir (directory);
  return good;
}
