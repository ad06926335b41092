/* test-register.c: registering: checks in their order, what the upstream is asked, what may happen meanwhile
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#include <string.h>

#define PID 100

typedef struct {
  gint64      caller_pid;      /* 0: no header */
  gint64      body_pid;
  const char *session;
  const char *workspace;       /* JSON */
  gboolean    operator_;
} Attempt;

static RbRegisterRequest
make_request (const Attempt *attempt)
{
  RbRegisterRequest request = {
    .agent_id = (char *) "agent",
    .plugin_pid = attempt->body_pid,
    .kind = (char *) "custom",
    .runtime_session_id = (char *) attempt->session,
  };

  if (attempt->workspace != NULL)
    request.workspace = g_bytes_new_static (attempt->workspace, strlen (attempt->workspace));
  return request;
}

static void
start (RbCoreFixture  *fixture,
       const Attempt  *attempt,
       GAsyncResult  **result)
{
  RbCaller caller = { .pid = attempt->caller_pid, .operator_ = attempt->operator_ };
  RbRegisterRequest request = make_request (attempt);

  rb_register_async (fixture->core, &caller, &request, rb_test_store_result, result);
  g_clear_pointer (&request.workspace, g_bytes_unref);
  rb_test_settle ();
}

static char *
finish (RbCoreFixture  *fixture,
        GAsyncResult   *result,
        GError        **error)
{
  g_autoptr(GVariant) naming = NULL;
  g_autofree char *token = NULL;
  char *id = NULL;

  g_assert_nonnull (result);
  if (!rb_register_finish (fixture->core, result, &id, &token, &naming, error))
    return NULL;

  g_assert_true (g_uuid_string_is_valid (token));
  return id;
}

static char *
try_register (RbCoreFixture  *fixture,
              const Attempt  *attempt,
              GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  start (fixture, attempt, &result);
  return finish (fixture, result, error);
}

static void
assert_refused (RbCoreFixture *fixture,
                const Attempt *attempt,
                RbError        code,
                const char    *reason,
                const char    *message)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = try_register (fixture, attempt, &error);

  g_assert_null (id);
  g_assert_error (error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  if (message != NULL)
    g_assert_cmpstr (error->message, ==, message);
}

/* Each is wrong in its own way and in every later one. */
static const struct {
  Attempt     attempt;
  RbError     code;
  const char *reason;
  const char *message;
} refusals[] = {
  { { 999, PID, "__masons_x", "7", FALSE }, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch",
    "x-plugin-pid header does not match plugin_pid of the body" },
  { { 999, 999, "__masons_x", "7", FALSE }, RB_ERROR_INVALID, "ipc_channel_missing",
    "no open IPC channel for plugin_pid=999; open WS /v1/stream with x-plugin-pid header first" },
  { { 0, 999, "__masons_x", "7", FALSE }, RB_ERROR_INVALID, "ipc_channel_missing",
    "no open IPC channel for plugin_pid=999; open WS /v1/stream with x-plugin-pid header first" },
  { { PID, 0, NULL, NULL, FALSE }, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", NULL },
  { { PID, PID, "__masons_x", "7", FALSE }, RB_ERROR_INVALID, "invalid_runtime_session_id", "runtime_session_id is invalid" },
  { { PID, PID, " s1 ", "7", FALSE }, RB_ERROR_UNPROCESSABLE, "invalid_request", "workspace must be a string or object" },
  { { PID, PID, "  ", "{\"root\":\"/r\"}", FALSE }, RB_ERROR_UNPROCESSABLE, "invalid_request",
    "workspace.cwd must be a non-empty string" },
};

/* Source: protocol.md 7.2, steps 1, 4 and 6. */
static void
test_refused (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *long_id = g_strnfill (257, 's');
  Attempt too_long = { PID, PID, long_id, NULL, FALSE };

  g_test_summary ("Channel, session id and workspace are checked in this order; nothing is asked upstream before.");

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_test_message ("row %u", i);
      assert_refused (fixture, &refusals[i].attempt, refusals[i].code, refusals[i].reason, refusals[i].message);
    }
  assert_refused (fixture, &too_long, RB_ERROR_INVALID, "invalid_runtime_session_id", NULL);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_REGISTER_ENDPOINT], ==, 0);
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 0);
}

static void
test_not_ready (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(GAsyncResult) stopped = NULL;
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };

  g_test_summary ("Nothing is registered while the store fails or the broker stops.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  assert_refused (fixture, &attempt, RB_ERROR_UNAVAILABLE, "storage_unavailable", NULL);
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_core_stop_async (fixture->core, "signal:SIGTERM", rb_test_store_result, &stopped);
  rb_test_wait_until (stopped != NULL);
  assert_refused (fixture, &attempt, RB_ERROR_UNAVAILABLE, "broker_shutting_down", NULL);
  rb_core_stop_finish (fixture->core, stopped);
}

/* Source: protocol.md 7.1, 7.2. */
static void
test_registered (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, " s1 ", "\" /home/x/project/ \"", FALSE };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;
  RbEndpoint *endpoint;

  g_test_summary ("Answered, and told as active, when it is durable; bound to its channel, with label, session and identity.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &attempt, &result);
  g_assert_null (result);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"register\""), ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  id = finish (fixture, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"active\",\"reason\":\"register\""), ==, 1);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 1);
  rb_test_assert_logged ("endpoint_registered", "endpoint_id", id, "plugin_pid", "100", "kind", "custom", NULL);

  endpoint = rb_registry_lookup (fixture->core->registry, id);
  g_assert_cmpint (endpoint->state, ==, RB_ENDPOINT_ACTIVE);
  g_assert_true (endpoint->channel == RB_CHANNEL (channel));
  g_assert_cmpstr (endpoint->traits->runtime_session_id, ==, "s1");
  g_assert_cmpstr (endpoint->traits->label, ==, "custom \302\267 project");
  g_assert_cmpint (endpoint->pid_start, ==, PID * 10);
  g_assert_true (g_uuid_string_is_valid (endpoint->nonce));
  g_assert_cmpstr (endpoint->nonce, !=, endpoint->owner_token);
  g_assert_cmpuint (rb_fake_processes_get_n_watched (fixture->processes), ==, 1);
}

/* Source: protocol.md 7.2 step 7, 7.4, 14.4. */
static void
test_upstream_arguments (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, " s1 ", "\"/r\"", FALSE };
  g_autoptr(GError) error = NULL;
  g_autofree char *id = try_register (fixture, &attempt, &error);
  GVariant *arguments = fixture->upstream->arguments[RB_UPSTREAM_REGISTER_ENDPOINT];
  RbEndpoint *endpoint = rb_registry_lookup (fixture->core->registry, id);
  g_autoptr(GVariant) workspace = NULL;
  const char *text = NULL;

  g_test_summary ("The upstream is told what the adapter said, normalised, and never the owner token.");

  g_assert_true (g_variant_lookup (arguments, "runtime_kind", "&s", &text));
  g_assert_cmpstr (text, ==, "custom");
  g_assert_true (g_variant_lookup (arguments, "endpoint_nonce", "&s", &text));
  g_assert_cmpstr (text, ==, endpoint->nonce);
  g_assert_true (g_variant_lookup (arguments, "runtime_session_id", "&s", &text));
  g_assert_cmpstr (text, ==, "s1");
  workspace = g_variant_lookup_value (arguments, "workspace", G_VARIANT_TYPE_VARDICT);
  g_assert_true (g_variant_lookup (workspace, "cwd", "&s", &text));
  g_assert_cmpstr (text, ==, "/r");
  g_assert_false (g_variant_lookup (arguments, "runtime_capabilities", "^a&s", NULL));
  g_assert_false (g_variant_lookup (arguments, "endpoint_owner_token", "&s", NULL));
}

static void
test_upstream_refuses (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };

  g_test_summary ("What the upstream refuses is refused with its words; nothing stays.");

  fixture->upstream->failure = rb_error_new (RB_ERROR_REJECTED, "quota", "too many endpoints");
  assert_refused (fixture, &attempt, RB_ERROR_REJECTED, "quota", "too many endpoints");
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 0);
  g_assert_cmpuint (rb_fake_processes_get_n_watched (fixture->processes), ==, 0);
}

/* Each as the adapter sees it: protocol.md 7.2 step 7, IMP-18. @status: 0 for none. */
static const struct {
  RbError     code;
  const char *reason;
  gint64      status;
  RbError     told;
  const char *told_reason;
  int         retryable;      /* -1: not said */
} failures[] = {
  { RB_ERROR_REJECTED, "quota", 403, RB_ERROR_REJECTED, "quota", FALSE },
  { RB_ERROR_REJECTED, "unknown", 422, RB_ERROR_REJECTED, "unknown", FALSE },
  { RB_ERROR_UNAVAILABLE, "busy", 503, RB_ERROR_REJECTED, "busy", TRUE },
  { RB_ERROR_UNAVAILABLE, NULL, 500, RB_ERROR_REJECTED, "unknown", TRUE },
  { RB_ERROR_UNAVAILABLE, NULL, 0, RB_ERROR_UNAVAILABLE, "upstream_unavailable", TRUE },
  { RB_ERROR_TIMED_OUT, NULL, 0, RB_ERROR_UNAVAILABLE, "upstream_unavailable", TRUE },
  { RB_ERROR_INTERNAL, NULL, 0, RB_ERROR_INTERNAL, NULL, -1 },
};

static void
test_upstream_fails (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };

  g_test_summary ("Whoever answered is quoted, status and code; who did not may be asked again.");

  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autoptr(GError) error = NULL;
      GVariant *details;
      gboolean retryable = FALSE;
      gint64 status = 0;

      fixture->upstream->failure = rb_error_new (failures[i].code, failures[i].reason, "no");
      if (failures[i].status != 0)
        rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (failures[i].status));
      g_assert_null (try_register (fixture, &attempt, &error));
      g_assert_error (error, RB_ERROR, (int) failures[i].told);
      g_assert_cmpstr (rb_error_get_reason (error), ==, failures[i].told_reason);
      g_assert_cmpstr (error->message, ==, "no");
      details = rb_error_get_details (error);
      g_assert_cmpint (details != NULL && g_variant_lookup (details, "retryable", "b", &retryable), ==, failures[i].retryable >= 0);
      g_assert_cmpint (retryable, ==, failures[i].retryable > 0);
      g_assert_cmpint (details != NULL && g_variant_lookup (details, "status", "x", &status) ? status : 0, ==, failures[i].status);
      g_clear_error (&fixture->upstream->failure);
    }
}

/* Source: protocol.md 7.1. */
static void
test_same_id_twice (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GError) error = NULL;
  g_autofree char *id = try_register (fixture, &attempt, &error);

  g_test_summary ("An id that is granted a second time is refused, and the first endpoint stays as it was.");

  fixture->upstream->n_endpoints = 0;
  assert_refused (fixture, &attempt, RB_ERROR_INTERNAL, "internal_error", "endpoint_id already registered: ep_1");
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 0);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->state, ==, RB_ENDPOINT_ACTIVE);
}

/* Source: protocol.md 7.2 step 8, IMP-19. */
static void
test_channel_gone (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) held = channel;
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("The adapter lost its channel meanwhile: registered, and reconnecting at once.");

  fixture->upstream->hold = TRUE;
  start (fixture, &attempt, &result);
  rb_core_fixture_detach (fixture, channel);
  rb_fake_upstream_answer (fixture->upstream);
  fixture->upstream->hold = FALSE;
  rb_test_settle ();
  id = finish (fixture, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->state, ==, RB_ENDPOINT_RECONNECTING);
  rb_fake_clock_advance (fixture->clock, 600000);
  g_assert_null (rb_registry_lookup (fixture->core->registry, id));
}

static void
test_process_gone (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) held = channel;
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("The adapter ended meanwhile: nothing stays, here or upstream.");

  fixture->upstream->hold = TRUE;
  start (fixture, &attempt, &result);
  rb_fake_processes_end (fixture->processes, PID);
  rb_core_fixture_detach (fixture, channel);
  fixture->upstream->hold = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
}

static void
test_channel_replaced (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(RbFakeChannel) second = NULL;
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("The adapter has another channel by now: the endpoint is bound to that one.");

  fixture->upstream->hold = TRUE;
  start (fixture, &attempt, &result);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_fake_upstream_answer (fixture->upstream);
  fixture->upstream->hold = FALSE;
  rb_test_settle ();
  id = finish (fixture, result, &error);
  g_assert_no_error (error);
  g_assert_true (rb_registry_lookup (fixture->core->registry, id)->channel == RB_CHANNEL (second));
}

static void
test_stopping_meanwhile (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The store failed meanwhile: refused, and what the upstream granted is given back.");

  fixture->upstream->hold = TRUE;
  start (fixture, &attempt, &result);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  fixture->upstream->hold = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_null (finish (fixture, result, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "storage_unavailable");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 0);
}

static void
test_commit_failed (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint that will never be durable is refused and gone.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &attempt, &result);
  rb_fake_store_break (fixture->store);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_null (finish (fixture, result, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 0);
  g_assert_cmpuint (rb_fake_processes_get_n_watched (fixture->processes), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"register\""), ==, 0);
}

static void
test_cap (RbCoreFixture *fixture,
          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("No more endpoints than the cap, registrations on their way included; room again when one leaves or fails.");

  fixture->settings.endpoint_cap = 1;
  rb_core_fixture_restart (fixture);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  fixture->upstream->hold = TRUE;
  start (fixture, &attempt, &first);
  start (fixture, &attempt, &second);
  g_assert_null (finish (fixture, second, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_limit_reached");
  g_clear_error (&error);
  rb_fake_upstream_answer (fixture->upstream);
  fixture->upstream->hold = FALSE;
  rb_test_settle ();
  id = finish (fixture, first, &error);
  g_assert_no_error (error);
  assert_refused (fixture, &attempt, RB_ERROR_UNAVAILABLE, "endpoint_limit_reached", NULL);

  g_assert_true (rb_core_fixture_unregister (fixture, PID, id, &error));
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "away");
  assert_refused (fixture, &attempt, RB_ERROR_UNAVAILABLE, "upstream_unavailable", "away");
  g_clear_error (&fixture->upstream->failure);
  g_free (id);
  id = try_register (fixture, &attempt, &error);
  g_assert_no_error (error);
}

static void
test_no_push_before_durable (RbCoreFixture *fixture,
                             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("A message for an endpoint that is not durable yet waits for that.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  start (fixture, &attempt, &result);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", "{\"target_endpoint_id\":\"ep_1\"}");
  rb_test_settle ();
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  id = finish (fixture, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
}

static void
test_legacy (RbCoreFixture *fixture,
             gconstpointer  data)
{
  gboolean off = g_strcmp0 (data, "off") == 0;
  g_autoptr(RbFakeChannel) channel = rb_fake_channel_new (PID, FALSE);
  Attempt attempt = { PID, PID, NULL, NULL, FALSE };
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("An endpoint is an old adapter's when its channel is and the setting allows that there are any.");

  fixture->settings.legacy_adapters = !off;
  rb_core_fixture_restart (fixture);
  channel->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  id = try_register (fixture, &attempt, &error);
  g_assert_no_error (error);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->traits->legacy, ==, !off);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD_WITH(path, data, function) \
  g_test_add ("/register/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
#define ADD(path, function) ADD_WITH (path, NULL, function)
  ADD ("refused", test_refused);
  ADD ("not-ready", test_not_ready);
  ADD ("registered", test_registered);
  ADD ("upstream/arguments", test_upstream_arguments);
  ADD ("upstream/refuses", test_upstream_refuses);
  ADD ("upstream/fails", test_upstream_fails);
  ADD ("upstream/same-id-twice", test_same_id_twice);
  ADD ("meanwhile/channel-gone", test_channel_gone);
  ADD ("meanwhile/process-gone", test_process_gone);
  ADD ("meanwhile/channel-replaced", test_channel_replaced);
  ADD ("meanwhile/store-failing", test_stopping_meanwhile);
  ADD ("commit-failed", test_commit_failed);
  ADD ("cap", test_cap);
  ADD ("no-push-before-durable", test_no_push_before_durable);
  ADD_WITH ("legacy/auto", "auto", test_legacy);
  ADD_WITH ("legacy/off", "off", test_legacy);

  return g_test_run ();
}
