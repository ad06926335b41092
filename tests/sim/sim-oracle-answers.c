/* sim-oracle-answers.c: what must be true when an adapter is answered that it was granted what it asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-oracle-private.h"

#include <string.h>

void
sim_oracle_registered (SimOracle  *self,
                       gint64      pid,
                       const char *endpoint_id,
                       const char *token)
{
  g_autofree char *key = g_strconcat (endpoint_id, "\x1f", NULL);
  GVariant *row = sim_store_peek (self->store, RB_TABLE_ENDPOINTS, key);

  self->counts.registered++;
  if (row == NULL)    /* closed again meanwhile */
    return;
  sim_check (self, 2, sim_store_peek_synced (self->store, RB_TABLE_ENDPOINTS, key) != NULL, "'%s' is granted before the disk has it",
             endpoint_id);
  sim_check (self, 8, strcmp (sim_row_text (row, 1), token) == 0, "'%s' is granted with a token that is not its own", endpoint_id);
}

void
sim_oracle_unregistered (SimOracle  *self,
                         const char *endpoint_id)
{
  g_autofree char *key = g_strconcat (endpoint_id, "\x1f", NULL);

  sim_check (self, 2, sim_store_peek_synced (self->store, RB_TABLE_ENDPOINTS, key) == NULL,
             "'%s' is answered to be gone and a power loss would bring it back", endpoint_id);
}

gboolean
sim_oracle_has_endpoint (SimOracle  *self,
                         const char *endpoint_id)
{
  g_autofree char *key = g_strconcat (endpoint_id, "\x1f", NULL);

  return sim_store_get_n_waiting (self->store) + sim_store_get_n_written (self->store) == 0 &&
         sim_store_peek (self->store, RB_TABLE_ENDPOINTS, key) != NULL;
}

void
sim_oracle_claimed (SimOracle  *self,
                    gint64      pid,
                    const char *endpoint_id,
                    const char *message_id,
                    const char *assignment_id)
{
  const SimAssignment *assignment = g_hash_table_lookup (self->assignments, assignment_id);
  const SimHolder *holder;

  self->counts.claimed++;
  sim_check (self, 2, assignment != NULL && assignment->message_id != NULL, "claim '%s' of '%s' is granted and was never on the disk",
             assignment_id, message_id);
  holder = g_hash_table_lookup (self->holders, assignment->endpoint_id);    /* perhaps another endpoint of the same process by now */
  sim_check (self, 8, holder != NULL && holder->pid == pid, "'%s' of '%s' is granted to '%s'", assignment_id, assignment->endpoint_id,
             endpoint_id);
}

void
sim_oracle_reported (SimOracle  *self,
                     const char *message_id,
                     const char *assignment_id,
                     const char *state)
{
  SimAssignment *assignment = sim_oracle_assignment (self, assignment_id);
  g_autofree char *key = g_strdup_printf ("%s\x1f%s\x1f", message_id, assignment_id);

  GVariant *row = sim_store_peek_synced (self->store, RB_TABLE_ASSIGNMENTS, key);

  if (strcmp (state, "adapter_accepted") != 0)
    return;
  assignment->was_accepted = TRUE;
  if (row != NULL)
    sim_check (self, 2, strcmp (sim_row_text (row, 3), "accepted") == 0 || strcmp (sim_row_text (row, 3), "replied") == 0,
               "'%s' is answered to be accepted and a power loss would leave it '%s'", assignment_id, sim_row_text (row, 3));
  else
    sim_check (self, 2, g_strcmp0 (sim_oracle_get_place (self, message_id), "inbox") != 0,
               "'%s' is answered to be accepted and its message is back in the inbox", assignment_id);
}

void
sim_oracle_replied (SimOracle  *self,
                    const char *message_id,
                    const char *assignment_id,
                    const char *request_id,
                    const char *wire_id,
                    const char *content)
{
  g_autofree char *key = g_strdup_printf ("%s\x1f%s\x1f%s\x1f", message_id, assignment_id, request_id);
  GVariant *row = sim_store_peek_synced (self->store, RB_TABLE_REPLIES, key);

  self->counts.replies++;
  sim_check (self, 2, row != NULL, "reply '%s' of '%s' is answered and not on the disk", request_id, assignment_id);
  sim_check (self, 3, strcmp (sim_row_text (row, 6), wire_id) == 0, "reply '%s' of '%s' is answered as '%s' and recorded as '%s'",
             request_id, assignment_id, wire_id, sim_row_text (row, 6));
  sim_check (self, 2, g_hash_table_contains (self->wires, content), "reply '%s' is answered and never reached the network", content);
}

void
sim_oracle_has_sent (SimOracle  *self,
                     const char *endpoint_id,
                     const char *content,
                     const char *wire_id)
{
  sim_check (self, 2, g_hash_table_contains (self->wires, content), "'%s' is answered as sent and never reached the network", content);
}

void
sim_oracle_settled (SimOracle  *self,
                    const char *message_id)
{
  SimMessage *message = g_hash_table_lookup (self->messages, message_id);
  const char *place = sim_oracle_get_place (self, message_id);

  /* What is for one endpoint alone is no row that could be settled; the directory may not have heard so yet. What did not come before has ended
   * all the same, or it would be taken when it does. */
  sim_check (self, 2, place != NULL || (message != NULL && message->is_pruned), "'%s' is answered to be settled, and nothing says so", message_id);
  sim_check (self, 2, place == NULL || strcmp (place, "ended") == 0 || strcmp (place, "queue") == 0,
             "'%s' is answered to be settled and is in '%s'", message_id, place);
  message->is_over = place != NULL && strcmp (place, "ended") == 0;
}

gboolean
sim_oracle_settling (SimOracle  *self,
                     const char *message_id)
{
  const SimMessage *message = g_hash_table_lookup (self->messages, message_id);

  return message != NULL && (message->place == SIM_PLACE_INBOX || message->place == SIM_PLACE_ASSIGNMENT);
}

void
sim_oracle_settlement (SimOracle  *self,
                       const char *message_id,
                       const char *endpoint_id)
{
  SimMessage *message = g_hash_table_lookup (self->messages, message_id);

  if (message->settlers == NULL)
    message->settlers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (message->settlers, g_strdup (endpoint_id));
}

void
sim_oracle_settled_before (SimOracle  *self,
                           const char *message_id,
                           const char *endpoint_id)
{
  const SimMessage *message = g_hash_table_lookup (self->messages, message_id);

  if (message->settlers != NULL)
    sim_oracle_settlement (self, message_id, endpoint_id);
}

static gboolean
must_be_over (SimOracle        *self,
              const SimMessage *message)
{
  for (guint i = 0; message->settlers != NULL && i < message->settlers->len; i++)
    {
      g_autofree char *key = g_strconcat (g_ptr_array_index (message->settlers, i), "\x1f", NULL);

      if (sim_store_peek (self->store, RB_TABLE_ENDPOINTS, key) != NULL)
        return TRUE;
    }
  return FALSE;
}

void
sim_oracle_check_settled (SimOracle *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const SimMessage *message = value;

      sim_check (self, 1, message->place != SIM_PLACE_INBOX || !must_be_over (self, message), "'%s' is settled and waits in the inbox",
                 message->id);
    }
}
