/* test-endpoint-calls.c: who may reattach, beat, hint and unregister; heartbeats on time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#include <math.h>
#include <string.h>

#define PID 100
#define OTHER 200
#define UNATTACHED 300

typedef enum { REATTACH, HEARTBEAT, UNREGISTER, TASK_HINT } Call;

static const char *const call_names[] = { "reattach", "heartbeat", "unregister", "task-hint" };

typedef struct {
  Call        call;
  RbCaller    caller;
  const char *endpoint_id;
  gint64      body_pid;        /* reattach and task-hint */
  const char *task_hint;
} Attempt;

static gboolean
run (RbCoreFixture  *fixture,
     const Attempt  *attempt,
     GError        **error)
{
  RbCore *core = fixture->core;
  g_autoptr(GAsyncResult) result = NULL;
  guint n;

  switch (attempt->call)
    {
    case REATTACH:
      rb_reattach_async (core, &attempt->caller, attempt->endpoint_id, attempt->body_pid, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      return rb_reattach_finish (core, result, &n, error);
    case HEARTBEAT:
      rb_heartbeat_async (core, &attempt->caller, attempt->endpoint_id, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      return rb_heartbeat_finish (core, result, error);
    case UNREGISTER:
      rb_unregister_async (core, &attempt->caller, attempt->endpoint_id, rb_test_store_result, &result);
      rb_test_wait_until (result != NULL);
      return rb_unregister_finish (core, result, error);
    case TASK_HINT:
      rb_task_hint_async (core, &attempt->caller, attempt->endpoint_id, attempt->body_pid, attempt->task_hint, rb_test_store_result,
                          &result);
      rb_test_wait_until (result != NULL);
      return rb_task_hint_finish (core, result, error);
    }
  return FALSE;
}

static void
assert_refused (RbCoreFixture *fixture,
                const Attempt *attempt,
                RbError        code,
                const char    *reason,
                const char    *message)
{
  g_autoptr(GError) error = NULL;

  g_test_message ("%s: %s", call_names[attempt->call], reason);
  g_assert_false (run (fixture, attempt, &error));
  g_assert_error (error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_assert_cmpstr (error->message, ==, message);
}

#define PID_REQUIRED "plugin_pid is required and must be a positive number"
#define HEADER_REQUIRED "x-plugin-pid header is required for endpoint-scoped calls"
#define HEADER_DIFFERS "x-plugin-pid header does not match plugin_pid of the body"
#define NOT_OWNER "plugin_pid does not own endpoint_id"

/* In the order of protocol.md 7.8, 7.11, 7.6 and 7.9 with IMP-13; each is wrong in every later way too, where it can be. ep_1 is PID's
 * and active, ep_2 is OTHER's; UNATTACHED has no channel. */
static const struct {
  Attempt     attempt;
  RbError     code;
  const char *reason;
  const char *message;
} refusals[] = {
  { { REATTACH, { 0, FALSE, FALSE }, "ep_9", 0, NULL }, RB_ERROR_INVALID, "plugin_pid_invalid", PID_REQUIRED },
  { { REATTACH, { 0, FALSE, FALSE }, "ep_9", -4, NULL }, RB_ERROR_INVALID, "plugin_pid_invalid", PID_REQUIRED },
  { { REATTACH, { 0, FALSE, FALSE }, "ep_9", UNATTACHED, NULL }, RB_ERROR_INVALID, "ipc_channel_missing",
    "no open IPC channel for plugin_pid=300; open WS /v1/stream first" },
  { { REATTACH, { 0, FALSE, FALSE }, "ep_9", PID, NULL }, RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: ep_9" },
  { { REATTACH, { 0, FALSE, FALSE }, "ep_2", PID, NULL }, RB_ERROR_FORBIDDEN, "reattach_pid_mismatch",
    "plugin_pid does not match the registered endpoint" },
  { { REATTACH, { 0, FALSE, FALSE }, "ep_1", PID, NULL }, RB_ERROR_INVALID, "plugin_pid_invalid", HEADER_REQUIRED },
  { { REATTACH, { OTHER, FALSE, FALSE }, "ep_1", PID, NULL }, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", HEADER_DIFFERS },
  { { REATTACH, { PID, FALSE, FALSE }, "ep_1", PID, NULL }, RB_ERROR_BAD_STATE, "endpoint_not_reconnecting",
    "endpoint is currently active; reattach is only valid from reconnecting" },

  { { TASK_HINT, { 0, FALSE, FALSE }, "ep_9", 0, NULL }, RB_ERROR_INVALID, "plugin_pid_invalid", PID_REQUIRED },
  { { TASK_HINT, { 0, FALSE, FALSE }, "ep_9", PID, NULL }, RB_ERROR_INVALID, "task_hint_invalid",
    "task_hint is required and must be a string" },
  { { TASK_HINT, { 0, FALSE, FALSE }, "ep_9", PID, "x" }, RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: ep_9" },
  { { TASK_HINT, { 0, FALSE, FALSE }, "ep_2", PID, "x" }, RB_ERROR_FORBIDDEN, "ownership_mismatch",
    "task_hint is Plugin-write-only; plugin_pid does not match" },
  { { TASK_HINT, { 0, FALSE, FALSE }, "ep_1", PID, "x" }, RB_ERROR_INVALID, "plugin_pid_invalid", HEADER_REQUIRED },
  { { TASK_HINT, { OTHER, FALSE, FALSE }, "ep_1", PID, "x" }, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", HEADER_DIFFERS },

  { { HEARTBEAT, { 0, FALSE, FALSE }, "ep_9", 0, NULL }, RB_ERROR_NOT_FOUND, "endpoint_unknown", "unknown endpoint_id: ep_9" },
  { { HEARTBEAT, { 0, FALSE, FALSE }, "ep_1", 0, NULL }, RB_ERROR_INVALID, "plugin_pid_invalid", HEADER_REQUIRED },
  { { HEARTBEAT, { OTHER, FALSE, FALSE }, "ep_1", 0, NULL }, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", NOT_OWNER },

  { { UNREGISTER, { 0, FALSE, FALSE }, "ep_1", 0, NULL }, RB_ERROR_INVALID, "plugin_pid_invalid", HEADER_REQUIRED },
  { { UNREGISTER, { OTHER, TRUE, FALSE }, "ep_1", 0, NULL }, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", NOT_OWNER },
};

typedef struct {
  RbFakeChannel *first;
  RbFakeChannel *second;
} Channels;

static Channels
attach_both (RbCoreFixture *fixture)
{
  Channels channels = { rb_core_fixture_attach (fixture, PID, TRUE), rb_core_fixture_attach (fixture, OTHER, TRUE) };
  g_autofree char *first = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_autofree char *second = rb_core_fixture_register (fixture, OTHER, RB_PLAIN, NULL, NULL);

  g_assert_cmpstr (first, ==, "ep_1");
  g_assert_cmpstr (second, ==, "ep_2");
  return channels;
}

static void
channels_clear (Channels *channels)
{
  g_object_unref (channels->first);
  g_object_unref (channels->second);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Channels, channels_clear)

static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);

  g_test_summary ("Every check of the endpoint-scoped calls, in its order, with its code and text; nothing changes.");

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    assert_refused (fixture, &refusals[i].attempt, refusals[i].code, refusals[i].reason, refusals[i].message);
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 2);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT], ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_DISPLAY_METADATA], ==, 0);
}

static void
test_stranger (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);
  Attempt attempt = { REATTACH, { PID, FALSE, FALSE }, "ep_1", PID, NULL };
  g_autoptr(RbFakeChannel) stranger = NULL;

  g_test_summary ("A process that got the pid of an endpoint's owner cannot take that endpoint.");

  rb_core_fixture_detach (fixture, channels.first);
  rb_fake_processes_recycle (fixture->processes, PID);
  stranger = rb_core_fixture_attach (fixture, PID, TRUE);
  assert_refused (fixture, &attempt, RB_ERROR_FORBIDDEN, "reattach_pid_mismatch", "plugin_pid does not match the registered endpoint");
}

static void
test_operator (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);
  Attempt attempt = { UNREGISTER, { OTHER, TRUE, TRUE }, "ep_1", 0, NULL };
  g_autoptr(GError) error = NULL;

  g_test_summary ("The operator may do what the owner may.");

  g_assert_true (run (fixture, &attempt, &error));
  g_assert_no_error (error);
  g_assert_null (rb_registry_lookup (fixture->core->registry, "ep_1"));
}

/* Source: protocol.md 4.6, IMP-13: legacy endpoints keep the baseline. */
static void
test_legacy (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_fake_channel_new (PID, FALSE);
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;
  Attempt beat = { HEARTBEAT, { 0, FALSE, FALSE }, "ep_1", 0, NULL };
  Attempt hint = { TASK_HINT, { 0, FALSE, FALSE }, "ep_1", PID, "x" };
  Attempt foreign = { HEARTBEAT, { OTHER, FALSE, FALSE }, "ep_1", 0, NULL };
  Attempt leave = { UNREGISTER, { 0, FALSE, FALSE }, "ep_1", 0, NULL };

  g_test_summary ("An old adapter need not say who calls; but who says so must be the owner.");

  channel->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_true (run (fixture, &beat, &error));
  g_assert_true (run (fixture, &hint, &error));
  assert_refused (fixture, &foreign, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", NOT_OWNER);
  g_assert_true (run (fixture, &leave, &error));
  g_assert_no_error (error);
}

static void
test_unregister_unknown (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  Attempt attempt = { UNREGISTER, { 0, FALSE, FALSE }, "ep_9", 0, NULL };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Giving up what is not there succeeds, whoever asks.");

  g_assert_true (run (fixture, &attempt, &error));
  g_assert_no_error (error);
}

/* Source: protocol.md 7.9. */
static void
test_unregister_durable (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);
  RbCaller caller = { .pid = PID };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Giving up is answered when it is durable, and does not wait for the upstream.");

  fixture->upstream->hold = TRUE;
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_unregister_async (fixture->core, &caller, "ep_1", rb_test_store_result, &result);
  rb_test_settle ();
  g_assert_null (result);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_nonnull (result);
  g_assert_true (rb_unregister_finish (fixture->core, result, &error));
  rb_fake_upstream_answer (fixture->upstream);
}

static void
test_not_ready (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);
  static const Attempt attempts[] = {
    { REATTACH, { PID, FALSE, FALSE }, "ep_1", PID, NULL },
    { TASK_HINT, { PID, FALSE, FALSE }, "ep_1", PID, "x" },
    { UNREGISTER, { PID, FALSE, FALSE }, "ep_1", 0, NULL },
  };

  g_test_summary ("What must be stored is refused while the store fails; what need not is not.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  for (guint i = 0; i < G_N_ELEMENTS (attempts); i++)
    assert_refused (fixture, &attempts[i], RB_ERROR_UNAVAILABLE, "storage_unavailable", "nothing can be stored now: the disk is full");
  {
    Attempt beat = { HEARTBEAT, { PID, FALSE, FALSE }, "ep_1", 0, NULL };
    g_autoptr(GError) error = NULL;

    g_assert_true (run (fixture, &beat, &error));
    g_assert_no_error (error);
  }
}

static gboolean
is_retryable (const GError *error)
{
  gboolean retryable = FALSE;

  g_assert_nonnull (rb_error_get_details (error));
  g_variant_lookup (rb_error_get_details (error), "retryable", "b", &retryable);
  return retryable;
}

static void
test_heartbeat (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);
  Attempt attempt = { HEARTBEAT, { PID, FALSE, FALSE }, "ep_1", 0, NULL };
  g_autoptr(GError) error = NULL;
  const char *id = NULL;

  g_test_summary ("A heartbeat goes upstream now, and its failure is the answer.");

  g_assert_true (run (fixture, &attempt, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT], ==, 1);
  g_assert_true (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_HEARTBEAT], "endpoint_id", "&s", &id));
  g_assert_cmpstr (id, ==, "ep_1");
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  g_assert_false (run (fixture, &attempt, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "upstream_unavailable");
  g_assert_true (is_retryable (error));

  g_clear_error (&error);
  g_clear_error (&fixture->upstream->failure);
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "too_many", "slow down");
  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (429));
  g_assert_false (run (fixture, &attempt, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "too_many");
  g_assert_false (is_retryable (error));
}

static void
test_unanswered (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;
  guint *n = &fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT];

  g_test_summary ("The next heartbeat is due a period after the last was answered: they do not pile up.");

  fixture->upstream->heartbeat_after_seconds = 0.001;
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  fixture->upstream->hold = TRUE;
  rb_fake_clock_advance (fixture->clock, 5000);
  g_assert_cmpuint (*n, ==, 1);
  fixture->upstream->hold = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (*n, ==, 2);
}

static void
test_not_scheduled (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;

  g_test_summary ("An upstream that asks for no heartbeats gets none, and the log says so.");

  rb_test_count_log ("endpoint_heartbeat_not_scheduled");
  fixture->upstream->heartbeat_after_seconds = -1;
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_cmpuint (rb_test_count_log ("endpoint_heartbeat_not_scheduled"), ==, 1);
  rb_test_assert_logged ("endpoint_heartbeat_not_scheduled", "endpoint_id", id, NULL);
}

/* Source: protocol.md 7.6. */
static void
test_scheduled (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;
  guint *n = &fixture->upstream->n_calls[RB_UPSTREAM_HEARTBEAT];
  g_autoptr(GError) error = NULL;

  g_test_summary ("Heartbeats are sent as often as the upstream asked, also after a failure, while reconnecting and after a restart.");

  fixture->upstream->heartbeat_after_seconds = 1.5;
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_fake_clock_advance (fixture->clock, 1499);
  g_assert_cmpuint (*n, ==, 0);
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (*n, ==, 1);
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  rb_fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpuint (*n, ==, 3);
  g_clear_error (&fixture->upstream->failure);
  rb_core_fixture_detach (fixture, channel);
  rb_fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpuint (*n, ==, 5);
  g_clear_object (&channel);
  rb_core_fixture_crash (fixture);
  rb_fake_clock_advance (fixture->clock, 3000);
  g_assert_cmpuint (*n, ==, 7);
  g_assert_true (rb_core_fixture_unregister (fixture, PID, id, &error));
  rb_fake_clock_advance (fixture->clock, 10000);
  g_assert_cmpuint (*n, ==, 7);
}

static void
test_odd_periods (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  static const struct {
    double seconds;
    gint64 ms;
  } periods[] = { { 0, 0 }, { -1, 0 }, { 0.0001, 1 }, { 0.0019, 1 }, { 2.9999, 2999 }, { 60, 60000 } };
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);

  g_test_summary ("A period is rounded down to a millisecond, at least one; none, negative or not a number is none.");

  for (guint i = 0; i < G_N_ELEMENTS (periods); i++)
    {
      g_autofree char *id = NULL;

      fixture->upstream->heartbeat_after_seconds = periods[i].seconds;
      id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
      g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->traits->heartbeat_ms, ==, periods[i].ms);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *id = NULL;

      fixture->upstream->heartbeat_after_seconds = i == 0 ? NAN : INFINITY;
      id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
      g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->traits->heartbeat_ms, ==, 0);
    }
}

/* Source: protocol.md 7.11. */
static void
test_task_hint (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_auto(Channels) channels = attach_both (fixture);
  g_autofree char *many = g_strnfill (250, 'x');
  Attempt attempt = { TASK_HINT, { PID, FALSE, FALSE }, "ep_1", PID, many };
  const RbTraits *traits = rb_registry_lookup (fixture->core->registry, "ep_1")->traits;
  g_autoptr(GError) error = NULL;
  const char *told = NULL;

  g_test_summary ("A hint keeps its first 200 characters, is told upstream and survives; empty clears it; a failure there is only logged.");

  g_assert_true (run (fixture, &attempt, &error));
  g_assert_cmpuint (strlen (traits->task_hint), ==, 200);
  g_assert_true (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_DISPLAY_METADATA], "task_hint", "&s", &told));
  g_assert_cmpstr (told, ==, traits->task_hint);
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  attempt.task_hint = "  spaces stay  ";
  g_assert_true (run (fixture, &attempt, &error));
  g_assert_cmpstr (traits->task_hint, ==, "  spaces stay  ");
  attempt.task_hint = "";
  g_assert_true (run (fixture, &attempt, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (traits->task_hint, ==, "");
  attempt.task_hint = "kept";
  g_assert_true (run (fixture, &attempt, &error));
  g_clear_error (&fixture->upstream->failure);
  rb_core_fixture_crash (fixture);
  g_assert_cmpstr (rb_registry_lookup (fixture->core->registry, "ep_1")->traits->task_hint, ==, "kept");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/endpoint-calls/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("stranger", test_stranger);
  ADD ("operator", test_operator);
  ADD ("legacy", test_legacy);
  ADD ("not-ready", test_not_ready);
  ADD ("unregister/unknown", test_unregister_unknown);
  ADD ("unregister/durable", test_unregister_durable);
  ADD ("heartbeat/now", test_heartbeat);
  ADD ("heartbeat/scheduled", test_scheduled);
  ADD ("heartbeat/odd-periods", test_odd_periods);
  ADD ("heartbeat/unanswered", test_unanswered);
  ADD ("heartbeat/not-scheduled", test_not_scheduled);
  ADD ("task-hint", test_task_hint);

  return g_test_run ();
}
