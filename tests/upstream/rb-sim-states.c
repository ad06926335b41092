/* rb-sim-states.c: the processing states of assignments, checked as strictly as the protocol allows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-states.h"

#include "rb-sim-json.h"

typedef enum {
  TOKEN_NEVER,
  TOKEN_ALWAYS,
  TOKEN_MAYBE,
} TokenRule;

static const struct {
  const char *state;
  TokenRule   token;
} known_states[] = {
  { "assigned_to_runtime_target",     TOKEN_ALWAYS },
  { "delivery_attempted",             TOKEN_MAYBE  },   /* the broker's own has one, an adapter's has none */
  { "adapter_accepted",               TOKEN_NEVER  },
  { "processing_started",             TOKEN_NEVER  },
  { "processing_interrupted",         TOKEN_NEVER  },
  { "processing_failed",              TOKEN_NEVER  },
  { "waiting_for_runtime_capability", TOKEN_NEVER  },
  { "expired",                        TOKEN_NEVER  },
  { "target_lost_before_acceptance",  TOKEN_NEVER  },
  { "reply_requested",                TOKEN_ALWAYS },
  { "reply_emitted",                  TOKEN_ALWAYS },
};

struct _RbSimStates {
  RbSimRecord *record;
  GHashTable  *accepted;        /* state_event_id -> JsonObject */
};

void
rb_sim_verdict_clear (RbSimVerdict *verdict)
{
  g_clear_pointer (&verdict->message, g_free);
  g_clear_pointer (&verdict->body, json_object_unref);
}

void
rb_sim_verdict_refuse (RbSimVerdict *verdict,
                       guint         status,
                       const char   *code,
                       const char   *format,
                       ...)
{
  va_list args;

  verdict->status = status;
  verdict->code = code;
  va_start (args, format);
  verdict->message = g_strdup_vprintf (format, args);
  va_end (args);
}

RbSimAssignment *
rb_sim_assignment_new (const char *id,
                       const char *row_id,
                       const char *source_message_id,
                       const char *endpoint_id,
                       JsonObject *target)
{
  RbSimAssignment *assignment = g_new0 (RbSimAssignment, 1);

  assignment->id = g_strdup (id);
  assignment->row_id = g_strdup (row_id);
  assignment->source_message_id = g_strdup (source_message_id);
  assignment->endpoint_id = g_strdup (endpoint_id);
  assignment->target = json_object_ref (target);
  assignment->assigned_at_ms = rb_sim_now_ms ();
  assignment->states = g_ptr_array_new_with_free_func (g_free);
  return assignment;
}

void
rb_sim_assignment_free (RbSimAssignment *assignment)
{
  g_free (assignment->id);
  g_free (assignment->token);
  g_free (assignment->row_id);
  g_free (assignment->source_message_id);
  g_free (assignment->endpoint_id);
  json_object_unref (assignment->target);
  g_ptr_array_unref (assignment->states);
  g_free (assignment);
}

RbSimStates *
rb_sim_states_new (RbSimRecord *record)
{
  RbSimStates *self = g_new0 (RbSimStates, 1);

  self->record = record;
  self->accepted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_object_unref);
  return self;
}

void
rb_sim_states_free (RbSimStates *self)
{
  g_hash_table_unref (self->accepted);
  g_free (self);
}

void
rb_sim_states_reset (RbSimStates *self)
{
  g_hash_table_remove_all (self->accepted);
}

/* Each check is FALSE when it answered. */

static gboolean
check_fields (RbSimStates  *self,
              JsonObject   *event,
              RbSimVerdict *verdict)
{
  static const char *const texts[] = { "type", "source_message_id", "assignment_id", "state_event_id", "state" };
  static const char *const numbers[] = { "version", "state_sequence", "occurred_at" };
  const char *missing = rb_sim_json_object (event, "target_ref") == NULL ? "target_ref" : NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (rb_sim_json_string (event, texts[i]) == NULL)
      missing = texts[i];
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (!rb_sim_json_is_int (event, numbers[i]))
      missing = numbers[i];
  if (missing == NULL)
    return TRUE;
  rb_sim_record_object (self->record, "processing-state/fields", "'%s' is missing or of another type", missing);
  rb_sim_verdict_refuse (verdict, 422, "invalid_event", "%s", missing);
  return FALSE;
}

/* A report that is repeated keeps its id; when it happened may be said anew, and a process that does not know that the one before it told it
 * gives it a higher number. */
static gboolean
is_same_event (JsonObject *one,
               JsonObject *other)
{
  gint64 first = json_object_get_int_member (one, "state_sequence");
  gint64 again = json_object_get_int_member (other, "state_sequence");
  g_autoptr(JsonObject) a = rb_sim_json_copy (one);
  g_autoptr(JsonObject) b = rb_sim_json_copy (other);

  json_object_remove_member (a, "occurred_at");
  json_object_remove_member (b, "occurred_at");
  json_object_remove_member (a, "state_sequence");
  json_object_remove_member (b, "state_sequence");
  return again >= first && rb_sim_json_equal (a, b);
}

static gboolean
check_repetition (RbSimStates  *self,
                  JsonObject   *event,
                  RbSimVerdict *verdict)
{
  const char *id = rb_sim_json_string (event, "state_event_id");
  JsonObject *accepted = g_hash_table_lookup (self->accepted, id);

  if (accepted == NULL)
    return TRUE;
  if (is_same_event (accepted, event))
    {
      verdict->status = 204;
      return FALSE;
    }
  rb_sim_record_object (self->record, "processing-state/same-id", "'%s' came again with other content", id);
  rb_sim_verdict_refuse (verdict, 409, "state_event_conflict", "%s", id);
  return FALSE;
}

/* Whether the state exists, and whether its token is what it must be. */
static gboolean
check_token (RbSimStates     *self,
             RbSimAssignment *assignment,
             JsonObject      *event,
             RbSimVerdict    *verdict)
{
  const char *state = rb_sim_json_string (event, "state");
  const char *token = rb_sim_json_string (event, "broker_projection_token");
  gsize i = 0;

  while (i < G_N_ELEMENTS (known_states) && !g_str_equal (known_states[i].state, state))
    i++;
  if (i == G_N_ELEMENTS (known_states))
    {
      rb_sim_verdict_refuse (verdict, 422, "unknown_state", "%s", state);
      return FALSE;
    }
  if (known_states[i].token == TOKEN_NEVER && token != NULL)
    rb_sim_record_object (self->record, "processing-state/token", "'%s' carries a projection token", state);
  if (known_states[i].token == TOKEN_NEVER || (known_states[i].token == TOKEN_MAYBE && token == NULL))
    return TRUE;
  if (g_strcmp0 (token, assignment->token) == 0)
    return TRUE;
  rb_sim_record_object (self->record, "processing-state/token", "'%s' of '%s' carries %s", state, assignment->id,
                        token != NULL ? "another token" : "no token");
  rb_sim_verdict_refuse (verdict, 403, "projection_token_invalid", "%s", state);
  return FALSE;
}

static gboolean
check_assignment (RbSimStates     *self,
                  RbSimAssignment *assignment,
                  JsonObject      *event,
                  RbSimVerdict    *verdict)
{
  const char *state = rb_sim_json_string (event, "state");

  if (assignment == NULL && g_str_equal (state, "assigned_to_runtime_target"))
    {
      rb_sim_verdict_refuse (verdict, 403, "projection_token_invalid", "no such assignment");
      return FALSE;
    }
  if (assignment == NULL || g_strcmp0 (rb_sim_json_string (event, "source_message_id"), assignment->source_message_id) != 0)
    {
      rb_sim_verdict_refuse (verdict, 409, "assignment_unknown", "no such assignment");
      verdict->category = "reply_handle_stale";
      return FALSE;
    }
  if (!rb_sim_json_equal (rb_sim_json_object (event, "target_ref"), assignment->target))
    {
      rb_sim_record_object (self->record, "processing-state/target", "'%s' of '%s' has another target_ref", state, assignment->id);
      rb_sim_verdict_refuse (verdict, 409, "target_ref_mismatch", "%s", assignment->id);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_order (RbSimStates     *self,
             RbSimAssignment *assignment,
             JsonObject      *event,
             RbSimVerdict    *verdict)
{
  gint64 sequence = rb_sim_json_int (event, "state_sequence", 0);
  const char *state = rb_sim_json_string (event, "state");

  if (assignment->is_closed)
    {
      rb_sim_verdict_refuse (verdict, 409, "assignment_closed", "%s", assignment->id);
      verdict->category = "reply_handle_stale";
      return FALSE;
    }
  if (sequence <= assignment->sequence)
    {
      rb_sim_record_object (self->record, "processing-state/sequence",
                            "'%s' of '%s' has %" G_GINT64_FORMAT " after %" G_GINT64_FORMAT, state, assignment->id, sequence,
                            assignment->sequence);
      rb_sim_verdict_refuse (verdict, 409, "state_sequence_stale", "%s", state);
      return FALSE;
    }
  if (g_str_has_prefix (state, "reply_") && !assignment->is_accepted)
    rb_sim_record_object (self->record, "processing-state/order", "'%s' of '%s' before adapter_accepted", state, assignment->id);
  return TRUE;
}

gboolean
rb_sim_states_accept (RbSimStates     *self,
                      RbSimAssignment *assignment,
                      JsonObject      *event,
                      RbSimVerdict    *verdict)
{
  const char *state;

  if (!check_fields (self, event, verdict) || !check_repetition (self, event, verdict)
      || !check_assignment (self, assignment, event, verdict) || !check_token (self, assignment, event, verdict)
      || !check_order (self, assignment, event, verdict))
    return FALSE;

  state = rb_sim_json_string (event, "state");
  assignment->sequence = rb_sim_json_int (event, "state_sequence", 0);
  g_ptr_array_add (assignment->states, g_strdup (state));
  g_hash_table_replace (self->accepted, g_strdup (rb_sim_json_string (event, "state_event_id")), json_object_ref (event));
  verdict->status = 204;
  return TRUE;
}
