/* rb-inbound.c: a message arrives
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-inbound-private.h"

#include "rb-closed.h"
#include "rb-deliver.h"
#include "rb-events.h"
#include "rb-hold.h"
#include "rb-log.h"
#include "rb-outage.h"
#include "rb-received.h"
#include "rb-route-claim.h"
#include "rb-rule.h"
#include "rb-settle.h"

/* The way of a message: seen before? -> may it come in? (rb-admission.c) -> which endpoint? -> (the upstream agrees: rb-route-claim.c) -> a
 * place for it -> commit -> accepted upstream, pushed to the adapter, told outwards. Nothing leaves before the commit. Refused is: released
 * to the connector, which delivers it again later. Source: protocol.md section 9; the place is durable before the push, so a push that fails
 * is ours to repeat, not the network's. */

typedef struct {
  RbMessage  *message;
  gint64      seq;
  GTask      *answer;     /* NULL, or: a person let it in, and is to hear when that is durable */
} Arrival;

static void
accept_seq (RbCore *core,
            gint64  seq)
{
  if (seq == RB_CONNECTOR_NO_SEQ)
    return;
  core->n_in_flight--;
  rb_connector_accept (core->connector, seq);
}

static void
release_seq (RbCore *core,
             gint64  seq)
{
  core->counters.refused++;
  if (seq == RB_CONNECTOR_NO_SEQ)
    return;
  core->n_in_flight--;
  rb_connector_release (core->connector, seq);
}

static void
settle_waiting (RbCore    *core,
                RbMessage *message,
                void     (*settle) (RbCore *core, gint64 seq))
{
  g_autoptr(GArray) seqs = g_steal_pointer (&message->waiting_seqs);

  for (guint i = 0; seqs != NULL && i < seqs->len; i++)
    settle (core, g_array_index (seqs, gint64, i));
}

static void
on_end_durable (RbCore       *core,
                const GError *error,
                gpointer      user_data)
{
  gint64 *seq = user_data;

  if (error != NULL)
    release_seq (core, *seq);
  else
    accept_seq (core, *seq);
  g_free (seq);
}

void
rb_inbound_end (RbCore    *core,
                gint64     seq,
                RbChanges *changes)
{
  gint64 *held = g_new (gint64, 1);

  *held = seq;
  rb_core_commit (core, changes, on_end_durable, held);
}

static void
wait_with (RbMessage *message,
           gint64     seq)
{
  if (message->waiting_seqs == NULL)
    message->waiting_seqs = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (seq != RB_CONNECTOR_NO_SEQ)
    g_array_append_val (message->waiting_seqs, seq);
}

/* What we have already, or had: the network may forget this copy as soon as ours is safe (IMP-44). */
static gboolean
settle_duplicate (RbCore     *core,
                  const char *id,
                  gint64      seq)
{
  RbMessage *live = id != NULL ? rb_ledger_lookup (core->ledger, id) : NULL;

  if (live == NULL && (id == NULL || !rb_ledger_has_seen (core->ledger, id)))
    return FALSE;

  core->counters.duplicates++;
  /* It may have ended so soon that neither that nor its arrival is durable yet; both are in front of this. */
  if (live == NULL)
    {
      rb_refused_remove (core->refused, id);
      rb_inbound_end (core, seq, rb_changes_new ());
    }
  else if (live->is_durable)
    accept_seq (core, seq);
  else
    wait_with (live, seq);
  return TRUE;
}

static gint64
monotonic_ms (RbCore *core)
{
  return rb_clock_get_monotonic_us (core->clock) / 1000;
}

/* Whoever said meanwhile that it is handled waits for that. */
static void
go_on_settling (RbCore          *core,
                const RbMessage *message)
{
  if (!g_queue_is_empty (&core->settles))
    rb_settle_go_on (core, message->id);
}

void
rb_inbound_refuse (RbCore    *core,
                   RbMessage *message,
                   gint64     seq)
{
  rb_placing_remove (core->placing, message);
  if (rb_hold_is_leaving (core, message))
    {
      rb_hold_stay (core, message);
      go_on_settling (core, message);
      return;
    }

  rb_admission_refused (core, message);
  settle_waiting (core, message, release_seq);
  rb_ledger_drop (core->ledger, message);
  if (seq != RB_CONNECTOR_NO_SEQ)
    rb_refused_add (core->refused, message, seq, monotonic_ms (core));
  release_seq (core, seq);
  go_on_settling (core, message);
}

/* It was given a place, but that will never be durable: nobody may find it there. */
static void
withdraw (RbCore    *core,
          RbMessage *message)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, message->endpoint_id);
  RbItem *item = endpoint != NULL ? rb_queue_find (endpoint->queue, message->id) : NULL;
  RbHeldRow *row = rb_held_lookup (core->held, message->id);

  if (row != NULL)
    rb_held_remove (core->held, row);
  if (item != NULL)
    rb_deliver_cancel (core, endpoint, item);
  rb_inbox_remove (core->inbox, message->id);
}

static Arrival *
arrival_new (RbMessage *message,
             gint64     seq)
{
  Arrival *arrival = g_new0 (Arrival, 1);

  arrival->message = rb_message_ref (message);
  arrival->seq = seq;
  return arrival;
}

static void
arrival_free (Arrival *arrival)
{
  rb_message_unref (arrival->message);
  g_free (arrival);
}

static void
on_stored (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  Arrival *arrival = user_data;
  RbMessage *message = arrival->message;

  if (error != NULL)
    {
      rb_log_error ("inbound_message_handling_failed", "messageId", message->id, "err", error->message, NULL);
      withdraw (core, message);
      rb_inbound_refuse (core, message, arrival->seq);
    }
  else
    {
      message->is_durable = TRUE;
      accept_seq (core, arrival->seq);
      settle_waiting (core, message, accept_seq);
      if (message->place == RB_PLACE_QUEUE)
        rb_deliver_stored (core, message);
      else if (message->place == RB_PLACE_HELD)
        rb_hold_stored (core, message);
    }
  if (arrival->answer != NULL)
    rb_hold_answer (core, message, arrival->answer, error);
  arrival_free (arrival);
}

/* A buffered message counts as routed; one that is pushed does when its adapter has it. */
static void
tell (RbCore          *core,
      const RbMessage *message,
      RbChanges       *changes)
{
  if (message->place == RB_PLACE_INBOX)
    rb_changes_tell (changes, rb_events_undispatched_add (message));
  else if (message->source_id != NULL && g_strcmp0 (message->reason, RB_ROUTE_KIND_RECONNECTING) == 0)
    rb_changes_tell (changes, rb_events_inbound_routed (message, message->endpoint_id, RB_ROUTE_KIND_RECONNECTING, rb_core_now (core)));
}

void
rb_inbound_store (RbCore    *core,
                  RbMessage *message,
                  gint64     seq,
                  RbChanges *changes)
{
  Arrival *arrival = arrival_new (message, seq);
  g_autofree char *lane = NULL;

  rb_placing_remove (core->placing, message);
  arrival->answer = rb_hold_moved (core, message, &lane);
  tell (core, message, changes);
  rb_core_commit (core, changes, on_stored, arrival);
  go_on_settling (core, message);
  if (lane != NULL)
    rb_hold_go_on (core, lane);
}

RbChanges *
rb_inbound_begin (RbCore    *core,
                  RbMessage *message)
{
  RbChanges *changes;

  if (rb_hold_is_leaving (core, message))
    return rb_hold_begin_move (core, message);

  changes = rb_changes_new ();
  rb_message_record (message, changes);
  rb_message_checkpoint (message, changes, "received", message->arrived_at, NULL, rb_envelope_get_from (message->envelope));
  return changes;
}

static void
put_in_inbox (RbCore     *core,
              RbMessage  *message,
              gint64      seq,
              const char *reason,
              const char *hint,
              const char *rule)
{
  gint64 now = rb_core_now (core);
  RbChanges *changes = rb_inbound_begin (core, message);

  message->position = core->next_position++;
  rb_message_move (message, changes, RB_PLACE_INBOX, hint, reason, now);
  rb_message_checkpoint_ruled (message, changes, "stored", now, hint, reason, rule);
  rb_inbox_add (core->inbox, message);
  rb_log_info ("undispatched_added", "id", message->id, "reason", reason, "traceId", message->trace.trace_id, "spanName", "receive", NULL);
  rb_core_changed (core, "inbox");
  rb_inbound_store (core, message, seq, changes);
}

static void
log_inbox_full (RbCore          *core,
                const RbMessage *message)
{
  g_autofree char *size = g_strdup_printf ("%u", rb_inbox_get_n (core->inbox) + rb_inbox_get_n_reserved (core->inbox));
  g_autofree char *capacity = g_strdup_printf ("%u", core->settings.inbox_cap);

  rb_log_warning ("undispatched_inbox_at_capacity", "from", rb_envelope_get_from (message->envelope), "size", size, "capacity", capacity,
                  NULL);
}

void
rb_inbound_to_inbox (RbCore     *core,
                     RbMessage  *message,
                     gint64      seq,
                     const char *reason,
                     const char *hint,
                     const char *rule)
{
  if (rb_inbox_is_full (core->inbox))
    {
      log_inbox_full (core, message);
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_INBOX);
      rb_inbound_refuse (core, message, seq);
      return;
    }
  put_in_inbox (core, message, seq, reason, hint, rule);
}

static void
log_buffered (const RbEndpoint *endpoint,
              const RbMessage  *message)
{
  g_autofree char *size = g_strdup_printf ("%u", rb_queue_get_length (endpoint->queue));

  rb_log_info ("buffered_for_reconnecting_endpoint", "endpoint_id", endpoint->id, "message_id", message->id, "buffer_size", size, NULL);
}

void
rb_inbound_to_endpoint (RbCore     *core,
                        RbEndpoint *endpoint,
                        RbMessage  *message,
                        gint64      seq,
                        const char *kind,
                        const char *rule)
{
  gint64 now = rb_core_now (core);
  RbChanges *changes;

  if (!rb_deliver_has_room_for (core, endpoint, message))
    {
      rb_log_warning (endpoint->state == RB_ENDPOINT_RECONNECTING ? "buffer_for_reconnecting_endpoint_failed" : "endpoint_queue_at_capacity",
                      "endpoint_id", endpoint->id, "err", "its queue is full", NULL);
      rb_inbound_refuse (core, message, seq);
      return;
    }

  changes = rb_inbound_begin (core, message);
  message->position = core->next_position++;
  rb_message_move (message, changes, RB_PLACE_QUEUE, endpoint->id, kind, now);
  rb_message_checkpoint_ruled (message, changes, "routed", now, endpoint->id, kind, rule);
  rb_queue_add (endpoint->queue, message, NULL);
  rb_deliver_note (core, endpoint);
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    {
      rb_received_record (core, endpoint->id, message->correlation_id, changes);
      log_buffered (endpoint, message);
    }
  rb_inbound_store (core, message, seq, changes);
}

void
rb_inbound_dismiss (RbCore    *core,
                    RbMessage *message,
                    gint64     seq)
{
  rb_placing_remove (core->placing, message);
  if (rb_hold_is_leaving (core, message))
    {
      rb_hold_dismiss (core, message);
      go_on_settling (core, message);
      return;
    }

  rb_ledger_drop (core->ledger, message);
  accept_seq (core, seq);
  settle_waiting (core, message, accept_seq);
  go_on_settling (core, message);
}

void
rb_inbound_leave (RbCore    *core,
                  RbMessage *message)
{
  rb_placing_remove (core->placing, message);
  if (rb_hold_is_leaving (core, message))
    rb_hold_stay (core, message);
  else
    rb_ledger_drop (core->ledger, message);
  go_on_settling (core, message);
}

static void
on_closed_known (RbCore   *core,
                 gboolean  is_closed,
                 gpointer  user_data)
{
  Arrival *arrival = user_data;
  RbMessage *message = arrival->message;

  if (core->is_stopping && arrival->seq != RB_CONNECTOR_NO_SEQ)
    rb_inbound_leave (core, message);
  else if (is_closed)
    rb_inbound_to_inbox (core, message, arrival->seq, RB_REASON_CLOSED_SESSION, message->target_endpoint_id, RB_RULE_CLOSED);
  else
    rb_inbound_to_inbox (core, message, arrival->seq, RB_REASON_UNADDRESSED, NULL, RB_RULE_UNMATCHED);
  arrival_free (arrival);
}

/* protocol.md 9.6: whoever it names may have been here once. */
static void
place_unmatched (RbCore    *core,
                 RbMessage *message,
                 gint64     seq)
{
  gboolean can_ask = (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_HAS_CLOSED_LOOKUP) != 0;

  if (can_ask && message->target_endpoint_id != NULL && *message->target_endpoint_id != '\0')
    {
      rb_placing_add (core->placing, message);
      rb_closed_ask (core, message->target_endpoint_id, on_closed_known, arrival_new (message, seq));
    }
  else
    rb_inbound_to_inbox (core, message, seq, RB_REASON_UNADDRESSED, NULL, RB_RULE_UNMATCHED);
}

static void
log_collision (const RbMessage *message,
               guint            n_matches)
{
  g_autofree char *count = g_strdup_printf ("%u", n_matches);

  rb_log_warning ("correlation_id_collision", "correlation_id", message->correlation_id, "count", count, NULL);
}

void
rb_inbound_place (RbCore    *core,
                  RbMessage *message,
                  gint64     seq)
{
  RbRoute route = rb_router_decide (core->router, core->registry, message);

  if (route.n_matches > 1)
    log_collision (message, route.n_matches);
  if (route.endpoint == NULL)
    {
      place_unmatched (core, message, seq);
      return;
    }

  switch (rb_router_gate (core->router, route.endpoint, message))
    {
    case RB_GATE_DELIVER:
      rb_route_claim (core, &route, message, seq);
      break;
    case RB_GATE_UNADDRESSED:
      rb_inbound_to_inbox (core, message, seq, RB_REASON_UNADDRESSED, route.endpoint->id, RB_RULE_BACKGROUND);
      break;
    case RB_GATE_CORRELATED_CONTINUATION:
      rb_inbound_to_inbox (core, message, seq, RB_REASON_CORRELATED, route.endpoint->id, RB_RULE_CONTINUATION);
      break;
    }
}

static RbMessage *
make_message (RbCore     *core,
              RbEnvelope *envelope)
{
  g_autofree char *minted = rb_envelope_get_id (envelope) == NULL ? rb_core_uuid (core) : NULL;
  const char *id = minted != NULL ? minted : rb_envelope_get_id (envelope);
  guint8 random[24];
  RbTraceVerdict verdict;
  RbMessage *message;

  core->random (random, sizeof random, core->random_data);
  message = rb_message_new (envelope, id, rb_core_now (core), random, &verdict);
  rb_message_set_network (message, rb_connector_get_address (core->connector));
  if (verdict != RB_TRACE_PRESENT)
    rb_log_event (G_LOG_DOMAIN, verdict == RB_TRACE_INVALID ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, "trace_context_degraded",
                  "reason", verdict == RB_TRACE_INVALID ? "invalid" : "missing", "traceId", message->trace.trace_id,
                  "spanName", "receive", "messageId", id, "from", rb_envelope_get_from (envelope), NULL);
  return message;
}

gboolean
rb_inbound_must_wait (RbCore          *core,
                      const RbMessage *message,
                      gint64           seq)
{
  return seq != RB_CONNECTOR_NO_SEQ && rb_refused_must_wait (core->refused, message, seq, monotonic_ms (core));
}

/* A connector that keeps to its window stops when it is full. */
static void
count_in_flight (RbCore *core,
                 gint64  seq)
{
  if (seq == RB_CONNECTOR_NO_SEQ)
    return;

  rb_bounds_note (core->bounds, RB_CORE_BOUND_WINDOW, ++core->n_in_flight);
  if (core->n_in_flight >= core->settings.window_messages)
    rb_bounds_reached (core->bounds, RB_CORE_BOUND_WINDOW);
}

/* What does not come again is bounded by the inbox and the queues alone. */
static gboolean
has_room_for (RbCore     *core,
              RbEnvelope *envelope,
              gint64      seq)
{
  return seq == RB_CONNECTOR_NO_SEQ || rb_core_has_room_for (core, rb_envelope_get_size (envelope), NULL);
}

/* One that was sent before it may be refused yet, and come again: behind it, not in front. */
static gboolean
must_not_be_held_yet (RbCore          *core,
                      const RbMessage *message,
                      gint64           seq)
{
  return seq != RB_CONNECTOR_NO_SEQ && rb_placing_has_before (core->placing, message);
}

static void
admit (RbCore    *core,
       RbMessage *message,
       gint64     seq)
{
  g_auto(RbAdmission) admission = rb_admission_decide (core, message);

  switch (admission.way)
    {
    case RB_ADMISSION_LET_IN:
      rb_inbound_place (core, message, seq);
      break;
    case RB_ADMISSION_HOLD:
      if (must_not_be_held_yet (core, message, seq))
        rb_inbound_refuse (core, message, seq);
      else
        rb_hold_arrival (core, message, seq, &admission);
      break;
    case RB_ADMISSION_TURN_AWAY:
      rb_hold_turn_away (core, message, seq, &admission);
      break;
    }
}

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             RbCore      *core)
{
  g_autoptr(RbMessage) message = NULL;

  /* IMP-55: neither accepted nor released; the network keeps it for our successor. */
  if (core->is_stopping)
    return;

  core->counters.received++;
  count_in_flight (core, seq);
  if (settle_duplicate (core, rb_envelope_get_id (envelope), seq))
    return;

  message = make_message (core, envelope);
  if (!core->is_running || !rb_core_check_ready (core, NULL) || rb_inbound_must_wait (core, message, seq) ||
      !has_room_for (core, envelope, seq))
    {
      rb_inbound_refuse (core, message, seq);
      return;
    }

  rb_refused_remove (core->refused, message->id);
  rb_ledger_add (core->ledger, message);
  admit (core, message, seq);
}

void
rb_inbound_adopt (RbCore     *core,
                  RbMessage  *message,
                  const char *reason,
                  const char *hint)
{
  rb_ledger_add (core->ledger, message);
  put_in_inbox (core, message, RB_CONNECTOR_NO_SEQ, reason, hint, RB_RULE_ADOPTED);
}

void
rb_inbound_settle (RbCore    *core,
                   RbMessage *message,
                   gboolean   is_durable)
{
  message->is_durable = is_durable;
  settle_waiting (core, message, is_durable ? accept_seq : release_seq);
  if (!is_durable)
    rb_ledger_drop (core->ledger, message);
}

void
rb_inbound_open_window (RbCore *core)
{
  gboolean open = core->is_running && !core->is_probing && rb_core_check_ready (core, NULL);

  rb_connector_set_window (core->connector, open ? core->settings.window_messages : 0, open ? core->settings.window_bytes : 0);
}

void
rb_inbound_stop (RbCore *core)
{
  rb_inbound_open_window (core);
  rb_route_claims_stop (core);
  rb_closed_stop (core);
}

static void
on_health_changed (RbStore *store,
                   RbCore  *core)
{
  const char *reason = NULL;

  if (rb_store_get_health (store, &reason) == RB_STORE_OK)
    {
      core->store_failed_at = 0;
      rb_log_message ("storage_works_again", NULL);
    }
  else
    {
      core->store_failed_at = core->store_failed_at != 0 ? core->store_failed_at : rb_core_now (core);
      rb_log_warning ("storage_unavailable", "reason", reason, NULL);
    }
  rb_outage_note_health (core);
  rb_inbound_open_window (core);
  rb_core_changed (core, "health");
}

void
rb_inbound_watch (RbCore *core)
{
  g_signal_connect (core->store, "health-changed", G_CALLBACK (on_health_changed), core);
  g_signal_connect (core->connector, "delivery", G_CALLBACK (on_delivery), core);
}
