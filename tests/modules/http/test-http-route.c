/* test-http-route.c: what each status of each route means (protocol.md 14.2 to 14.13)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-check.h"
#include "rb-error.h"
#include "rb-http-route.h"
#include "rb-test.h"

#include <string.h>

/* S success, T terminal, anything else transient. */
typedef struct {
  int         which;     /* RbUpstreamCall, or 100 + RbEventKind */
  const char *success;   /* of all statuses below, those that succeed */
  const char *terminal;
} Verdicts;

#define EVENT(kind) (100 + (kind))
#define ANY_2XX "200 201 202 204 299"
/* A redirection is nobody's refusal: some network asks for a login first. Only at the start it is as good as one (protocol.md 3.4). */
#define PERMANENT "400 401 403 404 405 409 410 413 418 422 451 499"
#define PERMANENT_BUT_404 "400 401 403 405 409 410 413 418 422 451 499"

static const guint statuses[] = {
  100, 200, 201, 202, 204, 299, 302, 304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 418, 422, 429, 451, 499, 500, 501, 502, 503, 504, 599,
};

static const Verdicts table[] = {
  { RB_UPSTREAM_WHOAMI, ANY_2XX, "401 403" },
  { RB_UPSTREAM_REGISTER_ENDPOINT, ANY_2XX, PERMANENT },
  { RB_UPSTREAM_HEARTBEAT, ANY_2XX, PERMANENT },
  { RB_UPSTREAM_ENDPOINT_STATE, ANY_2XX " 404", PERMANENT_BUT_404 },
  { RB_UPSTREAM_UNREGISTER, ANY_2XX, PERMANENT },
  { RB_UPSTREAM_DISPLAY_METADATA, ANY_2XX, PERMANENT },
  { RB_UPSTREAM_LOOKUP_CLOSED, ANY_2XX " 404", PERMANENT_BUT_404 },
  { RB_UPSTREAM_CAPABILITIES, "200", PERMANENT },
  { RB_UPSTREAM_ROUTE_CLAIM, "200", "401 403 422" },
  { RB_UPSTREAM_CANDIDATES, ANY_2XX, PERMANENT },
  { RB_UPSTREAM_SELF_CLAIM, "200 201", "401 403 404 409 422" },
  { RB_UPSTREAM_RELEASE_CLAIM, "204", "401 403 404 409 422" },
  { RB_UPSTREAM_HISTORY, ANY_2XX, PERMANENT },
  { RB_UPSTREAM_SELF_SETTLE, "200", "401 403 404 409 422" },
  { RB_UPSTREAM_CONTROL_ACK, ANY_2XX, PERMANENT },
  { EVENT (RB_EVENT_UNDISPATCHED_CHANGED), "204", "401 422" },
  { EVENT (RB_EVENT_PRESENCE_CHANGED), "204", "401 422" },
  { EVENT (RB_EVENT_INBOUND_ROUTED), "204", "401 422" },
  { EVENT (RB_EVENT_PROCESSING_STATE), "204", "401 403 409 422" },
  { EVENT (RB_EVENT_ENDPOINT_STATE), ANY_2XX " 404", PERMANENT_BUT_404 },
};
G_STATIC_ASSERT (G_N_ELEMENTS (table) == RB_UPSTREAM_N_CALLS + 5);

static const RbHttpRoute *
route_of (const Verdicts *verdicts)
{
  return verdicts->which < 100 ? rb_http_route_of_call ((RbUpstreamCall) verdicts->which)
                               : rb_http_route_of_event ((RbEventKind) (verdicts->which - 100));
}

static gboolean
lists (const char *list,
       guint       status)
{
  g_auto(GStrv) words = g_strsplit (list, " ", -1);
  g_autofree char *word = g_strdup_printf ("%u", status);

  return g_strv_contains ((const char *const *) words, word);
}

static void
check_status (const Verdicts *verdicts,
              guint           status)
{
  const RbHttpRoute *route = route_of (verdicts);
  g_autoptr(RbHttpAnswer) answer = http_answer (status, "Phrase", NULL);
  g_autoptr(GError) error = NULL;
  gint64 said = 0;

  g_test_message ("%s %u", route->path, status);
  g_assert_cmpint (rb_http_route_succeeded (route, status), ==, lists (verdicts->success, status));
  if (rb_http_route_succeeded (route, status))
    return;

  error = rb_http_route_refusal (route, answer);
  g_assert_cmpint (error->code, ==, lists (verdicts->terminal, status) ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "status", "x", &said));
  g_assert_cmpint (said, ==, status);
}

static void
test_statuses (void)
{
  g_test_summary ("Each status of each route succeeds, is final, or may be different the next time, as the table of 14.2 says.");

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (statuses); j++)
      check_status (&table[i], statuses[j]);
}

/* Of a refusal with this body: the text, and the code where there is one. */
static void
check_text (const RbHttpRoute *route,
            const char        *body,
            const char        *text,
            const char        *code)
{
  g_autoptr(RbHttpAnswer) answer = http_answer (422, "Unprocessable", body);
  g_autoptr(GError) error = rb_http_route_refusal (route, answer);
  g_autofree char *details = code != NULL ? g_strdup_printf ("{'status': <int64 422>, 'code': <'%s'>}", code)
                                          : g_strdup ("{'status': <int64 422>}");

  http_assert_error (error, (RbError) error->code, text, details);
  g_assert_cmpstr (rb_error_get_reason (error), ==, code);
}

static void
test_text_joined (void)
{
  const RbHttpRoute *route = rb_http_route_of_event (RB_EVENT_PROCESSING_STATE);

  g_test_summary ("An emission's detail is error and message joined, the one there is, or nothing (14.2).");

  check_text (route, "{\"error\":\"stale\",\"message\":\"too late\"}", "stale: too late", "stale");
  check_text (route, "{\"error\":\"stale\"}", "stale", "stale");
  check_text (route, "{\"message\":\"too late\"}", "too late", NULL);
  check_text (route, "{\"error\":7,\"message\":[]}", "", NULL);
  check_text (route, "{\"error\":\"\",\"message\":\"\"}", "", NULL);
  check_text (route, "[\"error\"]", "", NULL);
  check_text (route, "<html>", "", NULL);
  check_text (route, NULL, "", NULL);
}

static void
test_text_apart (void)
{
  const RbHttpRoute *route = rb_http_route_of_call (RB_UPSTREAM_SELF_SETTLE);

  g_test_summary ("Of a refused self-settle, code and text are kept apart (14.12).");

  check_text (route, "{\"error\":\"gone\",\"message\":\"no row\"}", "no row", "gone");
  check_text (route, "{\"error\":\"gone\"}", "", "gone");
  check_text (route, "{}", "", NULL);
}

static void
test_text_named (void)
{
  static const struct {
    RbUpstreamCall call;
    const char    *code;
  } defaults[] = {
    { RB_UPSTREAM_REGISTER_ENDPOINT, "unknown" },
    { RB_UPSTREAM_HEARTBEAT, "unknown" },
    { RB_UPSTREAM_CANDIDATES, "claim_candidates_failed" },
    { RB_UPSTREAM_HISTORY, "runtime_conversation_history_failed" },
  };

  g_test_summary ("The other calls have a code and a text always: the route's and the status line's where the body has none (14.2).");

  for (gsize i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      const RbHttpRoute *route = rb_http_route_of_call (defaults[i].call);

      check_text (route, "{\"error\":\"full\",\"message\":\"no room\"}", "no room", "full");
      check_text (route, "{\"error\":\"full\"}", "Unprocessable", "full");
      check_text (route, "{\"message\":\"no room\"}", "no room", defaults[i].code);
      check_text (route, NULL, "Unprocessable", defaults[i].code);
    }
}

static void
test_text_whoami (void)
{
  g_test_summary ("A refused whoami says its status (14.3).");

  check_text (rb_http_route_of_call (RB_UPSTREAM_WHOAMI), "{\"error\":\"bad_token\",\"message\":\"no\"}", "whoami failed: 422", "bad_token");
}

static void
test_text_long (void)
{
  g_autofree char *long_text = g_strnfill (100000, 'x');
  g_autofree char *body = g_strdup_printf ("{\"message\":\"%s\"}", long_text);
  g_autoptr(RbHttpAnswer) answer = http_answer (422, "", body);
  g_autoptr(GError) error = rb_http_route_refusal (rb_http_route_of_event (RB_EVENT_PROCESSING_STATE), answer);

  g_test_summary ("A text of the other side is cut before it fills logs.");

  g_assert_cmpuint (strlen (error->message), ==, 4096);
}

static void
test_category (void)
{
  static const char *const known[] = {
    "assignment_in_progress", "target_unavailable_before_acceptance", "acceptance_rejected", "processing_failed_or_expired",
    "reply_handle_stale",
  };
  const RbHttpRoute *route = rb_http_route_of_event (RB_EVENT_PROCESSING_STATE);
  g_autoptr(RbHttpAnswer) unknown = http_answer (409, "", "{\"assignment_failure_category\":\"something_else\"}");
  g_autoptr(GError) without = rb_http_route_refusal (route, unknown);

  g_test_summary ("The category of an assignment's failure is kept when it is one of the five (14.2).");

  http_assert_error (without, RB_ERROR_REJECTED, "", "{'status': <int64 409>}");
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *body = g_strdup_printf ("{\"assignment_failure_category\":\"%s\"}", known[i]);
      g_autofree char *details = g_strdup_printf ("{'status': <int64 409>, 'assignment_failure_category': <'%s'>}", known[i]);
      g_autoptr(RbHttpAnswer) answer = http_answer (409, "", body);
      g_autoptr(GError) error = rb_http_route_refusal (route, answer);

      http_assert_error (error, RB_ERROR_REJECTED, "", details);
    }
}

static void
test_retry_after_detail (void)
{
  const RbHttpRoute *route = rb_http_route_of_event (RB_EVENT_PROCESSING_STATE);
  g_autoptr(RbHttpAnswer) busy = http_answer (429, "", "{\"error\":\"slow_down\"}");
  g_autoptr(RbHttpAnswer) refused = http_answer (422, "", NULL);
  g_autoptr(GError) transient = NULL;
  g_autoptr(GError) terminal = NULL;

  g_test_summary ("When to come back is passed on, but not by a refusal for good.");

  busy->retry_after_ms = 3000;
  refused->retry_after_ms = 3000;
  transient = rb_http_route_refusal (route, busy);
  terminal = rb_http_route_refusal (route, refused);
  http_assert_error (transient, RB_ERROR_UNAVAILABLE, "slow_down",
                     "{'status': <int64 429>, 'code': <'slow_down'>, 'retry_after_ms': <int64 3000>}");
  http_assert_error (terminal, RB_ERROR_REJECTED, "", "{'status': <int64 422>}");
}

static void
test_retry_after_header (void)
{
  static const struct {
    const char *value;
    gint64      wait_ms;
  } cases[] = {
    { NULL, -1 }, { "", -1 }, { "0", 0 }, { "3", 3000 }, { " 120 ", 120000 }, { "999999999", 86400000 }, { "-1", -1 }, { "1.5", -1 },
    { "soon", -1 }, { "99999999999999999999", -1 },
    { "Thu, 01 Jan 2026 00:00:10 GMT", 10000 }, { "Thu, 01 Jan 2026 00:00:00 GMT", 0 }, { "Wed, 31 Dec 2025 23:59:59 GMT", 0 },
    { "Thu, 01 Jan 2027 00:00:00 GMT", 86400000 }, { "Thu, 01 Foo 2026 00:00:10 GMT", -1 }, { "Thu, 01 Jan 2026 00:00 GMT", -1 },
    { "Thu, 01 Jan 2026 00:00:10 CET", -1 }, { "Thu, 99 Jan 2026 00:00:10 GMT", -1 },
  };

  g_test_summary ("Retry-After is a number of seconds or an HTTP date; anything else says nothing.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].value != NULL ? cases[i].value : "NULL");
      g_assert_cmpint (rb_http_retry_after (cases[i].value, 1767225600000), ==, cases[i].wait_ms);
    }
}

static void
test_clock (void)
{
  static const struct {
    const char *value;
    gint64      ahead_ms;
  } cases[] = {
    { NULL, G_MININT64 }, { "", G_MININT64 }, { "3", G_MININT64 }, { "soon", G_MININT64 }, { "Thu, 01 Jan 2026 00:00:10 CET", G_MININT64 },
    { "Thu, 01 Jan 2026 00:00:10 GMT", 10500 }, { "Thu, 01 Jan 2026 00:00:00 GMT", 500 }, { "Wed, 31 Dec 2025 23:59:59 GMT", -500 },
  };

  g_test_summary ("A Date header tells the other clock, in the middle of its second.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (rb_http_clock_ahead (cases[i].value, 1767225600000), ==, cases[i].ahead_ms);
}

static void
test_cut (void)
{
  static const char whole[] = "{\"a\":\"}]\\\"\",\"b\":[{},[1]],\"c\":{}}";
  static const char *const others[] = { "", "{}", "[", "garbage {", "\"{", "{]", "{a}", "}{" };

  g_test_summary ("Of an object, every beginning is known for one; what is something else was not cut.");

  for (gsize n = 1; n < strlen (whole); n++)
    {
      g_autoptr(GBytes) body = g_bytes_new (whole, n);

      g_assert_true (rb_http_body_is_cut (body));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr(GBytes) body = g_bytes_new (others[i], strlen (others[i]));

      g_assert_false (rb_http_body_is_cut (body));
    }
}

static void
test_not_made (void)
{
  g_test_summary ("Calls that exist and that a broker does not make are not here (protocol.md 14.14).");

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      const RbHttpRoute *route = route_of (&table[i]);

      g_assert_false (g_str_has_prefix (route->path, "/me/"));
      g_assert_cmpstr (route->method, !=, "PATCH");
      if (g_str_equal (route->method, "GET"))
        g_assert_cmpstr (route->path, !=, "/runtime-endpoints");
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/http/route/statuses", test_statuses);
  g_test_add_func ("/http/route/not-made", test_not_made);
  g_test_add_func ("/http/route/text/joined", test_text_joined);
  g_test_add_func ("/http/route/text/apart", test_text_apart);
  g_test_add_func ("/http/route/text/named", test_text_named);
  g_test_add_func ("/http/route/text/whoami", test_text_whoami);
  g_test_add_func ("/http/route/text/long", test_text_long);
  g_test_add_func ("/http/route/failure-category", test_category);
  g_test_add_func ("/http/route/body-cut", test_cut);
  g_test_add_func ("/http/route/retry-after/detail", test_retry_after_detail);
  g_test_add_func ("/http/route/retry-after/header", test_retry_after_header);
  g_test_add_func ("/http/route/clock", test_clock);
  return g_test_run ();
}
