/* sim-oracle-traffic.c: what must be true of everything that leaves the process, at the moment when it leaves
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-oracle-private.h"

#include "rb-json.h"

#include <string.h>

void
sim_oracle_posted (SimOracle  *self,
                   const char *id,
                   const char *endpoint_id,
                   const char *correlation_id)
{
  SimMessage *message = sim_oracle_message (self, id);
  GPtrArray *lane;

  message->number = (guint) ++self->counts.messages;
  if (correlation_id == NULL)
    return;

  message->correlation = g_strdup (correlation_id);
  message->lane = g_strconcat (endpoint_id != NULL ? endpoint_id : "", " ", correlation_id, NULL);
  lane = g_hash_table_lookup (self->lanes, message->lane);
  if (lane == NULL)
    {
      lane = g_ptr_array_new ();
      g_hash_table_insert (self->lanes, g_strdup (message->lane), lane);
    }
  g_ptr_array_add (lane, message);
}

void
sim_oracle_delivering (SimOracle  *self,
                       const char *id)
{
  SimMessage *message = sim_oracle_message (self, id);

  sim_trace (self, "network", "delivers %s", id);
  self->n_deliveries++;
  if (message->delivered_at == 0)
    message->delivered_at = self->n_deliveries;
}

/* Invariant 2, and the first half of 1: what the network may forget would be there after a power loss. */
void
sim_oracle_accepted (SimOracle  *self,
                     const char *id,
                     gboolean    was_delivered)
{
  SimMessage *message = sim_oracle_message (self, id);
  g_autofree char *key = g_strconcat (id, "\x1f", NULL);

  sim_trace (self, "broker", "accepts %s", id);
  sim_oracle_note (self, id);
  sim_check (self, 6, was_delivered, "'%s' was accepted or released already", id);
  sim_check (self, 2, message->place != SIM_PLACE_NONE || message->is_pruned, "'%s' is accepted and not on the disk", id);
  sim_check (self, 2, message->is_pruned || sim_store_peek_synced (self->store, RB_TABLE_PLACES, key) != NULL,
             "'%s' is accepted before its row is synced", id);
  self->counts.accepted += message->is_accepted ? 0 : 1;
  message->is_accepted = TRUE;
}

void
sim_oracle_released (SimOracle  *self,
                     const char *id,
                     gboolean    was_delivered)
{
  SimMessage *message = sim_oracle_message (self, id);

  sim_trace (self, "broker", "releases %s", id);
  sim_check (self, 6, was_delivered, "'%s' was accepted or released already", id);
  if (message->refused_ms == 0)
    message->refused_ms = MAX (1, sim_clock_get_ms (self->clock));
  self->counts.refusals++;
}

static char *
content_of (RbEnvelope *envelope)
{
  return rb_json_slice_to_string (rb_envelope_get_content (envelope), NULL);
}

/* "re:<assignment>:<request>:<text>" is a reply; the text is not part of what it answers. */
static char *
reply_key (const char *content)
{
  const char *end = strrchr (content, ':');

  return g_str_has_prefix (content, "re:") ? g_strndup (content, (gsize) (end - content)) : NULL;
}

static void
check_reply_is_recorded (SimOracle  *self,
                         const char *content,
                         const char *wire_id)
{
  g_auto(GStrv) parts = g_strsplit (content, ":", 4);
  const SimAssignment *assignment = g_hash_table_lookup (self->assignments, parts[1]);
  g_autofree char *key = NULL;
  GVariant *row;

  sim_check (self, 2, assignment != NULL && assignment->message_id != NULL, "a reply to '%s' leaves, of which the disk knows nothing",
             parts[1]);
  key = g_strdup_printf ("%s\x1f%s\x1f%s\x1f", assignment->message_id, assignment->id, parts[2]);
  row = sim_store_peek (self->store, RB_TABLE_REPLIES, key);
  sim_check (self, 2, row != NULL && sim_store_peek_synced (self->store, RB_TABLE_REPLIES, key) != NULL,
             "reply '%s' of '%s' leaves before its record is synced", parts[2], parts[1]);
  sim_check (self, 3, strcmp (sim_row_text (row, 6), wire_id) == 0, "reply '%s' of '%s' leaves as '%s' and is recorded as '%s'", parts[2],
             parts[1], wire_id, sim_row_text (row, 6));
}

/* Invariant 3: whatever is retried, crashes or times out. */
void
sim_oracle_sending (SimOracle  *self,
                    RbEnvelope *envelope)
{
  g_autofree char *content = content_of (envelope);
  g_autofree char *reply = reply_key (content);
  const char *id = rb_envelope_get_id (envelope);
  const char *known;

  sim_trace (self, "broker", "sends %s as %s", content, id);
  sim_oracle_note (self, content);
  self->counts.sends++;
  if (reply == NULL)
    return;

  check_reply_is_recorded (self, content, id);
  known = g_hash_table_lookup (self->wire_ids, reply);
  sim_check (self, 3, known == NULL || strcmp (known, id) == 0, "'%s' left as '%s' and leaves again as '%s'", reply, known, id);
  g_hash_table_insert (self->wire_ids, g_steal_pointer (&reply), g_strdup (id));
}

/* What has no id of its own to tell copies apart may leave once only. */
void
sim_oracle_sent (SimOracle  *self,
                 RbEnvelope *envelope)
{
  g_autofree char *content = content_of (envelope);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->wires, content)) + 1;

  sim_trace (self, "network", "took %s", content);
  if (!g_str_has_prefix (content, "re:"))
    sim_check (self, 3, n == 1, "'%s' was sent %u times", content, n);
  g_hash_table_insert (self->wires, g_steal_pointer (&content), GUINT_TO_POINTER (n));
}

/* Invariant 4 among what we hold: nothing of its conversation that is older waits behind it. */
static void
check_is_first (SimOracle        *self,
                const SimMessage *message)
{
  GPtrArray *lane = message->lane != NULL ? g_hash_table_lookup (self->lanes, message->lane) : NULL;

  for (guint i = 0; lane != NULL && i < lane->len; i++)
    {
      const SimMessage *other = g_ptr_array_index (lane, i);

      if (other->number >= message->number || other->place != SIM_PLACE_QUEUE || other->pushed_at != 0 ||
          g_strcmp0 (other->endpoint_id, message->endpoint_id) != 0 || sim_oracle_was_given_up (self, other))
        continue;
      if (other->queued_in > message->queued_in)    /* refused so long that the other one was taken, before the process died */
        continue;
      sim_check (self, 4, other->delivered_at > message->delivered_at && message->delivered_at > 0,
                 "'%s' is pushed before '%s', which is older and of the same conversation", message->id, other->id);
    }
}

static void
check_assigned (SimOracle        *self,
                const SimMessage *message,
                const RbPush     *push)
{
  const SimAssignment *assignment = g_hash_table_lookup (self->assignments, push->assignment->assignment_id);

  sim_check (self, 2, assignment != NULL && assignment->state != NULL, "'%s' is pushed as assignment '%s', which is not on the disk",
             message->id, push->assignment->assignment_id);
  sim_check (self, 8, strcmp (assignment->endpoint_id, push->endpoint_id) == 0, "assignment '%s' of '%s' is pushed to '%s'",
             assignment->id, assignment->endpoint_id, push->endpoint_id);
}

void
sim_oracle_pushed (SimOracle    *self,
                   gint64        pid,
                   const RbPush *push)
{
  SimMessage *message = sim_oracle_message (self, push->source_message_id);
  const SimHolder *holder = g_hash_table_lookup (self->holders, push->endpoint_id);
  g_autofree char *content = content_of (push->envelope);

  sim_trace (self, "broker", "pushes %s to %s%s%s", message->id, push->endpoint_id, push->assignment != NULL ? " as " : "",
             push->assignment != NULL ? push->assignment->assignment_id : "");
  sim_oracle_note (self, message->id);
  self->counts.pushed++;
  self->n_pushes++;
  sim_check (self, 2, holder != NULL, "'%s' is pushed to '%s', which is not on the disk", message->id, push->endpoint_id);
  sim_check (self, 8, holder->pid == pid, "'%s' of process %" G_GINT64_FORMAT " gets its message from process %" G_GINT64_FORMAT,
             push->endpoint_id, holder->pid, pid);
  if (message->number > 0)
    sim_check (self, 1, strcmp (content, message->id) == 0, "'%s' is pushed with the content '%s'", message->id, content);
  if (push->assignment != NULL)
    {
      check_assigned (self, message, push);
      return;
    }

  sim_check (self, 2, message->place == SIM_PLACE_QUEUE && g_strcmp0 (message->endpoint_id, push->endpoint_id) == 0,
             "'%s' is pushed to '%s' and is in '%s' of '%s'", message->id, push->endpoint_id,
             message->place != SIM_PLACE_NONE ? sim_place_to_string (message->place) : "nothing", message->endpoint_id);
  if (message->pushed_at == 0)
    check_is_first (self, message);
  message->pushed_at = self->n_pushes;
  g_free (message->pushed_to);
  message->pushed_to = g_strdup (push->endpoint_id);
}

/* Invariant 5: a number is one event's, and each event that was not told before has a higher one than all before it. */
static void
check_sequence (SimOracle *self,
                RbEvent   *event)
{
  SimAssignment *assignment = sim_oracle_assignment (self, rb_event_get_subject (event));
  g_autoptr(RbJson) json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  g_autofree char *id = rb_json_peek_string (json, "state_event_id");
  g_autofree char *state = rb_json_peek_string (json, "state");
  g_autofree char *key = NULL;
  const char *known;
  gint64 sequence = 0;

  rb_json_get_int (json, "state_sequence", &sequence, NULL);
  if (assignment->state == NULL && sequence == 1 && g_str_equal (state, "assigned_to_runtime_target"))
    sim_oracle_regrant (assignment);
  sim_trace (self, "broker", "tells %s: %s, %" G_GINT64_FORMAT " (%s)", assignment->id, state, sequence, id);
  sim_oracle_note (self, state);
  key = g_strdup_printf ("%s %u %" G_GINT64_FORMAT, assignment->id, assignment->generation, sequence);
  known = g_hash_table_lookup (self->events, key);
  sim_check (self, 5, known == NULL || strcmp (known, id) == 0, "number %" G_GINT64_FORMAT " of '%s' was '%s' and is '%s' (%s)", sequence,
             assignment->id, known, id, state);
  /* What was refused for good and the operator had told again is as old as it was. */
  sim_check (self, 5, known != NULL || sequence > assignment->sequence || self->has_retried, "'%s' is told %s with number %" G_GINT64_FORMAT
             " after number %" G_GINT64_FORMAT, assignment->id, state, sequence, assignment->sequence);
  assignment->sequence = MAX (assignment->sequence, sequence);
  g_hash_table_insert (self->events, g_steal_pointer (&key), g_steal_pointer (&id));
}

/* Of what is held only a person knows. */
static void
check_nobody_hears (SimOracle *self,
                    RbEvent   *event)
{
  const SimMessage *message = g_hash_table_lookup (self->messages, rb_event_get_subject (event));

  if (message != NULL)
    sim_check (self, 2, message->place != SIM_PLACE_HELD, "%s is told of '%s', which is held",
               rb_event_kind_to_string (rb_event_get_kind (event)), message->id);
}

void
sim_oracle_told (SimOracle *self,
                 RbEvent   *event,
                 gboolean   is_authority)
{
  self->counts.events++;
  check_nobody_hears (self, event);
  if (!is_authority)
    return;
  sim_oracle_check_told (self, event);
  if (rb_event_get_kind (event) == RB_EVENT_PROCESSING_STATE)
    check_sequence (self, event);
  else
    sim_trace (self, "broker", "tells %s of %s", rb_event_kind_to_string (rb_event_get_kind (event)), rb_event_get_subject (event));
}

void
sim_oracle_ordered (SimOracle  *self,
                    const char *key)
{
  self->counts.orders++;
  g_hash_table_add (self->orders, g_strdup (key));
}

void
sim_oracle_acknowledged (SimOracle  *self,
                         const char *key,
                         const char *status)
{
  sim_trace (self, "broker", "answers order %s: %s", key, status);
  sim_oracle_note (self, key);
  sim_oracle_check_applied (self, key, status);
  g_hash_table_remove (self->orders, key);
}
