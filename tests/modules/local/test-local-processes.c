/* test-local-processes.c: brokers in processes of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The test runs itself again as another broker: `--broker DATA_DIR ACCOUNT TO COUNT`. That one starts, sends COUNT messages to TO
 * one after the other, writes a line for each that was taken and for each that it received, and runs until its input ends. */
#include "config.h"

#include "local-peer.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <gio/gunixinputstream.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
say (const char *word)
{
  printf ("%s\n", word);
  fflush (stdout);
}

static void
on_received (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             gpointer     user_data)
{
  say ("received");
}

static void
on_input (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  gboolean *ended = user_data;

  *ended = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL) <= 0;
}

static int
run_broker (char **args)
{
  g_autoptr(RbClock) clock = rb_clock_new_system ();
  g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  gboolean ended = FALSE;
  char byte;
  Peer *peer = peer_new_started (args[0], args[1], clock);

  g_signal_connect (peer->connector, "delivery", G_CALLBACK (on_received), NULL);
  say ("started");
  for (int i = 0; i < atoi (args[3]); i++)
    {
      g_autofree char *text = g_strdup_printf ("%d", i);

      peer_send_ok (peer, args[2], NULL, text);
      say ("sent");
    }

  g_input_stream_read_async (input, &byte, 1, G_PRIORITY_DEFAULT, NULL, on_input, &ended);
  while (!ended)
    g_main_context_iteration (NULL, TRUE);
  peer_free (peer);
  return 0;
}

typedef struct {
  GSubprocess      *process;
  GDataInputStream *output;
} Broker;

static void
broker_clear (Broker *broker)
{
  g_clear_object (&broker->output);
  g_clear_object (&broker->process);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Broker, broker_clear)

static void
broker_spawn (Broker     *broker,
              const char *data_dir,
              const char *account,
              const char *to,
              guint       count)
{
  g_autofree char *number = g_strdup_printf ("%u", count);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr(GError) error = NULL;

  broker->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                      self, "--broker", data_dir, account, to, number, NULL);
  g_assert_no_error (error);
  broker->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (broker->process));
}

static void
broker_expect (Broker     *broker,
               const char *word)
{
  g_autofree char *line = g_data_input_stream_read_line (broker->output, NULL, NULL, NULL);

  g_assert_cmpstr (line, ==, word);
}

static void
broker_stop (Broker *broker)
{
  g_autoptr(GError) error = NULL;

  g_output_stream_close (g_subprocess_get_stdin_pipe (broker->process), NULL, &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (broker->process, NULL, &error);
  g_assert_no_error (error);
}

static void
broker_kill (Broker *broker)
{
  g_subprocess_force_exit (broker->process);
  g_assert_true (g_subprocess_wait (broker->process, NULL, NULL));
}

typedef struct {
  char    *data_dir;
  RbClock *clock;
  Peer    *ada;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->data_dir = rb_test_make_dir ();
  fixture->clock = rb_fake_clock_new ();
  fixture->ada = peer_new_started (fixture->data_dir, "ada", fixture->clock);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->ada, peer_free);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->data_dir);
}

static void
test_wake_up (Fixture       *fixture,
              gconstpointer  data)
{
  g_auto(Broker) bob = { NULL };
  RbSendStatus status;

  g_test_summary ("A message of another process wakes us up, and ours wakes it up; no timer runs meanwhile.");

  peer_settle (fixture->ada);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  broker_spawn (&bob, fixture->data_dir, "bob", "ada@local", 3);
  rb_test_wait_until (fixture->ada->deliveries->len == 3);
  g_assert_cmpstr (rb_envelope_get_from (peer_get_message (fixture->ada, 0)), ==, "bob@local");

  broker_expect (&bob, "started");
  for (guint i = 0; i < 3; i++)
    broker_expect (&bob, "sent");
  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  broker_expect (&bob, "received");
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  broker_stop (&bob);
}

static void
test_sender_killed (Fixture       *fixture,
                    gconstpointer  data)
{
  g_auto(Broker) bob = { NULL };

  g_test_summary ("What a sender was told is taken is there after the sender was killed.");

  peer_stop (fixture->ada);
  broker_spawn (&bob, fixture->data_dir, "bob", "ada@local", 20);
  broker_expect (&bob, "started");
  for (guint i = 0; i < 20; i++)
    broker_expect (&bob, "sent");
  broker_kill (&bob);

  peer_start (fixture->ada);
  rb_test_wait_until (fixture->ada->deliveries->len == 20);
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (peer_get_seq (fixture->ada, i), ==, i + 1);
}

static void
test_recipient_killed (Fixture       *fixture,
                       gconstpointer  data)
{
  g_auto(Broker) bob = { NULL };
  g_autoptr(Peer) heir = NULL;
  RbSendStatus status;

  g_test_summary ("A recipient that was killed is not running any more, and its next broker gets what it had not accepted.");

  broker_spawn (&bob, fixture->data_dir, "bob", "ada@local", 0);
  broker_expect (&bob, "started");
  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  broker_expect (&bob, "received");
  broker_kill (&bob);

  g_assert_true (peer_send (fixture->ada, "bob@local", NULL, "x", NULL, &status, NULL));
  g_assert_cmpint (status, ==, RB_SEND_STORED);
  heir = peer_new_started (fixture->data_dir, "bob", fixture->clock);
  rb_test_wait_until (heir->deliveries->len == 2);
  g_assert_cmpint (peer_get_seq (heir, 0), ==, 1);
}

static void
test_many_senders (Fixture       *fixture,
                   gconstpointer  data)
{
  g_auto(Broker) bob = { NULL };
  g_auto(Broker) eve = { NULL };
  guint from_bob = 0;
  guint from_eve = 0;

  g_test_summary ("Processes that write into one mailbox at once lose nothing, repeat nothing and keep their order.");

  fixture->ada->accepts = TRUE;
  broker_spawn (&bob, fixture->data_dir, "bob", "ada@local", 100);
  broker_spawn (&eve, fixture->data_dir, "eve", "ada@local", 100);
  rb_test_wait_until (fixture->ada->deliveries->len == 200);

  for (guint i = 0; i < 200; i++)
    {
      gboolean is_bob = g_str_equal (rb_envelope_get_from (peer_get_message (fixture->ada, i)), "bob@local");
      g_autofree char *expected = g_strdup_printf ("%u", is_bob ? from_bob++ : from_eve++);
      g_autofree char *text = peer_dup_text (fixture->ada, i);

      g_assert_cmpint (peer_get_seq (fixture->ada, i), ==, i + 1);
      g_assert_cmpstr (text, ==, expected);
    }
  g_assert_cmpuint (from_bob, ==, 100);
  broker_stop (&bob);
  broker_stop (&eve);
}

static void
test_superseded (Fixture       *fixture,
                 gconstpointer  data)
{
  g_auto(Broker) newer = { NULL };

  g_test_summary ("A newer broker of our account in another process is noticed without being asked for.");

  broker_spawn (&newer, fixture->data_dir, "ada", "ada@local", 0);
  rb_test_wait_until (fixture->ada->n_superseded == 1);
  broker_expect (&newer, "started");
  broker_stop (&newer);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  if (argc == 6 && strcmp (argv[1], "--broker") == 0)
    return run_broker (argv + 2);

  rb_test_init (&argc, &argv);
  ADD ("/local/processes/wake-up", test_wake_up);
  ADD ("/local/processes/sender-killed", test_sender_killed);
  ADD ("/local/processes/recipient-killed", test_recipient_killed);
  ADD ("/local/processes/many-senders", test_many_senders);
  ADD ("/local/processes/superseded", test_superseded);
  return g_test_run ();
}
