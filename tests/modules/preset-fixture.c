/* preset-fixture.c: a spawn driver for one program, with programs of a test's own in PATH
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "preset-fixture.h"

#include "rb-test.h"

void
preset_set_up (PresetFixture *fixture,
               gconstpointer  data)
{
  g_autofree char *path = NULL;

  rb_driver_fixture_set_up (&fixture->driver);
  fixture->path = g_strdup (g_getenv ("PATH"));
  path = g_strconcat (fixture->driver.dir, ":/usr/bin:/bin", NULL);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("OUT", fixture->driver.dir, TRUE);
}

void
preset_tear_down (PresetFixture *fixture,
                  gconstpointer  data)
{
  rb_driver_fixture_tear_down (&fixture->driver);
  g_setenv ("PATH", fixture->path, TRUE);
  g_unsetenv ("OUT");
  g_free (fixture->path);
}

void
preset_add_program (PresetFixture *fixture,
                    const char    *name,
                    const char    *text)
{
  g_free (rb_driver_fixture_add_program (&fixture->driver, name, text));
}

gboolean
preset_configure (PresetFixture  *fixture,
                  const char     *command,
                  const char     *output,
                  GError        **error)
{
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  RbModuleEnvironment environment = { .spawn = { .no_units = TRUE } };

  for (const RbModuleSetting *setting = rb_module_info.settings; setting->key != NULL; setting++)
    if (setting->default_value != NULL)
      g_hash_table_replace (settings, (gpointer) setting->key, (gpointer) setting->default_value);
  if (command != NULL)
    g_hash_table_replace (settings, (gpointer) "command", (gpointer) command);
  if (output != NULL)
    g_hash_table_replace (settings, (gpointer) "output", (gpointer) output);

  return rb_driver_fixture_configure (&fixture->driver, &environment, settings, error);
}

gboolean
preset_is_available (PresetFixture  *fixture,
                     GError        **error)
{
  return rb_spawn_driver_is_available (RB_SPAWN_DRIVER (fixture->driver.module), rb_module_info.name, error);
}

GPid
preset_spawn (PresetFixture  *fixture,
              const char     *prompt,
              GError        **error)
{
  return rb_driver_fixture_spawn (&fixture->driver, rb_module_info.name, prompt, NULL, error);
}

static gboolean
is_whole (const char  *path,
          char       **text)
{
  g_clear_pointer (text, g_free);
  return g_file_get_contents (path, text, NULL, NULL) && g_str_has_suffix (*text, "end\n");
}

char *
preset_read (PresetFixture *fixture,
             const char    *name)
{
  g_autofree char *path = g_build_filename (fixture->driver.dir, name, NULL);
  char *text = NULL;

  rb_test_wait_until (is_whole (path, &text));
  return text;
}
