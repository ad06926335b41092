/* test-trace.c: trace context, read and repaired (protocol.md 18.1, 18.2)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-trace.h"

#include "rb-test.h"

#include <string.h>

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN_ID "b7ad6b7169203331"
#define TRACE "00-" TRACE_ID "-" SPAN_ID "-01"

static const guint8 random_bytes[24] = {
  0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98,
  0x76, 0x54, 0x32, 0x10, 0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5, 0x06, 0x17,
};

static const char *const valid[][2] = {
  { TRACE, TRACE },
  { "  " TRACE "\n", TRACE },
  { "\xEF\xBB\xBF" TRACE "\xC2\xA0", TRACE },
  { "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", TRACE },
  { "cc-" TRACE_ID "-" SPAN_ID "-01", TRACE },
  { "ff-" TRACE_ID "-" SPAN_ID "-01", TRACE },
  { "00-" TRACE_ID "-" SPAN_ID "-00", "00-" TRACE_ID "-" SPAN_ID "-00" },
  { "00-" TRACE_ID "-" SPAN_ID "-FF", "00-" TRACE_ID "-" SPAN_ID "-ff" },
  { "00-00000000000000000000000000000001-0000000000000001-01",
    "00-00000000000000000000000000000001-0000000000000001-01" },
};

static const char *const invalid[] = {
  "x",
  "00",
  "00-" TRACE_ID "-" SPAN_ID,
  "00-" TRACE_ID "-" SPAN_ID "-",
  "00-" TRACE_ID "-" SPAN_ID "-0",
  "00-" TRACE_ID "-" SPAN_ID "-001",
  "00-" TRACE_ID "-" SPAN_ID "-01-extra",
  "0-" TRACE_ID "-" SPAN_ID "-01",
  "000" TRACE_ID "-" SPAN_ID "-01",
  "00_" TRACE_ID "_" SPAN_ID "_01",
  "0g-" TRACE_ID "-" SPAN_ID "-01",
  "00-" TRACE_ID "-" SPAN_ID "-0g",
  "00-0af7651916cd43dd8448eb211c80319-" SPAN_ID "-011",
  "00-0af7651916cd43dd8448eb211c80319g-" SPAN_ID "-01",
  "00-" TRACE_ID "-b7ad6b716920333-011",
  "00-" TRACE_ID "-b7ad6b716920333z-01",
  "00-00000000000000000000000000000000-" SPAN_ID "-01",
  "00-" TRACE_ID "-0000000000000000-01",
  "00- af7651916cd43dd8448eb211c80319c-" SPAN_ID "-01",
  TRACE " " TRACE,
  "\xC3\xA9",
  "0" "\xC3\xA9" "-" TRACE_ID "-" SPAN_ID "-1",
};

static void
test_parse (void)
{
  g_test_summary ("Case, version and white space around do not matter; what is written is version 00 in lower case.");

  for (gsize i = 0; i < G_N_ELEMENTS (valid); i++)
    {
      RbTrace trace;
      g_autofree char *text = NULL;

      g_assert_true (rb_trace_parse (valid[i][0], &trace));
      text = rb_trace_to_string (&trace);
      g_assert_cmpstr (text, ==, valid[i][1]);
    }
}

static void
test_refuses (void)
{
  RbTrace trace = { "t", "s", "f" };

  g_test_summary ("Another shape and all-zero ids are refused, and nothing is filled.");

  g_assert_false (rb_trace_parse (NULL, &trace));
  g_assert_false (rb_trace_parse ("", &trace));
  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_test_message ("%s", invalid[i]);
      g_assert_false (rb_trace_parse (invalid[i], &trace));
    }
  g_assert_cmpstr (trace.trace_id, ==, "t");
  g_assert_cmpstr (trace.span_id, ==, "s");
  g_assert_cmpstr (trace.flags, ==, "f");
}

static void
assert_fresh (const char     *text,
              RbTraceVerdict  verdict)
{
  RbTrace trace;
  g_autofree char *written = NULL;

  g_assert_cmpint (rb_trace_ensure (text, random_bytes, &trace), ==, verdict);
  written = rb_trace_to_string (&trace);
  g_assert_cmpstr (written, ==, "00-0123456789abcdeffedcba9876543210-a0b1c2d3e4f50617-01");
}

static void
test_ensure (void)
{
  RbTrace trace;
  g_autofree char *kept = NULL;

  g_test_summary ("A valid context stays; a blank one is missing, another invalid, and both get new ids.");

  g_assert_cmpint (rb_trace_ensure (" " TRACE, random_bytes, &trace), ==, RB_TRACE_PRESENT);
  kept = rb_trace_to_string (&trace);
  g_assert_cmpstr (kept, ==, TRACE);

  assert_fresh (NULL, RB_TRACE_MISSING);
  assert_fresh ("", RB_TRACE_MISSING);
  assert_fresh (" \t\xC2\xA0", RB_TRACE_MISSING);
  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    assert_fresh (invalid[i], RB_TRACE_INVALID);
}

static void
test_zero_random (void)
{
  static const guint8 zeros[24];
  RbTrace trace;
  RbTrace again;
  g_autofree char *text = NULL;

  g_test_summary ("Random bytes that are all zero still make ids that are valid.");

  rb_trace_ensure (NULL, zeros, &trace);
  text = rb_trace_to_string (&trace);
  g_assert_true (rb_trace_parse (text, &again));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/trace/parse", test_parse);
  g_test_add_func ("/trace/refuses", test_refuses);
  g_test_add_func ("/trace/ensure", test_ensure);
  g_test_add_func ("/trace/zero-random", test_zero_random);

  return g_test_run ();
}
