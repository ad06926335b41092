/* test-page-live.c: pages that are open are told what changes, when it is on the disk
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page-live.h"
#include "rb-page-client.h"

#include <string.h>

/* Of the test's main loop as of any other. */
#define COLLECT_MS 100

static RbRaw *
open_page (RbIpcFixture *fixture,
           const char   *session)
{
  RbRaw *client = rb_raw_connect (fixture->url);
  g_autofree char *head = rb_page_open_live (fixture, client, session, fixture->url);

  assert_status (head, 101);
  assert_contains (head, "Sec-WebSocket-Protocol: runtime-broker.page.1\r\n");
  g_assert_null (strstr (head, session));
  return client;
}

static void
change (RbIpcFixture *fixture,
        guint         kind,
        const char   *id)
{
  g_signal_emit_by_name (fixture->core, "stored", kind, id);
}

/* The code of the close frame that comes next. */
static guint
read_close (RbRaw *client)
{
  guint8 opcode;
  gsize length;
  g_autofree char *frame = rb_raw_ws_read (client, &opcode, &length);

  g_assert_cmpuint (opcode, ==, 0x8);
  g_assert_cmpuint (length, >=, 2);
  return (guint) (guint8) frame[0] << 8 | (guint8) frame[1];
}

static void
test_told (RbIpcFixture *fixture,
           gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) one = open_page (fixture, session);
  g_autoptr(RbRaw) other = open_page (fixture, session);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("What changes in a moment is one frame, the same for all, with what is gone as null.");

  change (fixture, 0, "ep_1");
  change (fixture, 0, "ep_gone");
  change (fixture, 1, "waits-1");
  change (fixture, 1, "waits-1");
  change (fixture, 1, "works-2");
  g_signal_emit_by_name (fixture->core, "changed", "inbox");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  first = rb_raw_ws_read_text (one);
  second = rb_raw_ws_read_text (other);
  g_assert_cmpstr (first, ==, second);
  assert_contains (first, "\"presence\":\"online\"");
  assert_contains (first, "\"ep_1\":{\"state\":\"active\"}");
  assert_contains (first, "\"ep_gone\":null");
  assert_contains (first, "\"waits-1\":{\"id\":\"waits-1\",\"preview\":\"<img onerror=x>\"}");
  assert_contains (first, "\"works-2\":{\"state\":\"accepted\"}");
  g_assert_null (strstr (first, "\"all\""));
}

static void
test_mentioned (RbIpcFixture *fixture,
                gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = open_page (fixture, session);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Of lists that are read as a whole it is told that they may have changed, once.");

  g_signal_emit_by_name (fixture->core, "changed", "spawns");
  g_signal_emit_by_name (fixture->core, "changed", "inbox");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  first = rb_raw_ws_read_text (client);
  assert_contains (first, "\"needs\":true");
  assert_contains (first, "\"runtimes\":true");
  g_signal_emit_by_name (fixture->core, "changed", "inbox");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  second = rb_raw_ws_read_text (client);
  g_assert_null (strstr (second, "\"needs\":true"));
  g_assert_null (strstr (second, "\"runtimes\""));
}

static void
test_durable (RbIpcFixture *fixture,
              gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = open_page (fixture, session);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Nothing is told before it is on the disk; what changed meanwhile is told next.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  change (fixture, 1, "waits-1");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  g_assert_cmpuint (rb_fake_core_get_n_held (fixture->core), ==, 1);
  change (fixture, 1, "waits-2");
  rb_fake_clock_advance (fixture->clock, 10 * COLLECT_MS);
  g_assert_cmpuint (rb_fake_core_get_n_held (fixture->core), ==, 1);

  rb_fake_core_set_hold (fixture->core, FALSE);
  rb_fake_core_release (fixture->core);
  first = rb_raw_ws_read_text (client);
  assert_contains (first, "waits-1");
  g_assert_null (strstr (first, "waits-2"));
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  second = rb_raw_ws_read_text (client);
  assert_contains (second, "waits-2");
}

static void
test_not_stored (RbIpcFixture *fixture,
                 gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = open_page (fixture, session);
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "disk");
  g_autofree char *frame = NULL;

  g_test_summary ("What could not be stored is not told; with the next change everything is read again.");

  rb_fake_core_set_error (fixture->core, error);
  change (fixture, 1, "waits-1");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  rb_test_settle ();
  rb_fake_core_set_error (fixture->core, NULL);
  g_signal_emit_by_name (fixture->core, "changed", "health");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  frame = rb_raw_ws_read_text (client);
  assert_contains (frame, "\"all\":true");
  g_assert_null (strstr (frame, "waits-1"));
}

static void
test_costs_nothing (RbIpcFixture *fixture,
                    gconstpointer data)
{
  guint n_timers = rb_clock_get_n_timers (fixture->clock);
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = NULL;

  g_test_summary ("Without an open page nothing is looked at, however much changes.");

  change (fixture, 1, "waits-1");
  g_signal_emit_by_name (fixture->core, "changed", "inbox");
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), <=, n_timers + 1);
  rb_fake_core_set_hold (fixture->core, TRUE);
  client = open_page (fixture, session);
  change (fixture, 1, "waits-2");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  g_assert_cmpuint (rb_fake_core_get_n_held (fixture->core), ==, 1);

  /* It leaves while its news is on its way to the disk. */
  rb_raw_close (client);
  rb_test_wait_until (!rb_ipc_server_has_page (fixture->server));
  rb_fake_core_set_hold (fixture->core, FALSE);
  rb_fake_core_release (fixture->core);
  change (fixture, 1, "waits-3");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  g_assert_cmpuint (rb_fake_core_get_n_held (fixture->core), ==, 0);
}

static void
test_logged_out (RbIpcFixture *fixture,
                 gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autofree char *other = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = open_page (fixture, session);
  g_autoptr(RbRaw) stays = open_page (fixture, other);
  g_autofree char *body = g_strdup_printf ("{\"session\":\"%s\"}", session);
  g_autofree char *answer = rb_page_ask (fixture, NULL, "POST", "/ui/logout", NULL, body);
  g_autofree char *frame = NULL;

  g_test_summary ("With its session a page's WebSocket ends; one whose session is too old is told nothing more.");

  assert_status (answer, 200);
  g_assert_cmpuint (read_close (client), ==, RB_IPC_LIVE_LOGGED_OUT);
  change (fixture, 1, "waits-1");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  frame = rb_raw_ws_read_text (stays);
  assert_contains (frame, "waits-1");

  rb_fake_clock_advance (fixture->clock, 8 * 3600 * 1000);
  change (fixture, 1, "waits-2");
  rb_fake_clock_advance (fixture->clock, COLLECT_MS);
  g_assert_cmpuint (read_close (stays), ==, RB_IPC_LIVE_LOGGED_OUT);
}

static void
test_stop (RbIpcFixture *fixture,
           gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = open_page (fixture, session);

  g_test_summary ("A broker that stops says so.");

  change (fixture, 1, "waits-1");
  rb_ipc_server_close (fixture->server);
  g_assert_cmpuint (read_close (client), ==, 1001);
}

typedef struct {
  const char *name;
  const char *origin;      /* NULL: none; "own": ours */
  const char *session;     /* NULL: none; "own": a good one */
  const char *more;        /* headers */
  int         status;
} Refusal;

static const Refusal refusals[] = {
  { "no-origin", NULL, "own", "", 403 },
  { "foreign-origin", "http://evil.example", "own", "", 403 },
  { "other-port", "http://127.0.0.1:1", "own", "", 403 },
  { "cross-site", "own", "own", "Sec-Fetch-Site: cross-site\r\n", 403 },
  { "no-session", "own", NULL, "", 401 },
  { "wrong-session", "own", "x", "", 401 },
  { "token-as-session", "own", TOKEN, "", 401 },
  { "token", "own", NULL, "Authorization: Bearer " TOKEN "\r\nx-plugin-pid: 7\r\n", 401 },
};

static void
set_up_refusal (RbIpcFixture *fixture,
                gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, NULL);
}

static void
test_refused (RbIpcFixture *fixture,
              gconstpointer data)
{
  const Refusal *refusal = data;
  g_autofree char *good = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  const char *origin = g_strcmp0 (refusal->origin, "own") == 0 ? fixture->url : refusal->origin;
  const char *session = g_strcmp0 (refusal->session, "own") == 0 ? good : refusal->session;
  g_autofree char *head = NULL;

  rb_raw_printf (client, "GET /ui/live HTTP/1.1\r\n%s", refusal->more);
  rb_raw_printf (client,
                 "Host: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
                 fixture->port);
  if (origin != NULL)
    rb_raw_printf (client, "Origin: %s\r\n", origin);
  if (session != NULL)
    rb_raw_printf (client, "Sec-WebSocket-Protocol: runtime-broker.page.1, session.%s\r\n", session);
  rb_raw_write (client, "\r\n", 2);
  head = rb_raw_read_response (client);
  assert_status (head, refusal->status);
  rb_raw_wait_closed (client);
  g_assert_false (rb_ipc_server_has_page (fixture->server));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, test) g_test_add ("/ipc/page-live/" path, RbIpcFixture, NULL, rb_ipc_fixture_set_up, test, rb_ipc_fixture_tear_down)
  ADD ("told", test_told);
  ADD ("mentioned", test_mentioned);
  ADD ("durable", test_durable);
  ADD ("not-stored", test_not_stored);
  ADD ("costs-nothing", test_costs_nothing);
  ADD ("logged-out", test_logged_out);
  ADD ("stop", test_stop);
  for (size_t i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ipc/page-live/refused/%s", refusals[i].name);

      g_test_add (path, RbIpcFixture, &refusals[i], set_up_refusal, test_refused, rb_ipc_fixture_tear_down);
    }
  return g_test_run ();
}
