/* test-http-start.c: who we are, at the start and until it is known (protocol.md 3.4 step 4, 14.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-fixture.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-http-principal.h"

#define WHOAMI "GET /v1/whoami"

static guint
n_asked (HttpFixture *fixture)
{
  return rb_sim_count (fixture->sim, WHOAMI, NULL);
}

static guint
n_streams (HttpFixture *fixture)
{
  return rb_sim_events_count (rb_sim_get_events (fixture->sim));
}

static void
test_known (HttpFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(GVariant) answer = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *query = NULL;
  const RbSimEntry *entry;
  gint64 ahead_ms;
  const char *node_id = NULL;

  g_test_summary ("After the start it is known who we are, and the control events are ours.");

  http_fixture_start (fixture);
  answer = http_fixture_call (fixture, RB_UPSTREAM_WHOAMI, "@a{sv} {}", NULL);
  g_assert_true (g_variant_lookup (answer, "subjectId", "&s", &node_id));
  g_assert_true (g_variant_lookup (answer, "clock_ahead_ms", "x", &ahead_ms));
  g_assert_cmpstr (node_id, ==, rb_sim_get_node_id (fixture->sim));
  g_assert_cmpuint (n_asked (fixture), ==, 1);

  entry = rb_sim_record_get (rb_sim_get_record (fixture->sim), RB_SIM_REQUEST, "GET /v1/runtime/control-events", NULL, -1);
  expected = g_uri_escape_string (rb_sim_get_node_id (fixture->sim), NULL, FALSE);
  query = g_strconcat ("agent_id=", expected, NULL);
  g_assert_cmpstr (entry->query, ==, query);
}

static const struct {
  guint       status;     /* 0: the next two change what a plain answer says */
  const char *member;
  const char *json;
  const char *text;
} refusals[] = {
  { 401, NULL, NULL, "whoami failed: 401" },
  { 403, NULL, NULL, "whoami failed: 403" },
  { 0, "subjectType", "\"user\"", "runtime broker requires agent-runtime credentials; got user" },
  { 0, "subjectType", "", "runtime broker requires agent-runtime credentials; got undefined" },
};

static void
test_refused (HttpFixture   *fixture,
              gconstpointer  data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What waiting cannot mend fails the start, at once, and nothing is tried again.");

  if (refusals[i].status != 0)
    rb_sim_fail (fixture->sim, WHOAMI, 0, refusals[i].status, NULL);
  else
    rb_sim_set_whoami (fixture->sim, refusals[i].member, refusals[i].json);
  http_fixture_make (fixture);
  g_assert_false (http_fixture_start_one (fixture->upstream, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (error->message, ==, refusals[i].text);

  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_cmpuint (n_asked (fixture), ==, 1);
}

/* A captive portal, a host that is being moved: it may pass. */
static const struct {
  guint       status;
  const char *json;       /* of the subject's id; NULL: unchanged */
  const char *text;
} oddities[] = {
  { 404, NULL, "whoami failed: 404" },
  { 302, NULL, "whoami failed: 302" },
  { 0, "", "whoami response missing subjectId" },
  { 0, "\"\"", "whoami response missing subjectId" },
  { 0, "7", "whoami response missing subjectId" },
};

static void
test_odd (HttpFixture   *fixture,
          gconstpointer  data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) whoami = NULL;

  g_test_summary ("An answer that says nothing about us does not fail the start; we ask again.");

  if (oddities[i].status != 0)
    rb_sim_fail (fixture->sim, WHOAMI, 0, oddities[i].status, NULL);
  else
    rb_sim_set_whoami (fixture->sim, "subjectId", oddities[i].json);
  http_fixture_make (fixture);
  g_assert_true (http_fixture_start_one (fixture->upstream, &error));
  g_assert_no_error (error);
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_WHOAMI, "@a{sv} {}", &whoami));
  g_assert_error (whoami, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (whoami->message, ==, oddities[i].text);

  rb_fake_clock_advance (fixture->clock, 500);
  rb_test_wait_until (n_asked (fixture) == 2);
}

static void
start_without_answer (HttpFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  http_fixture_make (fixture);
  g_assert_true (http_fixture_start_one (fixture->upstream, &error));
  g_assert_no_error (error);
}

static void
test_away (HttpFixture   *fixture,
           gconstpointer  data)
{
  static const gint64 delays_ms[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
  g_autoptr(GError) whoami = NULL;
  g_autoptr(GError) lookup = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("An upstream that fails for now does not keep the broker from starting; it is asked again, less and less often.");

  rb_sim_fail (fixture->sim, WHOAMI, 0, 503, NULL);
  start_without_answer (fixture);
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_WHOAMI, "@a{sv} {}", &whoami));
  http_assert_error (whoami, RB_ERROR_UNAVAILABLE, "whoami failed: 503", "{'status': <int64 503>}");
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'ep_1'>}", &lookup));
  g_assert_error (lookup, RB_ERROR, RB_ERROR_UNAVAILABLE);

  for (gsize i = 0; i < G_N_ELEMENTS (delays_ms); i++)
    {
      rb_test_wait_until (rb_test_count_log ("runtime_principal_resolve_retry") == 1);
      rb_fake_clock_advance (fixture->clock, delays_ms[i] - 1);
      g_assert_cmpuint (n_asked (fixture), ==, i + 1);
      rb_fake_clock_advance (fixture->clock, 1);
      rb_test_wait_until (n_asked (fixture) == i + 2);
    }
  g_assert_cmpuint (n_streams (fixture), ==, 0);

  rb_test_wait_until (rb_test_count_log ("runtime_principal_resolve_retry") == 1);
  rb_sim_faults_clear (rb_sim_get_faults (fixture->sim));
  rb_fake_clock_advance (fixture->clock, 30000);
  rb_test_wait_until (n_streams (fixture) == 1);
  answer = http_fixture_call (fixture, RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'ep_1'>}", NULL);
  http_assert_variant (answer, "{'exists': <false>}");
}

static void
test_retry_after (HttpFixture   *fixture,
                  gconstpointer  data)
{
  const RbSimFault fault = {
    .request = WHOAMI, .kind = RB_SIM_FAULT_STATUS, .status = 429, .header = "Retry-After: 7", .times = 1,
  };

  g_test_summary ("An upstream that says when to come back is not asked before.");

  rb_sim_add_fault (fixture->sim, &fault);
  start_without_answer (fixture);
  rb_fake_clock_advance (fixture->clock, 6999);
  g_assert_cmpuint (n_asked (fixture), ==, 1);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (n_streams (fixture) == 1);
}

static void
test_hang (HttpFixture   *fixture,
           gconstpointer  data)
{
  const RbSimFault fault = { .request = WHOAMI, .kind = RB_SIM_FAULT_HANG, .times = 1 };
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("The start waits two seconds for an answer, the question itself fifteen.");

  rb_sim_add_fault (fixture->sim, &fault);
  http_fixture_make (fixture);
  rb_module_start_async (fixture->upstream, NULL, rb_test_store_result, &result);
  rb_test_wait_until (n_asked (fixture) == 1);
  rb_fake_clock_advance (fixture->clock, RB_HTTP_START_WAIT_MS - 1);
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_module_start_finish (fixture->upstream, result, NULL));

  rb_fake_clock_advance (fixture->clock, 15000 - RB_HTTP_START_WAIT_MS);
  g_assert_cmpuint (rb_test_count_log ("runtime_principal_resolve_retry"), ==, 1);
  rb_fake_clock_advance (fixture->clock, 500);
  rb_test_wait_until (n_streams (fixture) == 1);
}

static void
test_refused_later (HttpFixture   *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A refusal after the start is said loudly, and asked about again now and then: it may be mended over there.");

  rb_sim_fail (fixture->sim, WHOAMI, 1, 500, NULL);
  start_without_answer (fixture);
  rb_sim_fail (fixture->sim, WHOAMI, 2, 401, NULL);
  rb_fake_clock_advance (fixture->clock, 500);
  rb_test_wait_until (rb_test_count_log ("runtime_principal_refused") == 1);
  rb_fake_clock_advance (fixture->clock, 59999);
  g_assert_cmpuint (n_asked (fixture), ==, 2);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (rb_test_count_log ("runtime_principal_refused") == 1);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_wait_until (n_streams (fixture) == 1);
}

static void
test_down (HttpFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("An upstream that is not there at all is waited for.");

  rb_sim_down (fixture->sim);
  start_without_answer (fixture);
  g_assert_cmpuint (rb_test_count_log ("runtime_principal_resolve_retry"), ==, 1);
  g_assert_null (http_fixture_call (fixture, RB_UPSTREAM_WHOAMI, "@a{sv} {}", &error));
  g_assert_true (g_str_has_prefix (error->message, "network network: "));
  g_assert_true (rb_sim_up (fixture->sim, NULL));
  rb_fake_clock_advance (fixture->clock, 500);
  rb_test_wait_until (n_streams (fixture) == 1);
}

static void
test_stop_while_starting (HttpFixture   *fixture,
                          gconstpointer  data)
{
  const RbSimFault fault = { .request = WHOAMI, .kind = RB_SIM_FAULT_HANG };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop ends a start that waits.");

  rb_sim_add_fault (fixture->sim, &fault);
  http_fixture_make (fixture);
  rb_module_start_async (fixture->upstream, NULL, rb_test_store_result, &result);
  rb_test_wait_until (n_asked (fixture) == 1);
  http_fixture_stop_one (fixture->upstream);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_module_start_finish (fixture->upstream, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
}

static void
test_start_again (HttpFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(GError) twice = NULL;

  g_test_summary ("A module that was stopped can be started again; one that runs cannot.");

  http_fixture_start (fixture);
  g_assert_false (http_fixture_start_one (fixture->upstream, &twice));
  g_assert_error (twice, RB_ERROR, RB_ERROR_BAD_STATE);
  http_fixture_stop_one (fixture->upstream);
  http_fixture_stop_one (fixture->emitter);
  rb_test_wait_until (n_streams (fixture) == 0);
  http_fixture_start (fixture);
}

static void
add (const char    *path,
     gconstpointer  data,
     void         (*test) (HttpFixture *fixture, gconstpointer data))
{
  g_test_add (path, HttpFixture, data, http_fixture_set_up, test, http_fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  add ("/http/start/known", NULL, test_known);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/http/start/refused/%u", i);

      add (path, GUINT_TO_POINTER (i), test_refused);
    }
  for (guint i = 0; i < G_N_ELEMENTS (oddities); i++)
    {
      g_autofree char *path = g_strdup_printf ("/http/start/odd/%u", i);

      add (path, GUINT_TO_POINTER (i), test_odd);
    }
  add ("/http/start/away", NULL, test_away);
  add ("/http/start/retry-after", NULL, test_retry_after);
  add ("/http/start/hang", NULL, test_hang);
  add ("/http/start/refused-later", NULL, test_refused_later);
  add ("/http/start/down", NULL, test_down);
  add ("/http/start/stop-while-starting", NULL, test_stop_while_starting);
  add ("/http/start/start-again", NULL, test_start_again);
  return g_test_run ();
}
