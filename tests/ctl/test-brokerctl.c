/* test-brokerctl.c: the program as a person or a script meets it: arguments, output, exit codes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-time.h"
#include "rb-verb.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>

#define STATUS "GET /v1/operator/status"
#define ENDPOINTS "GET /v1/operator/endpoints"
#define INBOX "GET /v1/operator/inbox"
#define ASSIGNMENTS "GET /v1/operator/assignments"
#define DISPATCH "POST /v1/operator/dispatch"

typedef RbBrokerctlFixture Fixture;

static void
test_usage (Fixture       *fixture,
            gconstpointer  data)
{
  static const char *const cases[] = {
    "",
    "nonsense",
    "--nonsense",
    "status --nonsense",
    "status extra",
    "dispatch",
    "dispatch one",
    "dispatch one two three",
    "explain",
    "explain one two",
    "search",
    "send hello",
    "send --to",
    "send --to a@local",
    "send --to a@local --metadata nonsense hello",
    "send --to a@local --metadata [] hello",
    "send --to a@local --wait-reply=x hello",
    "attach",
    "attach --name x",
    "attach --name x --exec true --print",
    "attach --name x --exec \"it's\"",
    "attach --name x --exec ''",
    "attach --name '' --exec true",
    "attach --name x --exec true --concurrency=-1",
    "attach --name x --exec true --concurrency=many",
    "config nonsense",
    "policy nonsense",
    "policy set hold",
    "policy set loudly bob",
    "policy remove",
    "policy remove x",
    "accept",
    "refuse one two",
    "held extra",
    "status --timeout=x",
    "status --timeout=-1",
    "help nonsense",
  };

  g_test_summary ("What makes no sense ends with 2, a remark on standard error, and nothing on standard output.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int status = rb_brokerctl_run (fixture, cases[i]);

      if (status != RB_EXIT_USAGE)
        g_test_message ("%s: %s", cases[i], fixture->err);
      g_assert_cmpint (status, ==, RB_EXIT_USAGE);
      g_assert_cmpstr (fixture->out, ==, "");
      g_assert_true (g_str_has_prefix (fixture->err, "brokerctl: "));
    }
}

static void
test_help (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Help names every verb and every exit code, and each verb has its own.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "help"), ==, RB_EXIT_OK);
  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    {
      const RbVerb *verb = *verbs;
      g_autofree char *arguments = g_strdup_printf ("%s --help", verb->name);
      g_autofree char *heading = g_strdup_printf ("brokerctl %s [OPTION...]", verb->name);
      g_autofree char *line = g_strdup_printf ("\n  %s ", verb->name);

      if ((strstr (fixture->out, line) == NULL) != verb->hidden)
        g_error ("%s is not in its place", verb->name);
      g_assert_cmpint (rb_brokerctl_run (fixture, arguments), ==, RB_EXIT_OK);
      g_assert_true (g_str_has_prefix (fixture->out, heading));
      g_assert_cmpint (rb_brokerctl_run (fixture, "--help"), ==, RB_EXIT_OK);
    }
  g_assert_nonnull (strstr (fixture->out, "  7    it may or may not have happened"));
  g_assert_cmpint (rb_brokerctl_run (fixture, "--version"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "brokerctl " RB_VERSION "\n");
}

static void
test_not_running (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char *const cases[] = { "status",          "list",      "inbox --json",           "assignments",
                                       "dispatch a b",    "explain a", "search a", "export", "modules",                "env",   "restart",
                                       "--no-start demo", "--no-start send --to a@local x",      "--no-start attach --name x --exec true",
                                       "--socket /nonexistent status" };

  g_test_summary ("Without a broker every verb that needs one ends with 3 and starts none.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (rb_brokerctl_run (fixture, cases[i]) != RB_EXIT_NOT_RUNNING)
        g_test_message ("%s: %s", cases[i], fixture->err);
      g_assert_cmpint (fixture->status, ==, RB_EXIT_NOT_RUNNING);
      g_assert_cmpstr (fixture->out, ==, "");
    }
}

static void
test_status (Fixture       *fixture,
             gconstpointer  data)
{
  static const char status[] = "{\"presence\":\"online\",\"address\":\"me@local\",\"ready\":true,\"endpoints\":2,\"inbox\":250,"
                               "\"counters\":{\"received\":3,\"sent\":0},"
                               "\"limits\":{\"inbox\":{\"used\":250,\"limit\":256,\"policy\":\"new ones are refused\"},"
                               "\"endpoints\":{\"used\":2,\"limit\":100,\"policy\":\"x\"}}}";

  g_test_summary ("Status says how things are and which limit is near; with --json it is the broker's own words and nothing else.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, status);
  g_assert_cmpint (rb_brokerctl_run (fixture, "status"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "broker        ready\nnetwork       online\naddress       me@local\nendpoints     2\n"));
  g_assert_nonnull (strstr (fixture->out, "since start   3 received\n"));
  g_assert_nonnull (strstr (fixture->out, "limit         inbox is nearly full (250 of 256): new ones are refused\n"));
  g_assert_null (strstr (fixture->out, "of 100"));
  g_assert_cmpstr (fixture->err, ==, "");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, status);
  g_assert_cmpint (rb_brokerctl_run (fixture, "--json status"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (fixture->out, status));
  g_assert_cmpuint (strlen (fixture->out), ==, strlen (status) + 1);
}

static void
test_limits (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *now = rb_time_to_iso (g_get_real_time () / 1000);
  g_autofree char *status =
    g_strdup_printf ("{\"limits\":{\"z_memory\":{\"used\":9,\"limit\":9,\"peak\":9,\"reached\":4,\"last_reached\":\"%s\","
                     "\"unit\":\"ids\",\"manner\":\"forgets\",\"policy\":\"the oldest goes\"},"
                     "\"calm\":{\"used\":1,\"limit\":10,\"peak\":10,\"reached\":2,\"last_reached\":\"2026-01-01T00:00:00.000Z\","
                     "\"unit\":\"things\",\"manner\":\"pushes_back\",\"policy\":\"refused\"},"
                     "\"much\":{\"used\":1700,\"limit\":2048,\"peak\":2000,\"reached\":0,\"unit\":\"bytes\","
                     "\"manner\":\"pushes_back\",\"policy\":\"refused\"},"
                     "\"full\":{\"used\":7,\"limit\":7,\"peak\":7,\"reached\":3,\"last_reached\":\"%s\",\"unit\":\"things\","
                     "\"manner\":\"pushes_back\",\"policy\":\"they wait\"},\"door\":{\"used\":5,\"limit\":5,\"peak\":5,\"reached\":9,"
                     "\"last_reached\":\"%s\",\"unit\":\"things\",\"manner\":\"waits\",\"policy\":\"turns\"},\"odd\":7,\"none\":{}}}", now, now,
                     now);
  const char *full, *much, *calm, *memory;

  g_test_summary ("All limits in a table, what is full first; in the status those that pushed back lately, and a memory never.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, status);
  g_assert_cmpint (rb_brokerctl_run (fixture, "status --limits"), ==, RB_EXIT_OK);
  full = strstr (fixture->out, "\nfull ");
  much = strstr (fixture->out, "\nmuch ");
  calm = strstr (fixture->out, "\ncalm ");
  memory = strstr (fixture->out, "\nz_memory ");
  g_assert_true (full != NULL && full < much && much < calm && calm < memory);
  g_assert_nonnull (strstr (fixture->out, "FULL"));
  g_assert_nonnull (strstr (fixture->out, "> 80 %"));
  g_assert_nonnull (strstr (fixture->out, "2.0 KiB"));
  g_assert_nonnull (strstr (fixture->out, "they wait"));
  g_assert_null (strstr (fixture->out, "odd"));

  rb_fake_broker_answer (fixture->broker, STATUS, 200, status);
  g_assert_cmpint (rb_brokerctl_run (fixture, "status --limits --json"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (fixture->out, "{\"z_memory\":"));

  rb_fake_broker_answer (fixture->broker, STATUS, 200, status);
  g_assert_cmpint (rb_brokerctl_run (fixture, "status"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "limits        reached lately: full ("));
  g_assert_nonnull (strstr (fixture->out, "limit         full is nearly full (7 of 7): they wait\n"));
  g_assert_null (strstr (fixture->out, "calm"));
  g_assert_null (strstr (fixture->out, "memory"));
  g_assert_null (strstr (fixture->out, "door"));

  rb_fake_broker_answer (fixture->broker, STATUS, 200, "{}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "status --limits"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "this broker shows no limits\n");
}

static void
test_status_away (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char status[] = "{\"presence\":\"offline\",\"presence_reason\":\"starting\",\"presence_since\":\"2026-01-01T00:00:00.000Z\","
                               "\"link_error\":\"'gw:1' refuses\\u001b the connection\",\"profile\":\"masons\",\"node_id\":\"agent-7\","
                               "\"ready\":true}";
  static const char modules[] = "[{\"name\":\"http\",\"kind\":\"upstream\",\"state\":\"starting\"},"
                                "{\"name\":\"journal\",\"kind\":\"emitter\",\"state\":\"running\"},"
                                "{\"name\":\"codex\",\"kind\":\"spawn-driver\",\"state\":\"failed\",\"reason\":\"not found\"}]";

  g_test_summary ("A network that is away: which one, since when, why, and which modules do not run.");

  rb_fake_broker_answer (fixture->broker, STATUS, 200, status);
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/modules", 200, modules);
  g_assert_cmpint (rb_brokerctl_run (fixture, "status"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "network       offline (starting) for "));
  g_assert_nonnull (strstr (fixture->out, " d: 'gw:1' refuses"));
  g_assert_null (strchr (fixture->out, '\033'));
  g_assert_nonnull (strstr (fixture->out, "profile       masons\n"));
  g_assert_nonnull (strstr (fixture->out, "node          agent-7\n"));
  g_assert_nonnull (strstr (fixture->out, "module        upstream 'http' (starting)\n"));
  g_assert_nonnull (strstr (fixture->out, "module        spawn-driver 'codex' (failed): not found\n"));
  g_assert_null (strstr (fixture->out, "journal"));
}

static void
test_odd_answers (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char *const cases[] = { "null", "[]", "{}", "7", "\"x\"", "[null,7,{}]", "{\"limits\":7,\"counters\":[]}" };
  static const char *const verbs[] = { "status", "list", "inbox", "needs", "assignments", "outbox", "dead-letters", "modules", "env" };

  g_test_summary ("An answer of another shape is no reason to crash.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (verbs); j++)
      {
        g_autofree char *request = g_strdup_printf ("GET /v1/operator/%s", g_str_equal (verbs[j], "list") ? "endpoints" : verbs[j]);

        rb_fake_broker_answer (fixture->broker, request, 200, cases[i]);
        g_assert_cmpint (rb_brokerctl_run (fixture, verbs[j]), ==, RB_EXIT_OK);
      }
}

static void
test_inbox (Fixture       *fixture,
            gconstpointer  data)
{
  static const char inbox[] = "[{\"id\":\"m-1\",\"sender_address\":\"evil\\u001b[2J@local\",\"reason\":\"unaddressed\","
                              "\"preview\":\"line one\\nline two \\u202e\",\"since\":\"2000-01-01T00:00:00.000Z\"}]";

  g_test_summary ("What strangers wrote is shown escaped, as a table or, where it is narrow, as paragraphs.");

  rb_fake_broker_answer (fixture->broker, INBOX, 200, inbox);
  g_assert_cmpint (rb_brokerctl_run (fixture, "inbox"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "m-1      evil\\x1b[2J@local"));
  g_assert_nonnull (strstr (fixture->out, "line one\\nline two \\u{202e}"));
  g_assert_null (strchr (fixture->out, '\033'));

  fixture->columns = "30";
  rb_fake_broker_answer (fixture->broker, INBOX, 200, inbox);
  g_assert_cmpint (rb_brokerctl_run (fixture, "inbox"), ==, RB_EXIT_OK);
  g_assert_true (g_str_has_prefix (fixture->out, "MESSAGE: m-1\nFROM: evil\\x1b[2J@local\n"));

  rb_fake_broker_answer (fixture->broker, INBOX, 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "inbox"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "the inbox is empty\n");
}

static void
test_policy (Fixture       *fixture,
             gconstpointer  data)
{
  const char *body;

  g_test_summary ("Rules are listed, made and removed; the action says what a rule is about.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/policy", 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "there is no rule: every message is accepted\n");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/policy", 200,
                         "[{\"id\":3,\"what\":\"message\",\"sender\":\"*@x\",\"kind\":\"*\",\"action\":\"hold\",\"note\":\"\\u001b[2J\"}]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy list"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "*@x"));
  g_assert_null (strchr (fixture->out, '\033'));

  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/policy", 200, "{\"id\":3}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy set deny *@x --kind codex --note no"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "rule 3 is set\n");
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/operator/policy");
  g_assert_cmpstr (body, ==, "{\"what\":\"spawn\",\"sender\":\"*@x\",\"action\":\"deny\",\"kind\":\"codex\",\"note\":\"no\"}");

  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/policy", 200, "{\"id\":4,\"waiting\":40,\"left_in_inbox\":2}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy set refuse *@x"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==,
                   "rule 4 is set\nalready here: 40; to have the rule decide on them: brokerctl policy apply 4\n"
                   "in the inbox, where they stay: 2; brokerctl settle ends one\n");
  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/policy/apply", 200,
                         "{\"id\":4,\"let_in\":0,\"refused\":40,\"left_in_inbox\":2}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy apply 4"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "let in: 0, refused: 40, left in the inbox: 2\n");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy apply all"), ==, RB_EXIT_USAGE);

  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/policy/remove", 200, "{\"removed\":true}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy remove 3"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "the rule is gone\n");
  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/policy/remove", 404, "{\"code\":\"unknown_rule\",\"error\":\"there is no rule 3\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "policy remove 3"), ==, RB_EXIT_NOT_FOUND);
}

static void
test_held (Fixture       *fixture,
           gconstpointer  data)
{
  static const char held[] = "[{\"id\":\"abc1\",\"sender_address\":\"bob\",\"reason\":\"held\",\"why\":\"rule 1: hold messages from bob\",\"preview\":\"hi\"},"
                             "{\"id\":\"abd2\",\"sender_address\":\"bob\",\"reason\":\"held_behind\",\"behind\":\"abc1\"}]";
  const char *body;

  g_test_summary ("What is held is listed with what holds it, and accepted or refused by the beginning of its id.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "held"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "no message is held\n");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, held);
  g_assert_cmpint (rb_brokerctl_run (fixture, "held"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "rule 1: hold messages from bob"));
  g_assert_true (g_regex_match_simple ("held_behind +abc1", fixture->out, 0, 0));

  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/held/accept", 200, "{\"message_id\":\"abc1\",\"place\":\"inbox\"}");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, held);
  g_assert_cmpint (rb_brokerctl_run (fixture, "accept abc --remember"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "abc1 is in the inbox now\n");
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/operator/held/accept");
  g_assert_cmpstr (body, ==, "{\"message_id\":\"abc1\",\"remember\":true}");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, held);
  rb_fake_broker_answer (fixture->broker, "POST /v1/operator/held/refuse", 200, "{\"refused\":true}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "refuse abd --reason spam"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "abd2 is refused\n");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, held);
  g_assert_cmpint (rb_brokerctl_run (fixture, "accept ab"), ==, RB_EXIT_AMBIGUOUS);
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, held);
  g_assert_cmpint (rb_brokerctl_run (fixture, "refuse x"), ==, RB_EXIT_NOT_FOUND);
}

static void
answer_lists (Fixture *fixture)
{
  rb_fake_broker_answer (fixture->broker, INBOX, 200, "[{\"id\":\"aa-1\"},{\"id\":\"ab-2\"}]");
  rb_fake_broker_answer (fixture->broker, ENDPOINTS, 200,
                         "[{\"endpoint_id\":\"ep_1\",\"session_name\":\"worker\"},{\"endpoint_id\":\"ep_2\",\"session_name\":\"writer\"}]");
}

static void
test_dispatch (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Dispatch takes beginnings of ids and names, and sends whole ids.");

  answer_lists (fixture);
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch aa wo"), ==, RB_EXIT_OK);
  g_assert_cmpstr (rb_fake_broker_get_body (fixture->broker, DISPATCH), ==,
                   "{\"undispatched_id\":\"aa-1\",\"target_endpoint_id\":\"ep_1\"}");
  g_assert_cmpstr (fixture->out, ==, "aa-1 is with ep_1 now\n");

  answer_lists (fixture);
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch ab ep_2 --json"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "{\"undispatched_id\":\"ab-2\",\"endpoint_id\":\"ep_2\"}\n");
}

static void
test_dispatch_refused (Fixture       *fixture,
                       gconstpointer  data)
{
  g_test_summary ("What fits several, or nothing, or is refused, each has its exit code, and nothing is dispatched for the first two.");

  answer_lists (fixture);
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch aa w"), ==, RB_EXIT_AMBIGUOUS);
  g_assert_nonnull (strstr (fixture->err, "ep_1  worker"));
  answer_lists (fixture);
  rb_fake_broker_forget (fixture->broker);
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch zz w"), ==, RB_EXIT_NOT_FOUND);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, DISPATCH), ==, 0);

  rb_fake_broker_answer (fixture->broker, INBOX, 200, "[{\"id\":\"aa-1\"}]");
  rb_fake_broker_answer (fixture->broker, DISPATCH, 400,
                         "{\"error\":\"dispatch_failed\",\"message\":\"target endpoint did not acknowledge push receipt: ep_1\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch aa ep_1"), ==, RB_EXIT_FAILED);
  g_assert_nonnull (strstr (fixture->err, "did not acknowledge push receipt: ep_1 (dispatch_failed)"));
}

static void
test_dispatch_held (Fixture       *fixture,
                    gconstpointer  data)
{
  static const char *const verbs[] = { "dispatch cc w", "claim cc --reply x", "settle cc" };

  g_test_summary ("Of what is held it is said by what, and how it is let in; what is not held is not found, as before.");

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      answer_lists (fixture);
      rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, "[{\"id\":\"cc-3\"},{\"id\":\"cd-4\"}]");
      rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/cc-3", 200,
                             "{\"ladder\":[{\"step\":\"received\"},{\"step\":\"held\",\"detail\":\"rule 1: hold messages from *@local\"}]}");
      g_assert_cmpint (rb_brokerctl_run (fixture, verbs[i]), ==, RB_EXIT_FAILED);
      g_assert_cmpstr (fixture->err, ==,
                       "brokerctl: message cc-3 is held, by rule 1: hold messages from *@local; 'brokerctl accept cc-3' lets it in (message_held)\n");
      g_assert_cmpstr (fixture->out, ==, "");
    }

  answer_lists (fixture);
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, "[{\"id\":\"cc-3\"}]");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/cc-3", 500, "nonsense");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch cc w"), ==, RB_EXIT_FAILED);
  g_assert_cmpstr (fixture->err, ==, "brokerctl: message cc-3 is held; 'brokerctl accept cc-3' lets it in (message_held)\n");
  answer_lists (fixture);
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/held", 200, "[{\"id\":\"cc-3\"}]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "dispatch zz w"), ==, RB_EXIT_NOT_FOUND);
}

static void
test_env (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("The environment is printed as a shell reads it, and only what is known.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/env", 200,
                         "{\"account_id\":\"default\",\"runtime_token\":\"abc_-\",\"data_dir\":\"/home/a b/it's\",\"pid\":7}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "env"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==,
                   "MASONS_BROKER_ACCOUNT_ID=default\n"
                   "MASONS_BROKER_RUNTIME_TOKEN=abc_-\n"
                   "MASONS_BROKER_USER_DATA='/home/a b/it'\\''s'\n");
}

static void
test_send (Fixture       *fixture,
           gconstpointer  data)
{
  const char *body;

  g_test_summary ("Send registers an endpoint, sends, prints the receipt, and takes the endpoint away again.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "send --to peer@local --metadata '{\"a\":[1]}' --content-type markdown two words"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "delivered m-1\n");
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/send");
  g_assert_nonnull (strstr (body, "{\"endpoint_id\":\"ep-1\",\"to\":\"peer@local\",\"content\":\"two words\",\"contentType\":\"markdown\","
                                  "\"metadata\":{\"a\":[1],\"message_id\":\""));
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "DELETE /v1/endpoint/ep-1"), ==, 1);

  g_assert_cmpint (rb_brokerctl_run (fixture, "send --json --to peer@local x"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "{\"message_id\":\"m-1\",\"status\":\"delivered\"}\n");
}

static void
test_send_input (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GSubprocess) process = rb_brokerctl_start (fixture, "send --to peer@local -");

  g_test_summary ("A dash reads the text from standard input.");

  rb_brokerctl_finish (fixture, process, "from\na pipe");
  g_assert_cmpint (fixture->status, ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/send"), "\"content\":\"from\\na pipe\""));
}

static void
test_send_refused (Fixture       *fixture,
                   gconstpointer  data)
{
  static const struct {
    guint       status;
    const char *body;
    RbExitCode  code;
  } cases[] = {
    { 503, "{\"error\":\"connector_unavailable\",\"message\":\"WebSocket not connected\",\"retryable\":true}", RB_EXIT_FAILED },
    { 503, "{\"error\":\"connector_send_outcome_unknown\",\"message\":\"SEND_ACK timeout\"}", RB_EXIT_OUTCOME_UNKNOWN },
    { 400, "{\"error\":\"invalid_address\",\"message\":\"'x' is not an address\"}", RB_EXIT_FAILED },
    { RB_FAKE_DROP, NULL, RB_EXIT_OUTCOME_UNKNOWN },
  };

  g_test_summary ("A refusal, and an outcome nobody knows, have their exit codes; the endpoint is taken away all the same.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      rb_fake_broker_forget (fixture->broker);
      rb_fake_broker_answer (fixture->broker, "POST /v1/send", cases[i].status, cases[i].body);
      g_assert_cmpint (rb_brokerctl_run (fixture, "send --to peer@local x"), ==, (int) cases[i].code);
      g_assert_cmpstr (fixture->out, ==, "");
      g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/send"), ==, 1);
    }
}

/* The first of these is for somebody else, the second answers. */
static void
push_replies (Fixture *fixture)
{
  rb_fake_broker_push (fixture->broker, "{\"event\":\"message_received\",\"push_id\":\"p1\",\"from\":\"x@local\",\"content\":\"no\","
                                        "\"contentType\":\"text\",\"metadata\":{\"correlation_id\":\"c\",\"in_reply_to\":\"other\"}}");
  rb_fake_broker_push (fixture->broker, "{\"event\":\"message_received\",\"push_id\":\"p2\",\"from\":\"peer@local\",\"content\":\"yes\","
                                        "\"contentType\":\"text\",\"metadata\":{\"correlation_id\":\"c\",\"in_reply_to\":\"mine\"},"
                                        "\"sourceMessageId\":\"r-1\"}");
}

static void
test_wait_reply (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(GSubprocess) process = NULL;

  g_test_summary ("The reply is printed, and only the reply; what answers something else is left to the broker.");

  process = rb_brokerctl_start (fixture, "send --wait-reply=30 --to peer@local --metadata '{\"message_id\":\"mine\"}' x");
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/send") == 1);
  push_replies (fixture);
  rb_brokerctl_finish (fixture, process, "");
  g_assert_cmpint (fixture->status, ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "yes\n");
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"p2\"}\n");
}

static void
test_no_reply (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A reply that does not come in time ends with 4.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "send --wait-reply=0.05 --to peer@local x"), ==, RB_EXIT_TIMED_OUT);
  g_assert_cmpstr (fixture->out, ==, "");
}

static void
push_hello (Fixture *fixture)
{
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/endpoint/register") == 1
                      && rb_fake_broker_has_channel (fixture->broker));
  rb_fake_broker_push (fixture->broker, "{\"event\":\"message_received\",\"push_id\":\"p1\",\"endpoint_id\":\"ep-1\","
                                        "\"from\":\"peer@local\",\"content\":\"hello\","
                                        "\"contentType\":\"text\",\"metadata\":{},\"sourceMessageId\":\"m-1\"}");
}

static void
test_attach_once (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GSubprocess) process = rb_brokerctl_start (fixture, "attach --once --json --name worker --exec 'tr a-z A-Z'");

  g_test_summary ("A program becomes a runtime, answers its message and, asked to, leaves.");

  push_hello (fixture);
  rb_brokerctl_finish (fixture, process, "");
  g_assert_cmpint (fixture->status, ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==,
                   "{\"event\":\"attached\",\"endpoint_id\":\"ep-1\",\"detail\":\"worker\"}\n"
                   "{\"event\":\"message\",\"message_id\":\"m-1\",\"detail\":\"peer@local\"}\n"
                   "{\"event\":\"done\",\"message_id\":\"m-1\"}\n");
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/send"), "\"content\":\"HELLO\""));
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "DELETE /v1/endpoint/ep-1"), ==, 1);
}

static void
test_attach_interrupted (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(GSubprocess) process = rb_brokerctl_start (fixture, "attach --name worker --exec cat");

  g_test_summary ("Ctrl-C leaves in order: the endpoint is taken away, and the exit is no failure.");

  push_hello (fixture);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, "POST /v1/send") == 1);
  g_subprocess_send_signal (process, SIGINT);
  rb_brokerctl_finish (fixture, process, "");
  g_assert_cmpint (fixture->status, ==, RB_EXIT_OK);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "DELETE /v1/endpoint/ep-1"), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, rb_brokerctl_set_up, function, rb_brokerctl_tear_down)
#define ADD_BROKER(path, function) g_test_add (path, Fixture, NULL, rb_brokerctl_set_up_broker, function, rb_brokerctl_tear_down)
  ADD ("/brokerctl/usage", test_usage);
  ADD ("/brokerctl/help", test_help);
  ADD ("/brokerctl/not-running", test_not_running);
  ADD_BROKER ("/brokerctl/status", test_status);
  ADD_BROKER ("/brokerctl/status/limits", test_limits);
  ADD_BROKER ("/brokerctl/status/away", test_status_away);
  ADD_BROKER ("/brokerctl/odd-answers", test_odd_answers);
  ADD_BROKER ("/brokerctl/inbox", test_inbox);
  ADD_BROKER ("/brokerctl/policy", test_policy);
  ADD_BROKER ("/brokerctl/held", test_held);
  ADD_BROKER ("/brokerctl/dispatch/prefixes", test_dispatch);
  ADD_BROKER ("/brokerctl/dispatch/refused", test_dispatch_refused);
  ADD_BROKER ("/brokerctl/dispatch/held", test_dispatch_held);
  ADD_BROKER ("/brokerctl/env", test_env);
  ADD_BROKER ("/brokerctl/send/receipt", test_send);
  ADD_BROKER ("/brokerctl/send/standard-input", test_send_input);
  ADD_BROKER ("/brokerctl/send/refused", test_send_refused);
  ADD_BROKER ("/brokerctl/send/reply", test_wait_reply);
  ADD_BROKER ("/brokerctl/send/no-reply", test_no_reply);
  ADD_BROKER ("/brokerctl/attach/once", test_attach_once);
  ADD_BROKER ("/brokerctl/attach/interrupted", test_attach_interrupted);
  return g_test_run ();
}
