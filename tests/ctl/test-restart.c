/* test-restart.c: brokerctl restart, beside a broker that does what the test says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-broker.h"
#include "rb-test.h"
#include "rb-verb.h"

#include <string.h>

#define STATUS "GET /v1/operator/status"
#define RESTART "POST /v1/operator/restart"
#define OLD "{\"instance\":\"a\",\"product_version\":\"1.0.0\"}"
#define NEW "{\"instance\":\"b\",\"product_version\":\"1.1.0\"}"

typedef struct {
  char         *data_dir;
  RbFakeBroker *broker;
  char         *out;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->broker = rb_fake_broker_new (fixture->data_dir);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_test_settle ();
  g_clear_pointer (&fixture->broker, rb_fake_broker_free);
  g_free (fixture->data_dir);
  free (fixture->out);
}

static RbExitCode
run (Fixture    *fixture,
     const char *option)
{
  const char *argv[] = { "brokerctl", "--data-dir", fixture->data_dir, "restart", option, NULL };
  gsize size;
  RbExitCode code;
  RbCtl ctl;

  rb_ctl_init (&ctl);
  g_clear_pointer (&fixture->out, free);
  ctl.out = open_memstream (&fixture->out, &size);
  code = rb_verbs_run (&ctl, argv);
  fclose (ctl.out);
  rb_ctl_clear (&ctl);
  return code;
}

static void
test_done (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("It asks once, waits for another broker to answer, also when that takes a while or it says that it is stopping.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, RESTART, 200, "{\"pid\":1}");
  rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, STATUS, 503, "{\"error\":\"broker_shutting_down\"}");
  rb_fake_broker_answer (fixture->broker, STATUS, RB_FAKE_DROP, NULL);
  rb_fake_broker_answer (fixture->broker, STATUS, 200, NEW);
  g_assert_cmpint (run (fixture, NULL), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, " ms: version 1.1.0, before 1.0.0\n"));
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, RESTART), ==, 1);
}

static void
test_json (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("With --json one object, and nothing else.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, RESTART, 200, "{\"pid\":1}");
  rb_fake_broker_answer (fixture->broker, STATUS, 200, NEW);
  g_assert_cmpint (run (fixture, "--json"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (fixture->out, "{\"pid\":1,\"old_version\":\"1.0.0\",\"new_version\":\"1.1.0\",\"took_ms\":"));
  g_assert_true (g_str_has_suffix (fixture->out, "}\n"));
}

static void
test_lost_answer (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("An answer that got lost is no failure when another broker answers then; it is not asked again.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, RESTART, RB_FAKE_DROP, NULL);
  rb_fake_broker_answer (fixture->broker, STATUS, 200, NEW);
  g_assert_cmpint (run (fixture, NULL), ==, RB_EXIT_OK);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, RESTART), ==, 1);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A refusal ends with 1 and without waiting; so does a broker that knows no restart.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, RESTART, 409, "{\"error\":\"restart_refused\",\"message\":\"no\"}");
  g_assert_cmpint (run (fixture, NULL), ==, RB_EXIT_FAILED);
  g_assert_cmpstr (fixture->out, ==, "");
  rb_fake_broker_answer (fixture->broker, STATUS, 200, "{\"presence\":\"online\"}");
  g_assert_cmpint (run (fixture, NULL), ==, RB_EXIT_FAILED);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, RESTART), ==, 1);
}

static void
test_timeout (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("One that never goes ends the wait with 4.");

  for (guint i = 0; i < 1000; i++)
    rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, RESTART, 200, "{\"pid\":1}");
  g_assert_cmpint (run (fixture, "--timeout=0.2"), ==, RB_EXIT_TIMED_OUT);
}

/* The pid of a process that was, and is not. */
static void
test_ended (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(GSubprocess) process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE, NULL, "cat", NULL);
  g_autofree char *answer = g_strdup_printf ("{\"pid\":%s}", g_subprocess_get_identifier (process));

  g_test_summary ("One that ended instead is not waited for: 3.");

  g_subprocess_force_exit (process);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  rb_fake_broker_answer (fixture->broker, STATUS, 200, OLD);
  rb_fake_broker_answer (fixture->broker, RESTART, 200, answer);
  for (guint i = 0; i < 10; i++)
    rb_fake_broker_answer (fixture->broker, STATUS, RB_FAKE_DROP, NULL);
  g_assert_cmpint (run (fixture, NULL), ==, RB_EXIT_NOT_RUNNING);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add ("/ctl-restart/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("done", test_done);
  ADD ("json", test_json);
  ADD ("lost-answer", test_lost_answer);
  ADD ("refused", test_refused);
  ADD ("timeout", test_timeout);
  ADD ("ended", test_ended);
#undef ADD
  return g_test_run ();
}
