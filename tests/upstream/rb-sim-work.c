/* rb-sim-work.c: what waits upstream, who may claim it, and the assignments that were made of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A row waits from its `add` until it is done; while an assignment holds it nobody else may have it. Who may claim it is computed
 * from the row and from the endpoints that are registered when somebody asks. */
#include "config.h"

#include "rb-sim-work.h"

#include "rb-sim-json.h"

struct _RbSimWork {
  RbSimRecord    *record;
  RbSimEndpoints *endpoints;
  RbSimMailbox   *mailbox;
  RbSimStates    *states;
  GPtrArray      *rows;         /* of RbSimRow, in the order they came */
  GPtrArray      *assignments;  /* of RbSimAssignment, likewise */
  guint           n_minted;
  gboolean        is_legacy;
};

static void
row_free (gpointer data)
{
  RbSimRow *row = data;

  g_free (row->id);
  json_object_unref (row->event);
  g_free (row->policy);
  g_free (row->assignment_id);
  g_free (row);
}

RbSimWork *
rb_sim_work_new (RbSimRecord    *record,
                 RbSimEndpoints *endpoints,
                 RbSimMailbox   *mailbox)
{
  RbSimWork *self = g_new0 (RbSimWork, 1);

  self->record = record;
  self->endpoints = endpoints;
  self->mailbox = mailbox;
  self->states = rb_sim_states_new (record);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->assignments = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_assignment_free);
  return self;
}

void
rb_sim_work_free (RbSimWork *self)
{
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->assignments);
  rb_sim_states_free (self->states);
  g_free (self);
}

void
rb_sim_work_reset (RbSimWork *self)
{
  g_ptr_array_set_size (self->rows, 0);
  g_ptr_array_set_size (self->assignments, 0);
  rb_sim_states_reset (self->states);
  self->n_minted = 0;
}

void
rb_sim_work_set_legacy (RbSimWork *self,
                        gboolean   is_legacy)
{
  self->is_legacy = is_legacy;
}

/* Rows */

RbSimRow *
rb_sim_work_lookup_row (RbSimWork  *self,
                        const char *id)
{
  for (guint i = 0; id != NULL && i < self->rows->len; i++)
    {
      RbSimRow *row = g_ptr_array_index (self->rows, i);

      if (g_str_equal (row->id, id))
        return row;
    }
  return NULL;
}

static RbSimRow *
add_row (RbSimWork  *self,
         JsonObject *event)
{
  RbSimRow *row = g_new0 (RbSimRow, 1);

  row->id = g_strdup (rb_sim_json_string (event, "undispatched_id"));
  row->event = json_object_ref (event);
  g_ptr_array_add (self->rows, row);
  return row;
}

static const char *
row_source (RbSimRow *row)
{
  const char *source = rb_sim_json_string (row->event, "source_message_id");

  return source != NULL ? source : row->id;
}

static RbSimAssignment *
lookup_assignment (RbSimWork  *self,
                   const char *id)
{
  for (guint i = 0; id != NULL && i < self->assignments->len; i++)
    {
      RbSimAssignment *assignment = g_ptr_array_index (self->assignments, i);

      if (g_str_equal (assignment->id, id))
        return assignment;
    }
  return NULL;
}

static gboolean
is_registered (RbSimWork  *self,
               const char *endpoint_id)
{
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (self->endpoints, endpoint_id);

  return endpoint != NULL && endpoint->retired_at == NULL;
}

static const char *
compute_policy (RbSimWork *self,
                RbSimRow  *row)
{
  const char *hint = rb_sim_json_string (row->event, "target_endpoint_id_hint");

  if (row->assignment_id != NULL)
    return "assigned_in_progress";
  if (row->policy != NULL)
    return row->policy;
  if (hint == NULL)
    return "node_pull_only";
  return is_registered (self, hint) ? "bound_session_pull_only" : "continuation_session_unavailable";
}

/* What is bound to one session is no other one's business. */
static gboolean
is_visible (RbSimWork     *self,
            RbSimRow      *row,
            RbSimEndpoint *endpoint)
{
  const char *hint = rb_sim_json_string (row->event, "target_endpoint_id_hint");

  return !row->is_done && (hint == NULL || g_str_equal (hint, endpoint->id) || !is_registered (self, hint));
}

static void
check_add (RbSimWork  *self,
           JsonObject *event)
{
  static const char *const wanted[] = { "sender_address", "content_preview", "reason", "traceparent", "traceId" };

  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (rb_sim_json_string (event, wanted[i]) == NULL)
      rb_sim_record_object (self->record, "undispatched-changed/fields", "add without '%s'", wanted[i]);
  if (!rb_sim_json_is_int (event, "arrived_at"))
    rb_sim_record_object (self->record, "undispatched-changed/fields", "add without 'arrived_at'");
}

static void
apply_add (RbSimWork  *self,
           const char *id,
           JsonObject *event)
{
  RbSimRow *row = rb_sim_work_lookup_row (self, id);

  check_add (self, event);
  if (row == NULL)
    {
      add_row (self, event);
      return;
    }
  json_object_unref (row->event);
  row->event = json_object_ref (event);
}

void
rb_sim_work_undispatched (RbSimWork    *self,
                          JsonObject   *event,
                          RbSimVerdict *verdict)
{
  const char *action = rb_sim_json_string (event, "action");
  const char *id = rb_sim_json_string (event, "undispatched_id");
  RbSimRow *row = rb_sim_work_lookup_row (self, id);

  if (id == NULL || (g_strcmp0 (action, "add") != 0 && g_strcmp0 (action, "remove") != 0))
    {
      rb_sim_record_object (self->record, "undispatched-changed/action", "action '%s' of '%s'", rb_sim_or_none (action),
                            rb_sim_or_none (id));
      rb_sim_verdict_refuse (verdict, 422, "invalid_event", "action or undispatched_id");
      return;
    }
  if (g_str_equal (action, "add"))
    apply_add (self, id, event);
  else if (row != NULL)
    row->is_done = TRUE;
  verdict->status = 204;
}

/* Candidates */

static JsonObject *
candidate_to_json (RbSimWork *self,
                   RbSimRow  *row)
{
  static const char *const copied[] = { "sender_address", "content_preview", "reason", "target_endpoint_id_hint", "in_reply_to" };
  JsonObject *item = rb_sim_json_new ("undispatched_id", row->id, "source_message_id", row_source (row),
                                      "claim_policy", compute_policy (self, row), NULL);
  RbSimAssignment *assignment = lookup_assignment (self, row->assignment_id);

  for (gsize i = 0; i < G_N_ELEMENTS (copied); i++)
    {
      const char *text = rb_sim_json_string (row->event, copied[i]);

      if (text != NULL)
        json_object_set_string_member (item, copied[i], text);
    }
  json_object_set_int_member (item, "arrived_at", rb_sim_json_int (row->event, "arrived_at", 0));
  if (assignment != NULL)
    {
      json_object_set_string_member (item, "active_assignment_id", assignment->id);
      json_object_set_string_member (item, "active_target_endpoint_id", assignment->endpoint_id);
    }
  return item;
}

RbSimEndpoint *
rb_sim_work_find_claimer (RbSimWork    *self,
                          JsonObject   *request,
                          const char   *member,
                          RbSimVerdict *verdict)
{
  const char *id = rb_sim_json_string (request, member);
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (self->endpoints, id);

  if (endpoint == NULL || endpoint->retired_at != NULL)
    {
      rb_sim_verdict_refuse (verdict, 404, "endpoint_not_found", "%s", rb_sim_or_none (id));
      return NULL;
    }
  if (g_strcmp0 (rb_sim_json_string (request, "endpoint_nonce"), endpoint->nonce) != 0)
    {
      rb_sim_record_object (self->record, "nonce", "a request for '%s' has another nonce", id);
      rb_sim_verdict_refuse (verdict, 403, "endpoint_nonce_mismatch", "%s", id);
      return NULL;
    }
  return endpoint;
}

void
rb_sim_work_candidates (RbSimWork    *self,
                        JsonObject   *request,
                        RbSimVerdict *verdict)
{
  RbSimEndpoint *endpoint = rb_sim_work_find_claimer (self, request, "endpoint_id", verdict);
  gint64 limit = rb_sim_json_int (request, "limit", 256);
  JsonArray *items;

  if (endpoint == NULL)
    return;
  items = json_array_new ();
  for (guint i = 0; i < self->rows->len && (gint64) json_array_get_length (items) < limit; i++)
    {
      RbSimRow *row = g_ptr_array_index (self->rows, i);

      if (is_visible (self, row, endpoint))
        json_array_add_object_element (items, candidate_to_json (self, row));
    }
  verdict->status = 200;
  verdict->body = json_object_new ();
  json_object_set_array_member (verdict->body, "items", items);
}

/* Assignments */

static RbSimAssignment *
make_assignment (RbSimWork  *self,
                 RbSimRow   *row,
                 const char *endpoint_id,
                 JsonObject *target)
{
  g_autofree char *id = g_strdup_printf ("as_%u", ++self->n_minted);
  RbSimAssignment *assignment = rb_sim_assignment_new (id, row->id, row_source (row), endpoint_id, target);

  if (!self->is_legacy)
    assignment->token = g_uuid_string_random ();
  g_ptr_array_add (self->assignments, assignment);
  g_free (row->assignment_id);
  row->assignment_id = g_steal_pointer (&id);
  return assignment;
}

static void
free_row (RbSimWork       *self,
          RbSimAssignment *assignment)
{
  RbSimRow *row = rb_sim_work_lookup_row (self, assignment->row_id);

  assignment->is_closed = TRUE;
  if (row != NULL && g_strcmp0 (row->assignment_id, assignment->id) == 0)
    g_clear_pointer (&row->assignment_id, g_free);
}

static void
finish_row (RbSimWork       *self,
            RbSimAssignment *assignment)
{
  RbSimRow *row = rb_sim_work_lookup_row (self, assignment->row_id);

  free_row (self, assignment);
  if (row != NULL)
    row->is_done = TRUE;
}

static JsonObject *
claimed_message (RbSimWork *self,
                 RbSimRow  *row)
{
  JsonObject *kept = rb_sim_mailbox_lookup (self->mailbox, row_source (row));
  JsonObject *metadata = rb_sim_json_object (kept, "metadata");
  const char *content = rb_sim_json_string (kept, "content");
  const char *from = rb_sim_json_string (row->event, "sender_address");
  JsonObject *message;

  if (content == NULL)
    content = rb_sim_json_string (row->event, "content_preview");
  message = rb_sim_json_new ("from", from != NULL ? from : "", "content", content != NULL ? content : "",
                             "contentType", "text", "sourceMessageId", row_source (row), NULL);
  if (metadata != NULL)
    json_object_set_object_member (message, "metadata", json_object_ref (metadata));
  return message;
}

static void
say_claimed (RbSimWork       *self,
             RbSimRow        *row,
             RbSimAssignment *assignment,
             gboolean         is_new,
             RbSimVerdict    *verdict)
{
  JsonObject *body = rb_sim_json_new ("undispatched_id", row->id, "source_message_id", row_source (row), "assignment_id",
                                      assignment->id, "broker_projection_token", assignment->token, NULL);

  json_object_set_object_member (body, "target_ref", json_object_ref (assignment->target));
  json_object_set_int_member (body, "assigned_at", assignment->assigned_at_ms);
  json_object_set_boolean_member (body, "claimed", is_new);
  json_object_set_object_member (body, "message", claimed_message (self, row));
  verdict->status = is_new ? 201 : 200;
  verdict->body = body;
}

static gboolean
may_claim (RbSimWork     *self,
           RbSimRow      *row,
           RbSimEndpoint *endpoint)
{
  const char *policy = compute_policy (self, row);

  return is_visible (self, row, endpoint) && g_str_has_suffix (policy, "_pull_only");
}

void
rb_sim_work_claim (RbSimWork    *self,
                   JsonObject   *request,
                   RbSimVerdict *verdict)
{
  RbSimEndpoint *endpoint = rb_sim_work_find_claimer (self, request, "target_endpoint_id", verdict);
  RbSimRow *row = rb_sim_work_lookup_row (self, rb_sim_json_string (request, "undispatched_id"));
  RbSimAssignment *assignment = row != NULL ? lookup_assignment (self, row->assignment_id) : NULL;
  g_autoptr(JsonObject) target = endpoint != NULL ? rb_sim_endpoint_target (endpoint) : NULL;

  if (endpoint == NULL)
    return;
  if (row == NULL || row->is_done)
    rb_sim_verdict_refuse (verdict, 404, "undispatched_not_found", "no such row");
  else if (target == NULL)
    rb_sim_verdict_refuse (verdict, 409, "endpoint_not_assignable", "%s has no background exchange", endpoint->id);
  else if (assignment != NULL && rb_sim_json_flag (request, "recover_existing") && g_str_equal (assignment->endpoint_id, endpoint->id))
    say_claimed (self, row, assignment, FALSE, verdict);
  else if (assignment != NULL)
    {
      rb_sim_verdict_refuse (verdict, 409, "assignment_in_progress", "%s is assigned", row->id);
      verdict->category = "assignment_in_progress";
    }
  else if (!may_claim (self, row, endpoint))
    rb_sim_verdict_refuse (verdict, 409, "claim_not_allowed", "%s", compute_policy (self, row));
  else
    {
      assignment = make_assignment (self, row, endpoint->id, target);
      assignment->is_staged = g_strcmp0 (rb_sim_json_string (request, "assignment_mode"), "staged") == 0;
      assignment->sequence = assignment->is_staged ? 1 : 0;
      say_claimed (self, row, assignment, TRUE, verdict);
    }
}

void
rb_sim_work_release (RbSimWork    *self,
                     JsonObject   *request,
                     RbSimVerdict *verdict)
{
  RbSimAssignment *assignment = lookup_assignment (self, rb_sim_json_string (request, "assignment_id"));

  if (assignment == NULL || assignment->is_closed)
    {
      rb_sim_verdict_refuse (verdict, 404, "assignment_not_found", "no such assignment");
      return;
    }
  if (g_strcmp0 (rb_sim_json_string (request, "broker_projection_token"), assignment->token) != 0
      || g_strcmp0 (rb_sim_json_string (request, "undispatched_id"), assignment->row_id) != 0
      || g_strcmp0 (rb_sim_json_string (request, "source_message_id"), assignment->source_message_id) != 0
      || !rb_sim_json_equal (rb_sim_json_object (request, "target_ref"), assignment->target))
    {
      rb_sim_record_object (self->record, "release/fields", "a release of '%s' does not name what was claimed", assignment->id);
      rb_sim_verdict_refuse (verdict, 409, "release_mismatch", "%s", assignment->id);
      return;
    }
  free_row (self, assignment);
  verdict->status = 204;
}

void
rb_sim_work_settle (RbSimWork    *self,
                    JsonObject   *request,
                    RbSimVerdict *verdict)
{
  RbSimEndpoint *endpoint = rb_sim_work_find_claimer (self, request, "endpoint_id", verdict);
  RbSimRow *row = rb_sim_work_lookup_row (self, rb_sim_json_string (request, "undispatched_id"));
  RbSimAssignment *assignment;

  if (endpoint == NULL)
    return;
  if (row == NULL || row->is_done)
    {
      rb_sim_verdict_refuse (verdict, 404, "undispatched_not_found", "no such row");
      return;
    }
  assignment = lookup_assignment (self, row->assignment_id);
  if (assignment != NULL)
    finish_row (self, assignment);
  row->is_done = TRUE;
  verdict->status = 200;
  verdict->body = rb_sim_json_new ("undispatched_id", row->id, "remove_reason", "handled_no_reply", NULL);
  json_object_set_boolean_member (verdict->body, "settled", TRUE);
}

/* What a state that was accepted means for the row (11.4, seen from here). */
static void
apply_state (RbSimWork       *self,
             RbSimAssignment *assignment,
             const char      *state,
             gboolean         is_retryable)
{
  gboolean goes_back = g_str_equal (state, "target_lost_before_acceptance")
                       || g_str_equal (state, "waiting_for_runtime_capability")
                       || (g_str_equal (state, "processing_failed") && is_retryable);

  if (g_str_equal (state, "adapter_accepted"))
    assignment->is_accepted = TRUE;
  else if (goes_back && !assignment->is_accepted)
    free_row (self, assignment);
  else if (g_str_equal (state, "processing_failed") || g_str_equal (state, "expired") || g_str_equal (state, "reply_emitted"))
    finish_row (self, assignment);
}

void
rb_sim_work_processing (RbSimWork    *self,
                        JsonObject   *event,
                        RbSimVerdict *verdict)
{
  RbSimAssignment *assignment = lookup_assignment (self, rb_sim_json_string (event, "assignment_id"));

  if (rb_sim_states_accept (self->states, assignment, event, verdict))
    apply_state (self, assignment, rb_sim_json_string (event, "state"), rb_sim_json_flag (event, "retryable"));
}

RbSimRow *
rb_sim_work_add_row (RbSimWork  *self,
                     const char *id,
                     const char *from,
                     const char *content,
                     const char *endpoint_hint)
{
  g_autoptr(JsonObject) event = rb_sim_json_new ("undispatched_id", id, "source_message_id", id, "sender_address", from,
                                                 "content_preview", content, "reason",
                                                 endpoint_hint != NULL ? "correlated_continuation" : "no_target_endpoint", NULL);

  json_object_set_int_member (event, "arrived_at", rb_sim_now_ms ());
  if (endpoint_hint != NULL)
    json_object_set_string_member (event, "target_endpoint_id_hint", endpoint_hint);
  return add_row (self, event);
}

void
rb_sim_work_set_policy (RbSimWork  *self,
                        const char *id,
                        const char *policy)
{
  RbSimRow *row = rb_sim_work_lookup_row (self, id);

  g_return_if_fail (row != NULL);
  g_free (row->policy);
  row->policy = g_strdup (policy);
}

char *
rb_sim_work_assign (RbSimWork  *self,
                    const char *id,
                    const char *endpoint_id)
{
  RbSimRow *row = rb_sim_work_lookup_row (self, id);
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (self->endpoints, endpoint_id);
  g_autoptr(JsonObject) target = endpoint != NULL ? rb_sim_endpoint_target (endpoint) : NULL;
  g_autoptr(JsonObject) event = NULL;
  RbSimAssignment *assignment;

  if (row == NULL || endpoint == NULL)
    return NULL;
  if (row->assignment_id != NULL)
    lookup_assignment (self, row->assignment_id)->is_closed = TRUE;
  if (target == NULL)
    target = rb_sim_json_new ("kind", "projection_endpoint", "projection_endpoint_id", endpoint_id, "background_exchange_mode",
                              "resident_endpoint", NULL);
  assignment = make_assignment (self, row, endpoint_id, target);
  event = rb_sim_json_new ("type", "dispatch_undispatched", "idempotency_key", assignment->id, "undispatched_id", row->id,
                           "source_message_id", row_source (row), "delivery_intent", "external_handoff", NULL);
  json_object_set_int_member (event, "version", 1);
  json_object_set_int_member (event, "emitted_at", assignment->assigned_at_ms);
  json_object_set_object_member (event, "target_ref", json_object_ref (target));
  if (assignment->token != NULL)
    json_object_set_string_member (event, "broker_projection_token", assignment->token);
  return rb_sim_json_to_text (event);
}

void
rb_sim_work_acked (RbSimWork  *self,
                   const char *assignment_id,
                   const char *status)
{
  RbSimAssignment *assignment = lookup_assignment (self, assignment_id);

  if (assignment != NULL && g_strcmp0 (status, "failed") == 0 && !assignment->is_accepted && !assignment->is_closed)
    free_row (self, assignment);
}

RbSimAssignment *
rb_sim_work_lookup (RbSimWork  *self,
                    const char *id)
{
  RbSimAssignment *assignment = lookup_assignment (self, id);

  for (guint i = self->assignments->len; assignment == NULL && i > 0; i--)
    {
      RbSimAssignment *other = g_ptr_array_index (self->assignments, i - 1);

      if (g_strcmp0 (other->row_id, id) == 0)
        assignment = other;
    }
  return assignment;
}

guint
rb_sim_work_count_waiting (RbSimWork *self)
{
  guint n = 0;

  for (guint i = 0; i < self->rows->len; i++)
    {
      RbSimRow *row = g_ptr_array_index (self->rows, i);

      n += !row->is_done && row->assignment_id == NULL;
    }
  return n;
}

static JsonObject *
assignment_to_json (RbSimAssignment *assignment)
{
  JsonObject *object = rb_sim_json_new ("assignment_id", assignment->id, "undispatched_id", assignment->row_id,
                                        "endpoint_id", assignment->endpoint_id, NULL);
  JsonArray *states = json_array_new ();

  for (guint i = 0; i < assignment->states->len; i++)
    json_array_add_string_element (states, g_ptr_array_index (assignment->states, i));
  json_object_set_array_member (object, "states", states);
  json_object_set_int_member (object, "sequence", assignment->sequence);
  json_object_set_boolean_member (object, "staged", assignment->is_staged);
  json_object_set_boolean_member (object, "accepted", assignment->is_accepted);
  json_object_set_boolean_member (object, "closed", assignment->is_closed);
  return object;
}

JsonObject *
rb_sim_work_to_json (RbSimWork *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *rows = json_array_new ();
  JsonArray *assignments = json_array_new ();

  for (guint i = 0; i < self->rows->len; i++)
    {
      RbSimRow *row = g_ptr_array_index (self->rows, i);
      JsonObject *item = candidate_to_json (self, row);

      json_object_set_boolean_member (item, "done", row->is_done);
      json_array_add_object_element (rows, item);
    }
  for (guint i = 0; i < self->assignments->len; i++)
    json_array_add_object_element (assignments, assignment_to_json (g_ptr_array_index (self->assignments, i)));
  json_object_set_array_member (object, "rows", rows);
  json_object_set_array_member (object, "assignments", assignments);
  return object;
}
