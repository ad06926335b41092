/* rb-mcp-link.c: the one endpoint of this process at the broker: how it comes and goes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-link.h"

#include "rb-client-private.h"
#include "rb-error.h"
#include "rb-log.h"

struct _RbMcpLink {
  GObject           parent_instance;

  RbClient         *client;
  char             *name;
  char             *kind;
  char             *session_id;
  RbClientEndpoint *endpoint;     /* (nullable) until registered */
  GPtrArray        *openers;      /* of GTask: who waits for it */
  GPtrArray        *held;         /* of GTask (with Asking), borrowed: while the broker is away */
  gboolean          is_opening;
  gboolean          has_failed;
  GTask            *closing;      /* (nullable) */
  guint64           close_timer;
};

enum { MESSAGE, PHASE, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbMcpLink, rb_mcp_link, G_TYPE_OBJECT)

/* Of one that is asked. */
typedef struct {
  RbMcpAsk        *ask;
  RbClock         *clock;
  guint64          timer;
  GCancellable    *cancellable;      /* ours: theirs, or the timer */
  GCancellable    *theirs;           /* (nullable) */
  gulong           handler;
  gboolean         is_late;
  GTask           *task;             /* of which this is the data */
  RbClientMessage *message;          /* (nullable) */
} Asking;

static void
asking_free (gpointer data)
{
  Asking *self = data;

  rb_clock_clear (self->clock, &self->timer);
  g_clear_signal_handler (&self->handler, self->theirs);
  g_clear_object (&self->theirs);
  g_object_unref (self->cancellable);
  g_object_unref (self->clock);
  g_clear_object (&self->message);
  rb_mcp_ask_free (self->ask);
  g_free (self);
}

static void run_held (RbMcpLink *self);

static gboolean
on_message (RbClient         *client,
            RbClientEndpoint *endpoint,
            RbClientMessage  *message,
            RbMcpLink        *self)
{
  gboolean taken = FALSE;

  if (self->endpoint != NULL && endpoint == self->endpoint && self->closing == NULL)
    g_signal_emit (self, signals[MESSAGE], 0, message, &taken);
  return taken;
}

static void
on_phase (RbClient      *client,
          RbClientPhase  phase,
          const char    *failure,
          RbMcpLink     *self)
{
  if (phase == RB_CLIENT_RECONNECTING)
    g_signal_emit (self, signals[PHASE], 0, "reconnecting", failure);
  else if (phase == RB_CLIENT_CONNECTED && self->endpoint != NULL)
    {
      g_signal_emit (self, signals[PHASE], 0, "connected", NULL);
      run_held (self);
    }
}

static void
rb_mcp_link_dispose (GObject *object)
{
  RbMcpLink *self = RB_MCP_LINK (object);

  if (self->client != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->client, self);
      rb_clock_clear (rb_client_get_clock (self->client), &self->close_timer);
    }
  g_clear_object (&self->endpoint);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (rb_mcp_link_parent_class)->dispose (object);
}

static void
rb_mcp_link_finalize (GObject *object)
{
  RbMcpLink *self = RB_MCP_LINK (object);

  g_ptr_array_unref (self->openers);
  g_ptr_array_unref (self->held);
  g_free (self->name);
  g_free (self->kind);
  g_free (self->session_id);
  G_OBJECT_CLASS (rb_mcp_link_parent_class)->finalize (object);
}

static void
rb_mcp_link_class_init (RbMcpLinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = rb_mcp_link_dispose;
  object_class->finalize = rb_mcp_link_finalize;

  signals[MESSAGE] = g_signal_new ("message", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1,
                                   RB_TYPE_CLIENT_MESSAGE);
  signals[PHASE] = g_signal_new ("phase", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
rb_mcp_link_init (RbMcpLink *self)
{
  g_autofree char *unique = g_uuid_string_random ();

  self->openers = g_ptr_array_new_with_free_func (g_object_unref);
  self->held = g_ptr_array_new ();
  self->session_id = g_strconcat ("mcp-", unique, NULL);
}

RbMcpLink *
rb_mcp_link_new (const RbClientOptions *options,
                 RbClock               *clock)
{
  RbMcpLink *self = g_object_new (RB_TYPE_MCP_LINK, NULL);

  self->client = rb_client_new_for (options, clock);
  rb_mcp_link_set_identity (self, "mcp", "custom");
  g_signal_connect (self->client, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->client, "phase-changed", G_CALLBACK (on_phase), self);
  return self;
}

void
rb_mcp_link_set_identity (RbMcpLink  *self,
                          const char *name,
                          const char *kind)
{
  g_free (self->name);
  g_free (self->kind);
  self->name = g_strdup (name);
  self->kind = g_strdup (kind);
}

RbClock *
rb_mcp_link_get_clock (RbMcpLink *self)
{
  return rb_client_get_clock (self->client);
}

const char *
rb_mcp_link_get_name (RbMcpLink *self)
{
  return self->name;
}

const char *
rb_mcp_link_get_kind (RbMcpLink *self)
{
  return self->kind;
}

const char *
rb_mcp_link_get_endpoint_id (RbMcpLink *self)
{
  return self->endpoint != NULL ? rb_client_endpoint_get_id (self->endpoint) : NULL;
}

const char *
rb_mcp_link_get_state (RbMcpLink *self)
{
  if (self->endpoint != NULL)
    return rb_client_get_phase (self->client) == RB_CLIENT_CONNECTED ? "connected" : "reconnecting";
  return self->has_failed && !self->is_opening ? "away" : "starting";
}

/* @error: (nullable) (transfer full): it did not work */
static void
answer_openers (RbMcpLink *self,
                GError    *error)
{
  g_autoptr(GPtrArray) openers = self->openers;

  self->openers = g_ptr_array_new_with_free_func (g_object_unref);
  self->is_opening = FALSE;
  self->has_failed = error != NULL;
  for (guint i = 0; i < openers->len; i++)
    {
      if (error != NULL)
        g_task_return_error (g_ptr_array_index (openers, i), g_error_copy (error));
      else
        g_task_return_boolean (g_ptr_array_index (openers, i), TRUE);
    }
  g_clear_error (&error);
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RbMcpLink) self = user_data;
  GError *error = NULL;

  self->endpoint = rb_client_register_finish (RB_CLIENT (source), result, &error);
  if (self->endpoint != NULL)
    {
      rb_log_info ("mcp_attached", "endpoint_id", rb_client_endpoint_get_id (self->endpoint), "name", self->name, NULL);
      g_signal_emit (self, signals[PHASE], 0, "connected", NULL);
    }
  answer_openers (self, error);
}

/* Work comes as assignments, which the broker keeps until they are accepted; directly come only answers to what was sent. */
static void
register_endpoint (RbMcpLink *self)
{
  static const char *const capabilities[] = { "background_exchange_v1", "foreground_channel_v1", NULL };
  g_autofree char *directory = g_get_current_dir ();
  const RbClientRegistration registration = { .agent_id = self->name,
                                              .kind = self->kind,
                                              .session_name = self->name,
                                              .workspace = g_utf8_validate (directory, -1, NULL) ? directory : NULL,
                                              .runtime_session_id = self->session_id,
                                              .capabilities = capabilities,
                                              .execution_surface = "mcp",
                                              .background_exchange_mode = "adapter_managed_turn" };

  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new_for (&registration);

  rb_client_register_async (self->client, endpoint, NULL, on_registered, g_object_ref (self));
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbMcpLink) self = user_data;
  GError *error = NULL;

  if (rb_client_connect_finish (RB_CLIENT (source), result, &error))
    register_endpoint (self);
  else
    answer_openers (self, error);
}

static void
open_now (RbMcpLink *self)
{
  RbClientPhase phase = rb_client_get_phase (self->client);

  self->is_opening = TRUE;
  if (phase == RB_CLIENT_NEVER_CONNECTED)
    rb_client_connect_async (self->client, NULL, on_connected, g_object_ref (self));
  else if (phase == RB_CLIENT_CLOSED)
    answer_openers (self, rb_error_new (RB_ERROR_UNAVAILABLE, "client_closed", "this session is over"));
  else
    register_endpoint (self);
}

void
rb_mcp_link_open_async (RbMcpLink           *self,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_mcp_link_open_async);
  if (self->endpoint != NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_ptr_array_add (self->openers, task);
  if (!self->is_opening)
    open_now (self);
}

gboolean
rb_mcp_link_open_finish (RbMcpLink     *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* @task: (transfer full). @text: (nullable) (transfer full) */
static void
finish_asking (GTask  *task,
               GBytes *text,
               GError *error)
{
  Asking *asking = g_task_get_task_data (task);

  rb_clock_clear (asking->clock, &asking->timer);
  if (error == NULL)
    g_task_return_pointer (task, text, (GDestroyNotify) g_bytes_unref);
  else if (asking->is_late)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_TIMED_OUT, "broker_did_not_answer", "no answer from the broker in %d seconds",
                                               RB_MCP_CALL_MS / 1000));
      g_error_free (error);
    }
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Asking *asking = g_task_get_task_data (user_data);
  GError *error = NULL;
  GBytes *text = rb_mcp_ask_run_finish (result, &asking->message, &error);

  finish_asking (user_data, text, error);
}

static void
on_opened (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RbMcpLink *self = RB_MCP_LINK (source);
  GTask *task = user_data;
  Asking *asking = g_task_get_task_data (task);
  GError *error = NULL;

  if (!rb_mcp_link_open_finish (self, result, &error) || g_cancellable_set_error_if_cancelled (asking->cancellable, &error))
    finish_asking (task, NULL, error);
  else if (rb_client_get_phase (self->client) == RB_CLIENT_RECONNECTING)
    g_ptr_array_add (self->held, task);
  else
    rb_mcp_ask_run_async (asking->ask, self->client, self->endpoint, asking->cancellable, on_answered, task);
}

/* The endpoint is back. */
static void
run_held (RbMcpLink *self)
{
  g_autoptr(GPtrArray) held = self->held;

  self->held = g_ptr_array_new ();
  for (guint i = 0; i < held->len; i++)
    {
      GTask *task = g_ptr_array_index (held, i);
      Asking *asking = g_task_get_task_data (task);

      rb_mcp_ask_run_async (asking->ask, self->client, self->endpoint, asking->cancellable, on_answered, task);
    }
}

static void
give_up (Asking *asking)
{
  RbMcpLink *self = g_task_get_source_object (asking->task);
  GTask *task = asking->task;

  g_cancellable_cancel (asking->cancellable);
  if (g_ptr_array_remove (self->held, task))
    finish_asking (task, NULL, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the request was cancelled"));
}

static void
on_late (gpointer user_data)
{
  Asking *asking = user_data;

  asking->timer = 0;
  asking->is_late = TRUE;
  give_up (asking);
}

static void
on_their_cancel (GCancellable *theirs,
                 Asking       *asking)
{
  give_up (asking);
}

void
rb_mcp_link_ask_async (RbMcpLink           *self,
                       RbMcpAsk            *what,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Asking *asking = g_new0 (Asking, 1);

  g_task_set_source_tag (task, rb_mcp_link_ask_async);
  asking->ask = what;
  asking->task = task;
  asking->clock = g_object_ref (rb_mcp_link_get_clock (self));
  asking->cancellable = g_cancellable_new ();
  asking->timer = rb_clock_add (asking->clock, RB_MCP_CALL_MS, on_late, asking);
  if (cancellable != NULL)
    {
      asking->theirs = g_object_ref (cancellable);
      asking->handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_their_cancel), asking);
      if (g_cancellable_is_cancelled (cancellable))
        g_cancellable_cancel (asking->cancellable);
    }
  g_task_set_task_data (task, asking, asking_free);
  rb_mcp_link_open_async (self, on_opened, task);
}

GBytes *
rb_mcp_link_ask_finish (RbMcpLink        *self,
                        GAsyncResult     *result,
                        RbClientMessage **message,
                        GError          **error)
{
  Asking *asking = g_task_get_task_data (G_TASK (result));

  if (message != NULL)
    *message = g_steal_pointer (&asking->message);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rb_mcp_link_acknowledge (RbMcpLink       *self,
                         RbClientMessage *message)
{
  rb_client_acknowledge (self->client, message);
}

static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RbMcpLink) self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->closing);

  rb_client_close_finish (RB_CLIENT (source), result);
  g_task_return_boolean (task, TRUE);
}

static void
close_client (RbMcpLink *self)
{
  if (rb_client_get_phase (self->client) == RB_CLIENT_CLOSED)
    return;
  rb_clock_clear (rb_client_get_clock (self->client), &self->close_timer);
  rb_client_close_async (self->client, on_closed, g_object_ref (self));
}

static void
on_close_timer (gpointer user_data)
{
  RbMcpLink *self = user_data;

  self->close_timer = 0;
  close_client (self);
}

static void
on_unregistered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(RbMcpLink) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!rb_client_unregister_finish (RB_CLIENT (source), result, &error))
    rb_log_info ("unregister_failed", "error", error->message, NULL);
  if (self->client != NULL)
    close_client (self);
}

void
rb_mcp_link_close_async (RbMcpLink           *self,
                         gint64               patience_ms,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (self->closing == NULL);

  self->closing = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->closing, rb_mcp_link_close_async);
  if (self->endpoint == NULL || rb_client_get_phase (self->client) != RB_CLIENT_CONNECTED)
    {
      close_client (self);
      return;
    }
  self->close_timer = rb_clock_add (rb_client_get_clock (self->client), patience_ms, on_close_timer, self);
  rb_client_unregister_async (self->client, self->endpoint, NULL, on_unregistered, g_object_ref (self));
}

void
rb_mcp_link_close_finish (RbMcpLink    *self,
                          GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
