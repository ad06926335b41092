/* test-spawn-approval.c: a person says whether a runtime starts, starts one, and ends one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

#include "rb-control.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-fake-spawn-driver.h"
#include "rb-needs.h"
#include "rb-runtimes.h"
#include "rb-spawn-list.h"
#include "rb-spawn-operator.h"

#include <signal.h>
#include <string.h>

#define PID 100

static RbFakeSpawnDriver *
set_driver (RbCoreFixture *fixture)
{
  RbFakeSpawnDriver *driver = rb_fake_spawn_driver_new ("k");

  g_clear_pointer (&fixture->spawn_drivers, g_ptr_array_unref);
  fixture->spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (fixture->spawn_drivers, driver);
  rb_core_fixture_restart (fixture);
  return driver;
}

static RbFakeSpawnDriver *
ask_first (RbCoreFixture *fixture)
{
  fixture->settings.spawn_approval = RB_POLICY_ASK;
  return set_driver (fixture);
}

static void
ask (RbCoreFixture *fixture,
     const char    *key)
{
  rb_control_send (fixture, "spawn_request", key, ", 'runtime_kind': <'k'>, 'prompt': <'do it'>, 'origin': <'owner_initiated_spawn'>");
}

/* NULL: it went well; else the reason. (transfer full) */
typedef void (*Act) (RbCore *core, const char *token, gboolean always, GAsyncReadyCallback callback, gpointer user_data);

static char *
answer (RbCoreFixture *fixture,
        Act            act,
        const char    *token,
        gboolean       always)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  act (fixture->core, token, always, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_test_settle ();
  return rb_spawn_answer_finish (fixture->core, result, &error) ? NULL : g_strdup (rb_error_get_reason (error));
}

static void
assert_answered (RbCoreFixture *fixture,
                 Act            act,
                 const char    *token,
                 const char    *reason)
{
  g_autofree char *found = answer (fixture, act, token, FALSE);

  g_assert_cmpstr (found, ==, reason);
}

static guint
count (GVariant *view)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (view);

  return (guint) g_variant_n_children (owned);
}

static char *
get_first (GVariant   *view,
           const char *member)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (view);
  g_autoptr(GVariant) row = g_variant_n_children (owned) > 0 ? g_variant_get_child_value (owned, 0) : NULL;
  char *text = NULL;

  if (row != NULL)
    g_variant_lookup (row, member, "s", &text);
  return text;
}

static void
test_waits (RbCoreFixture *fixture,
            gconstpointer  data)
{
  RbFakeSpawnDriver *driver = ask_first (fixture);
  g_autofree char *hidden = NULL;
  g_autofree char *shown = NULL;
  g_autoptr(GVariant) story = NULL;
  g_autoptr(GVariant) rule = NULL;
  g_autoptr(GError) error = NULL;
  const char *text = NULL;

  g_test_summary ("What has to be asked about waits, the upstream is told nothing, and asking again changes nothing.");

  ask (fixture, "t1");
  ask (fixture, "t1");
  rb_fake_clock_advance (fixture->clock, G_GINT64_CONSTANT (86400000) * 7);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  g_assert_cmpuint (driver->started->len, ==, 0);
  g_assert_cmpuint (count (rb_view_spawns (fixture->core, FALSE)), ==, 1);
  hidden = get_first (rb_view_spawns (fixture->core, FALSE), "prompt");
  shown = get_first (rb_view_spawns (fixture->core, TRUE), "prompt");
  g_assert_null (hidden);
  g_assert_cmpstr (shown, ==, "do it");
  story = rb_core_fixture_explain (fixture, "t1", &error);
  g_assert_no_error (error);
  rule = g_variant_lookup_value (story, "rule", G_VARIANT_TYPE_VARDICT);
  g_assert_nonnull (rule);
  g_assert_true (g_variant_lookup (rule, "text", "&s", &text));
  g_assert_nonnull (strstr (text, "no rule fits"));
  g_assert_true (g_variant_lookup (story, "state", "&s", &text));
  g_assert_cmpstr (text, ==, "asked");
}

/* The simulator's seed 9925 of November 2026. */
static void
test_asked_again_early (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("That it was done is said to who asks again only once that is durable.");

  ask_first (fixture);
  ask (fixture, "t1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_spawn_approve_async (fixture->core, "t1", FALSE, rb_test_store_result, &result);
  while (g_strcmp0 (rb_control_get_state (fixture->core, "t1"), "done") != 0)
    {
      g_assert_true (rb_fake_store_commit_one (fixture->store));
      rb_test_settle ();
    }
  ask (fixture, "t1");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  g_assert_null (result);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (result != NULL);
  rb_test_settle ();
  g_assert_cmpstr (g_ptr_array_index (fixture->upstream->acks, 0), ==, "t1 received");
  rb_assert_acked (fixture, 2, "t1 applied");
}

static void
test_approved (RbCoreFixture *fixture,
               gconstpointer  data)
{
  RbFakeSpawnDriver *driver = ask_first (fixture);

  g_test_summary ("Approved, it starts with what it was to be told; received then, and failed or applied after it. It is approved once.");

  ask (fixture, "t1");
  assert_answered (fixture, rb_spawn_approve_async, "t1", NULL);
  g_assert_cmpuint (driver->started->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (driver->started, 0), ==, "k t1 do it");
  rb_assert_acked (fixture, 1, "t1 received");
  assert_answered (fixture, rb_spawn_approve_async, "t1", "no_longer_waiting");
  assert_answered (fixture, rb_spawn_deny_async, "t1", "no_longer_waiting");
  assert_answered (fixture, rb_spawn_approve_async, "t9", "not_found");
  ask (fixture, "t1");   /* done, as ever */
  rb_assert_acked (fixture, 2, "t1 applied");
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t1", SIGKILL, "");
  rb_test_settle ();
  rb_assert_acked (fixture, 3, "t1 failed spawn_failed: the program ended with signal 9 before its endpoint registered");
  g_assert_cmpuint (driver->started->len, ==, 1);
}

static void
test_denied (RbCoreFixture *fixture,
             gconstpointer  data)
{
  RbFakeSpawnDriver *driver = ask_first (fixture);

  g_test_summary ("Denied, it has failed; who asks again is asked about again.");

  ask (fixture, "t1");
  assert_answered (fixture, rb_spawn_deny_async, "t1", NULL);
  rb_assert_acked (fixture, 1, "t1 failed spawn_denied: the owner of this machine does not want it");
  assert_answered (fixture, rb_spawn_approve_async, "t1", "no_longer_waiting");
  ask (fixture, "t1");
  g_assert_cmpuint (count (rb_view_spawns (fixture->core, FALSE)), ==, 1);
  g_assert_cmpuint (driver->started->len, ==, 0);
}

static void
test_always (RbCoreFixture *fixture,
             gconstpointer  data)
{
  RbFakeSpawnDriver *driver = ask_first (fixture);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("An answer for always is a rule: the next one is not asked about. So is a denial, which takes its place.");

  ask (fixture, "t1");
  ask (fixture, "t2");
  first = answer (fixture, rb_spawn_approve_async, "t1", TRUE);
  g_assert_null (first);
  ask (fixture, "t3");
  rb_assert_acked (fixture, 2, "t3 received");
  g_assert_cmpuint (driver->started->len, ==, 2);
  second = answer (fixture, rb_spawn_deny_async, "t2", TRUE);
  g_assert_null (second);
  rb_fake_clock_advance (fixture->clock, 30001);
  rb_core_fixture_restart (fixture);
  ask (fixture, "t4");
  g_assert_true (g_str_has_suffix (g_ptr_array_index (fixture->upstream->acks, fixture->upstream->acks->len - 1),
                                   "t4 failed spawn_denied: the owner of this machine does not want it"));
  g_assert_cmpuint (rb_policy_get_n (fixture->core->policy), ==, 1);
}

static void
test_outlives (RbCoreFixture *fixture,
               gconstpointer  data)
{
  RbFakeSpawnDriver *driver = ask_first (fixture);

  g_test_summary ("It waits on the disk: a restart changes nothing, and the answer is told all the same.");

  ask (fixture, "t1");
  rb_core_fixture_restart (fixture);
  g_assert_cmpuint (count (rb_view_spawns (fixture->core, FALSE)), ==, 1);
  ask (fixture, "t1");
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  assert_answered (fixture, rb_spawn_approve_async, "t1", NULL);
  g_assert_cmpstr (g_ptr_array_index (driver->started, 0), ==, "k t1 do it");
  rb_assert_acked (fixture, 1, "t1 received");
}

static void
test_not_now (RbCoreFixture *fixture,
              gconstpointer  data)
{
  RbFakeSpawnDriver *driver = ask_first (fixture);

  g_test_summary ("What cannot be started now goes on waiting; what does not start has failed.");

  ask (fixture, "t1");
  driver->unavailable = g_strdup ("not installed");
  assert_answered (fixture, rb_spawn_approve_async, "t1", "driver_unavailable");
  g_assert_cmpuint (count (rb_view_spawns (fixture->core, FALSE)), ==, 1);
  g_clear_pointer (&driver->unavailable, g_free);
  driver->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "spawn_failed", "Permission denied");
  assert_answered (fixture, rb_spawn_approve_async, "t1", "spawn_failed");
  rb_assert_acked (fixture, 1, "t1 failed spawn_failed: Permission denied");
}

static void
test_prompt_too_large (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autofree char *prompt = g_strnfill (RB_SPAWN_PROMPT_MAX + 1, 'x');
  g_autofree char *members = g_strdup_printf (", 'runtime_kind': <'k'>, 'prompt': <'%s'>", prompt);

  g_test_summary ("What no person would read is not kept for one.");

  ask_first (fixture);
  rb_control_send (fixture, "spawn_request", "t1", members);
  rb_assert_acked (fixture, 1, "t1 failed prompt_too_large: a person is asked about 131072 bytes at most");
}

static char *
spawn_by_hand (RbCoreFixture *fixture,
               const char    *kind,
               GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_spawn_by_hand_async (fixture->core, kind, "hello", NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_test_settle ();
  return rb_spawn_by_hand_finish (fixture->core, result, error);
}

static void
test_by_hand (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;
  g_autofree char *refused = NULL;
  g_autofree char *state = NULL;

  g_test_summary ("A person starts one without being asked and without a rate; the upstream hears nothing of it.");

  ask_first (fixture);
  for (guint i = 0; i < 5; i++)
    {
      g_free (id);
      id = spawn_by_hand (fixture, "k", &error);
      g_assert_no_error (error);
    }
  state = get_first (rb_view_runtimes (fixture->core, FALSE), "runtime_state");
  g_assert_cmpstr (state, ==, "starting");
  g_assert_cmpuint (count (rb_view_runtimes (fixture->core, FALSE)), ==, 5);
  rb_fake_clock_advance (fixture->clock, 30001);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  refused = spawn_by_hand (fixture, "other", &error);
  g_assert_null (refused);
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED);
}

/* Runtimes. */

static void
stop_async (RbCoreFixture  *fixture,
            const char     *token,
            GAsyncResult  **result)
{
  rb_runtime_stop_async (fixture->core, token, rb_test_store_result, result);
  rb_test_settle ();
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  RbFakeSpawnDriver *driver = set_driver (fixture);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("It is asked to end, then made to; everybody who wanted it hears when it has.");

  ask (fixture, "t1");
  stop_async (fixture, "t1", &first);
  stop_async (fixture, "t1", &second);
  g_assert_cmpuint (driver->ended->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (driver->ended, 0), ==, "t1");
  rb_fake_clock_advance (fixture->clock, 10000);
  rb_test_settle ();
  g_assert_cmpuint (driver->ended->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (driver->ended, 1), ==, "t1 force");
  g_assert_null (first);
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t1", SIGKILL, "");
  rb_test_wait_until (first != NULL && second != NULL);
  g_assert_true (rb_runtime_stop_finish (fixture->core, first, &error));
  g_assert_true (rb_runtime_stop_finish (fixture->core, second, &error));
  g_assert_cmpuint (count (rb_view_runtimes (fixture->core, FALSE)), ==, 0);
  g_assert_cmpuint (count (rb_view_runtimes (fixture->core, TRUE)), ==, 1);

  stop_async (fixture, "t1", &late);
  rb_test_wait_until (late != NULL);
  g_assert_false (rb_runtime_stop_finish (fixture->core, late, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "not_running");
}

static void
test_stop_never (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Nobody waits for ever for one that not even a kill ends.");

  set_driver (fixture);
  ask (fixture, "t1");
  stop_async (fixture, "t1", &result);
  rb_fake_clock_advance (fixture->clock, 10000);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, 5000);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_runtime_stop_finish (fixture->core, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
}

static char *
register_with (RbCoreFixture *fixture,
               const char    *token)
{
  RbCaller caller = { .pid = PID };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = PID, .kind = (char *) "k", .spawn_token = (char *) token };
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
test_stop_endpoint (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  RbFakeSpawnDriver *driver = set_driver (fixture);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *id = NULL;
  g_autofree char *shown = NULL;

  g_test_summary ("With a runtime that is ended its endpoint leaves.");

  ask (fixture, "t1");
  id = register_with (fixture, "t1");
  shown = get_first (rb_view_runtimes (fixture->core, FALSE), "endpoint_id");
  g_assert_cmpstr (shown, ==, id);
  g_assert_nonnull (rb_registry_lookup (fixture->core->registry, id));
  stop_async (fixture, "t1", &result);
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (driver), "t1", SIGTERM, "");
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_registry_lookup (fixture->core->registry, id));
}

/* What the driver says that it started. */
static void
add_runtime (RbFakeSpawnDriver *driver,
             const char        *token,
             gint64             pid,
             const char        *unit)
{
  RbRuntime runtime = { .pid = pid, .unit = (char *) unit, .log_file = (char *) "/l", .directory = (char *) "/d" };

  g_hash_table_replace (driver->runtimes, g_strdup (token), rb_runtime_copy (&runtime));
}

static void
test_known_again (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  RbFakeSpawnDriver *driver = set_driver (fixture);
  const RbRuntime *adopted;
  g_autofree char *unit = NULL;

  g_test_summary ("What runs is known again after a restart; what was to register has the time it had left.");

  add_runtime (driver, "t1", PID, "u.service");
  ask (fixture, "t1");
  rb_assert_acked (fixture, 1, "t1 received");
  rb_fake_clock_advance (fixture->clock, 20000);
  rb_core_fixture_restart (fixture);
  adopted = g_hash_table_lookup (driver->adopted, "t1");
  g_assert_nonnull (adopted);
  g_assert_cmpstr (adopted->unit, ==, "u.service");
  g_assert_cmpint (adopted->pid, ==, PID);
  unit = get_first (rb_view_runtimes (fixture->core, FALSE), "unit");
  g_assert_cmpstr (unit, ==, "u.service");

  rb_fake_clock_advance (fixture->clock, 10000);
  rb_test_settle ();
  g_assert_true (g_str_has_suffix (g_ptr_array_index (fixture->upstream->acks, fixture->upstream->acks->len - 1),
                                   "t1 failed spawn_correlation_timeout"));
  g_assert_cmpuint (count (rb_view_runtimes (fixture->core, FALSE)), ==, 1);
}

static void
assert_not_known (RbCoreFixture     *fixture,
                  RbFakeSpawnDriver *driver)
{
  g_assert_null (g_hash_table_lookup (driver->adopted, "t1"));
  g_assert_cmpuint (count (rb_view_runtimes (fixture->core, FALSE)), ==, 0);
}

static void
test_stranger (RbCoreFixture *fixture,
               gconstpointer  data)
{
  RbFakeSpawnDriver *driver = set_driver (fixture);

  g_test_summary ("A process that has its pid now and began at another time is a stranger: it is neither watched nor ended.");

  add_runtime (driver, "t1", PID, NULL);
  ask (fixture, "t1");
  rb_fake_processes_recycle (fixture->processes, PID);
  rb_core_fixture_restart (fixture);
  assert_not_known (fixture, driver);
  g_assert_cmpuint (rb_test_count_log ("runtime_not_found_again"), ==, 1);
}

static void
test_unknown_start (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  RbFakeSpawnDriver *driver = set_driver (fixture);

  g_test_summary ("One that was gone before anybody saw when it began is not looked for by its pid.");

  add_runtime (driver, "t1", PID, NULL);
  rb_fake_processes_end (fixture->processes, PID);
  ask (fixture, "t1");
  rb_fake_processes_recycle (fixture->processes, PID);
  rb_core_fixture_crash (fixture);
  assert_not_known (fixture, driver);
}

static void
test_handed_over (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  RbFakeSpawnDriver *driver = set_driver (fixture);
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, PID, TRUE);
  const RbRuntime *adopted;
  g_autofree char *id = NULL;

  g_test_summary ("Of a program that handed over the process that registers is the runtime.");

  add_runtime (driver, "t1", 0, NULL);
  ask (fixture, "t1");
  id = register_with (fixture, "t1");
  adopted = g_hash_table_lookup (driver->adopted, "t1");
  g_assert_nonnull (adopted);
  g_assert_cmpint (adopted->pid, ==, PID);
}

/* "spawn:s1 approve deny"; empty: nothing. */
static char *
describe_needs (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_needs (fixture->core));
  GString *text = g_string_new (NULL);

  g_assert_cmpuint (g_variant_n_children (rows), ==, rb_needs_get_n (fixture->core));
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr(GVariant) choices = g_variant_lookup_value (row, "choices", G_VARIANT_TYPE ("aa{sv}"));
      const char *what = "";

      g_variant_lookup (row, "what", "&s", &what);
      g_string_append_printf (text, "%s (%u)", what, (guint) g_variant_n_children (choices));
    }
  return g_string_free (text, FALSE);
}

static void
test_needs (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autofree char *asked = NULL;
  g_autofree char *token = NULL;
  g_autofree char *denied = NULL;

  g_test_summary ("What is asked for waits for a person until it is answered.");

  ask_first (fixture);
  ask (fixture, "s1");
  asked = describe_needs (fixture);
  g_assert_cmpstr (asked, ==, "k: do it (2)");
  token = get_first (rb_view_spawns (fixture->core, FALSE), "id");
  assert_answered (fixture, rb_spawn_deny_async, token, NULL);
  denied = describe_needs (fixture);
  g_assert_cmpstr (denied, ==, "");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/spawn-approval/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("waits", test_waits);
  ADD ("asked-again-early", test_asked_again_early);
  ADD ("approved", test_approved);
  ADD ("denied", test_denied);
  ADD ("always", test_always);
  ADD ("outlives", test_outlives);
  ADD ("not-now", test_not_now);
  ADD ("prompt-too-large", test_prompt_too_large);
  ADD ("by-hand", test_by_hand);
  ADD ("runtimes/stop", test_stop);
  ADD ("runtimes/stop-never", test_stop_never);
  ADD ("runtimes/stop-endpoint", test_stop_endpoint);
  ADD ("runtimes/known-again", test_known_again);
  ADD ("runtimes/stranger", test_stranger);
  ADD ("runtimes/unknown-start", test_unknown_start);
  ADD ("runtimes/handed-over", test_handed_over);
  ADD ("runtimes/needs", test_needs);
#undef ADD
  return g_test_run ();
}
