/* http-fixture.c: upstream and emitter over a simulated API, with a clock of the test's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-fixture.h"

#include "rb-fake-clock.h"
#include "rb-http-emitter.h"
#include "rb-http-settings.h"
#include "rb-http-upstream.h"

#include <string.h>

RbModuleContext *
http_context_new (GHashTable *settings,
                  RbClock    *clock,
                  const char *token)
{
  static const RbModuleInfo info = { .name = "http", .settings = rb_http_setting_table };
  const RbModuleEnvironment environment = {
    .clock = clock, .account_id = "default", .runtime_token = token, .data_dir = "/nonexistent", .state_dir = "/nonexistent",
    .product_version = "1", .client_version = "1",
  };
  g_autoptr(GHashTable) effective = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  for (gsize i = 0; rb_http_setting_table[i].key != NULL; i++)
    if (rb_http_setting_table[i].default_value != NULL)
      g_hash_table_insert (effective, g_strdup (rb_http_setting_table[i].key), g_strdup (rb_http_setting_table[i].default_value));
  g_hash_table_iter_init (&iter, settings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (effective, g_strdup (key), g_strdup (value));
  return rb_module_context_new (&info, &environment, effective);
}

void
http_fixture_set_up (HttpFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->sim = rb_sim_new (NULL, &error);
  g_assert_no_error (error);
  fixture->clock = rb_fake_clock_new ();
  fixture->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  fixture->controls = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  http_fixture_set (fixture, "api-host", rb_sim_get_origin (fixture->sim));
  rb_test_forget_logs ();
}

void
http_fixture_tear_down (HttpFixture   *fixture,
                        gconstpointer  data)
{
  if (fixture->upstream != NULL)
    http_fixture_stop_one (fixture->upstream);
  if (fixture->emitter != NULL)
    http_fixture_stop_one (fixture->emitter);
  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  if (fixture->upstream != NULL)
    g_assert_finalize_object (fixture->upstream);
  if (fixture->emitter != NULL)
    g_assert_finalize_object (fixture->emitter);
  rb_sim_free (fixture->sim);
  rb_test_settle ();
  g_ptr_array_unref (fixture->controls);
  g_hash_table_unref (fixture->settings);
  g_assert_finalize_object (fixture->clock);
}

void
http_fixture_set (HttpFixture *fixture,
                  const char  *key,
                  const char  *value)
{
  g_hash_table_insert (fixture->settings, g_strdup (key), g_strdup (value));
}

static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            gpointer    user_data)
{
  HttpFixture *fixture = user_data;

  g_ptr_array_add (fixture->controls, g_variant_ref (event));
}

void
http_fixture_make (HttpFixture *fixture)
{
  const char *token = rb_sim_get_token (fixture->sim);
  g_autoptr(RbModuleContext) context = http_context_new (fixture->settings, fixture->clock, token);
  g_autoptr(RbModuleContext) of_emitter = http_context_new (fixture->settings, fixture->clock, token);
  g_autoptr(GError) error = NULL;

  fixture->upstream = g_object_new (RB_TYPE_HTTP_UPSTREAM, NULL);
  fixture->emitter = g_object_new (RB_TYPE_HTTP_EMITTER, NULL);
  g_signal_connect (fixture->upstream, "control", G_CALLBACK (on_control), fixture);
  rb_module_configure (fixture->upstream, context, &error);
  g_assert_no_error (error);
  rb_module_configure (fixture->emitter, of_emitter, &error);
  g_assert_no_error (error);
  fixture->bounds = rb_module_context_get_bounds (context);
}

gboolean
http_fixture_start_one (RbModule  *module,
                        GError   **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_module_start_async (module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_module_start_finish (module, result, error);
}

void
http_fixture_stop_one (RbModule *module)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rb_module_stop_async (module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_module_stop_finish (module, result, &error);
  g_assert_no_error (error);
}

void
http_fixture_start (HttpFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  if (fixture->upstream == NULL)
    http_fixture_make (fixture);
  http_fixture_start_one (fixture->upstream, &error);
  g_assert_no_error (error);
  http_fixture_start_one (fixture->emitter, &error);
  g_assert_no_error (error);
  rb_test_wait_until (rb_sim_events_count (rb_sim_get_events (fixture->sim)) == 1);
}

void
http_fixture_begin (HttpFixture     *fixture,
                    RbUpstreamCall   call,
                    const char      *arguments,
                    GAsyncResult   **result)
{
  g_autoptr(GVariant) parsed = http_arguments (arguments);

  rb_upstream_call_async (RB_UPSTREAM (fixture->upstream), call, parsed, NULL, rb_test_store_result, result);
}

GVariant *
http_fixture_call (HttpFixture     *fixture,
                   RbUpstreamCall   call,
                   const char      *arguments,
                   GError         **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  http_fixture_begin (fixture, call, arguments, &result);
  rb_test_wait_until (result != NULL);
  return rb_upstream_call_finish (RB_UPSTREAM (fixture->upstream), result, error);
}

gboolean
http_fixture_emit (HttpFixture  *fixture,
                   RbEventKind   kind,
                   const char   *subject,
                   const char   *payload,
                   GError      **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (payload, strlen (payload));
  g_autoptr(RbEvent) event = rb_event_new (kind, subject, bytes);
  g_autoptr(GAsyncResult) result = NULL;

  rb_emitter_emit_async (RB_EMITTER (fixture->emitter), event, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_emitter_emit_finish (RB_EMITTER (fixture->emitter), result, error);
}
