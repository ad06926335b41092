/* test-notices.c: a person is notified of what waits, and answers with a click, whatever the notification service does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"
#include "rb-mock-notifications.h"

#include "rb-bus-notices.h"
#include "rb-core-private.h"
#include "rb-notice-board.h"
#include "rb-policy-operator.h"

#include <string.h>

#define PID 100
#define CAPABILITIES "actions,body,body-markup"

typedef struct {
  RbBusFixture         bus;
  RbMockNotifications *service;      /* NULL: there is none */
  RbFakeChannel       *channel;
  char                *endpoint_id;
} Fixture;

static void
start_service (Fixture    *fixture,
               const char *capabilities)
{
  fixture->service = rb_mock_notifications_new (fixture->bus.address, capabilities, FALSE);
}

static void
stop_service (Fixture *fixture)
{
  g_clear_pointer (&fixture->service, rb_mock_notifications_free);
}

static void
restart_broker (Fixture *fixture)
{
  g_clear_pointer (&fixture->bus.bus, rb_bus_free);
  fixture->bus.bus = rb_bus_new (&fixture->bus.ports, fixture->bus.address);
  rb_bus_fixture_wait_state (&fixture->bus, "owned");
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  rb_bus_fixture_set_up (&fixture->bus, NULL);
  if (fixture->bus.bus == NULL)
    return;
  fixture->bus.ports.notifies = TRUE;
  fixture->bus.ports.hides_content = g_strcmp0 (data, "hide") == 0;
  fixture->channel = rb_core_fixture_attach (&fixture->bus.core, PID, FALSE);
  fixture->endpoint_id = rb_core_fixture_register (&fixture->bus.core, PID, RB_BACKGROUND, "s1", NULL);
  if (g_strcmp0 (data, "absent") != 0)
    start_service (fixture, CAPABILITIES);
  restart_broker (fixture);
  rb_bus_fixture_pass (&fixture->bus, 1000);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  stop_service (fixture);
  g_clear_object (&fixture->channel);
  g_free (fixture->endpoint_id);
  rb_bus_fixture_tear_down (&fixture->bus, NULL);
}

static gboolean
is_there (Fixture *fixture)
{
  return fixture->bus.bus != NULL;
}

static void
arrive (Fixture *fixture,
        gint64   seq)
{
  g_autofree char *id = g_strdup_printf ("m%d", (int) seq);

  rb_fake_connector_deliver (fixture->bus.core.connector, seq, id, "bob@local", "<b>A & B</b>", NULL);
}

/* Long enough for what is collected, and too short for a new digest. */
static void
pass (Fixture *fixture,
      gint64   ms)
{
  rb_bus_fixture_pass (&fixture->bus, ms);
  if (fixture->service != NULL)
    rb_mock_notifications_settle (fixture->service);
  rb_bus_fixture_pass (&fixture->bus, 0);
}

/* The message waits in the inbox. */
static gboolean
waits (Fixture    *fixture,
       const char *id)
{
  return g_strcmp0 (rb_core_fixture_place (&fixture->bus.core, id), "inbox") == 0;
}

static const RbMockNotice *
arrive_and_wait (Fixture *fixture,
                 gint64   seq,
                 guint    i)
{
  arrive (fixture, seq);
  pass (fixture, 300);
  return rb_mock_notifications_wait (fixture->service, i);
}

static void
test_click (Fixture       *fixture,
            gconstpointer  data)
{
  const RbMockNotice *notice;
  g_autofree char *action = NULL;
  guint32 id;

  g_test_summary ("A click gives the message to the endpoint and takes the notification back; a second one is answered, and changes nothing.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  id = notice->id;
  g_assert_cmpstr (notice->summary, ==, "A message waits for you");
  g_assert_cmpstr (notice->body, ==, "bob@local: &lt;b&gt;A &amp; B&lt;/b&gt;");
  action = g_strdup (rb_mock_notice_find_action (notice, "To custom"));
  g_assert_true (waits (fixture, "m1"));

  rb_mock_notifications_click (fixture->service, id, action);
  rb_test_wait_until (!waits (fixture, "m1"));
  g_assert_cmpstr (rb_core_fixture_place (&fixture->bus.core, "m1"), ==, "assignment");
  pass (fixture, 300);
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, id));
  g_assert_cmpuint (fixture->service->told->len, ==, 1);

  rb_mock_notifications_click (fixture->service, id, action);
  notice = rb_mock_notifications_wait (fixture->service, 1);
  g_assert_cmpstr (notice->summary, ==, "No longer waiting");
  g_assert_true (g_variant_lookup (notice->hints, "transient", "b", NULL));
}

static void
test_answered_elsewhere (Fixture       *fixture,
                         gconstpointer  data)
{
  const RbMockNotice *notice;

  g_test_summary ("What was answered on another surface is taken back; a click that was faster than that says so.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  g_assert_true (rb_core_fixture_dispatch (&fixture->bus.core, "m1", fixture->endpoint_id, NULL));
  rb_mock_notifications_click (fixture->service, notice->id, rb_mock_notice_find_action (notice, "To custom"));
  g_assert_cmpstr (rb_mock_notifications_wait (fixture->service, 1)->summary, ==, "No longer waiting");
  pass (fixture, 300);
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, 1));
}

static void
test_held (Fixture       *fixture,
           gconstpointer  data)
{
  const char *const clicks[] = { "Let in", "Refuse" };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) rule = NULL;

  g_test_summary ("A sender who is held is let in, or refused, with a click.");

  if (!is_there (fixture))
    return;
  rb_policy_set_async (fixture->bus.core.core, "message", "bob@local", "*", "hold", NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rule = rb_policy_set_finish (fixture->bus.core.core, result, NULL);
  g_assert_nonnull (rule);
  for (guint i = 0; i < G_N_ELEMENTS (clicks); i++)
    {
      const RbMockNotice *notice = arrive_and_wait (fixture, i + 1, i == 0 ? 0 : 2);
      guint32 id = notice->id;

      g_assert_cmpstr (notice->summary, ==, "A sender waits to be let in");
      rb_mock_notifications_click (fixture->service, id, rb_mock_notice_find_action (notice, clicks[i]));
      rb_test_wait_until (g_strcmp0 (rb_core_fixture_place (&fixture->bus.core, i == 0 ? "m1" : "m2"), i == 0 ? "inbox" : "ended") == 0);
      pass (fixture, 300);
      rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, id));
      if (i == 0)
        g_assert_cmpstr (rb_mock_notifications_wait (fixture->service, 1)->summary, ==, "A message waits for you");
    }
}

static void
test_failure (Fixture       *fixture,
              gconstpointer  data)
{
  const RbMockNotice *notice;
  const char *action;

  g_test_summary ("What cannot be done is said, and the message still waits.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  action = rb_mock_notice_find_action (notice, "To custom");
  g_assert_true (rb_core_fixture_unregister (&fixture->bus.core, PID, fixture->endpoint_id, NULL));
  rb_mock_notifications_click (fixture->service, notice->id, action);
  notice = rb_mock_notifications_wait (fixture->service, 1);
  g_assert_cmpstr (notice->summary, ==, "That could not be done");
  g_assert_nonnull (strstr (notice->body, "target endpoint not found"));
  g_assert_true (waits (fixture, "m1"));
}

static void
test_show (Fixture       *fixture,
           gconstpointer  data)
{
  const RbMockNotice *notice;

  g_test_summary ("'Show', and a click on the text, tell what there is to tell.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  rb_mock_notifications_click (fixture->service, notice->id, rb_mock_notice_find_action (notice, "Show"));
  notice = rb_mock_notifications_wait (fixture->service, 1);
  g_assert_nonnull (strstr (notice->body, "bob@local"));
  g_assert_nonnull (strstr (notice->body, "brokerctl needs"));
  g_assert_true (waits (fixture, "m1"));
}

static void
test_digest (Fixture       *fixture,
             gconstpointer  data)
{
  const RbMockNotice *notice;
  guint32 id;

  g_test_summary ("Many are one notification, changed in place; it goes when the last is answered.");

  if (!is_there (fixture))
    return;
  for (guint i = 1; i <= 12; i++)
    arrive (fixture, i);
  pass (fixture, 300);
  notice = rb_mock_notifications_wait (fixture->service, 0);
  id = notice->id;
  g_assert_cmpstr (notice->summary, ==, "12 things wait for you");
  arrive (fixture, 13);
  pass (fixture, 300);
  g_assert_cmpuint (fixture->service->told->len, ==, 1);
  pass (fixture, RB_NOTICE_DIGEST_MS);
  notice = rb_mock_notifications_wait (fixture->service, 1);
  g_assert_cmpstr (notice->summary, ==, "13 things wait for you");
  g_assert_cmpuint (notice->replaces, ==, id);

  rb_mock_notifications_click (fixture->service, id, "default");
  notice = rb_mock_notifications_wait (fixture->service, 2);
  g_assert_nonnull (strstr (notice->body, "bob@local"));
  for (guint i = 1; i <= 13; i++)
    {
      g_autofree char *message = g_strdup_printf ("m%u", i);

      g_assert_true (rb_core_fixture_dispatch (&fixture->bus.core, message, fixture->endpoint_id, NULL));
    }
  pass (fixture, 300);
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, id));
}

static void
test_closed (Fixture       *fixture,
             gconstpointer  data)
{
  const RbMockNotice *notice;

  g_test_summary ("What a person closed stays closed, and waits in the list.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  rb_mock_notifications_emit (fixture->service, "NotificationClosed", g_variant_new ("(uu)", notice->id, 2));
  pass (fixture, 300);
  g_assert_cmpstr (arrive_and_wait (fixture, 2, 1)->summary, ==, "A message waits for you");
  pass (fixture, 300);
  g_assert_cmpuint (fixture->service->told->len, ==, 2);
  g_assert_cmpuint (fixture->service->closed->len, ==, 0);
  g_assert_true (waits (fixture, "m1"));
}

static void
test_absent (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("Without a service nothing is lost: one that comes later is told what stands by then.");

  if (!is_there (fixture))
    return;
  arrive (fixture, 1);
  arrive (fixture, 2);
  pass (fixture, 300);
  g_assert_true (rb_core_fixture_dispatch (&fixture->bus.core, "m1", fixture->endpoint_id, NULL));
  pass (fixture, 300);
  start_service (fixture, CAPABILITIES);
  g_assert_nonnull (strstr (rb_mock_notifications_wait (fixture->service, 0)->body, "bob@local"));
  pass (fixture, 300);
  g_assert_cmpuint (fixture->service->told->len, ==, 1);
}

static void
test_service_restarts (Fixture       *fixture,
                       gconstpointer  data)
{
  const RbMockNotice *notice;

  g_test_summary ("A service that goes in the middle of a call and comes back without memory is told again; the old ids are nobody's.");

  if (!is_there (fixture))
    return;
  arrive_and_wait (fixture, 1, 0);
  fixture->service->holds = TRUE;
  arrive_and_wait (fixture, 2, 1);
  stop_service (fixture);
  pass (fixture, 300);
  start_service (fixture, CAPABILITIES);
  rb_mock_notifications_wait (fixture->service, 1);
  for (guint i = 0; i < 2; i++)
    {
      notice = g_ptr_array_index (fixture->service->told, i);
      g_assert_cmpuint (notice->replaces, ==, 0);
    }
  rb_mock_notifications_click (fixture->service, 77, rb_mock_notice_find_action (notice, "To custom"));
  pass (fixture, 300);
  g_assert_true (waits (fixture, "m1"));
  g_assert_true (waits (fixture, "m2"));
  g_assert_cmpuint (fixture->service->told->len, ==, 2);
}

static void
test_poor_service (Fixture       *fixture,
                   gconstpointer  data)
{
  const RbMockNotice *notice;

  g_test_summary ("A service that can show nothing but text gets text, without buttons; one that cannot say what it can, too.");

  if (!is_there (fixture))
    return;
  for (guint i = 0; i < 2; i++)
    {
      stop_service (fixture);
      start_service (fixture, i == 0 ? "body" : NULL);
      notice = arrive_and_wait (fixture, i + 1, 0);
      g_assert_cmpuint (g_strv_length (notice->actions), ==, 0);
      g_assert_cmpstr (notice->body, ==, "bob@local: <b>A & B</b>");
    }
}

static void
test_hostile (Fixture       *fixture,
              gconstpointer  data)
{
  const RbMockNotice *notice;
  const char *action;

  g_test_summary ("Clicks on what is not ours, that we did not offer, of another shape, or from another sender do nothing.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  action = rb_mock_notice_find_action (notice, "To custom");
  rb_mock_notifications_click (fixture->service, notice->id + 1, action);
  rb_mock_notifications_click (fixture->service, 0, action);
  rb_mock_notifications_click (fixture->service, notice->id, "dispatch dispatch:m1 ep_other");
  rb_mock_notifications_click (fixture->service, notice->id, "");
  rb_mock_notifications_emit (fixture->service, "ActionInvoked", g_variant_new ("(ss)", "1", action));
  rb_mock_notifications_emit (fixture->service, "ActionInvoked", NULL);
  rb_mock_notifications_emit (fixture->service, "NotificationClosed", g_variant_new ("(s)", "x"));
  rb_mock_notifications_emit (fixture->service, "Unheard", g_variant_new ("(us)", notice->id, action));
  pass (fixture, 300);
  {
    g_autoptr(GDBusConnection) stranger =
      g_dbus_connection_new_for_address_sync (fixture->bus.address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                              G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, NULL);

    g_dbus_connection_emit_signal (stranger, NULL, "/org/freedesktop/Notifications", "org.freedesktop.Notifications", "ActionInvoked",
                                   g_variant_new ("(us)", notice->id, action), NULL);
    g_dbus_connection_close_sync (stranger, NULL, NULL);
  }
  pass (fixture, 300);
  g_assert_true (waits (fixture, "m1"));
  g_assert_cmpuint (fixture->service->told->len, ==, 1);
}

static void
test_flood (Fixture       *fixture,
            gconstpointer  data)
{
  const RbMockNotice *notice;
  guint32 id;
  g_autofree char *action = NULL;

  g_test_summary ("A service that clicks without end gets one answer, and the broker goes on.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  id = notice->id;
  action = g_strdup (rb_mock_notice_find_action (notice, "To custom"));
  g_assert_true (rb_core_fixture_dispatch (&fixture->bus.core, "m1", fixture->endpoint_id, NULL));
  for (guint i = 0; i < 2000; i++)
    rb_mock_notifications_click (fixture->service, id, action);
  pass (fixture, 300);
  rb_mock_notifications_wait (fixture->service, 1);
  pass (fixture, 300);
  g_assert_cmpuint (fixture->service->told->len, ==, 2);
}

/* Not the last: that of calls is made after it. */
static RbBounds *
get_click_bounds (Fixture *fixture)
{
  GPtrArray *all = fixture->bus.core.core->all_bounds;

  return g_ptr_array_index (all, all->len - 2);
}

static void
test_flood_of_looks (Fixture       *fixture,
                     gconstpointer  data)
{
  const RbMockNotice *notice;
  guint n_told;

  g_test_summary ("Who clicks faster than a person is not listened to; a person who clicks later is.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  for (guint i = 0; i < 2000; i++)
    rb_mock_notifications_click (fixture->service, notice->id, "default");
  pass (fixture, 300);
  g_assert_cmpuint (rb_test_count_log ("notification_clicked"), ==, RB_BUS_CLICKS_MAX);
  rb_test_assert_bound (get_click_bounds (fixture), "notification_clicks");
  n_told = fixture->service->told->len;

  pass (fixture, 3000);
  rb_mock_notifications_click (fixture->service, notice->id, "default");
  rb_mock_notifications_wait (fixture->service, n_told);
  g_assert_true (waits (fixture, "m1"));
}

static void
test_odd_answers (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A service that answers with the wrong types is told once for each thing, and nothing of it is believed.");

  if (!is_there (fixture))
    return;
  stop_service (fixture);
  fixture->service = rb_mock_notifications_new (fixture->bus.address, NULL, TRUE);
  arrive_and_wait (fixture, 1, 0);
  pass (fixture, 300);
  g_assert_true (rb_core_fixture_dispatch (&fixture->bus.core, "m1", fixture->endpoint_id, NULL));
  pass (fixture, 300);
  g_assert_cmpuint (fixture->service->told->len, ==, 1);
  g_assert_cmpuint (fixture->service->closed->len, ==, 0);
}

static void
test_hidden (Fixture       *fixture,
             gconstpointer  data)
{
  const RbMockNotice *notice;

  g_test_summary ("notifications.content=hide: neither who nor what, and the buttons work.");

  if (!is_there (fixture))
    return;
  notice = arrive_and_wait (fixture, 1, 0);
  g_assert_cmpstr (notice->body, ==, "");
  g_assert_null (strstr (notice->summary, "bob"));
  rb_mock_notifications_click (fixture->service, notice->id, rb_mock_notice_find_action (notice, "To custom"));
  rb_test_wait_until (!waits (fixture, "m1"));
}

static void
test_restart (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("Who leaves takes its notifications along; who comes tells of all that waits at once.");

  if (!is_there (fixture))
    return;
  arrive_and_wait (fixture, 1, 0);
  arrive_and_wait (fixture, 2, 1);
  g_clear_pointer (&fixture->bus.bus, rb_bus_free);
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, 1) && rb_mock_notifications_has_closed (fixture->service, 2));
  restart_broker (fixture);
  pass (fixture, 300);
  g_assert_cmpstr (rb_mock_notifications_wait (fixture->service, 2)->summary, ==, "2 things wait for you");
  pass (fixture, 300);
  g_assert_cmpuint (fixture->service->told->len, ==, 3);
}

static void
test_trouble (Fixture       *fixture,
              gconstpointer  data)
{
  const RbMockNotice *notice;
  guchar urgency = 0;

  g_test_summary ("A network that is away is told when it has been for a minute; a disk that is full at once, though nothing can be stored.");

  if (!is_there (fixture))
    return;
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->bus.core.connector), "no route");
  pass (fixture, 300);
  rb_connector_emit_connected (RB_CONNECTOR (fixture->bus.core.connector));
  pass (fixture, 60000);
  g_assert_cmpuint (fixture->service->told->len, ==, 0);
  rb_connector_emit_disconnected (RB_CONNECTOR (fixture->bus.core.connector), "no route");
  pass (fixture, 300);
  pass (fixture, 60000);
  notice = rb_mock_notifications_wait (fixture->service, 0);
  g_assert_cmpstr (notice->summary, ==, "There is no connection to the network");
  g_assert_cmpstr (notice->body, ==, "no route");

  rb_fake_store_set_health (fixture->bus.core.store, RB_STORE_FAILING, "the disk is full");
  pass (fixture, 300);
  notice = rb_mock_notifications_wait (fixture->service, 1);
  g_assert_cmpstr (notice->summary, ==, "Nothing can be stored");
  g_assert_true (g_variant_lookup (notice->hints, "urgency", "y", &urgency));
  g_assert_cmpuint (urgency, ==, 2);
  rb_fake_store_set_health (fixture->bus.core.store, RB_STORE_OK, NULL);
  rb_connector_emit_connected (RB_CONNECTOR (fixture->bus.core.connector));
  pass (fixture, 300);
  rb_test_wait_until (rb_mock_notifications_has_closed (fixture->service, 1) && rb_mock_notifications_has_closed (fixture->service, 2));
}

static void
test_off (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("Switched off, the service hears nothing of us; and nothing that is not stored is told.");

  if (!is_there (fixture))
    return;
  rb_fake_store_set_hold (fixture->bus.core.store, TRUE);
  arrive (fixture, 1);
  pass (fixture, 1000);
  g_assert_cmpuint (fixture->service->n_calls, ==, 0);
  rb_fake_store_set_hold (fixture->bus.core.store, FALSE);
  pass (fixture, 300);
  rb_mock_notifications_wait (fixture->service, 0);

  fixture->bus.ports.notifies = FALSE;
  restart_broker (fixture);
  pass (fixture, 300);
  fixture->service->n_calls = 0;
  arrive (fixture, 2);
  pass (fixture, 1000);
  g_assert_cmpuint (fixture->service->n_calls, ==, 0);
}

#define ADD(path, data, function) g_test_add (path, Fixture, data, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/notices/click", NULL, test_click);
  ADD ("/notices/answered-elsewhere", NULL, test_answered_elsewhere);
  ADD ("/notices/held", NULL, test_held);
  ADD ("/notices/failure", NULL, test_failure);
  ADD ("/notices/show", NULL, test_show);
  ADD ("/notices/digest", NULL, test_digest);
  ADD ("/notices/closed", NULL, test_closed);
  ADD ("/notices/absent", "absent", test_absent);
  ADD ("/notices/service-restarts", NULL, test_service_restarts);
  ADD ("/notices/poor-service", NULL, test_poor_service);
  ADD ("/notices/hostile", NULL, test_hostile);
  ADD ("/notices/flood", NULL, test_flood);
  ADD ("/notices/flood-of-looks", NULL, test_flood_of_looks);
  ADD ("/notices/odd-answers", NULL, test_odd_answers);
  ADD ("/notices/hidden", "hide", test_hidden);
  ADD ("/notices/restart", NULL, test_restart);
  ADD ("/notices/trouble", NULL, test_trouble);
  ADD ("/notices/off", NULL, test_off);
  return g_test_run ();
}
