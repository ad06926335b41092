/* rb-manual-settings.c: what broker.conf(5) has from the tables of settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-manual.h"

#include "rb-error.h"
#include "rb-roff.h"
#include "rb-settings-table.h"

#include <gmodule.h>
#include <string.h>

/* Not more are in the tree, and each stays open for as long as this program lives. */
#define MODULES_MAX 64

static const RbModuleInfo *modules[MODULES_MAX];
static guint n_modules;

/* No checks as the host makes them: what was built a moment ago by this user is read, nothing of it is run. */
gboolean
rb_manual_add_module (const char  *path,
                      GError     **error)
{
  GModule *module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  gpointer info = NULL;

  if (module == NULL || n_modules == MODULES_MAX || !g_module_symbol (module, RB_MODULE_INFO_SYMBOL, &info))
    {
      rb_set_error (error, RB_ERROR_INVALID, "no_module", "'%s' is no module: %s", path, g_module_error ());
      return FALSE;
    }
  g_module_make_resident (module);
  modules[n_modules++] = info;
  return TRUE;
}

static void
append_words (GString    *out,
              const char *separator,
              const char *last,
              char      **words)
{
  guint n = g_strv_length (words);

  for (guint i = 0; i < n; i++)
    {
      g_string_append (out, "\\fB");
      rb_roff_escape (out, words[i]);
      g_string_append_printf (out, "\\fR%s", i + 2 < n ? separator : i + 2 == n ? last : "");
    }
}

/* The values that may be given: those of a list, or from one number to another. */
static void
append_range (GString            *out,
              const RbSettingRow *row)
{
  g_auto(GStrv) choices = row->choices != NULL ? g_strsplit (row->choices, ";", -1) : NULL;

  if (choices != NULL)
    {
      g_string_append (out, "One of ");
      append_words (out, ", ", " and ", choices);
      g_string_append (out, ".\n");
    }
  else if (row->type == RB_SETTING_INTEGER && row->min != row->max)
    g_string_append_printf (out, "From %s%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ".\n", row->min < 0 ? "\\-" : "", ABS (row->min), row->max);
}

static void
append_default (GString    *out,
                const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_string_append (out, "Default: \\fB");
  rb_roff_escape (out, value);
  g_string_append (out, "\\fR.\n");
}

static void
append_setting (RbTemplate         *page,
                GString            *out,
                const RbSettingRow *row,
                gboolean            capital)
{
  const char *note = rb_template_take_note (page, "%s.%s", row->group, row->key);
  g_auto(GStrv) parts = g_strsplit (row->key, "*", 2);

  g_string_append (out, ".TP\n\\fB");
  rb_roff_escape (out, parts[0]);
  g_string_append_printf (out, "\\fR%s\n", parts[1] != NULL ? "\\fIKIND\\fR" : "");
  rb_roff_summary (out, row->summary, capital);
  g_string_append (out, note != NULL ? note : "");
  append_range (out, row);
  append_default (out, row->default_value);
}

static void
append_heading (RbTemplate *page,
                GString    *out,
                const char *group)
{
  const char *note = rb_template_take_note (page, "[%s]", group);

  g_string_append (out, ".SH GROUP [");
  rb_roff_escape (out, group);
  g_string_append_printf (out, "]\n%s", note != NULL ? note : "");
}

/* A group may stand in more than one place of a table; on the page it stands once, where it first was. */
static void
append_groups (RbTemplate         *page,
               GString            *out,
               const RbSettingRow *rows,
               guint               n_rows)
{
  g_autoptr(GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < n_rows; i++)
    {
      if (!g_hash_table_add (done, (gpointer) rows[i].group))
        continue;
      append_heading (page, out, rows[i].group);
      for (guint j = i; j < n_rows; j++)
        if (g_str_equal (rows[j].group, rows[i].group))
          append_setting (page, out, &rows[j], TRUE);
    }
}

static char *
dup_file_name (const RbModuleInfo *info)
{
  return g_strdup_printf ("%s-%s", rb_module_kind_to_string (info->kind), info->name);
}

/* "The modules connector-local and upstream-local." */
static void
append_module_names (GString    *out,
                     const char *group)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) names = NULL;

  for (guint i = 0; i < n_modules; i++)
    {
      g_autofree char *name = dup_file_name (modules[i]);

      if (g_str_equal (modules[i]->name, group))
        g_strv_builder_add (builder, name);
    }
  names = g_strv_builder_end (builder);
  g_string_append (out, names[0] != NULL && names[1] != NULL ? "The modules " : "The module ");
  append_words (out, ", ", " and ", names);
  g_string_append (out, ".\n");
}

/* Modules of one name share the group, and mostly the table too. */
static void
append_rows (RbTemplate            *page,
             GString               *out,
             const char            *group,
             const RbModuleSetting *at,
             GHashTable            *done)
{
  for (; at != NULL && at->key != NULL; at++)
    {
      RbSettingRow row = { .group = group, .key = at->key, .type = at->type, .default_value = at->default_value, .summary = at->summary };

      if (g_hash_table_add (done, (gpointer) at->key))
        append_setting (page, out, &row, FALSE);
    }
}

static void
append_module_settings (RbTemplate *page,
                        GString    *out,
                        const char *group)
{
  g_autoptr(GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean has_connector = FALSE;

  for (guint i = 0; i < n_modules; i++)
    if (g_str_equal (modules[i]->name, group))
      {
        append_rows (page, out, group, modules[i]->settings, done);
        has_connector = has_connector || modules[i]->kind == RB_MODULE_CONNECTOR;
      }
  if (has_connector)
    append_rows (page, out, group, rb_settings_isolation_get (), done);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  const RbModuleInfo *const *left = a;
  const RbModuleInfo *const *right = b;
  int order = strcmp ((*left)->name, (*right)->name);

  return order != 0 ? order : (int) (*left)->kind - (int) (*right)->kind;
}

void
rb_manual_settings (RbTemplate *page,
                    GString    *out)
{
  guint n_rows;
  const RbSettingRow *rows = rb_settings_table_get (&n_rows);

  append_groups (page, out, rows, n_rows);
  rows = rb_settings_limits_get (&n_rows);
  append_groups (page, out, rows, n_rows);

  qsort (modules, n_modules, sizeof modules[0], compare_names);
  for (guint i = 0; i < n_modules; i++)
    {
      const char *group = modules[i]->name;

      if (modules[i]->settings == NULL || (i > 0 && g_str_equal (modules[i - 1]->name, group)))
        continue;
      append_heading (page, out, group);
      append_module_names (out, group);
      append_module_settings (page, out, group);
    }
}
