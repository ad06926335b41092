/* test-gateway-random.c: a receiver that decides as it likes, a gateway that repeats, reorders and drops as it likes (protocol.md 13.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <stdlib.h>

#define STEPS 150

/* What the receiver knows of each number. */
typedef enum { UNKNOWN, IN_FLIGHT, RELEASED, ACCEPTED } Fate;

typedef struct {
  Peer   *peer;
  GRand  *rand;
  GArray *fates;         /* Fate by sequence */
  guint   n_in_flight;
  guint   window;
} Run;

static Fate *
get_fate (Run   *run,
          gint64 seq)
{
  if (run->fates->len <= seq)
    g_array_set_size (run->fates, seq + 1);
  return &g_array_index (run->fates, Fate, seq);
}

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             Run         *run)
{
  Fate *fate = get_fate (run, seq);

  g_assert_true (*fate == UNKNOWN || *fate == RELEASED);
  g_assert_cmpuint (run->n_in_flight, <, run->window);
  *fate = IN_FLIGHT;
  run->n_in_flight++;
}

/* Decides each undecided one with a probability. */
static void
decide (Run    *run,
        double  accepted,
        double  released)
{
  for (gint64 seq = 1; seq < run->fates->len; seq++)
    {
      double chance = g_rand_double (run->rand);

      if (*get_fate (run, seq) != IN_FLIGHT || chance >= accepted + released)
        continue;
      *get_fate (run, seq) = chance < accepted ? ACCEPTED : RELEASED;
      run->n_in_flight--;
      if (chance < accepted)
        rb_connector_accept (run->peer->connector, seq);
      else
        rb_connector_release (run->peer->connector, seq);
    }
}

static void
set_window (Run   *run,
            guint  messages)
{
  run->window = messages;
  rb_connector_set_window (run->peer->connector, messages, 1 << 20);
}

static void
pass_time (Run *run)
{
  rb_fake_clock_advance (run->peer->clock, g_rand_int_range (run->rand, 0, 3000));
}

static void
do_something (Run *run)
{
  RbSimGateway *gateway = run->peer->gateway;
  gint64 acked = rb_sim_gateway_get_acked (gateway);

  switch (g_rand_int_range (run->rand, 0, 12))
    {
    case 0:
      rb_sim_gateway_burst (gateway, g_rand_int_range (run->rand, 1, 40), "b", "bob@sim");
      break;
    case 1:
      rb_sim_gateway_withhold (gateway, NULL, "bob@sim", "x", NULL);
      break;
    case 2:
      rb_sim_gateway_replay_reversed (gateway, acked);
      break;
    case 3:
      rb_sim_gateway_replay (gateway, acked);
      break;
    case 4:
      rb_sim_gateway_resend (gateway, acked + g_rand_int_range (run->rand, 1, 20));
      break;
    case 5:
      rb_sim_gateway_end (gateway, RB_SIM_END_DROP, 0, NULL);
      break;
    case 6:
      set_window (run, g_rand_int_range (run->rand, 0, 30));
      break;
    case 7:
      rb_sim_gateway_set_gap_fill (gateway, g_rand_boolean (run->rand));
      break;
    case 8:
      rb_sim_gateway_say_cursor (gateway, rb_sim_mailbox_get_last (rb_sim_gateway_get_mailbox (gateway)), acked);
      break;
    default:
      decide (run, 0.4, 0.2);
      break;
    }
}

static gboolean
is_settled (Run *run)
{
  RbSimGateway *gateway = run->peer->gateway;

  return rb_sim_gateway_get_acked (gateway) == rb_sim_mailbox_get_last (rb_sim_gateway_get_mailbox (gateway));
}

static gboolean
try_to_settle (Run *run)
{
  decide (run, 1.0, 0.0);
  rb_fake_clock_advance (run->peer->clock, 1000);
  return is_settled (run);
}

static void
run_seed (guint32 seed)
{
  g_autoptr(Peer) peer = peer_new (NULL, "keepalive-ms", "0", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr(GArray) fates = g_array_new (FALSE, TRUE, sizeof (Fate));
  Run run = { peer, rand, fates, 0, 0 };

  g_test_message ("seed %u", seed);
  g_signal_connect (peer->connector, "delivery", G_CALLBACK (on_delivery), &run);
  set_window (&run, 10);
  peer_start (peer);
  for (guint i = 0; i < STEPS; i++)
    {
      do_something (&run);
      pass_time (&run);
    }

  rb_sim_gateway_set_gap_fill (peer->gateway, TRUE);
  set_window (&run, 1000);
  /* What was withheld shows as a gap. */
  rb_sim_gateway_deliver (peer->gateway, "last", "bob@sim", "x", NULL);
  rb_test_wait_until (try_to_settle (&run));
  g_assert_cmpuint (run.n_in_flight, ==, 0);
  g_signal_handlers_disconnect_by_data (peer->connector, &run);
}

static void
test_random (void)
{
  const char *chosen = g_getenv ("RB_TEST_SEED");

  g_test_summary ("Whatever happens, the window is kept, nothing accepted comes again, and in the end all is acknowledged. RB_TEST_SEED "
                  "repeats one run.");

  if (chosen != NULL)
    run_seed (strtoul (chosen, NULL, 10));
  for (guint32 seed = 1; chosen == NULL && seed <= 8; seed++)
    run_seed (seed);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/random", test_random);
  return g_test_run ();
}
