/* rb-kernel-processes.c: which processes live, from the kernel
 *
 * A thousand watched processes are a thousand descriptors in one epoll set, and the set is one source of the main loop: a source for
 * each would make every turn of the loop dearer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-kernel-processes.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS_A_TURN 64
#define LOOK_MS 5000
#define STAT_BYTES 1024
#define FIELDS_TO_START_TIME 19   /* from the state, field 3, to field 22 of proc(5) */

typedef struct {
  gint64   pid;
  guint    count;         /* watches minus unwatches */
  int      fd;            /* -1: gone, or looked at */
  gboolean looked_at;
  gint64   start_time;    /* of the one that is looked at */
} Watch;

struct _RbKernelProcesses {
  GObject parent_instance;

  RbClock    *clock;
  GHashTable *watches;    /* gint64 pid (the watch's own) to Watch */
  int         epoll_fd;
  guint       epoll_id;
  guint64     look_timer; /* 0: nobody is looked at */
};

static void processes_iface_init (RbProcessesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbKernelProcesses, rb_kernel_processes, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_PROCESSES, processes_iface_init))

static void
watch_free (Watch *watch)
{
  if (watch->fd >= 0)
    close (watch->fd);
  g_free (watch);
}

gboolean
rb_kernel_processes_parse_stat (const char *text,
                                gint64     *start_time)
{
  /* The name stands in parentheses and may hold anything, parentheses too. */
  const char *rest = strrchr (text, ')');
  g_auto(GStrv) fields = NULL;

  if (rest == NULL || rest[1] != ' ')
    return FALSE;
  fields = g_strsplit (rest + 2, " ", FIELDS_TO_START_TIME + 2);
  if (g_strv_length (fields) <= FIELDS_TO_START_TIME || strchr ("ZXx", fields[0][0]) != NULL)
    return FALSE;
  return g_ascii_string_to_signed (fields[FIELDS_TO_START_TIME], 10, 0, G_MAXINT64, start_time, NULL);
}

static gboolean
identify (gint64  pid,
          gint64 *start_time)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid);
  char text[STAT_BYTES] = "";
  int fd;
  gssize n;

  *start_time = 0;
  if (pid <= 0 || pid > G_MAXINT)
    return FALSE;

  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    /* Hidden processes (hidepid) live too: "not permitted" says so. */
    return kill ((pid_t) pid, 0) == 0 || errno == EPERM;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  return n > 0 && rb_kernel_processes_parse_stat (text, start_time);
}

static gboolean
rb_kernel_processes_identify (RbProcesses *processes,
                              gint64       pid,
                              gint64      *start_time)
{
  gint64 ignored;

  return identify (pid, start_time != NULL ? start_time : &ignored);
}

/* Handlers may watch, unwatch and drop us: the watch is out of reach before the signal. */
static void
tell_exited (RbKernelProcesses *self,
             gint64             pid)
{
  Watch *watch = g_hash_table_lookup (self->watches, &pid);

  if (watch == NULL || (watch->fd < 0 && !watch->looked_at))
    return;
  if (watch->fd >= 0)
    close (watch->fd);
  watch->fd = -1;
  watch->looked_at = FALSE;
  rb_processes_emit_exited (RB_PROCESSES (self), pid);
}

static gboolean
on_exits (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  g_autoptr(RbKernelProcesses) self = g_object_ref (user_data);
  struct epoll_event events[EVENTS_A_TURN];
  int n = epoll_wait (self->epoll_fd, events, EVENTS_A_TURN, 0);

  for (int i = 0; i < n; i++)
    tell_exited (self, (gint64) events[i].data.u64);
  return G_SOURCE_CONTINUE;
}

static gboolean
is_gone (const Watch *watch)
{
  gint64 start_time;

  return !identify (watch->pid, &start_time) || start_time != watch->start_time;
}

static void look (gpointer user_data);

static void
look_later (RbKernelProcesses *self,
            gint64             delay_ms)
{
  if (self->look_timer == 0)
    self->look_timer = rb_clock_add (self->clock, delay_ms, look, self);
}

static void
look (gpointer user_data)
{
  g_autoptr(RbKernelProcesses) self = g_object_ref (user_data);
  g_autoptr(GArray) gone = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean more = FALSE;
  GHashTableIter iter;
  gpointer value;

  self->look_timer = 0;
  g_hash_table_iter_init (&iter, self->watches);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Watch *watch = value;

      if (watch->looked_at && is_gone (watch))
        g_array_append_val (gone, watch->pid);
      else if (watch->looked_at)
        more = TRUE;
    }

  if (more)
    look_later (self, LOOK_MS);
  for (guint i = 0; i < gone->len; i++)
    tell_exited (self, g_array_index (gone, gint64, i));
}

static gboolean
open_pidfd (RbKernelProcesses *self,
            Watch             *watch)
{
  struct epoll_event event = { .events = EPOLLIN, .data.u64 = (guint64) watch->pid };
  int fd = (int) syscall (SYS_pidfd_open, (pid_t) watch->pid, 0);

  if (fd < 0)
    return FALSE;
  if (self->epoll_fd < 0 || epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
    {
      close (fd);
      return FALSE;
    }
  watch->fd = fd;
  return TRUE;
}

static void
rb_kernel_processes_watch (RbProcesses *processes,
                           gint64       pid)
{
  RbKernelProcesses *self = RB_KERNEL_PROCESSES (processes);
  Watch *watch = g_hash_table_lookup (self->watches, &pid);

  if (watch == NULL)
    {
      watch = g_new0 (Watch, 1);
      watch->pid = pid;
      watch->fd = -1;
      g_hash_table_insert (self->watches, &watch->pid, watch);
    }

  watch->count++;
  /* Gone, and the pid is used again: the old watches and the new one share the entry. */
  if (watch->fd >= 0 || watch->looked_at || open_pidfd (self, watch))
    return;
  watch->looked_at = TRUE;
  look_later (self, identify (pid, &watch->start_time) ? LOOK_MS : 0);
}

static void
rb_kernel_processes_unwatch (RbProcesses *processes,
                             gint64       pid)
{
  RbKernelProcesses *self = RB_KERNEL_PROCESSES (processes);
  Watch *watch = g_hash_table_lookup (self->watches, &pid);

  if (watch != NULL && --watch->count == 0)
    g_hash_table_remove (self->watches, &pid);
}

static void
processes_iface_init (RbProcessesInterface *iface)
{
  iface->identify = rb_kernel_processes_identify;
  iface->watch = rb_kernel_processes_watch;
  iface->unwatch = rb_kernel_processes_unwatch;
}

static void
rb_kernel_processes_dispose (GObject *object)
{
  RbKernelProcesses *self = RB_KERNEL_PROCESSES (object);

  g_clear_handle_id (&self->epoll_id, g_source_remove);
  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->look_timer);
  g_clear_object (&self->clock);
  g_hash_table_remove_all (self->watches);
  G_OBJECT_CLASS (rb_kernel_processes_parent_class)->dispose (object);
}

static void
rb_kernel_processes_finalize (GObject *object)
{
  RbKernelProcesses *self = RB_KERNEL_PROCESSES (object);

  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_hash_table_unref (self->watches);
  G_OBJECT_CLASS (rb_kernel_processes_parent_class)->finalize (object);
}

static void
rb_kernel_processes_class_init (RbKernelProcessesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_kernel_processes_dispose;
  object_class->finalize = rb_kernel_processes_finalize;
}

static void
rb_kernel_processes_init (RbKernelProcesses *self)
{
  self->watches = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) watch_free);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd >= 0)
    self->epoll_id = g_unix_fd_add (self->epoll_fd, G_IO_IN, on_exits, self);
}

RbProcesses *
rb_kernel_processes_new (RbClock *clock)
{
  RbKernelProcesses *self = g_object_new (RB_TYPE_KERNEL_PROCESSES, NULL);

  self->clock = g_object_ref (clock);
  return RB_PROCESSES (self);
}
