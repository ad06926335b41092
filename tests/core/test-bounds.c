/* test-bounds.c: every bounded thing of the core stays within its bound, and says so when it is reached (design.md, invariant 7)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bound-cases.h"

#include <string.h>

typedef struct {
  const char   *name;
  RbBoundDrive  drive;
  const char   *world;     /* of rb_core_fixture_set_up() */
  gboolean      by_one;    /* how large a message is shows when it is here: the last one may pass the limit */
} Case;

static const Case cases[] = {
  { "messages", rb_drive_messages, NULL },
  { "message_bytes", rb_drive_message_bytes, NULL },
  { "window", rb_drive_window, NULL },
  { "inbox", rb_drive_inbox, NULL },
  { "endpoints", rb_drive_endpoints, NULL },
  { "longest_queue", rb_drive_queue, NULL },
  { "largest_queue_bytes", rb_drive_queue_bytes, NULL },
  { "push_window", rb_drive_pushed, NULL },
  { "push_window_bytes", rb_drive_pushed_bytes, NULL },
  { "checkpoints", rb_drive_checkpoints, NULL },
  { "reply_records", rb_drive_reply_records, NULL },
  { "staged", rb_drive_staged, "network" },
  { "staged_bytes", rb_drive_staged_bytes, "network", TRUE },
  { "staged_waiters", rb_drive_waiters, NULL },
  { "staged_waiters_of_one", rb_drive_waiters_of_one, NULL },
  { "outbox", rb_drive_outbox, "authority" },
  { "outbox_posts", rb_drive_outbox_posts, "authority" },
  { "presence_posts", rb_drive_presence_posts, "authority" },
  { "dead_letters", rb_drive_dead_letters, "authority" },
  { "control_events", rb_drive_control_events, "authority" },
  { "control_keys", rb_drive_control_keys, NULL },
  { "spawns", rb_drive_spawns, NULL },
  { "spawns_asked", rb_drive_spawns_asked, NULL },
  { "runtimes", rb_drive_runtimes, NULL },
  { "spawn_rate", rb_drive_spawn_rate, NULL },
  { "correlation_ring", rb_drive_ring, NULL },
  { "received_correlations", rb_drive_received, NULL },
  { "history", rb_drive_history, NULL },
  { "archive", rb_drive_archive, NULL },
  { "archive_bytes", rb_drive_archive_bytes, NULL },
  { "refused", rb_drive_refused, NULL },
  { "closed_lookups", rb_drive_closed_lookups, NULL },
  { "policy_rules", rb_drive_policy_rules, NULL },
  { "held", rb_drive_held, NULL },
  { "known_senders", rb_drive_known_senders, NULL },
  { "strangers", rb_drive_strangers, NULL },
  { "loops", rb_drive_loops, NULL },
};

static void
set_up (RbCoreFixture *fixture,
        gconstpointer  data)
{
  rb_core_fixture_set_up (fixture, data != NULL ? ((const Case *) data)->world : NULL);
}

static const RbBound *
find (RbCoreFixture *fixture,
      const char    *name)
{
  for (guint i = 0; i < rb_bounds_get_n (fixture->core->bounds); i++)
    {
      const RbBound *bound = rb_bounds_get (fixture->core->bounds, i);

      if (strcmp (bound->info->name, name) == 0)
        return bound;
    }
  g_error ("the core has no bound '%s'", name);
}

static void
test_driven (RbCoreFixture *fixture,
             gconstpointer  data)
{
  const Case *c = data;
  const RbBound *bound;

  g_test_summary ("At its limit the policy holds, the counters count, the log says so; below it things work again.");

  rb_test_forget_logs ();
  c->drive (fixture);
  bound = find (fixture, c->name);
  g_assert_cmpuint (bound->limit, >, 0);
  if (!c->by_one)
    g_assert_cmpuint (bound->peak, <=, bound->limit);
  g_assert_cmpuint (bound->n_reached, >, 0);
  g_assert_cmpint (bound->last_reached, >, 0);
  /* Of bytes, and of what was not let in whole, the most is below the limit. */
  g_assert_cmpuint (bound->peak, >, 0);
  if (strcmp (bound->info->unit, "bytes") != 0)
    g_assert_cmpuint (bound->peak, ==, bound->limit);
}

static void
test_all_driven (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_test_summary ("No bound of the core is without a test that drives it to its limit.");

  for (guint i = 0; i < rb_bounds_get_n (fixture->core->bounds); i++)
    {
      const RbBound *bound = rb_bounds_get (fixture->core->bounds, i);
      guint n = 0;

      for (size_t j = 0; j < G_N_ELEMENTS (cases); j++)
        n += strcmp (cases[j].name, bound->info->name) == 0;
      if (n != 1)
        g_error ("bound '%s' is driven by %u tests", bound->info->name, n);
    }
  g_assert_cmpuint (rb_bounds_get_n (fixture->core->bounds), ==, G_N_ELEMENTS (cases));
}

static void
test_shown (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GVariant) status = NULL;
  g_autoptr(GVariant) limits = NULL;

  g_test_summary ("The status shows each, with all that is known of it.");

  status = g_variant_ref_sink (rb_view_status (fixture->core));
  limits = g_variant_lookup_value (status, "limits", G_VARIANT_TYPE_VARDICT);
  g_assert_cmpuint (g_variant_n_children (limits), ==, G_N_ELEMENTS (cases));
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GVariant) limit = g_variant_lookup_value (limits, cases[i].name, G_VARIANT_TYPE_VARDICT);
      static const char *const members[] = { "used:x", "limit:x", "peak:x", "reached:x", "unit:s", "policy:s", "manner:s" };

      g_assert_nonnull (limit);
      for (size_t j = 0; j < G_N_ELEMENTS (members); j++)
        {
          g_autofree char *name = g_strndup (members[j], strlen (members[j]) - 2);

          g_assert_true (g_variant_lookup (limit, name, members[j] + strlen (name) + 1, NULL));
        }
    }
}

/* A worker that is away and whose queue holds one message; two wait in the inbox. */
static RbWorker *
start_with_small_queue (RbCoreFixture *fixture)
{
  RbWorker *worker;

  fixture->settings.queue_cap = 1;
  rb_bound_settle (fixture);
  worker = rb_worker_new (fixture, 100);
  rb_worker_detach (worker);
  rb_bound_deliver (fixture, 1, 10, NULL, NULL);
  rb_bound_deliver (fixture, 2, 10, NULL, NULL);
  return worker;
}

/* A person or the upstream may give one endpoint more than its queue holds. */
static void
test_dispatch_to_full (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A dispatch to an endpoint whose queue is full is refused, and the message stays in the inbox.");

  worker = start_with_small_queue (fixture);
  g_assert_true (rb_core_fixture_dispatch (fixture, "m1", worker->endpoint_id, &error));
  g_assert_no_error (error);
  g_assert_false (rb_core_fixture_dispatch (fixture, "m2", worker->endpoint_id, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_queue_full");
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
  g_assert_cmpuint (find (fixture, "longest_queue")->n_reached, ==, 1);
}

static void
test_dispatch_together (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  RbCaller caller = { .operator_ = TRUE };

  g_test_summary ("Dispatches that are decided at once do not fill a queue beyond its limit: what is on its way there counts.");

  worker = start_with_small_queue (fixture);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_dispatch_async (fixture->core, &caller, "m1", worker->endpoint_id, rb_test_store_result, &first);
  rb_dispatch_async (fixture->core, &caller, "m2", worker->endpoint_id, rb_test_store_result, &second);
  rb_test_settle ();
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_true (rb_dispatch_finish (fixture->core, first, &error));
  g_assert_no_error (error);
  g_assert_false (rb_dispatch_finish (fixture->core, second, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_queue_full");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m2"), ==, "inbox");
}

static void
test_claim_when_full (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("With as many messages as may live here none is claimed from elsewhere; what is here may be.");

  fixture->settings.message_cap = 1;
  rb_bound_settle (fixture);
  worker = rb_worker_new (fixture, 100);
  rb_claimer_arrive (fixture, 1, "m1");
  g_assert_null (rb_claimer_claim (worker, "m2", &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "messages_full");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 0);
  g_clear_error (&error);

  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  grant = rb_claimer_claim (worker, "m1", &error);
  g_assert_no_error (error);
  g_assert_nonnull (grant);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, world, function) \
  g_test_add ("/bounds/" path, RbCoreFixture, world, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("all-driven", NULL, test_all_driven);
  ADD ("shown", NULL, test_shown);
  ADD ("dispatch-to-full", NULL, test_dispatch_to_full);
  ADD ("dispatch-to-full/together", NULL, test_dispatch_together);
  ADD ("claim-when-full", "network", test_claim_when_full);
#undef ADD
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/bounds/driven/%s", cases[i].name);

      g_test_add (path, RbCoreFixture, &cases[i], set_up, test_driven, rb_core_fixture_tear_down);
    }
  return g_test_run ();
}
