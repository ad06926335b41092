/* fuzz-json.c: any bytes at all through every door of RbJson
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-json.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static RbJson *
parse_again (GBytes *text)
{
  RbJson *json = rb_json_parse (text, 0, NULL);

  g_assert_nonnull (json);
  return json;
}

/* What is decoded is UTF-8, and reads the same when it is quoted again. */
static void
check_string (GBytes *slice)
{
  g_autofree char *text = rb_json_slice_to_string (slice, NULL);
  g_autofree char *preview = rb_json_slice_preview (slice, 80);
  g_autofree char *again = NULL;
  g_autoptr(GBytes) quoted = NULL;

  g_assert_true (g_utf8_validate (preview, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (preview, -1), <=, 80);
  if (text == NULL)
    return;

  g_assert_true (g_utf8_validate (text, -1, NULL));
  quoted = rb_json_slice_from_string (text);
  again = rb_json_slice_to_string (quoted, NULL);
  g_assert_cmpstr (text, ==, again);
}

static void
check_getters (const RbJson *json,
               const char   *name)
{
  g_autofree char *string = NULL;
  g_auto(GStrv) strv = NULL;
  gboolean flag;
  double number;
  gint64 integer;

  if (rb_json_get_optional_int (json, name, 0, &integer, NULL))
    g_assert_cmpint (ABS (integer), <=, RB_JSON_MAX_INTEGER);
  rb_json_get_optional_double (json, name, 0, &number, NULL);
  rb_json_get_optional_boolean (json, name, FALSE, &flag, NULL);
  rb_json_get_optional_string (json, name, &string, NULL);
  rb_json_get_optional_strv (json, name, &strv, NULL);
}

static char *
digest_of (GBytes *slice)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  rb_json_slice_digest (slice, checksum);
  return g_strdup (g_checksum_get_string (checksum));
}

/* An edit that drops nothing means the same; one that drops a member has one less. */
static void
check_edit (RbJson *json)
{
  g_autofree char *first = rb_json_dup_member_name (json, 0);
  const char *drop[] = { first, NULL };
  g_autoptr(GBytes) kept = rb_json_object_edit (rb_json_get_text (json), NULL, NULL);
  g_autoptr(GBytes) dropped = rb_json_object_edit (rb_json_get_text (json), drop, "\"\\u0000\":[]");
  g_autofree char *before = digest_of (rb_json_get_text (json));
  g_autofree char *after = digest_of (kept);
  g_autoptr(RbJson) edited = parse_again (dropped);

  g_assert_cmpstr (before, ==, after);
  if (first != NULL)
    g_assert_cmpint (rb_json_get_member_type (edited, first), ==, RB_JSON_ABSENT);
}

static void
check_embedded (RbJson *json)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) again = NULL;

  rb_json_writer_slice (writer, NULL, rb_json_get_text (json));
  text = rb_json_writer_end (writer);
  again = parse_again (text);
  g_assert_cmpint (rb_json_get_root_type (again), ==, rb_json_get_root_type (json));
  g_assert_cmpuint (rb_json_get_length (again), ==, rb_json_get_length (json));
}

/* Calls itself for what is nested, which is bounded by RB_JSON_MAX_DEPTH. */
static void
check_value (RbJson *json)
{
  if (rb_json_get_root_type (json) == RB_JSON_STRING)
    check_string (rb_json_get_text (json));
  if (rb_json_get_root_type (json) == RB_JSON_OBJECT)
    check_edit (json);
  check_embedded (json);

  for (guint i = 0; i < rb_json_get_length (json); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (json, i);
      g_autoptr(GBytes) slice = rb_json_dup_item_slice (json, i);
      g_autoptr(RbJson) value = parse_again (slice);

      g_assert_cmpint (rb_json_get_item_type (json, i), ==, rb_json_get_root_type (value));
      if (name != NULL)
        {
          g_assert_true (g_utf8_validate (name, -1, NULL));
          check_getters (json, name);
        }
      check_value (value);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) text = NULL;
  g_autoptr(GBytes) pruned = NULL;
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;

  /* Each level is read again by all above it; longer inputs find nothing new. */
  if (size > 65536)
    return 0;

  text = g_bytes_new (data, size);
  json = rb_json_parse (text, 0, &error);
  g_assert_true ((json != NULL) == (error == NULL));
  pruned = rb_json_prune (text);
  g_assert_true (json == NULL || pruned == text);
  if (json == NULL)
    return 0;

  g_assert_true (g_utf8_validate_len ((const char *) data, size, NULL));
  check_value (json);
  return 0;
}
