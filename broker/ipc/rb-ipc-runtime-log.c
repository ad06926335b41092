/* rb-ipc-runtime-log.c: the last that a runtime which was started here has written
 *
 * A file is read by a worker, since disks may be slow; the journal is asked of journalctl, whose answer is awaited for so long and read so far.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-ipc-private.h"
#include "rb-ipc-request.h"
#include "rb-spawn-operator.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BYTES (32 * 1024)
#define JOURNAL_BYTES (256 * 1024)
#define JOURNAL_LINES "200"
#define JOURNAL_MS 5000

static void
answer_text (RbIpcRequest *request,
             const char   *bytes,
             gsize         length,
             gboolean      is_all)
{
  gsize from = length > TAIL_BYTES ? length - TAIL_BYTES : 0;
  g_autofree char *text = g_utf8_make_valid (bytes + from, (gssize) (length - from));
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "text", "s", text);
  g_variant_dict_insert (&answer, "is_all", "b", is_all && from == 0);
  rb_ipc_answer_view (request, g_variant_dict_end (&answer));
}

/* What a program writes may be anything: U+0000 would end the text. */
static void
answer_bytes (RbIpcRequest *request,
              char         *bytes,
              gsize         length,
              gboolean      is_all)
{
  for (gsize i = 0; i < length; i++)
    if (bytes[i] == '\0')
      bytes[i] = '?';
  answer_text (request, bytes, length, is_all);
}

typedef struct {
  char  *bytes;
  gsize  length;
  gsize  size;     /* of the file */
} Tail;

static void
tail_free (gpointer data)
{
  Tail *tail = data;

  g_free (tail->bytes);
  g_free (tail);
}

static gboolean
read_tail (int   fd,
           Tail *tail)
{
  struct stat info;
  gssize n;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    return FALSE;
  tail->size = (gsize) info.st_size;
  tail->bytes = g_malloc (TAIL_BYTES);
  n = pread (fd, tail->bytes, TAIL_BYTES, tail->size > TAIL_BYTES ? (off_t) (tail->size - TAIL_BYTES) : 0);
  tail->length = n > 0 ? (gsize) n : 0;
  return n >= 0;
}

static void
read_file (GTask        *task,
           gpointer      source,
           gpointer      task_data,
           GCancellable *cancellable)
{
  int fd = open (task_data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  Tail *tail = g_new0 (Tail, 1);
  gboolean is_read = fd >= 0 && read_tail (fd, tail);

  if (fd >= 0)
    close (fd);
  if (is_read)
    {
      g_task_return_pointer (task, tail, tail_free);
      return;
    }
  tail_free (tail);
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "log_gone", "what it wrote cannot be read any more"));
}

static void
on_file_read (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  Tail *tail = g_task_propagate_pointer (G_TASK (result), &error);

  if (tail == NULL)
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  answer_bytes (request, tail->bytes, tail->length, tail->size <= tail->length);
  tail_free (tail);
}

static void
answer_file (RbIpcRequest *request,
             const char   *path)
{
  GTask *task = g_task_new (rb_ipc_request_get_core (request), NULL, on_file_read, rb_ipc_request_ref (request));

  g_task_set_source_tag (task, answer_file);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, read_file);
  g_object_unref (task);
}

typedef struct {
  RbIpcRequest *request;
  RbClock      *clock;
  GSubprocess  *program;
  guint64       timer;
  char          bytes[JOURNAL_BYTES];
} Journal;

static void
on_journal_late (gpointer user_data)
{
  Journal *self = user_data;

  self->timer = 0;
  g_subprocess_force_exit (self->program);
}

static void
on_journal_read (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Journal *self = user_data;
  g_autoptr(GError) error = NULL;
  gboolean is_late = self->timer == 0;
  gsize length = 0;

  rb_clock_clear (self->clock, &self->timer);
  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, &error);
  if (error != NULL || (is_late && length == 0))
    rb_ipc_request_fail_with (self->request, RB_ERROR_UNAVAILABLE, "journal_unavailable", TRUE, "the journal cannot be read now");
  else
    answer_bytes (self->request, self->bytes, length, FALSE);
  g_subprocess_force_exit (self->program);
  g_object_unref (self->program);
  g_object_unref (self->clock);
  rb_ipc_request_unref (self->request);
  g_free (self);
}

static void
answer_journal (RbIpcRequest *request,
                const char   *unit)
{
  g_autoptr(GError) error = NULL;
  GSubprocess *program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, "journalctl", "--user",
                                           "--quiet", "--no-pager", "--output=cat", "-n", JOURNAL_LINES, "-u", unit, NULL);
  Journal *self;

  if (program == NULL)
    {
      rb_ipc_request_fail_with (request, RB_ERROR_UNAVAILABLE, "journal_unavailable", FALSE, "journalctl cannot be run");
      return;
    }
  self = g_new (Journal, 1);
  self->request = rb_ipc_request_ref (request);
  self->clock = g_object_ref (rb_ipc_request_get_server (request)->clock);
  self->program = program;
  self->timer = rb_clock_add (self->clock, JOURNAL_MS, on_journal_late, self);
  g_input_stream_read_all_async (g_subprocess_get_stdout_pipe (program), self->bytes, sizeof self->bytes, G_PRIORITY_DEFAULT, NULL,
                                 on_journal_read, self);
}

/* a{sv} of that runtime; NULL: there is none of that id. */
static GVariant *
look_up (RbCore     *core,
         const char *id)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_runtimes (core, TRUE));
  GVariantIter iter;
  GVariant *row;

  g_variant_iter_init (&iter, rows);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *found = NULL;

      if (g_variant_lookup (row, "id", "&s", &found) && g_str_equal (found, id))
        return row;
      g_variant_unref (row);
    }
  return NULL;
}

/* GET /v1/operator/runtimes/ID/log */
void
rb_ipc_handle_operator_runtime_log (RbIpcRequest *request)
{
  g_autoptr(GVariant) runtime = look_up (rb_ipc_request_get_core (request), rb_ipc_request_get_parameter (request));
  const char *unit = NULL;
  const char *file = NULL;

  if (runtime == NULL)
    rb_ipc_request_refuse (request, 404, "not_found", NULL);
  else if (g_variant_lookup (runtime, "unit", "&s", &unit))
    answer_journal (request, unit);
  else if (g_variant_lookup (runtime, "log_file", "&s", &file))
    answer_file (request, file);
  else
    rb_ipc_request_fail_with (request, RB_ERROR_NOT_FOUND, "log_not_kept", FALSE, "what it writes is not kept");
}
