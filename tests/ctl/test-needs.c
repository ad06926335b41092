/* test-needs.c: what needs a person, and what became of what was told, as brokerctl shows it and lets it be answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"

#include <string.h>

#define DISMISS "POST /v1/operator/needs/dismiss"
#define RETRY "POST /v1/operator/dead-letters/retry"

typedef RbBrokerctlFixture Fixture;

static void
test_needs (Fixture       *fixture,
            gconstpointer  data)
{
  static const char one[] =
    "[{\"id\":\"store:database\",\"kind\":\"store\",\"subject\":\"database\",\"what\":\"the disk is full\",\"choices\":[]},"
    "{\"kind\":\"dispatch\",\"subject\":\"dfa3245d-98a5\",\"who\":\"evil\\u001b[2J@local\",\"what\":\"hello\","
    "\"since\":\"2000-01-01T00:00:00.000Z\",\"choices\":[{\"action\":\"dispatch\",\"endpoint_id\":\"ep_1\",\"name\":\"shout\"}]},"
    "{\"kind\":\"dispatch\",\"subject\":\"abcdefgh-1\",\"what\":\"x\",\"choices\":[{\"action\":\"dispatch\",\"endpoint_id\":\"ep_2\","
    "\"name\":\"two words; rm\"}]},"
    "{\"kind\":\"dispatch\",\"subject\":\"abcdefgh-2\",\"what\":\"x\",\"choices\":[]},"
    "{\"kind\":\"held\",\"subject\":\"0123456789\",\"choices\":[{\"action\":\"accept\"},{\"action\":\"refuse\"}]},"
    "{\"kind\":\"dead-letter\",\"subject\":\"7\",\"choices\":[{\"action\":\"retry\"}]},"
    "{\"kind\":\"post\",\"subject\":\"p\",\"what\":\"no route\",\"command\":\"brokerctl outbox\",\"choices\":[]},"
    "{\"kind\":\"forgotten\",\"subject\":\"dead-letters\",\"choices\":[{\"action\":\"dismiss\"}]},"
    "{\"kind\":\"new-kind\",\"subject\":\"s\",\"what\":\"who knows\",\"choices\":[{\"action\":\"new\"}]}]";

  g_test_summary ("What waits, from whom, and a command that answers it: with as much of the id as it takes, and a name only where it can be typed.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/needs", 200, one);
  g_assert_cmpint (rb_brokerctl_run (fixture, "needs"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "nothing can be stored: the disk is full"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl dispatch dfa3245d shout\n"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl dispatch abcdefgh-1 ep_2\n"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl attach\n"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl retry 7\n"));
  g_assert_nonnull (strstr (fixture->out, "not taken by the network: no route"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl outbox\n"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl dismiss forgotten:dead-letters\n"));
  g_assert_nonnull (strstr (fixture->out, "new-kind: who knows"));
  g_assert_nonnull (strstr (fixture->out, "brokerctl accept 01234567\n"));
  g_assert_nonnull (strstr (fixture->out, "evil\\x1b[2J@local"));
  g_assert_null (strchr (fixture->out, '\033'));

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/needs", 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "needs"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "nothing needs you\n");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/needs", 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "needs --json"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "[]\n");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/status", 200, "{\"ready\":true,\"needs\":2}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "status"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "needs         2 things need you: brokerctl needs\n"));
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/status", 200, "{\"ready\":true,\"needs\":0}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "status"), ==, RB_EXIT_OK);
  g_assert_null (strstr (fixture->out, "needs you"));
}

static void
test_outbox (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("What the upstream has not heard, and what it refused, as tables.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/outbox", 200,
                         "[{\"id\":7,\"kind\":\"endpoint_state\",\"subject\":\"ep_1\",\"waits_for\":\"the network\",\"attempts\":3}]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "outbox"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "endpoint_state"));
  g_assert_nonnull (strstr (fixture->out, "the network"));
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/outbox", 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "outbox"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "the upstream has heard everything\n");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/dead-letters", 200,
                         "[{\"id\":7,\"kind\":\"runtime_inbound_routed\",\"subject\":\"m1\",\"status\":422,\"reason\":\"no such message\"}]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dead-letters"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "422"));
  g_assert_nonnull (strstr (fixture->out, "no such message"));
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/dead-letters", 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dead-letters"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "nothing was refused\n");
}

static void
test_dismiss (Fixture       *fixture,
              gconstpointer  data)
{
  static const char *const usage[] = { "dismiss", "dismiss 7 --dead-letters", "dismiss ''", "dismiss 7 8" };

  g_test_summary ("One thing by its id, a dead letter by its number, or all of those; anything else is wrong usage and asks for nothing.");

  rb_fake_broker_answer (fixture->broker, DISMISS, 200, "{\"dismissed\":1}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dismiss 7"), ==, RB_EXIT_OK);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, DISMISS), ==, "{\"id\":\"dead-letter:7\"}");
  g_assert_cmpstr (fixture->out, ==, "dismissed: 1\n");
  rb_fake_broker_answer (fixture->broker, DISMISS, 200, "{\"dismissed\":3}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dismiss --dead-letters --json"), ==, RB_EXIT_OK);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, DISMISS), ==, "{\"id\":\"dead-letters\"}");
  g_assert_cmpstr (fixture->out, ==, "{\"dismissed\":3}\n");

  rb_fake_broker_answer (fixture->broker, DISMISS, 404, "{\"error\":\"not_waiting\",\"message\":\"it does not wait\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dismiss runtime:k"), ==, RB_EXIT_NOT_FOUND);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, DISMISS), ==, "{\"id\":\"runtime:k\"}");

  rb_fake_broker_forget (fixture->broker);
  for (gsize i = 0; i < G_N_ELEMENTS (usage); i++)
    g_assert_cmpint (rb_brokerctl_run (fixture, usage[i]), ==, RB_EXIT_USAGE);
  g_assert_null (rb_fake_broker_get_body (fixture->broker, DISMISS));
}

static void
test_retry (Fixture       *fixture,
            gconstpointer  data)
{
  static const char *const usage[] = { "retry", "retry 7 --all", "retry x", "retry 0", "retry -1" };

  g_test_summary ("One dead letter by its number, or all; anything else is wrong usage and asks for nothing.");

  rb_fake_broker_answer (fixture->broker, RETRY, 200, "{\"retried\":1}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "retry 7"), ==, RB_EXIT_OK);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, RETRY), ==, "{\"id\":7}");
  g_assert_cmpstr (fixture->out, ==, "sent again: 1\n");

  rb_fake_broker_answer (fixture->broker, RETRY, 200, "{\"retried\":3}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "retry --all --json"), ==, RB_EXIT_OK);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, RETRY), ==, "{\"all\":true}");
  g_assert_cmpstr (fixture->out, ==, "{\"retried\":3}\n");

  rb_fake_broker_answer (fixture->broker, RETRY, 404, "{\"error\":\"dead_letter_unknown\",\"message\":\"unknown dead letter: 7\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "retry 7"), ==, RB_EXIT_NOT_FOUND);

  rb_fake_broker_forget (fixture->broker);
  for (gsize i = 0; i < G_N_ELEMENTS (usage); i++)
    g_assert_cmpint (rb_brokerctl_run (fixture, usage[i]), ==, RB_EXIT_USAGE);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, RETRY), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD_BROKER(path, function) g_test_add (path, Fixture, NULL, rb_brokerctl_set_up_broker, function, rb_brokerctl_tear_down)
  ADD_BROKER ("/needs/list", test_needs);
  ADD_BROKER ("/needs/outbox", test_outbox);
  ADD_BROKER ("/needs/dismiss", test_dismiss);
  ADD_BROKER ("/needs/retry", test_retry);
  return g_test_run ();
}
