/* test-refused.c: a conversation stays in order when one of its messages is refused
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"
#include "rb-core-private.h"
#include "rb-refused.h"

#include <string.h>

static RbMessage *
message (const char *id,
         const char *metadata)
{
  static const guint8 random[24] = { 1, [23] = 1 };
  g_autoptr(GBytes) content = g_bytes_new_static ("\"x\"", 3);
  g_autoptr(GBytes) object = g_bytes_new (metadata, strlen (metadata));
  g_autoptr(RbEnvelope) envelope = rb_envelope_new (id, "bob", NULL, content, NULL, object);
  RbTraceVerdict verdict;

  return rb_message_new (envelope, id, 0, random, &verdict);
}

/* Who has the correlation. */
static const char *owner;

static const char *
resolve (const char *target_id,
         const char *correlation_id,
         const char *source_endpoint_id,
         gpointer    user_data)
{
  return target_id != NULL ? target_id : owner;
}

static void
test_lanes (void)
{
  g_autoptr(RbRefused) refused = rb_refused_new (resolve, NULL);
  g_autoptr(RbMessage) first = message ("m1", "{\"correlation_id\":\"c\"}");
  g_autoptr(RbMessage) second = message ("m2", "{\"correlation_id\":\"c\"}");
  g_autoptr(RbMessage) other = message ("m3", "{\"correlation_id\":\"d\"}");
  g_autoptr(RbMessage) targeted = message ("m4", "{\"correlation_id\":\"c\",\"target_endpoint_id\":\"e\"}");

  g_test_summary ("Later messages of a conversation wait for the refused one; earlier ones and other conversations do not.");

  rb_refused_add (refused, first, 5, 0);
  g_assert_true (rb_refused_must_wait (refused, second, 6, 0));
  g_assert_false (rb_refused_must_wait (refused, second, 4, 0));
  g_assert_false (rb_refused_must_wait (refused, other, 6, 0));
  g_assert_false (rb_refused_must_wait (refused, targeted, 6, 0));
  g_assert_false (rb_refused_must_wait (refused, first, 5, 0));
  g_assert_false (rb_refused_must_wait (refused, first, 9, 0));

  rb_refused_add (refused, second, 6, 0);
  rb_refused_add (refused, second, 6, 10);
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 2);
  rb_refused_remove (refused, first->id);
  g_assert_false (rb_refused_must_wait (refused, second, 6, 10));
  rb_refused_remove (refused, second->id);
  rb_refused_remove (refused, second->id);
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 0);
}

static void
test_two_names (void)
{
  g_autoptr(RbRefused) refused = rb_refused_new (resolve, NULL);
  g_autoptr(RbMessage) targeted = message ("m1", "{\"correlation_id\":\"c\",\"target_endpoint_id\":\"e\"}");
  g_autoptr(RbMessage) correlated = message ("m2", "{\"correlation_id\":\"c\"}");
  g_autoptr(RbMessage) elsewhere = message ("m3", "{\"correlation_id\":\"c\",\"target_endpoint_id\":\"f\"}");

  g_test_summary ("A conversation is one, whether its messages name the endpoint or the correlation alone, as things are now.");

  owner = "e";
  rb_refused_add (refused, targeted, 5, 0);
  g_assert_true (rb_refused_must_wait (refused, correlated, 6, 0));
  g_assert_false (rb_refused_must_wait (refused, elsewhere, 6, 0));
  owner = "f";
  g_assert_false (rb_refused_must_wait (refused, correlated, 6, 0));
  rb_refused_remove (refused, targeted->id);

  rb_refused_add (refused, correlated, 7, 0);
  g_assert_false (rb_refused_must_wait (refused, targeted, 8, 0));
  g_assert_true (rb_refused_must_wait (refused, elsewhere, 8, 0));
  owner = NULL;
  g_assert_false (rb_refused_must_wait (refused, elsewhere, 8, 0));
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 1);
  g_assert_false (rb_refused_must_wait (refused, elsewhere, 8, 120000));
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 0);
}

static void
test_other_lane (void)
{
  g_autoptr(RbRefused) refused = rb_refused_new (resolve, NULL);
  g_autoptr(RbMessage) first = message ("m1", "{\"correlation_id\":\"c\"}");
  g_autoptr(RbMessage) same = message ("m1", "{\"correlation_id\":\"d\"}");
  g_autoptr(RbMessage) second = message ("m2", "{\"correlation_id\":\"c\"}");
  g_autoptr(RbMessage) third = message ("m3", "{\"correlation_id\":\"d\"}");

  g_test_summary ("A sender may use one id for two conversations: what comes again is remembered in the one it came in last.");

  rb_refused_add (refused, first, 5, 0);
  rb_refused_add (refused, same, 6, 0);
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 1);
  g_assert_false (rb_refused_must_wait (refused, second, 7, 0));
  g_assert_true (rb_refused_must_wait (refused, third, 7, 0));
  rb_refused_remove (refused, first->id);
  g_assert_false (rb_refused_must_wait (refused, third, 7, 0));
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 0);
}

static void
test_given_up (void)
{
  g_autoptr(RbRefused) refused = rb_refused_new (resolve, NULL);
  g_autoptr(RbMessage) first = message ("m1", "{}");
  g_autoptr(RbMessage) second = message ("m2", "{}");

  g_test_summary ("A refused message that never comes again holds up its conversation for two minutes, not for ever.");

  rb_refused_add (refused, first, 1, 1000);
  g_assert_true (rb_refused_must_wait (refused, second, 2, 120999));
  g_assert_false (rb_refused_must_wait (refused, second, 2, 121000));
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 0);
}

static void
test_exchanged (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbMessage) first = message ("m1", "{\"correlation_id\":\"c\"}");
  g_autoptr(RbMessage) next = message ("m2", "{\"correlation_id\":\"c\"}");

  g_test_summary ("What one connector delivered and was refused keeps nothing back that another one delivers.");

  rb_refused_add (fixture->core->refused, first, 5, 0);
  g_assert_true (rb_refused_must_wait (fixture->core->refused, next, 6, 1));
  rb_core_exchange_connector (fixture->core);
  g_assert_false (rb_refused_must_wait (fixture->core->refused, next, 6, 1));
  g_assert_cmpuint (rb_refused_get_n (fixture->core->refused), ==, 0);
}

static void
test_bound (void)
{
  g_autoptr(RbRefused) refused = rb_refused_new (resolve, NULL);

  g_test_summary ("The memory of refusals is bounded.");

  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      g_autoptr(RbMessage) each = message (id, "{}");

      rb_refused_add (refused, each, i + 1, 0);
    }
  g_assert_cmpuint (rb_refused_get_n (refused), ==, 16384);
}

static void
test_full_disk (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, 200, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, 200, RB_PLAIN, NULL, NULL);
  static const char *const metadata = "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c\"}";

  g_test_summary ("While nothing can be stored the window is closed; what was refused then is pushed before what came later.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "disk full");
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "one", metadata);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 1));

  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "two", metadata);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));
  g_assert_cmpuint (channel->pushes->len, ==, 0);

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "one", metadata);
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "two", metadata);
  rb_test_settle ();
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_core_fixture_receipt (fixture, channel, 1);
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->content, ==, "one");
  g_assert_cmpstr (rb_fake_channel_get (channel, 1)->content, ==, "two");
}

static void
test_full_disk_two_names (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, 200, TRUE);
  g_autofree char *endpoint_id = rb_core_fixture_register (fixture, 200, RB_PLAIN, NULL, NULL);
  g_autofree char *correlation = NULL;
  g_autofree char *sent = rb_core_fixture_send (fixture, 200, endpoint_id, "bob", "hello", NULL, &correlation, NULL);
  g_autofree char *by_both = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"%s\"}", endpoint_id, correlation);
  g_autofree char *by_one = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation);

  g_test_summary ("What goes to the same conversation under another name does not pass what was refused.");

  g_assert_nonnull (sent);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "disk full");
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "one", by_both);
  rb_test_settle ();
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);

  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "two", by_one);
  rb_test_settle ();
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));
  g_assert_cmpuint (channel->pushes->len, ==, 0);
}

static void
test_stop_while_failing (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_test_summary ("A stop ends although nothing can be stored.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "disk full");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_core_fixture_stop (fixture);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/refused/lanes", test_lanes);
  g_test_add_func ("/refused/two-names", test_two_names);
  g_test_add_func ("/refused/other-lane", test_other_lane);
  g_test_add_func ("/refused/given-up", test_given_up);
  g_test_add_func ("/refused/bound", test_bound);
  g_test_add ("/refused/exchanged", RbCoreFixture, NULL, rb_core_fixture_set_up, test_exchanged, rb_core_fixture_tear_down);
  g_test_add ("/refused/full-disk", RbCoreFixture, NULL, rb_core_fixture_set_up, test_full_disk, rb_core_fixture_tear_down);
  g_test_add ("/refused/full-disk/two-names", RbCoreFixture, NULL, rb_core_fixture_set_up, test_full_disk_two_names,
              rb_core_fixture_tear_down);
  g_test_add ("/refused/stop-while-failing", RbCoreFixture, NULL, rb_core_fixture_set_up, test_stop_while_failing,
              rb_core_fixture_tear_down);

  return g_test_run ();
}
