/* rb-config-set.c: brokerctl config set, unset: one setting of the person's own file
 *
 * The daemon's program judges and writes: there the tables are.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-config-set.h"

#include "rb-follow.h"
#include "rb-program.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define TIMEOUT_MS 30000

static const struct {
  const char *reason;
  RbExitCode  code;
} reason_codes[] = {
  { "bad_setting", RB_EXIT_USAGE },
  { "unknown_setting", RB_EXIT_NOT_FOUND },
  { "not_set", RB_EXIT_NOT_FOUND },
};

static RbExitCode
refuse (const RbJson *answer,
        const char   *problem)
{
  g_autofree char *reason = rb_view_dup_text (answer, "reason");

  if (reason != NULL)
    rb_ctl_warn ("%s (%s)", problem, reason);
  else
    rb_ctl_warn ("%s", problem);
  for (gsize i = 0; i < G_N_ELEMENTS (reason_codes); i++)
    if (g_strcmp0 (reason, reason_codes[i].reason) == 0)
      return reason_codes[i].code;
  return RB_EXIT_FAILED;
}

static void
print_text (RbCtl        *ctl,
            const RbJson *answer,
            const char   *name,
            const char   *value,
            gboolean      runs)
{
  g_autofree char *file = rb_view_dup_text (answer, "file");
  g_autofree char *changed = rb_view_dup_text (answer, "changed");
  g_autofree char *shown = rb_terminal_escape (file);
  g_autofree char *safe_name = rb_terminal_escape (name);
  g_autofree char *safe_value = value != NULL ? rb_terminal_escape (value) : NULL;

  if (g_strcmp0 (changed, "true") != 0)
    {
      /* TRANSLATORS: the name of a file; the name of a setting */
      rb_ctl_print (ctl, _ ("%s sets %s so already\n"), shown, safe_name);
      return;
    }
  if (safe_value != NULL)
    /* TRANSLATORS: the name of a setting; its value; the name of a file */
    rb_ctl_print (ctl, _ ("%s is '%s' now in %s\n"), safe_name, safe_value, shown);
  else
    /* TRANSLATORS: the name of a setting; the name of a file */
    rb_ctl_print (ctl, _ ("%s is no longer in %s\n"), safe_name, shown);
  rb_follow_print (ctl, runs);
}

static void
print (RbCtl        *ctl,
       const RbJson *answer,
       const char   *name,
       const char   *value)
{
  g_autofree char *overrider = rb_view_dup_text (answer, "overridden_by");
  gboolean runs = rb_follow_is_running (ctl);

  if (ctl->json)
    rb_follow_print_json (ctl, answer, runs);
  else
    print_text (ctl, answer, name, value, runs);
  if (overrider != NULL)
    /* TRANSLATORS: the name of a setting; where else it is set, such as a file and a line */
    rb_ctl_warn (_ ("%s still comes from somewhere that weighs more: %s"), name, overrider);
}

RbExitCode
rb_config_set_run (RbCtl      *ctl,
                   const char *name,
                   const char *value)
{
  g_autofree char *set = g_strconcat ("--edit-config=", name, NULL);
  g_autofree char *to = value != NULL ? g_strconcat ("--to-value=", value, NULL) : NULL;
  const char *arguments[] = { set, to, NULL };
  const RbProgramRun run = { .arguments = arguments, .timeout_ms = ctl->timeout_ms > 0 ? ctl->timeout_ms : TIMEOUT_MS };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) answer = NULL;
  g_autofree char *problem = NULL;

  if (rb_program_run (ctl, &run, &output, &errors, &error) < 0)
    return rb_ctl_fail (error);
  text = g_bytes_new (output, strlen (output));
  answer = rb_json_parse_object (text, 0, NULL);
  if (answer == NULL)
    {
      rb_ctl_warn ("%s", *errors != '\0' ? g_strstrip (errors) : "'runtime-brokerd' failed");
      return RB_EXIT_FAILED;
    }
  problem = rb_view_dup_text (answer, "error");
  if (problem != NULL)
    return refuse (answer, problem);
  print (ctl, answer, name, value);
  return RB_EXIT_OK;
}
