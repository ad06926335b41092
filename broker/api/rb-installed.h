/* rb-installed.h: where what was installed beside a program lies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @dir: where the build says it is. @in_build: its name in a build folder. @program: (nullable) path of the program that asks.
 * What lies beside the program wins where it exists: in a build folder, or in a tree that was moved after it was installed. */
char *rb_installed_dup_dir   (const char *dir,
                              const char *in_build,
                              const char *program);
/* The language of the session, for the program that runs; once, at its start. */
void  rb_installed_init_text (void);

G_END_DECLS
