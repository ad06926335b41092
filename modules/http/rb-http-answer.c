/* rb-http-answer.c: what came back for one request
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-answer.h"

#include <string.h>

#define HALF_SECOND_MS 500
#define MAX_RETRY_AFTER_MS G_GINT64_CONSTANT (86400000)

RbHttpAnswer *
rb_http_answer_new (guint       status,
                    const char *phrase)
{
  RbHttpAnswer *self = g_new0 (RbHttpAnswer, 1);

  self->status = status;
  self->phrase = g_strdup (phrase != NULL ? phrase : "");
  self->retry_after_ms = -1;
  return self;
}

void
rb_http_answer_free (RbHttpAnswer *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->phrase);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_error (&self->broken);
  g_clear_object (&self->stream);
  g_free (self);
}

/**
 * rb_http_body_is_cut:
 * @body: of an answer; may be anything
 *
 * A body in chunks may end with the connection, which the HTTP library takes for its end. What is no object was not cut, it is
 * something else.
 *
 * Returns: whether closing brackets are missing at the end
 */
gboolean
rb_http_body_is_cut (GBytes *body)
{
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  gboolean in_string = FALSE;
  gssize depth = 0;

  if (size == 0 || *text != '{')
    return FALSE;
  for (gsize i = 0; i < size; i++)
    {
      if (in_string && text[i] == '\\')
        i++;
      else if (text[i] == '"')
        in_string = !in_string;
      else if (!in_string && (text[i] == '{' || text[i] == '['))
        depth++;
      else if (!in_string && (text[i] == '}' || text[i] == ']'))
        depth--;
    }
  return in_string || depth > 0;
}

static int
month_from_name (const char *name)
{
  static const char *const months[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  };

  for (guint i = 0; i < G_N_ELEMENTS (months); i++)
    if (g_str_equal (name, months[i]))
      return (int) i + 1;
  return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may be sent today (RFC 9110, 5.6.7). */
static GDateTime *
parse_http_date (const char *text)
{
  g_auto(GStrv) words = g_strsplit (text, " ", -1);
  g_auto(GStrv) time = NULL;
  int month;

  if (g_strv_length (words) != 6 || !g_str_equal (words[5], "GMT"))
    return NULL;
  time = g_strsplit (words[4], ":", -1);
  month = month_from_name (words[2]);
  if (g_strv_length (time) != 3 || month == 0)
    return NULL;
  return g_date_time_new_utc ((int) g_ascii_strtoll (words[3], NULL, 10), month, (int) g_ascii_strtoll (words[1], NULL, 10),
                              (int) g_ascii_strtoll (time[0], NULL, 10), (int) g_ascii_strtoll (time[1], NULL, 10),
                              (double) g_ascii_strtoll (time[2], NULL, 10));
}

/**
 * rb_http_retry_after:
 * @value: (nullable): of the header
 * @now_ms: wall clock time, to which a date is compared
 *
 * Returns: how long to wait, in milliseconds, at most a day; -1 if @value does not say
 */
gint64
rb_http_retry_after (const char *value,
                     gint64      now_ms)
{
  g_autofree char *text = value != NULL ? g_strstrip (g_strdup (value)) : NULL;
  g_autoptr(GDateTime) date = NULL;
  guint64 seconds;

  if (text == NULL)
    return -1;
  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &seconds, NULL))
    return MIN ((gint64) seconds * 1000, MAX_RETRY_AFTER_MS);

  date = parse_http_date (text);
  return date != NULL ? CLAMP (g_date_time_to_unix (date) * 1000 - now_ms, 0, MAX_RETRY_AFTER_MS) : -1;
}

gint64
rb_http_clock_ahead (const char *value,
                     gint64      now_ms)
{
  g_autofree char *text = value != NULL ? g_strstrip (g_strdup (value)) : NULL;
  g_autoptr(GDateTime) date = text != NULL ? parse_http_date (text) : NULL;

  return date != NULL ? g_date_time_to_unix (date) * 1000 + HALF_SECOND_MS - now_ms : G_MININT64;
}
