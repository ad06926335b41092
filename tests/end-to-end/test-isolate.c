/* test-isolate.c: a connector in a process of its own, which is killed while messages flow
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-adapter.h"
#include "rb-daemon-fixture.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

#define KILLS 4    /* each delays the next process twice as long */
#define BATCH 20   /* messages each way, for each kill */

/* Two brokers of one network; the connector of the first is isolated. */
typedef struct {
  char            *dir;
  RbDaemonFixture *brokers[2];
  RbAdapter       *adapters[2];
} Fixture;

static const char *const handles[] = { "alice", "bob" };

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->dir = rb_test_make_dir ();
  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    {
      g_autofree char *text = g_strdup_printf ("[limits]\ninbox-cap=10000\n[local]\nhandle=%s\ndatabase=%s/network.db\n%s\n", handles[i],
                                               fixture->dir, i == 0 ? "isolate=yes" : "");

      fixture->brokers[i] = rb_daemon_fixture_new ();
      rb_daemon_fixture_write_config (fixture->brokers[i], text);
      rb_daemon_fixture_start (fixture->brokers[i]);
      fixture->adapters[i] = rb_adapter_new (fixture->brokers[i]);
      g_assert_true (rb_adapter_connect (fixture->adapters[i]));
      rb_adapter_register (fixture->adapters[i], FALSE);
    }
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    {
      rb_adapter_free (fixture->adapters[i]);
      rb_daemon_fixture_free (fixture->brokers[i]);
    }
  g_free (fixture->dir);
}

static char *
dup_view (RbDaemonFixture *broker,
          const char      *name)
{
  g_autofree char *path = g_strconcat ("/v1/operator/", name, NULL);
  char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (broker, TRUE, "GET", path, NULL, &answer), ==, 200);
  return answer;
}

/* Of the first broker's isolated connector; 0: there is none now. */
static pid_t
find_process (Fixture *fixture)
{
  g_autofree char *modules = dup_view (fixture->brokers[0], "modules");
  const char *at = strstr (modules, "\"pid\":");

  g_assert_nonnull (strstr (modules, "\"isolated\":true"));
  return at != NULL ? (pid_t) g_ascii_strtoll (at + strlen ("\"pid\":"), NULL, 10) : 0;
}

/* For the nth time. */
static gboolean
is_back (Fixture *fixture,
         guint    n)
{
  g_autofree char *modules = dup_view (fixture->brokers[0], "modules");
  g_autofree char *status = dup_view (fixture->brokers[0], "status");
  g_autofree char *restarts = g_strdup_printf ("\"restarts\":%u,", n);

  return strstr (modules, restarts) != NULL && strstr (modules, "\"pid\":") != NULL && strstr (status, "\"presence\":\"online\"") != NULL;
}

static void
kill_process (Fixture *fixture)
{
  pid_t pid = find_process (fixture);

  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
}

/* A zombie that nobody reaps has gone, too. */
static gboolean
has_gone (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;

  return !g_file_get_contents (path, &text, NULL, NULL) || strstr (text, ") Z ") != NULL;
}

static RbAsk *
begin_send (Fixture *fixture,
            guint    from,
            guint    n)
{
  const char *endpoint = rb_adapter_get_endpoint (fixture->adapters[from]);
  g_autofree char *body = g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"%s@local\",\"content\":\"m-%u.\"}", endpoint,
                                           handles[1 - from], n);

  return rb_adapter_begin (fixture->adapters[from], "POST", "/v1/send", body);
}

static guint
count (const char *inbox,
       guint       n)
{
  g_autofree char *text = g_strdup_printf ("m-%u.", n);
  guint found = 0;

  for (const char *at = strstr (inbox, text); at != NULL; at = strstr (at + 1, text))
    found++;
  return found;
}

static gboolean
is_done (GPtrArray *asks)
{
  for (guint i = 0; i < asks->len; i++)
    if (!((RbAsk *) asks->pdata[i])->is_done)
      return FALSE;
  return TRUE;
}

/* How often each answered message came: once, and one whose outcome nobody knows not twice. */
static gboolean
have_come (RbDaemonFixture *to,
           GPtrArray       *asks)
{
  g_autofree char *inbox = dup_view (to, "inbox");

  for (guint i = 0; i < asks->len; i++)
    {
      RbAsk *ask = asks->pdata[i];
      guint n = count (inbox, i);

      g_assert_cmpuint (n, <=, 1);
      if (ask->status == 200 && n != 1)
        return FALSE;
    }
  return TRUE;
}

static void
test_killed (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(GPtrArray) in = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_ask_unref);
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_ask_unref);
  g_autofree char *endpoints = NULL;

  g_test_summary ("The process is killed while messages come and go: each arrives, once; the endpoint stays; who sends hears what is known.");

  for (guint i = 0; i < KILLS; i++)
    {
      for (guint n = 0; n < BATCH; n++)
        {
          g_ptr_array_add (in, begin_send (fixture, 1, in->len));
          g_ptr_array_add (out, begin_send (fixture, 0, out->len));
        }
      /* Later each time. */
      for (guint turn = 0; turn < 3 * i; turn++)
        g_main_context_iteration (NULL, FALSE);
      kill_process (fixture);
      rb_test_wait_until (is_back (fixture, i + 1));
      rb_test_wait_until (is_done (in) && is_done (out));
    }

  for (guint i = 0; i < in->len; i++)
    g_assert_cmpuint (((RbAsk *) in->pdata[i])->status, ==, 200);
  for (guint i = 0; i < out->len; i++)
    {
      RbAsk *ask = out->pdata[i];

      g_assert_true (ask->status == 200 || ask->status == 503);
    }
  rb_test_wait_until (have_come (fixture->brokers[0], in));
  rb_test_wait_until (have_come (fixture->brokers[1], out));
  endpoints = dup_view (fixture->brokers[0], "endpoints");
  g_assert_nonnull (strstr (endpoints, rb_adapter_get_endpoint (fixture->adapters[0])));
  g_assert_true (rb_adapter_is_connected (fixture->adapters[0]));
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->brokers[0]), ==, 0);
  g_assert_cmpint (rb_daemon_fixture_stop (fixture->brokers[1]), ==, 0);
}

static void
test_broker_killed (Fixture       *fixture,
                    gconstpointer  data)
{
  pid_t pid = find_process (fixture);

  g_test_summary ("The process dies with the broker.");

  g_assert_false (has_gone (pid));
  rb_daemon_fixture_kill (fixture->brokers[0]);
  rb_test_wait_until (has_gone (pid));
}

static void
test_broker_restarted (Fixture       *fixture,
                       gconstpointer  data)
{
  pid_t pid = find_process (fixture);

  g_test_summary ("When another program takes the broker's place, the process has ended and another one takes its place.");

  rb_daemon_fixture_signal (fixture->brokers[0], SIGUSR1);
  rb_daemon_fixture_wait_next (fixture->brokers[0]);
  g_assert_true (has_gone (pid));
  rb_test_wait_until (is_back (fixture, 0));
  g_assert_cmpint (find_process (fixture), !=, pid);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/isolate/killed", test_killed);
  ADD ("/isolate/broker-killed", test_broker_killed);
  ADD ("/isolate/broker-restarted", test_broker_restarted);
  return g_test_run ();
}
