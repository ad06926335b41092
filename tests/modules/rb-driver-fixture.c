/* rb-driver-fixture.c: the spawn driver that a test is linked with, in a folder of its own, and how what it started ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-driver-fixture.h"

#include "rb-test.h"

void
rb_driver_fixture_set_up (RbDriverFixture *fixture)
{
  fixture->dir = rb_test_make_dir ();
}

void
rb_driver_fixture_tear_down (RbDriverFixture *fixture)
{
  if (fixture->module != NULL)
    g_assert_finalize_object (fixture->module);
  g_free (fixture->dir);
  g_free (fixture->token);
  g_free (fixture->output);
}

char *
rb_driver_fixture_add_program (RbDriverFixture *fixture,
                               const char      *name,
                               const char      *text)
{
  char *path = g_build_filename (fixture->dir, name, NULL);
  g_autofree char *script = g_strconcat ("#!/bin/sh\n", text, "\n", NULL);

  g_assert_true (g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  return path;
}

static void
on_exited (RbSpawnDriver   *driver,
           const char      *token,
           int              status,
           const char      *output,
           RbDriverFixture *fixture)
{
  g_assert_null (fixture->token);
  fixture->token = g_strdup (token);
  fixture->status = status;
  fixture->output = g_strdup (output);
}

gboolean
rb_driver_fixture_configure (RbDriverFixture            *fixture,
                             const RbModuleEnvironment  *environment,
                             GHashTable                 *settings,
                             GError                    **error)
{
  RbModuleEnvironment here = *environment;
  g_autoptr(RbModuleContext) context = NULL;

  here.state_dir = fixture->dir;
  context = rb_module_context_new (&rb_module_info, &here, settings);
  fixture->module = g_object_new (rb_module_info.get_type (), NULL);
  g_signal_connect (fixture->module, "exited", G_CALLBACK (on_exited), fixture);
  return rb_module_configure (fixture->module, context, error);
}

GPid
rb_driver_fixture_spawn (RbDriverFixture  *fixture,
                         const char       *kind,
                         const char       *prompt,
                         const char       *directory,
                         GError          **error)
{
  RbSpawnDriver *driver = RB_SPAWN_DRIVER (fixture->module);
  RbSpawnRequest request = { .kind = kind, .prompt = prompt, .token = "token-1", .directory = directory };
  g_autoptr(GAsyncResult) result = NULL;

  rb_spawn_driver_spawn_async (driver, &request, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_spawn_driver_spawn_finish (driver, result, error);
}
