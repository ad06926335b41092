/* rb-guard-emitter.c: guards an emitter
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-guard-emitter.h"

struct _RbGuardEmitter {
  RbGuard parent_instance;
};

static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbGuardEmitter, rb_guard_emitter, RB_TYPE_GUARD,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static RbEmitter *
get_module (gpointer self)
{
  return RB_EMITTER (rb_guard_get_module (RB_GUARD (self)));
}

/* Whose word decides does not depend on whether it runs. */
static gboolean
is_authority (RbEmitter *emitter)
{
  return rb_emitter_is_authority (get_module (emitter));
}

static void
on_emitted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbGuardCall) call = rb_guard_call_take (user_data, source);
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  gboolean ok;

  if (call == NULL)
    return;

  ok = rb_emitter_emit_finish (get_module (rb_guard_call_get_guard (call)), result, &error);
  if (!rb_guard_call_check (call, ok, error))
    return;
  task = rb_guard_call_steal_task (call);
  g_task_return_boolean (task, TRUE);
}

static void
emit_async (RbEmitter           *emitter,
            RbEvent             *event,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  GTask *task = g_task_new (emitter, cancellable, callback, user_data);
  g_autoptr(GCancellable) ours = NULL;
  RbGuardCall *call;

  g_task_set_source_tag (task, emit_async);
  call = rb_guard_call_new (RB_GUARD (emitter), "emit", RB_ERROR_TIMED_OUT, task, &ours);
  if (call != NULL)
    rb_emitter_emit_async (get_module (emitter), event, ours, on_emitted, rb_guard_call_get_id (call));
}

static gboolean
emit_finish (RbEmitter     *emitter,
             GAsyncResult  *result,
             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->is_authority = is_authority;
  iface->emit_async = emit_async;
  iface->emit_finish = emit_finish;
}

static void
rb_guard_emitter_class_init (RbGuardEmitterClass *klass)
{
}

static void
rb_guard_emitter_init (RbGuardEmitter *self)
{
}
