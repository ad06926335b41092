/* rb-check-emitter.c: what an emitter promises
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-request.h"

static const struct {
  RbEventKind  kind;
  const char  *subject;
  const char  *payload;
} events[] = {
  { RB_EVENT_UNDISPATCHED_CHANGED, "m-1", "{\"undispatched_id\":\"m-1\",\"status\":\"pending\"}" },
  { RB_EVENT_PRESENCE_CHANGED, "network", "{\"sessions\":[]}" },
  { RB_EVENT_INBOUND_ROUTED, "m-2", "{\"source_message_id\":\"m-2\",\"routed_to_endpoint_id\":\"ep_1\"}" },
  { RB_EVENT_PROCESSING_STATE, "as_1", "{\"assignment_id\":\"as_1\",\"state\":\"delivered\",\"state_sequence\":1}" },
  { RB_EVENT_ENDPOINT_STATE, "ep_1", "{\"state\":\"active\",\"reason\":\"check\",\"ts\":1}" },
};

static void
check_authority (RbCheckRun     *run,
                 RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_subject (run, network);
  gboolean before = rb_emitter_is_authority (RB_EMITTER (subject->module));

  rb_check_subject_start (subject);
  rb_check_that (run, rb_emitter_is_authority (RB_EMITTER (subject->module)) == before, "It changes its mind about being an authority");
}

static void
check_kinds (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      RbCheckAnswer *answer = rb_check_emit (subject, events[i].kind, events[i].subject, events[i].payload, NULL);

      rb_check_request_answered (answer);
    }
}

static void
check_odd (RbCheckRun     *run,
           RbCheckNetwork *network)
{
  static const char *const subjects[] = { "", " ", "../..", "a/b?c#d", "%s%n", "\xc3\xa4\n" };
  RbCheckSubject *subject = rb_check_request_started (run, network);

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    for (guint j = 0; j < G_N_ELEMENTS (subjects); j++)
      rb_check_request_answered (rb_check_emit (subject, events[i].kind, subjects[j], "{}", NULL));
}

static void
check_heard (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autofree char *before = rb_check_network_ask (network, "heard");
  RbCheckAnswer *answer = rb_check_emit (subject, events[4].kind, events[4].subject, events[4].payload, NULL);
  g_autofree char *after = NULL;
  gint64 n;

  rb_check_request_answered (answer);
  rb_check_turn (run, 200);
  after = rb_check_network_ask (network, "heard");
  n = g_ascii_strtoll (after, NULL, 10) - g_ascii_strtoll (before, NULL, 10);
  rb_check_that (run, n == 1, "One event was emitted, and %d were heard", (int) n);
}

const RbCheckCase rb_check_emitter_cases[] = {
  { "emitter/authority", "whether its refusals decide does not change", NULL, check_authority },
  { "emitter/kinds", "an event of each kind is answered: well, or with a code that the contract names", NULL, check_kinds },
  { "emitter/odd", "events with odd subjects are answered, too", NULL, check_odd },
  { "emitter/many", "many events at once are each answered once, on the main thread", NULL, rb_check_request_many },
  { "emitter/heard", "an event that is emitted once is heard once", "heard", check_heard },
  { "emitter/early", "before start and after stop it fails with RB_ERROR_UNAVAILABLE", NULL, rb_check_request_early },
  { "emitter/refused", "what is refused fails with RB_ERROR_REJECTED and 'status'", "refuse", rb_check_request_refused },
  { "emitter/failing", "what may work later fails with UNAVAILABLE or TIMED_OUT and 'status', and is not repeated", "fail", rb_check_request_failing },
  { "emitter/cancel", "an event that is cancelled is answered once", NULL, rb_check_request_cancel },
  { "emitter/silence", "an event to which nobody answers ends when it is cancelled", "silence", rb_check_request_silence },
  { "emitter/blocking", "emitting does not hold the main loop", NULL, rb_check_request_blocking },
  { "emitter/stop", "stop answers every event", NULL, rb_check_request_stop },
  { NULL },
};
