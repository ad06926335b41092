/* rb-settings.c: the effective settings, and where each came from
 *
 * What somebody wrote is kept as a list of assignments in the order of their weight. Resolving walks it: each assignment finds its row,
 * passes the row's rules and replaces what was there.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings.h"

#include "rb-settings-private.h"

#include <string.h>

#define MAX_SHOWN 60   /* characters of a wrong value that are repeated */

typedef struct {
  char         *group;
  char         *key;
  char         *value;
  RbOriginKind  kind;
  char         *origin;
} Assignment;

struct _RbSettings {
  GPtrArray  *assignments;    /* of Assignment, lightest first */
  GPtrArray  *settings;       /* of RbSetting */
  GHashTable *by_name;        /* "group.key" to RbSetting, borrowed */
  GPtrArray  *patterns;       /* of const RbSettingRow *, rows whose key ends in '*' */
  GPtrArray  *module_rows;    /* of RbSettingRow, owned; their strings are interned */
};

static const struct {
  const char *variable;
  const char *group;
  const char *key;
} variables[] = {
  { "MASONS_BROKER_ACCOUNT_ID",       "broker", "account-id" },
  { "MASONS_BROKER_USER_DATA",        "broker", "data-dir" },
  { "MASONS_BROKER_API_HOST",         "broker", "api-host" },
  { "MASONS_BROKER_CREDENTIALS_FILE", "broker", "credentials-file" },
  { "OPENCLAW_HOME",                  "broker", "openclaw-home" },
};

static void
assignment_free (Assignment *assignment)
{
  g_free (assignment->group);
  g_free (assignment->key);
  g_free (assignment->value);
  g_free (assignment->origin);
  g_free (assignment);
}

static void
setting_free (RbSetting *setting)
{
  g_free (setting->key);
  g_free (setting->value);
  g_free (setting->origin);
  g_free (setting);
}

static RbSetting *
lookup (const RbSettings *self,
        const char       *group,
        const char       *key)
{
  g_autofree char *name = g_strdup_printf ("%s.%s", group, key);

  return g_hash_table_lookup (self->by_name, name);
}

static RbSetting *
add_setting (RbSettings         *self,
             const RbSettingRow *row,
             const char         *key)
{
  RbSetting *setting = g_new0 (RbSetting, 1);

  setting->row = row;
  setting->key = g_strdup (key);
  g_ptr_array_add (self->settings, setting);
  g_hash_table_insert (self->by_name, g_strdup_printf ("%s.%s", row->group, key), setting);
  return setting;
}

static void
add_row (RbSettings         *self,
         const RbSettingRow *row)
{
  if (g_str_has_suffix (row->key, "*"))
    g_ptr_array_add (self->patterns, (gpointer) row);
  else if (lookup (self, row->group, row->key) == NULL)
    add_setting (self, row, row->key);
}

static void
add_rows (RbSettings         *self,
          const RbSettingRow *rows,
          guint               n_rows)
{
  for (guint i = 0; i < n_rows; i++)
    add_row (self, &rows[i]);
}

RbSettings *
rb_settings_new (void)
{
  RbSettings *self = g_new0 (RbSettings, 1);
  const RbSettingRow *rows;
  guint n_rows;

  self->assignments = g_ptr_array_new_with_free_func ((GDestroyNotify) assignment_free);
  self->settings = g_ptr_array_new_with_free_func ((GDestroyNotify) setting_free);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->patterns = g_ptr_array_new ();
  self->module_rows = g_ptr_array_new_with_free_func (g_free);

  rows = rb_settings_table_get (&n_rows);
  add_rows (self, rows, n_rows);
  rows = rb_settings_limits_get (&n_rows);
  add_rows (self, rows, n_rows);
  rb_settings_resolve (self, NULL);
  return self;
}

void
rb_settings_free (RbSettings *self)
{
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->settings);
  g_ptr_array_unref (self->patterns);
  g_ptr_array_unref (self->module_rows);
  g_ptr_array_unref (self->assignments);
  g_free (self);
}

GPtrArray *
rb_settings_get_all (const RbSettings *self)
{
  return self->settings;
}

static Assignment *
assignment_new (const char   *group,
                const char   *key,
                const char   *value,
                RbOriginKind  kind,
                const char   *origin)
{
  Assignment *assignment = g_new0 (Assignment, 1);

  assignment->group = g_strdup (group);
  assignment->key = g_strdup (key);
  assignment->value = g_strdup (value);
  assignment->kind = kind;
  assignment->origin = g_strdup (origin);
  return assignment;
}

void
rb_settings_set (RbSettings   *self,
                 const char   *group,
                 const char   *key,
                 const char   *value,
                 RbOriginKind  kind,
                 const char   *origin)
{
  g_ptr_array_add (self->assignments, assignment_new (group, key, value, kind, origin));
}

void
rb_settings_infer (RbSettings *self,
                   const char *group,
                   const char *key,
                   const char *value,
                   const char *origin)
{
  g_ptr_array_insert (self->assignments, 0, assignment_new (group, key, value, RB_ORIGIN_DEFAULT, origin));
}

void
rb_settings_add_environment (RbSettings        *self,
                             const char *const *environment)
{
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_environ_getenv ((char **) environment, variables[i].variable);
      g_autofree char *origin = g_strdup_printf ("environment %s", variables[i].variable);

      if (value != NULL && *value != '\0')
        rb_settings_set (self, variables[i].group, variables[i].key, value, RB_ORIGIN_ENVIRONMENT, origin);
    }
}

void
rb_settings_add_option (RbSettings *self,
                        const char *assignment,
                        GPtrArray  *problems)
{
  const char *equals = strchr (assignment, '=');
  const char *dot = strchr (assignment, '.');
  g_autofree char *group = NULL;
  g_autofree char *key = NULL;

  if (equals == NULL || dot == NULL || dot == assignment || equals <= dot + 1)
    {
      g_ptr_array_add (problems, g_strdup_printf ("option --set: '%s' must have the form GROUP.KEY=VALUE", assignment));
      return;
    }

  group = g_strndup (assignment, (gsize) (dot - assignment));
  key = g_strndup (dot + 1, (gsize) (equals - dot - 1));
  rb_settings_set (self, group, key, equals + 1, RB_ORIGIN_OPTION, "option --set");
}

static void
add_module_rows (RbSettings            *self,
                 const char            *group,
                 const RbModuleSetting *from)
{
  for (; from != NULL && from->key != NULL; from++)
    {
      RbSettingRow *row = g_new0 (RbSettingRow, 1);

      row->group = g_intern_string (group);
      row->key = g_intern_string (from->key);
      row->type = from->type;
      row->default_value = g_intern_string (from->default_value);
      row->summary = g_intern_string (from->summary);
      g_ptr_array_add (self->module_rows, row);
      add_row (self, row);
    }
}

void
rb_settings_add_module (RbSettings         *self,
                        const RbModuleInfo *info)
{
  add_module_rows (self, info->name, info->settings);
  if (info->kind == RB_MODULE_CONNECTOR)
    add_module_rows (self, info->name, rb_settings_isolation_get ());
}

const char *
rb_settings_get_written (const RbSettings *self,
                         const char       *group,
                         const char       *key)
{
  const char *value = NULL;

  for (guint i = 0; i < self->assignments->len; i++)
    {
      const Assignment *assignment = self->assignments->pdata[i];

      if (g_str_equal (assignment->group, group) && g_str_equal (assignment->key, key))
        value = assignment->value;
    }
  return value;
}

gboolean
rb_settings_has_key (RbSettings *self,
                     const char *group,
                     const char *key)
{
  return lookup (self, group, key) != NULL;
}

static gboolean
is_known_group (const RbSettings *self,
                const char       *group)
{
  for (guint i = 0; i < self->settings->len; i++)
    if (g_str_equal (((RbSetting *) self->settings->pdata[i])->row->group, group))
      return TRUE;
  for (guint i = 0; i < self->patterns->len; i++)
    if (g_str_equal (((const RbSettingRow *) self->patterns->pdata[i])->group, group))
      return TRUE;
  return FALSE;
}

static gboolean
is_known (RbSettings       *self,
          const Assignment *assignment)
{
  if (rb_settings_isolation_has (assignment->key))
    return rb_settings_has_key (self, assignment->group, assignment->key);
  return is_known_group (self, assignment->group);
}

GStrv
rb_settings_dup_unknown_groups (RbSettings *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->assignments->len; i++)
    {
      const Assignment *assignment = self->assignments->pdata[i];

      if (!is_known (self, assignment) && g_hash_table_add (seen, assignment->group))
        g_strv_builder_add (builder, assignment->group);
    }
  return g_strv_builder_end (builder);
}

static const RbSettingRow *
find_pattern (const RbSettings *self,
              const char       *group,
              const char       *key)
{
  for (guint i = 0; i < self->patterns->len; i++)
    {
      const RbSettingRow *row = self->patterns->pdata[i];
      gsize prefix = strlen (row->key) - 1;

      if (g_str_equal (row->group, group) && strncmp (row->key, key, prefix) == 0 && strlen (key) > prefix)
        return row;
    }
  return NULL;
}

static RbSetting *
find_setting (RbSettings       *self,
              const Assignment *assignment)
{
  RbSetting *setting = lookup (self, assignment->group, assignment->key);
  const RbSettingRow *row;

  if (setting != NULL)
    return setting;

  row = find_pattern (self, assignment->group, assignment->key);
  return row == NULL ? NULL : add_setting (self, row, assignment->key);
}

static void
add_problem (GPtrArray        *problems,
             const Assignment *assignment,
             const char       *text)
{
  if (problems != NULL)
    g_ptr_array_add (problems, g_strdup_printf ("%s: [%s] %s: %s",
                                                assignment->origin, assignment->group, assignment->key, text));
}

static void
add_unknown (const RbSettings *self,
             GPtrArray        *problems,
             const Assignment *assignment)
{
  if (is_known_group (self, assignment->group) && rb_settings_isolation_has (assignment->key))
    add_problem (problems, assignment, "only a connector can run in a process of its own, and none of that name was found");
  else if (is_known_group (self, assignment->group))
    add_problem (problems, assignment, "there is no such key in this group");
  else
    add_problem (problems, assignment, "there is no such group, and no module of that name was found");
}

static void
add_bad_value (GPtrArray          *problems,
               const RbSettingRow *row,
               const Assignment   *assignment,
               const GError       *error)
{
  g_autofree char *shown = NULL;
  g_autofree char *text = NULL;

  if (row->is_secret)
    {
      add_problem (problems, assignment, error->message);
      return;
    }
  shown = g_utf8_substring (assignment->value, 0, MIN (MAX_SHOWN, g_utf8_strlen (assignment->value, -1)));
  text = g_strdup_printf ("%s (it is '%s')", error->message, shown);
  add_problem (problems, assignment, text);
}

/* An empty value takes a setting back to unset where unset means something. */
static gboolean
means_unset (const RbSettingRow *row,
             const char         *value)
{
  return *value == '\0' && row->default_value == NULL && row->type != RB_SETTING_STRING_LIST;
}

static gboolean
apply (RbSettings       *self,
       const Assignment *assignment,
       GPtrArray        *problems)
{
  RbSetting *setting = find_setting (self, assignment);
  g_autofree char *value = NULL;
  g_autoptr(GError) error = NULL;

  if (setting == NULL)
    {
      add_unknown (self, problems, assignment);
      return FALSE;
    }

  if (!means_unset (setting->row, assignment->value))
    {
      gboolean relative = assignment->kind != RB_ORIGIN_FILE;

      if (!g_utf8_validate (assignment->value, -1, NULL))
        {
          add_problem (problems, assignment, "must be UTF-8 text");
          return FALSE;
        }
      value = rb_settings_table_check (setting->row, assignment->value, relative, &error);
      if (value == NULL)
        {
          add_bad_value (problems, setting->row, assignment, error);
          return FALSE;
        }
    }

  g_free (setting->value);
  setting->value = g_steal_pointer (&value);
  g_free (setting->origin);
  setting->origin = g_strdup (assignment->origin);
  return TRUE;
}

static void
reset (RbSettings *self)
{
  for (guint i = 0; i < self->settings->len; i++)
    {
      RbSetting *setting = self->settings->pdata[i];

      g_free (setting->value);
      setting->value = g_strdup (setting->row->default_value);
      g_free (setting->origin);
      setting->origin = g_strdup ("default");
    }
}

/**
 * rb_settings_resolve:
 * @self: the settings
 * @problems: (nullable) (element-type utf8): gets one line for each wrong assignment, also for one that a heavier layer
 *   overrides
 *
 * Returns: %TRUE if nothing is wrong
 */
gboolean
rb_settings_resolve (RbSettings *self,
                     GPtrArray  *problems)
{
  gboolean good = TRUE;

  reset (self);
  for (guint i = 0; i < self->assignments->len; i++)
    good = apply (self, self->assignments->pdata[i], problems) && good;
  return good;
}

const char *
rb_settings_get_string (const RbSettings *self,
                        const char       *group,
                        const char       *key)
{
  const RbSetting *setting = lookup (self, group, key);

  g_return_val_if_fail (setting != NULL, NULL);
  return setting->value;
}

gint64
rb_settings_get_integer (const RbSettings *self,
                         const char       *group,
                         const char       *key)
{
  const char *value = rb_settings_get_string (self, group, key);

  return value != NULL ? g_ascii_strtoll (value, NULL, 10) : 0;
}

GStrv
rb_settings_dup_list (const RbSettings *self,
                      const char       *group,
                      const char       *key)
{
  const char *value = rb_settings_get_string (self, group, key);

  return value != NULL ? g_strsplit (value, ";", -1) : NULL;
}

const char *
rb_settings_get_origin (const RbSettings *self,
                        const char       *group,
                        const char       *key)
{
  const RbSetting *setting = lookup (self, group, key);

  g_return_val_if_fail (setting != NULL, NULL);
  return setting->origin;
}

static gboolean
has_key (const RbModuleInfo *info,
         const RbSetting    *setting)
{
  for (const RbModuleSetting *at = info->settings; at != NULL && at->key != NULL; at++)
    if (g_str_equal (at->key, setting->row->key))
      return TRUE;
  return FALSE;
}

GHashTable *
rb_settings_dup_module_values (const RbSettings   *self,
                               const RbModuleInfo *info)
{
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < self->settings->len; i++)
    {
      const RbSetting *setting = self->settings->pdata[i];

      if (setting->value != NULL && g_str_equal (setting->row->group, info->name) && has_key (info, setting))
        g_hash_table_insert (values, g_strdup (setting->key), g_strdup (setting->value));
    }
  return values;
}

static RbLegacyUpstream
legacy_upstream_from_string (const char *text)
{
  if (g_str_equal (text, "on"))
    return RB_LEGACY_UPSTREAM_ON;
  return g_str_equal (text, "off") ? RB_LEGACY_UPSTREAM_OFF : RB_LEGACY_UPSTREAM_AUTO;
}

void
rb_settings_fill_core (const RbSettings *self,
                       RbCoreSettings   *core)
{
  const RbSettingRow *rows;
  guint n_rows;

  rb_core_settings_init (core);
  rows = rb_settings_limits_get (&n_rows);
  for (guint i = 0; i < n_rows; i++)
    rb_settings_limits_set (core, &rows[i], rb_settings_get_integer (self, rows[i].group, rows[i].key));
  core->legacy_adapters = g_str_equal (rb_settings_get_string (self, "compat", "legacy-adapters"), "auto");
  core->legacy_upstream = legacy_upstream_from_string (rb_settings_get_string (self, "compat", "legacy-upstream"));
  core->spawn_stop_timeout = rb_settings_get_integer (self, "spawn", "stop-timeout-ms");
  core->remote_spawn = g_str_equal (rb_settings_get_string (self, "spawn", "remote"), "allow");
  rb_policy_action_from_string (rb_settings_get_string (self, "spawn", "approval"), RB_POLICY_SPAWN, &core->spawn_approval);
}

void
rb_settings_fill_ipc (const RbSettings *self,
                      RbIpcOptions     *ipc)
{
  gint64 ping_ms = rb_settings_get_integer (self, "ipc", "ping-interval-ms");

  ipc->server_version = rb_settings_get_string (self, "broker", "server-version");
  ipc->product_version = RB_VERSION;
  ipc->body_max = (gsize) rb_settings_get_integer (self, "ipc", "body-max");
  ipc->frame_max = (gsize) rb_settings_get_integer (self, "ipc", "frame-max");
  ipc->connections_max = (guint) rb_settings_get_integer (self, "ipc", "connections-max");
  ipc->requests_max = (guint) rb_settings_get_integer (self, "ipc", "requests-max");
  ipc->input_max = (gsize) rb_settings_get_integer (self, "ipc", "input-max");
  ipc->header_timeout_ms = rb_settings_get_integer (self, "ipc", "header-timeout-ms");
  /* There, 0 asks for the default and below 0 is off. */
  ipc->ping_interval_ms = ping_ms == 0 ? -1 : ping_ms;
  ipc->is_page_off = !g_str_equal (rb_settings_get_string (self, "page", "enabled"), "true");
}
