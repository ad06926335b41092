/* test-profile.c: which modules run, and where they are looked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-profile.h"
#include "rb-setup.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>

static RbSettings *
make_settings (const char *text)
{
  RbSettings *settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);

  rb_settings_add_text (settings, "f", text, strlen (text), problems);
  g_assert_true (rb_settings_resolve (settings, problems));
  return settings;
}

/* "kind-name" for each choice, with a '!' for a required one. */
static char *
describe (const RbSettings *settings)
{
  g_autoptr(GPtrArray) choices = rb_profile_choose (settings);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];

      g_string_append_printf (text, "%s%s-%s%s", i > 0 ? " " : "", rb_module_kind_to_string (choice->kind), choice->name,
                              choice->required ? "!" : "");
    }
  return g_string_free (text, FALSE);
}

static void
test_choose (void)
{
  static const struct {
    const char *text;
    const char *modules;
  } cases[] = {
    { "", "connector-local! upstream-local! emitter-journal spawn-driver-command" },
    { "[broker]\nprofile=masons\n",
      "connector-gateway! upstream-http! emitter-http emitter-journal spawn-driver-claude-code spawn-driver-codex spawn-driver-command" },
    { "[broker]\nconnector=nats\nemitters=\nspawn-drivers=\n", "connector-nats! upstream-local!" },
    { "[broker]\nemitters=a;b\nrequired-modules=b;spawn-driver-command\n",
      "connector-local! upstream-local! emitter-a emitter-b! spawn-driver-command!" },
  };

  g_test_summary ("A profile is shorthand; each of its modules can be named alone; required ones are marked.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = make_settings (cases[i].text);
      g_autofree char *modules = describe (settings);

      g_assert_cmpstr (modules, ==, cases[i].modules);
    }
}

static void
test_required_unknown (void)
{
  g_autoptr(RbSettings) settings = make_settings ("[broker]\nrequired-modules=journal;teleport\n");
  g_autoptr(GPtrArray) choices = rb_profile_choose (settings);
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);

  g_test_summary ("Requiring a module that no setting chooses is a problem.");

  rb_profile_check_required (settings, choices, problems);
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_true (g_str_has_prefix (problems->pdata[0], "f:2: [broker] required-modules: 'teleport' "));
}

static void
test_masons_inferred (void)
{
  static const struct {
    const char *settings;
    const char *openclaw;
    gboolean    masons;
  } cases[] = {
    { "", NULL, FALSE },
    { "[broker]\ncredentials-file=/c.json\n", NULL, TRUE },
    { "", "{\"channels\":{\"agent-network\":{\"accounts\":{\"default\":{\"token\":\"t\"}}}}}", TRUE },
    { "[broker]\naccount-id=work\n", "{\"channels\":{\"agent-network\":{\"accounts\":{\"default\":{}}}}}", FALSE },
    { "[broker]\naccount-id=work\n", "{\"channels\":{\"agent-network\":{\"accounts\":{\"work\":{}}}}}", TRUE },
    { "", "{\"channels\":{\"agent-network\":{\"accounts\":{\"default\":1}}}}", FALSE },
    { "", "{\"channels\":{\"other\":{}}}", FALSE },
    { "", "{\"channels\":[]}", FALSE },
    { "", "[]", FALSE },
    { "", "{", FALSE },
    { "", "", FALSE },
  };

  g_test_summary ("The peer's credentials choose its profile; a file that is malformed or about others does not.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = make_settings (cases[i].settings);
      g_autoptr(GBytes) openclaw = NULL;
      g_autofree char *origin = NULL;

      if (cases[i].openclaw != NULL)
        openclaw = g_bytes_new (cases[i].openclaw, strlen (cases[i].openclaw));
      g_assert_cmpint (rb_profile_is_masons (settings, openclaw, &origin), ==, cases[i].masons);
      g_assert_cmpint (origin != NULL, ==, cases[i].masons);
    }
}

static void
assert_dirs (const RbSettings *settings,
             const char       *module_path,
             const char       *program,
             const char       *first,
             guint             n)
{
  g_auto(GStrv) dirs = rb_setup_dup_module_dirs (settings, module_path, program);

  g_assert_cmpuint (g_strv_length (dirs), ==, n);
  g_assert_cmpstr (dirs[0], ==, first);
}

static void
test_module_dirs (void)
{
  g_autofree char *root = rb_test_make_dir ();
  g_autofree char *program = g_build_filename (root, "broker", "runtime-brokerd", NULL);
  g_autofree char *modules = g_build_filename (root, "modules", NULL);
  g_autofree char *private = g_build_filename (root, "meson-private", NULL);
  g_autofree char *mark = g_build_filename (private, "coredata.dat", NULL);
  g_autoptr(RbSettings) plain = make_settings ("");
  g_autoptr(RbSettings) configured = make_settings ("[broker]\nmodules-dir=/a;/b\n");

  g_test_summary ("The variable wins over the setting; a folder beside the program counts only in a build folder.");

  g_assert_cmpint (g_mkdir (modules, 0700), ==, 0);
  assert_dirs (plain, NULL, program, RB_MODULE_DIR, 1);
  assert_dirs (plain, NULL, NULL, RB_MODULE_DIR, 1);

  g_assert_cmpint (g_mkdir (private, 0700), ==, 0);
  g_assert_true (g_file_set_contents (mark, "", -1, NULL));
  assert_dirs (plain, NULL, program, modules, 1);
  assert_dirs (plain, "", program, modules, 1);
  assert_dirs (configured, NULL, program, "/a", 2);
  assert_dirs (configured, "/x:/y:/z", program, "/x", 3);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/profile/choose", test_choose);
  g_test_add_func ("/profile/required-unknown", test_required_unknown);
  g_test_add_func ("/profile/masons-inferred", test_masons_inferred);
  g_test_add_func ("/setup/module-dirs", test_module_dirs);
  return g_test_run ();
}
