/* test-search-query.c: what people type, and what it finds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-search-query.h"
#include "rb-test.h"

#include <string.h>

static void
test_parsed (void)
{
  static const struct {
    const char *text, *fts;
  } cases[] = {
    { "deploy", "\"deploy\"" },
    { "  Deploy\tDONE ", "\"deploy\" AND \"done\"" },
    { "\"the Deploy\" it", "\"the deploy\" AND \"it\"" },
    { "depl*", "\"depl\" *" },
    { "\"the depl\"*", "\"the depl\" *" },
    { "foo-bar", "\"foo bar\"" },
    { "a:b^2 NOT (x", "\"a b 2\" AND \"not\" AND \"x\"" },
    { "don't", "\"don t\"" },
    { "STRASSE Äpfel", "\"strasse\" AND \"apfel\"" },
    { "x\"y z\"w", "\"x\" AND \"y z\" AND \"w\"" },
    { "日本", "\"日本\"" },
  };

  g_test_summary ("Words, phrases and beginnings become terms in quotes, whatever else is typed.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbSearchQuery) query = rb_search_query_parse (cases[i].text, &error);
      g_autofree char *fts = NULL;

      g_assert_no_error (error);
      fts = rb_search_query_to_fts (query);
      g_assert_cmpstr (fts, ==, cases[i].fts);
    }
}

static void
test_refused (void)
{
  g_autofree char *endless = g_strnfill (RB_SEARCH_QUERY_MAX + 1, 'a');
  g_autofree char *many = g_strnfill (2 * (RB_SEARCH_TERMS_MAX + 1), 'a');
  const struct {
    const char *text, *part;
  } cases[] = {
    { "", "is empty" },          { " \t\n", "is empty" },           { "!!!", "a letter or a digit" }, { "a \"\"", "a letter or a digit" },
    { "*", "a letter or" },      { "\"open", "not closed" },        { "a \"", "not closed" },         { "a\001b", "control characters" },
    { "a\177b", "control" },     { "\xff\xfe", "not UTF-8" },       { endless, "longer than 1024" },  { many, "too many parts" },
  };

  g_test_summary ("What cannot be looked for is refused, with the reason.");

  for (gsize i = 1; i < strlen (many); i += 2)
    many[i] = ' ';
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_search_query_parse (cases[i].text, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_query");
      g_assert_nonnull (strstr (error->message, cases[i].part));
    }
}

static void
test_matches (void)
{
  static const struct {
    const char *query, *text, *snippet;      /* NULL: it does not match */
  } cases[] = {
    { "deploy", "the Deploy is done", "the \002Deploy\003 is done" },
    { "done deploy", "the deploy is done", "the \002deploy\003 is \002done\003" },
    { "\"deploy is\"", "the deploy is done", "the \002deploy is\003 done" },
    { "\"deploy done\"", "the deploy is done", NULL },
    { "depl", "the deploy is done", NULL },
    { "depl*", "the deploy is done", "the \002deploy\003 is done" },
    { "\"the depl\"*", "the deploy is done", "\002the deploy\003 is done" },
    { "apfel", "Äpfel und Birnen", "\002Äpfel\003 und Birnen" },
    { "deploy missing", "the deploy is done", NULL },
    { "a", "", NULL },
  };

  g_test_summary ("A text has all terms, in any order; hits are marked.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSearchQuery) query = rb_search_query_parse (cases[i].query, NULL);
      g_autofree char *snippet = NULL;

      g_assert_cmpint (rb_search_query_matches (query, cases[i].text, &snippet), ==, cases[i].snippet != NULL);
      g_assert_cmpstr (snippet, ==, cases[i].snippet);
    }
}

static void
test_long_text (void)
{
  g_autoptr(RbSearchQuery) query = rb_search_query_parse ("needle", NULL);
  g_autoptr(GString) text = g_string_new (NULL);
  g_autofree char *snippet = NULL;

  g_test_summary ("Of a long text the surroundings of the first hit are shown.");

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (text, "%s ", i == 500 ? "needle" : "hay");
  g_assert_true (rb_search_query_matches (query, text->str, &snippet));
  g_assert_true (g_str_has_prefix (snippet, "…hay hay hay hay \002needle\003 hay"));
  g_assert_true (g_str_has_suffix (snippet, "hay…"));
  g_assert_cmpuint (strlen (snippet), <, 100);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/search-query/parsed", test_parsed);
  g_test_add_func ("/search-query/refused", test_refused);
  g_test_add_func ("/search-query/matches", test_matches);
  g_test_add_func ("/search-query/long-text", test_long_text);
  return g_test_run ();
}
