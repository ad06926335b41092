/* rb-client.c: an adapter's connection to the broker: it comes back by itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client.h"

#include "rb-client-properties.h"
#include "rb-client-self.h"
#include "rb-client-start.h"

G_DEFINE_ENUM_TYPE (RbClientPhase, rb_client_phase,
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_NEVER_CONNECTED, "never-connected"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_CONNECTED, "connected"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_RECONNECTING, "reconnecting"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_CLOSED, "closed"))

/**
 * RbClient:
 *
 * An adapter's connection to the broker, which comes back by itself.
 *
 * One client is one channel is one process: a second client of a process cannot
 * connect. [method@Rb.Client.find_async] is enough for plain calls;
 * [method@Rb.Client.connect_async] also opens the channel and keeps it open
 * until [method@Rb.Client.close_async]: when it breaks, the client looks for the
 * broker again, with a pause that grows from 1 s to 30 s, brings its endpoints
 * back, and registers anew those that the broker forgot.
 *
 * A client belongs to the thread-default main context in which it was made: its
 * calls are made there, and its signals and answers come there.
 *
 * Source: section 21 of the broker's protocol.
 */
G_DEFINE_FINAL_TYPE (RbClient, rb_client, G_TYPE_OBJECT)

static void
rb_client_dispose (GObject *object)
{
  RbClient *self = RB_CLIENT (object);

  rb_clock_clear (self->clock, &self->reconnect_timer);
  rb_clock_clear (self->clock, &self->close_timer);
  rb_client_drop_channel (self);
  rb_client_release_pid (self);
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
  g_queue_clear_full (&self->early, g_object_unref);
  g_free (self->presence);
  G_OBJECT_CLASS (rb_client_parent_class)->finalize (object);
}

static void
rb_client_class_init (RbClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_client_dispose;
  object_class->finalize = rb_client_finalize;
  rb_client_properties_install (object_class);

  /**
   * RbClient::message:
   * @self: the client
   * @endpoint: (nullable): the endpoint that it is for; %NULL: none that we know
   * @message: the message
   *
   * A message came. %TRUE says that the application has stored it, so that the
   * broker may forget it. When all handlers return %FALSE, it may not: it brings
   * the message again, unless [method@Rb.Client.acknowledge] follows within some
   * seconds.
   *
   * A message may come twice: [property@Rb.ClientMessage:id] tells.
   *
   * Returns: %TRUE when the message is stored
   */
  g_signal_new ("message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                                   NULL, NULL, G_TYPE_BOOLEAN, 2, RB_TYPE_CLIENT_ENDPOINT, RB_TYPE_CLIENT_MESSAGE);
  /**
   * RbClient::presence-changed:
   * @self: the client
   * @presence: `online`, `reconnecting` or `offline`
   * @reason: (nullable): why
   *
   * The broker's link to its network is another one now.
   */
  g_signal_new ("presence-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                    G_TYPE_STRING, G_TYPE_STRING);
  /**
   * RbClient::phase-changed:
   * @self: the client
   * @phase: where it is now
   * @failure: (nullable): what ended the phase before
   *
   * The connection was made, broke, or was closed.
   */
  g_signal_new ("phase-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 RB_TYPE_CLIENT_PHASE, G_TYPE_STRING);
}

static void
rb_client_init (RbClient *self)
{
  self->endpoints = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->early);
  self->options = rb_client_options_new ();
  self->options->start = TRUE;
  self->clock = rb_clock_new_system ();
  rb_backoff_init (&self->backoff, self->options->backoff_initial_ms, self->options->backoff_max_ms);
}

/**
 * rb_client_new:
 *
 * Makes a client that is not connected. What it uses unless its properties say
 * otherwise comes from the environment (`MASONS_BROKER_ACCOUNT_ID`,
 * `MASONS_BROKER_USER_DATA`, `MASONS_BROKER_RUNTIME_TOKEN`).
 *
 * Returns: (transfer full): the client
 */
RbClient *
rb_client_new (void)
{
  return g_object_new (RB_TYPE_CLIENT, NULL);
}

RbClient *
rb_client_new_for (const RbClientOptions *options,
                   RbClock               *clock)
{
  RbClient *self = rb_client_new ();

  g_return_val_if_fail (options != NULL, NULL);

  rb_client_options_free (self->options);
  self->options = rb_client_options_copy (options);
  if (clock != NULL)
    g_set_object (&self->clock, clock);
  rb_backoff_init (&self->backoff, options->backoff_initial_ms, options->backoff_max_ms);
  return self;
}

/**
 * rb_client_get_phase: (get-property phase)
 * @self: a client
 *
 * Where it is with its connection.
 *
 * Returns: the phase
 */
RbClientPhase
rb_client_get_phase (RbClient *self)
{
  g_return_val_if_fail (RB_IS_CLIENT (self), RB_CLIENT_CLOSED);

  return self->phase;
}

/**
 * rb_client_get_presence: (get-property presence)
 * @self: a client
 *
 * What the broker's link to its network is.
 *
 * Returns: (transfer none) (nullable): `online`, `reconnecting` or `offline`;
 *   %NULL until connected
 */
const char *
rb_client_get_presence (RbClient *self)
{
  g_return_val_if_fail (RB_IS_CLIENT (self), NULL);

  return self->presence;
}

/**
 * rb_client_get_account: (get-property account)
 * @self: a client
 *
 * The account whose broker it wants.
 *
 * Returns: (transfer none): the account's id
 */
const char *
rb_client_get_account (RbClient *self)
{
  g_return_val_if_fail (RB_IS_CLIENT (self), NULL);

  return self->options->account_id;
}

RbClientOptions *
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

/**
 * rb_client_find_async:
 * @self: a client
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when a broker was found, or was not
 * @user_data: (closure): for @callback
 *
 * Finds a healthy broker, and starts one if none runs and
 * [property@Rb.Client:autostart] is set. That is enough for plain calls; what
 * needs an endpoint needs [method@Rb.Client.connect_async].
 */
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

/**
 * rb_client_find_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: why not
 *
 * Ends [method@Rb.Client.find_async]. Fails with %RB_CLIENT_ERROR_NOT_FOUND
 * (`broker_not_running`) when none runs and none may be started, with
 * %RB_CLIENT_ERROR_UNAVAILABLE (`broker_unreachable`) when one is named by its
 * files but does not answer, with %RB_CLIENT_ERROR_REJECTED
 * (`broker_start_failed`) when it cannot be started, with
 * %RB_CLIENT_ERROR_TIMED_OUT (`broker_start_timeout`) when it did not serve in
 * time.
 *
 * Returns: %TRUE when a broker was found
 */
gboolean
rb_client_find_finish (RbClient      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
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

gboolean
rb_client_has_endpoint (RbClient         *self,
                        RbClientEndpoint *endpoint)
{
  return g_ptr_array_find (self->endpoints, endpoint, NULL);
}

void
rb_client_forget_endpoint (RbClient         *self,
                           RbClientEndpoint *endpoint)
{
  rb_client_endpoint_forget (endpoint);
  g_ptr_array_remove (self->endpoints, endpoint);
}
