/* test-json.c: what a checked JSON document gives out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "rb-error.h"
#include "rb-test.h"

#include <string.h>

#define LONG_NAME "a name that is as long as it takes to make a comparison cost something"

static RbJson *
parse (const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(GError) error = NULL;
  RbJson *json = rb_json_parse (bytes, 0, &error);

  g_assert_no_error (error);
  return json;
}

static void
assert_bytes (GBytes     *bytes,
              const char *text)
{
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

static void
assert_slice (const RbJson *json,
              const char   *name,
              const char   *text)
{
  g_autoptr(GBytes) slice = rb_json_dup_slice (json, name);

  if (text == NULL)
    g_assert_null (slice);
  else
    assert_bytes (slice, text);
}

static void
assert_refusal (gboolean    ok,
                GError    **error,
                const char *message)
{
  g_assert_false (ok);
  g_assert_error (*error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_cmpstr (rb_error_get_reason (*error), ==, "bad_request");
  g_assert_cmpstr ((*error)->message, ==, message);
  g_clear_error (error);
}

static void
test_types (void)
{
  g_autoptr(RbJson) json = parse ("{\"o\":{},\"a\":[],\"s\":\"\",\"n\":-1,\"t\":true,\"f\":false,\"z\":null}");

  g_test_summary ("A member has the type of its value; what is not there is absent.");

  g_assert_cmpint (rb_json_get_root_type (json), ==, RB_JSON_OBJECT);
  g_assert_cmpuint (rb_json_get_length (json), ==, 7);
  g_assert_cmpint (rb_json_get_member_type (json, "o"), ==, RB_JSON_OBJECT);
  g_assert_cmpint (rb_json_get_member_type (json, "a"), ==, RB_JSON_ARRAY);
  g_assert_cmpint (rb_json_get_member_type (json, "s"), ==, RB_JSON_STRING);
  g_assert_cmpint (rb_json_get_member_type (json, "n"), ==, RB_JSON_NUMBER);
  g_assert_cmpint (rb_json_get_member_type (json, "t"), ==, RB_JSON_BOOLEAN);
  g_assert_cmpint (rb_json_get_member_type (json, "f"), ==, RB_JSON_BOOLEAN);
  g_assert_cmpint (rb_json_get_member_type (json, "z"), ==, RB_JSON_NULL);
  g_assert_cmpint (rb_json_get_member_type (json, "O"), ==, RB_JSON_ABSENT);
  g_assert_cmpint (rb_json_get_member_type (json, ""), ==, RB_JSON_ABSENT);
  g_assert_cmpint (rb_json_get_item_type (json, 3), ==, RB_JSON_NUMBER);
  g_assert_cmpint (rb_json_get_item_type (json, 7), ==, RB_JSON_ABSENT);
}

static void
test_root_types (void)
{
  static const struct {
    const char *text;
    RbJsonType type;
    guint length;
  } roots[] = {
    { " {} ", RB_JSON_OBJECT, 0 },       { " [] ", RB_JSON_ARRAY, 0 },    { "[[1,2],[3]]", RB_JSON_ARRAY, 2 },
    { "{\"a\":{\"b\":1,\"c\":2}}", RB_JSON_OBJECT, 1 }, { " \"a\" ", RB_JSON_STRING, 0 }, { "-7", RB_JSON_NUMBER, 0 },
    { "true", RB_JSON_BOOLEAN, 0 },      { "false", RB_JSON_BOOLEAN, 0 }, { "null", RB_JSON_NULL, 0 },
  };

  g_test_summary ("Any value may be the root; only what is directly in it counts as its length.");

  for (gsize i = 0; i < G_N_ELEMENTS (roots); i++)
    {
      g_autoptr(RbJson) json = parse (roots[i].text);
      g_autofree char *trimmed = g_strstrip (g_strdup (roots[i].text));

      g_assert_cmpint (rb_json_get_root_type (json), ==, roots[i].type);
      g_assert_cmpuint (rb_json_get_length (json), ==, roots[i].length);
      g_assert_cmpint (rb_json_get_member_type (json, "x"), ==, RB_JSON_ABSENT);
      assert_bytes (rb_json_get_text (json), trimmed);
    }
}

static void
test_slices (void)
{
  const char *text = " {\"a\" : [1,  2] , "
                     "\"b\":{ \"a\":\"x\\u0079\\/\" },\"c\":1.50e+01\n,\"d\":\"\xC3\xA9\\n\",\"e\" :null} ";
  g_autoptr(RbJson) json = parse (text);
  g_autoptr(GBytes) item = NULL;

  g_test_summary ("A slice is the value's text byte for byte: spaces inside, escapes and number forms stay.");

  assert_slice (json, "a", "[1,  2]");
  assert_slice (json, "b", "{ \"a\":\"x\\u0079\\/\" }");
  assert_slice (json, "c", "1.50e+01");
  assert_slice (json, "d", "\"\xC3\xA9\\n\"");
  assert_slice (json, "e", "null");
  assert_slice (json, "f", NULL);
  item = rb_json_dup_item_slice (json, 2);
  assert_bytes (item, "1.50e+01");
  g_assert_null (rb_json_dup_item_slice (json, 5));
}

static void
test_slices_share (void)
{
  g_autoptr(GBytes) text = g_bytes_new_static ("{\"a\":[{\"b\":\"c\"}]}", 17);
  g_autoptr(RbJson) json = rb_json_parse (text, 0, NULL);
  g_autoptr(RbJson) array = rb_json_open (json, "a", NULL);
  g_autoptr(RbJson) object = rb_json_open_item (array, 0, NULL);
  g_autoptr(GBytes) slice = rb_json_dup_slice (object, "b");
  const char *start = g_bytes_get_data (text, NULL);

  g_test_summary ("However deep a slice was opened, it is a part of the input, not a copy; and outlives the document.");

  g_assert_true (g_bytes_get_data (slice, NULL) == start + 11);
  g_clear_pointer (&json, rb_json_unref);
  g_clear_pointer (&array, rb_json_unref);
  g_clear_pointer (&object, rb_json_unref);
  g_clear_pointer (&text, g_bytes_unref);
  assert_bytes (slice, "\"c\"");
}

static void
test_names (void)
{
  g_autoptr(RbJson) json = parse ("{\"\\u0066rom\":1,\"a\\\\b\":2,\"a/b\":3,\"\\\"\":4,\"\\ud83d\\ude00\":5,"
                                  "\"\":6,\"x\\u0000y\":7,\"\xC3\xA9\":8}");
  static const struct {
    const char *name;
    gint64 value;
  } names[] = { { "from", 1 }, { "a\\b", 2 }, { "a/b", 3 }, { "\"", 4 }, { "\xF0\x9F\x98\x80", 5 }, { "", 6 },
                { "\xC3\xA9", 8 } };
  g_autofree char *first = rb_json_dup_member_name (json, 0);
  g_autofree char *with_nul = rb_json_dup_member_name (json, 6);

  g_test_summary ("Names are compared by what they mean, not by how they are spelled.");

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;
      gint64 value = 0;

      rb_json_get_int (json, names[i].name, &value, &error);
      g_assert_no_error (error);
      g_assert_cmpint (value, ==, names[i].value);
    }

  g_assert_cmpint (rb_json_get_member_type (json, "x"), ==, RB_JSON_ABSENT);
  g_assert_cmpint (rb_json_get_member_type (json, "\\u0066rom"), ==, RB_JSON_ABSENT);
  g_assert_cmpint (rb_json_get_member_type (json, "fro"), ==, RB_JSON_ABSENT);
  g_assert_cmpint (rb_json_get_member_type (json, "froms"), ==, RB_JSON_ABSENT);
  g_assert_cmpstr (first, ==, "from");
  g_assert_cmpstr (with_nul, ==, "x\xEF\xBF\xBDy");
  g_assert_null (rb_json_dup_member_name (json, 8));
}

static void
test_duplicates (void)
{
  g_autoptr(RbJson) json = parse ("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4,\"c\":5,\"b\":6}");
  g_autofree char *first = rb_json_dup_member_name (json, 0);
  g_autofree char *second = rb_json_dup_member_name (json, 1);
  g_autofree char *third = rb_json_dup_member_name (json, 2);

  g_test_summary ("Of members with one name, however spelled, the last wins and the others are not there.");

  assert_slice (json, "a", "4");
  assert_slice (json, "b", "6");
  assert_slice (json, "c", "5");
  g_assert_cmpuint (rb_json_get_length (json), ==, 3);
  g_assert_cmpstr (first, ==, "a");
  g_assert_cmpstr (second, ==, "c");
  g_assert_cmpstr (third, ==, "b");
}

static RbJson *
parse_large (const char *prefix,
             guint       n)
{
  GString *text = g_string_new ("{");
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  RbJson *json = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, i > 0 ? "," : "");
      g_string_append_printf (text, "\"%s%s%u\":%u", prefix, i % 2 == 0 ? "" : "\\u006e", i / 2, i);
    }
  g_string_append_c (text, '}');

  bytes = g_string_free_to_bytes (text);
  json = rb_json_parse (bytes, 0, &error);
  g_assert_no_error (error);
  return json;
}

static void
test_many_names (void)
{
  g_test_summary ("Every name is found in an object of any size, around where the search changes too.");

  for (guint n = 1; n < 80; n++)
    {
      g_autoptr(RbJson) json = parse_large ("name", n);

      g_assert_cmpuint (rb_json_get_length (json), ==, n);
      for (guint i = 0; i < n; i++)
        {
          g_autofree char *name = g_strdup_printf ("name%s%u", i % 2 == 0 ? "" : "n", i / 2);
          g_autoptr(GError) error = NULL;
          gint64 value = -1;

          rb_json_get_int (json, name, &value, &error);
          g_assert_no_error (error);
          g_assert_cmpint (value, ==, i);
        }
      g_assert_cmpint (rb_json_get_member_type (json, "name"), ==, RB_JSON_ABSENT);
      g_assert_cmpint (rb_json_get_member_type (json, "zzz"), ==, RB_JSON_ABSENT);
      g_assert_cmpint (rb_json_get_member_type (json, ""), ==, RB_JSON_ABSENT);
    }
}

static void
test_hostile_names (void)
{
  g_autoptr(RbJson) json = parse_large (LONG_NAME, 100000);
  gint64 value = 0;

  g_test_summary ("A hundred thousand names cost no quadratic time.");

  g_assert_cmpuint (rb_json_get_length (json), ==, 100000);
  for (guint i = 0; i < 100000; i += 2)
    {
      g_autofree char *name = g_strdup_printf (LONG_NAME "%u", i / 2);

      g_assert_true (rb_json_get_int (json, name, &value, NULL));
      g_assert_cmpint (value, ==, i);
    }
}

static void
test_hostile_duplicates (void)
{
  GString *text = g_string_new ("{\"b\":0");
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) json = NULL;
  g_autofree char *name = NULL;

  g_test_summary ("A hundred thousand members of one name are one member, the last.");

  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (text, i % 2 == 0 ? ",\"a\":%u" : ",\"\\u0061\":%u", i);
  g_string_append_c (text, '}');

  bytes = g_string_free_to_bytes (text);
  json = rb_json_parse (bytes, 0, NULL);
  g_assert_cmpuint (rb_json_get_length (json), ==, 2);
  assert_slice (json, "a", "99999");
  assert_slice (json, "b", "0");
  name = rb_json_dup_member_name (json, 1);
  g_assert_cmpstr (name, ==, "a");
}

static void
test_open (void)
{
  g_autoptr(RbJson) json = parse ("{\"a\":{\"b\":[{\"c\":\"d\"},[],7]},\"e\":\"{}\",\"z\":null}");
  g_autoptr(RbJson) object = NULL;
  g_autoptr(RbJson) array = NULL;
  g_autoptr(RbJson) inner = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is nested opens as a document of its own; what is no container does not.");

  object = rb_json_open (json, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpint (rb_json_get_root_type (object), ==, RB_JSON_OBJECT);
  array = rb_json_open (object, "b", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rb_json_get_length (array), ==, 3);
  inner = rb_json_open_item (array, 0, &error);
  g_assert_no_error (error);
  assert_slice (inner, "c", "\"d\"");

  assert_refusal (rb_json_open (json, "e", &error) != NULL, &error, "'e' must be an object or an array");
  assert_refusal (rb_json_open (json, "z", &error) != NULL, &error, "'z' must be an object or an array");
  assert_refusal (rb_json_open (json, "nope", &error) != NULL, &error, "'nope' must be an object or an array");
  assert_refusal (rb_json_open_item (array, 2, &error) != NULL, &error, "item 2 must be an object or an array");
  assert_refusal (rb_json_open_item (array, 3, &error) != NULL, &error, "item 3 must be an object or an array");
}

static void
test_strings (void)
{
  g_autoptr(RbJson) json = parse ("{\"plain\":\"abc\",\"empty\":\"\",\"all\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\","
                                  "\"u\":\"\\u00e9\\u20AC\\uD83D\\uDE00\","
                                  "\"mixed\":\"a\\nb\xC3\xA9\\\\\",\"nul\":\"a\\u0000b\",\"n\":1,\"z\":null}");
  static const struct {
    const char *name;
    const char *value;
  } strings[] = { { "plain", "abc" }, { "empty", "" }, { "all", "\"\\/\b\f\n\r\t" },
                  { "u", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" }, { "mixed", "a\nb\xC3\xA9\\" } };
  g_autoptr(GError) error = NULL;

  g_test_summary ("A string is decoded; what is none, or cannot be a C string, is refused by name.");

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autofree char *value = rb_json_dup_string (json, strings[i].name, &error);
      g_autofree char *peeked = rb_json_peek_string (json, strings[i].name);

      g_assert_no_error (error);
      g_assert_cmpstr (value, ==, strings[i].value);
      g_assert_cmpstr (peeked, ==, strings[i].value);
    }

  assert_refusal (rb_json_dup_string (json, "n", &error) != NULL, &error, "'n' must be a string");
  assert_refusal (rb_json_dup_string (json, "z", &error) != NULL, &error, "'z' must be a string");
  assert_refusal (rb_json_dup_string (json, "nope", &error) != NULL, &error, "'nope' must be a string");
  assert_refusal (rb_json_dup_string (json, "nul", &error) != NULL, &error, "'nul' must be a string without U+0000");
  g_assert_null (rb_json_peek_string (json, "n"));
  g_assert_null (rb_json_peek_string (json, "z"));
  g_assert_null (rb_json_peek_string (json, "nul"));
  g_assert_null (rb_json_peek_string (json, "nope"));
}

static void
test_item_strings (void)
{
  g_autoptr(RbJson) json = parse ("[\"a\",1,\"\\u0000\"]");
  g_autoptr(GError) error = NULL;
  g_autofree char *value = rb_json_dup_item_string (json, 0, &error);

  g_test_summary ("Items are refused by position.");

  g_assert_no_error (error);
  g_assert_cmpstr (value, ==, "a");
  assert_refusal (rb_json_dup_item_string (json, 1, &error) != NULL, &error, "item 1 must be a string");
  assert_refusal (rb_json_dup_item_string (json, 2, &error) != NULL, &error, "item 2 must be a string without U+0000");
  assert_refusal (rb_json_dup_item_string (json, 3, &error) != NULL, &error, "item 3 must be a string");
}

static const struct {
  const char *text;
  gint64 value;
} integers[] = {
  { "0", 0 },
  { "-0", 0 },
  { "0.0", 0 },
  { "-0.000", 0 },
  { "0e999999999999999999999", 0 },
  { "0.000e-5", 0 },
  { "1", 1 },
  { "-1", -1 },
  { "1.0", 1 },
  { "1.000000000000000000000000000000", 1 },
  { "1e0", 1 },
  { "1E0", 1 },
  { "1.0e0", 1 },
  { "10e-1", 1 },
  { "100.00e-2", 1 },
  { "0.1e1", 1 },
  { "0.001e+3", 1 },
  { "0.0000000000000000000000001e25", 1 },
  { "10000000000000000000000000e-25", 1 },
  { "10", 10 },
  { "100", 100 },
  { "1200", 1200 },
  { "1020", 1020 },
  { "123.4500e2", 12345 },
  { "12.5e1", 125 },
  { "1e15", 1000000000000000 },
  { "-12e3", -12000 },
  { "2147483648", G_GINT64_CONSTANT (2147483648) },
  { "9007199254740991", G_GINT64_CONSTANT (9007199254740991) },
  { "9007199254740992", G_GINT64_CONSTANT (9007199254740992) },
  { "-9007199254740992", G_GINT64_CONSTANT (-9007199254740992) },
  { "9007199254740992.000", G_GINT64_CONSTANT (9007199254740992) },
  { "9.007199254740992e15", G_GINT64_CONSTANT (9007199254740992) },
  { "90071992547409920e-1", G_GINT64_CONSTANT (9007199254740992) },
};

static void
test_integers (void)
{
  g_test_summary ("A number with an integral value is an integer in whatever form, up to 2^53.");

  for (gsize i = 0; i < G_N_ELEMENTS (integers); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"n\":%s}", integers[i].text);
      g_autoptr(RbJson) json = parse (text);
      g_autoptr(GError) error = NULL;
      gint64 value = -5;

      rb_json_get_int (json, "n", &value, &error);
      g_assert_no_error (error);
      g_assert_cmpint (value, ==, integers[i].value);

      value = -5;
      g_assert_true (rb_json_get_optional_int (json, "n", 7, &value, NULL));
      g_assert_cmpint (value, ==, integers[i].value);
    }
}

static void
test_refuses_integers (void)
{
  static const char *const others[] = {
    "1.5", "0.1", "-0.5", "1e-1", "12e-1", "0.99999999999999999999999", "1.00000000000000000000000001",
    "9007199254740993", "-9007199254740993", "9007199254740992.5", "9007199254740992.00000000000001",
    "9999999999999999", "1e16", "10000000000000000", "18446744073709551616", "9223372036854775808",
    "36893488147419103232", "1e400", "-1e400", "1e99999999999999999999", "1e-99999999999999999999", "1e-400",
    "1e9223372036854775807", "1e-9223372036854775808", "1e18446744073709551616",
    "\"1\"", "\"\"", "true", "null", "[1]", "{}",
  };

  g_test_summary ("A fraction, however small, more than 2^53, and what is no number are no integer.");

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"n\":%s}", others[i]);
      g_autoptr(RbJson) json = parse (text);
      g_autoptr(GError) error = NULL;
      gint64 value = -5;

      assert_refusal (rb_json_get_int (json, "n", &value, &error), &error, "'n' must be an integer");
      assert_refusal (rb_json_get_int (json, "m", &value, &error), &error, "'m' must be an integer");
      if (!g_str_equal (others[i], "null"))
        assert_refusal (rb_json_get_optional_int (json, "n", 1, &value, &error), &error, "'n' must be an integer");
      g_assert_cmpint (value, ==, -5);
    }
}

static void
test_optional (void)
{
  g_autoptr(RbJson) json = parse ("{\"z\":null,\"s\":\"x\",\"d\":-2.5e-1,\"t\":true,\"f\":false,"
                                  "\"v\":[\"a\",\"\\u0062\"],\"e\":[]}");
  g_autofree char *string = NULL;
  g_auto(GStrv) strv = NULL;
  g_auto(GStrv) empty = NULL;
  GStrv none = (GStrv) 1;
  char *absent = (char *) 1;
  gboolean flag = TRUE;
  double number = 0;
  gint64 integer = 0;

  g_test_summary ("An optional member that is absent or null gives the fallback.");

  g_assert_true (rb_json_get_optional_string (json, "z", &absent, NULL));
  g_assert_null (absent);
  g_assert_true (rb_json_get_optional_string (json, "nope", &absent, NULL));
  g_assert_null (absent);
  g_assert_true (rb_json_get_optional_string (json, "s", &string, NULL));
  g_assert_cmpstr (string, ==, "x");

  g_assert_true (rb_json_get_optional_int (json, "z", 7, &integer, NULL));
  g_assert_cmpint (integer, ==, 7);
  g_assert_true (rb_json_get_optional_int (json, "nope", 8, &integer, NULL));
  g_assert_cmpint (integer, ==, 8);

  g_assert_true (rb_json_get_optional_double (json, "z", 0.5, &number, NULL));
  g_assert_cmpfloat (number, ==, 0.5);
  g_assert_true (rb_json_get_optional_double (json, "d", 0.5, &number, NULL));
  g_assert_cmpfloat (number, ==, -0.25);

  g_assert_true (rb_json_get_optional_boolean (json, "f", TRUE, &flag, NULL));
  g_assert_false (flag);
  g_assert_true (rb_json_get_optional_boolean (json, "nope", TRUE, &flag, NULL));
  g_assert_true (flag);
  g_assert_true (rb_json_get_optional_boolean (json, "z", FALSE, &flag, NULL));
  g_assert_false (flag);
  g_assert_true (rb_json_get_optional_boolean (json, "t", FALSE, &flag, NULL));
  g_assert_true (flag);

  g_assert_true (rb_json_get_optional_strv (json, "z", &none, NULL));
  g_assert_null (none);
  g_assert_true (rb_json_get_optional_strv (json, "v", &strv, NULL));
  g_assert_cmpstrv (strv, ((const char *const[]) { "a", "b", NULL }));
  g_assert_true (rb_json_get_optional_strv (json, "e", &empty, NULL));
  g_assert_nonnull (empty);
  g_assert_null (empty[0]);
}

static void
test_refuses_optional (void)
{
  g_autoptr(RbJson) json = parse ("{\"n\":1,\"s\":\"x\",\"nul\":\"\\u0000\",\"v\":[\"a\",1],"
                                  "\"w\":[\"\\u0000\"],\"x\":[null],\"h\":1e999,\"o\":{}}");
  g_autoptr(GError) error = NULL;
  gboolean flag = TRUE;
  double number = 3;
  char *string = NULL;
  GStrv strv = NULL;

  g_test_summary ("An optional member of another type is refused by name, and nothing is filled.");

  assert_refusal (rb_json_get_optional_string (json, "n", &string, &error), &error, "'n' must be a string");
  assert_refusal (rb_json_get_optional_string (json, "nul", &string, &error), &error,
                  "'nul' must be a string without U+0000");
  assert_refusal (rb_json_get_optional_double (json, "s", 0, &number, &error), &error, "'s' must be a number");
  assert_refusal (rb_json_get_optional_double (json, "h", 0, &number, &error), &error, "'h' must be a number");
  assert_refusal (rb_json_get_optional_boolean (json, "n", FALSE, &flag, &error), &error, "'n' must be a boolean");
  assert_refusal (rb_json_get_optional_strv (json, "s", &strv, &error), &error, "'s' must be an array of strings");
  assert_refusal (rb_json_get_optional_strv (json, "o", &strv, &error), &error, "'o' must be an array of strings");
  assert_refusal (rb_json_get_optional_strv (json, "v", &strv, &error), &error, "'v' must be an array of strings");
  assert_refusal (rb_json_get_optional_strv (json, "w", &strv, &error), &error, "'w' must be an array of strings");
  assert_refusal (rb_json_get_optional_strv (json, "x", &strv, &error), &error, "'x' must be an array of strings");
  g_assert_null (string);
  g_assert_null (strv);
  g_assert_true (flag);
  g_assert_cmpfloat (number, ==, 3);
}

static void
test_boxed (void)
{
  g_autoptr(RbJson) json = parse ("[1]");
  RbJson *copy = g_boxed_copy (RB_TYPE_JSON, json);

  g_test_summary ("A copy of the boxed type is a reference.");

  g_assert_true (copy == json);
  g_boxed_free (RB_TYPE_JSON, copy);
  g_assert_cmpuint (rb_json_get_length (json), ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/json/types", test_types);
  g_test_add_func ("/json/root-types", test_root_types);
  g_test_add_func ("/json/slices", test_slices);
  g_test_add_func ("/json/slices-share", test_slices_share);
  g_test_add_func ("/json/names", test_names);
  g_test_add_func ("/json/duplicates", test_duplicates);
  g_test_add_func ("/json/many-names", test_many_names);
  g_test_add_func ("/json/hostile-names", test_hostile_names);
  g_test_add_func ("/json/hostile-duplicates", test_hostile_duplicates);
  g_test_add_func ("/json/open", test_open);
  g_test_add_func ("/json/strings", test_strings);
  g_test_add_func ("/json/item-strings", test_item_strings);
  g_test_add_func ("/json/integers", test_integers);
  g_test_add_func ("/json/refuses-integers", test_refuses_integers);
  g_test_add_func ("/json/optional", test_optional);
  g_test_add_func ("/json/refuses-optional", test_refuses_optional);
  g_test_add_func ("/json/boxed", test_boxed);

  return g_test_run ();
}
