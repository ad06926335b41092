/* test-sequence.c: the numbers of what is told of one assignment (rb-sequence.h)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sequence.h"
#include "rb-test.h"

static void
test_take (void)
{
  RbSequence sequence;

  g_test_summary ("A number is that which is wished for where it is above all others, else the next; it is used up whatever became of it.");

  rb_sequence_init (&sequence);
  g_assert_cmpint (rb_sequence_get_next (&sequence), ==, 2);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 10), ==, 10);
  g_assert_cmpint (rb_sequence_get_next (&sequence), ==, 11);
  g_assert_cmpint (rb_sequence_take (&sequence, "b", 3), ==, 11);
  g_assert_cmpint (rb_sequence_take (&sequence, "c", 11), ==, 12);
  g_assert_cmpint (rb_sequence_take (&sequence, NULL, 0), ==, 13);
  g_assert_cmpint (rb_sequence_take (&sequence, NULL, 0), ==, 14);
  g_assert_cmpint (sequence.last, ==, 1);
  rb_sequence_settle (&sequence, 13);
  rb_sequence_settle (&sequence, 12);
  g_assert_cmpint (sequence.last, ==, 13);
  g_assert_cmpint (rb_sequence_get_next (&sequence), ==, 15);
  rb_sequence_clear (&sequence);
}

static void
test_again (void)
{
  RbSequence sequence;

  g_test_summary ("The same event keeps its number, for as long as nothing was told after it; another of the same id is not the same.");

  rb_sequence_init (&sequence);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 10), ==, 10);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 10), ==, 10);
  rb_sequence_settle (&sequence, 10);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 10), ==, 10);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 9), ==, 11);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 9), ==, 11);
  g_assert_cmpint (rb_sequence_take (&sequence, "b", 9), ==, 12);
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 9), ==, 13);
  rb_sequence_settle (&sequence, rb_sequence_get_next (&sequence));
  g_assert_cmpint (rb_sequence_take (&sequence, "a", 9), ==, 15);
  rb_sequence_clear (&sequence);
}

static void
test_reserve (void)
{
  RbSequence sequence;
  gint64 first;

  g_test_summary ("Numbers are set aside by rows, many at a time; what may be told is what a durable row has, and a restart goes on above it.");

  rb_sequence_init (&sequence);
  rb_sequence_take (&sequence, NULL, 0);
  g_assert_false (rb_sequence_is_reserved (&sequence));
  first = rb_sequence_reserve (&sequence);
  g_assert_cmpint (first, ==, 2 + 64);
  g_assert_false (rb_sequence_is_reserved (&sequence));
  rb_sequence_note_durable (&sequence, first);
  g_assert_true (rb_sequence_is_reserved (&sequence));
  g_assert_cmpint (rb_sequence_reserve (&sequence), ==, first);

  g_assert_cmpint (rb_sequence_take (&sequence, NULL, 34), ==, 34);
  g_assert_cmpint (rb_sequence_reserve (&sequence), ==, first);
  g_assert_cmpint (rb_sequence_take (&sequence, NULL, 35), ==, 35);
  g_assert_cmpint (rb_sequence_reserve (&sequence), ==, 35 + 64);
  g_assert_cmpint (rb_sequence_take (&sequence, NULL, first), ==, first);
  g_assert_true (rb_sequence_is_reserved (&sequence));
  rb_sequence_take (&sequence, NULL, 0);
  g_assert_false (rb_sequence_is_reserved (&sequence));

  rb_sequence_load (&sequence, 99);
  g_assert_cmpint (rb_sequence_take (&sequence, NULL, 5), ==, 100);
  g_assert_false (rb_sequence_is_reserved (&sequence));
  rb_sequence_clear (&sequence);
}

static void
test_give_back (void)
{
  RbSequence sequence;
  gint64 written;

  g_test_summary ("What was not used is given back, and none of it is told before it was set aside again.");

  rb_sequence_init (&sequence);
  written = rb_sequence_reserve (&sequence);
  rb_sequence_note_durable (&sequence, written);
  rb_sequence_take (&sequence, NULL, 7);
  g_assert_true (rb_sequence_give_back (&sequence));
  g_assert_cmpint (sequence.written, ==, 7);
  g_assert_false (rb_sequence_give_back (&sequence));
  g_assert_true (rb_sequence_is_reserved (&sequence));
  rb_sequence_take (&sequence, NULL, 0);
  g_assert_false (rb_sequence_is_reserved (&sequence));

  /* the row from before, which was on its way, does not bring them back */
  rb_sequence_note_durable (&sequence, written);
  g_assert_false (rb_sequence_is_reserved (&sequence));
  rb_sequence_clear (&sequence);
}

static void
test_highest (void)
{
  RbSequence sequence;

  g_test_summary ("The highest number there is does not wrap.");

  rb_sequence_init (&sequence);
  g_assert_cmpint (rb_sequence_take (&sequence, NULL, G_MAXINT64), ==, G_MAXINT64);
  g_assert_cmpint (rb_sequence_get_next (&sequence), ==, G_MAXINT64);
  rb_sequence_note_durable (&sequence, rb_sequence_reserve (&sequence));
  g_assert_true (rb_sequence_is_reserved (&sequence));
  g_assert_cmpint (rb_sequence_reserve (&sequence), ==, G_MAXINT64);
  rb_sequence_clear (&sequence);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/sequence/take", test_take);
  g_test_add_func ("/sequence/again", test_again);
  g_test_add_func ("/sequence/reserve", test_reserve);
  g_test_add_func ("/sequence/give-back", test_give_back);
  g_test_add_func ("/sequence/highest", test_highest);

  return g_test_run ();
}
