/* rb-check-run.c: one case, running in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-run.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  gpointer       data;
  GDestroyNotify free_func;
} Kept;

struct _RbCheckRun {
  const RbCheckOptions *options;
  const RbModuleInfo   *info;
  const char           *directory;
  int                   result_fd;
  RbClock              *clock;
  GArray               *kept;       /* of Kept; freed from the end */
};

RbCheckRun *
rb_check_run_new (const RbCheckOptions *options,
                  const RbModuleInfo   *info,
                  const char           *directory,
                  int                   result_fd)
{
  RbCheckRun *self = g_new0 (RbCheckRun, 1);

  self->options = options;
  self->info = info;
  self->directory = directory;
  self->result_fd = result_fd;
  self->clock = rb_clock_new_system ();
  self->kept = g_array_new (FALSE, FALSE, sizeof (Kept));
  return self;
}

void
rb_check_run_free (RbCheckRun *self)
{
  for (guint i = self->kept->len; i > 0; i--)
    {
      Kept *kept = &g_array_index (self->kept, Kept, i - 1);

      kept->free_func (kept->data);
    }
  g_array_unref (self->kept);
  g_object_unref (self->clock);
  g_free (self);
}

const RbCheckOptions *
rb_check_run_get_options (RbCheckRun *self)
{
  return self->options;
}

const RbModuleInfo *
rb_check_run_get_info (RbCheckRun *self)
{
  return self->info;
}

const char *
rb_check_run_get_directory (RbCheckRun *self)
{
  return self->directory;
}

RbClock *
rb_check_run_get_clock (RbCheckRun *self)
{
  return self->clock;
}

void
rb_check_run_keep (RbCheckRun     *self,
                   gpointer        data,
                   GDestroyNotify  free_func)
{
  Kept kept = { data, free_func };

  g_array_append_val (self->kept, kept);
}

static void
say (RbCheckRun *self,
     char        result,
     const char *text)
{
  g_autofree char *line = g_strdup_printf ("%c%s", result, text);
  gsize length = strlen (line);
  gsize done = 0;

  while (done < length)
    {
      gssize n = write (self->result_fd, line + done, length - done);

      if (n <= 0)
        break;
      done += n;
    }
  close (self->result_fd);
}

G_GNUC_PRINTF (3, 0) G_GNUC_NORETURN
static void
end (RbCheckRun *self,
     char        result,
     const char *format,
     va_list     arguments)
{
  g_autofree char *text = g_strdup_vprintf (format, arguments);

  say (self, result, text);
  _exit (result == 'S' ? 0 : 1);
}

void
rb_check_fail (RbCheckRun *self,
               const char *format,
               ...)
{
  va_list arguments;

  va_start (arguments, format);
  end (self, 'F', format, arguments);
}

void
rb_check_skip (RbCheckRun *self,
               const char *format,
               ...)
{
  va_list arguments;

  va_start (arguments, format);
  end (self, 'S', format, arguments);
}

void
rb_check_pass (RbCheckRun *self)
{
  say (self, 'P', "");
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* What other threads did is seen after 10 ms at the latest. */
void
rb_check_turn_once (RbCheckRun *self)
{
  GSource *tick = g_timeout_source_new (10);

  g_source_set_callback (tick, on_tick, NULL, NULL);
  g_source_attach (tick, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_source_destroy (tick);
  g_source_unref (tick);
}

void
rb_check_turn (RbCheckRun *self,
               gint64      ms)
{
  gint64 end = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  do
    rb_check_turn_once (self);
  while (g_get_monotonic_time () < end);
}

gint64
rb_check_patience_us (RbCheckRun *self)
{
  return self->options->patience_ms * G_TIME_SPAN_MILLISECOND;
}

static guint
count_files (const char *path)
{
  g_autoptr(GDir) directory = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (directory != NULL && g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

guint
rb_check_count_fds (void)
{
  return count_files ("/proc/self/fd");
}

guint
rb_check_count_threads (void)
{
  return count_files ("/proc/self/task");
}
