/* rb-admission.c: may a message that arrives come in?
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-admission.h"

#include "rb-log.h"
#include "rb-rule.h"

#include <string.h>

void
rb_admission_clear (RbAdmission *self)
{
  g_clear_pointer (&self->detail, g_free);
}

static const char *
get_sender (const RbMessage *message)
{
  return rb_envelope_get_from (message->envelope);
}

static gint64
monotonic_ms (RbCore *core)
{
  return rb_clock_get_monotonic_us (core->clock) / 1000;
}

static RbPolicyMessage
make_question (RbCore          *core,
               const RbMessage *message)
{
  RbPolicyMessage question = { .sender = get_sender (message), .content_type = rb_envelope_get_content_type (message->envelope) };

  question.is_targeted = rb_registry_lookup (core->registry, message->target_endpoint_id) != NULL;
  question.is_correlated = rb_router_resolve (core->router, core->registry, NULL, message->correlation_id,
                                              message->source_endpoint_id).endpoint != NULL;
  return question;
}

static RbPolicyVerdict
ask_policy (RbCore          *core,
            const RbMessage *message)
{
  RbPolicyMessage question;

  if (rb_policy_get_n (core->policy) == 0)
    return (RbPolicyVerdict) { RB_POLICY_ACCEPT, NULL };

  question = make_question (core, message);
  return rb_policy_decide_message (core->policy, &question, rb_core_now (core));
}

/* It goes to the endpoint that it names or whose conversation it is, or a person decides where it goes: then there is one in it. */
static RbLoopTurn
make_turn (RbCore          *core,
           const RbMessage *message)
{
  const RbEndpoint *endpoint = rb_router_decide (core->router, core->registry, message).endpoint;

  return (RbLoopTurn) { RB_LOOP_IN, message->correlation_id, endpoint != NULL ? endpoint->id : NULL, get_sender (message) };
}

static gboolean
is_in_loop (RbCore          *core,
            const RbMessage *message)
{
  RbLoopTurn turn = make_turn (core, message);

  return !rb_loop_pass (core->loop, &turn, monotonic_ms (core));
}

static gboolean
is_stranger (RbCore     *core,
             const char *sender)
{
  return !rb_known_has (core->known, sender) && !rb_policy_names (core->policy, sender);
}

static gboolean
is_above_quota (RbCore    *core,
                RbMessage *message)
{
  if (!rb_quota_is_on (core->quota) || !is_stranger (core, get_sender (message)))
    return FALSE;
  message->took_quota = rb_quota_take (core->quota, get_sender (message), monotonic_ms (core));
  return !message->took_quota;
}

static RbAdmission
hold (const char *reason,
      const char *rule,
      char       *detail)
{
  return (RbAdmission) { RB_ADMISSION_HOLD, reason, rule, detail };
}

RbAdmission
rb_admission_decide (RbCore    *core,
                     RbMessage *message)
{
  RbPolicyVerdict verdict = ask_policy (core, message);
  const RbCoreSettings *settings = &core->settings;

  if (verdict.action == RB_POLICY_REFUSE)
    return (RbAdmission) { RB_ADMISSION_TURN_AWAY, NULL, RB_RULE_POLICY, rb_policy_verdict_describe (&verdict) };
  if (verdict.action == RB_POLICY_HOLD)
    return hold (RB_REASON_HELD, RB_RULE_POLICY, rb_policy_verdict_describe (&verdict));
  if (is_in_loop (core, message))
    return hold (RB_REASON_HELD_LOOP, RB_RULE_LOOP,
                 g_strdup_printf ("policy.loop-hops %u, policy.loop-rate %u", settings->loop_hops, settings->loop_rate));
  if (is_above_quota (core, message))
    return hold (RB_REASON_HELD_QUOTA, RB_RULE_QUOTA, g_strdup_printf ("policy.unknown-per-hour %u", settings->unknown_per_hour));
  if (rb_held_has_before (core->held, message))
    return hold (RB_REASON_HELD_BEHIND, RB_RULE_BEHIND, NULL);
  return (RbAdmission) { RB_ADMISSION_LET_IN, NULL, NULL, NULL };
}

const RbPolicyRule *
rb_admission_find_rule (RbCore          *core,
                        const RbMessage *message)
{
  RbPolicyMessage question = make_question (core, message);

  return rb_policy_find_for_message (core->policy, &question);
}

void
rb_admission_refused (RbCore    *core,
                      RbMessage *message)
{
  if (message->took_quota)
    rb_quota_give_back (core->quota, get_sender (message));
  message->took_quota = FALSE;
}

gboolean
rb_admission_may_claim (RbCore          *core,
                        const RbClaimed *claimed)
{
  static const guint8 no_random[24] = { 1, [23] = 1 };
  g_autoptr(RbMessage) message = NULL;
  g_autofree char *why = NULL;
  RbTraceVerdict unused;
  RbPolicyVerdict verdict;

  if (rb_policy_get_n (core->policy) == 0 || rb_inbox_lookup (core->inbox, claimed->undispatched_id) != NULL)
    return TRUE;

  message = rb_message_new (claimed->envelope, claimed->undispatched_id, 0, no_random, &unused);
  verdict = ask_policy (core, message);
  if (verdict.action == RB_POLICY_ACCEPT)
    return TRUE;
  why = rb_policy_verdict_describe (&verdict);
  rb_log_info ("claim_refused_by_policy", "undispatched_id", claimed->undispatched_id, "rule", why, NULL);
  return FALSE;
}

gboolean
rb_admission_is_worth_claiming (RbCore     *core,
                                const char *sender)
{
  RbPolicyMessage question = { .sender = sender, .is_of_any_kind = TRUE };
  RbPolicyVerdict verdict = rb_policy_decide_message (core->policy, &question, rb_core_now (core));

  return verdict.action == RB_POLICY_ACCEPT || !g_str_equal (verdict.rule->kind, "*");
}

gboolean
rb_admission_may_list (RbCore     *core,
                       const char *undispatched_id,
                       const char *source_id,
                       const char *sender)
{
  RbPolicyMessage question = { .sender = sender };

  if ((undispatched_id != NULL && rb_held_lookup (core->held, undispatched_id) != NULL) ||
      (source_id != NULL && rb_held_lookup (core->held, source_id) != NULL))
    return FALSE;
  return rb_policy_get_n (core->policy) == 0 ||
         rb_policy_decide_message (core->policy, &question, rb_core_now (core)).action == RB_POLICY_ACCEPT;
}

void
rb_admission_person (RbCore          *core,
                     const RbMessage *message)
{
  RbLoopTurn turn = make_turn (core, message);

  rb_loop_forget (core->loop, &turn);
}

gboolean
rb_admission_is_same_talk (RbCore          *core,
                           const RbMessage *message,
                           const RbMessage *other)
{
  RbLoopTurn first = make_turn (core, message);
  RbLoopTurn second = make_turn (core, other);

  return g_strcmp0 (first.address, second.address) == 0 && g_strcmp0 (first.endpoint_id, second.endpoint_id) == 0;
}

void
rb_admission_recall (RbCore           *core,
                     const RbLoopTurn *turn,
                     gboolean          takes_quota,
                     gint64            age_ms)
{
  gint64 at_ms = monotonic_ms (core) - age_ms;

  rb_loop_pass (core->loop, turn, at_ms);
  if (turn->way == RB_LOOP_IN && takes_quota && turn->address != NULL && is_stranger (core, turn->address))
    rb_quota_take (core->quota, turn->address, at_ms);
}

void
rb_admission_recall_held (RbCore *core)
{
  g_autoptr(GPtrArray) rows = rb_held_dup_rows (core->held);

  for (guint i = 0; i < rows->len; i++)
    {
      const RbMessage *message = ((const RbHeldRow *) g_ptr_array_index (rows, i))->message;
      RbLoopTurn turn = make_turn (core, message);

      if (strcmp (message->reason, RB_REASON_HELD_LOOP) == 0)
        rb_loop_open (core->loop, &turn, monotonic_ms (core));
    }
}

void
rb_admission_sent (RbCore     *core,
                   const char *to,
                   const char *endpoint_id,
                   const char *correlation_id,
                   RbChanges  *changes)
{
  RbLoopTurn turn = { RB_LOOP_OUT, correlation_id, endpoint_id, to };

  rb_loop_pass (core->loop, &turn, monotonic_ms (core));
  if (to != NULL)
    rb_known_add (core->known, to, rb_core_now (core), changes);
}
