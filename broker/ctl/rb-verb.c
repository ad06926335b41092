/* rb-verb.c: from the arguments of brokerctl to a verb and its exit code
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-verb.h"

#include "rb-error.h"
#include "rb-verb-options.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>

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

const GOptionEntry *
rb_verbs_get_common_options (void)
{
  return common_options;
}

static GOptionContext *
new_context (const RbVerb *verb)
{
  g_autofree char *parameters = verb != NULL ? g_strdup (rb_verbs_get_usage (verb)) : g_strdup ("VERB [ARGUMENT...]");
  GOptionContext *context = g_option_context_new (parameters);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (verb != NULL && verb->options != NULL)
    g_option_context_add_main_entries (context, verb->options, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common_options, GETTEXT_PACKAGE);
  return context;
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
      rb_ctl_warn (_ ("--timeout must be a number of seconds"));
      return RB_EXIT_USAGE;
    }
  ctl->timeout_ms = (gint64) (common.timeout * 1000);
  if (ctl->timeout_ms > 0 && !verb->own_timeout)
    ctl->options->call_timeout_ms = ctl->timeout_ms;
  return RB_EXIT_OK;
}

static RbExitCode
refuse_usage (const RbVerb *verb,
              const char   *text)
{
  g_autofree char *usage = g_strdup_printf (_ ("usage: brokerctl %s [OPTION...] %s"), verb->name, rb_verbs_get_usage (verb));

  rb_ctl_warn ("%s", text);
  rb_ctl_warn ("%s", g_strchomp (usage));
  return RB_EXIT_USAGE;
}

/* Who asks for JSON is a script: what it reads is the same on every desktop. */
static void
choose_language (void)
{
  if (common.json)
    setlocale (LC_MESSAGES, "C");
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
    return refuse_usage (verb, _ ("something is missing"));
  if (verb->max_args >= 0 && n_args > verb->max_args)
    return refuse_usage (verb, _ ("too many arguments"));
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
  const char *idle = rb_verb_find_idle_value ((const char *const *) args);
  const RbVerb *verb;

  clear_common ();
  if (idle != NULL)
    {
      rb_ctl_warn (_ ("'%.*s' takes no value"), (int) strcspn (idle, "="), idle);
      return RB_EXIT_USAGE;
    }
  g_option_context_set_strict_posix (leading, TRUE);
  if (!g_option_context_parse_strv (leading, &args, &error))
    return rb_ctl_fail (error);
  choose_language ();
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
        rb_ctl_warn (_ ("which verb? See 'brokerctl help'"));
      return common.help ? RB_EXIT_OK : RB_EXIT_USAGE;
    }

  verb = rb_verbs_lookup (args[1]);
  if (verb == NULL)
    {
      rb_ctl_warn (_ ("there is no verb '%s'; see 'brokerctl help'"), args[1]);
      return RB_EXIT_USAGE;
    }
  context = new_context (verb);
  if (!g_option_context_parse_strv (context, &args, &error))
    return rb_ctl_fail (error);
  drop_separator (args + 2);
  choose_language ();
  return run_verb (ctl, verb, args + 2);
}
