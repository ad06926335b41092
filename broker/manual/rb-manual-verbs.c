/* rb-manual-verbs.c: what brokerctl(1) has from the table of verbs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-manual.h"

#include "rb-roff.h"
#include "rb-verb.h"

typedef struct {
  RbTemplate   *page;
  const RbVerb *verb;
} OptionNotes;

static const char *
take_option_note (gpointer    user_data,
                  const char *option)
{
  OptionNotes *self = user_data;

  return self->verb != NULL ? rb_template_take_note (self->page, "%s --%s", self->verb->name, option)
                            : rb_template_take_note (self->page, "--%s", option);
}

static void
append_verb (RbTemplate   *page,
             GString      *out,
             const RbVerb *verb)
{
  OptionNotes notes = { page, verb };
  const char *note = rb_template_take_note (page, "%s", verb->name);

  g_string_append (out, ".SS ");
  rb_roff_escape (out, verb->name);
  g_string_append (out, "\n\\fBbrokerctl ");
  rb_roff_escape (out, verb->name);
  g_string_append_printf (out, "\\fR%s%s", verb->options != NULL ? " [\\fIOPTION\\fR...]" : "", *verb->usage != '\0' ? " " : "");
  rb_roff_usage (out, verb->usage);
  g_string_append (out, "\n.PP\n");
  rb_roff_summary (out, verb->summary, FALSE);
  if (verb->details != NULL)
    {
      g_string_append (out, ".PP\n");
      rb_roff_prose (out, verb->details);
    }
  rb_roff_options (out, verb->options, take_option_note, &notes);
  if (note != NULL)
    g_string_append_printf (out, ".PP\n%s", note);
}

void
rb_manual_verbs (RbTemplate *page,
                 GString    *out)
{
  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    if (!(*verbs)->hidden)
      append_verb (page, out, *verbs);
}

void
rb_manual_options (RbTemplate *page,
                   GString    *out)
{
  OptionNotes notes = { page, NULL };

  rb_roff_options (out, rb_verbs_get_common_options (), take_option_note, &notes);
}

void
rb_manual_exit_status (RbTemplate *page,
                       GString    *out)
{
  for (const RbExitCodeInfo *info = rb_verbs_get_exit_codes (); info->meaning != NULL; info++)
    {
      const char *note = rb_template_take_note (page, "exit %d", info->code);

      g_string_append_printf (out, ".TP\n.B %d\n", info->code);
      rb_roff_summary (out, info->meaning, TRUE);
      g_string_append (out, note != NULL ? note : "");
    }
}
