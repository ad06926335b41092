/* test-crash.c: a whole session in which the process dies at every commit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-world.h"

/* With the sanitizer a run takes eighty times as long: each test then tries a few commits, not the same as the others. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 12
#else
#define STRIDE 1
#endif

/* The session: each step can be asked for again, as clients do that were not answered. */

static void
step_join (RbWorld *world)
{
  rb_adapter_join (world, &world->worker);
  rb_adapter_join (world, &world->asker);
}

static void
step_answered (RbWorld *world)
{
  rb_world_deliver (world, 1, "m1", "{\"correlation_id\":\"c1\",\"message_id\":\"rm1\"}");
  rb_world_dispatch (world, "m1", &world->worker);
  rb_adapter_accept (world, &world->worker, "m1");
}

static void
step_reply (RbWorld *world)
{
  rb_adapter_reply (world, &world->worker, "m1");
}

static void
step_send (RbWorld *world)
{
  rb_adapter_send (world, &world->asker);
}

static void
step_direct (RbWorld *world)
{
  g_autofree char *metadata = g_strdup_printf ("{\"correlation_id\":\"%s\"}", world->asker.correlation_id);

  rb_world_deliver (world, 2, "m2", metadata);
  rb_adapter_read (world, &world->asker);
}

static void
step_away (RbWorld *world)
{
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", world->asker.endpoint_id);

  rb_adapter_drop (world, &world->asker);
  rb_world_deliver (world, 3, "m3", metadata);
}

static void
step_not_accepted (RbWorld *world)
{
  rb_world_deliver (world, 4, "m4", NULL);
  rb_world_dispatch (world, "m4", &world->worker);
  rb_world_wait (world, world->fixture.settings.acceptance_timeout);
}

static void
step_back (RbWorld *world)
{
  if (!world->is_dead && world->asker.channel == NULL)
    rb_adapter_return (world, &world->asker);
  rb_adapter_read (world, &world->asker);
}

static void
step_grace_end (RbWorld *world)
{
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", world->asker.endpoint_id);

  rb_adapter_drop (world, &world->asker);
  rb_world_deliver (world, 5, "m5", metadata);
  rb_world_wait (world, world->fixture.settings.endpoint_grace);
}

static void
step_failed (RbWorld *world)
{
  rb_world_dispatch (world, "m4", &world->worker);
  rb_adapter_accept (world, &world->worker, "m4");
  rb_adapter_fail (world, &world->worker, "m4");
}

static void
step_rescued (RbWorld *world)
{
  rb_world_dispatch (world, "m5", &world->worker);
  rb_adapter_accept (world, &world->worker, "m5");
  rb_adapter_reply (world, &world->worker, "m5");
}

static void
step_half_done (RbWorld *world)
{
  rb_world_deliver (world, 6, "m6", NULL);
  rb_world_dispatch (world, "m6", &world->worker);
  rb_adapter_accept (world, &world->worker, "m6");
  rb_world_deliver (world, 7, "m7", NULL);
  rb_world_dispatch (world, "m7", &world->worker);
}

static void
step_leave (RbWorld *world)
{
  rb_adapter_leave (world, &world->worker);
}

static void
step_successor (RbWorld *world)
{
  rb_adapter_join (world, &world->worker);
  rb_world_deliver (world, 8, "m8", "{\"correlation_id\":\"c8\"}");
  rb_world_deliver (world, 9, "m9", NULL);
  rb_world_dispatch (world, "m8", &world->worker);
  rb_adapter_accept (world, &world->worker, "m8");
}

/* The adapter lost its endpoint's id with its channel and registers again in the same session. */
static void
step_again (RbWorld *world)
{
  rb_adapter_drop (world, &world->worker);
  rb_world_dispatch (world, "m9", &world->worker);   /* waits for the predecessor */
  if (!world->is_dead)
    {
      g_clear_pointer (&world->worker.endpoint_id, g_free);
      g_clear_pointer (&world->worker.token, g_free);
    }
  rb_adapter_join (world, &world->worker);
}

static void
step_end (RbWorld *world)
{
  rb_adapter_join (world, &world->worker);
  rb_adapter_reply (world, &world->worker, "m8");
  rb_world_dispatch (world, "m9", &world->worker);
  rb_adapter_accept (world, &world->worker, "m9");
  rb_adapter_reply (world, &world->worker, "m9");
}

static void (*const steps[]) (RbWorld *world) = {
  step_join,  step_answered,  step_reply,  step_send,    step_direct,    step_away,  step_not_accepted, step_back,
  step_grace_end, step_failed, step_rescued, step_half_done, step_leave, step_successor, step_again, step_end,
};

/* However often it died, this is how it ends. */
static const struct {
  const char *id, *place, *reason;
  guint effects;
} ends[] = {
  { "m1", "ended", "replied", 1 },           { "m2", "ended", "delivered", 1 },
  { "m3", "ended", "delivered", 1 },         { "m4", "ended", "processing_failed", 1 },
  { "m5", "ended", "replied", 1 },           { "m6", "ended", "endpoint_lost_after_acceptance", 1 },
  { "m7", "inbox", "unaddressed", 0 },       { "m8", "ended", "replied", 1 },
  { "m9", "ended", "replied", 1 },
};

static void
check_ends (RbWorld *world)
{
  for (size_t i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      const char *place = rb_core_fixture_place (&world->fixture, ends[i].id);

      /* That a direct message was taken is committed lazily: after a power failure it is there again. */
      if (world->plan.death == RB_DEATH_POWER && g_strcmp0 (ends[i].reason, "delivered") == 0 && g_str_equal (place, "inbox"))
        continue;
      g_assert_cmpstr (place, ==, ends[i].place);
      g_assert_cmpstr (rb_core_fixture_reason (&world->fixture, ends[i].id), ==, ends[i].reason);
      g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (world->effects, ends[i].id)), ==, ends[i].effects);
    }
}

/* Returns how many commits it took. @again: the commit of the second process that is its last; 0: it lives. */
static guint
run (const RbWorldPlan *plan,
     guint              again)
{
  g_autoptr(RbWorld) world = rb_world_new (plan);
  guint first = rb_fake_store_get_n_commits (world->fixture.store);
  guint n_commits;

  world->next = *plan;
  world->next.at = again;
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i] (world);
      while (rb_world_check_dead (world))
        {
          g_test_message ("commit %u, then %u: died in step %u", plan->at, again, i);
          rb_world_recover (world);
          steps[i] (world);
        }
      if (plan->at == 0 || i + 1 == G_N_ELEMENTS (steps))
        rb_world_check_live (world);
    }
  rb_fake_store_live_on (world->fixture.store);
  n_commits = rb_fake_store_get_n_commits (world->fixture.store) - first;
  check_ends (world);
  rb_world_check_orders (world);
  rb_world_check_traffic (world);
  rb_world_check_nothing_stuck (world);
  return n_commits;
}

/* The next process dies too, while it puts things right and everybody comes back. */
static void
test_twice (gconstpointer data)
{
  RbWorldPlan plan = *(const RbWorldPlan *) data;
  guint n;

  g_test_summary ("A second death during the recovery from the first changes nothing.");

  n = run (&plan, 0);
  for (plan.at = 1; plan.at <= n; plan.at += STRIDE)
    for (guint again = 1; again <= 4; again++)
      {
        plan.keeps_last = (plan.at + again) % 2 == 0;
        run (&plan, again);
      }
}

static void
test_every_commit (gconstpointer data)
{
  RbWorldPlan plan = *(const RbWorldPlan *) data;
  guint n;

  g_test_summary ("The session ends as it would have, whichever commit was the last of the process.");

  plan.at = 0;
  n = run (&plan, 0);
  g_assert_cmpuint (n, >, 40);
  for (plan.at = 1 + (3 * plan.death + 2 * plan.redelivers_all + (plan.authority != NULL)) % STRIDE; plan.at <= n; plan.at += STRIDE)
    {
      plan.keeps_last = TRUE;
      run (&plan, 0);
      if (plan.death == RB_DEATH_STOP)
        continue;
      plan.keeps_last = FALSE;
      run (&plan, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  static const struct {
    const char  *path;
    RbWorldPlan  plan;
  } tests[] = {
    { "/crash/process", { .death = RB_DEATH_CRASH, .redelivers_all = FALSE, .authority = NULL } },
    { "/crash/process/all-redelivered", { .death = RB_DEATH_CRASH, .redelivers_all = TRUE, .authority = NULL } },
    { "/crash/process/authority", { .death = RB_DEATH_CRASH, .redelivers_all = FALSE, .authority = "authority" } },
    { "/crash/process/ordered", { .death = RB_DEATH_CRASH, .redelivers_all = FALSE, .authority = "authority", .is_ordered = TRUE } },
    { "/crash/power/ordered", { .death = RB_DEATH_POWER, .redelivers_all = TRUE, .authority = NULL, .is_ordered = TRUE } },
    { "/crash/stop/ordered", { .death = RB_DEATH_STOP, .redelivers_all = FALSE, .authority = "authority", .is_ordered = TRUE } },
    { "/crash/power", { .death = RB_DEATH_POWER, .redelivers_all = FALSE, .authority = NULL } },
    { "/crash/power/all-redelivered", { .death = RB_DEATH_POWER, .redelivers_all = TRUE, .authority = "authority" } },
    { "/crash/stop", { .death = RB_DEATH_STOP, .redelivers_all = FALSE, .authority = NULL } },
    { "/crash/stop/authority", { .death = RB_DEATH_STOP, .redelivers_all = TRUE, .authority = "authority" } },
  };

  static const RbWorldPlan twice = { .death = RB_DEATH_POWER, .authority = "authority" };

  rb_test_init (&argc, &argv);

  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, &tests[i].plan, test_every_commit);
  g_test_add_data_func ("/crash/twice", &twice, test_twice);

  return g_test_run ();
}
