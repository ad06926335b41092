/* rb-time.c: wall clock times as the wires write them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-time.h"

#define MS_PER_DAY G_GINT64_CONSTANT (86400000)

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits of a year can say. */
#define MIN_EPOCH_MS G_GINT64_CONSTANT (-62167219200000)
#define MAX_EPOCH_MS G_GINT64_CONSTANT (253402300799999)

/* The calendar repeats after 400 years of 146097 days. Counting years from March puts the leap day last, so that the
 * months before it have a fixed pattern of lengths: 153 days in five. */
#define DAYS_PER_ERA 146097
#define DAYS_TO_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */

static gint64
days_from_date (int year,
                int month,
                int day)
{
  int shifted = month > 2 ? year : year - 1;
  int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  int year_of_era = shifted - era * 400;
  int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

  return (gint64) era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;
}

static void
date_from_days (gint64  days,
                int    *year,
                int    *month,
                int    *day)
{
  gint64 shifted = days + DAYS_TO_EPOCH;
  gint64 era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
  int day_of_era = shifted - era * DAYS_PER_ERA;
  int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int month_from_march = (5 * day_of_year + 2) / 153;

  *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  *year = year_of_era + era * 400 + (*month <= 2);
}

static gboolean
read_digits (const char **p,
             guint        n,
             int          min,
             int          max,
             int         *value)
{
  int result = 0;

  for (guint i = 0; i < n; i++, (*p)++)
    {
      if (!g_ascii_isdigit (**p))
        return FALSE;
      result = result * 10 + (**p - '0');
    }

  *value = result;
  return result >= min && result <= max;
}

static gboolean
read_char (const char **p,
           char         wanted)
{
  if (g_ascii_toupper (**p) != wanted)
    return FALSE;
  (*p)++;
  return TRUE;
}

static gboolean
read_date (const char **p,
           gint64      *days)
{
  int year, month, day;

  if (!read_digits (p, 4, 0, 9999, &year) || !read_char (p, '-')
      || !read_digits (p, 2, 1, 12, &month) || !read_char (p, '-')
      || !read_digits (p, 2, 1, 31, &day))
    return FALSE;

  /* The thirtieth of February is day one or two of March. */
  *days = days_from_date (year, month, day);
  return *days < (month < 12 ? days_from_date (year, month + 1, 1) : days_from_date (year + 1, 1, 1));
}

static gboolean
read_time_of_day (const char **p,
                  gint64      *ms)
{
  int hour, minute, second;
  int fraction_ms = 0;

  if (!read_digits (p, 2, 0, 23, &hour) || !read_char (p, ':')
      || !read_digits (p, 2, 0, 59, &minute) || !read_char (p, ':')
      || !read_digits (p, 2, 0, 59, &second))
    return FALSE;

  if (read_char (p, '.'))
    {
      if (!g_ascii_isdigit (**p))
        return FALSE;
      for (int unit = 100; g_ascii_isdigit (**p); unit /= 10, (*p)++)
        fraction_ms += (**p - '0') * unit;
    }

  *ms = ((hour * 60 + minute) * 60 + second) * G_GINT64_CONSTANT (1000) + fraction_ms;
  return TRUE;
}

static gboolean
read_offset (const char **p,
             gint64      *ms)
{
  gboolean west = **p == '-';
  int hours, minutes;

  if (read_char (p, 'Z'))
    {
      *ms = 0;
      return TRUE;
    }

  if ((!read_char (p, '+') && !read_char (p, '-'))
      || !read_digits (p, 2, 0, 23, &hours) || !read_char (p, ':')
      || !read_digits (p, 2, 0, 59, &minutes))
    return FALSE;

  *ms = (hours * 60 + minutes) * G_GINT64_CONSTANT (60000) * (west ? -1 : 1);
  return TRUE;
}

/**
 * rb_time_to_iso:
 * @epoch_ms: milliseconds since 1970-01-01 UTC; outside the years 0 to 9999
 *   the nearest time inside is written
 *
 * Source: protocol.md 1.2, iso-ms.
 *
 * Returns: (transfer full): as `2026-01-02T03:04:05.678Z`
 */
char *
rb_time_to_iso (gint64 epoch_ms)
{
  gint64 clamped = CLAMP (epoch_ms, MIN_EPOCH_MS, MAX_EPOCH_MS);
  gint64 days = (clamped - MIN_EPOCH_MS) / MS_PER_DAY + MIN_EPOCH_MS / MS_PER_DAY;
  int ms = clamped - days * MS_PER_DAY;
  int year, month, day;

  date_from_days (days, &year, &month, &day);
  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
                          ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

/**
 * rb_time_from_iso:
 * @text: (nullable): may be untrusted
 * @epoch_ms: (out): filled on success, else untouched
 *
 * Reads what rb_time_to_iso() writes, and the rest of RFC 3339 as other peers
 * may write it: any number of fraction digits or none (cut to milliseconds), an
 * offset for the `Z`.
 *
 * Returns: %FALSE if @text is something else or no such day or time exists
 */
gboolean
rb_time_from_iso (const char *text,
                  gint64     *epoch_ms)
{
  const char *p = text;
  gint64 days, ms, offset_ms;

  if (text == NULL
      || !read_date (&p, &days) || !read_char (&p, 'T')
      || !read_time_of_day (&p, &ms)
      || !read_offset (&p, &offset_ms)
      || *p != '\0')
    return FALSE;

  *epoch_ms = days * MS_PER_DAY + ms - offset_ms;
  return TRUE;
}
