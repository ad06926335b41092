/* test-http-sse.c: server-sent events, however they are cut (protocol.md 15.2), and what they ask for (15.4)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-check.h"
#include "rb-error.h"
#include "rb-http-control.h"
#include "rb-http-sse.h"
#include "rb-test.h"

#include <string.h>

#define LIMIT 64

/* All frames as "id|data;", with '~' for LF and '-' for no id. */
static char *
drain (RbHttpSse *parser)
{
  GString *text = g_string_new (NULL);
  RbHttpSseFrame *next;

  while ((next = rb_http_sse_take (parser)) != NULL)
    {
      g_autoptr(RbHttpSseFrame) frame = next;

      g_string_append_printf (text, "%s|", frame->id != NULL ? frame->id : "-");
      g_string_append_len (text, g_bytes_get_data (frame->data, NULL), (gssize) g_bytes_get_size (frame->data));
      g_string_append_c (text, ';');
    }
  g_strdelimit (text->str, "\n", '~');
  return g_string_free (text, FALSE);
}

static const struct {
  const char *bytes;
  const char *frames;
} streams[] = {
  { "", "" },
  { "data: a\n\n", "-|a;" },
  { "data:a\n\ndata:b\n\n", "-|a;-|b;" },
  { "data: a\r\ndata: b\r\n\r\n", "-|a~b;" },
  { "data: a\rdata: b\r\r", "-|a~b;" },
  { "data: a\r\n\r\rdata: b\n\r", "-|a;-|b;" },
  { "id: 1\ndata: a\n\n", "1|a;" },
  { "id: 1\nid: 2\ndata: a\n\ndata: b\n\n", "2|a;-|b;" },
  { "id\ndata: a\n\n", "|a;" },
  { "id: 1\n\ndata: a\n\n", "-|a;" },
  { "data\n\n", "-|;" },
  { "data:\ndata: \ndata:  x\n\n", "-|~~ x;" },
  { ": comment\n:\n\n: more\ndata: a\n: between\ndata: b\n\n", "-|a~b;" },
  { "event: x\nretry: 5\nunknown: y\nno-colon\ndata: a\n\n", "-|a;" },
  { "data : a\n\n", "" },
  { "Data: a\n\n", "" },
  { "data: a:b:c\n\n", "-|a:b:c;" },
  { "data: a\n", "" },
  { "data: a\n\ndata: b", "-|a;" },
  { "\n\n\n\ndata: a\n\n", "-|a;" },
  { "\xef\xbb\xbf" "data: a\n\n\xef\xbb\xbf" "data: b\n\n", "-|a;" },
  { "data: \xc3\xa4\xff\n\n", "-|\xc3\xa4\xef\xbf\xbd;" },
  { "id: a\tb\ndata: x\n\n", "-|x;" },
};

static void
test_whole (void)
{
  g_test_summary ("Lines end in CR LF, CR or LF; a blank one ends a frame; only id and data count.");

  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr(RbHttpSse) parser = rb_http_sse_new (LIMIT);
      g_autofree char *frames = NULL;

      g_assert_true (rb_http_sse_feed (parser, streams[i].bytes, strlen (streams[i].bytes), NULL));
      frames = drain (parser);
      g_test_message ("stream %" G_GSIZE_FORMAT, i);
      g_assert_cmpstr (frames, ==, streams[i].frames);
    }
}

static void
test_cut_anywhere (void)
{
  g_test_summary ("Where the network cuts the bytes makes no difference, in the middle of a CR LF included.");

  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    for (gsize cut = 0; cut <= strlen (streams[i].bytes); cut++)
      {
        g_autoptr(RbHttpSse) parser = rb_http_sse_new (LIMIT);
        g_autofree char *frames = NULL;

        g_assert_true (rb_http_sse_feed (parser, streams[i].bytes, cut, NULL));
        g_assert_true (rb_http_sse_feed (parser, streams[i].bytes + cut, strlen (streams[i].bytes) - cut, NULL));
        frames = drain (parser);
        g_assert_cmpstr (frames, ==, streams[i].frames);
      }
}

static void
test_byte_by_byte (void)
{
  g_test_summary ("The same one byte at a time.");

  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr(RbHttpSse) parser = rb_http_sse_new (LIMIT);
      g_autofree char *frames = NULL;

      for (gsize at = 0; at < strlen (streams[i].bytes); at++)
        g_assert_true (rb_http_sse_feed (parser, streams[i].bytes + at, 1, NULL));
      frames = drain (parser);
      g_assert_cmpstr (frames, ==, streams[i].frames);
    }
}

static gboolean
feed_line (RbHttpSse   *parser,
           const char  *field,
           gsize        length,
           GError     **error)
{
  g_autofree char *fill = g_strnfill (length, 'x');
  g_autofree char *line = g_strconcat (field, fill, "\n", NULL);

  return rb_http_sse_feed (parser, line, strlen (line), error);
}

static void
test_limit (void)
{
  g_autoptr(RbHttpSse) fits = rb_http_sse_new (LIMIT);
  g_autoptr(RbHttpSse) one = rb_http_sse_new (LIMIT);
  g_autoptr(RbHttpSse) many = rb_http_sse_new (LIMIT);
  g_autoptr(RbHttpSse) endless = rb_http_sse_new (LIMIT);
  g_autoptr(GError) error = NULL;
  gboolean ok = TRUE;

  g_test_summary ("A frame has a limit, in one line, in many, or in one that never ends; comments do not count (IMP-48).");

  g_assert_true (feed_line (fits, "data: ", LIMIT - 1, NULL));
  for (guint i = 0; i < 1000; i++)
    g_assert_true (feed_line (fits, ": ", 20, NULL));

  g_assert_false (feed_line (one, "data: ", LIMIT, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TOO_LARGE);
  for (guint i = 0; i < 4; i++)
    ok = feed_line (many, "data: ", 20, NULL);
  g_assert_false (ok);
  for (guint i = 0; i < 100 && ok == FALSE; i++)
    ok = !rb_http_sse_feed (endless, "xxxxx", 5, NULL);
  g_assert_true (ok);
}

static void
test_retry (void)
{
  static const struct {
    const char *line;
    gint64      retry_ms;
  } cases[] = {
    { "data: a\n", -1 }, { "retry: 2500\n", 2500 }, { "retry:0\n", 0 }, { "retry: soon\n", -1 }, { "retry: -5\n", -1 }, { "retry\n", -1 },
    { "retry: 99999999\n", 600000 },
  };

  g_test_summary ("retry says how long to wait at least; what is no number says nothing.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbHttpSse) parser = rb_http_sse_new (LIMIT);

      g_assert_true (rb_http_sse_feed (parser, cases[i].line, strlen (cases[i].line), NULL));
      g_assert_cmpint (rb_http_sse_get_retry_ms (parser), ==, cases[i].retry_ms);
    }
}

#define HEAD(type) "\"type\":\"" type "\",\"version\":1,\"idempotency_key\":\"k\",\"emitted_at\":5"
#define HEAD_TEXT(type) "'type': <'" type "'>, 'version': <int64 1>, 'idempotency_key': <'k'>, 'emitted_at': <int64 5>"
#define TARGET "{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep\",\"runtime_session_id\":\"s\"," \
               "\"background_exchange_mode\":\"adapter_managed_turn\"}"
#define DISPATCH "\"undispatched_id\":\"u\",\"source_message_id\":\"m\",\"delivery_intent\":\"external_handoff\""
#define DISPATCH_TEXT "'undispatched_id': <'u'>, 'source_message_id': <'m'>, 'delivery_intent': <'external_handoff'>"

static const struct {
  const char           *data;
  RbHttpControlVerdict  verdict;
  const char           *said;    /* of ACK "status: detail", of EVENT its members */
} controls[] = {
  { "", RB_HTTP_CONTROL_UNPARSEABLE, NULL },
  { "not JSON", RB_HTTP_CONTROL_UNPARSEABLE, NULL },
  { "{\"idempotency_key\":\"k\"", RB_HTTP_CONTROL_UNPARSEABLE, NULL },
  { "7", RB_HTTP_CONTROL_IGNORE, NULL },
  { "null", RB_HTTP_CONTROL_IGNORE, NULL },
  { "[]", RB_HTTP_CONTROL_IGNORE, NULL },
  { "{}", RB_HTTP_CONTROL_IGNORE, NULL },
  { "{\"version\":2}", RB_HTTP_CONTROL_IGNORE, NULL },
  { "{\"version\":2,\"idempotency_key\":7}", RB_HTTP_CONTROL_IGNORE, NULL },
  { "{\"type\":\"dispatch_nudge\",\"version\":1,\"emitted_at\":5,\"undispatched_id\":\"u\",\"target_endpoint_id\":\"e\"}",
    RB_HTTP_CONTROL_IGNORE, NULL },
  { "{\"version\":2,\"idempotency_key\":\"k\"}", RB_HTTP_CONTROL_ACK, "failed: unsupported_protocol_version" },
  { "{\"type\":\"dispatch_nudge\",\"version\":1.5,\"idempotency_key\":\"k\"}", RB_HTTP_CONTROL_ACK, "failed: unsupported_protocol_version" },
  { "{\"type\":\"something_new\",\"version\":1,\"idempotency_key\":\"k\"}", RB_HTTP_CONTROL_ACK, "applied: unknown_variant_dropped" },
  { "{\"type\":7,\"version\":\"1\",\"idempotency_key\":\"k\"}", RB_HTTP_CONTROL_ACK, "applied: unknown_variant_dropped" },
  { "{\"idempotency_key\":\"k\"}", RB_HTTP_CONTROL_ACK, "applied: unknown_variant_dropped" },
  { "{\"type\":\"force_unregister\",\"version\":1,\"idempotency_key\":\"k\",\"endpoint_id\":\"e\",\"reason\":\"r\"}",
    RB_HTTP_CONTROL_ACK, "failed: invalid_control_event" },
  { "{\"type\":\"force_unregister\",\"emitted_at\":5,\"idempotency_key\":\"k\",\"endpoint_id\":\"e\",\"reason\":\"r\"}",
    RB_HTTP_CONTROL_ACK, "failed: invalid_control_event" },
  { "{" HEAD ("force_unregister") ",\"endpoint_id\":7,\"reason\":\"r\"}", RB_HTTP_CONTROL_ACK, "failed: invalid_control_event" },
  { "{" HEAD ("force_unregister") ",\"endpoint_id\":\"e\",\"reason\":\"r\",\"more\":1}", RB_HTTP_CONTROL_EVENT,
    "{" HEAD_TEXT ("force_unregister") ", 'endpoint_id': <'e'>, 'reason': <'r'>}" },
  { "{\"type\":\"dispatch_nudge\",\"version\":1.0,\"idempotency_key\":\"k\",\"emitted_at\":5,\"undispatched_id\":\"u\",\"target_endpoint_id\":\"e\"}",
    RB_HTTP_CONTROL_EVENT, "{" HEAD_TEXT ("dispatch_nudge") ", 'undispatched_id': <'u'>, 'target_endpoint_id': <'e'>}" },
  { "{" HEAD ("dispatch_nudge") ",\"undispatched_id\":\"u\"}", RB_HTTP_CONTROL_ACK, "failed: invalid_control_event" },
  { "{" HEAD ("spawn_request") ",\"prompt\":\"p\",\"runtime_kind\":\"codex\",\"origin\":\"owner_initiated_spawn\"}", RB_HTTP_CONTROL_EVENT,
    "{" HEAD_TEXT ("spawn_request") ", 'prompt': <'p'>, 'runtime_kind': <'codex'>, 'origin': <'owner_initiated_spawn'>}" },
  { "{" HEAD ("spawn_request") ",\"prompt\":\"p\",\"runtime_kind\":\"codex\",\"origin\":\"else\"}", RB_HTTP_CONTROL_ACK,
    "failed: invalid_control_event" },
  { "{" HEAD ("spawn_request") ",\"prompt\":\"a\\u0000b\",\"runtime_kind\":\"codex\",\"origin\":\"owner_initiated_spawn\"}",
    RB_HTTP_CONTROL_ACK, "failed: invalid_control_event" },
  { "{" HEAD ("dispatch_undispatched") "," DISPATCH ",\"broker_projection_token\":\"T\",\"target_ref\":" TARGET "}", RB_HTTP_CONTROL_EVENT,
    "{" HEAD_TEXT ("dispatch_undispatched") ", " DISPATCH_TEXT ", 'broker_projection_token': <'T'>, 'target_ref': "
    "<{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep'>, 'runtime_session_id': <'s'>, "
    "'background_exchange_mode': <'adapter_managed_turn'>}>}" },
  /* A token that is missing is the dispatch's to refuse, and an invalid target counts as none. */
  { "{" HEAD ("dispatch_undispatched") "," DISPATCH ",\"target_ref\":{\"kind\":\"other\"},\"target_endpoint_id\":\"e\"}",
    RB_HTTP_CONTROL_EVENT, "{" HEAD_TEXT ("dispatch_undispatched") ", " DISPATCH_TEXT ", 'target_endpoint_id': <'e'>}" },
  { "{" HEAD ("dispatch_undispatched") ",\"undispatched_id\":\"u\",\"delivery_intent\":\"external_handoff\"}", RB_HTTP_CONTROL_ACK,
    "failed: invalid_control_event" },
  { "{" HEAD ("owner_session_delivery") ",\"text\":\"x\"}", RB_HTTP_CONTROL_EVENT, "{" HEAD_TEXT ("owner_session_delivery") "}" },
};

/* protocol.md 15.4, 15.7, 24.2. */
static void
test_control (void)
{
  g_test_summary ("Each frame is logged, ignored, acknowledged at once or handed to the broker (15.4, IMP-50).");

  for (gsize i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      g_autoptr(GBytes) data = g_bytes_new (controls[i].data, strlen (controls[i].data));
      g_auto(RbHttpControl) control = { NULL };
      g_autofree char *said = NULL;

      g_test_message ("%s", controls[i].data);
      g_assert_cmpint (rb_http_control_read (data, &control), ==, controls[i].verdict);
      if (controls[i].verdict == RB_HTTP_CONTROL_EVENT)
        http_assert_variant (control.event, controls[i].said);
      if (controls[i].verdict != RB_HTTP_CONTROL_ACK)
        continue;
      said = g_strdup_printf ("%s: %s", control.status, control.detail);
      g_assert_cmpstr (said, ==, controls[i].said);
      g_assert_cmpstr (control.key, ==, "k");
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/http/sse/whole", test_whole);
  g_test_add_func ("/http/sse/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/http/sse/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/http/sse/limit", test_limit);
  g_test_add_func ("/http/sse/retry", test_retry);
  g_test_add_func ("/http/control/verdicts", test_control);
  return g_test_run ();
}
