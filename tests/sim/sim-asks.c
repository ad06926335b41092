/* sim-asks.c: what adapters ask of the broker, and what they make of the answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-asks-private.h"

#include "rb-json.h"

#include <string.h>

/* A request is answered after 60 s at the latest; a turn of the loop may lie in between. */
#define MAX_AGE_MS 61000

static void
ask_free (SimAsk *self)
{
  g_clear_pointer (&self->request, rb_ipc_request_unref);
  g_free (self->what);
  g_free (self->endpoint_id);
  g_free (self->message_id);
  g_free (self->assignment_id);
  g_free (self->text);
  g_free (self->request_id);
  g_free (self);
}

SimAsks *
sim_asks_new (SimOracle *oracle,
              SimClock  *clock)
{
  SimAsks *self = g_new0 (SimAsks, 1);

  self->oracle = oracle;
  self->clock = clock;
  g_queue_init (&self->waiting);
  return self;
}

void
sim_asks_free (SimAsks *self)
{
  g_assert_cmpuint (self->waiting.length, ==, 0);
  g_free (self);
}

void
sim_asks_set_server (SimAsks     *self,
                     RbIpcServer *server)
{
  self->server = server;
}

void
sim_asks_set_calm (SimAsks *self)
{
  self->is_calm = TRUE;
}

guint
sim_asks_get_n (SimAsks *self)
{
  return self->waiting.length;
}

void
sim_asks_check_age (SimAsks *self)
{
  const SimAsk *oldest = g_queue_peek_head (&self->waiting);

  if (oldest != NULL)
    sim_check (self->oracle, 6, sim_clock_get_ms (self->clock) - oldest->since_ms <= MAX_AGE_MS, "'%s' waits for %" G_GINT64_FORMAT " ms",
               oldest->what, sim_clock_get_ms (self->clock) - oldest->since_ms);
}

void
sim_asks_abandon (SimAsks          *self,
                  const SimProcess *process)
{
  for (GList *item = self->waiting.head; item != NULL;)
    {
      SimAsk *ask = item->data;

      item = item->next;
      if (process != NULL && ask->process != process)
        continue;
      g_queue_unlink (&self->waiting, &ask->link);
      rb_ipc_request_abandon (ask->request);
      ask_free (ask);
    }
}

static void
on_answer (guint    status,
           GBytes  *body,
           gpointer user_data)
{
  SimAsk *ask = user_data;
  SimAsks *self = ask->asks;

  sim_check (self->oracle, 6, !ask->is_answered, "'%s' is answered twice", ask->what);
  ask->is_answered = TRUE;
  sim_trace (self->oracle, "broker", "answers %u to '%s'", status, ask->what);
  sim_oracle_note (self->oracle, ask->what);
  if (status == 200)
    sim_ask_granted (ask, body);
  else
    sim_ask_refused (ask, status, body);
  g_queue_unlink (&self->waiting, &ask->link);
  if (ask->request != NULL)
    ask_free (ask);
}

/* Asking. */

static SimAsk *
ask_new (SimAsks    *self,
         SimAskKind  kind,
         SimProcess *process,
         const char *endpoint_id)
{
  SimAsk *ask = g_new0 (SimAsk, 1);

  ask->asks = self;
  ask->kind = kind;
  ask->process = process;
  ask->endpoint_id = g_strdup (endpoint_id);
  ask->since_ms = sim_clock_get_ms (self->clock);
  ask->link.data = ask;
  return ask;
}

/* Takes @ask and @body (nullable). */
static void
run (SimAsk     *ask,
     const char *method,
     const char *target,
     char       *body)
{
  SimAsks *self = ask->asks;
  RbCaller caller = { .pid = ask->process != NULL ? ask->process->pid : 0, .kernel = ask->process == NULL };
  g_autoptr(GBytes) bytes = body != NULL ? g_bytes_new_take (body, strlen (body)) : NULL;
  g_autoptr(RbIpcRequest) request = NULL;

  ask->what = g_strdup_printf ("%" G_GINT64_FORMAT " %s %s %s", caller.pid, method, target, body != NULL ? body : "");
  sim_trace (self->oracle, "adapter", "%s", ask->what);
  sim_oracle_get_counts (self->oracle)->requests++;
  g_queue_push_tail_link (&self->waiting, &ask->link);
  request = rb_ipc_request_new_direct (self->server, &caller, method, target, on_answer, ask);
  if (rb_ipc_request_route (request))
    rb_ipc_request_run (request, bytes);
  if (ask->is_answered)
    ask_free (ask);
  else
    ask->request = g_steal_pointer (&request);
}

void
sim_ask_register (SimAsks    *self,
                  SimProcess *process,
                  SimKind     kind)
{
  static const char *const capabilities[] = {
    [SIM_KIND_PLAIN] = "\"foreground_channel_v1\"",
    [SIM_KIND_BACKGROUND] = "\"background_exchange_v1\"",
    [SIM_KIND_HYBRID] = "\"foreground_channel_v1\",\"background_exchange_v1\"",
  };
  SimAsk *ask = ask_new (self, SIM_ASK_REGISTER, process, NULL);
  g_autofree char *spawned = process->spawn_token != NULL ? g_strdup_printf (",\"spawn_token\":\"%s\"", process->spawn_token) : NULL;

  ask->endpoint_kind = kind;
  g_clear_pointer (&process->spawn_token, g_free);
  run (ask, "POST", "/v1/endpoint/register",
       g_strdup_printf ("{\"agent_id\":\"a\",\"plugin_pid\":%" G_GINT64_FORMAT ",\"kind\":\"custom\",\"runtime_session_id\":\"%s\","
                        "\"runtime_capabilities\":[%s]%s%s}",
                        process->pid, process->session, capabilities[kind],
                        kind != SIM_KIND_PLAIN ? ",\"background_exchange_mode\":\"adapter_managed_turn\"" : "",
                        spawned != NULL ? spawned : ""));
}

void
sim_ask_reattach (SimAsks    *self,
                  SimProcess *process,
                  const char *endpoint_id)
{
  g_autofree char *target = g_strdup_printf ("/v1/endpoint/%s/reattach", endpoint_id);

  run (ask_new (self, SIM_ASK_REATTACH, process, endpoint_id), "POST", target,
       g_strdup_printf ("{\"plugin_pid\":%" G_GINT64_FORMAT "}", process->pid));
}

void
sim_ask_unregister (SimAsks    *self,
                    SimProcess *process,
                    const char *endpoint_id)
{
  g_autofree char *target = g_strconcat ("/v1/endpoint/", endpoint_id, NULL);

  run (ask_new (self, SIM_ASK_UNREGISTER, process, endpoint_id), "DELETE", target, NULL);
}

void
sim_ask_heartbeat (SimAsks    *self,
                   SimProcess *process,
                   const char *endpoint_id)
{
  g_autofree char *target = g_strdup_printf ("/v1/endpoint/%s/heartbeat", endpoint_id);

  run (ask_new (self, SIM_ASK_OTHER, process, endpoint_id), "POST", target, NULL);
}

void
sim_ask_send (SimAsks    *self,
              SimProcess *process,
              const char *endpoint_id)
{
  SimAsk *ask = ask_new (self, SIM_ASK_SEND, process, endpoint_id);

  ask->text = g_strdup_printf ("hello %u", ++self->n_sends);
  run (ask, "POST", "/v1/send", g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"bob@sim\",\"content\":\"%s\"}", endpoint_id, ask->text));
}

static SimAsk *
about_job (SimAsks      *self,
           SimAskKind    kind,
           SimProcess   *process,
           const SimJob *job)
{
  SimAsk *ask = ask_new (self, kind, process, job->endpoint_id);

  ask->message_id = g_strdup (job->message_id);
  ask->assignment_id = g_strdup (job->assignment_id);
  return ask;
}

static char *
begin_job_body (SimProcess        *process,
                const SimEndpoint *endpoint,
                const SimJob      *job)
{
  return g_strdup_printf ("{\"endpoint_id\":\"%s\",\"plugin_pid\":%" G_GINT64_FORMAT ",\"endpoint_owner_token\":\"%s\","
                          "\"source_message_id\":\"%s\",\"assignment_id\":\"%s\"",
                          endpoint->id, process->pid, endpoint->token, job->message_id, job->assignment_id);
}

void
sim_ask_report (SimAsks    *self,
                SimProcess *process,
                SimJob     *job,
                const char *state,
                gboolean    is_retryable)
{
  const SimEndpoint *endpoint = sim_process_find (process, job->endpoint_id);
  g_autofree char *start = NULL;
  SimAsk *ask;

  if (endpoint == NULL)
    return;

  ask = about_job (self, SIM_ASK_REPORT, process, job);
  ask->text = g_strdup (state);
  start = begin_job_body (process, endpoint, job);
  job->sequence += 10;     /* the broker's own reports fit in between */
  run (ask, "POST", "/v1/runtime/processing-state",
       g_strdup_printf ("%s,\"state_event_id\":\"%s:%" G_GINT64_FORMAT "\",\"state_sequence\":%" G_GINT64_FORMAT
                        ",\"state\":\"%s\",\"retryable\":%s}",
                        start, job->assignment_id, job->sequence, job->sequence, state, is_retryable ? "true" : "false"));
}

void
sim_ask_reply (SimAsks    *self,
               SimProcess *process,
               SimJob     *job,
               guint       n,
               const char *text)
{
  const SimEndpoint *endpoint = sim_process_find (process, job->endpoint_id);
  g_autofree char *start = NULL;
  SimAsk *ask;

  if (endpoint == NULL)
    return;

  ask = about_job (self, SIM_ASK_REPLY, process, job);
  ask->request_id = g_strdup_printf ("r%u", n);
  ask->text = g_strdup_printf ("re:%s:%s:%s", job->assignment_id, ask->request_id, text);
  start = begin_job_body (process, endpoint, job);
  run (ask, "POST", "/v1/runtime/assignment-reply",
       g_strdup_printf ("%s,\"reply_request_id\":\"%s\",\"content\":\"%s\"}", start, ask->request_id, ask->text));
}

static char *
endpoint_body (const SimProcess  *process,
               const SimEndpoint *endpoint,
               const char        *rest)
{
  return g_strdup_printf ("{\"endpoint_id\":\"%s\",\"plugin_pid\":%" G_GINT64_FORMAT ",\"endpoint_owner_token\":\"%s\"%s}", endpoint->id,
                          process->pid, endpoint->token, rest);
}

void
sim_ask_claim (SimAsks           *self,
               SimProcess        *process,
               const SimEndpoint *endpoint,
               const char        *message_id)
{
  SimAsk *ask = ask_new (self, SIM_ASK_CLAIM, process, endpoint->id);
  g_autofree char *rest = g_strdup_printf (",\"undispatched_id\":\"%s\"", message_id);

  run (ask, "POST", "/v1/runtime/assignment-claim", endpoint_body (process, endpoint, rest));
}

void
sim_ask_staged (SimAsks           *self,
                SimProcess        *process,
                const SimEndpoint *endpoint,
                guint              timeout_ms)
{
  g_autofree char *rest = g_strdup_printf (",\"timeout_ms\":%u", timeout_ms);

  run (ask_new (self, SIM_ASK_STAGED, process, endpoint->id), "POST", "/v1/runtime/staged-delivery", endpoint_body (process, endpoint, rest));
}

void
sim_ask_settle (SimAsks           *self,
                SimProcess        *process,
                const SimEndpoint *endpoint,
                const char        *message_id)
{
  SimAsk *ask = ask_new (self, SIM_ASK_SETTLE, process, endpoint->id);
  g_autofree char *rest = g_strdup_printf (",\"undispatched_id\":\"%s\"", message_id);

  ask->message_id = g_strdup (message_id);
  run (ask, "POST", "/v1/runtime/self-settle", endpoint_body (process, endpoint, rest));
}

void
sim_ask_list (SimAsks           *self,
              SimProcess        *process,
              const SimEndpoint *endpoint)
{
  g_autofree char *target = g_strconcat ("/v1/undispatched?endpoint_id=", endpoint->id, NULL);

  run (ask_new (self, SIM_ASK_LIST, process, endpoint->id), "GET", target, NULL);
}

void
sim_ask_dispatch (SimAsks    *self,
                  const char *message_id,
                  const char *endpoint_id)
{
  run (ask_new (self, SIM_ASK_DISPATCH, NULL, NULL), "POST", "/v1/operator/dispatch",
       g_strdup_printf ("{\"undispatched_id\":\"%s\",\"target_endpoint_id\":\"%s\"}", message_id, endpoint_id));
}

void
sim_ask_explain (SimAsks    *self,
                 const char *id)
{
  SimAsk *ask = ask_new (self, SIM_ASK_EXPLAIN, NULL, NULL);
  g_autofree char *target = g_strconcat ("/v1/operator/explain/", id, NULL);

  ask->message_id = g_strdup (id);
  run (ask, "GET", target, NULL);
}

void
sim_ask_retry (SimAsks *self)
{
  sim_oracle_retried (self->oracle);
  run (ask_new (self, SIM_ASK_OTHER, NULL, NULL), "POST", "/v1/operator/dead-letters/retry", g_strdup ("{\"all\":true}"));
}

void
sim_ask_set_rule (SimAsks    *self,
                  const char *sender,
                  const char *kind,
                  const char *action)
{
  run (ask_new (self, SIM_ASK_OTHER, NULL, NULL), "POST", "/v1/operator/policy",
       g_strdup_printf ("{\"what\":\"message\",\"sender\":\"%s\",\"kind\":\"%s\",\"action\":\"%s\"}", sender, kind, action));
}

void
sim_ask_remove_rule (SimAsks *self,
                     guint    id)
{
  run (ask_new (self, SIM_ASK_OTHER, NULL, NULL), "POST", "/v1/operator/policy/remove", g_strdup_printf ("{\"id\":%u}", id));
}

void
sim_ask_apply_rule (SimAsks *self,
                    guint    id)
{
  run (ask_new (self, SIM_ASK_OTHER, NULL, NULL), "POST", "/v1/operator/policy/apply", g_strdup_printf ("{\"id\":%u}", id));
}

void
sim_ask_admit (SimAsks    *self,
               const char *message_id,
               gboolean    is_accepted,
               gboolean    remember)
{
  run (ask_new (self, SIM_ASK_OTHER, NULL, NULL), "POST", is_accepted ? "/v1/operator/held/accept" : "/v1/operator/held/refuse",
       g_strdup_printf ("{\"message_id\":\"%s\",\"remember\":%s}", message_id, remember ? "true" : "false"));
}

void
sim_ask_as_stranger (SimAsks           *self,
                     SimProcess        *process,
                     const SimEndpoint *endpoint,
                     const SimJob      *job,
                     SimRandom         *random)
{
  SimAsk *ask = ask_new (self, SIM_ASK_STRANGE, process, endpoint->id);
  g_autofree char *target = NULL;
  g_autofree char *start = NULL;

  ask->was_there = sim_oracle_has_endpoint (self->oracle, endpoint->id);
  switch (sim_random_pick (random, job != NULL ? 6 : 4))
    {
    case 0:
      run (ask, "POST", "/v1/send", g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"bob@sim\",\"content\":\"x\"}", endpoint->id));
      break;
    case 1:
      target = g_strdup_printf ("/v1/endpoint/%s", endpoint->id);
      run (ask, "DELETE", target, NULL);
      break;
    case 2:
      target = g_strdup_printf ("/v1/endpoint/%s/reattach", endpoint->id);
      run (ask, "POST", target, g_strdup_printf ("{\"plugin_pid\":%" G_GINT64_FORMAT "}", process->pid));
      break;
    case 3:
      run (ask, "POST", "/v1/runtime/staged-delivery", endpoint_body (process, endpoint, ",\"timeout_ms\":0"));
      break;
    case 4:
      start = begin_job_body (process, endpoint, job);
      run (ask, "POST", "/v1/runtime/processing-state",
           g_strdup_printf ("%s,\"state_event_id\":\"x\",\"state_sequence\":99,\"state\":\"processing_failed\"}", start));
      break;
    default:
      start = begin_job_body (process, endpoint, job);
      run (ask, "POST", "/v1/runtime/assignment-reply", g_strdup_printf ("%s,\"reply_request_id\":\"rx\",\"content\":\"x\"}", start));
      break;
    }
}

void
sim_ask_with_wrong_token (SimAsks      *self,
                          SimProcess   *process,
                          const SimJob *job)
{
  SimEndpoint wrong = { .id = job->endpoint_id, .token = (char *) "wrong" };
  SimAsk *ask = ask_new (self, SIM_ASK_STRANGE, process, job->endpoint_id);
  g_autofree char *start = begin_job_body (process, &wrong, job);

  ask->was_there = sim_oracle_has_endpoint (self->oracle, job->endpoint_id);
  run (ask, "POST", "/v1/runtime/processing-state",
       g_strdup_printf ("%s,\"state_event_id\":\"y\",\"state_sequence\":98,\"state\":\"adapter_accepted\"}", start));
}

/* Whatever it is, it is answered, and changes nothing that the oracle does not allow. */
void
sim_ask_garbage (SimAsks    *self,
                 SimProcess *process,
                 SimRandom  *random)
{
  static const char *const targets[] = {
    "/v1/send", "/v1/dispatch", "/v1/runtime/assignment-claim", "/v1/runtime/assignment-reply", "/v1/runtime/processing-state",
    "/v1/runtime/staged-delivery", "/v1/runtime/self-settle", "/v1/endpoint/register", "/v1/endpoint/%00/reattach", "/v1/endpoint/x/heartbeat",
    "/v1/runtime/session-conversation-history", "/nowhere",
  };
  static const char *const bodies[] = {
    "", "{}", "[]", "null", "{", "{\"endpoint_id\":7}", "{\"endpoint_id\":\"ep_1\",\"plugin_pid\":-1}", "{\"plugin_pid\":1e400}",
    "{\"endpoint_id\":\"ep_1\",\"content\":\"\\ud800\"}", "{\"state_sequence\":9007199254740993}",
  };

  run (ask_new (self, SIM_ASK_OTHER, process, NULL), "POST", targets[sim_random_pick (random, G_N_ELEMENTS (targets))],
       g_strdup (bodies[sim_random_pick (random, G_N_ELEMENTS (bodies))]));
}
