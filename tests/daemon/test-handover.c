/* test-handover.c: what one broker leaves to the next in its process, and how that is started
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-handover.h"
#include "rb-launch.h"
#include "rb-lock.h"
#include "rb-test.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VARIABLE "RUNTIME_BROKER_HANDOVER"

static int
listen_somewhere (void)
{
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_assert_true (g_socket_bind (socket, address, FALSE, NULL));
  g_assert_true (g_socket_listen (socket, NULL));
  return fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 3);
}

static RbHandover *
make_handover (void)
{
  RbHandover *self = g_new0 (RbHandover, 1);

  self->tcp_fd = listen_somewhere ();
  self->lock_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  self->bearer_token = g_strdup ("secret");
  self->state_dir = g_strdup ("/state dir");
  self->discovery_file = g_strdup ("/state dir/discovery.json");
  return self;
}

static void
publish (const char *variable)
{
  g_auto(GStrv) parts = g_strsplit (variable, "=", 2);

  g_setenv (parts[0], parts[1], TRUE);
}

static void
test_passes (void)
{
  g_autoptr(RbHandover) left = make_handover ();
  g_autoptr(RbHandover) got = NULL;
  g_autofree char *variable = NULL;
  g_autoptr(GError) error = NULL;
  int fd;

  g_test_summary ("What is left is received, once, and the token stands in no environment.");

  g_assert_true (rb_handover_reserve (&fd, &error));
  variable = rb_handover_pack (left, fd, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (variable, VARIABLE "="));
  g_assert_null (strstr (variable, "secret"));
  publish (variable);
  got = rb_handover_receive ();
  g_assert_nonnull (got);
  g_assert_cmpint (got->tcp_fd, ==, left->tcp_fd);
  g_assert_cmpint (got->socket_fd, ==, 0);
  g_assert_cmpint (got->lock_fd, ==, left->lock_fd);
  g_assert_cmpstr (got->bearer_token, ==, "secret");
  g_assert_null (got->socket_path);
  g_assert_cmpstr (got->state_dir, ==, "/state dir");
  g_assert_cmpint (fcntl (got->tcp_fd, F_GETFD), ==, FD_CLOEXEC);
  g_assert_null (g_getenv (VARIABLE));
  g_assert_null (rb_handover_receive ());

  /* They are the same here, where both sides are one process. */
  left->tcp_fd = left->lock_fd = 0;
}

static void
test_refused (void)
{
  static const char *const values[] = { "", "0", "1", "2", "-1", "99999", "2147483648", "seven" };
  g_autofree char *number = NULL;
  g_autofree char *text = g_strdup_printf ("[handover]\npid=%d\ntoken=forged\n", (int) getpid ());
  int fd = memfd_create ("forged", MFD_CLOEXEC);

  g_test_summary ("Anything else under that name is no handover: no number, no such file, a file that is not sealed, another process's.");

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_setenv (VARIABLE, values[i], TRUE);
      g_assert_null (rb_handover_receive ());
      g_assert_null (g_getenv (VARIABLE));
    }
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
  number = g_strdup_printf ("%d", fd);
  g_setenv (VARIABLE, number, TRUE);
  g_assert_null (rb_handover_receive ());
  g_assert_cmpint (fcntl (fd, F_GETFD), >=, 0);
  close (fd);
}

static void
test_other_process (void)
{
  g_autofree char *number = NULL;
  static const char text[] = "[handover]\npid=1\ntoken=old\n";
  int fd = memfd_create ("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_test_summary ("One that a parent left to another process is not ours.");

  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL), ==, 0);
  number = g_strdup_printf ("%d", fd);
  g_setenv (VARIABLE, number, TRUE);
  g_assert_null (rb_handover_receive ());
  close (fd);
}

static void
test_no_socket (void)
{
  g_autoptr(RbHandover) left = make_handover ();
  g_autoptr(RbHandover) got = NULL;
  g_autofree char *variable = NULL;
  int fd;

  g_test_summary ("A descriptor that does not listen is not taken for one that does.");

  close (left->tcp_fd);
  left->tcp_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_true (rb_handover_reserve (&fd, NULL));
  variable = rb_handover_pack (left, fd, NULL);
  publish (variable);
  got = rb_handover_receive ();
  g_assert_cmpint (got->tcp_fd, ==, 0);
  left->tcp_fd = left->lock_fd = 0;
}

static void
test_discard (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  RbHandover *left = make_handover ();
  g_autofree char *discovery_file = g_build_filename (dir, "discovery.json", NULL);
  int fd = left->tcp_fd;

  g_test_summary ("What nobody wants is closed, and nobody finds it any more.");

  g_assert_true (g_file_set_contents (discovery_file, "{}", -1, NULL));
  g_free (left->discovery_file);
  left->discovery_file = g_strdup (discovery_file);
  rb_handover_discard (left);
  g_assert_false (g_file_test (discovery_file, G_FILE_TEST_EXISTS));
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
}

static void
test_lock (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "broker.lock", NULL);
  g_autofree char *other = g_build_filename (dir, "other.lock", NULL);
  g_autoptr(RbLock) first = rb_lock_take (path, NULL);
  g_autoptr(RbLock) next = NULL;
  g_autoptr(RbLock) elsewhere = NULL;
  g_autoptr(GError) error = NULL;
  int fd = rb_lock_hand_over (first);

  g_test_summary ("The lock is held without a gap; what is no longer the right one is let go.");

  g_clear_pointer (&first, rb_lock_release);
  g_assert_null (rb_lock_take (path, &error));
  g_assert_error (error, RB_ERROR, (int) RB_ERROR_BAD_STATE);
  next = rb_lock_adopt (path, fd, NULL);
  g_assert_nonnull (next);

  elsewhere = rb_lock_adopt (other, rb_lock_hand_over (next), NULL);
  g_assert_nonnull (elsewhere);
  g_clear_pointer (&next, rb_lock_release);
  next = rb_lock_take (path, NULL);
  g_assert_nonnull (next);
}

/* The launch takes the name only where it leads to the running program: a link to us, turned to @script later; NULL: to nothing. */
static gboolean
check (const char  *script,
       GError     **error)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *link = g_build_filename (dir, "program", NULL);
  g_autofree char *running = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { link, (char *) "--some=option", NULL };
  g_autoptr(RbLaunch) launch = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_assert_cmpint (symlink (running, link), ==, 0);
  launch = rb_launch_new (2, argv);
  g_assert_cmpint (g_unlink (link), ==, 0);
  if (script != NULL)
    {
      g_assert_true (g_file_set_contents (link, script, -1, NULL));
      g_assert_cmpint (g_chmod (link, 0755), ==, 0);
    }
  rb_launch_check_async (launch, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_launch_check_finish (result, error);
}

static void
test_check (void)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("The program is asked with --check-config and its arguments, under the name by which it was called.");

  g_assert_true (check ("#!/bin/sh\n[ \"$*\" = '--check-config --some=option' ]\n", &error));
  g_assert_no_error (error);
}

static void
test_check_fails (void)
{
  static const struct { const char *script; const char *text; } cases[] = {
    { "#!/bin/sh\necho one >&2\necho two >&2\nexit 1\n", "the program would not start, so this one goes on: one two" },
    { "#!/bin/sh\nexit 1\n", "the program would not start, so this one goes on: it did not say why" },
    { "#!/bin/sh\nkill -9 $$\n", "the program would not start, so this one goes on: it did not say why" },
    { NULL, "No such file" },
  };

  g_test_summary ("What it says against it is passed on; one that says nothing, or is not there, will not start either.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (check (cases[i].script, &error));
      g_assert_error (error, RB_ERROR, (int) RB_ERROR_BAD_STATE);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "restart_refused");
      g_assert_nonnull (strstr (error->message, cases[i].text));
    }
}

static void
test_not_prepared (void)
{
  char *argv[] = { (char *) "/bin/false", NULL };
  g_autoptr(RbLaunch) launch = rb_launch_new (1, argv);
  g_autoptr(RbHandover) left = make_handover ();
  g_autoptr(GError) error = NULL;

  g_test_summary ("What could not be prepared is not started, whatever was prepared before: with nothing it would be somebody else's broker.");

  errno = 0;
  rb_launch_exec (launch);
  g_assert_cmpint (errno, ==, ECANCELED);

  g_assert_true (rb_launch_reserve (launch, &error));
  g_assert_true (rb_launch_prepare (launch, left, &error));
  g_assert_no_error (error);
  /* Its memory is full and sealed. */
  g_assert_false (rb_launch_prepare (launch, left, &error));
  g_assert_nonnull (error);
  errno = 0;
  rb_launch_exec (launch);
  g_assert_cmpint (errno, ==, ECANCELED);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/handover/passes", test_passes);
  g_test_add_func ("/handover/refused", test_refused);
  g_test_add_func ("/handover/other-process", test_other_process);
  g_test_add_func ("/handover/no-socket", test_no_socket);
  g_test_add_func ("/handover/discard", test_discard);
  g_test_add_func ("/handover/lock", test_lock);
  g_test_add_func ("/launch/check", test_check);
  g_test_add_func ("/launch/not-prepared", test_not_prepared);
  g_test_add_func ("/launch/check-fails", test_check_fails);
  return g_test_run ();
}
