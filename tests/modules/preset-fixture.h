/* preset-fixture.h: a spawn driver for one program, with programs of a test's own in PATH
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-driver-fixture.h"

G_BEGIN_DECLS

typedef struct {
  RbDriverFixture  driver;    /* its folder is all of PATH, besides the system's own */
  char            *path;      /* as it was */
} PresetFixture;

void      preset_set_up        (PresetFixture *fixture, gconstpointer data);
void      preset_tear_down     (PresetFixture *fixture, gconstpointer data);
/* A program in PATH. @text: what the shell runs */
void      preset_add_program   (PresetFixture *fixture, const char *name, const char *text);
/* @command, @output: NULL: as by default */
gboolean  preset_configure     (PresetFixture *fixture, const char *command, const char *output, GError **error);
gboolean  preset_is_available  (PresetFixture *fixture, GError **error);
GPid      preset_spawn         (PresetFixture *fixture, const char *prompt, GError **error);
/* What the program wrote to the file of that name in its folder; waits until it is whole, which "end\n" says. */
char     *preset_read          (PresetFixture *fixture, const char *name);

G_END_DECLS
