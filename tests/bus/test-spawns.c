/* test-spawns.c: runtimes over the bus: approved, started, ended by callers who may be gone; what they have written
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"

#include "rb-bus-logs.h"

#include <string.h>
#include <unistd.h>

#define ERROR "io.github.runtimebroker.Error."

/* A core that asks about what the network wants started, behind a bus of its own. */
static RbFakeSpawnDriver *
use_driver (RbBusFixture *fixture)
{
  RbFakeSpawnDriver *driver = rb_fake_spawn_driver_new ("k");

  g_clear_pointer (&fixture->bus, rb_bus_free);
  fixture->core.settings.spawn_approval = RB_POLICY_ASK;
  fixture->core.spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (fixture->core.spawn_drivers, driver);
  rb_core_fixture_restart (&fixture->core);
  fixture->ports.core = fixture->core.core;
  fixture->bus = rb_bus_new (&fixture->ports, fixture->address);
  rb_bus_fixture_wait_state (fixture, "owned");
  return driver;
}

static void
ask (RbBusFixture *fixture,
     const char   *key)
{
  g_autofree char *text = g_strdup_printf ("{'type': <'spawn_request'>, 'version': <int64 1>, 'idempotency_key': <'%s'>, 'runtime_kind': <'k'>, "
                                           "'prompt': <'do it'>, 'origin': <'owner_initiated_spawn'>}", key);

  rb_fake_upstream_control (fixture->core.upstream, text);
  rb_bus_fixture_pass (fixture, 20);
}

static guint
count (RbBusFixture *fixture,
       const char   *method)
{
  g_autoptr(GVariant) answer = rb_bus_fixture_call_well (fixture, method, "(false,)");
  g_autoptr(GVariant) list = g_variant_get_child_value (answer, 0);

  return (guint) g_variant_n_children (list);
}

/* Its caller is gone before the disk has it. */
static void
call_and_leave (RbBusFixture *fixture,
                const char   *method,
                const char   *parameters)
{
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  rb_bus_fixture_start (fixture, "", "", method, g_variant_new_parsed (parameters), NULL);
  g_assert_true (g_dbus_connection_flush_sync (fixture->caller, NULL, NULL));
  g_dbus_connection_close_sync (fixture->caller, NULL, NULL);
  g_clear_object (&fixture->caller);
  rb_bus_fixture_connect (fixture);
  rb_bus_fixture_pass (fixture, 20);
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  rb_bus_fixture_pass (fixture, 20);
}

static void
test_vanish (RbBusFixture *fixture,
             gconstpointer data)
{
  RbFakeSpawnDriver *driver;

  g_test_summary ("A caller who approves, denies or starts something and is gone meanwhile has approved, denied or started it, once.");

  if (fixture->bus == NULL)
    return;
  driver = use_driver (fixture);
  ask (fixture, "t1");
  ask (fixture, "t2");
  g_assert_cmpuint (count (fixture, "ListSpawns"), ==, 2);
  g_assert_true (rb_bus_is_quiet (fixture->bus));
  call_and_leave (fixture, "ApproveSpawn", "('t1', false)");
  g_assert_cmpuint (driver->started->len, ==, 1);
  call_and_leave (fixture, "DenySpawn", "('t2', false)");
  g_assert_cmpuint (count (fixture, "ListSpawns"), ==, 0);
  g_assert_cmpuint (driver->started->len, ==, 1);
  call_and_leave (fixture, "Spawn", "('k', 'hello', '')");
  g_assert_cmpuint (driver->started->len, ==, 2);
  g_assert_cmpuint (count (fixture, "ListRuntimes"), ==, 2);
  call_and_leave (fixture, "StopRuntime", "('t1',)");
  g_assert_cmpuint (driver->ended->len, ==, 1);
  g_signal_emit_by_name (driver, "exited", "t1", 0, "");
  rb_bus_fixture_pass (fixture, 20);
  g_assert_true (rb_bus_is_quiet (fixture->bus));
}

static void
test_bad_input (RbBusFixture *fixture,
                gconstpointer data)
{
  static const struct {
    const char *method, *parameters, *name, *text;
  } rows[] = {
    { "ApproveSpawn", "('none', false)", ERROR "NotFound", "" },
    { "ApproveSpawn", "('none',)", "org.freedesktop.DBus.Error.InvalidArgs", "" },
    { "DenySpawn", "('', true)", ERROR "NotFound", "" },
    { "Spawn", "('none', '', '')", ERROR "NotSupported", "" },
    { "StopRuntime", "('none',)", ERROR "NotFound", "" },
    { "Logs", "('none', @a{sv} {})", ERROR "NotFound", "unknown_runtime: " },
    { "Logs", "('none', {'limit': <uint32 3>})", ERROR "Invalid", "bad_request: " },
    { "Logs", "('none', {'limit': <uint32 1048577>})", ERROR "Invalid", "bad_request: " },
    { "Logs", "('none', {'from': <@x -2>})", ERROR "Invalid", "bad_request: " },
    { "Logs", "('none', {'from': <5>})", ERROR "Invalid", "bad_request: 'from' is of type 'x', not 'i'" },
    { "Logs", "('none', {'tail': <true>})", ERROR "Invalid", "bad_request: there is no option 'tail'" },
  };

  g_test_summary ("Unknown ids, wrong types and numbers out of range are refused, each with its name.");

  if (fixture->bus == NULL)
    return;
  use_driver (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    rb_bus_fixture_call_badly (fixture, rows[i].method, rows[i].parameters, rows[i].name, rows[i].text);
}

/* One that runs, and writes to @path, or has its output in the journal of @unit. */
static void
start_runtime (RbBusFixture *fixture,
               const char   *token,
               const char   *path,
               const char   *unit)
{
  RbFakeSpawnDriver *driver = g_ptr_array_index (fixture->core.spawn_drivers, 0);
  const RbRuntime runtime = { .pid = 4242, .log_file = (char *) path, .unit = (char *) unit };
  g_autofree char *parameters = g_strdup_printf ("('%s', false)", token);
  g_autoptr(GVariant) answer = NULL;

  g_hash_table_replace (driver->runtimes, g_strdup (token), rb_runtime_copy (&runtime));
  rb_bus_fixture_pass (fixture, 60000);    /* or they would start too fast */
  ask (fixture, token);
  answer = rb_bus_fixture_call_well (fixture, "ApproveSpawn", parameters);
}

static gint64
assert_log (RbBusFixture *fixture,
            const char   *options,
            const char   *text)
{
  g_autofree char *parameters = g_strdup_printf ("('t1', %s)", options);
  g_autoptr(GVariant) answer = rb_bus_fixture_call_well (fixture, "Logs", parameters);
  g_autoptr(GVariant) log = NULL;
  const char *found = NULL;
  gint64 next = 0;

  log = g_variant_get_child_value (answer, 0);
  g_assert_true (g_variant_lookup (log, "text", "&s", &found));
  g_assert_true (g_variant_lookup (log, "next", "x", &next));
  g_assert_cmpstr (found, ==, text);
  return next;
}

static void
write_log (const char *path,
           const char *text,
           gssize      length)
{
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
}

static void
test_logs (RbBusFixture *fixture,
           gconstpointer data)
{
  g_autofree char *directory = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (directory, "log", NULL);

  g_test_summary ("What a runtime has written is read in pieces, from the end or from where one was; characters stay whole, a cut file begins anew.");

  if (fixture->bus == NULL)
    return;
  use_driver (fixture);
  start_runtime (fixture, "t1", path, NULL);
  write_log (path, "one\ntwo\n", -1);
  g_assert_cmpint (assert_log (fixture, "@a{sv} {}", "one\ntwo\n"), ==, 8);
  g_assert_cmpint (assert_log (fixture, "{'limit': <uint32 4>}", "two\n"), ==, 8);
  g_assert_cmpint (assert_log (fixture, "{'from': <@x 8>}", ""), ==, 8);
  g_assert_cmpint (assert_log (fixture, "{'from': <@x 1>, 'limit': <uint32 4>}", "ne\nt"), ==, 5);
  write_log (path, "ab\xc3\xa4\xc3\xb6!", -1);
  g_assert_cmpint (assert_log (fixture, "{'from': <@x 0>, 'limit': <uint32 5>}", "ab\xc3\xa4"), ==, 4);
  g_assert_cmpint (assert_log (fixture, "{'from': <@x 5>}", "!"), ==, 7);
  g_assert_cmpint (assert_log (fixture, "{'from': <@x 99>}", "ab\xc3\xa4\xc3\xb6!"), ==, 7);
  write_log (path, "x\0\xff", 3);
  g_assert_cmpint (assert_log (fixture, "{'from': <@x 0>}", "x\xef\xbf\xbd\xef\xbf\xbd"), ==, 3);
}

static void
assert_no_log (RbBusFixture *fixture,
               const char   *token,
               const char   *text)
{
  g_autofree char *parameters = g_strdup_printf ("('%s', @a{sv} {})", token);

  rb_bus_fixture_call_badly (fixture, "Logs", parameters, ERROR "NotFound", text);
}

static void
test_no_logs (RbBusFixture *fixture,
              gconstpointer data)
{
  g_autofree char *directory = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (directory, "link", NULL);
  g_autoptr(GVariant) answer = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("What is in the journal, not kept, gone or no file of its own is not read, and said so.");

  if (fixture->bus == NULL)
    return;
  use_driver (fixture);
  start_runtime (fixture, "t1", NULL, "app-x.service");
  start_runtime (fixture, "t2", NULL, NULL);
  start_runtime (fixture, "t3", path, NULL);
  start_runtime (fixture, "t4", directory, NULL);
  answer = rb_bus_fixture_call_well (fixture, "Logs", "('t1', @a{sv} {})");
  text = g_variant_print (answer, FALSE);
  g_assert_cmpstr (text, ==, "({'unit': <'app-x.service'>},)");
  assert_no_log (fixture, "t2", "not_kept: ");
  assert_no_log (fixture, "t3", "log_not_readable: ");
  assert_no_log (fixture, "t4", "log_not_readable: ");
  g_assert_cmpint (symlink ("/etc/passwd", path), ==, 0);
  assert_no_log (fixture, "t3", "log_not_readable: ");
}

#define ADD(path, function) g_test_add (path, RbBusFixture, NULL, rb_bus_fixture_set_up, function, rb_bus_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/spawns/vanish", test_vanish);
  ADD ("/spawns/bad-input", test_bad_input);
  ADD ("/spawns/logs", test_logs);
  ADD ("/spawns/logs/none", test_no_logs);
  return g_test_run ();
}
