/* rb-driver-fixture.h: the spawn driver that a test is linked with, in a folder of its own, and how what it started ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

/* The module that the test is linked with. */
extern const RbModuleInfo rb_module_info;

typedef struct {
  char     *dir;
  RbModule *module;    /* NULL: not configured yet, or finalized by the test */
  char     *token;     /* of the last exit; NULL: none was told */
  int       status;
  char     *output;
} RbDriverFixture;

void      rb_driver_fixture_set_up    (RbDriverFixture *fixture);
void      rb_driver_fixture_tear_down (RbDriverFixture *fixture);
/* A program of the shell in its folder. Returns its path. */
char     *rb_driver_fixture_add_program (RbDriverFixture *fixture, const char *name, const char *text);
/* @environment: without its folder, which is this one's. @settings: char * to char *, as in the module's group */
gboolean  rb_driver_fixture_configure (RbDriverFixture *fixture, const RbModuleEnvironment *environment, GHashTable *settings, GError **error);
/* Of token "token-1". @directory: (nullable). 0: it failed */
GPid      rb_driver_fixture_spawn     (RbDriverFixture *fixture, const char *kind, const char *prompt, const char *directory, GError **error);

G_END_DECLS
