/* rb-client-pull.c: what an adapter fetches by itself: the inbox, claims, staged messages, history; and what it settles
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-pull.h"

#include "rb-client-private.h"
#include "rb-client-repeat.h"
#include "rb-error.h"
#include "rb-json-writer.h"

/* A broker that answers at once with nothing must not be asked in a tight loop (protocol.md IMP-60). */
#define PAUSE_MS 1000

/* What is asked, apart from who asks. */
typedef struct {
  gint64  pid;
  char   *undispatched_id;
  char   *conversation_id;
  guint   limit;
  char   *before;
  char   *after;
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  g_free (asking->undispatched_id);
  g_free (asking->conversation_id);
  g_free (asking->before);
  g_free (asking->after);
  g_free (asking);
}

static Asking *
asking_new (RbClient *self)
{
  Asking *asking = g_new0 (Asking, 1);

  asking->pid = rb_client_get_options (self)->pid;
  return asking;
}

static RbJsonWriter *
begin (RbClientEndpoint *endpoint,
       gint64            pid)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "endpoint_id", rb_client_endpoint_get_id (endpoint));
  rb_json_writer_int (writer, "plugin_pid", pid);
  return writer;
}

static GBytes *
end (RbJsonWriter *writer)
{
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static GBytes *
make_claim (RbClientEndpoint *endpoint,
            gpointer          data)
{
  const Asking *asking = data;
  RbJsonWriter *writer = begin (endpoint, asking->pid);

  rb_json_writer_string (writer, "endpoint_owner_token", rb_client_endpoint_get_owner_token (endpoint));
  rb_json_writer_string (writer, "undispatched_id", asking->undispatched_id);
  rb_json_writer_boolean (writer, "recover_existing", TRUE);
  return end (writer);
}

static GBytes *
make_settle (RbClientEndpoint *endpoint,
             gpointer          data)
{
  const Asking *asking = data;
  RbJsonWriter *writer = begin (endpoint, asking->pid);

  rb_json_writer_string (writer, "undispatched_id", asking->undispatched_id);
  return end (writer);
}

static GBytes *
make_history (RbClientEndpoint *endpoint,
              gpointer          data)
{
  const Asking *asking = data;
  RbJsonWriter *writer = begin (endpoint, asking->pid);

  rb_json_writer_string (writer, "endpoint_owner_token", rb_client_endpoint_get_owner_token (endpoint));
  rb_json_writer_begin_object (writer, "conversation_ref");
  rb_json_writer_string (writer, "kind", "session_conversation");
  rb_json_writer_string (writer, "id", asking->conversation_id);
  rb_json_writer_end_object (writer);
  if (asking->limit > 0)
    rb_json_writer_int (writer, "limit", asking->limit);
  rb_json_writer_string (writer, "before", asking->before);
  rb_json_writer_string (writer, "after", asking->after);
  return end (writer);
}

/**
 * rb_client_claim_async:
 * @self: a client
 * @endpoint: an endpoint of this client, which is active
 * @undispatched_id: an id of the inbox
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Takes a message out of the inbox. It is asked again until the broker answered:
 * the same claim gives the same assignment. Accept it in time, as any assignment.
 *
 * Source: section 11.10 of the broker's protocol.
 */
void
rb_client_claim_async (RbClient            *self,
                       RbClientEndpoint    *endpoint,
                       const char          *undispatched_id,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Asking *asking = asking_new (self);

  g_task_set_source_tag (task, rb_client_claim_async);
  asking->undispatched_id = g_strdup (undispatched_id);
  rb_client_repeat_task (task, endpoint, "/v1/runtime/assignment-claim", RB_CLIENT_CALL_REPEATABLE, make_claim, asking, asking_free);
}

/**
 * rb_client_claim_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.claim_async].
 *
 * Returns: (transfer full): the message, with its assignment; %NULL with @error set
 */
RbClientMessage *
rb_client_claim_finish (RbClient      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_autoptr(RbJson) answer = g_task_propagate_pointer (G_TASK (result), error);

  return answer != NULL ? rb_client_message_from_claim (answer, error) : NULL;
}

/**
 * rb_client_settle_async:
 * @self: a client
 * @endpoint: an endpoint of this client, which is active
 * @undispatched_id: the id under which the message waits, or waited
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Declares a message handled without a reply. It is made once: whether it was, only
 * a second look can tell.
 *
 * Source: section 12.6 of the broker's protocol.
 */
void
rb_client_settle_async (RbClient            *self,
                        RbClientEndpoint    *endpoint,
                        const char          *undispatched_id,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Asking *asking = asking_new (self);

  g_task_set_source_tag (task, rb_client_settle_async);
  asking->undispatched_id = g_strdup (undispatched_id);
  rb_client_repeat_task (task, endpoint, "/v1/runtime/self-settle", RB_CLIENT_CALL_NONE, make_settle, asking, asking_free);
}

/**
 * rb_client_settle_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.settle_async].
 *
 * Returns: %TRUE when it is settled
 */
gboolean
rb_client_settle_finish (RbClient      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_autoptr(RbJson) answer = g_task_propagate_pointer (G_TASK (result), error);

  return answer != NULL;
}

/**
 * rb_client_history_async:
 * @self: a client
 * @endpoint: an endpoint of this client, which is active
 * @conversation_id: the conversation
 * @limit: how many messages at most; 0: as many as the network likes
 * @before: (nullable): only what is older than the message of this id
 * @after: (nullable): only what is newer than the message of this id
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Reads a conversation. It is asked again until the broker answered.
 *
 * Source: section 10.7 of the broker's protocol.
 */
void
rb_client_history_async (RbClient            *self,
                         RbClientEndpoint    *endpoint,
                         const char          *conversation_id,
                         guint                limit,
                         const char          *before,
                         const char          *after,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Asking *asking = asking_new (self);

  g_task_set_source_tag (task, rb_client_history_async);
  asking->conversation_id = g_strdup (conversation_id);
  asking->limit = limit;
  asking->before = g_strdup (before);
  asking->after = g_strdup (after);
  rb_client_repeat_task (task, endpoint, "/v1/runtime/session-conversation-history", RB_CLIENT_CALL_REPEATABLE, make_history, asking, asking_free);
}

/**
 * rb_client_history_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.history_async].
 *
 * Returns: (transfer full): the conversation as the network gives it, a JSON
 *   object as text; %NULL with @error set
 */
char *
rb_client_history_finish (RbClient      *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return rb_client_take_text (G_TASK (result), error);
}

RbJson *
rb_client_history_finish_json (RbClient      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * rb_client_inbox_async:
 * @self: a client
 * @endpoint: an endpoint of this client, which is active
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Lists what waits in the inbox and this endpoint may claim.
 *
 * Source: section 10.5 of the broker's protocol.
 */
void
rb_client_inbox_async (RbClient            *self,
                       RbClientEndpoint    *endpoint,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autofree char *escaped = NULL;
  g_autofree char *path = NULL;

  g_return_if_fail (RB_IS_CLIENT_ENDPOINT (endpoint));

  escaped = g_uri_escape_string (rb_client_endpoint_get_id (endpoint), NULL, FALSE);
  path = g_strconcat ("/v1/undispatched?endpoint_id=", escaped, NULL);
  rb_client_request_async (self, "GET", path, NULL, cancellable, callback, user_data);
}

/**
 * rb_client_inbox_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.inbox_async].
 *
 * Returns: (transfer full): a JSON object as text, with the array `items`: each
 *   has an `id`, which [method@Rb.Client.claim_async] takes, `sender_address`,
 *   `content` and more; %NULL with @error set
 */
char *
rb_client_inbox_finish (RbClient      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return rb_client_request_finish (self, result, error);
}

/* Waiting for staged messages. */

typedef struct {
  RbClientEndpoint *endpoint;
  RbClock          *clock;
  gint64            pid;
  gint64            deadline_us;
  gint64            asked_us;
  guint64           pause;
} Waiting;

static void poll (GTask *task);

static void
waiting_free (Waiting *waiting)
{
  g_object_unref (waiting->endpoint);
  g_object_unref (waiting->clock);
  g_free (waiting);
}

static GBytes *
make_poll (RbClientEndpoint *endpoint,
           gpointer          data)
{
  Waiting *waiting = data;
  RbJsonWriter *writer = begin (endpoint, waiting->pid);

  waiting->asked_us = rb_clock_get_monotonic_us (waiting->clock);
  rb_json_writer_int (writer, "timeout_ms", MAX (0, (waiting->deadline_us - waiting->asked_us) / 1000));
  return end (writer);
}

/* A member of our own broker: it stages nothing, now or later. */
static gboolean
stages_nothing (const RbJson *answer)
{
  gboolean staging = TRUE;

  return rb_json_get_optional_boolean (answer, "staging", TRUE, &staging, NULL) && !staging;
}

static GPtrArray *
read_items (const RbJson  *answer,
            GError       **error)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(RbJson) items = rb_json_open (answer, "items", error);

  for (guint i = 0; items != NULL && i < rb_json_get_length (items); i++)
    {
      g_autoptr(RbJson) item = rb_json_open_item (items, i, error);
      RbClientMessage *message = item != NULL ? rb_client_message_from_staged (item, error) : NULL;

      if (message == NULL)
        return NULL;
      g_ptr_array_add (messages, message);
    }
  return items != NULL ? g_steal_pointer (&messages) : NULL;
}

static void
on_pause_over (gpointer user_data)
{
  GTask *task = user_data;

  ((Waiting *) g_task_get_task_data (task))->pause = 0;
  poll (task);
}

/* Nothing yet: again, and not at once when the broker did not wait. */
static void
poll_again (GTask *task)
{
  Waiting *waiting = g_task_get_task_data (task);
  gint64 now = rb_clock_get_monotonic_us (waiting->clock);
  gint64 left_ms = (waiting->deadline_us - now) / 1000;

  if (now - waiting->asked_us >= PAUSE_MS * G_TIME_SPAN_MILLISECOND)
    poll (task);
  else
    waiting->pause = rb_clock_add (waiting->clock, CLAMP (left_ms, 0, PAUSE_MS), on_pause_over, task);
}

static void
on_polled (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr(RbJson) answer = rb_client_repeat_finish (RB_CLIENT (source), result, &error);
  GPtrArray *messages = answer != NULL ? read_items (answer, &error) : NULL;

  if (messages != NULL && messages->len == 0 && stages_nothing (answer))
    {
      g_clear_pointer (&messages, g_ptr_array_unref);
      error = rb_error_new (RB_ERROR_NOT_SUPPORTED, "staging_not_offered", "this broker stages nothing");
    }
  if (messages != NULL && messages->len == 0)
    {
      g_ptr_array_unref (messages);
      poll_again (task);
      return;
    }

  if (messages != NULL)
    g_task_return_pointer (task, messages, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

/* Takes @task. */
static void
poll (GTask *task)
{
  Waiting *waiting = g_task_get_task_data (task);

  if (rb_clock_get_monotonic_us (waiting->clock) >= waiting->deadline_us)
    {
      g_task_return_pointer (task, g_ptr_array_new_with_free_func (g_object_unref),
                             (GDestroyNotify) g_ptr_array_unref);
      g_object_unref (task);
      return;
    }
  rb_client_repeat_async (g_task_get_source_object (task), waiting->endpoint, "/v1/runtime/staged-delivery",
                          RB_CLIENT_CALL_REPEATABLE | RB_CLIENT_CALL_WAITS, make_poll, waiting, NULL, g_task_get_cancellable (task), on_polled, task);
}

/**
 * rb_client_staged_async:
 * @self: a client
 * @endpoint: an endpoint of this client, which is active
 * @timeout_ms: how long to wait, in milliseconds
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: (closure): for @callback
 *
 * Waits for staged messages: what the network keeps for this endpoint until it is
 * fetched. What is not accepted comes again with the next call.
 *
 * Source: section 12.5 of the broker's protocol.
 */
void
rb_client_staged_async (RbClient            *self,
                        RbClientEndpoint    *endpoint,
                        gint64               timeout_ms,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Waiting *waiting = g_new0 (Waiting, 1);

  g_task_set_source_tag (task, rb_client_staged_async);
  g_task_set_check_cancellable (task, FALSE);
  waiting->endpoint = g_object_ref (endpoint);
  waiting->clock = g_object_ref (rb_client_get_clock (self));
  waiting->pid = rb_client_get_options (self)->pid;
  waiting->deadline_us = rb_clock_get_monotonic_us (waiting->clock) + MAX (0, timeout_ms) * G_TIME_SPAN_MILLISECOND;
  g_task_set_task_data (task, waiting, (GDestroyNotify) waiting_free);
  poll (task);
}

/**
 * rb_client_staged_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.staged_async]. Fails with %RB_CLIENT_ERROR_NOT_SUPPORTED
 * (`staging_not_offered`) when the broker says that it never stages anything.
 *
 * Returns: (transfer container) (element-type RbClientMessage): the messages; none
 *   when nothing came in time; %NULL with @error set
 */
GPtrArray *
rb_client_staged_finish (RbClient      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
