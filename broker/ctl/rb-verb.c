/* rb-verb.c: the verbs of brokerctl and how their arguments are read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-verb.h"

#include "rb-error.h"

#include <glib/gi18n.h>
#include <string.h>

static RbExitCode run_help (RbCtl             *ctl,
                            const char *const *args);

static const RbVerb verbs[] = {
  { "attach", N_ ("Make a program, or yourself, a runtime"), "--name NAME --exec 'PROGRAM ARGS' | --print",
    N_ ("With --exec each message goes to a new process of the program: the content to its standard input; RB_MESSAGE_ID, RB_SENDER, "
        "RB_CORRELATION_ID, RB_ENDPOINT_ID, RB_ASSIGNMENT_ID and RB_CONTENT_TYPE to its environment. What it prints is the reply; any "
        "other exit status than 0 is a failure and sends none. No shell is involved; for one, use --exec \"sh -c '...'\". "
        "--timeout limits each run.\n\n"
        "With --print messages are shown here. A line you type answers the oldest; /reply N TEXT answers number N, /fail N [REASON] "
        "refuses it, /done N drops it, /list shows what is open, /quit leaves."),
    rb_verb_attach_options, 0, 0, TRUE, rb_verb_attach },
  { "send", N_ ("Send a message"), "--to ADDRESS TEXT|-",
    N_ ("'-' reads the text from standard input. Prints the message's id and whether it was delivered or stored."),
    rb_verb_send_options, 1, -1, TRUE, rb_verb_send },
  { "status", N_ ("Show how the broker is"), "[--limits]", NULL, rb_verb_status_options, 0, 0, FALSE, rb_verb_status },
  { "list", N_ ("List the endpoints"), "", NULL, NULL, 0, 0, FALSE, rb_verb_list },
  { "inbox", N_ ("List the messages that wait for a decision"), "", NULL, NULL, 0, 0, FALSE, rb_verb_inbox },
  { "assignments", N_ ("List the messages that endpoints work on"), "", NULL, NULL, 0, 0, FALSE, rb_verb_assignments },
  { "dispatch", N_ ("Give a message of the inbox to an endpoint"), "MESSAGE ENDPOINT",
    N_ ("Both may be shortened to any beginning that fits only one; endpoints go by their name, too."), NULL, 2, 2, FALSE,
    rb_verb_dispatch },
  { "explain", N_ ("Tell where a message is, how it got there and what comes next"), "ID",
    N_ ("ID is that of a message that came or was sent, an assignment, a reply, an endpoint, an event of the outbox, a spawn or an order of "
        "the upstream, also of one that has ended; a beginning that fits only one is enough. Endpoints go by their name, too."),
    rb_verb_explain_options, 1, 1, FALSE, rb_verb_explain },
  { "search", N_ ("Find messages by what they say"), "WORDS...",
    N_ ("All words must be there, in any order. \"Words in quotes\" stand together; an asterisk behind a word (depl*) stands for any ending. "
        "TIME is 2026-11-26, '2026-11-26 12:00', 12:00 or how long ago: 90s, 15min, 2h, 3d, 1w. With --json each message is a line."),
    rb_verb_search_options, 1, -1, FALSE, rb_verb_search },
  { "export", N_ ("Print all that is kept, as JSON lines"), "",
    N_ ("Endpoints, messages, assignments, replies and events, one a line, each with a \"type\"; brokerctl(1) tells what is in them. TIME is "
        "2026-11-26, '2026-11-26 12:00', 12:00 or how long ago: 90s, 15min, 2h, 3d, 1w."),
    rb_verb_export_options, 0, 0, FALSE, rb_verb_export },
  { "outbox", N_ ("List the events that the upstream is still to hear"), "", NULL, NULL, 0, 0, FALSE, rb_verb_outbox },
  { "dead-letters", N_ ("List the events that the upstream refused for good"), "", NULL, NULL, 0, 0, FALSE, rb_verb_dead_letters },
  { "retry", N_ ("Have a dead letter sent again"), "ID | --all", N_ ("ID is the number that dead-letters shows."), rb_verb_retry_options,
    0, 1, FALSE, rb_verb_retry },
  { "modules", N_ ("List the modules"), "", NULL, NULL, 0, 0, FALSE, rb_verb_modules },
  { "restart", N_ ("Restart the broker, as after an upgrade"), "",
    N_ ("The program as it is installed now takes the place of the broker that runs: nobody loses an endpoint, a message or work. It is asked "
        "first whether it would start; if not, nothing happens. Waits until it serves."), NULL, 0, 0, FALSE, rb_verb_restart },
  { "config", N_ ("Show every setting and where it came from"), "explain",
    N_ ("Asks the running broker; without one, what the next start would use."), NULL, 0, 1, FALSE, rb_verb_config },
  { "env", N_ ("Print what an SDK needs to attach"), "",
    N_ ("For a shell: set -a; eval \"$(brokerctl env)\"; set +a. The tokens in it are secret."), NULL, 0, 0, FALSE, rb_verb_env },
  { "demo", N_ ("Play a whole conversation"), "", NULL, rb_verb_demo_options, 0, 0, TRUE, rb_verb_demo },
  { "help", N_ ("Explain brokerctl or one of its verbs"), "[VERB]", NULL, NULL, 0, 1, FALSE, run_help },
  { NULL },
};

static struct {
  gboolean  json;
  char     *account;
  char     *data_dir;
  char     *socket;
  gboolean  no_start;
  double    timeout;
  gboolean  help;
  gboolean  version;
} common;

static const GOptionEntry common_options[] = {
  { "json", 'j', 0, G_OPTION_ARG_NONE, &common.json, N_ ("Print JSON, and nothing else, on standard output"), NULL },
  { "account", 'a', 0, G_OPTION_ARG_STRING, &common.account, N_ ("Account of the broker"), N_ ("ID") },
  { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &common.data_dir, N_ ("Data directory of the broker"), N_ ("DIRECTORY") },
  { "socket", 0, 0, G_OPTION_ARG_FILENAME, &common.socket, N_ ("Unix socket of the broker"), N_ ("PATH") },
  { "no-start", 0, 0, G_OPTION_ARG_NONE, &common.no_start, N_ ("Do not start a broker"), NULL },
  { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &common.timeout, N_ ("How long to wait for an answer"), N_ ("SECONDS") },
  { "help", 'h', 0, G_OPTION_ARG_NONE, &common.help, N_ ("Show this help"), NULL },
  { "version", 'V', 0, G_OPTION_ARG_NONE, &common.version, N_ ("Show the version"), NULL },
  { NULL },
};

static const char exit_codes[] = N_ (
  "Exit status:\n"
  "  0  done\n"
  "  1  refused or failed\n"
  "  2  wrong usage\n"
  "  3  no broker, or it cannot be reached\n"
  "  4  timed out\n"
  "  5  not found\n"
  "  6  ambiguous name or prefix\n"
  "  7  it may or may not have happened\n"
  "  130  interrupted\n");

const RbVerb *
rb_verbs_get (void)
{
  return verbs;
}

const RbVerb *
rb_verbs_lookup (const char *name)
{
  for (const RbVerb *verb = verbs; verb->name != NULL; verb++)
    if (g_strcmp0 (verb->name, name) == 0)
      return verb;
  return NULL;
}

static GOptionContext *
new_context (const RbVerb *verb)
{
  g_autofree char *parameters = verb != NULL ? g_strdup_printf ("%s", verb->usage) : g_strdup ("VERB [ARGUMENT...]");
  GOptionContext *context = g_option_context_new (parameters);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (verb != NULL && verb->options != NULL)
    g_option_context_add_main_entries (context, verb->options, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common_options, GETTEXT_PACKAGE);
  return context;
}

static void
append_options (GString            *text,
                const GOptionEntry *options)
{
  for (const GOptionEntry *entry = options; entry != NULL && entry->long_name != NULL; entry++)
    {
      char short_name[] = { '-', entry->short_name, ',', '\0' };
      g_autofree char *left = NULL;

      if ((entry->flags & G_OPTION_FLAG_HIDDEN) != 0)
        continue;
      left = g_strdup_printf ("%3s --%s%s%s", entry->short_name != 0 ? short_name : "", entry->long_name,
                              entry->arg_description != NULL ? "=" : "",
                              entry->arg_description != NULL ? _ (entry->arg_description) : "");
      g_string_append_printf (text, "  %-26s %s\n", left, _ (entry->description));
    }
}

char *
rb_verbs_help (const RbVerb *verb)
{
  GString *text = g_string_new (NULL);

  if (verb != NULL)
    {
      g_string_append_printf (text, "brokerctl %s [OPTION...] %s\n\n%s.\n", verb->name, verb->usage, _ (verb->summary));
      if (verb->details != NULL)
        {
          g_autofree char *details = rb_terminal_wrap (_ (verb->details), 78, 0);

          g_string_append_printf (text, "\n%s\n", details);
        }
      g_string_append_printf (text, "\n%s\n", _ ("Options:"));
      append_options (text, verb->options);
      append_options (text, common_options);
      return g_string_free (text, FALSE);
    }

  g_string_append (text, "brokerctl [OPTION...] VERB [ARGUMENT...]\n\n");
  for (verb = verbs; verb->name != NULL; verb++)
    g_string_append_printf (text, "  %-12s %s\n", verb->name, _ (verb->summary));
  g_string_append_printf (text, "\n%s\n", _ ("Options of every verb:"));
  append_options (text, common_options);
  g_string_append_printf (text, "\n%s\n%s\n", _ (exit_codes), _ ("'brokerctl help VERB' tells more; so does brokerctl(1)."));
  return g_string_free (text, FALSE);
}

static RbExitCode
run_help (RbCtl             *ctl,
          const char *const *args)
{
  const RbVerb *verb = rb_verbs_lookup (args[0]);
  g_autofree char *text = NULL;

  if (args[0] != NULL && verb == NULL)
    {
      rb_ctl_warn ("there is no verb '%s'; see 'brokerctl help'", args[0]);
      return RB_EXIT_USAGE;
    }
  text = rb_verbs_help (verb);
  rb_ctl_print (ctl, "%s", text);
  return RB_EXIT_OK;
}

static void
set (char       **place,
     const char  *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_free (*place);
  *place = g_strdup (value);
}

/* What the command line says wins over the environment. */
static RbExitCode
apply_common (RbCtl        *ctl,
              const RbVerb *verb)
{
  ctl->json = common.json;
  set (&ctl->options->account_id, common.account);
  set (&ctl->options->data_dir, common.data_dir);
  set (&ctl->options->socket, common.socket);
  ctl->options->start = verb->starts && !common.no_start;
  if (!(common.timeout >= 0 && common.timeout < 1e9))
    {
      rb_ctl_warn ("--timeout must be a number of seconds");
      return RB_EXIT_USAGE;
    }
  ctl->timeout_ms = (gint64) (common.timeout * 1000);
  if (ctl->timeout_ms > 0 && verb->run != rb_verb_attach)
    ctl->options->call_timeout_ms = ctl->timeout_ms;
  return RB_EXIT_OK;
}

static RbExitCode
refuse_usage (const RbVerb *verb,
              const char   *text)
{
  rb_ctl_warn ("%s", text);
  rb_ctl_warn ("usage: brokerctl %s [OPTION...] %s", verb->name, verb->usage);
  return RB_EXIT_USAGE;
}

static RbExitCode
run_verb (RbCtl        *ctl,
          const RbVerb *verb,
          char        **args)
{
  int n_args = (int) g_strv_length (args);
  RbExitCode code;

  if (common.help)
    {
      g_autofree char *text = rb_verbs_help (verb);

      rb_ctl_print (ctl, "%s", text);
      return RB_EXIT_OK;
    }
  if (n_args < verb->min_args)
    return refuse_usage (verb, "something is missing");
  if (verb->max_args >= 0 && n_args > verb->max_args)
    return refuse_usage (verb, "too many arguments");
  code = apply_common (ctl, verb);
  return code != RB_EXIT_OK ? code : verb->run (ctl, (const char *const *) args);
}

/* An optional value must be written with "=", or GOption takes the next word for it. */
static char **
split_optional_values (const char *const *argv)
{
  GPtrArray *list = g_ptr_array_new ();
  gboolean options_end = FALSE;

  for (gsize i = 0; argv[i] != NULL; i++)
    {
      const char *value = NULL;

      options_end = options_end || g_str_equal (argv[i], "--");
      if (!options_end && g_str_has_prefix (argv[i], "--wait-reply="))
        value = strchr (argv[i], '=');
      if (value != NULL)
        g_ptr_array_add (list, g_strconcat ("--reply-timeout", value, NULL));
      else
        g_ptr_array_add (list, g_strdup (argv[i]));
    }
  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (list, FALSE);
}

/* "--" only said that options end; it is no argument. */
static void
drop_separator (char **args)
{
  for (gsize i = 0; args[i] != NULL; i++)
    {
      if (!g_str_equal (args[i], "--"))
        continue;
      g_free (args[i]);
      memmove (args + i, args + i + 1, (g_strv_length (args + i + 1) + 1) * sizeof *args);
      return;
    }
}

/* Of an earlier run. */
static void
clear_common (void)
{
  g_free (common.account);
  g_free (common.data_dir);
  g_free (common.socket);
  memset (&common, 0, sizeof common);
}

RbExitCode
rb_verbs_run (RbCtl             *ctl,
              const char *const *argv)
{
  g_auto(GStrv) args = split_optional_values (argv);
  g_autoptr(GOptionContext) leading = new_context (NULL);
  g_autoptr(GOptionContext) context = NULL;
  g_autoptr(GError) error = NULL;
  const RbVerb *verb;

  clear_common ();
  g_option_context_set_strict_posix (leading, TRUE);
  if (!g_option_context_parse_strv (leading, &args, &error))
    return rb_ctl_fail (error);
  if (common.version)
    {
      rb_ctl_print (ctl, "brokerctl %s\n", RB_VERSION);
      return RB_EXIT_OK;
    }
  if (args[1] == NULL)
    {
      g_autofree char *text = rb_verbs_help (NULL);

      if (common.help)
        rb_ctl_print (ctl, "%s", text);
      else
        rb_ctl_warn ("which verb? See 'brokerctl help'");
      return common.help ? RB_EXIT_OK : RB_EXIT_USAGE;
    }

  verb = rb_verbs_lookup (args[1]);
  if (verb == NULL)
    {
      rb_ctl_warn ("there is no verb '%s'; see 'brokerctl help'", args[1]);
      return RB_EXIT_USAGE;
    }
  context = new_context (verb);
  if (!g_option_context_parse_strv (context, &args, &error))
    return rb_ctl_fail (error);
  drop_separator (args + 2);
  return run_verb (ctl, verb, args + 2);
}
