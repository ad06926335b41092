/* connector-good.c: a connector that does what it should and tells in its address what it was told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

G_DECLARE_FINAL_TYPE (GoodConnector, good_connector, TEST, GOOD_CONNECTOR, GObject)

struct _GoodConnector {
  GObject parent_instance;

  GString *told;
};

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GoodConnector, good_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  g_string_append_printf (TEST_GOOD_CONNECTOR (module)->told, "%s %d ", rb_module_context_get_string (context, "greeting"),
                          (int) rb_module_context_get_integer (context, "port"));
  return TRUE;
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
}

static void
set_window (RbConnector *connector,
            guint        messages,
            gsize        bytes)
{
  g_string_append_printf (TEST_GOOD_CONNECTOR (connector)->told, "window %u/%u ", messages, (guint) bytes);
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  g_string_append_printf (TEST_GOOD_CONNECTOR (connector)->told, "accept %d ", (int) seq);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  g_string_append_printf (TEST_GOOD_CONNECTOR (connector)->told, "release %d ", (int) seq);
}

/* What is sent comes back as sequence 5. */
static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (connector, cancellable, callback, user_data);

  rb_connector_emit_connected (connector);
  rb_connector_emit_delivery (connector, 5, envelope);
  rb_connector_emit_disconnected (connector, "tired");
  rb_connector_emit_superseded (connector);
  g_task_return_pointer (task, g_strdup (rb_envelope_get_id (envelope)), g_free);
}

static gboolean
send_finish (RbConnector   *connector,
             GAsyncResult  *result,
             char         **message_id,
             RbSendStatus  *status,
             GError       **error)
{
  *message_id = g_task_propagate_pointer (G_TASK (result), error);
  *status = RB_SEND_DELIVERED;
  return *message_id != NULL;
}

static const char *
get_address (RbConnector *connector)
{
  return TEST_GOOD_CONNECTOR (connector)->told->str;
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
good_connector_finalize (GObject *object)
{
  g_string_free (TEST_GOOD_CONNECTOR (object)->told, TRUE);
  G_OBJECT_CLASS (good_connector_parent_class)->finalize (object);
}

static void
good_connector_class_init (GoodConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = good_connector_finalize;
}

static void
good_connector_init (GoodConnector *self)
{
  self->told = g_string_new (NULL);
}

static const RbModuleSetting settings[] = {
  { "greeting", RB_SETTING_STRING, "hello", "What it says" },
  { "port", RB_SETTING_INTEGER, "80", "A number" },
  { "fast", RB_SETTING_BOOLEAN, "true", "Whether it hurries" },
  { "directory", RB_SETTING_PATH, NULL, "Where it keeps things" },
  { "tags", RB_SETTING_STRING_LIST, NULL, "Tags" },
  { NULL },
};

RB_MODULE_DEFINE ("good", RB_MODULE_CONNECTOR, "1.2", "Does what it should", settings, good_connector_get_type)
