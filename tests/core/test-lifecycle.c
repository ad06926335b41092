/* test-lifecycle.c: channels that close or are displaced, grace, processes that end, and what becomes of the messages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

#define PID 100
#define GRACE 600000

static RbFakeChannel *
attach (RbCoreFixture  *fixture,
        RbFixtureKind   kind,
        char          **token)
{
  RbFakeChannel *channel = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, kind, kind == RB_PLAIN ? NULL : "s1", token);

  g_assert_cmpstr (id, ==, "ep_1");
  return channel;
}

static void
deliver (RbCoreFixture *fixture,
         const char    *id,
         const char    *target)
{
  static gint64 seq = 1000;
  g_autofree char *metadata = target != NULL ? g_strdup_printf ("{\"target_endpoint_id\":\"%s\"}", target) : NULL;

  rb_fake_connector_deliver (fixture->connector, seq++, id, "bob", "hello", metadata);
  rb_test_settle ();
}

static RbEndpoint *
find (RbCoreFixture *fixture,
      const char    *id)
{
  return rb_registry_lookup (fixture->core->registry, id);
}

static void
assert_rescued (RbCoreFixture *fixture,
                const char    *id)
{
  RbMessage *row = rb_inbox_lookup (fixture->core->inbox, id);

  g_assert_nonnull (row);
  g_assert_cmpstr (row->endpoint_id, ==, "ep_1");
  g_assert_cmpstr (rb_core_fixture_place (fixture, id), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, id), ==, "closed_session_continuation");
}

/* Its row, its correlations and its timers are gone, and everybody outside was told @reason. */
static void
assert_closed (RbCoreFixture *fixture,
               const char    *reason)
{
  g_autofree char *text = g_strdup_printf ("\"state\":\"closed\",\"reason\":\"%s\"", reason);

  g_assert_null (find (fixture, "ep_1"));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, text), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
  g_assert_cmpuint (rb_fake_processes_get_n_watched (fixture->processes), ==, 0);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

/* Source: protocol.md 7.5 and IMP-20. */
static void
test_grace_expired (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);
  g_autofree char *correlation_id = NULL;
  g_autofree char *message_id = NULL;

  g_test_summary ("Nobody came back in time: closed, and what was pushed without receipt or waited is in the inbox, told once.");

  message_id = rb_core_fixture_send (fixture, PID, "ep_1", "bob", "q", NULL, &correlation_id, NULL);
  deliver (fixture, "m1", "ep_1");
  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "m2", "ep_1");
  g_assert_cmpint (find (fixture, "ep_1")->state, ==, RB_ENDPOINT_RECONNECTING);
  rb_fake_clock_advance (fixture->clock, GRACE - 1);
  g_assert_nonnull (find (fixture, "ep_1"));
  rb_fake_clock_advance (fixture->clock, 1);
  assert_closed (fixture, "grace_timeout");
  assert_rescued (fixture, "m1");
  assert_rescued (fixture, "m2");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"closed_session_continuation\""), ==, 2);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"target_endpoint_id_hint\":\"ep_1\""), ==, 2);
  if (fixture->authority != NULL)
    g_assert_cmpuint (rb_fake_emitter_count (fixture->authority, "\"reason\":\"closed_session_continuation\""), ==, 2);

  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 2);
}

static void
test_beyond_cap (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = NULL;

  g_test_summary ("What was accepted has room in the inbox, also beyond its cap; new arrivals have not.");

  fixture->settings.inbox_cap = 1;
  rb_core_fixture_restart (fixture);
  channel = attach (fixture, RB_PLAIN, NULL);
  deliver (fixture, "m1", NULL);
  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "m2", "ep_1");
  deliver (fixture, "m3", "ep_1");
  rb_fake_clock_advance (fixture->clock, GRACE);
  assert_rescued (fixture, "m2");
  assert_rescued (fixture, "m3");
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 3);
  deliver (fixture, "m4", NULL);
  g_assert_null (rb_core_fixture_place (fixture, "m4"));
}

static void
test_told_when_durable (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);

  g_test_summary ("An end is told, upstream and outwards, when it is durable.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "m1", "ep_1");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_fake_clock_advance (fixture->clock, GRACE);
  g_assert_null (find (fixture, "ep_1"));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"closed\""), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 0);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  assert_closed (fixture, "grace_timeout");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "undispatched_changed"), ==, 1);
}

static void
test_exited_active (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);

  g_test_summary ("A process that ends takes its endpoint along when its channel closes, without grace.");

  deliver (fixture, "m1", "ep_1");
  rb_fake_processes_end (fixture->processes, PID);
  rb_test_settle ();
  g_assert_cmpint (find (fixture, "ep_1")->state, ==, RB_ENDPOINT_ACTIVE);
  rb_core_fixture_detach (fixture, channel);
  assert_closed (fixture, "plugin_exit");
  assert_rescued (fixture, "m1");
}

static void
test_exited_reconnecting (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);

  g_test_summary ("A process that ends while its endpoint is reconnecting ends the grace at once.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "m1", "ep_1");
  rb_processes_emit_exited (RB_PROCESSES (fixture->processes), PID);
  rb_test_settle ();
  g_assert_nonnull (find (fixture, "ep_1"));
  rb_fake_processes_end (fixture->processes, PID);
  rb_test_settle ();
  assert_closed (fixture, "plugin_exit");
  assert_rescued (fixture, "m1");
}

/* Source: protocol.md 7.7, IMP-22. */
static void
test_recycled (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);

  g_test_summary ("A pid that another process got is no sign of life: on its word and when the channel closes.");

  rb_core_fixture_detach (fixture, channel);
  rb_fake_processes_recycle (fixture->processes, PID);
  rb_processes_emit_exited (RB_PROCESSES (fixture->processes), PID);
  rb_test_settle ();
  assert_closed (fixture, "plugin_exit");
}

static void
test_recycled_active (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);

  g_test_summary ("A channel whose process was replaced under its pid closes as that of a dead one.");

  rb_fake_processes_recycle (fixture->processes, PID);
  rb_core_fixture_detach (fixture, channel);
  assert_closed (fixture, "plugin_exit");
}

static void
test_recycled_displaces (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);
  g_autoptr(RbFakeChannel) stranger = NULL;

  g_test_summary ("A stranger's channel under a recycled pid inherits no endpoint: the old ones close, their messages are safe.");

  deliver (fixture, "m1", "ep_1");
  rb_fake_processes_recycle (fixture->processes, PID);
  stranger = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_test_settle ();
  g_assert_cmpuint (stranger->pushes->len, ==, 0);
  assert_closed (fixture, "plugin_exit");
  assert_rescued (fixture, "m1");
  g_assert_cmpuint (channel->close_code, ==, 1000);
}

static void
test_unregistered (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint that is given up, active or reconnecting, leaves its messages to the inbox; once more is fine.");

  deliver (fixture, "m1", "ep_1");
  if (g_strcmp0 (data, "reconnecting") == 0)
    rb_core_fixture_detach (fixture, channel);
  g_assert_true (rb_core_fixture_unregister (fixture, PID, "ep_1", &error));
  g_assert_no_error (error);
  assert_rescued (fixture, "m1");
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"explicit_unregister\""), ==, 1);
  g_assert_true (rb_core_fixture_unregister (fixture, PID, "ep_1", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 1);
}

static void
dispatch (RbCoreFixture *fixture,
          const char    *id)
{
  deliver (fixture, id, NULL);
  rb_core_fixture_dispatch_start (fixture, id, "ep_1", NULL);
}

static void
test_assignments (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autofree char *token = NULL;
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_BACKGROUND, &token);
  g_autoptr(GError) error = NULL;

  g_test_summary ("With its endpoint an accepted assignment ends; a pushed and a taken one return to the inbox as endpoint_lost.");

  dispatch (fixture, "accepted");
  rb_core_fixture_receipt (fixture, channel, 0);
  rb_core_fixture_report (fixture, PID, "ep_1", token, "accepted", rb_fake_channel_get (channel, 0)->assignment_id, 2,
                          "adapter_accepted", &error);
  g_assert_no_error (error);
  dispatch (fixture, "taken");
  rb_core_fixture_receipt (fixture, channel, 1);
  dispatch (fixture, "pushed");
  g_assert_cmpuint (channel->pushes->len, ==, 3);
  g_assert_true (rb_core_fixture_unregister (fixture, PID, "ep_1", &error));
  g_assert_no_error (error);

  g_assert_cmpstr (rb_core_fixture_place (fixture, "accepted"), ==, "ended");
  g_assert_cmpstr (rb_core_fixture_reason (fixture, "accepted"), ==, "endpoint_lost_after_acceptance");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "taken"), ==, "inbox");
  g_assert_cmpstr (rb_core_fixture_place (fixture, "pushed"), ==, "inbox");
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason_code\":\"endpoint_lost\""), ==, 2);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ASSIGNMENTS), ==, 0);
  g_assert_cmpuint (rb_inbox_get_n_reserved (fixture->core->inbox), ==, 0);
}

/* Source: protocol.md 5.3, IMP-14. */
static void
test_displaced (RbCoreFixture *fixture,
                gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *other = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);

  g_test_summary ("A second channel of a process takes over its endpoints and what was on its way; the first is closed as replaced.");

  deliver (fixture, "m1", "ep_1");
  rb_test_count_log ("ipc_push_ack_channel_closed");
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("ipc_push_ack_channel_closed"), ==, 1);
  g_assert_cmpuint (channel->close_code, ==, 1000);
  g_assert_cmpstr (channel->close_reason, ==, "replaced");
  g_assert_cmpint (find (fixture, "ep_1")->state, ==, RB_ENDPOINT_ACTIVE);
  g_assert_true (find (fixture, "ep_1")->channel == RB_CHANNEL (second));
  g_assert_true (find (fixture, other)->channel == RB_CHANNEL (second));
  g_assert_cmpuint (second->pushes->len, ==, 1);

  /* Neither the old channel's receipt nor its end mean anything now. */
  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  rb_core_fixture_detach (fixture, channel);
  g_assert_cmpint (find (fixture, "ep_1")->state, ==, RB_ENDPOINT_ACTIVE);
  rb_core_fixture_receipt (fixture, second, 0);
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "ended");
  deliver (fixture, "m2", other);
  g_assert_cmpuint (second->pushes->len, ==, 2);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
}

static void
test_displaced_assignment (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_BACKGROUND, NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The outstanding receipt of an assignment fails at once with its channel, and nothing more goes to the old one.");

  deliver (fixture, "m1", NULL);
  deliver (fixture, "m2", NULL);
  rb_core_fixture_dispatch_start (fixture, "m1", "ep_1", &result);
  rb_core_fixture_dispatch_start (fixture, "m2", "ep_1", NULL);
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_test_settle ();
  g_assert_nonnull (result);
  g_assert_false (rb_dispatch_finish (fixture->core, result, &error));
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "inbox");
  g_assert_cmpuint (channel->pushes->len, ==, 1);
  g_assert_cmpuint (second->pushes->len, ==, 1);
  g_assert_cmpstr (rb_fake_channel_get (second, 0)->source_message_id, ==, "m2");
  rb_core_fixture_receipt (fixture, second, 0);
}

/* protocol.md 20.1. */
static void
test_legacy_displaced (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  RbFakeChannel *old = rb_fake_channel_new (PID, FALSE);
  g_autoptr(RbFakeChannel) held = old;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("An endpoint of an old adapter is no longer that once it has a newer channel.");

  old->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (old));
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_true (find (fixture, id)->traits->legacy);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  g_assert_false (find (fixture, id)->traits->legacy);
}

static void
test_two_endpoints (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);
  g_autofree char *other = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("All endpoints of a channel are reconnecting when it closes; each ends by itself.");

  rb_core_fixture_detach (fixture, channel);
  g_assert_cmpint (find (fixture, "ep_1")->state, ==, RB_ENDPOINT_RECONNECTING);
  g_assert_cmpint (find (fixture, other)->state, ==, RB_ENDPOINT_RECONNECTING);
  g_assert_true (rb_core_fixture_unregister (fixture, PID, "ep_1", &error));
  g_assert_nonnull (find (fixture, other));
  rb_fake_processes_end (fixture->processes, PID);
  rb_test_settle ();
  g_assert_null (find (fixture, other));
  g_assert_cmpuint (rb_fake_processes_get_n_watched (fixture->processes), ==, 0);
}

static void
test_grace_over_restart (RbCoreFixture *fixture,
                         gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = attach (fixture, RB_PLAIN, NULL);

  g_test_summary ("A crash does not give a reconnecting endpoint more grace than it had left.");

  rb_core_fixture_detach (fixture, channel);
  deliver (fixture, "m1", "ep_1");
  rb_fake_clock_advance (fixture->clock, GRACE - 1000);
  rb_core_fixture_crash (fixture);
  g_assert_nonnull (find (fixture, "ep_1"));
  rb_fake_clock_advance (fixture->clock, 1000);
  g_assert_null (find (fixture, "ep_1"));
  assert_rescued (fixture, "m1");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD_WITH(path, data, function) \
  g_test_add ("/lifecycle/" path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
#define ADD(path, function) ADD_WITH (path, NULL, function)
  ADD ("grace/expired", test_grace_expired);
  ADD_WITH ("grace/expired-with-authority", "authority", test_grace_expired);
  ADD ("grace/beyond-cap", test_beyond_cap);
  ADD ("grace/told-when-durable", test_told_when_durable);
  ADD ("grace/over-restart", test_grace_over_restart);
  ADD ("exited/active", test_exited_active);
  ADD ("exited/reconnecting", test_exited_reconnecting);
  ADD ("recycled/reconnecting", test_recycled);
  ADD ("recycled/active", test_recycled_active);
  ADD ("recycled/displaces", test_recycled_displaces);
  ADD ("unregistered/active", test_unregistered);
  ADD_WITH ("unregistered/reconnecting", "reconnecting", test_unregistered);
  ADD ("assignments", test_assignments);
  ADD ("displaced/message", test_displaced);
  ADD ("displaced/assignment", test_displaced_assignment);
  ADD ("displaced/legacy", test_legacy_displaced);
  ADD ("two-endpoints", test_two_endpoints);

  return g_test_run ();
}
