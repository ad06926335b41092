/* rb-client-connection.c: from the first connecting to the closing, and all the coming back between
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-self.h"

#include "rb-client-attempt.h"
#include "rb-error.h"
#include "rb-log.h"

#include <glib/gi18n-lib.h>

#define CLOSE_TIMEOUT_MS 1000
#define CLOSE_RECOVER 1012   /* service restart (protocol.md 5.3) */
#define RESTARTING "broker_restart"   /* the reason of a broker that goes on at once */
#define EARLY_MAX 256

/* Two channels of one pid displace each other for ever, so a process has one client for each (protocol.md 21.1). */
G_LOCK_DEFINE_STATIC (connected_pids);
static GHashTable *connected_pids;

static void schedule_reconnect (RbClient *self, gint64 delay_ms);

static gboolean
claim_pid (RbClient *self)
{
  G_LOCK (connected_pids);
  if (connected_pids == NULL)
    connected_pids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  if (!self->has_pid)
    self->has_pid = g_hash_table_add (connected_pids, g_memdup2 (&self->options->pid, sizeof self->options->pid));
  G_UNLOCK (connected_pids);
  return self->has_pid;
}

void
rb_client_release_pid (RbClient *self)
{
  G_LOCK (connected_pids);
  if (self->has_pid)
    g_hash_table_remove (connected_pids, &self->options->pid);
  if (connected_pids != NULL && g_hash_table_size (connected_pids) == 0)
    g_clear_pointer (&connected_pids, g_hash_table_unref);
  self->has_pid = FALSE;
  G_UNLOCK (connected_pids);
}

static void
set_phase (RbClient      *self,
           RbClientPhase  phase,
           const char    *failure)
{
  if (self->phase == phase)
    return;
  self->phase = phase;
  g_object_notify (G_OBJECT (self), "phase");
  g_signal_emit_by_name (self, "phase-changed", phase, failure);
}

static RbClientEndpoint *
find_endpoint (RbClient   *self,
               const char *id)
{
  for (guint i = 0; id != NULL && i < self->endpoints->len; i++)
    {
      RbClientEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);

      if (rb_client_endpoint_has_id (endpoint, id))
        return endpoint;
    }
  /* A frame of an older broker names no endpoint; with one endpoint there is no doubt. */
  return id == NULL && self->endpoints->len == 1 && self->n_registering == 0 ? g_ptr_array_index (self->endpoints, 0) : NULL;
}

/* Takes @presence. */
static void
set_presence (RbClient *self,
              char     *presence)
{
  g_autofree char *former = self->presence;

  self->presence = presence;
  if (g_strcmp0 (former, presence) != 0)
    g_object_notify (G_OBJECT (self), "presence");
}

static gboolean
emit_message (RbClient        *self,
              RbClientMessage *message)
{
  gboolean stored = FALSE;

  g_signal_emit_by_name (self, "message", find_endpoint (self, message->endpoint_id), message, &stored);
  return stored;
}

static gboolean
on_channel_message (RbClientChannel *channel,
                    RbClientMessage *message,
                    RbClient        *self)
{
  if (self->n_registering == 0 || find_endpoint (self, message->endpoint_id) != NULL)
    return emit_message (self, message);

  if (self->early.length < EARLY_MAX)
    g_queue_push_tail (&self->early, g_object_ref (message));
  return FALSE;
}

static void
on_channel_presence (RbClientChannel *channel,
                     const char      *presence,
                     const char      *reason,
                     RbClient        *self)
{
  set_presence (self, g_strdup (presence));
  g_signal_emit_by_name (self, "presence-changed", presence, reason);
}

static void
finish_closing (RbClient *self)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->closing);

  rb_clock_clear (self->clock, &self->close_timer);
  rb_client_drop_channel (self);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
lose_connection (RbClient   *self,
                 const char *failure)
{
  rb_client_drop_channel (self);
  if (self->closing != NULL)
    finish_closing (self);
  else if (self->attempt != NULL)
    g_cancellable_cancel (self->attempt);   /* its callback schedules the next */
  else if (self->phase == RB_CLIENT_CONNECTED)
    {
      rb_log_info ("broker_connection_lost", "reason", failure, NULL);
      set_phase (self, RB_CLIENT_RECONNECTING, failure);
      /* Its sockets listen meanwhile: who connects now waits until it serves, and is back that much earlier. */
      schedule_reconnect (self, g_strcmp0 (failure, RESTARTING) == 0 ? 0 : rb_backoff_next (&self->backoff));
    }
}

static void
on_channel_closed (RbClientChannel *channel,
                   const char      *reason,
                   RbClient        *self)
{
  g_autoptr(RbClient) alive = g_object_ref (self);

  lose_connection (self, reason);
}

void
rb_client_drop_channel (RbClient *self)
{
  if (self->channel == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->channel, self);
  rb_client_channel_close (self->channel, CLOSE_RECOVER, "broker_recover");
  g_clear_object (&self->channel);
  g_queue_clear_full (&self->early, g_object_unref);
}

static void
adopt_channel (RbClientHttp    *http,
               RbClientChannel *channel,
               gpointer         user_data)
{
  RbClient *self = RB_CLIENT (g_task_get_source_object (user_data));

  if (self->phase == RB_CLIENT_CLOSED)
    return;
  g_set_object (&self->http, http);
  rb_client_drop_channel (self);
  self->channel = g_object_ref (channel);
  g_signal_connect (channel, "message", G_CALLBACK (on_channel_message), self);
  g_signal_connect (channel, "presence", G_CALLBACK (on_channel_presence), self);
  g_signal_connect (channel, "closed", G_CALLBACK (on_channel_closed), self);
}

/* The task of an attempt belongs to connect_async() or, after a break, to nobody: its callback is NULL then. */
static void
on_attempt_done (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbClient *self = g_task_get_source_object (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) greeting = rb_client_attempt_finish (result, &error);

  g_clear_object (&self->attempt);
  if (greeting != NULL && self->channel != NULL && self->phase != RB_CLIENT_CLOSED)
    {
      g_clear_pointer (&self->greeting, rb_json_unref);
      self->greeting = g_steal_pointer (&greeting);
      set_presence (self, rb_json_peek_string (self->greeting, "network_presence"));
      rb_backoff_reset (&self->backoff);
      set_phase (self, RB_CLIENT_CONNECTED, NULL);
      g_task_return_boolean (task, TRUE);
      return;
    }

  rb_client_drop_channel (self);
  if (error == NULL)
    error = rb_error_new (RB_ERROR_UNAVAILABLE, "broker_connection_lost", _ ("the broker closed the channel"));
  if (self->phase == RB_CLIENT_RECONNECTING)
    {
      rb_log_debug ("broker_reconnect_failed", "error", error->message, NULL);
      schedule_reconnect (self, rb_backoff_next (&self->backoff));
    }
  else
    rb_client_release_pid (self);
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
begin_attempt (RbClient *self,
               GTask    *task)
{
  GCancellable *outer = g_task_get_cancellable (task);

  self->attempt = g_cancellable_new ();
  if (outer != NULL)
    g_signal_connect_object (outer, "cancelled", G_CALLBACK (g_cancellable_cancel), self->attempt, G_CONNECT_SWAPPED);
  if (outer != NULL && g_cancellable_is_cancelled (outer))
    g_cancellable_cancel (self->attempt);
  rb_client_attempt_async (self->options, self->clock, self->endpoints, adopt_channel, self->attempt, on_attempt_done, task);
}

static void
on_reconnect_timer (gpointer user_data)
{
  RbClient *self = user_data;
  GTask *task = g_task_new (self, NULL, NULL, NULL);

  self->reconnect_timer = 0;
  g_task_set_source_tag (task, on_reconnect_timer);
  begin_attempt (self, task);
}

static void
schedule_reconnect (RbClient *self,
                    gint64    delay_ms)
{
  if (self->reconnect_timer == 0)
    self->reconnect_timer = rb_clock_add (self->clock, delay_ms, on_reconnect_timer, self);
}

/**
 * rb_client_connect_async:
 * @self: a client that never was connected
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is connected, or is not
 * @user_data: (closure): for @callback
 *
 * Finds the broker as [method@Rb.Client.find_async] does, greets it and opens
 * the channel. When this fails, nothing goes on in the background: call it
 * again. Once it succeeded, the client stays connected by itself.
 */
void
rb_client_connect_async (RbClient            *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (RB_IS_CLIENT (self));

  g_task_set_source_tag (task, rb_client_connect_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->phase != RB_CLIENT_NEVER_CONNECTED || self->attempt != NULL)
    g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, "already_connected", "the client is already connected"));
  else if (!claim_pid (self))
    g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, "already_connected",
                                             "another client of this process is connected as pid %" G_GINT64_FORMAT,
                                             self->options->pid));
  else
    {
      begin_attempt (self, task);
      return;
    }
  g_object_unref (task);
}

/**
 * rb_client_connect_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.connect_async]. Fails as
 * [method@Rb.Client.find_finish] does, and with %RB_CLIENT_ERROR_BAD_STATE
 * (`already_connected`) when this client or another one of this process is
 * connected.
 *
 * Returns: %TRUE when it is connected
 */
gboolean
rb_client_connect_finish (RbClient      *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_close_timer (gpointer user_data)
{
  RbClient *self = user_data;

  self->close_timer = 0;
  finish_closing (self);
}

/**
 * rb_client_close_async:
 * @self: a client
 * @callback: (nullable) (scope async): called when the channel is closed
 * @user_data: (closure): for @callback
 *
 * Stops coming back and closes the channel. Endpoints stay with the broker:
 * unregister them first, or leave them to its grace period, in which a process
 * that comes back finds them again.
 */
void
rb_client_close_async (RbClient            *self,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_return_if_fail (RB_IS_CLIENT (self));

  g_task_set_source_tag (task, rb_client_close_async);
  rb_clock_clear (self->clock, &self->reconnect_timer);
  if (self->attempt != NULL)
    g_cancellable_cancel (self->attempt);
  set_phase (self, RB_CLIENT_CLOSED, NULL);
  rb_client_release_pid (self);

  if (self->closing != NULL || self->channel == NULL || !rb_client_channel_is_open (self->channel))
    {
      rb_client_drop_channel (self);
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->closing = g_steal_pointer (&task);
  self->close_timer = rb_clock_add (self->clock, CLOSE_TIMEOUT_MS, on_close_timer, self);
  rb_client_channel_close (self->channel, SOUP_WEBSOCKET_CLOSE_NORMAL, "client_close");
}

/**
 * rb_client_close_finish:
 * @self: a client
 * @result: what the callback was given
 *
 * Ends [method@Rb.Client.close_async], which never fails.
 */
void
rb_client_close_finish (RbClient     *self,
                        GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/**
 * rb_client_acknowledge:
 * @self: a client
 * @message: what a handler of [signal@Rb.Client::message] returned %FALSE for
 *
 * Says that the message is stored by now, so that the broker may forget it. Do
 * it within some seconds, or it comes again. It does nothing for a message that
 * needs no receipt, and while the client is not connected: then the message
 * comes again, too.
 */
void
rb_client_acknowledge (RbClient        *self,
                       RbClientMessage *message)
{
  g_return_if_fail (RB_IS_CLIENT (self));
  g_return_if_fail (RB_IS_CLIENT_MESSAGE (message));

  if (self->channel != NULL && message->push_id != NULL)
    rb_client_channel_acknowledge (self->channel, message->push_id);
}

void
rb_client_note_unreachable (RbClient     *self,
                            RbClientHttp *http)
{
  if (self->http == http)
    lose_connection (self, "ipc_fetch_failed");
}

void
rb_client_begin_registration (RbClient *self)
{
  self->n_registering++;
}

void
rb_client_end_registration (RbClient         *self,
                            RbClientEndpoint *endpoint)
{
  self->n_registering--;
  if (endpoint != NULL)
    g_ptr_array_add (self->endpoints, g_object_ref (endpoint));
}

void
rb_client_deliver_early (RbClient *self)
{
  GQueue early = self->early;
  RbClientMessage *next;

  g_queue_init (&self->early);
  while ((next = g_queue_pop_head (&early)) != NULL)
    {
      g_autoptr(RbClientMessage) message = next;

      if (emit_message (self, message))
        rb_client_acknowledge (self, message);
    }
}
