/* test-masons-spawn.c: the network has a runtime started: at once, or when a person says so; it is known again, and ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"
#include "rb-sim-json.h"

#include <signal.h>
#include <string.h>

static void
begin (RbMasons   *fixture,
       const char *approval)
{
  g_autofree char *setting = g_strconcat ("spawn.approval=", approval, NULL);

  rb_masons_set (fixture, setting);
  rb_masons_set (fixture, "spawn.units=off");
  rb_masons_set (fixture, "broker.spawn-drivers=command");
  rb_masons_set (fixture, "command.kinds=k");
  rb_masons_set (fixture, "command.command-k=sh -c 'cat; echo; exec sleep 600'");
  rb_masons_start (fixture);
}

/* Its status; @code (nullable): a part of the answer. */
static void
post (RbMasons   *fixture,
      const char *what,
      const char *id,
      guint       status,
      const char *part)
{
  g_autofree char *path = g_strconcat ("/v1/operator/", what, NULL);
  g_autofree char *body = g_strdup_printf ("{\"id\":\"%s\"}", id);
  g_autofree char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (fixture->daemon, TRUE, "POST", path, body, &answer), ==, status);
  if (strstr (answer, part) == NULL)
    g_error ("'%s' does not say '%s'", answer, part);
}

static gboolean
is_acked (RbMasons   *fixture,
          const char *key,
          const char *wanted)
{
  g_autofree char *ack = rb_sim_dup_ack (fixture->sim, key);

  return g_strcmp0 (ack, wanted) == 0;
}

/* Of the only runtime. */
static GPid
get_pid (RbMasons *fixture)
{
  g_autofree char *text = rb_masons_view (fixture, "runtimes");
  g_autoptr(JsonNode) root = rb_sim_json_parse_node (text);
  JsonArray *rows = json_node_get_array (root);

  g_assert_cmpuint (json_array_get_length (rows), ==, 1);
  return (GPid) rb_sim_json_int (json_array_get_object_element (rows, 0), "pid", 0);
}

/* A zombie is gone, too. */
static gboolean
is_gone (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;

  return !g_file_get_contents (path, &text, NULL, NULL) || strstr (text, ") Z ") != NULL;
}

static void
test_allow (RbMasons      *fixture,
            gconstpointer  data)
{
  g_autofree char *key = NULL;
  GPid pid;

  g_test_summary ("Allowed, it starts at once; a killed broker leaves it alone, the next one knows it, and ends it.");

  begin (fixture, "allow");
  key = rb_sim_spawn (fixture->sim, "k", "hello");
  rb_masons_wait_long (30, is_acked (fixture, key, "received"));
  pid = get_pid (fixture);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  rb_daemon_fixture_kill (fixture->daemon);
  rb_masons_start (fixture);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  g_assert_cmpint (get_pid (fixture), ==, pid);
  post (fixture, "runtimes/stop", key, 200, key);
  rb_test_wait_until (is_gone (pid));
  g_assert_true (rb_masons_says (fixture, "runtimes", "[]"));
  g_assert_true (rb_masons_says (fixture, "runtimes?all=yes", "\"ended\""));
  post (fixture, "runtimes/stop", key, 409, "does not run");
  rb_masons_wait_long (30, is_acked (fixture, key, "failed: spawn_failed: the program ended with a status that nobody knows before its endpoint "
                                                   "registered"));
  rb_masons_stop (fixture);
}

static void
test_ask (RbMasons      *fixture,
          gconstpointer  data)
{
  g_autofree char *key = NULL;

  g_test_summary ("A request waits for a person, over a crash too; approved it starts, once.");

  begin (fixture, "ask");
  key = rb_sim_spawn (fixture->sim, "k", "tell nobody");
  rb_masons_wait_long (30, rb_masons_says (fixture, "spawns", key));
  g_assert_false (rb_masons_says (fixture, "spawns", "tell nobody"));
  g_assert_true (rb_masons_says (fixture, "spawns?prompts=yes", "tell nobody"));
  rb_daemon_fixture_kill (fixture->daemon);
  rb_masons_start (fixture);
  g_assert_true (rb_masons_says (fixture, "spawns", key));
  g_assert_true (is_acked (fixture, key, NULL));
  post (fixture, "spawns/approve", key, 200, key);
  rb_masons_wait_long (30, is_acked (fixture, key, "received"));
  post (fixture, "spawns/approve", key, 409, "no longer waiting");
  post (fixture, "spawns/deny", key, 409, "no longer waiting");
  g_assert_true (rb_masons_says (fixture, "spawns", "[]"));
  post (fixture, "runtimes/stop", key, 200, key);
  rb_masons_stop (fixture);
}

static void
test_deny (RbMasons      *fixture,
           gconstpointer  data)
{
  g_autofree char *key = NULL;

  g_test_summary ("A denial is told.");

  begin (fixture, "ask");
  key = rb_sim_spawn (fixture->sim, "k", "x");
  rb_masons_wait_long (30, rb_masons_says (fixture, "spawns", key));
  post (fixture, "spawns/deny", key, 200, key);
  rb_masons_wait_long (30, is_acked (fixture, key, "failed: spawn_denied: the owner of this machine does not want it"));
  g_assert_true (rb_masons_says (fixture, "runtimes?all=yes", "[]"));
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  rb_masons_add ("/masons-spawn/allow", test_allow);
  rb_masons_add ("/masons-spawn/ask", test_ask);
  rb_masons_add ("/masons-spawn/deny", test_deny);
  return g_test_run ();
}
