/* test-proof.c: that a proof can fail
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-proof.h"
#include "rb-test.h"

#define N 5

static void
test_judge (void)
{
  /* Of messages 0 to 4 all but 3 are acknowledged. -2 ends @found. */
  static const gboolean acknowledged[N] = { TRUE, TRUE, TRUE, FALSE, TRUE };
  static const struct {
    gint64  found[8];
    RbProof proof;
  } cases[] = {
    { { 0, 1, 2, 3, 4, -2 }, { 0, 0, 0, 0 } },
    { { 0, 1, 2, 4, -2 }, { 0, 0, 0, 0 } },
    { { -2 }, { 4, 0, 0, 0 } },
    { { 0, 2, 3, 4, -2 }, { 1, 0, 0, 0 } },
    { { 0, 1, 1, 2, 4, -2 }, { 0, 1, 0, 0 } },
    { { 0, 1, 2, 3, 4, 3, -2 }, { 0, 1, 1, 0 } },
    { { 0, 2, 1, 4, -2 }, { 0, 0, 1, 0 } },
    { { 0, 1, 2, 4, 5, -1, -2 }, { 0, 0, 0, 2 } },
  };

  g_test_summary ("Lost, repeated, misplaced and strange messages are counted; one that nobody acknowledged may be there or not.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GArray) found = g_array_new (FALSE, FALSE, sizeof (gint64));
      const RbProof *expected = &cases[i].proof;
      RbProof proof;

      for (const gint64 *at = cases[i].found; *at != -2; at++)
        g_array_append_vals (found, at, 1);
      rb_proof_judge (acknowledged, N, found, &proof);
      g_assert_cmpuint (proof.lost, ==, expected->lost);
      g_assert_cmpuint (proof.repeated, ==, expected->repeated);
      g_assert_cmpuint (proof.misplaced, ==, expected->misplaced);
      g_assert_cmpuint (proof.strange, ==, expected->strange);
      g_assert_cmpint (rb_proof_is_good (&proof), ==, i < 2);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/proof/judge", test_judge);

  return g_test_run ();
}
