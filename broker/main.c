/* main.c: runtime-brokerd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-config-edit.h"
#include "rb-daemon.h"
#include "rb-end-signals.h"
#include "rb-examine.h"
#include "rb-installed.h"
#include "rb-log-file.h"
#include "rb-log.h"
#include "rb-login.h"
#include "rb-options.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <sys/resource.h>

#define FILES_BESIDE_CONNECTIONS 512

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
set_up (RbOptions      *options,
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
  if (!good && !options->explain && !options->check)
    rb_daemon_turn_away (problems, options->activated);
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
       RbOptions   *options)
{
  g_autoptr(RbDaemon) daemon = rb_daemon_new (launch, g_steal_pointer (handover), &options->setup);
  g_autoptr(RbCredentials) credentials = NULL;
  g_autoptr(RbSettings) settings = NULL;
  int code;

  if (options->activated)
    options->setup.asks = rb_daemon_tell_callers_asked;
  settings = set_up (options, &credentials, &code);
  if (settings == NULL)
    return code;
  raise_file_limit (settings);
  if (options->activated)
    rb_daemon_set_activated (daemon);
  code = rb_daemon_run (daemon, g_steal_pointer (&settings), g_steal_pointer (&credentials));
  *handover = rb_daemon_steal_next (daemon);
  return code;
}

/* The program as it is installed now takes over; where it cannot be had any more, this one goes on. */
static int
serve_on (RbLaunch *launch,
          RbOptions *options)
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
  g_auto(RbOptions) options = { .setup = { NULL } };
  g_autoptr(GError) error = NULL;
  int exit_code;

  rb_installed_init_text ();

  if (!rb_options_parse (&options, &argc, &argv, &error))
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
  if (options.login != NULL)
    return rb_login_run (options.login, options.to_file, &options.setup);
  if (options.edit_config != NULL)
    return rb_config_edit_run (options.edit_config, options.to_value, &options.setup);
  if (options.examine)
    return rb_examine_run (&options.setup);
  options.setup.may_prompt = !options.explain && !options.check;
  if (!options.explain && !options.check)
    rb_end_signals_block ();
  exit_code = serve_on (launch, &options);
  rb_log_close ();
  return exit_code;
}
