/* rb-manual-mcp.c: what runtime-broker-mcp(1) has from its tables: options, tools, texts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-manual.h"

#include "rb-mcp-options.h"
#include "rb-mcp-tool.h"
#include "rb-roff.h"

static const char *
take_option_note (gpointer    user_data,
                  const char *option)
{
  return rb_template_take_note (user_data, "--%s", option);
}

void
rb_manual_mcp_options (RbTemplate *page,
                       GString    *out)
{
  rb_roff_options (out, rb_mcp_options_get_entries (), take_option_note, page);
}

void
rb_manual_mcp_exit_status (RbTemplate *page,
                           GString    *out)
{
  for (const RbMcpText *row = rb_mcp_options_get_exit_codes (); row->left != NULL; row++)
    rb_roff_row (out, row->left, row->right, rb_template_take_note (page, "exit %s", row->left));
}

void
rb_manual_mcp_examples (RbTemplate *page,
                        GString    *out)
{
  for (const RbMcpText *row = rb_mcp_options_get_examples (); row->left != NULL; row++)
    rb_roff_row (out, row->left, row->right, NULL);
}

static void
append_arguments (GString          *out,
                  const RbMcpField *field)
{
  if (field->name == NULL)
    return;
  g_string_append (out, ".RS\n");
  for (; field->name != NULL; field++)
    {
      g_string_append (out, ".TP\n\\fI");
      rb_roff_escape (out, field->name);
      g_string_append_printf (out, "\\fR%s\n", field->is_required ? "" : " (optional)");
      rb_roff_prose (out, field->text);
    }
  g_string_append (out, ".RE\n");
}

/* A person reads here what a model is told. */
void
rb_manual_mcp_tools (RbTemplate *page,
                     GString    *out)
{
  const RbMcpTool *tool;

  for (guint i = 0; (tool = rb_mcp_tools_get_nth (i)) != NULL; i++)
    {
      const char *note = rb_template_take_note (page, "%s", tool->name);

      g_string_append (out, ".TP\n.B ");
      rb_roff_escape (out, tool->name);
      g_string_append_c (out, '\n');
      rb_roff_prose (out, tool->text);
      g_string_append (out, note != NULL ? note : "");
      append_arguments (out, tool->takes);
    }
}
