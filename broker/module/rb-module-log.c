/* rb-module-log.c: where the log lines of this process go: to the broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module-log.h"

#include "rb-remote-log.h"

#define MAX_WAITING 1000
#define MAX_QUEUED_BYTES (4 * 1024 * 1024)   /* that the broker has not read */

typedef struct {
  RbRemoteFrame  frame;
  GVariant      *kept;
} Line;

/* @mutex guards the rest. */
static struct {
  GMutex        mutex;
  RbRemotePipe *pipe;       /* NULL: closed */
  GThread      *main;
  GQueue        waiting;    /* of Line */
  GSource      *wake;       /* NULL: none is on its way */
  guint64       n_lost;
} sink;

static void
line_free (Line *line)
{
  g_variant_unref (line->kept);
  g_free (line);
}

static Line *
line_new (GLogLevelFlags   level,
          const GLogField *fields,
          gsize            n_fields)
{
  Line *line = g_new0 (Line, 1);

  line->frame.type = RB_REMOTE_LOG;
  line->kept = rb_remote_log_put (&line->frame, level, fields, n_fields);
  return line;
}

static void
say_lost (void)
{
  g_autofree char *text = g_strdup_printf ("module_log_lines_lost n=%" G_GUINT64_FORMAT, sink.n_lost);
  const GLogField fields[] = { { "MESSAGE", text, -1 }, { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 }, { "RB_EVENT", "module_log_lines_lost", -1 } };
  Line *line = line_new (G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields));

  sink.n_lost = 0;
  rb_remote_pipe_send (sink.pipe, &line->frame);
  line_free (line);
}

/* With @mutex, on the main thread. */
static void
send_waiting (void)
{
  Line *line;

  while ((line = g_queue_pop_head (&sink.waiting)) != NULL)
    {
      if (sink.pipe != NULL && rb_remote_pipe_get_queued (sink.pipe) < MAX_QUEUED_BYTES)
        rb_remote_pipe_send (sink.pipe, &line->frame);
      else
        sink.n_lost++;
      line_free (line);
    }
  if (sink.pipe != NULL && sink.n_lost > 0 && rb_remote_pipe_get_queued (sink.pipe) < MAX_QUEUED_BYTES)
    say_lost ();
}

static gboolean
on_wake (gpointer user_data)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  g_clear_pointer (&sink.wake, g_source_unref);
  send_waiting ();
  return G_SOURCE_REMOVE;
}

static void
wake_main (void)
{
  if (sink.wake != NULL)
    return;
  sink.wake = g_idle_source_new ();
  g_source_set_priority (sink.wake, G_PRIORITY_DEFAULT);
  g_source_set_callback (sink.wake, on_wake, NULL, NULL);
  g_source_attach (sink.wake, NULL);
}

static GLogWriterOutput
write_line (GLogLevelFlags   level,
            const GLogField *fields,
            gsize            n_fields,
            gpointer         user_data)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  if (sink.waiting.length < MAX_WAITING)
    g_queue_push_tail (&sink.waiting, line_new (level, fields, n_fields));
  else
    sink.n_lost++;
  if (g_thread_self () == sink.main)
    send_waiting ();
  else
    wake_main ();
  /* GLib ends us after this one. */
  if ((level & G_LOG_LEVEL_ERROR) != 0 && sink.pipe != NULL && g_thread_self () == sink.main)
    rb_remote_pipe_flush (sink.pipe);
  return G_LOG_WRITER_HANDLED;
}

void
rb_module_log_install (RbRemotePipe *pipe)
{
  sink.pipe = pipe;
  sink.main = g_thread_self ();
  g_log_set_writer_func (write_line, NULL, NULL);
}

void
rb_module_log_close (void)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&sink.mutex);

  send_waiting ();
  sink.pipe = NULL;
  if (sink.wake != NULL)
    g_source_destroy (sink.wake);
  g_clear_pointer (&sink.wake, g_source_unref);
}
