/* emitter-slow.c: an emitter that never says that it has started
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

G_DECLARE_FINAL_TYPE (SlowEmitter, slow_emitter, TEST, SLOW_EMITTER, GObject)

struct _SlowEmitter {
  GObject parent_instance;

  GTask *start;     /* the one that is not answered; it holds us until the stop */
};

static void module_iface_init (RbModuleInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SlowEmitter, slow_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, NULL))

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  TEST_SLOW_EMITTER (module)->start = g_task_new (module, NULL, callback, user_data);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, cancellable, callback, user_data);
  g_autoptr(GTask) start = g_steal_pointer (&TEST_SLOW_EMITTER (module)->start);

  g_task_return_boolean (start, TRUE);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish (RbModule      *module,
        GAsyncResult  *result,
        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->start_async = start_async;
  iface->start_finish = finish;
  iface->stop_async = stop_async;
  iface->stop_finish = finish;
}

static void
slow_emitter_class_init (SlowEmitterClass *klass)
{
}

static void
slow_emitter_init (SlowEmitter *self)
{
}

RB_MODULE_DEFINE ("slow", RB_MODULE_EMITTER, "1", "Never says that it has started", NULL, slow_emitter_get_type)
