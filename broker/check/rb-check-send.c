/* rb-check-send.c: what a connector promises of what is sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-connector.h"

#include <malloc.h>

#define MANY 40
#define CYCLES 10

static const RbError documented[] = { RB_ERROR_UNAVAILABLE, RB_ERROR_OUTCOME_UNKNOWN, RB_ERROR_REJECTED, RB_ERROR_NOT_SUPPORTED };

static gboolean
is_documented (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (documented); i++)
    if (g_error_matches (error, RB_ERROR, documented[i]))
      return TRUE;
  return FALSE;
}

static void
check_answer (RbCheckAnswer *answer)
{
  rb_check_answer_wait (answer);
  rb_check_answer_contract (answer);
  rb_check_that (answer->run, answer->ok || is_documented (answer->error),
                 "'send' failed with the code %d (%s); it may be UNAVAILABLE, OUTCOME_UNKNOWN, REJECTED or NOT_SUPPORTED", answer->error->code,
                 answer->error->message);
}

static void
wait_sent (RbCheckRun     *run,
           RbCheckNetwork *network,
           const char     *text)
{
  rb_check_until (run, rb_check_network_count_sent (network, text) > 0, "'%s' was sent, and is not there", text);
}

void
rb_check_send_one (RbCheckRun     *run,
                   RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckAnswer *answer = rb_check_mail_send (mail, rb_check_network_get_address (network), "send-1", "\"quoted\"\\\xe2\x82\xac", NULL);

  rb_check_answer_succeed (answer);
  rb_check_answer_contract (answer);
  rb_check_that (run, answer->message_id != NULL && *answer->message_id != '\0', "A send succeeded without a message id");
  rb_check_that (run, answer->status == RB_SEND_DELIVERED || answer->status == RB_SEND_STORED, "A send succeeded with the status %d",
                 answer->status);
  wait_sent (run, network, "\"quoted\"\\\xe2\x82\xac");
  rb_check_turn (run, 100);
  rb_check_that (run, rb_check_network_count_sent (network, "\"quoted\"\\\xe2\x82\xac") == 1, "What was sent once is there twice");
}

void
rb_check_send_many (RbCheckRun     *run,
                    RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckAnswer *answers[MANY];

  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *text = g_strdup_printf ("s%02u", i);
      g_autofree char *id = g_strdup_printf ("id-s%02u", i);

      answers[i] = rb_check_mail_send (mail, rb_check_network_get_address (network), id, text, NULL);
    }
  for (guint i = 0; i < MANY; i++)
    rb_check_answer_succeed (answers[i]);
  rb_check_turn (run, 100);
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *text = g_strdup_printf ("s%02u", i);

      rb_check_answer_contract (answers[i]);
      wait_sent (run, network, text);
      rb_check_that (run, rb_check_network_count_sent (network, text) == 1, "What was sent once is there twice");
    }
}

void
rb_check_send_early (RbCheckRun     *run,
                     RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_new (run, network);

  rb_check_answer_unavailable (rb_check_mail_send (mail, "nobody", "early", "early", NULL), "before the start");
  rb_check_subject_start (mail->subject);
  rb_check_subject_stop (mail->subject);
  rb_check_answer_unavailable (rb_check_mail_send (mail, "nobody", "late", "late", NULL), "after the stop");
}

void
rb_check_send_errors (RbCheckRun     *run,
                      RbCheckNetwork *network)
{
  static const char *const addresses[] = { NULL, "", " ", "nobody-has-this-name", "../../x", "a@b@c", "\xc3\xa4" };
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckAnswer *answers[2 * G_N_ELEMENTS (addresses)];
  g_autofree char *large = g_strnfill (1 << 20, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autofree char *id = g_strdup_printf ("errors-%u", i);

      answers[2 * i] = rb_check_mail_send (mail, addresses[i], id, "", NULL);
      answers[2 * i + 1] = rb_check_mail_send (mail, addresses[i], NULL, i == 0 ? large : "text", NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    rb_check_answer_wait (answers[i]);
  rb_check_turn (run, 50);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    check_answer (answers[i]);
}

void
rb_check_send_refused (RbCheckRun     *run,
                       RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  g_autofree char *refused = rb_check_network_ask (network, "refuse");
  RbCheckAnswer *answer = rb_check_mail_send (mail, rb_check_network_get_address (network), "refused", "refused", NULL);
  g_autoptr(GVariant) details = NULL;
  const char *text;

  check_answer (answer);
  rb_check_that (run, !answer->ok, "The network refused, and the send succeeded");
  rb_check_that (run, g_error_matches (answer->error, RB_ERROR, RB_ERROR_REJECTED), "The network refused, and the code is %d",
                 answer->error->code);
  details = rb_error_get_details (answer->error) != NULL ? g_variant_ref (rb_error_get_details (answer->error)) : NULL;
  rb_check_that (run, details != NULL && g_variant_lookup (details, "connector_code", "&s", &text), "The refusal has no 'connector_code'");
  rb_check_that (run, g_variant_lookup (details, "to", "&s", &text), "The refusal does not say 'to' whom");
}

void
rb_check_send_cancel (RbCheckRun     *run,
                      RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  g_autoptr(GCancellable) before = g_cancellable_new ();
  g_autoptr(GCancellable) after = g_cancellable_new ();
  RbCheckAnswer *first, *second;

  g_cancellable_cancel (before);
  first = rb_check_mail_send (mail, rb_check_network_get_address (network), "cancel-1", "cancel-1", before);
  second = rb_check_mail_send (mail, rb_check_network_get_address (network), "cancel-2", "cancel-2", after);
  g_cancellable_cancel (after);
  rb_check_until (run, first->n_answers > 0 && second->n_answers > 0, "A send was cancelled, and is not answered");
  rb_check_turn (run, 100);
  check_answer (first);
  check_answer (second);
}

void
rb_check_send_silence (RbCheckRun     *run,
                       RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  g_autofree char *silent = rb_check_network_ask (network, "silence");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  RbCheckAnswer *answer = rb_check_mail_send (mail, rb_check_network_get_address (network), "silence", "silence", cancellable);

  rb_check_turn (run, 100);
  g_cancellable_cancel (cancellable);
  check_answer (answer);
  rb_check_that (run, !answer->ok, "The network said nothing, and the send succeeded");
  rb_check_that (run, g_error_matches (answer->error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN) || g_error_matches (answer->error, G_IO_ERROR, G_IO_ERROR_CANCELLED),
                 "The network said nothing, and the code is %d; nobody knows whether it was sent: OUTCOME_UNKNOWN", answer->error->code);
}

void
rb_check_send_stop (RbCheckRun     *run,
                    RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckAnswer *answers[8], *stop;
  guint n_deliveries, n_disconnected;

  rb_check_network_deliver (network, mail->subject, "stop-1", "stop-1");
  rb_check_until (run, rb_check_mail_count (mail) > 0, "The message does not come");
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *text = g_strdup_printf ("stop-s%u", i);

      answers[i] = rb_check_mail_send (mail, rb_check_network_get_address (network), text, text, NULL);
    }
  stop = rb_check_subject_stop_async (mail->subject);
  rb_check_answer_succeed (stop);
  n_deliveries = rb_check_mail_count (mail);
  n_disconnected = mail->n_disconnected;
  rb_check_network_deliver (network, mail->subject, "stop-2", "stop-2");
  rb_check_turn (run, 300);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      rb_check_that (run, answers[i]->n_answers > 0, "It was stopped, and a send was never answered");
      check_answer (answers[i]);
    }
  rb_check_answer_contract (stop);
  rb_check_that (run, rb_check_mail_count (mail) == n_deliveries, "It delivered after it was stopped");
  rb_check_that (run, mail->n_disconnected == n_disconnected, "It said 'disconnected' after it was stopped");
}

/* 0: cannot be told, as under a sanitizer. */
static gsize
heap_bytes (void)
{
  return mallinfo2 ().uordblks;
}

static void
cycle (RbCheckRun     *run,
       RbCheckNetwork *network,
       guint           i)
{
  g_autofree char *text = g_strdup_printf ("leaks-%u", i);
  RbCheckMail *mail = rb_check_link_open (run, network);

  mail->accepts = TRUE;
  rb_check_network_deliver (network, mail->subject, text, text);
  rb_check_until (run, rb_check_mail_count (mail) > 0, "The message does not come");
  rb_check_answer_succeed (rb_check_mail_send (mail, rb_check_network_get_address (network), text, text, NULL));
  rb_check_subject_stop (mail->subject);
  rb_check_that (run, rb_check_subject_drop (mail->subject), "Something still holds the connector after it was stopped: a source, a task or a signal");
}

void
rb_check_send_leaks (RbCheckRun     *run,
                     RbCheckNetwork *network)
{
  gsize before, middle, after;
  guint n_fds;

  for (guint i = 0; i < 3; i++)
    cycle (run, network, i);
  n_fds = rb_check_count_fds ();
  before = heap_bytes ();
  for (guint i = 0; i < CYCLES; i++)
    cycle (run, network, 100 + i);
  middle = heap_bytes ();
  for (guint i = 0; i < CYCLES; i++)
    cycle (run, network, 200 + i);
  after = heap_bytes ();

  rb_check_that (run, rb_check_count_fds () < n_fds + CYCLES, "%u file descriptors became %u in %u links", n_fds, rb_check_count_fds (),
                 2 * CYCLES);
  /* What the check keeps of each cycle is below 8 KiB. */
  rb_check_that (run, middle < before + CYCLES * 16384 || after < middle + CYCLES * 16384, "%zu bytes of memory became %zu in %u links", before,
                 after, 2 * CYCLES);
}
