/* test-masons-calls.c: upstream routes that somebody waits for, and everything that may happen instead of an answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fault-cases.h"

#include <string.h>

typedef struct {
  RbMasons   *masons;
  RbAdapter  *worker;
  guint       number;           /* of the case: ids are made of it */
  char       *row;              /* undispatched id of this case */
  RbAdapter  *newcomer;         /* (nullable) */
} World;

typedef struct {
  guint       status;
  const char *code;             /* (nullable) part of the answer */
} Answer;

typedef struct {
  const char *name;             /* of the test */
  const char *request;
  const char *text;             /* (nullable) only for bodies with it */
  void      (*prepare) (World *world);
  guint     (*act)     (World *world, char **answer);
  /* After the fault: what is to work now, and what is owed. */
  void      (*settle)  (World *world);
  Answer      answers[N_FAULTS];
} Call;

/* Steps */

static void
make_row (World *world)
{
  g_free (world->row);
  world->row = g_strdup_printf ("row-%u", world->number);
  rb_sim_gateway_deliver (world->masons->gateway, world->row, "bob@sim", "hi", NULL);
  rb_test_wait_until (rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), world->row) != NULL);
}

static const RbPush *
last_push (World *world)
{
  GPtrArray *pushes = rb_adapter_get_pushes (world->worker);

  return g_ptr_array_index (pushes, pushes->len - 1);
}

static void
make_assignment (World *world)
{
  guint n = rb_adapter_get_pushes (world->worker)->len;
  g_autofree char *key = NULL;
  g_autofree char *ack = NULL;

  make_row (world);
  key = rb_sim_dispatch (world->masons->sim, world->row, rb_adapter_get_endpoint (world->worker));
  rb_test_wait_until (rb_adapter_get_pushes (world->worker)->len == n + 1);
  rb_test_wait_until ((ack = rb_sim_dup_ack (world->masons->sim, key)) != NULL);
  g_assert_cmpstr (ack, ==, "applied");
}

static guint
finish (RbAsk  *ask,
        char  **answer)
{
  g_autoptr(RbAsk) owned = ask;

  rb_test_wait_until (ask->is_done);
  if (answer != NULL)
    *answer = g_strdup (ask->body);
  return ask->status;
}

static guint
accept_last (World  *world,
             char  **answer)
{
  return finish (rb_adapter_begin_accept (world->worker, last_push (world)), answer);
}

static guint
reply_last (World  *world,
            char  **answer)
{
  g_autofree char *content = g_strdup_printf ("answer to %s.", world->row);

  return finish (rb_adapter_begin_reply (world->worker, last_push (world), content), answer);
}

static void
make_accepted (World *world)
{
  make_assignment (world);
  g_assert_cmpuint (accept_last (world, NULL), ==, 200);
}

/* The upstream knows that it ended, one reply left, and nothing of it remains here. */
static void
assert_answered (World *world)
{
  g_autofree char *content = g_strdup_printf ("\"answer to %s.\"", world->row);

  rb_test_wait_until (rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), world->row)->is_done);
  rb_test_wait_until (rb_masons_number (world->masons, "assignments") == 0);
  g_assert_cmpuint (rb_sim_count_frames (world->masons->sim, "SEND_MESSAGE", content), ==, 1);
  g_assert_cmpuint (rb_masons_count_inbox (world->masons, "row-"), ==, 0);
}

/* Calls */

static void
prepare_nothing (World *world)
{
}

static guint
act_register (World  *world,
              char  **answer)
{
  g_autofree char *body = NULL;

  world->newcomer = rb_adapter_new (world->masons->daemon);
  g_assert_true (rb_adapter_connect (world->newcomer));
  body = g_strdup_printf ("{\"agent_id\":\"a\",\"plugin_pid\":%d,\"kind\":\"custom\"}", rb_adapter_get_pid (world->newcomer));
  return rb_adapter_call (world->newcomer, "POST", "/v1/endpoint/register", body, answer);
}

static void
settle_register (World *world)
{
  g_autofree char *id = g_strdup_printf ("m-%u", world->number);

  rb_adapter_register (world->newcomer, FALSE);
  rb_masons_deliver_to (world->masons, world->newcomer, id, "hi");
  rb_test_wait_until (rb_adapter_count (world->newcomer) == 1);
  g_clear_pointer (&world->newcomer, rb_adapter_free);
}

static guint
act_heartbeat (World  *world,
               char  **answer)
{
  g_autofree char *path = g_strdup_printf ("/v1/endpoint/%s/heartbeat", rb_adapter_get_endpoint (world->worker));

  return rb_adapter_call (world->worker, "POST", path, NULL, answer);
}

static void
settle_heartbeat (World *world)
{
  g_assert_cmpuint (act_heartbeat (world, NULL), ==, 200);
}

static guint
act_hint (World  *world,
          char  **answer)
{
  g_autofree char *path = g_strdup_printf ("/v1/endpoint/%s/task-hint", rb_adapter_get_endpoint (world->worker));
  g_autofree char *body = g_strdup_printf ("{\"plugin_pid\":%d,\"task_hint\":\"hint %u\"}", rb_adapter_get_pid (world->worker), world->number);

  return rb_adapter_call (world->worker, "POST", path, body, answer);
}

static void
settle_hint (World *world)
{
  g_autofree char *hint = g_strdup_printf ("hint %u", world->number);
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (rb_sim_get_endpoints (world->masons->sim), rb_adapter_get_endpoint (world->worker));

  g_assert_cmpuint (act_hint (world, NULL), ==, 200);
  g_assert_cmpstr (endpoint->task_hint, ==, hint);
}

static guint
act_unregister (World  *world,
                char  **answer)
{
  g_autofree char *path = NULL;
  guint status;

  world->newcomer = rb_masons_attach (world->masons, FALSE);
  path = g_strdup_printf ("/v1/endpoint/%s", rb_adapter_get_endpoint (world->newcomer));
  status = rb_adapter_call (world->newcomer, "DELETE", path, NULL, answer);
  rb_test_wait_until (rb_sim_count (world->masons->sim, "DELETE /v1/runtime-endpoints/*", NULL) >= world->number);
  return status;
}

static void
settle_unregister (World *world)
{
  g_autofree char *id = g_strdup_printf ("\"endpoint_id\":\"%s\"", rb_adapter_get_endpoint (world->newcomer));

  g_assert_false (rb_masons_says (world->masons, "endpoints", id));
  g_clear_pointer (&world->newcomer, rb_adapter_free);
}

static guint
act_accept (World  *world,
            char  **answer)
{
  return accept_last (world, answer);
}

static void
settle_accept (World *world)
{
  g_assert_cmpuint (accept_last (world, NULL), ==, 200);
  g_assert_cmpuint (reply_last (world, NULL), ==, 200);
  assert_answered (world);
}

static guint
act_reply (World  *world,
           char  **answer)
{
  return reply_last (world, answer);
}

static void
settle_reply (World *world)
{
  g_assert_cmpuint (reply_last (world, NULL), ==, 200);
  assert_answered (world);
}

static guint
claim (World  *world,
       char  **answer)
{
  g_autofree char *identity = rb_adapter_dup_identity (world->worker);
  g_autofree char *body = g_strdup_printf ("{%s,\"undispatched_id\":\"%s\"}", identity, world->row);

  return rb_adapter_call (world->worker, "POST", "/v1/runtime/assignment-claim", body, answer);
}

/* However it came to it: the adapter has the assignment, and takes it to its end. */
static void
settle_claim (World *world)
{
  RbPush push = { .source_id = world->row };
  g_autofree char *content = g_strdup_printf ("answer to %s.", world->row);
  g_autofree char *answer = NULL;

  rb_test_wait_until (claim (world, NULL) == 200);
  push.assignment_id = rb_sim_work_lookup (rb_sim_get_work (world->masons->sim), world->row)->id;
  g_assert_cmpuint (finish (rb_adapter_begin_accept (world->worker, &push), NULL), ==, 200);
  g_assert_cmpuint (finish (rb_adapter_begin_reply (world->worker, &push, content), NULL), ==, 200);
  assert_answered (world);
}

/* The claim is granted, its report refused for good: it must be released. */
static void
prepare_release (World *world)
{
  const RbSimFault refusal = { .request = "POST /v1/runtime/processing-state", .text = "assigned_to_runtime_target",
                               .kind = RB_SIM_FAULT_STATUS, .status = 422, .times = 1 };

  make_row (world);
  rb_sim_add_fault (world->masons->sim, &refusal);
}

static guint
act_list (World  *world,
          char  **answer)
{
  g_autofree char *path = g_strdup_printf ("/v1/undispatched?endpoint_id=%s", rb_adapter_get_endpoint (world->worker));

  return rb_adapter_call (world->worker, "GET", path, NULL, answer);
}

static void
settle_list (World *world)
{
  g_autofree char *id = g_strdup_printf ("\"id\":\"%s\"", world->row);
  g_autofree char *answer = NULL;

  g_assert_cmpuint (act_list (world, &answer), ==, 200);
  g_assert_nonnull (strstr (answer, id));
}

static void
prepare_history (World *world)
{
  rb_sim_add_history (world->masons->sim, "c", "{\"message_id\":\"m\",\"source_node_id\":\"a\",\"target_node_id\":\"b\",\"timestamp\":\"t\"}");
}

static guint
act_history (World  *world,
             char  **answer)
{
  g_autofree char *identity = rb_adapter_dup_identity (world->worker);
  g_autofree char *body = g_strdup_printf ("{%s,\"conversation_ref\":{\"kind\":\"session_conversation\",\"id\":\"c\"}}", identity);

  return rb_adapter_call (world->worker, "POST", "/v1/runtime/session-conversation-history", body, answer);
}

static void
settle_history (World *world)
{
  g_assert_cmpuint (act_history (world, NULL), ==, 200);
}

static guint
act_settle (World  *world,
            char  **answer)
{
  g_autofree char *identity = rb_adapter_dup_identity (world->worker);
  g_autofree char *body = g_strdup_printf ("{%s,\"undispatched_id\":\"%s\"}", identity, world->row);

  return rb_adapter_call (world->worker, "POST", "/v1/runtime/self-settle", body, answer);
}

/* Where the work was done the upstream says that there is nothing left to settle: where its first answer was lost that is how we learn that
 * it was, otherwise it is what the adapter is told. */
static void
settle_settle (World *world)
{
  gboolean was_done = rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), world->row)->is_done;
  guint status = act_settle (world, NULL);

  if (!was_done || status != 404)
    g_assert_cmpuint (status, ==, 200);
  g_assert_true (rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), world->row)->is_done);
}

/* What the caller is told, in the order of FaultCase. */
#define AWAY { 503, "\"error\":\"upstream_unavailable\"" }
#define OK { 200, NULL }
#define BROKEN { 500, "\"error\":\"broken\",\"message\":\"out of order\",\"retryable\":true" }
#define TOO_MANY { 429, "\"error\":\"too_many\",\"message\":\"slow down\",\"retryable\":false" }
#define ALL_OK { OK, OK, OK, OK, OK, OK, OK, OK }
#define ALL(text) \
  { { 503, text }, OK, { 503, text }, { 503, text }, { 503, text }, { 503, text }, { 503, text }, { 503, text } }

#define NO_ID { 502, "register response missing endpoint_id" }
#define CLAIM(status) { status, "\"runtime_self_claim_rejected\"" }
#define UNRELEASED { 503, "\"runtime_self_claim_outcome_unknown\"" }
#define RELEASED { 409, "\"runtime_self_claim_assignment_projection_failed\"" }
#define NO_LIST { 503, "\"runtime_claim_candidates_unavailable\"" }
#define BAD_LIST { 502, "\"invalid_claim_candidates_response\"" }
#define NO_HISTORY { 503, "\"runtime_conversation_history_failed\"" }
#define BAD_HISTORY { 502, "\"invalid_runtime_conversation_history_response\"" }
#define NO_SETTLE { 503, "\"runtime_self_settle_unavailable\"" }
#define BAD_SETTLE { 409, "\"invalid_self_settle_response\"" }
#define SETTLE_LATER(code) { 503, code }

static const Call calls[] = {
  { "register", "POST /v1/runtime-endpoints", NULL, prepare_nothing, act_register, settle_register,
    { AWAY, OK, BROKEN, TOO_MANY, NO_ID, AWAY, NO_ID, AWAY } },
  { "heartbeat", "POST /v1/runtime-endpoints/*/heartbeat", NULL, prepare_nothing, act_heartbeat, settle_heartbeat,
    { AWAY, OK, BROKEN, TOO_MANY, OK, OK, OK, AWAY } },
  { "display-metadata", "POST /v1/runtime-endpoints/*/display-metadata", NULL, prepare_nothing, act_hint, settle_hint, ALL_OK },
  { "unregister", "DELETE /v1/runtime-endpoints/*", NULL, prepare_nothing, act_unregister, settle_unregister, ALL_OK },
  { "processing-state/accepted", "POST /v1/runtime/processing-state", "adapter_accepted", make_assignment, act_accept, settle_accept,
    ALL ("\"runtime_processing_state_rejected\"") },
  { "processing-state/reply-requested", "POST /v1/runtime/processing-state", "\"reply_requested\"", make_accepted, act_reply,
    settle_reply, ALL ("\"runtime_reply_request_rejected\"") },
  { "processing-state/reply-emitted", "POST /v1/runtime/processing-state", "\"reply_emitted\"", make_accepted, act_reply, settle_reply,
    ALL_OK },
  { "self-claim", "POST /v1/runtime/self-claim", NULL, make_row, claim, settle_claim,
    { CLAIM (503), OK, CLAIM (503), CLAIM (503), CLAIM (502), CLAIM (503), CLAIM (502), CLAIM (503) } },
  { "release", "POST /v1/runtime/self-claim/release", NULL, prepare_release, claim, settle_claim,
    { UNRELEASED, RELEASED, UNRELEASED, UNRELEASED, UNRELEASED, UNRELEASED, UNRELEASED, UNRELEASED } },
  { "claim-candidates", "POST /v1/runtime/claim-candidates", NULL, make_row, act_list, settle_list,
    { NO_LIST, OK, BROKEN, TOO_MANY, BAD_LIST, NO_LIST, BAD_LIST, NO_LIST } },
  { "history", "POST /v1/runtime/session-conversation-history", NULL, prepare_history, act_history, settle_history,
    { NO_HISTORY, OK, BROKEN, TOO_MANY, BAD_HISTORY, NO_HISTORY, BAD_HISTORY, NO_HISTORY } },
  { "self-settle", "POST /v1/runtime/self-settle", NULL, make_row, act_settle, settle_settle,
    { NO_SETTLE, OK, SETTLE_LATER ("\"broken\""), SETTLE_LATER ("\"too_many\""), BAD_SETTLE, NO_SETTLE, BAD_SETTLE, NO_SETTLE } },
};

static void
test_call (RbMasons      *fixture,
           gconstpointer  data)
{
  const Call *call = data;
  World world = { .masons = fixture };

  g_test_summary ("Whatever the route does: the caller has the documented error, the daemon is well, and later everything works.");

  fault_case_set_up (fixture);
  rb_sim_set_capability (fixture->sim, "staged_assignment", "false");
  rb_masons_start (fixture);
  world.worker = rb_masons_attach (fixture, TRUE);
  for (guint i = 0; i < N_FAULTS; i++)
    {
      const Answer *expected = &call->answers[i];
      g_autofree char *answer = NULL;
      guint status;

      world.number++;
      call->prepare (&world);
      fault_case_begin (fixture, i, call->request, call->text);
      status = call->act (&world, &answer);
      g_test_message ("%s: %u %s", fault_case_to_string (i), status, answer);
      g_assert_cmpuint (status, ==, expected->status);
      if (expected->code != NULL && strstr (answer, expected->code) == NULL)
        g_error ("%s is not in %s", expected->code, answer);
      rb_masons_assert_healthy (fixture);
      fault_case_end (fixture);
      call->settle (&world);
    }
  rb_adapter_free (world.worker);
  g_free (world.row);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *path = g_strconcat ("/masons-calls/", calls[i].name, NULL);

      g_test_add (path, RbMasons, &calls[i], rb_masons_set_up, test_call, rb_masons_tear_down);
    }
  return g_test_run ();
}
