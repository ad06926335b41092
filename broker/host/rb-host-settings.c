/* rb-host-settings.c: whether values fit a module's table of settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host-settings.h"

#include <string.h>

/* A final '*' in the table stands for any ending. */
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
lookup_setting (const RbModuleInfo *info,
                const char         *key)
{
  for (const RbModuleSetting *setting = info->settings; setting != NULL && setting->key != NULL; setting++)
    if (is_key_of (setting->key, key))
      return setting;
  return NULL;
}

static gboolean
refuse (const RbModuleInfo  *info,
        const char          *key,
        const char          *must_be,
        const char          *value,
        GError             **error)
{
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "Module '%s': setting '%s' must be %s, not '%s'", info->name, key,
                must_be, value);
  return FALSE;
}

static gboolean
check_value (const RbModuleInfo     *info,
             const RbModuleSetting  *setting,
             const char             *value,
             GError                **error)
{
  static const char *const booleans[] = { "true", "yes", "on", "1", "false", "no", "off", "0", NULL };

  if (!g_utf8_validate (value, -1, NULL))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "Module '%s': setting '%s' is not UTF-8", info->name, setting->key);
      return FALSE;
    }

  switch (setting->type)
    {
    case RB_SETTING_INTEGER:
      if (!g_ascii_string_to_signed (value, 10, G_MININT64, G_MAXINT64, NULL, NULL))
        return refuse (info, setting->key, "an integer", value, error);
      break;
    case RB_SETTING_BOOLEAN:
      if (!g_strv_contains (booleans, value))
        return refuse (info, setting->key, "true or false", value, error);
      break;
    case RB_SETTING_PATH:
      if (*value == '\0')
        return refuse (info, setting->key, "a path", value, error);
      break;
    case RB_SETTING_STRING:
    case RB_SETTING_STRING_LIST:
      break;
    }
  return TRUE;
}

gboolean
rb_host_settings_check (const RbModuleInfo  *info,
                        GHashTable          *values,
                        GError             **error)
{
  GHashTableIter iter;
  gpointer key, value;

  if (values == NULL)
    return TRUE;

  g_hash_table_iter_init (&iter, values);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const RbModuleSetting *setting = lookup_setting (info, key);

      if (setting == NULL)
        {
          rb_set_error (error, RB_ERROR_INVALID, "unknown_setting", "Module '%s' has no setting '%s'", info->name,
                        (const char *) key);
          return FALSE;
        }
      if (value != NULL && !check_value (info, setting, value, error))
        return FALSE;
    }
  return TRUE;
}
