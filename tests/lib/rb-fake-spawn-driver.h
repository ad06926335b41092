/* rb-fake-spawn-driver.h: a spawn driver that starts nothing and remembers what it was asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-spawn-driver.h"

G_BEGIN_DECLS

#define RB_TYPE_FAKE_SPAWN_DRIVER (rb_fake_spawn_driver_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeSpawnDriver, rb_fake_spawn_driver, RB, FAKE_SPAWN_DRIVER, GObject)

struct _RbFakeSpawnDriver {
  GObject    parent_instance;
  char      *kind;            /* the only one it handles */
  char      *unavailable;     /* why not; NULL: it is available */
  GError    *failure;         /* starts fail with a copy of it; NULL: they succeed */
  gboolean   hold;
  GPtrArray *waiting;         /* of GTask: starts that were not answered; empty unless hold */
  GPtrArray *started;         /* of char *: "kind token prompt" */
  GHashTable *runtimes;       /* token to RbRuntime: what dup_runtime() tells; empty unless a test fills it */
  GHashTable *adopted;        /* token to RbRuntime */
  gboolean   adopts;
  GPtrArray *ended;           /* of char *: "token", "token force" */
};

RbFakeSpawnDriver *rb_fake_spawn_driver_new    (const char *kind);
void               rb_fake_spawn_driver_answer (RbFakeSpawnDriver *self);    /* all that wait */

G_END_DECLS
