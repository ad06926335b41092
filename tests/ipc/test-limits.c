/* test-limits.c: what is too large, too slow or too many
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-fixture.h"

#include "rb-ipc-private.h"

#include <string.h>
#include <sys/resource.h>

/* Source: protocol.md 4.1: how long; 4.3, IMP-12: how much. */

#define MIB (1024 * 1024)
#define HEAD "POST /v1/send HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n"
#define TOO_LARGE "{\"error\":\"body_too_large\",\"message\":\"request body too large\"}"

static void
assert_untouched (RbIpcFixture *fixture)
{
  g_autofree char *calls = rb_fake_core_take_calls (fixture->core);

  g_assert_cmpstr (calls, ==, "");
}

static void
test_body_fits (RbIpcFixture *fixture,
                gconstpointer data)
{
  g_autofree char *content = g_strnfill (MIB - 50, 'x');
  g_autofree char *body = g_strdup_printf ("{\"endpoint_id\":\"e\",\"to\":\"b\",\"content\":\"%s\"}", content);
  g_autofree char *exact = g_strndup (body, MIB);
  g_autofree char *response = NULL;

  g_test_summary ("A body of up to 1 MiB is taken.");

  g_assert_cmpuint (strlen (body), <=, MIB);
  response = rb_ipc_fixture_ask (fixture, "POST", "/v1/send", NULL, body);
  assert_status (response, 200);
}

static void
test_length_too_large (RbIpcFixture *fixture,
                       gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("An announced length above the limit is refused before any of the body came.");

  rb_raw_printf (client, HEAD "Content-Length: 1048577\r\n\r\n", fixture->port);
  response = rb_raw_read_response (client);
  assert_status (response, 413);
  assert_contains (response, TOO_LARGE);
  assert_contains (response, "Connection: close\r\n");
  rb_raw_wait_closed (client);
  assert_untouched (fixture);
}

static void
test_length_absurd (RbIpcFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("A length that no machine has is refused too, while the client already sends.");

  rb_raw_printf (client, HEAD "Content-Length: 99999999999999\r\n\r\n{\"content\":\"xxxxxxxxxxxxxxxx", fixture->port);
  response = rb_raw_read_response (client);
  g_assert_true (g_str_has_prefix (response, "HTTP/1.1 413 ") || g_str_has_prefix (response, "HTTP/1.1 400 "));
  assert_untouched (fixture);
}

static void
test_chunked_too_large (RbIpcFixture *fixture,
                        gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *chunk = g_strnfill (64 * 1024, 'x');
  g_autofree char *response = NULL;
  gboolean open = TRUE;

  g_test_summary ("A body without a length is refused as soon as it passes the limit.");

  rb_raw_printf (client, HEAD "Transfer-Encoding: chunked\r\n\r\n", fixture->port);
  for (guint i = 0; i < 64 && open; i++)
    open = rb_raw_printf (client, "10000\r\n%s\r\n", chunk);
  response = rb_raw_read_response (client);
  assert_status (response, 413);
  assert_contains (response, TOO_LARGE);
  assert_untouched (fixture);
}

static void
test_chunked_fits (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("A small body in chunks is like any other.");

  rb_raw_printf (client,
                 HEAD "Transfer-Encoding: chunked\r\n\r\n"
                      "10\r\n{\"endpoint_id\":\"\r\n1f\r\ne\",\"to\":\"bob\",\"content\":\"hi\"}   \r\n0\r\n\r\n",
                 fixture->port);
  response = rb_raw_read_response (client);
  assert_status (response, 200);
}

static void
test_continue (RbIpcFixture *fixture,
               gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) large = rb_raw_connect (fixture->url);
  g_autofree char *go_on = NULL;
  g_autofree char *response = NULL;
  g_autofree char *refused = NULL;

  g_test_summary ("A client that asks first is told to go on, or why not.");

  rb_raw_set_headers_only (client);
  rb_raw_printf (client, HEAD "Expect: 100-continue\r\nContent-Length: 43\r\n\r\n", fixture->port);
  go_on = rb_raw_read_response (client);
  assert_status (go_on, 100);
  rb_raw_printf (client, "{\"endpoint_id\":\"e\",\"to\":\"b\",\"content\":\"hi\"}");
  response = rb_raw_read_response (client);
  assert_status (response, 200);

  rb_raw_printf (large, HEAD "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", fixture->port);
  refused = rb_raw_read_response (large);
  assert_status (refused, 413);
}

static void
test_unauthorized_body (RbIpcFixture *fixture,
                        gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("Who may not ask is refused without reading what they send.");

  rb_raw_printf (client, "POST /v1/send HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 500000000\r\n\r\nxxx", fixture->port);
  response = rb_raw_read_response (client);
  assert_status (response, 401);
  rb_raw_wait_closed (client);
}

static void
test_slow_headers (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) silent = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) slow = rb_raw_connect (fixture->url);
  g_autoptr(RbRaw) body = rb_raw_connect (fixture->url);

  g_test_summary ("A connection that never finishes its request is cut.");

  rb_raw_printf (slow, "GET /health HTTP/1.1\r\nHost: 127");
  rb_raw_printf (body, HEAD "Content-Length: 100\r\n\r\n{", fixture->port);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 9000);
  rb_raw_printf (slow, ".0.0.1");
  rb_test_settle ();
  g_assert_false (rb_raw_is_closed (silent));
  g_assert_false (rb_raw_is_closed (slow));

  rb_fake_clock_advance (fixture->clock, 1001);
  rb_raw_wait_closed (silent);
  rb_raw_wait_closed (slow);
  rb_raw_wait_closed (body);
  assert_untouched (fixture);
}

static void
test_idle_is_fine (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Between two requests a connection may rest as long as it likes; the next one has its time again.");

  rb_raw_printf (client, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: " TOKEN "\r\n\r\n", fixture->port);
  first = rb_raw_read_response (client);
  assert_status (first, 200);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 3600 * 1000);
  g_assert_false (rb_raw_is_closed (client));

  rb_raw_printf (client, "GET /health HTTP/1.1\r\n");
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 9000);
  rb_raw_printf (client, "Host: 127.0.0.1:%u\r\n\r\n", fixture->port);
  second = rb_raw_read_response (client);
  assert_status (second, 200);

  rb_raw_printf (client, "GET /health HTTP/1.1\r\nHost: 1");
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 10001);
  rb_raw_wait_closed (client);
}

static void
test_stranger_rests (RbIpcFixture *fixture,
                     gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("Who never showed the token does not keep a connection for ever.");

  rb_raw_printf (client, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", fixture->port);
  response = rb_raw_read_response (client);
  assert_status (response, 200);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 29000);
  g_assert_false (rb_raw_is_closed (client));
  rb_fake_clock_advance (fixture->clock, 1001);
  rb_raw_wait_closed (client);
}

static void
test_answer_not_taken (RbIpcFixture *fixture,
                       gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *path = g_strnfill (90000, 'a');

  g_test_summary ("Answers that nobody reads do not stay for ever.");

  rb_raw_set_buffers (client, 4096);
  for (guint i = 0; i < 100; i++)
    rb_raw_printf (client, "GET /%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n", path, fixture->port);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 61000);
  rb_test_settle ();
  rb_raw_wait_closed (client);
}

static void
hold (RbIpcFixture *fixture,
      RbRaw        *client,
      const char   *what,
      guint         n_held,
      const char   *body)
{
  rb_raw_printf (client, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nx-plugin-pid: 7\r\nAuthorization: Bearer " TOKEN "\r\nContent-Length: %zu\r\n\r\n%s",
                 what, fixture->port, strlen (body), body);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == n_held);
}

static char *
ask_held (RbIpcFixture *fixture,
          RbRaw        *client,
          const char   *what,
          guint         n_held,
          const char   *body)
{
  hold (fixture, client, what, n_held, body);
  rb_fake_clock_advance (fixture->clock, 2999);
  g_signal_emit_by_name (fixture->core, "storage-stuck", "the disk is full");
  rb_raw_poll (client);
  rb_fake_clock_advance (fixture->clock, 1);
  g_signal_emit_by_name (fixture->core, "storage-stuck", "the disk is full");
  return rb_raw_read_response (client);
}

/* What the core itself answers is left alone. */
static void
test_full_patient (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("While the disk is full what waits for the network, or is answered by the core, goes on waiting.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  hold (fixture, client, "POST /v1/send", 1, "{\"endpoint_id\":\"e\",\"to\":\"b\",\"content\":\"c\"}");
  rb_fake_clock_advance (fixture->clock, 9000);
  g_signal_emit_by_name (fixture->core, "storage-stuck", "the disk is full");
  rb_fake_core_release (fixture->core);
  response = rb_raw_read_response (client);
  assert_status (response, 200);
}

static void
test_full (RbIpcFixture *fixture,
           gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *question = NULL;
  g_autofree char *once = NULL;
  g_autofree char *unknown = NULL;

  g_test_summary ("What has waited long for a full disk is answered: whether it may be asked for again is said, and is true.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  question = ask_held (fixture, client, "GET /v1/undispatched", 1, "");
  assert_status (question, 503);
  assert_contains (question, "\"error\":\"storage_unavailable\"");
  assert_contains (question, "\"retryable\":true");
  once = ask_held (fixture, client, "POST /v1/endpoint/e/reattach", 2, "{}");
  assert_contains (once, "\"retryable\":true");
  unknown = ask_held (fixture, client, "DELETE /v1/endpoint/e", 3, "");
  assert_status (unknown, 503);
  assert_contains (unknown, "\"error\":\"storage_unavailable\"");
  assert_contains (unknown, "\"retryable\":false");
  assert_contains (unknown, "may still be done");
  rb_fake_core_release (fixture->core);
  rb_test_settle ();
  rb_raw_poll (client);
}

static void
test_request_deadline (RbIpcFixture *fixture,
                       gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;

  g_test_summary ("No request waits for ever, and a late answer of the core hurts nobody.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_printf (client, "DELETE /v1/endpoint/e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
                 fixture->port);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_fake_clock_advance (fixture->clock, 59000);
  rb_raw_poll (client);
  rb_fake_clock_advance (fixture->clock, 1002);
  response = rb_raw_read_response (client);
  assert_status (response, 503);
  assert_contains (response, "\"error\":\"request_timed_out\"");
  assert_contains (response, "\"retryable\":false");

  rb_fake_core_release (fixture->core);
  rb_test_settle ();
}

static void
test_client_leaves (RbIpcFixture *fixture,
                    gconstpointer data)
{
  RbRaw *client = rb_raw_connect (fixture->url);

  g_test_summary ("A client that leaves while its request is at work hurts nobody.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_printf (client, "DELETE /v1/endpoint/e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
                 fixture->port);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_raw_close (client);
  rb_raw_free (client);
  rb_test_settle ();
  rb_fake_core_release (fixture->core);
  rb_test_settle ();
}

static void
test_poll_leaves (RbIpcFixture *fixture,
                  gconstpointer data)
{
  RbRaw *client = rb_raw_connect (fixture->url);

  g_test_summary ("Whoever waits for staged messages and leaves is noticed at once, although nobody writes to it.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_printf (client, "POST /v1/runtime/staged-delivery HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN
                 "\r\nContent-Length: 2\r\n\r\n{}", fixture->port);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  g_assert_null (strstr (rb_fake_core_peek_calls (fixture->core), "client gone"));
  rb_raw_close (client);
  rb_raw_free (client);
  rb_test_wait_until (strstr (rb_fake_core_peek_calls (fixture->core), "client gone") != NULL);
  rb_fake_core_release (fixture->core);
  rb_test_settle ();
}

static void
test_poll_stays (RbIpcFixture *fixture,
                 gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *response = NULL;
  g_autofree char *next = NULL;

  g_test_summary ("Whoever waits and stays is answered, and its connection goes on; leaving afterwards means nothing.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_printf (client, "POST /v1/runtime/staged-delivery HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN
                 "\r\nContent-Length: 2\r\n\r\n{}", fixture->port);
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_fake_core_release (fixture->core);
  response = rb_raw_read_response (client);
  assert_status (response, 200);
  assert_contains (response, "\"staged_at\"");
  rb_raw_printf (client, "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", fixture->port);
  next = rb_raw_read_response (client);
  assert_status (next, 200);
  rb_raw_close (client);
  rb_test_settle ();
  g_assert_null (strstr (rb_fake_core_peek_calls (fixture->core), "client gone"));
}

static const RbIpcOptions few = { .connections_max = 10 };

static void
test_connection_cap (RbIpcFixture *fixture,
                     gconstpointer data)
{
  RbRaw *clients[10];
  g_autoptr(RbRaw) extra = NULL;
  g_autofree char *response = NULL;

  g_test_summary ("Above the cap connections are closed at once; a place that becomes free can be taken.");

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = rb_raw_connect (fixture->url);
  rb_test_settle ();
  extra = rb_raw_connect (fixture->url);
  rb_raw_wait_closed (extra);
  g_assert_cmpuint (rb_test_count_log ("ipc_connections_full"), ==, 1);

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    rb_raw_free (clients[i]);
  rb_test_settle ();
  response = rb_ipc_fixture_ask (fixture, "DELETE", "/v1/endpoint/e", NULL, NULL);
  assert_status (response, 200);
}

static void
test_connections_end (RbIpcFixture *fixture,
                      gconstpointer data)
{
  g_test_summary ("A connection ends with its client, also when it had been answered and rested.");

  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *response = i % 3 == 0 ? rb_ipc_fixture_ask_unix (fixture, "GET", "/health", NULL)
                                             : rb_ipc_fixture_ask (fixture, "DELETE", "/v1/endpoint/e", NULL, NULL);

      assert_status (response, 200);
    }
  rb_test_wait_until (fixture->server->connections.length == 0);
}

static void
test_thousand (RbIpcFixture *fixture,
               gconstpointer data)
{
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_raw_free);
  struct rlimit limit;

  g_test_summary ("1,000 connections at once are served, all of them.");

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 2200)
    {
      g_test_skip ("too few file descriptors");
      return;
    }

  for (guint i = 0; i < 1000; i++)
    g_ptr_array_add (clients, rb_raw_connect (fixture->url));
  for (guint i = 0; i < clients->len; i++)
    rb_raw_printf (clients->pdata[i], "GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", fixture->port);
  for (guint i = 0; i < clients->len; i++)
    {
      g_autofree char *response = rb_raw_read_response (clients->pdata[i]);

      assert_status (response, 200);
    }
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

#define ADD(path, function) g_test_add (path, RbIpcFixture, NULL, set_up_default, function, rb_ipc_fixture_tear_down)
  ADD ("/ipc/limits/body/fits", test_body_fits);
  ADD ("/ipc/limits/body/length", test_length_too_large);
  ADD ("/ipc/limits/body/absurd", test_length_absurd);
  ADD ("/ipc/limits/body/chunked", test_chunked_too_large);
  ADD ("/ipc/limits/body/chunked-fits", test_chunked_fits);
  ADD ("/ipc/limits/body/continue", test_continue);
  ADD ("/ipc/limits/body/unauthorized", test_unauthorized_body);
  ADD ("/ipc/limits/time/slow", test_slow_headers);
  ADD ("/ipc/limits/time/idle", test_idle_is_fine);
  ADD ("/ipc/limits/time/stranger", test_stranger_rests);
  ADD ("/ipc/limits/time/not-taken", test_answer_not_taken);
  ADD ("/ipc/limits/time/deadline", test_request_deadline);
  ADD ("/ipc/limits/time/disk-full", test_full);
  ADD ("/ipc/limits/time/disk-full-patient", test_full_patient);
  ADD ("/ipc/limits/client-leaves", test_client_leaves);
  ADD ("/ipc/limits/poll/leaves", test_poll_leaves);
  ADD ("/ipc/limits/poll/stays", test_poll_stays);
  g_test_add ("/ipc/limits/connections/cap", RbIpcFixture, &few, rb_ipc_fixture_set_up, test_connection_cap,
              rb_ipc_fixture_tear_down);
  ADD ("/ipc/limits/connections/end", test_connections_end);
  ADD ("/ipc/limits/connections/thousand", test_thousand);

  return g_test_run ();
}
