/* test-local-connector.c: accounts of one machine write to one another
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "local-peer.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  char    *data_dir;
  RbClock *clock;
  Peer    *ada;
  Peer    *bob;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->clock = rb_fake_clock_new ();
  fixture->ada = peer_new_started (fixture->data_dir, "Ada", fixture->clock);
  fixture->bob = peer_new_started (fixture->data_dir, "bob", fixture->clock);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->ada, peer_free);
  g_clear_pointer (&fixture->bob, peer_free);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->data_dir);
}

static void
test_write_to_one_another (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *id = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  RbSendStatus status;
  RbEnvelope *message;

  g_test_summary ("A message arrives with its id, its sender, and its content and metadata byte for byte.");

  g_assert_cmpstr (rb_connector_get_address (fixture->ada->connector), ==, "ada@local");
  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "h\xc3\xa4llo \"you\"", &id, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  g_assert_true (g_uuid_string_is_valid (id));

  rb_test_wait_until (fixture->bob->deliveries->len == 1);
  message = peer_get_message (fixture->bob, 0);
  text = peer_dup_text (fixture->bob, 0);
  g_assert_cmpint (peer_get_seq (fixture->bob, 0), ==, 1);
  g_assert_cmpstr (rb_envelope_get_id (message), ==, id);
  g_assert_cmpstr (rb_envelope_get_from (message), ==, "ada@local");
  g_assert_cmpstr (rb_envelope_get_content_type (message), ==, "text");
  g_assert_cmpstr (text, ==, "h\xc3\xa4llo \"you\"");
  g_assert_cmpmem (g_bytes_get_data (rb_envelope_get_metadata (message), NULL),
                   g_bytes_get_size (rb_envelope_get_metadata (message)), "{ \"b\":1, \"a\" : [2.50] }", 22);

  peer_send_ok (fixture->bob, "Ada@local", "m-2", "back");
  rb_test_wait_until (fixture->ada->deliveries->len == 1);
  g_assert_cmpstr (rb_envelope_get_from (peer_get_message (fixture->ada, 0)), ==, "bob@local");
  g_assert_cmpuint (fixture->bob->deliveries->len, ==, 1);
}

static void
test_write_to_oneself (Fixture       *fixture,
                       gconstpointer  data)
{
  RbSendStatus status = RB_SEND_STORED;

  g_test_summary ("An account may write to itself.");

  g_assert_true (peer_send (fixture->ada, "ada@local", "m-1", "note", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  rb_test_wait_until (fixture->ada->deliveries->len == 1);
}

static void
test_files_are_private (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *directory = g_build_filename (fixture->data_dir, "local-network", NULL);
  g_autofree char *database = g_build_filename (directory, "network.db", NULL);
  g_autofree char *bell = g_build_filename (directory, "ada.bell", NULL);
  struct stat st;

  g_test_summary ("Directory and files are the user's alone.");

  g_assert_cmpint (g_stat (directory, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0700);
  g_assert_cmpint (g_stat (database, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (bell, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
}

static void
test_sequence (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Each mailbox counts from 1, by one, and never uses a number twice, also after a restart.");

  fixture->bob->accepts = TRUE;
  for (guint i = 0; i < 3; i++)
    peer_send_ok (fixture->ada, "bob@local", NULL, "x");
  rb_test_wait_until (fixture->bob->deliveries->len == 3);
  peer_send_ok (fixture->bob, "ada@local", NULL, "x");
  rb_test_wait_until (fixture->ada->deliveries->len == 1);
  g_assert_cmpint (peer_get_seq (fixture->ada, 0), ==, 1);

  peer_stop (fixture->bob);
  peer_send_ok (fixture->ada, "bob@local", NULL, "x");
  peer_start (fixture->bob);
  rb_test_wait_until (fixture->bob->deliveries->len == 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (peer_get_seq (fixture->bob, i), ==, i + 1);
}

static void
count_sent (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  rb_connector_send_finish (RB_CONNECTOR (source), result, NULL, NULL, &error);
  g_assert_no_error (error);
  ++*(guint *) user_data;
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  guint n_sent = 0;

  g_test_summary ("A thousand messages sent at once arrive in the order in which they were sent, once each.");

  fixture->bob->accepts = TRUE;
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      g_autoptr(RbEnvelope) envelope = make_envelope ("bob@local", NULL, text);

      rb_connector_send_async (fixture->ada->connector, envelope, NULL, count_sent, &n_sent);
    }
  rb_test_wait_until (n_sent == 1000 && fixture->bob->deliveries->len == 1000);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);
      g_autofree char *text = peer_dup_text (fixture->bob, i);

      g_assert_cmpstr (text, ==, expected);
      g_assert_cmpint (peer_get_seq (fixture->bob, i), ==, i + 1);
    }
}

static void
test_window_messages (Fixture       *fixture,
                      gconstpointer  data)
{
  Peer *bob = fixture->bob;

  g_test_summary ("No more messages are in flight than the window allows; (0, 0) pauses.");

  rb_connector_set_window (bob->connector, 2, 1 << 20);
  for (guint i = 0; i < 5; i++)
    peer_send_ok (fixture->ada, "bob@local", NULL, "x");
  rb_test_wait_until (bob->deliveries->len == 2);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 2);

  rb_connector_accept (bob->connector, 2);
  rb_test_wait_until (bob->deliveries->len == 3);
  g_assert_cmpint (peer_get_seq (bob, 2), ==, 3);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 3);

  rb_connector_set_window (bob->connector, 0, 0);
  rb_connector_accept (bob->connector, 1);
  rb_connector_accept (bob->connector, 3);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 3);

  rb_connector_set_window (bob->connector, 10, 1 << 20);
  rb_test_wait_until (bob->deliveries->len == 5);
}

static void
test_window_bytes (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *kilobyte = g_strnfill (1000, 'x');
  g_autofree char *large = g_strnfill (50000, 'x');
  Peer *bob = fixture->bob;

  g_test_summary ("No more bytes are in flight than the window allows, but one message that is larger goes alone.");

  rb_connector_set_window (bob->connector, 100, 2500);
  for (guint i = 0; i < 3; i++)
    peer_send_ok (fixture->ada, "bob@local", NULL, kilobyte);
  peer_send_ok (fixture->ada, "bob@local", NULL, large);
  peer_send_ok (fixture->ada, "bob@local", NULL, "small");
  rb_test_wait_until (bob->deliveries->len == 2);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 2);

  rb_connector_accept (bob->connector, 1);
  rb_test_wait_until (bob->deliveries->len == 3);
  rb_connector_accept (bob->connector, 2);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 3);

  rb_connector_accept (bob->connector, 3);
  rb_test_wait_until (bob->deliveries->len == 4);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 4);
  g_assert_cmpuint (rb_envelope_get_size (peer_get_message (bob, 3)), >, 50000);

  rb_connector_accept (bob->connector, 4);
  rb_test_wait_until (bob->deliveries->len == 5);
}

static void
test_release (Fixture       *fixture,
              gconstpointer  data)
{
  Peer *bob = fixture->bob;

  g_test_summary ("A released message comes again after 1 s, then after 2 s; others go on meanwhile.");

  peer_send_ok (fixture->ada, "bob@local", "m-1", "x");
  rb_test_wait_until (bob->deliveries->len == 1);
  rb_connector_release (bob->connector, 1);
  peer_send_ok (fixture->ada, "bob@local", "m-2", "x");
  rb_test_wait_until (bob->deliveries->len == 2);

  rb_fake_clock_advance (fixture->clock, 999);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 2);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (bob->deliveries->len == 3);
  g_assert_cmpint (peer_get_seq (bob, 2), ==, 1);
  g_assert_cmpstr (rb_envelope_get_id (peer_get_message (bob, 2)), ==, "m-1");

  rb_connector_release (bob->connector, 1);
  rb_fake_clock_advance (fixture->clock, 1999);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 3);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (bob->deliveries->len == 4);

  rb_connector_accept (bob->connector, 1);
  rb_fake_clock_advance (fixture->clock, 120000);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 4);
}

static void
test_restart (Fixture       *fixture,
              gconstpointer  data)
{
  Peer *bob = fixture->bob;

  g_test_summary ("What was not accepted comes again after a restart under its number; what was accepted does not.");

  for (guint i = 0; i < 4; i++)
    peer_send_ok (fixture->ada, "bob@local", NULL, "x");
  rb_test_wait_until (bob->deliveries->len == 4);
  rb_connector_accept (bob->connector, 1);
  rb_connector_accept (bob->connector, 3);
  rb_connector_release (bob->connector, 4);

  peer_stop (bob);
  peer_start (bob);
  rb_test_wait_until (bob->deliveries->len == 6);
  peer_settle (bob);
  g_assert_cmpuint (bob->deliveries->len, ==, 6);
  g_assert_cmpint (peer_get_seq (bob, 4), ==, 2);
  g_assert_cmpint (peer_get_seq (bob, 5), ==, 4);
}

static void
test_nothing_after_stop (Fixture       *fixture,
                         gconstpointer  data)
{
  guint n_sent = 0;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Stop finishes what was being sent; afterwards nothing is delivered or sent.");

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(RbEnvelope) envelope = make_envelope ("bob@local", NULL, "x");

      rb_connector_send_async (fixture->ada->connector, envelope, NULL, count_sent, &n_sent);
    }
  peer_stop (fixture->ada);
  g_assert_cmpuint (n_sent, ==, 20);
  rb_test_wait_until (fixture->bob->deliveries->len == 20);

  peer_send_ok (fixture->bob, "ada@local", NULL, "x");
  peer_settle (fixture->bob);
  g_assert_cmpuint (fixture->ada->deliveries->len, ==, 0);
  g_assert_false (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "connector_unavailable");
}

static void
test_stop_while_starting (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GAsyncResult) stopped = NULL;
  g_autoptr(GError) error = NULL;
  RbModule *module = RB_MODULE (fixture->ada->connector);
  guint before = fixture->ada->n_connected;

  g_test_summary ("A stop before the start has finished ends both, and nothing is said of a connection.");

  peer_stop (fixture->ada);
  rb_module_start_async (module, NULL, rb_test_store_result, &started);
  rb_module_stop_async (module, NULL, rb_test_store_result, &stopped);
  rb_test_wait_until (started != NULL && stopped != NULL);
  g_assert_false (rb_module_start_finish (module, started, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_true (rb_module_stop_finish (module, stopped, NULL));
  g_assert_cmpuint (fixture->ada->n_connected, ==, before);
}

static void
on_first_delivery_stop (RbConnector *connector,
                        gint64       seq,
                        RbEnvelope  *envelope,
                        gpointer     user_data)
{
  GAsyncResult **result = user_data;

  rb_module_stop_async (RB_MODULE (connector), NULL, rb_test_store_result, result);
}

static void
test_stop_while_delivering (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  Peer *bob = fixture->bob;

  g_test_summary ("A receiver may stop the connector from within a delivery; the rest comes after the next start.");

  rb_connector_set_window (bob->connector, 0, 0);
  for (guint i = 0; i < 5; i++)
    peer_send_ok (fixture->ada, "bob@local", NULL, "x");
  g_signal_connect (bob->connector, "delivery", G_CALLBACK (on_first_delivery_stop), &result);
  rb_connector_set_window (bob->connector, 10, 1 << 20);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_module_stop_finish (RB_MODULE (bob->connector), result, NULL));
  g_assert_cmpuint (bob->deliveries->len, ==, 1);

  g_signal_handlers_disconnect_by_func (bob->connector, on_first_delivery_stop, &result);
  peer_start (bob);
  rb_test_wait_until (bob->deliveries->len == 6);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/connector/write-to-one-another", test_write_to_one_another);
  ADD ("/local/connector/write-to-oneself", test_write_to_oneself);
  ADD ("/local/connector/files-are-private", test_files_are_private);
  ADD ("/local/connector/sequence", test_sequence);
  ADD ("/local/connector/order", test_order);
  ADD ("/local/connector/window/messages", test_window_messages);
  ADD ("/local/connector/window/bytes", test_window_bytes);
  ADD ("/local/connector/release", test_release);
  ADD ("/local/connector/restart", test_restart);
  ADD ("/local/connector/stop/nothing-afterwards", test_nothing_after_stop);
  ADD ("/local/connector/stop/while-starting", test_stop_while_starting);
  ADD ("/local/connector/stop/while-delivering", test_stop_while_delivering);
  return g_test_run ();
}
