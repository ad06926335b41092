/* rb-check-request.c: what emitters and upstreams promise alike: of one request, whatever becomes of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-request.h"

#include <string.h>

#define MANY 30

RbCheckSubject *
rb_check_request_subject (RbCheckRun     *run,
                          RbCheckNetwork *network)
{
  g_autoptr(GHashTable) settings = rb_check_settings (run, rb_check_network_get_settings (network));
  RbCheckSubject *subject = rb_check_subject_new (run, "subject", settings);

  rb_check_subject_configure (subject);
  return subject;
}

RbCheckSubject *
rb_check_request_started (RbCheckRun     *run,
                          RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_subject (run, network);

  rb_check_subject_start (subject);
  return subject;
}

static gboolean
finish_emit (RbCheckAnswer *answer,
             GObject       *source,
             GAsyncResult  *result)
{
  return rb_emitter_emit_finish (RB_EMITTER (source), result, &answer->error);
}

RbCheckAnswer *
rb_check_emit (RbCheckSubject *subject,
               RbEventKind     kind,
               const char     *subject_id,
               const char     *payload,
               GCancellable   *cancellable)
{
  RbCheckAnswer *answer = rb_check_answer_new (subject->run, "emit", finish_emit);
  g_autoptr(GBytes) bytes = g_bytes_new (payload, strlen (payload));
  g_autoptr(RbEvent) event = rb_event_new (kind, subject_id, bytes);
  gint64 before = g_get_monotonic_time ();

  rb_emitter_emit_async (RB_EMITTER (subject->module), event, cancellable, rb_check_answer_callback, answer);
  answer->inside_us = g_get_monotonic_time () - before;
  return answer;
}

static gboolean
finish_call (RbCheckAnswer *answer,
             GObject       *source,
             GAsyncResult  *result)
{
  answer->value = rb_upstream_call_finish (RB_UPSTREAM (source), result, &answer->error);
  return answer->value != NULL;
}

RbCheckAnswer *
rb_check_call (RbCheckSubject *subject,
               RbUpstreamCall  call,
               GVariant       *arguments,
               GCancellable   *cancellable)
{
  RbCheckAnswer *answer = rb_check_answer_new (subject->run, rb_upstream_call_to_string (call), finish_call);
  gint64 before = g_get_monotonic_time ();

  rb_upstream_call_async (RB_UPSTREAM (subject->module), call, arguments, cancellable, rb_check_answer_callback, answer);
  answer->inside_us = g_get_monotonic_time () - before;
  return answer;
}

/* One that every module of the kind has an answer to. */
static RbCheckAnswer *
ask (RbCheckSubject *subject,
     GCancellable   *cancellable)
{
  if (rb_check_run_get_info (subject->run)->kind == RB_MODULE_UPSTREAM)
    return rb_check_call (subject, RB_UPSTREAM_CAPABILITIES, NULL, cancellable);
  return rb_check_emit (subject, RB_EVENT_ENDPOINT_STATE, "ep_1", "{\"state\":\"active\",\"reason\":\"check\",\"ts\":1}", cancellable);
}

void
rb_check_request_answered (RbCheckAnswer *answer)
{
  static const RbError documented[] = { RB_ERROR_NOT_SUPPORTED, RB_ERROR_REJECTED, RB_ERROR_UNAVAILABLE, RB_ERROR_TIMED_OUT };
  gboolean named = FALSE;

  rb_check_answer_wait (answer);
  rb_check_answer_contract (answer);
  if (answer->ok)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (documented); i++)
    named = named || g_error_matches (answer->error, RB_ERROR, documented[i]);
  rb_check_that (answer->run, named || g_error_matches (answer->error, G_IO_ERROR, G_IO_ERROR_CANCELLED),
                 "'%s' failed with the code %d (%s); it may be NOT_SUPPORTED, REJECTED, UNAVAILABLE or TIMED_OUT", answer->call,
                 answer->error->code, answer->error->message);
}

void
rb_check_request_early (RbCheckRun     *run,
                        RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_subject (run, network);
  gpointer defaults = g_type_default_interface_ref (RB_TYPE_MODULE);

  if (RB_MODULE_GET_IFACE (subject->module)->start_async == ((RbModuleInterface *) defaults)->start_async)
    rb_check_skip (run, "it has no start of its own");
  rb_check_answer_unavailable (ask (subject, NULL), "before the start");
  rb_check_subject_start (subject);
  rb_check_subject_stop (subject);
  rb_check_answer_unavailable (ask (subject, NULL), "after the stop");
}

void
rb_check_request_cancel (RbCheckRun     *run,
                         RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autoptr(GCancellable) before = g_cancellable_new ();
  g_autoptr(GCancellable) after = g_cancellable_new ();
  RbCheckAnswer *first, *second;

  g_cancellable_cancel (before);
  first = ask (subject, before);
  second = ask (subject, after);
  g_cancellable_cancel (after);
  rb_check_until (run, first->n_answers > 0 && second->n_answers > 0, "'%s' was cancelled, and is not answered", first->call);
  rb_check_turn (run, 100);
  rb_check_request_answered (first);
  rb_check_request_answered (second);
}

void
rb_check_request_silence (RbCheckRun     *run,
                          RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autofree char *silent = rb_check_network_ask (network, "silence");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  RbCheckAnswer *answer = ask (subject, cancellable);

  rb_check_turn (run, 100);
  g_cancellable_cancel (cancellable);
  rb_check_until (run, answer->n_answers > 0, "'%s' was cancelled, and is not answered", answer->call);
  rb_check_request_answered (answer);
  rb_check_that (run, !answer->ok, "Nobody answered, and '%s' succeeded", answer->call);
}

void
rb_check_request_stop (RbCheckRun     *run,
                       RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  RbCheckAnswer *answers[8], *stop;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    answers[i] = ask (subject, NULL);
  stop = rb_check_subject_stop_async (subject);
  rb_check_answer_succeed (stop);
  rb_check_turn (run, 200);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      rb_check_that (run, answers[i]->n_answers > 0, "It was stopped, and '%s' was never answered", answers[i]->call);
      rb_check_request_answered (answers[i]);
    }
  rb_check_answer_contract (stop);
  rb_check_that (run, rb_check_subject_drop (subject), "Something still holds it after it was stopped: a source, a task or a signal");
}

static void
insist_on_status (RbCheckAnswer *answer)
{
  GVariant *details = answer->error != NULL ? rb_error_get_details (answer->error) : NULL;
  gint64 status;

  rb_check_that (answer->run, details != NULL && g_variant_lookup (details, "status", "x", &status),
                 "The other side answered, and the error has no 'status'");
}

void
rb_check_request_refused (RbCheckRun     *run,
                          RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autofree char *refused = rb_check_network_ask (network, "refuse");
  RbCheckAnswer *answer = ask (subject, NULL);

  rb_check_request_answered (answer);
  rb_check_that (run, !answer->ok, "It was refused, and '%s' succeeded", answer->call);
  rb_check_that (run, g_error_matches (answer->error, RB_ERROR, RB_ERROR_REJECTED), "It was refused, and the code is %d, not REJECTED",
                 answer->error->code);
  insist_on_status (answer);
}

void
rb_check_request_failing (RbCheckRun     *run,
                          RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  g_autofree char *failing = rb_check_network_ask (network, "fail");
  RbCheckAnswer *answer;

  rb_check_turn (run, 50);
  answer = ask (subject, NULL);
  rb_check_request_answered (answer);
  rb_check_that (run, !answer->ok, "The other side failed, and '%s' succeeded; it is not repeated by the module itself", answer->call);
  rb_check_that (run, g_error_matches (answer->error, RB_ERROR, RB_ERROR_UNAVAILABLE) ||
                                g_error_matches (answer->error, RB_ERROR, RB_ERROR_TIMED_OUT),
                 "The other side failed for now, and the code is %d, not UNAVAILABLE or TIMED_OUT", answer->error->code);
  insist_on_status (answer);
}

void
rb_check_request_many (RbCheckRun     *run,
                       RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  RbCheckAnswer *answers[MANY];

  for (guint i = 0; i < MANY; i++)
    answers[i] = ask (subject, NULL);
  for (guint i = 0; i < MANY; i++)
    {
      rb_check_request_answered (answers[i]);
      rb_check_that (run, answers[i]->ok, "'%s' failed: %s", answers[i]->call, answers[i]->ok ? "" : answers[i]->error->message);
      rb_check_that (run, answers[i]->thread == g_thread_self (), "'%s' was answered on another thread than the main one", answers[i]->call);
    }
  rb_check_turn (run, 50);
  for (guint i = 0; i < MANY; i++)
    rb_check_answer_contract (answers[i]);
}

void
rb_check_request_blocking (RbCheckRun     *run,
                           RbCheckNetwork *network)
{
  RbCheckSubject *subject = rb_check_request_started (run, network);
  RbCheckAnswer *answer = ask (subject, NULL);

  rb_check_answer_wait (answer);
  rb_check_that (run, answer->inside_us < G_TIME_SPAN_SECOND / 2, "'%s' held the main loop for %d ms", answer->call,
                 (int) (answer->inside_us / 1000));
}
