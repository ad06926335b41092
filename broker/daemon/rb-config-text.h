/* rb-config-text.h: one key of a settings file's text, set or taken out, and not a byte of the rest changed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. Comments, order, spaces and what is not understood stay as a person wrote them; that is why it is not GKeyFile that writes. @text must be
 * a key file. */

/* (transfer full): a key that is there gets the value in its place (the last one, which counts), a new one stands behind the others of its group,
 * a new group at the end. @value: escaped already, one line. */
char *rb_config_text_set    (const char *text, const char *group, const char *key, const char *value);
/* (transfer full) (nullable): without the key, wherever it stood; NULL: it was not there. */
char *rb_config_text_unset  (const char *text, const char *group, const char *key);

G_END_DECLS
