/* rb-host.c: loads modules and guards every call into them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host.h"

#include "rb-guard.h"
#include "rb-host-entry.h"
#include "rb-host-settings.h"
#include "rb-loader.h"

#define DEFAULT_CALL_TIMEOUT_MS 35000   /* above the longest limit that a module has by itself, so that its own words are heard */
#define START_PATIENCE_MS 250   /* after that the next module starts beside one that has not answered */

struct _RbHost {
  GObject parent_instance;

  GStrv                directories;
  RbModuleEnvironment  environment;     /* strings and clock owned */
  gint64               call_timeout_ms;
  RbHostSettingsFunc   settings;        /* (nullable) */
  gpointer             settings_data;
  GPtrArray           *entries;         /* of RbHostEntry, in the order they were loaded */
  GPtrArray           *emitters;        /* of RbGuard */
  GPtrArray           *spawn_drivers;   /* of RbGuard */
  GPtrArray           *order;           /* of RbGuard, in the order they start; NULL: not started */
  guint                next;            /* of @order: starts next */
  guint                n_starting;      /* were asked to start and have not answered */
  RbGuard             *awaited;        /* (nullable): of those, the one for which the next one waits; borrowed */
  guint64              patience_timer;
  guint                left;            /* of @order: those before it are still to be stopped */
  GTask               *start_task;      /* while starting */
  GTask               *stop_task;       /* while stopping */
  GError              *stop_error;      /* the first one */
  gboolean             stopped;
};

G_DEFINE_FINAL_TYPE (RbHost, rb_host, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* Who tells of things starts before who does things. */
static const RbModuleKind start_order[] = {
  RB_MODULE_EMITTER,
  RB_MODULE_UPSTREAM,
  RB_MODULE_SPAWN_DRIVER,
  RB_MODULE_CONNECTOR,
};

static void
rb_host_dispose (GObject *object)
{
  RbHost *self = RB_HOST (object);

  if (self->environment.clock != NULL)
    rb_clock_clear (self->environment.clock, &self->patience_timer);
  g_clear_pointer (&self->order, g_ptr_array_unref);
  g_ptr_array_set_size (self->emitters, 0);
  g_ptr_array_set_size (self->spawn_drivers, 0);
  g_ptr_array_set_size (self->entries, 0);
  g_clear_object (&self->environment.clock);
  G_OBJECT_CLASS (rb_host_parent_class)->dispose (object);
}

static void
rb_host_finalize (GObject *object)
{
  RbHost *self = RB_HOST (object);

  g_strfreev (self->directories);
  rb_module_environment_clear (&self->environment);
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->emitters);
  g_ptr_array_unref (self->spawn_drivers);
  g_clear_error (&self->stop_error);
  G_OBJECT_CLASS (rb_host_parent_class)->finalize (object);
}

static void
rb_host_class_init (RbHostClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_host_dispose;
  object_class->finalize = rb_host_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rb_host_init (RbHost *self)
{
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_host_entry_free);
  self->emitters = g_ptr_array_new_with_free_func (g_object_unref);
  self->spawn_drivers = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * rb_host_new:
 * @options: copied; its environment needs a clock
 * @settings: (nullable): gives a module's settings; %NULL: every module runs on its defaults
 * @user_data: for @settings
 *
 * Returns: (transfer full): a host without modules
 */
RbHost *
rb_host_new (const RbHostOptions *options,
             RbHostSettingsFunc   settings,
             gpointer             user_data)
{
  RbHost *self;

  g_return_val_if_fail (options != NULL, NULL);
  g_return_val_if_fail (RB_IS_CLOCK (options->environment.clock), NULL);

  self = g_object_new (RB_TYPE_HOST, NULL);
  self->directories = g_strdupv ((char **) options->directories);
  rb_module_environment_copy (&self->environment, &options->environment);
  self->call_timeout_ms = options->call_timeout_ms > 0 ? options->call_timeout_ms : DEFAULT_CALL_TIMEOUT_MS;
  self->settings = settings;
  self->settings_data = user_data;
  return self;
}

static RbGuard *
find_guard (RbHost       *self,
            RbModuleKind  kind,
            const char   *module_name)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      RbHostEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->guard == NULL || entry->kind != kind)
        continue;
      if (module_name == NULL || g_str_equal (rb_guard_get_info (entry->guard)->name, module_name))
        return entry->guard;
    }
  return NULL;
}

static gboolean
check_place (RbHost              *self,
             const RbModuleInfo  *info,
             GError             **error)
{
  gboolean is_single = info->kind == RB_MODULE_CONNECTOR || info->kind == RB_MODULE_UPSTREAM;
  RbGuard *other = find_guard (self, info->kind, is_single ? NULL : info->name);

  if (other == NULL)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "module_twice", "Module '%s' cannot be loaded beside '%s': one '%s' is all there can be",
                info->name, rb_guard_get_info (other)->name, is_single ? rb_module_kind_to_string (info->kind) : info->name);
  return FALSE;
}

static GHashTable *
get_settings (RbHost              *self,
              const RbModuleInfo  *info,
              GError             **error)
{
  g_autoptr(GHashTable) values = NULL;
  g_autoptr(GError) local_error = NULL;

  if (self->settings == NULL)
    return g_hash_table_new (g_str_hash, g_str_equal);

  values = self->settings (info, self->settings_data, &local_error);
  if (values == NULL && local_error == NULL)
    rb_set_error (&local_error, RB_ERROR_INTERNAL, NULL, "No settings for module '%s'", info->name);
  if (local_error != NULL || !rb_host_settings_check (info, values, &local_error))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return g_steal_pointer (&values);
}

static RbGuard *
make_guard (RbHost              *self,
            const RbModuleInfo  *info,
            RbModuleContext    **made,
            GError             **error)
{
  g_autoptr(GHashTable) values = NULL;
  g_autoptr(RbModuleContext) context = NULL;
  g_autoptr(GObject) module = NULL;
  g_autoptr(RbGuard) guard = NULL;

  if (!check_place (self, info, error))
    return NULL;
  values = get_settings (self, info, error);
  if (values == NULL)
    return NULL;

  context = rb_module_context_new (info, &self->environment, values);
  module = g_object_new (info->get_type (), NULL);
  guard = rb_guard_new (info, RB_MODULE (module), self->environment.clock, self->call_timeout_ms);
  if (!rb_module_configure (RB_MODULE (guard), context, error))
    return NULL;
  *made = g_steal_pointer (&context);
  return g_steal_pointer (&guard);
}

static gboolean
load_entry (RbHost       *self,
            RbHostEntry  *entry,
            GError      **error)
{
  const RbModuleInfo *info;

  info = rb_loader_open ((const char *const *) self->directories, entry->kind, entry->name, &entry->path, error);
  if (info == NULL)
    return FALSE;
  entry->guard = make_guard (self, info, &entry->context, error);
  if (entry->guard == NULL)
    return FALSE;

  if (entry->kind == RB_MODULE_EMITTER)
    g_ptr_array_add (self->emitters, g_object_ref (entry->guard));
  if (entry->kind == RB_MODULE_SPAWN_DRIVER)
    g_ptr_array_add (self->spawn_drivers, g_object_ref (entry->guard));
  return TRUE;
}

/**
 * rb_host_load:
 * @self: a host that was not started
 * @kind: the kind wanted
 * @name: a bare name, or an absolute path of a file
 * @required: whether the broker cannot do without it
 * @error: return location for a #GError
 *
 * Finds, checks, loads and configures a module. Fails as rb_loader_open() does; with %RB_ERROR_INVALID for settings (reasons
 * "unknown_setting", "bad_setting") or a second connector or upstream ("module_twice"); with %RB_ERROR_BAD_STATE after the start;
 * or as the module does when it is configured.
 *
 * Returns: %FALSE with @error if @required and it failed; a failure of another one is logged and kept for rb_host_view()
 */
gboolean
rb_host_load (RbHost        *self,
              RbModuleKind   kind,
              const char    *name,
              gboolean       required,
              GError       **error)
{
  const char *kind_text = rb_module_kind_to_string (kind);
  GError *local_error = NULL;
  RbHostEntry *entry;

  g_return_val_if_fail (RB_IS_HOST (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (self->order != NULL || self->stopped)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, NULL, "Module '%s' comes too late: modules are loaded before the start", name);
      return FALSE;
    }

  entry = rb_host_entry_new (kind, name, required);
  g_ptr_array_add (self->entries, entry);
  if (load_entry (self, entry, &local_error))
    {
      rb_log_info ("module_loaded", "module", name, "kind", kind_text, "path", entry->path, NULL);
      return TRUE;
    }

  entry->reason = g_strdup (local_error->message);
  rb_log_warning ("module_load_failed", "module", name, "kind", kind_text, "code", rb_error_get_reason (local_error), "reason",
                  local_error->message, NULL);
  if (required)
    g_propagate_error (error, local_error);
  else
    g_error_free (local_error);
  return !required;
}

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
  g_return_val_if_reached (NULL);
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
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);

  if (error != NULL && self->start_task != NULL && find_entry (self, guard)->required)
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

/**
 * rb_host_get_connector:
 * @self: a host
 *
 * Returns: (transfer none) (nullable): the guarded connector
 */
RbConnector *
rb_host_get_connector (RbHost *self)
{
  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  return (RbConnector *) find_guard (self, RB_MODULE_CONNECTOR, NULL);
}

/**
 * rb_host_get_upstream:
 * @self: a host
 *
 * Returns: (transfer none) (nullable): the guarded upstream
 */
RbUpstream *
rb_host_get_upstream (RbHost *self)
{
  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  return (RbUpstream *) find_guard (self, RB_MODULE_UPSTREAM, NULL);
}

/**
 * rb_host_get_emitters:
 * @self: a host
 *
 * Returns: (transfer none) (element-type RbEmitter): the guarded emitters, in the order they were loaded
 */
GPtrArray *
rb_host_get_emitters (RbHost *self)
{
  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  return self->emitters;
}

/**
 * rb_host_get_spawn_drivers:
 * @self: a host
 *
 * Returns: (transfer none) (element-type RbSpawnDriver): the guarded spawn drivers, in the order they were loaded
 */
GPtrArray *
rb_host_get_spawn_drivers (RbHost *self)
{
  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  return self->spawn_drivers;
}

/**
 * rb_host_view:
 * @self: a host
 *
 * Returns: (transfer full): aa{sv}, each module that was asked for, in that order: name s, kind s, path s?, required b, version s?,
 *   summary s?, state s (loaded, starting, running, stopping, stopped, failed), reason s?, calls x?, failures x?, timeouts x?
 */
GVariant *
rb_host_view (RbHost *self)
{
  GVariantBuilder builder;

  g_return_val_if_fail (RB_IS_HOST (self), NULL);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->entries->len; i++)
    g_variant_builder_add_value (&builder, rb_host_entry_view (g_ptr_array_index (self->entries, i)));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/**
 * rb_host_peek:
 * @self: a host
 * @kind: the kind wanted
 * @name: as for rb_host_load()
 * @error: return location for a #GError
 *
 * Returns: (transfer none): what the module says of itself, after the checks of rb_host_load()
 */
const RbModuleInfo *
rb_host_peek (RbHost        *self,
              RbModuleKind   kind,
              const char    *name,
              GError       **error)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  return rb_loader_open ((const char *const *) self->directories, kind, name, &path, error);
}

GPtrArray *
rb_host_dup_bounds (RbHost *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_bounds_unref);

  g_return_val_if_fail (RB_IS_HOST (self), all);

  for (guint i = 0; i < self->entries->len; i++)
    {
      const RbHostEntry *entry = g_ptr_array_index (self->entries, i);
      RbBounds *bounds = entry->context != NULL ? rb_module_context_get_bounds (entry->context) : NULL;

      if (bounds != NULL)
        g_ptr_array_add (all, rb_bounds_ref (bounds));
    }
  return all;
}
