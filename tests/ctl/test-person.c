/* test-person.c: what a person does with messages, beside the built broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-daemon-fixture.h"
#include "rb-json.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

typedef struct {
  RbBrokerctlFixture ctl;
  RbDaemonFixture   *broker;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->broker = rb_daemon_fixture_new ();
  rb_daemon_fixture_start (fixture->broker);
  fixture->ctl.data_dir = g_strdup (rb_daemon_fixture_get_data_dir (fixture->broker));
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  rb_daemon_fixture_free (fixture->broker);
  rb_brokerctl_tear_down (&fixture->ctl, NULL);
}

static GSubprocess *
start (Fixture    *fixture,
       const char *format,
       ...) G_GNUC_PRINTF (2, 3);

static GSubprocess *
start (Fixture    *fixture,
       const char *format,
       ...)
{
  g_autofree char *arguments = NULL;
  va_list args;

  va_start (args, format);
  arguments = g_strdup_vprintf (format, args);
  va_end (args);
  return rb_brokerctl_start (&fixture->ctl, arguments);
}

#define assert_runs(fixture, code, input, ...)                                      \
  G_STMT_START                                                                      \
  {                                                                                 \
    g_autoptr(GSubprocess) process_ = start (fixture, __VA_ARGS__);                 \
    rb_brokerctl_finish (&(fixture)->ctl, process_, input);                         \
    if ((fixture)->ctl.status != (code))                                            \
      g_test_message ("%s%s", (fixture)->ctl.out, (fixture)->ctl.err);              \
    g_assert_cmpint ((fixture)->ctl.status, ==, code);                              \
  }                                                                                 \
  G_STMT_END

/* A member of the only row that a verb shows. */
static char *
dup_only (Fixture    *fixture,
          const char *verb,
          const char *member)
{
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) rows = NULL;
  g_autoptr(RbJson) row = NULL;

  assert_runs (fixture, RB_EXIT_OK, "", "--json %s", verb);
  text = g_bytes_new (fixture->ctl.out, strlen (fixture->ctl.out));
  rows = rb_json_parse (text, 0, NULL);
  g_assert_cmpuint (rb_json_get_length (rows), ==, 1);
  row = rb_json_open_item (rows, 0, NULL);
  return rb_json_peek_string (row, member);
}

static char *
send_question (Fixture    *fixture,
          const char *text)
{
  assert_runs (fixture, RB_EXIT_OK, text, "send --to default@local -");
  return dup_only (fixture, "inbox", "id");
}

static void
assert_ended (Fixture    *fixture,
              const char *id,
              const char *outcome)
{
  assert_runs (fixture, RB_EXIT_OK, "", "explain %s", id);
  g_assert_nonnull (strstr (fixture->ctl.out, outcome));
  /* Nobody waits for an answer, so it is a message that names nobody. */
  if (g_str_equal (outcome, "replied"))
    {
      g_autofree char *answer = dup_only (fixture, "inbox", "id");

      assert_runs (fixture, RB_EXIT_OK, "", "settle %s", answer);
    }
  assert_runs (fixture, RB_EXIT_OK, "", "--json inbox");
  g_assert_cmpstr (fixture->ctl.out, ==, "[]\n");
  assert_runs (fixture, RB_EXIT_OK, "", "--json assignments");
  g_assert_cmpstr (fixture->ctl.out, ==, "[]\n");
}

static void
test_claim_reply (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(GSubprocess) asking = start (fixture, "send --to default@local --wait-reply=60 question");
  g_autofree char *id = NULL;

  g_test_summary ("Who claims a message and answers it has its sender answered; the endpoint is gone afterwards.");

  do
    assert_runs (fixture, RB_EXIT_OK, "", "--json inbox");
  while (g_str_equal (fixture->ctl.out, "[]\n"));
  id = dup_only (fixture, "inbox", "id");
  assert_runs (fixture, RB_EXIT_OK, "two\nlines\n", "claim %.8s --reply -", id);
  g_assert_nonnull (strstr (fixture->ctl.out, "question"));
  g_assert_nonnull (strstr (fixture->ctl.out, "[1] answered"));
  rb_brokerctl_finish (&fixture->ctl, asking, "");
  g_assert_cmpint (fixture->ctl.status, ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->ctl.out, ==, "two\nlines\n\n");
  assert_runs (fixture, RB_EXIT_OK, "", "--json list");
  g_assert_cmpstr (fixture->ctl.out, ==, "[]\n");
}

static void
test_claim_typed (Fixture       *fixture,
                  gconstpointer  data)
{
  static const struct {
    const char *typed;
    int         status;
    const char *outcome;
  } cases[] = {
    { "the answer\n", RB_EXIT_OK, "replied" },
    { "/done 1\n", RB_EXIT_OK, "handled_no_reply" },
    { "/fail 1 not mine\n", RB_EXIT_OK, "refused_by_person" },
    { "", RB_EXIT_FAILED, "the person left" },
    { "/quit\n", RB_EXIT_FAILED, "the person left" },
  };

  g_test_summary ("A line answers, drops or refuses what was claimed; who leaves without one has failed it.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *id = send_question (fixture, "what now?");

      assert_runs (fixture, cases[i].status, cases[i].typed, "claim %s --as anna", id);
      g_assert_nonnull (strstr (fixture->ctl.out, "what now?"));
      assert_ended (fixture, id, cases[i].outcome);
    }
}

static void
test_claim_exec (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *id = send_question (fixture, "shout");

  g_test_summary ("A program may have it, and how it ends is how claim ends.");

  assert_runs (fixture, RB_EXIT_FAILED, "", "claim %s --exec false", id);
  assert_ended (fixture, id, "processing_failed");
  g_free (id);
  id = send_question (fixture, "shout");
  assert_runs (fixture, RB_EXIT_OK, "", "claim %s --json --exec 'tr a-z A-Z'", id);
  g_assert_nonnull (strstr (fixture->ctl.out, "\"event\":\"done\""));
  assert_ended (fixture, id, "replied");
}

static void
test_settle (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *id = send_question (fixture, "for your information");

  g_test_summary ("What is settled has left the inbox, handled without a reply; it is not there to be settled or claimed again.");

  assert_runs (fixture, RB_EXIT_OK, "", "settle %.8s --json", id);
  g_assert_true (g_str_has_prefix (fixture->ctl.out, "{\"undispatched_id\":\""));
  g_assert_true (g_str_has_suffix (fixture->ctl.out, "\",\"settled\":true}\n"));
  assert_ended (fixture, id, "handled_no_reply");
  assert_runs (fixture, RB_EXIT_NOT_FOUND, "", "settle %s", id);
  assert_runs (fixture, RB_EXIT_NOT_FOUND, "", "claim %s --reply x", id);
}

static void
assert_shown (Fixture    *fixture,
              const char *id,
              const char *state)
{
  assert_runs (fixture, RB_EXIT_OK, "", "show %s", id);
  g_assert_nonnull (strstr (fixture->ctl.out, state));
  g_assert_nonnull (strstr (fixture->ctl.out, "\n\nfirst line\nsecond "));
  g_assert_null (strchr (fixture->ctl.out, '\033'));
  assert_runs (fixture, RB_EXIT_OK, "", "show %s --json", id);
  g_assert_true (g_str_has_prefix (fixture->ctl.out, "{"));
  g_assert_nonnull (strstr (fixture->ctl.out, "\"content\":\"first line\\nsecond "));
}

static void
test_show (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *id = send_question (fixture, "first line\nsecond \033[2J");
  g_autoptr(GSubprocess) attached = start (fixture, "attach --name reader --exec 'sleep 100'");
  g_autofree char *endpoint_id = NULL;
  g_autofree char *assignment_id = NULL;

  g_test_summary ("A message is shown whole, where it waits, when somebody has it, and when it is over; endpoints and modules too.");

  assert_shown (fixture, id, "inbox");
  g_assert_nonnull (strstr (fixture->ctl.out, "second \\u001b[2J"));
  do
    assert_runs (fixture, RB_EXIT_OK, "", "--json list");
  while (g_str_equal (fixture->ctl.out, "[]\n"));
  endpoint_id = dup_only (fixture, "list", "endpoint_id");
  assert_runs (fixture, RB_EXIT_OK, "", "show reader");
  g_assert_nonnull (strstr (fixture->ctl.out, endpoint_id));
  assert_runs (fixture, RB_EXIT_OK, "", "dispatch %s reader", id);
  assignment_id = dup_only (fixture, "assignments", "assignment_id");
  assert_shown (fixture, assignment_id, endpoint_id);
  g_subprocess_send_signal (attached, SIGTERM);
  rb_brokerctl_finish (&fixture->ctl, attached, "");
  assert_shown (fixture, id, "ended");
  assert_runs (fixture, RB_EXIT_OK, "", "show %s", endpoint_id);
  g_assert_nonnull (strstr (fixture->ctl.out, "closed"));
  assert_runs (fixture, RB_EXIT_OK, "", "show connector-local");
  g_assert_nonnull (strstr (fixture->ctl.out, "running"));
}

static void
test_show_refused (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *first = send_question (fixture, "a");

  g_test_summary ("What is not known is not found, and a beginning of several is ambiguous.");

  assert_runs (fixture, RB_EXIT_NOT_FOUND, "", "show nothing");
  assert_runs (fixture, RB_EXIT_NOT_FOUND, "", "show local");
  assert_runs (fixture, RB_EXIT_USAGE, "", "show ''");
  for (guint i = 0; i < 32; i++)
    assert_runs (fixture, RB_EXIT_OK, "", "send --to default@local b");
  for (const char *digit = "0123456789abcdef"; *digit != '\0'; digit++)
    {
      g_autoptr(GSubprocess) process = start (fixture, "show %c", *digit);

      rb_brokerctl_finish (&fixture->ctl, process, "");
      if (fixture->ctl.status == RB_EXIT_AMBIGUOUS)
        return;
    }
  g_error ("none of 33 ids begins like another");
}

static void
test_usage (Fixture       *fixture,
            gconstpointer  data)
{
  static const char *const cases[] = { "claim", "claim a b", "claim a --reply x --exec true", "claim a --as ''", "claim a --exec \"'\"", "settle",
                                       "settle a b" };

  g_test_summary ("What makes no sense is wrong usage.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_runs (fixture, RB_EXIT_USAGE, "", "%s", cases[i]);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add ("/person/claim/reply", Fixture, NULL, set_up, test_claim_reply, tear_down);
  g_test_add ("/person/claim/typed", Fixture, NULL, set_up, test_claim_typed, tear_down);
  g_test_add ("/person/claim/exec", Fixture, NULL, set_up, test_claim_exec, tear_down);
  g_test_add ("/person/settle", Fixture, NULL, set_up, test_settle, tear_down);
  g_test_add ("/person/show/whole", Fixture, NULL, set_up, test_show, tear_down);
  g_test_add ("/person/show/refused", Fixture, NULL, set_up, test_show_refused, tear_down);
  g_test_add ("/person/usage", Fixture, NULL, set_up, test_usage, tear_down);
  return g_test_run ();
}
