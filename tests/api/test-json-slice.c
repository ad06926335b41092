/* test-json-slice.c: slices read, edited and compared
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "rb-error.h"
#include "rb-test.h"

#include <string.h>

/* Exactly as many bytes as the text has, so that a sanitizer sees one read too many. */
static GBytes *
slice_new (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static void
test_to_string (void)
{
  static const char *const pairs[][2] = {
    { "\"\"", "" },
    { "\"abc\"", "abc" },
    { "\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d" },
    { "\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t" },
    { "\"\\\\n\"", "\\n" },
    { "\"\\u0041\\u00e9\\u20ac\"", "A\xC3\xA9\xE2\x82\xAC" },
    { "\"\\uD83D\\uDE00\"", "\xF0\x9F\x98\x80" },
    { "\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF" },
    { "\"\xE2\x82\xAC\\n\xF0\x9F\x98\x80\"", "\xE2\x82\xAC\n\xF0\x9F\x98\x80" },
    { "\"\\u0001\\u001F\\u007f\"", "\x01\x1F\x7F" },
    { "\"\\uFFFF\\uFEFF\"", "\xEF\xBF\xBF\xEF\xBB\xBF" },
  };

  g_test_summary ("A string slice says what its escapes mean.");

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr(GBytes) slice = slice_new (pairs[i][0]);
      g_autoptr(GError) error = NULL;
      g_autofree char *text = rb_json_slice_to_string (slice, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (text, ==, pairs[i][1]);
    }
}

static void
test_refuses_to_string (void)
{
  static const char *const others[] = { "\"\\u0000\"", "\"a\\u0000\"", "1", "null", "{}", "[\"a\"]", "true" };

  g_test_summary ("What is no string, or cannot be a C string, is refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr(GBytes) slice = slice_new (others[i]);
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_json_slice_to_string (slice, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_request");
    }
}

/* protocol.md 10.3. */
static void
test_preview (void)
{
  static const struct {
    const char *slice;
    guint max;
    const char *preview;
  } previews[] = {
    { "\"hello\"", 80, "hello" },
    { "\"hello\"", 5, "hello" },
    { "\"hello\"", 4, "hell" },
    { "\"hello\"", 0, "" },
    { "\"\"", 80, "" },
    { "\"a\\nb\\u00e9c\"", 4, "a\nb\xC3\xA9" },
    { "\"\\uD83D\\uDE00x\"", 1, "\xF0\x9F\x98\x80" },
    { "\"\xF0\x9F\x98\x80\xE2\x82\xACx\"", 2, "\xF0\x9F\x98\x80\xE2\x82\xAC" },
    { "\"a\\u0000b\"", 80, "a\xEF\xBF\xBD" "b" },
    { "\"\\\\n\"", 1, "\\" },
    { "{\"a\":1}", 4, "{\"a\"" },
    { "12345", 3, "123" },
  };

  g_test_summary ("A preview counts code points, shows U+0000 as U+FFFD and never cuts a character.");

  for (gsize i = 0; i < G_N_ELEMENTS (previews); i++)
    {
      g_autoptr(GBytes) slice = slice_new (previews[i].slice);
      g_autofree char *preview = rb_json_slice_preview (slice, previews[i].max);

      g_assert_cmpstr (preview, ==, previews[i].preview);
    }
}

static void
test_from_string (void)
{
  static const char *const texts[] = {
    "", "abc", "a\"b\\c", "\b\f\n\r\t", "\x01\x1F\x7F", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "{}", "\\u0041", "/",
  };

  g_test_summary ("A quoted text is JSON and reads back as it was.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GBytes) slice = rb_json_slice_from_string (texts[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(RbJson) json = rb_json_parse (slice, 0, &error);
      g_autofree char *text = rb_json_slice_to_string (slice, NULL);

      g_assert_no_error (error);
      g_assert_cmpint (rb_json_get_root_type (json), ==, RB_JSON_STRING);
      g_assert_cmpstr (text, ==, texts[i]);
    }
}

static void
test_edit (void)
{
  static const struct {
    const char *object;
    const char *drop[3];
    const char *append;
    const char *edited;
  } edits[] = {
    { "{}", { NULL }, NULL, "{}" },
    { "{}", { NULL }, "", "{}" },
    { "{}", { NULL }, "\"a\":1", "{\"a\":1}" },
    { "{\"a\":1}", { NULL }, NULL, "{\"a\":1}" },
    { "{\"a\":1}", { NULL }, "\"b\":2,\"c\":{}", "{\"a\":1,\"b\":2,\"c\":{}}" },
    { "{\"a\":1}", { "a" }, NULL, "{}" },
    { "{\"a\":1}", { "a" }, "\"a\":2", "{\"a\":2}" },
    { "{\"a\":1,\"b\":2,\"c\":3}", { "b" }, NULL, "{\"a\":1,\"c\":3}" },
    { "{\"a\":1,\"b\":2,\"c\":3}", { "a", "c" }, NULL, "{\"b\":2}" },
    { "{\"a\":1,\"b\":2}", { "x", "A" }, NULL, "{\"a\":1,\"b\":2}" },
    { "{\"\\u0061\":1,\"b\":2}", { "a" }, NULL, "{\"b\":2}" },
    { "{\"a\":1,\"b\":2,\"\\u0061\":3}", { "a" }, NULL, "{\"b\":2}" },
    { "{\"a\":1,\"b\":2,\"a\":3}", { NULL }, NULL, "{\"b\":2,\"a\":3}" },
    { "{\"b\":{\"a\":1}}", { "a" }, NULL, "{\"b\":{\"a\":1}}" },
    { " { \"a\" : [ 1.0 , 2 ] , \"\\u0062\" : \"\\/\" } ", { NULL }, "\"c\":0",
      "{\"a\":[ 1.0 , 2 ],\"\\u0062\":\"\\/\",\"c\":0}" },
    { "{\"\":1,\"a\":2}", { "" }, NULL, "{\"a\":2}" },
  };

  g_test_summary ("An edited object keeps the names and values of its other members byte for byte.");

  for (gsize i = 0; i < G_N_ELEMENTS (edits); i++)
    {
      g_autoptr(GBytes) object = slice_new (edits[i].object);
      g_autoptr(GBytes) edited = rb_json_object_edit (object, edits[i].drop[0] != NULL ? edits[i].drop : NULL,
                                                      edits[i].append);

      g_assert_cmpmem (g_bytes_get_data (edited, NULL), g_bytes_get_size (edited),
                       edits[i].edited, strlen (edits[i].edited));
    }
}

static void
test_edit_bug (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr(GBytes) array = slice_new ("[]");

      rb_json_object_edit (array, NULL, NULL);
      return;
    }

  g_test_summary ("Editing what is no object is a caller's bug, and says so.");

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*not an object*");
}

static char *
digest_of (const char *text)
{
  g_autoptr(GBytes) slice = slice_new (text);
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  rb_json_slice_digest (slice, checksum);
  return g_strdup (g_checksum_get_string (checksum));
}

/* Each line is one meaning; no two lines mean the same. */
static const char *const meanings[][9] = {
  { "null", " null " },
  { "true" },
  { "false" },
  { "0", "0.0", "-0", "-0.00", "0e5", "0.0e-999999999999999999999999" },
  { "1", "1.0", "1e0", "1.00E+00", "10e-1", "0.1e1", "0.001e3" },
  { "-1", "-1.0", "-1e0" },
  { "10", "1e1", "10.0", "100e-1" },
  { "100", "1e2", "1.0e+2", "100.000" },
  { "0.1", "1e-1", "0.10", "0.01e1" },
  { "12.5", "1.25e1", "125e-1", "12.50" },
  { "125" },
  { "1.5", "15e-1" },
  { "15" },
  { "9007199254740992", "9007199254740992.0", "9.007199254740992e15" },
  { "9007199254740993" },
  { "0.1000000000000000055511151231257827" },
  { "1e400", "10e399", "0.1e401" },
  { "1e401" },
  { "-1e400" },
  { "1e99999999999999999999" },
  { "1e99999999999999999998" },
  { "1e-99999999999999999999" },
  { "\"\"" },
  { "\"a\"", "\"\\u0061\"" },
  { "\"1\"", "\"\\u0031\"" },
  { "\"null\"" },
  { "\"/\"", "\"\\/\"", "\"\\u002f\"", "\"\\u002F\"" },
  { "\"\\n\"", "\"\\u000a\"" },
  { "\"\\\\n\"", "\"\\u005cn\"" },
  { "\"\xF0\x9F\x98\x80\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"" },
  { "\"\xC3\xA9\"", "\"\\u00e9\"" },
  { "\"e\xCC\x81\"" },
  { "\"a\\u0000b\"" },
  { "[]", "[ ]", " [\n] " },
  { "{}", "{ }" },
  { "[[]]" },
  { "[[],[]]" },
  { "[{}]" },
  { "[null]" },
  { "[1,2]", "[1.0, 2e0]" },
  { "[2,1]" },
  { "[12]" },
  { "[\"1\",\"2\"]" },
  { "[\"12\"]" },
  { "[[1],2]" },
  { "[[1,2]]" },
  { "[1,[2]]" },
  { "{\"a\":1}", "{\"\\u0061\":1.0}", "{ \"a\" : 1 }", "{\"a\":2,\"a\":1}", "{\"\\u0061\":[],\"a\":{},\"a\":1}" },
  { "{\"a\":\"1\"}" },
  { "{\"a\":null}" },
  { "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "{\"b\":2,\"\\u0061\":1}", "{\"a\":3,\"b\":2,\"a\":1}" },
  { "{\"a\":2,\"b\":1}" },
  { "{\"ab\":1}" },
  { "{\"a\":{\"b\":1}}" },
  { "{\"a\":{},\"b\":1}" },
  { "{\"a\":[{\"x\":1,\"y\":[2]}],\"b\":{\"p\":true,\"q\":null}}",
    "{\"b\":{\"q\":null,\"p\":true},\"a\":[{\"y\":[2.0],\"x\":1e0}]}" },
  { "{\"a\":[{\"x\":1},{\"y\":[2]}],\"b\":{\"p\":true,\"q\":null}}" },
  { "{\"\xEF\xBF\xBD\":1,\"\xF0\x90\x80\x80\":2}", "{\"\\ud800\\udc00\":2,\"\\ufffd\":1}" },
  { "{\"\":1,\"a\":2,\"aa\":3}", "{\"aa\":3,\"\":1,\"a\":2}" },
};

/* Source: protocol.md 25, strings. */
static void
test_mend (void)
{
  static const struct {
    const char *text;
    const char *mended;      /* NULL: it stays */
  } texts[] = {
    { "", NULL },
    { "{\"a\":\"\\ud83d\\ude00 \\u00e9 \\n \\\\ud800\"}", NULL },
    { "\"\\uD83D\"", "\"\\uFFFD\"" },
    { "\"\\udE00x\"", "\"\\uFFFDx\"" },
    { "\"\\ud83d\\ud83d\\ude00\\ude00\"", "\"\\uFFFD\\ud83d\\ude00\\uFFFD\"" },
    { "\"\\\\\\ud83d\"", "\"\\\\\\uFFFD\"" },
    { "\"\\ud83d\\\"", "\"\\uFFFD\\\"" },
    { "\"\\ud83\"", NULL },
    { "\\", NULL },
  };

  g_test_summary ("Half of a character becomes U+FFFD, in place; a pair, a backslash and what is no escape stay.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GBytes) text = g_bytes_new (texts[i].text, strlen (texts[i].text));
      g_autoptr(GBytes) mended = rb_json_mend (text);
      const char *expected = texts[i].mended != NULL ? texts[i].mended : texts[i].text;

      g_assert_cmpmem (g_bytes_get_data (mended, NULL), g_bytes_get_size (mended), expected, strlen (expected));
      g_assert_cmpint (mended == text, ==, texts[i].mended == NULL);
    }
}

static char *
prune (const char *text)
{
  g_autoptr(GBytes) given = g_bytes_new (text, strlen (text));
  g_autoptr(GBytes) pruned = rb_json_prune (given);

  g_assert_cmpint (pruned == given, ==, g_bytes_equal (pruned, given));
  return g_strndup (g_bytes_get_data (pruned, NULL), g_bytes_get_size (pruned));
}

/* Source: protocol.md 25, nesting. */
static void
test_prune (void)
{
  static const char *const kept[] = { "[", "{\"a\":[1,{\"b\":\"[[[\\\"[[\"}]}", "]]][", "\"[[" };
  g_autofree char *open = g_strnfill (RB_JSON_MAX_DEPTH, '[');
  g_autofree char *shut = g_strnfill (RB_JSON_MAX_DEPTH, ']');
  g_autofree char *limit = g_strconcat (open, shut, NULL);
  g_autofree char *deep = g_strconcat (open, "1,[{\"a\":\"]}\\\"]\"},[2]],3,{}", shut, NULL);
  g_autofree char *expected = g_strconcat (open, "1,null,3,null", shut, NULL);
  g_autofree char *endless = g_strnfill (100000, '{');
  g_autofree char *pruned = prune (deep);
  g_autofree char *at_limit = prune (limit);
  g_autofree char *of_endless = prune (endless);

  g_test_summary ("What is deeper than the limit is null; all else stays as it is, whether it is JSON or not.");

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *same = prune (kept[i]);

      g_assert_cmpstr (same, ==, kept[i]);
    }
  g_assert_cmpstr (at_limit, ==, limit);
  g_assert_cmpstr (pruned, ==, expected);
  g_assert_cmpuint (strlen (of_endless), ==, RB_JSON_MAX_DEPTH + strlen ("null"));
}

static void
test_digest (void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_test_summary ("Texts that mean the same have one digest, texts that do not have two.");

  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++)
    {
      g_autofree char *first = digest_of (meanings[i][0]);

      for (gsize k = 1; k < G_N_ELEMENTS (meanings[i]) && meanings[i][k] != NULL; k++)
        {
          g_autofree char *other = digest_of (meanings[i][k]);

          if (!g_str_equal (first, other))
            g_test_message ("%s and %s differ", meanings[i][0], meanings[i][k]);
          g_assert_cmpstr (first, ==, other);
        }

      g_test_message ("%s", meanings[i][0]);
      g_assert_true (g_hash_table_add (seen, g_steal_pointer (&first)));
    }
}

static void
test_digest_stable (void)
{
  g_autofree char *digest = digest_of ("{\"b\":[1.50,true,null],\"a\":\"\\u00e9\"}");
  g_autofree char *expected = g_compute_checksum_for_string (
    G_CHECKSUM_SHA256, "{\"a\xFF\"\xC3\xA9\xFF\"b\xFF[+15e1\xFFtn]}", -1);

  g_test_summary ("Digests are stored, so the canonical form is fixed.");

  g_assert_cmpstr (digest, ==, expected);
}

static void
test_digest_large (void)
{
  GString *forward = g_string_new ("{\"deep\":");
  GString *backward = g_string_new ("{");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Depth and size cost neither stack nor quadratic time.");

  for (guint i = 0; i < 60; i++)
    g_string_append (forward, "{\"a\":[],\"b\":");
  g_string_append (forward, "0");
  for (guint i = 0; i < 60; i++)
    g_string_append (forward, "}");

  for (guint i = 0; i < 50000; i++)
    {
      g_string_append_printf (forward, ",\"name %u\":%u", i, i);
      g_string_append_printf (backward, "\"name %u\":%u.0,", 49999 - i, 49999 - i);
    }
  g_string_append_c (forward, '}');

  g_string_append (backward, "\"deep\":");
  for (guint i = 0; i < 60; i++)
    g_string_append (backward, "{\"b\":");
  g_string_append (backward, "0");
  for (guint i = 0; i < 60; i++)
    g_string_append (backward, ",\"a\":[]}");
  g_string_append_c (backward, '}');

  first = digest_of (forward->str);
  second = digest_of (backward->str);
  g_assert_cmpstr (first, ==, second);
  g_string_free (forward, TRUE);
  g_string_free (backward, TRUE);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/json-slice/to-string", test_to_string);
  g_test_add_func ("/json-slice/refuses-to-string", test_refuses_to_string);
  g_test_add_func ("/json-slice/preview", test_preview);
  g_test_add_func ("/json-slice/from-string", test_from_string);
  g_test_add_func ("/json-slice/edit", test_edit);
  g_test_add_func ("/json-slice/edit-bug", test_edit_bug);
  g_test_add_func ("/json-slice/mend", test_mend);
  g_test_add_func ("/json-slice/prune", test_prune);
  g_test_add_func ("/json-slice/digest", test_digest);
  g_test_add_func ("/json-slice/digest-stable", test_digest_stable);
  g_test_add_func ("/json-slice/digest-large", test_digest_large);

  return g_test_run ();
}
