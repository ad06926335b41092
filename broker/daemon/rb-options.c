/* rb-options.c: the command line of runtime-brokerd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-options.h"

#include <glib/gi18n.h>
#include <string.h>

static RbOptions parsed;

static const GOptionEntry entries[] = {
  { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &parsed.setup.assignments, N_ ("Set any setting; may be repeated"), "GROUP.KEY=VALUE" },
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &parsed.setup.config_file, N_ ("Read this file instead of the usual ones"), N_ ("FILE") },
  { "profile", 0, 0, G_OPTION_ARG_STRING, &parsed.setup.profile, N_ ("Which network: local or masons"), N_ ("NAME") },
  { "account", 0, 0, G_OPTION_ARG_STRING, &parsed.setup.account, N_ ("Account to serve"), N_ ("ID") },
  { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &parsed.setup.data_dir, N_ ("Where the state of all accounts lies"), N_ ("DIR") },
  { "log-level", 0, 0, G_OPTION_ARG_STRING, &parsed.setup.log_level, N_ ("debug, info, message, warning or error"), N_ ("LEVEL") },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &parsed.verbose, N_ ("Log to standard error too"), NULL },
  { "activated", 0, 0, G_OPTION_ARG_NONE, &parsed.activated, N_ ("The session bus has started this: say to its callers why it cannot serve"), NULL },
  { "check-config", 0, 0, G_OPTION_ARG_NONE, &parsed.check, N_ ("Check whether a start would find what it needs, and exit"), NULL },
  { "explain-config", 0, 0, G_OPTION_ARG_NONE, &parsed.explain, N_ ("Print each setting and where it came from, and exit"), NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &parsed.json, N_ ("With --explain-config: as JSON"), NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &parsed.version, N_ ("Print the version and exit"), NULL },
  { "login", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &parsed.login, NULL, NULL },
  { "examine", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &parsed.examine, NULL, NULL },
  { "edit-config", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &parsed.edit_config, NULL, NULL },
  { "to-value", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &parsed.to_value, NULL, NULL },
  { "to-file", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &parsed.to_file, NULL, NULL },
  { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY, &parsed.rest, NULL, NULL },
  G_OPTION_ENTRY_NULL
};

static const char summary[] = N_ ("The session service through which the agent runtimes of one person share one network identity.");

static const RbOptionsText examples[] = {
  { "runtime-brokerd", N_ ("run with the settings files; profile local by default") },
  { "runtime-brokerd --account work --verbose", N_ ("another account, with the log on standard error") },
  { "runtime-brokerd --set limits.inbox-cap=1000", N_ ("any setting of broker.conf(5)") },
  { "runtime-brokerd --explain-config", N_ ("each setting, and where it came from") },
  { NULL },
};

static const RbOptionsText exit_codes[] = {
  { "0", N_ ("stopped by SIGTERM, SIGINT or SIGUSR2, superseded, or another healthy broker already serves the account") },
  { "1", N_ ("the start failed (options, settings, credentials, database, a required module), the network refuses us, or an internal failure") },
  { "3", N_ ("with --activated: another healthy broker already serves the account") },
  { NULL },
};

const GOptionEntry *
rb_options_get_entries (void)
{
  return entries;
}

const RbOptionsText *
rb_options_get_examples (void)
{
  return examples;
}

const RbOptionsText *
rb_options_get_exit_codes (void)
{
  return exit_codes;
}

static gboolean
check_rest (const RbOptions  *options,
            GError          **error)
{
  /* A client that starts its broker lazily passes one path of a script; it means nothing here (protocol.md 3.11). */
  if (options->rest == NULL || options->rest[1] == NULL)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("Unexpected argument '%s'"), options->rest[1]);
  return FALSE;
}

static void
append_columns (GString             *text,
                const char          *heading,
                const RbOptionsText *row,
                int                  width)
{
  g_string_append_printf (text, "%s\n", heading);
  for (; row->left != NULL; row++)
    g_string_append_printf (text, "  %-*s  %s\n", width, row->left, _ (row->right));
}

static char *
dup_description (void)
{
  GString *text = g_string_new (NULL);

  append_columns (text, _ ("Examples:"), examples, 48);
  g_string_append_c (text, '\n');
  append_columns (text, _ ("Exit status:"), exit_codes, 1);
  return g_string_free (text, FALSE);
}

gboolean
rb_options_parse (RbOptions   *options,
                  int         *argc,
                  char      ***argv,
                  GError     **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *description = dup_description ();
  gboolean good;

  g_option_context_set_summary (context, _ (summary));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  good = g_option_context_parse (context, argc, argv, error) && check_rest (&parsed, error);
  *options = parsed;
  memset (&parsed, 0, sizeof parsed);
  return good;
}

void
rb_options_clear (RbOptions *options)
{
  g_free (options->setup.config_file);
  g_strfreev (options->setup.assignments);
  g_free (options->setup.profile);
  g_free (options->setup.account);
  g_free (options->setup.data_dir);
  g_free (options->setup.log_level);
  g_free (options->login);
  g_free (options->to_file);
  g_free (options->edit_config);
  g_free (options->to_value);
  g_strfreev (options->rest);
}
