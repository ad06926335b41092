/* spawn-driver-paper.c: starts a program, and one rule that it breaks: BREAKS says which when it is built
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <signal.h>
#include <unistd.h>

enum {
  NOTHING, HANDLES_ALL, UNKNOWN_STARTS, NO_TOKEN, TELLS_THE_SECRET, SHELL, OPTION, NEVER_TELLS, TELLS_TWICE, WRONG_STATUS, ENDS_ALL, GENTLE,
  LEAVES_CHILDREN, DIES_WITH_US, STARTS_CANCELLED, NO_REASON,
};

G_DECLARE_FINAL_TYPE (PaperDriver, paper_driver, TEST, PAPER_DRIVER, GObject)

struct _PaperDriver {
  GObject parent_instance;

  RbModuleContext *context;
  char            *program;
  char            *token;     /* of the one that runs */
  GPid             pid;
  GSource         *watch;
};

static void module_iface_init (RbModuleInterface *iface);
static void driver_iface_init (RbSpawnDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PaperDriver, paper_driver, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, driver_iface_init))

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  PaperDriver *self = TEST_PAPER_DRIVER (module);

  self->context = g_object_ref (context);
  self->program = g_strdup (rb_module_context_get_string (context, "program"));
  return TRUE;
}

static void
forget (PaperDriver *self)
{
  if (self->watch != NULL)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->watch, g_source_unref);
  self->pid = 0;
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  PaperDriver *self = TEST_PAPER_DRIVER (module);
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  if (BREAKS == DIES_WITH_US && self->pid > 0)
    kill (-self->pid, SIGKILL);
  forget (self);
  g_task_return_boolean (task, TRUE);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
  iface->stop_async = stop_async;
}

static gboolean
handles (RbSpawnDriver *driver,
         const char    *kind)
{
  return g_str_equal (kind, "paper") || BREAKS == HANDLES_ALL;
}

static gboolean
is_available (RbSpawnDriver  *driver,
              const char     *kind,
              GError        **error)
{
  if (g_str_equal (kind, "paper"))
    return TRUE;
  if (BREAKS != NO_REASON)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "Paper does not know '%s'", kind);
  return FALSE;
}

static void
on_ended (GPid     pid,
         int      status,
         gpointer user_data)
{
  PaperDriver *self = user_data;

  forget (self);
  if (BREAKS == NEVER_TELLS)
    return;
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (self), self->token, BREAKS == WRONG_STATUS ? 0 : status, "");
  if (BREAKS == TELLS_TWICE)
    rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (self), self->token, status, "");
}

static void
set_group (gpointer user_data)
{
  setpgid (0, 0);
}

static GStrv
make_environment (PaperDriver *self,
                  const char  *token)
{
  GStrv environment = g_get_environ ();

  if (BREAKS != NO_TOKEN)
    environment = g_environ_setenv (environment, "MASONS_SPAWN_TOKEN", token, TRUE);
  if (BREAKS == TELLS_THE_SECRET)
    environment = g_environ_setenv (environment, "SECRET", rb_module_context_get_environment (self->context)->runtime_token, TRUE);
  return environment;
}

static void
spawn_async (RbSpawnDriver        *driver,
             const RbSpawnRequest *request,
             GCancellable         *cancellable,
             GAsyncReadyCallback   callback,
             gpointer              user_data)
{
  PaperDriver *self = TEST_PAPER_DRIVER (driver);
  g_autoptr(GTask) task = g_task_new (driver, cancellable, callback, user_data);
  g_autofree char *command = g_strdup_printf ("exec %s %s", self->program, request->prompt);
  char *by_shell[] = { (char *) "/bin/sh", (char *) "-c", command, NULL };
  char *plain[] = { self->program, (char *) "--", (char *) request->prompt, NULL };
  char *bare[] = { self->program, (char *) request->prompt, NULL };
  g_auto(GStrv) environment = make_environment (self, request->token);
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  if (BREAKS != STARTS_CANCELLED && g_task_return_error_if_cancelled (task))
    return;
  if (!g_str_equal (request->kind, "paper") && BREAKS != UNKNOWN_STARTS)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, NULL, "Paper does not know that kind"));
      return;
    }
  if (!g_spawn_async (NULL, BREAKS == SHELL ? by_shell : BREAKS == OPTION ? bare : plain, environment, G_SPAWN_DO_NOT_REAP_CHILD, set_group, NULL,
                      &self->pid, &error))
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s", error->message));
      g_error_free (error);
      return;
    }
  g_free (self->token);
  self->token = g_strdup (request->token);
  self->watch = g_child_watch_source_new (self->pid);
  g_source_set_callback (self->watch, G_SOURCE_FUNC (on_ended), self, NULL);
  g_source_attach (self->watch, NULL);
  if (BREAKS == STARTS_CANCELLED && g_task_return_error_if_cancelled (task))
    return;
  g_task_return_int (task, self->pid);
}

static GPid
spawn_finish (RbSpawnDriver  *driver,
              GAsyncResult   *result,
              GError        **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

static RbRuntime *
dup_runtime (RbSpawnDriver *driver,
             const char    *token)
{
  PaperDriver *self = TEST_PAPER_DRIVER (driver);
  RbRuntime runtime = { .pid = self->pid };

  return self->pid > 0 && g_strcmp0 (self->token, token) == 0 ? rb_runtime_copy (&runtime) : NULL;
}

static void
end (RbSpawnDriver *driver,
     const char    *token,
     gboolean       force)
{
  PaperDriver *self = TEST_PAPER_DRIVER (driver);

  if (self->pid == 0 || (BREAKS != ENDS_ALL && g_strcmp0 (self->token, token) != 0))
    return;
  kill (BREAKS == LEAVES_CHILDREN ? self->pid : -self->pid, force && BREAKS != GENTLE ? SIGKILL : SIGTERM);
}

static void
driver_iface_init (RbSpawnDriverInterface *iface)
{
  iface->handles = handles;
  iface->is_available = is_available;
  iface->spawn_async = spawn_async;
  iface->spawn_finish = spawn_finish;
  iface->dup_runtime = dup_runtime;
  iface->end = end;
}

static void
paper_driver_finalize (GObject *object)
{
  PaperDriver *self = TEST_PAPER_DRIVER (object);

  forget (self);
  g_free (self->program);
  g_free (self->token);
  g_clear_object (&self->context);
  G_OBJECT_CLASS (paper_driver_parent_class)->finalize (object);
}

static void
paper_driver_class_init (PaperDriverClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = paper_driver_finalize;
}

static void
paper_driver_init (PaperDriver *self)
{
}

static const RbModuleSetting settings[] = {
  { "program", RB_SETTING_STRING, NULL, "What is started" },
  { NULL },
};

RB_MODULE_DEFINE (NAME, RB_MODULE_SPAWN_DRIVER, "1.0", "Starts a program", settings, paper_driver_get_type)
