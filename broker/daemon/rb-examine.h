/* rb-examine.h: what `brokerctl doctor` sees of files and settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-setup.h"

G_BEGIN_DECLS

/* Reads settings, modules, directories, files and the database, and changes nothing. Prints an array of objects with "check", "state" (ok,
 * warn, fail, skipped), "seen" and, where something is to be done, "advice"; both in the person's language. Returns the exit code. */
int rb_examine_run (RbSetupOptions *options);

G_END_DECLS
