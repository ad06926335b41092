/* test-masons-load.c: adapters that are slow or stand still, the others beside them, and the memory that it takes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"

#include <stdlib.h>
#include <string.h>

#define OTHERS 4
#define TICKS 300
#define TICK_MS 3
#define LONG_BYTES 4096
#define SHORT_BYTES 200
#define MEMORY_KB (40 * 1024)

/* Figures of an optimised build are figures; sanitizers and debug builds only show that nothing is lost. */
#if defined (__OPTIMIZE__) && !defined (__SANITIZE_ADDRESS__)
#define HAS_FIGURES TRUE
#define BURST 5000
#define ROUNDS 3
#else
#define HAS_FIGURES FALSE
#define BURST 1000     /* a sanitizer takes its time for each piece of memory of the network, which lives in the test */
#define ROUNDS 1
#endif

typedef struct {
  RbMasons  *masons;
  RbAdapter *others[OTHERS];
  RbAdapter *deaf;              /* does not read its stream */
  RbAdapter *mute;              /* sends no receipts */
  guint      n_ticks;           /* of this measurement, so far */
  guint      n_sent;            /* to the deaf and to the mute one each, of all measurements */
} World;

static char *
make_content (gint64 number,
              guint  size)
{
  g_autofree char *head = g_strdup_printf ("%" G_GINT64_FORMAT " ", number);
  g_autofree char *tail = g_strnfill (size - strlen (head), 'x');

  return g_strconcat (head, tail, NULL);
}

/* A conversation of its own for each message, so that as many as may be are on the way to the deaf one at once. */
static void
send_apart (World *world)
{
  g_autofree char *content = make_content (0, LONG_BYTES);
  g_autofree char *id = g_strdup_printf ("deaf-%u", world->n_sent);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c-%u\"}",
                                               rb_adapter_get_endpoint (world->deaf), world->n_sent);

  rb_sim_gateway_deliver (world->masons->gateway, id, "bob@sim", content, metadata);
}

static gboolean
on_tick (gpointer user_data)
{
  World *world = user_data;
  g_autofree char *content = make_content (g_get_monotonic_time (), SHORT_BYTES);
  g_autofree char *id = NULL;

  world->n_sent++;
  id = g_strdup_printf ("mute-%u", world->n_sent);
  rb_masons_deliver_to (world->masons, world->others[world->n_ticks % OTHERS], NULL, content);
  send_apart (world);
  rb_masons_deliver_to (world->masons, world->mute, id, id);
  return ++world->n_ticks < TICKS ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static guint
count_others (World *world)
{
  guint n = 0;

  for (guint i = 0; i < OTHERS; i++)
    n += rb_adapter_get_pushes (world->others[i])->len;
  return n;
}

static int
compare_times (gconstpointer one,
               gconstpointer other)
{
  gint64 a = *(const gint64 *) one, b = *(const gint64 *) other;

  return (a > b) - (a < b);
}

/* Of the last measurement, in microseconds: from the gateway's frame to the adapter that reads it. */
static gint64
take_p99 (World *world)
{
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < OTHERS; i++)
    {
      GPtrArray *pushes = rb_adapter_get_pushes (world->others[i]);

      for (guint j = pushes->len - TICKS / OTHERS; j < pushes->len; j++)
        {
          const RbPush *push = g_ptr_array_index (pushes, j);
          gint64 took_us = push->at_us - g_ascii_strtoll (push->content, NULL, 10);

          g_array_append_val (times, took_us);
        }
    }
  g_array_sort (times, compare_times);
  return g_array_index (times, gint64, times->len * 99 / 100);
}

static gint64
measure (World *world)
{
  guint before = count_others (world);

  world->n_ticks = 0;
  g_timeout_add (TICK_MS, on_tick, world);
  rb_masons_wait_long (60, count_others (world) == before + TICKS);
  return take_p99 (world);
}

static gboolean
are_served (World *world)
{
  return rb_adapter_count (world->deaf) == world->n_sent && rb_adapter_count (world->mute) == world->n_sent
         && rb_masons_is_acked (world->masons);
}

static gint64
measure_with_slow_ones (World *world)
{
  gint64 p99_us;

  rb_adapter_set_reads (world->deaf, FALSE);
  rb_adapter_set_manner (world->mute, RB_ADAPTER_KEEPS);
  p99_us = measure (world);
  g_assert_cmpuint (rb_adapter_count (world->deaf), <, world->n_sent);
  g_assert_cmpuint (rb_adapter_count (world->mute), <, world->n_sent);
  rb_adapter_set_reads (world->deaf, TRUE);
  rb_adapter_set_manner (world->mute, RB_ADAPTER_CONFIRMS);
  rb_adapter_confirm_kept (world->mute);
  rb_masons_wait_long (60, are_served (world));
  return p99_us;
}

static void
assert_each_once (World *world)
{
  g_assert_cmpuint (rb_adapter_get_pushes (world->deaf)->len, ==, world->n_sent);
  rb_adapter_assert_in_order (world->mute, "mute", world->n_sent);
}

static void
test_slow_ones (RbMasons      *fixture,
                gconstpointer  data)
{
  World world = { .masons = fixture };
  gint64 without_us = G_MAXINT64, with_us = G_MAXINT64;

  g_test_summary ("With traffic to an adapter that never reads and to one that never confirms, the others' p99 at most doubles.");

  /* Receipts late by minutes are no failures here: what comes twice would count as such. */
  rb_masons_set (fixture, "limits.push-ack-timeout-ms=600000");
  rb_masons_start (fixture);
  for (guint i = 0; i < OTHERS; i++)
    world.others[i] = rb_masons_attach (fixture, FALSE);
  world.deaf = rb_masons_attach (fixture, FALSE);
  world.mute = rb_masons_attach (fixture, FALSE);
  measure (&world);
  for (guint i = 0; i < ROUNDS; i++)
    {
      rb_masons_wait_long (60, are_served (&world));
      without_us = MIN (without_us, measure (&world));
      rb_masons_wait_long (60, are_served (&world));
      with_us = MIN (with_us, measure_with_slow_ones (&world));
    }
  g_test_message ("p99 of the others: %.2f ms without slow adapters, %.2f ms with them", without_us / 1000.0, with_us / 1000.0);
  g_test_minimized_result (with_us / 1000.0, "p99 with slow adapters: %.2f ms", with_us / 1000.0);
  if (HAS_FIGURES)
    g_assert_cmpint (with_us, <=, 2 * without_us);
  assert_each_once (&world);
  rb_masons_stop (fixture);

  for (guint i = 0; i < OTHERS; i++)
    rb_adapter_free (world.others[i]);
  rb_adapter_free (world.deaf);
  rb_adapter_free (world.mute);
}

/* The most that the daemon had resident since it started. */
static gint64
read_peak_kb (RbMasons *fixture)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) rb_daemon_fixture_get_pid (fixture->daemon));
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, "VmHWM:");
  g_assert_nonnull (line);
  return g_ascii_strtoll (line + strlen ("VmHWM:"), NULL, 10);
}

static void
test_stalled (RbMasons      *fixture,
              gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;
  gint64 idle_kb, peak_kb, begun_us;

  g_test_summary ("A burst of 5,000 messages to an adapter that stands still costs less than 40 MB; then all come, once, in order.");

  rb_masons_set (fixture, "limits.push-ack-timeout-ms=600000");
  rb_masons_start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_test_wait_until (rb_masons_says (fixture, "status", "\"presence\":\"online\""));
  idle_kb = read_peak_kb (fixture);
  rb_adapter_set_reads (adapter, FALSE);
  begun_us = g_get_monotonic_time ();
  for (guint i = 1; i <= BURST; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%u", i);
      g_autofree char *content = make_content (i, i % 5 == 0 ? LONG_BYTES : SHORT_BYTES);

      rb_masons_deliver_to (fixture, adapter, id, content);
    }
  rb_masons_wait_long (120, rb_masons_is_acked (fixture));
  g_assert_cmpuint (rb_adapter_count (adapter), ==, 0);
  peak_kb = read_peak_kb (fixture);
  g_test_message ("%u messages stored in %.1f s; resident at most %.1f MB, %.1f MB of it before the burst", BURST,
                  (g_get_monotonic_time () - begun_us) / 1e6, peak_kb / 1024.0, idle_kb / 1024.0);

  rb_adapter_set_reads (adapter, TRUE);
  rb_masons_wait_long (120, rb_adapter_count (adapter) == BURST);
  rb_adapter_assert_in_order (adapter, "m", BURST);
  rb_masons_wait_long (120, rb_sim_count (fixture->sim, "POST /v1/runtime/inbound-routed", NULL) == BURST);
  g_test_message ("all of it taken: resident at most %.1f MB", read_peak_kb (fixture) / 1024.0);
  peak_kb = MAX (peak_kb, read_peak_kb (fixture));
  if (HAS_FIGURES)
    g_assert_cmpint (peak_kb, <, MEMORY_KB);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  rb_masons_add ("/masons-load/slow-ones", test_slow_ones);
  rb_masons_add ("/masons-load/stalled", test_stalled);
  return g_test_run ();
}
