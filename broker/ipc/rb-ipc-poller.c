/* rb-ipc-poller.c: many file descriptors behind one source of the main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-poller.h"

#include "rb-log.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

/* Events a turn: a busy socket must not starve the rest of the loop. */
#define BATCH 64

struct _RbPollWatch {
  int         fd;
  guint32     events;
  RbPollFunc  function;   /* NULL: removed, freed after the batch */
  gpointer    user_data;
};

typedef struct {
  RbDeferFunc function;
  gpointer    user_data;
} Deferred;

typedef struct {
  GSource   source;
  RbPoller *poller;
} PollerSource;

struct _RbPoller {
  int        epoll_fd;
  GSource   *source;
  gpointer   tag;         /* of epoll_fd in source */
  GPtrArray *removed;     /* of RbPollWatch: the batch at work may still name them */
  gboolean   in_batch;
  GQueue     deferred;    /* of Deferred */
};

static gboolean
source_prepare (GSource *source,
                int     *timeout)
{
  RbPoller *self = ((PollerSource *) source)->poller;

  *timeout = -1;
  return !g_queue_is_empty (&self->deferred);
}

static gboolean
source_check (GSource *source)
{
  RbPoller *self = ((PollerSource *) source)->poller;

  return g_source_query_unix_fd (source, self->tag) != 0 || !g_queue_is_empty (&self->deferred);
}

static void
run_batch (RbPoller *self,
           int       timeout_ms)
{
  struct epoll_event events[BATCH];
  int n;

  n = epoll_wait (self->epoll_fd, events, BATCH, timeout_ms);
  self->in_batch = TRUE;
  for (int i = 0; i < n; i++)
    {
      RbPollWatch *watch = events[i].data.ptr;

      if (watch->function != NULL)
        watch->function (events[i].events, watch->user_data);
    }
  self->in_batch = FALSE;
  g_ptr_array_set_size (self->removed, 0);
}

static gboolean
source_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    user_data)
{
  RbPoller *self = ((PollerSource *) source)->poller;

  rb_poller_flush (self);
  if (g_source_query_unix_fd (source, self->tag) != 0)
    run_batch (self, 0);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
};

RbPoller *
rb_poller_new (GError **error)
{
  RbPoller *self;
  int fd;

  fd = epoll_create1 (EPOLL_CLOEXEC);
  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Cannot create an epoll: %s", g_strerror (errno));
      return NULL;
    }

  self = g_new0 (RbPoller, 1);
  self->epoll_fd = fd;
  self->removed = g_ptr_array_new_with_free_func (g_free);
  g_queue_init (&self->deferred);
  self->source = g_source_new (&source_funcs, sizeof (PollerSource));
  ((PollerSource *) self->source)->poller = self;
  g_source_set_static_name (self->source, "rb-ipc-poller");
  self->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
rb_poller_free (RbPoller *self)
{
  if (self == NULL)
    return;
  rb_poller_flush (self);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->epoll_fd);
  g_ptr_array_unref (self->removed);
  g_free (self);
}

RbPollWatch *
rb_poller_add (RbPoller  *self,
               int        fd,
               guint32    events,
               RbPollFunc function,
               gpointer   user_data)
{
  RbPollWatch *watch = g_new0 (RbPollWatch, 1);
  struct epoll_event event = { .events = events, .data.ptr = watch };

  *watch = (RbPollWatch) { .fd = fd, .events = events, .function = function, .user_data = user_data };
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return watch;

  rb_log_warning ("ipc_poll_failed", "error", g_strerror (errno), NULL);
  g_free (watch);
  return NULL;
}

void
rb_poller_modify (RbPoller    *self,
                  RbPollWatch *watch,
                  guint32      events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (watch == NULL || watch->events == events)
    return;
  watch->events = events;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
    rb_log_warning ("ipc_poll_failed", "error", g_strerror (errno), NULL);
}

void
rb_poller_remove (RbPoller    *self,
                  RbPollWatch *watch)
{
  if (watch == NULL)
    return;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->function = NULL;
  if (self->in_batch)
    g_ptr_array_add (self->removed, watch);
  else
    g_free (watch);
}

void
rb_poller_defer (RbPoller   *self,
                 RbDeferFunc function,
                 gpointer    user_data)
{
  Deferred *deferred = g_new (Deferred, 1);

  *deferred = (Deferred) { function, user_data };
  g_queue_push_tail (&self->deferred, deferred);
  /* The caller may be on its way into a poll that nothing else would end. */
  if (self->deferred.length == 1)
    g_main_context_wakeup (g_source_get_context (self->source));
}

void
rb_poller_flush (RbPoller *self)
{
  Deferred *deferred;

  while ((deferred = g_queue_pop_head (&self->deferred)) != NULL)
    {
      deferred->function (deferred->user_data);
      g_free (deferred);
    }
}

void
rb_poller_wait (RbPoller *self,
                guint     timeout_ms)
{
  rb_poller_flush (self);
  run_batch (self, timeout_ms);
  rb_poller_flush (self);
}
