/* rb-program-log.c: the output of a runtime that no service manager keeps
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-log.h"

#include "rb-api.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".log"

typedef struct {
  char   *path;
  gint64  changed_at;
} Log;

static void
log_free (Log *log)
{
  g_free (log->path);
  g_free (log);
}

static int
compare_logs (gconstpointer a,
              gconstpointer b)
{
  const Log *first = *(Log *const *) a, *second = *(Log *const *) b;

  return first->changed_at < second->changed_at ? -1 : first->changed_at > second->changed_at;
}

static GPtrArray *
list_logs (const char *folder)
{
  GPtrArray *logs = g_ptr_array_new_with_free_func ((GDestroyNotify) log_free);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat info;
      Log *log;

      if (!g_str_has_suffix (name, ENDING) || lstat (path, &info) != 0)
        continue;
      log = g_new (Log, 1);
      log->path = g_steal_pointer (&path);
      log->changed_at = info.st_mtime;
      g_ptr_array_add (logs, log);
    }
  g_ptr_array_sort (logs, compare_logs);
  return logs;
}

/* The lock is of what was opened for the runtime, and so is held by it and by all that it has started, whoever has started it. */
gboolean
rb_program_log_hold (int fd)
{
  return flock (fd, LOCK_SH | LOCK_NB) == 0;
}

static gboolean
is_held (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gboolean held = fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;

  if (fd >= 0)
    close (fd);
  return held;
}

/* A file that is written to and has no name is one that nobody can look at, or cut. */
static void
make_room (const char *folder)
{
  g_autoptr(GPtrArray) logs = list_logs (folder);
  guint n_left = logs->len;

  for (guint i = 0; i < logs->len && n_left >= RB_PROGRAM_LOGS_MAX; i++)
    {
      const Log *log = g_ptr_array_index (logs, i);
      g_autofree char *before = g_strconcat (log->path, ".1", NULL);

      if (is_held (log->path))
        continue;
      g_unlink (before);
      g_unlink (log->path);
      n_left--;
    }
}

char *
rb_program_log_dup_path (const char  *state_dir,
                         const char  *name,
                         GError     **error)
{
  g_autofree char *folder = g_build_filename (state_dir, "runtime-logs", NULL);
  g_autofree char *file = g_strconcat (name, ENDING, NULL);
  g_autoptr(GError) local_error = NULL;

  if (!rb_file_make_directory (folder, &local_error))
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_failed", "%s", local_error->message);
      return NULL;
    }
  make_room (folder);
  return g_build_filename (folder, file, NULL);
}

/* The last @max_bytes of what is in it now; NULL: it cannot be read. */
static char *
read_end (int    fd,
          gsize  max_bytes,
          gsize *length)
{
  struct stat info;
  g_autofree char *bytes = NULL;
  gsize want;
  gssize n;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    return NULL;
  want = MIN ((gsize) info.st_size, max_bytes);
  bytes = g_malloc (want + 1);
  n = pread (fd, bytes, want, info.st_size - (off_t) want);
  if (n < 0)
    return NULL;
  *length = (gsize) n;
  return g_steal_pointer (&bytes);
}

char *
rb_program_log_dup_tail (const char *log_file)
{
  int fd = log_file != NULL ? open (log_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
  g_autofree char *bytes = NULL;
  gsize length = 0;

  if (fd < 0)
    return g_strdup ("");
  bytes = read_end (fd, RB_PROGRAM_TAIL_BYTES, &length);
  close (fd);
  return bytes != NULL ? g_utf8_make_valid (bytes, (gssize) length) : g_strdup ("");
}

static void
move_away (int         fd,
           const char *log_file,
           gsize       max_bytes)
{
  g_autofree char *before = g_strconcat (log_file, ".1", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize length = 0;

  bytes = read_end (fd, max_bytes, &length);
  if (bytes == NULL || !rb_file_write_atomic (before, bytes, (gssize) length, 0600, &error))
    rb_log_warning ("runtime_log_not_kept", "path", log_file, "err", error != NULL ? error->message : "cannot be read", NULL);
  if (ftruncate (fd, 0) != 0)
    rb_log_warning ("runtime_log_not_cut", "path", log_file, "err", g_strerror (errno), NULL);
}

void
rb_program_log_trim (const char *log_file,
                     gint64      max_bytes)
{
  int fd = open (log_file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat info;

  if (fd < 0)
    return;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size > max_bytes)
    move_away (fd, log_file, (gsize) max_bytes);
  close (fd);
}
