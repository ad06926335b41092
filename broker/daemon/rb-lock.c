/* rb-lock.c: an advisory lock that lives as long as the process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-lock.h"

#include "rb-crash-point.h"
#include "rb-error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct _RbLock {
  int fd;
};

static void
set_errno (GError     **error,
           const char  *what,
           const char  *path)
{
  int saved_errno = errno;

  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved_errno),
               "Cannot %s '%s': %s", what, path, g_strerror (saved_errno));
}

static int
read_pid (int fd)
{
  char text[16] = "";
  gssize n = pread (fd, text, sizeof text - 1, 0);

  return n > 0 ? (int) g_ascii_strtoll (text, NULL, 10) : 0;
}

/* For people alone; the lock is what counts. */
static void
write_pid (int fd)
{
  g_autofree char *text = g_strdup_printf ("%d\n", (int) getpid ());

  if (ftruncate (fd, 0) != 0 || pwrite (fd, text, strlen (text), 0) < 0)
    g_debug ("Cannot write the lock's owner: %s", g_strerror (errno));
}

RbLock *
rb_lock_take (const char  *path,
              GError     **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  RbLock *self;

  if (fd < 0)
    {
      set_errno (error, "open", path);
      return NULL;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (errno == EWOULDBLOCK)
        rb_set_error (error, RB_ERROR_BAD_STATE, "already_running",
                      "another runtime broker (pid %d) holds '%s'", read_pid (fd), path);
      else
        set_errno (error, "lock", path);
      close (fd);
      return NULL;
    }

  write_pid (fd);
  RB_CRASH_POINT (DAEMON_LOCKED);
  self = g_new0 (RbLock, 1);
  self->fd = fd;
  return self;
}

static gboolean
is_file (int         fd,
         const char *path)
{
  struct stat held, found;

  return fstat (fd, &held) == 0 && lstat (path, &found) == 0 && held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

RbLock *
rb_lock_adopt (const char  *path,
               int          fd,
               GError     **error)
{
  RbLock *self;

  /* Its settings may have another place for it now. */
  if (!is_file (fd, path) || flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      close (fd);
      return rb_lock_take (path, error);
    }
  self = g_new0 (RbLock, 1);
  self->fd = fd;
  return self;
}

int
rb_lock_hand_over (RbLock *self)
{
  return fcntl (self->fd, F_DUPFD_CLOEXEC, 3);
}

void
rb_lock_release (RbLock *self)
{
  close (self->fd);
  g_free (self);
}
