/* rb-client.c: an adapter's connection to the broker: it comes back by itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client.h"

#include "rb-backoff.h"
#include "rb-client-attempt.h"
#include "rb-client-private.h"
#include "rb-client-start.h"
#include "rb-error.h"
#include "rb-log.h"

#include <glib/gi18n-lib.h>

#define CLOSE_TIMEOUT_MS 1000
#define CLOSE_RECOVER 1012   /* service restart (protocol.md 5.3) */
#define RESTARTING "broker_restart"   /* the reason of a broker that goes on at once */
#define EARLY_MAX 256

struct _RbClient {
  GObject           parent_instance;

  RbClientOptions  *options;
  RbClock          *clock;
  RbClientPhase     phase;
  char             *presence;       /* (nullable) */
  gboolean          has_pid;        /* our pid is in @connected_pids */

  RbClientHttp     *http;           /* (nullable) the broker last found */
  RbClientChannel  *channel;        /* (nullable) */
  RbJson           *greeting;       /* (nullable) */
  GPtrArray        *endpoints;      /* of RbClientEndpoint */
  guint             n_registering;
  GQueue            early;          /* of RbClientMessage: came before the answer that names their endpoint */

  GCancellable     *attempt;        /* (nullable) while one runs */
  RbBackoff         backoff;
  guint64           reconnect_timer;
  GTask            *closing;        /* (nullable) */
  guint64           close_timer;
};

enum { MESSAGE, PRESENCE, PHASE, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbClient, rb_client, G_TYPE_OBJECT)

/* Two channels of one pid displace each other for ever, so a process has one client for each (protocol.md 21.1). */
G_LOCK_DEFINE_STATIC (connected_pids);
static GHashTable *connected_pids;

static void schedule_reconnect (RbClient *self, gint64 delay_ms);
static void drop_channel (RbClient *self);

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

static void
release_pid (RbClient *self)
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
  g_signal_emit (self, signals[PHASE], 0, (int) phase, failure);
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
  return self->endpoints->len == 1 && self->n_registering == 0 ? g_ptr_array_index (self->endpoints, 0) : NULL;
}

static gboolean
emit_message (RbClient        *self,
              RbClientMessage *message)
{
  gboolean stored = FALSE;

  g_signal_emit (self, signals[MESSAGE], 0, find_endpoint (self, message->endpoint_id), message, &stored);
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
    g_queue_push_tail (&self->early, rb_client_message_ref (message));
  return FALSE;
}

static void
on_channel_presence (RbClientChannel *channel,
                     const char      *presence,
                     const char      *reason,
                     RbClient        *self)
{
  g_free (self->presence);
  self->presence = g_strdup (presence);
  g_signal_emit (self, signals[PRESENCE], 0, presence, reason);
}

static void
finish_closing (RbClient *self)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->closing);

  rb_clock_clear (self->clock, &self->close_timer);
  drop_channel (self);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
lose_connection (RbClient   *self,
                 const char *failure)
{
  drop_channel (self);
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

static void
drop_channel (RbClient *self)
{
  if (self->channel == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->channel, self);
  rb_client_channel_close (self->channel, CLOSE_RECOVER, "broker_recover");
  g_clear_object (&self->channel);
  g_queue_clear_full (&self->early, (GDestroyNotify) rb_client_message_unref);
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
  drop_channel (self);
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
      g_free (self->presence);
      self->presence = rb_json_peek_string (self->greeting, "network_presence");
      rb_backoff_reset (&self->backoff);
      set_phase (self, RB_CLIENT_CONNECTED, NULL);
      g_task_return_boolean (task, TRUE);
      return;
    }

  drop_channel (self);
  if (error == NULL)
    error = rb_error_new (RB_ERROR_UNAVAILABLE, "broker_connection_lost", _ ("the broker closed the channel"));
  if (self->phase == RB_CLIENT_RECONNECTING)
    {
      rb_log_debug ("broker_reconnect_failed", "error", error->message, NULL);
      schedule_reconnect (self, rb_backoff_next (&self->backoff));
    }
  else
    release_pid (self);
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

static void
rb_client_dispose (GObject *object)
{
  RbClient *self = RB_CLIENT (object);

  rb_clock_clear (self->clock, &self->reconnect_timer);
  rb_clock_clear (self->clock, &self->close_timer);
  drop_channel (self);
  release_pid (self);
  g_clear_object (&self->http);
  G_OBJECT_CLASS (rb_client_parent_class)->dispose (object);
}

static void
rb_client_finalize (GObject *object)
{
  RbClient *self = RB_CLIENT (object);

  rb_client_options_free (self->options);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->greeting, rb_json_unref);
  g_ptr_array_unref (self->endpoints);
  g_queue_clear_full (&self->early, (GDestroyNotify) rb_client_message_unref);
  g_free (self->presence);
  G_OBJECT_CLASS (rb_client_parent_class)->finalize (object);
}

static void
rb_client_class_init (RbClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_client_dispose;
  object_class->finalize = rb_client_finalize;

  signals[MESSAGE] = g_signal_new ("message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                                   NULL, NULL, G_TYPE_BOOLEAN, 2, RB_TYPE_CLIENT_ENDPOINT, RB_TYPE_CLIENT_MESSAGE);
  signals[PRESENCE] = g_signal_new ("presence", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                    G_TYPE_STRING, G_TYPE_STRING);
  signals[PHASE] = g_signal_new ("phase", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 G_TYPE_INT, G_TYPE_STRING);
}

static void
rb_client_init (RbClient *self)
{
  self->endpoints = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->early);
}

RbClient *
rb_client_new (const RbClientOptions *options,
               RbClock               *clock)
{
  RbClient *self = g_object_new (RB_TYPE_CLIENT, NULL);

  g_return_val_if_fail (options != NULL, NULL);

  self->options = rb_client_options_copy (options);
  self->clock = clock != NULL ? g_object_ref (clock) : rb_clock_new_system ();
  rb_backoff_init (&self->backoff, options->backoff_initial_ms, options->backoff_max_ms);
  return self;
}

RbClientPhase
rb_client_get_phase (RbClient *self)
{
  return self->phase;
}

const char *
rb_client_get_presence (RbClient *self)
{
  return self->presence;
}

const RbClientOptions *
rb_client_get_options (RbClient *self)
{
  return self->options;
}

RbClock *
rb_client_get_clock (RbClient *self)
{
  return self->clock;
}

const RbClientSite *
rb_client_get_site (RbClient *self)
{
  return self->http != NULL ? rb_client_http_get_site (self->http) : NULL;
}

const RbJson *
rb_client_get_greeting (RbClient *self)
{
  return self->greeting;
}

static void
on_found (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbClient *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr(RbClientHttp) http = rb_client_start_finish (result, &error);

  if (http == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_set_object (&self->http, http);
  g_task_return_boolean (task, TRUE);
}

void
rb_client_find_async (RbClient            *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (RB_IS_CLIENT (self));

  g_task_set_source_tag (task, rb_client_find_async);
  rb_client_start_async (self->options, self->clock, cancellable, on_found, task);
}

gboolean
rb_client_find_finish (RbClient      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

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
  release_pid (self);

  if (self->closing != NULL || self->channel == NULL || !rb_client_channel_is_open (self->channel))
    {
      drop_channel (self);
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->closing = g_steal_pointer (&task);
  self->close_timer = rb_clock_add (self->clock, CLOSE_TIMEOUT_MS, on_close_timer, self);
  rb_client_channel_close (self->channel, SOUP_WEBSOCKET_CLOSE_NORMAL, "client_close");
}

void
rb_client_close_finish (RbClient     *self,
                        GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

RbClientHttp *
rb_client_get_http (RbClient *self)
{
  return self->http;
}

RbClientChannel *
rb_client_get_channel (RbClient *self)
{
  return self->channel;
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

      if (emit_message (self, message) && self->channel != NULL)
        rb_client_channel_acknowledge (self->channel, message->push_id);
    }
}

void
rb_client_forget_endpoint (RbClient         *self,
                           RbClientEndpoint *endpoint)
{
  g_ptr_array_remove (self->endpoints, endpoint);
}
