/* rb-manual-check.c: what rb-module-check(1) has from the program's own tables
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-manual.h"

#include "rb-check-case.h"
#include "rb-roff.h"

static const char *
take_option_note (gpointer    user_data,
                  const char *option)
{
  return rb_template_take_note (user_data, "--%s", option);
}

void
rb_manual_check_options (RbTemplate *page,
                         GString    *out)
{
  rb_roff_options (out, rb_check_options_get_entries (), take_option_note, page);
}

static void
put_table (GString           *out,
           const RbCheckText *row)
{
  for (; row->left != NULL; row++)
    {
      g_string_append (out, ".TP\n\\fB");
      rb_roff_escape (out, row->left);
      g_string_append (out, "\\fR\n");
      rb_roff_summary (out, row->right, TRUE);
    }
}

void
rb_manual_check_exit_status (RbTemplate *page,
                             GString    *out)
{
  put_table (out, rb_check_options_get_exit_codes ());
}

void
rb_manual_check_examples (RbTemplate *page,
                          GString    *out)
{
  put_table (out, rb_check_options_get_examples ());
}

void
rb_manual_check_cases (RbTemplate *page,
                       GString    *out)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (RbModuleKind kind = RB_MODULE_CONNECTOR; kind <= RB_MODULE_EMITTER; kind++)
    {
      g_autoptr(GPtrArray) cases = rb_check_list_cases (kind);

      for (guint i = 0; i < cases->len; i++)
        {
          const RbCheckCase *info = g_ptr_array_index (cases, i);

          if (!g_hash_table_add (seen, (gpointer) info))
            continue;
          g_string_append_printf (out, ".TP\n.B %s\n", info->name);
          rb_roff_summary (out, info->rule, TRUE);
        }
    }
}
