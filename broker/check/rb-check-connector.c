/* rb-check-connector.c: what a connector promises of the messages that come
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-connector.h"

#define MANY 40
#define QUIET_MS 250

RbCheckMail *
rb_check_link_new (RbCheckRun     *run,
                   RbCheckNetwork *network)
{
  g_autoptr(GHashTable) settings = rb_check_settings (run, rb_check_network_get_settings (network));
  RbCheckSubject *subject = rb_check_subject_new (run, "subject", settings);
  RbCheckMail *mail;

  rb_check_subject_configure (subject);
  mail = rb_check_mail_watch (subject);
  rb_connector_set_window (mail->connector, 1000, 1 << 24);
  return mail;
}

void
rb_check_link_start (RbCheckMail *mail)
{
  guint before = mail->n_connected;

  rb_check_subject_start (mail->subject);
  rb_check_until (mail->run, mail->n_connected > before, "It has started, but does not say 'connected'");
}

RbCheckMail *
rb_check_link_open (RbCheckRun     *run,
                    RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_new (run, network);

  rb_check_link_start (mail);
  return mail;
}

/* Stops it, and opens another on what it left behind. */
static RbCheckMail *
renew (RbCheckMail    *mail,
       RbCheckNetwork *network)
{
  RbCheckRun *run = mail->run;

  rb_check_subject_stop (mail->subject);
  return rb_check_link_open (run, network);
}

static void
deliver (RbCheckMail    *mail,
         RbCheckNetwork *network,
         const char     *text)
{
  g_autofree char *id = g_strdup_printf ("id-%s", text);

  rb_check_network_deliver (network, mail->subject, id, text);
}

static void
deliver_many (RbCheckMail    *mail,
              RbCheckNetwork *network,
              guint           n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("m%02u", i);

      deliver (mail, network, text);
    }
}

static void
wait_for (RbCheckMail *mail,
          const char  *text)
{
  rb_check_until (mail->run, rb_check_mail_find (mail, text) != NULL, "The message '%s' does not come", text);
}

static void
wait_count (RbCheckMail *mail,
            guint        n)
{
  rb_check_until (mail->run, rb_check_mail_count (mail) >= n, "%u messages came where %u were sent", rb_check_mail_count (mail), n);
}

static void
check_connected (RbCheckRun     *run,
                 RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);

  rb_check_turn (run, QUIET_MS);
  rb_check_that (run, mail->n_connected == 1, "It said 'connected' %u times on one link", mail->n_connected);
  rb_check_that (run, mail->n_disconnected == 0, "It said 'disconnected' although the network is there");
}

static void
check_quiet (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckMail *first = rb_check_link_open (run, network);
  RbCheckMail *mail;

  rb_check_subject_stop (first->subject);
  deliver (first, network, "early");
  mail = rb_check_link_new (run, network);
  rb_check_turn (run, QUIET_MS);
  rb_check_that (run, mail->n_connected == 0, "It said 'connected' before it was started");
  rb_check_that (run, rb_check_mail_count (mail) == 0, "It delivered before it was started");

  rb_check_link_start (mail);
  wait_for (mail, "early");
  rb_check_mail_accept_all (mail);
  rb_check_that (run, rb_check_mail_count (first) == 0, "An instance that was stopped delivered");
}

static void
check_message (RbCheckRun     *run,
               RbCheckNetwork *network)
{
  static const char text[] = "two\nlines, \"quotes\", \\ and \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9d";
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckDelivery *delivery;
  GBytes *metadata;

  rb_check_network_deliver (network, mail->subject, "message-1", text);
  wait_count (mail, 1);
  delivery = rb_check_mail_get (mail, 0);
  metadata = rb_envelope_get_metadata (delivery->envelope);
  rb_check_that (run, delivery->text != NULL, "The content is no JSON string");
  rb_check_that (run, g_str_equal (delivery->text, text), "The content came as '%s'", delivery->text);
  rb_check_that (run, rb_envelope_get_from (delivery->envelope) != NULL, "Nobody is named as the sender");
  rb_check_that (run, rb_envelope_get_id (delivery->envelope) != NULL, "The message has no id");
  if (metadata != NULL)
    {
      g_autoptr(RbJson) json = rb_json_parse_object (metadata, 0, NULL);

      rb_check_that (run, json != NULL, "The metadata is no JSON object");
    }
}

static void
check_order (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  gint64 last = 0;

  mail->accepts = TRUE;
  deliver_many (mail, network, MANY);
  wait_count (mail, MANY);
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *text = g_strdup_printf ("m%02u", i);
      RbCheckDelivery *delivery = rb_check_mail_get (mail, i);

      rb_check_that (run, g_strcmp0 (delivery->text, text) == 0, "Message %u of one sender is '%s'; it should be '%s'", i + 1, delivery->text,
                     text);
      if (delivery->seq == RB_CONNECTOR_NO_SEQ)
        continue;
      rb_check_that (run, delivery->seq > last, "The number %d came after the number %d", (int) delivery->seq, (int) last);
      last = delivery->seq;
    }
}

static void
check_window (RbCheckRun     *run,
              RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  guint n;

  rb_connector_set_window (mail->connector, 3, 1 << 24);
  deliver_many (mail, network, 8);
  wait_count (mail, 3);
  rb_check_turn (run, QUIET_MS);
  rb_check_that (run, mail->most_undecided <= 3, "%u messages were undecided in a window of 3", mail->most_undecided);
  rb_check_mail_accept (mail, rb_check_mail_get (mail, 1));
  wait_count (mail, 4);
  rb_check_that (run, mail->most_undecided <= 3, "%u messages were undecided in a window of 3", mail->most_undecided);

  rb_connector_set_window (mail->connector, 0, 0);
  n = rb_check_mail_count (mail);
  rb_check_mail_accept_all (mail);
  rb_check_turn (run, QUIET_MS);
  rb_check_that (run, rb_check_mail_count (mail) == n, "A window of 0 does not pause it");

  mail->accepts = TRUE;
  rb_connector_set_window (mail->connector, 100, 1 << 24);
  wait_count (mail, 8);
}

static void
check_bytes (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  g_autofree char *large = g_strnfill (9000, 'x');

  rb_connector_set_window (mail->connector, 100, 5000);
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u%.*s", i, 2000, large);
      g_autofree char *id = g_strdup_printf ("bytes-%u", i);

      rb_check_network_deliver (network, mail->subject, id, text);
    }
  wait_count (mail, 2);
  rb_check_turn (run, QUIET_MS);
  rb_check_that (run, mail->most_bytes <= 5000, "%u bytes were undecided in a window of 5000", (guint) mail->most_bytes);
  mail->accepts = TRUE;
  rb_check_mail_accept_all (mail);
  wait_count (mail, 5);

  rb_check_network_deliver (network, mail->subject, "bytes-large", large);
  rb_check_until (run, rb_check_mail_count (mail) == 6, "A message larger than the window, with nothing else undecided, does not come");
}

static void
check_accept (RbCheckRun     *run,
              RbCheckNetwork *network)
{
  static const guint order[] = { 3, 0, 4, 2, 1 };
  RbCheckMail *mail = rb_check_link_open (run, network);

  deliver_many (mail, network, G_N_ELEMENTS (order));
  wait_count (mail, G_N_ELEMENTS (order));
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    rb_check_mail_accept (mail, rb_check_mail_get (mail, order[i]));
  rb_check_turn (run, QUIET_MS);

  mail = renew (mail, network);
  deliver (mail, network, "marker");
  wait_for (mail, "marker");
  rb_check_that (run, rb_check_mail_count (mail) == 1, "'%s' was accepted, and came again to the next instance", rb_check_mail_get (mail, 0)->text);
}

static void
check_release (RbCheckRun     *run,
               RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  g_autofree char *id = NULL;

  deliver (mail, network, "refused");
  wait_for (mail, "refused");
  id = g_strdup (rb_envelope_get_id (rb_check_mail_get (mail, 0)->envelope));
  rb_check_mail_release (mail, rb_check_mail_get (mail, 0));
  deliver (mail, network, "other");
  wait_for (mail, "other");
  rb_check_mail_accept (mail, rb_check_mail_find (mail, "other"));
  rb_check_until (run, rb_check_mail_count_text (mail, "refused") == 2, "A released message does not come again");
  rb_check_that (run, g_strcmp0 (rb_envelope_get_id (rb_check_mail_find (mail, "refused")->envelope), id) == 0,
                 "A released message came again with another id");
  rb_check_mail_accept (mail, rb_check_mail_find (mail, "refused"));
}

static void
check_backoff (RbCheckRun     *run,
               RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  gint64 until = g_get_monotonic_time () + G_TIME_SPAN_SECOND;
  guint n = 0;

  deliver (mail, network, "refused");
  wait_for (mail, "refused");
  while (g_get_monotonic_time () < until)
    {
      for (; n < rb_check_mail_count (mail); n++)
        rb_check_mail_release (mail, rb_check_mail_get (mail, n));
      rb_check_that (run, n < 20, "A message that is released each time came %u times within a second: there is no backoff", n);
      rb_check_turn_once (run);
    }
}

static void
check_redelivery (RbCheckRun     *run,
                  RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);

  deliver_many (mail, network, 3);
  wait_count (mail, 3);
  rb_check_mail_accept (mail, rb_check_mail_get (mail, 0));
  rb_check_turn (run, QUIET_MS);

  mail = renew (mail, network);
  rb_check_until (run, rb_check_mail_find (mail, "m01") != NULL && rb_check_mail_find (mail, "m02") != NULL,
                  "What was not decided when it was stopped does not come again");
  rb_check_that (run, rb_check_mail_find (mail, "m00") == NULL, "What was accepted came again");
  rb_check_that (run, g_strcmp0 (rb_check_mail_get (mail, 0)->text, "m01") == 0, "What comes again does not come in its order");
}

static void
check_reconnect (RbCheckRun     *run,
                 RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  g_autofree char *dropped = NULL;

  deliver_many (mail, network, 2);
  wait_count (mail, 2);
  rb_check_mail_accept (mail, rb_check_mail_get (mail, 0));
  rb_check_turn (run, QUIET_MS);
  dropped = rb_check_network_ask (network, "drop");
  rb_check_until (run, mail->n_disconnected > 0, "The link was cut, and it does not say 'disconnected'");
  rb_check_until (run, mail->n_connected > 1, "The link was cut, and it does not connect again");

  rb_check_mail_accept_all (mail);
  deliver (mail, network, "after");
  wait_for (mail, "after");
  rb_check_mail_accept_all (mail);
  rb_check_that (run, rb_check_mail_count_text (mail, "m00") == 1, "What was accepted before the link was cut came again");
  rb_check_turn (run, QUIET_MS);
  mail = renew (mail, network);
  deliver (mail, network, "marker");
  wait_for (mail, "marker");
  rb_check_that (run, rb_check_mail_count (mail) == 1, "'%s' was accepted after the link was cut, and came again",
                 rb_check_mail_get (mail, 0)->text);
}

/* What calls from the main loop may take, with room for a busy machine. */
static void
time_call (RbCheckRun *run,
           gint64      before,
           const char *call)
{
  int ms = (int) ((g_get_monotonic_time () - before) / 1000);

  rb_check_that (run, ms < 500, "'%s' held the main loop for %d ms", call, ms);
}

static void
check_blocking (RbCheckRun     *run,
                RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckAnswer *send;
  gint64 before;

  deliver_many (mail, network, 2);
  wait_count (mail, 2);
  before = g_get_monotonic_time ();
  rb_check_mail_accept (mail, rb_check_mail_get (mail, 0));
  time_call (run, before, "accept");
  before = g_get_monotonic_time ();
  rb_check_mail_release (mail, rb_check_mail_get (mail, 1));
  time_call (run, before, "release");
  before = g_get_monotonic_time ();
  rb_connector_set_window (mail->connector, 10, 10000);
  time_call (run, before, "set_window");
  before = g_get_monotonic_time ();
  send = rb_check_mail_send (mail, rb_check_network_get_address (network), "blocking", "blocking", NULL);
  time_call (run, before, "send_async");
  rb_check_answer_wait (send);
}

static void
check_threads (RbCheckRun     *run,
               RbCheckNetwork *network)
{
  RbCheckMail *mail = rb_check_link_open (run, network);
  RbCheckAnswer *send;

  mail->accepts = FALSE;
  deliver_many (mail, network, 5);
  wait_count (mail, 5);
  rb_check_mail_accept_all (mail);
  send = rb_check_mail_send (mail, rb_check_network_get_address (network), "threads", "threads", NULL);
  rb_check_answer_wait (send);
  rb_check_that (run, mail->n_elsewhere == 0, "%u signals came on another thread than the main one", mail->n_elsewhere);
  rb_check_that (run, send->thread == g_thread_self (), "A send was answered on another thread than the main one");
}

const RbCheckCase rb_check_connector_cases[] = {
  { "connector/connected", "it says 'connected' once it is, and once only", "deliver", check_connected },
  { "connector/quiet", "nothing is delivered or said before start, nor after stop", "deliver", check_quiet },
  { "connector/message", "a message arrives as it was sent, with its sender and id", "deliver", check_message },
  { "connector/order", "messages come in the order of the network, with ascending numbers", "deliver", check_order },
  { "connector/window", "no more messages are undecided than the window allows; 0 pauses", "deliver", check_window },
  { "connector/bytes", "no more bytes are undecided than the window allows; a larger message goes alone", "deliver", check_bytes },
  { "connector/accept", "what was accepted, in any order, never comes again", "deliver", check_accept },
  { "connector/release", "what was released comes again, the same, while others go on", "deliver", check_release },
  { "connector/backoff", "what is released again and again comes less and less often", "deliver", check_backoff },
  { "connector/redelivery", "what was not decided comes to the next instance, in its order", "deliver", check_redelivery },
  { "connector/reconnect", "a link that was cut is said and made anew; what was decided meanwhile is told then", "deliver drop", check_reconnect },
  { "connector/blocking", "no call holds the main loop", "deliver sent", check_blocking },
  { "connector/threads", "signals and answers come on the main thread", "deliver sent", check_threads },
  { "connector/send", "what is sent arrives once, as it was; the answer has an id and a status", "sent", rb_check_send_one },
  { "connector/send-many", "many sends at once are each answered once, and arrive once", "sent", rb_check_send_many },
  { "connector/send-early", "a send before start or after stop fails with RB_ERROR_UNAVAILABLE", NULL, rb_check_send_early },
  { "connector/errors", "a send that fails says why: RB_ERROR, a code that the contract names, a text", "sent", rb_check_send_errors },
  { "connector/refused", "what the network refuses fails with RB_ERROR_REJECTED, 'connector_code' and 'to'", "refuse", rb_check_send_refused },
  { "connector/cancel", "a send that is cancelled is answered once", "sent", rb_check_send_cancel },
  { "connector/silence", "a send that the network never answers ends all the same, as not known", "silence", rb_check_send_silence },
  { "connector/stop", "stop answers every send and ends every signal", "deliver sent", rb_check_send_stop },
  { "connector/leaks", "messages and sends leave nothing behind: no instance, file or memory", "deliver sent", rb_check_send_leaks },
  { NULL },
};
