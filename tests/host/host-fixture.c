/* host-fixture.c: a host over copies of the fixture modules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

#define PREFIX "test-module-"

static void
copy_file (const char *from,
           const char *to,
           gssize      length)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *data = NULL;
  gsize size = 0;

  g_file_get_contents (from, &data, &size, &error);
  g_assert_no_error (error);
  rb_file_write_atomic (to, data, length < 0 ? (gssize) size : length, 0644, &error);
  g_assert_no_error (error);
}

/* The build folder may be writable by its group; the copies are not. A module must be loaded from one path alone, because its type
 * can be registered once. */
const char *
host_fixture_get_dir (void)
{
  static char *dir;
  g_autofree char *built = NULL;
  g_autoptr(GDir) entries = NULL;
  const char *name;

  if (dir != NULL)
    return dir;

  dir = rb_test_make_dir ();
  built = g_test_build_filename (G_TEST_BUILT, "host", "modules", NULL);
  entries = g_dir_open (built, 0, NULL);
  g_assert_nonnull (entries);
  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *from = g_build_filename (built, name, NULL);
      g_autofree char *to = NULL;

      if (!g_str_has_prefix (name, PREFIX) || !g_str_has_suffix (name, ".so"))
        continue;
      to = g_build_filename (dir, name + strlen (PREFIX), NULL);
      copy_file (from, to, -1);
    }
  return dir;
}

void
host_fixture_copy (const char *name,
                   const char *path,
                   gssize      length)
{
  g_autofree char *file = g_strconcat (name, ".so", NULL);
  g_autofree char *from = g_build_filename (host_fixture_get_dir (), file, NULL);

  copy_file (from, path, length);
}

static const char *
skip_mark (const char *settings)
{
  return host_fixture_is_isolated (settings) ? settings + 1 : settings;
}

gboolean
host_fixture_is_isolated (const char *settings)
{
  return settings != NULL && *settings == '@';
}

static gboolean
isolate (const char *name,
         gpointer    user_data)
{
  return host_fixture_is_isolated (user_data);
}

static GHashTable *
get_settings (const RbModuleInfo  *info,
              gpointer             user_data,
              GError             **error)
{
  const char *text = skip_mark (user_data);
  GHashTable *values;
  g_auto(GStrv) parts = NULL;

  if (g_strcmp0 (text, "!") == 0)
    {
      rb_set_error (error, RB_ERROR_INVALID, NULL, "No settings today");
      return NULL;
    }

  values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (text == NULL || *text == '\0' || info->settings == NULL)
    return values;
  parts = g_strsplit (text, "=", 2);
  g_hash_table_insert (values, g_strdup (parts[0]), g_strdup (parts[1]));
  return values;
}

RbHost *
host_fixture_new (RbClock    *clock,
                  const char *settings)
{
  const char *directories[] = { "/nonexistent", host_fixture_get_dir (), NULL };
  RbHostOptions options = { .directories = directories, .isolate = isolate, .isolate_data = (gpointer) settings };

  options.environment.clock = clock;
  options.environment.account_id = "alice";
  return rb_host_new (&options, get_settings, (gpointer) settings);
}

char *
host_fixture_view (RbHost     *host,
                   guint       i,
                   const char *member)
{
  g_autoptr(GVariant) view = rb_host_view (host);
  g_autoptr(GVariant) entry = NULL;
  g_autoptr(GVariant) value = NULL;

  g_assert_cmpstr (g_variant_get_type_string (view), ==, "aa{sv}");
  g_assert_cmpuint (i, <, g_variant_n_children (view));
  entry = g_variant_get_child_value (view, i);
  value = g_variant_lookup_value (entry, member, NULL);
  if (value == NULL)
    return NULL;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  return g_variant_print (value, FALSE);
}

void
host_fixture_set_up (HostFixture   *fixture,
                     gconstpointer  settings)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"hi\"", 4);

  fixture->clock = rb_fake_clock_new ();
  fixture->host = host_fixture_new (fixture->clock, settings);
  fixture->envelope = rb_envelope_new ("m1", NULL, "bob", content, NULL, NULL);
  fixture->heard = g_string_new (NULL);
  fixture->cancellable = g_cancellable_new ();
}

void
host_fixture_tear_down (HostFixture   *fixture,
                        gconstpointer  data)
{
  g_clear_object (&fixture->result);
  g_assert_finalize_object (fixture->cancellable);
  g_assert_finalize_object (fixture->host);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->clock);
  rb_envelope_unref (fixture->envelope);
  g_string_free (fixture->heard, TRUE);
  rb_test_count_log ("module_contract_broken");
  rb_test_count_log ("module_answer_ignored");
  rb_test_count_log ("module_call_timed_out");
}

void
host_fixture_assert_view (HostFixture *fixture,
                          guint        i,
                          const char  *member,
                          const char  *expected)
{
  g_autofree char *value = host_fixture_view (fixture->host, i, member);

  g_assert_cmpstr (value, ==, expected);
}

void
host_fixture_load (HostFixture  *fixture,
                   RbModuleKind  kind,
                   const char   *name,
                   gboolean      required)
{
  g_autoptr(GError) error = NULL;

  rb_host_load (fixture->host, kind, name, required, &error);
  g_assert_no_error (error);
}

gboolean
host_fixture_start (HostFixture  *fixture,
                    GError      **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_host_start_finish (fixture->host, result, error);
}

gboolean
host_fixture_stop (HostFixture  *fixture,
                   GError      **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_host_stop_finish (fixture->host, result, error);
}

RbConnector *
host_fixture_load_and_start (HostFixture *fixture,
                             const char  *name)
{
  g_autoptr(GError) error = NULL;

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, name, TRUE);
  host_fixture_start (fixture, &error);
  g_assert_no_error (error);
  return rb_host_get_connector (fixture->host);
}

void
host_fixture_stop_well (HostFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  host_fixture_stop (fixture, &error);
  g_assert_no_error (error);
}

void
host_fixture_send (HostFixture *fixture)
{
  rb_connector_send_async (rb_host_get_connector (fixture->host), fixture->envelope, fixture->cancellable, rb_test_store_result,
                           &fixture->result);
}

void
host_fixture_assert_send_fails (HostFixture *fixture,
                                GQuark       domain,
                                int          code,
                                const char  *words)
{
  g_autoptr(GError) error = NULL;

  rb_test_wait_until (fixture->result != NULL);
  g_assert_false (rb_connector_send_finish (rb_host_get_connector (fixture->host), fixture->result, NULL, NULL, &error));
  g_assert_error (error, domain, code);
  if (words != NULL)
    g_assert_nonnull (strstr (error->message, words));
  g_clear_object (&fixture->result);
}
