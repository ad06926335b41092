/* test-json-writer.c: JSON text as we write it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"

#include "rb-json.h"
#include "rb-test.h"

#include <float.h>
#include <string.h>

/* Takes @writer. */
static void
assert_text (RbJsonWriter *writer,
             const char   *expected)
{
  g_autoptr(GBytes) bytes = rb_json_writer_end (writer);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) json = NULL;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  g_assert_cmpstr (text, ==, expected);
  json = rb_json_parse (bytes, 0, &error);
  g_assert_no_error (error);
}

static void
test_nesting (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  g_test_summary ("Commas stand between values and nowhere else.");

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_begin_object (writer, "empty");
  rb_json_writer_end_object (writer);
  rb_json_writer_begin_array (writer, "items");
  rb_json_writer_int (writer, NULL, 1);
  rb_json_writer_begin_array (writer, NULL);
  rb_json_writer_end_array (writer);
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "a", "b");
  rb_json_writer_int (writer, "c", -2);
  rb_json_writer_end_object (writer);
  rb_json_writer_string (writer, NULL, "[");
  rb_json_writer_string (writer, NULL, "{");
  rb_json_writer_null (writer, NULL);
  rb_json_writer_end_array (writer);
  rb_json_writer_boolean (writer, "yes", TRUE);
  rb_json_writer_boolean (writer, "no", FALSE);
  rb_json_writer_null (writer, "nothing");
  rb_json_writer_end_object (writer);
  assert_text (writer, "{\"empty\":{},\"items\":[1,[],{\"a\":\"b\",\"c\":-2},\"[\",\"{\",null],"
                       "\"yes\":true,\"no\":false,\"nothing\":null}");
}

static void
test_left_out (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  g_test_summary ("A member without a value is left out, never null.");

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "a", NULL);
  rb_json_writer_slice (writer, "b", NULL);
  rb_json_writer_strv (writer, "c", NULL);
  rb_json_writer_int (writer, "d", 0);
  rb_json_writer_string (writer, "e", NULL);
  rb_json_writer_end_object (writer);
  assert_text (writer, "{\"d\":0}");
}

static void
test_strings (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  g_test_summary ("Only what must be escaped is, in names too.");

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "a\"b\\", "\"\\/\b\f\n\r\t\x01\x1F\x7F");
  rb_json_writer_string (writer, "", "");
  rb_json_writer_string (writer, "\xC3\xA9", "\xE2\x82\xAC\xF0\x9F\x98\x80\xE2\x80\xA8");
  rb_json_writer_end_object (writer);
  assert_text (writer, "{\"a\\\"b\\\\\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\",\"\":\"\","
                       "\"\xC3\xA9\":\"\xE2\x82\xAC\xF0\x9F\x98\x80\xE2\x80\xA8\"}");
}

static void
test_repairs (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  g_test_summary ("A text of the system that is not UTF-8 does not leave as it is.");

  rb_json_writer_string (writer, NULL, "caf\xE9.txt");
  assert_text (writer, "\"caf\xEF\xBF\xBD.txt\"");
}

static void
test_integers (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_array (writer, NULL);
  rb_json_writer_int (writer, NULL, G_MININT64);
  rb_json_writer_int (writer, NULL, G_MAXINT64);
  rb_json_writer_int (writer, NULL, 0);
  rb_json_writer_end_array (writer);
  assert_text (writer, "[-9223372036854775808,9223372036854775807,0]");
}

static void
test_doubles (void)
{
  static const double values[] = { 0, 0.1, -0.5, 1.0 / 3, 1e21, 123456789.125, 5e-324, DBL_MAX, -DBL_MIN, 0.1 + 0.2,
                                   9007199254740993.0, 3 };
  RbJsonWriter *writer = rb_json_writer_new ();

  g_test_summary ("A number is written as short as it reads back the same.");

  rb_json_writer_begin_array (writer, NULL);
  rb_json_writer_double (writer, NULL, 0.1);
  rb_json_writer_double (writer, NULL, 3);
  rb_json_writer_double (writer, NULL, -2.5);
  rb_json_writer_end_array (writer);
  assert_text (writer, "[0.1,3,-2.5]");

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(RbJson) json = NULL;
      double value = -1;

      writer = rb_json_writer_new ();
      rb_json_writer_begin_object (writer, NULL);
      rb_json_writer_double (writer, "d", values[i]);
      rb_json_writer_end_object (writer);
      bytes = rb_json_writer_end (writer);
      json = rb_json_parse (bytes, 0, NULL);
      g_assert_nonnull (json);
      g_assert_true (rb_json_get_optional_double (json, "d", 0, &value, NULL));
      g_assert_cmpfloat (value, ==, values[i]);
    }
}

static void
test_slices (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  const char *text = "{ \"x\" : 1.50, \"y\":\"\\/\" }";
  g_autoptr(GBytes) slice = g_bytes_new_static (text, strlen (text));

  g_test_summary ("A slice is written byte for byte.");

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_slice (writer, "a", slice);
  rb_json_writer_slice (writer, "b", slice);
  rb_json_writer_end_object (writer);
  assert_text (writer, "{\"a\":{ \"x\" : 1.50, \"y\":\"\\/\" },\"b\":{ \"x\" : 1.50, \"y\":\"\\/\" }}");
}

static void
test_strv (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_strv (writer, "a", (const char *const[]) { "x", "y\n", NULL });
  rb_json_writer_strv (writer, "b", (const char *const[]) { NULL });
  rb_json_writer_end_object (writer);
  assert_text (writer, "{\"a\":[\"x\",\"y\\n\"],\"b\":[]}");
}

static void
test_variants (void)
{
  static const char *const pairs[][2] = {
    { "true", "true" },
    { "int16 -5", "-5" },
    { "uint16 65535", "65535" },
    { "-2147483648", "-2147483648" },
    { "uint32 4294967295", "4294967295" },
    { "int64 -9223372036854775808", "-9223372036854775808" },
    { "uint64 18446744073709551615", "18446744073709551615" },
    { "0.5", "0.5" },
    { "'a\"b'", "\"a\\\"b\"" },
    { "['a', 'b']", "[\"a\",\"b\"]" },
    { "@as []", "[]" },
    { "@a{sv} {}", "{}" },
    { "{'a': <1>, 'b': <'x'>, 'c': <['y']>}", "{\"a\":1,\"b\":\"x\",\"c\":[\"y\"]}" },
    { "{'a': <{'b': <[<1>, <true>, <@av []>]>}>}", "{\"a\":{\"b\":[1,true,[]]}}" },
    { "@av []", "[]" },
  };

  g_test_summary ("A variant of JSON's types is written as they are.");

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) value = g_variant_parse (NULL, pairs[i][0], NULL, NULL, &error);
      RbJsonWriter *writer = rb_json_writer_new ();

      g_assert_no_error (error);
      rb_json_writer_variant (writer, NULL, value);
      assert_text (writer, pairs[i][1]);
    }
}

static void
test_variant_bug (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr(GVariant) value = g_variant_ref_sink (g_variant_new ("(ss)", "a", "b"));
      g_autoptr(RbJsonWriter) writer = rb_json_writer_new ();

      rb_json_writer_variant (writer, NULL, value);
      return;
    }

  g_test_summary ("A variant of another type is our bug, and says so.");

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*no JSON for a value of type '(ss)'*");
}

static void
test_iso (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_iso (writer, "at", 0);
  rb_json_writer_end_object (writer);
  assert_text (writer, "{\"at\":\"1970-01-01T00:00:00.000Z\"}");
}

static void
test_end_text (void)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *text = NULL;

  rb_json_writer_begin_array (writer, NULL);
  rb_json_writer_end_array (writer);
  text = rb_json_writer_end_text (writer);
  g_assert_cmpstr (text, ==, "[]");
}

static void
test_free (void)
{
  g_autoptr(RbJsonWriter) writer = rb_json_writer_new ();

  g_test_summary ("A text that was begun may be dropped.");

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "a", "b");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/json-writer/nesting", test_nesting);
  g_test_add_func ("/json-writer/left-out", test_left_out);
  g_test_add_func ("/json-writer/strings", test_strings);
  g_test_add_func ("/json-writer/repairs", test_repairs);
  g_test_add_func ("/json-writer/integers", test_integers);
  g_test_add_func ("/json-writer/doubles", test_doubles);
  g_test_add_func ("/json-writer/slices", test_slices);
  g_test_add_func ("/json-writer/strv", test_strv);
  g_test_add_func ("/json-writer/variants", test_variants);
  g_test_add_func ("/json-writer/variant-bug", test_variant_bug);
  g_test_add_func ("/json-writer/iso", test_iso);
  g_test_add_func ("/json-writer/end-text", test_end_text);
  g_test_add_func ("/json-writer/free", test_free);

  return g_test_run ();
}
