/* rb-guard-spawn-driver.c: guards a spawn driver
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-guard-spawn-driver.h"

struct _RbGuardSpawnDriver {
  RbGuard parent_instance;
};

static void spawn_driver_iface_init (RbSpawnDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbGuardSpawnDriver, rb_guard_spawn_driver, RB_TYPE_GUARD,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, spawn_driver_iface_init))

static RbSpawnDriver *
get_module (gpointer self)
{
  return RB_SPAWN_DRIVER (rb_guard_get_module (RB_GUARD (self)));
}

static gboolean
handles (RbSpawnDriver *driver,
         const char    *kind)
{
  return rb_guard_is_alive (RB_GUARD (driver)) && rb_spawn_driver_handles (get_module (driver), kind);
}

static gboolean
is_available (RbSpawnDriver  *driver,
              const char     *kind,
              GError        **error)
{
  GError *local_error = NULL;
  gboolean ok;

  if (!rb_guard_check_running (RB_GUARD (driver), error))
    return FALSE;

  ok = rb_spawn_driver_is_available (get_module (driver), kind, &local_error);
  if (rb_guard_check_outcome (RB_GUARD (driver), "is_available", ok, &local_error))
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}

static void
on_spawned (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbGuardCall) call = rb_guard_call_take (user_data, source);
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  GPid pid;

  if (call == NULL)
    return;

  pid = rb_spawn_driver_spawn_finish (get_module (rb_guard_call_get_guard (call)), result, &error);
  if (!rb_guard_call_check (call, pid > 0, error))
    return;
  task = rb_guard_call_steal_task (call);
  g_task_return_int (task, pid);
}

static void
spawn_async (RbSpawnDriver        *driver,
             const RbSpawnRequest *request,
             GCancellable         *cancellable,
             GAsyncReadyCallback   callback,
             gpointer              user_data)
{
  GTask *task = g_task_new (driver, cancellable, callback, user_data);
  g_autoptr(GCancellable) ours = NULL;
  RbGuardCall *call;

  g_task_set_source_tag (task, spawn_async);
  call = rb_guard_call_new (RB_GUARD (driver), "spawn", RB_ERROR_TIMED_OUT, task, &ours);
  if (call != NULL)
    rb_spawn_driver_spawn_async (get_module (driver), request, ours, on_spawned, rb_guard_call_get_id (call));
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
  return rb_guard_is_alive (RB_GUARD (driver)) ? rb_spawn_driver_dup_runtime (get_module (driver), token) : NULL;
}

static gboolean
adopt (RbSpawnDriver   *driver,
       const char      *token,
       const RbRuntime *runtime)
{
  return rb_guard_is_alive (RB_GUARD (driver)) && rb_spawn_driver_adopt (get_module (driver), token, runtime);
}

static void
end (RbSpawnDriver *driver,
     const char    *token,
     gboolean       force)
{
  if (rb_guard_is_alive (RB_GUARD (driver)))
    rb_spawn_driver_end (get_module (driver), token, force);
}

static void
spawn_driver_iface_init (RbSpawnDriverInterface *iface)
{
  iface->handles = handles;
  iface->is_available = is_available;
  iface->spawn_async = spawn_async;
  iface->spawn_finish = spawn_finish;
  iface->dup_runtime = dup_runtime;
  iface->adopt = adopt;
  iface->end = end;
}

static void
on_exited (RbSpawnDriver *module,
           const char    *token,
           int            wait_status,
           const char    *output,
           RbGuard       *self)
{
  if (!rb_guard_may_emit (self, "exited"))
    return;
  if (token == NULL)
    {
      rb_guard_report_breach (self, "exited", "it has no token");
      return;
    }
  rb_spawn_driver_emit_exited (RB_SPAWN_DRIVER (self), token, wait_status, output != NULL ? output : "");
}

static void
watch (RbGuard  *self,
       RbModule *module)
{
  g_signal_connect_object (module, "exited", G_CALLBACK (on_exited), self, 0);
}

static void
rb_guard_spawn_driver_class_init (RbGuardSpawnDriverClass *klass)
{
  RB_GUARD_CLASS (klass)->watch = watch;
}

static void
rb_guard_spawn_driver_init (RbGuardSpawnDriver *self)
{
}
