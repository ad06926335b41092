/* rb-host-life.c: starts modules in order, beside one another where one is slow, and stops them in reverse
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host-private.h"

#define START_PATIENCE_MS 250   /* after that the next module starts beside one that has not answered */

/* Who tells of things starts before who does things. */
static const RbModuleKind start_order[] = {
  RB_MODULE_EMITTER,
  RB_MODULE_UPSTREAM,
  RB_MODULE_SPAWN_DRIVER,
  RB_MODULE_CONNECTOR,
};

static RbHostEntry *
find_entry (RbHost  *self,
            RbGuard *guard)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      RbHostEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->guard == guard)
        return entry;
    }
  return NULL;
}

/* Not one that was stopped while it started, because another one is to take its place. */
static gboolean
must_run (RbHost  *self,
          RbGuard *guard)
{
  RbHostEntry *entry = find_entry (self, guard);

  return entry != NULL && entry->required && rb_guard_get_state (guard) == RB_GUARD_FAILED;
}

static void start_next (RbHost *self);

/* The next one need not wait any longer. */
static void
stop_awaiting (RbHost *self)
{
  self->awaited = NULL;
  rb_clock_clear (self->environment.clock, &self->patience_timer);
}

/* Ends the start, once; what still starts is on its own then. */
static void
end_start (RbHost *self,
           GError *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->start_task);

  stop_awaiting (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
go_on (RbHost *self)
{
  if (self->start_task == NULL)
    return;
  if (self->next < self->order->len && self->awaited == NULL)
    start_next (self);
  else if (self->n_starting == 0)
    end_start (self, NULL);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbHost) self = user_data;
  RbGuard *guard = RB_GUARD (source);
  const char *name = rb_guard_get_info (guard)->name;
  GError *error = NULL;

  self->n_starting--;
  if (self->awaited == guard)
    stop_awaiting (self);

  if (rb_module_start_finish (RB_MODULE (source), result, &error))
    rb_log_info ("module_started", "module", name, NULL);
  else
    rb_log_warning ("module_start_failed", "module", name, "reason", error->message, NULL);
  rb_host_changed (self);

  if (error != NULL && self->start_task != NULL && must_run (self, guard))
    {
      g_prefix_error (&error, "Module '%s' did not start: ", name);
      end_start (self, error);
      return;
    }
  g_clear_error (&error);
  go_on (self);
}

/* It may take its time, the others need not. */
static void
on_patience_ended (gpointer user_data)
{
  RbHost *self = user_data;

  self->patience_timer = 0;
  rb_log_info ("module_still_starting", "module", rb_guard_get_info (self->awaited)->name, NULL);
  stop_awaiting (self);
  go_on (self);
}

static void
start_next (RbHost *self)
{
  RbGuard *guard = g_ptr_array_index (self->order, self->next++);

  self->n_starting++;
  self->awaited = guard;
  self->patience_timer = rb_clock_add (self->environment.clock, START_PATIENCE_MS, on_patience_ended, self);
  if (find_entry (self, guard)->required)
    rb_guard_be_patient (guard);
  rb_module_start_async (RB_MODULE (guard), g_task_get_cancellable (self->start_task), on_started, g_object_ref (self));
}

static GPtrArray *
make_order (RbHost *self)
{
  GPtrArray *order = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0; i < G_N_ELEMENTS (start_order); i++)
    for (guint j = 0; j < self->entries->len; j++)
      {
        RbHostEntry *entry = g_ptr_array_index (self->entries, j);

        if (entry->guard != NULL && entry->kind == start_order[i])
          g_ptr_array_add (order, g_object_ref (entry->guard));
      }
  return order;
}

/**
 * rb_host_start_async:
 * @self: a host, once
 * @cancellable: (nullable): handed to each module
 * @callback: called when all have started, or a required one could not
 * @user_data: for @callback
 *
 * Starts one module after the other: emitters, upstream, spawn drivers, connector. One that has not answered after a moment does not
 * keep the next from starting. An optional module has the deadline of a call; a required one may take as long as what it connects to is
 * away. When a required one fails, at whatever time, the start fails and those that were not started are not; rb_host_stop_async()
 * then stops the others.
 */
void
rb_host_start_async (RbHost              *self,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RB_IS_HOST (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rb_host_start_async);
  if (self->order != NULL || self->stopped)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "The modules were started or stopped already"));
      return;
    }

  self->order = make_order (self);
  self->left = self->order->len;
  self->start_task = g_steal_pointer (&task);
  go_on (self);
}

gboolean
rb_host_start_finish (RbHost        *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  g_return_val_if_fail (RB_IS_HOST (self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void stop_next (RbHost *self);

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbHost) self = user_data;
  const char *name = rb_guard_get_info (RB_GUARD (source))->name;
  GError *error = NULL;

  if (rb_module_stop_finish (RB_MODULE (source), result, &error))
    rb_log_info ("module_stopped", "module", name, NULL);
  else
    rb_log_warning ("module_stop_failed", "module", name, "reason", error->message, NULL);

  if (self->stop_error == NULL)
    self->stop_error = g_steal_pointer (&error);
  g_clear_error (&error);
  stop_next (self);
}

static void
stop_next (RbHost *self)
{
  g_autoptr(GTask) task = NULL;

  if (self->left > 0)
    {
      rb_module_stop_async (g_ptr_array_index (self->order, --self->left), NULL, on_stopped, g_object_ref (self));
      return;
    }

  self->stopped = TRUE;
  task = g_steal_pointer (&self->stop_task);
  if (self->stop_error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->stop_error));
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * rb_host_stop_async:
 * @self: a host, at any moment, also while it starts; once
 * @cancellable: (nullable): not used: a stop cannot be taken back
 * @callback: called when every module has stopped or was given up
 * @user_data: for @callback
 *
 * Stops the modules in the reverse order of their start. A module that fails to stop does not keep the others; the first such
 * error is the result.
 */
void
rb_host_stop_async (RbHost              *self,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (RB_IS_HOST (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, rb_host_stop_async);
  if (self->stop_task != NULL)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "The modules are being stopped already"));
      return;
    }

  self->stop_task = g_steal_pointer (&task);
  if (self->start_task != NULL)
    end_start (self, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "The modules were stopped before all had started"));
  if (!rb_host_swap_delays_stop (self))
    stop_next (self);
}

void
rb_host_stop_rest (RbHost *self)
{
  stop_next (self);
}

gboolean
rb_host_stop_finish (RbHost        *self,
                     GAsyncResult  *result,
                     GError       **error)
{
  g_return_val_if_fail (RB_IS_HOST (self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
