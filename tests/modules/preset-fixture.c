/* preset-fixture.c: a spawn driver for one program, with programs of a test's own in PATH
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "preset-fixture.h"

#include "rb-test.h"

static void
on_exited (RbSpawnDriver *driver,
           const char    *token,
           int            status,
           const char    *output,
           PresetFixture *fixture)
{
  g_assert_null (fixture->token);
  fixture->token = g_strdup (token);
  fixture->status = status;
  fixture->output = g_strdup (output);
}

void
preset_set_up (PresetFixture *fixture,
               gconstpointer  data)
{
  g_autofree char *path = NULL;

  fixture->dir = rb_test_make_dir ();
  fixture->path = g_strdup (g_getenv ("PATH"));
  path = g_strconcat (fixture->dir, ":/usr/bin:/bin", NULL);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("OUT", fixture->dir, TRUE);
}

void
preset_tear_down (PresetFixture *fixture,
                  gconstpointer  data)
{
  if (fixture->module != NULL)
    g_assert_finalize_object (fixture->module);
  g_setenv ("PATH", fixture->path, TRUE);
  g_unsetenv ("OUT");
  g_free (fixture->dir);
  g_free (fixture->path);
  g_free (fixture->token);
  g_free (fixture->output);
}

void
preset_add_program (PresetFixture *fixture,
                    const char    *name,
                    const char    *text)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  g_autofree char *script = g_strconcat ("#!/bin/sh\n", text, "\n", NULL);

  g_assert_true (g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
}

gboolean
preset_configure (PresetFixture  *fixture,
                  const char     *command,
                  const char     *output,
                  GError        **error)
{
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(RbModuleContext) context = NULL;
  RbModuleEnvironment environment = { .state_dir = fixture->dir, .spawn = { .no_units = TRUE } };

  for (const RbModuleSetting *setting = rb_module_info.settings; setting->key != NULL; setting++)
    if (setting->default_value != NULL)
      g_hash_table_replace (settings, (gpointer) setting->key, (gpointer) setting->default_value);
  if (command != NULL)
    g_hash_table_replace (settings, (gpointer) "command", (gpointer) command);
  if (output != NULL)
    g_hash_table_replace (settings, (gpointer) "output", (gpointer) output);

  context = rb_module_context_new (&rb_module_info, &environment, settings);
  fixture->module = g_object_new (rb_module_info.get_type (), NULL);
  g_signal_connect (fixture->module, "exited", G_CALLBACK (on_exited), fixture);
  return rb_module_configure (fixture->module, context, error);
}

gboolean
preset_is_available (PresetFixture  *fixture,
                     GError        **error)
{
  return rb_spawn_driver_is_available (RB_SPAWN_DRIVER (fixture->module), rb_module_info.name, error);
}

GPid
preset_spawn (PresetFixture  *fixture,
              const char     *prompt,
              GError        **error)
{
  RbSpawnDriver *driver = RB_SPAWN_DRIVER (fixture->module);
  RbSpawnRequest request = { .kind = rb_module_info.name, .prompt = prompt, .token = "token-1" };
  g_autoptr(GAsyncResult) result = NULL;

  rb_spawn_driver_spawn_async (driver, &request, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_spawn_driver_spawn_finish (driver, result, error);
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
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  char *text = NULL;

  rb_test_wait_until (is_whole (path, &text));
  return text;
}
