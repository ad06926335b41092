/* test-moment.c: a moment as a person writes it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-moment.h"
#include "rb-test.h"

#include <string.h>
#include <time.h>

#define NOW G_GINT64_CONSTANT (1767323045678)      /* 2026-01-02T03:04:05.678Z */

static void
test_read (void)
{
  static const struct {
    const char *text, *iso;
  } cases[] = {
    { "2026-01-01", "2026-01-01T00:00:00.000Z" },
    { "2026-01-01 12:30", "2026-01-01T12:30:00.000Z" },
    { "2026-01-01T12:30:15", "2026-01-01T12:30:15.000Z" },
    { "2026-01-01T12:30:15.250Z", "2026-01-01T12:30:15.250Z" },
    { "2026-01-01T12:30:15+02:00", "2026-01-01T10:30:15.000Z" },
    { "01:02", "2026-01-02T01:02:00.000Z" },
    { "90s", "2026-01-02T03:02:35.678Z" },
    { "15 min", "2026-01-02T02:49:05.678Z" },
    { "2h", "2026-01-02T01:04:05.678Z" },
    { "1d", "2026-01-01T03:04:05.678Z" },
    { "1w", "2025-12-26T03:04:05.678Z" },
    { "0s", "2026-01-02T03:04:05.678Z" },
  };

  g_test_summary ("Dates, times of today and how long ago are understood.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *iso = rb_moment_to_iso (cases[i].text, NOW, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (iso, ==, cases[i].iso);
    }
}

static void
test_refused (void)
{
  static const char *const cases[] = { "", "now", "2026", "2026-13-01", "2026-02-30", "25:00", "-5h", "5", "5 years", "h", "1969-01-01",
                                       "99999999999999999999d", "2026-01-01 12", "9999999999w", "\xff" };

  g_test_summary ("Everything else is refused, with what could be written.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_moment_to_iso (cases[i], NOW, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_time");
      g_assert_nonnull (strstr (error->message, "how long ago"));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("TZ", "UTC", TRUE);
  tzset ();
  rb_test_init (&argc, &argv);
  g_test_add_func ("/moment/read", test_read);
  g_test_add_func ("/moment/refused", test_refused);
  return g_test_run ();
}
