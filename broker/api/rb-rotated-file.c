/* rb-rotated-file.c: a file of lines that stays below a size
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-rotated-file.h"

#include "rb-crash-point.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct _RbRotatedFile {
  char  *path;
  gsize  size_max;
  guint  files;
  int    fd;     /* -1: could not be opened */
  gsize  size;
};

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

static void
close_file (RbRotatedFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* A fifo or a link in its place is not ours: writing there could block, or reach somebody else's file. */
static gboolean
open_file (RbRotatedFile  *self,
           GError        **error)
{
  struct stat info;
  int fd = open (self->path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

  if (fd < 0)
    return fail_errno (error, "open", self->path);
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      close (fd);
      errno = EINVAL;
      return fail_errno (error, "use", self->path);
    }

  if ((info.st_mode & 07777) != 0600 && fchmod (fd, 0600) != 0)
    g_debug ("Cannot set the mode of '%s': %s", self->path, g_strerror (errno));
  self->fd = fd;
  self->size = (gsize) info.st_size;
  return TRUE;
}

static char *
dup_name (const RbRotatedFile *self,
          guint                i)
{
  return i == 0 ? g_strdup (self->path) : g_strdup_printf ("%s.%u", self->path, i);
}

/* A file that cannot be moved is written on to: too large is better than lost. */
static void
rotate (RbRotatedFile *self)
{
  if (self->files == 1)
    {
      if (ftruncate (self->fd, 0) == 0)
        self->size = 0;
      return;
    }

  close_file (self);
  for (guint i = self->files - 1; i > 0; i--)
    {
      g_autofree char *from = dup_name (self, i - 1);
      g_autofree char *to = dup_name (self, i);

      if (rename (from, to) != 0 && errno != ENOENT)
        g_debug ("Cannot rename '%s': %s", from, g_strerror (errno));
      RB_CRASH_POINT (LOG_BETWEEN_RENAMES);
    }
}

/**
 * rb_rotated_file_new:
 * @path: the current file; its directory must exist
 * @size_max: bytes of one file, above 0
 * @files: how many files are kept, at least 1
 * @error: return location for a #GError
 *
 * Source: protocol.md IMP-10.
 *
 * Returns: (transfer full): the file, open
 */
RbRotatedFile *
rb_rotated_file_new (const char  *path,
                     gsize        size_max,
                     guint        files,
                     GError     **error)
{
  g_autoptr(RbRotatedFile) self = g_new0 (RbRotatedFile, 1);

  g_return_val_if_fail (size_max > 0 && files > 0, NULL);

  self->path = g_strdup (path);
  self->size_max = size_max;
  self->files = files;
  self->fd = -1;
  return open_file (self, error) ? g_steal_pointer (&self) : NULL;
}

void
rb_rotated_file_free (RbRotatedFile *self)
{
  close_file (self);
  g_free (self->path);
  g_free (self);
}

/**
 * rb_rotated_file_write:
 * @self: the file
 * @text: whole lines
 * @length: its bytes
 * @error: return location for a #GError
 *
 * Returns: %TRUE if all of @text was written
 */
gboolean
rb_rotated_file_write (RbRotatedFile  *self,
                       const char     *text,
                       gsize           length,
                       GError        **error)
{
  gssize n;

  if (self->fd >= 0 && self->size > 0 && self->size + length > self->size_max)
    rotate (self);
  if (self->fd < 0 && !open_file (self, error))
    return FALSE;

  do
    n = write (self->fd, text, length);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return fail_errno (error, "write", self->path);

  self->size += (gsize) n;
  if ((gsize) n == length)
    return TRUE;
  errno = ENOSPC;
  return fail_errno (error, "write all of", self->path);
}
