/* rb-core-bounds.c: everything in the core that has a limit
 *
 * What is not here is bounded by what is: timers, receipts and assignments by the messages that live; claims, replies and dispatches at work
 * by the requests of the adapters (broker/ipc); route claims by the window.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-bounds.h"

#include "rb-closed.h"
#include "rb-control.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-outbox.h"
#include "rb-spawn-limit.h"
#include "rb-spawn.h"

#define KEEPS "new arrivals are refused; the network keeps them"

static const RbBoundInfo infos[RB_N_CORE_BOUNDS] = {
  [RB_CORE_BOUND_MESSAGES] = { "messages", "messages", RB_BOUND_PUSHES_BACK, KEEPS },
  [RB_CORE_BOUND_MESSAGE_BYTES] = { "message_bytes", "bytes", RB_BOUND_PUSHES_BACK, KEEPS },
  [RB_CORE_BOUND_WINDOW] = { "window", "messages", RB_BOUND_WAITS, "the connector holds back what comes" },
  [RB_CORE_BOUND_INBOX] = { "inbox", "messages", RB_BOUND_PUSHES_BACK, KEEPS },
  [RB_CORE_BOUND_ENDPOINTS] = { "endpoints", "endpoints", RB_BOUND_PUSHES_BACK, "registrations are refused" },
  [RB_CORE_BOUND_QUEUE] = { "longest_queue", "messages", RB_BOUND_PUSHES_BACK,
                            "new arrivals and dispatches for that endpoint are refused; the network or the inbox keeps them" },
  [RB_CORE_BOUND_QUEUE_BYTES] = { "largest_queue_bytes", "bytes", RB_BOUND_PUSHES_BACK,
                                  "new arrivals and dispatches for that endpoint are refused; the network or the inbox keeps them" },
  [RB_CORE_BOUND_PUSHED] = { "push_window", "messages", RB_BOUND_WAITS, "the rest waits in the endpoint's queue for receipts" },
  [RB_CORE_BOUND_PUSHED_BYTES] = { "push_window_bytes", "bytes", RB_BOUND_WAITS, "the rest waits in the endpoint's queue for receipts" },
  [RB_CORE_BOUND_CHECKPOINTS] = { "checkpoints", "steps", RB_BOUND_FORGETS, "the newest step takes the place of the one before it" },
  [RB_CORE_BOUND_REPLY_RECORDS] = { "reply_records", "replies", RB_BOUND_PUSHES_BACK, "new replies are refused until old ones expire" },
  [RB_CORE_BOUND_STAGED] = { "staged", "messages", RB_BOUND_PUSHES_BACK, "nothing more is claimed in advance; the upstream keeps it" },
  [RB_CORE_BOUND_STAGED_BYTES] = { "staged_bytes", "bytes", RB_BOUND_PUSHES_BACK,
                                   "nothing more is claimed in advance; the upstream keeps it" },
  [RB_CORE_BOUND_STAGED_WAITERS] = { "staged_waiters", "requests", RB_BOUND_PUSHES_BACK, "further requests are refused" },
  [RB_CORE_BOUND_STAGED_WAITERS_OF_ONE] = { "staged_waiters_of_one", "requests", RB_BOUND_PUSHES_BACK,
                                            "further requests of that process are refused" },
  [RB_CORE_BOUND_OUTBOX] = { "outbox", "events", RB_BOUND_PUSHES_BACK, "new work is refused until the upstream has heard" },
  [RB_CORE_BOUND_OUTBOX_POSTS] = { "outbox_posts", "posts", RB_BOUND_WAITS, "other subjects wait for their turn" },
  [RB_CORE_BOUND_PRESENCE_POSTS] = { "presence_posts", "events", RB_BOUND_FORGETS, "the oldest that was not tried yet is not told" },
  [RB_CORE_BOUND_DEAD_LETTERS] = { "dead_letters", "events", RB_BOUND_FORGETS, "the oldest is forgotten" },
  [RB_CORE_BOUND_CONTROL_EVENTS] = { "control_events", "events", RB_BOUND_PUSHES_BACK, "further ones are answered as failed" },
  [RB_CORE_BOUND_CONTROL_KEYS] = { "control_keys", "keys", RB_BOUND_FORGETS, "the oldest is forgotten" },
  [RB_CORE_BOUND_SPAWNS] = { "spawns", "programs", RB_BOUND_PUSHES_BACK, "further ones are answered as failed" },
  [RB_CORE_BOUND_SPAWN_RATE] = { "spawn_rate", "starts in 30 s", RB_BOUND_PUSHES_BACK, "further ones are answered as failed" },
  [RB_CORE_BOUND_SPAWNS_ASKED] = { "spawns_asked", "requests", RB_BOUND_PUSHES_BACK, "further ones are answered as failed" },
  [RB_CORE_BOUND_RUNTIMES] = { "runtimes", "programs", RB_BOUND_PUSHES_BACK, "no further one is started" },
  [RB_CORE_BOUND_CORRELATION_RING] = { "correlation_ring", "correlations", RB_BOUND_FORGETS, "the oldest of that endpoint is forgotten" },
  [RB_CORE_BOUND_RECEIVED_CORRELATIONS] = { "received_correlations", "correlations", RB_BOUND_FORGETS,
                                            "the oldest of that endpoint is forgotten" },
  [RB_CORE_BOUND_HISTORY] = { "history", "messages", RB_BOUND_FORGETS, "the oldest ended one is forgotten" },
  [RB_CORE_BOUND_ARCHIVE] = { "archive", "entries", RB_BOUND_FORGETS, "the oldest can be explained and found no more" },
  [RB_CORE_BOUND_ARCHIVE_BYTES] = { "archive_bytes", "bytes", RB_BOUND_FORGETS, "the oldest can be explained and found no more" },
  [RB_CORE_BOUND_REFUSED] = { "refused", "messages", RB_BOUND_FORGETS, "the order of further refused conversations is not kept" },
  [RB_CORE_BOUND_CLOSED_LOOKUPS] = { "closed_lookups", "endpoints", RB_BOUND_FORGETS, "the one used longest ago is asked for again" },
  [RB_CORE_BOUND_POLICY_RULES] = { "policy_rules", "rules", RB_BOUND_PUSHES_BACK, "further rules are refused" },
  [RB_CORE_BOUND_HELD] = { "held", "messages", RB_BOUND_PUSHES_BACK, KEEPS },
  [RB_CORE_BOUND_KNOWN_SENDERS] = { "known_senders", "addresses", RB_BOUND_FORGETS, "the one met longest ago counts as a stranger" },
  [RB_CORE_BOUND_STRANGERS] = { "strangers", "addresses", RB_BOUND_FORGETS, "the hour of the quietest one begins anew" },
  [RB_CORE_BOUND_LOOPS] = { "loops", "conversations", RB_BOUND_FORGETS, "the hops of the quietest one are counted anew" },
};

static void
refresh_queues (RbCore   *core,
                RbBounds *bounds)
{
  guint64 longest = 0, largest = 0, pushed = 0, pushed_bytes = 0;

  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    {
      const RbQueue *queue = ((RbEndpoint *) l->data)->queue;

      longest = MAX (longest, rb_queue_get_length (queue));
      largest = MAX (largest, rb_queue_get_bytes (queue));
      pushed = MAX (pushed, rb_queue_get_n_pushed (queue));
      pushed_bytes = MAX (pushed_bytes, rb_queue_get_pushed_bytes (queue));
    }
  rb_bounds_set_used (bounds, RB_CORE_BOUND_QUEUE, longest);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_QUEUE_BYTES, largest);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_PUSHED, pushed);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_PUSHED_BYTES, pushed_bytes);
}

static guint64
largest_of (GHashTable *counts)
{
  GHashTableIter iter;
  guint64 largest = 0;
  gpointer count;

  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, NULL, &count))
    largest = MAX (largest, GPOINTER_TO_UINT (count));
  return largest;
}

static void
refresh_work (RbCore   *core,
              RbBounds *bounds)
{
  rb_bounds_set_used (bounds, RB_CORE_BOUND_MESSAGES, rb_ledger_get_n (core->ledger));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_MESSAGE_BYTES, rb_ledger_get_bytes (core->ledger));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_WINDOW, core->n_in_flight);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_INBOX, rb_inbox_get_n (core->inbox) + rb_inbox_get_n_reserved (core->inbox));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_ENDPOINTS, rb_registry_get_n (core->registry) + core->n_registering);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_REPLY_RECORDS, rb_replies_get_n (core->replies));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_STAGED, rb_staging_get_n (core->staging));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_STAGED_BYTES, rb_staging_get_bytes (core->staging));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_STAGED_WAITERS, core->n_waiters);
  rb_bounds_set_used (bounds, RB_CORE_BOUND_STAGED_WAITERS_OF_ONE, largest_of (core->waiters_of));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_CONTROL_EVENTS, rb_control_get_n_runs (core->control));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_SPAWNS, rb_spawns_get_n_live (core->spawns));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_SPAWN_RATE, rb_spawns_get_n_granted (core));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_SPAWNS_ASKED, rb_spawns_get_n_asked (core->spawns));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_RUNTIMES, rb_spawns_get_n_running (core->spawns));
  rb_outbox_refresh_bounds (core, bounds);
}

static void
refresh_memories (RbCore   *core,
                  RbBounds *bounds)
{
  rb_bounds_set_used (bounds, RB_CORE_BOUND_CHECKPOINTS, rb_ledger_get_most_checkpoints (core->ledger));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_CONTROL_KEYS, rb_control_get_n_keys (core->control));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_CORRELATION_RING, rb_router_get_longest (core->router));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_RECEIVED_CORRELATIONS, rb_reply_cache_get_longest (core->received));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_HISTORY, rb_ledger_get_n_seen (core->ledger));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_ARCHIVE, rb_archive_get_n (core->archive));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_ARCHIVE_BYTES, rb_archive_get_bytes (core->archive));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_REFUSED, rb_refused_get_n (core->refused));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_CLOSED_LOOKUPS, rb_closed_get_n (core->closed));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_POLICY_RULES, rb_policy_get_n (core->policy));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_HELD, rb_held_get_n (core->held));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_KNOWN_SENDERS, rb_known_get_n (core->known));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_STRANGERS, rb_quota_get_n (core->quota));
  rb_bounds_set_used (bounds, RB_CORE_BOUND_LOOPS, rb_loop_get_n (core->loop));
}

static void
on_refresh (RbBounds *bounds,
            gpointer  user_data)
{
  refresh_queues (user_data, bounds);
  refresh_work (user_data, bounds);
  refresh_memories (user_data, bounds);
}

static void
set_limits (RbCore   *core,
            RbBounds *bounds)
{
  const RbCoreSettings *settings = &core->settings;
  const guint64 limits[RB_N_CORE_BOUNDS] = {
    [RB_CORE_BOUND_MESSAGES] = settings->message_cap,
    [RB_CORE_BOUND_MESSAGE_BYTES] = settings->message_bytes_cap,
    [RB_CORE_BOUND_WINDOW] = settings->window_messages,
    [RB_CORE_BOUND_INBOX] = settings->inbox_cap,
    [RB_CORE_BOUND_ENDPOINTS] = settings->endpoint_cap,
    [RB_CORE_BOUND_QUEUE] = settings->queue_cap,
    [RB_CORE_BOUND_QUEUE_BYTES] = settings->queue_bytes_cap,
    [RB_CORE_BOUND_PUSHED] = settings->push_window_messages,
    [RB_CORE_BOUND_PUSHED_BYTES] = settings->push_window_bytes,
    [RB_CORE_BOUND_CHECKPOINTS] = RB_MESSAGE_CHECKPOINTS_MAX,
    [RB_CORE_BOUND_REPLY_RECORDS] = settings->reply_record_cap,
    [RB_CORE_BOUND_STAGED] = settings->staged_cap,
    [RB_CORE_BOUND_STAGED_BYTES] = settings->staged_bytes_cap,
    [RB_CORE_BOUND_STAGED_WAITERS] = settings->staged_waiters_cap,
    [RB_CORE_BOUND_STAGED_WAITERS_OF_ONE] = rb_core_get_waiters_share (core),
    [RB_CORE_BOUND_OUTBOX] = settings->outbox_cap,
    [RB_CORE_BOUND_OUTBOX_POSTS] = RB_OUTBOX_POSTS_MAX,
    [RB_CORE_BOUND_PRESENCE_POSTS] = RB_OUTBOX_PRESENCE_MAX,
    [RB_CORE_BOUND_DEAD_LETTERS] = rb_dead_letters_get_cap (),
    [RB_CORE_BOUND_CONTROL_EVENTS] = RB_CONTROL_RUNS_MAX,
    [RB_CORE_BOUND_CONTROL_KEYS] = RB_CONTROL_KEYS_MAX,
    [RB_CORE_BOUND_SPAWNS] = RB_SPAWNS_MAX,
    [RB_CORE_BOUND_SPAWN_RATE] = RB_SPAWN_LIMIT_N,
    [RB_CORE_BOUND_SPAWNS_ASKED] = RB_SPAWNS_ASKED_MAX,
    [RB_CORE_BOUND_RUNTIMES] = RB_RUNTIMES_MAX,
    [RB_CORE_BOUND_CORRELATION_RING] = settings->correlation_ring_cap,
    [RB_CORE_BOUND_RECEIVED_CORRELATIONS] = settings->reply_correlation_cap,
    [RB_CORE_BOUND_HISTORY] = rb_ledger_get_seen_cap (core->ledger),
    [RB_CORE_BOUND_ARCHIVE] = settings->archive.max_entries,
    [RB_CORE_BOUND_ARCHIVE_BYTES] = settings->archive.max_bytes,
    [RB_CORE_BOUND_REFUSED] = rb_refused_get_cap (),
    [RB_CORE_BOUND_CLOSED_LOOKUPS] = RB_CLOSED_MAX,
    [RB_CORE_BOUND_POLICY_RULES] = RB_POLICY_RULES_MAX,
    [RB_CORE_BOUND_HELD] = settings->held_cap,
    [RB_CORE_BOUND_KNOWN_SENDERS] = RB_KNOWN_MAX,
    [RB_CORE_BOUND_STRANGERS] = RB_QUOTA_SENDERS_MAX,
    [RB_CORE_BOUND_LOOPS] = RB_LOOP_CONVERSATIONS_MAX,
  };

  for (guint i = 0; i < RB_N_CORE_BOUNDS; i++)
    rb_bounds_set_limit (bounds, i, limits[i]);
}

RbBounds *
rb_core_bounds_new (RbClock *clock)
{
  return rb_bounds_new (infos, G_N_ELEMENTS (infos), clock);
}

void
rb_core_bounds_start (RbCore *core)
{
  set_limits (core, core->bounds);
  rb_bounds_set_refresh (core->bounds, on_refresh, core);
  rb_core_add_bounds (core, core->bounds);
}

guint
rb_core_get_waiters_share (RbCore *core)
{
  return MAX (core->settings.staged_waiters_cap / 4, 1);
}

gboolean
rb_core_has_room_for (RbCore  *core,
                      gsize    size_bytes,
                      GError **error)
{
  const RbCoreSettings *settings = &core->settings;
  g_autoptr(GError) full = NULL;
  RbCoreBound bound;

  if (rb_ledger_get_n (core->ledger) >= settings->message_cap)
    bound = RB_CORE_BOUND_MESSAGES;
  else if (rb_ledger_get_n (core->ledger) > 0 && rb_ledger_get_bytes (core->ledger) + size_bytes > settings->message_bytes_cap)
    bound = RB_CORE_BOUND_MESSAGE_BYTES;
  else
    return TRUE;

  rb_bounds_reached (core->bounds, bound);
  full = rb_error_new (RB_ERROR_UNAVAILABLE, "messages_full", "%u messages are here already", rb_ledger_get_n (core->ledger));
  rb_error_set_retryable (full, TRUE);
  g_propagate_error (error, g_steal_pointer (&full));
  return FALSE;
}
