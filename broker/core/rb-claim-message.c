/* rb-claim-message.c: the message of a claim: a row of our inbox, or one that only the upstream had
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claim-message.h"

#include "rb-inbound.h"
#include "rb-log.h"
#include "rb-received.h"
#include "rb-settle.h"

static void
log_degraded (const RbMessage *message,
              const RbClaimed *claimed,
              RbTraceVerdict   verdict)
{
  rb_log_event (G_LOG_DOMAIN, verdict == RB_TRACE_INVALID ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, "trace_context_degraded", "reason",
                verdict == RB_TRACE_INVALID ? "invalid" : "missing", "traceId", message->trace.trace_id, "spanName", "receive",
                "undispatched_id", claimed->undispatched_id, "source_message_id", claimed->source_message_id, "target_endpoint_id",
                claimed->target->endpoint_id, NULL);
}

/* Live from now on, so that a delivery of the same message waits for what becomes of this one. */
static RbMessage *
make_message (RbCore          *core,
              const RbClaimed *claimed,
              gint64           arrived_at)
{
  guint8 random[24];
  RbTraceVerdict verdict;
  RbMessage *message;

  core->random (random, sizeof random, core->random_data);
  message = rb_message_new (claimed->envelope, claimed->undispatched_id, arrived_at, random, &verdict);
  if (verdict != RB_TRACE_PRESENT)
    log_degraded (message, claimed, verdict);
  message->is_being_claimed = TRUE;
  rb_ledger_add (core->ledger, message);
  return message;
}

RbMessage *
rb_claim_message_take (RbCore          *core,
                       const RbClaimed *claimed,
                       gint64           arrived_at)
{
  RbMessage *row = rb_inbox_lookup (core->inbox, claimed->undispatched_id);

  if (row == NULL)
    return rb_ledger_lookup (core->ledger, claimed->undispatched_id) == NULL ? make_message (core, claimed, arrived_at) : NULL;

  if (g_strcmp0 (row->source_id, claimed->source_message_id) != 0)
    rb_log_warning ("runtime_self_claim_cache_mismatch", "undispatched_id", claimed->undispatched_id, "source_message_id",
                    claimed->source_message_id, "cached_source_message_id", row->source_id, NULL);
  return rb_inbox_take (core->inbox, claimed->undispatched_id);
}

void
rb_claim_message_give_back (RbCore    *core,
                            RbMessage *message)
{
  if (message->place == RB_PLACE_INBOX)
    {
      rb_inbox_put_back (core->inbox, message);
      rb_settle_go_on (core, message->id);
    }
  else
    {
      message->is_being_claimed = FALSE;
      rb_inbound_settle (core, message, FALSE);
      rb_settle_go_on (core, message->id);
      rb_settle_vanished (core, message->id);
    }
  rb_message_unref (message);
}

static void
record_arrival (RbCore    *core,
                RbMessage *message,
                RbChanges *changes)
{
  message->position = core->next_position++;
  message->reason = RB_REASON_CLAIMED;
  /* It may have been here before: those steps were of another stay. */
  rb_changes_delete (changes, RB_TABLE_CHECKPOINTS, g_variant_new ("(s)", message->id));
  rb_message_record (message, changes);
}

void
rb_claim_message_store (RbCore       *core,
                        RbAssignment *assignment,
                        const char   *step,
                        const char   *rule,
                        RbChanges    *changes)
{
  RbMessage *message = assignment->message;
  gint64 now = rb_core_now (core);

  message->is_being_claimed = FALSE;
  if (message->place != RB_PLACE_INBOX)
    record_arrival (core, message, changes);
  rb_message_checkpoint_ruled (message, changes, step, now, assignment->endpoint_id, assignment->context->assignment_id, rule);
  rb_message_move (message, changes, RB_PLACE_ASSIGNMENT, message->endpoint_id, message->reason, now);
  rb_received_record (core, assignment->endpoint_id, message->correlation_id, changes);
  rb_assignment_record (assignment, changes);
  rb_core_changed (core, "inbox");
  rb_core_changed (core, "assignments");
}

void
rb_claim_message_settle (RbCore       *core,
                         RbMessage    *message,
                         const GError *error)
{
  if (!message->is_durable)
    rb_inbound_settle (core, message, error == NULL);
}

RbAssignment *
rb_claim_message_assign (RbCore          *core,
                         const RbClaimed *claimed,
                         RbMessage       *message)
{
  RbAssignmentContext *context;

  context = rb_assignment_context_new (claimed->undispatched_id, claimed->source_message_id, claimed->assignment_id, claimed->target,
                                       message->correlation_id, message->trace.trace_id);
  return rb_assignment_new (context, message, claimed->token, claimed->assigned_at);
}
