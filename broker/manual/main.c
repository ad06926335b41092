/* main.c: make-manual TEMPLATE OUTPUT [MODULE...]: writes a man page while the tree is built
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-manual.h"

static const RbTemplateTable tables[] = {
  { "verbs", rb_manual_verbs },
  { "options", rb_manual_options },
  { "exit-status", rb_manual_exit_status },
  { "settings", rb_manual_settings },
  { "daemon-options", rb_manual_daemon_options },
  { "daemon-exit-status", rb_manual_daemon_exit_status },
  { "daemon-examples", rb_manual_daemon_examples },
  { "mcp-options", rb_manual_mcp_options },
  { "mcp-tools", rb_manual_mcp_tools },
  { "mcp-exit-status", rb_manual_mcp_exit_status },
  { "mcp-examples", rb_manual_mcp_examples },
  { "check-options", rb_manual_check_options },
  { "check-exit-status", rb_manual_check_exit_status },
  { "check-examples", rb_manual_check_examples },
  { "check-cases", rb_manual_check_cases },
  { NULL },
};

static gboolean
make (const char   *template_path,
      const char   *output,
      char        **module_paths,
      GError      **error)
{
  g_autoptr(RbTemplate) page = rb_template_load (template_path, error);
  g_autofree char *text = NULL;

  if (page == NULL)
    return FALSE;
  for (; *module_paths != NULL; module_paths++)
    if (!rb_manual_add_module (*module_paths, error))
      return FALSE;
  text = rb_template_expand (page, tables, error);
  return text != NULL && g_file_set_contents (output, text, -1, error);
}

/* The pages are English; no locale is set. */
int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;

  if (argc < 3)
    {
      g_printerr ("usage: make-manual TEMPLATE OUTPUT [MODULE...]\n");
      return 2;
    }
  if (!make (argv[1], argv[2], argv + 3, &error))
    {
      g_printerr ("make-manual: %s: %s\n", argv[1], error->message);
      return 1;
    }
  return 0;
}
