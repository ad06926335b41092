/* rb-claim-verb.c: brokerctl claim: a person, or a program, takes one message of the inbox
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-run.h"
#include "rb-input.h"
#include "rb-pick.h"
#include "rb-verb.h"

#include <glib/gi18n.h>

static struct {
  char *name;
  char *reply;
  char *exec;
} wanted;

static const GOptionEntry options[] = {
  { "as", 'n', 0, G_OPTION_ARG_STRING, &wanted.name, N_ ("Name of the endpoint that has it meanwhile (your user name)"), N_ ("NAME") },
  { "reply", 'r', 0, G_OPTION_ARG_STRING, &wanted.reply, N_ ("Answer this; '-' reads the answer from standard input"), N_ ("TEXT") },
  { "exec", 'x', 0, G_OPTION_ARG_STRING, &wanted.exec, N_ ("Run this program for it, as attach does"), N_ ("COMMAND") },
  { NULL },
};

static RbExitCode
check_arguments (char ***argv)
{
  g_autoptr(GError) error = NULL;

  if (wanted.name == NULL)
    wanted.name = g_strdup (g_get_user_name ());
  if (*wanted.name == '\0' || g_utf8_strlen (wanted.name, -1) > RB_ATTACH_NAME_MAX)
    {
      rb_ctl_warn (_ ("the name must have 1 to %d characters"), RB_ATTACH_NAME_MAX);
      return RB_EXIT_USAGE;
    }
  if (wanted.reply != NULL && wanted.exec != NULL)
    {
      rb_ctl_warn (_ ("claim takes either --reply or --exec"));
      return RB_EXIT_USAGE;
    }
  if (wanted.exec != NULL && !g_shell_parse_argv (wanted.exec, NULL, argv, &error))
    {
      rb_ctl_warn ("--exec: %s", error->message);
      return RB_EXIT_USAGE;
    }
  return RB_EXIT_OK;
}

static gboolean
read_reply (GError **error)
{
  g_autofree char *given = NULL;

  if (g_strcmp0 (wanted.reply, "-") != 0)
    return TRUE;
  given = g_steal_pointer (&wanted.reply);
  wanted.reply = rb_input_read (error);
  return wanted.reply != NULL;
}

static RbExitCode
run_claim (RbCtl             *ctl,
           const char *const *args)
{
  g_auto(GStrv) argv = NULL;
  g_autofree char *message_id = NULL;
  g_autoptr(GError) error = NULL;
  RbAttachWish wish = { .kind = "custom", .once = TRUE };
  RbExitCode code = check_arguments (&argv);

  if (code != RB_EXIT_OK)
    return code;
  message_id = rb_pick_waiting (ctl, args[0], &error);
  if (message_id == NULL || !read_reply (&error))
    return rb_ctl_fail (error);
  wish.name = wanted.name;
  wish.argv = (const char *const *) argv;
  wish.claim = message_id;
  wish.reply = wanted.reply;
  return rb_attach_run (ctl, &wish);
}

const RbVerb rb_claim_verb = {
  .name = "claim",
  .summary = N_ ("Take a message of the inbox yourself, and answer it"),
  .usage = N_ ("MESSAGE [--reply TEXT | --exec 'PROGRAM ARGS']"),
  .details = N_ ("The message is yours for as long as this runs: it is shown, and the line that you type is the answer; /fail 1 [REASON] refuses it, "
                 "/done 1 drops it without an answer. Who leaves without one (/quit, Ctrl-D, Ctrl-C) has failed it: it does not come back to the inbox. "
                 "With --reply or --exec nobody is asked. MESSAGE may be shortened to any beginning that fits only one.\n\n"
                 "brokerctl show lets you look without taking, brokerctl settle drops a message that needs no answer."),
  .options = options,
  .min_args = 1,
  .max_args = 1,
  .own_timeout = TRUE,
  .completes = "message",
  .run = run_claim,
};
