/* fuzz-traceparent.c: any text at all in the place of a trace context (protocol.md 18.1)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-trace.h"

#include <string.h>

#define LENGTH 55

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_id (const char *id,
          gsize       length)
{
  g_assert_cmpuint (strlen (id), ==, length);
  for (gsize i = 0; i < length; i++)
    g_assert_true (g_ascii_isxdigit (id[i]) && !g_ascii_isupper (id[i]));
}

/* Whatever we write, everybody can read. */
static void
check_trace (const RbTrace *trace)
{
  g_autofree char *text = rb_trace_to_string (trace);
  RbTrace again;

  check_id (trace->trace_id, 32);
  check_id (trace->span_id, 16);
  check_id (trace->flags, 2);
  g_assert_cmpuint (strlen (text), ==, LENGTH);
  g_assert_true (rb_trace_parse (text, &again));
  g_assert_cmpstr (again.trace_id, ==, trace->trace_id);
  g_assert_cmpstr (again.span_id, ==, trace->span_id);
  g_assert_cmpstr (again.flags, ==, trace->flags);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const guint8 random[24] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24 };
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  RbTrace parsed, ensured;
  gboolean is_valid;

  /* Metadata passed the scanner: it is UTF-8. */
  if (!g_utf8_validate (text, -1, NULL))
    return 0;

  is_valid = rb_trace_parse (text, &parsed);
  g_assert_cmpint (rb_trace_ensure (text, random, &ensured) == RB_TRACE_PRESENT, ==, is_valid);
  check_trace (&ensured);
  if (!is_valid)
    return 0;

  check_trace (&parsed);
  g_assert_cmpstr (parsed.trace_id, ==, ensured.trace_id);
  g_assert_cmpstr (parsed.span_id, ==, ensured.span_id);
  return 0;
}
