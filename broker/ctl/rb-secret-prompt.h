/* rb-secret-prompt.h: asks the person at the terminal for something that may be secret
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether there is a person to ask. */
gboolean  rb_secret_prompt_can_ask (void);
/* Shows @question on standard error and reads a line; with @is_secret it is not shown while it is typed. NULL: the person does not want
 * to, or the input has ended. Free with rb_secret_prompt_free(). */
char     *rb_secret_prompt_ask     (const char *question, gboolean is_secret);
/* Clears it first. */
void      rb_secret_prompt_free    (char *text);

G_END_DECLS
