/* rb-private-broker.c: a broker of our own in a directory of its own, to be killed and started again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-private-broker.h"

#include "rb-client-start.h"
#include "rb-error.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>

struct _RbPrivateBroker {
  char        *program;
  char        *directory;
  char        *data_dir;
  GSubprocess *process;     /* NULL: it does not run */
  gboolean     is_kept;
};

/* What a person's own broker would be told by. */
static const char *const unset[] = { "MASONS_BROKER_ACCOUNT_ID", "MASONS_BROKER_API_HOST", "MASONS_BROKER_CREDENTIALS_FILE",
                                     "MASONS_BROKER_RUNTIME_TOKEN", "OPENCLAW_HOME", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
                                     "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID" };
static const char *const directories[] = { "HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                           "XDG_RUNTIME_DIR" };

RbPrivateBroker *
rb_private_broker_new (RbCtl   *ctl,
                       GError **error)
{
  g_autofree char *program = rb_client_start_dup_program (ctl->options);
  g_autofree char *directory = NULL;
  RbPrivateBroker *self;

  if (program == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "no_program", _ ("'runtime-brokerd' was not found"));
      return NULL;
    }
  directory = g_dir_make_tmp ("runtime-broker-XXXXXX", error);
  if (directory == NULL)
    return NULL;
  self = g_new0 (RbPrivateBroker, 1);
  self->program = g_steal_pointer (&program);
  self->directory = g_steal_pointer (&directory);
  self->data_dir = g_build_filename (self->directory, "data", NULL);
  return self;
}

/* Links are removed, not followed. */
static void
remove_tree (const char *path)
{
  g_autoptr(GDir) folder = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

void
rb_private_broker_free (RbPrivateBroker *self)
{
  rb_private_broker_kill (self);
  if (!self->is_kept)
    remove_tree (self->directory);
  g_free (self->program);
  g_free (self->directory);
  g_free (self->data_dir);
  g_free (self);
}

/* In the child: whoever kills us kills it, too. */
static void
tie (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocessLauncher *
make_launcher (RbPrivateBroker *self)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);

  for (gsize i = 0; i < G_N_ELEMENTS (unset); i++)
    g_subprocess_launcher_unsetenv (launcher, unset[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    g_subprocess_launcher_setenv (launcher, directories[i], self->directory, TRUE);
  g_subprocess_launcher_setenv (launcher, "MASONS_BROKER_USER_DATA", self->data_dir, TRUE);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  g_subprocess_launcher_set_child_setup (launcher, tie, NULL, NULL);
  return launcher;
}

gboolean
rb_private_broker_start (RbPrivateBroker    *self,
                         const char *const  *assignments,
                         GError            **error)
{
  g_autoptr(GSubprocessLauncher) launcher = make_launcher (self);
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();

  g_return_val_if_fail (self->process == NULL, FALSE);
  g_ptr_array_add (argv, self->program);
  g_ptr_array_add (argv, (char *) "--profile=local");
  g_ptr_array_add (argv, (char *) "--set=broker.bus=no");
  for (gsize i = 0; assignments[i] != NULL; i++)
    {
      g_ptr_array_add (argv, (char *) "--set");
      g_ptr_array_add (argv, (char *) assignments[i]);
    }
  g_ptr_array_add (argv, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
  return self->process != NULL;
}

void
rb_private_broker_strike (RbPrivateBroker *self)
{
  if (self->process != NULL)
    g_subprocess_force_exit (self->process);
}

void
rb_private_broker_kill (RbPrivateBroker *self)
{
  rb_private_broker_strike (self);
  if (self->process != NULL)
    g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

const char *
rb_private_broker_get_data_dir (RbPrivateBroker *self)
{
  return self->data_dir;
}

const char *
rb_private_broker_keep (RbPrivateBroker *self)
{
  self->is_kept = TRUE;
  return self->directory;
}
