/* sim-oracle.c: what must be true, known independently of the core
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-oracle-private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_VIOLATION 3
#define GIVE_UP_MS 100000    /* somewhat less than the core takes */

static const char *const place_names[] = {
  [SIM_PLACE_NONE] = NULL, [SIM_PLACE_QUEUE] = "queue", [SIM_PLACE_INBOX] = "inbox", [SIM_PLACE_HELD] = "held",
  [SIM_PLACE_ASSIGNMENT] = "assignment", [SIM_PLACE_ENDED] = "ended",
};

const char *
sim_place_to_string (SimPlace place)
{
  return place_names[place];
}

static void
message_free (gpointer data)
{
  SimMessage *message = data;

  g_free (message->id);
  g_free (message->lane);
  g_free (message->correlation);
  g_free (message->endpoint_id);
  g_free (message->assignment_id);
  g_free (message->pushed_to);
  g_clear_pointer (&message->settlers, g_ptr_array_unref);
  g_free (message);
}

static void
assignment_free (gpointer data)
{
  SimAssignment *assignment = data;

  g_free (assignment->id);
  g_free (assignment->message_id);
  g_free (assignment->endpoint_id);
  g_free (assignment->state);
  g_free (assignment);
}

static void
holder_free (gpointer data)
{
  SimHolder *holder = data;

  g_free (holder->id);
  g_free (holder);
}

SimOracle *
sim_oracle_new (const SimPlan *plan,
                guint64        seed)
{
  SimOracle *self = g_new0 (SimOracle, 1);

  self->plan = plan;
  self->seed = seed;
  self->messages = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, message_free);
  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->assignments = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, assignment_free);
  self->holders = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, holder_free);
  self->wire_ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->wires = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->events = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->orders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->touched = g_ptr_array_new ();
  self->transitions = rb_transitions_watch_new (sim_oracle_on_problem, self);
  return self;
}

void
sim_oracle_free (SimOracle *self)
{
  g_hash_table_unref (self->lanes);
  g_hash_table_unref (self->messages);
  g_hash_table_unref (self->assignments);
  g_hash_table_unref (self->holders);
  g_hash_table_unref (self->wire_ids);
  g_hash_table_unref (self->wires);
  g_hash_table_unref (self->events);
  g_hash_table_unref (self->orders);
  g_ptr_array_unref (self->touched);
  rb_transitions_watch_free (self->transitions);
  g_free (self);
}

void
sim_oracle_look_at (SimOracle *self,
                    SimStore  *store,
                    SimClock  *clock)
{
  self->store = store;
  self->clock = clock;
}

void
sim_oracle_set_step (SimOracle *self,
                     guint      step)
{
  self->step = step;
  self->counts.steps++;
}

void
sim_oracle_set_dead (SimOracle *self,
                     gboolean   is_dead)
{
  self->is_dead = is_dead;
}

gboolean
sim_oracle_is_dead (SimOracle *self)
{
  return self->is_dead;
}

gint64
sim_oracle_get_ms (SimOracle *self)
{
  return sim_clock_get_ms (self->clock);
}

void
sim_oracle_new_life (SimOracle *self)
{
  GHashTableIter iter;
  gpointer value;

  self->n_lives++;
  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SimMessage *message = value;

      message->delivered_at = 0;
      message->refused_ms = 0;
    }
  sim_oracle_forget_told (self);
}

void
sim_oracle_fail (SimOracle  *self,
                 guint       invariant,
                 const char *format,
                 ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  fflush (stdout);
  fprintf (stderr, "seed %" G_GUINT64_FORMAT " step %u: invariant %u: %s\n", self->seed, self->step, invariant, text);
  fflush (stderr);
  _exit (EXIT_VIOLATION);
}

void
sim_oracle_set_traced (SimOracle *self,
                       gboolean   is_traced)
{
  self->is_traced = is_traced;
}

gboolean
sim_oracle_is_traced (SimOracle *self)
{
  return self->is_traced;
}

void
sim_oracle_trace (SimOracle  *self,
                  const char *who,
                  const char *format,
                  ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  printf ("%6u %10.3f  %-9s %s\n", self->step, (double) sim_clock_get_ms (self->clock) / 1000, who, text);
}

/* FNV-1a. */
void
sim_oracle_note (SimOracle  *self,
                 const char *text)
{
  for (; *text != '\0'; text++)
    self->hash = (self->hash ^ (guchar) *text) * G_GUINT64_CONSTANT (0x100000001b3);
}

guint64
sim_oracle_get_hash (SimOracle *self)
{
  return self->hash;
}

SimCounts *
sim_oracle_get_counts (SimOracle *self)
{
  return &self->counts;
}

SimMessage *
sim_oracle_message (SimOracle  *self,
                    const char *id)
{
  SimMessage *message = g_hash_table_lookup (self->messages, id);

  if (message != NULL)
    return message;

  message = g_new0 (SimMessage, 1);
  message->id = g_strdup (id);
  g_hash_table_insert (self->messages, message->id, message);
  self->n_in[SIM_PLACE_NONE]++;
  return message;
}

SimAssignment *
sim_oracle_assignment (SimOracle  *self,
                       const char *id)
{
  SimAssignment *assignment = g_hash_table_lookup (self->assignments, id);

  if (assignment != NULL)
    return assignment;

  assignment = g_new0 (SimAssignment, 1);
  assignment->id = g_strdup (id);
  g_hash_table_insert (self->assignments, assignment->id, assignment);
  return assignment;
}

gboolean
sim_oracle_was_given_up (SimOracle        *self,
                         const SimMessage *message)
{
  return message->was_given_up ||
         (message->refused_ms != 0 && sim_clock_get_ms (self->clock) - message->refused_ms > GIVE_UP_MS);
}

void
sim_oracle_regrant (SimAssignment *assignment)
{
  if (assignment->message_id == NULL)
    return;
  assignment->generation++;
  assignment->sequence = 0;
}

gboolean
sim_oracle_is_accepted (SimOracle  *self,
                        const char *id)
{
  SimMessage *message = g_hash_table_lookup (self->messages, id);

  return message != NULL && message->is_accepted;
}

const char *
sim_oracle_get_place (SimOracle  *self,
                      const char *id)
{
  SimMessage *message = g_hash_table_lookup (self->messages, id);

  return message != NULL ? place_names[message->place] : NULL;
}

guint
sim_oracle_count_places (SimOracle  *self,
                         const char *place)
{
  for (guint i = SIM_PLACE_QUEUE; i < SIM_N_PLACES; i++)
    if (strcmp (place_names[i], place) == 0)
      return self->n_in[i];
  return 0;
}

guint
sim_oracle_get_n_unacknowledged (SimOracle *self)
{
  return g_hash_table_size (self->orders);
}

/* What waits in line waits behind something that waits for a person, unless there is no room for it. */
static void
check_line (SimOracle        *self,
            const SimMessage *message)
{
  GHashTableIter iter;
  gpointer other;

  if (message->correlation == NULL || self->n_in[SIM_PLACE_INBOX] >= self->plan->settings.inbox_cap)
    return;
  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    {
      const SimMessage *before = other;

      if (before->place == SIM_PLACE_HELD && !before->is_in_line && g_strcmp0 (before->correlation, message->correlation) == 0)
        return;
    }
  sim_oracle_fail (self, 6, "'%s' is held behind nothing", message->id);
}

static void
check_message_rest (SimOracle        *self,
                    const SimMessage *message)
{
  if (message->place == SIM_PLACE_HELD && message->is_in_line)
    check_line (self, message);
  if (message->is_accepted)
    sim_check (self, 1, message->place == SIM_PLACE_INBOX || message->place == SIM_PLACE_HELD || message->place == SIM_PLACE_ENDED ||
               message->is_pruned,
               "'%s' was accepted, everybody has gone, and it is stuck in '%s'", message->id,
               message->place != SIM_PLACE_NONE ? place_names[message->place] : "nothing");
}

void
sim_oracle_check_rest (SimOracle *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    check_message_rest (self, value);
  sim_check (self, 1, self->n_in[SIM_PLACE_QUEUE] == 0 && self->n_in[SIM_PLACE_ASSIGNMENT] == 0, "%u messages are queued, %u assigned",
             self->n_in[SIM_PLACE_QUEUE], self->n_in[SIM_PLACE_ASSIGNMENT]);
  sim_check (self, 1, sim_store_count (self->store, RB_TABLE_ASSIGNMENTS) == 0, "%u assignments are left",
             sim_store_count (self->store, RB_TABLE_ASSIGNMENTS));
  sim_check (self, 1, sim_store_count (self->store, RB_TABLE_ENDPOINTS) == 0, "%u endpoints are left",
             sim_store_count (self->store, RB_TABLE_ENDPOINTS));
  sim_check (self, 6, g_hash_table_size (self->orders) == 0, "%u control events were never answered", g_hash_table_size (self->orders));
}
