/* test-version.c: brokerctl version: of what is installed and of what runs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"

#include <string.h>

#define HEALTH "GET /health"
#define STATUS "GET /v1/operator/status"

typedef RbBrokerctlFixture Fixture;

static void
test_nobody (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("Without a broker it tells what is installed, and that is no failure.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "version"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (fixture->out, "brokerctl        " RB_VERSION ", protocol 1.1, modules of ABI 1\n"
                                                 "runtime-brokerd  " RB_VERSION " (/"));
  g_assert_true (g_str_has_suffix (fixture->out, "\nrunning broker   none\n"));
  g_assert_cmpstr (fixture->err, ==, "");

  g_assert_cmpint (rb_brokerctl_run (fixture, "version --json"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (fixture->out, "{\"client\":{\"version\":\"" RB_VERSION "\",\"protocol_version\":\"1.1\",\"module_abi\":1},"
                                                 "\"program\":{\"path\":\"/"));
  g_assert_null (strstr (fixture->out, "\"broker\""));
  g_assert_true (g_str_has_suffix (fixture->out, ",\"differs\":false}\n"));
}

static void
answer (Fixture    *fixture,
        const char *version,
        const char *protocol)
{
  g_autofree char *health = g_strdup_printf ("{\"ok\":true,\"product_version\":\"%s\",\"protocol_version\":\"%s\"}", version, protocol);

  /* Whoever looks for a broker asks for its health first. */
  rb_fake_broker_answer (fixture->broker, HEALTH, 200, health);
  rb_fake_broker_answer (fixture->broker, HEALTH, 200, health);
  rb_fake_broker_answer (fixture->broker, STATUS, 200, "{\"module_abi\":\"7\"}");
}

static void
test_old_broker (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("After an upgrade the broker that runs is another, and it is said how that ends; what it says is shown escaped.");

  answer (fixture, "0.0.1\\u001b[2J", "1.0");
  g_assert_cmpint (rb_brokerctl_run (fixture, "version"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_suffix (fixture->out, "\nrunning broker   0.0.1\\x1b[2J, protocol 1.0, modules of ABI 7\n"));
  g_assert_cmpstr (fixture->err, ==,
                   "brokerctl: the broker that runs is of another version; 'brokerctl restart' puts the installed one in its place\n");

  answer (fixture, "0.0.1", "1.0");
  g_assert_cmpint (rb_brokerctl_run (fixture, "version --json"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_suffix (fixture->out, ",\"broker\":{\"version\":\"0.0.1\",\"protocol_version\":\"1.0\",\"module_abi\":7},\"differs\":true}\n"));
}

static void
test_same_broker (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("What is the same needs no remark; another protocol does.");

  answer (fixture, RB_VERSION, "1.1");
  g_assert_cmpint (rb_brokerctl_run (fixture, "version"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->err, ==, "");
  answer (fixture, RB_VERSION, "2.0");
  g_assert_cmpint (rb_brokerctl_run (fixture, "version"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->err, "speaks another protocol"));
}

static void
test_hanging (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A broker that does not answer is no reason to keep quiet about what is known.");

  rb_fake_broker_answer (fixture->broker, HEALTH, 200, "{\"ok\":true}");
  rb_fake_broker_answer (fixture->broker, HEALTH, RB_FAKE_HOLD, NULL);
  g_assert_cmpint (rb_brokerctl_run (fixture, "--timeout 0.3 version"), ==, RB_EXIT_TIMED_OUT);
  g_assert_true (g_str_has_prefix (fixture->out, "brokerctl        " RB_VERSION));
  g_assert_true (g_str_has_prefix (fixture->err, "brokerctl: "));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, set_up, function) g_test_add ("/version/" path, Fixture, NULL, set_up, function, rb_brokerctl_tear_down)
  ADD ("nobody", rb_brokerctl_set_up, test_nobody);
  ADD ("old-broker", rb_brokerctl_set_up_broker, test_old_broker);
  ADD ("same-broker", rb_brokerctl_set_up_broker, test_same_broker);
  ADD ("hanging", rb_brokerctl_set_up_broker, test_hanging);
  return g_test_run ();
}
