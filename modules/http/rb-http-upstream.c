/* rb-http-upstream.c: the directory of a network, over its HTTP API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each call is built, sent, judged and read by pure functions over the tables of protocol.md section 14; here they are only joined.
 * Who we are is asked at the start and until it is known; the control events begin then. */
#include "config.h"

#include "rb-http-upstream.h"

#include "rb-error.h"
#include "rb-http-acks.h"
#include "rb-http-call.h"
#include "rb-http-control.h"
#include "rb-http-events.h"
#include "rb-http-principal.h"
#include "rb-http-reader.h"
#include "rb-http-request.h"
#include "rb-log.h"

static const RbBoundInfo bounds[RB_N_HTTP_BOUNDS] = {
  [RB_HTTP_BOUND_ANSWER] = { "http_answer", "bytes", RB_BOUND_PUSHES_BACK, "a call with a longer answer fails" },
  [RB_HTTP_BOUND_EVENT] = { "http_event", "bytes", RB_BOUND_PUSHES_BACK, "the stream of a longer event is opened anew" },
  [RB_HTTP_BOUND_ACKS] = { "http_acks", "acknowledgements", RB_BOUND_PUSHES_BACK,
                           "further ones are not sent; the upstream asks again" },
  [RB_HTTP_BOUND_ACK_KEYS] = { "http_ack_keys", "keys", RB_BOUND_FORGETS, "all are forgotten; another name in the log" },
};

struct _RbHttpUpstream {
  GObject parent_instance;

  RbHttpSettings  *settings;
  RbModuleContext *context;
  RbClock         *clock;
  /* All four are NULL while the module does not run. */
  RbHttpClient    *client;
  RbHttpPrincipal *principal;
  RbHttpEvents    *events;
  RbHttpAcks      *acks;
};

static void module_iface_init   (RbModuleInterface *iface);
static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbHttpUpstream, rb_http_upstream, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

typedef struct {
  RbUpstreamCall  call;
  GVariant       *arguments;
} Call;

static void
call_free (Call *self)
{
  g_variant_unref (self->arguments);
  g_free (self);
}

static void
acknowledge (RbHttpUpstream      *self,
             const RbHttpControl *control)
{
  g_autoptr(GVariant) arguments = NULL;
  g_autoptr(GError) error = NULL;

  arguments = g_variant_ref_sink (g_variant_new_parsed ("{'idempotency_key': <%s>, 'status': <%s>, 'detail': <%s>}",
                                                        control->key, control->status, control->detail));
  if (!rb_http_acks_post (self->acks, arguments, &error))
    rb_log_warning ("ack_post_error", "idempotency_key", control->key, "err", error->message, NULL);
}

static void
on_frame (GBytes   *data,
          gpointer  user_data)
{
  RbHttpUpstream *self = user_data;
  g_auto(RbHttpControl) control = { NULL };

  switch (rb_http_control_read (data, &control))
    {
    case RB_HTTP_CONTROL_UNPARSEABLE:
      rb_log_warning ("sse_frame_unparseable", NULL);
      break;
    case RB_HTTP_CONTROL_IGNORE:
      break;
    case RB_HTTP_CONTROL_ACK:
      acknowledge (self, &control);
      break;
    case RB_HTTP_CONTROL_EVENT:
      rb_upstream_emit_control (RB_UPSTREAM (self), control.event);
      break;
    }
}

static void
on_known (gpointer user_data)
{
  RbHttpUpstream *self = user_data;
  const char *node_id = rb_http_principal_get_node_id (self->principal);

  rb_log_debug ("runtime_principal_known", "subject_id", node_id, NULL);
  rb_http_events_start (self->events, node_id);
}

static void
drop_parts (RbHttpUpstream *self)
{
  if (self->principal != NULL)
    rb_http_principal_stop (self->principal);
  if (self->events != NULL)
    rb_http_events_stop (self->events);
  if (self->acks != NULL)
    rb_http_acks_stop (self->acks);
  if (self->client != NULL)
    rb_http_client_stop (self->client);
  g_clear_object (&self->principal);
  g_clear_object (&self->events);
  g_clear_object (&self->acks);
  g_clear_pointer (&self->client, rb_http_client_unref);
}

static gboolean
make_parts (RbHttpUpstream  *self,
            GError         **error)
{
  if (self->settings == NULL || self->client != NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, NULL, "The http upstream cannot start now");
      return FALSE;
    }

  self->client = rb_http_client_new (self->settings, self->clock, error);
  if (self->client == NULL)
    return FALSE;
  self->principal = rb_http_principal_new (self->client, self->settings, self->clock, on_known, self);
  self->events = rb_http_events_new (self->client, self->settings, self->clock, on_frame, self);
  self->acks = rb_http_acks_new (self->client, self->settings, self->clock);
  rb_http_client_set_bounds (self->client, rb_module_context_get_bounds (self->context), RB_HTTP_BOUND_ANSWER);
  rb_http_events_set_bounds (self->events, rb_module_context_get_bounds (self->context));
  rb_http_acks_set_bounds (self->acks, rb_module_context_get_bounds (self->context));
  return TRUE;
}

static gboolean
rb_http_upstream_configure (RbModule         *module,
                            RbModuleContext  *context,
                            GError          **error)
{
  RbHttpUpstream *self = RB_HTTP_UPSTREAM (module);
  g_autoptr(RbHttpClient) trial = NULL;

  self->settings = rb_http_settings_new (context, error);
  if (self->settings == NULL)
    return FALSE;
  g_set_object (&self->clock, rb_module_context_get_environment (context)->clock);
  /* What is wrong with the certificates is said now. */
  trial = rb_http_client_new (self->settings, self->clock, error);
  if (trial == NULL)
    return FALSE;
  g_set_object (&self->context, context);
  rb_module_context_make_bounds (context, bounds, G_N_ELEMENTS (bounds));
  return TRUE;
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (rb_http_principal_start_finish (RB_HTTP_PRINCIPAL (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  drop_parts (g_task_get_source_object (task));
  g_task_return_error (task, error);
}

static void
rb_http_upstream_start_async (RbModule            *module,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  RbHttpUpstream *self = RB_HTTP_UPSTREAM (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_http_upstream_start_async);
  g_task_set_check_cancellable (task, FALSE);
  if (make_parts (self, &error))
    rb_http_principal_start_async (self->principal, cancellable, on_started, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
rb_http_upstream_stop_async (RbModule            *module,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  RbHttpUpstream *self = RB_HTTP_UPSTREAM (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_http_upstream_stop_async);
  drop_parts (self);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish_task (RbModule      *module,
             GAsyncResult  *result,
             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, module), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static RbUpstreamFeatures
rb_http_upstream_get_features (RbUpstream *upstream)
{
  RbHttpUpstream *self = RB_HTTP_UPSTREAM (upstream);
  RbUpstreamFeatures features = RB_UPSTREAM_HAS_ROUTE_CLAIM | RB_UPSTREAM_HAS_CANDIDATES;

  return self->settings != NULL && self->settings->closed_lookup ? features | RB_UPSTREAM_HAS_CLOSED_LOOKUP : features;
}

static void
return_answer (GTask    *task,
               GVariant *answer,
               GError   *error)
{
  if (answer != NULL)
    g_task_return_pointer (task, g_variant_take_ref (answer), (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static void
log_missing (const Call *call)
{
  const char *endpoint_id = NULL;

  g_variant_lookup (call->arguments, "endpoint_id", "&s", &endpoint_id);
  rb_log_info ("transitionState_404_degraded", "endpoint_id", endpoint_id, NULL);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  const Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(RbHttpAnswer) answer = rb_http_call_finish (result, &error);
  GVariant *said = answer != NULL ? rb_http_reader_read (call->call, call->arguments, answer, &error) : NULL;

  if (answer != NULL && answer->status == 404 && call->call == RB_UPSTREAM_ENDPOINT_STATE)
    log_missing (call);
  return_answer (task, said, error);
}

static void
ask (RbHttpUpstream *self,
     GTask          *task)
{
  const Call *call = g_task_get_task_data (task);
  const RbHttpRoute *route = rb_http_route_of_call (call->call);
  const char *node_id = rb_http_principal_get_node_id (self->principal);
  GError *error = NULL;
  g_autofree char *path = rb_http_request_path (call->call, call->arguments, node_id, &error);
  g_autoptr(GBytes) body = NULL;

  if (path == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (call->call == RB_UPSTREAM_LOOKUP_CLOSED && node_id == NULL)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "principal_unknown", "The upstream has not said yet who we are"));
      return;
    }

  body = rb_http_request_body (call->call, call->arguments);
  rb_http_call_async (self->client, route, path, body,
                      route->is_list ? self->settings->list_timeout_ms : self->settings->request_timeout_ms,
                      g_task_get_cancellable (task), on_answered, g_object_ref (task));
}

/* (floating): NULL with @error */
static GVariant *
post_ack (RbHttpUpstream  *self,
          GVariant        *arguments,
          GError         **error)
{
  return rb_http_acks_post (self->acks, arguments, error) ? g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0) : NULL;
}

static void
rb_http_upstream_call_async (RbUpstream          *upstream,
                             RbUpstreamCall       which,
                             GVariant            *arguments,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  RbHttpUpstream *self = RB_HTTP_UPSTREAM (upstream);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);
  GError *error = NULL;
  GVariant *answer;

  g_task_set_source_tag (task, rb_http_upstream_call_async);
  g_task_set_check_cancellable (task, FALSE);
  call->call = which;
  call->arguments = g_variant_ref (arguments);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);

  if (self->client == NULL)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "stopped", "The http upstream does not run"));
      return;
    }
  if (which != RB_UPSTREAM_WHOAMI && which != RB_UPSTREAM_CONTROL_ACK)
    {
      ask (self, task);
      return;
    }
  answer = which == RB_UPSTREAM_WHOAMI ? rb_http_principal_dup_answer (self->principal, &error) : post_ack (self, arguments, &error);
  return_answer (task, answer, error);
}

static GVariant *
rb_http_upstream_call_finish (RbUpstream    *upstream,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, upstream), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
rb_http_upstream_dispose (GObject *object)
{
  drop_parts (RB_HTTP_UPSTREAM (object));
  G_OBJECT_CLASS (rb_http_upstream_parent_class)->dispose (object);
}

static void
rb_http_upstream_finalize (GObject *object)
{
  RbHttpUpstream *self = RB_HTTP_UPSTREAM (object);

  g_clear_pointer (&self->settings, rb_http_settings_free);
  g_clear_object (&self->context);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_http_upstream_parent_class)->finalize (object);
}

static void
rb_http_upstream_class_init (RbHttpUpstreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_http_upstream_dispose;
  object_class->finalize = rb_http_upstream_finalize;
}

static void
rb_http_upstream_init (RbHttpUpstream *self)
{
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_http_upstream_configure;
  iface->start_async = rb_http_upstream_start_async;
  iface->start_finish = finish_task;
  iface->stop_async = rb_http_upstream_stop_async;
  iface->stop_finish = finish_task;
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = rb_http_upstream_get_features;
  iface->call_async = rb_http_upstream_call_async;
  iface->call_finish = rb_http_upstream_call_finish;
}
