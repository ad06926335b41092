/* test-spawn.c: the upstream has a runtime started here (protocol.md 15.8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-spawn-list.h"
#include "rb-spawn-operator.h"

#include <signal.h>

/* Source: protocol.md 15.8; 7.2 step 13, 7.3. */

#define PID 100

static void
ask (RbCoreFixture *fixture,
     const char    *key,
     const char    *kind)
{
  g_autofree char *members = g_strdup_printf (", 'runtime_kind': <'%s'>, 'prompt': <'-x do it'>, 'origin': <'owner_initiated_spawn'>", kind);

  rb_control_send (fixture, "spawn_request", key, members);
}

/* A core with one driver, for the kind "k". */
static RbFakeSpawnDriver *
add_driver (RbCoreFixture *fixture)
{
  RbFakeSpawnDriver *driver = rb_fake_spawn_driver_new ("k");

  fixture->spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (fixture->spawn_drivers, driver);
  rb_core_fixture_restart (fixture);
  return driver;
}

static char *
register_with (RbCoreFixture *fixture,
               const char    *kind,
               const char    *token)
{
  RbCaller caller = { .pid = PID };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = PID, .kind = (char *) kind, .spawn_token = (char *) token };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) naming = NULL;
  g_autofree char *owner_token = NULL;
  g_autoptr(GError) error = NULL;
  char *id = NULL;

  rb_register_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_register_finish (fixture->core, result, &id, &owner_token, &naming, &error);
  g_assert_no_error (error);
  rb_test_settle ();
  return id;
}

static void
advance (RbCoreFixture *fixture,
         gint64         ms)
{
  rb_fake_clock_advance (fixture->clock, ms);
  rb_test_settle ();
}

static void
assert_explained (RbCoreFixture *fixture,
                  const char    *token,
                  const char    *member,
                  const char    *wanted)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) view = NULL;
  g_autoptr(GError) error = NULL;
  const char *found = NULL;

  rb_explain_async (fixture->core, token, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  view = rb_explain_finish (fixture->core, result, &error);
  g_assert_no_error (error);
  g_variant_lookup (view, member, "&s", &found);
  g_assert_cmpstr (found, ==, wanted);
}

static void
test_not_configured (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_test_summary ("Without drivers nothing is started; the limit comes before that.");

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *key = g_strdup_printf ("t%u", i);
      g_autofree char *text = g_strconcat (key, " failed spawn_driver_registry_not_configured", NULL);

      ask (fixture, key, "k");
      rb_assert_acked (fixture, i + 1, text);
    }
  ask (fixture, "t3", "k");
  rb_assert_acked (fixture, 4, "t3 failed spawn_rate_limited");
  advance (fixture, 30001);
  ask (fixture, "t3", "k");
  rb_assert_acked (fixture, 5, "t3 failed spawn_driver_registry_not_configured");
}

static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);

  g_test_summary ("Each check of 15.8 has its detail: kind, then what the driver says, or a word for a driver that says nothing.");

  ask (fixture, "t1", "other");
  rb_assert_acked (fixture, 1, "t1 failed runtime_kind_unsupported: other");
  driver->unavailable = g_strdup ("`k` CLI not found");
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 2, "t1 failed `k` CLI not found");
  *driver->unavailable = '\0';
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 3, "t1 failed driver_unavailable");
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 4, "t1 failed spawn_rate_limited");
  g_assert_cmpuint (driver->started->len, ==, 0);

  advance (fixture, 30001);
  rb_control_send (fixture, "spawn_request", "t2", ", 'runtime_kind': <'k'>");
  rb_assert_acked (fixture, 5, "t2 failed invalid_control_event");
}

static void
test_denied (RbCoreFixture *fixture,
             gconstpointer  data)
{
  RbFakeSpawnDriver *driver;
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("Where the owner does not want it nothing is started, and no endpoint says that it could be.");

  fixture->settings.remote_spawn = FALSE;
  driver = add_driver (fixture);
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 1, "t1 failed spawn_denied: this machine starts no runtimes for others");
  g_assert_cmpuint (driver->started->len, ==, 0);

  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  id = register_with (fixture, "k", NULL);
  g_assert_false (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_REGISTER_ENDPOINT], "runtime_capabilities", "as", NULL));
}

static void
test_capability (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_auto(GStrv) capabilities = NULL;

  g_test_summary ("An endpoint of a kind that can be started says so, and only while it can.");

  first = register_with (fixture, "k", NULL);
  g_assert_true (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_REGISTER_ENDPOINT], "runtime_capabilities", "^as",
                                   &capabilities));
  g_assert_true (g_strv_contains ((const char *const *) capabilities, "remote_spawn_v1"));
  driver->unavailable = g_strdup ("gone");
  second = register_with (fixture, "k", NULL);
  g_assert_false (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_REGISTER_ENDPOINT], "runtime_capabilities", "as", NULL));
}

static void
test_second_driver (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  RbFakeSpawnDriver *first = rb_fake_spawn_driver_new ("k");
  RbFakeSpawnDriver *second = rb_fake_spawn_driver_new ("k");

  g_test_summary ("Of two drivers for a kind the first that can starts it; when none can, the first says why.");

  fixture->spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (fixture->spawn_drivers, first);
  g_ptr_array_add (fixture->spawn_drivers, second);
  rb_core_fixture_restart (fixture);
  first->unavailable = g_strdup ("not here");
  ask (fixture, "t1", "k");
  g_assert_cmpuint (second->started->len, ==, 1);
  second->unavailable = g_strdup ("not here either");
  ask (fixture, "t2", "k");
  rb_assert_acked (fixture, 2, "t2 failed not here");
}

static void
test_registered (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Received when the program runs, applied when an endpoint registers with the token; once.");

  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 1, "t1 received");
  g_assert_cmpstr (g_ptr_array_index (driver->started, 0), ==, "k t1 -x do it");
  rb_test_assert_logged ("spawn_request_initiated", "spawn_token", "t1", "runtime_kind", "k", "pid", NULL, NULL);
  assert_explained (fixture, "t1", "state", "waiting");

  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  first = register_with (fixture, "k", "t1");
  rb_assert_acked (fixture, 2, "t1 applied");
  g_assert_cmpuint (rb_test_count_log ("endpoint_spawned_correlation_resolved"), ==, 1);
  assert_explained (fixture, "t1", "state", "registered");
  assert_explained (fixture, "t1", "endpoint_id", first);

  second = register_with (fixture, "k", "t1");
  g_assert_cmpuint (rb_test_count_log ("endpoint_register_unknown_spawn_token"), ==, 1);
  advance (fixture, 60000);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 2);

  ask (fixture, "t1", "k");   /* a success is remembered */
  rb_assert_acked (fixture, 3, "t1 applied");
  g_assert_cmpuint (driver->started->len, ==, 1);
}

static void
test_unknown_token (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = register_with (fixture, "k", "t1");

  g_test_summary ("A token that nobody waits for is only logged.");

  g_assert_nonnull (id);
  g_assert_cmpuint (rb_test_count_log ("endpoint_register_unknown_spawn_token"), ==, 1);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
}

/* protocol.md 24.2. */
static void
test_timeout (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("Nobody registers in 30 s: failed; who comes later is only logged.");

  add_driver (fixture);
  ask (fixture, "t1", "k");
  advance (fixture, 29999);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 1);
  advance (fixture, 1);
  rb_assert_acked (fixture, 2, "t1 failed spawn_correlation_timeout");
  g_assert_cmpuint (rb_test_count_log ("spawn_correlation_timeout"), ==, 1);
  assert_explained (fixture, "t1", "reason", "spawn_correlation_timeout");

  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  id = register_with (fixture, "k", "t1");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 2);
  g_assert_cmpuint (rb_test_count_log ("endpoint_register_unknown_spawn_token"), ==, 1);
}

static void
test_start_fails (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);

  g_test_summary ("A program that does not start is a failure, at once or later; it may be asked for again.");

  driver->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "spawn_failed", "Permission denied");
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 1, "t1 failed spawn_failed: Permission denied");
  assert_explained (fixture, "t1", "reason", "spawn_failed: Permission denied");

  driver->hold = TRUE;
  ask (fixture, "t1", "k");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 1);
  rb_fake_spawn_driver_answer (driver);
  rb_test_settle ();
  rb_assert_acked (fixture, 2, "t1 failed spawn_failed: Permission denied");

  g_clear_error (&driver->failure);
  driver->hold = FALSE;
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 3, "t1 received");
  assert_explained (fixture, "t1", "state", "waiting");
}

static void
test_exits (RbCoreFixture *fixture,
            gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);

  g_test_summary ("A program that ends before it registers has failed, at once; what it wrote stays here, for who asks.");

  ask (fixture, "t1", "k");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t1", 3 << 8, "no account\n");
  rb_test_settle ();
  rb_assert_acked (fixture, 2, "t1 failed spawn_failed: the program ended with exit status 3 before its endpoint registered");
  assert_explained (fixture, "t1", "state", "failed");
  assert_explained (fixture, "t1", "ended_with", "exit status 3");
  assert_explained (fixture, "t1", "output", "no account\n");

  ask (fixture, "t2", "k");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t2", SIGKILL, "");
  rb_test_settle ();
  rb_assert_acked (fixture, 4, "t2 failed spawn_failed: the program ended with signal 9 before its endpoint registered");
  advance (fixture, 60000);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 4);
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "unknown", 0, "");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 4);
}

static void
test_exits_later (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;

  g_test_summary ("How a program ended that had registered is known too, and told to nobody.");

  ask (fixture, "t1", "k");
  id = register_with (fixture, "k", "t1");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t1", 0, "bye");
  rb_test_settle ();
  rb_assert_acked (fixture, 2, "t1 applied");
  assert_explained (fixture, "t1", "state", "registered");
  assert_explained (fixture, "t1", "ended_with", "exit status 0");
  assert_explained (fixture, "t1", "output", "bye");
}

/* What is fast must not be told before "received". */
static void
test_fast (RbCoreFixture *fixture,
           gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = NULL;

  g_test_summary ("However fast a program registers or ends, received is told first; one that ended before it was said to run has failed.");

  driver->hold = TRUE;
  ask (fixture, "t1", "k");
  id = register_with (fixture, "k", "t1");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  rb_fake_spawn_driver_answer (driver);
  rb_test_settle ();
  rb_assert_acked (fixture, 2, "t1 applied");
  g_assert_cmpstr (g_ptr_array_index (fixture->upstream->acks, 0), ==, "t1 received");

  ask (fixture, "t2", "k");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t2", 1 << 8, "");
  rb_fake_spawn_driver_answer (driver);
  rb_test_settle ();
  rb_assert_acked (fixture, 3, "t2 failed spawn_failed: the program ended with exit status 1 before its endpoint registered");

  ask (fixture, "t3", "k");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_fake_spawn_driver_answer (driver);
  rb_test_settle ();
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t3", 1 << 8, "");
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 3);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  rb_assert_acked (fixture, 5, "t3 failed spawn_failed: the program ended with exit status 1 before its endpoint registered");
  g_assert_cmpstr (g_ptr_array_index (fixture->upstream->acks, 3), ==, "t3 received");
}

static void
test_recorded_first (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *token = NULL;

  g_test_summary ("No program runs that no row knows, whoever wanted it.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  ask (fixture, "t1", "k");
  rb_spawn_by_hand_async (fixture->core, "k", "hello", NULL, rb_test_store_result, &result);
  rb_test_settle ();
  g_assert_cmpuint (driver->started->len, ==, 0);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  token = rb_spawn_by_hand_finish (fixture->core, result, NULL);
  g_assert_nonnull (token);
  g_assert_cmpuint (driver->started->len, ==, 2);
  rb_assert_acked (fixture, 1, "t1 received");
}

/* Its row says that it was to be started, and no more. */
static void
crash_at_start (RbCoreFixture     *fixture,
                RbFakeSpawnDriver *driver,
                const char        *key)
{
  driver->hold = TRUE;
  ask (fixture, key, "k");
  g_assert_cmpuint (driver->started->len, ==, 1);
  rb_core_fixture_crash (fixture);
  driver->hold = FALSE;
  rb_test_settle ();
}

static void
test_lost (RbCoreFixture *fixture,
           gconstpointer  data)
{
  static const char *const failed = "t1 failed spawn_failed: the broker ended while the program was being started";
  RbFakeSpawnDriver *driver = add_driver (fixture);

  g_test_summary ("Of a program that was to be started when the process died nobody knows whether it runs: it is not started again.");

  crash_at_start (fixture, driver, "t1");
  rb_assert_acked (fixture, 1, failed);
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 2, failed);
  rb_core_fixture_crash (fixture);
  ask (fixture, "t1", "k");
  rb_assert_acked (fixture, 3, failed);
  g_assert_cmpuint (driver->started->len, ==, 1);
  g_assert_null (rb_spawns_lookup (fixture->core, "t1")->prompt);
}

static void
test_found (RbCoreFixture *fixture,
            gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autoptr(RbFakeChannel) channel = NULL;
  const RbRuntime *adopted;
  g_autofree char *id = NULL;

  g_test_summary ("If it runs all the same, and registers, it is a runtime like any other; what was told of it stays said.");

  crash_at_start (fixture, driver, "t1");
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  id = register_with (fixture, "k", "t1");
  assert_explained (fixture, "t1", "state", "registered");
  adopted = g_hash_table_lookup (driver->adopted, "t1");
  g_assert_nonnull (adopted);
  g_assert_cmpint (adopted->pid, ==, PID);
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 1);
}

static void
test_clock_set_back (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A clock that was set back while we were away makes nobody wait longer for a registration than at first.");

  add_driver (fixture);
  ask (fixture, "t1", "k");
  rb_fake_clock_set_wall (fixture->clock, rb_clock_get_wall_ms (fixture->clock) - G_GINT64_CONSTANT (86400000));
  rb_core_fixture_restart (fixture);
  advance (fixture, 30000);
  assert_explained (fixture, "t1", "state", "failed");
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
test_stop_starting (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  gboolean stopped = FALSE;
  RbFakeSpawnDriver *driver = add_driver (fixture);

  g_test_summary ("A stop waits for a program that is being started, so that the next process knows it.");

  driver->hold = TRUE;
  ask (fixture, "t1", "k");
  rb_core_stop_async (fixture->core, RB_CORE_RESTART "operator", on_stopped, &stopped);
  rb_test_settle ();
  g_assert_false (stopped);
  rb_fake_spawn_driver_answer (driver);
  rb_test_wait_until (stopped);
  rb_core_fixture_restart (fixture);
  assert_explained (fixture, "t1", "state", "waiting");
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  gboolean stopped = FALSE;

  g_test_summary ("When the broker stops nobody waits any more, and nobody is told; for one that is being started it waits a second.");

  ask (fixture, "t1", "k");
  driver->hold = TRUE;
  ask (fixture, "t2", "k");
  rb_core_stop_async (fixture->core, "signal:SIGTERM", on_stopped, &stopped);
  rb_test_settle ();
  advance (fixture, 1000);
  rb_test_wait_until (stopped);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t1", 0, "");
  rb_fake_spawn_driver_answer (driver);
  rb_test_settle ();
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  rb_assert_acked (fixture, 2, "t2 received");
}

static void
test_bounded (RbCoreFixture *fixture,
              gconstpointer  data)
{
  RbFakeSpawnDriver *driver = add_driver (fixture);
  g_autofree char *long_output = g_strnfill (9000, 'x');
  g_autofree char *umlauts = NULL;
  g_autoptr(GString) odd = g_string_new ("");
  g_autofree char *tail = g_strnfill (8192, 'x');
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) view = NULL;
  const char *kind = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Of each the last 8 KiB are kept, whole characters, and of all that have ended the last 64.");

  ask (fixture, "t0", "k");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t0", 0, long_output);
  assert_explained (fixture, "t0", "output", tail);

  for (guint i = 0; i < 4097; i++)
    g_string_append (odd, "\xc3\xa4");
  g_string_append_c (odd, '!');
  ask (fixture, "t00", "k");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t00", 0, odd->str);
  umlauts = g_strdup (odd->str + odd->len - 8191);
  assert_explained (fixture, "t00", "output", umlauts);

  for (guint i = 1; i <= 63; i++)
    {
      g_autofree char *key = g_strdup_printf ("t%u", i);

      advance (fixture, 30001);
      ask (fixture, key, "k");
      rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), key, 0, "");
    }
  assert_explained (fixture, "t1", "state", "failed");
  rb_explain_async (fixture->core, "t0", rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  view = rb_explain_finish (fixture->core, result, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (view, "kind", "&s", &kind));
  g_assert_cmpstr (kind, ==, "control");      /* the order is remembered longer than what came of it */
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/spawn/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("refuses/not-configured", test_not_configured);
  ADD ("refuses/checks", test_checks);
  ADD ("refuses/denied", test_denied);
  ADD ("capability", test_capability);
  ADD ("second-driver", test_second_driver);
  ADD ("registered", test_registered);
  ADD ("unknown-token", test_unknown_token);
  ADD ("timeout", test_timeout);
  ADD ("start-fails", test_start_fails);
  ADD ("exits", test_exits);
  ADD ("exits/later", test_exits_later);
  ADD ("fast", test_fast);
  ADD ("recorded-first", test_recorded_first);
  ADD ("lost", test_lost);
  ADD ("lost/found", test_found);
  ADD ("clock-set-back", test_clock_set_back);
  ADD ("stop/starting", test_stop_starting);
  ADD ("stop", test_stop);
  ADD ("bounded", test_bounded);

  return g_test_run ();
}
