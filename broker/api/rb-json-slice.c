/* rb-json-slice.c: what can be done with a slice of JSON without a document
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "rb-error.h"
#include "rb-json-private.h"
#include "rb-json-writer.h"

#include <string.h>

/* Of UTF-8 text no byte is this one, so it ends a piece whatever the piece holds. */
#define DIGEST_END "\xFF"

static gboolean
read_string (GBytes       *slice,
             RbJsonString *string)
{
  gsize size;
  const char *data = g_bytes_get_data (slice, &size);

  if (size < 2 || data[0] != '"')
    return FALSE;

  string->text = data + 1;
  string->length = size - 2;
  string->escaped = memchr (string->text, '\\', string->length) != NULL;
  return TRUE;
}

/**
 * rb_json_slice_to_string:
 * @slice: a JSON value that passed a scan
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "bad_request" if @slice is not a string, or has
 * a U+0000, which a C string cannot hold.
 *
 * Returns: (transfer full): what the string says, or %NULL
 */
char *
rb_json_slice_to_string (GBytes  *slice,
                         GError **error)
{
  g_autofree char *decoded = NULL;
  RbJsonString string;
  gsize length;

  g_return_val_if_fail (slice != NULL, NULL);

  if (!read_string (slice, &string))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "JSON: not a string");
      return NULL;
    }

  decoded = rb_json_string_decode (&string, &length);
  if (strlen (decoded) != length)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "JSON: U+0000 in a string");
      return NULL;
    }
  return g_steal_pointer (&decoded);
}

/**
 * rb_json_slice_preview:
 * @slice: a JSON value that passed a scan
 * @max_code_points: how much of it to show
 *
 * Looks at no more of @slice than it shows. A value other than a string is
 * shown as its text. Source: protocol.md 10.3.
 *
 * Returns: (transfer full): the beginning of what the string says, with U+FFFD
 *   for U+0000
 */
char *
rb_json_slice_preview (GBytes *slice,
                       guint   max_code_points)
{
  GString *preview = NULL;
  RbJsonString rest;

  g_return_val_if_fail (slice != NULL, NULL);

  preview = g_string_new (NULL);
  if (!read_string (slice, &rest))
    rest = (RbJsonString) { g_bytes_get_data (slice, NULL), g_bytes_get_size (slice), FALSE };

  for (guint i = 0; i < max_code_points && rest.length > 0; i++)
    {
      gunichar c = rb_json_string_next (&rest);

      g_string_append_unichar (preview, c != 0 ? c : 0xFFFD);
    }
  return g_string_free (preview, FALSE);
}

/**
 * rb_json_slice_from_string:
 * @text: UTF-8
 *
 * Returns: (transfer full): @text as a JSON string
 */
GBytes *
rb_json_slice_from_string (const char *text)
{
  RbJsonWriter *writer = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  writer = rb_json_writer_new ();
  rb_json_writer_string (writer, NULL, text);
  return rb_json_writer_end (writer);
}

static gboolean
is_listed (const RbJsonString *name,
           const char *const  *list)
{
  for (gsize i = 0; list != NULL && list[i] != NULL; i++)
    {
      RbJsonString listed = { list[i], strlen (list[i]), FALSE };

      if (rb_json_string_equal (name, &listed))
        return TRUE;
    }
  return FALSE;
}

static void
append_separated (GByteArray *out,
                  const char *text,
                  gsize       length)
{
  if (out->len > 1)
    g_byte_array_append (out, (const guint8 *) ",", 1);
  g_byte_array_append (out, (const guint8 *) text, length);
}

/**
 * rb_json_object_edit:
 * @object: a JSON object that passed a scan
 * @drop: (nullable) (array zero-terminated=1): names of members to leave out,
 *   however they are spelled in @object
 * @append: (nullable): ready members without braces to put at the end; the
 *   caller lists their names in @drop, so that none occurs twice
 *
 * Returns: (transfer full): an object of the other members, names and values
 *   byte for byte (of members with one name, the last), without white space
 *   between them
 */
GBytes *
rb_json_object_edit (GBytes            *object,
                     const char *const *drop,
                     const char        *append)
{
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;
  GByteArray *out = NULL;

  g_return_val_if_fail (object != NULL, NULL);

  json = rb_json_parse_object (object, 0, &error);
  if (json == NULL)
    {
      g_critical ("edit of a slice that is not an object: %s", error->message);
      return NULL;
    }

  out = g_byte_array_sized_new (g_bytes_get_size (object) + (append != NULL ? strlen (append) : 0) + 2);
  g_byte_array_append (out, (const guint8 *) "{", 1);

  for (guint i = 0; i < rb_json_get_length (json); i++)
    {
      const char *data = rb_json_get_data (json);
      const RbJsonSpan *name = rb_json_name_at (json, i);
      const RbJsonSpan *value = rb_json_value_at (json, i);
      RbJsonString string = rb_json_string_of_span (data, name);

      if (is_listed (&string, drop))
        continue;
      append_separated (out, data + name->at, name->length);
      g_byte_array_append (out, (const guint8 *) ":", 1);
      g_byte_array_append (out, (const guint8 *) data + value->at, value->length);
    }

  if (append != NULL && *append != '\0')
    append_separated (out, append, strlen (append));
  g_byte_array_append (out, (const guint8 *) "}", 1);
  return g_byte_array_free_to_bytes (out);
}

/* The whole text, every level, as spans in the order of the text. */
typedef struct {
  const char *data;
  GArray *spans;
  GChecksum *checksum;
} Digest;

typedef struct {
  RbJsonString name;
  guint value; /* index of its span */
} Member;

static inline const RbJsonSpan *
span_at (const Digest *digest,
         guint         i)
{
  return &g_array_index (digest->spans, RbJsonSpan, i);
}

/* The span after value @i and all that is in it: spans are ordered, so it is found by halving. */
static guint
next_value (const Digest *digest,
            guint         i)
{
  guint32 end = span_at (digest, i)->at + span_at (digest, i)->length;
  guint low = i + 1;
  guint high = digest->spans->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (span_at (digest, middle)->at < end)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
feed (Digest     *digest,
      const char *text,
      gsize       length)
{
  g_checksum_update (digest->checksum, (const guchar *) text, length);
}

static void
feed_string (Digest             *digest,
             const RbJsonString *string)
{
  feed (digest, "\"", 1);
  if (string->escaped)
    {
      gsize length;
      g_autofree char *decoded = rb_json_string_decode (string, &length);

      feed (digest, decoded, length);
    }
  else
    {
      feed (digest, string->text, string->length);
    }
  feed (digest, DIGEST_END, 1);
}

/* Exact, so that numbers that a double could not tell apart differ. Minus zero is zero. */
static void
feed_number (Digest           *digest,
             const RbJsonSpan *span)
{
  char exponent[32];
  RbJsonNumber number;

  rb_json_number_read (digest->data + span->at, span->length, &number);
  if (!number.comparable)
    {
      feed (digest, "?", 1);
      feed (digest, digest->data + span->at, span->length);
      feed (digest, DIGEST_END, 1);
      return;
    }

  feed (digest, number.negative && number.n_digits > 0 ? "-" : "+", 1);
  for (const char *p = number.digits; p < number.digits_end;)
    {
      const char *point = memchr (p, '.', number.digits_end - p);
      const char *stop = point != NULL ? point : number.digits_end;

      feed (digest, p, stop - p);
      p = point != NULL ? point + 1 : stop;
    }
  g_snprintf (exponent, sizeof exponent, "e%" G_GINT64_FORMAT, number.n_digits > 0 ? number.point : 0);
  feed (digest, exponent, strlen (exponent));
  feed (digest, DIGEST_END, 1);
}

static int
compare_members (gconstpointer a,
                 gconstpointer b)
{
  const Member *left = a;
  const Member *right = b;
  int order = rb_json_string_compare (&left->name, &right->name);

  return order != 0 ? order : (left->value > right->value) - (left->value < right->value);
}

/* Members of the object @i by name; of equal names, the last. */
static GArray *
sort_members (const Digest *digest,
              guint         i)
{
  GArray *members = g_array_new (FALSE, FALSE, sizeof (Member));
  guint end = next_value (digest, i);
  guint kept = 0;

  for (guint k = i + 1; k < end; k = next_value (digest, k + 1))
    {
      Member member = { rb_json_string_of_span (digest->data, span_at (digest, k)), k + 1 };

      g_array_append_val (members, member);
    }
  g_array_sort (members, compare_members);

  for (guint k = 0; k < members->len; k++)
    {
      const Member *member = &g_array_index (members, Member, k);

      if (k + 1 < members->len && rb_json_string_equal (&member->name, &member[1].name))
        continue;
      g_array_index (members, Member, kept) = *member;
      kept++;
    }
  g_array_set_size (members, kept);
  return members;
}

static void feed_value (Digest *digest, guint i);

static void
feed_object (Digest *digest,
             guint   i)
{
  g_autoptr(GArray) members = sort_members (digest, i);

  feed (digest, "{", 1);
  for (guint k = 0; k < members->len; k++)
    {
      const Member *member = &g_array_index (members, Member, k);

      feed_string (digest, &member->name);
      feed_value (digest, member->value);
    }
  feed (digest, "}", 1);
}

static void
feed_array (Digest *digest,
            guint   i)
{
  guint end = next_value (digest, i);

  feed (digest, "[", 1);
  for (guint k = i + 1; k < end; k = next_value (digest, k))
    feed_value (digest, k);
  feed (digest, "]", 1);
}

/* Calls itself for what is nested, which the scan has bounded by RB_JSON_MAX_DEPTH. */
static void
feed_value (Digest *digest,
            guint   i)
{
  const RbJsonSpan *span = span_at (digest, i);
  const char *text = digest->data + span->at;
  RbJsonString string;

  switch (rb_json_text_type (text))
    {
    case RB_JSON_OBJECT:
      feed_object (digest, i);
      break;
    case RB_JSON_ARRAY:
      feed_array (digest, i);
      break;
    case RB_JSON_STRING:
      string = rb_json_string_of_span (digest->data, span);
      feed_string (digest, &string);
      break;
    case RB_JSON_NUMBER:
      feed_number (digest, span);
      break;
    case RB_JSON_BOOLEAN:
    case RB_JSON_NULL:
    case RB_JSON_ABSENT:
      feed (digest, text, 1);
      break;
    }
}

/**
 * rb_json_slice_digest:
 * @slice: a JSON value that passed a scan
 * @checksum: gets a canonical form: names sorted and once, escapes resolved,
 *   numbers by value
 *
 * Two texts that mean the same feed the same bytes, and others do not: `1`,
 * `1.0` and `1e0` are equal, as are `"\u0061"` and `"a"`. The form is fed
 * self-delimiting, so that several slices may go into one checksum. Source:
 * protocol.md 11.8, fingerprint.
 */
void
rb_json_slice_digest (GBytes    *slice,
                      GChecksum *checksum)
{
  g_autoptr(GArray) spans = NULL;
  g_autoptr(GError) error = NULL;
  Digest digest;
  gsize size;

  g_return_if_fail (slice != NULL);
  g_return_if_fail (checksum != NULL);

  spans = g_array_new (FALSE, FALSE, sizeof (RbJsonSpan));
  digest = (Digest) { g_bytes_get_data (slice, &size), spans, checksum };
  if (!rb_json_scan (digest.data, size, RB_JSON_MAX_DEPTH, spans, &error))
    {
      g_critical ("digest of a slice that is not JSON: %s", error->message);
      return;
    }
  feed_value (&digest, 0);
}
