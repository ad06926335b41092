/* test-complete.c: what a shell offers at a place of the command line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-complete.h"

#include <string.h>

#define ENDPOINTS "GET /v1/operator/endpoints"
#define INBOX "GET /v1/operator/inbox"

static GPtrArray *
complete (const char  *line,
          const char **kind)
{
  g_auto(GStrv) words = g_strsplit (line, " ", -1);
  GPtrArray *completions = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_completion_free);
  const RbVerb *verb;

  *kind = rb_complete ((const char *const *) words, completions, &verb);
  return completions;
}

static gboolean
offers (GPtrArray  *completions,
        const char *word)
{
  for (guint i = 0; i < completions->len; i++)
    if (g_str_equal (((RbCompletion *) g_ptr_array_index (completions, i))->word, word))
      return TRUE;
  return FALSE;
}

static void
test_places (void)
{
  static const struct {
    const char *line, *kind, *offered, *not_offered;
  } rows[] = {
    { "", NULL, "dispatch", "complete" },
    { "d", NULL, "dispatch", "--json" },
    { "-", NULL, "--account=", "dispatch" },
    { "--json ", NULL, "dispatch", NULL },
    { "--account ", NULL, NULL, "dispatch" },
    { "--account x ", NULL, "dispatch", NULL },
    { "--account=x ", NULL, "dispatch", NULL },
    { "--socket ", RB_COMPLETE_FILE, NULL, "dispatch" },
    { "--socket=", RB_COMPLETE_FILE, NULL, "dispatch" },
    { "dispatch ", "message", NULL, NULL },
    { "dispatch m1 ", "endpoint", NULL, NULL },
    { "dispatch m1 w ", NULL, NULL, NULL },
    { "dispatch --json m1 ", "endpoint", NULL, NULL },
    { "dispatch -t 5 ", "message", NULL, NULL },
    { "dispatch -- -x ", "endpoint", NULL, NULL },
    { "dispatch -- -", "message", NULL, "--json" },
    { "send --", NULL, "--to=", "--reply-timeout=" },
    { "send --to ", NULL, NULL, NULL },
    { "search --endpoint ", "endpoint", NULL, NULL },
    { "search --endpoint=sh", "endpoint", NULL, NULL },
    { "accept ", "held", NULL, NULL },
    { "policy ", NULL, "set", "hold" },
    { "policy set ", NULL, "hold", "set" },
    { "help ", NULL, "dispatch", "complete" },
    { "help dispatch ", NULL, NULL, "dispatch" },
    { "explain ", "any", NULL, NULL },
    { "nonsense ", NULL, "dispatch", NULL },
  };

  g_test_summary ("Verbs, their options, values of options and arguments, each where it may stand.");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *kind;
      g_autoptr(GPtrArray) completions = complete (rows[i].line, &kind);

      g_test_message ("'%s'", rows[i].line);
      g_assert_cmpstr (kind, ==, rows[i].kind);
      g_assert_true (rows[i].offered == NULL || offers (completions, rows[i].offered));
      g_assert_false (rows[i].not_offered != NULL && offers (completions, rows[i].not_offered));
      if (rows[i].kind != NULL)
        g_assert_cmpuint (completions->len, ==, 0);
    }
}

/* A verb whose arguments are ids of something says of what. */
static void
test_every_verb (void)
{
  g_test_summary ("Each verb that takes an id or a name is completed.");

  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    {
      const char *usage = (*verbs)->usage;

      g_test_message ("%s %s", (*verbs)->name, usage);
      if (strstr (usage, "MESSAGE") != NULL || strstr (usage, "ENDPOINT") != NULL || strstr (usage, "ID") != NULL ||
          strstr (usage, "RUNTIME") != NULL || strstr (usage, "SPAWN") != NULL)
        g_assert_nonnull ((*verbs)->completes);
    }
}

static void
test_option_value (void)
{
  static const char *const words[] = { "--account", "work", "dispatch", "--socket=/run/x", "-a", "last", "m1", "" , NULL };
  static const char *const open[] = { "dispatch", "--account", "x", NULL };

  g_test_summary ("The broker that the line is about is asked, and none that is still being typed.");

  g_assert_cmpstr (rb_complete_option (words, "account"), ==, "work");
  g_assert_cmpstr (rb_complete_option (words, "socket"), ==, "/run/x");
  g_assert_null (rb_complete_option (words, "data-dir"));
  g_assert_null (rb_complete_option (open, "account"));
}

static void
answer_lists (RbBrokerctlFixture *fixture)
{
  rb_fake_broker_answer (fixture->broker, INBOX, 200, "[{\"id\":\"aa1\",\"preview\":\"two\\nlines\"},{\"id\":\"ab2\"}]");
  rb_fake_broker_answer (fixture->broker, ENDPOINTS, 200,
                         "[{\"endpoint_id\":\"ep_1\",\"session_name\":\"worker\",\"state\":\"active\"},"
                         "{\"endpoint_id\":\"ep_2\",\"session_name\":\"$(touch owned); x\",\"state\":\"active\"},"
                         "{\"endpoint_id\":\"ep_3\",\"session_name\":\"two\\nlines\"},{\"endpoint_id\":\"ep_4\"}]");
}

static void
test_broker (RbBrokerctlFixture *fixture,
             gconstpointer       data)
{
  g_test_summary ("What the broker knows is offered with what it is; what does not fit on a line is not.");

  answer_lists (fixture);
  g_assert_cmpint (rb_brokerctl_run (fixture, "complete -- dispatch ''"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "aa1\ttwo\\nlines\nab2\t\n");
  g_assert_cmpint (rb_brokerctl_run (fixture, "complete -- dispatch aa1 ''"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "worker\tactive\n$(touch owned); x\tactive\nep_4\t\n");
  g_assert_cmpstr (fixture->err, ==, "");
}

static void
test_no_broker (RbBrokerctlFixture *fixture,
                gconstpointer       data)
{
  g_test_summary ("Without a broker nothing is offered, started or said.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "complete -- dispatch ''"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_cmpstr (fixture->err, ==, "");
}

/* What bash would put into the line, one reply each in brackets. */
static char *
complete_in_bash (RbBrokerctlFixture *fixture,
                  const char         *line)
{
  static const char script[] = "source \"$1\"; COMP_LINE=$3; COMP_POINT=${#3}; compopt () { :; }; _brokerctl \"$2\"; "
                               "for reply in \"${COMPREPLY[@]}\"; do printf '[%s]' \"$reply\"; done";
  g_autofree char *completion = g_test_build_filename (G_TEST_DIST, "..", "data", "completion", "brokerctl.bash", NULL);
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  const char *argv[] = { "bash", "--norc", "-c", script, "bash", completion, program, line, NULL };
  g_autoptr(GSubprocess) process = rb_brokerctl_spawn (fixture, argv);

  rb_brokerctl_finish (fixture, process, "");
  g_assert_cmpstr (fixture->err, ==, "");
  return g_strdup (fixture->out);
}

static void
test_bash (RbBrokerctlFixture *fixture,
           gconstpointer       data)
{
  static const struct {
    const char *line, *replies;
  } rows[] = {
    { "brokerctl disp", "[dispatch]" },
    { "brokerctl dispatch a", "[aa1][ab2]" },
    { "brokerctl dispatch --js", "[--json]" },
    { "brokerctl dispatch aa1 ", "[worker][\\$\\(touch\\ owned\\)\\;\\ x][ep_4]" },
    { "brokerctl search --endpoint=wo", "[worker]" },
    { "brokerctl dispatch nothing-like-it ep_4 ", "" },
    { "brokerctl zzz", "" },
  };

  g_test_summary ("In bash: what fits, quoted, so that a name that an adapter chose is never run.");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *replies = NULL;

      answer_lists (fixture);
      replies = complete_in_bash (fixture, rows[i].line);
      g_test_message ("'%s'", rows[i].line);
      g_assert_cmpstr (replies, ==, rows[i].replies);
    }
  g_assert_false (g_file_test ("owned", G_FILE_TEST_EXISTS));
}

static void
test_zsh (RbBrokerctlFixture *fixture,
          gconstpointer       data)
{
  g_autofree char *completion = g_test_build_filename (G_TEST_DIST, "..", "data", "completion", "_brokerctl", NULL);
  g_autofree char *zsh = g_find_program_in_path ("zsh");
  const char *argv[] = { zsh, "-f", "-n", completion, NULL };
  g_autoptr(GSubprocess) process = NULL;

  g_test_summary ("The script for zsh is one.");

  if (zsh == NULL)
    {
      g_test_skip ("there is no zsh");
      return;
    }
  process = rb_brokerctl_spawn (fixture, argv);
  rb_brokerctl_finish (fixture, process, "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpint (fixture->status, ==, 0);
}

#define ADD(path, set_up, function) g_test_add (path, RbBrokerctlFixture, NULL, set_up, function, rb_brokerctl_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/complete/places", test_places);
  g_test_add_func ("/complete/every-verb", test_every_verb);
  g_test_add_func ("/complete/option-value", test_option_value);
  ADD ("/complete/broker", rb_brokerctl_set_up_broker, test_broker);
  ADD ("/complete/no-broker", rb_brokerctl_set_up, test_no_broker);
  ADD ("/complete/bash", rb_brokerctl_set_up_broker, test_bash);
  ADD ("/complete/zsh", rb_brokerctl_set_up, test_zsh);

  return g_test_run ();
}
