/* test-log.c: log lines have the right shape, stay within their files, and hold no secret
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-json.h"
#include "rb-log-file.h"
#include "rb-log-format.h"
#include "rb-log-levels.h"
#include "rb-log-prune.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The writer is called as GLib would call it: a process has one, and rb_test_init() has installed its own. */
static void
write_event (const char     *topic,
             GLogLevelFlags  level,
             const char     *event,
             const char     *note)
{
  const GLogField fields[] = {
    { "MESSAGE", event, -1 }, { "GLIB_DOMAIN", topic, -1 }, { "RB_EVENT", event, -1 }, { "RB_NOTE", note, -1 },
  };

  g_assert_cmpint (rb_log_write (level, fields, G_N_ELEMENTS (fields), NULL), ==, G_LOG_WRITER_HANDLED);
}

static char *
own_log (const char *dir)
{
  g_autofree char *name = g_strdup_printf ("broker-%d.log", (int) getpid ());

  return g_build_filename (dir, name, NULL);
}

static char *
read_log (const char *dir)
{
  g_autofree char *path = own_log (dir);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
set_levels (const char *level,
            const char *topics)
{
  g_autoptr(GError) error = NULL;
  RbLogLevels *levels = rb_log_levels_new (level, topics, &error);

  g_assert_no_error (error);
  rb_log_set_levels (levels);
}

static const GLogField sample[] = {
  { "MESSAGE", "endpoint_registered endpoint_id=ep_1", -1 },
  { "PRIORITY", "6", -1 },
  { "GLIB_DOMAIN", "rb-core", -1 },
  { "RB_EVENT", "endpoint_registered", -1 },
  { "RB_ENDPOINT_ID", "ep_1", -1 },
  { "RB_IPCURL", "http://127.0.0.1:1", -1 },
  { "RB_NOTE", "say \"hi\"\n\x1b[31m", -1 },
};

static void
test_format_json (void)
{
  g_autofree char *line = rb_log_format_json (G_LOG_LEVEL_INFO, sample, G_N_ELEMENTS (sample), 1767323045678, 4711, NULL);

  g_test_summary ("A line has the members of protocol.md 3.10, names as they were, one record a line.");

  g_assert_cmpstr (line, ==,
                   "{\"ts\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"pid\":4711,\"msg\":\"endpoint_registered\","
                   "\"topic\":\"rb-core\",\"endpoint_id\":\"ep_1\",\"ipcUrl\":\"http://127.0.0.1:1\","
                   "\"note\":\"say \\\"hi\\\"\\n\\u001b[31m\"}\n");
}

static void
test_format_names (void)
{
  static const char *const names[] = { "accountId", "apiHost", "blockedSeqs", "ipcUrl", "lastKnownSeq", "messageId", "originalTraceId",
                                       "spanName", "subjectId", "traceId", "unsequencedBlocked", "upTo", "endpoint_id" };

  g_test_summary ("Fields keep the names that the protocol gives them, although GLib's are all upper case.");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *upper = g_ascii_strup (names[i], -1);
      g_autofree char *key = g_strconcat ("RB_", upper, NULL);
      g_autofree char *member = g_strdup_printf ("\"%s\":\"x\"", names[i]);
      const GLogField fields[] = { { "MESSAGE", "e", -1 }, { "GLIB_DOMAIN", "rb-core", -1 }, { "RB_EVENT", "e", -1 }, { key, "x", -1 } };
      g_autofree char *line = rb_log_format_json (G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS (fields), 0, 1, NULL);

      g_assert_nonnull (strstr (line, member));
    }
}

static void
test_format_library (void)
{
  static const GLogField fields[] = {
    { "MESSAGE", "bad \xff bytes", -1 }, { "GLIB_DOMAIN", "GLib-GIO", -1 }, { "CODE_FILE", "x.c", -1 }
  };
  g_autofree char *line = rb_log_format_json (G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields), 0, 1, NULL);
  g_autoptr(GBytes) bytes = g_bytes_new (line, strlen (line));
  g_autoptr(RbJson) json = rb_json_parse_object (bytes, 0, NULL);
  g_autofree char *msg = NULL;
  g_autofree char *level = NULL;

  g_test_summary ("A library's own message is a record too, whatever its bytes.");

  g_assert_nonnull (json);
  msg = rb_json_dup_string (json, "msg", NULL);
  level = rb_json_dup_string (json, "level", NULL);
  g_assert_cmpstr (msg, ==, "library_message");
  g_assert_cmpstr (level, ==, "warn");
  g_assert_cmpint (rb_json_get_member_type (json, "text"), ==, RB_JSON_STRING);
}

static void
test_format_text (void)
{
  static const GLogField fields[] = { { "MESSAGE", "a\nb\x1b[0m", -1 }, { "GLIB_DOMAIN", "rb-ipc", -1 } };
  g_autofree char *line = rb_log_format_text (G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields), NULL);

  g_test_summary ("The terminal gets one line, without control characters.");

  g_assert_cmpstr (line, ==, "warn: rb-ipc: a?b?[0m\n");
}

static void
test_format_secrets (void)
{
  static const char *const secrets[] = { "token-a", "", "b-token", NULL };
  static const GLogField fields[] = {
    { "MESSAGE", "went wrong: Bearer token-a", -1 }, { "GLIB_DOMAIN", "x", -1 }, { "RB_EVENT", "e", -1 },
    { "RB_URL", "http://b-token@h/?t=token-atoken-a", -1 },
  };
  g_autofree char *json = rb_log_format_json (G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS (fields), 0, 1, secrets);
  g_autofree char *text = rb_log_format_text (G_LOG_LEVEL_INFO, fields, G_N_ELEMENTS (fields), secrets);

  g_test_summary ("A secret that found its way into a value is not written.");

  g_assert_null (strstr (json, "token-a"));
  g_assert_null (strstr (json, "b-token"));
  g_assert_null (strstr (text, "token-a"));
  g_assert_nonnull (strstr (json, "http://[secret]@h/?t=[secret][secret]"));
}

static void
test_levels (void)
{
  g_autoptr(RbLogLevels) levels = rb_log_levels_new ("message", "rb-core:debug; rb-ipc : error;", NULL);

  g_test_summary ("A topic's own level wins over the general one.");

  g_assert_nonnull (levels);
  g_assert_true (rb_log_levels_wants (levels, "rb-core", G_LOG_LEVEL_DEBUG));
  g_assert_false (rb_log_levels_wants (levels, "rb-ipc", G_LOG_LEVEL_WARNING));
  g_assert_true (rb_log_levels_wants (levels, "rb-ipc", G_LOG_LEVEL_CRITICAL));
  g_assert_false (rb_log_levels_wants (levels, "rb-store", G_LOG_LEVEL_INFO));
  g_assert_true (rb_log_levels_wants (levels, "rb-store", G_LOG_LEVEL_MESSAGE));
  g_assert_true (rb_log_levels_wants (levels, NULL, G_LOG_LEVEL_WARNING | G_LOG_FLAG_RECURSION));
}

static void
test_levels_refused (void)
{
  static const char *const cases[] = { "x", "x:", ":debug", "x:loud", "x:debug:more" };

  g_test_summary ("A level that does not exist is refused by name.");

  g_assert_null (rb_log_levels_new ("loud", NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_log_levels_new ("info", cases[i], &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, cases[i]));
    }
}

static void
test_file_written (void)
{
  g_autofree char *parent = rb_test_make_dir ();
  g_autofree char *dir = g_build_filename (parent, "log", NULL);
  g_autofree char *path = own_log (dir);
  g_autofree char *text = NULL;
  GStatBuf info;

  g_test_summary ("Lines go to broker-<pid>.log, mode 0600, in a directory of mode 0700, by level, and without secrets.");

  set_levels ("info", "rb-quiet:error");
  g_assert_true (rb_log_open (dir, 100000, 3, 10, NULL));
  rb_log_add_secret ("my-bearer");
  write_event ("rb-test", G_LOG_LEVEL_INFO, "first_event", "Bearer my-bearer");
  write_event ("rb-test", G_LOG_LEVEL_DEBUG, "unwanted_event", "");
  write_event ("rb-quiet", G_LOG_LEVEL_WARNING, "unwanted_event", "");
  rb_log_close ();

  text = read_log (dir);
  g_assert_nonnull (strstr (text, "\"msg\":\"first_event\""));
  g_assert_nonnull (strstr (text, "\"note\":\"Bearer [secret]\""));
  g_assert_null (strstr (text, "unwanted_event"));
  g_assert_null (strstr (text, "my-bearer"));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (dir, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0700);
}

static void
test_file_rotated (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = own_log (dir);
  g_autofree char *older = g_strconcat (path, ".1", NULL);
  g_autofree char *too_old = g_strconcat (path, ".2", NULL);
  GStatBuf info;

  g_test_summary ("The log stays within its size and its number of files.");

  set_levels ("info", NULL);
  g_assert_true (rb_log_open (dir, 4096, 2, 10, NULL));
  for (guint i = 0; i < 500; i++)
    write_event ("rb-test", G_LOG_LEVEL_INFO, "again_and_again", "");
  rb_log_close ();

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, <=, 4096);
  g_assert_cmpint (g_stat (older, &info), ==, 0);
  g_assert_cmpint (info.st_size, <=, 4096);
  g_assert_cmpint (g_stat (too_old, &info), !=, 0);
}

static void
test_file_refused (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = own_log (dir);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A link in the place of the log is not followed.");

  g_assert_cmpint (symlink ("/dev/null", path), ==, 0);
  g_assert_false (rb_log_open (dir, 4096, 2, 10, &error));
  g_assert_nonnull (error);
}

static void
write_old (const char *dir,
           gint64      pid,
           const char *ending)
{
  g_autofree char *name = g_strdup_printf ("broker-%" G_GINT64_FORMAT ".log%s", pid, ending);
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, "x\n", -1, NULL));
}

static guint
count_files (const char *dir)
{
  g_autoptr(GDir) open = g_dir_open (dir, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (open) != NULL)
    n++;
  return n;
}

static void
test_prune (void)
{
  g_autofree char *dir = rb_test_make_dir ();

  g_test_summary ("Of ended processes' logs the newest stay; living ones and strangers' files are left alone.");

  /* No process has a number above the kernel's limit. */
  for (gint64 pid = 5000000; pid < 5000008; pid++)
    {
      write_old (dir, pid, "");
      write_old (dir, pid, ".1");
    }
  write_old (dir, 1, "");
  write_old (dir, (gint64) getpid (), "");
  write_old (dir, 5000000, ".bak");
  rb_log_prune (dir, (gint64) getpid (), 3);
  g_assert_cmpuint (count_files (dir), ==, 3 * 2 + 3);
}

static void
test_prune_names (void)
{
  g_test_summary ("Only names of this shape are ours.");

  g_assert_cmpint (rb_log_prune_pid ("broker-12.log"), ==, 12);
  g_assert_cmpint (rb_log_prune_pid ("broker-12.log.3"), ==, 12);
  g_assert_cmpint (rb_log_prune_pid ("broker-12.log."), ==, 0);
  g_assert_cmpint (rb_log_prune_pid ("broker-12.log.x"), ==, 0);
  g_assert_cmpint (rb_log_prune_pid ("broker-12.logx"), ==, 0);
  g_assert_cmpint (rb_log_prune_pid ("broker-.log"), ==, 0);
  g_assert_cmpint (rb_log_prune_pid ("broker--1.log"), ==, 0);
  g_assert_cmpint (rb_log_prune_pid ("other-12.log"), ==, 0);
}

/* A child process, because it ends. */
static void
test_fatal (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  int status;
  pid_t pid;

  g_test_summary ("An unexpected internal failure is logged once as broker_fatal_exit, and the exit code is 1.");

  pid = fork ();
  if (pid == 0)
    {
      if (rb_log_open (dir, 100000, 2, 10, NULL))
        write_event ("rb-test", G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL, "impossible", "");
      _exit (99);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 1);

  name = g_strdup_printf ("broker-%d.log", (int) pid);
  path = g_build_filename (dir, name, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\"msg\":\"broker_fatal_exit\""));
  g_assert_nonnull (strstr (text, "impossible"));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/log/format/json", test_format_json);
  g_test_add_func ("/log/format/names", test_format_names);
  g_test_add_func ("/log/format/library", test_format_library);
  g_test_add_func ("/log/format/text", test_format_text);
  g_test_add_func ("/log/format/no-secrets", test_format_secrets);
  g_test_add_func ("/log/levels/topics", test_levels);
  g_test_add_func ("/log/levels/refused", test_levels_refused);
  g_test_add_func ("/log/file/written", test_file_written);
  g_test_add_func ("/log/file/rotated", test_file_rotated);
  g_test_add_func ("/log/file/link-refused", test_file_refused);
  g_test_add_func ("/log/prune/ended", test_prune);
  g_test_add_func ("/log/prune/names", test_prune_names);
  g_test_add_func ("/log/fatal", test_fatal);
  return g_test_run ();
}
