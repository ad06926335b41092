/* main.c: runtime-brokerd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon.h"
#include "rb-log-file.h"
#include "rb-log.h"
#include "rb-setup.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <sys/resource.h>

#define FILES_BESIDE_CONNECTIONS 512

typedef struct {
  RbSetupOptions setup;
  gboolean       version;
  gboolean       verbose;
  gboolean       check;
  gboolean       explain;
  gboolean       json;
  char         **rest;
} Options;

static const char summary[] = N_(
  "The session service through which the agent runtimes of one person share one network identity.");

static const char description[] = N_(
  "Examples:\n"
  "  runtime-brokerd                                  run with the settings files; profile local by default\n"
  "  runtime-brokerd --account work --verbose         another account, with the log on standard error\n"
  "  runtime-brokerd --set limits.inbox-cap=1000      any setting of broker.conf(5)\n"
  "  runtime-brokerd --explain-config                 each setting, and where it came from\n"
  "\n"
  "Exit codes:\n"
  "  0  stopped by SIGTERM or SIGINT, superseded, or another healthy broker already runs\n"
  "  1  the start failed (options, settings, credentials, database, a required module), or an internal failure\n");

static gboolean
check_rest (const Options  *options,
            GError        **error)
{
  /* A client that starts its broker lazily passes one path of a script; it means nothing here (protocol.md 3.11). */
  if (options->rest == NULL || options->rest[1] == NULL)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _("Unexpected argument '%s'"), options->rest[1]);
  return FALSE;
}

static gboolean
parse_options (Options   *options,
               int       *argc,
               char    ***argv,
               GError   **error)
{
  GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_("Print the version and exit"), NULL },
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options->setup.assignments,
      N_("Set any setting; may be repeated"), "GROUP.KEY=VALUE" },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->setup.config_file,
      N_("Read this file instead of the usual ones"), N_("FILE") },
    { "profile", 0, 0, G_OPTION_ARG_STRING, &options->setup.profile, N_("Which network: local or masons"), N_("NAME") },
    { "account", 0, 0, G_OPTION_ARG_STRING, &options->setup.account, N_("Account to serve"), N_("ID") },
    { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->setup.data_dir, N_("Where the state of all accounts lies"), N_("DIR") },
    { "log-level", 0, 0, G_OPTION_ARG_STRING, &options->setup.log_level,
      N_("debug, info, message, warning or error"), N_("LEVEL") },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, N_("Log to standard error too"), NULL },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check, N_("Check whether a start would find what it needs, and exit"), NULL },
    { "explain-config", 0, 0, G_OPTION_ARG_NONE, &options->explain,
      N_("Print each setting and where it came from, and exit"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_("With --explain-config: as JSON"), NULL },
    { G_OPTION_REMAINING, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _(summary));
  g_option_context_set_description (context, _(description));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  return g_option_context_parse (context, argc, argv, error) && check_rest (options, error);
}

static void
clear_options (Options *options)
{
  g_free (options->setup.config_file);
  g_strfreev (options->setup.assignments);
  g_free (options->setup.profile);
  g_free (options->setup.account);
  g_free (options->setup.data_dir);
  g_free (options->setup.log_level);
  g_strfreev (options->rest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, clear_options)

static void
print_explanation (const RbSettings *settings,
                   gboolean          json)
{
  g_autofree char *text = json ? rb_settings_to_json (settings) : rb_settings_to_text (settings);

  g_print ("%s", text);
}

/* Each connection is a descriptor, and the usual soft limit is 1,024. */
static void
raise_file_limit (const RbSettings *settings)
{
  rlim_t wanted = (rlim_t) rb_settings_get_integer (settings, "ipc", "connections-max") + FILES_BESIDE_CONNECTIONS;
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : MIN (wanted, limit.rlim_max);
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_debug ("Cannot raise the limit of open files");
}

/* NULL when the process is not to serve: *@code is its exit code then. */
static RbSettings *
set_up (Options        *options,
        RbCredentials **credentials,
        int            *code)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbSettings) settings = rb_setup_settings (&options->setup, credentials, problems);
  gboolean good;

  if (options->check && problems->len == 0)
    rb_setup_check_database (settings, *credentials, problems);
  good = problems->len == 0;
  rb_daemon_report_problems (settings, problems);
  if (options->explain)
    print_explanation (settings, options->json);
  else if (options->check && good)
    g_print ("%s\n", _("The settings are good."));
  *code = good ? 0 : 1;
  return good && !options->explain && !options->check ? g_steal_pointer (&settings) : NULL;
}

/* One broker, from start to stop. @handover: what the last one in this process left, and then what this one leaves. */
static int
serve (RbLaunch    *launch,
       RbHandover **handover,
       Options     *options)
{
  g_autoptr(RbDaemon) daemon = rb_daemon_new (launch, g_steal_pointer (handover));
  g_autoptr(RbCredentials) credentials = NULL;
  g_autoptr(RbSettings) settings = NULL;
  int code;

  settings = set_up (options, &credentials, &code);
  if (settings == NULL)
    return code;
  raise_file_limit (settings);
  code = rb_daemon_run (daemon, g_steal_pointer (&settings), g_steal_pointer (&credentials));
  *handover = rb_daemon_steal_next (daemon);
  return code;
}

/* The program as it is installed now takes over; where it cannot be had any more, this one goes on. */
static int
serve_on (RbLaunch *launch,
          Options  *options)
{
  g_autoptr(RbHandover) handover = rb_handover_receive ();
  int code;

  for (;;)
    {
      code = serve (launch, &handover, options);
      if (handover == NULL)
        return code;
      rb_launch_exec (launch);
      rb_log_error ("restart_exec_failed", "err", g_strerror (errno), "hint", "the broker goes on as it was", NULL);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(RbLaunch) launch = rb_launch_new (argc, argv);
  g_auto(Options) options = { .setup = { NULL } };
  g_autoptr(GError) error = NULL;
  int exit_code;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, RB_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("runtime-brokerd: %s\n", error->message);
      return 1;
    }
  if (options.version)
    {
      g_print ("runtime-brokerd %s\n", RB_VERSION);
      return 0;
    }

  rb_log_install (options.verbose);
  exit_code = serve_on (launch, &options);
  rb_log_close ();
  return exit_code;
}
