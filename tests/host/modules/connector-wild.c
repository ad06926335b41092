/* connector-wild.c: a connector that does what the address it sends to says, to itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_FD 3
#define LEAK_BYTES (4 * 1024 * 1024)
#define FLOOD 5000

G_DECLARE_FINAL_TYPE (WildConnector, wild_connector, TEST, WILD_CONNECTOR, GObject)

struct _WildConnector {
  GObject parent_instance;

  char    *behaviour;
  GString *told;     /* is its address */
  gint64   last_seq;
};

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (WildConnector, wild_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

/* As it would be without a sanitizer, which has a handler of its own. */
static void
crash (RbConnector *self)
{
  struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  signal (SIGSEGV, SIG_DFL);
  raise (SIGSEGV);
}

static void
give_up (RbConnector *self)
{
  struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  abort ();
}

static void
leave (RbConnector *self)
{
  _exit (0);
}

static void
leak (RbConnector *self)
{
  while (TRUE)
    memset (g_malloc (LEAK_BYTES), 1, LEAK_BYTES);
}

static void
hang (RbConnector *self)
{
  while (TRUE)
    pause ();
}

static void
deliver (RbConnector *self)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"hi\"", 4);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", "bob", NULL, content, NULL, NULL);

  rb_connector_emit_delivery (self, ++TEST_WILD_CONNECTOR (self)->last_seq, envelope);
}

static void
flood (RbConnector *self)
{
  for (guint i = 0; i < FLOOD; i++)
    deliver (self);
}

static void
deliver_and_crash (RbConnector *self)
{
  deliver (self);
  crash (self);
}

/* What is no JSON comes in as a message. */
static void
deliver_garbage (RbConnector *self)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("hi", 2);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", "bob", NULL, content, NULL, NULL);

  rb_connector_emit_delivery (self, 1, envelope);
}

static void
write_garbage (RbConnector *self)
{
  if (send (SOCKET_FD, "\4\0\0\0what", 8, 0) != 8)
    abort ();
}

static void
write_long (RbConnector *self)
{
  if (send (SOCKET_FD, "\377\377\377\177", 4, 0) != 4)
    abort ();
}

static void
close_socket (RbConnector *self)
{
  shutdown (SOCKET_FD, SHUT_WR);
  hang (self);
}

static void
be_superseded (RbConnector *self)
{
  rb_connector_emit_superseded (self);
}

static gpointer
log_from_thread (gpointer data)
{
  rb_log_warning ("wild_thread_says", "what", "hello", NULL);
  return NULL;
}

static void
say (RbConnector *self)
{
  rb_log_warning ("wild_says", "what", "hello \"you\"", NULL);
  g_thread_join (g_thread_new ("wild", log_from_thread, NULL));
}

static const struct {
  const char *to;
  void      (*act) (RbConnector *self);
} acts[] = {
  { "crash", crash },
  { "abort", give_up },
  { "exit", leave },
  { "leak", leak },
  { "hang", hang },
  { "deliver", deliver },
  { "flood", flood },
  { "deliver-and-crash", deliver_and_crash },
  { "deliver-garbage", deliver_garbage },
  { "write-garbage", write_garbage },
  { "write-long", write_long },
  { "close-socket", close_socket },
  { "superseded", be_superseded },
  { "say", say },
};

static void
act_on (RbConnector *self,
        const char  *what)
{
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    if (g_strcmp0 (acts[i].to, what) == 0)
      acts[i].act (self);
}

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  WildConnector *self = TEST_WILD_CONNECTOR (module);

  self->behaviour = g_strdup (rb_module_context_get_string (context, "behaviour"));
  if (g_str_equal (self->behaviour, "configure-crash"))
    crash (RB_CONNECTOR (self));
  if (g_str_equal (self->behaviour, "configure-close"))
    close_socket (RB_CONNECTOR (self));
  return TRUE;
}

/* Whether another process was here before. */
static gboolean
is_again (void)
{
  const char *mark = g_getenv ("RB_TEST_WILD_MARK");
  gboolean again = g_file_test (mark, G_FILE_TEST_EXISTS);

  g_file_set_contents (mark, "", 0, NULL);
  return again;
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  WildConnector *self = TEST_WILD_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  if (g_str_equal (self->behaviour, "start-crash"))
    crash (RB_CONNECTOR (self));
  if (g_str_equal (self->behaviour, "start-rejected-again") && is_again ())
    g_task_return_error (task, rb_error_new (RB_ERROR_REJECTED, NULL, "We are not known any more"));
  else if (g_str_equal (self->behaviour, "start-away-again") && is_again ())
    g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "The network is away"));
  else
    g_task_return_boolean (task, TRUE);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  if (g_str_equal (TEST_WILD_CONNECTOR (module)->behaviour, "stop-hang"))
    hang (RB_CONNECTOR (module));
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
  g_string_append_printf (TEST_WILD_CONNECTOR (connector)->told, "window %u/%u ", messages, (guint) bytes);
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  g_string_append_printf (TEST_WILD_CONNECTOR (connector)->told, "accept %d ", (int) seq);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  g_string_append_printf (TEST_WILD_CONNECTOR (connector)->told, "release %d ", (int) seq);
}

static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (connector, NULL, callback, user_data);

  act_on (connector, rb_envelope_get_to (envelope));
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
  return TEST_WILD_CONNECTOR (connector)->told->str;
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
wild_connector_finalize (GObject *object)
{
  g_string_free (TEST_WILD_CONNECTOR (object)->told, TRUE);
  g_free (TEST_WILD_CONNECTOR (object)->behaviour);
  G_OBJECT_CLASS (wild_connector_parent_class)->finalize (object);
}

static void
wild_connector_class_init (WildConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wild_connector_finalize;
}

static void
wild_connector_init (WildConnector *self)
{
  self->told = g_string_new (NULL);
}

static const RbModuleSetting settings[] = {
  { "behaviour", RB_SETTING_STRING, "good", "What it does wrong by itself" },
  { NULL },
};

RB_MODULE_DEFINE ("wild", RB_MODULE_CONNECTOR, "0", "Does harm to itself", settings, wild_connector_get_type)
