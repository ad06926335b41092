/* rb-turn.c: one message in the hands of a runtime, from acceptance to its outcome
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-turn.h"

#include "rb-error.h"

struct _RbTurn {
  GObject           parent_instance;

  RbClient         *client;
  RbClientEndpoint *endpoint;
  RbClientMessage  *message;
  gboolean          accepted;
};

enum { ACCEPTED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbTurn, rb_turn, G_TYPE_OBJECT)

static void
rb_turn_finalize (GObject *object)
{
  RbTurn *self = RB_TURN (object);

  g_clear_object (&self->client);
  g_clear_object (&self->endpoint);
  g_clear_object (&self->message);
  G_OBJECT_CLASS (rb_turn_parent_class)->finalize (object);
}

static void
rb_turn_class_init (RbTurnClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_turn_finalize;

  signals[ACCEPTED] = g_signal_new ("accepted", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rb_turn_init (RbTurn *self)
{
}

RbTurn *
rb_turn_new (RbClient         *client,
             RbClientEndpoint *endpoint,
             RbClientMessage  *message)
{
  RbTurn *self = g_object_new (RB_TYPE_TURN, NULL);

  self->client = g_object_ref (client);
  self->endpoint = g_object_ref (endpoint);
  self->message = g_object_ref (message);
  return self;
}

RbClientMessage *
rb_turn_get_message (RbTurn *self)
{
  return self->message;
}

RbClientEndpoint *
rb_turn_get_endpoint (RbTurn *self)
{
  return self->endpoint;
}

gboolean
rb_turn_is_accepted (RbTurn *self)
{
  return self->accepted;
}

const char *
rb_turn_get_name (RbTurn *self)
{
  return self->message->source_message_id != NULL ? self->message->source_message_id : "-";
}

static void
on_reported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (rb_client_report_finish (RB_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* @task: (transfer full) */
static void
report (RbTurn        *self,
        RbClientState  state,
        GTask         *task)
{
  if (self->message->assignment == NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  rb_client_report_async (self->client, self->endpoint, self->message, state, NULL, g_task_get_cancellable (task), on_reported, task);
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbTurn *self = RB_TURN (source);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      self->accepted = TRUE;
      g_signal_emit (self, signals[ACCEPTED], 0);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

void
rb_turn_accept_async (RbTurn              *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_turn_accept_async);
  report (self, RB_CLIENT_STATE_ACCEPTED, g_task_new (self, cancellable, on_accepted, task));
}

void
rb_turn_start_async (RbTurn              *self,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_turn_start_async);
  report (self, RB_CLIENT_STATE_STARTED, task);
}

static void
on_replied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (rb_client_reply_finish (RB_CLIENT (source), result, NULL, NULL, &error))
    {
      g_task_return_boolean (task, TRUE);
    }
  else if (g_strcmp0 (rb_error_get_reason (error), "runtime_assignment_reply_idempotency_conflict") == 0)
    {
      g_clear_error (&error);
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      g_task_return_error (task, error);
    }
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (rb_client_answer_finish (RB_CLIENT (source), result, NULL, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rb_turn_reply_async (RbTurn              *self,
                     const char          *content,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *request_id = NULL;

  g_task_set_source_tag (task, rb_turn_reply_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->message->assignment == NULL)
    {
      rb_client_answer_async (self->client, self->endpoint, self->message, content, "text", cancellable, on_answered, task);
      return;
    }
  request_id = g_strconcat ("reply:", self->message->assignment->assignment_id, NULL);
  rb_client_reply_async (self->client, self->endpoint, self->message, request_id, content, "text", cancellable, on_replied, task);
}

static void
on_failed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (rb_client_fail_finish (RB_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rb_turn_fail_async (RbTurn              *self,
                    const char          *reason_code,
                    const char          *detail,
                    gboolean             retryable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_turn_fail_async);
  if (self->message->assignment != NULL)
    {
      rb_client_fail_async (self->client, self->endpoint, self->message, reason_code, detail, retryable, NULL, on_failed, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (rb_client_settle_finish (RB_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rb_turn_settle_async (RbTurn              *self,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_turn_settle_async);
  if (self->message->assignment != NULL)
    {
      rb_client_settle_async (self->client, self->endpoint, self->message->assignment->undispatched_id, NULL, on_settled, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

gboolean
rb_turn_finish (RbTurn        *self,
                GAsyncResult  *result,
                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
