/* rb-json-private.h: what the files of RbJson share: the scan, pieces of a text, the index
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"

G_BEGIN_DECLS

/* A value or a member's name: its bytes in the text, quotes and braces included.
 * @escaped: a string with a backslash. */
typedef struct {
  guint32 at;
  guint32 length : 31;
  guint32 escaped : 1;
} RbJsonSpan;

#define RB_JSON_MAX_TEXT G_MAXINT32

/* The inside of a JSON string, or any other UTF-8 when @escaped is FALSE. */
typedef struct {
  const char *text;
  gsize       length;
  gboolean    escaped;
} RbJsonString;

/* A number without loss: 0.@digits * 10^@point, where @digits is the text from @digits to @digits_end without a
 * decimal point, and neither starts nor ends with a zero. Zero has no digits. */
typedef struct {
  gboolean    negative;
  const char *digits;
  const char *digits_end;
  gsize       n_digits;
  gint64      point;
  gboolean    comparable; /* FALSE: the exponent is absurd, @point is not to be used */
} RbJsonNumber;

/* rb-json-scan.c */
G_GNUC_INTERNAL gboolean rb_json_scan (const char *text, gsize length, guint levels, GArray *spans, GError **error);

/* rb-json-piece.c: all of these take what passed the scan */
G_GNUC_INTERNAL RbJsonType   rb_json_text_type        (const char *text);
G_GNUC_INTERNAL RbJsonString rb_json_string_of_span   (const char *text, const RbJsonSpan *span);
G_GNUC_INTERNAL gunichar     rb_json_string_next      (RbJsonString *rest);
G_GNUC_INTERNAL int          rb_json_string_compare   (const RbJsonString *a, const RbJsonString *b);
G_GNUC_INTERNAL gboolean     rb_json_string_equal     (const RbJsonString *a, const RbJsonString *b);
G_GNUC_INTERNAL char        *rb_json_string_decode    (const RbJsonString *string, gsize *length);
G_GNUC_INTERNAL void         rb_json_number_read      (const char *text, gsize length, RbJsonNumber *number);
G_GNUC_INTERNAL gboolean     rb_json_number_to_int    (const char *text, gsize length, gint64 *value);
G_GNUC_INTERNAL gboolean     rb_json_number_to_double (const char *text, gsize length, double *value);

/* rb-json.c: spans are NULL for what is not there; all point into the data */
G_GNUC_INTERNAL const char       *rb_json_get_data      (const RbJson *self);
G_GNUC_INTERNAL const RbJsonSpan *rb_json_lookup        (const RbJson *self, const char *name);
G_GNUC_INTERNAL const RbJsonSpan *rb_json_name_at       (const RbJson *self, guint i);
G_GNUC_INTERNAL const RbJsonSpan *rb_json_value_at      (const RbJson *self, guint i);
G_GNUC_INTERNAL RbJsonType        rb_json_span_type     (const RbJson *self, const RbJsonSpan *span);
G_GNUC_INTERNAL GBytes           *rb_json_span_to_slice (const RbJson *self, const RbJsonSpan *span);

G_END_DECLS
