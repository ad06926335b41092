/* test-config-text.c: one key of a settings file's text, and what a wrong name may mean
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-config-edit.h"
#include "rb-config-text.h"
#include "rb-test.h"

static void
test_set (void)
{
  static const struct {
    const char *before;
    const char *after;
  } cases[] = {
    { "", "[a]\nk=v\n" },
    { "# hello", "# hello\n\n[a]\nk=v\n" },
    { "[a]\n", "[a]\nk=v\n" },
    { "[a]\nk=old\n", "[a]\nk=v\n" },
    { "[a]\n  k = old  \n", "[a]\nk=v\n" },
    { "[a]\nk=old", "[a]\nk=v\n" },
    { "[a]\r\nk=old\r\nj=1\r\n", "[a]\r\nk=v\r\nj=1\r\n" },
    { "[a]\nk=1\nk=2\n", "[a]\nk=1\nk=v\n" },
    { "[a]\nj=1\n# about b\n\n[b]\nk=1\n", "[a]\nj=1\nk=v\n# about b\n\n[b]\nk=1\n" },
    { "[a]\n#k=1\n[b]\nk=2\n", "[a]\nk=v\n#k=1\n[b]\nk=2\n" },
    { "[b]\nx=1\n[a]\nj=1\n[b]\ny=[a]\n", "[b]\nx=1\n[a]\nj=1\nk=v\n[b]\ny=[a]\n" },
    { "[a]\nkk=1\n", "[a]\nkk=1\nk=v\n" },
  };

  g_test_summary ("A key gets its value where it stands, or behind the others of its group; the rest stays byte for byte.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *after = rb_config_text_set (cases[i].before, "a", "k", "v");
      g_autofree char *again = rb_config_text_set (after, "a", "k", "v");

      g_assert_cmpstr (after, ==, cases[i].after);
      g_assert_cmpstr (again, ==, after);
    }
}

static void
test_unset (void)
{
  g_autofree char *none = rb_config_text_unset ("[b]\nk=1\n#k=2\n", "a", "k");
  g_autofree char *all = rb_config_text_unset ("[a]\nk=1\n# c\nk=2\n[b]\nk=3\n[a]\nk=4\n", "a", "k");

  g_test_summary ("A key goes wherever it stood, and only it.");

  g_assert_null (none);
  g_assert_cmpstr (all, ==, "[a]\n# c\n[b]\nk=3\n[a]\n");
}

static void
test_suggest (void)
{
  static const char *const names[] = { "broker.profile", "ipc.body-max", "ipc.frame-max", "log.keep", NULL };
  static const struct {
    const char *wrong;
    const char *meant;
  } cases[] = {
    { "broker.profil", "broker.profile" }, { "boker.profiel", "broker.profile" }, { "ipc.bodymax", "ipc.body-max" }, { "body-max", "ipc.body-max" },
    { "kep", "log.keep" },                 { "x", NULL },                         { "", NULL },                      { "something.else", NULL },
  };

  g_test_summary ("A name that is nearly one is understood, and no other.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *meant = rb_config_edit_suggest (cases[i].wrong, names);

      g_assert_cmpstr (meant, ==, cases[i].meant);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/config-text/set", test_set);
  g_test_add_func ("/config-text/unset", test_unset);
  g_test_add_func ("/config-text/suggest", test_suggest);
  return g_test_run ();
}
