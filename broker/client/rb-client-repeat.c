/* rb-client-repeat.c: a call that is made again until the broker answered it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-repeat.h"

#include "rb-backoff.h"
#include "rb-client-failure.h"
#include "rb-error.h"
#include "rb-log.h"

/* Between two attempts either @timer or @phase_handler is set, never both; during one, neither. */
typedef struct {
  RbClientEndpoint *endpoint;
  char             *path;
  RbClientCallFlags flags;
  RbClientBodyFunc  make_body;
  gpointer          data;
  GDestroyNotify    destroy;
  RbClock          *clock;
  RbBackoff         backoff;
  guint             generation;      /* of the endpoint, when the last attempt began */
  guint64           timer;
  gulong            phase_handler;
  GSource          *cancelled;       /* (nullable) while waiting */
} Repeat;

static void attempt (GTask *task);

static void
repeat_free (Repeat *repeat)
{
  g_clear_object (&repeat->endpoint);
  g_clear_object (&repeat->clock);
  g_free (repeat->path);
  if (repeat->destroy != NULL)
    repeat->destroy (repeat->data);
  g_free (repeat);
}

static void
stop_waiting (GTask *task)
{
  Repeat *repeat = g_task_get_task_data (task);

  rb_clock_clear (repeat->clock, &repeat->timer);
  g_clear_signal_handler (&repeat->phase_handler, g_task_get_source_object (task));
  if (repeat->cancelled != NULL)
    g_source_destroy (repeat->cancelled);
  g_clear_pointer (&repeat->cancelled, g_source_unref);
}

static void
on_timer (gpointer user_data)
{
  GTask *task = user_data;
  Repeat *repeat = g_task_get_task_data (task);

  repeat->timer = 0;
  attempt (task);
}

static void
on_phase (RbClient   *client,
          int         phase,
          const char *failure,
          GTask      *task)
{
  if (phase == RB_CLIENT_CONNECTED || phase == RB_CLIENT_CLOSED)
    attempt (task);
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  attempt (user_data);   /* which finds out and ends it */
  return G_SOURCE_REMOVE;
}

static void
wait_for (GTask    *task,
          gboolean  connection)
{
  Repeat *repeat = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (connection)
    repeat->phase_handler = g_signal_connect (g_task_get_source_object (task), "phase-changed", G_CALLBACK (on_phase), task);
  else
    repeat->timer = rb_clock_add (repeat->clock, rb_backoff_next (&repeat->backoff), on_timer, task);

  if (cancellable == NULL)
    return;
  repeat->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (repeat->cancelled, G_SOURCE_FUNC (on_cancelled), task, NULL);
  g_source_attach (repeat->cancelled, g_task_get_context (task));
}

/* An answer that depends on where the endpoint stood may change once it is back; while it was being registered anew, it
 * had another id and token. */
static gboolean
is_worth_repeating (RbClient     *client,
                    Repeat       *repeat,
                    const GError *error)
{
  if (g_error_matches (error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN))
    return FALSE;
  if (g_error_matches (error, RB_ERROR, RB_ERROR_TIMED_OUT) && (repeat->flags & RB_CLIENT_CALL_REPEATABLE) == 0)
    return FALSE;
  if (rb_client_error_is_transient (error) || g_error_matches (error, RB_ERROR, RB_ERROR_UNAUTHORIZED))
    return TRUE;
  if (g_strcmp0 (rb_error_get_reason (error), "endpoint_not_active") == 0)
    return TRUE;
  return repeat->generation != rb_client_endpoint_get_generation (repeat->endpoint)
         || (rb_client_get_phase (client) == RB_CLIENT_RECONNECTING && error->domain == RB_ERROR);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  RbClient *client = RB_CLIENT (source);
  GTask *task = user_data;
  Repeat *repeat = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  RbJson *answer = rb_client_call_finish (client, result, NULL, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) rb_json_unref);
  else if (is_worth_repeating (client, repeat, error))
    {
      rb_log_debug ("call_repeated", "path", repeat->path, "error", error->message, NULL);
      wait_for (task, rb_client_get_phase (client) == RB_CLIENT_RECONNECTING);
      return;
    }
  else
    g_task_return_error (task, g_steal_pointer (&error));
  g_object_unref (task);
}

static void
attempt (GTask *task)
{
  RbClient *client = g_task_get_source_object (task);
  Repeat *repeat = g_task_get_task_data (task);
  g_autoptr(GBytes) body = NULL;

  stop_waiting (task);
  if (g_task_return_error_if_cancelled (task))
    {
      g_object_unref (task);
      return;
    }
  if (rb_client_get_phase (client) == RB_CLIENT_CLOSED)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "client_closed", "the client was closed before '%s' was answered",
                                               repeat->path));
      g_object_unref (task);
      return;
    }
  if (rb_client_get_phase (client) == RB_CLIENT_RECONNECTING)
    {
      wait_for (task, TRUE);
      return;
    }

  repeat->generation = rb_client_endpoint_get_generation (repeat->endpoint);
  body = repeat->make_body (repeat->endpoint, repeat->data);
  rb_client_call_async (client, "POST", repeat->path, body, repeat->flags, g_task_get_cancellable (task), on_answered, task);
}

void
rb_client_repeat_async (RbClient            *client,
                        RbClientEndpoint    *endpoint,
                        const char          *path,
                        RbClientCallFlags    flags,
                        RbClientBodyFunc     make_body,
                        gpointer             data,
                        GDestroyNotify       destroy,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (client, cancellable, callback, user_data);
  Repeat *repeat = g_new0 (Repeat, 1);
  const RbClientOptions *options = rb_client_get_options (client);

  g_task_set_source_tag (task, rb_client_repeat_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, repeat, (GDestroyNotify) repeat_free);
  repeat->endpoint = g_object_ref (endpoint);
  repeat->path = g_strdup (path);
  repeat->flags = flags;
  repeat->make_body = make_body;
  repeat->data = data;
  repeat->destroy = destroy;
  repeat->clock = g_object_ref (rb_client_get_clock (client));
  rb_backoff_init (&repeat->backoff, options->backoff_initial_ms, options->backoff_max_ms);
  attempt (task);
}

RbJson *
rb_client_repeat_finish (RbClient      *client,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_task_answered (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  RbJson *answer = rb_client_repeat_finish (RB_CLIENT (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) rb_json_unref);
  else
    g_task_return_error (task, error);
}

void
rb_client_repeat_task (GTask             *task,
                       RbClientEndpoint  *endpoint,
                       const char        *path,
                       RbClientCallFlags  flags,
                       RbClientBodyFunc   make_body,
                       gpointer           data,
                       GDestroyNotify     destroy)
{
  g_task_set_check_cancellable (task, FALSE);
  rb_client_repeat_async (g_task_get_source_object (task), endpoint, path, flags, make_body, data, destroy, g_task_get_cancellable (task),
                          on_task_answered, task);
}
