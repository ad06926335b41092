/* rb-file.c: small files written so that a crash leaves the old or the new one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-file.h"

#include "rb-crash-point.h"
#include "rb-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY ".tmp."     /* pid and a random number follow */
#define RANDOM_DIGITS 8

static gboolean
fail_errno (GError     **error,
            const char  *what,
            const char  *path)
{
  int saved_errno = errno;

  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved_errno),
               "Cannot %s '%s': %s", what, path, g_strerror (saved_errno));
  return FALSE;
}

static gboolean
write_all (int          fd,
           const char  *text,
           gsize        length,
           const char  *path,
           GError     **error)
{
  while (length > 0)
    {
      gssize n = write (fd, text, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail_errno (error, "write", path);
      text += n;
      length -= (gsize) n;
    }
  return TRUE;
}

static gboolean
write_temporary (const char  *path,
                 const char  *text,
                 gsize        length,
                 guint        mode,
                 GError     **error)
{
  gboolean written;
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

  if (fd < 0)
    return fail_errno (error, "create", path);

  written = write_all (fd, text, length, path, error);
  /* The umask may have taken bits away; a file system without modes is no reason to fail. */
  if (written && fchmod (fd, mode) != 0)
    g_debug ("Cannot set the mode of '%s': %s", path, g_strerror (errno));
  if (written && fsync (fd) != 0)
    written = fail_errno (error, "flush", path);
  if (close (fd) != 0 && written)
    written = fail_errno (error, "close", path);
  return written;
}

/* Some file systems cannot flush a directory; the data is as safe there as it can be. */
static void
flush_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (fsync (fd) != 0)
    g_debug ("Cannot flush the directory '%s': %s", path, g_strerror (errno));
  close (fd);
}

typedef int (*PlaceFunc) (const char *from, const char *to);

/* Writes and flushes a file of our own beside @path, then lets @place give it its name. */
static gboolean
write_and_place (const char  *path,
                 const char  *text,
                 gssize       length,
                 guint        mode,
                 PlaceFunc    place,
                 GError     **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *temporary = NULL;
  g_autoptr(GError) local_error = NULL;
  gsize size = length < 0 ? strlen (text) : (gsize) length;

  if (!rb_file_make_directory (directory, error))
    return FALSE;

  RB_CRASH_POINT (FILE_BEFORE_WRITE);
  temporary = g_strdup_printf ("%s" TEMPORARY "%d.%08x", path, (int) getpid (), g_random_int ());
  if (!write_temporary (temporary, text, size, mode, &local_error))
    {
      /* What was there before us is somebody else's. */
      if (!g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_EXIST))
        g_unlink (temporary);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  RB_CRASH_POINT (FILE_BEFORE_PLACE);
  if (place (temporary, path) != 0)
    {
      fail_errno (error, "put in place", path);
      g_unlink (temporary);
      return FALSE;
    }
  RB_CRASH_POINT (FILE_AFTER_PLACE);
  flush_directory (directory);
  return TRUE;
}

/**
 * rb_file_write_atomic:
 * @path: where to write
 * @text: what to write
 * @length: its length in bytes; -1 for a NUL-terminated @text
 * @mode: the file's mode, whatever the umask
 * @error: return location for a #GError
 *
 * A reader sees the old text or the new one, also after a power cut. Missing parents are created with mode 0700. Fails with an
 * error of the domain %G_FILE_ERROR; @path is then as it was and no temporary file stays. Source: protocol.md 3.6, IMP-6.
 *
 * Returns: %TRUE if @path now holds @text
 */
gboolean
rb_file_write_atomic (const char  *path,
                      const char  *text,
                      gssize       length,
                      guint        mode,
                      GError     **error)
{
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  return write_and_place (path, text, length, mode, g_rename, error);
}

/* A hard link fails where the name is taken, which a rename does not. */
static int
link_and_forget (const char *from,
                 const char *to)
{
  if (link (from, to) != 0)
    return -1;
  RB_CRASH_POINT (FILE_BETWEEN_NAMES);
  g_unlink (from);
  return 0;
}

/**
 * rb_file_create_exclusive:
 * @path: where to write
 * @text: what to write
 * @length: its length in bytes; -1 for a NUL-terminated @text
 * @mode: the file's mode, whatever the umask
 * @error: return location for a #GError
 *
 * As rb_file_write_atomic(), but fails with %G_FILE_ERROR_EXIST where @path exists.
 *
 * Returns: %TRUE if @path now holds @text
 */
gboolean
rb_file_create_exclusive (const char  *path,
                          const char  *text,
                          gssize       length,
                          guint        mode,
                          GError     **error)
{
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  return write_and_place (path, text, length, mode, link_and_forget, error);
}

/* Of the process that made the temporary file; 0 when @name is no such name. */
static gint64
get_maker (const char *name)
{
  const char *number = strstr (name, TEMPORARY);
  char *end = NULL;
  gint64 pid;

  if (number == NULL)
    return 0;
  pid = g_ascii_strtoll (number + strlen (TEMPORARY), &end, 10);
  if (*end != '.' || strlen (end + 1) != RANDOM_DIGITS || strspn (end + 1, "0123456789abcdef") != RANDOM_DIGITS)
    return 0;
  return pid > 0 && pid <= G_MAXINT ? pid : 0;
}

/* "Not permitted" means that it lives. One of our own pid is of an earlier process: in a container they often get the same. */
static gboolean
is_left (const char *name)
{
  gint64 pid = get_maker (name);

  return pid == (gint64) getpid () || (pid != 0 && kill ((pid_t) pid, 0) != 0 && errno == ESRCH);
}

/**
 * rb_file_remove_leftovers:
 * @directory: where rb_file_write_atomic() or rb_file_create_exclusive() may have been at work; may be missing
 *
 * Unlinks the temporary files of processes that are gone: they hold secrets, and each crash could add one. To be called before this
 * process writes anything there.
 */
void
rb_file_remove_leftovers (const char *directory)
{
  g_autoptr(GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = is_left (name) ? g_build_filename (directory, name, NULL) : NULL;

      if (path != NULL && g_unlink (path) != 0)
        g_debug ("Cannot remove '%s': %s", path, g_strerror (errno));
    }
}

static char *
read_open (int          fd,
           const char  *path,
           gsize        max_bytes,
           gsize       *length,
           GError     **error)
{
  g_autofree char *text = NULL;
  struct stat info;
  gsize used = 0;

  if (fstat (fd, &info) != 0)
    {
      fail_errno (error, "look at", path);
      return NULL;
    }
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, G_FILE_ERROR, S_ISDIR (info.st_mode) ? G_FILE_ERROR_ISDIR : G_FILE_ERROR_INVAL,
                   "'%s' is not a regular file", path);
      return NULL;
    }

  text = g_malloc (max_bytes + 2);
  while (used <= max_bytes)
    {
      gssize n = read (fd, text + used, max_bytes + 1 - used);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          fail_errno (error, "read", path);
          return NULL;
        }
      if (n == 0)
        break;
      used += (gsize) n;
    }
  if (used > max_bytes)
    {
      rb_set_error (error, RB_ERROR_TOO_LARGE, NULL, "'%s' is larger than %" G_GSIZE_FORMAT " bytes", path, max_bytes);
      return NULL;
    }

  text[used] = '\0';
  *length = used;
  return g_steal_pointer (&text);
}

/**
 * rb_file_read:
 * @path: a regular file
 * @max_bytes: the most it may hold
 * @length: (out): its length in bytes
 * @error: return location for a #GError
 *
 * For small files that somebody else may have written. Fails with %RB_ERROR_TOO_LARGE, or an error of the domain %G_FILE_ERROR.
 *
 * Returns: (transfer full): the text with a NUL behind it
 */
char *
rb_file_read (const char  *path,
              gsize        max_bytes,
              gsize       *length,
              GError     **error)
{
  char *text;
  int fd;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (length != NULL, NULL);

  fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    {
      fail_errno (error, "open", path);
      return NULL;
    }

  text = read_open (fd, path, max_bytes, length, error);
  close (fd);
  return text;
}

/**
 * rb_file_make_directory:
 * @path: a directory
 * @error: return location for a #GError
 *
 * Creates @path and its parents with mode 0700 where they are missing; what exists keeps its mode. Fails with an error of the
 * domain %G_FILE_ERROR.
 *
 * Returns: %TRUE if @path is a directory now
 */
gboolean
rb_file_make_directory (const char  *path,
                        GError     **error)
{
  g_return_val_if_fail (path != NULL, FALSE);

  if (g_mkdir_with_parents (path, 0700) != 0)
    return fail_errno (error, "create the directory", path);
  return TRUE;
}
