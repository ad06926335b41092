/* rb-outbox-post.c: events leave the outbox, and come back until they were heard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-outbox-private.h"

#include "rb-error.h"
#include "rb-events.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-needs.h"
#include "rb-reply-work.h"
#include "rb-turns.h"

#define RETRY_MAX_MS 30000
#define RETRY_AFTER_MAX_MS 300000    /* the longest wait that we let the authority ask for */
/* A person is told of an event that was tried so often, and waits for so long: less may be a network that is just coming back. */
#define STUCK_ATTEMPTS 3
#define STUCK_MS 300000

static const struct {
  const char *retry;
  const char *refused;
  gint64      retry_ms;         /* the first wait; it doubles */
} manners[] = {
  [RB_EVENT_UNDISPATCHED_CHANGED] = { "undispatched_changed_retry", "undispatched_changed_drop_terminal", 500 },
  [RB_EVENT_PRESENCE_CHANGED] = { "network_presence_changed_retry", "network_presence_changed_drop_terminal", 500 },
  [RB_EVENT_INBOUND_ROUTED] = { "runtime_inbound_routed_retry", "runtime_inbound_routed_drop_terminal", 500 },
  [RB_EVENT_PROCESSING_STATE] = { "runtime_processing_state_retry", "runtime_processing_state_drop_terminal", 1000 },
  [RB_EVENT_ENDPOINT_STATE] = { "transition_state_retry", "transitionState_failed", 500 },
};

static RbLetter *
get_first (const RbPostLane *lane)
{
  return g_queue_peek_head ((GQueue *) &lane->letters);
}

static RbEventKind
kind_of (const RbLetter *letter)
{
  return rb_event_get_kind (letter->event);
}

static gboolean
is_about (const RbLetter *letter,
          const char     *state)
{
  g_autofree char *said = kind_of (letter) == RB_EVENT_PROCESSING_STATE ? rb_events_dup_member (letter->event, "state") : NULL;

  return g_strcmp0 (said, state) == 0;
}

static gboolean
is_reply (const RbLetter *letter)
{
  return is_about (letter, "reply_emitted");
}

static gboolean
is_restore (const RbLetter *letter)
{
  return is_about (letter, "target_lost_before_acceptance");
}

/* An endpoint's state waits for the network (7.10), an assignment's for the report before it. */
static gboolean
is_held (RbCore           *core,
         const RbPostLane *lane)
{
  const RbLetter *letter = get_first (lane);

  if (!core->is_running || lane->is_over)
    return TRUE;

  switch (kind_of (letter))
    {
    case RB_EVENT_ENDPOINT_STATE:
      return core->is_stopping || core->presence != RB_PRESENCE_ONLINE;
    case RB_EVENT_PROCESSING_STATE:
      return rb_turns_is_taken (core, rb_event_get_subject (letter->event));
    case RB_EVENT_PRESENCE_CHANGED:
      return FALSE;
    case RB_EVENT_UNDISPATCHED_CHANGED:
    case RB_EVENT_INBOUND_ROUTED:
      return core->is_stopping;
    }
  return TRUE;
}

void
rb_outbox_wake_lane (RbCore     *core,
                     RbPostLane *lane)
{
  if (lane->is_posting || lane->is_ready || lane->timer != 0 || lane->letters.length == 0 || is_held (core, lane))
    return;

  lane->is_ready = TRUE;
  g_queue_push_tail (&core->outbox->ready, lane);
}

/* The next attempt tells it anew: nothing has to wake up only to say how long it took. */
static void
note_stuck (RbCore     *core,
            RbPostLane *lane)
{
  gboolean is_stuck = lane->attempts >= STUCK_ATTEMPTS && rb_core_now (core) - get_first (lane)->created_at >= STUCK_MS;

  if (is_stuck == lane->is_stuck)
    return;
  lane->is_stuck = is_stuck;
  core->outbox->n_stuck += is_stuck ? 1 : -1;
  rb_core_changed (core, RB_NEEDS_TOPIC);
}

static void
note_through (RbCore     *core,
              RbPostLane *lane)
{
  lane->attempts = 0;
  g_clear_pointer (&lane->failure, g_free);
  note_stuck (core, lane);
}

void
rb_outbox_drop_if_empty (RbCore     *core,
                         RbPostLane *lane)
{
  if (lane->letters.length > 0 || lane->n_coming > 0 || lane->is_posting)
    return;

  rb_clock_clear (core->clock, &lane->timer);
  note_through (core, lane);
  if (lane->is_ready)
    g_queue_remove (&core->outbox->ready, lane);
  g_hash_table_remove (core->outbox->lanes, lane->key);
}

static void
on_retry (gpointer user_data)
{
  RbPostLane *lane = user_data;
  RbCore *core = lane->core;

  lane->timer = 0;
  rb_outbox_wake_lane (core, lane);
  rb_outbox_pump (core);
}

static gint64
detail_of (const GError *error,
           const char   *name)
{
  GVariant *details = rb_error_get_details (error);
  gint64 value = 0;

  if (details != NULL)
    g_variant_lookup (details, name, "x", &value);
  return value;
}

static void
log_failure (GLogLevelFlags  level,
             const char     *name,
             const RbLetter *letter,
             const GError   *error,
             guint           attempt,
             gint64          wait)
{
  g_autofree char *attempts = g_strdup_printf ("%u", attempt);
  g_autofree char *backoff = g_strdup_printf ("%" G_GINT64_FORMAT, wait);
  g_autofree char *status = g_strdup_printf ("%" G_GINT64_FORMAT, detail_of (error, "status"));

  if (is_reply (letter) || is_restore (letter))
    rb_log_warning (is_reply (letter) ? "runtime_reply_emitted_projection_failed" : "runtime_assignment_target_lost_emit_failed",
                    "assignment_id", rb_event_get_subject (letter->event), "err", error->message, NULL);
  rb_log_event (G_LOG_DOMAIN, level, name, "subject", rb_event_get_subject (letter->event), "attempt", attempts, "backoff_ms", backoff,
                "status", status, "err", error->message, NULL);
}

static void
try_again_later (RbCore       *core,
                 RbPostLane   *lane,
                 const GError *error)
{
  const RbLetter *letter = get_first (lane);
  gint64 wait = MIN (manners[kind_of (letter)].retry_ms << MIN (lane->attempts, 6), RETRY_MAX_MS);

  if (core->is_stopping)
    {
      lane->is_over = TRUE;
      rb_log_warning (is_reply (letter) ? "runtime_reply_emitted_shutdown_flush_failed" : "event_kept_on_shutdown",
                      "subject", rb_event_get_subject (letter->event), "err", error->message, NULL);
      return;
    }

  wait = MAX (wait, MIN (detail_of (error, "retry_after_ms"), RETRY_AFTER_MAX_MS));
  lane->attempts++;
  g_free (lane->failure);
  lane->failure = g_strdup (error->message);
  lane->failed_at = rb_core_now (core);
  core->outbox->counters.retries++;
  log_failure (G_LOG_LEVEL_INFO, manners[kind_of (letter)].retry, letter, error, lane->attempts, wait);
  note_stuck (core, lane);
  lane->timer = rb_clock_add (core->clock, wait, on_retry, lane);
}

void
rb_outbox_pass (RbCore        *core,
                const RbEvent *event)
{
  switch (rb_event_get_kind (event))
    {
    case RB_EVENT_ENDPOINT_STATE:
      rb_lifecycle_heard (core, event);
      break;
    case RB_EVENT_UNDISPATCHED_CHANGED:
      rb_mailroom_trigger (core);
      break;
    case RB_EVENT_PROCESSING_STATE:
    case RB_EVENT_INBOUND_ROUTED:
    case RB_EVENT_PRESENCE_CHANGED:
      break;
    }
}

/* What is recorded of it is in @changes with the letter. */
static void
follow_up (RbCore         *core,
           const RbLetter *letter,
           gboolean        is_last,
           RbChanges      *changes)
{
  if (kind_of (letter) == RB_EVENT_PROCESSING_STATE && is_last)
    rb_reply_heard (core, letter->event, changes);
  /* The upstream knows now of something that could be claimed. */
  if (is_restore (letter))
    rb_mailroom_trigger (core);
  rb_outbox_pass (core, letter->event);
}

/* Nobody waits for this: a crash before it is durable repeats the event as it was. */
static void
commit_if_any (RbCore    *core,
               RbChanges *changes)
{
  if (rb_changes_get_n (changes) > 0)
    rb_core_commit_lazy (core, changes, NULL, NULL);
  else
    rb_changes_free (changes);
}

static void
settle (RbCore   *core,
        RbLetter *letter,
        gboolean  is_last)
{
  RbChanges *changes = rb_changes_new ();

  rb_letter_erase (letter, changes);
  if (letter->position != 0)
    rb_outbox_count (core, -1);
  follow_up (core, letter, is_last, changes);
  rb_letter_free (letter);
  commit_if_any (core, changes);
}

/* 14.5: an endpoint that the authority does not know (any more) is nothing to look into. */
static gboolean
is_worth_keeping (const RbLetter *letter,
                  const GError   *error)
{
  if (kind_of (letter) == RB_EVENT_ENDPOINT_STATE && detail_of (error, "status") == 404)
    {
      rb_log_info ("transitionState_404_degraded", "endpoint_id", rb_event_get_subject (letter->event), NULL);
      return FALSE;
    }
  log_failure (G_LOG_LEVEL_WARNING, manners[kind_of (letter)].refused, letter, error, 0, 0);
  return letter->position != 0;
}

static void
bury (RbCore       *core,
      RbLetter     *letter,
      const GError *error,
      gboolean      is_last)
{
  RbChanges *changes;

  if (!is_worth_keeping (letter, error))
    {
      settle (core, letter, is_last);
      return;
    }

  changes = rb_changes_new ();
  letter->is_dead = TRUE;
  letter->reason = g_strdup (error->message);
  letter->status = detail_of (error, "status");
  rb_letter_record (letter, changes);
  rb_outbox_count (core, -1);
  follow_up (core, letter, is_last, changes);
  rb_dead_letters_add (core->outbox->dead, letter, rb_core_now (core), changes);
  commit_if_any (core, changes);
  rb_core_changed (core, RB_NEEDS_TOPIC);
}

static void
on_posted (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  RbPostLane *lane = user_data;
  g_autoptr(RbEvent) event = rb_event_ref (get_first (lane)->event);
  gboolean is_terminal = g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED);

  core->outbox->n_posting--;
  lane->is_posting = FALSE;
  if (error != NULL && !is_terminal)
    {
      try_again_later (core, lane, error);
      if (rb_event_get_kind (event) == RB_EVENT_PROCESSING_STATE)
        rb_turns_fail (core, event, error);
    }
  else
    {
      RbLetter *letter = g_queue_pop_head (&lane->letters);
      gboolean is_last;

      note_through (core, lane);
      core->outbox->counters.refused += is_terminal ? 1 : 0;
      is_last = lane->letters.length == 0 && lane->n_coming == 0;
      if (is_terminal)
        bury (core, letter, error, is_last);
      else
        settle (core, letter, is_last);
    }

  rb_outbox_wake_lane (core, lane);
  rb_outbox_drop_if_empty (core, lane);
  if (rb_event_get_kind (event) == RB_EVENT_PROCESSING_STATE)
    rb_turns_give_back (core, event);
  rb_outbox_pump (core);
}

static void
post (RbCore     *core,
      RbPostLane *lane)
{
  RbEvent *event = get_first (lane)->event;

  if (rb_event_get_kind (event) == RB_EVENT_PROCESSING_STATE)
    rb_turns_take (core, rb_event_get_subject (event));
  core->outbox->counters.posted++;
  core->outbox->n_posting++;
  rb_bounds_note (core->bounds, RB_CORE_BOUND_OUTBOX_POSTS, core->outbox->n_posting);
  lane->is_posting = TRUE;
  rb_events_report (core, event, on_posted, lane);
}

/* An authority that answers from inside the call must not let this recurse. */
void
rb_outbox_pump (RbCore *core)
{
  RbOutbox *self = core->outbox;
  RbPostLane *lane;

  if (self->is_pumping)
    return;

  self->is_pumping = TRUE;
  while (self->n_posting < RB_OUTBOX_POSTS_MAX && (lane = g_queue_pop_head (&self->ready)) != NULL)
    {
      lane->is_ready = FALSE;
      if (!is_held (core, lane))
        post (core, lane);
    }
  self->is_pumping = FALSE;
  if (!g_queue_is_empty (&self->ready))
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_OUTBOX_POSTS);
}
