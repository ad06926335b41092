/* rb-dismiss-verb.c: brokerctl dismiss: a person has seen what waits for them, and wants no more of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static gboolean all_dead_letters;

static const GOptionEntry options[] = {
  { "dead-letters", 0, 0, G_OPTION_ARG_NONE, &all_dead_letters, N_ ("All dead letters"), NULL },
  { NULL },
};

/* The number of a dead letter will do, as for retry. */
static GBytes *
make_body (const char *id)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  gboolean is_number = g_ascii_string_to_signed (id, 10, 1, G_MAXINT64, NULL, NULL);
  g_autofree char *whole = is_number ? g_strconcat ("dead-letter:", id, NULL) : g_strdup (id);

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "id", whole);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static RbExitCode
dismiss (RbCtl      *ctl,
         const char *id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = make_body (id);
  g_autoptr(RbJson) answer = rb_ctl_call (ctl, "POST", "/v1/operator/needs/dismiss", body, &error);
  g_autofree char *n = answer != NULL ? rb_view_dup_text (answer, "dismissed") : NULL;

  if (answer == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else
    rb_ctl_print (ctl, _ ("dismissed: %s\n"), n != NULL ? n : "-");
  return RB_EXIT_OK;
}

static RbExitCode
run_dismiss (RbCtl             *ctl,
             const char *const *args)
{
  gboolean all = all_dead_letters;

  all_dead_letters = FALSE;
  if (all == (args[0] != NULL) || (!all && (*args[0] == '\0' || !g_utf8_validate (args[0], -1, NULL))))
    {
      rb_ctl_warn (_ ("dismiss needs the id of one thing that needs you, or --dead-letters"));
      return RB_EXIT_USAGE;
    }
  return dismiss (ctl, all ? "dead-letters" : args[0]);
}

const RbVerb rb_dismiss_verb = {
  .name = "dismiss",
  .summary = N_ ("Take something that you have seen off the list of needs"),
  .usage = N_ ("ID | --dead-letters"),
  .details = N_ ("ID is the number of a dead letter, or one that needs --json shows: of a refused event, which is gone then; of runtimes that do not "
                 "start, of which you hear again after more failures; of what had to go. All else goes with its cause."),
  .options = options,
  .max_args = 1,
  .completes = "dead-letter",
  .run = run_dismiss,
};
