/* rb-spawn-driver.c: starts a runtime of one kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn-driver.h"

#include "rb-error.h"

static guint exited_signal;

RbRuntime *
rb_runtime_copy (const RbRuntime *self)
{
  RbRuntime *copy = g_new (RbRuntime, 1);

  copy->pid = self->pid;
  copy->unit = g_strdup (self->unit);
  copy->log_file = g_strdup (self->log_file);
  copy->directory = g_strdup (self->directory);
  return copy;
}

void
rb_runtime_free (RbRuntime *self)
{
  g_free (self->unit);
  g_free (self->log_file);
  g_free (self->directory);
  g_free (self);
}

G_DEFINE_INTERFACE (RbSpawnDriver, rb_spawn_driver, RB_TYPE_MODULE)

static gboolean
default_handles (RbSpawnDriver *self,
                 const char    *kind)
{
  return FALSE;
}

static gboolean
default_is_available (RbSpawnDriver  *self,
                      const char     *kind,
                      GError        **error)
{
  return TRUE;
}

static void
default_spawn_async (RbSpawnDriver        *self,
                     const RbSpawnRequest *request,
                     GCancellable         *cancellable,
                     GAsyncReadyCallback   callback,
                     gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, default_spawn_async);
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_SUPPORTED, NULL, "This driver does not start '%s'", request->kind));
}

static GPid
default_spawn_finish (RbSpawnDriver  *self,
                      GAsyncResult   *result,
                      GError        **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

static RbRuntime *
default_dup_runtime (RbSpawnDriver *self,
                     const char    *token)
{
  return NULL;
}

static gboolean
default_adopt (RbSpawnDriver   *self,
               const char      *token,
               const RbRuntime *runtime)
{
  return FALSE;
}

static void
default_end (RbSpawnDriver *self,
             const char    *token,
             gboolean       force)
{
}

static void
rb_spawn_driver_default_init (RbSpawnDriverInterface *iface)
{
  iface->handles = default_handles;
  iface->is_available = default_is_available;
  iface->spawn_async = default_spawn_async;
  iface->spawn_finish = default_spawn_finish;
  iface->dup_runtime = default_dup_runtime;
  iface->adopt = default_adopt;
  iface->end = default_end;

  /**
   * RbSpawnDriver::exited:
   * @self: the driver
   * @token: the token it was started with
   * @wait_status: as from waitpid()
   * @output: the end of what it wrote
   */
  exited_signal = g_signal_new ("exited", RB_TYPE_SPAWN_DRIVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_INT,
                                G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

gboolean
rb_spawn_driver_handles (RbSpawnDriver *self,
                         const char    *kind)
{
  g_return_val_if_fail (RB_IS_SPAWN_DRIVER (self), FALSE);
  return RB_SPAWN_DRIVER_GET_IFACE (self)->handles (self, kind);
}

gboolean
rb_spawn_driver_is_available (RbSpawnDriver  *self,
                              const char     *kind,
                              GError        **error)
{
  g_return_val_if_fail (RB_IS_SPAWN_DRIVER (self), FALSE);
  return RB_SPAWN_DRIVER_GET_IFACE (self)->is_available (self, kind, error);
}

/**
 * rb_spawn_driver_spawn_async:
 * @self: a driver
 * @request: what is asked for; copied where it is needed later
 * @cancellable: (nullable): a cancellable
 * @callback: called when the program runs
 * @user_data: for @callback
 */
void
rb_spawn_driver_spawn_async (RbSpawnDriver        *self,
                             const RbSpawnRequest *request,
                             GCancellable         *cancellable,
                             GAsyncReadyCallback   callback,
                             gpointer              user_data)
{
  g_return_if_fail (RB_IS_SPAWN_DRIVER (self));
  g_return_if_fail (request != NULL && request->kind != NULL && request->token != NULL);
  RB_SPAWN_DRIVER_GET_IFACE (self)->spawn_async (self, request, cancellable, callback, user_data);
}

GPid
rb_spawn_driver_spawn_finish (RbSpawnDriver  *self,
                              GAsyncResult   *result,
                              GError        **error)
{
  g_return_val_if_fail (RB_IS_SPAWN_DRIVER (self), 0);
  return RB_SPAWN_DRIVER_GET_IFACE (self)->spawn_finish (self, result, error);
}

RbRuntime *
rb_spawn_driver_dup_runtime (RbSpawnDriver *self,
                             const char    *token)
{
  g_return_val_if_fail (RB_IS_SPAWN_DRIVER (self), NULL);
  return RB_SPAWN_DRIVER_GET_IFACE (self)->dup_runtime (self, token);
}

gboolean
rb_spawn_driver_adopt (RbSpawnDriver   *self,
                       const char      *token,
                       const RbRuntime *runtime)
{
  g_return_val_if_fail (RB_IS_SPAWN_DRIVER (self), FALSE);
  return RB_SPAWN_DRIVER_GET_IFACE (self)->adopt (self, token, runtime);
}

void
rb_spawn_driver_end (RbSpawnDriver *self,
                     const char    *token,
                     gboolean       force)
{
  g_return_if_fail (RB_IS_SPAWN_DRIVER (self));
  RB_SPAWN_DRIVER_GET_IFACE (self)->end (self, token, force);
}

void
rb_spawn_driver_emit_exited (RbSpawnDriver *self,
                             const char    *token,
                             int            wait_status,
                             const char    *output)
{
  g_return_if_fail (RB_IS_SPAWN_DRIVER (self));
  g_signal_emit (self, exited_signal, 0, token, wait_status, output);
}
