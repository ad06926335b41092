/* test-processing.c: an adapter reports how far it is (protocol.md 11.7, 16.5)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"

#define WORKER 100
#define OTHER 200

/* A report as the wire would ask for it; fields are changed before it is sent. */
static RbProcessingRequest
make_request (RbWorker *worker)
{
  return (RbProcessingRequest) {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .endpoint_owner_token = worker->token,
    .source_message_id = (char *) "m1",
    .assignment_id = worker->assignment_id,
    .state_event_id = (char *) "e1",
    .state_sequence = 2,
    .state = (char *) "processing_started",
    .occurred_at = RB_NO_TIME,
  };
}

static gboolean
ask (RbCoreFixture             *fixture,
     gint64                     header_pid,
     const RbProcessingRequest *request,
     GError                   **error)
{
  RbCaller caller = { .pid = header_pid };
  g_autoptr(GAsyncResult) result = NULL;

  rb_processing_async (fixture->core, &caller, request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_processing_finish (fixture->core, result, error);
}

static void
start (RbCoreFixture             *fixture,
       const RbProcessingRequest *request,
       GAsyncResult             **result)
{
  RbCaller caller = { .pid = request->plugin_pid };

  rb_processing_async (fixture->core, &caller, request, rb_test_store_result, result);
  rb_test_settle ();
}

/* protocol.md 20.3 item 16. */
static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const char *const owned[] = { "assigned_to_runtime_target", "reply_requested", "reply_emitted" };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(RbWorker) other = rb_worker_new (fixture, OTHER);
  RbProcessingRequest request;
  g_autoptr(GError) error = NULL;
  guint n_told;

  g_test_summary ("Each check has its code and text and comes before the next; a refusal reports nothing and changes nothing.");

  rb_worker_take (worker, 1, "m1", NULL);
  n_told = rb_fake_emitter_count (fixture->authority, "runtime_processing_state");
  request = make_request (worker);

  /* everything is wrong at first, and is put right one by one */
  request.endpoint_id = (char *) "ep_none";
  request.plugin_pid = OTHER;
  request.endpoint_owner_token = (char *) "wrong";
  request.assignment_id = (char *) "none";
  request.state = (char *) "reply_emitted";
  g_assert_false (ask (fixture, OTHER, &request, &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: ep_none");

  request.endpoint_id = worker->endpoint_id;
  g_assert_false (ask (fixture, 0, &request, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for endpoint-scoped calls");
  g_assert_false (ask (fixture, WORKER, &request, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match plugin_pid of the body");
  g_assert_false (ask (fixture, OTHER, &request, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");

  request.plugin_pid = WORKER;
  g_assert_false (ask (fixture, WORKER, &request, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");
  request.endpoint_owner_token = NULL;
  g_assert_false (ask (fixture, WORKER, &request, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");

  request.endpoint_owner_token = worker->token;
  g_assert_false (ask (fixture, WORKER, &request, &error));
  g_assert_null (rb_error_get_details (error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");

  request = make_request (other);
  request.assignment_id = worker->assignment_id;
  request.state = (char *) "reply_emitted";
  g_assert_false (ask (fixture, OTHER, &request, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "runtime_assignment_target_mismatch", "endpoint_id does not match the assigned target");

  request = make_request (worker);
  for (size_t i = 0; i < G_N_ELEMENTS (owned); i++)
    {
      g_autofree char *code = g_strconcat (owned[i], "_broker_owned", NULL);
      g_autofree char *text = g_strconcat (owned[i], " is emitted by the broker assignment lifecycle path", NULL);

      request.state = (char *) owned[i];
      g_assert_false (ask (fixture, WORKER, &request, &error));
      rb_assert_refused (error, RB_ERROR_FORBIDDEN, code, text);
    }
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "runtime_processing_state"), ==, n_told);
  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 1);
}

static void
test_while_reconnecting (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("The endpoint need not be active.");

  rb_worker_take (worker, 1, "m1", NULL);
  rb_worker_detach (worker);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
}

static void
test_payload (RbCoreFixture *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *member, *value;
  } members[] = {
    { "source_message_id", "\"m1\"" }, { "state_event_id", "\"e1\"" }, { "state_sequence", "7" }, { "occurred_at", "1234" },
    { "undispatched_id", "\"other\"" }, { "retryable", "false" }, { "reason_code", "\"rc\"" }, { "detail", "\"dt\"" },
    { "reply_request_id", "\"rr\"" }, { "outbound_message_id", "\"om\"" }, { "broker_projection_token", NULL },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *undispatched_id = NULL;
  g_autofree char *occurred_at = NULL;
  g_autofree char *now = NULL;
  RbProcessingRequest request;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is reported goes upstream as given; what is left out gets its default, and the token stays here.");

  rb_worker_take (worker, 1, "m1", NULL);
  request = make_request (worker);
  g_assert_true (ask (fixture, WORKER, &request, &error));
  undispatched_id = rb_fake_emitter_member (fixture->authority, "processing_started", "undispatched_id");
  occurred_at = rb_fake_emitter_member (fixture->authority, "processing_started", "occurred_at");
  now = g_strdup_printf ("%" G_GINT64_FORMAT, rb_clock_get_wall_ms (fixture->clock));
  g_assert_cmpstr (undispatched_id, ==, "\"m1\"");
  g_assert_cmpstr (occurred_at, ==, now);
  g_assert_null (rb_fake_emitter_member (fixture->authority, "processing_started", "retryable"));

  request.state_sequence = 7;
  request.occurred_at = 1234;
  request.undispatched_id = (char *) "other";
  request.has_retryable = TRUE;
  request.reason_code = (char *) "rc";
  request.detail = (char *) "dt";
  request.reply_request_id = (char *) "rr";
  request.outbound_message_id = (char *) "om";
  g_assert_true (ask (fixture, WORKER, &request, &error));
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *value = rb_fake_emitter_member (fixture->authority, "\"state_sequence\":7", members[i].member);

      g_assert_cmpstr (value, ==, members[i].value);
    }
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 7);

  /* a word that we do not know is passed on */
  request.state_sequence = 8;
  request.state = (char *) "thinking_hard";
  g_assert_true (ask (fixture, WORKER, &request, &error));
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 8);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "thinking_hard"), ==, 1);
}

static void
test_effects_before (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  static const struct {
    const char *state;
    int         retryable;   /* -1: nothing is said */
    const char *place, *reason;
  } cases[] = {
    { "processing_started", -1, "assignment", NULL },
    { "processing_interrupted", -1, "assignment", NULL },
    { "delivery_attempted", -1, "assignment", NULL },
    { "processing_failed", -1, "ended", "processing_failed" },
    { "processing_failed", 0, "ended", "processing_failed" },
    { "processing_failed", 1, "inbox", "unaddressed" },
    { "waiting_for_runtime_capability", -1, "inbox", "unaddressed" },
    { "target_lost_before_acceptance", -1, "inbox", "unaddressed" },
    { "expired", -1, "ended", "expired" },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("Before acceptance: what failed for good ends, what may work elsewhere returns to the inbox and nothing further is told.");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%zu", i);
      RbProcessingRequest request;
      g_autoptr(GError) error = NULL;
      guint n_told;

      g_test_message ("%s", cases[i].state);
      rb_worker_take (worker, i, id, NULL);
      n_told = rb_fake_emitter_count (fixture->journal, "runtime_processing_state");
      request = make_request (worker);
      request.source_message_id = id;
      request.state = (char *) cases[i].state;
      request.has_retryable = cases[i].retryable >= 0;
      request.retryable = cases[i].retryable == 1;
      g_assert_true (ask (fixture, WORKER, &request, &error));
      g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, cases[i].place);
      if (cases[i].reason != NULL)
        g_assert_cmpstr (rb_core_fixture_reason (fixture, id), ==, cases[i].reason);
      g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "runtime_processing_state"), ==, n_told + 1);
    }
  /* three are in progress and three are back */
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 3);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 3);
}

static void
test_effects_after (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  static const struct {
    const char *state;
    gboolean    retryable;
    const char *place;
  } cases[] = {
    { "adapter_accepted", FALSE, "assignment" },
    { "processing_started", FALSE, "assignment" },
    { "waiting_for_runtime_capability", FALSE, "assignment" },
    { "target_lost_before_acceptance", FALSE, "assignment" },
    { "processing_failed", FALSE, "ended" },
    { "processing_failed", TRUE, "ended" },
    { "expired", FALSE, "ended" },
  };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);

  g_test_summary ("After acceptance nothing returns to the inbox: it goes on, or ends.");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%zu", i);
      RbProcessingRequest request;
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", cases[i].state);
      rb_worker_accept (worker, i, id, NULL);
      request = make_request (worker);
      request.source_message_id = id;
      request.state_sequence = 3;
      request.state = (char *) cases[i].state;
      request.has_retryable = cases[i].retryable;
      request.retryable = cases[i].retryable;
      g_assert_true (ask (fixture, WORKER, &request, &error));
      g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, cases[i].place);
    }
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
}

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the upstream refuses changes nothing: 409 with its category, or 503; without a text the documented one.");

  rb_worker_take (worker, 1, "m1", NULL);
  fixture->authority->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "too late");
  rb_error_add_detail (fixture->authority->failure, "assignment_failure_category", g_variant_new_string ("acceptance_rejected"));
  g_assert_false (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "acceptance_rejected");
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_processing_state_rejected", "too late");

  g_clear_error (&fixture->authority->failure);
  fixture->authority->failure = rb_error_new (RB_ERROR_TIMED_OUT, NULL, "%s", "");
  g_assert_false (rb_worker_report (worker, "m1", 2, "expired", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_processing_state_rejected", "runtime processing state was not accepted");

  g_assert_cmpstr (rb_worker_state (worker, "m1"), ==, "pending");
  g_assert_cmpint (rb_worker_sequence (worker, "m1"), ==, 1);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "adapter_accepted"), ==, 0);
  g_clear_error (&fixture->authority->failure);
}

static void
test_gone_while_asking (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  RbProcessingRequest request;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Restored while the upstream was asked about the acceptance: the adapter may not believe that it has the message.");

  rb_worker_take (worker, 1, "m1", NULL);
  fixture->authority->hold = TRUE;
  request = make_request (worker);
  request.state = (char *) "adapter_accepted";
  start (fixture, &request, &result);
  rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_processing_finish (fixture->core, result, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "adapter_accepted"), ==, 0);
}

static void
test_one_at_a_time (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) third = NULL;
  RbProcessingRequest request;
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("Reports of one assignment go up one after the other; when it ends, those that wait are refused.");

  rb_worker_take (worker, 1, "m1", NULL);
  fixture->authority->hold = TRUE;
  n = rb_fake_emitter_count (fixture->authority, "runtime_processing_state");
  request = make_request (worker);
  request.state = (char *) "adapter_accepted";
  start (fixture, &request, &first);
  request.state_sequence = 3;
  request.state = (char *) "expired";
  start (fixture, &request, &second);
  request.state_sequence = 4;
  start (fixture, &request, &third);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "runtime_processing_state"), ==, n + 1);

  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (first != NULL);
  g_assert_true (rb_processing_finish (fixture->core, first, &error));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "runtime_processing_state"), ==, n + 2);
  g_assert_null (second);

  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_wait_until (second != NULL && third != NULL);
  g_assert_true (rb_processing_finish (fixture->core, second, &error));
  g_assert_false (rb_processing_finish (fixture->core, third, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "runtime_processing_state"), ==, n + 2);
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "expired");
  fixture->authority->hold = FALSE;
}

static void
test_answer_after_commit (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) result = NULL;
  RbProcessingRequest request;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The adapter is answered, and others are told, when it is durable.");

  rb_worker_take (worker, 1, "m1", NULL);
  request = make_request (worker);
  request.state = (char *) "adapter_accepted";
  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &request, &result);
  g_assert_null (result);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "adapter_accepted"), ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_processing_finish (fixture->core, result, &error));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "adapter_accepted"), ==, 1);
}

static void
test_legacy (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbWorker) worker = g_new0 (RbWorker, 1);
  RbProcessingRequest request;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A legacy endpoint may leave token and header out; what it does send must be right.");

  worker->fixture = fixture;
  worker->pid = WORKER;
  worker->channel = rb_fake_channel_new (WORKER, TRUE);
  worker->channel->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (worker->channel));
  worker->endpoint_id = rb_core_fixture_register (fixture, WORKER, RB_BACKGROUND, "s1", &worker->token);
  rb_worker_take (worker, 1, "m1", NULL);

  request = make_request (worker);
  request.endpoint_owner_token = (char *) "wrong";
  g_assert_false (ask (fixture, WORKER, &request, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_owner_token_mismatch");
  g_clear_error (&error);
  request.endpoint_owner_token = NULL;
  g_assert_false (ask (fixture, OTHER, &request, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "plugin_pid_mismatch");
  g_clear_error (&error);
  g_assert_true (ask (fixture, WORKER, &request, &error));
  g_assert_true (ask (fixture, 0, &request, &error));
  request.plugin_pid = OTHER;
  g_assert_false (ask (fixture, 0, &request, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_pid_mismatch");
}

static void
test_many_reports (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("However often an adapter reports, the ladder stays readable, and shows how it ended.");

  rb_worker_accept (worker, 1, "m1", NULL);
  for (guint i = 0; i < 1000; i++)
    g_assert_true (rb_worker_report (worker, "m1", 3 + i, "processing_started", &error));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CHECKPOINTS), <=, 256);
  g_assert_true (rb_worker_report (worker, "m1", 2000, "processing_failed", &error));
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "processing_failed");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, data, function) \
  g_test_add ("/processing/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("checks", "authority", test_checks);
  ADD ("while-reconnecting", NULL, test_while_reconnecting);
  ADD ("payload", "authority", test_payload);
  ADD ("effects/before-acceptance", NULL, test_effects_before);
  ADD ("effects/after-acceptance", NULL, test_effects_after);
  ADD ("refused", "authority", test_refused);
  ADD ("gone-while-asking", "authority", test_gone_while_asking);
  ADD ("one-at-a-time", "authority", test_one_at_a_time);
  ADD ("answer-after-commit", NULL, test_answer_after_commit);
  ADD ("legacy", NULL, test_legacy);
  ADD ("many-reports", NULL, test_many_reports);

  return g_test_run ();
}
