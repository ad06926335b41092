/* sim-listener.c: who is told what happens: the authority, which may refuse, or a projection
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-listener.h"

#include "rb-error.h"

struct _SimListener {
  GObject       parent_instance;

  SimOracle    *oracle;
  SimDirectory *directory;
  gboolean      is_authority;
  gboolean      is_dead;
  GPtrArray    *waiting;     /* of GTask, with their events */
};

static void module_iface_init (RbModuleInterface *iface);
static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimListener, sim_listener, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static void
module_iface_init (RbModuleInterface *iface)
{
}

static gboolean
is_authority (RbEmitter *emitter)
{
  return SIM_LISTENER (emitter)->is_authority;
}

static void
emit_async (RbEmitter           *emitter,
            RbEvent             *event,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  SimListener *self = SIM_LISTENER (emitter);
  GTask *task = g_task_new (emitter, cancellable, callback, user_data);

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, rb_event_ref (event), (GDestroyNotify) rb_event_unref);
  g_ptr_array_add (self->waiting, task);
  if (self->is_dead || sim_oracle_is_dead (self->oracle))
    {
      sim_listener_answer (self, self->waiting->len - 1, SIM_ANSWER_FAILED);
      return;
    }
  sim_oracle_told (self->oracle, event, self->is_authority);
  if (!self->is_authority)
    sim_listener_answer (self, self->waiting->len - 1, SIM_ANSWER_OK);
}

static gboolean
emit_finish (RbEmitter     *emitter,
             GAsyncResult  *result,
             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->is_authority = is_authority;
  iface->emit_async = emit_async;
  iface->emit_finish = emit_finish;
}

static void
sim_listener_finalize (GObject *object)
{
  g_ptr_array_unref (SIM_LISTENER (object)->waiting);
  G_OBJECT_CLASS (sim_listener_parent_class)->finalize (object);
}

static void
sim_listener_class_init (SimListenerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sim_listener_finalize;
}

static void
sim_listener_init (SimListener *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

SimListener *
sim_listener_new (SimOracle    *oracle,
                  SimDirectory *directory,
                  gboolean      authority)
{
  SimListener *self = g_object_new (SIM_TYPE_LISTENER, NULL);

  self->oracle = oracle;
  self->directory = directory;
  self->is_authority = authority;
  return self;
}

guint
sim_listener_get_n (SimListener *self)
{
  return self->waiting->len;
}

void
sim_listener_answer (SimListener *self,
                     guint        i,
                     SimAnswer    how)
{
  g_autoptr(GTask) task = g_ptr_array_steal_index (self->waiting, i);

  if (how == SIM_ANSWER_OK && self->directory != NULL && !sim_directory_allows (self->directory, g_task_get_task_data (task)))
    how = SIM_ANSWER_REFUSED;
  if ((how == SIM_ANSWER_OK || how == SIM_ANSWER_LOST) && self->directory != NULL && self->is_authority)
    sim_directory_hear (self->directory, g_task_get_task_data (task));
  if (how == SIM_ANSWER_OK)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, RB_ERROR, how == SIM_ANSWER_REFUSED ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE,
                             "%s", how == SIM_ANSWER_REFUSED ? "no" : "not now");
}

void
sim_listener_die (SimListener *self)
{
  self->is_dead = TRUE;
  while (self->waiting->len > 0)
    sim_listener_answer (self, 0, SIM_ANSWER_FAILED);
}

void
sim_listener_revive (SimListener *self)
{
  self->is_dead = FALSE;
}
