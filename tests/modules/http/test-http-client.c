/* test-http-client.c: the seam to the HTTP library, and the settings it is made from (protocol.md 14.1)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-fixture.h"
#include "http-plain-server.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-http-client.h"

#include <libsoup/soup.h>
#include <string.h>

#define IN_FLIGHT 64
/* Whole chunks, but not the last one. */
#define CUT_ANSWER "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"items\"\r\n"

typedef struct {
  SoupServer   *server;
  RbClock      *clock;
  GHashTable   *settings;
  RbHttpClient *client;
  GPtrArray    *paused;      /* of SoupServerMessage: requests to /hang */
  guint         n_requests;
  char         *authorization;   /* of the last one */
  char         *last_event_id;
  gsize         body_bytes;  /* of an answer to /body */
} Fixture;

static void
remember (Fixture           *fixture,
          SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  g_free (fixture->authorization);
  fixture->authorization = g_strdup (soup_message_headers_get_one (headers, "Authorization"));
  g_free (fixture->last_event_id);
  fixture->last_event_id = g_strdup (soup_message_headers_get_one (headers, "Last-Event-ID"));
  fixture->n_requests++;
}

static void
on_request (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *body = NULL;

  remember (fixture, message);
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
  if (g_str_equal (path, "/v1/hang"))
    {
      soup_server_message_pause (message);
      g_ptr_array_add (fixture->paused, g_object_ref (message));
    }
  else if (g_str_equal (path, "/v1/redirect"))
    {
      soup_server_message_set_redirect (message, SOUP_STATUS_FOUND, "/v1/elsewhere");
    }
  else if (g_str_equal (path, "/v1/cut"))
    {
      g_autoptr(GIOStream) stream = soup_server_message_steal_connection (message);

      g_output_stream_write_all (g_io_stream_get_output_stream (stream), CUT_ANSWER, strlen (CUT_ANSWER), NULL, NULL, NULL);
      g_io_stream_close (stream, NULL, NULL);
    }
  else if (g_str_equal (path, "/v1/body"))
    {
      body = g_strnfill (fixture->body_bytes, 'x');
      soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
      soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY, body, fixture->body_bytes);
    }
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  GSList *uris;
  g_autofree char *uri = NULL;

  fixture->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (fixture->server, NULL, on_request, fixture, NULL);
  soup_server_listen_local (fixture->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (fixture->server);
  uri = g_uri_to_string (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);

  fixture->clock = rb_fake_clock_new ();
  fixture->paused = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (fixture->settings, g_strdup ("api-host"), g_strdup (uri));
}

static void
make_client (Fixture *fixture)
{
  g_autoptr(RbModuleContext) context = http_context_new (fixture->settings, fixture->clock, "secret");
  g_autoptr(GError) error = NULL;
  g_autoptr(RbHttpSettings) settings = rb_http_settings_new (context, &error);

  g_assert_no_error (error);
  fixture->client = rb_http_client_new (settings, fixture->clock, &error);
  g_assert_no_error (error);
}

static void
resume_all (Fixture *fixture)
{
  for (guint i = 0; i < fixture->paused->len; i++)
    soup_server_message_unpause (fixture->paused->pdata[i]);
  g_ptr_array_set_size (fixture->paused, 0);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->client != NULL)
    {
      rb_http_client_stop (fixture->client);
      rb_test_settle ();
      g_assert_cmpuint (rb_http_client_get_n_running (fixture->client), ==, 0);
      g_clear_pointer (&fixture->client, rb_http_client_unref);
    }
  resume_all (fixture);
  soup_server_disconnect (fixture->server);
  rb_test_settle ();
  g_object_unref (fixture->server);
  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->clock);
  g_hash_table_unref (fixture->settings);
  g_ptr_array_unref (fixture->paused);
  g_free (fixture->authorization);
  g_free (fixture->last_event_id);
}

static void
begin (Fixture       *fixture,
       const char    *path,
       GAsyncResult **result)
{
  g_autoptr(GBytes) body = g_bytes_new_static ("{}", 2);

  rb_http_client_request_async (fixture->client, "POST", path, body, 15000, NULL, rb_test_store_result, result);
}

static RbHttpAnswer *
request (Fixture     *fixture,
         const char  *path,
         GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  begin (fixture, path, &result);
  rb_test_wait_until (result != NULL);
  return rb_http_client_request_finish (result, error);
}

/* Instead of the fixture's own. */
static HttpPlainServer *
use_plain_server (Fixture  *fixture,
                  gboolean  holds)
{
  HttpPlainServer *server = http_plain_server_new (holds);

  g_hash_table_insert (fixture->settings, g_strdup ("api-host"), http_plain_server_dup_origin (server));
  make_client (fixture);
  return server;
}

static void
test_reuse (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(HttpPlainServer) server = use_plain_server (fixture, FALSE);

  g_test_summary ("One connection serves one request after the other, although they are POSTs answered with a bare 204.");

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(RbHttpAnswer) answer = request (fixture, "/plain", NULL);

      g_assert_nonnull (answer);
      g_assert_cmpuint (answer->status, ==, 204);
      g_assert_null (answer->broken);
      g_assert_cmpuint (g_bytes_get_size (answer->body), ==, 0);
    }
  g_assert_cmpuint (http_plain_server_n_requests (server), ==, 20);
  g_assert_cmpuint (http_plain_server_n_connections (server), ==, 1);
}

static void
send_window (Fixture         *fixture,
             HttpPlainServer *server)
{
  GAsyncResult *results[IN_FLIGHT] = { NULL };
  guint before = http_plain_server_n_requests (server);

  for (guint i = 0; i < IN_FLIGHT; i++)
    begin (fixture, "/plain", &results[i]);
  /* All are there before one of them is answered. */
  rb_test_wait_until (http_plain_server_n_requests (server) - before == IN_FLIGHT);
  http_plain_server_answer (server);
  for (guint i = 0; i < IN_FLIGHT; i++)
    {
      g_autoptr(RbHttpAnswer) answer = NULL;

      rb_test_wait_until (results[i] != NULL);
      answer = rb_http_client_request_finish (results[i], NULL);
      g_assert_nonnull (answer);
      g_object_unref (results[i]);
    }
}

static void
test_window (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(HttpPlainServer) server = use_plain_server (fixture, TRUE);

  g_test_summary ("64 requests in flight do not wait for one another, and the next 64 use the same connections.");

  for (guint i = 0; i < 4; i++)
    send_window (fixture, server);
  g_assert_cmpuint (http_plain_server_n_requests (server), ==, 4 * IN_FLIGHT);
  g_assert_cmpuint (http_plain_server_n_connections (server), ==, IN_FLIGHT);
}

static void
test_redirect (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(RbHttpAnswer) answer = NULL;

  g_test_summary ("A redirect is an answer: the token goes nowhere else.");

  make_client (fixture);
  answer = request (fixture, "/redirect", NULL);
  g_assert_cmpuint (answer->status, ==, 302);
  g_assert_cmpstr (fixture->authorization, ==, "Bearer secret");
  g_assert_cmpuint (fixture->n_requests, ==, 1);
}

static void
test_body_limit (Fixture       *fixture,
                 gconstpointer  data)
{
  /* Of the two modules that have a client. */
  static const RbBoundInfo infos[] = { { "http_answer", "bytes", RB_BOUND_PUSHES_BACK, "" },
                                       { "emitter_answer", "bytes", RB_BOUND_PUSHES_BACK, "" } };
  g_autoptr(RbBounds) bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), fixture->clock);
  g_autoptr(RbHttpAnswer) fits = NULL;
  g_autoptr(RbHttpAnswer) too_long = NULL;
  g_autoptr(RbHttpAnswer) after = NULL;

  g_test_summary ("A body of 4 MiB is taken; of a longer one only the status is, and the next request is not disturbed.");

  make_client (fixture);
  rb_http_client_set_bounds (fixture->client, bounds, 0);
  fixture->body_bytes = RB_HTTP_MAX_BODY;
  fits = request (fixture, "/body", NULL);
  g_assert_null (fits->broken);
  g_assert_cmpuint (g_bytes_get_size (fits->body), ==, RB_HTTP_MAX_BODY);

  fixture->body_bytes = RB_HTTP_MAX_BODY + 1;
  too_long = request (fixture, "/body", NULL);
  g_assert_cmpuint (too_long->status, ==, 200);
  g_assert_null (too_long->body);
  g_assert_error (too_long->broken, RB_ERROR, RB_ERROR_TOO_LARGE);
  rb_test_assert_bound (bounds, "http_answer");
  rb_http_client_set_bounds (fixture->client, bounds, 1);
  g_clear_pointer (&too_long, rb_http_answer_free);
  too_long = request (fixture, "/body", NULL);
  rb_test_assert_bound (bounds, "emitter_answer");

  after = request (fixture, "/plain", NULL);
  g_assert_cmpuint (after->status, ==, 204);
}

static void
test_cut_off (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(RbHttpAnswer) answer = NULL;

  g_test_summary ("An answer in chunks that ends with its connection was cut off, and may come whole the next time.");

  make_client (fixture);
  answer = request (fixture, "/cut", NULL);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_null (answer->body);
  g_assert_error (answer->broken, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_true (g_str_has_prefix (answer->broken->message, "network network: "));
}

static void
test_deadline (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The deadline ends the request on its millisecond, and frees its place.");

  make_client (fixture);
  begin (fixture, "/hang", &result);
  rb_test_wait_until (fixture->n_requests == 1);
  rb_fake_clock_advance (fixture->clock, 14999);
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_http_client_request_finish (result, &error));
  http_assert_error (error, RB_ERROR_TIMED_OUT, "network timeout: timed out after 15000ms", NULL);
  g_assert_cmpuint (rb_http_client_get_n_running (fixture->client), ==, 0);
}

static void
test_stopped (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GAsyncResult) running = NULL;
  g_autoptr(GError) stopped = NULL;
  g_autoptr(GError) later = NULL;

  g_test_summary ("A stop ends what runs before it returns, and refuses what comes later.");

  make_client (fixture);
  begin (fixture, "/hang", &running);
  rb_test_wait_until (fixture->n_requests == 1);
  rb_http_client_stop (fixture->client);
  g_assert_cmpuint (rb_http_client_get_n_running (fixture->client), ==, 0);
  rb_test_wait_until (running != NULL);
  g_assert_null (rb_http_client_request_finish (running, &stopped));
  g_assert_error (stopped, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_null (request (fixture, "/plain", &later));
  g_assert_error (later, RB_ERROR, RB_ERROR_UNAVAILABLE);
}

static void
test_stop_anywhere (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("However far a request has come, a stop ends it at once.");

  for (guint turns = 0; turns < 40; turns++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(RbHttpAnswer) answer = NULL;

      fixture->body_bytes = 200000;
      make_client (fixture);
      begin (fixture, "/body", &result);
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      rb_http_client_stop (fixture->client);
      g_assert_cmpuint (rb_http_client_get_n_running (fixture->client), ==, 0);
      rb_test_wait_until (result != NULL);
      answer = rb_http_client_request_finish (result, &error);
      g_assert_true ((answer == NULL) == (error != NULL));
      g_clear_object (&result);
      rb_test_settle ();
      g_clear_pointer (&fixture->client, rb_http_client_unref);
    }
}

static void
test_idle_connection_lost (Fixture       *fixture,
                           gconstpointer  data)
{
  RbSimOptions options = { .token = "secret" };
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSim) sim = rb_sim_new (&options, &error);
  g_autoptr(RbHttpAnswer) first = NULL;
  g_autoptr(RbHttpAnswer) second = NULL;

  g_test_summary ("A connection that the other side closed while it was idle costs nothing but another connection.");

  g_assert_no_error (error);
  g_hash_table_insert (fixture->settings, g_strdup ("api-host"), g_strdup (rb_sim_get_origin (sim)));
  make_client (fixture);
  first = request (fixture, "/runtime/network-presence-changed", NULL);
  g_assert_nonnull (first);
  rb_sim_down (sim);
  g_assert_true (rb_sim_up (sim, NULL));
  second = request (fixture, "/runtime/network-presence-changed", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (second->status, ==, first->status);
}

static void
use_tls_sim (Fixture    *fixture,
             RbSim      *sim,
             const char *ca_file)
{
  g_hash_table_insert (fixture->settings, g_strdup ("api-host"), g_strdup (rb_sim_get_origin (sim)));
  if (ca_file != NULL)
    g_hash_table_insert (fixture->settings, g_strdup ("ca-file"), g_strdup (ca_file));
  make_client (fixture);
}

static RbHttpAnswer *
ask_whoami (Fixture  *fixture,
            GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_http_client_request_async (fixture->client, "GET", "/whoami", NULL, 15000, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_http_client_request_finish (result, error);
}

static void
test_tls_refused (Fixture       *fixture,
                  gconstpointer  data)
{
  RbSimOptions options = { .token = "secret", .is_tls = TRUE };
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSim) sim = rb_sim_new (&options, &error);

  g_test_summary ("A certificate that nobody trusts is refused before the token is sent, and the error says what is wrong with it.");

  g_assert_no_error (error);
  use_tls_sim (fixture, sim, NULL);
  g_assert_null (ask_whoami (fixture, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_certificate");
  g_assert_true (g_str_has_prefix (error->message, "network network: the certificate of '127.0.0.1' was refused: "));
  g_assert_nonnull (strstr (error->message, "its issuer is not trusted"));
  g_assert_cmpuint (rb_sim_count (sim, "*", NULL), ==, 0);
}

static void
test_tls_trusted (Fixture       *fixture,
                  gconstpointer  data)
{
  RbSimOptions options = { .token = "secret", .is_tls = TRUE };
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSim) sim = rb_sim_new (&options, &error);
  g_autofree char *directory = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (directory, "ca.pem", NULL);
  g_autofree char *pem = NULL;
  g_autoptr(RbHttpAnswer) answer = NULL;

  g_test_summary ("The file of certificates says whom to trust.");

  g_assert_no_error (error);
  g_object_get (rb_sim_get_certificate (sim), "certificate-pem", &pem, NULL);
  g_assert_true (g_file_set_contents (path, pem, -1, NULL));
  use_tls_sim (fixture, sim, path);
  answer = ask_whoami (fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_proxy_skipped (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbHttpAnswer) answer = NULL;

  g_test_summary ("This machine itself is never asked through a proxy.");

  g_hash_table_insert (fixture->settings, g_strdup ("proxy"), g_strdup ("http://127.0.0.1:1"));
  make_client (fixture);
  answer = request (fixture, "/plain", NULL);
  g_assert_nonnull (answer);
}

static void
test_proxy_used (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbHttpAnswer) answer = NULL;
  const char *here = g_hash_table_lookup (fixture->settings, "api-host");

  g_test_summary ("Any other host is asked through the proxy of the settings.");

  g_hash_table_insert (fixture->settings, g_strdup ("proxy"), g_strdup (here));
  g_hash_table_insert (fixture->settings, g_strdup ("api-host"), g_strdup ("http://api.invalid"));
  make_client (fixture);
  answer = request (fixture, "/plain", NULL);
  g_assert_nonnull (answer);
  g_assert_cmpuint (fixture->n_requests, ==, 1);
}

static void
test_event_id (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(RbHttpAnswer) answer = NULL;

  g_test_summary ("A stream is opened where the last one ended.");

  make_client (fixture);
  rb_http_client_open_async (fixture->client, "/plain", "41", 15000, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  answer = rb_http_client_open_finish (result, NULL);
  g_assert_nonnull (answer->stream);
  g_assert_cmpstr (fixture->last_event_id, ==, "41");
}

static void
test_bases (void)
{
  static const struct {
    const char *api_host;
    const char *base;   /* NULL: refused */
  } cases[] = {
    { "api.example", "https://api.example/v1" },
    { " api.example/// ", "https://api.example/v1" },
    { "https://api.example", "https://api.example/v1" },
    { "http://127.0.0.1:80/", "http://127.0.0.1:80/v1" },
    { "api.example:8443", "https://api.example:8443/v1" },
    { "https://api.example/base/", "https://api.example/base/v1" },
    { "[::1]:80", "https://[::1]:80/v1" },
    { "", NULL }, { "   ", NULL }, { "/", NULL }, { "https://", NULL }, { "a b", NULL }, { "https://user:pw@host", NULL },
    { "host?x=1", NULL }, { "host#x", NULL }, { "host:port", NULL },
  };

  g_test_summary ("The API host becomes the base of all paths, in one way for every call (14.1).");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *base = rb_http_base_from_host (cases[i].api_host, &error);

      g_test_message ("%s", cases[i].api_host);
      g_assert_cmpstr (base, ==, cases[i].base);
      if (base != NULL)
        continue;
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_null (strstr (error->message, "pw"));
    }
}

static void
test_settings (void)
{
  static const struct {
    const char *key;
    const char *value;
  } cases[] = {
    { "api-host", "" }, { "proxy", "nonsense" }, { "connections", "0" }, { "connections", "100000" }, { "request-timeout-ms", "0" },
    { "list-timeout-ms", "-1" }, { "whoami-backoff-ms", "0" }, { "whoami-backoff-max-ms", "499" }, { "event-backoff-max-ms", "999" },
    { "event-silence-ms", "-1" }, { "ack-attempts", "0" }, { "ack-backoff-ms", "0" }, { "ca-file", "/nonexistent/ca.pem" },
  };
  g_autoptr(RbClock) clock = rb_fake_clock_new ();

  g_test_summary ("A setting that makes no sense is refused by name before anything starts.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
      g_autoptr(RbModuleContext) context = NULL;
      g_autoptr(RbHttpSettings) checked = NULL;
      g_autoptr(RbHttpClient) client = NULL;
      g_autoptr(GError) error = NULL;
      g_autofree char *prefix = g_strdup_printf ("[http] %s: ", cases[i].key);

      g_hash_table_insert (settings, (gpointer) cases[i].key, (gpointer) cases[i].value);
      context = http_context_new (settings, clock, "secret");
      checked = rb_http_settings_new (context, &error);
      if (checked != NULL)
        client = rb_http_client_new (checked, clock, &error);
      g_assert_null (client);
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "invalid_setting");
      g_assert_true (g_str_has_prefix (error->message, prefix));
    }
}

static void
add (const char  *path,
     void       (*test) (Fixture *fixture, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  add ("/http/client/reuse", test_reuse);
  add ("/http/client/window", test_window);
  add ("/http/client/redirect", test_redirect);
  add ("/http/client/body-limit", test_body_limit);
  add ("/http/client/cut-off", test_cut_off);
  add ("/http/client/deadline", test_deadline);
  add ("/http/client/stopped", test_stopped);
  add ("/http/client/stop-anywhere", test_stop_anywhere);
  add ("/http/client/idle-connection-lost", test_idle_connection_lost);
  add ("/http/client/tls/refused", test_tls_refused);
  add ("/http/client/tls/trusted", test_tls_trusted);
  add ("/http/client/proxy/skipped", test_proxy_skipped);
  add ("/http/client/proxy/used", test_proxy_used);
  add ("/http/client/event-id", test_event_id);
  g_test_add_func ("/http/settings/base", test_bases);
  g_test_add_func ("/http/settings/refused", test_settings);
  return g_test_run ();
}
