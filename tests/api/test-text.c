/* test-text.c: text rules of the wire
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-text.h"

#include "rb-test.h"

#include <string.h>

static void
test_trim (void)
{
  static const char *const pairs[][2] = {
    { "", "" },
    { "a", "a" },
    { " a ", "a" },
    { "\t\n\v\f\r a b \r\f\v\n\t", "a b" },
    { "   ", "" },
    { "\xC2\xA0" "a\xC2\xA0", "a" },
    { "\xE1\x9A\x80" "a\xE1\x9A\x80", "a" },
    { "\xE2\x80\x80" "a\xE2\x80\x8A", "a" },
    { "\xE2\x80\xA8" "a\xE2\x80\xA9", "a" },
    { "\xE2\x80\xAF" "a\xE2\x81\x9F", "a" },
    { "\xE3\x80\x80" "a\xEF\xBB\xBF", "a" },
    { "\xEF\xBB\xBF\xE3\x80\x80 \xC2\xA0", "" },
    /* U+0085, U+180E, U+200B and U+2060 stay, as does U+001F */
    { "\xC2\x85", "\xC2\x85" },
    { "\xE1\xA0\x8E", "\xE1\xA0\x8E" },
    { "\xE2\x80\x8B", "\xE2\x80\x8B" },
    { "\xE2\x81\xA0", "\xE2\x81\xA0" },
    { "\x1F" "a\x08", "\x1F" "a\x08" },
    { " \xF0\x9F\x98\x80 ", "\xF0\x9F\x98\x80" },
  };

  g_test_summary ("Trimming strips the white space of JavaScript and nothing else.");

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *trimmed = rb_text_trim (pairs[i][0]);

      g_assert_cmpstr (trimmed, ==, pairs[i][1]);
    }
}

static void
test_trim_every_code_point (void)
{
  guint n_trimmed = 0;

  g_test_summary ("Of all characters, twenty-five are white space.");

  for (gunichar c = 1; c <= 0x10FFFF; c++)
    {
      char text[8] = { 0 };
      g_autofree char *trimmed = NULL;

      if (c >= 0xD800 && c <= 0xDFFF)
        continue;
      g_unichar_to_utf8 (c, text);
      trimmed = rb_text_trim (text);
      n_trimmed += *trimmed == '\0';
    }
  g_assert_cmpuint (n_trimmed, ==, 25);
}

static void
test_count_units (void)
{
  g_test_summary ("A character outside the Basic Multilingual Plane counts twice.");

  g_assert_cmpuint (rb_text_count_units (""), ==, 0);
  g_assert_cmpuint (rb_text_count_units ("abc"), ==, 3);
  g_assert_cmpuint (rb_text_count_units ("\xC3\xA9\xE2\x82\xAC"), ==, 2);
  g_assert_cmpuint (rb_text_count_units ("\xEF\xBF\xBF"), ==, 1);
  g_assert_cmpuint (rb_text_count_units ("\xF0\x90\x80\x80"), ==, 2);
  g_assert_cmpuint (rb_text_count_units ("a\xF0\x9F\x98\x80" "b\xF4\x8F\xBF\xBF"), ==, 6);
}

static void
test_truncate (void)
{
  static const struct {
    const char *text;
    gsize keep;
    const char *kept;
    gboolean truncated;
  } cuts[] = {
    { "", 0, "", FALSE },
    { "abc", 3, "abc", FALSE },
    { "abc", 2, "ab", TRUE },
    { "abc", 0, "", TRUE },
    { "abc", 200, "abc", FALSE },
    { "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 2, "\xC3\xA9\xE2\x82\xAC", TRUE },
    { "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 3, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", FALSE },
  };

  g_test_summary ("A text is cut between code points.");

  for (gsize i = 0; i < G_N_ELEMENTS (cuts); i++)
    {
      gboolean truncated = !cuts[i].truncated;
      g_autofree char *kept = rb_text_truncate (cuts[i].text, cuts[i].keep, &truncated);
      g_autofree char *again = rb_text_truncate (cuts[i].text, cuts[i].keep, NULL);

      g_assert_cmpstr (kept, ==, cuts[i].kept);
      g_assert_cmpstr (again, ==, cuts[i].kept);
      g_assert_cmpint (truncated, ==, cuts[i].truncated);
    }
}

static void
assert_session_id (const char *text,
                   const char *expected)
{
  g_autofree char *id = rb_text_session_id (text);

  g_assert_cmpstr (id, ==, expected);
}

/* protocol.md 13.11. */
static void
test_session_id (void)
{
  g_autofree char *longest = g_strnfill (256, 'x');
  g_autofree char *longer = g_strnfill (257, 'x');
  g_autofree char *spaced = g_strdup_printf (" %s ", longest);
  GString *wide = g_string_new (NULL);

  g_test_summary ("A session id is 1 to 256 units after trimming, and not of the reserved prefix.");

  assert_session_id ("abc", "abc");
  assert_session_id ("  a b\t", "a b");
  assert_session_id ("a__masons_", "a__masons_");
  assert_session_id ("__Masons_", "__Masons_");
  assert_session_id (longest, longest);
  assert_session_id (spaced, longest);

  for (guint i = 0; i < 128; i++)
    g_string_append (wide, "\xF0\x9F\x98\x80");
  assert_session_id (wide->str, wide->str);
  g_string_append_c (wide, 'x');

  assert_session_id (wide->str, NULL);
  assert_session_id (longer, NULL);
  assert_session_id (NULL, NULL);
  assert_session_id ("", NULL);
  assert_session_id (" \xC2\xA0", NULL);
  assert_session_id ("__masons_", NULL);
  assert_session_id ("__masons_x", NULL);
  assert_session_id (" __masons_x", NULL);
  g_string_free (wide, TRUE);
}

static void
test_sanitise (void)
{
  static const char *const pairs[][2] = {
    { "", "" },
    { "AZaz09._-", "AZaz09._-" },
    { ".", "." },
    { "..", ".." },
    { "a/b\\c:d e", "a_b_c_d_e" },
    { "../../etc/passwd", ".._.._etc_passwd" },
    { "\xC3\xA9\xE2\x82\xAC", "__" },
    { "a\xF0\x9F\x98\x80" "b", "a__b" },
    { "\x01\n\x7F", "___" },
    { "user@example.net", "user_example.net" },
  };

  g_test_summary ("Each UTF-16 unit that is unsafe in a file name becomes one underscore.");

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *name = rb_text_sanitise (pairs[i][0]);

      g_assert_cmpstr (name, ==, pairs[i][1]);
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/text/trim", test_trim);
  g_test_add_func ("/text/trim-every-code-point", test_trim_every_code_point);
  g_test_add_func ("/text/count-units", test_count_units);
  g_test_add_func ("/text/truncate", test_truncate);
  g_test_add_func ("/text/session-id", test_session_id);
  g_test_add_func ("/text/sanitise", test_sanitise);

  return g_test_run ();
}
