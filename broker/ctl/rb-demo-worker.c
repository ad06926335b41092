/* rb-demo-worker.c: the other runtime of the demo: brokerctl attach in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-demo-worker.h"

#include "rb-error.h"
#include "rb-json.h"

#include <signal.h>
#include <string.h>

struct _RbDemoWorker {
  GSubprocess      *process;
  GDataInputStream *events;       /* its JSON lines */
  GCancellable     *reading;
  char             *endpoint_id;  /* (nullable) */
  guint             n_messages;
  gboolean          ended;
  gboolean          freed;        /* only the last callback still holds it */
  guint             pending;      /* callbacks under way */
};

static void read_event (RbDemoWorker *self);

static void
maybe_free (RbDemoWorker *self)
{
  if (!self->freed || self->pending > 0)
    return;
  g_clear_object (&self->process);
  g_clear_object (&self->events);
  g_clear_object (&self->reading);
  g_free (self->endpoint_id);
  g_free (self);
}

static void
take_event (RbDemoWorker *self,
            const char   *line)
{
  g_autoptr(GBytes) text = g_bytes_new (line, strlen (line));
  g_autoptr(RbJson) json = rb_json_parse_object (text, 0, NULL);
  g_autofree char *event = json != NULL ? rb_json_peek_string (json, "event") : NULL;

  if (g_strcmp0 (event, "attached") == 0)
    {
      g_free (self->endpoint_id);
      self->endpoint_id = rb_json_peek_string (json, "endpoint_id");
    }
  else if (g_strcmp0 (event, "message") == 0)
    {
      self->n_messages++;
    }
}

static void
on_event (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbDemoWorker *self = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish_utf8 (G_DATA_INPUT_STREAM (source), result, NULL, NULL);

  self->pending--;
  if (line != NULL && !self->freed)
    {
      take_event (self, line);
      read_event (self);
    }
  maybe_free (self);
}

static void
read_event (RbDemoWorker *self)
{
  self->pending++;
  g_data_input_stream_read_line_async (self->events, G_PRIORITY_DEFAULT, self->reading, on_event, self);
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbDemoWorker *self = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->ended = TRUE;
  self->pending--;
  maybe_free (self);
}

static void
add_option (GPtrArray  *argv,
            const char *name,
            const char *value)
{
  if (value == NULL)
    return;
  g_ptr_array_add (argv, (char *) name);
  g_ptr_array_add (argv, (char *) value);
}

static GSubprocess *
start (RbCtl       *ctl,
       const char  *name,
       GError     **error)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);

  if (program == NULL)
    return NULL;
  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, (char *) "attach");
  g_ptr_array_add (argv, (char *) "--json");
  g_ptr_array_add (argv, (char *) "--no-start");
  add_option (argv, "--account", ctl->options->account_id);
  add_option (argv, "--data-dir", ctl->options->data_dir);
  add_option (argv, "--socket", ctl->options->socket);
  add_option (argv, "--name", name);
  add_option (argv, "--exec", "sed 's/^/" RB_DEMO_ANSWER "/'");
  g_ptr_array_add (argv, NULL);
  return g_subprocess_newv ((const char *const *) argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
}

RbDemoWorker *
rb_demo_worker_new (RbCtl       *ctl,
                    const char  *name,
                    GError     **error)
{
  GSubprocess *process = start (ctl, name, error);
  RbDemoWorker *self;

  if (process == NULL)
    return NULL;
  self = g_new0 (RbDemoWorker, 1);
  self->process = process;
  self->reading = g_cancellable_new ();
  self->events = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  self->pending++;
  g_subprocess_wait_async (process, NULL, on_ended, self);
  read_event (self);
  return self;
}

void
rb_demo_worker_free (RbDemoWorker *self)
{
  g_subprocess_send_signal (self->process, SIGTERM);
  while (!self->ended)
    g_main_context_iteration (NULL, TRUE);
  self->freed = TRUE;
  g_cancellable_cancel (self->reading);
  maybe_free (self);
}

const char *
rb_demo_worker_get_endpoint_id (RbDemoWorker *self)
{
  return self->endpoint_id;
}

gboolean
rb_demo_worker_has_ended (RbDemoWorker *self)
{
  return self->ended;
}

guint
rb_demo_worker_get_n_messages (RbDemoWorker *self)
{
  return self->n_messages;
}
