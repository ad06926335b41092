/* test-disk-check.c: whether a disk has what a broker needs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-disk-check.h"
#include "rb-test.h"

#define MIB ((guint64) 1024 * 1024)

static void
test_verdicts (void)
{
  static const struct {
    RbDiskFacts   facts;
    RbDiskVerdict verdict;
  } cases[] = {
    { { TRUE, FALSE, 0, 0, 0, 0, 0 }, RB_DISK_READ_ONLY },
    { { FALSE, FALSE, 0, 0, 0, 0, 0 }, RB_DISK_NO_RIGHT },
    { { FALSE, TRUE, 16 * MIB - 1, 0, 0, 0, 0 }, RB_DISK_FULL },
    { { FALSE, TRUE, 16 * MIB, 0, 0, 0, 0 }, RB_DISK_GOOD },
    { { FALSE, TRUE, 30 * MIB, 0, 0, 20 * MIB, 0 }, RB_DISK_FULL },
    { { FALSE, TRUE, 1000 * MIB, 100, 15, 0, 256 * MIB }, RB_DISK_NO_FILES },
    { { FALSE, TRUE, 100 * MIB, 1000, 20, 0, 256 * MIB }, RB_DISK_LOW },
    { { FALSE, TRUE, 1000 * MIB, 1000, 255, 0, 256 * MIB }, RB_DISK_FEW_FILES },
    { { FALSE, TRUE, 1000 * MIB, 1000, 256, 0, 256 * MIB }, RB_DISK_GOOD },
    { { FALSE, TRUE, 1000 * MIB, 0, 0, 0, 256 * MIB }, RB_DISK_GOOD },
    { { FALSE, TRUE, 100 * MIB, 0, 0, 0, 0 }, RB_DISK_GOOD },
  };

  g_test_summary ("What is worst is said: read-only, no right, no room, no names for files; a disk that does not count its files has them.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (rb_disk_check_judge (&cases[i].facts), ==, cases[i].verdict);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/disk-check/verdicts", test_verdicts);
  return g_test_run ();
}
