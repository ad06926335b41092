/* test-files.c: paths of an account, the discovery record, files that survive a crash
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-discovery.h"
#include "rb-error.h"
#include "rb-file.h"
#include "rb-paths.h"

#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDENTITY "3c469e9d6c5875d3"   /* of the token "token" */

static guint
mode_of (const char *path)
{
  GStatBuf info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  return info.st_mode & 07777;
}

static char *
contents_of (const char *path)
{
  g_autoptr(GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static guint
count_entries (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_paths_layout (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbPaths) paths = rb_paths_new ("agent:alice", "token", "/data", &error);

  g_test_summary ("Everything of an account lies where protocol.md 3.5 says.");

  g_assert_no_error (error);
  g_assert_cmpstr (paths->data_dir, ==, "/data");
  g_assert_cmpstr (paths->account_dir, ==, "/data/runtime-broker/agent_alice");
  g_assert_cmpstr (paths->state_dir, ==, "/data/runtime-broker/agent_alice/" IDENTITY);
  g_assert_cmpstr (paths->discovery_file, ==, "/data/runtime-broker/agent_alice/" IDENTITY "/discovery.json");
  g_assert_cmpstr (paths->log_dir, ==, "/data/runtime-broker/log");
  g_assert_cmpstr (paths->socket, ==, "/data/runtime-broker/agent_alice/" IDENTITY "/ipc.sock");
  g_assert_cmpstr (paths->local_secret_file, ==, "/data/runtime-broker/agent_alice/local-account.key");
}

/* Source: protocol.md 3.5, sanitising. */
static void
test_paths_sanitise (void)
{
  static const char *const pairs[][2] = {
    { "alice", "alice" },
    { "A-z0.9_", "A-z0.9_" },
    { "a/b\\c", "a_b_c" },
    { "../x", ".._x" },
    { "...", "..." },
    { "\xC3\xA9", "_" },
    { "\xF0\x9F\x98\x80", "__" },
    { " ", "_" },
  };

  g_test_summary ("Each UTF-16 unit outside the allowed set becomes one underscore, so a surrogate pair becomes two.");

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbPaths) paths = rb_paths_new (pairs[i][0], "token", "/d", &error);
      g_autofree char *expected = g_strconcat ("/d/runtime-broker/", pairs[i][1], NULL);

      g_assert_no_error (error);
      g_assert_cmpstr (paths->account_dir, ==, expected);
    }
}

static void
test_paths_refuses (void)
{
  static const struct {
    const char *account_id;
    const char *token;
    const char *message;   /* NULL: any */
  } cases[] = {
    { ".", "token", NULL },
    { "..", "token", NULL },
    { "", "token", "principal must be a non-empty string" },
    { NULL, "token", "principal must be a non-empty string" },
    { "alice", "", "runtimeToken must be a non-empty string" },
    { "alice", NULL, "runtimeToken must be a non-empty string" },
  };

  g_test_summary ("Empty inputs, and accounts whose directory would leave the tree (IMP-5), are refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbPaths) paths = rb_paths_new (cases[i].account_id, cases[i].token, "/d", &error);

      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_null (paths);
      if (cases[i].message != NULL)
        g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
test_paths_default_dir (void)
{
  g_autofree char *expected = g_build_filename (g_get_user_data_dir (), "masons-runtime-broker", NULL);
  g_autofree char *none = rb_paths_dup_data_dir (NULL);
  g_autofree char *empty = rb_paths_dup_data_dir ("");
  g_autofree char *given = rb_paths_dup_data_dir ("rel/x");

  g_test_summary ("Without a data directory, or with an empty one, it is the user's; one that is given is used as is.");

  g_assert_cmpstr (none, ==, expected);
  g_assert_cmpstr (empty, ==, expected);
  g_assert_cmpstr (given, ==, "rel/x");
}

static void
test_paths_socket (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbPaths) usual = NULL;
  g_autoptr(RbPaths) deep = NULL;
  g_autoptr(RbPaths) deeper = NULL;
  g_autofree char *long_dir = g_strnfill (200, 'd');
  g_autofree char *dir = g_strconcat ("/", long_dir, NULL);
  g_autofree char *other_dir = g_strconcat (dir, "e", NULL);

  g_test_summary ("A socket's path always fits its address, and different places give different sockets.");

  usual = rb_paths_new ("alice", "token", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (usual->socket), <=, 107);

  deep = rb_paths_new ("alice", "token", dir, &error);
  g_assert_no_error (error);
  deeper = rb_paths_new ("alice", "token", other_dir, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (deep->socket), <=, 107);
  g_assert_true (g_str_has_suffix (deep->socket, "/ipc.sock"));
  g_assert_cmpstr (deep->socket, !=, deeper->socket);
}

/* @why: NULL where it can be used */
static void
assert_runtime_dir (const char *why)
{
  const char *runtime_dir = g_get_user_runtime_dir ();
  g_autoptr(GError) error = NULL;
  g_autofree char *found = rb_paths_dup_runtime_dir (&error);
  g_autoptr(RbPaths) paths = rb_paths_new ("alice", "token", NULL, NULL);

  g_assert_cmpstr (found, ==, why == NULL ? runtime_dir : NULL);
  if (why != NULL)
    g_assert_nonnull (strstr (error->message, why));
  g_assert_cmpint (g_str_has_prefix (paths->socket, runtime_dir), ==, why == NULL);
}

static void
test_paths_runtime_dir (void)
{
  const char *runtime_dir = g_get_user_runtime_dir ();

  g_test_summary ("The socket is in the runtime directory only where that is ours alone, or may be made.");

  g_assert_true (g_setenv ("XDG_RUNTIME_DIR", runtime_dir, TRUE));
  assert_runtime_dir (NULL);
  g_assert_cmpint (g_mkdir_with_parents (runtime_dir, 0700), ==, 0);
  assert_runtime_dir (NULL);
  g_assert_cmpint (g_chmod (runtime_dir, 0777), ==, 0);
  assert_runtime_dir ("others may write");
  g_assert_cmpint (g_chmod (runtime_dir, 0720), ==, 0);
  assert_runtime_dir ("(mode 720)");
  g_assert_cmpint (g_rmdir (runtime_dir), ==, 0);
  g_assert_true (g_file_set_contents (runtime_dir, "", -1, NULL));
  assert_runtime_dir ("is no directory");
  g_assert_cmpint (g_unlink (runtime_dir), ==, 0);
  g_assert_cmpint (g_mkdir (runtime_dir, 0700), ==, 0);
  if (chown (runtime_dir, 12345, (gid_t) -1) == 0)
    assert_runtime_dir ("belongs to uid 12345");
  g_rmdir (runtime_dir);
  g_unsetenv ("XDG_RUNTIME_DIR");
  assert_runtime_dir ("is not set");
}

static void
test_secret_minted_once (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = NULL;
  g_autofree char *none = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("The account secret is minted when asked for, once, 43 characters, for its owner's eyes alone.");

  none = rb_paths_local_secret ("alice", dir, FALSE, &error);
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
  g_assert_null (none);
  g_clear_error (&error);

  first = rb_paths_local_secret ("alice", dir, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (first), ==, 43);
  g_assert_true (g_regex_match_simple ("^[A-Za-z0-9_-]{43}$", first, 0, 0));
  second = rb_paths_local_secret ("alice", dir, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (second, ==, first);

  path = rb_paths_dup_local_secret_file ("alice", dir, &error);
  g_assert_cmpuint (mode_of (path), ==, 0600);
}

static void
test_secret_refuses (void)
{
  static const char *const texts[] = { "", "\n", "two words", "tab\there", "\xC3\xA9" };
  g_autofree char *dir = rb_test_make_dir ();
  g_autoptr(GError) error = NULL;
  g_autofree char *path = rb_paths_dup_local_secret_file ("alice", dir, &error);
  g_autofree char *large = g_strnfill (5000, 'a');

  g_test_summary ("A damaged account secret is reported, never replaced: what it guards would be lost.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *secret = NULL;
      g_autofree char *after = NULL;

      g_assert_true (rb_file_write_atomic (path, texts[i], -1, 0600, &error));
      secret = rb_paths_local_secret ("alice", dir, TRUE, &error);
      g_assert_error (error, RB_ERROR, RB_ERROR_CORRUPT);
      g_clear_error (&error);
      g_assert_null (secret);
      after = contents_of (path);
      g_assert_cmpstr (after, ==, texts[i]);
    }

  g_assert_true (rb_file_write_atomic (path, large, -1, 0600, &error));
  g_assert_null (rb_paths_local_secret ("alice", dir, TRUE, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TOO_LARGE);
}

static void
test_secret_exposed (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autoptr(GError) error = NULL;
  g_autofree char *path = rb_paths_dup_local_secret_file ("alice", dir, &error);
  g_autofree char *secret = NULL;

  g_test_summary ("A secret that others can read is used, with a warning; white space around it does not count.");

  g_assert_true (rb_file_write_atomic (path, " my-own-secret\n", -1, 0644, &error));
  secret = rb_paths_local_secret ("alice", dir, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (secret, ==, "my-own-secret");
  g_assert_cmpuint (rb_test_count_log ("account_secret_exposed"), ==, 1);
}

static const RbDiscovery record = {
  .pid = 4711,
  .started_at = (char *) "2026-01-02T03:04:05.678Z",
  .ipc_url = (char *) "http://127.0.0.1:40123",
  .bearer_token = (char *) "a\"b",
  .socket = (char *) "/run/x/ipc.sock",
};

static void
test_discovery_round_trip (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "a", "b", "discovery.json", NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbDiscovery) read_back = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("A record is written as protocol.md 3.6 shows it, private, and read back.");

  g_assert_true (rb_discovery_write (&record, path, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (mode_of (path), ==, 0600);
  g_assert_cmpuint (mode_of (parent), ==, 0700);

  text = contents_of (path);
  g_assert_true (g_str_has_prefix (text, "{\n  \"version\": 1,\n  \"pid\": 4711,\n  \"startedAt\": \"2026-01-02T03:04:05.678Z\",\n"
                                         "  \"ipcUrl\": \"http://127.0.0.1:40123\",\n  \"bearerToken\": \"a\\\"b\""));
  g_assert_true (g_str_has_suffix (text, "\n}"));

  read_back = rb_discovery_read (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read_back->pid, ==, 4711);
  g_assert_cmpstr (read_back->started_at, ==, record.started_at);
  g_assert_cmpstr (read_back->ipc_url, ==, record.ipc_url);
  g_assert_cmpstr (read_back->bearer_token, ==, record.bearer_token);
  g_assert_cmpstr (read_back->socket, ==, record.socket);
}

#define GOOD "\"version\":1,\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"t\""

static void
test_discovery_corrupt (void)
{
  static const char *const texts[] = {
    "",
    "{",
    "null",
    "[]",
    "{}",
    "not json",
    "{" GOOD "",
    "{\"version\":2,\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"t\"}",
    "{\"version\":\"1\",\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"t\"}",
    "{\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"t\"}",
    "{\"version\":1,\"pid\":\"1\",\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"t\"}",
    "{\"version\":1,\"pid\":1.5,\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"t\"}",
    "{\"version\":1,\"pid\":1,\"startedAt\":2,\"ipcUrl\":\"u\",\"bearerToken\":\"t\"}",
    "{\"version\":1,\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":null,\"bearerToken\":\"t\"}",
    "{\"version\":1,\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":\"u\"}",
    "{\"version\":1,\"pid\":1,\"startedAt\":\"s\",\"ipcUrl\":\"u\",\"bearerToken\":\"\xff\"}",
  };
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "discovery.json", NULL);
  g_autofree char *deep = g_strnfill (100 * 1000, '[');
  g_autoptr(GError) error = NULL;

  g_test_summary ("A record that is invalid in any way counts as absent.");

  for (gsize i = 0; i <= G_N_ELEMENTS (texts); i++)
    {
      const char *text = i < G_N_ELEMENTS (texts) ? texts[i] : deep;

      g_assert_true (rb_file_write_atomic (path, text, -1, 0600, NULL));
      g_assert_null (rb_discovery_read (path, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
      g_clear_error (&error);
      g_assert_false (rb_discovery_delete_own (&record, path));
      g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
    }

  g_unlink (path);
  g_assert_null (rb_discovery_read (path, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
}

static void
test_discovery_lenient (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "discovery.json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbDiscovery) found = NULL;

  g_test_summary ("Unknown members, and our own ones with another type, are ignored.");

  g_assert_true (rb_file_write_atomic (path, "{" GOOD ",\"ipcSocket\":5,\"x\":[{}]}\n", -1, 0600, NULL));
  found = rb_discovery_read (path, &error);
  g_assert_no_error (error);
  g_assert_null (found->socket);
  g_assert_cmpstr (found->ipc_url, ==, "u");
}

static void
test_discovery_unreadable (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What cannot be read as a file is an error, and a FIFO does not block.");

  g_assert_null (rb_discovery_read (dir, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
  g_clear_error (&error);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_null (rb_discovery_read (fifo, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
}

static void
test_discovery_delete (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "discovery.json", NULL);

  g_test_summary ("Only a record with our pid, URL and token is deleted.");

  for (int i = 0; i < 4; i++)
    {
      RbDiscovery other = record;

      other.pid += i == 0;
      if (i == 1)
        other.ipc_url = (char *) "http://127.0.0.1:1";
      if (i == 2)
        other.bearer_token = (char *) "other";
      g_assert_true (rb_discovery_write (&other, path, NULL));
      g_assert_cmpint (rb_discovery_delete_own (&record, path), ==, i == 3);
      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, i != 3);
    }
}

static void
test_file_replaces (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "f", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  mode_t mask = umask (0077);

  g_test_summary ("A file is replaced as a whole, with the mode asked for whatever the umask, and nothing stays beside it.");

  g_assert_true (rb_file_write_atomic (path, "old", -1, 0600, &error));
  g_assert_true (rb_file_write_atomic (path, "new and more", 3, 0644, &error));
  umask (mask);
  g_assert_no_error (error);
  text = contents_of (path);
  g_assert_cmpstr (text, ==, "new");
  g_assert_cmpuint (mode_of (path), ==, 0644);
  g_assert_cmpuint (count_entries (dir), ==, 1);
}

static void
test_file_keeps_target (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "target", NULL);
  g_autofree char *inside = g_build_filename (path, "kept", NULL);
  g_autofree char *below_file = g_build_filename (inside, "x", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("When the rename fails the target is as it was and the temporary file is gone.");

  g_assert_true (rb_file_write_atomic (inside, "precious", -1, 0600, &error));
  g_assert_false (rb_file_write_atomic (path, "new", -1, 0600, &error));
  g_assert_cmpint (error->domain, ==, G_FILE_ERROR);
  g_clear_error (&error);
  text = contents_of (inside);
  g_assert_cmpstr (text, ==, "precious");
  g_assert_cmpuint (count_entries (dir), ==, 1);

  g_assert_false (rb_file_write_atomic (below_file, "x", -1, 0600, &error));
  g_assert_cmpint (error->domain, ==, G_FILE_ERROR);
}

static void
test_file_exclusive (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "f", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("An exclusive file is created once; the second creator hears so and changes nothing.");

  g_assert_true (rb_file_create_exclusive (path, "first", -1, 0600, &error));
  g_assert_no_error (error);
  g_assert_false (rb_file_create_exclusive (path, "second", -1, 0600, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
  text = contents_of (path);
  g_assert_cmpstr (text, ==, "first");
  g_assert_cmpuint (mode_of (path), ==, 0600);
  g_assert_cmpuint (count_entries (dir), ==, 1);
}

static char *
make_temporary (const char *dir,
                const char *name,
                gint64      pid,
                const char *end)
{
  g_autofree char *entry = g_strdup_printf ("%s.tmp.%" G_GINT64_FORMAT "%s", name, pid, end);
  char *path = g_build_filename (dir, entry, NULL);

  g_assert_true (g_file_set_contents (path, "half", -1, NULL));
  return path;
}

static void
test_file_leftovers (void)
{
  const gint64 nobody = (gint64) G_MAXINT - 1;
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *left = make_temporary (dir, "f", nobody, ".0123abcd");
  g_autofree char *left_by_our_pid = make_temporary (dir, "f", getpid (), ".0123abcd");
  g_autofree char *at_work = make_temporary (dir, "f", getppid (), ".0123abcd");
  g_autofree char *not_ours = make_temporary (dir, "f", nobody, ".0123abc");
  g_autofree char *named_so = make_temporary (dir, "f", nobody, ".0123abcd.txt");

  g_test_summary ("What a process that died left behind goes, also under our own pid; what a living one is at, and other files, stay.");

  rb_file_remove_leftovers (dir);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (left_by_our_pid, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (at_work, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (not_ours, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (named_so, G_FILE_TEST_EXISTS));
}

static void
test_file_read_limit (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "f", NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  g_test_summary ("A file is read up to the limit and not beyond.");

  g_assert_true (rb_file_write_atomic (path, "12345", -1, 0600, &error));
  text = rb_file_read (path, 5, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "12345");
  g_assert_cmpuint (length, ==, 5);
  g_assert_null (rb_file_read (path, 4, &length, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TOO_LARGE);
}

static void
test_file_directory (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "a", "b", NULL);
  g_autofree char *a = g_build_filename (dir, "a", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("Missing directories are private; existing ones keep their mode.");

  g_assert_cmpint (g_chmod (dir, 0755), ==, 0);
  g_assert_true (rb_file_make_directory (path, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (mode_of (a), ==, 0700);
  g_assert_cmpuint (mode_of (path), ==, 0700);
  g_assert_cmpuint (mode_of (dir), ==, 0755);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/paths/layout", test_paths_layout);
  g_test_add_func ("/paths/sanitise", test_paths_sanitise);
  g_test_add_func ("/paths/refuses", test_paths_refuses);
  g_test_add_func ("/paths/default-dir", test_paths_default_dir);
  g_test_add_func ("/paths/socket", test_paths_socket);
  g_test_add_func ("/paths/runtime-dir", test_paths_runtime_dir);
  g_test_add_func ("/paths/secret/minted-once", test_secret_minted_once);
  g_test_add_func ("/paths/secret/refuses", test_secret_refuses);
  g_test_add_func ("/paths/secret/exposed", test_secret_exposed);
  g_test_add_func ("/discovery/round-trip", test_discovery_round_trip);
  g_test_add_func ("/discovery/corrupt", test_discovery_corrupt);
  g_test_add_func ("/discovery/lenient", test_discovery_lenient);
  g_test_add_func ("/discovery/unreadable", test_discovery_unreadable);
  g_test_add_func ("/discovery/delete-own", test_discovery_delete);
  g_test_add_func ("/file/replaces", test_file_replaces);
  g_test_add_func ("/file/keeps-target", test_file_keeps_target);
  g_test_add_func ("/file/exclusive", test_file_exclusive);
  g_test_add_func ("/file/leftovers", test_file_leftovers);
  g_test_add_func ("/file/read-limit", test_file_read_limit);
  g_test_add_func ("/file/directory", test_file_directory);
  return g_test_run ();
}
