/* rb-module.c: what every loadable module is, and what it is given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module.h"

#include <string.h>

/**
 * rb_module_environment_copy:
 * @to: (out caller-allocates): filled with copies; to be cleared with rb_module_environment_clear()
 * @from: an environment
 */
void
rb_module_environment_copy (RbModuleEnvironment       *to,
                            const RbModuleEnvironment *from)
{
  to->clock = from->clock != NULL ? g_object_ref (from->clock) : NULL;
  to->account_id = g_strdup (from->account_id);
  to->runtime_token = g_strdup (from->runtime_token);
  to->data_dir = g_strdup (from->data_dir);
  to->state_dir = g_strdup (from->state_dir);
  to->product_version = g_strdup (from->product_version);
  to->client_version = g_strdup (from->client_version);
  to->spawn = from->spawn;
  to->spawn.directories = g_strdup (from->spawn.directories);
}

void
rb_module_environment_clear (RbModuleEnvironment *copy)
{
  g_clear_object (&copy->clock);
  g_free ((char *) copy->account_id);
  g_free ((char *) copy->runtime_token);
  g_free ((char *) copy->data_dir);
  g_free ((char *) copy->state_dir);
  g_free ((char *) copy->product_version);
  g_free ((char *) copy->client_version);
  g_free ((char *) copy->spawn.directories);
  *copy = (RbModuleEnvironment) { 0 };
}

struct _RbModuleContext {
  GObject parent_instance;

  const RbModuleInfo  *info;         /* lives in the module's file, which stays resident */
  RbModuleEnvironment  environment;  /* strings and clock owned */
  GHashTable          *settings;     /* char * to char *, owned */
  RbBounds            *bounds;       /* NULL: it has none */
};

G_DEFINE_FINAL_TYPE (RbModuleContext, rb_module_context, G_TYPE_OBJECT)

static void
rb_module_context_dispose (GObject *object)
{
  RbModuleContext *self = RB_MODULE_CONTEXT (object);

  g_clear_object (&self->environment.clock);
  G_OBJECT_CLASS (rb_module_context_parent_class)->dispose (object);
}

static void
rb_module_context_finalize (GObject *object)
{
  RbModuleContext *self = RB_MODULE_CONTEXT (object);

  rb_module_environment_clear (&self->environment);
  g_hash_table_unref (self->settings);
  g_clear_pointer (&self->bounds, rb_bounds_unref);
  G_OBJECT_CLASS (rb_module_context_parent_class)->finalize (object);
}

static void
rb_module_context_class_init (RbModuleContextClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_module_context_dispose;
  object_class->finalize = rb_module_context_finalize;
}

static void
rb_module_context_init (RbModuleContext *self)
{
  self->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/**
 * rb_module_context_new:
 * @info: what the module says of itself; must outlive the context
 * @environment: copied
 * @settings: (nullable): effective values of the module's own group, char * to char *, already checked; copied
 *
 * Returns: (transfer full): a new context
 */
RbModuleContext *
rb_module_context_new (const RbModuleInfo        *info,
                       const RbModuleEnvironment *environment,
                       GHashTable                *settings)
{
  RbModuleContext *self;
  GHashTableIter iter;
  gpointer key, value;

  g_return_val_if_fail (info != NULL, NULL);
  g_return_val_if_fail (environment != NULL, NULL);

  self = g_object_new (RB_TYPE_MODULE_CONTEXT, NULL);
  self->info = info;
  rb_module_environment_copy (&self->environment, environment);

  if (settings == NULL)
    return self;
  g_hash_table_iter_init (&iter, settings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (value != NULL)
      g_hash_table_insert (self->settings, g_strdup (key), g_strdup (value));
  return self;
}

const char *
rb_module_context_get_module_name (RbModuleContext *self)
{
  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (self), NULL);
  return self->info->name;
}

const RbModuleEnvironment *
rb_module_context_get_environment (RbModuleContext *self)
{
  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (self), NULL);
  return &self->environment;
}

/**
 * rb_module_context_make_bounds:
 * @self: a context
 * @infos: (array length=n): a table that lives as long as the process; names begin with the module's
 * @n: how many there are
 *
 * Once, from configure(): what the module counts against its limits, and people see.
 *
 * Returns: (transfer none): the bounds, as long as @self lives; without a clock %NULL, which nobody counts in
 */
RbBounds *
rb_module_context_make_bounds (RbModuleContext   *self,
                               const RbBoundInfo *infos,
                               guint              n)
{
  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (self), NULL);
  g_return_val_if_fail (self->bounds == NULL, NULL);

  if (self->environment.clock != NULL)
    self->bounds = rb_bounds_new (infos, n, self->environment.clock);
  return self->bounds;
}

RbBounds *
rb_module_context_get_bounds (RbModuleContext *self)
{
  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (self), NULL);
  return self->bounds;
}

static gboolean
is_key_of (const char *pattern,
           const char *key)
{
  gsize length = strlen (pattern);

  if (length > 0 && pattern[length - 1] == '*')
    return strncmp (pattern, key, length - 1) == 0 && strlen (key) >= length;
  return g_str_equal (pattern, key);
}

static const RbModuleSetting *
lookup_setting (RbModuleContext *self,
                const char      *key)
{
  for (const RbModuleSetting *setting = self->info->settings; setting != NULL && setting->key != NULL; setting++)
    if (is_key_of (setting->key, key))
      return setting;
  return NULL;
}

/**
 * rb_module_context_get_string:
 * @self: a context
 * @key: a key of the module's own table; any type
 *
 * Returns: (nullable): the value, else the default, else %NULL
 */
const char *
rb_module_context_get_string (RbModuleContext *self,
                              const char      *key)
{
  const RbModuleSetting *setting;
  const char *value;

  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);

  setting = lookup_setting (self, key);
  g_return_val_if_fail (setting != NULL, NULL);

  value = g_hash_table_lookup (self->settings, key);
  return value != NULL ? value : setting->default_value;
}

/**
 * rb_module_context_get_integer:
 * @self: a context
 * @key: a key of type %RB_SETTING_INTEGER
 *
 * Returns: the value or default; 0 when unset
 */
gint64
rb_module_context_get_integer (RbModuleContext *self,
                               const char      *key)
{
  const char *text = rb_module_context_get_string (self, key);

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
}

/**
 * rb_module_context_get_boolean:
 * @self: a context
 * @key: a key of type %RB_SETTING_BOOLEAN
 *
 * Returns: %TRUE for "true", "yes", "on" and "1"
 */
gboolean
rb_module_context_get_boolean (RbModuleContext *self,
                               const char      *key)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  const char *text = rb_module_context_get_string (self, key);

  return text != NULL && g_strv_contains (yes, text);
}

/**
 * rb_module_context_dup_list:
 * @self: a context
 * @key: a key of type %RB_SETTING_STRING_LIST
 *
 * Returns: (transfer full): the items, trimmed, without empty ones; an empty list when unset
 */
GStrv
rb_module_context_dup_list (RbModuleContext *self,
                            const char      *key)
{
  const char *text = rb_module_context_get_string (self, key);
  g_auto(GStrv) parts = g_strsplit (text != NULL ? text : "", ";", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

G_DEFINE_INTERFACE (RbModule, rb_module, G_TYPE_OBJECT)

static gboolean
default_configure (RbModule         *self,
                   RbModuleContext  *context,
                   GError          **error)
{
  return TRUE;
}

/* For start and stop of modules that have nothing to wait for. */
static void
default_async (RbModule            *self,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, default_async);
  g_task_return_boolean (task, TRUE);
}

static gboolean
default_finish (RbModule      *self,
                GAsyncResult  *result,
                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rb_module_default_init (RbModuleInterface *iface)
{
  iface->configure = default_configure;
  iface->start_async = default_async;
  iface->start_finish = default_finish;
  iface->stop_async = default_async;
  iface->stop_finish = default_finish;
}

/**
 * rb_module_configure:
 * @self: a module that was just made
 * @context: what it may know; it keeps a reference if it needs one
 * @error: return location for a #GError
 *
 * Checks the settings. Called once, before start.
 *
 * Returns: %FALSE with @error if the module cannot work with these settings
 */
gboolean
rb_module_configure (RbModule         *self,
                     RbModuleContext  *context,
                     GError          **error)
{
  g_return_val_if_fail (RB_IS_MODULE (self), FALSE);
  return RB_MODULE_GET_IFACE (self)->configure (self, context, error);
}

void
rb_module_start_async (RbModule            *self,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_return_if_fail (RB_IS_MODULE (self));
  RB_MODULE_GET_IFACE (self)->start_async (self, cancellable, callback, user_data);
}

gboolean
rb_module_start_finish (RbModule      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (RB_IS_MODULE (self), FALSE);
  return RB_MODULE_GET_IFACE (self)->start_finish (self, result, error);
}

void
rb_module_stop_async (RbModule            *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_return_if_fail (RB_IS_MODULE (self));
  RB_MODULE_GET_IFACE (self)->stop_async (self, cancellable, callback, user_data);
}

gboolean
rb_module_stop_finish (RbModule      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (RB_IS_MODULE (self), FALSE);
  return RB_MODULE_GET_IFACE (self)->stop_finish (self, result, error);
}

const char *
rb_module_kind_to_string (RbModuleKind kind)
{
  switch (kind)
    {
    case RB_MODULE_CONNECTOR:
      return "connector";
    case RB_MODULE_UPSTREAM:
      return "upstream";
    case RB_MODULE_SPAWN_DRIVER:
      return "spawn-driver";
    case RB_MODULE_EMITTER:
      return "emitter";
    }
  g_return_val_if_reached (NULL);
}
