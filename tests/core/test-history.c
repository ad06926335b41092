/* test-history.c: an adapter reads what was said in a conversation before (protocol.md 10.7)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-history.h"

#define WORKER 100
#define OTHER 200

static GVariant *
reference (void)
{
  return g_variant_ref_sink (g_variant_new_parsed ("{'kind': <'session_conversation'>, 'id': <'c1'>}"));
}

/* Takes @request's reference. */
static GVariant *
read_history (RbCoreFixture     *fixture,
              gint64             header,
              RbHistoryRequest  *request,
              GError           **error)
{
  RbCaller caller = { .pid = header };
  g_autoptr(GAsyncResult) result = NULL;

  rb_history_async (fixture->core, &caller, request, rb_test_store_result, &result);
  g_clear_pointer (&request->conversation_ref, g_variant_unref);
  rb_test_wait_until (result != NULL);
  return rb_history_finish (fixture->core, result, error);
}

static GVariant *
ask (RbWorker *worker,
     GError  **error)
{
  RbHistoryRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .endpoint_owner_token = worker->token,
    .conversation_ref = reference (),
  };

  return read_history (worker->fixture, worker->pid, &request, error);
}

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) away = rb_worker_new (fixture, OTHER);
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; conversation history read is only allowed from Active",
                                           away->endpoint_id);
  const struct {
    gint64 header, body;
    const char *endpoint, *token;
    RbError kind;
    const char *code, *text;
  } rows[] = {
    { 0, WORKER, worker->endpoint_id, worker->token, RB_ERROR_INVALID, "plugin_pid_invalid",
      "x-plugin-pid header is required for runtime conversation history" },
    { WORKER, OTHER, "none", NULL, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match history body" },
    { WORKER, WORKER, "none", NULL, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: none" },
    { WORKER, WORKER, away->endpoint_id, NULL, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id" },
    { OTHER, OTHER, away->endpoint_id, NULL, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch",
      "endpoint_owner_token does not own endpoint_id" },
    { OTHER, OTHER, away->endpoint_id, away->token, RB_ERROR_BAD_STATE, "endpoint_not_active", text },
    { WORKER, WORKER, worker->endpoint_id, worker->token, RB_ERROR_INVALID, "bad_request", "'conversation_ref' must be an object" },
  };

  g_test_summary ("Each check has its code and text, in the order of the text, and nobody upstream hears of it.");

  rb_worker_detach (away);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RbHistoryRequest request = { (char *) rows[i].endpoint, rows[i].body, (char *) rows[i].token };
      g_autoptr(GError) error = NULL;

      g_assert_null (read_history (fixture, rows[i].header, &request, &error));
      rb_assert_refused (error, rows[i].kind, rows[i].code, rows[i].text);
    }
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_HISTORY], ==, 0);
}

static void
test_answer (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const struct {
    const char *member, *value;
  } members[] = { { "conversation_ref", "{'kind': <'session_conversation'>, 'id': <'c1'>}" }, { "limit", "7" }, { "before", "b" },
                  { "after", "a" } };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbHistoryRequest request = {
    worker->endpoint_id, WORKER, worker->token, reference (), TRUE, 7, (char *) "b", (char *) "a",
  };
  g_autoptr(GVariant) history = NULL;
  g_autoptr(GVariant) plain = NULL;
  g_autofree char *limit = NULL;
  g_autofree char *nonce = NULL;
  gboolean has_more = FALSE;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What was asked is forwarded, with the nonce, and what was answered is handed back.");

  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_HISTORY,
                               g_variant_new_parsed ("{'items': <@aa{sv} []>, 'has_more': <true>}"));
  history = read_history (fixture, WORKER, &request, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (history, "has_more", "b", &has_more));
  g_assert_true (has_more);
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *value = rb_claimer_argument (fixture, RB_UPSTREAM_HISTORY, members[i].member);

      g_assert_cmpstr (value, ==, members[i].value);
    }
  nonce = rb_claimer_argument (fixture, RB_UPSTREAM_HISTORY, "endpoint_nonce");
  g_assert_cmpuint (strlen (nonce), ==, 36);

  plain = ask (worker, &error);
  limit = rb_claimer_argument (fixture, RB_UPSTREAM_HISTORY, "limit");
  g_assert_cmpstr (limit, ==, "");
}

static void
test_fails (RbCoreFixture *fixture,
            gconstpointer  data)
{
  static const struct {
    RbError kind;
    gint64 status;
    const char *code, *text;
    RbError answer;
    const char *answer_code, *message, *retryable;
  } rows[] = {
    { RB_ERROR_REJECTED, 404, "no_such_conversation", "who?", RB_ERROR_REJECTED, "no_such_conversation", "who?", "false" },
    { RB_ERROR_UNAVAILABLE, 503, NULL, "busy", RB_ERROR_REJECTED, "runtime_conversation_history_failed", "busy", "true" },
    { RB_ERROR_TIMED_OUT, 0, NULL, "late", RB_ERROR_UNAVAILABLE, "runtime_conversation_history_failed",
      "runtime conversation history read failed", "true" },
    { RB_ERROR_NOT_SUPPORTED, 0, NULL, "none", RB_ERROR_NOT_SUPPORTED, "runtime_conversation_history_unsupported",
      "apps/api runtime conversation history route is not available", "true" },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("IMP-18: an answer of the upstream is passed on with its status; whatever else kept us from reading is 503.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_HISTORY,
                                    rb_claimer_failure (rows[i].kind, rows[i].status, rows[i].code, rows[i].text));
      g_assert_null (ask (worker, &error));
      g_assert_cmpstr (rb_error_retryable (error), ==, rows[i].retryable);
      rb_assert_refused (error, rows[i].answer, rows[i].answer_code, rows[i].message);
    }
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/history/checks", "network", test_checks);
  ADD ("/history/answer", "network", test_answer);
  ADD ("/history/fails", "network", test_fails);
  return g_test_run ();
}
