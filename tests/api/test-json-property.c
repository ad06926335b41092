/* test-json-property.c: RbJson and json-glib on the same mutated texts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "json-cases.h"
#include "rb-test.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* json-glib is lenient, so it may take more than we do; what we take it must take too, and read the same way. */

#define N_ROUNDS 50000

static const char *const larger[] = {
  "{\"event\":\"MESSAGE_RECEIVED\",\"messageId\":\"0af76519-16cd-43dd-8448-eb211c80319c\",\"seq\":17,"
  "\"from\":\"a@example.net\","
  "\"content\":\"line one\\nline two \\u00e9 \xC3\xA9 \\ud83d\\ude00\",\"metadata\":{\"traceparent\":"
  "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\"require_live\":false,\"n\":[1,2.5,-3e2,null,true]}}",
  "[{\"a\":{\"b\":{\"c\":[[],[{}],[{\"d\":\"\"}]]}}},\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",-0.5e-10,123456789012]",
  "{\"a\":1,\"\\u0061\":2,\"b\":{\"x\":1,\"x\":2},\"\":[\"\",\" \",\"\xE2\x82\xAC\xF0\x9F\x98\x80\"]}",
};

static const char *const tokens[] = {
  "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\u0041", "\\ud83d", "\\ude00", "\\n", "0", "1", "-", ".", "e",
  "E+", "true", "false", "null", " ", "\n", "\t", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF", "\x80", "a",
  "\"a\":1", "\"a\",", "[]", "{}", "'", "/", "NaN", "\x01", "9007199254740993", "1e400",
};

static GString *
pick_text (void)
{
  guint n = json_n_accepted + 10 * G_N_ELEMENTS (larger);
  guint i = g_test_rand_int_range (0, n);

  if (i < json_n_accepted)
    return g_string_new_len (json_accepted[i].text, json_accepted[i].length);
  return g_string_new (larger[(i - json_n_accepted) % G_N_ELEMENTS (larger)]);
}

static void
mutate (GString *text)
{
  guint at = g_test_rand_int_range (0, text->len + 1);
  gsize wanted = g_test_rand_int_range (1, 8);
  gsize length = MIN (wanted, text->len - at);
  g_autofree char *piece = g_strndup (text->str + at, length);

  switch (g_test_rand_int_range (0, 5))
    {
    case 0:
      g_string_erase (text, at, length);
      break;
    case 1:
      g_string_insert (text, at, tokens[g_test_rand_int_range (0, G_N_ELEMENTS (tokens))]);
      break;
    case 2:
      if (at < text->len)
        text->str[at] = g_test_rand_int_range (0, 256);
      break;
    case 3:
      if (at < text->len)
        text->str[at] ^= 1 << g_test_rand_int_range (0, 8);
      break;
    default:
      g_string_insert (text, g_test_rand_int_range (0, text->len + 1), piece);
      break;
    }
}

static void assert_same (const RbJson *json, JsonNode *node);

static void
assert_same_object (const RbJson *json,
                    JsonObject   *object)
{
  g_assert_cmpuint (rb_json_get_length (json), ==, json_object_get_size (object));

  for (guint i = 0; i < rb_json_get_length (json); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (json, i);
      g_autoptr(GBytes) slice = rb_json_dup_item_slice (json, i);
      g_autoptr(GBytes) by_name = rb_json_dup_slice (json, name);
      g_autoptr(RbJson) member = rb_json_parse (slice, 0, NULL);

      g_assert_nonnull (member);
      g_assert_true (g_bytes_equal (slice, by_name));
      assert_same (member, json_object_get_member (object, name));
    }
}

static void
assert_same_array (const RbJson *json,
                   JsonArray    *array)
{
  g_assert_cmpuint (rb_json_get_length (json), ==, json_array_get_length (array));

  for (guint i = 0; i < rb_json_get_length (json); i++)
    {
      g_autoptr(GBytes) slice = rb_json_dup_item_slice (json, i);
      g_autoptr(RbJson) item = rb_json_parse (slice, 0, NULL);

      g_assert_nonnull (item);
      assert_same (item, json_array_get_element (array, i));
    }
}

static void
assert_same_number (const RbJson *json,
                    JsonNode     *node)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (rb_json_get_text (json), NULL),
                                     g_bytes_get_size (rb_json_get_text (json)));

  g_assert_true (JSON_NODE_HOLDS_VALUE (node));
  if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    g_assert_cmpfloat (json_node_get_double (node), ==, g_ascii_strtod (text, NULL));
  else if (strlen (text) < 18)
    g_assert_cmpint (json_node_get_int (node), ==, g_ascii_strtoll (text, NULL, 10));
}

static void
assert_same (const RbJson *json,
             JsonNode     *node)
{
  g_autofree char *string = NULL;

  g_assert_nonnull (node);
  switch (rb_json_get_root_type (json))
    {
    case RB_JSON_NULL:
      g_assert_true (JSON_NODE_HOLDS_NULL (node));
      break;
    case RB_JSON_BOOLEAN:
      g_assert_cmpint (json_node_get_value_type (node), ==, G_TYPE_BOOLEAN);
      g_assert_cmpint (json_node_get_boolean (node), ==, g_bytes_get_size (rb_json_get_text (json)) == 4);
      break;
    case RB_JSON_NUMBER:
      assert_same_number (json, node);
      break;
    case RB_JSON_STRING:
      string = rb_json_slice_to_string (rb_json_get_text (json), NULL);
      g_assert_cmpint (json_node_get_value_type (node), ==, G_TYPE_STRING);
      g_assert_cmpstr (json_node_get_string (node), ==, string);
      break;
    case RB_JSON_ARRAY:
      g_assert_true (JSON_NODE_HOLDS_ARRAY (node));
      assert_same_array (json, json_node_get_array (node));
      break;
    case RB_JSON_OBJECT:
      g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
      assert_same_object (json, json_node_get_object (node));
      break;
    case RB_JSON_ABSENT:
      g_assert_not_reached ();
    }
}

/* json-glib cuts strings at an escaped U+0000; we keep them. */
static gboolean
is_beyond_json_glib (const GString *text)
{
  return g_strstr_len (text->str, text->len, "\\u0000") != NULL;
}

static char *
digest_of (GBytes *slice)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  rb_json_slice_digest (slice, checksum);
  return g_strdup (g_checksum_get_string (checksum));
}

/* Returns whether @text was worth anything: taken by us. */
static gboolean
check (const GString *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text->str, text->len);
  g_autoptr(RbJson) json = rb_json_parse (bytes, 0, NULL);
  g_autoptr(JsonParser) parser = NULL;
  g_autoptr(GError) error = NULL;

  if (json == NULL)
    return FALSE;
  if (is_beyond_json_glib (text))
    return TRUE;

  parser = json_parser_new_immutable ();
  json_parser_load_from_data (parser, text->str, text->len, &error);
  g_assert_no_error (error);
  assert_same (json, json_parser_get_root (parser));

  if (rb_json_get_root_type (json) == RB_JSON_OBJECT)
    {
      g_autoptr(GBytes) edited = rb_json_object_edit (bytes, NULL, NULL);
      g_autofree char *before = digest_of (bytes);
      g_autofree char *after = digest_of (edited);

      g_assert_cmpstr (before, ==, after);
    }
  return TRUE;
}

static void
test_accepted (void)
{
  g_test_summary ("json-glib takes every accepted case, and reads the same.");

  for (gsize i = 0; i < json_n_accepted; i++)
    {
      g_autoptr(GString) text = g_string_new_len (json_accepted[i].text, json_accepted[i].length);

      g_test_message ("%s", json_accepted[i].name);
      g_assert_true (check (text));
    }
}

static void
test_mutated (void)
{
  guint n_taken = 0;

  g_test_summary ("json-glib takes every mutated text that we take, and reads the same.");

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr(GString) text = pick_text ();
      guint n_mutations = g_test_rand_int_range (1, 6);

      for (guint i = 0; i < n_mutations; i++)
        {
          mutate (text);
          n_taken += check (text);
        }
    }

  g_test_message ("%u texts were taken", n_taken);
  g_assert_cmpuint (n_taken, >, N_ROUNDS / 20);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/json-property/accepted", test_accepted);
  g_test_add_func ("/json-property/mutated", test_mutated);

  return g_test_run ();
}
