/* test-installed.c: a program finds what was installed with it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-installed.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
make_dir (const char *root,
          const char *name)
{
  char *dir = g_build_filename (root, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  return dir;
}

static void
assert_dir (const char *program,
            const char *expected)
{
  g_autofree char *dir = rb_installed_dup_dir (RB_LOCALE_DIR, "po", program);

  g_assert_cmpstr (dir, ==, expected);
}

static void
test_as_built (void)
{
  g_autofree char *root = rb_test_make_dir ();
  g_autofree char *program = g_build_filename (root, "bin", "brokerctl", NULL);

  g_test_summary ("Where nothing lies beside the program, the place that it was built for counts.");

  assert_dir (NULL, RB_LOCALE_DIR);
  assert_dir (program, RB_LOCALE_DIR);
  assert_dir (RB_PREFIX "/bin/brokerctl", RB_LOCALE_DIR);
}

static void
test_moved (void)
{
  g_autofree char *root = rb_test_make_dir ();
  g_autofree char *moved = make_dir (root, RB_LOCALE_DIR + strlen (RB_PREFIX "/"));
  g_autofree char *po = make_dir (root, "po");
  g_autofree char *program = g_build_filename (root, "bin", "brokerctl", NULL);
  g_autofree char *elsewhere = rb_installed_dup_dir ("/elsewhere/locale", "po", program);

  g_test_summary ("A tree that was moved after it was installed is used as it is; what never was below the prefix stays.");

  assert_dir (program, moved);
  g_assert_cmpstr (elsewhere, ==, "/elsewhere/locale");
}

static void
test_build_folder (void)
{
  g_autofree char *root = rb_test_make_dir ();
  g_autofree char *po = make_dir (root, "po");
  g_autofree char *private = make_dir (root, "meson-private");
  g_autofree char *mark = g_build_filename (private, "coredata.dat", NULL);
  g_autofree char *program = g_build_filename (root, "broker", "brokerctl", NULL);

  g_test_summary ("A folder of that name beside the program counts only in a build folder.");

  assert_dir (program, RB_LOCALE_DIR);
  g_assert_true (g_file_set_contents (mark, "", -1, NULL));
  assert_dir (program, po);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/installed/as-built", test_as_built);
  g_test_add_func ("/installed/moved", test_moved);
  g_test_add_func ("/installed/build-folder", test_build_folder);
  return g_test_run ();
}
