/* test-gateway-files.c: the delivery cursor's file, and the settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-fake-clock.h"
#include "rb-gateway-cursor-file.h"
#include "rb-json.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>

/* Source: protocol.md 3.8 and IMP-8. */

static void
test_parse (void)
{
  static const struct {
    const char *text;
    gint64      seq;
  } cases[] = {
    { "{ \"version\": 1, \"lastKnownSeq\": 17, \"updatedAt\": \"2026-01-02T03:04:05.678Z\" }", 17 },
    { "{\"version\":1,\"lastKnownSeq\":0}", 0 },
    { "{\"version\":1.0,\"lastKnownSeq\":1e3}\n", 1000 },
    { "{\"version\":2,\"lastKnownSeq\":17}", -1 },
    { "{\"version\":1}", -1 },
    { "{\"version\":1,\"lastKnownSeq\":-1}", -1 },
    { "{\"version\":1,\"lastKnownSeq\":1.5}", -1 },
    { "{\"version\":1,\"lastKnownSeq\":\"17\"}", -1 },
    { "{\"lastKnownSeq\":17}", -1 },
    { "[]", -1 },
    { "", -1 },
    { "{\"version\":1,\"lastKnownSeq\":17", -1 },
  };

  g_test_summary ("A cursor file of version 1 with an integer of at least 0 is read; everything else counts as absent.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (rb_gateway_cursor_parse (cases[i].text, strlen (cases[i].text)), ==, cases[i].seq);
}

static void
test_format (void)
{
  g_autofree char *text = rb_gateway_cursor_format (17, G_GINT64_CONSTANT (1767323045678));

  g_test_summary ("What is written is what existing brokers read.");

  g_assert_cmpstr (text, ==, "{\"version\":1,\"lastKnownSeq\":17,\"updatedAt\":\"2026-01-02T03:04:05.678Z\"}");
}

static void
test_import (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  g_test_summary ("The file of an existing broker is where we go on.");

  peer_write_cursor (peer, "{ \"version\": 1, \"lastKnownSeq\": 17, \"updatedAt\": \"2026-01-02T03:04:05.678Z\" }");
  peer_start (peer);
  g_assert_cmpint (peer_get_number (peer, "REGISTER", 0, "lastKnownSeq"), ==, 17);
  rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
  rb_test_wait_until (peer->deliveries->len == 1);
  g_assert_cmpint (peer_get_seq (peer, 0), ==, 18);
}

static void
test_corrupt (void)
{
  static const char *const texts[] = { "", "{", "\xff\xfe", "{\"version\":1,\"lastKnownSeq\":-4}" };

  g_test_summary ("A damaged file counts as absent, the log says so, and the next advance mends it.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

      rb_test_forget_logs ();
      peer_write_cursor (peer, texts[i]);
      peer->accepts = TRUE;
      peer_start (peer);
      g_assert_cmpuint (rb_test_count_log ("delivery_cursor_unreadable"), ==, 1);
      g_assert_cmpint (peer_get_number (peer, "REGISTER", 0, "lastKnownSeq"), ==, 0);
      rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
      rb_test_wait_until (peer_read_cursor (peer) == 1);
    }
}

static void
test_restart (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autofree char *path = g_build_filename (peer->state_dir, "delivery-cursor.json", NULL);
  GStatBuf st;

  g_test_summary ("The last value is in the file when the stop is through, with mode 0600, and the next start registers with it.");

  peer->accepts = TRUE;
  for (guint i = 0; i < 50; i++)
    rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
  peer_wait_acked (peer, 50);
  peer_stop (peer);
  g_assert_cmpint (peer_read_cursor (peer), ==, 50);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);

  peer_renew (peer, "keepalive-ms", "0", NULL);
  peer_start (peer);
  g_assert_cmpint (peer_get_number (peer, "REGISTER", -1, "lastKnownSeq"), ==, 50);
  peer_sync (peer);
  g_assert_cmpuint (peer->deliveries->len, ==, 50);
}

static void
count_written (gint64   seq,
               gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
}

static gboolean
is_written (const char *path)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, "\"lastKnownSeq\":7,") != NULL;
}

static void
test_left (void)
{
  g_autofree char *directory = g_dir_make_tmp ("cursor-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "delivery-cursor.json", NULL);
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  RbGatewayCursorFile *file;
  guint n = 0;

  g_test_summary ("Who lets go of the file while it is written is not called any more.");

  file = rb_gateway_cursor_file_new (path, clock, count_written, &n);
  rb_gateway_cursor_file_store (file, 7);
  rb_gateway_cursor_file_free (file);
  rb_test_wait_until (is_written (path));
  rb_test_wait_until (G_OBJECT (clock)->ref_count == 1);
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpuint (rb_clock_get_n_timers (clock), ==, 0);
  g_unlink (path);
  g_rmdir (directory);
}

static void
test_few_writes (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();

  g_test_summary ("Between two writes there are 20 ms, the newest value wins, and acknowledged is what the file says.");

  peer->accepts = TRUE;
  rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
  rb_test_wait_until (rb_sim_gateway_get_acked (peer->gateway) == 1);
  for (guint i = 0; i < 10; i++)
    {
      rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
      peer_sync (peer);
    }
  g_assert_cmpint (rb_sim_gateway_get_acked (peer->gateway), ==, 1);
  g_assert_cmpint (peer_read_cursor (peer), ==, 1);
  peer_wait_acked (peer, 11);
  g_assert_cmpint (peer_read_cursor (peer), ==, 11);
}

static void
test_unwritable (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autofree char *path = g_build_filename (peer->state_dir, "delivery-cursor.json", NULL);

  g_test_summary ("A file that cannot be written stops nothing; it is said once, and tried again at the next advance.");

  rb_test_forget_logs ();
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  peer->accepts = TRUE;
  for (guint i = 0; i < 3; i++)
    {
      rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
      peer_wait_acked (peer, i + 1);
      rb_fake_clock_advance (peer->clock, 1000);
    }
  rb_test_wait_until (rb_test_count_log ("delivery_cursor_write_failed") == 1);
  g_assert_cmpint (g_rmdir (path), ==, 0);
  rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
  peer_wait_acked (peer, 4);
  g_assert_cmpint (peer_read_cursor (peer), ==, 4);
  g_assert_cmpuint (rb_test_count_log ("delivery_cursor_write_failed"), ==, 0);
}

static void
test_settings (void)
{
  static const struct {
    const char *key;
    const char *value;
  } refused[] = {
    { "url", "" },
    { "url", "gateway" },
    { "url", "http://127.0.0.1/gateway" },
    { "url", "ws://" },
    { "url", "wss://user:secret word@/x" },
    { "proxy", "somewhere" },
    { "proxy", "ftp://127.0.0.1:1" },
    { "runtime-session-id", "__masons_x" },
    { "runtime-session-id", "  " },
    { "handshake-timeout-ms", "0" },
    { "register-timeout-ms", "-1" },
    { "send-ack-timeout-ms", "0" },
    { "backoff-initial-ms", "0" },
    { "backoff-max-ms", "999" },
    { "already-connected-delay-ms", "0" },
    { "already-connected-limit", "0" },
    { "duplicate-memory", "0" },
    { "keepalive-ms", "-1" },
  };
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("Each setting that makes no sense is refused by its name.");

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_test_message ("%s=%s", refused[i].key, refused[i].value);
      g_assert_false (peer_configure (peer, refused[i].key, refused[i].value, NULL));
    }
  g_assert_true (peer_configure (peer, "url", "wss://[::1]:8443/gateway?a=b", "proxy", "socks5://me:pw@127.0.0.1:1", NULL));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/cursor-file/parse", test_parse);
  g_test_add_func ("/gateway/cursor-file/format", test_format);
  g_test_add_func ("/gateway/cursor-file/import", test_import);
  g_test_add_func ("/gateway/cursor-file/corrupt", test_corrupt);
  g_test_add_func ("/gateway/cursor-file/restart", test_restart);
  g_test_add_func ("/gateway/cursor-file/left", test_left);
  g_test_add_func ("/gateway/cursor-file/few-writes", test_few_writes);
  g_test_add_func ("/gateway/cursor-file/unwritable", test_unwritable);
  g_test_add_func ("/gateway/settings", test_settings);
  return g_test_run ();
}
