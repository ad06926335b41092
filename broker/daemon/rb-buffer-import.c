/* rb-buffer-import.c: takes over what the peer's broker had accepted for endpoints that were away
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-buffer-import.h"

#include "rb-buffer-file.h"
#include "rb-crash-point.h"
#include "rb-file.h"
#include "rb-import.h"
#include "rb-log.h"

#include <glib/gstdio.h>
#include <string.h>

#define SUFFIX ".ndjson"
#define MAX_BYTES (64 * 1024 * 1024)

typedef struct {
  char  *path;
  guint  n_assignments;
  guint  n_damaged;
} Import;

static void
import_free (Import *import)
{
  g_free (import->path);
  g_free (import);
}

/* Its messages are ours now; what nobody understood is kept for people. */
static void
put_away (const Import *import)
{
  g_autofree char *damaged = g_strconcat (import->path, ".damaged", NULL);
  int result;

  RB_CRASH_POINT (IMPORT_BEFORE_PUT_AWAY);
  result = import->n_damaged > 0 ? g_rename (import->path, damaged) : g_unlink (import->path);
  RB_CRASH_POINT (IMPORT_AFTER_PUT_AWAY);
  if (result != 0)
    rb_log_warning ("buffer_import_leftover", "path", import->path, "hint", "the file can be removed: its messages were taken over", NULL);
}

static void
on_imported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Import *import = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *messages = NULL;
  g_autofree char *assignments = g_strdup_printf ("%u", import->n_assignments);
  g_autofree char *damaged = g_strdup_printf ("%u", import->n_damaged);
  guint n_new;

  if (rb_import_finish (RB_CORE (source), result, &n_new, &error))
    {
      messages = g_strdup_printf ("%u", n_new);
      rb_log_message ("buffer_imported", "path", import->path, "messages", messages, "assignments_skipped", assignments,
                      "damaged_lines", damaged, NULL);
      put_away (import);
    }
  else
    {
      rb_log_warning ("buffer_import_failed", "path", import->path, "err", error->message, NULL);
    }
  import_free (import);
}

static void
import_file (RbCore     *core,
             RbClock    *clock,
             const char *path,
             const char *endpoint_id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbBufferFile) file = NULL;
  g_autofree char *text = NULL;
  Import *import;
  gsize length;

  text = rb_file_read (path, MAX_BYTES, &length, &error);
  if (text == NULL)
    {
      rb_log_warning ("buffer_import_failed", "path", path, "err", error->message, NULL);
      return;
    }

  file = rb_buffer_file_parse (text, length, rb_clock_get_wall_ms (clock));
  import = g_new0 (Import, 1);
  import->path = g_strdup (path);
  import->n_assignments = file->n_assignments;
  import->n_damaged = file->n_damaged;
  rb_import_async (core, file->messages, endpoint_id, on_imported, import);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_files (const char *directory)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

void
rb_buffer_import_all (RbCore     *core,
                      RbClock    *clock,
                      const char *state_dir)
{
  g_autofree char *directory = g_build_filename (state_dir, "buffers", NULL);
  g_autoptr(GPtrArray) names = list_files (directory);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autofree char *endpoint_id = g_strndup (name, strlen (name) - strlen (SUFFIX));

      import_file (core, clock, path, endpoint_id);
    }
}
