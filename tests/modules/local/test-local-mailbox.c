/* test-local-mailbox.c: what is in flight, what waits, and what is read next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-mailbox.h"
#include "rb-test.h"

#define SECOND_US G_USEC_PER_SEC

typedef struct {
  RbLocalMailbox *mailbox;
  RbLocalPlan     plan;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->mailbox = rb_local_mailbox_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_local_plan_clear (&fixture->plan);
  rb_local_mailbox_free (fixture->mailbox);
}

static gboolean
plan (Fixture *fixture,
      gint64   now_us)
{
  rb_local_plan_clear (&fixture->plan);
  return rb_local_mailbox_plan (fixture->mailbox, now_us, &fixture->plan);
}

static void
test_window (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("No more messages and bytes are in flight than the window allows.");

  g_assert_false (plan (fixture, 0));
  rb_local_mailbox_set_window (fixture->mailbox, 2, 100);
  g_assert_true (plan (fixture, 0));
  g_assert_cmpuint (fixture->plan.messages, ==, 2);
  g_assert_cmpuint (fixture->plan.bytes, ==, 100);
  g_assert_cmpint (fixture->plan.after, ==, 0);

  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 1, 60));
  g_assert_false (rb_local_mailbox_take (fixture->mailbox, 2, 41));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 2, 40));
  g_assert_false (rb_local_mailbox_take (fixture->mailbox, 3, 0));
  rb_local_mailbox_end (fixture->mailbox, TRUE, 0);
  g_assert_false (plan (fixture, 0));

  g_assert_true (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_true (plan (fixture, 0));
  g_assert_cmpuint (fixture->plan.messages, ==, 1);
  g_assert_cmpuint (fixture->plan.bytes, ==, 60);
  g_assert_cmpuint (fixture->plan.first_bytes, ==, 60);
  g_assert_cmpint (fixture->plan.after, ==, 2);
}

static void
test_larger_than_window (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("A message larger than the whole window goes alone.");

  rb_local_mailbox_set_window (fixture->mailbox, 5, 100);
  g_assert_true (plan (fixture, 0));
  g_assert_true (fixture->plan.first_bytes >= 1000);
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 1, 1000));
  g_assert_false (rb_local_mailbox_take (fixture->mailbox, 2, 1));
  rb_local_mailbox_end (fixture->mailbox, TRUE, 0);
  g_assert_false (plan (fixture, 0));
  g_assert_true (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_true (plan (fixture, 0));
}

static void
test_blocked (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("While the next message does not fit, nothing is read in vain.");

  rb_local_mailbox_set_window (fixture->mailbox, 5, 100);
  g_assert_true (plan (fixture, 0));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 1, 30));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 2, 30));
  rb_local_mailbox_end (fixture->mailbox, TRUE, 80);
  g_assert_false (plan (fixture, 0));
  g_assert_true (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_false (plan (fixture, 0));
  g_assert_true (rb_local_mailbox_accept (fixture->mailbox, 2));
  g_assert_true (plan (fixture, 0));
}

static void
test_nothing_new (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A mailbox that was read to its end is read again only when it rings, also if it rang meanwhile.");

  rb_local_mailbox_set_window (fixture->mailbox, 5, 100);
  g_assert_true (plan (fixture, 0));
  rb_local_mailbox_end (fixture->mailbox, FALSE, 0);
  g_assert_false (plan (fixture, 0));

  rb_local_mailbox_ring (fixture->mailbox);
  g_assert_true (plan (fixture, 0));
  rb_local_mailbox_ring (fixture->mailbox);
  rb_local_mailbox_end (fixture->mailbox, FALSE, 0);
  g_assert_true (plan (fixture, 0));
}

static void
test_release (Fixture       *fixture,
              gconstpointer  data)
{
  static const gint64 delays_s[] = { 1, 2, 4, 8, 16, 30, 30 };
  gint64 now_us = 5 * SECOND_US;

  g_test_summary ("What is released is read again after 1 s, doubling to 30 s, and leaves the window meanwhile.");

  rb_local_mailbox_set_window (fixture->mailbox, 1, 100);
  g_assert_true (plan (fixture, now_us));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 7, 10));
  rb_local_mailbox_end (fixture->mailbox, FALSE, 0);
  g_assert_cmpint (rb_local_mailbox_get_next_due (fixture->mailbox), ==, -1);

  for (size_t i = 0; i < G_N_ELEMENTS (delays_s); i++)
    {
      g_assert_true (rb_local_mailbox_release (fixture->mailbox, 7, now_us));
      g_assert_false (rb_local_mailbox_release (fixture->mailbox, 7, now_us));
      g_assert_cmpint (rb_local_mailbox_get_next_due (fixture->mailbox), ==, now_us + delays_s[i] * SECOND_US);
      g_assert_false (plan (fixture, now_us + delays_s[i] * SECOND_US - 1));
      now_us += delays_s[i] * SECOND_US;
      g_assert_true (plan (fixture, now_us));
      g_assert_cmpuint (fixture->plan.again->len, ==, 1);
      g_assert_cmpint (g_array_index (fixture->plan.again, gint64, 0), ==, 7);
      g_assert_true (rb_local_mailbox_take (fixture->mailbox, 7, 10));
      rb_local_mailbox_end (fixture->mailbox, FALSE, 0);
    }
}

static void
test_due_in_order (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Released messages come back in the order of their numbers, before new ones.");

  rb_local_mailbox_set_window (fixture->mailbox, 10, 100);
  g_assert_true (plan (fixture, 0));
  for (gint64 seq = 1; seq <= 3; seq++)
    g_assert_true (rb_local_mailbox_take (fixture->mailbox, seq, 1));
  rb_local_mailbox_end (fixture->mailbox, FALSE, 0);

  g_assert_true (rb_local_mailbox_release (fixture->mailbox, 3, 0));
  g_assert_true (rb_local_mailbox_release (fixture->mailbox, 1, 10));
  g_assert_true (plan (fixture, 2 * SECOND_US));
  g_assert_cmpuint (fixture->plan.again->len, ==, 2);
  g_assert_cmpint (g_array_index (fixture->plan.again, gint64, 0), ==, 1);
  g_assert_cmpint (g_array_index (fixture->plan.again, gint64, 1), ==, 3);
  g_assert_cmpint (fixture->plan.after, ==, 3);
}

static void
test_decided_once (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("Only what is with the broker can be decided, once; what is gone is forgotten.");

  rb_local_mailbox_set_window (fixture->mailbox, 10, 100);
  g_assert_false (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_false (rb_local_mailbox_release (fixture->mailbox, 1, 0));
  g_assert_true (plan (fixture, 0));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 1, 1));
  g_assert_false (rb_local_mailbox_take (fixture->mailbox, 1, 1));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 2, 1));
  rb_local_mailbox_end (fixture->mailbox, FALSE, 0);

  g_assert_true (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_false (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_false (rb_local_mailbox_take (fixture->mailbox, 1, 1));

  rb_local_mailbox_forget (fixture->mailbox, 2);
  g_assert_true (rb_local_mailbox_release (fixture->mailbox, 2, 0));
  rb_local_mailbox_forget (fixture->mailbox, 2);
  g_assert_cmpint (rb_local_mailbox_get_next_due (fixture->mailbox), ==, -1);
  g_assert_false (rb_local_mailbox_accept (fixture->mailbox, 2));
}

static void
test_accept_while_waiting (Fixture       *fixture,
                           gconstpointer  data)
{
  g_test_summary ("A released message may still be accepted, and is then not read again.");

  rb_local_mailbox_set_window (fixture->mailbox, 10, 100);
  g_assert_true (plan (fixture, 0));
  g_assert_true (rb_local_mailbox_take (fixture->mailbox, 1, 1));
  rb_local_mailbox_end (fixture->mailbox, FALSE, 0);
  g_assert_true (rb_local_mailbox_release (fixture->mailbox, 1, 0));
  g_assert_true (rb_local_mailbox_accept (fixture->mailbox, 1));
  g_assert_false (plan (fixture, 60 * SECOND_US));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/mailbox/window", test_window);
  ADD ("/local/mailbox/larger-than-window", test_larger_than_window);
  ADD ("/local/mailbox/blocked", test_blocked);
  ADD ("/local/mailbox/nothing-new", test_nothing_new);
  ADD ("/local/mailbox/release", test_release);
  ADD ("/local/mailbox/due-in-order", test_due_in_order);
  ADD ("/local/mailbox/decided-once", test_decided_once);
  ADD ("/local/mailbox/accept-while-waiting", test_accept_while_waiting);
  return g_test_run ();
}
