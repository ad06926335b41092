/* test-bad-input.c: every verb of the table is given everything that no verb wants
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bad-input.h"
#include "rb-daemon-fixture.h"
#include "rb-test.h"
#include "rb-verb.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>

#define HUGE_BYTES 100000
#define ESCAPES "\033[2J\033]0;owned\a\b\r\x7f"

typedef struct {
  RbDaemonFixture *broker;     /* NULL: none runs */
} Fixture;

static char *huge;

static const char *const values[] = {
  "",
  "HUGE",
  "x" ESCAPES "y",
  "line\nbrokerctl: done",
  "\342\200\256reversed\302\233",
  "\377\376 \300\257",
  "-1",
  "--",
  "99999999999999999999",
  "-99999999999999999999",
  "1e400",
  "nan",
  "%s%n%d",
  "../../../../etc/passwd",
  "{\"a\":",
};

static const char *
get_value (gsize i)
{
  return g_str_equal (values[i], "HUGE") ? huge : values[i];
}

/* How many threads there are in this process. */
static guint
count_threads (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* A verb that would wait for the next thing to happen, if it found what it needs. */
static gboolean
stays (const Fixture *fixture,
       const RbVerb  *verb)
{
  return fixture->broker != NULL && verb->own_timeout;
}

/* Returns the exit code. */
static int
run (const Fixture *fixture,
     const RbVerb  *verb,
     GPtrArray     *words)
{
  g_auto(RbBadInputResult) result = { 0 };

  g_ptr_array_add (words, NULL);
  rb_bad_input_run ((const char *const *) words->pdata, stays (fixture, verb), &result);
  rb_bad_input_judge ((const char *const *) words->pdata, &result);
  return result.code;
}

/* "brokerctl VERB", and as many words as it needs. Without a broker none is to be started. */
static GPtrArray *
begin (const Fixture *fixture,
       const RbVerb  *verb,
       int            n_args)
{
  GPtrArray *words = g_ptr_array_new ();

  if (fixture->broker == NULL)
    g_ptr_array_add (words, (char *) "--no-start");
  g_ptr_array_add (words, (char *) verb->name);
  for (int i = 0; i < n_args; i++)
    g_ptr_array_add (words, (char *) "x");
  return words;
}

static void
assert_usage (const RbVerb *verb,
              const char   *what,
              int           code)
{
  if (code == RB_EXIT_USAGE)
    return;
  g_test_message ("brokerctl %s with %s ended with %d", verb->name, what, code);
  g_test_fail ();
}

static void
try_count (const Fixture *fixture,
           const RbVerb  *verb)
{
  if (verb->min_args > 0)
    {
      g_autoptr(GPtrArray) words = begin (fixture, verb, verb->min_args - 1);

      assert_usage (verb, "a word too few", run (fixture, verb, words));
    }
  if (verb->max_args >= 0)
    {
      g_autoptr(GPtrArray) words = begin (fixture, verb, verb->max_args + 1);

      assert_usage (verb, "a word too many", run (fixture, verb, words));
    }
}

static void
try_unknown (const Fixture *fixture,
             const RbVerb  *verb)
{
  static const char *const options[] = { "--no-such-option", "--no-such-option=x", "-Z", "--\033[31m", "--\377", "--json=yes", "-=" };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr(GPtrArray) words = begin (fixture, verb, verb->min_args);

      g_ptr_array_add (words, (char *) options[i]);
      assert_usage (verb, "an option that there is not", run (fixture, verb, words));
    }
}

/* In each place one that nobody expects, and harmless ones in the others. */
static void
try_words (const Fixture *fixture,
           const RbVerb  *verb)
{
  int n_places = verb->max_args >= 0 ? verb->max_args : verb->min_args + 1;

  for (int place = 0; place < n_places; place++)
    for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
      {
        g_autoptr(GPtrArray) words = begin (fixture, verb, place);

        g_ptr_array_add (words, (char *) get_value (i));
        for (int rest = place + 1; rest < verb->min_args; rest++)
          g_ptr_array_add (words, (char *) "x");
        if (i % 2 == 1)
          g_ptr_array_add (words, (char *) "--json");
        run (fixture, verb, words);
      }
}

static gboolean
takes_value (const GOptionEntry *entry)
{
  return entry->arg != G_OPTION_ARG_NONE && (entry->flags & (G_OPTION_FLAG_NO_ARG | G_OPTION_FLAG_OPTIONAL_ARG)) == 0;
}

static gboolean
is_number (const GOptionEntry *entry)
{
  return entry->arg == G_OPTION_ARG_INT || entry->arg == G_OPTION_ARG_INT64 || entry->arg == G_OPTION_ARG_DOUBLE;
}

static void
try_value (const Fixture      *fixture,
           const RbVerb       *verb,
           const GOptionEntry *entry,
           gsize               i)
{
  g_autofree char *word = g_strconcat ("--", entry->long_name, "=", get_value (i), NULL);
  g_autoptr(GPtrArray) words = begin (fixture, verb, verb->min_args);
  int code;

  g_ptr_array_add (words, word);
  code = run (fixture, verb, words);
  if (is_number (entry))
    assert_usage (verb, entry->long_name, code);
}

static void
try_option (const Fixture      *fixture,
            const RbVerb       *verb,
            const GOptionEntry *entry)
{
  g_autofree char *name = g_strconcat ("--", entry->long_name, NULL);
  g_autoptr(GPtrArray) alone = begin (fixture, verb, verb->min_args);

  g_ptr_array_add (alone, name);
  assert_usage (verb, name, run (fixture, verb, alone));
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    try_value (fixture, verb, entry, i);
}

static void
try_options (const Fixture      *fixture,
             const RbVerb       *verb,
             const GOptionEntry *entries)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    if (takes_value (entries) && (entries->flags & G_OPTION_FLAG_HIDDEN) == 0)
      try_option (fixture, verb, entries);
}

/* They are read in one place for all verbs, so that each verb is given one value of each. */
static void
try_common (const Fixture *fixture,
            const RbVerb  *verb)
{
  static gsize next;

  for (const GOptionEntry *entry = rb_verbs_get_common_options (); entry->long_name != NULL; entry++)
    if (takes_value (entry))
      try_value (fixture, verb, entry, next++ % G_N_ELEMENTS (values));
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autofree char *dir = rb_test_make_dir ();

  /* Nothing of what these find may be that of the person who runs the test. */
  g_setenv ("MASONS_BROKER_USER_DATA", dir, TRUE);
  g_unsetenv ("MASONS_BROKER_ACCOUNT_ID");
  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
}

static void
set_up_broker (Fixture       *fixture,
               gconstpointer  data)
{
  set_up (fixture, data);
  fixture->broker = rb_daemon_fixture_new ();
  rb_daemon_fixture_start (fixture->broker);
  g_setenv ("MASONS_BROKER_USER_DATA", rb_daemon_fixture_get_data_dir (fixture->broker), TRUE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->broker != NULL)
    g_assert_cmpint (rb_daemon_fixture_stop (fixture->broker), ==, 0);
  g_clear_pointer (&fixture->broker, rb_daemon_fixture_free);
}

static void
test_alone (Fixture       *fixture,
            gconstpointer  data)
{
  const RbVerb *verb = data;

  g_test_summary ("Without a broker, nonsense of every kind ends with a code of ours and one remark that can be read, and soon.");

  g_assert_cmpuint (count_threads (), ==, 1);
  try_count (fixture, verb);
  try_unknown (fixture, verb);
  try_words (fixture, verb);
  try_options (fixture, verb, verb->options);
  try_common (fixture, verb);
}

static void
test_broker (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("So it does with a broker, which is still there, and well, at the end.");

  g_assert_cmpuint (count_threads (), ==, 1);
  try_options (fixture, rb_verbs_lookup ("status"), rb_verbs_get_common_options ());
  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    {
      try_words (fixture, *verbs);
      try_options (fixture, *verbs, (*verbs)->options);
    }
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  rb_test_init (&argc, &argv);
  huge = g_strnfill (HUGE_BYTES, 'A');
  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    {
      g_autofree char *path = g_strconcat ("/bad-input/alone/", (*verbs)->name, NULL);

      g_test_add (path, Fixture, *verbs, set_up, test_alone, tear_down);
    }
  g_test_add ("/bad-input/broker", Fixture, NULL, set_up_broker, test_broker, tear_down);
  return g_test_run ();
}
