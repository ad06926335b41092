/* emitter-stuck.c: an emitter that fails or hangs where [stuck] mode says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <unistd.h>

#define TEST_TYPE_STUCK (stuck_emitter_get_type ())
G_DECLARE_FINAL_TYPE (StuckEmitter, stuck_emitter, TEST, STUCK, GObject)

struct _StuckEmitter {
  GObject parent_instance;

  const char *mode;      /* "fail-start", "hang-start", "hang-stop", "block-stop" */
  GTask      *forgotten; /* what is never answered */
};

static void module_iface_init (RbModuleInterface *iface);
static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (StuckEmitter, stuck_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static const RbModuleSetting settings[] = {
  { "mode", RB_SETTING_STRING, "none", "what goes wrong" },
  { NULL }
};

RB_MODULE_DEFINE ("stuck", RB_MODULE_EMITTER, "1", "Fails or hangs", settings, stuck_emitter_get_type)

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  TEST_STUCK (module)->mode = g_intern_string (rb_module_context_get_string (context, "mode"));
  return TRUE;
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  StuckEmitter *self = TEST_STUCK (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  if (g_str_equal (self->mode, "hang-start"))
    self->forgotten = g_steal_pointer (&task);
  else if (g_str_equal (self->mode, "fail-start"))
    g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "no_mood", "Not in the mood"));
  else
    g_task_return_boolean (task, TRUE);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  StuckEmitter *self = TEST_STUCK (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  while (g_str_equal (self->mode, "block-stop"))
    pause ();
  if (g_str_equal (self->mode, "hang-stop"))
    self->forgotten = g_steal_pointer (&task);
  else
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
emit_async (RbEmitter           *emitter,
            RbEvent             *event,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (emitter, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
  iface->start_async = start_async;
  iface->start_finish = finish;
  iface->stop_async = stop_async;
  iface->stop_finish = finish;
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->emit_async = emit_async;
}

static void
stuck_emitter_class_init (StuckEmitterClass *klass)
{
}

static void
stuck_emitter_init (StuckEmitter *self)
{
}
