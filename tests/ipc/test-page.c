/* test-page.c: who may look at the web page, and what they get
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page-sessions.h"
#include "rb-page-client.h"

#include <string.h>

#define AUTH "Authorization: Bearer " TOKEN "\r\n"

static void
test_files (RbIpcFixture *fixture,
            gconstpointer data)
{
  static const char *const headers[] = {
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n",
    "Content-Type: text/html; charset=utf-8\r\n",
    "X-Content-Type-Options: nosniff\r\n",
    "Referrer-Policy: no-referrer\r\n",
    "Cross-Origin-Opener-Policy: same-origin\r\n",
    "Cross-Origin-Resource-Policy: same-origin\r\n",
    "Cache-Control: no-cache\r\n",
  };
  g_autofree char *response = rb_page_ask (fixture, NULL, "GET", "/ui/", NULL, NULL);
  g_autofree char *etag = NULL;
  g_autofree char *again = NULL;
  g_autofree char *missing = NULL;
  g_autofree char *script = NULL;
  const char *at;

  g_test_summary ("The files are the same for everybody, with headers that let nothing else in; unchanged ones are not sent again.");

  assert_status (response, 200);
  assert_contains (response, "<!doctype html>");
  for (size_t i = 0; i < G_N_ELEMENTS (headers); i++)
    assert_contains (response, headers[i]);

  at = strstr (response, "ETag: ");
  g_assert_nonnull (at);
  etag = g_strndup (at + strlen ("ETag: "), strcspn (at, "\r") - strlen ("ETag: "));
  at = g_strdup_printf ("If-None-Match: %s\r\n", etag);
  again = rb_page_ask (fixture, NULL, "GET", "/ui/?x", at, NULL);
  g_free ((char *) at);
  assert_status (again, 304);
  script = rb_page_ask (fixture, NULL, "GET", "/ui/main.js", NULL, NULL);
  assert_status (script, 200);
  assert_contains (script, "Content-Type: text/javascript; charset=utf-8\r\n");
  missing = rb_page_ask (fixture, NULL, "GET", "/ui/page.gresource.xml", NULL, NULL);
  assert_status (missing, 404);
  assert_contains (missing, "X-Content-Type-Options: nosniff\r\n");
}

static void
test_login_once (RbIpcFixture *fixture,
                 gconstpointer data)
{
  g_autofree char *ticket = rb_page_dup_ticket (fixture);
  g_autofree char *body = g_strdup_printf ("{\"ticket\":\"%s\"}", ticket);
  g_autofree char *first = rb_page_ask (fixture, NULL, "POST", "/ui/login", NULL, body);
  g_autofree char *session = NULL;
  g_autofree char *status = NULL;
  g_autoptr(RbRaw) second = rb_raw_connect (fixture->url);
  g_autofree char *refused = NULL;

  g_test_summary ("A ticket is good for one login; who comes second is told so, slowly.");

  assert_status (first, 200);
  assert_contains (first, "Cache-Control: no-store\r\n");
  g_assert_null (strstr (first, "Set-Cookie"));
  session = rb_page_dup_member (first, "session");
  status = rb_page_ask (fixture, session, "GET", "/v1/operator/status", NULL, NULL);
  assert_status (status, 200);
  assert_contains (status, "\"presence\":\"online\"");

  rb_test_forget_logs ();
  rb_raw_printf (second, "POST /ui/login HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\nContent-Length: %" G_GSIZE_FORMAT
                         "\r\n\r\n%s", fixture->port, fixture->port, strlen (body), body);
  rb_test_wait_until (rb_test_count_log ("page_login_refused") == 1);
  rb_fake_clock_advance (fixture->clock, 499);
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("ipc_route_rejected"), ==, 0);
  rb_fake_clock_advance (fixture->clock, 1);
  refused = rb_raw_read_response (second);
  assert_status (refused, 403);
  assert_contains (refused, "\"error\":\"ticket_invalid\"");
}

static void
test_login_expired (RbIpcFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(RbIpcSessions) sessions = rb_ipc_sessions_new (fixture->clock, NULL);
  g_autofree char *good = rb_ipc_sessions_issue (sessions);
  g_autofree char *late = rb_ipc_sessions_issue (sessions);
  g_autofree char *session = NULL;
  g_autofree char *none = NULL;

  g_test_summary ("A ticket ends after a minute, a session when nobody has used it for long.");

  rb_fake_clock_advance (fixture->clock, RB_IPC_TICKET_MS - 1);
  session = rb_ipc_sessions_exchange (sessions, good);
  g_assert_nonnull (session);
  g_assert_cmpuint (strlen (session), ==, 43);
  rb_fake_clock_advance (fixture->clock, 1);
  none = rb_ipc_sessions_exchange (sessions, late);
  g_assert_null (none);

  rb_fake_clock_advance (fixture->clock, RB_IPC_SESSION_IDLE_MS - 2);
  g_assert_true (rb_ipc_sessions_use (sessions, session));
  rb_fake_clock_advance (fixture->clock, RB_IPC_SESSION_IDLE_MS - 1);
  g_assert_true (rb_ipc_sessions_use (sessions, session));
  rb_fake_clock_advance (fixture->clock, RB_IPC_SESSION_IDLE_MS);
  g_assert_false (rb_ipc_sessions_use (sessions, session));
  g_assert_false (rb_ipc_sessions_use (sessions, NULL));
}

static void
test_login_late (RbIpcFixture *fixture,
                 gconstpointer data)
{
  g_autofree char *ticket = rb_page_dup_ticket (fixture);
  g_autoptr(RbRaw) client = NULL;
  g_autofree char *refused = NULL;

  g_test_summary ("Over the wire, too, a ticket is refused once its minute is over.");

  rb_fake_clock_advance (fixture->clock, RB_IPC_TICKET_MS);
  rb_test_forget_logs ();
  client = rb_raw_connect (fixture->url);
  rb_raw_printf (client, "POST /ui/login HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\nContent-Length: %" G_GSIZE_FORMAT
                         "\r\n\r\n{\"ticket\":\"%s\"}", fixture->port, fixture->port, strlen (ticket) + strlen ("{\"ticket\":\"\"}"), ticket);
  rb_test_wait_until (rb_test_count_log ("page_login_refused") == 1);
  rb_fake_clock_advance (fixture->clock, 500);
  refused = rb_raw_read_response (client);
  assert_status (refused, 403);
  assert_contains (refused, "ticket_invalid");
}

static void
test_next_process (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbIpcSessions) before = rb_ipc_sessions_new (fixture->clock, NULL);
  g_autoptr(RbIpcSessions) after = rb_ipc_sessions_new (fixture->clock, NULL);
  g_autofree char *ticket = rb_ipc_sessions_issue (before);
  g_autofree char *unused = rb_ipc_sessions_issue (before);
  g_autofree char *session = rb_ipc_sessions_exchange (before, ticket);
  g_autofree char *packed = rb_ipc_sessions_pack (before);
  g_autofree char *none = NULL;

  g_test_summary ("What is left to the next process lets the same pages in, and is no way in by itself.");

  rb_ipc_sessions_unpack (after, packed);
  g_assert_true (rb_ipc_sessions_use (after, session));
  g_assert_false (rb_ipc_sessions_use (after, packed));
  g_assert_null (strstr (packed, session));
  none = rb_ipc_sessions_exchange (after, unused);
  g_assert_null (none);
  rb_ipc_sessions_unpack (after, "nonsense,,0123");
  rb_ipc_sessions_unpack (after, "");
  g_assert_true (rb_ipc_sessions_use (after, session));
}

/* As many guesses as may wait, and one more. */
static void
test_guesses (RbIpcFixture *fixture,
              gconstpointer data)
{
  RbRaw *clients[16];
  guint n = 0;
  g_autofree char *too_many = NULL;
  g_autofree char *session = NULL;

  g_test_summary ("Wrong tickets are answered slowly, and only so many wait; none of it keeps the right one out.");

  rb_test_forget_logs ();
  for (size_t i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = rb_raw_connect (fixture->url);
      rb_raw_printf (clients[i], "POST /ui/login HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\nContent-Length: 14\r\n\r\n"
                                 "{\"ticket\":\"x\"}", fixture->port, fixture->port);
    }
  rb_test_wait_until ((n += rb_test_count_log ("page_login_refused")) == G_N_ELEMENTS (clients));
  too_many = rb_page_ask (fixture, NULL, "POST", "/ui/login", NULL, "{\"ticket\":\"x\"}");
  assert_status (too_many, 429);
  session = rb_page_log_in (fixture);

  /* One of them left; one is still there when the broker stops. */
  rb_raw_free (clients[0]);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 500);
  for (size_t i = 1; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *response = rb_raw_read_response (clients[i]);

      assert_status (response, 403);
      rb_raw_free (clients[i]);
    }
  clients[0] = rb_raw_connect (fixture->url);
  rb_raw_printf (clients[0], "POST /ui/login HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\nContent-Length: 14\r\n\r\n"
                             "{\"ticket\":\"x\"}", fixture->port, fixture->port);
  rb_test_wait_until ((n += rb_test_count_log ("page_login_refused")) == G_N_ELEMENTS (clients) + 2);
  rb_ipc_server_close (fixture->server);
  rb_raw_free (clients[0]);
}

static void
test_logout (RbIpcFixture *fixture,
             gconstpointer data)
{
  g_autofree char *session = rb_page_log_in (fixture);
  g_autofree char *other = rb_page_log_in (fixture);
  g_autofree char *body = g_strdup_printf ("{\"session\":\"%s\"}", session);
  g_autofree char *response = rb_page_ask (fixture, session, "POST", "/ui/logout", NULL, body);
  g_autofree char *after = NULL;
  g_autofree char *of_other = NULL;

  g_test_summary ("Whoever leaves is out; other pages stay.");

  assert_status (response, 200);
  after = rb_page_ask (fixture, session, "GET", "/v1/operator/status", NULL, NULL);
  assert_status (after, 401);
  of_other = rb_page_ask (fixture, other, "GET", "/v1/operator/status", NULL, NULL);
  assert_status (of_other, 200);
}

typedef struct {
  const char *name;
  const char *request;    /* %u is the port, %s the session, in this order, each once or not at all */
  int         status;
  const char *contains;
} Case;

#define GET_STATUS "GET /v1/operator/status HTTP/1.1\r\n"
#define POST_DISPATCH "POST /v1/operator/dispatch HTTP/1.1\r\n"
#define HOST "Host: 127.0.0.1:%1$u\r\n"
#define OWN "Origin: http://127.0.0.1:%1$u\r\n"
#define PAGE "Authorization: Page %2$s\r\n"
#define BODY "Content-Length: 50\r\n\r\n{\"undispatched_id\":\"m1\",\"target_endpoint_id\":\"e1\"}"

static const Case cases[] = {
  { "get", GET_STATUS HOST PAGE "\r\n", 200, "Cache-Control: no-store\r\n" },
  { "get-with-origin", GET_STATUS HOST OWN PAGE "Sec-Fetch-Site: same-origin\r\n\r\n", 200, NULL },
  { "post", POST_DISPATCH HOST OWN PAGE BODY, 200, "{\"ok\":true}" },
  { "explain", "GET /v1/operator/explain/m1 HTTP/1.1\r\n" HOST PAGE "\r\n", 200, NULL },
  { "by-name", GET_STATUS "Host: localhost:%1$u\r\nOrigin: http://localhost:%1$u\r\n" PAGE "\r\n", 200, NULL },
  { "modules", "GET /v1/operator/modules HTTP/1.1\r\n" HOST PAGE "\r\n", 200, "spawn-exec" },

  /* Secrets and what a page has no use for are not there. */
  { "env", "GET /v1/operator/env HTTP/1.1\r\n" HOST PAGE "\r\n", 404, "\"not_found\"" },
  { "config", "GET /v1/operator/config HTTP/1.1\r\n" HOST PAGE "\r\n", 404, NULL },
  { "export", "GET /v1/operator/export HTTP/1.1\r\n" HOST PAGE "\r\n", 404, NULL },
  { "restart", "POST /v1/operator/restart HTTP/1.1\r\n" HOST OWN PAGE "\r\n", 405, NULL },
  { "ticket", "POST /v1/operator/page HTTP/1.1\r\n" HOST OWN PAGE "\r\n", 405, NULL },
  { "adapter-route", "POST /v1/send HTTP/1.1\r\n" HOST OWN PAGE "Content-Length: 2\r\n\r\n{}", 404, NULL },
  { "health", "GET /health HTTP/1.1\r\n" HOST PAGE "\r\n", 404, NULL },

  /* Others. */
  { "no-session", GET_STATUS HOST OWN "\r\n", 403, "forbidden_origin" },
  { "wrong-session", GET_STATUS HOST "Authorization: Page x\r\n\r\n", 401, "{\"error\":\"unauthorized\"}" },
  { "session-as-token", GET_STATUS HOST "Authorization: Bearer %2$s\r\n\r\n", 401, NULL },
  { "token-as-session", GET_STATUS HOST "Authorization: Page " TOKEN "\r\n\r\n", 401, NULL },
  { "token", GET_STATUS HOST AUTH "\r\n", 404, NULL },
  { "foreign-origin", GET_STATUS HOST "Origin: http://evil.example\r\n" PAGE "\r\n", 403, "forbidden_origin" },
  { "other-port", POST_DISPATCH HOST "Origin: http://127.0.0.1:1\r\n" PAGE BODY, 403, "forbidden_origin" },
  { "other-scheme", POST_DISPATCH HOST "Origin: https://127.0.0.1:%1$u\r\n" PAGE BODY, 403, "forbidden_origin" },
  { "name-is-not-number", POST_DISPATCH HOST "Origin: http://localhost:%1$u\r\n" PAGE BODY, 403, "forbidden_origin" },
  { "null-origin", POST_DISPATCH HOST "Origin: null\r\n" PAGE BODY, 403, "forbidden_origin" },
  { "two-origins", POST_DISPATCH HOST OWN "Origin: http://evil.example\r\n" PAGE BODY, 403, "forbidden_origin" },
  { "post-without-origin", POST_DISPATCH HOST PAGE BODY, 403, "forbidden_origin" },
  { "cross-site", GET_STATUS HOST PAGE "Sec-Fetch-Site: cross-site\r\n\r\n", 403, "forbidden_origin" },
  { "same-site", GET_STATUS HOST PAGE "Sec-Fetch-Site: same-site\r\n\r\n", 403, "forbidden_origin" },
  { "rebinding", GET_STATUS "Host: evil.example:%1$u\r\nOrigin: http://evil.example:%1$u\r\n" PAGE "\r\n", 403, "forbidden_host" },
  { "rebinding-file", "GET /ui/ HTTP/1.1\r\nHost: evil.example:%1$u\r\n\r\n", 403, "forbidden_host" },
  { "linked-file", "GET /ui/ HTTP/1.1\r\n" HOST "Sec-Fetch-Site: cross-site\r\n\r\n", 200, "<!doctype html>" },
  { "file-of-others", "GET /ui/ HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", 403, "forbidden_origin" },
  { "login-of-others", "POST /ui/login HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}", 403, NULL },
  { "login-without-origin", "POST /ui/login HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 403, NULL },
  { "login-without-ticket", "POST /ui/login HTTP/1.1\r\n" HOST OWN "Content-Length: 2\r\n\r\n{}", 400, "ticket" },
  { "login-with-number", "POST /ui/login HTTP/1.1\r\n" HOST OWN "Content-Length: 12\r\n\r\n{\"ticket\":1}", 400, "ticket" },
  { "login-not-json", "POST /ui/login HTTP/1.1\r\n" HOST OWN "Content-Length: 3\r\n\r\nabc", 400, NULL },
  { "get-login", "GET /ui/login HTTP/1.1\r\n" HOST "\r\n", 404, NULL },
  { "put-file", "PUT /ui/ HTTP/1.1\r\n" HOST OWN "\r\n", 405, "Allow: GET\r\n" },
  { "preflight", "OPTIONS /v1/operator/dispatch HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", 403, "forbidden_origin" },
  { "deep-path", "GET /ui/a/main.js HTTP/1.1\r\n" HOST "\r\n", 404, NULL },
  { "path-out", "GET /ui/..%%2Fpage%%2Findex.html HTTP/1.1\r\n" HOST "\r\n", 404, NULL },
  { "token-for-file", "GET /ui/ HTTP/1.1\r\n" HOST AUTH "\r\n", 200, NULL },
};

static GVariant *
view_modules (gpointer   user_data,
              GError   **error)
{
  return g_variant_new_parsed ("[{'name': <'spawn-exec'>}]");
}

static void
test_case (RbIpcFixture *fixture,
           gconstpointer data)
{
  const Case *c = data;
  g_autofree char *session = rb_page_log_in (fixture);
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *request = NULL;
  g_autofree char *response = NULL;
  g_autofree char *calls = NULL;

  rb_ipc_server_add_view (fixture->server, "modules", view_modules, NULL);
  rb_ipc_server_add_view (fixture->server, "env", view_modules, NULL);
  rb_ipc_server_add_view (fixture->server, "config", view_modules, NULL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  request = g_strdup_printf (c->request, fixture->port, session);
#pragma GCC diagnostic pop
  rb_raw_write (client, request, -1);
  response = rb_raw_read_response (client);
  assert_status (response, c->status);
  if (c->contains != NULL)
    assert_contains (response, c->contains);
  g_assert_null (strstr (response, "Access-Control-"));

  calls = rb_fake_core_take_calls (fixture->core);
  if (c->status != 200)
    g_assert_cmpstr (calls, ==, "");
  else if (strcmp (c->name, "post") == 0)
    assert_contains (calls, "dispatch m1 e1 pid=0 kernel=0 operator=1");
}

static void
set_up_case (RbIpcFixture *fixture,
             gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, NULL);
}

static void
test_off (RbIpcFixture *fixture,
          gconstpointer data)
{
  g_autofree char *file = rb_page_ask (fixture, NULL, "GET", "/ui/", NULL, NULL);
  g_autofree char *ticket = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/page", NULL);

  g_test_summary ("Without a page there is nothing of it.");

  assert_status (file, 401);
  assert_status (ticket, 404);
  assert_contains (ticket, "page_disabled");
}

static const RbIpcOptions off = { .is_page_off = TRUE };

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, test) g_test_add ("/ipc/page/" path, RbIpcFixture, NULL, rb_ipc_fixture_set_up, test, rb_ipc_fixture_tear_down)
  ADD ("files", test_files);
  ADD ("login/once", test_login_once);
  ADD ("login/expired", test_login_expired);
  ADD ("login/late", test_login_late);
  ADD ("login/next-process", test_next_process);
  ADD ("login/guesses", test_guesses);
  ADD ("logout", test_logout);
  g_test_add ("/ipc/page/off", RbIpcFixture, &off, rb_ipc_fixture_set_up, test_off, rb_ipc_fixture_tear_down);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ipc/page/request/%s", cases[i].name);

      g_test_add (path, RbIpcFixture, &cases[i], set_up_case, test_case, rb_ipc_fixture_tear_down);
    }
  return g_test_run ();
}
