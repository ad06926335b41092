/* rb-elf.h: whether a file is a whole shared object for this machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The dynamic linker maps what the headers promise; where the file is shorter the process dies of SIGBUS. Fails with
 * RB_ERROR_INVALID, or RB_ERROR_UNAVAILABLE where the file cannot be read. */
gboolean  rb_elf_check  (int fd, const char *path, GError **error);

G_END_DECLS
