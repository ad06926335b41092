/* rb-demo-verb.c: brokerctl demo: a whole conversation, step by step, checked
 *
 * Every step may be repeated until the deadline, so that a broker that is killed and comes back in between changes nothing but
 * the time it takes. What must not be repeated, the sending, is only done again when the message is certainly nowhere.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-error.h"
#include "rb-demo-worker.h"
#include "rb-dispatch-verb.h"
#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-session.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define SUFFIX_MAX 40
#define DEADLINE_MS 60000
#define TURN_MS 50
#define RESTART_MS 2000
#define SEARCH_MS 5000   /* for a message whose sending has an unknown outcome */

static struct {
  char *suffix;
} wanted;

static const GOptionEntry options[] = {
  { "suffix", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &wanted.suffix, NULL, NULL },
  { NULL },
};

typedef struct {
  RbCtl           *ctl;
  gint64           deadline_us;
  guint            n_steps;
  char            *asker;
  char            *worker_name;
  RbSession       *session;
  RbDemoWorker    *worker;
  char            *address;
  char            *question;
  gboolean         question_sent;  /* or perhaps: from now on nothing may start anew */
  RbReceipt        receipt;
  char            *row_id;       /* of the question in the inbox */
  RbClientMessage *reply;
} Demo;

static gboolean
on_wake_up (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* Lets @ms pass; FALSE with an error when there is no time left, or the person does not want to go on. */
static gboolean
pause_for (Demo    *demo,
           gint64   ms,
           GError **error)
{
  gint64 until_us = g_get_monotonic_time () + ms * 1000;
  g_autoptr(GSource) wake_up = g_timeout_source_new ((guint) ms);

  g_source_set_callback (wake_up, on_wake_up, NULL, NULL);
  g_source_attach (wake_up, NULL);
  while (g_get_monotonic_time () < until_us && !g_cancellable_is_cancelled (demo->ctl->cancellable))
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (wake_up);

  if (g_cancellable_set_error_if_cancelled (demo->ctl->cancellable, error))
    return FALSE;
  if (demo->worker != NULL && rb_demo_worker_has_ended (demo->worker) && demo->question_sent)
    rb_set_error (error, RB_ERROR_REJECTED, "worker_ended", _ ("the worker ended"));
  else if (g_get_monotonic_time () > demo->deadline_us)
    rb_set_error (error, RB_ERROR_TIMED_OUT, "demo_timeout", _ ("the conversation took too long"));
  else
    return TRUE;
  return FALSE;
}

static gboolean
may_pass (const GError *error)
{
  return rb_client_error_is_transient (error) || g_error_matches (error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN)
         || g_strcmp0 (rb_error_get_reason (error), "dispatch_failed") == 0;
}

/* A view, however long the broker is away. */
static RbJson *
look (Demo        *demo,
      const char  *view,
      GError     **error)
{
  for (;;)
    {
      g_autoptr(GError) local_error = NULL;
      RbJson *json = rb_ctl_view (demo->ctl, view, &local_error);

      if (json != NULL)
        return json;
      if (!may_pass (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
      if (!pause_for (demo, TURN_MS, error))
        return NULL;
    }
}

static char *
read_checkpoint (const RbJson *explained)
{
  g_autoptr(RbJson) ladder = NULL;
  g_autoptr(RbJson) last = NULL;

  if (rb_json_get_member_type (explained, "ladder") == RB_JSON_ARRAY)
    ladder = rb_json_open (explained, "ladder", NULL);
  if (ladder != NULL && rb_json_get_length (ladder) > 0)
    last = rb_json_open_item (ladder, rb_json_get_length (ladder) - 1, NULL);
  return last != NULL && rb_json_get_root_type (last) == RB_JSON_OBJECT ? rb_view_dup_text (last, "step") : NULL;
}

static char *
ask_checkpoint (Demo       *demo,
                const char *id)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *view = g_strconcat ("explain/", escaped, NULL);
  g_autoptr(RbJson) explained = rb_ctl_view (demo->ctl, view, NULL);

  return explained != NULL && rb_json_get_root_type (explained) == RB_JSON_OBJECT ? read_checkpoint (explained) : NULL;
}

static void
report (Demo       *demo,
        const char *step,
        const char *id,
        const char *text)
{
  g_autofree char *checkpoint = id != NULL ? ask_checkpoint (demo, id) : NULL;
  RbJsonWriter *writer;
  g_autofree char *line = NULL;

  demo->n_steps++;
  if (!demo->ctl->json)
    {
      g_autofree char *padded = rb_terminal_pad (_ (step), 10);
      g_autofree char *plain = g_strdup_printf ("%u. %s %s%s%s%s", demo->n_steps, padded, text, checkpoint != NULL ? " [" : "",
                                                checkpoint != NULL ? checkpoint : "", checkpoint != NULL ? "]" : "");
      g_autofree char *escaped = rb_terminal_escape (plain);
      g_autofree char *wrapped = rb_terminal_wrap (escaped, demo->ctl->terminal.columns, 14);

      rb_ctl_print (demo->ctl, "%s\n", wrapped);
      return;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "step", step);
  rb_json_writer_string (writer, "id", id);
  rb_json_writer_string (writer, "text", text);
  rb_json_writer_string (writer, "checkpoint", checkpoint);
  rb_json_writer_end_object (writer);
  line = rb_json_writer_end_text (writer);
  rb_ctl_print (demo->ctl, "%s\n", line);
}

/* One that is just being restarted may be away for a moment. */
static gboolean
find_broker (Demo    *demo,
             GError **error)
{
  gint64 until_us = g_get_monotonic_time () + RESTART_MS * 1000;

  for (;;)
    {
      g_autoptr(GError) local_error = NULL;
      g_autoptr(RbJson) status = rb_ctl_view (demo->ctl, "status", &local_error);

      if (status != NULL)
        return TRUE;
      if ((rb_ctl_get_exit_code (local_error) != RB_EXIT_NOT_RUNNING && !may_pass (local_error))
          || g_get_monotonic_time () > until_us)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (!pause_for (demo, TURN_MS, error))
        return FALSE;
    }
}

/* Nothing was sent yet: an asker that did not come through is simply made again. */
static gboolean
attach_asker (Demo    *demo,
              GError **error)
{
  if (!find_broker (demo, error))
    return FALSE;
  while (demo->session == NULL)
    {
      g_autoptr(GError) local_error = NULL;

      demo->session = rb_session_new (demo->ctl, demo->asker, &local_error);
      if (demo->session == NULL && !may_pass (local_error) && rb_ctl_get_exit_code (local_error) != RB_EXIT_NOT_RUNNING)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (demo->session == NULL && !pause_for (demo, TURN_MS, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
attach_worker (Demo    *demo,
               GError **error)
{
  while (demo->worker == NULL || rb_demo_worker_get_endpoint_id (demo->worker) == NULL)
    {
      if (demo->worker != NULL && rb_demo_worker_has_ended (demo->worker))
        g_clear_pointer (&demo->worker, rb_demo_worker_free);
      if (demo->worker == NULL)
        demo->worker = rb_demo_worker_new (demo->ctl, demo->worker_name, error);
      if (demo->worker == NULL || !pause_for (demo, TURN_MS, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
step_attach (Demo    *demo,
             GError **error)
{
  g_autofree char *text = NULL;

  if (!attach_asker (demo, error))
    return FALSE;
  report (demo, N_ ("attached"), NULL, demo->asker);
  if (!attach_worker (demo, error))
    return FALSE;
  text = g_strdup_printf (_ ("%s, endpoint %s"), demo->worker_name, rb_demo_worker_get_endpoint_id (demo->worker));
  report (demo, N_ ("attached"), NULL, text);
  return TRUE;
}

static gboolean
step_address (Demo    *demo,
              GError **error)
{
  do
    {
      g_autoptr(RbJson) status = look (demo, "status", error);

      if (status == NULL)
        return FALSE;
      demo->address = rb_view_dup_text (status, "address");
    }
  while (demo->address == NULL && pause_for (demo, TURN_MS, error));
  return demo->address != NULL;
}

/* The row of our question, if the inbox has it; its text is like no other. */
static gboolean
find_row (Demo    *demo,
          GError **error)
{
  g_autoptr(RbJson) inbox = look (demo, "inbox", error);

  g_clear_pointer (&demo->row_id, g_free);
  for (guint i = 0; inbox != NULL && i < rb_json_get_length (inbox); i++)
    {
      g_autoptr(RbJson) row = rb_json_open_item (inbox, i, NULL);
      g_autofree char *preview = row != NULL ? rb_view_dup_text (row, "preview") : NULL;

      if (preview != NULL && *preview != '\0' && g_str_has_prefix (demo->question, preview))
        demo->row_id = rb_view_dup_text (row, "id");
    }
  return inbox != NULL;
}

/* FALSE with an error only when there is no time left. */
static gboolean
search_row (Demo     *demo,
            gint64    limit_ms,
            gboolean *found,
            GError  **error)
{
  gint64 until_us = g_get_monotonic_time () + limit_ms * 1000;

  *found = FALSE;
  do
    {
      if (!find_row (demo, error))
        return FALSE;
      *found = demo->row_id != NULL;
      if (*found)
        return TRUE;
      if (!pause_for (demo, TURN_MS, error))
        return FALSE;
    }
  while (g_get_monotonic_time () < until_us);
  return TRUE;
}

static gboolean
step_send (Demo    *demo,
           GError **error)
{
  g_autofree char *text = g_strdup_printf (_ ("to %s, which names no endpoint"), demo->address);
  gboolean found = FALSE;

  demo->question_sent = TRUE;
  while (!found)
    {
      g_autoptr(GError) local_error = NULL;

      if (rb_session_send (demo->session, demo->address, demo->question, NULL, NULL, &demo->receipt, &local_error))
        break;
      if (!may_pass (local_error) && g_strcmp0 (rb_error_get_reason (local_error), "endpoint_not_active") != 0)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (g_error_matches (local_error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN) && !search_row (demo, SEARCH_MS, &found, error))
        return FALSE;
      if (!found && !pause_for (demo, TURN_MS, error))
        return FALSE;
    }
  report (demo, N_ ("sent"), demo->receipt.message_id, text);
  return TRUE;
}

static gboolean
step_inbox (Demo    *demo,
            GError **error)
{
  gboolean found = FALSE;

  while (!found)
    if (!search_row (demo, SEARCH_MS, &found, error))
      return FALSE;
  report (demo, N_ ("inbox"), demo->row_id, demo->row_id);
  return TRUE;
}

/* A dispatch that got lost has either taken the row out of the inbox, or left it there. */
static gboolean
step_dispatch (Demo    *demo,
               GError **error)
{
  g_autofree char *id = g_strdup (demo->row_id);
  g_autofree char *text = g_strdup_printf (_ ("to %s"), demo->worker_name);

  while (demo->row_id != NULL)
    {
      g_autoptr(GError) local_error = NULL;

      if (rb_dispatch_verb_ask (demo->ctl, id, rb_demo_worker_get_endpoint_id (demo->worker), &local_error))
        break;
      if (!may_pass (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (!pause_for (demo, TURN_MS, error) || !find_row (demo, error))
        return FALSE;
    }
  g_free (demo->row_id);
  demo->row_id = g_steal_pointer (&id);
  report (demo, N_ ("dispatched"), demo->row_id, text);
  return TRUE;
}

static gboolean
has_step (const RbJson *explained,
          const char   *wanted_step)
{
  g_autoptr(RbJson) ladder = NULL;

  if (rb_json_get_member_type (explained, "ladder") == RB_JSON_ARRAY)
    ladder = rb_json_open (explained, "ladder", NULL);
  for (guint i = 0; ladder != NULL && i < rb_json_get_length (ladder); i++)
    {
      g_autoptr(RbJson) step = rb_json_open_item (ladder, i, NULL);
      g_autofree char *name = step != NULL ? rb_view_dup_text (step, "step") : NULL;

      if (g_strcmp0 (name, wanted_step) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
step_accepted (Demo    *demo,
               GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (demo->row_id, NULL, FALSE);
  g_autofree char *view = g_strconcat ("explain/", escaped, NULL);

  for (;;)
    {
      g_autoptr(RbJson) explained = look (demo, view, error);

      if (explained == NULL)
        return FALSE;
      if (has_step (explained, "accepted"))
        break;
      if (!pause_for (demo, TURN_MS, error))
        return FALSE;
    }
  report (demo, N_ ("accepted"), demo->row_id, demo->worker_name);
  return TRUE;
}

static gboolean
step_reply (Demo    *demo,
            GError **error)
{
  g_autofree char *expected = g_strconcat (RB_DEMO_ANSWER, demo->question, NULL);
  gint64 left_ms = MAX (1, (demo->deadline_us - g_get_monotonic_time ()) / 1000);

  demo->reply = rb_session_wait_reply (demo->session, left_ms, error);
  if (demo->reply == NULL)
    return FALSE;
  if (!g_str_equal (demo->reply->content, expected))
    {
      rb_set_error (error, RB_ERROR_REJECTED, "wrong_reply", _ ("the reply is not the worker's"));
      return FALSE;
    }
  report (demo, N_ ("replied"), demo->row_id, demo->worker_name);
  report (demo, N_ ("received"), demo->reply->source_message_id, demo->reply->content);
  return TRUE;
}

static gboolean
step_once (Demo    *demo,
           GError **error)
{
  g_autoptr(RbClientMessage) second = NULL;

  second = rb_session_wait_reply (demo->session, 200, NULL);
  if (second == NULL && rb_demo_worker_get_n_messages (demo->worker) == 1)
    return TRUE;
  rb_set_error (error, RB_ERROR_REJECTED, "repeated", _ ("the question or its reply came twice"));
  return FALSE;
}

static void
demo_clear (Demo *demo)
{
  g_clear_pointer (&demo->worker, rb_demo_worker_free);
  g_clear_pointer (&demo->session, rb_session_free);
  g_clear_object (&demo->reply);
  rb_receipt_clear (&demo->receipt);
  g_free (demo->asker);
  g_free (demo->worker_name);
  g_free (demo->address);
  g_free (demo->question);
  g_free (demo->row_id);
}

static RbExitCode
run_demo (RbCtl             *ctl,
          const char *const *args)
{
  static gboolean (*const steps[]) (Demo *, GError **) = { step_attach,   step_address, step_send,  step_inbox,
                                                           step_dispatch, step_accepted, step_reply, step_once };
  g_autofree char *suffix = wanted.suffix != NULL ? g_strdup (wanted.suffix) : g_strdup_printf ("%08x", g_random_int ());
  g_autoptr(GError) error = NULL;
  RbExitCode code;
  Demo demo = { .ctl = ctl };
  gboolean good = TRUE;

  /* Names with it must still be names. */
  if (g_utf8_strlen (suffix, -1) > SUFFIX_MAX)
    {
      rb_ctl_warn ("--suffix: %d characters at most", SUFFIX_MAX);
      return RB_EXIT_USAGE;
    }
  rb_ctl_catch_signals (ctl);
  demo.deadline_us = g_get_monotonic_time () + (ctl->timeout_ms > 0 ? ctl->timeout_ms : DEADLINE_MS) * 1000;
  demo.asker = g_strconcat ("demo-asker-", suffix, NULL);
  demo.worker_name = g_strconcat ("demo-worker-", suffix, NULL);
  demo.question = g_strdup_printf ("Question %s: is anybody there?", suffix);

  for (gsize i = 0; good && i < G_N_ELEMENTS (steps); i++)
    good = steps[i] (&demo, &error);
  code = good ? RB_EXIT_OK : rb_ctl_fail (error);
  if (good)
    report (&demo, N_ ("done"), NULL, _ ("the question was answered once, and nothing was lost"));
  demo_clear (&demo);
  return code;
}

const RbVerb rb_demo_verb = {
  .name = "demo",
  .summary = N_ ("Play a whole conversation"),
  .usage = "",
  .details = N_ ("A question is sent to the broker's own address, waits in the inbox, is given to a runtime that was started for it, and answered; each "
                 "step is printed, and it is checked that nothing was lost and nothing came twice. The exit status is 0 when that is so. Your own messages and "
                 "endpoints are not touched. With profile masons it goes over the real network."),
  .options = options,
  .starts = TRUE,
  .run = run_demo,
};
