/* emitter-example.c: a module as somebody else would write it: it is built with what is installed, outside of the tree
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <rb-api.h>

#define EXAMPLE_TYPE_EMITTER (example_emitter_get_type ())
G_DECLARE_FINAL_TYPE (ExampleEmitter, example_emitter, EXAMPLE, EMITTER, GObject)

struct _ExampleEmitter {
  GObject parent_instance;
};

static void
emit_async (RbEmitter           *emitter,
            RbEvent             *event,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (emitter, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
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
  iface->emit_async = emit_async;
  iface->emit_finish = emit_finish;
}

static void
module_iface_init (RbModuleInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (ExampleEmitter, example_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static void
example_emitter_class_init (ExampleEmitterClass *klass)
{
}

static void
example_emitter_init (ExampleEmitter *self)
{
}

RB_MODULE_DEFINE ("example", RB_MODULE_EMITTER, "1", "Made elsewhere", NULL, example_emitter_get_type)
