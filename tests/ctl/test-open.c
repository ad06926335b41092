/* test-open.c: brokerctl open, beside a broker that gives tickets and a desktop that is there or is not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"

#include <glib/gstdio.h>
#include <string.h>

#define PAGE "POST /v1/operator/page"
#define URL "http://127.0.0.1:4567/ui/#ticket=abc_-"
#define ANSWER "{\"url\":\"" URL "\",\"valid_ms\":60000}"

/* A desktop without a browser of its own: xdg-open writes down what it is asked for. */
static char *
make_desktop (RbBrokerctlFixture *fixture)
{
  g_autofree char *script = g_build_filename (fixture->data_dir, "xdg-open", NULL);
  char *asked = g_build_filename (fixture->data_dir, "asked", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\necho \"$@\" > '%s.new' && mv '%s.new' '%s'\n", asked, asked, asked);
  g_autofree char *path = g_strdup_printf ("%s:/usr/bin:/bin", fixture->data_dir);

  g_assert_true (g_file_set_contents (script, text, -1, NULL));
  g_assert_cmpint (g_chmod (script, 0700), ==, 0);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("DISPLAY", ":99", TRUE);
  return asked;
}

static void
set_up (RbBrokerctlFixture *fixture,
        gconstpointer       data)
{
  rb_brokerctl_set_up_broker (fixture, data);
  g_setenv ("XDG_DATA_DIRS", fixture->data_dir, TRUE);
  g_setenv ("XDG_DATA_HOME", fixture->data_dir, TRUE);
  g_setenv ("XDG_CONFIG_HOME", fixture->data_dir, TRUE);
  g_setenv ("XDG_CONFIG_DIRS", fixture->data_dir, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", fixture->data_dir, TRUE);
  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
}

static void
test_print (RbBrokerctlFixture *fixture,
            gconstpointer       data)
{
  g_autofree char *asked = make_desktop (fixture);

  rb_fake_broker_answer (fixture->broker, PAGE, 200, ANSWER);
  g_test_summary ("With --print the address is printed and nothing is opened; with --json the rest, too.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "open --print"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, URL "\n");
  g_assert_cmpstr (fixture->err, ==, "");

  rb_fake_broker_answer (fixture->broker, PAGE, 200, ANSWER);
  g_assert_cmpint (rb_brokerctl_run (fixture, "open --print --json"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "{\"url\":\"" URL "\",\"valid_ms\":60000,\"opened\":false}\n");
  g_assert_false (g_file_test (asked, G_FILE_TEST_EXISTS));
}

static void
test_no_desktop (RbBrokerctlFixture *fixture,
                 gconstpointer       data)
{
  rb_fake_broker_answer (fixture->broker, PAGE, 200, ANSWER);
  g_test_summary ("Without a desktop the address is printed, and it is said why.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "open"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, URL "\n");
  g_assert_nonnull (strstr (fixture->err, "there is no desktop here"));
}

static void
test_opened (RbBrokerctlFixture *fixture,
             gconstpointer       data)
{
  g_autofree char *asked = make_desktop (fixture);
  g_autofree char *door = g_build_filename (fixture->data_dir, "runtime-broker", "open.html", NULL);
  g_autofree char *uri = g_strdup_printf ("file://%s\n", door);
  g_autofree char *command = NULL;
  g_autofree char *text = NULL;
  GStatBuf info;

  rb_fake_broker_answer (fixture->broker, PAGE, 200, ANSWER);
  g_test_summary ("What opens the page stands in a file that only its user can read; a command line, which all can read, names that file.");

  g_assert_cmpint (rb_brokerctl_run (fixture, "open"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "the page is being opened in your browser\n");
  rb_test_wait_until (g_file_test (asked, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_get_contents (asked, &command, NULL, NULL));
  g_assert_cmpstr (command, ==, uri);
  g_assert_cmpint (g_stat (door, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_assert_true (g_file_get_contents (door, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "content=\"0;url=" URL "\""));
}

static void
test_no_browser (RbBrokerctlFixture *fixture,
                 gconstpointer       data)
{
  rb_fake_broker_answer (fixture->broker, PAGE, 200, ANSWER);
  g_test_summary ("A desktop without a browser is no failure: the address is printed.");

  g_setenv ("DISPLAY", ":99", TRUE);
  g_setenv ("PATH", fixture->data_dir, TRUE);
  g_assert_cmpint (rb_brokerctl_run (fixture, "open"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, URL "\n");
  g_assert_nonnull (strstr (fixture->err, "no browser can be started"));
}

static void
test_refused (RbBrokerctlFixture *fixture,
              gconstpointer       data)
{
  g_test_summary ("A broker without a page says so; an answer that is none opens nothing.");

  rb_fake_broker_answer (fixture->broker, PAGE, 404, "{\"error\":\"page_disabled\",\"message\":\"this broker shows no page\"}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "open"), !=, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_nonnull (strstr (fixture->err, "this broker shows no page"));
  rb_fake_broker_answer (fixture->broker, PAGE, 200, "{\"url\":7}");
  g_assert_cmpint (rb_brokerctl_run (fixture, "open --print"), ==, RB_EXIT_FAILED);
  g_assert_cmpstr (fixture->out, ==, "");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add ("/brokerctl/open/" path, RbBrokerctlFixture, NULL, set_up, function, rb_brokerctl_tear_down)
  ADD ("print", test_print);
  ADD ("no-desktop", test_no_desktop);
  ADD ("opened", test_opened);
  ADD ("no-browser", test_no_browser);
  ADD ("refused", test_refused);
  return g_test_run ();
}
