/* test-route-claim.c: the upstream agrees to direct deliveries, and conversations stay in order (protocol.md 16.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-connector.h"
#include "rb-core-private.h"
#include "rb-error.h"

/* Source: protocol.md 9.4 and 20.2 row 10; in order for each conversation. */

#define PID 100

static void
answer_action (RbCoreFixture *fixture,
               const char    *action)
{
  GVariantDict dict;

  g_clear_pointer (&fixture->upstream->answer, g_variant_unref);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "action", "s", action);
  fixture->upstream->answer = g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
fail_with (RbCoreFixture *fixture,
           gint64         status)
{
  g_clear_error (&fixture->upstream->failure);
  fixture->upstream->failure = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "no");
  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (status));
}

/* An endpoint with receipts; claims wait for their answers. */
static RbFakeChannel *
attach (RbCoreFixture *fixture)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_assert_cmpstr (id, ==, "ep_1");
  fixture->upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  answer_action (fixture, "route");
  fixture->upstream->hold = TRUE;
  return channel;
}

static void
deliver (RbCoreFixture *fixture,
         gint64         seq,
         const char    *id,
         const char    *correlation_id)
{
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"%s\"}", correlation_id);

  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", id != NULL ? id : "without", metadata);
  rb_test_settle ();
}

static void
answer (RbCoreFixture *fixture,
        guint          i)
{
  rb_fake_upstream_answer_one (fixture->upstream, i);
  rb_test_settle ();
}

/* The contents of what was pushed, each acknowledged, with a space between. */
static char *
dup_pushed (RbCoreFixture *fixture,
            RbFakeChannel *channel)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < channel->pushes->len; i++)
    {
      g_string_append_printf (text, "%s%s", i > 0 ? " " : "", rb_fake_channel_get (channel, i)->content);
      rb_core_fixture_receipt (fixture, channel, i);
    }
  return g_string_free (text, FALSE);
}

static void
test_order (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autofree char *pushed = NULL;

  g_test_summary ("Claims answered out of order leave a conversation in order; another one does not wait for it.");

  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  deliver (fixture, 3, "m3", "c1");
  deliver (fixture, 4, "m4", "c2");
  g_assert_cmpuint (fixture->upstream->waiting->len, ==, 4);

  answer (fixture, 2);
  answer (fixture, 1);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  g_assert_null (rb_core_fixture_place (fixture, "m2"));
  answer (fixture, 1);   /* m4 */
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  answer (fixture, 0);
  pushed = dup_pushed (fixture, channel);
  g_assert_cmpstr (pushed, ==, "m4 m1 m2 m3");
}

static void
test_order_without_claim (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autofree char *pushed = NULL;

  g_test_summary ("What needs no claim does not overtake what waits for one.");

  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 2, NULL, "c1");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_ROUTE_CLAIM], ==, 1);
  g_assert_cmpuint (channel->pushes->len, ==, 0);
  answer (fixture, 0);
  pushed = dup_pushed (fixture, channel);
  g_assert_cmpstr (pushed, ==, "m1 without");
}

static void
test_refused_holds_back (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autofree char *pushed = NULL;

  g_test_summary ("Behind a message that is refused its conversation is refused too, granted or not; it comes again in order.");

  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  answer (fixture, 1);
  fail_with (fixture, 503);
  answer (fixture, 0);
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 1));
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 2));
  g_assert_cmpuint (channel->pushes->len, ==, 0);

  g_clear_error (&fixture->upstream->failure);
  fixture->upstream->hold = FALSE;
  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  pushed = dup_pushed (fixture, channel);
  g_assert_cmpstr (pushed, ==, "m1 m2");
}

static void
test_refused_meanwhile (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);
  g_autofree char *pushed = NULL;

  g_test_summary ("What is refused because one before it was holds back what came later, and not the one that comes again before it.");

  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  answer_action (fixture, "none");
  answer (fixture, 0);
  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 3, "m3", "c1");
  answer_action (fixture, "route");
  answer (fixture, 0);
  answer (fixture, 0);
  answer (fixture, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  g_assert_null (rb_core_fixture_place (fixture, "m2"));
  g_assert_null (rb_core_fixture_place (fixture, "m3"));

  deliver (fixture, 2, "m2", "c1");
  deliver (fixture, 3, "m3", "c1");
  answer (fixture, 1);
  answer (fixture, 0);
  pushed = dup_pushed (fixture, channel);
  g_assert_cmpstr (pushed, ==, "m1 m2 m3");
}

static void
test_unsequenced (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("A message without a sequence does not come again: when its claim fails it waits in the inbox.");

  deliver (fixture, RB_CONNECTOR_NO_SEQ, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  answer (fixture, 1);
  fail_with (fixture, 503);
  answer (fixture, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "unaddressed");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"target_endpoint_id_hint\":\"ep_1\""), ==, 1);
  g_assert_cmpstr (rb_fake_channel_get (channel, 0)->content, ==, "m2");
}

static void
test_legacy (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const gint64 statuses[] = { 404, 405, 501, 403, 503 };
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("An upstream of the old age has no claims: 404, 405 and 501 mean yes. Elsewhere, and with any other status, they do not.");

  fixture->upstream->hold = FALSE;
  fail_with (fixture, 404);
  deliver (fixture, 1, "m0", "c0");
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 1));

  fixture->core->is_legacy_upstream = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i + 1);

      fail_with (fixture, statuses[i]);
      deliver (fixture, 10 + i, id, id);
      g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 10 + i) == (i < 3));
      g_assert_true (rb_fake_connector_has_released (fixture->connector, 10 + i) == (i >= 3));
    }
  g_assert_cmpuint (channel->pushes->len, ==, 3);
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("A stop keeps what would not come again, in the inbox; the rest is the network's still. A late answer changes nothing.");

  deliver (fixture, RB_CONNECTOR_NO_SEQ, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  rb_core_fixture_stop (fixture);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_null (rb_core_fixture_place (fixture, "m2"));
  g_assert_cmpuint (fixture->connector->accepted->len + fixture->connector->released->len, ==, 0);
}

static void
test_crash (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture);

  g_test_summary ("What waits for a claim when the process dies was not accepted: it comes again.");

  deliver (fixture, 1, "m1", "c1");
  deliver (fixture, 2, "m2", "c1");
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (fixture->connector->accepted->len, ==, 0);
  deliver (fixture, 1, "m1", "c1");
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
}

static void
test_successor (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *old = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s", NULL);
  g_autofree char *correlation_id = NULL;
  g_autofree char *sent = rb_core_fixture_send (fixture, PID, old, "bob", "hello", NULL, &correlation_id, NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation_id);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *successor = NULL;
  g_autofree char *pushed = NULL;

  g_test_summary ("A conversation that goes over to a successor stays in order, also what was being claimed for the predecessor.");

  fixture->upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  fixture->upstream->holds[RB_UPSTREAM_ROUTE_CLAIM] = TRUE;
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_ROUTE_CLAIM, g_variant_new_parsed ("{'action': <'route'>}"));
  rb_core_fixture_detach (fixture, first);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "m1", metadata);
  rb_test_settle ();
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_core_fixture_forget (fixture);
  successor = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s", NULL);
  rb_test_settle ();
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "m2", metadata);
  rb_test_settle ();
  g_assert_cmpuint (fixture->upstream->waiting->len, ==, 2);

  answer (fixture, 1);
  g_assert_cmpuint (second->pushes->len, ==, 0);
  answer (fixture, 0);
  pushed = dup_pushed (fixture, second);
  g_assert_cmpstr (pushed, ==, "m1 m2");
}

static void
test_successor_of_two (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *one = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s", NULL);
  g_autofree char *other = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s", NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *successor = NULL;
  g_autofree char *pushed = NULL;

  g_test_summary ("Conversations of two predecessors with one correlation become one, in the order in which the messages arrived.");

  fixture->upstream->features |= RB_UPSTREAM_HAS_ROUTE_CLAIM;
  fixture->upstream->holds[RB_UPSTREAM_ROUTE_CLAIM] = TRUE;
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_ROUTE_CLAIM, g_variant_new_parsed ("{'action': <'route'>}"));
  rb_core_fixture_detach (fixture, first);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      g_autofree char *metadata = g_strdup_printf ("{\"correlation_id\":\"c\",\"target_endpoint_id\":\"%s\"}", i % 2 == 0 ? one : other);

      rb_fake_connector_deliver (fixture->connector, 1 + i, id, "bob", id, metadata);
      rb_test_settle ();
    }
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_core_fixture_forget (fixture);
  successor = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s", NULL);
  rb_test_settle ();
  while (fixture->upstream->waiting->len > 0)
    answer (fixture, fixture->upstream->waiting->len - 1);
  pushed = dup_pushed (fixture, second);
  g_assert_cmpstr (pushed, ==, "m0 m1 m2 m3");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/route-claim/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("order", test_order);
  ADD ("order/without-claim", test_order_without_claim);
  ADD ("order/successor", test_successor);
  ADD ("order/successor-of-two", test_successor_of_two);
  ADD ("refused-holds-back", test_refused_holds_back);
  ADD ("refused-meanwhile", test_refused_meanwhile);
  ADD ("unsequenced", test_unsequenced);
  ADD ("legacy", test_legacy);
  ADD ("stop", test_stop);
  ADD ("crash", test_crash);

  return g_test_run ();
}
