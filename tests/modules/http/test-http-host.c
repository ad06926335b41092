/* test-http-host.c: both modules as files, in one process, as the module host loads them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"
#include "rb-fake-clock.h"
#include "rb-host.h"
#include "rb-sim.h"
#include "rb-test.h"

#include <string.h>

typedef struct {
  RbSim   *sim;
  RbClock *clock;
  RbHost  *host;
} Fixture;

static GHashTable *
get_settings (const RbModuleInfo  *info,
              gpointer             user_data,
              GError             **error)
{
  Fixture *fixture = user_data;
  GHashTable *settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  g_assert_cmpstr (info->name, ==, "http");
  for (gsize i = 0; info->settings[i].key != NULL; i++)
    if (info->settings[i].default_value != NULL)
      g_hash_table_insert (settings, g_strdup (info->settings[i].key), g_strdup (info->settings[i].default_value));
  g_hash_table_insert (settings, g_strdup ("api-host"), g_strdup (rb_sim_get_origin (fixture->sim)));
  return settings;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  const char *directories[] = { g_getenv ("RB_TEST_MODULE_DIR"), NULL };
  RbHostOptions options = { .directories = directories };
  g_autoptr(GError) error = NULL;

  fixture->sim = rb_sim_new (NULL, &error);
  g_assert_no_error (error);
  fixture->clock = rb_fake_clock_new ();
  options.environment = (RbModuleEnvironment) {
    .clock = fixture->clock, .account_id = "default", .runtime_token = rb_sim_get_token (fixture->sim), .data_dir = "/nonexistent",
    .state_dir = "/nonexistent", .product_version = "1", .client_version = "1",
  };
  fixture->host = rb_host_new (&options, get_settings, fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_test_settle ();
  g_assert_finalize_object (fixture->host);
  rb_sim_free (fixture->sim);
  rb_test_settle ();
  g_assert_finalize_object (fixture->clock);
}

static void
start (Fixture *fixture)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rb_host_load (fixture->host, RB_MODULE_UPSTREAM, "http", TRUE, &error);
  g_assert_no_error (error);
  rb_host_load (fixture->host, RB_MODULE_EMITTER, "http", TRUE, &error);
  g_assert_no_error (error);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_host_start_finish (fixture->host, result, &error);
  g_assert_no_error (error);
}

static void
stop (Fixture *fixture)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_host_stop_finish (fixture->host, result, NULL));
}

static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            guint      *n)
{
  (*n)++;
}

static void
emit_presence (RbEmitter *emitter)
{
  static const char payload[] = "{\"type\":\"network_presence_changed\",\"version\":1,\"state\":\"online\",\"ts\":5,\"reason\":\"r\"}";
  g_autoptr(GBytes) bytes = g_bytes_new_static (payload, strlen (payload));
  g_autoptr(RbEvent) event = rb_event_new (RB_EVENT_PRESENCE_CHANGED, "network", bytes);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rb_emitter_emit_async (emitter, event, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_emitter_emit_finish (emitter, result, &error);
  g_assert_no_error (error);
}

static void
test_together (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *key = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;
  RbUpstream *upstream;
  guint n_controls = 0;

  g_test_summary ("Upstream and emitter, which share their code, are loaded, started, used and stopped side by side.");

  start (fixture);
  upstream = rb_host_get_upstream (fixture->host);
  g_signal_connect (upstream, "control", G_CALLBACK (on_control), &n_controls);
  g_assert_true (rb_emitter_is_authority (rb_host_get_emitters (fixture->host)->pdata[0]));

  rb_upstream_call_async (upstream, RB_UPSTREAM_CAPABILITIES, NULL, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  answer = rb_upstream_call_finish (upstream, result, &error);
  g_assert_no_error (error);
  emit_presence (rb_host_get_emitters (fixture->host)->pdata[0]);
  key = rb_sim_nudge (fixture->sim, "u", "ep_1");
  rb_test_wait_until (n_controls == 1);

  g_signal_handlers_disconnect_by_data (upstream, &n_controls);
  stop (fixture);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Credentials that the upstream refuses fail the start of the broker, with the reason.");

  rb_sim_fail (fixture->sim, "GET /v1/whoami", 0, 401, NULL);
  g_assert_true (rb_host_load (fixture->host, RB_MODULE_UPSTREAM, "http", TRUE, NULL));
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_host_start_finish (fixture->host, result, &error));
  g_assert_nonnull (strstr (error->message, "whoami failed: 401"));
  stop (fixture);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  g_test_add ("/http/host/together", Fixture, NULL, set_up, test_together, tear_down);
  g_test_add ("/http/host/refused", Fixture, NULL, set_up, test_refused, tear_down);
  return g_test_run ();
}
