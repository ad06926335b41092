/* sim-starter.c: starts runtimes, or does not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-starter.h"

#include "rb-error.h"

struct _SimStarter {
  GObject    parent_instance;

  SimOracle *oracle;
  gboolean   is_dead;
  GPtrArray *waiting;     /* of GTask, with their tokens */
  int        n_started;
  guint      n_asked;
};

static void module_iface_init (RbModuleInterface *iface);
static void driver_iface_init (RbSpawnDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimStarter, sim_starter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, driver_iface_init))

static void
module_iface_init (RbModuleInterface *iface)
{
}

static gboolean
handles (RbSpawnDriver *driver,
         const char    *kind)
{
  return g_str_equal (kind, "custom");
}

static gboolean
is_available (RbSpawnDriver  *driver,
              const char     *kind,
              GError        **error)
{
  return TRUE;
}

static void
spawn_async (RbSpawnDriver        *driver,
             const RbSpawnRequest *request,
             GCancellable         *cancellable,
             GAsyncReadyCallback   callback,
             gpointer              user_data)
{
  SimStarter *self = SIM_STARTER (driver);
  GTask *task = g_task_new (driver, cancellable, callback, user_data);

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_strdup (request->token), g_free);
  g_ptr_array_add (self->waiting, task);
  self->n_asked++;
  sim_trace (self->oracle, "broker", "starts a runtime for %s", request->token);
  if (self->is_dead || sim_oracle_is_dead (self->oracle))
    g_free (sim_starter_answer (self, self->waiting->len - 1, FALSE));
}

static GPid
spawn_finish (RbSpawnDriver  *driver,
              GAsyncResult   *result,
              GError        **error)
{
  gssize pid = g_task_propagate_int (G_TASK (result), error);

  return pid > 0 ? (GPid) pid : 0;
}

static void
driver_iface_init (RbSpawnDriverInterface *iface)
{
  iface->handles = handles;
  iface->is_available = is_available;
  iface->spawn_async = spawn_async;
  iface->spawn_finish = spawn_finish;
}

static void
sim_starter_finalize (GObject *object)
{
  g_ptr_array_unref (SIM_STARTER (object)->waiting);
  G_OBJECT_CLASS (sim_starter_parent_class)->finalize (object);
}

static void
sim_starter_class_init (SimStarterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sim_starter_finalize;
}

static void
sim_starter_init (SimStarter *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

SimStarter *
sim_starter_new (SimOracle *oracle)
{
  SimStarter *self = g_object_new (SIM_TYPE_STARTER, NULL);

  self->oracle = oracle;
  return self;
}

guint
sim_starter_get_n (SimStarter *self)
{
  return self->waiting->len;
}

guint
sim_starter_get_n_asked (SimStarter *self)
{
  return self->n_asked;
}

char *
sim_starter_answer (SimStarter *self,
                    guint       i,
                    gboolean    starts)
{
  g_autoptr(GTask) task = g_ptr_array_steal_index (self->waiting, i);

  if (!starts)
    {
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_UNAVAILABLE, "it does not start");
      return NULL;
    }
  g_task_return_int (task, 4000 + ++self->n_started);
  return g_strdup (g_task_get_task_data (task));
}

void
sim_starter_die (SimStarter *self)
{
  self->is_dead = TRUE;
  while (self->waiting->len > 0)
    g_free (sim_starter_answer (self, 0, FALSE));
}

void
sim_starter_revive (SimStarter *self)
{
  self->is_dead = FALSE;
}
