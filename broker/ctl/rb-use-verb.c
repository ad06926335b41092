/* rb-use-verb.c: brokerctl use connector: another link to a network, while the broker runs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static gboolean once;

static const GOptionEntry options[] = {
  { "once", 0, 0, G_OPTION_ARG_NONE, &once, N_ ("For this run alone: the settings stay as they are, and the next start follows them"), NULL },
  { NULL },
};

static GBytes *
make_wish (const char *name)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "connector", name);
  rb_json_writer_boolean (writer, "once", once);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

/* NULL: it is not there. */
static char *
dup_shown (const RbJson *answer,
           const char   *member)
{
  g_autofree char *text = rb_view_dup_text (answer, member);

  return text != NULL ? rb_terminal_escape (text) : NULL;
}

static void
print_done (RbCtl        *ctl,
            const RbJson *answer)
{
  g_autofree char *connector = dup_shown (answer, "connector");
  g_autofree char *before = dup_shown (answer, "before");
  g_autofree char *took = dup_shown (answer, "took_ms");

  if (g_strcmp0 (connector, before) == 0)
    /* TRANSLATORS: the name of a connector; milliseconds */
    rb_ctl_print (ctl, _ ("connector %s was stopped and started again in %s ms\n"), connector, took);
  else
    /* TRANSLATORS: the names of two connectors, the new one first; milliseconds */
    rb_ctl_print (ctl, _ ("connector %s runs now, in the place of %s; it took %s ms\n"), connector, before, took);
}

static void
print_settings (RbCtl        *ctl,
                const RbJson *answer)
{
  g_autofree char *file = dup_shown (answer, "file");

  if (once)
    rb_ctl_print (ctl, "%s\n", _ ("The next start follows the settings, which are as they were."));
  else if (file != NULL)
    /* TRANSLATORS: the name of a file */
    rb_ctl_print (ctl, _ ("The next start has it too: %s says so.\n"), file);
}

/* What went well all the same. */
static void
print_troubles (const RbJson *answer)
{
  g_autofree char *trouble = rb_view_dup_text (answer, "trouble");
  g_autofree char *not_written = rb_view_dup_text (answer, "not_written");
  g_autofree char *overrider = rb_view_dup_text (answer, "overridden_by");

  if (trouble != NULL)
    /* TRANSLATORS: why, in the broker's words */
    rb_ctl_warn (_ ("the one before did not stop as it should: %s"), trouble);
  if (not_written != NULL)
    /* TRANSLATORS: why, in the broker's words */
    rb_ctl_warn (_ ("the next start does not have it: %s"), not_written);
  if (overrider != NULL)
    /* TRANSLATORS: where else it is set, such as a file and a line */
    rb_ctl_warn (_ ("the next start does not have it, for this weighs more: %s"), overrider);
}

static RbExitCode
run_use (RbCtl             *ctl,
         const char *const *args)
{
  g_autoptr(GBytes) wish = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) answer = NULL;

  if (!g_str_equal (args[0], "connector"))
    {
      /* TRANSLATORS: "connector" is typed as it is */
      rb_ctl_warn (_ ("what can be exchanged while the broker runs is a 'connector', not a '%s'"), args[0]);
      return RB_EXIT_USAGE;
    }
  wish = make_wish (args[1]);
  answer = rb_ctl_call (ctl, "POST", "/v1/operator/use", wish, &error);
  if (answer == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else
    {
      print_done (ctl, answer);
      print_settings (ctl, answer);
    }
  print_troubles (answer);
  return RB_EXIT_OK;
}

const RbVerb rb_use_verb = {
  .name = "use",
  .summary = N_ ("Exchange the connector while the broker runs"),
  .usage = N_ ("connector NAME"),
  .details = N_ ("The connector that runs makes way for NAME, and nobody loses an endpoint, a message or work: what is on its way is carried through "
                 "first, and what is sent meanwhile waits. When the new one cannot be loaded nothing happens; when it does not start, the one "
                 "before does again. NAME that runs already is stopped and started, with its settings as they are now.\n\n"
                 "The name is written into the person's own settings once it runs, but with --once. 'brokerctl modules' shows what runs."),
  .options = options,
  .min_args = 2,
  .max_args = 2,
  .completes = "=connector connector",
  .run = run_use,
};
