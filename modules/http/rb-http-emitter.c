/* rb-http-emitter.c: events posted to the upstream, whose refusal decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-emitter.h"

#include "rb-error.h"
#include "rb-http-call.h"
#include "rb-http-request.h"
#include "rb-log.h"

static const RbBoundInfo answer_bound = { "emitter_answer", "bytes", RB_BOUND_PUSHES_BACK, "the post fails and is repeated" };

struct _RbHttpEmitter {
  GObject parent_instance;

  RbHttpSettings *settings;
  RbModuleContext *context;
  RbClock        *clock;
  RbHttpClient   *client;     /* NULL while the module does not run */
};

static void module_iface_init  (RbModuleInterface *iface);
static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbHttpEmitter, rb_http_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static gboolean
rb_http_emitter_configure (RbModule         *module,
                           RbModuleContext  *context,
                           GError          **error)
{
  RbHttpEmitter *self = RB_HTTP_EMITTER (module);
  g_autoptr(RbHttpClient) trial = NULL;

  self->settings = rb_http_settings_new (context, error);
  if (self->settings == NULL)
    return FALSE;
  g_set_object (&self->clock, rb_module_context_get_environment (context)->clock);
  trial = rb_http_client_new (self->settings, self->clock, error);
  if (trial == NULL)
    return FALSE;
  g_set_object (&self->context, context);
  rb_module_context_make_bounds (context, &answer_bound, 1);
  return TRUE;
}

static RbHttpClient *
make_client (RbHttpEmitter  *self,
             GError        **error)
{
  RbHttpClient *client = rb_http_client_new (self->settings, self->clock, error);

  if (client != NULL)
    rb_http_client_set_bounds (client, rb_module_context_get_bounds (self->context), 0);
  return client;
}

static void
rb_http_emitter_start_async (RbModule            *module,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  RbHttpEmitter *self = RB_HTTP_EMITTER (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_http_emitter_start_async);
  if (self->settings != NULL && self->client == NULL)
    self->client = make_client (self, &error);
  else
    error = rb_error_new (RB_ERROR_BAD_STATE, NULL, "The http emitter cannot start now");

  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
drop_client (RbHttpEmitter *self)
{
  if (self->client != NULL)
    rb_http_client_stop (self->client);
  g_clear_pointer (&self->client, rb_http_client_unref);
}

static void
rb_http_emitter_stop_async (RbModule            *module,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_http_emitter_stop_async);
  drop_client (RB_HTTP_EMITTER (module));
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

static gboolean
rb_http_emitter_is_authority (RbEmitter *emitter)
{
  return TRUE;
}

static void
on_posted (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbEvent *event = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(RbHttpAnswer) answer = rb_http_call_finish (result, &error);

  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  /* Only an endpoint's state may be answered so: the upstream does not know it any more (14.5). */
  if (answer->status == 404)
    rb_log_info ("transitionState_404_degraded", "endpoint_id", rb_event_get_subject (event), NULL);
  g_task_return_boolean (task, TRUE);
}

static void
rb_http_emitter_emit_async (RbEmitter           *emitter,
                            RbEvent             *event,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  RbHttpEmitter *self = RB_HTTP_EMITTER (emitter);
  const RbHttpRoute *route = rb_http_route_of_event (rb_event_get_kind (event));
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *path = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_http_emitter_emit_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, rb_event_ref (event), (GDestroyNotify) rb_event_unref);

  path = rb_http_request_path_of (route, rb_event_get_subject (event), &error);
  if (path != NULL && self->client == NULL)
    error = rb_error_new (RB_ERROR_UNAVAILABLE, "stopped", "The http emitter does not run");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rb_http_call_async (self->client, route, path, rb_event_get_payload (event), self->settings->request_timeout_ms, cancellable,
                      on_posted, g_steal_pointer (&task));
}

static gboolean
rb_http_emitter_emit_finish (RbEmitter     *emitter,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, emitter), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rb_http_emitter_dispose (GObject *object)
{
  drop_client (RB_HTTP_EMITTER (object));
  G_OBJECT_CLASS (rb_http_emitter_parent_class)->dispose (object);
}

static void
rb_http_emitter_finalize (GObject *object)
{
  RbHttpEmitter *self = RB_HTTP_EMITTER (object);

  g_clear_pointer (&self->settings, rb_http_settings_free);
  g_clear_object (&self->context);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_http_emitter_parent_class)->finalize (object);
}

static void
rb_http_emitter_class_init (RbHttpEmitterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_http_emitter_dispose;
  object_class->finalize = rb_http_emitter_finalize;
}

static void
rb_http_emitter_init (RbHttpEmitter *self)
{
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_http_emitter_configure;
  iface->start_async = rb_http_emitter_start_async;
  iface->start_finish = finish_task;
  iface->stop_async = rb_http_emitter_stop_async;
  iface->stop_finish = finish_task;
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->is_authority = rb_http_emitter_is_authority;
  iface->emit_async = rb_http_emitter_emit_async;
  iface->emit_finish = rb_http_emitter_emit_finish;
}
