/* test-instance.c: one broker an account: lock, healthy owner, token, service manager
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-discovery.h"
#include "rb-error.h"
#include "rb-instance.h"
#include "rb-lock.h"
#include "rb-notify.h"
#include "rb-test.h"
#include "rb-watchdog.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Source: protocol.md 3.6, IMP-7. */
static void
test_lock_excludes (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "broker.lock", NULL);
  g_autofree char *own_pid = g_strdup_printf ("(pid %d)", (int) getpid ());
  g_autoptr(RbLock) first = rb_lock_take (path, NULL);
  g_autoptr(RbLock) second = NULL;
  g_autoptr(GError) error = NULL;
  GStatBuf info;

  g_test_summary ("While one holds the lock a second is refused, with the holder's pid; afterwards it is free.");

  g_assert_nonnull (first);
  g_assert_null (rb_lock_take (path, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_BAD_STATE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "already_running");
  g_assert_nonnull (strstr (error->message, own_pid));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);

  g_clear_pointer (&first, rb_lock_release);
  second = rb_lock_take (path, NULL);
  g_assert_nonnull (second);
}

static void
test_lock_refused (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *link = g_build_filename (dir, "link", NULL);
  g_autofree char *missing = g_build_filename (dir, "no", "such", "dir", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A link is not followed, and a lock that cannot be opened is an error, not somebody else's.");

  g_assert_cmpint (symlink ("/dev/null", link), ==, 0);
  g_assert_null (rb_lock_take (link, &error));
  g_assert_false (g_error_matches (error, RB_ERROR, RB_ERROR_BAD_STATE));
  g_clear_error (&error);
  g_assert_null (rb_lock_take (missing, &error));
  g_assert_false (g_error_matches (error, RB_ERROR, RB_ERROR_BAD_STATE));
}

/* Source: protocol.md 3.6, bearer token. */
static void
test_token (void)
{
  g_autofree char *one = rb_instance_mint_token ();
  g_autofree char *two = rb_instance_mint_token ();

  g_test_summary ("A token is 43 characters of base64url, and new each time.");

  g_assert_cmpuint (strlen (one), ==, 43);
  g_assert_cmpuint (strspn (one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), ==, 43);
  g_assert_cmpstr (one, !=, two);
}

/* A server of one connection in a thread of its own, because the check blocks. */
typedef struct {
  GSocket    *listener;
  const char *answer;    /* NULL: never answers */
  char       *request;
  GThread    *thread;
  char       *url;
} Server;

static gpointer
serve (gpointer data)
{
  Server *server = data;
  g_autoptr(GSocket) socket = g_socket_accept (server->listener, NULL, NULL);
  char request[2048] = "";

  if (socket == NULL)
    return NULL;
  g_socket_receive (socket, request, sizeof request - 1, NULL, NULL);
  server->request = g_strdup (request);
  if (server->answer != NULL)
    g_socket_send (socket, server->answer, strlen (server->answer), NULL, NULL);
  else
    g_socket_receive (socket, request, sizeof request, NULL, NULL);   /* until the other side gives up */
  return NULL;
}

static void
server_start (Server     *server,
              const char *answer)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;

  server->answer = answer;
  server->listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_bind (server->listener, address, TRUE, NULL));
  g_assert_true (g_socket_listen (server->listener, NULL));
  bound = g_socket_get_local_address (server->listener, NULL);
  server->url = g_strdup_printf ("http://127.0.0.1:%u", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  server->thread = g_thread_new ("server", serve, server);
}

static void
server_stop (Server *server)
{
  if (server->thread != NULL)
    g_thread_join (server->thread);
  g_clear_object (&server->listener);
  g_clear_pointer (&server->request, g_free);
  g_clear_pointer (&server->url, g_free);
}

static char *
write_discovery (const char *dir,
                 gint64      pid,
                 const char *url,
                 const char *token)
{
  char *path = g_build_filename (dir, "discovery.json", NULL);
  RbDiscovery discovery = {
    .pid = pid, .started_at = (char *) "2026-01-01T00:00:00.000Z", .ipc_url = (char *) url, .bearer_token = (char *) token
  };

  g_assert_true (rb_discovery_write (&discovery, path, NULL));
  return path;
}

/* Source: protocol.md 3.6, healthy owner check. */
static void
test_owner_answers (void)
{
  static const struct {
    const char *answer;
    gboolean    healthy;
  } cases[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", TRUE },
    { "HTTP/1.0 204 No Content\r\n\r\n", TRUE },
    { "HTTP/1.1 401 Unauthorized\r\n\r\n", FALSE },
    { "HTTP/1.1 500 Oh\r\n\r\n", FALSE },
    { "SSH-2.0-OpenSSH_9.2 2\r\n", FALSE },
    { "HTTP/1.1 2", FALSE },
    { "", FALSE },
  };
  g_autofree char *dir = rb_test_make_dir ();

  g_test_summary ("Any 2xx to a request with the token means a healthy owner, anything else none.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Server server = { NULL };
      g_autofree char *path = NULL;
      g_autofree char *owner = NULL;

      server_start (&server, cases[i].answer);
      path = write_discovery (dir, 1, server.url, "token-1");
      owner = rb_instance_find_owner (path, NULL, 5000);
      g_thread_join (g_steal_pointer (&server.thread));
      g_assert_cmpstr (owner, ==, cases[i].healthy ? server.url : NULL);
      g_assert_true (g_str_has_prefix (server.request, "GET /health HTTP/1.1\r\n"));
      g_assert_nonnull (strstr (server.request, "\r\nAuthorization: Bearer token-1\r\n"));
      server_stop (&server);
    }
}

static void
test_owner_silent (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = NULL;
  Server server = { NULL };
  gint64 begin_us = g_get_monotonic_time ();

  g_test_summary ("An owner that accepts and says nothing is given up in time.");

  server_start (&server, NULL);
  path = write_discovery (dir, 1, server.url, "t");
  g_assert_null (rb_instance_find_owner (path, NULL, 100));
  g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 5 * G_USEC_PER_SEC);
  server_stop (&server);
}

static void
test_left (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "discovery.json", NULL);
  static const struct { const char *url; guint16 port; } cases[] = {
    { "http://127.0.0.1:40123", 40123 },
    { "http://192.0.2.1:80", 0 },
    { "http://127.0.0.1:99999", 0 },
    { "nonsense", 0 },
  };

  g_test_summary ("Of a broker that was killed the port is known, and the record goes once somebody else has that port.");

  g_assert_cmpuint (rb_instance_get_left_port (path), ==, 0);
  rb_instance_forget_left (path, "http://127.0.0.1:40123");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *written = write_discovery (dir, 1, cases[i].url, "t");

      g_assert_cmpuint (rb_instance_get_left_port (written), ==, cases[i].port);
      rb_instance_forget_left (written, "http://127.0.0.1:40124");
      g_assert_true (g_file_test (written, G_FILE_TEST_EXISTS));
    }
  g_free (write_discovery (dir, 1, cases[0].url, "t"));
  rb_instance_forget_left (path, cases[0].url);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_owner_none (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "discovery.json", NULL);
  g_autofree char *own = NULL;
  static const char *const urls[] = {
    "http://127.0.0.1:1",            /* nobody listens */
    "http://192.0.2.1:80",           /* not on loopback: not asked */
    "http://example.invalid:80",
    "https://127.0.0.1:1",
    "http://127.0.0.1",
    "nonsense",
  };

  g_test_summary ("No file, a corrupt file, our own pid or address, and what is not on loopback are no owner.");

  g_assert_null (rb_instance_find_owner (path, NULL, 1000));
  g_assert_true (g_file_set_contents (path, "{\"version\":1,", -1, NULL));
  g_assert_null (rb_instance_find_owner (path, NULL, 1000));
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autofree char *written = write_discovery (dir, 1, urls[i], "t");

      g_assert_null (rb_instance_find_owner (written, NULL, 1000));
    }

  own = write_discovery (dir, (gint64) getpid (), "http://127.0.0.1:1", "t");
  g_assert_null (rb_instance_find_owner (own, NULL, 1000));
}

static void
test_owner_own_address (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = NULL;
  Server server = { NULL };

  g_test_summary ("A stale file with the address that we got now is not asked.");

  server_start (&server, "HTTP/1.1 200 OK\r\n\r\n");
  path = write_discovery (dir, 1, server.url, "t");
  g_assert_null (rb_instance_find_owner (path, server.url, 1000));
  g_assert_nonnull (path);
  {
    g_autofree char *owner = rb_instance_find_owner (path, NULL, 5000);

    g_assert_cmpstr (owner, ==, server.url);
  }
  server_stop (&server);
}

static void
test_notify (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "notify", NULL);
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, 0, NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  char text[64] = "";

  g_test_summary ("The service manager hears what is said, and nothing happens without one.");

  g_unsetenv ("NOTIFY_SOCKET");
  rb_notify_send ("READY=1");
  g_assert_true (g_socket_bind (socket, address, TRUE, NULL));
  g_setenv ("NOTIFY_SOCKET", path, TRUE);
  rb_notify_send ("READY=1");
  g_unsetenv ("NOTIFY_SOCKET");
  g_assert_cmpint (g_socket_receive (socket, text, sizeof text - 1, NULL, NULL), ==, 7);
  g_assert_cmpstr (text, ==, "READY=1");
}

static void
test_notify_watchdog (void)
{
  g_test_summary ("The watchdog is ours only when it names our pid or none.");

  g_unsetenv ("WATCHDOG_USEC");
  g_assert_cmpint (rb_notify_get_watchdog_ms (), ==, 0);
  g_setenv ("WATCHDOG_USEC", "10000000", TRUE);
  g_assert_cmpint (rb_notify_get_watchdog_ms (), ==, 5000);
  g_setenv ("WATCHDOG_PID", "1", TRUE);
  g_assert_cmpint (rb_notify_get_watchdog_ms (), ==, 0);
  g_unsetenv ("WATCHDOG_PID");
  g_setenv ("WATCHDOG_USEC", "-5", TRUE);
  g_assert_cmpint (rb_notify_get_watchdog_ms (), ==, 0);
  g_unsetenv ("WATCHDOG_USEC");
}

static void
on_last (gpointer user_data)
{
  _exit (7);
}

static void
test_watchdog (void)
{
  int status;
  pid_t pid;

  g_test_summary ("A stop that hangs ends with code 0; one that is cancelled does not.");

  pid = fork ();
  if (pid == 0)
    {
      rb_watchdog_cancel (rb_watchdog_start (600000, on_last, NULL));
      rb_watchdog_start (10, NULL, NULL);
      while (TRUE)
        pause ();
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static void
test_watchdog_last (void)
{
  int status;
  pid_t pid;

  g_test_summary ("What is to be done in the last moment is done.");

  pid = fork ();
  if (pid == 0)
    {
      rb_watchdog_start (10, on_last, NULL);
      while (TRUE)
        pause ();
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (WEXITSTATUS (status), ==, 7);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/lock/excludes", test_lock_excludes);
  g_test_add_func ("/lock/refused", test_lock_refused);
  g_test_add_func ("/instance/token", test_token);
  g_test_add_func ("/instance/owner/answers", test_owner_answers);
  g_test_add_func ("/instance/owner/silent", test_owner_silent);
  g_test_add_func ("/instance/owner/none", test_owner_none);
  g_test_add_func ("/instance/left", test_left);
  g_test_add_func ("/instance/owner/own-address", test_owner_own_address);
  g_test_add_func ("/notify/sends", test_notify);
  g_test_add_func ("/notify/watchdog", test_notify_watchdog);
  g_test_add_func ("/watchdog/fires", test_watchdog);
  g_test_add_func ("/watchdog/last", test_watchdog_last);
  return g_test_run ();
}
