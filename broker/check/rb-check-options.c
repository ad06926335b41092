/* rb-check-options.c: the command line of rb-module-check
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-options.h"

#include <string.h>

#define DEFAULT_TIMEOUT_S 60
#define DEFAULT_PATIENCE_MS 10000

static RbCheckOptions parsed;

static const GOptionEntry entries[] = {
  { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &parsed.settings, "A setting of the module; may be repeated", "KEY=VALUE" },
  { "settings", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &parsed.settings_files, "Settings from the module's group of this file", "FILE" },
  { "partner", 0, 0, G_OPTION_ARG_STRING, &parsed.partner, "The other side of the network: a program that is started for each case", "COMMAND" },
  { "twin", 0, 0, G_OPTION_ARG_NONE, &parsed.has_twin, "A second instance of the connector is the other side", NULL },
  { "twin-set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &parsed.twin_settings, "A setting in which the twin differs; implies --twin; may be repeated", "KEY=VALUE" },
  { "spawn-kind", 0, 0, G_OPTION_ARG_STRING, &parsed.spawn_kind, "The kind of runtime to start with a spawn driver", "KIND" },
  { "list", 'l', 0, G_OPTION_ARG_NONE, &parsed.list, "List the cases, and exit", NULL },
  { "only", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &parsed.only, "Run this case, and no other; may be repeated", "CASE" },
  { "expected-failures", 0, 0, G_OPTION_ARG_FILENAME, &parsed.expected_failures, "Cases that may fail, one a line; one that passes fails the run", "FILE" },
  { "strict", 0, 0, G_OPTION_ARG_NONE, &parsed.strict, "A case that is skipped fails the run", NULL },
  { "timeout", 't', 0, G_OPTION_ARG_INT, &parsed.timeout_s, "How long a case may take (default: 60)", "SECONDS" },
  { "patience", 0, 0, G_OPTION_ARG_INT, &parsed.patience_ms, "How long the module may take to do one thing (default: 10000)", "MILLISECONDS" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &parsed.json, "Print the certificate instead of lines for people", NULL },
  { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &parsed.certificate, "Write the certificate, too", "FILE" },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &parsed.verbose, "Show what the module logs in cases that pass, too", NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &parsed.version, "Print the version and exit", NULL },
  { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY, &parsed.rest, NULL, NULL },
  G_OPTION_ENTRY_NULL
};

static const char summary[] = "Checks whether a module of runtime-broker keeps the contract of its kind.";

static const RbCheckText examples[] = {
  { "rb-module-check --list ./connector-x.so", "what will be checked, rule by rule" },
  { "rb-module-check --twin --set net={dir}/net --twin-set name=b ./connector-x.so", "a network that needs no server: two instances write to one another" },
  { "rb-module-check --partner './partner.py --port 0' ./connector-x.so", "a network with a server, which the partner plays" },
  { "rb-module-check --spawn-kind x --set program={runtime} ./spawn-driver-x.so", "a spawn driver, which is given a runtime to start" },
  { NULL },
};

static const RbCheckText exit_codes[] = {
  { "0", "every case that ran passed, or failed as expected" },
  { "1", "a case failed, one passed that was expected to fail, or, with --strict, one was skipped" },
  { "2", "wrong options, settings or files; nothing was checked" },
  { "3", "the module cannot be loaded; the reason is on standard error" },
  { NULL },
};

const GOptionEntry *
rb_check_options_get_entries (void)
{
  return entries;
}

const RbCheckText *
rb_check_options_get_examples (void)
{
  return examples;
}

const RbCheckText *
rb_check_options_get_exit_codes (void)
{
  return exit_codes;
}

static char *
dup_description (void)
{
  GString *text = g_string_new ("Examples:\n");

  for (const RbCheckText *row = examples; row->left != NULL; row++)
    g_string_append_printf (text, "  %s\n      %s\n", row->left, row->right);
  g_string_append (text, "\nExit status:\n");
  for (const RbCheckText *row = exit_codes; row->left != NULL; row++)
    g_string_append_printf (text, "  %s  %s\n", row->left, row->right);
  return g_string_free (text, FALSE);
}

static gboolean
check_values (RbCheckOptions  *options,
              GError         **error)
{
  const char *problem = NULL;

  if (options->version)
    return TRUE;
  if (options->rest == NULL || options->rest[1] != NULL)
    problem = "Name one module: rb-module-check [OPTION...] MODULE.so";
  else if (options->timeout_s < 0 || options->patience_ms < 0)
    problem = "A time is above 0";
  else if (options->partner != NULL && options->has_twin)
    problem = "Either a partner or a twin";
  if (problem != NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, problem);
      return FALSE;
    }

  options->module = g_canonicalize_filename (options->rest[0], NULL);
  options->timeout_s = options->timeout_s > 0 ? options->timeout_s : DEFAULT_TIMEOUT_S;
  options->patience_ms = options->patience_ms > 0 ? options->patience_ms : DEFAULT_PATIENCE_MS;
  return TRUE;
}

gboolean
rb_check_options_parse (RbCheckOptions   *options,
                        int              *argc,
                        char           ***argv,
                        GError          **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new ("MODULE.so");
  g_autofree char *description = dup_description ();
  gboolean good;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  good = g_option_context_parse (context, argc, argv, error);
  parsed.has_twin = parsed.has_twin || parsed.twin_settings != NULL;
  good = good && check_values (&parsed, error);
  *options = parsed;
  memset (&parsed, 0, sizeof parsed);
  return good;
}

void
rb_check_options_clear (RbCheckOptions *options)
{
  g_free (options->module);
  g_strfreev (options->settings);
  g_strfreev (options->settings_files);
  g_strfreev (options->twin_settings);
  g_free (options->partner);
  g_free (options->spawn_kind);
  g_strfreev (options->only);
  g_free (options->expected_failures);
  g_free (options->certificate);
  g_strfreev (options->rest);
  memset (options, 0, sizeof *options);
}
