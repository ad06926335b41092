/* rb-help-verb.c: brokerctl help: the table of verbs as a person reads it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-verb.h"

#include <glib/gi18n.h>

static void
append_options (GString            *text,
                const GOptionEntry *options)
{
  for (const GOptionEntry *entry = options; entry != NULL && entry->long_name != NULL; entry++)
    {
      char short_name[] = { '-', entry->short_name, ',', '\0' };
      g_autofree char *left = NULL;
      g_autofree char *padded = NULL;

      if ((entry->flags & G_OPTION_FLAG_HIDDEN) != 0)
        continue;
      left = g_strdup_printf ("%3s --%s%s%s", entry->short_name != 0 ? short_name : "", entry->long_name,
                              entry->arg_description != NULL ? "=" : "",
                              entry->arg_description != NULL ? _ (entry->arg_description) : "");
      padded = rb_terminal_pad (left, 26);
      g_string_append_printf (text, "  %s %s\n", padded, _ (entry->description));
    }
}

static void
append_exit_codes (GString *text)
{
  g_string_append_printf (text, "\n%s\n", _ ("Exit status:"));
  for (const RbExitCodeInfo *info = rb_verbs_get_exit_codes (); info->meaning != NULL; info++)
    g_string_append_printf (text, "  %-3d  %s\n", info->code, _ (info->meaning));
}

const char *
rb_verbs_get_usage (const RbVerb *verb)
{
  return *verb->usage != '\0' ? _ (verb->usage) : "";
}

char *
rb_verbs_help (const RbVerb *verb)
{
  GString *text = g_string_new (NULL);

  if (verb != NULL)
    {
      const char *usage = rb_verbs_get_usage (verb);

      g_string_append_printf (text, "brokerctl %s [OPTION...]%s%s\n\n%s.\n", verb->name, *usage != '\0' ? " " : "", usage, _ (verb->summary));
      if (verb->details != NULL)
        {
          g_autofree char *details = rb_terminal_wrap (_ (verb->details), 78, 0);

          g_string_append_printf (text, "\n%s\n", details);
        }
      g_string_append_printf (text, "\n%s\n", _ ("Options:"));
      append_options (text, verb->options);
      append_options (text, rb_verbs_get_common_options ());
      return g_string_free (text, FALSE);
    }

  g_string_append_printf (text, "%s\n\n", _ ("brokerctl [OPTION...] VERB [ARGUMENT...]"));
  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    if (!(*verbs)->hidden)
      g_string_append_printf (text, "  %-12s %s\n", (*verbs)->name, _ ((*verbs)->summary));
  g_string_append_printf (text, "\n%s\n", _ ("Options of every verb:"));
  append_options (text, rb_verbs_get_common_options ());
  append_exit_codes (text);
  g_string_append_printf (text, "\n%s\n", _ ("'brokerctl help VERB' tells more; so does brokerctl(1)."));
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
      rb_ctl_warn (_ ("there is no verb '%s'; see 'brokerctl help'"), args[0]);
      return RB_EXIT_USAGE;
    }
  text = rb_verbs_help (verb);
  rb_ctl_print (ctl, "%s", text);
  return RB_EXIT_OK;
}

const RbVerb rb_help_verb = {
  .name = "help",
  .summary = N_ ("Explain brokerctl or one of its verbs"),
  .usage = N_ ("[VERB]"),
  .max_args = 1,
  .completes = "verb",
  .run = run_help,
};
