/* test-cursor.c: delivery cursor arithmetic
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-cursor.h"

#include "rb-test.h"

static void
test_protocol_table (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (4);

  g_test_summary ("The table of protocol.md 24.3: 6 and 7 wait above the gap until 5 is accepted.");

  g_assert_false (rb_cursor_has_gap (cursor));
  g_assert_cmpint (rb_cursor_receive (cursor, 6), ==, RB_CURSOR_NEW);
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_false (rb_cursor_accept (cursor, 6));
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 4);

  g_assert_cmpint (rb_cursor_receive (cursor, 7), ==, RB_CURSOR_NEW);
  g_assert_false (rb_cursor_accept (cursor, 7));
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 2);

  g_assert_cmpint (rb_cursor_receive (cursor, 5), ==, RB_CURSOR_NEW);
  g_assert_false (rb_cursor_has_gap (cursor));
  g_assert_true (rb_cursor_accept (cursor, 5));
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 7);
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 0);
}

static void
test_duplicates (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (0);

  g_test_summary ("A copy is dropped whether the first was accepted, is in progress or lies below the floor; not after a release.");

  g_assert_cmpint (rb_cursor_receive (cursor, 2), ==, RB_CURSOR_NEW);
  g_assert_cmpint (rb_cursor_receive (cursor, 2), ==, RB_CURSOR_IN_PROGRESS);
  rb_cursor_release (cursor, 2);
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_cmpint (rb_cursor_receive (cursor, 2), ==, RB_CURSOR_NEW);
  rb_cursor_accept (cursor, 2);
  g_assert_cmpint (rb_cursor_receive (cursor, 2), ==, RB_CURSOR_ACCEPTED);
  rb_cursor_release (cursor, 2);
  g_assert_cmpint (rb_cursor_receive (cursor, 2), ==, RB_CURSOR_ACCEPTED);

  g_assert_cmpint (rb_cursor_receive (cursor, 1), ==, RB_CURSOR_NEW);
  g_assert_true (rb_cursor_accept (cursor, 1));
  g_assert_cmpint (rb_cursor_receive (cursor, 1), ==, RB_CURSOR_OLD);
  g_assert_cmpint (rb_cursor_receive (cursor, 2), ==, RB_CURSOR_OLD);
  g_assert_false (rb_cursor_accept (cursor, 1));
}

static void
test_burst (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (10);

  g_test_summary ("A burst whose messages are all in progress has no gap (IMP-45), in whatever order they are accepted.");

  for (gint64 seq = 11; seq <= 20; seq++)
    {
      g_assert_cmpint (rb_cursor_receive (cursor, seq), ==, RB_CURSOR_NEW);
      g_assert_false (rb_cursor_has_gap (cursor));
    }
  for (gint64 seq = 20; seq > 11; seq--)
    g_assert_false (rb_cursor_accept (cursor, seq));
  g_assert_true (rb_cursor_accept (cursor, 11));
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 20);
}

static void
test_invalid (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (-7);

  g_test_summary ("Numbers below 1 are no sequences, and accepting them does nothing.");

  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 0);
  g_assert_cmpint (rb_cursor_receive (cursor, 0), ==, RB_CURSOR_INVALID);
  g_assert_cmpint (rb_cursor_receive (cursor, -1), ==, RB_CURSOR_INVALID);
  g_assert_cmpint (rb_cursor_receive (cursor, G_MININT64), ==, RB_CURSOR_INVALID);
  g_assert_false (rb_cursor_accept (cursor, 0));
  g_assert_false (rb_cursor_accept (cursor, -1));
  g_assert_false (rb_cursor_jump (cursor, -1));
  rb_cursor_release (cursor, -1);
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 0);
}

static void
test_skip (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (4);

  g_test_summary ("A skipped sequence is accepted without having arrived.");

  g_assert_false (rb_cursor_accept (cursor, 6));
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_true (rb_cursor_accept (cursor, 5));
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 6);
}

static void
test_jump (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (4);

  g_test_summary ("A jump forgets what it passes and goes on over what was accepted right above it; it never goes back.");

  rb_cursor_receive (cursor, 6);
  rb_cursor_receive (cursor, 7);
  rb_cursor_receive (cursor, 9);
  rb_cursor_receive (cursor, 12);
  rb_cursor_accept (cursor, 9);

  g_assert_true (rb_cursor_jump (cursor, 8));
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 9);
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 1);
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_false (rb_cursor_accept (cursor, 7));
  g_assert_cmpint (rb_cursor_receive (cursor, 6), ==, RB_CURSOR_OLD);

  g_assert_false (rb_cursor_jump (cursor, 9));
  g_assert_false (rb_cursor_jump (cursor, 3));
  g_assert_true (rb_cursor_jump (cursor, 100));
  g_assert_false (rb_cursor_has_gap (cursor));
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 0);
}

static void
test_wide_gap (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (0);

  g_test_summary ("The largest sequence there is costs no more than any other.");

  g_assert_cmpint (rb_cursor_receive (cursor, G_MAXINT64), ==, RB_CURSOR_NEW);
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_false (rb_cursor_accept (cursor, G_MAXINT64));
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 1);
  g_assert_true (rb_cursor_jump (cursor, G_MAXINT64 - 1));
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, G_MAXINT64);
  g_assert_cmpint (rb_cursor_receive (cursor, G_MAXINT64), ==, RB_CURSOR_OLD);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 0);
}

static void
test_first_missing (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (4);

  g_test_summary ("The first missing number names a gap; a refused message is none, one that was forgotten is.");

  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 0);
  rb_cursor_receive (cursor, 5);
  rb_cursor_receive (cursor, 6);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 0);
  rb_cursor_receive (cursor, 9);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 7);
  rb_cursor_accept (cursor, 5);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 7);

  rb_cursor_release (cursor, 6);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 7);
  rb_cursor_receive (cursor, 7);
  rb_cursor_receive (cursor, 8);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 0);
  g_assert_true (rb_cursor_has_gap (cursor));

  rb_cursor_forget (cursor, 8);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 8);
  g_assert_cmpint (rb_cursor_receive (cursor, 8), ==, RB_CURSOR_NEW);
  g_assert_cmpint (rb_cursor_receive (cursor, 6), ==, RB_CURSOR_NEW);
  g_assert_false (rb_cursor_has_gap (cursor));
  rb_cursor_forget (cursor, 100);
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 0);
}

static void
test_refused (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (0);
  g_autoptr(GArray) refused = NULL;

  g_test_summary ("Refused sequences are listed in order until they come again, are accepted, or are passed by a jump.");

  for (gint64 seq = 1; seq <= 5; seq++)
    rb_cursor_receive (cursor, seq);
  for (gint64 seq = 5; seq >= 2; seq--)
    rb_cursor_release (cursor, seq);
  rb_cursor_release (cursor, 5);
  g_assert_cmpuint (rb_cursor_get_n_refused (cursor), ==, 4);
  g_assert_cmpuint (rb_cursor_get_n_pending (cursor), ==, 1);

  rb_cursor_receive (cursor, 3);
  refused = rb_cursor_dup_refused (cursor);
  g_assert_cmpuint (refused->len, ==, 3);
  g_assert_cmpint (g_array_index (refused, gint64, 0), ==, 2);
  g_assert_cmpint (g_array_index (refused, gint64, 1), ==, 4);
  g_assert_cmpint (g_array_index (refused, gint64, 2), ==, 5);

  rb_cursor_accept (cursor, 4);
  g_assert_cmpuint (rb_cursor_get_n_refused (cursor), ==, 2);
  rb_cursor_jump (cursor, 3);
  g_assert_cmpint (rb_cursor_get_floor (cursor), ==, 4);
  g_assert_cmpuint (rb_cursor_get_n_refused (cursor), ==, 1);
  g_assert_true (rb_cursor_accept (cursor, 5));
  g_assert_cmpuint (rb_cursor_get_n_refused (cursor), ==, 0);
  g_assert_false (rb_cursor_has_gap (cursor));
}

static void
test_expect (void)
{
  g_autoptr(RbCursor) cursor = rb_cursor_new (4);

  g_test_summary ("What the other side says it has is missing until it arrives.");

  rb_cursor_expect (cursor, 3);
  g_assert_false (rb_cursor_has_gap (cursor));
  g_assert_cmpint (rb_cursor_get_highest (cursor), ==, 4);
  rb_cursor_expect (cursor, 6);
  g_assert_cmpint (rb_cursor_get_highest (cursor), ==, 6);
  g_assert_true (rb_cursor_has_gap (cursor));
  g_assert_cmpint (rb_cursor_get_first_missing (cursor), ==, 5);
  rb_cursor_receive (cursor, 5);
  rb_cursor_receive (cursor, 6);
  g_assert_false (rb_cursor_has_gap (cursor));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/cursor/protocol-table", test_protocol_table);
  g_test_add_func ("/cursor/duplicates", test_duplicates);
  g_test_add_func ("/cursor/burst", test_burst);
  g_test_add_func ("/cursor/invalid", test_invalid);
  g_test_add_func ("/cursor/skip", test_skip);
  g_test_add_func ("/cursor/jump", test_jump);
  g_test_add_func ("/cursor/wide-gap", test_wide_gap);
  g_test_add_func ("/cursor/first-missing", test_first_missing);
  g_test_add_func ("/cursor/refused", test_refused);
  g_test_add_func ("/cursor/expect", test_expect);
  return g_test_run ();
}
