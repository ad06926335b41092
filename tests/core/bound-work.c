/* bound-work.c: assignments, claims and what the upstream asks for, driven to their limits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bound-cases.h"

#include "rb-control.h"
#include "rb-fake-spawn-driver.h"
#include "rb-mailroom.h"
#include "rb-orders.h"
#include "rb-spawn-limit.h"
#include "rb-spawn.h"

#include <string.h>

#define WORKER 100
#define DAY_MS 86400000

/* Nobody accepts it, again and again: four steps a round. */
void
rb_drive_checkpoints (RbCoreFixture *fixture)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  guint n_rows = rb_fake_store_count (fixture->store, RB_TABLE_CHECKPOINTS);
  GVariant *last;
  const char *step;

  rb_bound_deliver (fixture, 1, 10, NULL, NULL);
  for (guint i = 0; i < RB_MESSAGE_CHECKPOINTS_MAX / 3; i++)
    {
      rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
      rb_worker_receipt (worker);
      rb_fake_clock_advance (fixture->clock, fixture->settings.acceptance_timeout);
      rb_test_settle ();
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CHECKPOINTS), ==, n_rows + RB_MESSAGE_CHECKPOINTS_MAX);
  last = rb_fake_store_peek (fixture->store, RB_TABLE_CHECKPOINTS, g_variant_new ("(sx)", "m1", (gint64) RB_MESSAGE_CHECKPOINTS_MAX));
  g_assert_nonnull (last);
  g_variant_get_child (last, 2, "&s", &step);
  g_assert_cmpstr (step, ==, "restored");
}

static void
assert_replied (RbWorker   *worker,
                const char *message_id,
                const char *request_id)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *wire_id = rb_worker_reply (worker, message_id, request_id, "done", &error);

  g_assert_no_error (error);
  g_assert_nonnull (wire_id);
}

void
rb_drive_reply_records (RbCoreFixture *fixture)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GError) error = NULL;

  fixture->settings.reply_record_cap = 2;
  rb_bound_settle (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_worker_accept (worker, 1, "m1", NULL);
  assert_replied (worker, "m1", "r1");
  rb_worker_accept (worker, 2, "m2", NULL);
  assert_replied (worker, "m2", "r2");
  assert_replied (worker, "m2", "r2");
  rb_worker_accept (worker, 3, "m3", NULL);
  g_assert_null (rb_worker_reply (worker, "m3", "r3", "done", &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "reply_records_full", "2 replies are remembered already");
  g_assert_cmpuint (fixture->connector->sent->len, ==, 2);

  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_record_ttl);
  assert_replied (worker, "m3", "r3");
}

static void
tick (RbCoreFixture *fixture)
{
  rb_mailroom_trigger (fixture->core);
  rb_test_settle ();
}

/* One is staged; the other is, when the first was accepted. */
static void
stage_two (RbCoreFixture *fixture)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;

  rb_claimer_open_mailroom (fixture);
  rb_test_forget_logs ();
  worker = rb_worker_new (fixture, WORKER);
  rb_test_settle ();
  rb_claimer_list (fixture, 2, rb_claimer_candidate ("m1", "node_pull_only", NULL, NULL),
                   rb_claimer_candidate ("m2", "node_pull_only", NULL, NULL));
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m1", "a1"));
  tick (fixture);
  tick (fixture);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 1);

  items = rb_claimer_fetch (worker, 0, TRUE, &error);
  g_assert_cmpuint (items->len, ==, 1);
  worker->assignment_id = g_strdup ("a1");
  g_assert_true (rb_worker_report (worker, "m1", 3, "adapter_accepted", &error));
  g_assert_no_error (error);
  rb_claimer_grant (fixture, rb_claimer_answer (worker, "m2", "a2"));
  tick (fixture);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_SELF_CLAIM], ==, 2);
}

void
rb_drive_staged (RbCoreFixture *fixture)
{
  fixture->settings.staged_cap = 1;
  stage_two (fixture);
}

void
rb_drive_staged_bytes (RbCoreFixture *fixture)
{
  fixture->settings.staged_bytes_cap = 1;
  stage_two (fixture);
}

static void
assert_too_many (RbWorker *worker)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rb_claimer_fetch (worker, 1000, TRUE, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "too_many_waiters");
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
}

static void
assert_waits (RbWorker *worker)
{
  guint n = worker->fixture->core->n_waiters;

  rb_claimer_fetch_start (worker, 1000, NULL, NULL);
  g_assert_cmpuint (worker->fixture->core->n_waiters, ==, n + 1);
}

/* Four processes wait once each, which is their share. */
void
rb_drive_waiters (RbCoreFixture *fixture)
{
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_worker_free);

  fixture->settings.staged_waiters_cap = 4;
  rb_bound_settle (fixture);
  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (workers, rb_worker_new (fixture, WORKER + i));
  for (guint i = 0; i < 4; i++)
    assert_waits (g_ptr_array_index (workers, i));
  assert_too_many (g_ptr_array_index (workers, 4));

  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_settle ();
  assert_waits (g_ptr_array_index (workers, 4));
  rb_fake_clock_advance (fixture->clock, 1000);
}

/* Whoever asks too often does not keep the others out. */
void
rb_drive_waiters_of_one (RbCoreFixture *fixture)
{
  g_autoptr(RbWorker) greedy = NULL;
  g_autoptr(RbWorker) other = NULL;

  fixture->settings.staged_waiters_cap = 8;
  rb_bound_settle (fixture);
  greedy = rb_worker_new (fixture, WORKER);
  other = rb_worker_new (fixture, WORKER + 1);
  assert_waits (greedy);
  assert_waits (greedy);
  assert_too_many (greedy);
  assert_waits (other);

  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_settle ();
  assert_waits (greedy);
  rb_fake_clock_advance (fixture->clock, 1000);
}

/* All of them are for one row, and the authority does not say whether the first may have it. */
void
rb_drive_control_events (RbCoreFixture *fixture)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  RbOrder order = rb_order_default (worker, "k", "m1");

  rb_order_arrive (fixture, 1, "m1");
  fixture->authority->hold = TRUE;
  for (guint i = 0; i <= RB_CONTROL_RUNS_MAX; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      order.key = key;
      rb_order_send (fixture, &order);
    }
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 1);
  g_assert_true (g_str_has_suffix (g_ptr_array_index (fixture->upstream->acks, 0), " failed too_many_control_events"));

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  rb_worker_receipt (worker);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, RB_CONTROL_RUNS_MAX + 1);
  rb_control_send (fixture, "dispatch_nudge", "late", "");
  g_assert_cmpstr (g_ptr_array_index (fixture->upstream->acks, fixture->upstream->acks->len - 1), ==, "late applied");
}

void
rb_drive_control_keys (RbCoreFixture *fixture)
{
  for (guint i = 0; i <= RB_CONTROL_KEYS_MAX; i++)
    {
      g_autofree char *key = g_strdup_printf ("k%u", i);

      rb_control_send (fixture, "dispatch_nudge", key, "");
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CONTROL_KEYS), ==, RB_CONTROL_KEYS_MAX);
  rb_test_forget_logs ();
  rb_control_send (fixture, "dispatch_nudge", "k0", "");
  g_assert_cmpuint (rb_test_count_log ("dispatch_nudge_received"), ==, 1);
}

static void
start_driver (RbCoreFixture *fixture)
{
  fixture->settings.spawn_timeout = DAY_MS;
  fixture->spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (fixture->spawn_drivers, rb_fake_spawn_driver_new ("k"));
  rb_bound_settle (fixture);
}

static const char *
spawn (RbCoreFixture *fixture,
       guint          i)
{
  g_autofree char *key = g_strdup_printf ("t%u", i);

  rb_control_send (fixture, "spawn_request", key, ", 'runtime_kind': <'k'>, 'prompt': <'x'>");
  return g_ptr_array_index (fixture->upstream->acks, fixture->upstream->acks->len - 1);
}

void
rb_drive_spawns (RbCoreFixture *fixture)
{
  start_driver (fixture);
  for (guint i = 0; i < RB_SPAWNS_MAX; i++)
    {
      g_assert_true (g_str_has_suffix (spawn (fixture, i), " received"));
      rb_fake_clock_advance (fixture->clock, RB_SPAWN_LIMIT_MS);
    }
  g_assert_true (g_str_has_suffix (spawn (fixture, RB_SPAWNS_MAX), " failed too_many_spawns"));

  rb_fake_clock_advance (fixture->clock, DAY_MS);
  rb_test_settle ();
  g_assert_true (g_str_has_suffix (spawn (fixture, RB_SPAWNS_MAX), " received"));
}

void
rb_drive_spawns_asked (RbCoreFixture *fixture)
{
  guint n_acks;

  fixture->settings.spawn_approval = RB_POLICY_ASK;
  start_driver (fixture);
  n_acks = fixture->upstream->acks->len;
  for (guint i = 0; i < RB_SPAWNS_ASKED_MAX; i++)
    {
      g_autofree char *key = g_strdup_printf ("t%u", i);

      rb_control_send (fixture, "spawn_request", key, ", 'runtime_kind': <'k'>, 'prompt': <'x'>");
      rb_fake_clock_advance (fixture->clock, RB_SPAWN_LIMIT_MS);
    }
  g_assert_cmpuint (fixture->upstream->acks->len, ==, n_acks);
  g_assert_true (g_str_has_suffix (spawn (fixture, 99), " failed too_many_spawns: others wait for a person"));
}

/* None registers in time: each counts as failed, and runs on. */
void
rb_drive_runtimes (RbCoreFixture *fixture)
{
  start_driver (fixture);
  for (guint i = 0; i < RB_RUNTIMES_MAX; i++)
    {
      g_assert_true (g_str_has_suffix (spawn (fixture, i), " received"));
      rb_fake_clock_advance (fixture->clock, DAY_MS + 1);
      rb_test_settle ();
    }
  rb_fake_clock_advance (fixture->clock, RB_SPAWN_LIMIT_MS);
  g_assert_true (g_str_has_suffix (spawn (fixture, 999), " failed too_many_runtimes"));
  rb_spawn_driver_emit_exited (g_ptr_array_index (fixture->spawn_drivers, 0), "t7", 0, "");
  rb_fake_clock_advance (fixture->clock, RB_SPAWN_LIMIT_MS);
  g_assert_true (g_str_has_suffix (spawn (fixture, 999), " received"));
}

void
rb_drive_spawn_rate (RbCoreFixture *fixture)
{
  start_driver (fixture);
  for (guint i = 0; i < RB_SPAWN_LIMIT_N; i++)
    g_assert_true (g_str_has_suffix (spawn (fixture, i), " received"));
  g_assert_true (g_str_has_suffix (spawn (fixture, 99), " failed spawn_rate_limited"));

  rb_fake_clock_advance (fixture->clock, RB_SPAWN_LIMIT_MS + 1);
  g_assert_true (g_str_has_suffix (spawn (fixture, 99), " received"));
}
