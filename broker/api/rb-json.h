/* rb-json.h: a checked, indexed JSON text whose members are slices of the input
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Untrusted text is scanned once: grammar (RFC 8259, strict), UTF-8, size, depth. Members of the
 * top value are indexed as slices; of duplicate keys the last wins. Lone surrogate escapes are
 * refused. Nothing recurses, so depth costs no stack. Source: protocol.md 1.2 and Appendix D. */

#define RB_JSON_MAX_DEPTH 64
#define RB_JSON_MAX_INTEGER (G_GINT64_CONSTANT (1) << 53)

#define RB_TYPE_JSON (rb_json_get_type ())

typedef struct _RbJson RbJson;

typedef enum {
  RB_JSON_ABSENT,   /* no such member */
  RB_JSON_NULL,
  RB_JSON_BOOLEAN,
  RB_JSON_NUMBER,
  RB_JSON_STRING,
  RB_JSON_ARRAY,
  RB_JSON_OBJECT,
} RbJsonType;

GType       rb_json_get_type              (void);

/* Any value at the root. @max_bytes 0: no limit of its own. Fails with RB_ERROR_INVALID
 * ("bad_request") on grammar, depth or UTF-8, RB_ERROR_TOO_LARGE ("body_too_large") on size. */
RbJson     *rb_json_parse                 (GBytes      *text,
                                           gsize        max_bytes,
                                           GError     **error);
/* As above, but the root must be an object. */
RbJson     *rb_json_parse_object          (GBytes      *text,
                                           gsize        max_bytes,
                                           GError     **error);
/* For what others send: @text itself, or a copy whose lone surrogate escapes say U+FFFD, so that a text that was cut in the middle of a
 * character is no reason to refuse all of it (Appendix D). */
GBytes     *rb_json_mend                  (GBytes      *text);
/* For what cannot be refused as a whole: @text itself, or a copy without what is nested too deeply. */
GBytes     *rb_json_prune                 (GBytes      *text);
RbJson     *rb_json_ref                   (RbJson      *self);
void        rb_json_unref                 (RbJson      *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbJson, rb_json_unref)

RbJsonType  rb_json_get_root_type         (const RbJson *self);
GBytes     *rb_json_get_text              (const RbJson *self);          /* borrowed; the root's text, trimmed */
guint       rb_json_get_length            (const RbJson *self);          /* members or items */
/* Of an object, in input order; U+0000 becomes U+FFFD. */
char       *rb_json_dup_member_name       (const RbJson *self, guint i);

/* Of an object, by name. */
RbJsonType  rb_json_get_member_type       (const RbJson *self, const char *name);
GBytes     *rb_json_dup_slice             (const RbJson *self, const char *name);  /* text of the value; NULL when absent */
RbJson     *rb_json_open                  (const RbJson *self, const char *name, GError **error); /* object or array */

/* Required: absent, null and another type fail with RB_ERROR_INVALID "bad_request", "'name' must be a string".
 * A string with U+0000 is refused too (a C string cannot hold it; slices can). */
char       *rb_json_dup_string            (const RbJson *self, const char *name, GError **error);
gboolean    rb_json_get_int               (const RbJson *self, const char *name, gint64 *value, GError **error);

/* Optional: absent and null give NULL or @fallback; another type fails as above. */
gboolean    rb_json_get_optional_string   (const RbJson *self, const char *name, char **value, GError **error);
gboolean    rb_json_get_optional_int      (const RbJson *self, const char *name, gint64 fallback, gint64 *value, GError **error);
gboolean    rb_json_get_optional_double   (const RbJson *self, const char *name, double fallback, double *value, GError **error);
gboolean    rb_json_get_optional_boolean  (const RbJson *self, const char *name, gboolean fallback, gboolean *value, GError **error);
gboolean    rb_json_get_optional_strv     (const RbJson *self, const char *name, GStrv *value, GError **error);

/* Lenient: NULL unless the member is a string without U+0000. For metadata, where a wrong type counts as absent. */
char       *rb_json_peek_string           (const RbJson *self, const char *name);

/* Of an array, by position; of an object, the values of its members in input order. */
RbJsonType  rb_json_get_item_type         (const RbJson *self, guint i);
GBytes     *rb_json_dup_item_slice        (const RbJson *self, guint i);
RbJson     *rb_json_open_item             (const RbJson *self, guint i, GError **error);
char       *rb_json_dup_item_string       (const RbJson *self, guint i, GError **error);

/* On slices that passed a scan (a JSON string with its quotes, an object with its braces). */
char       *rb_json_slice_to_string       (GBytes      *slice, GError **error);   /* fails on U+0000 */
char       *rb_json_slice_preview         (GBytes      *slice, guint max_code_points); /* U+0000 becomes U+FFFD */
GBytes     *rb_json_slice_from_string     (const char  *text);                    /* quotes and escapes */

/* The object without the members of @drop (NULL-terminated, may be NULL), other slices byte for byte (duplicates
 * gone, no white space between), with the text @append ("\"a\":1,\"b\":{}", no braces; may be NULL or "") at the
 * end. */
GBytes     *rb_json_object_edit           (GBytes      *object,
                                           const char *const *drop,
                                           const char  *append);

/* Feeds a canonical form (keys sorted, escapes resolved, numbers by value), so that texts that mean the same give
 * the same digest. Source: protocol.md 11.8, fingerprint. */
void        rb_json_slice_digest          (GBytes      *slice, GChecksum *checksum);

G_END_DECLS
