/* test-bounds.c: every bounded thing between adapters and the core stays within its bound, and says so (design.md, invariant 7)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-fixture.h"

#include "rb-ipc-bounds.h"
#include "rb-ipc-channel.h"
#include "rb-ipc-page-live.h"
#include "rb-ipc-page-sessions.h"
#include "rb-page-client.h"

#include <string.h>

#define KIB 1024
#define POST(path, length) \
  "POST " path " HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\nContent-Length: " length "\r\n\r\n"
#define DELETE "DELETE /v1/endpoint/e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n"
#define BUSY "\"error\":\"broker_busy\""
#define STREAM_REQUEST "{\"event\":\"request\",\"id\":\"%u\",\"method\":\"DELETE\",\"path\":\"/v1/endpoint/e\"}"

typedef struct {
  const char  *name;
  void       (*drive) (RbIpcFixture *fixture);
  RbIpcOptions options;
} Case;

static void
assert_works (RbIpcFixture *fixture)
{
  g_autofree char *response = rb_ipc_fixture_ask (fixture, "DELETE", "/v1/endpoint/e", NULL, NULL);

  assert_status (response, 200);
}

/* What fills the rest, a person can look at. */
static void
drive_connections (RbIpcFixture *fixture)
{
  g_autoptr(RbRaw) first = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) extra = NULL;
  g_autofree char *status = NULL;
  RbRaw *second = rb_raw_connect (fixture->url);

  rb_test_settle ();
  extra = rb_raw_connect (fixture->url);
  rb_raw_wait_closed (extra);
  status = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/status", NULL);
  assert_status (status, 200);

  rb_raw_free (second);
  rb_test_wait_until (rb_bounds_get (rb_fake_core_get_bounds (fixture->core), RB_IPC_BOUND_CONNECTIONS)->used == 1);
  assert_works (fixture);
}

static void
drive_requests (RbIpcFixture *fixture)
{
  RbRaw *clients[2];
  g_autofree char *refused = NULL;
  g_autofree char *status = NULL;

  rb_fake_core_set_hold (fixture->core, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = rb_raw_connect (fixture->url);
      rb_raw_printf (clients[i], DELETE, fixture->port);
    }
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 2);
  refused = rb_ipc_fixture_ask (fixture, "DELETE", "/v1/endpoint/e", NULL, NULL);
  assert_status (refused, 503);
  assert_contains (refused, BUSY);
  assert_contains (refused, "\"retryable\":true");
  status = rb_ipc_fixture_ask_unix (fixture, "GET", "/v1/operator/status", NULL);
  assert_status (status, 200);

  rb_fake_core_set_hold (fixture->core, FALSE);
  rb_fake_core_release (fixture->core);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *response = rb_raw_read_response (clients[i]);

      assert_status (response, 200);
      rb_raw_free (clients[i]);
    }
  assert_works (fixture);
}

/* One body is announced and does not come; there is no room for another, nor for a message on a channel. */
static void
drive_input (RbIpcFixture *fixture)
{
  RbRaw *slow = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) second = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) chunked = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) channel = rb_ipc_fixture_open (fixture, "stream_requests_v1");
  g_autofree char *part = g_strnfill (KIB, 'x');
  g_autofree char *refused = NULL;
  g_autofree char *late = NULL;
  g_autofree char *closed = NULL;
  guint8 opcode;
  gsize length;

  rb_raw_printf (slow, POST ("/v1/send", "3000") "{", fixture->port);
  rb_test_settle ();
  g_assert_cmpuint (rb_bounds_get (rb_fake_core_get_bounds (fixture->core), RB_IPC_BOUND_INPUT)->used, ==, 3000);
  rb_raw_printf (second, POST ("/v1/send", "3000"), fixture->port);
  refused = rb_raw_read_response (second);
  assert_status (refused, 503);
  assert_contains (refused, BUSY);

  rb_raw_printf (chunked,
                 "POST /v1/send HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\nTransfer-Encoding: chunked\r\n\r\n",
                 fixture->port);
  for (guint i = 0; i < 2; i++)
    rb_raw_printf (chunked, "400\r\n%s\r\n", part);
  late = rb_raw_read_response (chunked);
  assert_status (late, 503);

  for (guint i = 0; i < 2; i++)
    rb_raw_ws_send (channel, i == 0 ? 0x01 : 0x00, part, KIB);
  closed = rb_raw_ws_read (channel, &opcode, &length);
  g_assert_cmpuint (opcode, ==, 0x8);
  g_assert_cmpuint ((guint8) closed[0] << 8 | (guint8) closed[1], ==, 1013);

  rb_raw_free (slow);
  rb_test_settle ();
  rb_raw_close (channel);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  g_assert_cmpuint (rb_bounds_get (rb_fake_core_get_bounds (fixture->core), RB_IPC_BOUND_INPUT)->used, ==, 0);
  assert_works (fixture);
}

static void
drive_body (RbIpcFixture *fixture)
{
  g_autofree char *body = g_strnfill (KIB, ' ');
  g_autofree char *longer = g_strnfill (KIB + 1, ' ');
  g_autofree char *fits = NULL;
  g_autofree char *refused = NULL;

  memcpy (body, "{}", 2);
  fits = rb_ipc_fixture_ask (fixture, "POST", "/v1/send", NULL, body);
  assert_status (fits, 400);
  refused = rb_ipc_fixture_ask (fixture, "POST", "/v1/send", NULL, longer);
  assert_status (refused, 413);
  assert_works (fixture);
}

static void
drive_message (RbIpcFixture *fixture)
{
  g_autoptr(RbRaw) channel = rb_ipc_fixture_open (fixture, NULL);
  g_autofree char *text = g_strnfill (KIB, ' ');
  g_autofree char *closed = NULL;
  guint8 opcode;
  gsize length;

  rb_raw_ws_send (channel, 0x81, text, KIB);
  rb_raw_ws_send (channel, 0x01, text, KIB);
  rb_raw_ws_send (channel, 0x80, text, 1);
  closed = rb_raw_ws_read (channel, &opcode, &length);
  g_assert_cmpuint (opcode, ==, 0x8);
  g_assert_cmpuint ((guint8) closed[0] << 8 | (guint8) closed[1], ==, 1009);
  rb_raw_close (channel);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  assert_works (fixture);
}

/* The input of the channel waits, and goes on when one is answered. */
static void
drive_channel_requests (RbIpcFixture *fixture)
{
  g_autoptr(RbRaw) channel = rb_ipc_fixture_open (fixture, "stream_requests_v1");

  rb_fake_core_set_hold (fixture->core, TRUE);
  for (guint i = 0; i <= RB_IPC_CHANNEL_REQUESTS_MAX; i++)
    {
      g_autofree char *text = g_strdup_printf (STREAM_REQUEST, i);

      /* What is in one buffer with the last one that has a place is still read. */
      if (i == RB_IPC_CHANNEL_REQUESTS_MAX)
        rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == RB_IPC_CHANNEL_REQUESTS_MAX);
      rb_raw_ws_send_text (channel, text);
    }
  rb_test_settle ();
  g_assert_cmpuint (rb_fake_core_get_n_held (fixture->core), ==, RB_IPC_CHANNEL_REQUESTS_MAX);

  rb_fake_core_set_hold (fixture->core, FALSE);
  rb_fake_core_release (fixture->core);
  for (guint i = 0; i <= RB_IPC_CHANNEL_REQUESTS_MAX; i++)
    {
      g_autofree char *answer = rb_raw_ws_read_text (channel);

      assert_contains (answer, "\"status\":200");
    }
}

static void
drive_channel_queue (RbIpcFixture *fixture)
{
  g_autoptr(RbRaw) channel = rb_ipc_fixture_open (fixture, "push_receipt_ack_v1");
  g_autofree char *text = g_strnfill (4 * KIB * KIB, 'x');
  g_autoptr(GBytes) content = NULL;
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", text);
  RbChannel *ours = rb_fake_core_get_channel (fixture->core);
  g_autoptr(RbEnvelope) envelope = NULL;
  RbPush push = { .endpoint_id = "e", .push_id = "p" };
  guint n = 0;

  content = g_bytes_new (quoted, strlen (quoted));
  envelope = rb_envelope_new ("m1", "bob", NULL, content, "text", NULL);
  push.envelope = envelope;
  while (n < 10 && rb_channel_push (ours, &push))
    n++;
  /* The socket takes some of it. */
  g_assert_cmpuint (n, >=, 4);
  g_assert_cmpuint (n, <, 10);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  assert_works (fixture);
}

static void
drive_page_tickets (RbIpcFixture *fixture)
{
  g_autofree char *oldest = rb_page_dup_ticket (fixture);
  g_autofree char *body = g_strdup_printf ("{\"ticket\":\"%s\"}", oldest);
  g_autofree char *session = NULL;
  g_autofree char *ended = NULL;

  for (guint i = 0; i < RB_IPC_TICKETS_MAX; i++)
    {
      g_autofree char *newer = rb_page_dup_ticket (fixture);

      g_assert_cmpstr (newer, !=, oldest);
    }
  session = rb_page_log_in (fixture);
  ended = rb_page_ask (fixture, NULL, "POST", "/ui/logout", NULL, body);
  assert_status (ended, 400);
}

static void
drive_page_sessions (RbIpcFixture *fixture)
{
  g_autofree char *oldest = rb_page_log_in (fixture);
  g_autofree char *used = rb_page_log_in (fixture);
  g_autofree char *kept = NULL;
  g_autofree char *ended = NULL;

  for (guint i = 0; i < RB_IPC_SESSIONS_MAX - 1; i++)
    {
      g_autofree char *before = rb_page_ask (fixture, used, "GET", "/v1/operator/status", NULL, NULL);
      g_autofree char *newer = rb_page_log_in (fixture);

      assert_status (before, 200);
      g_assert_cmpstr (newer, !=, oldest);
    }
  kept = rb_page_ask (fixture, used, "GET", "/v1/operator/status", NULL, NULL);
  assert_status (kept, 200);
  ended = rb_page_ask (fixture, oldest, "GET", "/v1/operator/status", NULL, NULL);
  assert_status (ended, 401);
}

static void
close_live (RbIpcFixture *fixture,
            RbRaw        *client)
{
  rb_raw_close (client);
  rb_test_wait_until (!rb_ipc_server_has_page (fixture->server));
}

static void
drive_page_sockets (RbIpcFixture *fixture)
{
  g_autofree char *session = rb_page_log_in (fixture);
  RbRaw *clients[RB_IPC_LIVE_MAX];
  g_autoptr(RbRaw) extra = rb_raw_connect (fixture->url);
  g_autofree char *refused = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *head = NULL;

      clients[i] = rb_raw_connect (fixture->url);
      head = rb_page_open_live (fixture, clients[i], session, fixture->url);
      assert_status (head, 101);
    }
  rb_bounds_get (rb_fake_core_get_bounds (fixture->core), RB_IPC_BOUND_PAGE_SOCKETS);
  refused = rb_page_open_live (fixture, extra, session, fixture->url);
  assert_status (refused, 503);
  for (size_t i = 0; i < G_N_ELEMENTS (clients); i++)
    rb_raw_free (clients[i]);
  rb_test_wait_until (!rb_ipc_server_has_page (fixture->server));
}

/* Ids as long as nothing has them, so that it fills up soon. */
static void
drive_page_queue (RbIpcFixture *fixture)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *head = rb_page_open_live (fixture, client, session, fixture->url);
  g_autofree char *filler = g_strnfill (KIB, 'x');

  assert_status (head, 101);
  for (guint n = 0; n < 100 && rb_ipc_server_has_page (fixture->server); n++)
    {
      for (guint i = 0; i < RB_IPC_LIVE_CHANGES_MAX; i++)
        {
          g_autofree char *id = g_strdup_printf ("%s%u", filler, i);

          g_signal_emit_by_name (fixture->core, "stored", 0, id);
        }
      rb_fake_clock_advance (fixture->clock, 100);
    }
  g_assert_false (rb_ipc_server_has_page (fixture->server));
}

static void
drive_page_changes (RbIpcFixture *fixture)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *head = rb_page_open_live (fixture, client, session, fixture->url);
  g_autofree char *frame = NULL;

  assert_status (head, 101);
  for (guint i = 0; i <= RB_IPC_LIVE_CHANGES_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("ep_%u", i);

      if (i == RB_IPC_LIVE_CHANGES_MAX)
        rb_bounds_get (rb_fake_core_get_bounds (fixture->core), RB_IPC_BOUND_PAGE_CHANGES);
      g_signal_emit_by_name (fixture->core, "stored", 0, id);
    }
  rb_fake_clock_advance (fixture->clock, 100);
  frame = rb_raw_ws_read_text (client);
  assert_contains (frame, "\"all\":true");
  g_assert_null (strstr (frame, "ep_1"));
  close_live (fixture, client);
}

static const Case cases[] = {
  { "connections", drive_connections, { .connections_max = 2 } },
  { "requests", drive_requests, { .requests_max = 2 } },
  { "input_bytes", drive_input, { .input_max = 4 * KIB } },
  { "request_body", drive_body, { .body_max = KIB } },
  { "channel_message", drive_message, { .frame_max = KIB } },
  { "channel_requests", drive_channel_requests, { 0 } },
  { "channel_queue", drive_channel_queue, { 0 } },
  { "page_tickets", drive_page_tickets, { 0 } },
  { "page_sessions", drive_page_sessions, { 0 } },
  { "page_sockets", drive_page_sockets, { 0 } },
  { "page_queue", drive_page_queue, { 0 } },
  { "page_changes", drive_page_changes, { 0 } },
};

static void
set_up (RbIpcFixture *fixture,
        gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, &((const Case *) data)->options);
}

static void
test_driven (RbIpcFixture *fixture,
             gconstpointer data)
{
  RbBounds *bounds = rb_fake_core_get_bounds (fixture->core);
  const Case *c = data;

  g_test_summary ("At its limit the policy holds, the counters count, the log says so; below it things work again.");

  rb_test_forget_logs ();
  c->drive (fixture);
  for (guint i = 0; i < rb_bounds_get_n (bounds); i++)
    {
      const RbBound *bound = rb_bounds_get (bounds, i);

      if (strcmp (bound->info->name, c->name) != 0)
        continue;
      g_assert_cmpuint (bound->n_reached, >, 0);
      g_assert_cmpint (bound->last_reached, >, 0);
      g_assert_cmpuint (bound->peak, >, 0);
      /* A person at the Unix socket has a place beyond. */
      if (i == RB_IPC_BOUND_CONNECTIONS)
        g_assert_cmpuint (bound->peak, ==, bound->limit + 1);
      else
        g_assert_cmpuint (bound->peak, <=, bound->limit);
      return;
    }
  g_error ("the server has no bound '%s'", c->name);
}

static void
test_all_driven (RbIpcFixture *fixture,
                 gconstpointer data)
{
  RbBounds *bounds = rb_fake_core_get_bounds (fixture->core);

  g_test_summary ("No bound of the server is without a test that drives it to its limit.");

  g_assert_cmpuint (rb_bounds_get_n (bounds), ==, G_N_ELEMENTS (cases));
  for (guint i = 0; i < rb_bounds_get_n (bounds); i++)
    g_assert_cmpstr (rb_bounds_get (bounds, i)->info->name, ==, cases[i].name);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add ("/ipc/bounds/all-driven", RbIpcFixture, NULL, rb_ipc_fixture_set_up, test_all_driven, rb_ipc_fixture_tear_down);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ipc/bounds/driven/%s", cases[i].name);

      g_test_add (path, RbIpcFixture, &cases[i], set_up, test_driven, rb_ipc_fixture_tear_down);
    }
  return g_test_run ();
}
