/* emitter-good.c: an emitter that refuses the subject 'bad'
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

G_DECLARE_FINAL_TYPE (GoodEmitter, good_emitter, TEST, GOOD_EMITTER, GObject)

struct _GoodEmitter {
  GObject parent_instance;
};

static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GoodEmitter, good_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, NULL)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static gboolean
is_authority (RbEmitter *emitter)
{
  return TRUE;
}

static void
emit_async (RbEmitter           *emitter,
            RbEvent             *event,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (emitter, cancellable, callback, user_data);

  if (g_str_equal (rb_event_get_subject (event), "bad"))
    g_task_return_error (task, rb_error_new (RB_ERROR_REJECTED, "bad_subject", "Not this one"));
  else
    g_task_return_boolean (task, TRUE);
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->is_authority = is_authority;
  iface->emit_async = emit_async;
}

static void
good_emitter_class_init (GoodEmitterClass *klass)
{
}

static void
good_emitter_init (GoodEmitter *self)
{
}

RB_MODULE_DEFINE ("good", RB_MODULE_EMITTER, "1.2", "Does what it should", NULL, good_emitter_get_type)
