/* test-units.c: a runtime as a transient unit of the systemd user manager, and without one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-driver-fixture.h"
#include "rb-fake-systemd.h"
#include "rb-test.h"
#include "rb-unit-properties.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  RbDriverFixture  driver;
  RbFakeSystemd   *systemd;
} Fixture;

static void
make_module (Fixture *fixture)
{
  RbModuleEnvironment environment = {
    .spawn = { .memory_max_bytes = 64 << 20, .tasks_max = 100, .cpu_percent = 150, .stop_timeout_ms = 5000 },
  };
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GError) error = NULL;

  g_hash_table_insert (settings, (gpointer) "kinds", (gpointer) "k");
  g_hash_table_insert (settings, (gpointer) "command-k", (gpointer) "sleep 600");
  g_hash_table_insert (settings, (gpointer) "prompt-k", (gpointer) "stdin");
  g_hash_table_insert (settings, (gpointer) "output-k", (gpointer) "tail");
  g_assert_true (rb_driver_fixture_configure (&fixture->driver, &environment, settings, &error));
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  rb_driver_fixture_set_up (&fixture->driver);
  fixture->systemd = rb_fake_systemd_new ();
  make_module (fixture);
}

/* As when the broker stops. */
static void
stop_module (Fixture *fixture)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_module_stop_async (fixture->driver.module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_clear_object (&result);
  rb_test_settle ();
  g_assert_finalize_object (g_steal_pointer (&fixture->driver.module));
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  stop_module (fixture);
  rb_fake_systemd_free (fixture->systemd);
  rb_driver_fixture_tear_down (&fixture->driver);
}

static GPid
spawn (Fixture     *fixture,
       const char  *prompt,
       GError     **error)
{
  return rb_driver_fixture_spawn (&fixture->driver, "k", prompt, NULL, error);
}

/* A good start in a unit. */
static RbRuntime *
start (Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  RbRuntime *runtime;

  rb_fake_systemd_appear (fixture->systemd);
  g_assert_cmpint (spawn (fixture, "do $HOME", &error), ==, 4242);
  g_assert_no_error (error);
  runtime = rb_spawn_driver_dup_runtime (RB_SPAWN_DRIVER (fixture->driver.module), "token-1");
  g_assert_nonnull (runtime);
  return runtime;
}

static void
assert_property (Fixture    *fixture,
                 const char *name,
                 const char *wanted)
{
  g_autoptr(GVariant) value = rb_fake_systemd_get_property (fixture->systemd, 0, name);
  g_autofree char *text = value != NULL ? g_variant_print (value, FALSE) : NULL;

  g_assert_cmpstr (text, ==, wanted);
}

static void
test_start (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbRuntime) runtime = start (fixture);
  g_autoptr(GVariant) environment = rb_fake_systemd_get_property (fixture->systemd, 0, "Environment");
  g_autofree const char **variables = g_variant_get_strv (environment, NULL);
  g_autofree char *own = g_build_filename (fixture->driver.dir, "runtimes", "k", NULL);

  g_test_summary ("Limits, slice, place and prompt go to the manager; its own secrets do not come to the runtime.");

  g_assert_cmpstr (runtime->unit, ==, rb_fake_systemd_get_name (fixture->systemd, 0));
  g_assert_true (g_str_has_prefix (runtime->unit, "app-runtimebroker-k-"));
  g_assert_cmpstr (runtime->directory, ==, own);
  g_assert_null (runtime->log_file);
  g_assert_cmpint (runtime->pid, ==, 4242);
  g_assert_cmpstr (rb_fake_systemd_get_input (fixture->systemd, 0), ==, "do $HOME");
  g_assert_true (g_strv_contains (variables, "MASONS_SPAWN_TOKEN=token-1"));
  assert_property (fixture, "Slice", "'app-runtimebroker.slice'");
  assert_property (fixture, "Type", "'exec'");
  assert_property (fixture, "MemoryMax", "67108864");
  assert_property (fixture, "TasksMax", "100");
  assert_property (fixture, "CPUQuotaPerSecUSec", "1500000");
  assert_property (fixture, "TimeoutStopUSec", "5000000");
  assert_property (fixture, "StandardOutput", "'journal'");
  assert_property (fixture, "UnsetEnvironment", "['MASONS_BROKER_SECRET', 'NOTIFY_SOCKET']");
  g_assert_true (rb_fake_systemd_was_called (fixture->systemd, "Subscribe"));
}

static void
test_ended (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbRuntime) runtime = start (fixture);

  g_test_summary ("How a unit ended is told as if it had been a child, and the unit may go.");

  rb_fake_systemd_end (fixture->systemd, 0, CLD_EXITED, 3);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpstr (fixture->driver.token, ==, "token-1");
  g_assert_true (WIFEXITED (fixture->driver.status));
  g_assert_cmpint (WEXITSTATUS (fixture->driver.status), ==, 3);
  g_assert_null (rb_spawn_driver_dup_runtime (RB_SPAWN_DRIVER (fixture->driver.module), "token-1"));
  rb_test_wait_until (rb_fake_systemd_was_called (fixture->systemd, "UnrefUnit"));
}

static void
test_stop (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(RbRuntime) runtime = start (fixture);

  g_test_summary ("To end it is the manager's work; with force everything in the unit is killed.");

  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", FALSE);
  rb_test_wait_until (rb_fake_systemd_was_called (fixture->systemd, "StopUnit app-runtimebroker-k-"));
  g_assert_false (rb_fake_systemd_was_called (fixture->systemd, "KillUnit"));
  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", TRUE);
  rb_test_wait_until (rb_fake_systemd_was_called (fixture->systemd, "KillUnit app-runtimebroker-k-"));
  rb_fake_systemd_end (fixture->systemd, 0, CLD_KILLED, SIGKILL);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_true (WIFSIGNALED (fixture->driver.status));
}

/* It ran the plain way: nothing is asked of a manager any more. */
static void
assert_plain (Fixture *fixture,
              GPid     pid)
{
  g_autoptr(RbRuntime) runtime = rb_spawn_driver_dup_runtime (RB_SPAWN_DRIVER (fixture->driver.module), "token-1");

  g_assert_cmpint (pid, >, 0);
  g_assert_null (runtime->unit);
  g_assert_nonnull (runtime->log_file);
  g_assert_cmpint (getpgid (pid), ==, pid);
  rb_spawn_driver_end (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", TRUE);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_true (WIFSIGNALED (fixture->driver.status));
}

static void
test_no_manager (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("On a bus without a manager the runtime gets a process group of its own.");

  assert_plain (fixture, spawn (fixture, "p", &error));
}

static void
test_silent (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A manager that never answers counts as none, before anything was started.");

  rb_fake_systemd_appear (fixture->systemd);
  fixture->systemd->mode = RB_FAKE_SYSTEMD_SILENT;
  assert_plain (fixture, spawn (fixture, "p", &error));
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A manager that refuses has started nothing; that its limits are missing is said.");

  rb_fake_systemd_appear (fixture->systemd);
  fixture->systemd->mode = RB_FAKE_SYSTEMD_REFUSING;
  assert_plain (fixture, spawn (fixture, "p", &error));
  rb_test_assert_logged ("runtime_unit_refused", "err", "Cannot set property X", NULL);
}

static void
test_failing (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A program that the manager cannot execute is not tried a second time.");

  rb_fake_systemd_appear (fixture->systemd);
  fixture->systemd->mode = RB_FAKE_SYSTEMD_FAILING;
  g_assert_cmpint (spawn (fixture, "p", &error), ==, 0);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "spawn_failed");
  g_assert_cmpstr (error->message, ==, "the service manager could not start it: failed (exit status 203)");
  g_assert_null (rb_spawn_driver_dup_runtime (RB_SPAWN_DRIVER (fixture->driver.module), "token-1"));
}

static void
test_vanishing (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Whether a manager that went away in the middle has started it nobody knows: it is not started again.");

  rb_fake_systemd_appear (fixture->systemd);
  fixture->systemd->mode = RB_FAKE_SYSTEMD_VANISHING;
  g_assert_cmpint (spawn (fixture, "p", &error), ==, 0);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "spawn_unknown");
}

static void
test_adopt (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(RbRuntime) runtime = start (fixture);

  g_test_summary ("The next broker knows the unit again, tells its end, and can end it.");

  stop_module (fixture);
  g_assert_null (fixture->driver.token);
  make_module (fixture);
  g_assert_true (rb_spawn_driver_adopt (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", runtime));
  rb_test_settle ();
  g_assert_null (fixture->driver.token);
  rb_fake_systemd_end (fixture->systemd, 0, CLD_EXITED, 0);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpint (fixture->driver.status, ==, 0);
}

static void
test_adopt_gone (Fixture       *fixture,
                 gconstpointer  data)
{
  RbRuntime runtime = { .pid = 4242, .unit = (char *) "app-runtimebroker-k-gone.service" };

  g_test_summary ("A unit that the manager does not know has ended while the broker was away.");

  rb_fake_systemd_appear (fixture->systemd);
  g_assert_true (rb_spawn_driver_adopt (RB_SPAWN_DRIVER (fixture->driver.module), "token-1", &runtime));
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpint (fixture->driver.status, ==, RB_SPAWN_STATUS_UNKNOWN);
}

static void
test_manager_comes_back (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbRuntime) runtime = start (fixture);

  g_test_summary ("A manager that is started anew is asked what became of what it had.");

  rb_fake_systemd_vanish (fixture->systemd);
  rb_test_settle ();
  rb_fake_systemd_end (fixture->systemd, 0, CLD_EXITED, 1);
  g_assert_null (fixture->driver.token);
  rb_fake_systemd_appear (fixture->systemd);
  rb_test_wait_until (fixture->driver.token != NULL);
  g_assert_cmpint (WEXITSTATUS (fixture->driver.status), ==, 1);
}

static void
test_path (void)
{
  g_autofree char *path = rb_unit_dup_path ("app-k.1.service");
  g_autofree char *digit = rb_unit_dup_path ("1a");

  g_test_summary ("A unit's object has the path that systemd gives it.");

  g_assert_cmpstr (path, ==, "/org/freedesktop/systemd1/unit/app_2dk_2e1_2eservice");
  g_assert_cmpstr (digit, ==, "/org/freedesktop/systemd1/unit/_31a");
}

static void
test_variables (void)
{
  char *argv[] = { (char *) "/bin/x", NULL };
  char *environment[] = { (char *) "GOOD=1", (char *) "BASH_FUNC_x%%=() {}", (char *) "ESC=\033[0m", (char *) "9A=1", (char *) "\xff=1",
                          (char *) "LINES=a\nb", (char *) "none", NULL };
  RbProgramStart start = { .argv = argv, .environment = environment, .kind = "k", .token = "t" };
  RbProgramPlace place = { .directory = (char *) "/d" };
  RbSpawnTerms terms = { 0 };
  g_autoptr(GVariant) properties = g_variant_ref_sink (rb_unit_make_properties (&start, &place, &terms, NULL));
  g_autofree char *text = g_variant_print (properties, FALSE);

  g_test_summary ("What the manager would refuse is left out, and no limit is no property.");

  g_assert_nonnull (strstr (text, "('Environment', <['GOOD=1', 'LINES=a\\nb']>)"));
  g_assert_null (strstr (text, "MemoryMax"));
  g_assert_null (strstr (text, "TasksMax"));
  g_assert_null (strstr (text, "CPUQuota"));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add ("/units/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("start", test_start);
  ADD ("ended", test_ended);
  ADD ("stop", test_stop);
  ADD ("no-manager", test_no_manager);
  ADD ("silent", test_silent);
  ADD ("refused", test_refused);
  ADD ("failing", test_failing);
  ADD ("vanishing", test_vanishing);
  ADD ("adopt", test_adopt);
  ADD ("adopt-gone", test_adopt_gone);
  ADD ("manager-comes-back", test_manager_comes_back);
#undef ADD
  g_test_add_func ("/units/path", test_path);
  g_test_add_func ("/units/variables", test_variables);
  return g_test_run ();
}
