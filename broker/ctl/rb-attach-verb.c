/* rb-attach-verb.c: brokerctl attach: a program, or a person at a terminal, becomes a runtime
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-print.h"
#include "rb-attach.h"
#include "rb-error.h"
#include "rb-exec-turn.h"
#include "rb-json-writer.h"
#include "rb-verb.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_MAX_LENGTH 100

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

typedef struct {
  RbCtl         *ctl;
  RbAttach      *attach;
  RbAttachPrint *print;     /* (nullable) */
  RbExecRunner  *runner;    /* (nullable) */
  RbClock       *clock;
  GCancellable  *stop;      /* for the programs */
  gboolean       attached;  /* told */
  gboolean       leaving;
  RbExitCode     code;
} Session;

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
  if (g_utf8_strlen (wanted.name, -1) > NAME_MAX_LENGTH)
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

/* One line for a person on stderr, or one JSON object for a program on stdout. */
static void
tell (Session    *session,
      const char *event,
      const char *id,
      const char *text)
{
  RbJsonWriter *writer;
  g_autofree char *line = NULL;

  if (!session->ctl->json)
    {
      rb_ctl_warn ("%s%s%s%s%s", _ (event), id != NULL ? " " : "", id != NULL ? id : "", text != NULL ? ": " : "",
                   text != NULL ? text : "");
      return;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", event);
  rb_json_writer_string (writer, g_str_equal (event, "attached") ? "endpoint_id" : "message_id", id);
  rb_json_writer_string (writer, "detail", text);
  rb_json_writer_end_object (writer);
  line = rb_json_writer_end_text (writer);
  rb_ctl_print (session->ctl, "%s\n", line);
}

/* Once, and before anything else that happens to the endpoint. */
static void
tell_attached (Session *session)
{
  if (session->attached)
    return;
  session->attached = TRUE;
  tell (session, N_ ("attached"), rb_client_endpoint_get_id (rb_attach_get_endpoint (session->attach)), wanted.name);
}

static void
leave (Session    *session,
       RbExitCode  code)
{
  if (session->leaving)
    return;
  session->leaving = TRUE;
  session->code = code;
  g_cancellable_cancel (session->stop);
  if (session->print != NULL)
    rb_attach_print_drop (session->print);
}

static void
on_turn_done (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Session *session = user_data;
  RbTurn *turn = RB_TURN (source);
  g_autoptr(GError) error = NULL;
  gboolean done = rb_exec_turn_run_finish (turn, result, &error);

  tell (session, done ? N_ ("done") : N_ ("failed"), rb_turn_get_name (turn), done ? NULL : error->message);
  rb_attach_end_turn (session->attach, turn);
  if (wanted.once)
    leave (session, done ? RB_EXIT_OK : rb_ctl_get_exit_code (error));
}

static void
on_turn (RbAttach *attach,
         RbTurn   *turn,
         Session  *session)
{
  tell_attached (session);
  tell (session, N_ ("message"), rb_turn_get_name (turn), rb_turn_get_message (turn)->from);
  rb_exec_turn_run_async (turn, session->runner, session->clock, !wanted.no_reply, session->stop, on_turn_done, session);
}

static void
on_idle (RbAttachPrint *print,
         Session       *session)
{
  if (wanted.once)
    leave (session, RB_EXIT_OK);
}

/* A pipe that ended only has nothing more to say; a person who typed Ctrl-D, or /quit, is done. */
static void
on_quit (RbAttachPrint *print,
         gboolean       asked,
         Session       *session)
{
  if (asked || isatty (STDIN_FILENO))
    leave (session, RB_EXIT_OK);
}

static void
on_phase (RbClient   *client,
          int         phase,
          const char *failure,
          Session    *session)
{
  if (phase == RB_CLIENT_RECONNECTING)
    tell (session, N_ ("reconnecting"), NULL, failure);
  else if (phase == RB_CLIENT_CONNECTED && rb_attach_get_endpoint (session->attach) != NULL)
    tell (session, N_ ("reconnected"), NULL, NULL);
}

static void
set_up_handler (Session     *session,
                const char *const *argv)
{
  if (argv == NULL)
    {
      session->print = rb_attach_print_new (session->attach, session->ctl);
      g_signal_connect (session->print, "idle", G_CALLBACK (on_idle), session);
      g_signal_connect (session->print, "quit", G_CALLBACK (on_quit), session);
      return;
    }
  session->runner = rb_exec_runner_new (argv, MAX (wanted.concurrency, 1), session->ctl->timeout_ms, session->clock);
  g_signal_connect (session->attach, "turn", G_CALLBACK (on_turn), session);
}

static RbExitCode
start (Session *session)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rb_attach_start_async (session->attach, session->ctl->cancellable, rb_ctl_store_result, &result);
  if (!rb_attach_start_finish (session->attach, rb_ctl_wait (&result), &error))
    return rb_ctl_fail (error);

  tell_attached (session);
  if (session->print != NULL)
    {
      g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);

      rb_attach_print_read (session->print, input);
    }
  return RB_EXIT_OK;
}

static void
on_interrupted (GCancellable *cancellable,
                Session      *session)
{
  leave (session, RB_EXIT_OK);
}

static RbExitCode
run (Session *session)
{
  g_autoptr(GAsyncResult) result = NULL;
  RbExitCode code;

  g_signal_connect (rb_ctl_get_client (session->ctl), "phase", G_CALLBACK (on_phase), session);
  g_signal_connect (session->ctl->cancellable, "cancelled", G_CALLBACK (on_interrupted), session);
  code = start (session);
  while (code == RB_EXIT_OK && !session->leaving)
    g_main_context_iteration (NULL, TRUE);

  g_cancellable_cancel (session->stop);
  rb_attach_stop_async (session->attach, rb_ctl_store_result, &result);
  rb_attach_stop_finish (session->attach, rb_ctl_wait (&result));
  while (rb_attach_get_n_turns (session->attach) > 0 && g_main_context_iteration (NULL, FALSE))
    continue;
  g_signal_handlers_disconnect_by_data (session->ctl->cancellable, session);
  g_signal_handlers_disconnect_by_data (session->ctl->client, session);
  return code != RB_EXIT_OK ? code : session->code;
}

static RbExitCode
run_attach (RbCtl             *ctl,
            const char *const *args)
{
  g_auto(GStrv) argv = NULL;
  Session session = { .ctl = ctl };
  RbExitCode code = check_arguments (&argv);

  if (code != RB_EXIT_OK)
    return code;

  /* A program that runs brokerctl itself finds the same broker. */
  g_setenv ("MASONS_BROKER_ACCOUNT_ID", ctl->options->account_id, TRUE);
  if (ctl->options->data_dir != NULL)
    g_setenv ("MASONS_BROKER_USER_DATA", ctl->options->data_dir, TRUE);
  signal (SIGPIPE, SIG_IGN);
  rb_ctl_catch_signals (ctl);

  session.clock = rb_clock_new_system ();
  session.stop = g_cancellable_new ();
  session.attach = rb_attach_new (rb_ctl_get_client (ctl), wanted.name, wanted.kind != NULL ? wanted.kind : "custom");
  set_up_handler (&session, (const char *const *) argv);
  code = run (&session);

  g_clear_object (&session.print);
  g_clear_object (&session.attach);
  g_clear_object (&session.runner);
  g_clear_object (&session.stop);
  g_clear_object (&session.clock);
  return code;
}

const RbVerb rb_attach_verb = {
  .name = "attach",
  .summary = N_ ("Make a program, or yourself, a runtime"),
  .usage = "--name NAME --exec 'PROGRAM ARGS' | --print",
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
