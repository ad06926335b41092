/* rb-masons-fixture.c: the built daemon on profile masons, with its real modules, on a simulated network
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"

#include "rb-sim-json.h"

#include <string.h>

static const char *const short_waits[] = {
  "gateway.backoff-initial-ms=50", "gateway.backoff-max-ms=200", "gateway.already-connected-delay-ms=100",
  "http.whoami-backoff-ms=50", "http.whoami-backoff-max-ms=200", "http.event-backoff-ms=50", "http.event-backoff-max-ms=200",
  "http.ack-backoff-ms=50",
};

static void
write_credentials (RbMasons *fixture)
{
  g_autofree char *path = g_build_filename (fixture->dir, "credentials.json", NULL);
  g_autofree char *text = g_strdup_printf ("{\"accounts\":{\"default\":{\"connectorUrl\":\"%s\",\"token\":\"%s\",\"apiHost\":\"%s\"}}}",
                                           rb_sim_get_gateway_url (fixture->sim), rb_sim_get_token (fixture->sim),
                                           rb_sim_get_origin (fixture->sim));

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  rb_daemon_fixture_set_env (fixture->daemon, "MASONS_BROKER_CREDENTIALS_FILE", path);
  rb_daemon_fixture_set_runtime_token (fixture->daemon, rb_sim_get_token (fixture->sim));
}

void
rb_masons_set_up (RbMasons      *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->sim = rb_sim_new (NULL, &error);
  g_assert_no_error (error);
  fixture->gateway = rb_sim_get_gateway (fixture->sim);
  fixture->daemon = rb_daemon_fixture_new ();
  fixture->dir = rb_test_make_dir ();
  write_credentials (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (short_waits); i++)
    rb_masons_set (fixture, short_waits[i]);
}

void
rb_masons_tear_down (RbMasons      *fixture,
                     gconstpointer  data)
{
  g_clear_pointer (&fixture->daemon, rb_daemon_fixture_free);
  g_clear_pointer (&fixture->sim, rb_sim_free);
  g_free (fixture->dir);
}

void
rb_masons_set (RbMasons   *fixture,
               const char *setting)
{
  g_autofree char *argument = g_strconcat ("--set=", setting, NULL);

  rb_daemon_fixture_add_argument (fixture->daemon, argument);
}

gboolean
rb_masons_is_registered (RbMasons *fixture)
{
  return rb_sim_gateway_is_registered (fixture->gateway);
}

void
rb_masons_start (RbMasons *fixture)
{
  rb_daemon_fixture_start (fixture->daemon);
  rb_test_wait_until (rb_masons_is_registered (fixture));
}

char *
rb_masons_view (RbMasons   *fixture,
                const char *view)
{
  g_autofree char *path = g_strdup_printf ("/v1/operator/%s", view);
  char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "GET", path, NULL, &answer), ==, 200);
  return answer;
}

gboolean
rb_masons_says (RbMasons   *fixture,
                const char *view,
                const char *part)
{
  g_autofree char *answer = rb_masons_view (fixture, view);

  return strstr (answer, part) != NULL;
}

gint64
rb_masons_number (RbMasons   *fixture,
                  const char *name)
{
  g_autofree char *text = rb_masons_view (fixture, "status");
  g_autoptr(JsonObject) status = rb_sim_json_parse (text);
  JsonObject *counters = rb_sim_json_object (status, "counters");

  if (rb_sim_json_is_int (status, name))
    return rb_sim_json_int (status, name, -1);
  if (rb_sim_json_is_int (counters, name))
    return rb_sim_json_int (counters, name, -1);
  g_error ("There is no number '%s' in %s", name, text);
}

guint
rb_masons_count_inbox (RbMasons   *fixture,
                       const char *prefix)
{
  g_autofree char *text = rb_masons_view (fixture, "inbox");
  g_autoptr(JsonNode) root = rb_sim_json_parse_node (text);
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *rows = json_node_get_array (root);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      const char *id = rb_sim_json_string (json_array_get_object_element (rows, i), "id");

      if (g_str_has_prefix (id, prefix) && !g_hash_table_add (seen, (gpointer) id))
        g_error ("'%s' is twice in the inbox", id);
    }
  return g_hash_table_size (seen);
}

RbAdapter *
rb_masons_attach (RbMasons *fixture,
                  gboolean  is_worker)
{
  RbAdapter *adapter = rb_adapter_new (fixture->daemon);

  g_assert_true (rb_adapter_connect (adapter));
  rb_adapter_register (adapter, is_worker);
  return adapter;
}

void
rb_masons_deliver_to (RbMasons   *fixture,
                      RbAdapter  *adapter,
                      const char *id,
                      const char *content)
{
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", rb_adapter_get_endpoint (adapter));

  rb_sim_gateway_deliver (fixture->gateway, id, "bob@sim", content, metadata);
}

void
rb_masons_burst_to (RbMasons   *fixture,
                    RbAdapter  *adapter,
                    guint       from,
                    guint       to,
                    const char *prefix)
{
  for (guint i = from; i < to; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%u", prefix, i + 1);

      rb_masons_deliver_to (fixture, adapter, id, id);
    }
}

gboolean
rb_masons_is_acked (RbMasons *fixture)
{
  return rb_sim_gateway_get_acked (fixture->gateway) == rb_sim_mailbox_get_last (rb_sim_gateway_get_mailbox (fixture->gateway));
}

void
rb_masons_assert_healthy (RbMasons *fixture)
{
  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, FALSE, "GET", "/health", NULL, NULL), ==, 200);
}

void
rb_masons_assert_clean (RbMasons *fixture)
{
  g_autofree char *violations = rb_sim_dup_violations (fixture->sim);

  g_assert_cmpstr (violations, ==, "");
}

void
rb_masons_stop (RbMasons *fixture)
{
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->daemon), ==, 0);
  rb_masons_assert_clean (fixture);
}
