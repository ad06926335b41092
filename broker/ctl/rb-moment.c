/* rb-moment.c: a moment as a person writes it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-moment.h"

#include "rb-error.h"
#include "rb-time.h"

#include <glib/gi18n.h>
#include <string.h>

#define AGO_MAX (10 * G_GINT64_CONSTANT (366) * 86400)      /* seconds */

static gboolean
parse_ago (const char *text,
           gint64      now_ms,
           gint64     *at_ms)
{
  static const struct {
    const char *unit;
    gint64      seconds;
  } units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 7 * 86400 } };
  char *end = NULL;
  gint64 number = g_ascii_isdigit (*text) ? g_ascii_strtoll (text, &end, 10) : -1;

  if (number < 0 || number > AGO_MAX)
    return FALSE;
  while (*end == ' ')
    end++;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (end, units[i].unit) == 0 && number <= AGO_MAX / units[i].seconds)
      {
        *at_ms = now_ms - number * units[i].seconds * 1000;
        return TRUE;
      }
  return FALSE;
}

/* GLib wants a date with its time, and a "T" between them. */
static char *
complete (const char *text,
          gint64      now_ms)
{
  g_autoptr(GDateTime) now = g_date_time_new_from_unix_local (now_ms / 1000);
  char *full;

  if (strchr (text, '-') == NULL && strchr (text, ':') != NULL && now != NULL)
    {
      g_autofree char *today = g_date_time_format (now, "%Y-%m-%dT");

      return g_strconcat (today, text, strlen (text) == 5 ? ":00" : "", NULL);
    }
  if (strlen (text) == 10)
    return g_strconcat (text, "T00:00:00", NULL);
  full = g_strconcat (text, strlen (text) == 16 ? ":00" : "", NULL);
  if (strlen (full) > 10 && full[10] == ' ')
    full[10] = 'T';
  return full;
}

static gboolean
parse_date (const char *text,
            gint64      now_ms,
            gint64     *at_ms)
{
  g_autoptr(GTimeZone) local = g_time_zone_new_local ();
  g_autofree char *full = complete (text, now_ms);
  g_autoptr(GDateTime) at = g_date_time_new_from_iso8601 (full, local);

  if (at == NULL || g_date_time_get_year (at) < 1970)
    return FALSE;
  *at_ms = g_date_time_to_unix (at) * 1000 + g_date_time_get_microsecond (at) / 1000;
  return TRUE;
}

char *
rb_moment_to_iso (const char  *text,
                  gint64       now_ms,
                  GError     **error)
{
  gint64 at_ms;

  if (parse_ago (text, now_ms, &at_ms) || parse_date (text, now_ms, &at_ms))
    return rb_time_to_iso (at_ms);

  rb_set_error (error, RB_ERROR_INVALID, "bad_time",
                _ ("'%s' is no time: write 2026-11-26, '2026-11-26 12:00', 12:00 or how long ago (90s, 15min, 2h, 3d, 1w)"), text);
  return NULL;
}
