/* rb-local-bell.c: a file that says who is listening and wakes them up
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* `<handle>.bell` lies beside the database and holds nothing. A visitor touches it after a commit; the listener watches it with
 * inotify, so that nobody polls. The listener locks the byte whose offset is its generation: the kernel drops the lock with the
 * process, and whoever read the generation in the database can ask, without taking a lock, whether that broker is still there.
 * The locks belong to the open file (F_OFD_*): they work between two accounts in one process as they do between processes. */
#include "config.h"

#include "rb-local-bell.h"

#include "rb-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

struct _RbLocalBell {
  int file;     /* owned; carries the lock */
  int watch;    /* owned; inotify */
};

static char *
build_path (const char *directory,
            const char *handle)
{
  g_autofree char *name = g_strconcat (handle, ".bell", NULL);

  return g_build_filename (directory, name, NULL);
}

static struct flock
generation_lock (gint64 generation)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = generation, .l_len = 1 };

  return lock;
}

static gboolean
fail (const char  *what,
      const char  *path,
      GError     **error)
{
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "doorbell_unavailable", "Cannot %s '%s': %s", what, path, g_strerror (errno));
  return FALSE;
}

static gboolean
set_up (RbLocalBell  *self,
        const char   *path,
        gint64        generation,
        GError      **error)
{
  struct flock lock = generation_lock (generation);

  self->file = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->file < 0)
    return fail ("open the doorbell", path, error);
  if (fcntl (self->file, F_OFD_SETLK, &lock) != 0)
    return fail ("lock the doorbell", path, error);

  self->watch = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->watch < 0)
    return fail ("watch (see fs.inotify.max_user_instances)", path, error);
  if (inotify_add_watch (self->watch, path, IN_ATTRIB | IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF) < 0)
    return fail ("watch (see fs.inotify.max_user_watches)", path, error);
  return TRUE;
}

/**
 * rb_local_bell_open:
 * @directory: of the database
 * @handle: a valid handle
 * @generation: above 0; which of the brokers that ever had the handle we are
 * @error: return location for a #GError
 *
 * From now on we are live for others and wake up when somebody rings.
 *
 * Fails with %RB_ERROR_UNAVAILABLE "doorbell_unavailable".
 *
 * Returns: (transfer full) (nullable): the bell
 */
RbLocalBell *
rb_local_bell_open (const char  *directory,
                    const char  *handle,
                    gint64       generation,
                    GError     **error)
{
  g_autoptr(RbLocalBell) self = g_new0 (RbLocalBell, 1);
  g_autofree char *path = build_path (directory, handle);

  self->file = -1;
  self->watch = -1;
  return set_up (self, path, generation, error) ? g_steal_pointer (&self) : NULL;
}

void
rb_local_bell_close (RbLocalBell *self)
{
  g_return_if_fail (self != NULL);

  if (self->watch >= 0)
    close (self->watch);
  if (self->file >= 0)
    close (self->file);
  g_free (self);
}

int
rb_local_bell_get_fd (RbLocalBell *self)
{
  g_return_val_if_fail (self != NULL, -1);
  return self->watch;
}

/**
 * rb_local_bell_drain:
 * @self: a bell whose descriptor is readable
 *
 * Takes all that rang. What exactly happened does not matter: the mailbox is read anyway.
 *
 * Returns: %FALSE when somebody took the file away, so that nobody can ring it any more
 */
gboolean
rb_local_bell_drain (RbLocalBell *self)
{
  char events[4096] __attribute__ ((aligned (__alignof__ (struct inotify_event))));
  gboolean in_place = TRUE;
  struct stat st;
  ssize_t size;

  g_return_val_if_fail (self != NULL, FALSE);

  while ((size = read (self->watch, events, sizeof events)) > 0 || (size < 0 && errno == EINTR))
    {
      for (ssize_t at = 0; at < size;)
        {
          const struct inotify_event *event = (const void *) (events + at);

          in_place = in_place && (event->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED)) == 0;
          at += (ssize_t) (sizeof *event + event->len);
        }
    }

  /* We hold it open, so its removal shows as a lost name, not as a deletion. */
  return in_place && fstat (self->file, &st) == 0 && st.st_nlink > 0;
}

/**
 * rb_local_bell_ring:
 * @directory: of the database
 * @handle: a valid handle
 *
 * Wakes up whoever listens there. Nobody there is fine: they read their mailbox when they start.
 *
 * Returns: %FALSE when it did not ring, for want of space or for an I/O error: to be tried again
 */
gboolean
rb_local_bell_ring (const char *directory,
                    const char *handle)
{
  g_autofree char *path = build_path (directory, handle);

  if (utimensat (AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
    return TRUE;

  g_debug ("Cannot ring '%s': %s", path, g_strerror (errno));
  return FALSE;
}

/**
 * rb_local_bell_is_live:
 * @directory: of the database
 * @handle: a valid handle
 * @generation: the latest broker that claimed @handle
 *
 * Returns: whether that broker is running now
 */
gboolean
rb_local_bell_is_live (const char *directory,
                       const char *handle,
                       gint64      generation)
{
  g_autofree char *path = build_path (directory, handle);
  struct flock lock = generation_lock (generation);
  int file = g_open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
  gboolean answered;

  if (file < 0)
    return FALSE;

  answered = fcntl (file, F_OFD_GETLK, &lock) == 0;
  close (file);
  return answered && lock.l_type != F_UNLCK;
}
