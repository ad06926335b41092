/* rb-program.c: asks the daemon's program something that needs no running broker
 *
 * What reads settings, credentials and the keyring is in one place, and brokerctl does not link it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program.h"

#include "rb-client-start.h"
#include "rb-error.h"

#include <fcntl.h>
#include <unistd.h>

static GSubprocessLauncher *
make_launcher (RbCtl              *ctl,
               const RbProgramRun *run)
{
  GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE;
  GSubprocessLauncher *launcher;

  if (run->input != NULL)
    flags |= G_SUBPROCESS_FLAGS_STDIN_PIPE;
  else if (run->reads)
    flags |= G_SUBPROCESS_FLAGS_STDIN_INHERIT;
  launcher = g_subprocess_launcher_new (flags);
  if (run->input_fd > 0)
    g_subprocess_launcher_take_stdin_fd (launcher, fcntl (run->input_fd, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_setenv (launcher, "MASONS_BROKER_ACCOUNT_ID", ctl->options->account_id, TRUE);
  /* What it says is passed on, and a script reads the same everywhere. */
  if (ctl->json)
    g_subprocess_launcher_setenv (launcher, "LANGUAGE", "en", TRUE);
  if (ctl->options->data_dir != NULL)
    g_subprocess_launcher_setenv (launcher, "MASONS_BROKER_USER_DATA", ctl->options->data_dir, TRUE);
  return launcher;
}

static GSubprocess *
start (RbCtl               *ctl,
       const RbProgramRun  *run,
       GError             **error)
{
  g_autoptr(GSubprocessLauncher) launcher = make_launcher (ctl, run);
  g_autofree char *program = rb_client_start_dup_program (ctl->options);
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();

  if (program == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "no_program", "'runtime-brokerd' was not found");
      return NULL;
    }
  g_ptr_array_add (argv, program);
  for (gsize i = 0; run->arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (char *) run->arguments[i]);
  g_ptr_array_add (argv, NULL);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
}

static gboolean
on_late (gpointer user_data)
{
  g_subprocess_force_exit (user_data);
  return G_SOURCE_REMOVE;
}

static void
take (char      **place,
      GBytes     *bytes)
{
  if (place == NULL)
    return;
  *place = bytes != NULL && g_bytes_get_size (bytes) > 0
             ? g_utf8_make_valid (g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes))
             : g_strdup ("");
}

/* FALSE when it was ended by us. */
static gboolean
communicate (GSubprocess         *process,
             const RbProgramRun  *run,
             GBytes             **output,
             GBytes             **errors,
             GError             **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GSource) timer = g_timeout_source_new ((guint) run->timeout_ms);
  gboolean is_late;

  g_source_set_callback (timer, on_late, process, NULL);
  g_source_attach (timer, NULL);
  g_subprocess_communicate_async (process, run->input, NULL, rb_ctl_store_result, &result);
  rb_ctl_wait (&result);
  is_late = g_source_is_destroyed (timer);
  g_source_destroy (timer);
  /* One that ends before it has read everything is no failure of ours: it says itself what was wrong. */
  g_subprocess_communicate_finish (process, result, output, errors, NULL);
  if (is_late)
    rb_set_error (error, RB_ERROR_TIMED_OUT, "program_timeout", "'runtime-brokerd' did not end in time");
  return !is_late;
}

int
rb_program_run (RbCtl               *ctl,
                const RbProgramRun  *run,
                char               **output,
                char               **errors,
                GError             **error)
{
  g_autoptr(GSubprocess) process = start (ctl, run, error);
  g_autoptr(GBytes) out = NULL;
  g_autoptr(GBytes) err = NULL;

  if (process == NULL || !communicate (process, run, &out, &err, error))
    return -1;
  g_subprocess_wait (process, NULL, NULL);
  if (!g_subprocess_get_if_exited (process))
    {
      rb_set_error (error, RB_ERROR_INTERNAL, "program_failed", "'runtime-brokerd' did not end by itself");
      return -1;
    }
  take (output, out);
  take (errors, err);
  return g_subprocess_get_exit_status (process);
}
