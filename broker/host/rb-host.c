/* rb-host.c: loads modules and guards every call into them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host.h"

#include "rb-host-private.h"
#include "rb-host-settings.h"

#define DEFAULT_CALL_TIMEOUT_MS 35000   /* above the longest limit that a module has by itself, so that its own words are heard */

G_DEFINE_FINAL_TYPE (RbHost, rb_host, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_EXCHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
rb_host_dispose (GObject *object)
{
  RbHost *self = RB_HOST (object);

  if (self->environment.clock != NULL)
    rb_clock_clear (self->environment.clock, &self->patience_timer);
  rb_host_drop_swap (self);
  if (self->slot != NULL)
    rb_connector_slot_put (self->slot, NULL);
  g_clear_object (&self->slot);
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
  signals[SIGNAL_EXCHANGED] = g_signal_new ("exchanged", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
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
  self->isolate = options->isolate;
  self->isolate_data = options->isolate_data;
  return self;
}

void
rb_host_changed (RbHost *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
rb_host_exchanged (RbHost *self)
{
  g_signal_emit (self, signals[SIGNAL_EXCHANGED], 0);
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
get_settings (const RbModuleInfo  *info,
              RbHostSettingsFunc   settings,
              gpointer             settings_data,
              GError             **error)
{
  g_autoptr(GHashTable) values = NULL;
  g_autoptr(GError) local_error = NULL;

  if (settings == NULL)
    return g_hash_table_new (g_str_hash, g_str_equal);

  values = settings (info, settings_data, &local_error);
  if (values == NULL && local_error == NULL)
    rb_set_error (&local_error, RB_ERROR_INTERNAL, NULL, "No settings for module '%s'", info->name);
  if (local_error != NULL || !rb_host_settings_check (info, values, &local_error))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return g_steal_pointer (&values);
}

static gboolean
configure_entry (RbHost              *self,
                 RbHostEntry         *entry,
                 const RbModuleInfo  *info,
                 GError             **error)
{
  g_autoptr(RbModuleContext) context = rb_module_context_new (info, &self->environment, entry->values);
  g_autoptr(RbModule) module = rb_host_make_module (info, entry->values);
  g_autoptr(RbGuard) guard = rb_guard_new (info, module, self->environment.clock, self->call_timeout_ms);

  if (!rb_module_configure (RB_MODULE (guard), context, error))
    return FALSE;
  entry->context = g_steal_pointer (&context);
  entry->guard = g_steal_pointer (&guard);
  return TRUE;
}

static gboolean
fill_entry (RbHost              *self,
            RbHostEntry         *entry,
            const RbModuleInfo  *info,
            GHashTable          *values,
            RbHostSettingsFunc   settings,
            gpointer             settings_data,
            GError             **error)
{
  entry->values = values != NULL ? g_hash_table_ref (values) : get_settings (info, settings, settings_data, error);
  return entry->values != NULL && configure_entry (self, entry, info, error);
}

gboolean
rb_host_fill_entry (RbHost              *self,
                    RbHostEntry         *entry,
                    GHashTable          *values,
                    RbHostSettingsFunc   settings,
                    gpointer             settings_data,
                    GError             **error)
{
  const RbModuleInfo *info;

  info = rb_host_open (self, entry->kind, entry->name, &entry->path, error);
  return info != NULL && fill_entry (self, entry, info, values, settings, settings_data, error);
}

static gboolean
load_entry (RbHost       *self,
            RbHostEntry  *entry,
            GError      **error)
{
  const RbModuleInfo *info;

  info = rb_host_open (self, entry->kind, entry->name, &entry->path, error);
  if (info == NULL || !check_place (self, info, error) ||
      !fill_entry (self, entry, info, NULL, self->settings, self->settings_data, error))
    return FALSE;

  if (entry->kind == RB_MODULE_CONNECTOR)
    {
      self->slot = rb_connector_slot_new (self->environment.clock);
      rb_connector_slot_put (self->slot, RB_CONNECTOR (entry->guard));
    }
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
  return (RbConnector *) self->slot;
}

RbHostEntry *
rb_host_get_connector_entry (RbHost *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      RbHostEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->kind == RB_MODULE_CONNECTOR && entry->guard != NULL)
        return entry;
    }
  return NULL;
}

const char *
rb_host_get_connector_name (RbHost *self)
{
  RbHostEntry *entry;

  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  entry = rb_host_get_connector_entry (self);
  return entry != NULL ? rb_guard_get_info (entry->guard)->name : NULL;
}

const char *
rb_host_get_upstream_name (RbHost *self)
{
  RbGuard *guard;

  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  guard = find_guard (self, RB_MODULE_UPSTREAM, NULL);
  return guard != NULL ? rb_guard_get_info (guard)->name : NULL;
}

static void
replace (GPtrArray *array,
         gpointer   old,
         gpointer   new)
{
  guint i;

  if (g_ptr_array_find (array, old, &i))
    array->pdata[i] = new;
}

void
rb_host_put_connector (RbHost      *self,
                       RbHostEntry *entry)
{
  RbHostEntry *before = rb_host_get_connector_entry (self);

  rb_connector_slot_put (self->slot, RB_CONNECTOR (entry->guard));
  replace (self->entries, before, entry);
  replace (self->order, before->guard, g_object_ref (entry->guard));
  g_object_unref (before->guard);
  rb_host_entry_free (before);
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
  return rb_host_open (self, kind, name, &path, error);
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
  if (self->slot != NULL)
    g_ptr_array_add (all, rb_bounds_ref (rb_connector_slot_get_bounds (self->slot)));
  return all;
}
