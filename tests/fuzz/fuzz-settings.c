/* fuzz-settings.c: any bytes at all in the place of a settings file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"
#include "rb-settings.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What was taken passes its rule again, in the same words. */
static void
check_value (const RbSettings   *settings,
             const RbSettingRow *row)
{
  const char *value = rb_settings_get_string (settings, row->group, row->key);
  g_autofree char *again = NULL;

  if (value == NULL)
    return;
  again = rb_settings_table_check (row, value, FALSE, NULL);
  g_assert_cmpstr (again, ==, value);
}

static void
check_values (const RbSettings *settings)
{
  guint n_rows[2];
  const RbSettingRow *tables[] = { rb_settings_table_get (&n_rows[0]), rb_settings_limits_get (&n_rows[1]) };
  RbCoreSettings core;

  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (guint i = 0; i < n_rows[t]; i++)
      check_value (settings, &tables[t][i]);
  rb_settings_fill_core (settings, &core);
  g_assert_cmpuint (core.inbox_cap, >, 0);
  g_assert_cmpint (core.push_ack_timeout, >, 0);
}

/* No control character of a file may reach a terminal. */
static void
check_shown (const RbSettings *settings)
{
  g_autofree char *text = rb_settings_to_text (settings);
  g_autofree char *json_text = rb_settings_to_json (settings);
  g_autoptr(GBytes) bytes = g_bytes_new (json_text, strlen (json_text));
  g_autoptr(RbJson) json = rb_json_parse (bytes, 0, NULL);

  g_assert_nonnull (json);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *at = text; *at != '\0'; at++)
    g_assert_true (*at == '\n' || !g_ascii_iscntrl (*at));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_auto(GStrv) groups = NULL;
  gboolean good;

  rb_settings_add_text (settings, "f", (const char *) data, size, problems);
  good = problems->len == 0;
  groups = rb_settings_dup_unknown_groups (settings);
  good = rb_settings_resolve (settings, problems) && good;
  g_assert_cmpint (good, ==, problems->len == 0);
  if (groups[0] != NULL)
    g_assert_false (good);
  for (guint i = 0; i < problems->len; i++)
    {
      g_assert_true (g_utf8_validate (problems->pdata[i], -1, NULL));
      g_assert_true (g_str_has_prefix (problems->pdata[i], "f"));
    }
  check_values (settings);
  check_shown (settings);
  return 0;
}
