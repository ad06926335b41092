/* rb-world-oracle.c: what must be true whenever the process dies, and of everything that left it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-world.h"

#include "rb-json.h"

#include <string.h>

static GVariant *
peek (RbWorld    *self,
      RbTable     table,
      const char *id)
{
  return rb_fake_store_peek (self->fixture.store, table, g_variant_new ("(s)", id));
}

/* A text column; NULL when it is nothing. */
static const char *
text_of (GVariant *row,
         gsize     column)
{
  g_autoptr(GVariant) child = g_variant_get_child_value (row, column);
  const char *text = NULL;

  g_variant_get (child, g_variant_is_of_type (child, G_VARIANT_TYPE_STRING) ? "&s" : "m&s", &text);
  return text;
}

static guint
count_assignments (RbWorld    *self,
                   const char *message_id)
{
  g_autoptr(GPtrArray) rows = rb_fake_store_dup_rows (self->fixture.store, RB_TABLE_ASSIGNMENTS);
  guint n = 0;

  for (guint i = 0; i < rows->len; i++)
    n += g_str_equal (text_of (g_ptr_array_index (rows, i), 5), message_id) ? 1 : 0;
  return n;
}

/* Invariant 1: one place, with its content for as long as it has not ended, and a reason when it has. */
static void
check_places (RbWorld *self)
{
  g_autoptr(GPtrArray) places = rb_fake_store_dup_rows (self->fixture.store, RB_TABLE_PLACES);
  guint n_alive = 0;

  for (guint i = 0; i < places->len; i++)
    {
      GVariant *row = g_ptr_array_index (places, i);
      const char *id = text_of (row, 0);
      const char *place = text_of (row, 1);
      GVariant *content = peek (self, RB_TABLE_MESSAGES, id);
      gboolean is_assigned = g_str_equal (place, "assignment");

      g_assert_cmpuint (count_assignments (self, id), ==, is_assigned ? 1 : 0);
      if (g_str_equal (place, "ended"))
        {
          g_assert_nonnull (text_of (row, 4));
          g_assert_null (content);
          continue;
        }
      n_alive++;
      g_assert_nonnull (content);
      g_assert_nonnull (strstr (text_of (content, 2), id));
      if (g_str_equal (place, "queue"))
        g_assert_nonnull (peek (self, RB_TABLE_ENDPOINTS, text_of (row, 2)));
    }
  g_assert_cmpuint (rb_fake_store_count (self->fixture.store, RB_TABLE_MESSAGES), ==, n_alive);
}

static void
check_job (RbWorld     *self,
           const RbJob *job)
{
  GVariant *place = peek (self, RB_TABLE_PLACES, job->message_id);

  if (job->is_accepted)
    {
      GVariant *row = rb_fake_store_peek (self->fixture.store, RB_TABLE_ASSIGNMENTS,
                                          g_variant_new ("(ss)", job->message_id, job->assignment_id));

      if (row == NULL)
        g_assert_cmpstr (text_of (place, 1), ==, "ended");
      else
        g_assert_true (g_str_equal (text_of (row, 3), "accepted") || g_str_equal (text_of (row, 3), "replied"));
    }
  if (job->is_replied)
    {
      GVariant *row = rb_fake_store_peek (self->fixture.store, RB_TABLE_REPLIES,
                                          g_variant_new ("(sss)", job->message_id, job->assignment_id, "r1"));

      g_assert_nonnull (row);
      g_assert_cmpstr (text_of (row, 6), ==, job->wire_id);
      g_assert_cmpstr (text_of (row, 8), ==, "delivered");
    }
}

static void
check_adapter (RbWorld         *self,
               const RbAdapter *adapter)
{
  for (guint i = 0; i < adapter->jobs->len; i++)
    check_job (self, g_ptr_array_index (adapter->jobs, i));
  if (adapter->endpoint_id == NULL || adapter->is_leaving || adapter->channel == NULL)
    return;

  g_assert_nonnull (peek (self, RB_TABLE_ENDPOINTS, adapter->endpoint_id));
  if (adapter->correlation_id != NULL)
    g_assert_nonnull (rb_fake_store_peek (self->fixture.store, RB_TABLE_CORRELATIONS,
                                          g_variant_new ("(sss)", adapter->endpoint_id, "sent", adapter->correlation_id)));
}

void
rb_world_check_disk (RbWorld *self)
{
  for (guint i = 0; i < self->inbound->len; i++)
    {
      const RbInbound *inbound = g_ptr_array_index (self->inbound, i);

      if (inbound->is_accepted && peek (self, RB_TABLE_PLACES, inbound->id) == NULL)
        g_error ("message '%s' was accepted and is nowhere", inbound->id);
    }
  check_places (self);
  check_adapter (self, &self->worker);
  check_adapter (self, &self->asker);
}

/* How many rows of a view name @id in @member, against how many places of that kind the disk has. */
static void
compare_view (RbWorld    *self,
              GVariant   *view,
              const char *member,
              const char *place)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (view);
  g_autoptr(GPtrArray) places = rb_fake_store_dup_rows (self->fixture.store, RB_TABLE_PLACES);
  guint n = 0;

  for (guint i = 0; i < places->len; i++)
    n += g_str_equal (text_of (g_ptr_array_index (places, i), 1), place) ? 1 : 0;
  /* a row about which the upstream is being asked is nobody's to see, and still in its place */
  if (self->fixture.authority != NULL && self->fixture.authority->hold)
    g_assert_cmpuint (g_variant_n_children (rows), <=, n);
  else
    g_assert_cmpuint (g_variant_n_children (rows), ==, n);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *id = NULL;

      g_assert_true (g_variant_lookup (row, member, "&s", &id));
      g_assert_cmpstr (text_of (peek (self, RB_TABLE_PLACES, id), 1), ==, place);
    }
}

/* Every row and every assignment that may come back holds one slot of the inbox, and nothing else does (IMP-30). */
static void
check_slots (RbWorld *self)
{
  g_autoptr(GVariant) status = g_variant_ref_sink (rb_view_status (self->fixture.core));
  g_autoptr(GVariant) limits = g_variant_lookup_value (status, "limits", NULL);
  g_autoptr(GVariant) inbox = g_variant_lookup_value (limits, "inbox", NULL);
  g_autoptr(GVariant) assignments = g_variant_ref_sink (rb_view_assignments (self->fixture.core));
  g_autoptr(GPtrArray) places = rb_fake_store_dup_rows (self->fixture.store, RB_TABLE_PLACES);
  gint64 expected = 0;
  gint64 used = -1;

  for (guint i = 0; i < places->len; i++)
    expected += g_str_equal (text_of (g_ptr_array_index (places, i), 1), "inbox") ? 1 : 0;
  for (gsize i = 0; i < g_variant_n_children (assignments); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (assignments, i);
      const char *state = NULL;

      g_assert_true (g_variant_lookup (row, "state", "&s", &state));
      expected += g_str_equal (state, "queued") || g_str_equal (state, "pending") ? 1 : 0;
    }
  g_assert_true (g_variant_lookup (inbox, "used", "x", &used));
  g_assert_cmpint (used, ==, expected);
}

static void
check_explained (RbWorld    *self,
                 const char *id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;
  const char *place = NULL;

  rb_explain_async (self->fixture.core, id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  answer = rb_explain_finish (self->fixture.core, result, NULL);
  g_assert_nonnull (answer);
  g_assert_true (g_variant_lookup (answer, "place", "&s", &place));
  g_assert_true (g_variant_lookup (answer, g_str_equal (place, "ended") ? "reason" : "next", "&s", NULL));
}

void
rb_world_check_live (RbWorld *self)
{
  rb_test_settle ();
  if (rb_world_check_dead (self))
    return;

  rb_world_check_disk (self);
  compare_view (self, rb_view_inbox (self->fixture.core), "id", "inbox");
  compare_view (self, rb_view_assignments (self->fixture.core), "undispatched_id", "assignment");
  check_slots (self);
  for (guint i = 0; i < self->inbound->len; i++)
    {
      const RbInbound *inbound = g_ptr_array_index (self->inbound, i);

      g_assert_true (inbound->is_accepted);
      check_explained (self, inbound->id);
    }
}

static void
check_wire_ids (RbWorld *self)
{
  g_autoptr(GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < self->fixture.connector->sent->len; i++)
    {
      RbEnvelope *envelope = g_ptr_array_index (self->fixture.connector->sent, i);
      g_autofree char *content = rb_json_slice_to_string (rb_envelope_get_content (envelope), NULL);
      const char *known = g_hash_table_lookup (ids, content);

      if (!g_str_has_prefix (content, "re:"))
        continue;
      if (known != NULL)
        {
          g_assert_cmpstr (rb_envelope_get_id (envelope), ==, known);
          if (!self->plan.is_tolerant)
            g_assert_cmpuint (self->n_deaths, >, 0);   /* a living process sends it once */
        }
      g_hash_table_insert (ids, g_steal_pointer (&content), g_strdup (rb_envelope_get_id (envelope)));
    }
}

/* Invariant 5: an event that was not told before has a higher number than all before it. What was told before may be told again, as it was.
 * Where the upstream answers late, an adapter's report is told after a later one of ours: then each number is at least one event's alone. */
static void
check_sequences (RbFakeEmitter *emitter,
                 gboolean       in_order)
{
  g_autoptr(GHashTable) highest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < emitter->events->len; i++)
    {
      RbEvent *event = g_ptr_array_index (emitter->events, i);
      const char *subject = rb_event_get_subject (event);
      g_autofree char *key = NULL;
      g_autofree char *id = NULL;
      g_autoptr(RbJson) json = NULL;
      const char *known;
      gint64 sequence = 0;

      if (rb_event_get_kind (event) != RB_EVENT_PROCESSING_STATE)
        continue;

      json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
      g_assert_true (rb_json_get_int (json, "state_sequence", &sequence, NULL));
      id = rb_json_dup_string (json, "state_event_id", NULL);
      key = g_strdup_printf ("%s %d", subject, (int) sequence);
      known = g_hash_table_lookup (told, key);
      if (known != NULL)
        g_assert_cmpstr (id, ==, known);
      else if (in_order)
        g_assert_cmpint (sequence, >, GPOINTER_TO_INT (g_hash_table_lookup (highest, subject)));
      g_hash_table_insert (told, g_steal_pointer (&key), g_steal_pointer (&id));
      g_hash_table_insert (highest, g_strdup (subject), GINT_TO_POINTER ((int) sequence));
    }
}

void
rb_world_check_traffic (RbWorld *self)
{
  GHashTableIter iter;
  gpointer id, n;

  check_wire_ids (self);
  check_sequences (self->fixture.journal, !self->plan.is_tolerant);
  /* What an upstream refused, or heard just before a death, leaves no trace here: its number may come again. */
  if (self->fixture.authority != NULL && !self->plan.is_tolerant)
    check_sequences (self->fixture.authority, TRUE);
  g_hash_table_iter_init (&iter, self->effects);
  while (g_hash_table_iter_next (&iter, &id, &n))
    if (GPOINTER_TO_UINT (n) != 1)
      g_error ("message '%s' was acted on %u times", (const char *) id, GPOINTER_TO_UINT (n));
}

void
rb_world_check_nothing_stuck (RbWorld *self)
{
  rb_adapter_drop (self, &self->worker);
  rb_adapter_drop (self, &self->asker);
  rb_world_wait (self, G_GINT64_CONSTANT (2) * 86400000);
  rb_world_check_live (self);
  g_assert_cmpuint (rb_fake_store_count (self->fixture.store, RB_TABLE_ENDPOINTS), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (self->fixture.store, RB_TABLE_CORRELATIONS), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (self->fixture.store, RB_TABLE_ASSIGNMENTS), ==, 0);
  rb_world_check_outbox (self);
  g_assert_cmpuint (rb_clock_get_n_timers (self->fixture.clock), ==, 0);
}
