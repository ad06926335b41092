/* rb-mcp-options.c: the command line of runtime-broker-mcp
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-options.h"

#include <string.h>

/* The person's name for this session, where the command line is the host's. */
#define NAME_VARIABLE "RUNTIME_BROKER_MCP_NAME"

static RbMcpOptions parsed;

static const GOptionEntry entries[] = {
  { "name", 'n', 0, G_OPTION_ARG_STRING, &parsed.name, "Name of this session, instead of that of the host and the folder", "NAME" },
  { "account", 0, 0, G_OPTION_ARG_STRING, &parsed.account, "Account of the broker", "ID" },
  { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &parsed.data_dir, "Where the state of all accounts lies", "DIR" },
  { "no-start", 0, 0, G_OPTION_ARG_NONE, &parsed.no_start, "Do not start a broker when none is running", NULL },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &parsed.verbose, "Log to standard error too what is no warning", NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &parsed.version, "Print the version and exit", NULL },
  G_OPTION_ENTRY_NULL
};

static const RbMcpText examples[] = {
  { "claude mcp add runtime-broker -- runtime-broker-mcp", "tell Claude Code of it" },
  { "runtime-broker-mcp --name reviewer", "a session that rules and people know as 'reviewer', and that gets what waited for one of that name" },
  { NULL }
};

static const RbMcpText exit_codes[] = {
  { "0", "the host closed standard input, or SIGTERM or SIGINT came" },
  { "2", "the command line is wrong" },
  { NULL }
};

const GOptionEntry *
rb_mcp_options_get_entries (void)
{
  return entries;
}

const RbMcpText *
rb_mcp_options_get_examples (void)
{
  return examples;
}

const RbMcpText *
rb_mcp_options_get_exit_codes (void)
{
  return exit_codes;
}

static void
append_table (GString         *text,
              const char      *heading,
              const RbMcpText *row,
              int              width)
{
  g_string_append_printf (text, "%s\n", heading);
  for (; row->left != NULL; row++)
    g_string_append_printf (text, "  %-*s  %s\n", width, row->left, row->right);
}

static char *
dup_description (void)
{
  GString *text = g_string_new (NULL);

  append_table (text, "Examples:", examples, 51);
  g_string_append_c (text, '\n');
  append_table (text, "Exit status:", exit_codes, 1);
  return g_string_free (text, FALSE);
}

static gboolean
check_rest (int      argc,
            char   **argv,
            GError **error)
{
  if (argc < 2)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument '%s'", argv[1]);
  return FALSE;
}

gboolean
rb_mcp_options_parse (RbMcpOptions   *options,
                      int            *argc,
                      char         ***argv,
                      GError        **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *description = dup_description ();
  gboolean good;

  g_option_context_set_summary (context, "An MCP server on standard input and output: the host's agent takes part in the network of runtime-broker.");
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  good = g_option_context_parse (context, argc, argv, error) && check_rest (*argc, *argv, error);
  *options = parsed;
  memset (&parsed, 0, sizeof parsed);
  if (options->name == NULL && g_getenv (NAME_VARIABLE) != NULL && *g_getenv (NAME_VARIABLE) != '\0')
    options->name = g_strdup (g_getenv (NAME_VARIABLE));
  return good;
}

void
rb_mcp_options_clear (RbMcpOptions *options)
{
  g_free (options->name);
  g_free (options->account);
  g_free (options->data_dir);
}

static void
replace (char       **member,
         const char  *value)
{
  if (value == NULL)
    return;
  g_free (*member);
  *member = g_strdup (value);
}

RbClientOptions *
rb_mcp_options_make_client (const RbMcpOptions *options)
{
  RbClientOptions *client = rb_client_options_new ();

  replace (&client->account_id, options->account);
  replace (&client->data_dir, options->data_dir);
  replace (&client->client_kind, "runtime-broker-mcp");
  replace (&client->client_version, RB_VERSION);
  client->start = !options->no_start;
  return client;
}
