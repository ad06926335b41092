/* rb-preset-driver.h: a spawn driver for one known program
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

typedef struct {
  const char *kind;         /* the only one it handles; also its module's name */
  const char *unset;        /* why it is not available without a command; NULL: a command is always set */
  const char *missing;      /* why not when the command's program is not there; NULL: said in our words */
  gboolean    is_argument;  /* the prompt is the last argument; FALSE: it is written to standard input */
  gboolean    is_launcher;  /* it ends well as soon as it has handed over: then nobody is told of its end */
} RbPreset;

/* The settings "command" (string), "output" ("null" or "tail") and "directory" of such a module. */
#define RB_PRESET_SETTINGS(command_, what_)                                                              \
  { "command", RB_SETTING_STRING, command_, what_ },                                                     \
  { "output", RB_SETTING_STRING, "null", "what happens to its output: null or tail (the end is kept)" }, \
  { "directory", RB_SETTING_PATH, NULL, "where it works, one that [spawn] directories allows; unset: its own" }, \
  { NULL }

/* A new type of that name that implements RbModule and RbSpawnDriver. @preset stays. */
GType  rb_preset_driver_register (const char *type_name, const RbPreset *preset);

G_END_DECLS
