/* rb-outbox.c: what the authority is to hear, until it has heard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-outbox-private.h"

#include "rb-error.h"
#include "rb-events.h"
#include "rb-inbound.h"
#include "rb-log.h"
#include "rb-turns.h"

struct _RbEnclosed {
  GArray    *told;       /* of RbTold */
  GPtrArray *letters;    /* of RbLetter, for those of them that the authority does not know; NULL: there is no authority */
};

static void
lane_free (gpointer data)
{
  RbPostLane *lane = data;

  g_queue_clear_full (&lane->letters, (GDestroyNotify) rb_letter_free);
  g_free (lane->key);
  g_free (lane->failure);
  g_free (lane);
}

RbOutbox *
rb_outbox_new (void)
{
  RbOutbox *self = g_new0 (RbOutbox, 1);

  /* the key lives in the lane, and no lane is ever replaced */
  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, lane_free);
  g_queue_init (&self->ready);
  self->dead = rb_dead_letters_new ();
  self->next_position = 1;
  return self;
}

void
rb_outbox_free (RbOutbox *self)
{
  g_queue_clear (&self->ready);
  g_hash_table_unref (self->lanes);
  rb_dead_letters_free (self->dead);
  g_free (self);
}

static RbPostLane *
ensure_lane (RbOutbox      *self,
             const RbEvent *event)
{
  g_autofree char *key = rb_letter_dup_lane (event);
  RbPostLane *lane = g_hash_table_lookup (self->lanes, key);

  if (lane != NULL)
    return lane;

  lane = g_new0 (RbPostLane, 1);
  lane->key = g_steal_pointer (&key);
  g_queue_init (&lane->letters);
  g_hash_table_insert (self->lanes, lane->key, lane);
  return lane;
}

/* New work is refused while we are full; what is told of work that is done is not. */
static void
note_fullness (RbCore *core)
{
  gboolean is_full = rb_outbox_is_full (core);

  if (is_full == core->outbox->was_full)
    return;

  core->outbox->was_full = is_full;
  core->outbox->full_since = is_full ? rb_core_now (core) : 0;
  if (is_full)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_OUTBOX);
  if (is_full)
    rb_log_warning ("outbox_full", "hint", "the upstream does not take its events; see brokerctl outbox", NULL);
  else
    rb_log_message ("outbox_has_room_again", NULL);
  rb_inbound_open_window (core);
  rb_core_changed (core, "health");
}

void
rb_outbox_count (RbCore *core,
                 int     n)
{
  core->outbox->n_stored += n;
  rb_bounds_note (core->bounds, RB_CORE_BOUND_OUTBOX, core->outbox->n_stored);
  note_fullness (core);
}

void
rb_outbox_expect (RbCore   *core,
                  RbLetter *letter)
{
  ensure_lane (core->outbox, letter->event)->n_coming++;
}

static GPtrArray *
write_letters (RbCore       *core,
               const GArray *told,
               RbChanges    *changes)
{
  GPtrArray *letters = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_letter_free);

  for (guint i = 0; i < told->len; i++)
    {
      const RbTold *one = &g_array_index (told, RbTold, i);
      RbLetter *letter;

      if (one->is_known)
        continue;

      letter = rb_letter_new (core->outbox->next_position++, one->event, rb_core_now (core));
      rb_letter_record (letter, changes);
      rb_outbox_expect (core, letter);
      g_ptr_array_add (letters, letter);
    }
  rb_outbox_count (core, letters->len);
  return letters;
}

RbEnclosed *
rb_outbox_enclose (RbCore    *core,
                   RbChanges *changes)
{
  GArray *told = rb_changes_steal_told (changes);
  RbEnclosed *self;

  if (told == NULL)
    return NULL;

  self = g_new (RbEnclosed, 1);
  self->told = told;
  self->letters = rb_events_has_authority (core) ? write_letters (core, told, changes) : NULL;
  return self;
}

static void
log_deferred (RbCore         *core,
              const RbLetter *letter)
{
  g_autofree char *state = rb_events_dup_member (letter->event, "state");
  g_autofree char *reason = rb_events_dup_member (letter->event, "reason");
  g_autofree char *size = g_strdup_printf ("%u", core->outbox->n_stored);

  rb_log_info ("transition_state_deferred", "endpoint_id", rb_event_get_subject (letter->event), "state", state, "reason", reason,
               "presence", rb_core_get_presence (core), "queued", "true", "retry_queue_size", size, NULL);
}

void
rb_outbox_add (RbCore   *core,
               RbLetter *letter)
{
  RbPostLane *lane = ensure_lane (core->outbox, letter->event);

  if (rb_event_get_kind (letter->event) == RB_EVENT_ENDPOINT_STATE && core->presence != RB_PRESENCE_ONLINE)
    log_deferred (core, letter);
  lane->core = core;
  g_queue_push_tail (&lane->letters, letter);
  rb_outbox_wake_lane (core, lane);
}

void
rb_outbox_arrive (RbCore    *core,
                  GPtrArray *letters)
{
  g_ptr_array_set_free_func (letters, NULL);
  for (guint i = 0; i < letters->len; i++)
    {
      RbLetter *letter = g_ptr_array_index (letters, i);

      ensure_lane (core->outbox, letter->event)->n_coming--;
      rb_outbox_add (core, letter);
    }
  rb_outbox_pump (core);
}

void
rb_outbox_withdraw (RbCore    *core,
                    GPtrArray *letters)
{
  rb_outbox_count (core, -(int) letters->len);
  for (guint i = 0; i < letters->len; i++)
    {
      const RbLetter *letter = g_ptr_array_index (letters, i);
      RbPostLane *lane = ensure_lane (core->outbox, letter->event);

      lane->n_coming--;
      rb_outbox_drop_if_empty (core, lane);
      if (rb_event_get_kind (letter->event) == RB_EVENT_PROCESSING_STATE)
        rb_turns_go_on (core, letter->event);
    }
}

void
rb_outbox_release (RbCore       *core,
                   RbEnclosed   *enclosed,
                   const GError *error)
{
  g_autoptr(GPtrArray) letters = enclosed->letters;
  g_autoptr(GArray) told = enclosed->told;

  g_free (enclosed);
  if (error != NULL)
    {
      if (letters != NULL)
        rb_outbox_withdraw (core, letters);
      return;
    }

  for (guint i = 0; i < told->len; i++)
    {
      const RbTold *one = &g_array_index (told, RbTold, i);

      rb_events_project (core, one->event);
      if (letters == NULL && !one->is_known)
        rb_outbox_pass (core, one->event);
    }
  if (letters != NULL)
    rb_outbox_arrive (core, letters);
}

/* IMP-53: what is being posted, or was tried, stays; the next oldest goes. */
static void
make_room_for_presence (RbCore     *core,
                        RbPostLane *lane)
{
  guint i = lane->is_posting || lane->attempts > 0 ? 1 : 0;

  if (lane->letters.length < RB_OUTBOX_PRESENCE_MAX)
    return;

  core->outbox->counters.presence_dropped++;
  rb_bounds_reached (core->bounds, RB_CORE_BOUND_PRESENCE_POSTS);
  rb_log_warning ("network_presence_changed_queue_overflow", NULL);
  rb_letter_free (g_queue_pop_nth (&lane->letters, i));
}

void
rb_outbox_tell_presence (RbCore  *core,
                         RbEvent *event)
{
  rb_events_project (core, event);
  if (rb_events_has_authority (core))
    {
      make_room_for_presence (core, ensure_lane (core->outbox, event));
      rb_outbox_add (core, rb_letter_new (0, event, rb_core_now (core)));
      rb_bounds_note (core->bounds, RB_CORE_BOUND_PRESENCE_POSTS, rb_outbox_get_n_presence (core->outbox));
      rb_outbox_pump (core);
    }
  rb_event_unref (event);
}

void
rb_outbox_load (RbOutbox *self,
                RbLetter *letter)
{
  self->next_position = MAX (self->next_position, letter->position + 1);
  if (letter->is_dead)
    {
      g_autoptr(RbChanges) none = rb_changes_new ();

      rb_dead_letters_add (self->dead, letter, 0, none);
      return;
    }

  self->n_stored++;
  g_queue_push_tail (&ensure_lane (self, letter->event)->letters, letter);
}

void
rb_outbox_load_value (RbOutbox   *self,
                      const char *name,
                      const char *value)
{
  rb_dead_letters_load_forgotten (self->dead, name, value);
}

/* What is held stays where it is. */
static void
wake_all (RbCore *core)
{
  GHashTableIter iter;
  gpointer lane;

  g_hash_table_iter_init (&iter, core->outbox->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &lane))
    rb_outbox_wake_lane (core, lane);
}

void
rb_outbox_start (RbCore *core)
{
  GHashTableIter iter;
  gpointer lane;

  g_hash_table_iter_init (&iter, core->outbox->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &lane))
    ((RbPostLane *) lane)->core = core;
  note_fullness (core);
  wake_all (core);
  rb_outbox_pump (core);
}

void
rb_outbox_go_online (RbCore *core)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, core->outbox->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RbPostLane *lane = value;
      RbLetter *letter = g_queue_peek_head (&lane->letters);

      if (letter != NULL && rb_event_get_kind (letter->event) == RB_EVENT_ENDPOINT_STATE)
        rb_clock_clear (core->clock, &lane->timer);
    }
  wake_all (core);
  rb_outbox_pump (core);
}

static RbPostLane *
lane_of_assignment (RbCore     *core,
                    const char *assignment_id)
{
  g_autofree char *key = g_strconcat ("assignment:", assignment_id, NULL);

  return g_hash_table_lookup (core->outbox->lanes, key);
}

void
rb_outbox_wake (RbCore     *core,
                const char *assignment_id)
{
  RbPostLane *lane = lane_of_assignment (core, assignment_id);

  if (lane == NULL)
    return;

  rb_outbox_wake_lane (core, lane);
  rb_outbox_pump (core);
}

gboolean
rb_outbox_hurry (RbCore     *core,
                 const char *assignment_id)
{
  RbPostLane *lane = lane_of_assignment (core, assignment_id);

  if (lane->is_over)
    return FALSE;

  rb_clock_clear (core->clock, &lane->timer);
  rb_outbox_wake_lane (core, lane);
  rb_outbox_pump (core);
  return TRUE;
}

/* IMP-54: only the presence of the end is worth telling now. */
static void
forget_presence (RbCore *core)
{
  RbPostLane *lane = g_hash_table_lookup (core->outbox->lanes, "presence:network");
  guint n_kept = lane != NULL && lane->is_posting ? 1 : 0;

  if (lane == NULL || lane->letters.length <= n_kept)
    return;

  rb_log_warning ("network_presence_changed_queue_dropped_on_shutdown", NULL);
  while (lane->letters.length > n_kept)
    rb_letter_free (g_queue_pop_tail (&lane->letters));
  rb_outbox_drop_if_empty (core, lane);
}

void
rb_outbox_stop (RbCore *core)
{
  rb_outbox_cancel_timers (core);
  forget_presence (core);
  wake_all (core);
  rb_outbox_pump (core);
}

void
rb_outbox_cancel_timers (RbCore *core)
{
  GHashTableIter iter;
  gpointer lane;

  g_hash_table_iter_init (&iter, core->outbox->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &lane))
    rb_clock_clear (core->clock, &((RbPostLane *) lane)->timer);
}

gboolean
rb_outbox_has_report (RbCore     *core,
                      const char *assignment_id)
{
  return lane_of_assignment (core, assignment_id) != NULL;
}

void
rb_outbox_supersede (RbCore     *core,
                     const char *assignment_id,
                     RbChanges  *changes)
{
  rb_dead_letters_supersede (core->outbox->dead, assignment_id, changes);
}

gboolean
rb_outbox_is_full (RbCore *core)
{
  return core->outbox->n_stored >= core->settings.outbox_cap;
}

guint
rb_outbox_get_n (const RbOutbox *self)
{
  return self->n_stored;
}

guint
rb_outbox_get_n_presence (const RbOutbox *self)
{
  const RbPostLane *lane = g_hash_table_lookup (self->lanes, "presence:network");

  return lane != NULL ? lane->letters.length : 0;
}

void
rb_outbox_set_bounds (RbOutbox *self,
                      RbBounds *bounds)
{
  rb_dead_letters_set_bounds (self->dead, bounds);
}

void
rb_outbox_refresh_bounds (RbCore   *core,
                          RbBounds *bounds)
{
  const RbOutbox *self = core->outbox;

  rb_bounds_set_used (bounds, RB_CORE_BOUND_OUTBOX, self->n_stored);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_OUTBOX_POSTS, self->n_posting);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_PRESENCE_POSTS, rb_outbox_get_n_presence (self));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_DEAD_LETTERS, rb_dead_letters_get_n (self->dead));
}
