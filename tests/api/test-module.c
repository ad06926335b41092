/* test-module.c: what modules are given, what their interfaces do by themselves, and log lines
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

/* A module of every kind that implements nothing of its own. */
#define BARE_TYPE (bare_get_type ())
G_DECLARE_FINAL_TYPE (Bare, bare, TEST, BARE, GObject)

struct _Bare {
  GObject parent_instance;
};

static void
iface_init (gpointer iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Bare, bare, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, (GInterfaceInitFunc) (void (*) (void)) iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, (GInterfaceInitFunc) (void (*) (void)) iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, (GInterfaceInitFunc) (void (*) (void)) iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, (GInterfaceInitFunc) (void (*) (void)) iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, (GInterfaceInitFunc) (void (*) (void)) iface_init))

static void
bare_class_init (BareClass *klass)
{
}

static void
bare_init (Bare *self)
{
}

static const RbModuleSetting settings[] = {
  { "name", RB_SETTING_STRING, NULL, "A name" },
  { "port", RB_SETTING_INTEGER, "80", "A port" },
  { "fast", RB_SETTING_BOOLEAN, "true", "Whether it hurries" },
  { "tags", RB_SETTING_STRING_LIST, NULL, "Tags" },
  { NULL },
};

static const RbModuleInfo info = {
  RB_MODULE_ABI, sizeof (RbModuleInfo), "bare", "1", "A test", RB_MODULE_CONNECTOR, settings, bare_get_type,
};

static void
test_context (void)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(RbModuleContext) context = NULL;
  RbModuleEnvironment environment = { .clock = clock, .account_id = "alice", .runtime_token = "secret", .data_dir = "/d" };
  g_auto(GStrv) tags = NULL;
  char account[] = "alice";

  g_test_summary ("A context gives the values that were set, else the defaults, and keeps copies of its own.");

  environment.account_id = account;
  g_hash_table_insert (values, (char *) "fast", (char *) "no");
  g_hash_table_insert (values, (char *) "tags", (char *) " a ;;b;c d; ");
  context = rb_module_context_new (&info, &environment, values);
  g_hash_table_remove_all (values);
  memset (account, 'x', sizeof account - 1);

  g_assert_cmpstr (rb_module_context_get_module_name (context), ==, "bare");
  g_assert_cmpstr (rb_module_context_get_environment (context)->account_id, ==, "alice");
  g_assert_null (rb_module_context_get_environment (context)->state_dir);
  g_assert_true (rb_module_context_get_environment (context)->clock == clock);
  g_assert_null (rb_module_context_get_string (context, "name"));
  g_assert_cmpint (rb_module_context_get_integer (context, "port"), ==, 80);
  g_assert_false (rb_module_context_get_boolean (context, "fast"));
  tags = rb_module_context_dup_list (context, "tags");
  g_assert_cmpuint (g_strv_length (tags), ==, 3);
  g_assert_cmpstr (tags[0], ==, "a");
  g_assert_cmpstr (tags[2], ==, "c d");
}

static void
test_defaults (void)
{
  g_autoptr(Bare) bare = g_object_new (BARE_TYPE, NULL);
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A module that says nothing of its life starts and stops at once.");

  g_assert_true (rb_module_configure (RB_MODULE (bare), NULL, &error));
  rb_module_start_async (RB_MODULE (bare), NULL, rb_test_store_result, &started);
  rb_test_wait_until (started != NULL);
  g_assert_true (rb_module_start_finish (RB_MODULE (bare), started, &error));
  rb_module_stop_async (RB_MODULE (bare), NULL, rb_test_store_result, &stopped);
  rb_test_wait_until (stopped != NULL);
  g_assert_true (rb_module_stop_finish (RB_MODULE (bare), stopped, &error));
  g_assert_no_error (error);
}

static void
test_not_supported (void)
{
  g_autoptr(Bare) bare = g_object_new (BARE_TYPE, NULL);
  g_autoptr(GBytes) text = g_bytes_new_static ("\"\"", 2);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", NULL, "bob", text, NULL, NULL);
  g_autoptr(RbEvent) event = rb_event_new (RB_EVENT_PRESENCE_CHANGED, "network", text);
  g_autoptr(GAsyncResult) sent = NULL;
  g_autoptr(GAsyncResult) called = NULL;
  RbSpawnRequest request = { .kind = "x", .token = "t" };
  g_autoptr(GAsyncResult) spawned = NULL;
  g_autoptr(GAsyncResult) emitted = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What a module does not implement it does not support, and says so.");

  rb_connector_send_async (RB_CONNECTOR (bare), envelope, NULL, rb_test_store_result, &sent);
  rb_upstream_call_async (RB_UPSTREAM (bare), RB_UPSTREAM_WHOAMI, NULL, NULL, rb_test_store_result, &called);
  rb_spawn_driver_spawn_async (RB_SPAWN_DRIVER (bare), &request, NULL, rb_test_store_result, &spawned);
  rb_emitter_emit_async (RB_EMITTER (bare), event, NULL, rb_test_store_result, &emitted);
  rb_test_wait_until (sent != NULL && called != NULL && spawned != NULL && emitted != NULL);

  g_assert_false (rb_connector_send_finish (RB_CONNECTOR (bare), sent, NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (rb_upstream_call_finish (RB_UPSTREAM (bare), called, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_cmpint (rb_spawn_driver_spawn_finish (RB_SPAWN_DRIVER (bare), spawned, &error), ==, 0);
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (rb_emitter_emit_finish (RB_EMITTER (bare), emitted, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED);

  g_assert_null (rb_connector_get_address (RB_CONNECTOR (bare)));
  g_assert_cmpint (rb_upstream_get_features (RB_UPSTREAM (bare)), ==, 0);
  g_assert_false (rb_spawn_driver_handles (RB_SPAWN_DRIVER (bare), "x"));
  g_assert_false (rb_emitter_is_authority (RB_EMITTER (bare)));
}

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             RbEnvelope **place)
{
  g_assert_cmpint (seq, ==, 7);
  *place = rb_envelope_ref (envelope);
}

static void
on_text (GObject    *object,
         const char *text,
         char      **place)
{
  *place = g_strdup (text);
}

static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            char      **place)
{
  *place = g_variant_print (event, FALSE);
}

static void
on_exited (RbSpawnDriver *driver,
           const char    *token,
           int            wait_status,
           const char    *output,
           char         **place)
{
  *place = g_strdup_printf ("%s %d %s", token, wait_status, output);
}

static void
test_signals (void)
{
  g_autoptr(Bare) bare = g_object_new (BARE_TYPE, NULL);
  g_autoptr(GBytes) text = g_bytes_new_static ("\"\"", 2);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", "bob", NULL, text, NULL, NULL);
  g_autoptr(RbEnvelope) delivered = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *control = NULL;
  g_autofree char *exited = NULL;

  g_test_summary ("What a module emits arrives, the envelope itself and no copy.");

  g_signal_connect (bare, "delivery", G_CALLBACK (on_delivery), &delivered);
  g_signal_connect (bare, "disconnected", G_CALLBACK (on_text), &reason);
  g_signal_connect (bare, "control", G_CALLBACK (on_control), &control);
  g_signal_connect (bare, "exited", G_CALLBACK (on_exited), &exited);
  rb_connector_emit_delivery (RB_CONNECTOR (bare), 7, envelope);
  rb_connector_emit_disconnected (RB_CONNECTOR (bare), "gone");
  rb_connector_emit_connected (RB_CONNECTOR (bare));
  rb_connector_emit_superseded (RB_CONNECTOR (bare));
  rb_upstream_emit_control (RB_UPSTREAM (bare), g_variant_new_parsed ("{'type': <'ping'>}"));
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (bare), "t", 256, "bye");

  g_assert_true (delivered == envelope);
  g_assert_cmpstr (reason, ==, "gone");
  g_assert_cmpstr (control, ==, "{'type': <'ping'>}");
  g_assert_cmpstr (exited, ==, "t 256 bye");
}

static void
test_names (void)
{
  g_test_summary ("Every value of our enumerations has its name.");

  for (int i = 0; i < RB_UPSTREAM_N_CALLS; i++)
    g_assert_nonnull (rb_upstream_call_to_string ((RbUpstreamCall) i));
  g_assert_cmpstr (rb_module_kind_to_string (RB_MODULE_SPAWN_DRIVER), ==, "spawn-driver");
  g_assert_cmpstr (rb_send_status_to_string (RB_SEND_DELIVERED), ==, "delivered");
  g_assert_cmpstr (rb_send_status_to_string (RB_SEND_STORED), ==, "stored");
}

static GLogWriterOutput
print_fields (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    g_printerr ("<%s=%s>", fields[i].key, (const char *) fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
test_log (void)
{
  g_test_summary ("A log line has a fixed name and fields; a value cannot end the line or pass for another field.");

  if (g_test_subprocess ())
    {
      g_log_set_writer_func (print_fields, NULL, NULL);
      rb_log_info ("endpoint_registered", "endpoint_id", "ep_1", "left-out", NULL, "note", "a \"b\"\nc=d\x01", "empty", "", NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*<MESSAGE=endpoint_registered endpoint_id=ep_1 note=\"a \\\"b\\\"\\nc=d\\x01\" empty=\"\">"
                             "<PRIORITY=6><GLIB_DOMAIN=rb-test><RB_EVENT=endpoint_registered><RB_ENDPOINT_ID=ep_1>"
                             "<RB_NOTE=*<RB_EMPTY=>");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/module/context", test_context);
  g_test_add_func ("/module/defaults", test_defaults);
  g_test_add_func ("/module/not-supported", test_not_supported);
  g_test_add_func ("/module/signals", test_signals);
  g_test_add_func ("/module/names", test_names);
  g_test_add_func ("/log/fields", test_log);
  return g_test_run ();
}
