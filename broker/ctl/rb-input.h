/* rb-input.h: a text from standard input
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All of it. Fails with RB_ERROR_TOO_LARGE "input_too_large" and RB_ERROR_INVALID "not_utf8". */
char *rb_input_read (GError **error);

G_END_DECLS
