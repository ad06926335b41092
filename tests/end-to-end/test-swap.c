/* test-swap.c: another connector, while messages flow; and the process killed in the middle of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-adapter.h"
#include "rb-daemon-fixture.h"
#include "rb-test.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SWAPS 20
#define BATCH 8            /* messages each way, for each swap */
#define KILLS 8
#define ISOLATED_SWAPS 6
#define SWAP_MS 200        /* of issue 6; what a sanitizer makes of it is another thing */

/* Two brokers of one network, the first of which has two modules for it. */
typedef struct {
  RbDaemonFixture *alice;
  RbDaemonFixture *bob;
  RbAdapter       *at_alice;   /* NULL: nobody */
  RbAdapter       *at_bob;
  char            *database;
} Fixture;

static void
configure (Fixture         *fixture,
           RbDaemonFixture *daemon,
           const char      *handle,
           const char      *more)
{
  g_autofree char *usual = g_test_build_filename (G_TEST_BUILT, "..", "modules", NULL);
  g_autofree char *own = g_test_build_filename (G_TEST_BUILT, "end-to-end", NULL);
  g_autofree char *path = g_strconcat (usual, ":", own, NULL);
  g_autofree char *text = g_strdup_printf ("[limits]\ninbox-cap=100000\n[local]\nhandle=%s\ndatabase=%s\n[other]\nhandle=%s\ndatabase=%s\n%s",
                                           handle, fixture->database, handle, fixture->database, more);

  rb_daemon_fixture_set_env (daemon, "RB_MODULE_PATH", path);
  rb_daemon_fixture_write_config (daemon, text);
}

static RbAdapter *
attach (RbDaemonFixture *daemon)
{
  RbAdapter *adapter = rb_adapter_new (daemon);

  g_assert_true (rb_adapter_connect (adapter));
  rb_adapter_register (adapter, FALSE);
  return adapter;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autofree char *dir = rb_test_make_dir ();

  fixture->database = g_build_filename (dir, "network.db", NULL);
  fixture->alice = rb_daemon_fixture_new ();
  fixture->bob = rb_daemon_fixture_new ();
  configure (fixture, fixture->alice, "alice", "");
  configure (fixture, fixture->bob, "bob", "");
  rb_daemon_fixture_start (fixture->alice);
  rb_daemon_fixture_start (fixture->bob);
  fixture->at_bob = attach (fixture->bob);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->at_alice, rb_adapter_free);
  g_clear_pointer (&fixture->at_bob, rb_adapter_free);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->alice), ==, 0);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->bob), ==, 0);
  rb_daemon_fixture_free (fixture->alice);
  rb_daemon_fixture_free (fixture->bob);
  g_free (fixture->database);
}

/* As a user would type it, beside alice's broker. */
static GSubprocess *
begin_verb (Fixture    *fixture,
            const char *arguments)
{
  return rb_daemon_fixture_start_verb (fixture->alice, arguments, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
}

static int
end_verb (GSubprocess  *process,
          char        **output)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_subprocess_communicate_utf8_async (process, NULL, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (g_subprocess_communicate_utf8_finish (process, result, output, NULL, &error));
  g_assert_no_error (error);
  return g_subprocess_get_exit_status (process);
}

static void
assert_verb (Fixture    *fixture,
             const char *arguments,
             int         code,
             const char *words)
{
  g_autoptr(GSubprocess) process = begin_verb (fixture, arguments);
  g_autofree char *output = NULL;
  int found = end_verb (process, &output);

  if (found != code || strstr (output, words) == NULL)
    g_error ("'%s': %d, '%s'; expected %d, '%s'", arguments, found, output, code, words);
}

static char *
view (RbDaemonFixture *daemon,
      const char      *name)
{
  g_autofree char *path = g_strconcat ("/v1/operator/", name, NULL);
  char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (daemon, TRUE, "GET", path, NULL, &answer), ==, 200);
  return answer;
}

static gboolean
shows (RbDaemonFixture *daemon,
       const char      *name,
       const char      *part)
{
  g_autofree char *answer = view (daemon, name);

  return strstr (answer, part) != NULL;
}

static gint64
read_number (const char *answer,
             const char *member)
{
  g_autofree char *pattern = g_strdup_printf ("\"%s\":", member);
  const char *at = strstr (answer, pattern);

  g_assert_nonnull (at);
  return g_ascii_strtoll (at + strlen (pattern), NULL, 10);
}

static guint
count (const char *text,
       const char *part)
{
  guint n = 0;

  for (const char *at = strstr (text, part); at != NULL; at = strstr (at + 1, part))
    n++;
  return n;
}

/* Returns for how long nothing was delivered. */
static gint64
swap (Fixture    *fixture,
      const char *name)
{
  g_autofree char *body = g_strdup_printf ("{\"connector\":\"%s\"}", name);
  g_autofree char *answer = NULL;

  if (rb_daemon_fixture_request (fixture->alice, TRUE, "POST", "/v1/operator/use", body, &answer) != 200)
    g_error ("use %s: %s", name, answer);
  g_test_message ("%s", answer);
  return read_number (answer, "took_ms");
}

static RbAsk *
begin_send (RbAdapter  *from,
            const char *to,
            const char *prefix,
            guint       n)
{
  g_autofree char *body = g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"%s\",\"content\":\"%s-%u.\"}", rb_adapter_get_endpoint (from), to,
                                           prefix, n);

  return rb_adapter_begin (from, "POST", "/v1/send", body);
}

static void
begin_batch (Fixture   *fixture,
             GPtrArray *asks,
             guint     *n)
{
  for (guint i = 0; i < BATCH; i++, ++*n)
    {
      g_ptr_array_add (asks, begin_send (fixture->at_bob, "alice@local", "in", *n));
      if (fixture->at_alice != NULL)
        g_ptr_array_add (asks, begin_send (fixture->at_alice, "bob@local", "out", *n));
    }
  /* Some are on their way, some are asked for, some are not even written. */
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
}

static gboolean
is_done (GPtrArray *asks)
{
  for (guint i = 0; i < asks->len; i++)
    if (!((RbAsk *) asks->pdata[i])->is_done)
      return FALSE;
  return TRUE;
}

static gboolean
has_all (RbDaemonFixture *daemon,
         const char      *prefix,
         guint            n)
{
  g_autofree char *pattern = g_strdup_printf ("%s-", prefix);
  g_autofree char *inbox = view (daemon, "inbox");

  return count (inbox, pattern) >= n;
}

static void
assert_each_once (RbDaemonFixture *daemon,
                  const char      *prefix,
                  guint            n)
{
  g_autofree char *inbox = NULL;

  rb_test_wait_until (has_all (daemon, prefix, n));
  inbox = view (daemon, "inbox");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%s-%u.", prefix, i);

      if (count (inbox, text) != 1)
        g_error ("'%s' is there %u times", text, count (inbox, text));
    }
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

static void
report (GArray *times)
{
  g_array_sort (times, compare);
  g_test_message ("a swap takes %" G_GINT64_FORMAT " ms (median of %u), %" G_GINT64_FORMAT " at most",
                  g_array_index (times, gint64, times->len / 2), times->len, g_array_index (times, gint64, times->len - 1));
}

static void
test_traffic (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GPtrArray) asks = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_ask_unref);
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint n = 0;

  g_test_summary ("Twenty swaps while messages come and go: each arrives, once, and nobody is refused; the endpoint stays.");

  fixture->at_alice = attach (fixture->alice);
  for (guint i = 0; i < SWAPS; i++)
    {
      gint64 took_ms;

      begin_batch (fixture, asks, &n);
      took_ms = swap (fixture, i % 2 == 0 ? "other" : "local");
      g_array_append_val (times, took_ms);
    }
  rb_test_wait_until (is_done (asks));
  for (guint i = 0; i < asks->len; i++)
    {
      RbAsk *ask = asks->pdata[i];

      if (ask->status != 200)
        g_error ("A send was answered with %u: %s", ask->status, ask->body);
    }
  assert_each_once (fixture->alice, "in", n);
  assert_each_once (fixture->bob, "out", n);
  g_assert_true (shows (fixture->alice, "endpoints", rb_adapter_get_endpoint (fixture->at_alice)));
  g_assert_true (rb_adapter_is_connected (fixture->at_alice));
  report (times);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (g_array_index (times, gint64, times->len / 2), <, SWAP_MS);
#endif
}

static gboolean
is_settled (Fixture *fixture)
{
  return shows (fixture->alice, "status", "\"presence\":\"online\"");
}

static void
test_kill (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GPtrArray) asks = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_ask_unref);
  guint n = 0;

  g_test_summary ("Killed at any moment of a swap, it comes back with the one connector or the other, and with each message, once.");

  for (guint i = 0; i < KILLS; i++)
    {
      g_autofree char *arguments = g_strdup_printf ("use connector %s", shows (fixture->alice, "status", "\"connector\":\"other\"") ? "local"
                                                                                                                                 : "other");
      g_autoptr(GSubprocess) verb = NULL;

      begin_batch (fixture, asks, &n);
      verb = begin_verb (fixture, arguments);
      rb_daemon_fixture_wait_log (fixture->alice, "connector_swap_begins");
      /* Later each time. */
      for (guint turn = 0; turn < i; turn++)
        g_free (view (fixture->alice, "status"));
      rb_daemon_fixture_kill (fixture->alice);
      end_verb (verb, NULL);
      rb_daemon_fixture_start (fixture->alice);
      rb_test_wait_until (is_settled (fixture));
    }
  rb_test_wait_until (is_done (asks));
  for (guint i = 0; i < asks->len; i++)
    g_assert_cmpuint (((RbAsk *) asks->pdata[i])->status, ==, 200);
  assert_each_once (fixture->alice, "in", n);
}

static void
test_written (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("The next start has it too, but with --once; modules, status and what it prints say what runs.");

  assert_verb (fixture, "use connector other", 0, "connector other runs now, in the place of local");
  assert_verb (fixture, "modules", 0, "other");
  g_assert_true (shows (fixture->alice, "status", "\"connector\":\"other\""));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->alice), ==, 0);
  rb_daemon_fixture_start (fixture->alice);
  g_assert_true (shows (fixture->alice, "status", "\"connector\":\"other\""));

  assert_verb (fixture, "--json use connector local --once", 0, "\"connector\":\"local\"");
  g_assert_true (shows (fixture->alice, "status", "\"connector\":\"local\""));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->alice), ==, 0);
  rb_daemon_fixture_start (fixture->alice);
  g_assert_true (shows (fixture->alice, "status", "\"connector\":\"other\""));
  assert_verb (fixture, "use connector other", 0, "was stopped and started again");
}

/* Nothing can be written beside a file whose name is that long. */
static void
test_not_written (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *path = rb_daemon_fixture_dup_config_file (fixture->alice);
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *name = g_strnfill (NAME_MAX - 10, 'x');
  g_autofree char *real = g_build_filename (dir, name, NULL);

  g_test_summary ("What could not be written down is, when the same is said again.");

  g_assert_cmpint (rename (path, real), ==, 0);
  g_assert_cmpint (symlink (real, path), ==, 0);
  assert_verb (fixture, "use connector other", 0, "the next start does not have it: ");
  g_assert_cmpint (rename (real, path), ==, 0);
  assert_verb (fixture, "use connector other", 0, "The next start has it too: ");
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->alice), ==, 0);
  rb_daemon_fixture_start (fixture->alice);
  g_assert_true (shows (fixture->alice, "status", "\"connector\":\"other\""));
}

static void
test_isolated (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(GPtrArray) asks = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_ask_unref);
  guint n = 0;

  g_test_summary ("One of the two runs in a process of its own: there and back while messages flow, each of them arrives once.");

  configure (fixture, fixture->alice, "alice", "isolate=yes\n");
  for (guint i = 0; i < ISOLATED_SWAPS; i++)
    {
      gboolean is_isolated = i % 2 == 0;

      begin_batch (fixture, asks, &n);
      swap (fixture, is_isolated ? "other" : "local");
      g_assert_cmpint (shows (fixture->alice, "modules", "\"isolated\":true"), ==, is_isolated);
    }
  rb_test_wait_until (is_done (asks));
  for (guint i = 0; i < asks->len; i++)
    g_assert_cmpuint (((RbAsk *) asks->pdata[i])->status, ==, 200);
  assert_each_once (fixture->alice, "in", n);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    const char *arguments;
    int         code;
    const char *words;
  } rows[] = {
    { "use connector nobody", 5, "nobody" },
    { "use connector ../other", 1, "neither a module's name nor an absolute path" },
    { "use connector ''", 1, "" },
    { "use upstream local", 2, "is a 'connector', not a 'upstream'" },
    { "use connector", 2, "" },
    { "use connector gateway", 1, "config set broker.profile masons" },
    { "use connector odd", 1, "The network is away; 'local' runs again" },
  };
  guint n = 0;

  g_test_summary ("What cannot be used is refused with the reason, and messages go on coming.");

  configure (fixture, fixture->alice, "alice", "[odd]\nbehaviour=start-fails\n");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbAsk) ask = begin_send (fixture->at_bob, "alice@local", "in", n++);

      assert_verb (fixture, rows[i].arguments, rows[i].code, rows[i].words);
      rb_test_wait_until (ask->is_done);
      g_assert_cmpuint (ask->status, ==, 200);
      assert_each_once (fixture->alice, "in", n);
    }
  /* Nobody is asked to look after what is not used. */
  g_assert_false (shows (fixture->alice, "needs", "connector odd"));
  /* Wrong settings, of a file that was changed since the start. */
  configure (fixture, fixture->alice, "no handle", "");
  assert_verb (fixture, "use connector other", 1, "handle");
  g_assert_true (shows (fixture->alice, "modules", "\"name\":\"local\""));
}

static void
test_completion (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("A shell offers the connectors that are installed.");

  assert_verb (fixture, "complete use ''", 0, "connector");
  assert_verb (fixture, "complete use connector ''", 0, "other");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/swap/traffic", test_traffic);
  ADD ("/swap/kill", test_kill);
  ADD ("/swap/written", test_written);
  ADD ("/swap/not-written", test_not_written);
  ADD ("/swap/isolated", test_isolated);
  ADD ("/swap/refused", test_refused);
  ADD ("/swap/completion", test_completion);
#undef ADD
  return g_test_run ();
}
