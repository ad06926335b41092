/* test-local-handles.c: whose a handle is, and which broker has it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "local-peer.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-local-connector.h"
#include "rb-local-settings.h"
#include "rb-test.h"

#include <glib/gstdio.h>

typedef struct {
  char    *data_dir;
  RbClock *clock;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->clock = rb_fake_clock_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->data_dir);
}

static void
test_taken (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(Peer) ada = peer_new (fixture->data_dir, "ada", fixture->clock, NULL);
  g_autoptr(Peer) eve = peer_new (fixture->data_dir, "eve", fixture->clock, "handle", "ada", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A handle stays with the account that took it first, also while that one is away.");

  peer_start (ada);
  peer_stop (ada);
  g_assert_false (peer_try_start (eve, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "handle_taken");
  g_assert_cmpuint (eve->n_connected, ==, 0);
  peer_start (ada);
}

static void
test_superseded (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(Peer) old = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autoptr(Peer) bob = peer_new_started (fixture->data_dir, "bob", fixture->clock);
  g_autoptr(Peer) new = NULL;
  RbSendStatus status;

  g_test_summary ("The newer broker of an account takes over, with what was not accepted; the older one is told and silent.");

  peer_send_ok (bob, "ada@local", NULL, "x");
  rb_test_wait_until (old->deliveries->len == 1);

  new = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  rb_test_wait_until (old->n_superseded == 1);
  rb_test_wait_until (new->deliveries->len == 1);
  g_assert_cmpint (peer_get_seq (new, 0), ==, 1);

  g_assert_true (peer_send (bob, "ada@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  rb_test_wait_until (new->deliveries->len == 2);
  peer_settle (old);
  g_assert_cmpuint (old->deliveries->len, ==, 1);
  g_assert_cmpuint (old->n_superseded, ==, 1);
  g_assert_cmpuint (old->n_disconnected, ==, 0);
  g_assert_cmpuint (new->n_superseded, ==, 0);

  /* Live is whoever has the handle now. */
  peer_stop (new);
  g_assert_true (peer_send (bob, "ada@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_STORED);
}

static void
test_superseded_accepts (Fixture       *fixture,
                         gconstpointer  data)
{
  Peer *old = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autoptr(Peer) new = peer_new (fixture->data_dir, "ada", fixture->clock, NULL);
  g_autoptr(Peer) later = NULL;

  g_test_summary ("What the older broker of an account accepted is accepted.");

  peer_send_ok (old, "ada@local", NULL, "x");
  rb_test_wait_until (old->deliveries->len == 1);
  peer_start (new);
  rb_test_wait_until (old->n_superseded == 1);
  rb_connector_accept (old->connector, 1);
  peer_free (old);

  later = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  peer_settle (later);
  g_assert_cmpuint (later->deliveries->len, ==, 0);
}

static void
test_own_database (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "elsewhere", "a.db", NULL);
  g_autoptr(Peer) ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  g_autoptr(Peer) other = peer_new (fixture->data_dir, "eve", fixture->clock, "database", path, "handle", "ada", NULL);

  g_test_summary ("Another database is another network.");

  peer_start (other);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpstr (rb_connector_get_address (other->connector), ==, "ada@local");
}

static void
test_settings (Fixture       *fixture,
               gconstpointer  data)
{
  static const struct { const char *key; const char *value; } refused[] = {
    { "handle", "Ada" },
    { "handle", "../ada" },
    { "database", "relative.db" },
    { "database", "/directory/" },
    { "mailbox-limit", "0" },
    { "mailbox-limit", "1000001" },
    { "mailbox-limit", "many" },
    { "mailbox-bytes", "1023" },
    { "mailbox-bytes", "-1" },
  };
  static const RbModuleInfo info = { RB_MODULE_ABI, sizeof (RbModuleInfo), "local", "0", "", RB_MODULE_CONNECTOR,
                                     rb_local_setting_table, rb_local_connector_get_type };
  RbModuleEnvironment environment = { fixture->clock, "ada", "secret", fixture->data_dir, fixture->data_dir, "0", "0" };

  g_test_summary ("Settings that make no sense are refused by name.");

  for (size_t i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
      g_autoptr(RbConnector) connector = g_object_new (RB_TYPE_LOCAL_CONNECTOR, NULL);
      g_autoptr(RbModuleContext) context = NULL;
      g_autoptr(GError) error = NULL;

      g_hash_table_insert (settings, (char *) refused[i].key, (char *) refused[i].value);
      context = rb_module_context_new (&info, &environment, settings);
      g_assert_false (rb_module_configure (RB_MODULE (connector), context, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "invalid_setting");
      g_assert_nonnull (strstr (error->message, refused[i].key));
    }
}

static void
test_account_without_handle (Fixture       *fixture,
                             gconstpointer  data)
{
  static const RbModuleInfo info = { RB_MODULE_ABI, sizeof (RbModuleInfo), "local", "0", "", RB_MODULE_CONNECTOR,
                                     rb_local_setting_table, rb_local_connector_get_type };
  RbModuleEnvironment environment = { fixture->clock, "..", "secret", fixture->data_dir, fixture->data_dir, "0", "0" };
  g_autoptr(RbModuleContext) context = rb_module_context_new (&info, &environment, NULL);
  g_autoptr(RbConnector) connector = g_object_new (RB_TYPE_LOCAL_CONNECTOR, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("An account id that gives no handle is refused.");

  g_assert_false (rb_module_configure (RB_MODULE (connector), context, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
}

static void
test_unconfigured (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbConnector) connector = g_object_new (RB_TYPE_LOCAL_CONNECTOR, NULL);
  g_autoptr(RbEnvelope) envelope = make_envelope ("ada@local", NULL, "x");
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GAsyncResult) sent = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A connector that was not configured refuses to work, and nothing else happens.");

  rb_connector_set_window (connector, 1, 1);
  rb_connector_accept (connector, 1);
  rb_connector_release (connector, 1);
  g_assert_null (rb_connector_get_address (connector));
  rb_module_start_async (RB_MODULE (connector), NULL, rb_test_store_result, &started);
  rb_connector_send_async (connector, envelope, NULL, rb_test_store_result, &sent);
  rb_test_wait_until (started != NULL && sent != NULL);
  g_assert_false (rb_module_start_finish (RB_MODULE (connector), started, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_false (rb_connector_send_finish (connector, sent, NULL, NULL, NULL));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/handles/taken", test_taken);
  ADD ("/local/handles/superseded/told", test_superseded);
  ADD ("/local/handles/superseded/accepts", test_superseded_accepts);
  ADD ("/local/handles/own-database", test_own_database);
  ADD ("/local/handles/settings", test_settings);
  ADD ("/local/handles/account-without-handle", test_account_without_handle);
  ADD ("/local/handles/unconfigured", test_unconfigured);
  return g_test_run ();
}
