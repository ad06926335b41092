/* test-runtime-log.c: the last that a runtime has written, and what it takes of memory, as the page asks for it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-page-client.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  RbIpcFixture  ipc;
  char         *session;
  char         *path;    /* of the log */
  char         *bin;     /* where journalctl is looked for first */
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  g_autofree char *path = NULL;

  rb_ipc_fixture_set_up (&fixture->ipc, NULL);
  fixture->session = rb_page_log_in (&fixture->ipc);
  fixture->path = g_build_filename (fixture->ipc.directory, "r1.log", NULL);
  fixture->bin = g_build_filename (fixture->ipc.directory, "bin", NULL);
  g_assert_cmpint (g_mkdir (fixture->bin, 0700), ==, 0);
  path = g_strconcat (fixture->bin, ":/usr/bin:/bin", NULL);
  g_setenv ("PATH", path, TRUE);
  rb_fake_core_set_log (fixture->path, NULL);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_autofree char *program = g_build_filename (fixture->bin, "journalctl", NULL);

  rb_fake_core_set_log (NULL, NULL);
  g_unlink (program);
  g_rmdir (fixture->bin);
  g_unlink (fixture->path);
  g_free (fixture->session);
  g_free (fixture->path);
  g_free (fixture->bin);
  rb_ipc_fixture_tear_down (&fixture->ipc, NULL);
}

static char *
ask_log (Fixture *fixture)
{
  return rb_page_ask (&fixture->ipc, fixture->session, "GET", "/v1/operator/runtimes/r1/log", NULL, NULL);
}

static void
write_log (Fixture    *fixture,
           const char *text,
           gssize      length)
{
  g_assert_true (g_file_set_contents (fixture->path, text, length, NULL));
}

static void
test_file (Fixture      *fixture,
           gconstpointer data)
{
  g_autofree char *whole = NULL;
  g_autofree char *odd = NULL;

  g_test_summary ("A file is shown; what is no text in it stands for itself as a mark.");

  write_log (fixture, "one\ntwo\n", -1);
  whole = ask_log (fixture);
  assert_status (whole, 200);
  assert_contains (whole, "\"text\":\"one\\ntwo\\n\"");
  assert_contains (whole, "\"is_all\":true");

  write_log (fixture, "a\0b\xff" "c", 5);
  odd = ask_log (fixture);
  assert_status (odd, 200);
  assert_contains (odd, "a?b\357\277\275c");
}

static void
test_long (Fixture      *fixture,
           gconstpointer data)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *response = NULL;

  g_test_summary ("Of a long one there is the end, and it says so.");

  memcpy (text + 1024 * 1024 - 4, "last", 4);
  write_log (fixture, text, -1);
  response = ask_log (fixture);
  assert_status (response, 200);
  assert_contains (response, "xlast\"");
  assert_contains (response, "\"is_all\":false");
  g_assert_cmpuint (strlen (response), <, 40 * 1024);
}

static void
test_not_a_file (Fixture      *fixture,
                 gconstpointer data)
{
  g_autofree char *gone = ask_log (fixture);
  g_autofree char *linked = NULL;
  g_autofree char *pipe = NULL;

  g_test_summary ("What is gone, a link and a pipe are not read, and nobody waits for them.");

  assert_status (gone, 404);
  assert_contains (gone, "log_gone");
  g_assert_cmpint (symlink ("/etc/passwd", fixture->path), ==, 0);
  linked = ask_log (fixture);
  assert_status (linked, 404);
  g_unlink (fixture->path);
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  pipe = ask_log (fixture);
  assert_status (pipe, 404);
}

static void
install_journalctl (Fixture    *fixture,
                    const char *script)
{
  g_autofree char *program = g_build_filename (fixture->bin, "journalctl", NULL);

  g_assert_true (g_file_set_contents_full (program, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  rb_fake_core_set_log (NULL, "app-runtimebroker-r1.service");
}

static void
test_journal (Fixture      *fixture,
              gconstpointer data)
{
  g_autofree char *response = NULL;
  g_autofree char *endless = NULL;

  g_test_summary ("What is in the journal is asked of journalctl, of that unit, and not without end.");

  install_journalctl (fixture, "#!/bin/sh\necho \"$@\"\n");
  response = ask_log (fixture);
  assert_status (response, 200);
  assert_contains (response, "--user");
  assert_contains (response, "-u app-runtimebroker-r1.service");

  install_journalctl (fixture, "#!/bin/sh\nexec yes\n");
  endless = ask_log (fixture);
  assert_status (endless, 200);
  assert_contains (endless, "y\\ny\\ny");
  g_assert_cmpuint (strlen (endless), <, 64 * 1024);
}

static void
test_journal_late (Fixture      *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->ipc.url);
  g_autofree char *started = g_build_filename (fixture->bin, "journalctl.started", NULL);
  g_autofree char *response = NULL;

  g_test_summary ("One that says nothing is not waited for.");

  install_journalctl (fixture, "#!/bin/sh\n: >\"$0.started\"\nexec sleep 600\n");
  rb_raw_printf (client, "GET /v1/operator/runtimes/r1/log HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Page %s\r\n\r\n", fixture->ipc.port,
                 fixture->session);
  rb_test_wait_until (g_file_test (started, G_FILE_TEST_EXISTS));
  g_unlink (started);
  rb_fake_clock_advance (fixture->ipc.clock, 5000);
  response = rb_raw_read_response (client);
  assert_status (response, 503);
  assert_contains (response, "journal_unavailable");
}

static void
test_memory (Fixture      *fixture,
             gconstpointer data)
{
  g_autofree char *response = rb_page_ask (&fixture->ipc, fixture->session, "GET", "/v1/operator/runtimes", NULL, NULL);
  const char *at = response != NULL ? strstr (response, "\"memory_bytes\":") : NULL;

  g_test_summary ("Of one that runs it is told how much memory it takes.");

  assert_status (response, 200);
  g_assert_nonnull (at);
  g_assert_cmpuint (g_ascii_strtoull (at + strlen ("\"memory_bytes\":"), NULL, 10), >, 1024 * 1024);
}

static void
test_adapters (Fixture      *fixture,
               gconstpointer data)
{
  g_autofree char *response = rb_ipc_fixture_ask (&fixture->ipc, "GET", "/v1/operator/runtimes/r1/log", NULL, NULL);

  g_test_summary ("An adapter is not shown what runtimes write.");

  write_log (fixture, "secret", -1);
  assert_status (response, 404);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, test) g_test_add ("/ipc/runtime-log/" path, Fixture, NULL, set_up, test, tear_down)
  ADD ("file", test_file);
  ADD ("long", test_long);
  ADD ("not-a-file", test_not_a_file);
  ADD ("journal", test_journal);
  ADD ("journal-late", test_journal_late);
  ADD ("memory", test_memory);
  ADD ("adapters", test_adapters);
  return g_test_run ();
}
