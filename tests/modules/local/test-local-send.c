/* test-local-send.c: what a sender is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "local-peer.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#define DAY_MS (24 * 60 * 60 * G_GINT64_CONSTANT (1000))

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
  fixture->ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
  fixture->bob = peer_new_started (fixture->data_dir, "bob", fixture->clock);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->ada, peer_free);
  g_clear_pointer (&fixture->bob, peer_free);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->data_dir);
}

static void
assert_refused (Peer       *peer,
                const char *to,
                const char *id,
                int         code,
                const char *reason,
                const char *said_to)
{
  g_autoptr(GError) error = NULL;
  const char *detail = NULL;

  g_assert_false (peer_send (peer, to, id, "x", NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "connector_code", "&s", &detail));
  g_assert_cmpstr (detail, ==, reason);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "to", "&s", &detail));
  g_assert_cmpstr (detail, ==, said_to);
}

static void
test_invalid_address (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("What is not an address of this network is refused for good.");

  assert_refused (fixture->ada, "bob", NULL, RB_ERROR_REJECTED, "invalid_address", "bob");
  assert_refused (fixture->ada, "bob@example.com", NULL, RB_ERROR_REJECTED, "invalid_address", "bob@example.com");
  assert_refused (fixture->ada, "../bob@local", NULL, RB_ERROR_REJECTED, "invalid_address", "../bob@local");
  assert_refused (fixture->ada, NULL, NULL, RB_ERROR_REJECTED, "invalid_address", "");
}

static void
test_unknown_recipient (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(GAsyncResult) good = NULL;
  g_autoptr(GAsyncResult) bad = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbEnvelope) to_bob = make_envelope ("bob@local", NULL, "x");
  g_autoptr(RbEnvelope) to_eve = make_envelope ("eve@local", NULL, "x");

  g_test_summary ("A handle that nobody ever had is refused for good; one failure takes no other send with it.");

  assert_refused (fixture->ada, "eve@local", NULL, RB_ERROR_REJECTED, "unknown_recipient", "eve@local");

  rb_connector_send_async (fixture->ada->connector, to_eve, NULL, rb_test_store_result, &bad);
  rb_connector_send_async (fixture->ada->connector, to_bob, NULL, rb_test_store_result, &good);
  rb_test_wait_until (good != NULL && bad != NULL);
  g_assert_false (rb_connector_send_finish (fixture->ada->connector, bad, NULL, NULL, NULL));
  g_assert_true (rb_connector_send_finish (fixture->ada->connector, good, NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
test_stored_or_delivered (Fixture       *fixture,
                          gconstpointer  data)
{
  RbSendStatus status;

  g_test_summary ("A message is 'delivered' while its recipient's broker runs, else 'stored'; it arrives in both cases.");

  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  peer_stop (fixture->bob);
  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_STORED);
  peer_start (fixture->bob);
  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  rb_test_wait_until (fixture->bob->deliveries->len >= 3);
}

static void
test_same_id (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *id = NULL;
  RbSendStatus status;

  g_test_summary ("An id that was taken has no second effect and the first answer, before and after it was accepted.");

  peer_stop (fixture->bob);
  g_assert_true (peer_send (fixture->ada, "bob@local", "m-1", "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_STORED);
  peer_start (fixture->bob);
  rb_test_wait_until (fixture->bob->deliveries->len == 1);

  g_assert_true (peer_send (fixture->ada, "bob@local", "m-1", "x", &id, &status, NULL));
  g_assert_cmpstr (id, ==, "m-1");
  g_assert_cmpint (status, ==, RB_SEND_STORED);

  rb_connector_accept (fixture->bob->connector, 1);
  peer_settle (fixture->bob);
  g_assert_true (peer_send (fixture->ada, "bob@local", "m-1", "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_STORED);

  peer_send_ok (fixture->ada, "bob@local", "m-2", "x");
  rb_test_wait_until (fixture->bob->deliveries->len == 2);
  g_assert_cmpint (peer_get_seq (fixture->bob, 1), ==, 2);
  peer_settle (fixture->bob);
  g_assert_cmpuint (fixture->bob->deliveries->len, ==, 2);
}

static void
test_same_id_at_once (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@local", "m-1", "x");
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_test_summary ("The same id twice in one transaction is one message.");

  rb_connector_send_async (fixture->ada->connector, envelope, NULL, rb_test_store_result, &first);
  rb_connector_send_async (fixture->ada->connector, envelope, NULL, rb_test_store_result, &second);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_true (rb_connector_send_finish (fixture->ada->connector, first, NULL, NULL, NULL));
  g_assert_true (rb_connector_send_finish (fixture->ada->connector, second, NULL, NULL, NULL));
  peer_settle (fixture->bob);
  g_assert_cmpuint (fixture->bob->deliveries->len, ==, 1);
}

static void
test_forgotten_id (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("An accepted id is remembered for seven days; one that still waits is never forgotten.");

  peer_send_ok (fixture->ada, "bob@local", "accepted", "x");
  peer_send_ok (fixture->ada, "bob@local", "waiting", "x");
  rb_test_wait_until (fixture->bob->deliveries->len == 2);
  rb_connector_accept (fixture->bob->connector, 1);
  peer_settle (fixture->bob);

  /* Old ids go as new ones come. */
  rb_fake_clock_advance (fixture->clock, 7 * DAY_MS + 1);
  peer_send_ok (fixture->ada, "bob@local", "newer", "x");
  rb_test_wait_until (fixture->bob->deliveries->len == 3);
  rb_connector_accept (fixture->bob->connector, 3);
  peer_settle (fixture->bob);

  peer_send_ok (fixture->ada, "bob@local", "waiting", "x");
  peer_settle (fixture->bob);
  g_assert_cmpuint (fixture->bob->deliveries->len, ==, 3);
  peer_send_ok (fixture->ada, "bob@local", "accepted", "x");
  peer_settle (fixture->bob);
  g_assert_cmpuint (fixture->bob->deliveries->len, ==, 4);
}

static void
test_id_of_another (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(Peer) eve = peer_new_started (fixture->data_dir, "eve", fixture->clock);

  g_test_summary ("An id that another sender used is refused: answering for their message would lose this one.");

  peer_send_ok (fixture->ada, "bob@local", "m-1", "x");
  assert_refused (eve, "bob@local", "m-1", RB_ERROR_REJECTED, "message_id_taken", "bob@local");
  peer_send_ok (eve, "ada@local", "m-1", "x");
}

static void
test_full_of_messages (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(Peer) eve = peer_new (fixture->data_dir, "eve", fixture->clock, "mailbox-limit", "2", NULL);

  g_test_summary ("A mailbox holds as many messages as its owner says; accepting makes room.");

  rb_connector_set_window (eve->connector, 10, 1000);
  peer_start (eve);
  peer_send_ok (fixture->ada, "eve@local", "m-1", "x");
  peer_send_ok (fixture->ada, "eve@local", "m-2", "x");
  assert_refused (fixture->ada, "eve@local", "m-3", RB_ERROR_UNAVAILABLE, "recipient_mailbox_full", "eve@local");

  rb_test_assert_bound (fixture->ada->bounds, "local_mailbox");

  /* What was taken is still answered for. */
  peer_send_ok (fixture->ada, "eve@local", "m-2", "x");
  rb_test_wait_until (eve->deliveries->len == 2);
  rb_connector_accept (eve->connector, 2);
  peer_settle (eve);
  peer_send_ok (fixture->ada, "eve@local", "m-3", "x");
  rb_test_wait_until (eve->deliveries->len == 3);
}

static void
test_full_of_bytes (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(Peer) eve = peer_new (fixture->data_dir, "eve", fixture->clock, "mailbox-bytes", "2048", NULL);
  g_autofree char *text = g_strnfill (1500, 'x');
  g_autoptr(GError) error = NULL;

  g_test_summary ("A mailbox holds as many bytes as its owner says; accepting makes room.");

  rb_connector_set_window (eve->connector, 10, 1 << 20);
  peer_start (eve);
  peer_send_ok (fixture->ada, "eve@local", NULL, text);
  g_assert_false (peer_send (fixture->ada, "eve@local", NULL, text, NULL, NULL, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "recipient_mailbox_full");

  rb_test_wait_until (eve->deliveries->len == 1);
  rb_connector_accept (eve->connector, 1);
  peer_settle (eve);
  peer_send_ok (fixture->ada, "eve@local", NULL, text);
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@local", NULL, "x");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A send that was cancelled before it began has no effect.");

  g_cancellable_cancel (cancellable);
  rb_connector_send_async (fixture->ada->connector, envelope, cancellable, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_connector_send_finish (fixture->ada->connector, result, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  peer_settle (fixture->bob);
  g_assert_cmpuint (fixture->bob->deliveries->len, ==, 0);
}

typedef struct {
  guint taken;
  guint refused;
} Counts;

static void
count_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Counts *counts = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_connector_send_finish (RB_CONNECTOR (source), result, NULL, NULL, &error))
    counts->taken++;
  else
    {
      g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "connector_busy");
      counts->refused++;
    }
}

static void
test_too_many (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@local", NULL, "x");
  Counts counts = { 0 };

  g_test_summary ("More than 4,096 sends on their way to the disk are refused; every call is answered.");

  for (guint i = 0; i < 4100; i++)
    rb_connector_send_async (fixture->ada->connector, envelope, NULL, count_result, &counts);
  rb_test_wait_until (counts.taken + counts.refused == 4100);
  g_assert_cmpuint (counts.refused, ==, 4);
  rb_test_assert_bound (fixture->ada->bounds, "local_sends");
  peer_send_ok (fixture->ada, "bob@local", NULL, "x");
}

static void
test_too_large (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  g_autoptr(RbEnvelope) envelope = make_envelope ("bob@local", NULL, text);
  Counts counts = { 0 };

  g_test_summary ("More than 64 MiB on their way to the disk are refused.");

  for (guint i = 0; i < 70; i++)
    rb_connector_send_async (fixture->ada->connector, envelope, NULL, count_result, &counts);
  rb_test_wait_until (counts.taken + counts.refused == 70);
  g_assert_cmpuint (counts.refused, ==, 7);
  rb_test_assert_bound (fixture->ada->bounds, "local_send_bytes");
  peer_send_ok (fixture->ada, "bob@local", NULL, "x");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/send/refuses/invalid-address", test_invalid_address);
  ADD ("/local/send/refuses/unknown-recipient", test_unknown_recipient);
  ADD ("/local/send/refuses/full-of-messages", test_full_of_messages);
  ADD ("/local/send/refuses/full-of-bytes", test_full_of_bytes);
  ADD ("/local/send/refuses/too-many", test_too_many);
  ADD ("/local/send/refuses/too-large", test_too_large);
  ADD ("/local/send/stored-or-delivered", test_stored_or_delivered);
  ADD ("/local/send/same-id/later", test_same_id);
  ADD ("/local/send/same-id/at-once", test_same_id_at_once);
  ADD ("/local/send/same-id/forgotten", test_forgotten_id);
  ADD ("/local/send/same-id/of-another", test_id_of_another);
  ADD ("/local/send/cancelled", test_cancelled);
  return g_test_run ();
}
