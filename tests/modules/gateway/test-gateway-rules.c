/* test-gateway-rules.c: what an answer to REGISTER means, when to try again, and how trouble is put (protocol.md 13.2, 13.9, 13.10)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-rules.h"
#include "rb-gateway-trouble.h"

#include "rb-test.h"

#include <string.h>

/* Source: protocol.md 13.2, steps 3 and 4. @session: ours. */
static const struct {
  const char       *ack;
  const char       *session;
  RbGatewayVerdict  verdict;
  const char       *reason;
} acks[] = {
  { "\"status\":\"ok\",\"protocolVersion\":4", NULL, RB_GATEWAY_ACCEPTED, NULL },
  { "\"status\":\"ok\",\"protocolVersion\":4,\"deliveryRuntimeSessionId\":\" s \"", "s", RB_GATEWAY_ACCEPTED, NULL },
  { "\"status\":\"ok\",\"protocolVersion\":3", NULL, RB_GATEWAY_INCOMPATIBLE, "Unsupported protocol version: 3" },
  { "\"status\":\"ok\"", NULL, RB_GATEWAY_INCOMPATIBLE, "Unsupported protocol version: none" },
  { "\"status\":\"ok\",\"protocolVersion\":\"4\"", NULL, RB_GATEWAY_INCOMPATIBLE, "Unsupported protocol version: none" },
  { "\"status\":\"ok\",\"protocolVersion\":4,\"deliveryRuntimeSessionId\":\"t\"", "s", RB_GATEWAY_REFUSED,
    "REGISTER_ACK runtime session scope mismatch" },
  { "\"status\":\"ok\",\"protocolVersion\":4", "s", RB_GATEWAY_REFUSED, "REGISTER_ACK runtime session scope mismatch" },
  { "\"status\":\"ok\",\"protocolVersion\":4,\"deliveryRuntimeSessionId\":\"t\"", NULL, RB_GATEWAY_REFUSED,
    "REGISTER_ACK unexpected runtime session scope" },
  { "\"status\":\"error\",\"reason\":\"Unsupported protocol version\"", NULL, RB_GATEWAY_INCOMPATIBLE, "Unsupported protocol version" },
  { "\"status\":\"error\",\"reason\":\"Already connected\"", NULL, RB_GATEWAY_ALREADY_CONNECTED, "Already connected" },
  { "\"status\":\"error\",\"reason\":\"already connected\"", NULL, RB_GATEWAY_REFUSED, "already connected" },
  { "\"status\":\"error\",\"reason\":\"Invalid token\"", NULL, RB_GATEWAY_REFUSED, "Invalid token" },
  { "\"status\":\"error\"", NULL, RB_GATEWAY_REFUSED, "Unknown registration error" },
  { "\"reason\":7", NULL, RB_GATEWAY_REFUSED, "Unknown registration error" },
  { "\"status\":\"OK\",\"protocolVersion\":4", NULL, RB_GATEWAY_REFUSED, "Unknown registration error" },
};

static void
test_acks (void)
{
  g_test_summary ("Each answer to REGISTER has its meaning and its words.");

  for (gsize i = 0; i < G_N_ELEMENTS (acks); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"event\":\"REGISTER_ACK\",%s}", acks[i].ack);
      g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
      g_autoptr(RbGatewayFrame) frame = rb_gateway_frame_parse (bytes, NULL);
      g_autofree char *reason = NULL;

      g_test_message ("%s", text);
      g_assert_nonnull (frame);
      g_assert_cmpint (rb_gateway_judge_ack (frame, acks[i].session, &reason), ==, acks[i].verdict);
      g_assert_cmpstr (reason, ==, acks[i].reason);
    }
}

static void
test_replaced (void)
{
  g_test_summary ("Only 4001 with exactly those words means that another runtime took over.");

  g_assert_true (rb_gateway_is_replaced (4001, "Replaced by new Runtime"));
  g_assert_false (rb_gateway_is_replaced (4001, "Replaced by new runtime"));
  g_assert_false (rb_gateway_is_replaced (4001, NULL));
  g_assert_false (rb_gateway_is_replaced (4000, "Replaced by new Runtime"));
}

static void
test_close_reason (void)
{
  g_autofree char *plain = g_strnfill (123, 'x');
  g_autofree char *long_one = g_strnfill (124, 'x');
  g_autofree char *wide = g_strconcat (plain + 2, "\xe2\x82\xac", NULL);   /* 121 and 3 */
  g_autofree char *kept = rb_gateway_cut_close_reason (plain);
  g_autofree char *cut = rb_gateway_cut_close_reason (long_one);
  g_autofree char *cut_wide = rb_gateway_cut_close_reason (wide);
  g_autofree char *mended = rb_gateway_cut_close_reason ("a\xff");

  g_test_summary ("A close reason has at most 123 bytes, whole characters, and is UTF-8.");

  g_assert_cmpstr (kept, ==, plain);
  g_assert_cmpstr (cut, ==, plain);
  g_assert_cmpstr (cut_wide, ==, plain + 2);
  g_assert_true (g_utf8_validate (mended, -1, NULL));
}

static void
test_backoff (void)
{
  static const gint64 waits[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
  RbGatewayRetry retry;

  g_test_summary ("Waits double from 1 s to 30 s, stretched by up to 1.3 and never beyond 30 s; a registration starts over.");

  rb_gateway_retry_init (&retry, 1000, 30000, 2000, 30);
  for (gsize i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      rb_gateway_retry_refused (&retry, RB_GATEWAY_REFUSED);
      g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.0), ==, waits[i]);
    }
  rb_gateway_retry_reset (&retry);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.999999), ==, 1299);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.5), ==, 2300);
}

static void
test_already_connected (void)
{
  RbGatewayRetry retry;

  g_test_summary ("After \"Already connected\" 2 s, 29 times in a row, whatever fails in between; the 30th counts as any other failure.");

  rb_gateway_retry_init (&retry, 1000, 30000, 2000, 30);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.0), ==, 1000);
  for (guint i = 1; i <= 29; i++)
    {
      rb_gateway_retry_refused (&retry, RB_GATEWAY_ALREADY_CONNECTED);
      g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.9), ==, 2000);
    }
  rb_gateway_retry_refused (&retry, RB_GATEWAY_REFUSED);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.0), ==, 2000);

  rb_gateway_retry_refused (&retry, RB_GATEWAY_ALREADY_CONNECTED);
  g_assert_cmpuint (retry.n_already, ==, 30);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.5), ==, 2300);
  rb_gateway_retry_refused (&retry, RB_GATEWAY_REFUSED);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.0), ==, 4000);
  rb_gateway_retry_refused (&retry, RB_GATEWAY_ALREADY_CONNECTED);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.0), ==, 2000);

  rb_gateway_retry_reset (&retry);
  g_assert_cmpint (rb_gateway_retry_next_ms (&retry, 0.0), ==, 1000);
}

static void
test_trouble (void)
{
  static const struct {
    RbGatewayTrouble  trouble;
    int               code;      /* of G_IO_ERROR */
    const char       *text;
  } cases[] = {
    { { "h:1", NULL, NULL, 0, 0, TRUE }, G_IO_ERROR_CANCELLED, "'h:1' did not open a connection in time" },
    { { "h", NULL, "2020-01-02", G_TLS_CERTIFICATE_EXPIRED, 0, FALSE }, G_IO_ERROR_FAILED,
      "The certificate of 'h' cannot be trusted: it has expired (2020-01-02)" },
    { { "h", NULL, NULL, G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_BAD_IDENTITY, 0, FALSE }, G_IO_ERROR_FAILED,
      "The certificate of 'h' cannot be trusted: it is for another host name; it is signed by an authority that is not trusted here" },
    { { "h", NULL, NULL, 0, 503, FALSE }, G_IO_ERROR_FAILED, "'h' answered HTTP 503 instead of opening a WebSocket" },
    { { "h", "p", NULL, 0, 407, FALSE }, G_IO_ERROR_FAILED, "The proxy wants a name and a password (HTTP 407)" },
    { { "h", NULL, NULL, 0, 0, FALSE }, G_IO_ERROR_CONNECTION_REFUSED, "'h' refuses the connection" },
    { { "h", "p", NULL, 0, 0, FALSE }, G_IO_ERROR_CONNECTION_REFUSED, "proxy 'p' refuses the connection" },
    { { "h", "p", NULL, 0, 0, FALSE }, G_IO_ERROR_PROXY_FAILED, "The proxy does not let us through to 'h': why" },
    { { "h", NULL, NULL, 0, 101, FALSE }, G_IO_ERROR_FAILED, "No connection to 'h': why" },
  };
  g_autoptr(GError) resolver = g_error_new_literal (G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "why");
  g_autofree char *unknown = rb_gateway_trouble_describe (&(RbGatewayTrouble) { .host = "h" }, resolver);

  g_test_summary ("Each way to fail has a sentence that says what to mend.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, cases[i].code, "why");
      g_autofree char *text = rb_gateway_trouble_describe (&cases[i].trouble, error);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
  g_assert_cmpstr (unknown, ==, "The address of 'h' cannot be found: why");
}

static void
test_close_text (void)
{
  g_autofree char *broken = rb_gateway_trouble_describe_close (0, NULL);
  g_autofree char *abnormal = rb_gateway_trouble_describe_close (1006, NULL);
  g_autofree char *bare = rb_gateway_trouble_describe_close (1001, "");
  g_autofree char *full = rb_gateway_trouble_describe_close (4001, "Invalid token");

  g_test_summary ("A connection that ends says how.");

  g_assert_cmpstr (broken, ==, "The connection to the gateway broke off");
  g_assert_cmpstr (abnormal, ==, broken);
  g_assert_cmpstr (bare, ==, "The gateway closed the connection (1001)");
  g_assert_cmpstr (full, ==, "The gateway closed the connection: Invalid token (4001)");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/rules/acks", test_acks);
  g_test_add_func ("/gateway/rules/replaced", test_replaced);
  g_test_add_func ("/gateway/rules/close-reason", test_close_reason);
  g_test_add_func ("/gateway/rules/backoff", test_backoff);
  g_test_add_func ("/gateway/rules/already-connected", test_already_connected);
  g_test_add_func ("/gateway/trouble/attempts", test_trouble);
  g_test_add_func ("/gateway/trouble/closes", test_close_text);
  return g_test_run ();
}
