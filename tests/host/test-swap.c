/* test-swap.c: one connector makes way for another
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-swap-state.h"
#include "rb-test.h"

#include <string.h>

#define DRAIN_MS 3000
#define LIFE_MS 5000
#define WAITING_MAX 1024

static GHashTable *
get_behaviour (const RbModuleInfo  *info,
               gpointer             user_data,
               GError             **error)
{
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  if (user_data != NULL)
    g_hash_table_insert (values, g_strdup (g_str_equal (info->name, "odd") ? "behaviour" : "greeting"), g_strdup (user_data));
  return values;
}

static void
begin (HostFixture   *fixture,
       const char    *name,
       const char    *behaviour,
       GAsyncResult **result)
{
  rb_host_use_connector_async (fixture->host, name, get_behaviour, (gpointer) behaviour, rb_test_store_result, result);
}

static GVariant *
end (HostFixture   *fixture,
     GAsyncResult **result,
     GError       **error)
{
  GVariant *answer;

  rb_test_wait_until (*result != NULL);
  answer = rb_host_use_connector_finish (fixture->host, *result, error);
  g_clear_object (result);
  return answer;
}

static void
use (HostFixture *fixture,
     const char  *name,
     const char  *behaviour)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = NULL;

  begin (fixture, name, behaviour, &result);
  answer = end (fixture, &result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

static void
assert_refused (HostFixture   *fixture,
                GAsyncResult **result,
                int            code,
                const char    *reason,
                const char    *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = end (fixture, result, &error);

  g_assert_null (answer);
  g_assert_error (error, RB_ERROR, code);
  if (reason != NULL)
    g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  if (strstr (error->message, words) == NULL)
    g_error ("'%s' is not in: %s", words, error->message);
}

/* The good one delivers what it sends, as sequence 5. */
static void
assert_sends (HostFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  host_fixture_send (fixture);
  rb_test_wait_until (fixture->result != NULL);
  rb_connector_send_finish (rb_host_get_connector (fixture->host), fixture->result, NULL, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
  rb_connector_accept (rb_host_get_connector (fixture->host), 5);
}

static void
load (HostFixture *fixture,
      const char  *name)
{
  host_fixture_load_and_start (fixture, name);
  rb_connector_set_window (rb_host_get_connector (fixture->host), 7, 70);
}

static void
on_exchanged (RbHost      *host,
              HostFixture *fixture)
{
  g_string_append_printf (fixture->heard, "%s;", rb_host_get_connector_name (host));
}

static void
advance (HostFixture *fixture,
         gint64       ms)
{
  rb_test_settle ();
  rb_fake_clock_advance (fixture->clock, ms);
  rb_test_settle ();
}

static void
test_exchange (HostFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;
  const char *connector, *before;
  gboolean restarted;

  g_test_summary ("What is behind the connector is another module afterwards; everybody else keeps the connector they have.");

  load (fixture, "good");
  g_signal_connect (fixture->host, "exchanged", G_CALLBACK (on_exchanged), fixture);
  begin (fixture, "odd", "good", &result);
  answer = end (fixture, &result, NULL);
  g_assert_true (g_variant_lookup (answer, "connector", "&s", &connector));
  g_assert_true (g_variant_lookup (answer, "before", "&s", &before));
  g_assert_true (g_variant_lookup (answer, "restarted", "b", &restarted));
  g_assert_cmpstr (connector, ==, "odd");
  g_assert_cmpstr (before, ==, "good");
  g_assert_false (restarted);
  g_assert_cmpstr (fixture->heard->str, ==, "odd;");
  host_fixture_assert_view (fixture, 0, "name", "odd");
  host_fixture_assert_view (fixture, 0, "state", "running");
  host_fixture_stop_well (fixture);
  host_fixture_assert_view (fixture, 0, "state", "stopped");
}

static void
test_again (HostFixture   *fixture,
            gconstpointer  data)
{
  RbConnector *connector;
  g_autofree char *told = NULL;

  g_test_summary ("The one that runs is another instance afterwards, with the settings that it has now and the window that it had.");

  load (fixture, "good");
  connector = rb_host_get_connector (fixture->host);
  assert_sends (fixture);
  use (fixture, "good", "moin");
  told = g_strdup (rb_connector_get_address (connector));
  g_assert_cmpstr (told, ==, "moin 80 window 0/0 window 7/70 ");
  assert_sends (fixture);
  host_fixture_stop_well (fixture);
}

static void
test_unknown (HostFixture   *fixture,
              gconstpointer  data)
{
  static const char *const names[] = { "nobody", "", "../good", "/etc/passwd", "emitter-good", "wrong-abi" };

  g_test_summary ("What cannot be loaded costs the one that runs nothing.");

  load (fixture, "good");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      begin (fixture, names[i], NULL, &result);
      g_assert_null (end (fixture, &result, &error));
      g_test_message ("%s", error->message);
      host_fixture_assert_view (fixture, 0, "name", "good");
      assert_sends (fixture);
    }
  host_fixture_stop_well (fixture);
}

static void
test_unwilling (HostFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Nor does what cannot be configured, nor another exchange beside one.");

  load (fixture, "good");
  begin (fixture, "odd", "configure-fails", &result);
  assert_refused (fixture, &result, RB_ERROR_INVALID, NULL, "I do not like it here");
  assert_sends (fixture);

  begin (fixture, "odd", "start-never", &result);
  {
    g_autoptr(GAsyncResult) second = NULL;

    begin (fixture, "good", NULL, &second);
    assert_refused (fixture, &second, RB_ERROR_BAD_STATE, "connector_busy", "'good' is making way for 'odd'");
  }
  advance (fixture, LIFE_MS);
  assert_refused (fixture, &result, RB_ERROR_BAD_STATE, "connector_not_started", "within 5000 ms; 'good' runs again");
  host_fixture_stop_well (fixture);
}

static void
test_go_back (HostFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("When the new one does not start, or never says that it has, the old one does again; who asked hears why.");

  load (fixture, "good");
  g_signal_connect (fixture->host, "exchanged", G_CALLBACK (on_exchanged), fixture);
  begin (fixture, "odd", "start-fails", &result);
  assert_refused (fixture, &result, RB_ERROR_BAD_STATE, "connector_not_started", "The network is away; 'good' runs again");
  assert_sends (fixture);
  begin (fixture, "odd", "start-silent", &result);
  assert_refused (fixture, &result, RB_ERROR_BAD_STATE, "connector_not_started", "without saying why; 'good' runs again");
  assert_sends (fixture);
  g_assert_cmpstr (fixture->heard->str, ==, "good;good;");
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, 1);
  host_fixture_stop_well (fixture);
}

static void
test_stop_hangs (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) answer = NULL;
  const char *trouble;

  g_test_summary ("An old one that does not stop is waited for no longer than its deadline; what was sent meanwhile goes out by the new one.");

  load (fixture, "good");
  use (fixture, "odd", "stop-never");
  begin (fixture, "good", NULL, &result);
  host_fixture_send (fixture);
  advance (fixture, LIFE_MS - 1);
  g_assert_null (result);
  g_assert_null (fixture->result);
  advance (fixture, 1);
  answer = end (fixture, &result, NULL);
  g_assert_true (g_variant_lookup (answer, "trouble", "&s", &trouble));
  g_assert_nonnull (strstr (trouble, "within 5000 ms"));
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_connector_send_finish (rb_host_get_connector (fixture->host), fixture->result, NULL, NULL, NULL));
  g_assert_cmpuint (rb_test_count_log ("module_call_timed_out"), ==, 1);
  host_fixture_stop_well (fixture);
}

static void
test_send_hangs (HostFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A send that the old one has not answered in time keeps nobody: what became of it is unknown, and it is not sent again.");

  load (fixture, "good");
  use (fixture, "odd", "send-never");
  host_fixture_send (fixture);
  begin (fixture, "good", NULL, &result);
  advance (fixture, DRAIN_MS - 1);
  g_assert_null (result);
  advance (fixture, 1);
  g_variant_unref (end (fixture, &result, NULL));
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "stopped before it answered 'send'");
  g_assert_nonnull (strstr (rb_connector_get_address (rb_host_get_connector (fixture->host)), "window 7/70"));
  g_assert_null (strstr (rb_connector_get_address (rb_host_get_connector (fixture->host)), "accept"));
  host_fixture_stop_well (fixture);
}

static void
test_undecided (HostFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  RbConnector *connector;

  g_test_summary ("The old one stays while a message of its is undecided, and goes in the moment when it is.");

  load (fixture, "good");
  connector = rb_host_get_connector (fixture->host);
  host_fixture_send (fixture);
  rb_test_wait_until (fixture->result != NULL);
  begin (fixture, "odd", "good", &result);
  g_assert_true (g_str_has_suffix (rb_connector_get_address (connector), "window 0/0 "));
  advance (fixture, DRAIN_MS);
  assert_refused (fixture, &result, RB_ERROR_BAD_STATE, "connector_busy", "'good' stays: 1 of its messages");
  g_assert_true (g_str_has_suffix (rb_connector_get_address (connector), "window 7/70 "));

  begin (fixture, "odd", "good", &result);
  advance (fixture, DRAIN_MS - 1);
  g_assert_null (result);
  rb_connector_release (connector, 5);
  g_variant_unref (end (fixture, &result, NULL));
  host_fixture_assert_view (fixture, 0, "name", "odd");
  host_fixture_stop_well (fixture);
}

static void
test_bound (HostFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) bounds = NULL;
  RbConnector *connector;
  GAsyncResult *places[WAITING_MAX + 1] = { NULL };
  const RbBound *bound = NULL;

  g_test_summary ("So many sends wait for the other connector; further ones hear at once that nothing was sent.");

  load (fixture, "good");
  use (fixture, "odd", "stop-never");
  connector = rb_host_get_connector (fixture->host);
  begin (fixture, "good", NULL, &result);
  for (guint i = 0; i <= WAITING_MAX; i++)
    rb_connector_send_async (connector, fixture->envelope, NULL, rb_test_store_result, &places[i]);
  rb_test_wait_until (places[WAITING_MAX] != NULL);
  g_assert_false (rb_connector_send_finish (connector, places[WAITING_MAX], NULL, NULL, NULL));
  bounds = rb_host_dup_bounds (fixture->host);
  bound = rb_bounds_get (bounds->pdata[bounds->len - 1], 0);
  g_assert_cmpstr (bound->info->name, ==, "sends_during_swap");
  g_assert_cmpuint (bound->used, ==, WAITING_MAX);
  g_assert_cmpuint (bound->n_reached, ==, 1);

  advance (fixture, LIFE_MS);
  g_variant_unref (end (fixture, &result, NULL));
  for (guint i = 0; i < WAITING_MAX; i++)
    {
      rb_test_wait_until (places[i] != NULL);
      g_assert_true (rb_connector_send_finish (connector, places[i], NULL, NULL, NULL));
    }
  g_assert_cmpuint (bound->used, ==, 0);
  for (guint i = 0; i <= WAITING_MAX; i++)
    g_object_unref (places[i]);
  host_fixture_stop_well (fixture);
}

static void
assert_went (HostFixture   *fixture,
             GAsyncResult **sent,
             gboolean       went)
{
  g_autoptr(GError) error = NULL;

  rb_test_wait_until (*sent != NULL);
  g_assert_cmpint (rb_connector_send_finish (rb_host_get_connector (fixture->host), *sent, NULL, NULL, &error), ==, went);
  if (!went)
    {
      g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "other_network");
    }
  g_clear_object (sent);
}

static void
test_other_network (HostFixture   *fixture,
                    gconstpointer  data)
{
  static const struct {
    const char *first, *then;
    gboolean    goes;
  } rows[] = {
    { "stop-never@one", "good@one", TRUE },
    { "stop-never@one", "good@two", FALSE },
    { "stop-never@one", "good", TRUE },        /* who knows where that leads */
    { "stop-never", "good@two", TRUE },
    { "stop-never@one", "start-fails@two", TRUE },  /* the first one runs again */
  };
  g_autoptr(GAsyncResult) last = NULL;

  g_test_summary ("What waits for the other connector goes into no other network than it was to go into when it was sent.");

  load (fixture, "good");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RbConnector *connector = rb_host_get_connector (fixture->host);
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GAsyncResult) early = NULL;
      g_autoptr(GAsyncResult) late = NULL;

      use (fixture, "good", NULL);
      use (fixture, "odd", rows[i].first);
      begin (fixture, "odd", rows[i].then, &result);
      rb_connector_send_async (connector, fixture->envelope, NULL, rb_test_store_result, &early);
      advance (fixture, LIFE_MS - 1);
      rb_connector_send_async (connector, fixture->envelope, NULL, rb_test_store_result, &late);
      advance (fixture, 1);
      assert_went (fixture, &early, rows[i].goes);
      assert_went (fixture, &late, rows[i].goes);
      rb_test_wait_until (result != NULL);
    }
  begin (fixture, "good", NULL, &last);
  advance (fixture, LIFE_MS);
  g_variant_unref (end (fixture, &last, NULL));
  rb_test_count_log ("module_call_timed_out");
  host_fixture_stop_well (fixture);
}

static void
test_unknown_network (HostFixture   *fixture,
                      gconstpointer  data)
{
  RbConnector *connector;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) sent = NULL;

  g_test_summary ("While the new one does not know yet where it leads, what is sent is for the network that was left.");

  load (fixture, "good");
  use (fixture, "odd", "good@one");
  connector = rb_host_get_connector (fixture->host);
  begin (fixture, "odd", "start-never@two", &result);
  rb_test_settle ();
  g_assert_null (rb_connector_get_address (connector));
  rb_connector_send_async (connector, fixture->envelope, NULL, rb_test_store_result, &sent);
  rb_connector_release (connector, 1);
  g_variant_unref (end (fixture, &result, NULL));
  g_assert_cmpstr (rb_connector_get_address (connector), ==, "start-never@two");
  assert_went (fixture, &sent, FALSE);
  host_fixture_stop_well (fixture);
}

static void
test_lost (HostFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("When neither starts, sends are refused with the reason, and the old one is tried again with growing waits.");

  load (fixture, "good");
  use (fixture, "odd", "start-seldom");
  begin (fixture, "odd", "start-fails", &result);
  assert_refused (fixture, &result, RB_ERROR_BAD_STATE, "connector_lost", "nor did 'odd' again: The network is away");
  host_fixture_send (fixture);
  host_fixture_assert_send_fails (fixture, RB_ERROR, RB_ERROR_UNAVAILABLE, "The network is away");
  host_fixture_assert_view (fixture, 0, "state", "failed");
  advance (fixture, 1000);
  host_fixture_assert_view (fixture, 0, "state", "failed");
  advance (fixture, 1999);
  host_fixture_assert_view (fixture, 0, "state", "failed");
  advance (fixture, 1);
  host_fixture_assert_view (fixture, 0, "state", "running");
  assert_sends (fixture);
  rb_test_count_log ("module_contract_broken");
  host_fixture_stop_well (fixture);
}

static void
test_lost_and_found (HostFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("While the old one is tried again another one may be named, which then is all there is.");

  load (fixture, "good");
  use (fixture, "odd", "start-seldom");
  begin (fixture, "odd", "start-fails", &result);
  g_assert_null (end (fixture, &result, NULL));
  use (fixture, "good", NULL);
  assert_sends (fixture);
  advance (fixture, 60000);
  host_fixture_assert_view (fixture, 0, "name", "good");
  host_fixture_stop_well (fixture);
}

static void
test_another_meanwhile (HostFixture   *fixture,
                        gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("Nor need the old one that takes its time to start again be waited for: its start ends, and another one runs.");

  load (fixture, "good");
  use (fixture, "odd", "start-once");
  begin (fixture, "odd", "start-fails", &result);
  advance (fixture, LIFE_MS);
  assert_refused (fixture, &result, RB_ERROR_BAD_STATE, "connector_not_started", "'odd' is starting again");
  begin (fixture, "good", NULL, &result);
  rb_test_settle ();
  g_assert_nonnull (result);
  g_variant_unref (end (fixture, &result, NULL));
  assert_sends (fixture);
  host_fixture_assert_view (fixture, 0, "name", "good");
  host_fixture_stop_well (fixture);
}

typedef struct {
  HostFixture  *fixture;
  GAsyncResult *first;
  GAsyncResult *second;
} Chain;

/* The good one that runs now has a message undecided when it is to make way. */
static void
on_first (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Chain *chain = user_data;

  chain->first = g_object_ref (result);
  host_fixture_send (chain->fixture);
  begin (chain->fixture, "odd", "good", &chain->second);
}

static void
test_at_once (HostFixture   *fixture,
              gconstpointer  data)
{
  Chain chain = { fixture };

  g_test_summary ("Who hears that an exchange is over may ask for the next one at once; it waits for what is undecided and no longer.");

  load (fixture, "odd");
  rb_host_use_connector_async (fixture->host, "good", get_behaviour, NULL, on_first, &chain);
  rb_test_wait_until (chain.first != NULL && fixture->result != NULL);
  rb_test_settle ();
  g_assert_null (chain.second);
  rb_connector_accept (rb_host_get_connector (fixture->host), 5);
  rb_test_settle ();
  g_assert_nonnull (chain.second);
  g_variant_unref (end (fixture, &chain.first, NULL));
  g_variant_unref (end (fixture, &chain.second, NULL));
  host_fixture_assert_view (fixture, 0, "name", "odd");
  host_fixture_stop_well (fixture);
}

static void
test_host_stops (HostFixture   *fixture,
                 gconstpointer  data)
{
  static const struct {
    const char *first, *then;
    gint64      wait_ms;        /* until the stop has ended */
  } rows[] = {
    { "send-never", "good", 0 },          /* a send is unanswered: the slot is being drained */
    { "stop-never", "good", LIFE_MS },    /* the old one is stopping: the stop waits for it */
    { "good", "start-never", 0 },         /* the new one is starting */
  };

  g_test_summary ("A stop in the middle of it ends it: who asked is told, what waits was not sent, and every module stops.");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(RbHost) host = host_fixture_new (fixture->clock, "");
      g_autoptr(GAsyncResult) swapped = NULL;
      g_autoptr(GAsyncResult) stopped = NULL;
      g_autoptr(GAsyncResult) sent = NULL;
      g_autoptr(GError) error = NULL;

      g_set_object (&fixture->host, host);
      load (fixture, "good");
      use (fixture, "odd", rows[i].first);
      if (i == 0)
        rb_connector_send_async (rb_host_get_connector (host), fixture->envelope, NULL, rb_test_store_result, &sent);
      begin (fixture, "odd", rows[i].then, &swapped);
      rb_test_settle ();
      g_assert_null (swapped);
      host_fixture_send (fixture);
      rb_host_end_exchange (host);
      rb_host_stop_async (host, NULL, rb_test_store_result, &stopped);
      advance (fixture, rows[i].wait_ms);
      rb_test_wait_until (stopped != NULL && swapped != NULL);
      g_assert_null (rb_host_use_connector_finish (host, swapped, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, "broker_shutting_down");
      host_fixture_assert_send_fails (fixture, RB_ERROR, i == 0 ? RB_ERROR_OUTCOME_UNKNOWN : RB_ERROR_UNAVAILABLE, NULL);
      host_fixture_assert_view (fixture, 0, "state", "stopped");
    }
}

static void
test_table (HostFixture   *fixture,
            gconstpointer  data)
{
  g_test_summary ("From each state that is not the end there is a way to it, and every stop of the broker ends it.");

  for (RbSwapState state = RB_SWAP_READY; state <= RB_SWAP_OVER; state++)
    {
      RbSwapState next;
      RbSwapTodo todo;
      guint n = 0;

      for (RbSwapEvent event = RB_SWAP_BEGIN; event <= RB_SWAP_ABORT; event++)
        n += rb_swap_state_step (state, event, &next, &todo) ? 1 : 0;
      g_assert_cmpuint (n > 0, ==, state != RB_SWAP_OVER);
      if (state == RB_SWAP_READY || state == RB_SWAP_OVER)
        continue;
      g_assert_true (rb_swap_state_step (state, RB_SWAP_ABORT, &next, &todo));
      g_assert_cmpstr (rb_swap_state_to_string (next), ==, "over");
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, HostFixture, NULL, host_fixture_set_up, function, host_fixture_tear_down)
  ADD ("/swap/exchange", test_exchange);
  ADD ("/swap/again", test_again);
  ADD ("/swap/refused/unknown", test_unknown);
  ADD ("/swap/refused/unwilling", test_unwilling);
  ADD ("/swap/refused/undecided", test_undecided);
  ADD ("/swap/back", test_go_back);
  ADD ("/swap/stop-hangs", test_stop_hangs);
  ADD ("/swap/send-hangs", test_send_hangs);
  ADD ("/swap/bound", test_bound);
  ADD ("/swap/other-network", test_other_network);
  ADD ("/swap/unknown-network", test_unknown_network);
  ADD ("/swap/lost", test_lost);
  ADD ("/swap/lost-and-found", test_lost_and_found);
  ADD ("/swap/at-once", test_at_once);
  ADD ("/swap/another-meanwhile", test_another_meanwhile);
  ADD ("/swap/host-stops", test_host_stops);
  ADD ("/swap/table", test_table);
#undef ADD
  return g_test_run ();
}
