/* rb-http-value.h: members of a JSON object as values of an a{sv}
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"

G_BEGIN_DECLS

/* Pure. Each copies the member @name of @json into @dict and says whether it was there and of its type; otherwise @dict stays as
 * it is. U+0000 in a text becomes U+FFFD. */
gboolean  rb_http_value_text       (const RbJson *json, const char *name, GVariantDict *dict);
gboolean  rb_http_value_id         (const RbJson *json, const char *name, GVariantDict *dict);   /* a text, neither empty nor with U+0000 */
gboolean  rb_http_value_number     (const RbJson *json, const char *name, GVariantDict *dict);   /* as x, a fraction cut off */
gboolean  rb_http_value_double     (const RbJson *json, const char *name, GVariantDict *dict);
gboolean  rb_http_value_boolean    (const RbJson *json, const char *name, GVariantDict *dict);
gboolean  rb_http_value_target     (const RbJson *json, const char *name, GVariantDict *dict);   /* target_ref (11.2) as a{sv} */
gboolean  rb_http_value_conversation (const RbJson *json, const char *name, GVariantDict *dict); /* conversation_ref (14.10) as a{sv} */
/* Any object as a{sv}, with s, b, x, d, av, a{sv} and, for null, an empty maybe; too deep a one counts as missing. */
gboolean  rb_http_value_object     (const RbJson *json, const char *name, GVariantDict *dict);

gboolean  rb_http_value_is_text    (const RbJson *json, const char *name, const char *text);

G_END_DECLS
