/* rb-fake-spawn-driver.c: a spawn driver that starts nothing and remembers what it was asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-spawn-driver.h"

#include "rb-error.h"

static void module_init (RbModuleInterface *iface);
static void spawn_driver_init (RbSpawnDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeSpawnDriver, rb_fake_spawn_driver, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, spawn_driver_init))

static void
module_init (RbModuleInterface *iface)
{
}

static gboolean
fake_handles (RbSpawnDriver *driver,
              const char    *kind)
{
  return g_str_equal (RB_FAKE_SPAWN_DRIVER (driver)->kind, kind);
}

static gboolean
fake_is_available (RbSpawnDriver  *driver,
                   const char     *kind,
                   GError        **error)
{
  const char *unavailable = RB_FAKE_SPAWN_DRIVER (driver)->unavailable;

  if (unavailable == NULL)
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "%s", unavailable);
  return FALSE;
}

static void
answer (RbFakeSpawnDriver *self,
        GTask             *task)
{
  if (self->failure != NULL)
    g_task_return_error (task, g_error_copy (self->failure));
  else
    g_task_return_int (task, 4000 + (gssize) self->started->len);
}

static void
fake_spawn_async (RbSpawnDriver        *driver,
                  const RbSpawnRequest *request,
                  GCancellable         *cancellable,
                  GAsyncReadyCallback   callback,
                  gpointer              user_data)
{
  RbFakeSpawnDriver *self = RB_FAKE_SPAWN_DRIVER (driver);
  g_autoptr(GTask) task = g_task_new (driver, cancellable, callback, user_data);

  g_ptr_array_add (self->started, g_strjoin (" ", request->kind, request->token, request->prompt, NULL));
  if (self->hold)
    g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  else
    answer (self, task);
}

static GPid
fake_spawn_finish (RbSpawnDriver  *driver,
                   GAsyncResult   *result,
                   GError        **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

static RbRuntime *
fake_dup_runtime (RbSpawnDriver *driver,
                  const char    *token)
{
  const RbRuntime *runtime = g_hash_table_lookup (RB_FAKE_SPAWN_DRIVER (driver)->runtimes, token);

  return runtime != NULL ? rb_runtime_copy (runtime) : NULL;
}

static gboolean
fake_adopt (RbSpawnDriver   *driver,
            const char      *token,
            const RbRuntime *runtime)
{
  RbFakeSpawnDriver *self = RB_FAKE_SPAWN_DRIVER (driver);

  g_hash_table_replace (self->adopted, g_strdup (token), rb_runtime_copy (runtime));
  return self->adopts;
}

static void
fake_end (RbSpawnDriver *driver,
          const char    *token,
          gboolean       force)
{
  g_ptr_array_add (RB_FAKE_SPAWN_DRIVER (driver)->ended, g_strconcat (token, force ? " force" : "", NULL));
}

static void
spawn_driver_init (RbSpawnDriverInterface *iface)
{
  iface->handles = fake_handles;
  iface->is_available = fake_is_available;
  iface->spawn_async = fake_spawn_async;
  iface->spawn_finish = fake_spawn_finish;
  iface->dup_runtime = fake_dup_runtime;
  iface->adopt = fake_adopt;
  iface->end = fake_end;
}

static void
rb_fake_spawn_driver_finalize (GObject *object)
{
  RbFakeSpawnDriver *self = RB_FAKE_SPAWN_DRIVER (object);

  g_free (self->kind);
  g_free (self->unavailable);
  g_clear_error (&self->failure);
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->started);
  g_ptr_array_unref (self->ended);
  g_hash_table_unref (self->runtimes);
  g_hash_table_unref (self->adopted);
  G_OBJECT_CLASS (rb_fake_spawn_driver_parent_class)->finalize (object);
}

static void
rb_fake_spawn_driver_class_init (RbFakeSpawnDriverClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_spawn_driver_finalize;
}

static void
rb_fake_spawn_driver_init (RbFakeSpawnDriver *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->started = g_ptr_array_new_with_free_func (g_free);
  self->ended = g_ptr_array_new_with_free_func (g_free);
  self->runtimes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rb_runtime_free);
  self->adopted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rb_runtime_free);
  self->adopts = TRUE;
}

RbFakeSpawnDriver *
rb_fake_spawn_driver_new (const char *kind)
{
  RbFakeSpawnDriver *self = g_object_new (RB_TYPE_FAKE_SPAWN_DRIVER, NULL);

  self->kind = g_strdup (kind);
  return self;
}

void
rb_fake_spawn_driver_answer (RbFakeSpawnDriver *self)
{
  g_autoptr(GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    answer (self, g_ptr_array_index (waiting, i));
}
