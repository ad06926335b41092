/* test-life.c: modules that start and stop, or do not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static void
test_start_fails (HostFixture   *fixture,
                  gconstpointer  data)
{
  gboolean silent = g_str_has_suffix (data, "silent");
  g_autoptr(GError) error = NULL;

  g_test_summary ("A required module that does not start fails the start with its name and reason.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  g_assert_false (host_fixture_start (fixture, &error));
  g_assert_true (g_error_matches (error, RB_ERROR, silent ? RB_ERROR_INTERNAL : RB_ERROR_UNAVAILABLE));
  g_assert_nonnull (strstr (error->message, "Module 'odd' did not start: "));
  g_assert_nonnull (strstr (error->message, silent ? "without saying why" : "The network is away"));
  host_fixture_assert_view (fixture, 0, "state", "failed");
  host_fixture_stop_well (fixture);
  host_fixture_assert_view (fixture, 0, "state", "failed");
}

static void
test_start_fails_optional (HostFixture   *fixture,
                           gconstpointer  data)
{
  g_autofree char *reason = NULL;

  g_test_summary ("An optional module that does not start is marked so; the others start.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", FALSE);
  host_fixture_load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  g_assert_true (host_fixture_start (fixture, NULL));
  host_fixture_assert_view (fixture, 0, "state", "failed");
  host_fixture_assert_view (fixture, 1, "state", "running");
  reason = host_fixture_view (fixture->host, 0, "reason");
  g_assert_cmpstr (reason, ==, "The network is away");
  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "The network is away");
  host_fixture_stop_well (fixture);
}

static void
test_start_never (HostFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Modules start emitters first, connector last; a required one may take as long as it takes, until it is stopped.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  host_fixture_load (fixture, RB_MODULE_SPAWN_DRIVER, "good", TRUE);
  host_fixture_load (fixture, RB_MODULE_UPSTREAM, "good", TRUE);
  host_fixture_load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_settle ();
  host_fixture_assert_view (fixture, 0, "state", "starting");
  for (guint i = 1; i < 4; i++)
    host_fixture_assert_view (fixture, i, "state", "running");

  rb_fake_clock_advance (fixture->clock, 100 * HOST_FIXTURE_TIMEOUT_MS);
  g_assert_null (result);
  host_fixture_assert_view (fixture, 0, "state", "starting");
  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "starting");
  host_fixture_stop_well (fixture);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_host_start_finish (fixture->host, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  for (guint i = 0; i < 4; i++)
    host_fixture_assert_view (fixture, i, "state", "stopped");
}

static void
test_start_slow (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A module that has not answered keeps the next one waiting for a moment, and no longer.");

  host_fixture_load (fixture, RB_MODULE_EMITTER, "slow", TRUE);
  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_test_settle ();
  host_fixture_assert_view (fixture, 0, "state", "starting");
  host_fixture_assert_view (fixture, 1, "state", "loaded");
  rb_fake_clock_advance (fixture->clock, 250);
  rb_test_settle ();
  host_fixture_assert_view (fixture, 0, "state", "starting");
  host_fixture_assert_view (fixture, 1, "state", "running");
  rb_fake_clock_advance (fixture->clock, 100 * HOST_FIXTURE_TIMEOUT_MS);
  g_assert_null (result);
  host_fixture_stop_well (fixture);
  rb_test_wait_until (result != NULL);
}

static void
test_start_fails_late (HostFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A required module that fails while another still starts fails the start at once.");

  host_fixture_load (fixture, RB_MODULE_EMITTER, "slow", TRUE);
  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  {
    g_autoptr(GAsyncResult) result = NULL;

    rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
    rb_test_settle ();
    rb_fake_clock_advance (fixture->clock, 250);
    rb_test_wait_until (result != NULL);
    g_assert_false (rb_host_start_finish (fixture->host, result, &error));
  }
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpstr (error->message, ==, "Module 'odd' did not start: The network is away");
  host_fixture_assert_view (fixture, 0, "state", "starting");
  host_fixture_stop_well (fixture);
  host_fixture_assert_view (fixture, 0, "state", "stopped");
}

static void
test_start_never_optional (HostFixture   *fixture,
                           gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("An optional module that never starts is given up at the deadline.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", FALSE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_fake_clock_advance (fixture->clock, HOST_FIXTURE_TIMEOUT_MS);
  g_assert_nonnull (result);
  g_assert_true (rb_host_start_finish (fixture->host, result, NULL));
  host_fixture_assert_view (fixture, 0, "state", "failed");
  host_fixture_stop_well (fixture);
}

static void
test_stop_while_starting (HostFixture   *fixture,
                          gconstpointer  data)
{
  g_autoptr(GAsyncResult) started = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A stop does not wait for a module that is still starting.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  host_fixture_load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  rb_host_start_async (fixture->host, NULL, rb_test_store_result, &started);
  rb_test_settle ();
  host_fixture_stop_well (fixture);
  rb_test_wait_until (started != NULL);
  g_assert_false (rb_host_start_finish (fixture->host, started, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
  host_fixture_assert_view (fixture, 0, "state", "stopped");
  host_fixture_assert_view (fixture, 1, "state", "stopped");
}

static void
test_stop_before_start (HostFixture   *fixture,
                        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("A host that was stopped neither starts nor loads any more.");

  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "good", TRUE);
  host_fixture_stop_well (fixture);
  g_assert_false (host_fixture_start (fixture, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_clear_error (&error);
  g_assert_false (rb_host_load (fixture->host, RB_MODULE_EMITTER, "good", FALSE, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
}

static void
test_stop_never (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The connector stops first; if it does not answer it is given up and the others stop.");

  host_fixture_load (fixture, RB_MODULE_EMITTER, "good", TRUE);
  host_fixture_load (fixture, RB_MODULE_CONNECTOR, "odd", TRUE);
  g_assert_true (host_fixture_start (fixture, NULL));
  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &result);
  rb_host_stop_async (fixture->host, NULL, rb_test_store_result, &second);
  rb_test_settle ();
  host_fixture_assert_view (fixture, 0, "state", "running");
  host_fixture_assert_view (fixture, 1, "state", "stopping");
  g_assert_false (rb_host_stop_finish (fixture->host, second, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_clear_error (&error);

  rb_fake_clock_advance (fixture->clock, HOST_FIXTURE_TIMEOUT_MS);
  g_assert_nonnull (result);
  g_assert_false (rb_host_stop_finish (fixture->host, result, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TIMED_OUT);
  host_fixture_assert_view (fixture, 0, "state", "stopped");
  host_fixture_assert_view (fixture, 1, "state", "stopped");
}

static void
test_empty (HostFixture   *fixture,
            gconstpointer  data)
{
  g_test_summary ("A host without modules starts and stops.");

  g_assert_true (host_fixture_start (fixture, NULL));
  g_assert_null (rb_host_get_connector (fixture->host));
  g_assert_null (rb_host_get_upstream (fixture->host));
  host_fixture_stop_well (fixture);
}

#define ADD(path, data, function)                                                            \
  g_test_add ("/life/" path, HostFixture, data, host_fixture_set_up, function, host_fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  ADD ("start/fails", "behaviour=start-fails", test_start_fails);
  ADD ("start/fails-without-error", "behaviour=start-silent", test_start_fails);
  ADD ("start/fails-optional", "behaviour=start-fails", test_start_fails_optional);
  ADD ("isolated/start/fails", "@behaviour=start-fails", test_start_fails);
  ADD ("isolated/start/fails-without-error", "@behaviour=start-silent", test_start_fails);
  ADD ("isolated/start/fails-optional", "@behaviour=start-fails", test_start_fails_optional);
  ADD ("isolated/start/fails-late", "@behaviour=start-fails", test_start_fails_late);
  ADD ("isolated/stop/while-starting", "@behaviour=start-never", test_stop_while_starting);
  ADD ("isolated/stop/before-start", "@", test_stop_before_start);
  ADD ("start/never", "behaviour=start-never", test_start_never);
  ADD ("start/slow", NULL, test_start_slow);
  ADD ("start/fails-late", "behaviour=start-fails", test_start_fails_late);
  ADD ("start/never-optional", "behaviour=start-never", test_start_never_optional);
  ADD ("stop/while-starting", "behaviour=start-never", test_stop_while_starting);
  ADD ("stop/before-start", NULL, test_stop_before_start);
  ADD ("stop/never", "behaviour=stop-never", test_stop_never);
  ADD ("empty", NULL, test_empty);
  return g_test_run ();
}
