/* bound-memories.c: what is told outwards and what is remembered, driven to its limits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bound-cases.h"

#include "rb-authority.h"
#include "rb-closed.h"
#include "rb-outbox.h"

#include <string.h>

#define PID 100

void
rb_drive_outbox (RbCoreFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  fixture->settings.outbox_cap = 2;
  rb_bound_settle (fixture);
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  rb_authority_news (fixture, 1);
  rb_authority_news (fixture, 2);
  g_assert_false (rb_core_is_ready (fixture->core, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "outbox_full");
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  rb_authority_news (fixture, 3);
  g_assert_true (rb_fake_connector_has_released (fixture->connector, 3));

  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  g_assert_true (rb_core_is_ready (fixture->core, NULL));
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
  rb_authority_news (fixture, 3);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 3));
}

void
rb_drive_outbox_posts (RbCoreFixture *fixture)
{
  guint n = fixture->authority->events->len;

  fixture->authority->hold = TRUE;
  for (guint i = 0; i <= RB_OUTBOX_POSTS_MAX; i++)
    rb_authority_news (fixture, i + 1);
  g_assert_cmpuint (fixture->authority->events->len, ==, n + RB_OUTBOX_POSTS_MAX);

  fixture->authority->hold = FALSE;
  rb_fake_emitter_answer (fixture->authority, NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->authority->events->len, ==, n + RB_OUTBOX_POSTS_MAX + 1);
}

void
rb_drive_presence_posts (RbCoreFixture *fixture)
{
  rb_authority_fail (fixture, RB_ERROR_UNAVAILABLE, 503);
  for (guint i = 0; i <= RB_OUTBOX_PRESENCE_MAX; i++)
    {
      if (i % 2 == 0)
        rb_connector_emit_disconnected (RB_CONNECTOR (fixture->connector), "test");
      else
        rb_connector_emit_connected (RB_CONNECTOR (fixture->connector));
      rb_test_settle ();
    }
  g_assert_cmpuint (rb_outbox_get_n_presence (fixture->core->outbox), ==, RB_OUTBOX_PRESENCE_MAX);
  g_assert_cmpuint (rb_test_count_log ("network_presence_changed_queue_overflow"), ==, 1);

  rb_authority_fail (fixture, -1, 0);
  rb_fake_clock_advance (fixture->clock, 60000);
  rb_test_settle ();
  g_assert_cmpuint (rb_outbox_get_n_presence (fixture->core->outbox), ==, 0);
}

void
rb_drive_dead_letters (RbCoreFixture *fixture)
{
  guint cap = rb_dead_letters_get_cap ();

  fixture->settings.inbox_cap = cap + 1;
  rb_bound_settle (fixture);
  rb_authority_fail (fixture, RB_ERROR_REJECTED, 400);
  for (guint i = 0; i <= cap; i++)
    rb_authority_news (fixture, i + 1);
  g_assert_cmpuint (rb_authority_count_rows (fixture), ==, cap);
  g_assert_cmpuint (rb_test_count_log ("dead_letter_forgotten"), ==, 1);
}

static char *
set_up_endpoint (RbCoreFixture  *fixture,
                 RbFakeChannel **channel)
{
  rb_bound_settle (fixture);
  *channel = rb_core_fixture_attach (fixture, PID, FALSE);
  return rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
}

void
rb_drive_ring (RbCoreFixture *fixture)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = NULL;
  g_autofree char *oldest = NULL;

  fixture->settings.correlation_ring_cap = 2;
  endpoint = set_up_endpoint (fixture, &channel);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *correlation = NULL;
      g_autofree char *id = rb_core_fixture_send (fixture, PID, endpoint, "bob", "x", NULL, &correlation, NULL);

      g_assert_nonnull (id);
      if (i == 0)
        oldest = g_strdup (correlation);
      else
        g_assert_true (rb_router_contains (fixture->core->router, endpoint, correlation));
    }
  g_assert_false (rb_router_contains (fixture->core->router, endpoint, oldest));
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 2);
}

void
rb_drive_received (RbCoreFixture *fixture)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = NULL;

  fixture->settings.reply_correlation_cap = 2;
  endpoint = set_up_endpoint (fixture, &channel);
  rb_bound_deliver (fixture, 1, 10, endpoint, "c1");
  rb_bound_deliver (fixture, 2, 10, endpoint, "c2");
  rb_bound_deliver (fixture, 3, 10, endpoint, "c3");
  g_assert_cmpint (rb_reply_cache_resolve (fixture->core->received, endpoint, "c1", 0, NULL), ==, RB_REPLY_UNKNOWN);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 2);
}

/* What earlier processes left fills it; one more ends. */
void
rb_drive_history (RbCoreFixture *fixture)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = set_up_endpoint (fixture, &channel);
  guint cap = rb_ledger_get_seen_cap (fixture->core->ledger);

  for (guint i = 0; i < cap; i++)
    {
      g_autofree char *id = g_strdup_printf ("old%u", i);

      rb_ledger_add_seen (fixture->core->ledger, id, rb_core_now (fixture->core));
    }
  rb_bound_deliver (fixture, 1, 10, endpoint, NULL);
  g_assert_cmpuint (rb_ledger_get_n_seen (fixture->core->ledger), ==, cap);
  g_assert_false (rb_ledger_has_seen (fixture->core->ledger, "old0"));
  g_assert_true (rb_ledger_has_seen (fixture->core->ledger, "m1"));
}

/* As the last process left it. */
static void
fill_archive (RbCoreFixture *fixture,
              guint          n,
              gint64         size_bytes)
{
  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *id = g_strdup_printf ("old%u", i);
      g_autoptr(GVariant) row = NULL;

      row = g_variant_ref_sink (g_variant_new ("(xsssmsmsmsmsxxsx)", (gint64) i, RB_ARCHIVE_OUT, id, "bob", NULL, NULL, NULL, NULL,
                                               rb_core_now (fixture->core), rb_core_now (fixture->core), "delivered", size_bytes));
      rb_archive_load (fixture->core->archive, row);
    }
}

/* One more than @n of @size_bytes each: it is there, and the oldest is not. */
static void
overfill_archive (RbCoreFixture *fixture,
                  guint          n,
                  gint64         size_bytes)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint = set_up_endpoint (fixture, &channel);
  g_autofree char *sent = NULL;

  fill_archive (fixture, n, size_bytes);
  sent = rb_core_fixture_send (fixture, PID, endpoint, "bob", "x", NULL, NULL, NULL);
  g_assert_nonnull (sent);
  g_assert_cmpint (rb_archive_find (fixture->core->archive, "old1", NULL), ==, 0);
  g_assert_cmpint (rb_archive_find (fixture->core->archive, sent, NULL), !=, 0);
}

void
rb_drive_archive (RbCoreFixture *fixture)
{
  guint cap = fixture->settings.archive.max_entries;

  overfill_archive (fixture, cap, 1024);
  g_assert_cmpuint (rb_archive_get_n (fixture->core->archive), ==, cap);
}

void
rb_drive_archive_bytes (RbCoreFixture *fixture)
{
  gsize cap = fixture->settings.archive.max_bytes;

  overfill_archive (fixture, 64, (gint64) cap / 64);
  g_assert_cmpuint (rb_archive_get_bytes (fixture->core->archive), <=, cap);
}

void
rb_drive_closed_lookups (RbCoreFixture *fixture)
{
  fixture->upstream->features |= RB_UPSTREAM_HAS_CLOSED_LOOKUP;
  for (guint i = 0; i <= RB_CLOSED_MAX; i++)
    {
      g_autofree char *target = g_strdup_printf ("gone%u", i);

      rb_bound_deliver (fixture, i + 1, 10, target, NULL);
    }
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_LOOKUP_CLOSED], ==, RB_CLOSED_MAX + 1);
  g_assert_cmpuint (rb_closed_get_n (fixture->core->closed), ==, RB_CLOSED_MAX);
  rb_bound_deliver (fixture, RB_CLOSED_MAX + 2, 10, "gone0", NULL);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_LOOKUP_CLOSED], ==, RB_CLOSED_MAX + 2);
}
