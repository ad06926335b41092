/* rb-daemon-use.c: another connector, while the broker runs
 *
 * Its settings are read anew, so that what was set beside the running broker counts. The host exchanges the modules, and goes back when the
 * new one does not start. Only when it runs is it written down for the next start: a broker that dies before that comes back with the
 * connector it had.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-config-edit.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-profile.h"

#include <string.h>

#define SETTING "broker.connector"

typedef struct {
  RbDaemon *daemon;
  GTask    *task;
  char     *name;     /* as the next start is to find it */
  gboolean  once;     /* it is not to */
} Use;

static void
use_free (Use *use)
{
  g_object_unref (use->task);
  g_free (use->name);
  g_free (use);
}

static void
refuse (GTask  *task,
        GError *error)
{
  g_autoptr(GTask) owned = task;

  g_task_return_error (owned, error);
}

static gboolean
is_of_file (const char *origin)
{
  return g_str_equal (origin, "default") || strstr (origin, "/runtime-broker/broker.conf") != NULL;
}

/* What no file says, but credentials or options did at the start, holds still. */
static void
keep_what_was_offered (RbDaemon           *self,
                       RbSettings         *fresh,
                       const RbModuleInfo *info)
{
  for (const RbModuleSetting *setting = info->settings; setting != NULL && setting->key != NULL; setting++)
    {
      const char *value, *origin;

      if (!rb_settings_has_key (self->settings, info->name, setting->key) || !rb_settings_has_key (fresh, info->name, setting->key) ||
          !g_str_equal (rb_settings_get_origin (fresh, info->name, setting->key), "default"))
        continue;
      value = rb_settings_get_string (self->settings, info->name, setting->key);
      origin = rb_settings_get_origin (self->settings, info->name, setting->key);
      if (value != NULL && !is_of_file (origin))
        rb_settings_infer (fresh, info->name, setting->key, value, origin);
    }
}

/* Of the lines about what is wrong, those that this module cannot start with. */
static const char *
find_problem (GPtrArray          *problems,
              const RbModuleInfo *info)
{
  g_autofree char *group = g_strdup_printf ("[%s] ", info->name);

  for (guint i = 0; i < problems->len; i++)
    if (strstr (problems->pdata[i], group) != NULL)
      return problems->pdata[i];
  return NULL;
}

static GHashTable *
read_settings (const RbModuleInfo  *info,
               gpointer             user_data,
               GError             **error)
{
  RbDaemon *self = user_data;
  g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbSettings) fresh = rb_setup_basic_settings (self->setup, unread);
  const char *problem;

  rb_settings_add_module (fresh, info);
  rb_settings_resolve (fresh, problems);
  problem = unread->len > 0 ? unread->pdata[0] : find_problem (problems, info);
  if (problem != NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s", problem);
      return NULL;
    }
  keep_what_was_offered (self, fresh, info);
  rb_settings_resolve (fresh, NULL);
  return rb_settings_dup_module_values (fresh, info);
}

/* An RbHostIsolateFunc: as the settings were at the start, and while it serves, as they are now. */
gboolean
rb_daemon_is_isolated (const char *name,
                       gpointer    user_data)
{
  RbDaemon *self = user_data;
  g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbSettings) fresh = NULL;

  if (self->discovery == NULL)
    return rb_settings_is_isolated (self->settings, name);
  fresh = rb_setup_basic_settings (self->setup, unread);
  return rb_settings_is_isolated (fresh, name);
}

/* FALSE: it was not, and the next one who names it tries again. */
static gboolean
write_down (Use          *use,
            GVariantDict *answer)
{
  g_autofree char *file = NULL;
  g_autofree char *overrider = NULL;
  g_autoptr(GError) error = NULL;

  if (!rb_config_edit_set (SETTING, use->name, use->daemon->setup, &file, &overrider, &error))
    {
      rb_log_warning ("connector_not_written", "connector", use->name, "reason", error->message, NULL);
      g_variant_dict_insert (answer, "not_written", "s", error->message);
      return FALSE;
    }
  g_variant_dict_insert (answer, "file", "s", file);
  if (overrider != NULL)
    g_variant_dict_insert (answer, "overridden_by", "s", overrider);
  return TRUE;
}

static void
on_used (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Use *use = user_data;
  RbDaemon *self = use->daemon;
  GError *error = NULL;
  g_autoptr(GVariant) done = rb_host_use_connector_finish (RB_HOST (source), result, &error);
  g_auto(GVariantDict) answer = G_VARIANT_DICT_INIT (done);

  if (done == NULL)
    {
      g_task_return_error (use->task, error);
      use_free (use);
      return;
    }
  if (!use->once && g_strcmp0 (self->next_connector, use->name) != 0 && write_down (use, &answer))
    {
      g_free (self->next_connector);
      self->next_connector = g_strdup (use->name);
    }
  g_task_return_pointer (use->task, g_variant_dict_end (&answer), (GDestroyNotify) g_variant_unref);
  use_free (use);
}

/* What is known already, it need not be started for. */
static gboolean
check (RbDaemon    *self,
       const char  *name,
       GError     **error)
{
  const RbModuleInfo *info;

  if (self->stop_reason != NULL || self->is_checking || self->restart_id != 0)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "connector_busy", "the broker is stopping or being restarted");
      return FALSE;
    }
  if (self->discovery == NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "connector_busy", "the broker is still starting");
      return FALSE;
    }
  info = rb_host_peek (self->host, RB_MODULE_CONNECTOR, name, error);
  return info != NULL && rb_profile_check_connector (info->name, rb_host_get_upstream_name (self->host), error);
}

void
rb_daemon_use (RbDaemon *self,
               GTask    *task)
{
  GVariant *wish = g_task_get_task_data (task);
  GError *error = NULL;
  const char *name;
  gboolean once;
  Use *use;

  g_variant_get (wish, "(&sb)", &name, &once);
  if (!check (self, name, &error))
    {
      refuse (task, error);
      return;
    }
  use = g_new0 (Use, 1);
  use->daemon = self;
  use->task = task;
  use->name = g_strdup (name);
  use->once = once;
  rb_host_use_connector_async (self->host, name, read_settings, self, on_used, use);
}

/* What counts for the modules that run, in the place of those of the last ones. */
static void
renew_bounds (RbDaemon *self)
{
  for (guint i = 0; self->module_bounds != NULL && i < self->module_bounds->len; i++)
    rb_core_remove_bounds (self->core, self->module_bounds->pdata[i]);
  g_clear_pointer (&self->module_bounds, g_ptr_array_unref);
  self->module_bounds = rb_host_dup_bounds (self->host);
  for (guint i = 0; i < self->module_bounds->len; i++)
    rb_core_add_bounds (self->core, self->module_bounds->pdata[i]);
}

static void
on_exchanged (RbHost   *host,
              RbDaemon *self)
{
  renew_bounds (self);
  rb_core_set_fact (self->core, "connector", rb_host_get_connector_name (host));
  rb_core_exchange_connector (self->core);
}

void
rb_daemon_watch_connector (RbDaemon *self)
{
  g_autoptr(GPtrArray) choices = rb_profile_choose (self->settings);

  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];

      if (choice->kind == RB_MODULE_CONNECTOR)
        self->next_connector = g_strdup (choice->name);
    }
  renew_bounds (self);
  rb_core_set_fact (self->core, "connector", rb_host_get_connector_name (self->host));
  g_signal_connect (self->host, "exchanged", G_CALLBACK (on_exchanged), self);
}

static void
add_file (RbDaemon        *self,
          GVariantBuilder *builder,
          const char      *file_name)
{
  static const char prefix[] = "connector-", suffix[] = "." G_MODULE_SUFFIX;
  g_autofree char *name = NULL;
  GVariantDict dict;

  if (!g_str_has_prefix (file_name, prefix) || !g_str_has_suffix (file_name, suffix))
    return;
  name = g_strndup (file_name + strlen (prefix), strlen (file_name) - strlen (prefix) - strlen (suffix));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "used", "b", g_strcmp0 (name, rb_host_get_connector_name (self->host)) == 0);
  g_variant_builder_add_value (builder, g_variant_dict_end (&dict));
}

/* By the names of their files: nothing is loaded for a look. */
GVariant *
rb_daemon_view_connectors (gpointer   user_data,
                           GError   **error)
{
  RbDaemon *self = user_data;
  g_auto(GStrv) directories = rb_setup_dup_own_module_dirs (self->settings);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; directories[i] != NULL; i++)
    {
      g_autoptr(GDir) dir = g_dir_open (directories[i], 0, NULL);
      const char *file_name;

      while (dir != NULL && (file_name = g_dir_read_name (dir)) != NULL)
        add_file (self, &builder, file_name);
    }
  return g_variant_builder_end (&builder);
}
