/* spawn-driver-good.c: a spawn driver that only says that it started something
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

G_DECLARE_FINAL_TYPE (GoodSpawnDriver, good_spawn_driver, TEST, GOOD_SPAWN_DRIVER, GObject)

struct _GoodSpawnDriver {
  GObject parent_instance;
};

static void spawn_driver_iface_init (RbSpawnDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GoodSpawnDriver, good_spawn_driver, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, NULL)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, spawn_driver_iface_init))

static gboolean
handles (RbSpawnDriver *driver,
         const char    *kind)
{
  return g_str_has_prefix (kind, "good");
}

/* "good-silent" is not available and does not say why, which is wrong. */
static gboolean
is_available (RbSpawnDriver  *driver,
              const char     *kind,
              GError        **error)
{
  return !g_str_equal (kind, "good-silent");
}

static void
spawn_async (RbSpawnDriver        *driver,
             const RbSpawnRequest *request,
             GCancellable         *cancellable,
             GAsyncReadyCallback   callback,
             gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (driver, cancellable, callback, user_data);

  rb_spawn_driver_emit_exited (driver, request->token, 256, "bye");
  g_task_return_int (task, g_str_equal (request->kind, "good") ? 4711 : 0);
}

static void
spawn_driver_iface_init (RbSpawnDriverInterface *iface)
{
  iface->handles = handles;
  iface->is_available = is_available;
  iface->spawn_async = spawn_async;
}

static void
good_spawn_driver_class_init (GoodSpawnDriverClass *klass)
{
}

static void
good_spawn_driver_init (GoodSpawnDriver *self)
{
}

RB_MODULE_DEFINE ("good", RB_MODULE_SPAWN_DRIVER, "1.2", "Does what it should", NULL, good_spawn_driver_get_type)
