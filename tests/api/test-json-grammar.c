/* test-json-grammar.c: what RbJson takes for JSON
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "json-cases.h"
#include "rb-error.h"
#include "rb-test.h"

#include <string.h>

/* Exactly as many bytes as the text has, so that a sanitizer sees one read too many. */
static RbJson *
parse_exactly (const char *text,
               gsize       length,
               GError    **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, length);

  return rb_json_parse (bytes, 0, error);
}

static void
assert_refused (RbJson *json,
                GError *error)
{
  g_assert_null (json);
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_request");
  g_assert_true (g_str_has_prefix (error->message, "JSON: "));
  g_assert_true (g_str_is_ascii (error->message));
}

static void
test_accepts (gconstpointer data)
{
  const JsonCase *c = data;
  g_autoptr(RbJson) json = NULL;
  g_autoptr(RbJson) wrapped = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) slice = NULL;
  g_autoptr(GString) object = g_string_new ("{\"a\":");

  json = parse_exactly (c->text, c->length, &error);
  g_assert_no_error (error);
  g_assert_nonnull (json);

  if (g_str_has_prefix (c->name, "depth-"))
    return;

  /* The same text as a member leaves as it came. */
  g_string_append_len (object, c->text, c->length);
  g_string_append_c (object, '}');
  wrapped = parse_exactly (object->str, object->len, &error);
  g_assert_no_error (error);
  slice = rb_json_dup_slice (wrapped, "a");
  g_assert_true (g_bytes_equal (slice, rb_json_get_text (json)));
}

static void
test_refuses (gconstpointer data)
{
  const JsonCase *c = data;
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;

  json = parse_exactly (c->text, c->length, &error);
  assert_refused (json, error);
}

static void
test_refuses_nested (gconstpointer data)
{
  const JsonCase *c = data;
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) array = g_string_new ("[[0],");

  g_test_summary ("What is refused as a text is refused as an item.");

  g_string_append_len (array, c->text, c->length);
  g_string_append (array, ",{\"b\":[]}]");
  json = parse_exactly (array->str, array->len, &error);
  assert_refused (json, error);
}

static gboolean
is_number_root (const JsonCase *c)
{
  return c->text[0] == '-' || g_ascii_isdigit (c->text[0]);
}

static void
test_refuses_cut (void)
{
  g_test_summary ("No beginning of a text is a text, numbers apart.");

  for (gsize i = 0; i < json_n_accepted; i++)
    {
      const JsonCase *c = &json_accepted[i];
      gsize length = c->length;

      while (strchr (" \t\r\n", c->text[length - 1]) != NULL)
        length--;

      for (gsize cut = 0; cut < length; cut++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(RbJson) json = parse_exactly (c->text, cut, &error);

          if (!is_number_root (c))
            assert_refused (json, error);
        }
    }
}

static void
test_refuses_raw_control (void)
{
  g_test_summary ("A control character is refused at every distance from the start of a string.");

  for (guint c = 0; c < 0x20; c++)
    {
      for (guint at = 1; at < 40; at++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(RbJson) json = NULL;
          char text[42];

          memset (text, 'x', sizeof text);
          text[0] = '"';
          text[41] = '"';
          text[at] = c;
          json = parse_exactly (text, sizeof text, &error);
          assert_refused (json, error);
        }
    }
}

/* Every first byte, with the bytes at the edges of the ranges behind it. */
static void
test_utf8_as_glib (void)
{
  static const guint8 telling[] = { 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xF4, 0xFF };
  const guint n = G_N_ELEMENTS (telling);

  g_test_summary ("A string may hold exactly what GLib takes for UTF-8.");

  for (guint lead = 0x80; lead <= 0xFF; lead++)
    {
      for (guint i = 0; i < n * n * n; i++)
        {
          const char text[] = { '"', lead, telling[i % n], telling[i / n % n], telling[i / n / n], '"' };
          g_autoptr(RbJson) json = parse_exactly (text, sizeof text, NULL);

          g_assert_cmpint (json != NULL, ==, g_utf8_validate (text, sizeof text, NULL));
        }
    }
}

static void
test_refuses_unknown_escapes (void)
{
  g_test_summary ("Of all bytes only eight may follow a backslash, and u with four digits.");

  for (guint c = 0; c <= 0xFF; c++)
    {
      const char text[] = { '"', '\\', c, 'x', '"' };
      g_autoptr(RbJson) json = parse_exactly (text, sizeof text, NULL);

      g_assert_cmpint (json != NULL, ==, c != 0 && strchr ("\"\\/bfnrt", (int) c) != NULL);
    }
}

static void
test_root_bytes (void)
{
  g_test_summary ("Of all single bytes only digits are a text.");

  for (guint c = 0; c <= 0xFF; c++)
    {
      const char text = c;
      g_autoptr(RbJson) json = parse_exactly (&text, 1, NULL);

      g_assert_cmpint (json != NULL, ==, c >= '0' && c <= '9');
    }
}

static char *
repeat (const char *unit,
        gsize       times)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < times; i++)
    g_string_append (text, unit);
  return g_string_free (text, FALSE);
}

static void
test_refuses_endless (gconstpointer unit)
{
  g_autofree char *text = repeat (unit, 100000);
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A hundred thousand openers are refused without using up the stack.");

  json = parse_exactly (text, strlen (text), &error);
  assert_refused (json, error);
}

static void
test_depth (void)
{
  g_test_summary ("Sixty-four containers may be open at once, whatever they are; a closed one does not count.");

  for (guint pairs = 1; pairs <= 40; pairs++)
    {
      g_autofree char *open = repeat ("[[],{\"b\":{},\"a\":", pairs);
      g_autofree char *close = repeat ("}]", pairs);
      g_autofree char *text = g_strconcat (open, "0", close, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(RbJson) json = parse_exactly (text, strlen (text), &error);

      /* The empty object is one deeper than its pair. */
      if (2 * pairs + 1 <= RB_JSON_MAX_DEPTH)
        {
          g_assert_no_error (error);
          continue;
        }
      assert_refused (json, error);
      g_assert_true (g_str_has_prefix (error->message, "JSON: nested too deeply"));
    }
}

static const struct {
  const char *text;
  const char *message;
} messages[] = {
  { "", "JSON: unexpected end at byte 0" },
  { "  ", "JSON: unexpected end at byte 2" },
  { "{\"a\":1,}", "JSON: unexpected character at byte 7" },
  { "{\"a\":1", "JSON: unexpected end at byte 6" },
  { "[tru]", "JSON: unexpected character at byte 4" },
  { "[01]", "JSON: unexpected character at byte 2" },
  { "[1.]", "JSON: unexpected character at byte 3" },
  { "\"ab\n\"", "JSON: control character at byte 3" },
  { "\"ab\\q\"", "JSON: unknown escape at byte 3" },
  { "\"ab\\u12\"", "JSON: incomplete escape at byte 3" },
  { "\"ab\\uD800\"", "JSON: lone surrogate at byte 3" },
  { "\"ab\xC3\"", "JSON: invalid UTF-8 at byte 3" },
  { "1 2", "JSON: unexpected character at byte 2" },
};

static void
test_messages (void)
{
  g_test_summary ("An error says what and where, and nothing of the text.");

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbJson) json = parse_exactly (messages[i].text, strlen (messages[i].text), &error);

      assert_refused (json, error);
      g_assert_cmpstr (error->message, ==, messages[i].message);
    }
}

static void
test_size_limit (void)
{
  g_autoptr(GBytes) text = g_bytes_new_static ("[1234567]", 9);
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A text as long as the limit passes, one byte more is too large, whatever is in it.");

  json = rb_json_parse (text, 9, &error);
  g_assert_no_error (error);
  g_assert_nonnull (json);

  g_assert_null (rb_json_parse (text, 8, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_TOO_LARGE);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "body_too_large");
  g_assert_cmpstr (error->message, ==, "request body too large");
}

static void
test_object_root (void)
{
  static const char *const others[] = { "[]", "null", "1", "\"{}\"", "true", " [ {} ] " };
  g_autoptr(GBytes) object = g_bytes_new_static (" {} ", 4);
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) no_error = NULL;

  g_test_summary ("Where an object is asked for, no other root will do.");

  json = rb_json_parse_object (object, 0, &no_error);
  g_assert_no_error (no_error);
  g_assert_cmpint (rb_json_get_root_type (json), ==, RB_JSON_OBJECT);

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr(GBytes) text = g_bytes_new_static (others[i], strlen (others[i]));
      g_autoptr(GError) error = NULL;
      RbJson *other = rb_json_parse_object (text, 0, &error);

      assert_refused (other, error);
    }
}

static void
add_cases (const char     *prefix,
           const JsonCase *cases,
           gsize           n_cases,
           GTestDataFunc   func)
{
  for (gsize i = 0; i < n_cases; i++)
    {
      g_autofree char *path = g_strdup_printf ("/json/%s/%s", prefix, cases[i].name);

      g_test_add_data_func (path, &cases[i], func);
    }
}

/* Not those that are wrong only because nothing may come behind or nothing is there, or that become right inside an
 * array. */
static gboolean
is_wrong_inside (const JsonCase *c)
{
  static const char *const right_inside[] = { "two-roots-with-comma", "array-comma-after-close", "root-then-bracket",
                                              "misplaced-close-after-string", "array-closed-twice" };

  for (gsize i = 0; i < G_N_ELEMENTS (right_inside); i++)
    {
      if (g_str_equal (c->name, right_inside[i]))
        return FALSE;
    }
  return TRUE;
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  add_cases ("accepts", json_accepted, json_n_accepted, test_accepts);
  add_cases ("refuses", json_refused, json_n_refused, test_refuses);
  for (gsize i = 0; i < json_n_refused; i++)
    {
      if (is_wrong_inside (&json_refused[i]))
        add_cases ("refuses-nested", &json_refused[i], 1, test_refuses_nested);
    }

  g_test_add_func ("/json/refuses-cut", test_refuses_cut);
  g_test_add_func ("/json/refuses-raw-control", test_refuses_raw_control);
  g_test_add_func ("/json/refuses-unknown-escapes", test_refuses_unknown_escapes);
  g_test_add_func ("/json/utf8-as-glib", test_utf8_as_glib);
  g_test_add_func ("/json/root-bytes", test_root_bytes);
  g_test_add_data_func ("/json/refuses-endless/arrays", "[", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/objects", "{\"a\":", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/mixed", "[{\"\":", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/closed", "[]", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/braces", "{", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/quotes", "\"", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/backslashes", "\\", test_refuses_endless);
  g_test_add_data_func ("/json/refuses-endless/minus", "-", test_refuses_endless);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/messages", test_messages);
  g_test_add_func ("/json/size-limit", test_size_limit);
  g_test_add_func ("/json/object-root", test_object_root);

  return g_test_run ();
}
