/* sim-oracle-disk.c: what must be true of the disk after each transaction, and so after each crash
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-oracle-private.h"

#include <string.h>

#define MODEL 10    /* no invariant of the design: model and code say the same */

static gboolean is_table_left_out;

void
sim_oracle_leave_out_table (void)
{
  is_table_left_out = TRUE;
}

const char *
sim_row_text (GVariant *row,
              guint     column)
{
  g_autoptr(GVariant) child = g_variant_get_child_value (row, column);
  const char *text = NULL;

  g_variant_get (child, g_variant_is_of_type (child, G_VARIANT_TYPE_STRING) ? "&s" : "m&s", &text);
  return text;
}

static gint64
number_of (GVariant *row,
           guint     column)
{
  g_autoptr(GVariant) child = g_variant_get_child_value (row, column);

  return g_variant_get_int64 (child);
}

static SimMessage *
touch (SimOracle  *self,
       const char *id)
{
  SimMessage *message = sim_oracle_message (self, id);

  if (!message->is_touched)
    g_ptr_array_add (self->touched, message);
  message->is_touched = TRUE;
  return message;
}

static SimHolder *
find_holder (SimOracle  *self,
             const char *endpoint_id)
{
  SimHolder *holder = g_hash_table_lookup (self->holders, endpoint_id);

  if (holder != NULL)
    return holder;
  holder = g_new0 (SimHolder, 1);
  holder->id = g_strdup (endpoint_id);
  g_hash_table_insert (self->holders, holder->id, holder);
  return holder;
}

static SimPlace
place_of (SimOracle *self,
          GVariant  *row)
{
  const char *name = sim_row_text (row, 1);

  for (guint i = SIM_PLACE_QUEUE; i < SIM_N_PLACES; i++)
    if (strcmp (sim_place_to_string (i), name) == 0)
      return i;
  sim_oracle_fail (self, 1, "'%s' is not a place", name);
}

static void
set_place (SimOracle  *self,
           SimMessage *message,
           SimPlace    place,
           const char *endpoint_id)
{
  if (message->place == SIM_PLACE_QUEUE)
    find_holder (self, message->endpoint_id)->n_queued--;
  self->n_in[message->place]--;
  message->place = place;
  g_free (message->endpoint_id);
  message->endpoint_id = g_strdup (endpoint_id);
  self->n_in[place]++;
  if (place == SIM_PLACE_QUEUE)
    find_holder (self, endpoint_id)->n_queued++;
}

/* What is in its lane already and was pushed must not have come after this one. */
static void
check_not_overtaken (SimOracle        *self,
                     const SimMessage *message)
{
  GPtrArray *lane = message->lane != NULL ? g_hash_table_lookup (self->lanes, message->lane) : NULL;

  for (guint i = 0; lane != NULL && i < lane->len; i++)
    {
      const SimMessage *other = g_ptr_array_index (lane, i);

      if (other->number <= message->number || other->pushed_at == 0 || message->pushed_at != 0 ||
          g_strcmp0 (other->pushed_to, message->endpoint_id) != 0)
        continue;
      if (sim_oracle_was_given_up (self, message))
        continue;
      sim_check (self, 4, message->delivered_at == 0 || other->delivered_at == 0 || other->delivered_at < message->delivered_at,
                 "'%s' came before '%s' of the same conversation, and was overtaken by it", message->id, other->id);
    }
}

/* What comes in does not pass an older one of its conversation that is held. */
static void
check_not_passed (SimOracle        *self,
                  const SimMessage *message)
{
  GPtrArray *lane = message->lane != NULL ? g_hash_table_lookup (self->lanes, message->lane) : NULL;

  for (guint i = 0; lane != NULL && i < lane->len; i++)
    {
      const SimMessage *other = g_ptr_array_index (lane, i);

      if (other->number < message->number && other->place == SIM_PLACE_HELD && other->delivered_at != 0 &&
          other->delivered_at < message->delivered_at && !sim_oracle_was_given_up (self, other))
        sim_oracle_fail (self, 4, "'%s' comes in before '%s', which is older, of the same conversation, and held", message->id, other->id);
    }
}

/* What ended stays so; only what somebody was given may end. */
static void
check_end (SimOracle        *self,
           const SimMessage *message,
           SimPlace          place)
{
  sim_check (self, 2, !message->is_over || message->place != SIM_PLACE_ENDED || place == SIM_PLACE_ENDED || place == SIM_PLACE_NONE,
             "'%s' was answered to be settled, and goes to '%s'", message->id, sim_place_to_string (place));
  if (message->place == SIM_PLACE_QUEUE && place == SIM_PLACE_ENDED)
    sim_check (self, 1, message->pushed_at != 0, "'%s' ended and was never pushed", message->id);
  if (message->place == SIM_PLACE_ENDED)
    sim_check (self, 1, place != SIM_PLACE_QUEUE && place != SIM_PLACE_INBOX && place != SIM_PLACE_HELD, "'%s' ended and is taken again", message->id);
}

/* The next life does not know why what is on the disk stands in this order. */
static void
note_given_up (SimOracle        *self,
               const SimMessage *message)
{
  GPtrArray *lane = message->lane != NULL ? g_hash_table_lookup (self->lanes, message->lane) : NULL;

  for (guint i = 0; lane != NULL && i < lane->len; i++)
    {
      SimMessage *other = g_ptr_array_index (lane, i);

      if (other->number < message->number && other->place == SIM_PLACE_NONE && sim_oracle_was_given_up (self, other))
        other->was_given_up = TRUE;
    }
}

static void
on_place (SimOracle *self,
          GVariant  *before,
          GVariant  *after)
{
  SimMessage *message = touch (self, sim_row_text (after != NULL ? after : before, 0));
  SimPlace place = after != NULL ? place_of (self, after) : SIM_PLACE_NONE;
  gboolean is_new = message->place != SIM_PLACE_QUEUE && place == SIM_PLACE_QUEUE;

  sim_trace (self, "disk", "%s: %s -> %s%s%s%s%s", message->id,
             message->place != SIM_PLACE_NONE ? sim_place_to_string (message->place) : "nothing",
             place != SIM_PLACE_NONE ? sim_place_to_string (place) : "nothing",
             after != NULL && sim_row_text (after, 2) != NULL ? " of " : "",
             after != NULL && sim_row_text (after, 2) != NULL ? sim_row_text (after, 2) : "",
             after != NULL && sim_row_text (after, 4) != NULL ? ", " : "",
             after != NULL && sim_row_text (after, 4) != NULL ? sim_row_text (after, 4) : "");
  sim_oracle_note (self, message->id);
  sim_oracle_note (self, place != SIM_PLACE_NONE ? sim_place_to_string (place) : "-");
  if (message->place == SIM_PLACE_NONE && place == SIM_PLACE_INBOX && !self->is_dead)    /* what comes back cannot be refused */
    sim_check (self, 7, self->n_in[SIM_PLACE_INBOX] < self->plan->settings.inbox_cap, "'%s' arrives in an inbox that has %u rows of %u",
               message->id, self->n_in[SIM_PLACE_INBOX], self->plan->settings.inbox_cap);
  if (message->place == SIM_PLACE_NONE && place == SIM_PLACE_HELD && !self->is_dead)
    sim_check (self, 7, self->n_in[SIM_PLACE_HELD] < self->plan->settings.held_cap, "'%s' is held as the %u. of %u", message->id,
               self->n_in[SIM_PLACE_HELD] + 1, self->plan->settings.held_cap);
  if (!self->is_dead)
    check_end (self, message, place);
  if (!self->is_dead && (message->place == SIM_PLACE_NONE || message->place == SIM_PLACE_HELD) &&
      (place == SIM_PLACE_QUEUE || place == SIM_PLACE_INBOX))
    check_not_passed (self, message);
  message->is_pruned = place == SIM_PLACE_NONE && message->place == SIM_PLACE_ENDED && !self->is_dead;
  set_place (self, message, place, after != NULL ? sim_row_text (after, 2) : NULL);
  message->is_in_line = place == SIM_PLACE_HELD && g_strcmp0 (sim_row_text (after, 4), "held_behind") == 0;
  message->has_reason = after != NULL && sim_row_text (after, 4) != NULL;
  if (is_new)
    {
      message->queued_in = self->n_lives;
      note_given_up (self, message);
    }
  if (is_new && !self->is_dead)
    check_not_overtaken (self, message);
}

static void
on_message (SimOracle *self,
            GVariant  *before,
            GVariant  *after)
{
  SimMessage *message = touch (self, sim_row_text (after != NULL ? after : before, 0));

  message->has_content = after != NULL;
  if (after != NULL && message->number > 0)
    sim_check (self, 1, strstr (sim_row_text (after, 2), message->id) != NULL, "the content of '%s' is '%s'", message->id,
               sim_row_text (after, 2));
}

static void
on_assignment (SimOracle *self,
               GVariant  *before,
               GVariant  *after)
{
  GVariant *row = after != NULL ? after : before;
  SimMessage *message = touch (self, sim_row_text (row, 5));
  SimAssignment *assignment = sim_oracle_assignment (self, sim_row_text (row, 1));

  if (before == NULL)
    {
      message->n_assignments++;
      if (!self->is_dead && assignment->message_id != NULL && assignment->sequence > 1)
        sim_oracle_regrant (assignment);
    }
  if (after == NULL)
    message->n_assignments--;
  sim_trace (self, "disk", "%s of %s: %s -> %s", assignment->id, message->id, before != NULL ? sim_row_text (before, 3) : "nothing",
             after != NULL ? sim_row_text (after, 3) : "nothing");
  sim_oracle_note (self, assignment->id);
  g_free (assignment->state);
  assignment->state = g_strdup (after != NULL ? sim_row_text (after, 3) : NULL);
  if (after == NULL)
    return;
  g_free (message->assignment_id);
  message->assignment_id = g_strdup (assignment->id);
  g_free (assignment->message_id);
  assignment->message_id = g_strdup (message->id);
  g_free (assignment->endpoint_id);
  assignment->endpoint_id = g_strdup (sim_row_text (after, 2));
}

static void
on_endpoint (SimOracle *self,
             GVariant  *before,
             GVariant  *after)
{
  const char *id = sim_row_text (after != NULL ? after : before, 0);
  SimHolder *holder = find_holder (self, id);

  sim_trace (self, "disk", "endpoint %s: %s -> %s", id, before != NULL ? sim_row_text (before, 6) : "nothing",
             after != NULL ? sim_row_text (after, 6) : "nothing");
  sim_oracle_note (self, id);
  if (after != NULL)
    holder->pid = number_of (after, 3);
  if (before != NULL && after != NULL)
    sim_check (self, 8, strcmp (sim_row_text (before, 1), sim_row_text (after, 1)) == 0, "endpoint '%s' has another owner token", id);
}

static void
on_reply (SimOracle *self,
          GVariant  *before,
          GVariant  *after)
{
  if (before == NULL || after == NULL)
    return;
  sim_check (self, 3, strcmp (sim_row_text (before, 6), sim_row_text (after, 6)) == 0,
             "reply '%s' of '%s' had the wire id '%s' and has '%s'", sim_row_text (after, 2), sim_row_text (after, 1),
             sim_row_text (before, 6), sim_row_text (after, 6));
  sim_check (self, 3, strcmp (sim_row_text (before, 5), sim_row_text (after, 5)) == 0, "reply '%s' of '%s' has another content",
             sim_row_text (after, 2), sim_row_text (after, 1));
}

/* What a power loss undoes is no step of the broker's. */
static void
watch_transition (SimOracle *self,
                  RbTable    table,
                  GVariant  *key,
                  GVariant  *before,
                  GVariant  *after)
{
  if (self->is_dead || is_table_left_out)
    return;
  if (!self->is_committing)
    rb_transitions_watch_begin (self->transitions);
  self->is_committing = TRUE;
  rb_transitions_watch_change (self->transitions, table, key, before, after);
}

void
sim_oracle_on_problem (const char *text,
                       gpointer    user_data)
{
  sim_oracle_fail (user_data, MODEL, "not in the table of transitions: %s", text);
}

static void
on_row (RbTable   table,
        GVariant *key,
        GVariant *before,
        GVariant *after,
        gpointer  user_data)
{
  SimOracle *self = user_data;

  watch_transition (self, table, key, before, after);
  switch (table)
    {
    case RB_TABLE_PLACES:
      on_place (self, before, after);
      break;
    case RB_TABLE_MESSAGES:
      on_message (self, before, after);
      break;
    case RB_TABLE_ASSIGNMENTS:
      on_assignment (self, before, after);
      break;
    case RB_TABLE_ENDPOINTS:
      on_endpoint (self, before, after);
      break;
    case RB_TABLE_REPLIES:
      on_reply (self, before, after);
      break;
    case RB_TABLE_META:
    case RB_TABLE_CORRELATIONS:
    case RB_TABLE_CHECKPOINTS:
    case RB_TABLE_OUTBOX:
    case RB_TABLE_CONTROL_KEYS:
    case RB_TABLE_ARCHIVE:
    case RB_TABLE_ARCHIVE_TEXT:
    case RB_TABLE_POLICY_RULES:
    case RB_TABLE_KNOWN_SENDERS:
    case RB_TABLE_SPAWNS:
    case RB_N_TABLES:
      break;
    }
}

/* Invariant 1: in one place, with its content while it has not ended, and a reason when it has. */
static void
check_place (SimOracle        *self,
             const SimMessage *message)
{
  g_autofree char *key = NULL;

  sim_check (self, 1, !message->is_accepted || message->place != SIM_PLACE_NONE || message->is_pruned, "'%s' was accepted and is nowhere",
             message->id);
  sim_check (self, 1, message->n_assignments == (message->place == SIM_PLACE_ASSIGNMENT ? 1 : 0),
             "'%s' is in '%s' and has %u assignments", message->id,
             message->place != SIM_PLACE_NONE ? sim_place_to_string (message->place) : "nothing", message->n_assignments);
  sim_check (self, 1, message->has_content == (message->place != SIM_PLACE_NONE && message->place != SIM_PLACE_ENDED),
             "'%s' is in '%s' and its content is %s", message->id,
             message->place != SIM_PLACE_NONE ? sim_place_to_string (message->place) : "nothing",
             message->has_content ? "there" : "not there");
  if (message->place == SIM_PLACE_ENDED)
    sim_check (self, 1, message->has_reason, "'%s' ended without a reason", message->id);
  if (message->place != SIM_PLACE_QUEUE)
    return;
  key = g_strconcat (message->endpoint_id, "\x1f", NULL);
  sim_check (self, 1, sim_store_peek (self->store, RB_TABLE_ENDPOINTS, key) != NULL, "'%s' is queued for '%s', which is not there",
             message->id, message->endpoint_id);
}

static void
check_bounds (SimOracle *self)
{
  const RbCoreSettings *settings = &self->plan->settings;
  GHashTableIter iter;
  gpointer value;

  if (settings->queue_cap > 100)
    return;
  g_hash_table_iter_init (&iter, self->holders);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const SimHolder *holder = value;

      sim_check (self, 7, holder->n_queued <= settings->queue_cap * SIM_MAX_PROCESSES, "the queue of '%s' has %u messages of %u",
                 holder->id, holder->n_queued, settings->queue_cap);
    }
}

static void
on_commit (gpointer user_data)
{
  SimOracle *self = user_data;

  if (self->is_committing)
    rb_transitions_watch_end (self->transitions);
  self->is_committing = FALSE;
  for (guint i = 0; i < self->touched->len; i++)
    {
      SimMessage *message = g_ptr_array_index (self->touched, i);

      message->is_touched = FALSE;
      check_place (self, message);
    }
  g_ptr_array_set_size (self->touched, 0);
  check_bounds (self);
}

const SimStoreWatch sim_oracle_disk = { on_row, on_commit };
