/* rb-trace.c: W3C trace context as the broker reads and repairs it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-trace.h"

#include "rb-text.h"

#include <string.h>

#define TRACEPARENT_LENGTH 55 /* hh-(32 h)-(16 h)-hh */

/* @n digits, lower-cased, into @id with a NUL behind them. */
static gboolean
read_hex (const char **p,
          guint        n,
          char        *id)
{
  for (guint i = 0; i < n; i++, (*p)++)
    {
      if (!g_ascii_isxdigit (**p))
        return FALSE;
      id[i] = g_ascii_tolower (**p);
    }
  id[n] = '\0';
  return TRUE;
}

static gboolean
read_hyphen (const char **p)
{
  return *(*p)++ == '-';
}

static gboolean
is_zero (const char *id)
{
  return id[strspn (id, "0")] == '\0';
}

/* @text is trimmed. */
static gboolean
read_trace (const char *text,
            RbTrace    *trace)
{
  const char *p = text;
  RbTrace read;
  char version[3];

  if (strlen (text) != TRACEPARENT_LENGTH
      || !read_hex (&p, 2, version) || !read_hyphen (&p)
      || !read_hex (&p, 32, read.trace_id) || !read_hyphen (&p)
      || !read_hex (&p, 16, read.span_id) || !read_hyphen (&p)
      || !read_hex (&p, 2, read.flags)
      || is_zero (read.trace_id) || is_zero (read.span_id))
    return FALSE;

  *trace = read;
  return TRUE;
}

static void
write_hex (const guint8 *bytes,
           guint         n,
           char         *id)
{
  static const char digits[] = "0123456789abcdef";

  for (guint i = 0; i < n; i++)
    {
      id[2 * i] = digits[bytes[i] >> 4];
      id[2 * i + 1] = digits[bytes[i] & 0xF];
    }
  id[2 * n] = '\0';

  /* All zero means "no id"; random bytes may come out so, once in a very long while. */
  if (is_zero (id))
    id[2 * n - 1] = '1';
}

/**
 * rb_trace_ensure:
 * @text: (nullable): a `traceparent` value, UTF-8; may be untrusted
 * @random: bytes that become ids when @text gives none: 16 for the trace, 8 for
 *   the span
 * @trace: (out caller-allocates): always filled: with what @text says, else
 *   with new ids and the flags `01`
 *
 * Source: protocol.md 18.2.
 *
 * Returns: whether @text was used, blank, or unusable
 */
RbTraceVerdict
rb_trace_ensure (const char   *text,
                 const guint8  random[24],
                 RbTrace      *trace)
{
  g_autofree char *trimmed = NULL;

  g_return_val_if_fail (random != NULL, RB_TRACE_INVALID);
  g_return_val_if_fail (trace != NULL, RB_TRACE_INVALID);

  trimmed = rb_text_trim (text != NULL ? text : "");
  if (read_trace (trimmed, trace))
    return RB_TRACE_PRESENT;

  write_hex (random, 16, trace->trace_id);
  write_hex (random + 16, 8, trace->span_id);
  strcpy (trace->flags, "01");
  return *trimmed == '\0' ? RB_TRACE_MISSING : RB_TRACE_INVALID;
}

/**
 * rb_trace_parse:
 * @text: (nullable): a `traceparent` value, UTF-8; may be untrusted
 * @trace: (out caller-allocates): filled on success, else untouched
 *
 * White space around @text, upper case and every version are accepted, all-zero
 * ids are not. Source: protocol.md 18.1.
 *
 * Returns: %TRUE if @trace was filled
 */
gboolean
rb_trace_parse (const char *text,
                RbTrace    *trace)
{
  g_autofree char *trimmed = NULL;

  g_return_val_if_fail (trace != NULL, FALSE);

  if (text == NULL)
    return FALSE;

  trimmed = rb_text_trim (text);
  return read_trace (trimmed, trace);
}

/**
 * rb_trace_to_string:
 *
 * Returns: (transfer full): @trace as a `traceparent` value of version 00
 */
char *
rb_trace_to_string (const RbTrace *trace)
{
  g_return_val_if_fail (trace != NULL, NULL);

  return g_strdup_printf ("00-%s-%s-%s", trace->trace_id, trace->span_id, trace->flags);
}
