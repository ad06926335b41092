/* rb-settings-explain.c: the settings as people see them: each value and where it came from
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings.h"

#include "rb-json-writer.h"
#include "rb-settings-private.h"

static void
insert_string (GVariantDict *dict,
               const char   *name,
               const char   *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, name, "s", value);
}

static const char *
get_shown (const RbSetting *setting)
{
  return setting->row->is_secret && setting->value != NULL ? RB_SETTING_SECRET_SHOWN : setting->value;
}

static GVariant *
setting_to_variant (const RbSetting *setting)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  insert_string (&dict, "group", setting->row->group);
  insert_string (&dict, "key", setting->key);
  insert_string (&dict, "value", get_shown (setting));
  insert_string (&dict, "default", setting->row->default_value);
  insert_string (&dict, "origin", setting->origin);
  insert_string (&dict, "summary", setting->row->summary);
  return g_variant_dict_end (&dict);
}

/**
 * rb_settings_view:
 * @self: the settings, resolved
 *
 * Returns: (transfer floating): aa{sv} with group, key, value (absent when unset), default (absent when there is none), origin
 *   and summary, all strings
 */
GVariant *
rb_settings_view (const RbSettings *self)
{
  GPtrArray *all = rb_settings_get_all (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < all->len; i++)
    g_variant_builder_add_value (&builder, setting_to_variant (all->pdata[i]));
  return g_variant_builder_end (&builder);
}

/* Values come from people's files; a control character must not reach the terminal. */
static void
append_value (GString    *text,
              const char *value)
{
  g_autofree char *shown = value != NULL ? g_strdup (value) : g_strdup ("(unset)");

  for (char *at = shown; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';
  g_string_append (text, shown);
}

/**
 * rb_settings_to_text:
 * @self: the settings, resolved
 *
 * Returns: (transfer full): lines `GROUP.KEY = VALUE`, followed by the origin in parentheses where it is not the default
 */
char *
rb_settings_to_text (const RbSettings *self)
{
  GPtrArray *all = rb_settings_get_all (self);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < all->len; i++)
    {
      const RbSetting *setting = all->pdata[i];

      g_string_append_printf (text, "%s.%s = ", setting->row->group, setting->key);
      append_value (text, get_shown (setting));
      if (!g_str_equal (setting->origin, "default"))
        {
          g_string_append (text, "   (");
          append_value (text, setting->origin);
          g_string_append_c (text, ')');
        }
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

/**
 * rb_settings_to_json:
 * @self: the settings, resolved
 *
 * Returns: (transfer full): rb_settings_view() as a JSON array and a line feed
 */
char *
rb_settings_to_json (const RbSettings *self)
{
  GPtrArray *all = rb_settings_get_all (self);
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *json = NULL;

  rb_json_writer_begin_array (writer, NULL);
  for (guint i = 0; i < all->len; i++)
    {
      g_autoptr(GVariant) setting = g_variant_ref_sink (setting_to_variant (all->pdata[i]));

      rb_json_writer_variant (writer, NULL, setting);
    }
  rb_json_writer_end_array (writer);
  json = rb_json_writer_end_text (writer);
  return g_strconcat (json, "\n", NULL);
}
