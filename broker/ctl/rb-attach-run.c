/* rb-attach-run.c: a program, or a person at a terminal, is a runtime until it is over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-run.h"

#include "rb-attach-print.h"
#include "rb-attach.h"
#include "rb-exec-turn.h"
#include "rb-json-writer.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <unistd.h>

typedef struct {
  RbCtl         *ctl;
  const RbAttachWish *wish;
  RbAttach      *attach;
  RbAttachPrint *print;     /* (nullable) */
  RbExecRunner  *runner;    /* (nullable) */
  RbClock       *clock;
  GCancellable  *stop;      /* for the programs */
  gboolean       attached;  /* told */
  gboolean       leaving;
  RbExitCode     code;
} Session;

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
  rb_ctl_print_json_text (session->ctl, line, -1);
}

/* Once, and before anything else that happens to the endpoint. */
static void
tell_attached (Session *session)
{
  if (session->attached)
    return;
  session->attached = TRUE;
  tell (session, N_ ("attached"), rb_client_endpoint_get_id (rb_attach_get_endpoint (session->attach)), session->wish->name);
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
  if (session->wish->once)
    leave (session, done ? RB_EXIT_OK : rb_ctl_get_exit_code (error));
}

static void
on_turn (RbAttach *attach,
         RbTurn   *turn,
         Session  *session)
{
  tell_attached (session);
  tell (session, N_ ("message"), rb_turn_get_name (turn), rb_turn_get_message (turn)->from);
  rb_exec_turn_run_async (turn, session->runner, session->clock, !session->wish->no_reply, session->stop, on_turn_done, session);
}

static void
on_idle (RbAttachPrint *print,
         gboolean       well,
         Session       *session)
{
  if (session->wish->once)
    leave (session, well ? RB_EXIT_OK : RB_EXIT_FAILED);
}

/* It is somebody else's; for whoever wanted that one there is no other. */
static void
on_lost (RbAttachPrint *print,
         Session       *session)
{
  if (session->wish->claim != NULL)
    leave (session, RB_EXIT_FAILED);
}

/* A pipe that ended only has nothing more to say; a person who typed Ctrl-D, or /quit, is done. Who claimed a message and has nothing to
 * say to it gives it back. */
static void
on_quit (RbAttachPrint *print,
         gboolean       asked,
         Session       *session)
{
  /* Its answer is on its way: idle follows. */
  if (session->wish->claim != NULL && rb_attach_print_get_n_open (print) == 0 && rb_attach_get_n_turns (session->attach) > 0)
    return;
  if (asked || isatty (STDIN_FILENO) || session->wish->claim != NULL)
    leave (session, session->wish->claim == NULL ? RB_EXIT_OK : RB_EXIT_FAILED);
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
read_lines (RbAttachPrint *print)
{
  g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);

  rb_attach_print_read (print, input);
}

/* What is typed, or comes from a pipe, is about the message that was claimed, and not before it is there. */
static void
on_shown (RbAttachPrint *print,
          Session       *session)
{
  if (session->wish->claim != NULL && session->wish->reply == NULL)
    read_lines (print);
}

static void
set_up_handler (Session *session)
{
  if (session->wish->argv == NULL)
    {
      session->print = rb_attach_print_new (session->attach, session->ctl);
      rb_attach_print_set_reply (session->print, session->wish->reply);
      g_signal_connect (session->print, "shown", G_CALLBACK (on_shown), session);
      g_signal_connect (session->print, "idle", G_CALLBACK (on_idle), session);
      g_signal_connect (session->print, "lost", G_CALLBACK (on_lost), session);
      g_signal_connect (session->print, "quit", G_CALLBACK (on_quit), session);
      return;
    }
  session->runner = rb_exec_runner_new (session->wish->argv, MAX (session->wish->concurrency, 1), session->ctl->timeout_ms, session->clock);
  g_signal_connect (session->attach, "turn", G_CALLBACK (on_turn), session);
}

static gboolean
claim (Session  *session,
       GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_attach_claim_async (session->attach, session->wish->claim, session->ctl->cancellable, rb_ctl_store_result, &result);
  return rb_attach_claim_finish (session->attach, rb_ctl_wait (&result), error);
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
  if (session->wish->claim != NULL && !claim (session, &error))
    return rb_ctl_fail (error);
  if (session->print != NULL && session->wish->claim == NULL)
    read_lines (session->print);
  return RB_EXIT_OK;
}

static void
on_interrupted (GCancellable *cancellable,
                Session      *session)
{
  leave (session, session->wish->claim == NULL ? RB_EXIT_OK : RB_EXIT_INTERRUPTED);
}

static RbExitCode
run (Session *session)
{
  g_autoptr(GAsyncResult) result = NULL;
  RbExitCode code;

  g_signal_connect (rb_ctl_get_client (session->ctl), "phase-changed", G_CALLBACK (on_phase), session);
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

static void
prepare (RbCtl *ctl)
{
  /* A program that runs brokerctl itself finds the same broker. */
  g_setenv ("MASONS_BROKER_ACCOUNT_ID", ctl->options->account_id, TRUE);
  if (ctl->options->data_dir != NULL)
    g_setenv ("MASONS_BROKER_USER_DATA", ctl->options->data_dir, TRUE);
  signal (SIGPIPE, SIG_IGN);
  rb_ctl_catch_signals (ctl);
}

RbExitCode
rb_attach_run (RbCtl              *ctl,
               const RbAttachWish *wish)
{
  Session session = { .ctl = ctl, .wish = wish };
  RbExitCode code;

  prepare (ctl);
  session.clock = rb_clock_new_system ();
  session.stop = g_cancellable_new ();
  session.attach = rb_attach_new (rb_ctl_get_client (ctl), wish->name, wish->kind, wish->claim != NULL);
  set_up_handler (&session);
  code = run (&session);

  g_clear_object (&session.print);
  g_clear_object (&session.attach);
  g_clear_object (&session.runner);
  g_clear_object (&session.stop);
  g_clear_object (&session.clock);
  return code;
}
