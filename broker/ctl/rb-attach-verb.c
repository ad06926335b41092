/* rb-attach-verb.c: brokerctl attach: a program, or a person at a terminal, becomes a runtime
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-run.h"
#include "rb-verb.h"

#include <glib/gi18n.h>

static struct {
  char     *name;
  char     *kind;
  char     *exec;
  gboolean  print;
  int       concurrency;
  gboolean  no_reply;
  gboolean  once;
} wanted;

static const GOptionEntry options[] = {
  { "name", 'n', 0, G_OPTION_ARG_STRING, &wanted.name, N_ ("Name of the runtime"), N_ ("NAME") },
  { "kind", 'k', 0, G_OPTION_ARG_STRING, &wanted.kind, N_ ("Kind of runtime (custom)"), N_ ("KIND") },
  { "exec", 'x', 0, G_OPTION_ARG_STRING, &wanted.exec, N_ ("Run this program for each message"), N_ ("COMMAND") },
  { "print", 'p', 0, G_OPTION_ARG_NONE, &wanted.print, N_ ("Show messages here and answer by hand"), NULL },
  { "concurrency", 'c', 0, G_OPTION_ARG_INT, &wanted.concurrency, N_ ("Programs at the same time (1)"), N_ ("N") },
  { "no-reply", 0, 0, G_OPTION_ARG_NONE, &wanted.no_reply, N_ ("Throw the output away"), NULL },
  { "once", '1', 0, G_OPTION_ARG_NONE, &wanted.once, N_ ("Leave after the first message"), NULL },
  { NULL },
};

static RbExitCode
refuse (const char *text)
{
  rb_ctl_warn ("%s", text);
  return RB_EXIT_USAGE;
}

static RbExitCode
check_arguments (char ***argv)
{
  g_autoptr(GError) error = NULL;

  if (wanted.name == NULL || *wanted.name == '\0')
    return refuse (_ ("attach needs --name NAME"));
  if (g_utf8_strlen (wanted.name, -1) > RB_ATTACH_NAME_MAX)
    return refuse (_ ("the name may have 100 characters at most"));
  if ((wanted.exec != NULL) == wanted.print)
    return refuse (_ ("attach needs either --exec COMMAND or --print"));
  if (wanted.concurrency < 0 || wanted.concurrency > 256)
    return refuse (_ ("--concurrency must be between 1 and 256"));
  if (wanted.exec == NULL || g_shell_parse_argv (wanted.exec, NULL, argv, &error))
    return RB_EXIT_OK;
  rb_ctl_warn ("--exec: %s", error->message);
  return RB_EXIT_USAGE;
}

static RbExitCode
run_attach (RbCtl             *ctl,
            const char *const *args)
{
  g_auto(GStrv) argv = NULL;
  RbExitCode code = check_arguments (&argv);
  const RbAttachWish wish = {
    .name = wanted.name,
    .kind = wanted.kind != NULL ? wanted.kind : "custom",
    .argv = (const char *const *) argv,
    .concurrency = wanted.concurrency,
    .no_reply = wanted.no_reply,
    .once = wanted.once,
  };

  return code != RB_EXIT_OK ? code : rb_attach_run (ctl, &wish);
}

const RbVerb rb_attach_verb = {
  .name = "attach",
  .summary = N_ ("Make a program, or yourself, a runtime"),
  .usage = N_ ("--name NAME --exec 'PROGRAM ARGS' | --print"),
  .details = N_ ("With --exec each message goes to a new process of the program: the content to its standard input; RB_MESSAGE_ID, RB_SENDER, "
                 "RB_CORRELATION_ID, RB_ENDPOINT_ID, RB_ASSIGNMENT_ID and RB_CONTENT_TYPE to its environment. What it prints is the reply; any "
                 "other exit status than 0 is a failure and sends none. No shell is involved; for one, use --exec \"sh -c '...'\". "
                 "--timeout limits each run.\n\n"
                 "With --print messages are shown here. A line you type answers the oldest; /reply N TEXT answers number N, /fail N [REASON] "
                 "refuses it, /done N drops it, /list shows what is open, /quit leaves."),
  .options = options,
  .starts = TRUE,
  .own_timeout = TRUE,
  .run = run_attach,
};
