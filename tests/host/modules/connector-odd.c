/* connector-odd.c: a connector that breaks its contract in the way its setting says
 *
 * With an '@' and the name of a network behind it, it has an address there as soon as it has started.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <string.h>

G_DECLARE_FINAL_TYPE (OddConnector, odd_connector, TEST, ODD_CONNECTOR, GObject)

struct _OddConnector {
  GObject parent_instance;

  char *behaviour;
  char *address;     /* (nullable) */
  gboolean has_started;
};

/* Calls that were never answered, of all instances. A released sequence answers them all, late. */
static GPtrArray *held;

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OddConnector, odd_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static gboolean
behaves (gpointer    self,
         const char *behaviour)
{
  return g_str_equal (TEST_ODD_CONNECTOR (self)->behaviour, behaviour);
}

static void
hold (GTask *task)
{
  if (held == NULL)
    held = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (held, g_object_ref (task));
}

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  OddConnector *self = TEST_ODD_CONNECTOR (module);
  const char *said = rb_module_context_get_string (context, "behaviour");

  self->behaviour = g_strndup (said, strcspn (said, "@"));
  self->address = strchr (said, '@') != NULL ? g_strdup (said) : NULL;
  if (behaves (module, "configure-fails"))
    rb_set_error (error, RB_ERROR_INVALID, NULL, "I do not like it here");
  return !g_str_has_prefix (self->behaviour, "configure-");
}

/* The first time, and from the fourth on. */
static gboolean
may_start (void)
{
  static guint n;

  return ++n == 1 || n > 3;
}

static gboolean
is_first_start (void)
{
  static guint n;

  return ++n == 1;
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  if (behaves (module, "start-fails") || (behaves (module, "start-seldom") && !may_start ()))
    g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "The network is away"));
  else if (behaves (module, "start-never") || (behaves (module, "start-once") && !is_first_start ()))
    hold (task);
  else
    {
      TEST_ODD_CONNECTOR (module)->has_started = TRUE;
      g_task_return_boolean (task, !behaves (module, "start-silent"));
    }
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  if (behaves (module, "stop-never"))
    hold (task);
  else
    g_task_return_boolean (task, TRUE);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
  iface->start_async = start_async;
  iface->stop_async = stop_async;
}

static void
set_window (RbConnector *connector,
            guint        messages,
            gsize        bytes)
{
  if (behaves (connector, "emits-early"))
    rb_connector_emit_connected (connector);
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"\"", 2);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", "bob", NULL, content, NULL, NULL);

  rb_connector_emit_delivery (connector, 0, envelope);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&held);

  TEST_ODD_CONNECTOR (connector)->has_started = TRUE;
  for (guint i = 0; tasks != NULL && i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static void
on_cancelled (GCancellable *cancellable,
              GTask        *task)
{
  g_task_return_error_if_cancelled (task);
}

static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (connector, cancellable, callback, user_data);

  g_task_set_check_cancellable (task, FALSE);
  if (behaves (connector, "send-never"))
    hold (task);
  else if (behaves (connector, "send-until-cancelled"))
    g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled), g_object_ref (task),
                           (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  else
    g_task_return_boolean (task, !behaves (connector, "send-silent"));

  if (behaves (connector, "send-twice"))
    {
      g_autoptr(GTask) again = g_task_new (connector, NULL, callback, user_data);

      g_task_return_boolean (again, TRUE);
    }
}

static gboolean
send_finish (RbConnector   *connector,
             GAsyncResult  *result,
             char         **message_id,
             RbSendStatus  *status,
             GError       **error)
{
  if (behaves (connector, "send-both"))
    rb_set_error (error, RB_ERROR_REJECTED, NULL, "Well, perhaps not");
  return g_task_propagate_boolean (G_TASK (result), behaves (connector, "send-both") ? NULL : error);
}

static const char *
get_address (RbConnector *connector)
{
  OddConnector *self = TEST_ODD_CONNECTOR (connector);

  return self->has_started ? self->address : NULL;
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = set_window;
  iface->accept = accept_seq;
  iface->release = release_seq;
  iface->send_async = send_async;
  iface->send_finish = send_finish;
  iface->get_address = get_address;
}

static void
odd_connector_finalize (GObject *object)
{
  g_free (TEST_ODD_CONNECTOR (object)->behaviour);
  g_free (TEST_ODD_CONNECTOR (object)->address);
  G_OBJECT_CLASS (odd_connector_parent_class)->finalize (object);
}

static void
odd_connector_class_init (OddConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = odd_connector_finalize;
}

static void
odd_connector_init (OddConnector *self)
{
}

static const RbModuleSetting settings[] = {
  { "behaviour", RB_SETTING_STRING, "good", "What it does wrong" },
  { NULL },
};

RB_MODULE_DEFINE ("odd", RB_MODULE_CONNECTOR, "0", "Breaks its contract", settings, odd_connector_get_type)
