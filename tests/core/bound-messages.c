/* bound-messages.c: messages, queues and endpoints, driven to their limits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bound-cases.h"

#define PID 100

void
rb_bound_settle (RbCoreFixture *fixture)
{
  rb_core_fixture_restart (fixture);
  rb_test_forget_logs ();
}

void
rb_bound_deliver (RbCoreFixture *fixture,
                  gint64         seq,
                  gsize          size,
                  const char    *target,
                  const char    *correlation)
{
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, seq);
  g_autofree char *content = g_strnfill (size, 'x');
  g_autofree char *metadata = NULL;

  if (target != NULL)
    metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"%s\"}", target, correlation != NULL ? correlation : "");
  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", content, metadata);
  rb_test_settle ();
}

#define assert_accepted(fixture, seq) g_assert_true (rb_fake_connector_has_accepted ((fixture)->connector, seq))
#define assert_refused(fixture, seq)                                                \
  G_STMT_START {                                                                    \
    g_assert_true (rb_fake_connector_has_released ((fixture)->connector, seq));     \
    g_assert_false (rb_fake_connector_has_accepted ((fixture)->connector, seq));    \
  } G_STMT_END

/* Two messages fill it, the third is refused, and is taken once the first has ended. */
static void
fill_with_two (RbCoreFixture *fixture,
               gsize          size)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = NULL;

  rb_bound_settle (fixture);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  endpoint = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_bound_deliver (fixture, 1, size, endpoint, NULL);
  rb_bound_deliver (fixture, 2, size, endpoint, NULL);
  rb_bound_deliver (fixture, 3, size, endpoint, NULL);
  assert_accepted (fixture, 2);
  assert_refused (fixture, 3);

  rb_core_fixture_receipt (fixture, channel, 0);
  rb_bound_deliver (fixture, 3, size, endpoint, NULL);
  assert_accepted (fixture, 3);
}

void
rb_drive_messages (RbCoreFixture *fixture)
{
  fixture->settings.message_cap = 2;
  fill_with_two (fixture, 10);
}

void
rb_drive_message_bytes (RbCoreFixture *fixture)
{
  fixture->settings.message_bytes_cap = 5000;
  fill_with_two (fixture, 2000);
}

void
rb_drive_queue (RbCoreFixture *fixture)
{
  fixture->settings.queue_cap = 2;
  fill_with_two (fixture, 10);
}

void
rb_drive_queue_bytes (RbCoreFixture *fixture)
{
  fixture->settings.queue_bytes_cap = 5000;
  fill_with_two (fixture, 2000);
}

void
rb_drive_window (RbCoreFixture *fixture)
{
  fixture->settings.window_messages = 2;
  rb_bound_settle (fixture);
  g_assert_cmpuint (fixture->connector->window_messages, ==, 2);
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_bound_deliver (fixture, 1, 10, NULL, NULL);
  rb_bound_deliver (fixture, 2, 10, NULL, NULL);
  g_assert_cmpuint (fixture->core->n_in_flight, ==, 2);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  assert_accepted (fixture, 2);
  g_assert_cmpuint (fixture->core->n_in_flight, ==, 0);
}

/* A row that was dispatched keeps its slot until it is accepted. */
void
rb_drive_inbox (RbCoreFixture *fixture)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GError) error = NULL;

  fixture->settings.inbox_cap = 2;
  rb_bound_settle (fixture);
  worker = rb_worker_new (fixture, PID);
  rb_bound_deliver (fixture, 1, 10, NULL, NULL);
  rb_bound_deliver (fixture, 2, 10, NULL, NULL);
  rb_bound_deliver (fixture, 3, 10, NULL, NULL);
  assert_refused (fixture, 3);
  g_assert_cmpuint (rb_test_count_log ("undispatched_inbox_at_capacity"), ==, 1);

  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_worker_receipt (worker);
  worker->assignment_id = g_strdup (rb_fake_channel_get (worker->channel, 0)->assignment_id);
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  g_assert_no_error (error);
  rb_bound_deliver (fixture, 3, 10, NULL, NULL);
  assert_accepted (fixture, 3);
}

void
rb_drive_endpoints (RbCoreFixture *fixture)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(GError) error = NULL;

  fixture->settings.endpoint_cap = 1;
  rb_bound_settle (fixture);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  first = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_null (rb_core_fixture_try_register (fixture, PID, RB_PLAIN, NULL, NULL, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "endpoint_limit_reached", "1 endpoints are registered already");

  g_assert_true (rb_core_fixture_unregister (fixture, PID, first, &error));
  second = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_nonnull (second);
}

/* Two conversations, and room for one push. */
static void
hold_back (RbCoreFixture *fixture)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = NULL;

  rb_bound_settle (fixture);
  channel = rb_core_fixture_attach (fixture, PID, TRUE);
  endpoint = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  rb_bound_deliver (fixture, 1, 1000, endpoint, "one");
  rb_bound_deliver (fixture, 2, 1000, endpoint, "two");
  assert_accepted (fixture, 2);
  g_assert_cmpuint (channel->pushes->len, ==, 1);

  rb_core_fixture_receipt (fixture, channel, 0);
  g_assert_cmpuint (channel->pushes->len, ==, 2);
}

void
rb_drive_pushed (RbCoreFixture *fixture)
{
  fixture->settings.push_window_messages = 1;
  hold_back (fixture);
}

void
rb_drive_pushed_bytes (RbCoreFixture *fixture)
{
  fixture->settings.push_window_bytes = 2000;
  hold_back (fixture);
}

/* One row in the inbox, and everybody else writes too: what is refused is remembered for its order, up to the limit. */
void
rb_drive_refused (RbCoreFixture *fixture)
{
  fixture->settings.inbox_cap = 1;
  rb_bound_settle (fixture);
  for (guint i = 1; i <= rb_refused_get_cap () + 2; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_fake_connector_deliver (fixture->connector, i, id, "bob", "x", NULL);
    }
  rb_test_settle ();
  assert_accepted (fixture, 1);
  assert_refused (fixture, rb_refused_get_cap () + 2);
  g_assert_cmpuint (rb_refused_get_n (fixture->core->refused), ==, rb_refused_get_cap ());
}
