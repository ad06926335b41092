/* test-tell.c: brokerctl tells: explain, search, export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define ENDPOINTS "GET /v1/operator/endpoints"

typedef RbBrokerctlFixture Fixture;

#define UNKNOWN "{\"error\":\"not_found\",\"message\":\"nothing is known\"}"

static void
test_explain (Fixture       *fixture,
              gconstpointer  data)
{
  static const char explained[] =
    "{\"kind\":\"message\",\"id\":\"aa-1\",\"place\":\"inbox\",\"since\":\"2000-01-01T00:00:01.000Z\",\"reason\":\"unaddressed\","
    "\"next\":\"waits in the inbox\",\"rule\":{\"code\":\"restored\",\"text\":\"it was taken back\"},"
    "\"held_by\":{\"endpoint_id\":\"ep_1\",\"session_name\":\"claude\",\"adapter\":\"x\",\"pid\":7,\"state\":\"active\"},"
    "\"timers\":[{\"what\":\"acceptance\",\"at\":\"2000-01-01T00:00:31.000Z\",\"then\":\"it returns\"}],"
    "\"last_error\":{\"text\":\"taken back\",\"code\":\"endpoint_lost\",\"at\":\"2000-01-01T00:00:01.000Z\",\"count\":2},"
    "\"ladder\":[{\"step\":\"received\",\"at\":\"2000-01-01T00:00:00.123Z\"},"
    "{\"step\":\"stored\",\"at\":\"2000-01-01T00:00:01.000Z\",\"detail\":\"unaddressed\",\"rule\":\"unmatched\"}]}";

  g_test_summary ("Explain shows place, reason, rule, holder, timers, errors, what comes next and the ladder with its times.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/aa", 200, explained);
  g_assert_cmpint (rb_brokerctl_run (fixture, "explain aa"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "message     aa-1\nis          inbox since 2000-01-01 00:00:01.000 ("));
  g_assert_nonnull (strstr (fixture->out, "next        waits in the inbox\n"));
  g_assert_nonnull (strstr (fixture->out, "rule        restored: it was taken back\n"));
  g_assert_nonnull (strstr (fixture->out, "held by     ep_1 claude, x, process 7, active\n"));
  g_assert_nonnull (strstr (fixture->out, "timer       acceptance at 2000-01-01 00:00:31.000 ("));
  g_assert_nonnull (strstr (fixture->out, "last error  taken back (endpoint_lost) at "));
  g_assert_nonnull (strstr (fixture->out, ", 2 times so far\n"));
  g_assert_nonnull (strstr (fixture->out, "  2000-01-01 00:00:00.123             received\n"
                                          "  2000-01-01 00:00:01.000   +0.877 s  stored    unaddressed [unmatched]\n"));

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/aa", 409,
                         "{\"error\":\"ambiguous\",\"message\":\"'aa' may be any of 2:\\n  aa-1  message\\n  aa-2  message\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "explain aa"), ==, RB_EXIT_AMBIGUOUS);
  g_assert_nonnull (strstr (fixture->err, "any of 2:\n  aa-1  message\n  aa-2  message"));
  g_assert_cmpint (rb_brokerctl_run (fixture, "explain ''"), ==, RB_EXIT_USAGE);
}

static void
test_explain_long (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *id = g_strnfill (100000, 'a');
  g_autofree char *arguments = g_strconcat ("explain ", id, NULL);

  g_test_summary ("An id longer than any is not found, and nobody is asked for it.");

  g_assert_cmpint (rb_brokerctl_run (fixture, arguments), ==, RB_EXIT_NOT_FOUND);
  g_assert_nonnull (strstr (fixture->err, "nothing is known of 'aaaa"));
  g_assert_cmpuint (strlen (fixture->err), <, 200);
}

static void
test_explain_name (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("What is no id may be the name of an endpoint; if it is neither, that is said.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/claude", 404, UNKNOWN);
  rb_fake_broker_answer (fixture->broker, ENDPOINTS, 200, "[{\"endpoint_id\":\"ep_1\",\"session_name\":\"claude\"}]");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/ep_1", 200, "{\"kind\":\"endpoint\",\"id\":\"ep_1\",\"queue\":[]}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "explain claude"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "endpoint    ep_1\n"));
  g_assert_nonnull (strstr (fixture->out, "queue       empty\n"));

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/explain/zz", 404, UNKNOWN);
  rb_fake_broker_answer (fixture->broker, ENDPOINTS, 200, "[]");
  g_assert_cmpint (rb_brokerctl_run (fixture, "explain zz"), ==, RB_EXIT_NOT_FOUND);
  g_assert_nonnull (strstr (fixture->err, "nothing is known"));
}

static void
test_follow (Fixture       *fixture,
             gconstpointer  data)
{
#define STEP(name) "{\"step\":\"" name "\",\"at\":\"2000-01-01T00:00:00.000Z\"}"
#define BEGINNING "{\"kind\":\"message\",\"id\":\"m1\",\"ladder\":["
  static const char target[] = "GET /v1/operator/explain/m1";

  g_test_summary ("Followed, each step is printed once, until the message has ended.");

  rb_fake_broker_answer (fixture->broker, target, 200, BEGINNING STEP ("received") "]}");
  rb_fake_broker_answer (fixture->broker, target, 200, BEGINNING STEP ("received") "]}");
  rb_fake_broker_answer (fixture->broker, target, 200, BEGINNING STEP ("received") "," STEP ("taken") "],\"ended\":{\"how\":\"delivered\"}}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "explain --follow --json m1"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, STEP ("received") "\n" STEP ("taken") "\n");
}

static void
test_search (Fixture       *fixture,
             gconstpointer  data)
{
  static const char first[] =
    "{\"rows\":[{\"id\":\"m2\",\"direction\":\"in\",\"at\":\"2000-01-01T00:00:00.000Z\",\"peer\":\"bob\",\"state\":\"ended\","
    "\"outcome\":\"replied\",\"endpoint_id\":\"ep_1\",\"snippet\":[\"it is \",\"deployed\",\"\\nnow\\u001b[31m\"]}],\"before\":5}";
  static const char second[] = "{\"rows\":[{\"id\":\"m1\",\"direction\":\"out\",\"peer\":\"carol\",\"state\":\"sent\"}]}";

  g_test_summary ("What was found is shown with its hits, page after page; what a stranger wrote cannot command the terminal.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=deploy%2A%20%22a%20b%22&from=bob&limit=20", 200, first);
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=deploy%2A%20%22a%20b%22&from=bob&limit=20&before=5", 200, second);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search 'deploy*' 'a b' --from bob"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "2000-01-01 00:00:00.000  from bob  m2  ended: replied  ep_1\n    it is [deployed] now\\x1b[31m\n"
                                     "-  to carol  m1  sent\n");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=x&limit=1", 200, "{\"rows\":[]}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --limit 1"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "nothing found\n");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=%22&limit=20", 400,
                         "{\"error\":\"bad_query\",\"message\":\"a quotation mark is not closed\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "search '\"'"), ==, RB_EXIT_USAGE);
  g_assert_nonnull (strstr (fixture->err, "not closed (bad_query)"));
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=x&from=a&to=b&limit=20", 400,
                         "{\"error\":\"bad_request\",\"message\":\"either from or to\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --from a --to b"), ==, RB_EXIT_USAGE);
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=y&limit=20", 503, "{\"error\":\"store_broken\",\"message\":\"no\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "search y"), ==, RB_EXIT_FAILED);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --limit 0"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --limit 100001"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --limit -1"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --since nonsense"), ==, RB_EXIT_USAGE);
  g_assert_nonnull (strstr (fixture->err, "--since: 'nonsense' is no time"));
}

static void
test_search_cut (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char page[] = "{\"rows\":[{\"id\":\"m1\",\"direction\":\"in\",\"state\":\"inbox\"}],\"live_cut\":%s}";
  g_autofree char *cut = g_strdup_printf (page, "true");
  g_autofree char *whole = g_strdup_printf (page, "false");

  g_test_summary ("Who is not shown all that lives is told so, and how to see the rest; who is, is not.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=x&limit=1", 200, cut);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --limit 1"), ==, RB_EXIT_OK);
  g_assert_nonnull (strstr (fixture->out, "m1  inbox\n"));
  g_assert_nonnull (strstr (fixture->err, "not all that lives was looked through: ask with a higher --limit"));

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=x&limit=1", 200, whole);
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --limit 1"), ==, RB_EXIT_OK);
  g_assert_null (strstr (fixture->err, "looked through"));
}

static void
test_export (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("An export is one line of JSON for each thing, over all pages.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/export?content=yes", 200,
                         "{\"lines\":[{\"type\":\"export\",\"version\":1},{\"type\":\"message\"}],\"cursor\":\"archive:5\"}");
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/export?content=yes&cursor=archive%3A5", 200, "{\"lines\":[{\"type\":\"endpoint\"}]}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "export"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "{\"type\":\"export\",\"version\":1}\n{\"type\":\"message\"}\n{\"type\":\"endpoint\"}\n");

  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/export?content=no&since=2026-01-02T03:04:05.000Z", 200, "{\"lines\":[]}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "export --no-content --since 2026-01-02T03:04:05Z"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_cmpint (rb_brokerctl_run (fixture, "export --until never"), ==, RB_EXIT_USAGE);
  g_assert_cmpint (rb_brokerctl_run (fixture, "export extra"), ==, RB_EXIT_USAGE);
}

static void
test_disk_full (Fixture       *fixture,
                gconstpointer  data)
{
  /* One of them short, the other longer than what is kept until it is written. */
  g_autofree char *word = g_strnfill (100000, 'a');
  g_autofree char *lines = g_strdup_printf ("{\"lines\":[{\"a\":1},{\"a\":\"%s\"}],\"cursor\":\"archive:5\"}", word);
  static const char *const verbs[] = { "search x", "search x --json", "export", "export --no-content", "help", "--version" };

  g_test_summary ("What could not be written is told, and the exit status is 1.");

  fixture->out_file = "/dev/full";
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=x&limit=20", 200,
                             "{\"rows\":[{\"at\":\"2026-01-02T03:04:05.678Z\",\"direction\":\"in\",\"peer\":\"bob\",\"id\":\"m1\"}]}");
      rb_fake_broker_answer (fixture->broker, "GET /v1/operator/export?content=yes", 200, lines);
      rb_fake_broker_answer (fixture->broker, "GET /v1/operator/export?content=no", 200, "{\"lines\":[{\"a\":1}]}");
      g_test_message ("%s", verbs[i]);
      g_assert_cmpint (rb_brokerctl_run (fixture, verbs[i]), ==, RB_EXIT_FAILED);
      g_assert_cmpstr (fixture->err, ==, "brokerctl: standard output cannot be written\n");
    }
}

static void
test_reader_gone (Fixture       *fixture,
                  gconstpointer  data)
{
  int ends[2];

  g_test_summary ("Whoever reads the output may leave when they have seen enough: nobody is told of an error.");

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  close (ends[0]);
  fixture->out_fd = ends[1];
  rb_fake_broker_answer (fixture->broker, "GET /v1/operator/search?words=x&limit=20", 200,
                         "{\"rows\":[{\"at\":\"2026-01-02T03:04:05.678Z\",\"direction\":\"in\",\"peer\":\"bob\",\"id\":\"m1\"}]}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "search x --json"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->err, ==, "");
  close (ends[1]);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add (path, Fixture, NULL, rb_brokerctl_set_up_broker, function, rb_brokerctl_tear_down)
  ADD ("/tell/explain", test_explain);
  ADD ("/tell/explain/long", test_explain_long);
  ADD ("/tell/explain/name", test_explain_name);
  ADD ("/tell/explain/follow", test_follow);
  ADD ("/tell/search", test_search);
  ADD ("/tell/search/cut", test_search_cut);
  ADD ("/tell/export", test_export);
  ADD ("/tell/disk-full", test_disk_full);
  ADD ("/tell/reader-gone", test_reader_gone);
  return g_test_run ();
}
