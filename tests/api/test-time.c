/* test-time.c: wall clock times as the wires write them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-time.h"

#include "rb-test.h"

static const struct {
  gint64 epoch_ms;
  const char *iso;
} times[] = {
  { 0, "1970-01-01T00:00:00.000Z" },
  { 1, "1970-01-01T00:00:00.001Z" },
  { -1, "1969-12-31T23:59:59.999Z" },
  { 999, "1970-01-01T00:00:00.999Z" },
  { 1000, "1970-01-01T00:00:01.000Z" },
  { 951782400000, "2000-02-29T00:00:00.000Z" },
  { 951868799999, "2000-02-29T23:59:59.999Z" },
  { 951868800000, "2000-03-01T00:00:00.000Z" },
  { 1767323045678, "2026-01-02T03:04:05.678Z" },
  { 1709164800000, "2024-02-29T00:00:00.000Z" },
  { 4107542400000, "2100-03-01T00:00:00.000Z" },
  { -2203891200000, "1900-03-01T00:00:00.000Z" },
  { -62167219200000, "0000-01-01T00:00:00.000Z" },
  { 253402300799999, "9999-12-31T23:59:59.999Z" },
};

static void
test_both_ways (void)
{
  g_test_summary ("A time is written with three fraction digits, and read back.");

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *iso = rb_time_to_iso (times[i].epoch_ms);
      gint64 epoch_ms = 0;

      g_assert_cmpstr (iso, ==, times[i].iso);
      g_assert_true (rb_time_from_iso (times[i].iso, &epoch_ms));
      g_assert_cmpint (epoch_ms, ==, times[i].epoch_ms);
    }
}

static void
test_as_glib (void)
{
  g_test_summary ("The calendar agrees with GLib's over four centuries, day by day.");

  for (gint64 day = -150000; day < 150000; day += 7)
    {
      gint64 epoch_ms = day * 86400000 + 43200000 + day % 1000;
      g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc (day * 86400);
      g_autofree char *iso = rb_time_to_iso (epoch_ms);
      g_autofree char *date = g_date_time_format (time, "%Y-%m-%d");
      gint64 read_ms = 0;

      g_assert_cmpmem (iso, 10, date, 10);
      g_assert_true (rb_time_from_iso (iso, &read_ms));
      g_assert_cmpint (read_ms, ==, epoch_ms);
    }
}

static void
test_clamps (void)
{
  g_autofree char *first = rb_time_to_iso (G_MININT64);
  g_autofree char *last = rb_time_to_iso (G_MAXINT64);

  g_test_summary ("What four digits of a year cannot say becomes the nearest that they can.");

  g_assert_cmpstr (first, ==, "0000-01-01T00:00:00.000Z");
  g_assert_cmpstr (last, ==, "9999-12-31T23:59:59.999Z");
}

static void
test_other_forms (void)
{
  static const char *const same[] = {
    "2026-01-02T03:04:05.678Z",      "2026-01-02t03:04:05.678z",      "2026-01-02T03:04:05.6789999999Z",
    "2026-01-02T03:04:05.678+00:00", "2026-01-02T04:04:05.678+01:00", "2026-01-01T22:34:05.678-04:30",
  };
  gint64 epoch_ms = 0;

  g_test_summary ("Other forms of RFC 3339 are read: offsets, more or fewer fraction digits.");

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_assert_true (rb_time_from_iso (same[i], &epoch_ms));
      g_assert_cmpint (epoch_ms, ==, 1767323045678);
    }

  g_assert_true (rb_time_from_iso ("2026-01-02T03:04:05Z", &epoch_ms));
  g_assert_cmpint (epoch_ms, ==, 1767323045000);
  g_assert_true (rb_time_from_iso ("2026-01-02T03:04:05.6Z", &epoch_ms));
  g_assert_cmpint (epoch_ms, ==, 1767323045600);
}

static void
test_refuses (void)
{
  static const char *const others[] = {
    "", " ", "2026", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,678Z", "2026-1-2T03:04:05Z", "26-01-02T03:04:05Z",
    "2026-00-02T03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-00T03:04:05Z", "2026-01-32T03:04:05Z",
    "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:05Z", "2026-01-02T03:04:60Z", "2026-01-02T03:04:05Zx", " 2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05+1", "2026-01-02T03:04:05+01", "2026-01-02T03:04:05+0100", "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05-01:60", "+002026-01-02T03:04:05Z", "-2026-01-02T03:04:05Z", "20260102T030405Z",
    "2026-W01-2T03:04:05Z", "2026-01-02T03:04:05.678", "2026-01-02T-3:04:05Z", "now",
  };
  gint64 epoch_ms = 5;

  g_test_summary ("What has another shape, and days and times that do not exist, are refused.");

  g_assert_false (rb_time_from_iso (NULL, &epoch_ms));
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_test_message ("%s", others[i]);
      g_assert_false (rb_time_from_iso (others[i], &epoch_ms));
      g_assert_cmpint (epoch_ms, ==, 5);
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/time/both-ways", test_both_ways);
  g_test_add_func ("/time/as-glib", test_as_glib);
  g_test_add_func ("/time/clamps", test_clamps);
  g_test_add_func ("/time/other-forms", test_other_forms);
  g_test_add_func ("/time/refuses", test_refuses);

  return g_test_run ();
}
