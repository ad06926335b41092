/* test-capabilities.c: of which age the upstream is, and when inbound handling begins (protocol.md 12.1, 20.1)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-core-private.h"

/* The core starts anew, and the upstream says this of its capabilities; @failure: NULL for an answer. */
static void
start_anew (RbCoreFixture    *fixture,
            RbLegacyUpstream  setting,
            GError           *failure)
{
  fixture->settings.legacy_upstream = setting;
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_CAPABILITIES, failure);
  rb_core_fixture_restart (fixture);
}

static void
test_age (RbCoreFixture *fixture,
          gconstpointer  data)
{
  static const struct {
    RbLegacyUpstream setting;
    gint64 status;   /* -1: an answer, 0: no answer */
    gboolean legacy;
  } rows[] = {
    { RB_LEGACY_UPSTREAM_AUTO, -1, FALSE }, { RB_LEGACY_UPSTREAM_AUTO, 0, FALSE }, { RB_LEGACY_UPSTREAM_AUTO, 404, TRUE },
    { RB_LEGACY_UPSTREAM_AUTO, 405, TRUE }, { RB_LEGACY_UPSTREAM_AUTO, 501, TRUE }, { RB_LEGACY_UPSTREAM_AUTO, 401, FALSE },
    { RB_LEGACY_UPSTREAM_AUTO, 500, FALSE }, { RB_LEGACY_UPSTREAM_OFF, 404, FALSE }, { RB_LEGACY_UPSTREAM_ON, -1, TRUE },
  };

  g_test_summary ("20.1: only an upstream without the capabilities route is of the 0.2.5 age, unless the setting says otherwise.");

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GError *failure = rows[i].status >= 0 ? rb_claimer_failure (RB_ERROR_UNAVAILABLE, rows[i].status, NULL, "no") : NULL;

      start_anew (fixture, rows[i].setting, failure);
      g_assert_cmpint (fixture->core->is_legacy_upstream, ==, rows[i].legacy);
    }
}

static void
test_window (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_test_summary ("Inbound handling waits for the word of the upstream, and not longer than two seconds; a late word counts.");

  fixture->upstream->holds[RB_UPSTREAM_CAPABILITIES] = TRUE;
  start_anew (fixture, RB_LEGACY_UPSTREAM_AUTO, rb_claimer_failure (RB_ERROR_REJECTED, 404, NULL, "no"));
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  rb_fake_clock_advance (fixture->clock, 1999);
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
  g_assert_false (fixture->core->is_legacy_upstream);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_true (fixture->core->is_legacy_upstream);

  start_anew (fixture, RB_LEGACY_UPSTREAM_AUTO, NULL);
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
}

static void
test_stop (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_test_summary ("Whoever stops while the upstream is silent does not open the window when it speaks.");

  fixture->upstream->holds[RB_UPSTREAM_CAPABILITIES] = TRUE;
  start_anew (fixture, RB_LEGACY_UPSTREAM_AUTO, NULL);
  rb_core_fixture_stop (fixture);
  rb_fake_clock_advance (fixture->clock, 5000);
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->window_messages, ==, 0);
}

static void
test_local (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_test_summary ("Where our own inbox is the authority the window is open at once.");

  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_CAPABILITIES], ==, 0);
  g_assert_cmpuint (fixture->connector->window_messages, >, 0);
}

#define ADD(path, data, function) \
  g_test_add (path, RbCoreFixture, data, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/capabilities/age", "network", test_age);
  ADD ("/capabilities/window", "network", test_window);
  ADD ("/capabilities/stop", "network", test_stop);
  ADD ("/capabilities/local", NULL, test_local);
  return g_test_run ();
}
