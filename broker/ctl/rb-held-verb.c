/* rb-held-verb.c: brokerctl held, accept, refuse: what waits to come in, and a person who decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-pick.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static gboolean remember;
static char *reason;

static const GOptionEntry accept_options[] = {
  { "remember", 0, 0, G_OPTION_ARG_NONE, &remember, N_ ("Let in what its sender sends from now on, too"), NULL },
  { NULL },
};

static const GOptionEntry refuse_options[] = {
  { "remember", 0, 0, G_OPTION_ARG_NONE, &remember, N_ ("Refuse what its sender sends from now on, too"), NULL },
  { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, N_ ("Why, for its story"), N_ ("TEXT") },
  { NULL },
};

static const RbViewColumn held_columns[] = {
  { { N_ ("MESSAGE"), 10 }, "id" },
  { { N_ ("FROM"), 8 }, "sender_address" },
  { { N_ ("FOR"), 0 }, "since", "arrived_at", TRUE },
  { { N_ ("WHY"), 8 }, "why", "reason" },
  { { N_ ("BEHIND"), 10 }, "behind" },
  { { N_ ("CONTENT"), 12 }, "preview" },
};

static RbExitCode
run_held (RbCtl             *ctl,
          const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "held", &error);

  if (view == NULL)
    return rb_ctl_fail (error);
  rb_view_print_table (ctl, view, held_columns, G_N_ELEMENTS (held_columns), _ ("no message is held\n"));
  return RB_EXIT_OK;
}

static GBytes *
make_body (const char *message_id,
           gboolean    remembers,
           const char *why)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "message_id", message_id);
  rb_json_writer_boolean (writer, "remember", remembers);
  if (why != NULL)
    rb_json_writer_string (writer, "reason", why);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

/* Options of verbs are the process's; tests run several. */
static RbJson *
decide (RbCtl       *ctl,
        const char  *text,
        const char  *target,
        char       **message_id,
        GError     **error)
{
  gboolean remembers = remember;
  g_autofree char *why = g_steal_pointer (&reason);
  g_autoptr(GBytes) body = NULL;

  remember = FALSE;
  *message_id = rb_pick_held (ctl, text, error);
  if (*message_id == NULL)
    return NULL;
  body = make_body (*message_id, remembers, why);
  return rb_ctl_call (ctl, "POST", target, body, error);
}

static void
print_accepted (RbCtl        *ctl,
                const RbJson *answer,
                const char   *message_id)
{
  g_autofree char *place = rb_view_dup_text (answer, "place");
  g_autofree char *endpoint_id = rb_view_dup_text (answer, "endpoint_id");
  g_autofree char *id = rb_terminal_escape (message_id);
  g_autofree char *who = endpoint_id != NULL ? rb_terminal_escape (endpoint_id) : NULL;

  if (g_strcmp0 (place, "inbox") == 0)
    /* TRANSLATORS: %s: the id of a message */
    rb_ctl_print (ctl, _ ("%s is in the inbox now\n"), id);
  else if (g_strcmp0 (place, "ended") == 0)
    rb_ctl_print (ctl, _ ("%s has gone to somebody else meanwhile\n"), id);
  else
    rb_ctl_print (ctl, _ ("%s goes to %s\n"), id, who != NULL ? who : "-");
}

static RbExitCode
run_accept (RbCtl             *ctl,
            const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = NULL;
  g_autoptr(RbJson) answer = decide (ctl, args[0], "/v1/operator/held/accept", &message_id, &error);

  if (answer == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else
    print_accepted (ctl, answer, message_id);
  return RB_EXIT_OK;
}

static RbExitCode
run_refuse (RbCtl             *ctl,
            const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = NULL;
  g_autoptr(RbJson) answer = decide (ctl, args[0], "/v1/operator/held/refuse", &message_id, &error);
  g_autofree char *id = message_id != NULL ? rb_terminal_escape (message_id) : NULL;

  if (answer == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else
    rb_ctl_print (ctl, _ ("%s is refused\n"), id);
  return RB_EXIT_OK;
}

const RbVerb rb_held_verb = {
  .name = "held",
  .summary = N_ ("Show the messages that wait to be let in"),
  .usage = "",
  .details = N_ ("A rule of the policy holds them, or their sender is a stranger who sent many, or agents talk with each other for too long. No runtime "
                 "sees them before they are accepted. What is behind one of the same conversation follows it."),
  .run = run_held,
};

const RbVerb rb_accept_verb = {
  .name = "accept",
  .summary = N_ ("Let a held message in"),
  .usage = N_ ("MESSAGE"),
  .details = N_ ("It goes where it would have gone when it came. MESSAGE may be shortened to any beginning that fits only one. With --remember a rule is "
                 "made for its sender, and what else of that sender is held comes in, too."),
  .options = accept_options,
  .min_args = 1,
  .max_args = 1,
  .completes = "held",
  .run = run_accept,
};

const RbVerb rb_refuse_verb = {
  .name = "refuse",
  .summary = N_ ("Do not let a held message in"),
  .usage = N_ ("MESSAGE"),
  .details = N_ ("It ends, and can be explained and searched for as long as what has ended is kept. MESSAGE may be shortened to any beginning that fits only "
                 "one."),
  .options = refuse_options,
  .min_args = 1,
  .max_args = 1,
  .completes = "held",
  .run = run_refuse,
};
