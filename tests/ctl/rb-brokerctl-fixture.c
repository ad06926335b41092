/* rb-brokerctl-fixture.c: brokerctl as a process, beside a broker that answers as it is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"

#include <string.h>
#include <unistd.h>

void
rb_brokerctl_set_up (RbBrokerctlFixture *fixture,
                     gconstpointer       data)
{
  fixture->data_dir = rb_test_make_dir ();
}

void
rb_brokerctl_set_up_broker (RbBrokerctlFixture *fixture,
                            gconstpointer       data)
{
  rb_brokerctl_set_up (fixture, data);
  fixture->broker = rb_fake_broker_new (fixture->data_dir);
}

void
rb_brokerctl_tear_down (RbBrokerctlFixture *fixture,
                        gconstpointer       data)
{
  rb_test_settle ();
  g_clear_pointer (&fixture->broker, rb_fake_broker_free);
  g_free (fixture->data_dir);
  g_free (fixture->out);
  g_free (fixture->err);
}

GSubprocess *
rb_brokerctl_spawn (RbBrokerctlFixture *fixture,
                    const char *const  *argv)
{
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GError) error = NULL;
  GSubprocess *process;

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE
                                        | (fixture->out_file == NULL && fixture->out_fd == 0 ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : G_SUBPROCESS_FLAGS_NONE));
  if (fixture->out_file != NULL)
    g_subprocess_launcher_set_stdout_file_path (launcher, fixture->out_file);
  if (fixture->out_fd != 0)
    g_subprocess_launcher_take_stdout_fd (launcher, dup (fixture->out_fd));
  g_subprocess_launcher_setenv (launcher, "MASONS_BROKER_USER_DATA", fixture->data_dir, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "MASONS_BROKER_ACCOUNT_ID");
  g_subprocess_launcher_unsetenv (launcher, "MASONS_BROKER_RUNTIME_TOKEN");
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_subprocess_launcher_setenv (launcher, "TZ", "UTC", TRUE);
  if (fixture->columns != NULL)
    g_subprocess_launcher_setenv (launcher, "COLUMNS", fixture->columns, TRUE);
  else
    g_subprocess_launcher_unsetenv (launcher, "COLUMNS");
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  return process;
}

GSubprocess *
rb_brokerctl_start (RbBrokerctlFixture *fixture,
                    const char         *arguments)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  g_autofree char *line = g_strdup_printf ("'%s' %s", program, arguments);
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_assert_no_error (error);
  return rb_brokerctl_spawn (fixture, (const char *const *) argv);
}

void
rb_brokerctl_finish (RbBrokerctlFixture *fixture,
                     GSubprocess        *process,
                     const char         *input)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_clear_pointer (&fixture->out, g_free);
  g_clear_pointer (&fixture->err, g_free);
  g_subprocess_communicate_utf8_async (process, input, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (g_subprocess_communicate_utf8_finish (process, result, &fixture->out, &fixture->err, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  fixture->status = g_subprocess_get_exit_status (process);
}

int
rb_brokerctl_run (RbBrokerctlFixture *fixture,
                  const char         *arguments)
{
  g_autoptr(GSubprocess) process = rb_brokerctl_start (fixture, arguments);

  rb_brokerctl_finish (fixture, process, "");
  return fixture->status;
}

/* Whoever runs this need not be root. In there no leak can be looked for: that takes a tracer. */
gboolean
rb_brokerctl_run_mounted (RbBrokerctlFixture *fixture,
                          const char         *mount,
                          const char         *arguments)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  g_autofree char *script = g_strdup_printf ("set -e; %s; export ASAN_OPTIONS=detect_leaks=0; echo mounted; exec '%s' %s", mount, program, arguments);
  const char *const argv[] = { "unshare", "--map-root-user", "--mount", "sh", "-c", script, NULL };
  g_autofree char *unshare = g_find_program_in_path (argv[0]);
  g_autoptr(GSubprocess) process = unshare != NULL ? rb_brokerctl_spawn (fixture, argv) : NULL;

  if (process != NULL)
    rb_brokerctl_finish (fixture, process, "");
  if (process == NULL || !g_str_has_prefix (fixture->out, "mounted\n"))
    {
      g_test_skip ("nothing can be mounted here");
      return FALSE;
    }
  memmove (fixture->out, fixture->out + strlen ("mounted\n"), strlen (fixture->out) - strlen ("mounted\n") + 1);
  return TRUE;
}
