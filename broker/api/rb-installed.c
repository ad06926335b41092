/* rb-installed.c: where what was installed beside a program lies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-installed.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>

/* NULL: @root is no build folder, or has none. */
static char *
dup_build_dir (const char *root,
               const char *in_build)
{
  g_autofree char *mark = g_build_filename (root, "meson-private", "coredata.dat", NULL);
  g_autofree char *dir = g_build_filename (root, in_build, NULL);

  if (!g_file_test (mark, G_FILE_TEST_IS_REGULAR) || !g_file_test (dir, G_FILE_TEST_IS_DIR))
    return NULL;
  return g_steal_pointer (&dir);
}

/* NULL: it is not there. */
static char *
dup_moved_dir (const char *root,
               const char *dir)
{
  g_autofree char *moved = NULL;

  if (!g_str_has_prefix (dir, RB_PREFIX "/"))
    return NULL;
  moved = g_build_filename (root, dir + strlen (RB_PREFIX "/"), NULL);
  return g_file_test (moved, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&moved) : NULL;
}

char *
rb_installed_dup_dir (const char *dir,
                      const char *in_build,
                      const char *program)
{
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *root = folder != NULL ? g_path_get_dirname (folder) : NULL;
  char *found = root != NULL ? dup_build_dir (root, in_build) : NULL;

  if (found == NULL && root != NULL)
    found = dup_moved_dir (root, dir);
  return found != NULL ? found : g_strdup (dir);
}

void
rb_installed_init_text (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = rb_installed_dup_dir (RB_LOCALE_DIR, "po", program);

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, dir);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
