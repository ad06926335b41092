/* rb-client-lock.c: the spawn lock: of many clients that find no broker, one starts it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-lock.h"

#include "rb-error.h"
#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-json.h"
#include "rb-time.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNREADABLE_STALE_S 10
#define RECORD_MAX 4096

/* 0: no valid record */
static gint64
read_pid (const char *path)
{
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) json = NULL;
  char *text = NULL;
  gint64 pid = 0;
  gsize length = 0;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return 0;

  bytes = g_bytes_new_take (text, length);
  json = rb_json_parse_object (bytes, RECORD_MAX, NULL);
  if (json == NULL || !rb_json_get_int (json, "pid", &pid, NULL) || pid <= 0 || pid > G_MAXINT)
    return 0;
  return pid;
}

static gboolean
is_stale (const char        *path,
          const struct stat *status)
{
  gint64 pid = read_pid (path);

  if (pid > 0)
    return kill ((pid_t) pid, 0) != 0 && errno == ESRCH;
  return g_get_real_time () / G_USEC_PER_SEC - status->st_mtime > UNREADABLE_STALE_S;
}

/* Deletes what was judged, not what somebody put in its place meanwhile. */
static gboolean
unlink_stale (const char *path)
{
  struct stat judged, now;

  if (lstat (path, &judged) != 0)
    return errno == ENOENT;
  if (!is_stale (path, &judged))
    return FALSE;
  if (lstat (path, &now) != 0)
    return errno == ENOENT;
  return now.st_ino == judged.st_ino && now.st_dev == judged.st_dev && g_unlink (path) == 0;
}

static char *
make_record (void)
{
  g_autofree char *started_at = rb_time_to_iso (g_get_real_time () / 1000);

  return g_strdup_printf ("{\n  \"version\": 1,\n  \"pid\": %d,\n  \"startedAt\": \"%s\"\n}", (int) getpid (), started_at);
}

/* Returns 1 when created, 0 when it exists, -1 with @error. */
static int
create (const char *path,
        GError    **error)
{
  g_autofree char *record = make_record ();
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  gssize written;

  if (fd < 0 && errno == EEXIST)
    return 0;
  if (fd < 0)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_lock_failed", "cannot create spawn lock '%s': %s", path,
                    g_strerror (errno));
      return -1;
    }

  written = write (fd, record, strlen (record));
  close (fd);
  if (written == (gssize) strlen (record))
    return 1;

  g_unlink (path);
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_lock_failed", "cannot write spawn lock '%s'", path);
  return -1;
}

gboolean
rb_client_lock_try (const char *path,
                    gboolean   *taken,
                    GError    **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int created;

  *taken = FALSE;
  if (!rb_file_make_directory (directory, error))
    return FALSE;

  created = create (path, error);
  if (created == 0 && unlink_stale (path))
    created = create (path, error);

  *taken = created == 1;
  return created >= 0;
}

void
rb_client_lock_release (const char *path)
{
  if (read_pid (path) == getpid ())
    g_unlink (path);
}
