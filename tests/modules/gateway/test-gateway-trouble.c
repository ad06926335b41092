/* test-gateway-trouble.c: what the network may do to the link, and that people are told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

/* For tests alone: the key is public by standing here. The first certificate is for localhost and ended in 2020, the second is for
 * other.example and good until 2120. */
#define KEY \
  "-----BEGIN PRIVATE KEY-----\n" \
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmoYD53RZEjF8OdTF\n" \
  "k+J8X9TBitFiMa5bFou8XEuTJf6hRANCAAQRxBNUMO/1YaALZLQ30Tg6pUNiL/XC\n" \
  "mL8fJM6AJgfc0vK6rtTMiqA++GhwecZDYYfi6RgT2/3tAofzoZsreMfR\n" \
  "-----END PRIVATE KEY-----\n"

static const char expired_pem[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBdDCCARugAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFnYXRld2F5\n"
  "IG9mIGEgdGVzdDAeFw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBwxGjAY\n"
  "BgNVBAMMEWdhdGV3YXkgb2YgYSB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
  "QgAEEcQTVDDv9WGgC2S0N9E4OqVDYi/1wpi/HyTOgCYH3NLyuq7UzIqgPvhocHnG\n"
  "Q2GH4ukYE9v97QKH86GbK3jH0aNOMEwwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREE\n"
  "EzARgglsb2NhbGhvc3SHBH8AAAEwHQYDVR0OBBYEFFjELf38eaiuX1YyfSmMZh1Z\n"
  "qswiMAoGCCqGSM49BAMCA0cAMEQCIDyU72ibIbOj6RTmJV5XkMsQF1n+dasg5XaO\n"
  "s07wM5osAiBK+XIpAffZfIOMPvEcNp9JO0a4fCJ3FypHT0wj9ZWZ6w==\n"
  "-----END CERTIFICATE-----\n"
  KEY;

static const char other_pem[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBdTCCARugAwIBAgIBAjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFnYXRld2F5\n"
  "IG9mIGEgdGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEa\n"
  "MBgGA1UEAwwRZ2F0ZXdheSBvZiBhIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB\n"
  "BwNCAAQRxBNUMO/1YaALZLQ30Tg6pUNiL/XCmL8fJM6AJgfc0vK6rtTMiqA++Ghw\n"
  "ecZDYYfi6RgT2/3tAofzoZsreMfRo0wwSjAPBgNVHRMBAf8EBTADAQH/MBgGA1Ud\n"
  "EQQRMA+CDW90aGVyLmV4YW1wbGUwHQYDVR0OBBYEFFjELf38eaiuX1YyfSmMZh1Z\n"
  "qswiMAoGCCqGSM49BAMCA0gAMEUCIQDidTPDyy+rjpIxEfRIfamT8eUWmGgl7asI\n"
  "hdqdQWW68AIgFpG60g/Bst9bR/m8AUW/J68JhbSt5eV+KKiuJBsl/wU=\n"
  "-----END CERTIFICATE-----\n"
  KEY;

static void
start_and_fail (Peer       *peer,
                const char *pattern)
{
  g_assert_true (peer_try_start (peer, NULL));
  rb_test_wait_until (peer->n_disconnected == 1);
  g_test_message ("%s", peer->last_reason);
  if (!g_pattern_match_simple (pattern, peer->last_reason))
    g_assert_cmpstr (peer->last_reason, ==, pattern);
}

static char *
save_pem (Peer       *peer,
          const char *pem)
{
  char *path = g_build_filename (peer->state_dir, "ca.pem", NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, pem, -1, &error);
  g_assert_no_error (error);
  return path;
}

static void
test_unknown_authority (void)
{
  const RbSimOptions options = { .is_tls = TRUE };
  g_autoptr(Peer) peer = peer_new (&options, NULL);

  g_test_summary ("A certificate of nobody we know is refused, and said.");

  start_and_fail (peer, "The certificate of '127.0.0.1:*' cannot be trusted: it is signed by an authority that is not trusted here");
  g_assert_cmpuint (rb_sim_count_frames (peer->sim, "REGISTER", NULL), ==, 0);
}

static void
test_own_authority (void)
{
  const RbSimOptions options = { .is_tls = TRUE };
  g_autoptr(Peer) peer = peer_new (&options, NULL);
  g_autofree char *pem = NULL;
  g_autofree char *path = NULL;

  g_test_summary ("With the authority in ca-file the same certificate is good, and messages go both ways.");

  g_object_get (rb_sim_get_certificate (peer->sim), "certificate-pem", &pem, NULL);
  path = save_pem (peer, pem);
  peer_renew (peer, "ca-file", path, NULL);
  peer_start (peer);
  rb_sim_gateway_deliver (peer->gateway, NULL, "bob@sim", "x", NULL);
  peer_sync (peer);
  g_assert_cmpuint (peer->deliveries->len, ==, 1);
}

static void
test_bad_ca_file (void)
{
  static const char *const texts[] = { NULL, "", "no certificate" };

  g_test_summary ("A ca-file that cannot be read fails the start: waiting does not mend it.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, NULL);
      g_autofree char *path = texts[i] != NULL ? save_pem (peer, texts[i]) : g_strdup ("/nonexistent/ca.pem");
      g_autoptr(GError) error = NULL;

      peer_renew (peer, "ca-file", path, NULL);
      g_assert_false (peer_try_start (peer, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_true (g_str_has_prefix (error->message, "[gateway] ca-file: '"));
    }
}

static SoupServer *
serve_tls (const char *pem)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GTlsCertificate) certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  SoupServer *server;

  g_assert_no_error (error);
  server = soup_server_new ("tls-certificate", certificate, NULL);
  soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_HTTPS | SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  return server;
}

static void
check_certificate (const char *pem,
                   const char *pattern)
{
  g_autoptr(SoupServer) server = serve_tls (pem);
  GSList *uris = soup_server_get_uris (server);
  g_autofree char *url = g_strdup_printf ("wss://127.0.0.1:%d/gateway", g_uri_get_port (uris->data));
  g_autoptr(Peer) peer = peer_new (NULL, NULL);
  g_autofree char *path = save_pem (peer, pem);

  peer_renew (peer, "url", url, "ca-file", path, NULL);
  start_and_fail (peer, pattern);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  soup_server_disconnect (server);
}

static void
test_expired (void)
{
  g_test_summary ("An expired certificate is named as such, with its last day.");
  check_certificate (expired_pem, "The certificate of '127.0.0.1:*' cannot be trusted: it has expired (2020-01-02)");
}

static void
test_other_host (void)
{
  g_test_summary ("A certificate for another host is named as such.");
  check_certificate (other_pem, "The certificate of '127.0.0.1:*' cannot be trusted: it is for another host name");
}

static void
test_http_answers (void)
{
  static const struct {
    RbSimFault  fault;
    const char *pattern;
  } answers[] = {
    { { .kind = RB_SIM_FAULT_STATUS, .status = 503 }, "'127.0.0.1:*' answered HTTP 503 instead of opening a WebSocket" },
    { { .kind = RB_SIM_FAULT_STATUS, .status = 401 }, "'127.0.0.1:*' answered HTTP 401 instead of opening a WebSocket" },
    { { .kind = RB_SIM_FAULT_STATUS, .status = 301, .header = "Location: http://127.0.0.1:1/" },
      "'127.0.0.1:*' answered HTTP 301 instead of opening a WebSocket" },
    { { .kind = RB_SIM_FAULT_GARBAGE }, "'127.0.0.1:*' answered HTTP 200 instead of opening a WebSocket" },
    { { .kind = RB_SIM_FAULT_NOT_HTTP }, "No connection to '127.0.0.1:*': *" },
    { { .kind = RB_SIM_FAULT_CLOSE }, "No connection to '127.0.0.1:*': *" },
    { { .kind = RB_SIM_FAULT_RESET }, "No connection to '127.0.0.1:*': *" },
  };

  g_test_summary ("Whatever answers instead of a gateway is said, and the next attempt finds the gateway.");

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
      RbSimFault fault = answers[i].fault;

      fault.request = "GET /gateway";
      fault.times = 1;
      rb_sim_add_fault (peer->sim, &fault);
      start_and_fail (peer, answers[i].pattern);
      peer_wait_backoff (peer, 1000);
      rb_test_wait_until (peer->n_connected == 1);
    }
}

/* A resolver that knows no host. */
#define TYPE_DEAF_RESOLVER (deaf_resolver_get_type ())
G_DECLARE_FINAL_TYPE (DeafResolver, deaf_resolver, DEAF, RESOLVER, GResolver)

struct _DeafResolver {
  GResolver parent_instance;
};

G_DEFINE_FINAL_TYPE (DeafResolver, deaf_resolver, G_TYPE_RESOLVER)

static void
lookup_async (GResolver                *resolver,
              const char               *host,
              GResolverNameLookupFlags  flags,
              GCancellable             *cancellable,
              GAsyncReadyCallback       callback,
              gpointer                  user_data)
{
  g_task_report_new_error (resolver, callback, user_data, lookup_async, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "Nobody knows it");
}

static GList *
lookup_finish (GResolver     *resolver,
               GAsyncResult  *result,
               GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
deaf_resolver_class_init (DeafResolverClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  resolver_class->lookup_by_name_with_flags_async = lookup_async;
  resolver_class->lookup_by_name_with_flags_finish = lookup_finish;
}

static void
deaf_resolver_init (DeafResolver *self)
{
}

static void
test_unknown_host (void)
{
  g_autoptr(GResolver) real = g_resolver_get_default ();
  g_autoptr(GResolver) deaf = g_object_new (TYPE_DEAF_RESOLVER, NULL);
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("A host that nobody knows is named.");

  g_resolver_set_default (deaf);
  peer_renew (peer, "url", "ws://nowhere.invalid/gateway", NULL);
  start_and_fail (peer, "The address of 'nowhere.invalid:80' cannot be found: *");
  g_resolver_set_default (real);
}

static void
test_proxy (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("A proxy of the settings is used for a host that only it can reach.");

  peer_renew (peer, "url", "ws://nowhere.invalid/gateway", "proxy", rb_sim_get_origin (peer->sim), NULL);
  peer_start (peer);
  peer_sync (peer);
}

/* A proxy that takes whoever asks for a tunnel to the simulated gateway. */
typedef struct {
  GSocketService *service;
  guint16         target;
  guint           n_tunnels;
} Tunnels;

static void
splice (GIOStream *from,
        GIOStream *to)
{
  g_output_stream_splice_async (g_io_stream_get_output_stream (to), g_io_stream_get_input_stream (from),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT, NULL, NULL,
                                NULL);
}

/* The whole request comes with one read: it is short, and from this process. */
static void
on_tunnel_asked (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  static const char answer[] = "HTTP/1.1 200 Connection established\r\n\r\n";
  Tunnels *tunnels = user_data;
  GIOStream *client = g_object_get_data (source, "stream");
  g_autoptr(GSocketClient) connector = g_socket_client_new ();
  g_autoptr(GBytes) request = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
  g_autoptr(GSocketConnection) target = g_socket_client_connect_to_host (connector, "127.0.0.1", tunnels->target, NULL, NULL);

  g_assert_nonnull (request);
  g_assert_nonnull (target);
  g_assert_true (g_str_has_prefix (g_bytes_get_data (request, NULL), "CONNECT localhost:9 HTTP/1."));
  tunnels->n_tunnels++;
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (client), answer, strlen (answer), NULL, NULL, NULL));
  splice (client, G_IO_STREAM (target));
  splice (G_IO_STREAM (target), client);
  g_object_set_data_full (G_OBJECT (tunnels->service), "target", g_object_ref (target), g_object_unref);
}

static gboolean
on_incoming (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             Tunnels           *tunnels)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));

  g_object_set_data (G_OBJECT (input), "stream", connection);
  g_object_set_data_full (G_OBJECT (service), "client", g_object_ref (connection), g_object_unref);
  g_input_stream_read_bytes_async (input, 65536, G_PRIORITY_DEFAULT, NULL, on_tunnel_asked, tunnels);
  return TRUE;
}

static void
test_proxy_tunnel (void)
{
  const RbSimOptions options = { .is_tls = TRUE };
  g_autoptr(Peer) peer = peer_new (&options, NULL);
  Tunnels tunnels = { g_socket_service_new (), rb_sim_get_port (peer->sim), 0 };
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (tunnels.service), NULL, NULL);
  g_autofree char *proxy = g_strdup_printf ("http://127.0.0.1:%u", port);
  g_autofree char *pem = NULL;
  g_autofree char *path = NULL;

  g_test_summary ("wss goes through a proxy in a tunnel, and the certificate is still the gateway's.");

  g_signal_connect (tunnels.service, "incoming", G_CALLBACK (on_incoming), &tunnels);
  g_object_get (rb_sim_get_certificate (peer->sim), "certificate-pem", &pem, NULL);
  path = save_pem (peer, pem);
  peer_renew (peer, "url", "wss://localhost:9/gateway", "ca-file", path, "proxy", proxy, NULL);
  peer_start (peer);
  peer_sync (peer);
  g_assert_cmpuint (tunnels.n_tunnels, ==, 1);
  peer_stop (peer);
  rb_test_settle ();
  g_object_unref (tunnels.service);
}

static void
test_proxy_trouble (void)
{
  const RbSimFault forbidden = { .request = "*", .kind = RB_SIM_FAULT_STATUS, .status = 407 };
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("A proxy that is away or wants a password is named as the cause.");

  peer_renew (peer, "url", "wss://nowhere.invalid/gateway", "proxy", "http://127.0.0.1:1", NULL);
  start_and_fail (peer, "proxy '127.0.0.1' refuses the connection");

  rb_sim_add_fault (peer->sim, &forbidden);
  peer_renew (peer, "url", "ws://nowhere.invalid/gateway", "proxy", rb_sim_get_origin (peer->sim), NULL);
  peer->n_disconnected = 0;
  start_and_fail (peer, "The proxy wants a name and a password (HTTP 407)");
}

static void
test_half_open (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("A gateway that is silent is given up within 45 s, and the next connection is made.");

  peer_start (peer);
  rb_sim_gateway_end (peer->gateway, RB_SIM_END_SILENCE, 0, NULL);
  rb_fake_clock_advance (peer->clock, 29000);
  g_assert_cmpuint (peer->n_disconnected, ==, 0);
  rb_fake_clock_advance (peer->clock, 16000);
  g_assert_cmpuint (peer->n_disconnected, ==, 1);
  g_assert_cmpstr (peer->last_reason, ==, "The gateway does not answer any more");
  rb_test_wait_until ((rb_fake_clock_advance (peer->clock, 100), peer->n_connected == 2));
}

static void
test_slow_frame (void)
{
  static const guint8 head[] = { 0x81, 127, 0, 0, 0, 0, 0, 0x10, 0, 0 };
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("As long as bytes come the link lives, also if a frame takes minutes; when they stop it is given up.");

  peer_start (peer);
  rb_sim_gateway_send_raw (peer->gateway, head, sizeof head);
  for (guint i = 0; i < 8; i++)
    {
      rb_sim_gateway_send_raw (peer->gateway, "          ", 10);
      rb_fake_clock_advance (peer->clock, 25000);
      g_assert_cmpuint (peer->n_disconnected, ==, 0);
    }
  rb_fake_clock_advance (peer->clock, 45000);
  g_assert_cmpuint (peer->n_disconnected, ==, 1);
}

static void
test_pings (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "1000", NULL);
  guint64 deadline = 0;

  g_test_summary ("Pings are sent, and their answers keep an idle link alive.");

  peer_start (peer);
  for (guint i = 0; i < 2; i++)
    {
      deadline = g_get_monotonic_time () + 1200 * 1000;
      rb_test_wait_until ((guint64) g_get_monotonic_time () > deadline);
      rb_fake_clock_advance (peer->clock, 2000);
      g_assert_cmpuint (peer->n_disconnected, ==, 0);
    }
}

static void
test_sleep_while_connected (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, NULL);

  g_test_summary ("After system sleep the link is made anew at once.");

  peer_start (peer);
  rb_fake_clock_sleep (peer->clock, 60000);
  g_assert_cmpuint (peer->n_disconnected, ==, 1);
  rb_fake_clock_advance (peer->clock, 0);
  rb_test_wait_until (peer->n_connected == 2);
  peer_sync (peer);
}

static void
test_sleep_while_waiting (void)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  g_test_summary ("After system sleep waits start over from the shortest.");

  rb_sim_down (peer->sim);
  g_assert_true (peer_try_start (peer, NULL));
  for (guint i = 1; i <= 5; i++)
    {
      rb_test_wait_until (peer->n_disconnected == i);
      if (i < 5)
        peer_wait_backoff (peer, 1000 << (i - 1));
    }
  rb_fake_clock_sleep (peer->clock, 3600 * 1000);
  rb_test_wait_until (peer->n_disconnected == 6);
  g_assert_true (rb_sim_up (peer->sim, NULL));
  peer_wait_backoff (peer, 1000);
  rb_test_wait_until (peer->n_connected == 1);
}

/* The simulated gateway reads what it says, and cannot read this. */
static void
send_deep_frame (Peer *peer)
{
  static const guint8 head[] = { 0x81, 126, 0xff, 0xff };
  g_autofree char *deep = g_strnfill (0xffff, '[');

  rb_sim_gateway_send_raw (peer->gateway, head, sizeof head);
  rb_sim_gateway_send_raw (peer->gateway, deep, 0xffff);
}

static void
test_garbage_frames (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  const char *const texts[] = {
    "", "hello", "[]", "null", "{}", "{\"event\":\"MESSAGE_RECEIVED\"}", "{\"event\":\"SEND_ACK\",\"messageId\":\"unknown\"}",
    "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":-1}", "{\"event\":\"REGISTER\"}", "{\"event\":\"DELIVERY_STATUS\",\"messageId\":\"m\",\"status\":\"read\"}",
  };

  g_test_summary ("Frames that make no sense are dropped, and the link lives on.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    rb_sim_gateway_send_text (peer->gateway, texts[i]);
  send_deep_frame (peer);
  peer_sync (peer);
  g_assert_cmpuint (rb_test_count_log ("connector_frame_invalid"), ==, 5);
  g_assert_cmpuint (peer->deliveries->len, ==, 0);
  g_assert_cmpuint (peer->n_disconnected, ==, 0);
}

static void
test_deep_message (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autofree char *open = g_strnfill (70, '[');
  g_autofree char *shut = g_strnfill (70, ']');
  g_autofree char *metadata = g_strdup_printf ("{\"a\":%s%s}", open, shut);

  g_test_summary ("A message that is nested too deeply arrives and is acknowledged, so that the next ones are, too; the log says so.");

  rb_test_forget_logs ();
  peer->accepts = TRUE;
  rb_sim_gateway_deliver (peer->gateway, "deep", "bob@sim", "x", metadata);
  rb_test_wait_until (peer->deliveries->len == 1);
  g_assert_cmpstr (peer_get_id (peer, 0), ==, "deep");
  g_assert_cmpuint (rb_test_count_log ("gateway_frame_pruned"), ==, 1);
  peer_wait_acked (peer, 1);
}

static void
test_garbage_bytes (void)
{
  static const struct {
    const char *bytes;
    gsize       size;
    const char *pattern;
  } cases[] = {
    { "\x81\x02\xff\xfe", 4, "The connection to the gateway failed: *" },                      /* not UTF-8 */
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14, "The connection to the gateway failed: *" },
    { "\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", 10, "The connection to the gateway failed: *" },  /* 2 GiB */
    { "\x88\x09\x03\xf4restart", 11, "The gateway closed the connection: restart (1012)" },
    { "\x88\x00", 2, "The gateway closed the connection (1005)" },
  };

  g_test_summary ("Bytes that are no WebSocket, and close codes of every kind, end the connection; the next one is made.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(Peer) peer = peer_new_connected ();

      g_test_message ("case %zu", i);
      rb_sim_gateway_send_raw (peer->gateway, cases[i].bytes, cases[i].size);
      rb_test_wait_until (peer->n_disconnected == 1);
      g_test_message ("%s", peer->last_reason);
      g_assert_true (g_pattern_match_simple (cases[i].pattern, peer->last_reason));
      peer_wait_backoff (peer, 1000);
      rb_test_wait_until (peer->n_connected == 2);
    }
}

static void
test_large_frame (void)
{
  g_autoptr(Peer) peer = peer_new_connected ();
  g_autofree char *text = g_strnfill (30 << 20, 'x');

  g_test_summary ("A message of 30 MB arrives, alone if it is larger than the window; the next ones follow.");

  rb_connector_set_window (peer->connector, 10, 1 << 20);
  rb_sim_gateway_deliver (peer->gateway, "small", "bob@sim", "x", NULL);
  rb_sim_gateway_deliver (peer->gateway, "large", "bob@sim", text, NULL);
  rb_sim_gateway_deliver (peer->gateway, "after", "bob@sim", "x", NULL);
  rb_test_wait_until (peer->deliveries->len == 1);
  peer_sync (peer);
  g_assert_cmpuint (peer->deliveries->len, ==, 1);
  for (gint64 seq = 1; seq <= 3; seq++)
    {
      rb_test_wait_until (peer->deliveries->len == seq);
      g_assert_cmpint (peer_get_seq (peer, seq - 1), ==, seq);
      rb_connector_accept (peer->connector, seq);
    }
  peer_wait_acked (peer, 3);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/trouble/certificate/unknown-authority", test_unknown_authority);
  g_test_add_func ("/gateway/trouble/certificate/own-authority", test_own_authority);
  g_test_add_func ("/gateway/trouble/certificate/bad-ca-file", test_bad_ca_file);
  g_test_add_func ("/gateway/trouble/certificate/expired", test_expired);
  g_test_add_func ("/gateway/trouble/certificate/other-host", test_other_host);
  g_test_add_func ("/gateway/trouble/http-answers", test_http_answers);
  g_test_add_func ("/gateway/trouble/unknown-host", test_unknown_host);
  g_test_add_func ("/gateway/trouble/proxy/used", test_proxy);
  g_test_add_func ("/gateway/trouble/proxy/tunnel", test_proxy_tunnel);
  g_test_add_func ("/gateway/trouble/proxy/trouble", test_proxy_trouble);
  g_test_add_func ("/gateway/trouble/deep-message", test_deep_message);
  g_test_add_func ("/gateway/trouble/half-open", test_half_open);
  g_test_add_func ("/gateway/trouble/slow-frame", test_slow_frame);
  g_test_add_func ("/gateway/trouble/pings", test_pings);
  g_test_add_func ("/gateway/trouble/sleep/while-connected", test_sleep_while_connected);
  g_test_add_func ("/gateway/trouble/sleep/while-waiting", test_sleep_while_waiting);
  g_test_add_func ("/gateway/trouble/garbage/frames", test_garbage_frames);
  g_test_add_func ("/gateway/trouble/garbage/bytes", test_garbage_bytes);
  g_test_add_func ("/gateway/trouble/large-frame", test_large_frame);
  return g_test_run ();
}
