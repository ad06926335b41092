/* rb-explain-message.c: the story of a message, of an assignment of it, of a reply to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-private.h"

#include "rb-dict.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"
#include "rb-settling.h"

static void
put_place (RbStory           *story,
           const RbExplained *self)
{
  const char *place, *endpoint_id, *reason, *correlation_id;
  GVariantDict *dict = &story->dict;
  gint64 since;

  if (self->place == NULL)
    {
      rb_dict_put_text (dict, "place", self->archived != NULL ? NULL : "sent");
      return;
    }

  g_variant_get (self->place, "(&s&sm&sxm&sm&sx)", NULL, &place, &endpoint_id, NULL, &reason, &correlation_id, &since);
  rb_dict_put_text (dict, "place", place);
  rb_dict_put_text (dict, "endpoint_id", endpoint_id);
  rb_dict_put_text (dict, "reason", reason);
  rb_dict_put_text (dict, "correlation_id", correlation_id);
  rb_dict_put_time (dict, "since", since);
  if (g_str_equal (place, "ended"))
    rb_story_put_ended (story, reason, NULL, since);
}

/* How it ended is also in its place, for as long as that is remembered; who wrote it, when, and where it went are not. */
static void
put_archived (RbStory           *story,
              const RbExplained *self,
              gboolean           is_alive)
{
  const char *kind, *name, *endpoint_id, *correlation_id, *source_id, *content_type, *outcome;
  gint64 begun_at, ended_at;
  gboolean is_out;

  if (self->archived == NULL || is_alive)
    return;

  g_variant_get (self->archived, "(x&s&s&sm&sm&sm&sm&sxx&sx)", NULL, &kind, NULL, &name, &endpoint_id, &correlation_id, &source_id,
                 &content_type, &begun_at, &ended_at, &outcome, NULL);
  is_out = g_str_equal (kind, RB_ARCHIVE_OUT);
  rb_dict_put_text (&story->dict, is_out ? "to_address" : "sender_address", name);
  rb_dict_put_text (&story->dict, "source_message_id", source_id);
  rb_dict_put_text (&story->dict, "content_type", content_type);
  if (!is_out)
    rb_dict_put_time (&story->dict, "arrived_at", begun_at);
  /* What came here from here has one id twice; that it was sent may be known later than how it ended. */
  if (self->place != NULL)
    return;

  rb_dict_put_text (&story->dict, "place", is_out ? "sent" : "ended");
  rb_dict_put_text (&story->dict, "endpoint_id", endpoint_id);
  rb_dict_put_text (&story->dict, "reason", outcome);
  rb_dict_put_text (&story->dict, "correlation_id", correlation_id);
  rb_dict_put_time (&story->dict, "since", ended_at);
  rb_story_put_ended (story, outcome, NULL, ended_at);
}

const char *
rb_explain_why_queued (const RbEndpoint *endpoint,
                       const RbItem     *item)
{
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    return "its endpoint is reconnecting";
  if (item->is_pushed)
    return "pushed; waits for the adapter's receipt";
  if (item->timer != 0)
    return "the adapter sent no receipt; waits before it is pushed again";
  if (!item->message->is_durable)
    return "is being stored";
  return "waits for an earlier message of its conversation, or for room in the channel's window";
}

static void
put_queued (RbStory *story,
            RbMessage *message,
            const char *endpoint_id)
{
  RbEndpoint *endpoint = rb_registry_lookup (story->core->registry, endpoint_id);
  RbItem *item = endpoint != NULL ? rb_queue_find (endpoint->queue, message->id) : NULL;
  gboolean is_direct = item != NULL && item->assignment_id == NULL;

  if (item == NULL)
    return;

  g_variant_dict_insert (&story->dict, "attempts", "u", item->attempts);
  rb_story_put_error (story, item->failure, NULL, item->failed_at, item->n_failures);
  if (is_direct && endpoint->state == RB_ENDPOINT_RECONNECTING)
    rb_story_put_next (story, "its endpoint is reconnecting; when the grace period ends the message returns to the inbox",
                       endpoint->grace_deadline);
  else if (is_direct)
    rb_story_put_next (story, rb_explain_why_queued (endpoint, item), 0);
  if (item->is_pushed)
    rb_story_add_clock (story, "receipt", item->timer, is_direct ? "the push counts as lost; it is pushed again" : "it returns to the inbox");
  else
    rb_story_add_clock (story, "retry", item->timer, "it is pushed again");
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    rb_story_add_timer (story, "grace", endpoint->grace_deadline, "its endpoint is closed and it returns to the inbox");
}

/* Its adapter accepted it, and is not there. */
static gboolean
put_away (RbStory    *story,
          const char *endpoint_id)
{
  const RbEndpoint *endpoint = rb_registry_lookup (story->core->registry, endpoint_id);

  if (endpoint == NULL || endpoint->state != RB_ENDPOINT_RECONNECTING)
    return FALSE;
  rb_story_put_next (story, "accepted; its adapter is away, and goes on with it when it comes back in time", endpoint->grace_deadline);
  rb_story_add_timer (story, "grace", endpoint->grace_deadline, "its endpoint is closed and it ends: whether the work was done nobody knows");
  return TRUE;
}

static void
put_assignment (RbStory            *story,
                const RbAssignment *assignment)
{
  static const char *const nexts[] = {
    [RB_ASSIGNMENT_QUEUED] = "waits to be taken; without adapter_accepted in time it returns to the inbox",
    [RB_ASSIGNMENT_PENDING] = "taken; without adapter_accepted in time it returns to the inbox",
    [RB_ASSIGNMENT_STAGED] = "fetched by the adapter, which has not accepted it",
    [RB_ASSIGNMENT_ACCEPTED] = "accepted; the adapter works on it and replies or reports how it ended",
    [RB_ASSIGNMENT_REPLIED] = "replied; the upstream has not confirmed the report yet",
    [RB_ASSIGNMENT_GONE] = NULL,
  };

  rb_dict_put_text (&story->dict, "endpoint_id", assignment->endpoint_id);
  rb_dict_put_text (&story->dict, "assignment_id", assignment->context->assignment_id);
  rb_dict_put_text (&story->dict, "assignment_state", rb_assignment_state_to_string (assignment->state));
  rb_story_put_holder (story, assignment->endpoint_id);
  if (assignment->state == RB_ASSIGNMENT_PENDING && assignment->deadline == 0)
    rb_story_put_next (story, "taken; it returns to the inbox when who has it leaves", 0);
  else if (assignment->state != RB_ASSIGNMENT_ACCEPTED || !put_away (story, assignment->endpoint_id))
    rb_story_put_next (story, nexts[assignment->state], assignment->deadline);
  rb_story_add_timer (story, "acceptance", assignment->deadline, "it is taken back and returns to the inbox");
  put_queued (story, assignment->message, assignment->endpoint_id);
  rb_outbox_put_story (story, RB_EVENT_PROCESSING_STATE, assignment->context->assignment_id);
}

static void
put_settling (RbStory          *story,
              const RbSettling *settling)
{
  g_autoptr(GString) next = g_string_new ("declared handled by ");
  gboolean is_quiet = TRUE;

  for (guint i = 0; i < settling->settlers->len; i++)
    {
      const RbSettler *settler = g_ptr_array_index (settling->settlers, i);

      g_string_append_printf (next, "%s%s%s", i > 0 ? ", " : "", settler->endpoint_id, settler->has_left     ? " (gone)"
                              : settler->is_refused ? " (refused since)"
                                                    : "");
      is_quiet &= (settler->has_left || settler->is_refused) && settler->n_running == 0;
    }
  g_string_append (next, is_quiet ? "; whether the upstream heard so, the next claim or self-settle of it will tell"
                                  : "; ends when the upstream, which is being asked, says so too");
  rb_story_put_next (story, next->str, 0);
  if (rb_settling_find_asker (settling) != NULL)
    rb_story_add_clock (story, "self_settle", story->core->settle_timer, "the upstream is asked again whether it is settled");
}

static void
put_inbox (RbStory   *story,
           RbMessage *message)
{
  const RbStagedItem *staged = rb_staging_find_message (story->core->staging, message->id);
  const RbSettling *settling = rb_settling_lookup (story->core, message->id);
  g_autofree char *next = NULL;

  if (settling != NULL)
    put_settling (story, settling);
  else if (staged == NULL)
    rb_story_put_next (story, "waits in the inbox until somebody dispatches it, or an endpoint claims it", 0);
  else
    {
      next = g_strdup_printf ("claimed in advance for %s, which has not fetched it yet", staged->endpoint_id);
      rb_story_put_next (story, next, 0);
      rb_story_put_holder (story, staged->endpoint_id);
    }
  rb_mailroom_put_story (story);
}

static void
put_held (RbStory   *story,
          RbMessage *message)
{
  RbCore *core = story->core;
  const RbHeldRow *row = rb_held_lookup (core->held, message->id);
  g_autofree char *next = NULL;

  if (row == NULL)
    return;
  if (row->is_leaving)
    next = g_strdup ("was let in; the upstream is asked where it may go");
  else if (!rb_held_is_first (core->held, row))
    next = g_strdup_printf ("waits behind '%s' of the same conversation, which is held", rb_held_get_first (core->held, row->lane)->message->id);
  else if (g_str_equal (message->reason, RB_REASON_HELD_BEHIND))
    next = g_strdup ("may come in; there was no room where it goes, and it is tried again");
  else
    next = g_strdup ("waits for a person to accept or to refuse it");
  rb_story_put_next (story, next, 0);
  rb_story_add_clock (story, "held", core->held_timer, "what may come in and had no room is tried again");
}

void
rb_explain_put_live (RbStory   *story,
                     RbMessage *message)
{
  RbAssignment *assignment = rb_assignments_of_message (story->core->assignments, message->id);

  rb_dict_put_text (&story->dict, "sender_address", rb_envelope_get_from (message->envelope));
  rb_dict_put_text (&story->dict, "source_message_id", message->source_id);
  rb_dict_put_text (&story->dict, "content_type", rb_envelope_get_content_type (message->envelope));
  rb_dict_put_time (&story->dict, "arrived_at", message->arrived_at);
  if (assignment != NULL)
    put_assignment (story, assignment);
  else if (message->place == RB_PLACE_INBOX)
    put_inbox (story, message);
  else if (message->place == RB_PLACE_HELD)
    put_held (story, message);
  else if (message->place == RB_PLACE_QUEUE)
    {
      rb_story_put_holder (story, message->endpoint_id);
      put_queued (story, message, message->endpoint_id);
    }
  rb_outbox_put_story (story, RB_EVENT_UNDISPATCHED_CHANGED, message->id);
}

GVariant *
rb_explain_message (RbCore            *core,
                    const RbExplained *self)
{
  RbMessage *message = rb_ledger_lookup (core->ledger, self->thing->subject);
  RbStory story;

  rb_story_begin (&story, core, "message", self->thing->subject);
  put_place (&story, self);
  put_archived (&story, self, message != NULL);
  rb_story_put_rule (&story, self->steps);
  rb_story_put_ladder_error (&story, self->steps);
  if (message != NULL)
    rb_explain_put_live (&story, message);
  else
    rb_outbox_put_story (&story, RB_EVENT_INBOUND_ROUTED, self->thing->subject);
  rb_story_put_ladder (&story, self->steps);
  return rb_story_end (&story);
}

/* The steps that name an assignment. */
static const char *const begins[] = { "assigned", "claimed", "staged", NULL };

/* The steps of one assignment: from the one that names it to the one that ends it. */
static GPtrArray *
steps_of (const RbExplained *self,
          const char       **how)
{
  static const char *const ends[] = { "restored", "released", "settled", "returned", NULL };
  GPtrArray *steps = g_ptr_array_new ();
  gboolean is_inside = FALSE;

  *how = NULL;
  for (guint i = 0; i < self->steps->len; i++)
    {
      GVariant *row = g_ptr_array_index (self->steps, i);
      RbStep step;

      rb_step_read (row, &step);
      if (g_strv_contains (begins, step.step))
        is_inside = g_strcmp0 (step.detail, self->thing->id) == 0;
      if (!is_inside)
        continue;

      g_ptr_array_add (steps, row);
      *how = g_strv_contains (ends, step.step) ? step.step : NULL;
      is_inside = *how == NULL;
    }
  return steps;
}

static void
put_end_of (RbStory    *story,
            GPtrArray  *steps,
            const char *how)
{
  RbStep last;

  if (how == NULL || steps->len == 0)
    return;
  rb_step_read (g_ptr_array_index (steps, steps->len - 1), &last);
  rb_story_put_ended (story, how, last.detail, last.at);
}

GVariant *
rb_explain_assignment (RbCore            *core,
                       const RbExplained *self)
{
  RbAssignment *assignment = rb_assignments_of_message (core->assignments, self->thing->subject);
  const char *how;
  g_autoptr(GPtrArray) steps = steps_of (self, &how);
  RbStory story;
  RbStep first;

  rb_story_begin (&story, core, "assignment", self->thing->id);
  rb_dict_put_text (&story.dict, "message_id", self->thing->subject);
  if (steps->len > 0)
    {
      rb_step_read (g_ptr_array_index (steps, 0), &first);
      rb_dict_put_text (&story.dict, "endpoint_id", first.endpoint_id);
    }
  rb_story_put_rule (&story, steps);
  rb_story_put_ladder_error (&story, steps);
  if (assignment != NULL && g_str_equal (assignment->context->assignment_id, self->thing->id))
    rb_explain_put_live (&story, assignment->message);
  else
    {
      put_end_of (&story, steps, how);
      rb_outbox_put_story (&story, RB_EVENT_PROCESSING_STATE, self->thing->id);
    }
  rb_story_put_ladder (&story, steps);
  return rb_story_end (&story);
}

typedef struct {
  const RbExplained   *explained;
  const RbReplyRecord *found;
} RecordSearch;

/* Whether one of its steps gave it out as that assignment. */
static gboolean
has_begun (const RbExplained *self,
           const char        *assignment_id)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      RbStep step;

      rb_step_read (g_ptr_array_index (self->steps, i), &step);
      if (g_strv_contains (begins, step.step) && g_strcmp0 (step.detail, assignment_id) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
match_record (const RbReplyRecord *record,
              gpointer             user_data)
{
  RecordSearch *search = user_data;
  const RbThing *thing = search->explained->thing;

  if (!g_str_equal (record->reply_request_id, thing->id) && !g_str_equal (record->wire_message_id, thing->id))
    return;
  /* The network may know its message by another id than we do. */
  if (g_str_equal (record->source_message_id, thing->subject) || has_begun (search->explained, record->assignment_id))
    search->found = record;
}

static void
put_record (RbStory             *story,
            const RbReplyRecord *record)
{
  RbAssignment *assignment = rb_assignments_lookup (story->core->assignments, record->source_message_id, record->assignment_id);
  gboolean is_running = rb_replies_get_in_flight (story->core->replies, record->source_message_id, record->assignment_id,
                                                  record->reply_request_id) != NULL;
  const char *state = is_running ? "being_sent" : record->result != NULL ? record->result : record->outcome_unknown != NULL ? "outcome_unknown" : "not_sent";

  rb_dict_put_text (&story->dict, "reply_request_id", record->reply_request_id);
  rb_dict_put_text (&story->dict, "assignment_id", record->assignment_id);
  rb_dict_put_text (&story->dict, "wire_message_id", record->wire_message_id);
  rb_dict_put_text (&story->dict, "endpoint_id", record->endpoint_id);
  rb_dict_put_text (&story->dict, "state", state);
  rb_dict_put_text (&story->dict, "fingerprint", record->fingerprint);
  rb_story_put_holder (story, record->endpoint_id);
  rb_story_put_error (story, record->outcome_unknown, "connector_send_outcome_unknown", record->failed_at, MAX (record->n_failures, 1));
  rb_story_put_error (story, record->failure, record->failure_code, record->failed_at, record->n_failures);
  if (is_running)
    rb_story_put_next (story, "the network has it; its answer is recorded", 0);
  else if (record->result == NULL && record->outcome_unknown == NULL)
    rb_story_put_next (story, "the adapter asks again with the same id: it is sent with the same message id", 0);
  if (assignment == NULL)
    rb_story_add_timer (story, "reply_record", record->expires_at, "the id is forgotten; asked again, it names no assignment");
}

/* What the ladder says of it stays when its record is forgotten. */
static void
put_reply_steps (RbStory             *story,
                 const RbExplained   *self,
                 const RbReplyRecord *record)
{
  const char *request_id = record != NULL ? record->reply_request_id : self->thing->id;
  g_autoptr(GPtrArray) steps = g_ptr_array_new ();
  gboolean is_inside = FALSE;

  for (guint i = 0; i < self->steps->len; i++)
    {
      RbStep step;

      rb_step_read (g_ptr_array_index (self->steps, i), &step);
      if (g_str_equal (step.step, "reply_requested"))
        is_inside = g_strcmp0 (step.detail, request_id) == 0;
      if (!is_inside)
        continue;
      g_ptr_array_add (steps, g_ptr_array_index (self->steps, i));
      if (g_str_equal (step.step, "replied"))
        {
          if (record == NULL)
            rb_dict_put_text (&story->dict, "wire_message_id", step.detail);
          rb_story_put_ended (story, "replied", NULL, step.at);
          is_inside = FALSE;
        }
    }
  rb_story_put_ladder (story, steps);
}

GVariant *
rb_explain_reply (RbCore            *core,
                  const RbExplained *self)
{
  RecordSearch search = { self, NULL };
  RbStory story;

  rb_replies_foreach (core->replies, match_record, &search);
  rb_story_begin (&story, core, "reply", self->thing->id);
  rb_dict_put_text (&story.dict, "message_id", self->thing->subject);
  if (search.found != NULL)
    put_record (&story, search.found);
  put_reply_steps (&story, self, search.found);
  return rb_story_end (&story);
}
