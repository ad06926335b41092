/* rb-attach.c: an endpoint for a program or a person: connected, registered, one turn for each message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach.h"

#include "rb-attach-pull.h"
#include "rb-error.h"
#include "rb-log.h"

struct _RbAttach {
  GObject           parent_instance;

  RbClient         *client;
  char             *name;
  char             *kind;
  char             *session_id;
  gboolean          for_claims;
  RbClientEndpoint *endpoint;    /* (nullable) until registered */
  RbAttachPull     *pull;        /* (nullable) until registered, and when we leave */
  GHashTable       *turns;       /* set of RbTurn */
  GHashTable       *seen;        /* set of char *, owned by @seen_order */
  GQueue            seen_order;  /* oldest first */
  GTask            *stopping;    /* (nullable) */
  guint64           stop_timer;
  gboolean          unregistering;
};

enum { TURN, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbAttach, rb_attach, G_TYPE_OBJECT)

static void leave (RbAttach *self);

/* The same message may be dispatched again, as another assignment, after this one came to nothing: that is new work. */
static char *
make_key (RbClientMessage *message)
{
  if (message->source_message_id == NULL)
    return NULL;
  return g_strdup_printf ("%s %s", message->source_message_id,
                          message->assignment != NULL ? message->assignment->assignment_id : "");
}

/* TRUE when @message was not seen before. */
static gboolean
remember (RbAttach        *self,
          RbClientMessage *message)
{
  char *key = make_key (message);

  if (key == NULL)
    return TRUE;
  if (g_hash_table_contains (self->seen, key))
    {
      g_free (key);
      return FALSE;
    }
  g_hash_table_add (self->seen, key);
  g_queue_push_tail (&self->seen_order, key);
  if (self->seen_order.length > RB_ATTACH_SEEN_MAX)
    {
      g_autofree char *oldest = g_queue_pop_head (&self->seen_order);

      g_hash_table_remove (self->seen, oldest);
    }
  return TRUE;
}

/* What is staged and not accepted comes with every look: so there is none while something is in our hands undecided. */
static void
look_for_more (RbAttach *self)
{
  GHashTableIter iter;
  gpointer turn;

  if (self->pull == NULL || self->stopping != NULL)
    return;

  g_hash_table_iter_init (&iter, self->turns);
  while (g_hash_table_iter_next (&iter, &turn, NULL))
    if (rb_turn_get_message (turn)->assignment != NULL && !rb_turn_is_accepted (turn))
      return;
  rb_attach_pull_look (self->pull);
}

static gboolean
has_room (RbAttach        *self,
          RbClientMessage *message)
{
  if (g_hash_table_size (self->turns) < RB_ATTACH_TURNS_MAX)
    return TRUE;

  rb_log_warning ("attach_full", "message_id", message->source_message_id, NULL);
  return FALSE;
}

static void
begin_turn (RbAttach        *self,
            RbClientMessage *message)
{
  RbTurn *turn = rb_turn_new (self->client, self->endpoint, message);

  g_hash_table_add (self->turns, turn);
  g_signal_connect_object (turn, "accepted", G_CALLBACK (look_for_more), self, G_CONNECT_SWAPPED);
  g_signal_emit (self, signals[TURN], 0, turn);
}

static gboolean
on_message (RbClient         *client,
            RbClientEndpoint *endpoint,
            RbClientMessage  *message,
            RbAttach         *self)
{
  if (self->endpoint == NULL || endpoint != self->endpoint || self->stopping != NULL || self->for_claims)
    return FALSE;
  if (!has_room (self, message))
    return FALSE;
  if (remember (self, message))
    begin_turn (self, message);
  return TRUE;
}

static gboolean
on_staged (RbClientMessage *message,
           gpointer         user_data)
{
  RbAttach *self = user_data;

  if (!has_room (self, message) || !remember (self, message))
    return FALSE;
  begin_turn (self, message);
  return TRUE;
}

static void
on_looked (gpointer user_data)
{
  look_for_more (user_data);
}

static void
rb_attach_dispose (GObject *object)
{
  RbAttach *self = RB_ATTACH (object);

  if (self->client != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->client, self);
      rb_clock_clear (rb_client_get_clock (self->client), &self->stop_timer);
    }
  g_clear_pointer (&self->pull, rb_attach_pull_free);
  g_hash_table_remove_all (self->turns);
  g_clear_object (&self->endpoint);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (rb_attach_parent_class)->dispose (object);
}

static void
rb_attach_finalize (GObject *object)
{
  RbAttach *self = RB_ATTACH (object);

  g_hash_table_unref (self->turns);
  g_hash_table_unref (self->seen);
  g_queue_clear_full (&self->seen_order, g_free);
  g_free (self->name);
  g_free (self->kind);
  g_free (self->session_id);
  G_OBJECT_CLASS (rb_attach_parent_class)->finalize (object);
}

static void
rb_attach_class_init (RbAttachClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_attach_dispose;
  object_class->finalize = rb_attach_finalize;

  signals[TURN] = g_signal_new ("turn", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                RB_TYPE_TURN);
}

static void
rb_attach_init (RbAttach *self)
{
  self->turns = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  self->seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->seen_order);
}

RbAttach *
rb_attach_new (RbClient   *client,
               const char *name,
               const char *kind,
               gboolean    for_claims)
{
  RbAttach *self = g_object_new (RB_TYPE_ATTACH, NULL);
  g_autofree char *unique = for_claims ? g_uuid_string_random () : NULL;

  self->client = g_object_ref (client);
  self->name = g_strdup (name);
  self->kind = g_strdup (kind);
  self->session_id = g_strconcat ("brokerctl-", name, for_claims ? "-" : NULL, unique, NULL);
  self->for_claims = for_claims;
  g_signal_connect (client, "message", G_CALLBACK (on_message), self);
  return self;
}

RbClientEndpoint *
rb_attach_get_endpoint (RbAttach *self)
{
  return self->endpoint;
}

guint
rb_attach_get_n_turns (RbAttach *self)
{
  return g_hash_table_size (self->turns);
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbAttach *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->endpoint = rb_client_register_finish (RB_CLIENT (source), result, &error);
  if (self->endpoint == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!self->for_claims)
    self->pull = rb_attach_pull_new (self->client, self->endpoint, on_staged, on_looked, self);
  look_for_more (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  static const char *const capabilities[] = { "background_exchange_v1", "foreground_channel_v1", NULL };
  static const char *const work_only[] = { "background_exchange_v1", NULL };
  GTask *task = user_data;
  RbAttach *self = g_task_get_source_object (task);
  g_autofree char *directory = g_get_current_dir ();
  const RbClientRegistration registration = { .agent_id = self->name,
                                              .kind = self->kind,
                                              .session_name = self->name,
                                              .workspace = g_utf8_validate (directory, -1, NULL) ? directory : NULL,
                                              .runtime_session_id = self->session_id,
                                              .capabilities = self->for_claims ? work_only : capabilities,
                                              .execution_surface = "headless",
                                              .background_exchange_mode = "adapter_managed_turn" };
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new_for (&registration);
  GError *error = NULL;

  if (!rb_client_connect_finish (RB_CLIENT (source), result, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  rb_client_register_async (self->client, endpoint, g_task_get_cancellable (task), on_registered, task);
}

void
rb_attach_start_async (RbAttach            *self,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_attach_start_async);
  g_task_set_check_cancellable (task, FALSE);
  rb_client_connect_async (self->client, cancellable, on_connected, task);
}

gboolean
rb_attach_start_finish (RbAttach      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbAttach *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr(RbClientMessage) message = rb_client_claim_finish (RB_CLIENT (source), result, &error);

  if (message == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (remember (self, message))
    begin_turn (self, message);
  g_task_return_boolean (task, TRUE);
}

void
rb_attach_claim_async (RbAttach            *self,
                       const char          *undispatched_id,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_attach_claim_async);
  g_task_set_check_cancellable (task, FALSE);
  rb_client_claim_async (self->client, self->endpoint, undispatched_id, cancellable, on_claimed, task);
}

gboolean
rb_attach_claim_finish (RbAttach      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_attach_end_turn (RbAttach *self,
                    RbTurn   *turn)
{
  g_hash_table_remove (self->turns, turn);
  look_for_more (self);
  if (self->stopping != NULL && g_hash_table_size (self->turns) == 0)
    leave (self);
}

static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RbAttach *self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->stopping);

  rb_client_close_finish (RB_CLIENT (source), result);
  g_task_return_boolean (task, TRUE);
}

static void
close_client (RbAttach *self)
{
  rb_clock_clear (rb_client_get_clock (self->client), &self->stop_timer);
  rb_client_close_async (self->client, on_closed, self);
}

static void
on_unregistered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  RbAttach *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!rb_client_unregister_finish (RB_CLIENT (source), result, &error))
    rb_log_info ("unregister_failed", "error", error->message, NULL);
  close_client (self);
}

/* What the end still had to say has been said, or had its time. */
static void
leave (RbAttach *self)
{
  if (self->unregistering)
    return;
  self->unregistering = TRUE;
  g_clear_pointer (&self->pull, rb_attach_pull_free);
  if (self->endpoint != NULL && rb_client_get_phase (self->client) == RB_CLIENT_CONNECTED)
    rb_client_unregister_async (self->client, self->endpoint, NULL, on_unregistered, self);
  else
    close_client (self);
}

static void
on_stop_timer (gpointer user_data)
{
  RbAttach *self = user_data;

  self->stop_timer = 0;
  leave (self);
}

void
rb_attach_stop_async (RbAttach            *self,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_return_if_fail (self->stopping == NULL);

  self->stopping = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stopping, rb_attach_stop_async);
  if (g_hash_table_size (self->turns) == 0)
    leave (self);
  else
    self->stop_timer = rb_clock_add (rb_client_get_clock (self->client), RB_ATTACH_STOP_MS, on_stop_timer, self);
}

void
rb_attach_stop_finish (RbAttach     *self,
                       GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
