/* rb-client-requests.c: what was asked over the stream, until it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-requests.h"

#include "rb-client-failure.h"
#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-log.h"

#include <glib/gi18n-lib.h>

struct _RbClientRequests {
  RbClock    *clock;
  GHashTable *waiting;    /* id (the request's) to Request; each holds its task, which owns the request */
  guint64     n_asked;
};

/* The data of a task. */
typedef struct {
  RbClientRequests *requests;    /* NULL: it was answered */
  GTask            *task;        /* borrowed: it owns this */
  char             *id;
  char             *method;
  char             *path;
  gboolean          repeatable;
  RbClock          *clock;
  guint64           deadline;    /* timer id */
  GSource          *cancelled;   /* (nullable) watches the caller's cancellable */
  guint             status;
} Request;

static void
stop_watching (Request *request)
{
  rb_clock_clear (request->clock, &request->deadline);
  if (request->cancelled != NULL)
    g_source_destroy (request->cancelled);
  g_clear_pointer (&request->cancelled, g_source_unref);
}

static void
request_free (gpointer data)
{
  Request *request = data;

  stop_watching (request);
  g_object_unref (request->clock);
  g_free (request->id);
  g_free (request->method);
  g_free (request->path);
  g_free (request);
}

/* (transfer full): its task, which is nobody's business any more */
static GTask *
take (Request *request)
{
  g_hash_table_remove (request->requests->waiting, request->id);
  request->requests = NULL;
  stop_watching (request);
  return request->task;
}

RbClientRequests *
rb_client_requests_new (RbClock *clock)
{
  RbClientRequests *self = g_new0 (RbClientRequests, 1);

  self->clock = g_object_ref (clock);
  self->waiting = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
rb_client_requests_free (RbClientRequests *self)
{
  rb_client_requests_fail (self, "stream_closed");
  g_hash_table_unref (self->waiting);
  g_object_unref (self->clock);
  g_free (self);
}

static void
on_deadline (gpointer user_data)
{
  Request *request = user_data;
  g_autoptr(GTask) task = NULL;

  request->deadline = 0;
  task = take (request);
  g_task_return_error (task, rb_error_new (RB_ERROR_TIMED_OUT, "broker_timed_out", _ ("the broker did not answer '%s' in time"), request->path));
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  g_autoptr(GTask) task = take (user_data);

  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
watch (Request *request,
       gint64   timeout_ms)
{
  GCancellable *cancellable = g_task_get_cancellable (request->task);

  if (timeout_ms > 0)
    request->deadline = rb_clock_add (request->clock, timeout_ms, on_deadline, request);
  if (cancellable == NULL)
    return;
  request->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (request->cancelled, G_SOURCE_FUNC (on_cancelled), request, NULL);
  g_source_attach (request->cancelled, g_task_get_context (request->task));
}

static char *
make_frame (const Request *request,
            GBytes        *body)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", "request");
  rb_json_writer_string (writer, "id", request->id);
  rb_json_writer_string (writer, "method", request->method);
  rb_json_writer_string (writer, "path", request->path);
  if (body != NULL)
    rb_json_writer_slice (writer, "body", body);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end_text (writer);
}

char *
rb_client_requests_add (RbClientRequests *self,
                        GTask            *task,
                        const char       *method,
                        const char       *path,
                        GBytes           *body,
                        gboolean          repeatable,
                        gint64            timeout_ms)
{
  Request *request = g_new0 (Request, 1);

  request->requests = self;
  request->task = task;
  request->id = g_strdup_printf ("%" G_GUINT64_FORMAT, ++self->n_asked);
  request->method = g_strdup (method);
  request->path = g_strdup (path);
  request->repeatable = repeatable;
  request->clock = g_object_ref (self->clock);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, request, request_free);
  g_hash_table_insert (self->waiting, request->id, request);
  watch (request, timeout_ms);
  return make_frame (request, body);
}

/* An empty answer is an empty object. */
static RbJson *
open_body (const RbJson  *frame,
           GError       **error)
{
  g_autoptr(GBytes) empty = NULL;

  if (rb_json_get_member_type (frame, "body") == RB_JSON_OBJECT)
    return rb_json_open (frame, "body", error);
  empty = g_bytes_new_static ("{}", 2);
  return rb_json_parse (empty, 0, error);
}

static void
return_answer (GTask        *task,
               Request      *request,
               const RbJson *frame)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) body = open_body (frame, &error);

  if (request->status < 200 || request->status > 299)
    g_task_return_error (task, rb_client_error_from_answer (request->status, body, request->method, request->path));
  else if (body == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, g_steal_pointer (&body), (GDestroyNotify) rb_json_unref);
}

void
rb_client_requests_answer (RbClientRequests *self,
                           const RbJson     *frame)
{
  g_autofree char *id = rb_json_peek_string (frame, "id");
  Request *request = id != NULL ? g_hash_table_lookup (self->waiting, id) : NULL;
  g_autoptr(GTask) task = NULL;
  gint64 status = 0;

  if (request == NULL)    /* it was given up */
    return;
  if (!rb_json_get_int (frame, "status", &status, NULL) || status < 100 || status > 599)
    {
      rb_log_warning ("response_frame_invalid", "path", request->path, NULL);
      return;
    }
  request->status = (guint) status;
  task = take (request);
  return_answer (task, request, frame);
}

void
rb_client_requests_fail (RbClientRequests *self,
                         const char       *reason)
{
  g_autoptr(GError) cause = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, reason);
  g_autoptr(GList) requests = g_hash_table_get_values (self->waiting);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  /* All of them first: who is told may ask again, or cancel another. */
  for (GList *l = requests; l != NULL; l = l->next)
    g_ptr_array_add (tasks, take (l->data));
  for (guint i = 0; i < tasks->len; i++)
    {
      GTask *task = g_ptr_array_index (tasks, i);
      const Request *request = g_task_get_task_data (task);

      g_task_return_error (task, rb_client_error_from_transport (cause, request->repeatable));
    }
}

guint
rb_client_requests_get_status (GAsyncResult *result)
{
  const Request *request = g_task_get_task_data (G_TASK (result));

  return request != NULL ? request->status : 0;
}
