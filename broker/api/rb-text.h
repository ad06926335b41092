/* rb-text.h: text rules of the wire: trimming, units, code points
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 1.2. All take valid UTF-8. */

char  *rb_text_trim         (const char *text);                     /* the JavaScript white space set; new string */
gsize  rb_text_count_units  (const char *text);                     /* UTF-16 code units */
char  *rb_text_truncate     (const char *text, gsize code_points, gboolean *truncated);
/* NULL unless, trimmed, 1 to 256 units and not starting with "__masons_" (13.11). */
char  *rb_text_session_id   (const char *text);
/* Every UTF-16 unit outside A-Za-z0-9._- becomes one '_' (3.5). */
char  *rb_text_sanitise     (const char *text);

G_END_DECLS
