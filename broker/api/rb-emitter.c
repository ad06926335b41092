/* rb-emitter.c: carries events outwards
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-emitter.h"

#include "rb-error.h"

G_DEFINE_INTERFACE (RbEmitter, rb_emitter, RB_TYPE_MODULE)

static gboolean
default_is_authority (RbEmitter *self)
{
  return FALSE;
}

static void
default_emit_async (RbEmitter           *self,
                    RbEvent             *event,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, default_emit_async);
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_SUPPORTED, NULL, "This emitter does not carry '%s'",
                                           rb_event_kind_to_string (rb_event_get_kind (event))));
}

static gboolean
default_emit_finish (RbEmitter     *self,
                     GAsyncResult  *result,
                     GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rb_emitter_default_init (RbEmitterInterface *iface)
{
  iface->is_authority = default_is_authority;
  iface->emit_async = default_emit_async;
  iface->emit_finish = default_emit_finish;
}

gboolean
rb_emitter_is_authority (RbEmitter *self)
{
  g_return_val_if_fail (RB_IS_EMITTER (self), FALSE);
  return RB_EMITTER_GET_IFACE (self)->is_authority (self);
}

void
rb_emitter_emit_async (RbEmitter           *self,
                       RbEvent             *event,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_return_if_fail (RB_IS_EMITTER (self));
  g_return_if_fail (event != NULL);
  RB_EMITTER_GET_IFACE (self)->emit_async (self, event, cancellable, callback, user_data);
}

gboolean
rb_emitter_emit_finish (RbEmitter     *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (RB_IS_EMITTER (self), FALSE);
  return RB_EMITTER_GET_IFACE (self)->emit_finish (self, result, error);
}
