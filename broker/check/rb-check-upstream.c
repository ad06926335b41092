/* rb-check-upstream.c: what an upstream promises
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-request.h"

#include <string.h>

/* Members that an answer has, and their types: blanks between, '?' where one may be missing. */
static const struct {
  RbUpstreamCall  call;
  const char     *arguments;
  const char     *answer;
} calls[] = {
  { RB_UPSTREAM_WHOAMI, "@a{sv} {}", "subjectId:s subjectType:s clock_ahead_ms:x?" },
  { RB_UPSTREAM_REGISTER_ENDPOINT, "{'runtime_kind': <'check'>, 'display_label': <'Check'>, 'endpoint_nonce': <'check-nonce'>, "
    "'runtime_capabilities': <['background_exchange_v1']>, 'background_exchange_mode': <'resident_endpoint'>}",
    "endpoint_id:s heartbeat_after_seconds:d session_naming:a{sv}?" },
  { RB_UPSTREAM_CAPABILITIES, "@a{sv} {}", "staged_assignment:b staged_delivery:b" },
  { RB_UPSTREAM_HEARTBEAT, "{'endpoint_id': <'%s'>}", "" },
  { RB_UPSTREAM_ENDPOINT_STATE, "{'endpoint_id': <'%s'>, 'state': <'active'>, 'reason': <'check'>, 'ts': <int64 1>}", "" },
  { RB_UPSTREAM_DISPLAY_METADATA, "{'endpoint_id': <'%s'>, 'task_hint': <'checking'>}", "" },
  { RB_UPSTREAM_ROUTE_CLAIM,
    "{'source_message_id': <'m-1'>, 'routed_to_endpoint_id': <'%s'>, 'route_kind': <'direct'>, 'claimed_at': <'2026-01-01T00:00:00.000Z'>}",
    "action:s" },
  { RB_UPSTREAM_CANDIDATES, "{'endpoint_id': <'%s'>, 'endpoint_nonce': <'check-nonce'>, 'limit': <int64 10>}", "items:aa{sv}" },
  { RB_UPSTREAM_SELF_CLAIM, "{'undispatched_id': <'m-1'>, 'target_endpoint_id': <'%s'>, 'endpoint_nonce': <'check-nonce'>}", "" },
  { RB_UPSTREAM_HISTORY, "{'endpoint_id': <'%s'>, 'endpoint_nonce': <'check-nonce'>, 'conversation_ref': <{'conversation_id': <'c-1'>}>}",
    "items:aa{sv} has_more:b" },
  { RB_UPSTREAM_SELF_SETTLE, "{'undispatched_id': <'m-1'>, 'endpoint_id': <'%s'>, 'endpoint_nonce': <'check-nonce'>}", "" },
  { RB_UPSTREAM_UNREGISTER, "{'endpoint_id': <'%s'>}", "" },
  { RB_UPSTREAM_LOOKUP_CLOSED, "{'endpoint_id': <'%s'>}", "exists:b retired_at:s?" },
};

static GVariant *
make_arguments (const char *pattern,
                const char *endpoint_id)
{
  g_auto(GStrv) parts = g_strsplit (pattern, "%s", -1);
  g_autofree char *text = g_strjoinv (endpoint_id, parts);

  return g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
}

static void
check_members (RbCheckAnswer *answer,
               const char    *members)
{
  g_auto(GStrv) wanted = g_strsplit (members, " ", -1);

  rb_check_that (answer->run, g_variant_is_of_type (answer->value, G_VARIANT_TYPE_VARDICT), "'%s' is answered with '%s', not a{sv}", answer->call,
                 g_variant_get_type_string (answer->value));
  for (guint i = 0; wanted[i] != NULL && *wanted[i] != '\0'; i++)
    {
      g_auto(GStrv) parts = g_strsplit (wanted[i], ":", 2);
      gboolean may_miss = g_str_has_suffix (parts[1], "?");
      g_autofree char *type = g_strndup (parts[1], strlen (parts[1]) - (may_miss ? 1 : 0));
      g_autoptr(GVariant) any = g_variant_lookup_value (answer->value, parts[0], NULL);

      rb_check_that (answer->run, any != NULL || may_miss, "The answer to '%s' has no '%s'", answer->call, parts[0]);
      rb_check_that (answer->run, any == NULL || g_variant_is_of_type (any, G_VARIANT_TYPE (type)), "'%s' in the answer to '%s' is of the type '%s', not '%s'",
                     parts[0], answer->call, any != NULL ? g_variant_get_type_string (any) : "", type);
    }
}

static char *
register_endpoint (RbCheckSubject *subject)
{
  RbCheckAnswer *answer = rb_check_call (subject, RB_UPSTREAM_REGISTER_ENDPOINT, make_arguments (calls[1].arguments, ""), NULL);
  char *id = NULL;

  rb_check_answer_succeed (answer);
  check_members (answer, calls[1].answer);
  g_variant_lookup (answer->value, "endpoint_id", "s", &id);
  rb_check_that (subject->run, *id != '\0', "An endpoint was registered without an id");
  return id;
}

static void
check_calls (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autofree char *id = register_endpoint (subject);

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      RbCheckAnswer *answer = rb_check_call (subject, calls[i].call, make_arguments (calls[i].arguments, id), NULL);

      rb_check_request_answered (answer);
      if (answer->ok)
        check_members (answer, calls[i].answer);
    }
}

static void
insist (RbCheckSubject *subject,
        RbUpstreamCall  call,
        const char     *endpoint_id)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i].call == call)
      rb_check_answer_succeed (rb_check_call (subject, call, make_arguments (calls[i].arguments, endpoint_id), NULL));
}

static void
check_lease (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autofree char *id = register_endpoint (subject);

  insist (subject, RB_UPSTREAM_WHOAMI, id);
  insist (subject, RB_UPSTREAM_HEARTBEAT, id);
  insist (subject, RB_UPSTREAM_ENDPOINT_STATE, id);
  insist (subject, RB_UPSTREAM_UNREGISTER, id);
}

/* Whatever it says that it has, it must have. */
static void
check_features (RbCheckRun     *run,
                RbCheckNetwork *network)
{
  static const struct { RbUpstreamFeatures feature; RbUpstreamCall call; } offers[] = {
    { RB_UPSTREAM_HAS_ROUTE_CLAIM, RB_UPSTREAM_ROUTE_CLAIM },
    { RB_UPSTREAM_HAS_CANDIDATES, RB_UPSTREAM_CANDIDATES },
    { RB_UPSTREAM_HAS_CLOSED_LOOKUP, RB_UPSTREAM_LOOKUP_CLOSED },
  };
  RbCheckSubject *subject = rb_check_request_started (run, network);
  RbUpstreamFeatures features = rb_upstream_get_features (RB_UPSTREAM (subject->module));
  g_autofree char *id = register_endpoint (subject);

  for (guint i = 0; i < G_N_ELEMENTS (offers); i++)
    for (guint j = 0; j < G_N_ELEMENTS (calls); j++)
      {
        RbCheckAnswer *answer;

        if (calls[j].call != offers[i].call || (features & offers[i].feature) == 0)
          continue;
        answer = rb_check_call (subject, calls[j].call, make_arguments (calls[j].arguments, id), NULL);
        rb_check_request_answered (answer);
        rb_check_that (run, answer->ok || !g_error_matches (answer->error, RB_ERROR, RB_ERROR_NOT_SUPPORTED), "It says that it offers '%s', and does not",
                       answer->call);
      }
  rb_check_that (run, rb_upstream_get_features (RB_UPSTREAM (subject->module)) == features, "What it offers changes by itself");
}

/* Arguments that nobody checked before. */
static void
check_odd (RbCheckRun     *run,
           RbCheckNetwork *network)
{
  static const char *const ids[] = { "", "../..", "ep 1", "a/b?c#d", "%n%n" };
  RbCheckSubject *subject = rb_check_request_started (run, network);

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      if (calls[i].call == RB_UPSTREAM_UNREGISTER || calls[i].call == RB_UPSTREAM_WHOAMI)
        continue;
      for (guint j = 0; j < G_N_ELEMENTS (ids); j++)
        {
          RbCheckAnswer *answer = rb_check_call (subject, calls[i].call, make_arguments (calls[i].arguments, ids[j]), NULL);

          rb_check_answer_wait (answer);
          rb_check_answer_contract (answer);
        }
    }
}

typedef struct {
  guint n;
  guint n_elsewhere;
  GThread *main;
} Heard;

static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            Heard      *heard)
{
  heard->n++;
  heard->n_elsewhere += heard->main != g_thread_self ();
}

static void
check_control (RbCheckRun     *run,
               RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_subject (run, network);
  Heard *heard = g_new0 (Heard, 1);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  guint n;

  heard->main = g_thread_self ();
  rb_check_run_keep (run, heard, g_free);
  g_signal_connect (subject->module, "control", G_CALLBACK (on_control), heard);
  rb_check_subject_start (subject);
  first = rb_check_network_ask (network, "control");
  rb_check_until (run, heard->n > 0, "A control event does not come");
  rb_check_that (run, heard->n_elsewhere == 0, "A control event came on another thread than the main one");
  rb_check_subject_stop (subject);
  n = heard->n;
  second = rb_check_network_ask (network, "control");
  rb_check_turn (run, 200);
  rb_check_that (run, heard->n == n, "A control event came after it was stopped");
}

const RbCheckCase rb_check_upstream_cases[] = {
  { "upstream/lease", "an endpoint can be registered, kept, described and unregistered", NULL, check_lease },
  { "upstream/calls", "each call is answered: with the members of the contract, or with a code that it names", NULL, check_calls },
  { "upstream/features", "it does what it says that it offers", NULL, check_features },
  { "upstream/odd", "calls with ids that make no sense are answered by the contract", NULL, check_odd },
  { "upstream/many", "many calls at once are each answered once, on the main thread", NULL, rb_check_request_many },
  { "upstream/control", "control events come on the main thread, and not after stop", "control", check_control },
  { "upstream/early", "before start and after stop it fails with RB_ERROR_UNAVAILABLE", NULL, rb_check_request_early },
  { "upstream/refused", "what is refused fails with RB_ERROR_REJECTED and 'status'", "refuse", rb_check_request_refused },
  { "upstream/failing", "what may work later fails with UNAVAILABLE or TIMED_OUT and 'status', and is not repeated", "fail", rb_check_request_failing },
  { "upstream/cancel", "a call that is cancelled is answered once", NULL, rb_check_request_cancel },
  { "upstream/silence", "a call to which nobody answers ends when it is cancelled", "silence", rb_check_request_silence },
  { "upstream/blocking", "calling does not hold the main loop", NULL, rb_check_request_blocking },
  { "upstream/stop", "stop answers every call", NULL, rb_check_request_stop },
  { NULL },
};
