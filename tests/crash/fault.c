/* fault.c: stands between a program and the system, and lets calls on its files fail, or the power
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* For LD_PRELOAD. Looks only at files below one directory, not at sockets, pipes or anything else.
 *
 * RB_FAULT_DIR=<directory>
 * RB_FAULT=<kind>:<n>:<count>:<action>   the n-th call of a kind, and the <count> - 1 after it (0: for ever);
 *                                        kind: write, sync, rename, open, remove, touch; with "log-" before it: of the log's files
 *                                        action: ENOSPC, EIO, short (half is written, then ENOSPC), kill, power;
 *                                        lie (a sync says that it is done, and is not)
 * RB_FAULT_SEED=<number>                 for a power loss: what of the unsynced happens to be on the disk; 0: nothing
 * RB_FAULT_TRACE=<file>                  gets a line for each call, and one for each fault
 *
 * The wrappers make the system call themselves: the next library in the order may be a sanitizer's, and not be ready yet. What they
 * did is known to one journal under one lock, so a power loss finds each call done and noted, or neither. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "fault-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__ ((visibility ("default")))
#define MAX_FDS 4096

typedef enum { KIND_WRITE, KIND_SYNC, KIND_RENAME, KIND_OPEN, KIND_REMOVE, KIND_TOUCH, N_KINDS } Kind;
typedef enum { ACTION_NONE, ACTION_FAIL, ACTION_SHORT, ACTION_LIE, ACTION_KILL, ACTION_POWER } Action;

static const char *const kind_names[] = { "write", "sync", "rename", "open", "remove", "touch" };

/* Read once, before main(). */
static struct {
  char          directory[PATH_MAX];   /* empty: not active */
  size_t        length;                /* of @directory */
  Kind          kind;
  bool          of_log;
  unsigned long first, count;
  Action        action;
  int           error;
  unsigned long seed;
  int           trace;
} plan = { .trace = -1 };

/* Guards all below, and the journal. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MAX_FDS];           /* of the descriptors that are ours; owned */
static unsigned long n_calls;          /* of the plan's kind */

static void
take_lock (void)
{
  pthread_mutex_lock (&mutex);
}

static void
drop_lock (void)
{
  pthread_mutex_unlock (&mutex);
}

static Action
parse_action (const char *text,
              int        *error)
{
  static const struct { const char *name; Action action; int error; } actions[] = {
    { "ENOSPC", ACTION_FAIL, ENOSPC }, { "EIO", ACTION_FAIL, EIO }, { "short", ACTION_SHORT, ENOSPC },
    { "lie", ACTION_LIE, 0 },          { "kill", ACTION_KILL, 0 },       { "power", ACTION_POWER, 0 },
  };

  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
    if (strcmp (text, actions[i].name) == 0)
      {
        *error = actions[i].error;
        return actions[i].action;
      }
  fprintf (stderr, "fault.c: unknown action '%s'\n", text);
  _exit (99);
}

static Kind
parse_kind (const char *text)
{
  for (size_t i = 0; i < N_KINDS; i++)
    if (strcmp (text, kind_names[i]) == 0)
      return (Kind) i;
  fprintf (stderr, "fault.c: unknown kind '%s'\n", text);
  _exit (99);
}

static void
parse_fault (const char *text)
{
  char kind[32], action[32];

  if (sscanf (text, "%31[^:]:%lu:%lu:%31s", kind, &plan.first, &plan.count, action) != 4)
    {
      fprintf (stderr, "fault.c: cannot read RB_FAULT='%s'\n", text);
      _exit (99);
    }
  plan.of_log = strncmp (kind, "log-", 4) == 0;
  plan.kind = parse_kind (plan.of_log ? kind + 4 : kind);
  plan.action = parse_action (action, &plan.error);
}

__attribute__ ((constructor))
static void
set_up (void)
{
  const char *directory = getenv ("RB_FAULT_DIR");
  const char *fault = getenv ("RB_FAULT");
  const char *seed = getenv ("RB_FAULT_SEED");
  const char *trace = getenv ("RB_FAULT_TRACE");

  /* What the program starts is left alone. */
  unsetenv ("LD_PRELOAD");
  pthread_atfork (take_lock, drop_lock, drop_lock);
  if (directory == NULL)
    return;
  if (fault != NULL)
    parse_fault (fault);
  if (seed != NULL)
    plan.seed = strtoul (seed, NULL, 10);
  if (trace != NULL)
    plan.trace = (int) syscall (SYS_openat, AT_FDCWD, trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  plan.length = (size_t) snprintf (plan.directory, sizeof plan.directory, "%s", directory);
}

static bool
is_ours (const char *path)
{
  return plan.length > 0 && path != NULL && strncmp (path, plan.directory, plan.length) == 0 &&
         (path[plan.length] == '/' || path[plan.length] == '\0');
}

/* Borrowed; NULL when the descriptor is none of ours. */
static const char *
find_path (int fd)
{
  return fd >= 0 && fd < MAX_FDS ? paths[fd] : NULL;
}

static void
set_path (int         fd,
          const char *path)
{
  if (fd < 0 || fd >= MAX_FDS)
    return;
  free (paths[fd]);
  paths[fd] = path != NULL ? strdup (path) : NULL;
}

static void
write_trace (const char *word,
             const char *kind,
             const char *path)
{
  char line[PATH_MAX + 64];
  int length = snprintf (line, sizeof line, "%s%s %s\n", word, kind, path + plan.length);

  if (plan.trace >= 0 && syscall (SYS_write, plan.trace, line, (size_t) length) < 0)
    abort ();
}

static void
die (void)
{
  kill (getpid (), SIGKILL);
  pause ();
}

static void
lose_power (void)
{
  fault_journal_take_back (plan.seed);
  die ();
}

/* For crash points, which look it up: as if the power went away here. */
void rb_fault_lose_power (void);

EXPORT void
rb_fault_lose_power (void)
{
  pthread_mutex_lock (&mutex);
  lose_power ();
}

/* The mutex is held. What this call on @path is to do instead of its work; does not return when the process ends here. */
static Action
meet (Kind        kind,
      const char *path)
{
  bool of_log = strstr (path + plan.length, "/log/") != NULL;
  char name[32];

  snprintf (name, sizeof name, "%s%s", of_log ? "log-" : "", kind_names[kind]);
  write_trace ("", name, path);
  if (plan.action == ACTION_NONE || kind != plan.kind || of_log != plan.of_log)
    return ACTION_NONE;
  n_calls++;
  if (n_calls < plan.first || (plan.count > 0 && n_calls >= plan.first + plan.count))
    return ACTION_NONE;

  write_trace ("fault ", name, path);
  if (plan.action == ACTION_KILL)
    die ();
  if (plan.action == ACTION_POWER)
    lose_power ();
  return plan.action;
}

static long
fail (void)
{
  pthread_mutex_unlock (&mutex);
  errno = plan.error;
  return -1;
}

/* Leaves with what a system call answered. */
static long
leave (long result)
{
  int saved_errno = errno;

  pthread_mutex_unlock (&mutex);
  errno = saved_errno;
  return result;
}

/* --- names --- */

static int
open_file (int         directory_fd,
           const char *path,
           int         flags,
           mode_t      mode)
{
  struct stat st;
  bool is_new;
  int fd;

  if (!is_ours (path))
    {
      fd = (int) syscall (SYS_openat, directory_fd, path, flags, mode);
      pthread_mutex_lock (&mutex);
      set_path (fd, NULL);
      return (int) leave (fd);
    }

  pthread_mutex_lock (&mutex);
  if (meet (KIND_OPEN, path) != ACTION_NONE)
    return (int) fail ();
  is_new = (flags & O_CREAT) != 0 && stat (path, &st) != 0;
  fd = (int) syscall (SYS_openat, directory_fd, path, flags, mode);
  set_path (fd, path);
  if (fd >= 0 && is_new)
    fault_journal_created (path);
  return (int) leave (fd);
}

#define OPEN_WITH_MODE(directory_fd)                                                                                          \
  va_list list;                                                                                                               \
  mode_t mode = 0;                                                                                                            \
  va_start (list, flags);                                                                                                     \
  if ((flags & (O_CREAT | __O_TMPFILE)) != 0)                                                                                 \
    mode = va_arg (list, mode_t);                                                                                             \
  va_end (list);                                                                                                              \
  return open_file (directory_fd, path, flags, mode)

EXPORT int open (const char *path, int flags, ...) { OPEN_WITH_MODE (AT_FDCWD); }
EXPORT int open64 (const char *path, int flags, ...) { OPEN_WITH_MODE (AT_FDCWD); }
EXPORT int openat (int directory_fd, const char *path, int flags, ...) { OPEN_WITH_MODE (directory_fd); }
EXPORT int openat64 (int directory_fd, const char *path, int flags, ...) { OPEN_WITH_MODE (directory_fd); }

/* What open() becomes with _FORTIFY_SOURCE. */
int __open_2 (const char *path, int flags);
int __open64_2 (const char *path, int flags);
EXPORT int __open_2 (const char *path, int flags) { return open_file (AT_FDCWD, path, flags, 0); }
EXPORT int __open64_2 (const char *path, int flags) { return open_file (AT_FDCWD, path, flags, 0); }

EXPORT int
close (int fd)
{
  pthread_mutex_lock (&mutex);
  set_path (fd, NULL);
  return (int) leave (syscall (SYS_close, fd));
}

EXPORT int
rename (const char *from,
        const char *to)
{
  long result;

  if (!is_ours (to))
    return (int) syscall (SYS_rename, from, to);

  pthread_mutex_lock (&mutex);
  if (meet (KIND_RENAME, to) != ACTION_NONE)
    return (int) fail ();
  fault_journal_before_rename (from, to);
  result = syscall (SYS_rename, from, to);
  fault_journal_renamed (result == 0);
  return (int) leave (result);
}

EXPORT int
link (const char *from,
      const char *to)
{
  long result;

  if (!is_ours (to))
    return (int) syscall (SYS_link, from, to);

  pthread_mutex_lock (&mutex);
  if (meet (KIND_RENAME, to) != ACTION_NONE)
    return (int) fail ();
  result = syscall (SYS_link, from, to);
  if (result == 0)
    fault_journal_linked (from, to);
  return (int) leave (result);
}

/* A name that is removed stays removed at a power loss: SQLite and we remove nothing before the rest is synced. */
EXPORT int
unlink (const char *path)
{
  if (!is_ours (path))
    return (int) syscall (SYS_unlink, path);

  pthread_mutex_lock (&mutex);
  if (meet (KIND_REMOVE, path) != ACTION_NONE)
    return (int) fail ();
  fault_journal_removed (path);
  return (int) leave (syscall (SYS_unlink, path));
}

EXPORT int
utimensat (int                   directory_fd,
           const char           *path,
           const struct timespec times[2],
           int                   flags)
{
  if (!is_ours (path))
    return (int) syscall (SYS_utimensat, directory_fd, path, times, flags);

  pthread_mutex_lock (&mutex);
  if (meet (KIND_TOUCH, path) != ACTION_NONE)
    return (int) fail ();
  return (int) leave (syscall (SYS_utimensat, directory_fd, path, times, flags));
}

/* --- contents --- */

/* @offset: -1 is where the descriptor stands */
static ssize_t
write_file (int         fd,
            const void *data,
            size_t      size,
            off_t       offset)
{
  const char *path;
  Action action;
  long result;

  pthread_mutex_lock (&mutex);
  path = find_path (fd);
  action = path != NULL ? meet (KIND_WRITE, path) : ACTION_NONE;
  if (action == ACTION_FAIL || (action == ACTION_SHORT && size < 2))
    return fail ();
  if (action == ACTION_SHORT)
    size /= 2;

  if (path != NULL)
    fault_journal_before_write (fd, path, data, size, offset);
  result = offset < 0 ? syscall (SYS_write, fd, data, size) : syscall (SYS_pwrite64, fd, data, size, offset);
  if (path != NULL)
    fault_journal_written (result);
  return leave (result);
}

EXPORT ssize_t
write (int         fd,
       const void *data,
       size_t      size)
{
  /* Most are sockets and pipes, and may block. */
  if (find_path (fd) == NULL)
    return syscall (SYS_write, fd, data, size);
  return write_file (fd, data, size, -1);
}

EXPORT ssize_t pwrite (int fd, const void *data, size_t size, off_t offset) { return write_file (fd, data, size, offset); }
EXPORT ssize_t pwrite64 (int fd, const void *data, size_t size, off64_t offset) { return write_file (fd, data, size, offset); }

/* A writev() to a file of ours would pass unseen: there is none. */
EXPORT ssize_t
writev (int                 fd,
        const struct iovec *vectors,
        int                 n)
{
  if (find_path (fd) != NULL)
    abort ();
  return syscall (SYS_writev, fd, vectors, n);
}

static int
truncate_file (int   fd,
               off_t size)
{
  const char *path;
  long result;

  pthread_mutex_lock (&mutex);
  path = find_path (fd);
  if (path != NULL && meet (KIND_WRITE, path) != ACTION_NONE)
    return (int) fail ();
  if (path != NULL)
    fault_journal_before_truncate (fd, path, size);
  result = syscall (SYS_ftruncate, fd, size);
  if (path != NULL)
    fault_journal_written (result == 0 ? 1 : -1);
  return (int) leave (result);
}

EXPORT int ftruncate (int fd, off_t size) { return truncate_file (fd, size); }
EXPORT int ftruncate64 (int fd, off64_t size) { return truncate_file (fd, size); }

/* Our own files need no sync in truth: what the kernel has outlives the process. */
static int
sync_file (int  fd,
           long number)
{
  const char *path;
  Action action;

  pthread_mutex_lock (&mutex);
  path = find_path (fd);
  if (path == NULL)
    return (int) leave (syscall (number, fd));
  action = meet (KIND_SYNC, path);
  if (action == ACTION_FAIL)
    return (int) fail ();
  if (action != ACTION_LIE)
    fault_journal_synced (fd, path);
  return (int) leave (0);
}

EXPORT int fsync (int fd) { return sync_file (fd, SYS_fsync); }
EXPORT int fdatasync (int fd) { return sync_file (fd, SYS_fdatasync); }
