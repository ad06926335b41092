/* test-local-bell.c: who is listening, and waking them up
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-local-bell.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <unistd.h>

typedef struct {
  char        *directory;
  char        *path;
  RbLocalBell *bell;       /* of "ada", generation 7 */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->directory = rb_test_make_dir ();
  fixture->path = g_build_filename (fixture->directory, "ada.bell", NULL);
  fixture->bell = rb_local_bell_open (fixture->directory, "ada", 7, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->bell, rb_local_bell_close);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static gboolean
rang (RbLocalBell *bell)
{
  struct pollfd fd = { rb_local_bell_get_fd (bell), POLLIN, 0 };

  return poll (&fd, 1, 0) == 1;
}

static void
test_live (Fixture       *fixture,
           gconstpointer  data)
{
  RbLocalBell *newer;

  g_test_summary ("Live is the generation whose bell is open, in this process as in others; asking does not disturb it.");

  g_assert_true (rb_local_bell_is_live (fixture->directory, "ada", 7));
  g_assert_true (rb_local_bell_is_live (fixture->directory, "ada", 7));
  g_assert_false (rb_local_bell_is_live (fixture->directory, "ada", 6));
  g_assert_false (rb_local_bell_is_live (fixture->directory, "ada", 8));
  g_assert_false (rb_local_bell_is_live (fixture->directory, "bob", 7));

  newer = rb_local_bell_open (fixture->directory, "ada", 8, NULL);
  g_assert_nonnull (newer);
  g_clear_pointer (&fixture->bell, rb_local_bell_close);
  g_assert_false (rb_local_bell_is_live (fixture->directory, "ada", 7));
  g_assert_true (rb_local_bell_is_live (fixture->directory, "ada", 8));
  rb_local_bell_close (newer);
  g_assert_false (rb_local_bell_is_live (fixture->directory, "ada", 8));
}

static void
test_ring (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Each ring is noticed once; a bell that is not there may be rung.");

  g_assert_false (rang (fixture->bell));
  for (guint i = 0; i < 3; i++)
    {
      rb_local_bell_ring (fixture->directory, "ada");
      g_assert_true (rang (fixture->bell));
      g_assert_true (rb_local_bell_drain (fixture->bell));
      g_assert_false (rang (fixture->bell));
    }
  rb_local_bell_ring (fixture->directory, "bob");
  g_assert_false (rang (fixture->bell));
}

static void
test_overflow (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("More events than anybody reads are still one bell that rang.");

  for (guint i = 0; i < 40000; i++)
    {
      rb_local_bell_ring (fixture->directory, "ada");
      g_assert_cmpint (truncate (fixture->path, 0), ==, 0);
    }
  g_assert_true (rang (fixture->bell));
  g_assert_true (rb_local_bell_drain (fixture->bell));
  g_assert_false (rang (fixture->bell));
}

static void
test_removed (Fixture       *fixture,
              gconstpointer  data)
{
  g_test_summary ("A bell whose file was removed says so.");

  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_true (rang (fixture->bell));
  g_assert_false (rb_local_bell_drain (fixture->bell));
  g_assert_false (rb_local_bell_is_live (fixture->directory, "ada", 7));
}

static void
test_renamed (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *elsewhere = g_build_filename (fixture->directory, "elsewhere", NULL);

  g_test_summary ("A bell whose file was renamed says so.");

  g_assert_cmpint (g_rename (fixture->path, elsewhere), ==, 0);
  g_assert_true (rang (fixture->bell));
  g_assert_false (rb_local_bell_drain (fixture->bell));
}

static void
test_refuses (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *link = g_build_filename (fixture->directory, "eve.bell", NULL);
  g_autoptr(GError) twice = NULL;
  g_autoptr(GError) linked = NULL;
  g_autoptr(GError) nowhere = NULL;

  g_test_summary ("A generation has one bell, and a bell is no link and lies where the database is.");

  g_assert_null (rb_local_bell_open (fixture->directory, "ada", 7, &twice));
  g_assert_error (twice, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_cmpint (symlink (fixture->path, link), ==, 0);
  g_assert_null (rb_local_bell_open (fixture->directory, "eve", 1, &linked));
  g_assert_cmpstr (rb_error_get_reason (linked), ==, "doorbell_unavailable");
  g_assert_null (rb_local_bell_open (fixture->path, "eve", 1, &nowhere));
  g_assert_error (nowhere, RB_ERROR, RB_ERROR_UNAVAILABLE);
  g_assert_true (rb_local_bell_is_live (fixture->directory, "ada", 7));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/bell/live", test_live);
  ADD ("/local/bell/ring", test_ring);
  ADD ("/local/bell/overflow", test_overflow);
  ADD ("/local/bell/removed", test_removed);
  ADD ("/local/bell/renamed", test_renamed);
  ADD ("/local/bell/refuses", test_refuses);
  return g_test_run ();
}
