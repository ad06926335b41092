/* connector-gateway.c: a connector in the place of the real one, which does what [gateway] mode says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <string.h>

#define LATE_MS 1500   /* when others have found the broker already */

#define TEST_TYPE_GATEWAY (test_gateway_get_type ())
G_DECLARE_FINAL_TYPE (TestGateway, test_gateway, TEST, GATEWAY, GObject)

struct _TestGateway {
  GObject parent_instance;

  RbModuleContext *context;
  GTask           *start;   /* not answered yet */
  guint64          timer;
};

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestGateway, test_gateway, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static const RbModuleSetting settings[] = {
  { "url", RB_SETTING_STRING, NULL, "where the gateway is" },
  { "mode", RB_SETTING_STRING, "online", "online, away, superseded, refused, refused-late" },
  { NULL }
};

RB_MODULE_DEFINE ("gateway", RB_MODULE_CONNECTOR, "1", "Plays a gateway", settings, test_gateway_get_type)

static gboolean
has_mode (TestGateway *self,
          const char  *mode)
{
  return g_str_equal (rb_module_context_get_string (self->context, "mode"), mode);
}

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  TEST_GATEWAY (module)->context = g_object_ref (context);
  if (rb_module_context_get_string (context, "url") != NULL)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "[gateway] url is not set");
  return FALSE;
}

static void
on_late (gpointer user_data)
{
  TestGateway *self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->start);

  self->timer = 0;
  if (has_mode (self, "superseded"))
    rb_connector_emit_superseded (RB_CONNECTOR (self));
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_REJECTED, "protocol_version_mismatch", "The gateway speaks protocol 9, we speak 4"));
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  TestGateway *self = TEST_GATEWAY (module);
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  if (has_mode (self, "refused"))
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_REJECTED, "auth_failed", "The gateway does not know us"));
      return;
    }
  if (has_mode (self, "superseded") || has_mode (self, "refused-late"))
    self->timer = rb_clock_add (rb_module_context_get_environment (self->context)->clock, LATE_MS, on_late, self);
  if (has_mode (self, "refused-late"))
    {
      self->start = g_steal_pointer (&task);
      return;
    }

  if (has_mode (self, "away"))
    rb_connector_emit_disconnected (RB_CONNECTOR (self), "connection refused");
  else
    rb_connector_emit_connected (RB_CONNECTOR (self));
  g_task_return_boolean (task, TRUE);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  TestGateway *self = TEST_GATEWAY (module);
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  rb_clock_clear (rb_module_context_get_environment (self->context)->clock, &self->timer);
  g_clear_object (&self->start);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish (RbModule      *module,
        GAsyncResult  *result,
        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const char *
get_address (RbConnector *connector)
{
  return rb_module_context_get_string (TEST_GATEWAY (connector)->context, "url");
}

static void
test_gateway_finalize (GObject *object)
{
  g_clear_object (&TEST_GATEWAY (object)->context);
  G_OBJECT_CLASS (test_gateway_parent_class)->finalize (object);
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
set_window (RbConnector *connector,
            guint        messages,
            gsize        bytes)
{
}

static void
forget_seq (RbConnector *connector,
            gint64       seq)
{
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = set_window;
  iface->accept = forget_seq;
  iface->release = forget_seq;
  iface->get_address = get_address;
}

static void
test_gateway_class_init (TestGatewayClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_gateway_finalize;
}

static void
test_gateway_init (TestGateway *self)
{
}
