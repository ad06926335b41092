/* test-channel.c: channels: opening, frames both ways, and everything that may go wrong on them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-channel.h"
#include "rb-ipc-fixture.h"

#include <string.h>

#define AUTH "Authorization: Bearer " TOKEN "\r\n"
#define START "GET /v1/stream HTTP/1.1\r\n"
#define HOST "Host: 127.0.0.1:%u\r\n"
#define UPGRADE "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define PID "x-plugin-pid: 7\r\n"

typedef struct {
  const char *name;
  const char *request;
  const char *response;    /* how it starts, or, with "=" before it, all of it */
} Refusal;

/* Source: protocol.md 5.1, its table. */
static const Refusal refusals[] = {
  { "target", "GET /v1/other HTTP/1.1\r\n" HOST UPGRADE KEY VERSION AUTH PID "\r\n", "=HTTP/1.1 404 Not Found\r\n\r\n" },
  { "query", "GET /v1/stream?a HTTP/1.1\r\n" HOST UPGRADE KEY VERSION AUTH PID "\r\n", "=HTTP/1.1 404 Not Found\r\n\r\n" },
  { "target-before-token", "GET /v1/other HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n", "=HTTP/1.1 404 Not Found\r\n\r\n" },
  { "token", START HOST UPGRADE KEY VERSION PID "\r\n", "=HTTP/1.1 401 Unauthorized\r\n\r\n" },
  { "wrong-token", START HOST UPGRADE KEY VERSION PID "Authorization: Bearer no\r\n\r\n", "=HTTP/1.1 401 Unauthorized\r\n\r\n" },
  { "token-before-pid", START HOST UPGRADE KEY VERSION "\r\n", "=HTTP/1.1 401 Unauthorized\r\n\r\n" },
  { "pid", START HOST UPGRADE KEY VERSION AUTH "\r\n", "=HTTP/1.1 400 Bad Request\r\n\r\n" },
  { "wrong-pid", START HOST UPGRADE KEY VERSION AUTH "x-plugin-pid: x\r\n\r\n", "=HTTP/1.1 400 Bad Request\r\n\r\n" },
  { "method", "POST /v1/stream HTTP/1.1\r\n" HOST UPGRADE KEY VERSION AUTH PID "\r\n", "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET" },
  { "protocol", START HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n" KEY VERSION AUTH PID "\r\n", "HTTP/1.1 400 Bad Request\r\n" },
  { "no-key", START HOST UPGRADE VERSION AUTH PID "\r\n", "HTTP/1.1 400 Bad Request\r\n" },
  { "short-key", START HOST UPGRADE "Sec-WebSocket-Key: YQ==\r\n" VERSION AUTH PID "\r\n", "HTTP/1.1 400 Bad Request\r\n" },
  { "version", START HOST UPGRADE KEY "Sec-WebSocket-Version: 12\r\n" AUTH PID "\r\n",
    "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13, 8\r\n" },
  { "host", START "Host: evil.example:%u\r\n" UPGRADE KEY VERSION AUTH PID "\r\n", "=HTTP/1.1 403 Forbidden\r\n\r\n" },
  { "origin", START HOST UPGRADE KEY VERSION AUTH PID "Origin: http://a\r\n\r\n", "=HTTP/1.1 403 Forbidden\r\n\r\n" },
};

static void
test_refusal (RbIpcFixture *fixture,
              gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *request = NULL;
  g_autofree char *response = NULL;
  g_autofree char *calls = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  request = g_strdup_printf (refusal->request, fixture->port);
#pragma GCC diagnostic pop
  rb_raw_write (client, request, -1);
  response = rb_raw_read_response (client);
  if (*refusal->response == '=')
    g_assert_cmpstr (response, ==, refusal->response + 1);
  else
    g_assert_true (g_str_has_prefix (response, refusal->response));
  rb_raw_wait_closed (client);
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, "");
}

/* Source: protocol.md 5.1, 5.2. */
static void
test_opens (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *head = NULL;
  g_autofree char *calls = NULL;

  g_test_summary ("The handshake is RFC 6455's; no extension is accepted, and the first subprotocol is echoed.");

  head = rb_raw_upgrade (client, TOKEN, "7",
                         "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                         "Sec-WebSocket-Protocol: first, second\r\nx-masons-ipc-capabilities: endpoint_metadata_v1\r\n"
                         "x-masons-ipc-capabilities: , push_receipt_ack_v1\r\n");
  assert_contains (head, "HTTP/1.1 101 ");
  assert_contains (head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  assert_contains (head, "Sec-WebSocket-Protocol: first\r\n");
  g_assert_null (strstr (head, "deflate"));
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, "attach 7 receipts=1 legacy=0\n");
}

/* protocol.md 20.1. */
static void
test_ages (RbIpcFixture *fixture,
           gconstpointer data)
{
  g_autoptr(RbRaw) old = rb_ipc_fixture_open (fixture, NULL);
  g_autoptr(RbRaw) bare = rb_ipc_fixture_open (fixture, "");
  g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

  g_test_summary ("No capability header at all is an old adapter; an empty one is not.");

  g_assert_cmpstr (calls, ==, "attach 7 receipts=0 legacy=1\nattach 7 receipts=0 legacy=0\n");
}

static RbEnvelope *
make_envelope (const char *content)
{
  g_autoptr(GBytes) slice = g_bytes_new (content, strlen (content));
  g_autoptr(GBytes) metadata = g_bytes_new_static ("{\"a\": 1.0}", 10);

  return rb_envelope_new ("m1", "bob@local", NULL, slice, NULL, metadata);
}

static gboolean
push (RbIpcFixture *fixture,
      const char   *content)
{
  g_autoptr(RbEnvelope) envelope = make_envelope (content);
  RbPush what = { .push_id = "push_1", .endpoint_id = "ep_1", .source_message_id = "m1", .envelope = envelope };

  return rb_channel_push (rb_fake_core_get_channel (fixture->core), &what);
}

/* Source: protocol.md 5.4, 5.5. */
static void
test_push (RbIpcFixture *fixture,
           gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "push_receipt_ack_v1");
  g_autofree char *frame = NULL;
  g_autofree char *calls = NULL;

  g_test_summary ("A push carries content and metadata byte for byte, and its receipt comes back to the core.");

  g_assert_true (push (fixture, "\"h\\u00e9 \\/\""));
  frame = rb_raw_ws_read_text (client);
  g_assert_cmpstr (frame, ==,
                   "{\"event\":\"message_received\",\"push_id\":\"push_1\",\"endpoint_id\":\"ep_1\",\"from\":\"bob@local\","
                   "\"content\":\"h\\u00e9 \\/\",\"contentType\":\"text\",\"metadata\":{\"a\": 1.0},\"sourceMessageId\":\"m1\"}");

  g_free (rb_fake_core_take_calls (fixture->core));
  rb_raw_ws_send_text (client, "{\"event\":\"push_ack\",\"push_id\":\"push_1\"}");
  rb_test_settle ();
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, "receipt push_1\n");
}

/* Source: protocol.md 5.4. */
static void
test_presence (RbIpcFixture *fixture,
               gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, NULL);
  g_autofree char *frame = NULL;

  rb_channel_send_presence (rb_fake_core_get_channel (fixture->core), "offline", NULL);
  frame = rb_raw_ws_read_text (client);
  g_assert_cmpstr (frame, ==, "{\"event\":\"presence_changed\",\"presence\":\"offline\"}");
}

/* Source: protocol.md 5.5. */
static void
test_nonsense (RbIpcFixture *fixture,
               gconstpointer data)
{
  static const char *const frames[] = {
    "hello", "[]", "null", "{", "{\"event\":1}", "{\"event\":\"push_ack\"}", "{\"event\":\"push_ack\",\"push_id\":1}",
    "{\"event\":\"other\"}", "{\"event\":\"request\",\"id\":\"1\",\"method\":\"DELETE\",\"path\":\"/v1/endpoint/e\"}", "",
  };
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "push_receipt_ack_v1");
  g_autofree char *deep = g_strnfill (100 * 1000, '[');
  g_autofree char *calls = NULL;

  g_test_summary ("Frames without a meaning are ignored, 100 kB of '[' as well; binary ones are read as text.");

  g_free (rb_fake_core_take_calls (fixture->core));
  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    rb_raw_ws_send_text (client, frames[i]);
  rb_raw_ws_send_text (client, deep);
  rb_raw_ws_send (client, 0x82, "\xff\xfe", 2);
  rb_raw_ws_send (client, 0x82, "{\"event\":\"push_ack\",\"push_id\":\"p\"}", 34);
  rb_test_settle ();
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, "receipt p\n");
}

static void
test_client_ping (RbIpcFixture *fixture,
                  gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, NULL);
  g_autofree char *payload = NULL;
  guint8 opcode;
  gsize length;

  g_test_summary ("Pings are answered with their own payload.");

  rb_raw_ws_send (client, 0x89, "abc", 3);
  payload = rb_raw_ws_read (client, &opcode, &length);
  g_assert_cmpint (opcode, ==, 0xa);
  g_assert_cmpstr (payload, ==, "abc");
}

static void
test_early_frames (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *text = NULL;
  g_autofree char *calls = NULL;
  static const guint8 frame[] = { 0x81, 0x80 | 34, 0, 0, 0, 0 };
  g_autoptr(GByteArray) bytes = g_byte_array_new ();

  g_test_summary ("Frames that come in one piece with the handshake are not lost.");

  text = g_strdup_printf (START HOST UPGRADE KEY VERSION AUTH PID "\r\n", fixture->port);
  g_byte_array_append (bytes, (const guint8 *) text, strlen (text));
  g_byte_array_append (bytes, frame, sizeof frame);
  g_byte_array_append (bytes, (const guint8 *) "{\"event\":\"push_ack\",\"push_id\":\"p\"}", 34);
  rb_raw_write (client, bytes->data, bytes->len);
  rb_test_settle ();
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, "attach 7 receipts=0 legacy=1\nreceipt p\n");
}

static void
expect_close (RbRaw *client,
              guint  code,
              const char *reason)
{
  while (TRUE)
    {
      guint8 opcode = 0;
      gsize length = 0;
      g_autofree char *payload = rb_raw_ws_read (client, &opcode, &length);

      g_assert_nonnull (payload);
      if (opcode != 0x8)
        continue;
      g_assert_cmpuint (length, >=, 2);
      g_assert_cmpuint ((guint8) payload[0] << 8 | (guint8) payload[1], ==, code);
      g_assert_cmpstr (payload + 2, ==, reason);
      return;
    }
}

/* Source: protocol.md 5.3. */
static void
test_displaced (RbIpcFixture *fixture,
                gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");
  RbChannel *channel = rb_fake_core_get_channel (fixture->core);

  g_test_summary ("The core closes with a code and a reason; nothing is pushed after that, and the end is told once.");

  rb_channel_close (channel, 1000, "replaced");
  g_assert_false (push (fixture, "\"late\""));
  expect_close (client, 1000, "replaced");
  rb_raw_ws_send (client, 0x88, "\x03\xe8", 2);
  rb_raw_wait_closed (client);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
}

static void
test_close_ignored (RbIpcFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");

  g_test_summary ("A client that does not answer a close frame is dropped after a moment.");

  rb_channel_close (rb_fake_core_get_channel (fixture->core), 1000, "replaced");
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_core_get_n_channels (fixture->core), ==, 1);
  rb_fake_clock_advance (fixture->clock, 2001);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
}

static void
test_client_closes (RbIpcFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");

  g_test_summary ("A client's close frame is answered with its code.");

  rb_raw_ws_send (client, 0x88, "\x03\xf4" "broker_recover", 16);
  expect_close (client, 1012, "");
  rb_raw_wait_closed (client);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
}

static void
test_client_vanishes (RbIpcFixture *fixture,
                      gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");

  g_test_summary ("A connection that just ends is noticed at once.");

  rb_raw_close (client);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
}

static void
test_invalid (RbIpcFixture *fixture,
              gconstpointer data)
{
  g_autoptr(RbRaw) unmasked = rb_ipc_fixture_open (fixture, "");
  g_autoptr(RbRaw) garbled = NULL;

  g_test_summary ("Frames that RFC 6455 forbids close the channel and say why.");

  rb_raw_write (unmasked, "\x81\x01x", 3);
  expect_close (unmasked, 1002, "");
  rb_raw_close (unmasked);
  garbled = rb_ipc_fixture_open (fixture, "");
  rb_raw_ws_send (garbled, 0x81, "\xff", 1);
  expect_close (garbled, 1007, "");
  rb_raw_close (garbled);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
}

G_GNUC_UNUSED static gsize
get_memory (void)
{
  g_autofree char *text = NULL;

  g_file_get_contents ("/proc/self/statm", &text, NULL, NULL);
  return g_ascii_strtoull (strchr (text, ' '), NULL, 10) * 4096;
}

static void
test_huge_fragments (RbIpcFixture *fixture,
                     gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");
  g_autofree char *piece = g_strnfill (64 * 1024, 'x');
  G_GNUC_UNUSED gsize before = get_memory ();
  guint sent = 0;

  g_test_summary ("A message of 30 MB in fragments of 64 KiB ends the channel at the limit, and memory stays bounded.");

  while (sent < 480 && rb_raw_ws_send (client, sent == 0 ? 0x01 : 0x00, piece, 64 * 1024))
    sent++;
  rb_test_settle ();
  expect_close (client, 1009, "");
  rb_raw_close (client);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  /* The sanitizer keeps what was freed. */
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpuint (get_memory (), <, before + 64 * 1024 * 1024);
#endif
}

static void
test_large_message (RbIpcFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");
  g_autoptr(GString) text = g_string_new ("{\"event\":\"push_ack\",\"push_id\":\"p\",\"x\":\"");
  g_autofree char *calls = NULL;

  g_test_summary ("A frame of nearly 16 MiB is taken.");

  g_free (rb_fake_core_take_calls (fixture->core));
  while (text->len < 16 * 1024 * 1024 - 10)
    g_string_append_c (text, 'x');
  g_string_append (text, "\"}");
  rb_raw_ws_send (client, 0x81, text->str, text->len);
  rb_test_settle ();
  calls = rb_fake_core_take_calls (fixture->core);
  g_assert_cmpstr (calls, ==, "receipt p\n");
}

static void
test_never_reads (RbIpcFixture *fixture,
                  gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *content = g_strdup_printf ("\"%s\"", text);
  guint n = 0;

  g_test_summary ("A client that never reads is dropped when 16 MiB wait for it, not earlier and not never.");

  while (n < 100 && push (fixture, content))
    n++;
  g_assert_cmpuint (n, >=, 14);
  g_assert_cmpuint (n, <, 40);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  g_assert_cmpuint (rb_test_count_log ("ipc_channel_closed"), >=, 1);
}

static void
test_backlog_drains (RbIpcFixture *fixture,
                     gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "");
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *content = g_strdup_printf ("\"%s\"", text);

  g_test_summary ("What a slow client did not take yet arrives whole and in order once it reads.");

  for (guint i = 0; i < 8; i++)
    g_assert_true (push (fixture, content));
  g_assert_true (push (fixture, "\"last\""));
  for (guint i = 0; i < 9; i++)
    {
      g_autofree char *frame = rb_raw_ws_read_text (client);

      assert_contains (frame, i < 8 ? text : "\"content\":\"last\"");
    }
}

/* Source: protocol.md 5.1, IMP-65. */
static void
test_pings (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autoptr(RbRaw) alive = rb_ipc_fixture_open (fixture, "");
  g_autoptr(RbRaw) silent = rb_ipc_fixture_open (fixture, "");

  g_test_summary ("Every 30 s a ping; who misses two pongs is closed, who answers stays; one timer for all.");

  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 1);
  for (guint round = 0; round < 3; round++)
    {
      g_autofree char *payload = NULL;
      guint8 opcode;
      gsize length;

      g_assert_cmpuint (rb_fake_core_get_n_channels (fixture->core), ==, 2);
      rb_fake_clock_advance (fixture->clock, 30000);
      if (round < 2)
        {
          payload = rb_raw_ws_read (alive, &opcode, &length);
          g_assert_cmpint (opcode, ==, 0x9);
          rb_raw_ws_send (alive, 0x8a, payload, length);
          rb_test_settle ();
        }
    }
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 1);
  rb_raw_wait_closed (silent);
  g_assert_false (rb_raw_is_closed (alive));

  rb_raw_close (alive);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
set_up_default (RbIpcFixture *fixture,
                gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, NULL);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strconcat ("/channel/refuses/", refusals[i].name, NULL);

      g_test_add (path, RbIpcFixture, &refusals[i], set_up_default, test_refusal, rb_ipc_fixture_tear_down);
    }
#define ADD(path, function) g_test_add (path, RbIpcFixture, NULL, set_up_default, function, rb_ipc_fixture_tear_down)
  ADD ("/channel/opens", test_opens);
  ADD ("/channel/ages", test_ages);
  ADD ("/channel/frames/push", test_push);
  ADD ("/channel/frames/presence", test_presence);
  ADD ("/channel/frames/nonsense", test_nonsense);
  ADD ("/channel/frames/ping", test_client_ping);
  ADD ("/channel/frames/early", test_early_frames);
  ADD ("/channel/frames/large", test_large_message);
  ADD ("/channel/frames/huge-fragments", test_huge_fragments);
  ADD ("/channel/frames/invalid", test_invalid);
  ADD ("/channel/close/displaced", test_displaced);
  ADD ("/channel/close/ignored", test_close_ignored);
  ADD ("/channel/close/by-client", test_client_closes);
  ADD ("/channel/close/vanished", test_client_vanishes);
  ADD ("/channel/queue/never-reads", test_never_reads);
  ADD ("/channel/queue/drains", test_backlog_drains);
  ADD ("/channel/pings", test_pings);

  return g_test_run ();
}
