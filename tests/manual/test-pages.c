/* test-pages.c: the man pages that were built: complete, and without a fault that a formatter would see
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-options.h"
#include "rb-mcp-tool.h"
#include "rb-options.h"
#include "rb-roff.h"
#include "rb-settings-table.h"
#include "rb-test.h"
#include "rb-verb.h"

#include <gio/gio.h>
#include <string.h>

static const char *const pages[] = { "broker.conf.5", "brokerctl.1", "rb-module-check.1", "runtime-broker-mcp.1", "runtime-brokerd.8" };

static char *
dup_path (const char *page)
{
  return g_build_filename (g_getenv ("RB_TEST_MANUAL_DIR"), page, NULL);
}

static char *
read_page (const char *page)
{
  g_autofree char *path = dup_path (page);
  char *text = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* Returns where it stands, to go on from there. */
static const char *
find (const char *text,
      const char *before,
      const char *what,
      const char *after)
{
  g_autoptr(GString) entry = g_string_new (before);
  const char *found;

  rb_roff_escape (entry, what);
  g_string_append (entry, after);
  found = text != NULL ? strstr (text, entry->str) : NULL;
  if (found == NULL)
    g_error ("'%s' is not on the page", what);
  return found;
}

static void
find_options (const char         *text,
              const GOptionEntry *options)
{
  for (; options != NULL && options->long_name != NULL; options++)
    if (options->long_name[0] != '\0' && (options->flags & G_OPTION_FLAG_HIDDEN) == 0)
      text = find (text, "\\fB\\-\\-", options->long_name, "\\fR");
}

static void
test_verbs (void)
{
  g_autofree char *text = read_page ("brokerctl.1");
  const char *at = text;

  g_test_summary ("brokerctl(1) has every verb with every option, in the order of the help, and every exit code.");

  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    {
      if ((*verbs)->hidden)
        continue;
      at = find (at, "\n.SS ", (*verbs)->name, "\n");
      find_options (at, (*verbs)->options);
    }
  at = find (at, "\n.SH ", "OPTIONS", "\n");
  find_options (at, rb_verbs_get_common_options ());
  for (const RbExitCodeInfo *info = rb_verbs_get_exit_codes (); info->meaning != NULL; info++)
    {
      g_autofree char *code = g_strdup_printf ("%d", info->code);

      at = find (at, "\n.B ", code, "\n");
    }
}

static void
find_settings (const char         *text,
               const RbSettingRow *rows,
               guint               n_rows)
{
  for (guint i = 0; i < n_rows; i++)
    {
      const char *group = find (text, "\n.SH GROUP [", rows[i].group, "]\n");
      const char *next = strstr (group + 1, "\n.SH ");
      const char *key = find (group, "\n\\fB", rows[i].key, "\\fR\n");

      g_assert_true (next == NULL || key < next);
    }
}

static void
test_settings (void)
{
  g_autofree char *text = read_page ("broker.conf.5");
  guint n_rows;
  const RbSettingRow *rows = rb_settings_table_get (&n_rows);

  g_test_summary ("broker.conf(5) has every setting of the broker in its group, and the groups of the modules.");

  find_settings (text, rows, n_rows);
  rows = rb_settings_limits_get (&n_rows);
  find_settings (text, rows, n_rows);
  find (find (text, "\n.SH GROUP [", "local", "]\n"), "\\fB", "mailbox-limit", "\\fR\n");
  find (find (text, "\n.SH GROUP [", "gateway", "]\n"), "\\fB", "keepalive-ms", "\\fR\n");
  find (find (text, "\n.SH GROUP [", "command", "]\n"), "\\fB", "command-", "\\fR\\fIKIND\\fR\n");
}

static void
test_daemon (void)
{
  g_autofree char *text = read_page ("runtime-brokerd.8");
  const char *at = find (text, "\n.SH ", "OPTIONS", "\n");

  g_test_summary ("runtime-brokerd(8) has every option and every exit code.");

  find_options (at, rb_options_get_entries ());
  for (const RbOptionsText *row = rb_options_get_exit_codes (); row->left != NULL; row++)
    at = find (at, "\n\\fB", row->left, "\\fR\n");
}

static void
test_mcp (void)
{
  g_autofree char *text = read_page ("runtime-broker-mcp.1");
  const char *at = find (text, "\n.SH ", "OPTIONS", "\n");
  const RbMcpTool *tool;

  g_test_summary ("runtime-broker-mcp(1) has every option, tool, argument and exit code.");

  find_options (at, rb_mcp_options_get_entries ());
  at = find (at, "\n.SH ", "TOOLS", "\n");
  for (guint i = 0; (tool = rb_mcp_tools_get_nth (i)) != NULL; i++)
    {
      at = find (at, "\n.B ", tool->name, "\n");
      for (const RbMcpField *field = tool->takes; field->name != NULL; field++)
        at = find (at, "\n\\fI", field->name, "\\fR");
    }
  for (const RbMcpText *row = rb_mcp_options_get_exit_codes (); row->left != NULL; row++)
    at = find (at, "\n\\fB", row->left, "\\fR\n");
}

/* The formatter's name is @data, with its arguments. */
static void
test_formatted (gconstpointer data)
{
  g_auto(GStrv) argv = g_strsplit (data, " ", -1);
  g_autofree char *program = g_find_program_in_path (argv[0]);

  g_test_summary ("A formatter that looks for faults finds none.");

  if (program == NULL)
    {
      g_test_skip ("it is not installed");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      g_autofree char *path = dup_path (pages[i]);
      g_autofree char *command = g_strdup_printf ("%s %s", (const char *) data, path);
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;
      int status;

      g_assert_true (g_spawn_command_line_sync (command, &out, &err, &status, NULL));
      g_assert_cmpstr (err, ==, "");
      g_assert_cmpstr (out, ==, "");
      g_assert_cmpint (status, ==, 0);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/manual/pages/brokerctl", test_verbs);
  g_test_add_func ("/manual/pages/broker.conf", test_settings);
  g_test_add_func ("/manual/pages/runtime-brokerd", test_daemon);
  g_test_add_func ("/manual/pages/runtime-broker-mcp", test_mcp);
  g_test_add_data_func ("/manual/pages/groff", "groff -man -ww -z -Tutf8", test_formatted);
  g_test_add_data_func ("/manual/pages/mandoc", "mandoc -T lint -W warning", test_formatted);
  return g_test_run ();
}
