/* test-terminal.c: what a stranger wrote cannot reach the terminal, and everything fits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-table.h"
#include "rb-terminal.h"
#include "rb-test.h"

#include <string.h>
#include <unistd.h>

static void
test_escape (void)
{
  static const struct {
    const char *text;
    const char *escaped;
  } cases[] = {
    { "", "" },
    { "plain text, äöü, 漢字, 😀", "plain text, äöü, 漢字, 😀" },
    { "\033[2J\033]0;title\007", "\\x1b[2J\\x1b]0;title\\x07" },
    { "a\r\nb\tc", "a\\x0d\\nb\\tc" },
    { "\x7f", "\\x7f" },
    { "\302\233" "31m", "\\x9b31m" },
    { "\342\200\256evil\342\200\254", "\\u{202e}evil\\u{202c}" },
    { "\342\201\246\342\200\213\357\273\277", "\\u{2066}\\u{200b}\\u{feff}" },
    { "\363\240\201\201", "\\u{e0041}" },
    { "\302\255", "\\xad" },
    { "\xff\xfe", "\357\277\275\357\277\275" },
  };

  g_test_summary ("Control characters, direction marks, invisible characters and malformed bytes are shown, not obeyed.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *escaped = rb_terminal_escape (cases[i].text);

      g_assert_cmpstr (escaped, ==, cases[i].escaped);
    }
}

static void
test_escape_lines (void)
{
  g_autofree char *escaped = rb_terminal_escape_lines ("a\n\tb\r\033[1m");

  g_test_summary ("Line breaks and tabs may stay where there is room for them; nothing else may.");

  g_assert_cmpstr (escaped, ==, "a\n\tb\\x0d\\x1b[1m");
}

static void
test_escape_json (void)
{
  static const char text[] = "{\"a\":\"\302\233 \177 \342\200\256 \363\240\201\201 \303\274 \\u001b\"}\n";
  g_autofree char *escaped = rb_terminal_escape_json (text, strlen (text));

  g_test_summary ("In JSON they are written as JSON writes them; what is beyond 16 bits as two halves.");

  g_assert_cmpstr (escaped, ==, "{\"a\":\"\\u009b \\u007f \\u202e \\udb40\\udc41 \303\274 \\u001b\"}\n");
}

static void
test_measure (void)
{
  g_test_summary ("Wide characters take two cells, combining ones none.");

  g_assert_cmpuint (rb_terminal_measure (""), ==, 0);
  g_assert_cmpuint (rb_terminal_measure ("abc"), ==, 3);
  g_assert_cmpuint (rb_terminal_measure ("漢字"), ==, 4);
  g_assert_cmpuint (rb_terminal_measure ("e\314\201"), ==, 1);
}

static void
test_pad (void)
{
  static const struct {
    const char *text;
    const char *padded;
  } cases[] = { { "", "     " }, { "abc", "abc  " }, { "漢字", "漢字 " }, { "fünf", "fünf " }, { "abcde", "abcde" }, { "abcdef", "abcdef" } };

  g_test_summary ("Columns stay in line whatever the letters are; what is too long is not cut.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *padded = rb_terminal_pad (cases[i].text, 5);

      g_assert_cmpstr (padded, ==, cases[i].padded);
    }
}

static void
test_cut (void)
{
  static const struct {
    const char *text;
    guint       cells;
    const char *cut;
  } cases[] = {
    { "abc", 3, "abc" }, { "abcd", 3, "ab…" }, { "abcd", 1, "…" }, { "abcd", 0, "" },
    { "漢字漢", 5, "漢字…" }, { "漢字漢", 4, "漢…" }, { "e\314\201x", 2, "e\314\201x" },
  };

  g_test_summary ("A cut text is never wider than asked and never splits a character.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *cut = rb_terminal_cut (cases[i].text, cases[i].cells);

      g_assert_cmpstr (cut, ==, cases[i].cut);
      g_assert_cmpuint (rb_terminal_measure (cut), <=, cases[i].cells);
    }
}

static void
test_wrap (void)
{
  static const struct {
    const char *text;
    guint       cells;
    guint       indent;
    const char *wrapped;
  } cases[] = {
    { "", 10, 2, "" },
    { "short", 10, 2, "short" },
    { "one two three", 8, 2, "one two\n  three" },
    { "abcdefghij", 4, 1, "abcd\n efg\n hij" },
    { "a\nb", 10, 2, "a\n  b" },
    { "one two", 0, 2, "one two" },
    { "漢字漢字", 5, 0, "漢字\n漢字" },
    { "漢", 1, 0, "漢" },
    { "abcd", 3, 9, "abc\n d" },
  };

  g_test_summary ("Lines break at spaces where there are any, and always end.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *wrapped = rb_terminal_wrap (cases[i].text, cases[i].cells, cases[i].indent);

      g_assert_cmpstr (wrapped, ==, cases[i].wrapped);
    }
}

static void
test_init (void)
{
  RbTerminal terminal;
  int fds[2];

  g_test_summary ("Without a terminal there is no limit and no colour; COLUMNS sets a limit; nonsense in it does not.");

  g_assert_cmpint (pipe (fds), ==, 0);
  g_unsetenv ("COLUMNS");
  rb_terminal_init (&terminal, fds[1]);
  g_assert_cmpuint (terminal.columns, ==, 0);
  g_assert_false (terminal.colour);

  g_setenv ("COLUMNS", "72", TRUE);
  rb_terminal_init (&terminal, fds[1]);
  g_assert_cmpuint (terminal.columns, ==, 72);

  g_setenv ("COLUMNS", "-1", TRUE);
  rb_terminal_init (&terminal, fds[1]);
  g_assert_cmpuint (terminal.columns, ==, 0);
  g_unsetenv ("COLUMNS");
  close (fds[0]);
  close (fds[1]);
}

static void
test_style (void)
{
  const RbTerminal plain = { 80, FALSE };
  const RbTerminal colourful = { 80, TRUE };
  g_autofree char *without = rb_terminal_style (&plain, RB_STYLE_BAD, "x");
  g_autofree char *with = rb_terminal_style (&colourful, RB_STYLE_BAD, "x");

  g_test_summary ("Colours are only there where the terminal has them.");

  g_assert_cmpstr (without, ==, "x");
  g_assert_cmpstr (with, ==, "\033[31mx\033[0m");
}

static const RbTableColumn columns[] = { { "NAME", 4 }, { "N", 0 }, { "TEXT", 6 } };

static RbTable *
make_table (void)
{
  RbTable *table = rb_table_new (columns, G_N_ELEMENTS (columns));

  rb_table_add_row (table, (const char *const[]) { "alpha", "1", "a rather long piece of text that will not fit everywhere" });
  rb_table_add_row (table, (const char *const[]) { "漢字", "22", NULL });
  return table;
}

static guint
measure_widest (const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  guint widest = 0;

  for (gsize i = 0; lines[i] != NULL; i++)
    widest = MAX (widest, rb_terminal_measure (lines[i]));
  return widest;
}

static void
test_table_unlimited (void)
{
  const RbTerminal terminal = { 0, FALSE };
  g_autoptr(RbTable) table = make_table ();
  g_autofree char *text = rb_table_render (table, &terminal);

  g_test_summary ("Without a limit nothing is cut, and columns line up, wide characters included.");

  g_assert_cmpstr (text, ==,
                   "NAME   N   TEXT\n"
                   "alpha  1   a rather long piece of text that will not fit everywhere\n"
                   "漢字   22  -\n");
}

static void
test_table_widths (void)
{
  g_autoptr(RbTable) table = make_table ();

  g_test_summary ("At every width no line is wider than the terminal.");

  for (guint width = 3; width < 100; width++)
    {
      const RbTerminal terminal = { width, FALSE };
      g_autofree char *text = rb_table_render (table, &terminal);

      g_assert_cmpuint (measure_widest (text), <=, width);
    }
}

static void
test_table_shrinks (void)
{
  const RbTerminal terminal = { 60, FALSE };
  g_autoptr(RbTable) table = make_table ();
  g_autofree char *text = rb_table_render (table, &terminal);

  g_test_summary ("A table that is a little too wide loses text where it has the most, and stays a table.");

  g_assert_true (g_str_has_prefix (text, "NAME   N   TEXT\nalpha  1   a rather"));
  g_assert_nonnull (g_strrstr (text, "…"));
}

static void
test_table_stacked (void)
{
  const RbTerminal terminal = { 40, FALSE };
  g_autoptr(RbTable) table = make_table ();
  g_autofree char *text = rb_table_render (table, &terminal);

  g_test_summary ("On a narrow terminal each row is a paragraph, and nothing is cut.");

  g_assert_true (g_str_has_prefix (text, "NAME: alpha\nN: 1\nTEXT: a rather long piece of text that\n  will not fit everywhere\n"));
  g_assert_nonnull (g_strrstr (text, "\n\nNAME: 漢字\n"));
}

static void
test_table_injection (void)
{
  const RbTerminal terminal = { 0, FALSE };
  g_autoptr(RbTable) table = rb_table_new (columns, G_N_ELEMENTS (columns));
  g_autofree char *text = NULL;

  g_test_summary ("A cell cannot start a line of its own or colour the others.");

  rb_table_add_row (table, (const char *const[]) { "a\nb", "\033[31m", "c" });
  text = rb_table_render (table, &terminal);
  g_assert_cmpstr (text, ==, "NAME  N         TEXT\na\\nb  \\x1b[31m  c\n");
}

static void
test_table_empty (void)
{
  const RbTerminal terminal = { 80, FALSE };
  g_autoptr(RbTable) table = rb_table_new (columns, G_N_ELEMENTS (columns));
  g_autofree char *text = rb_table_render (table, &terminal);

  g_test_summary ("A table without rows has no heading either.");

  g_assert_cmpstr (text, ==, "");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/terminal/escape", test_escape);
  g_test_add_func ("/terminal/escape-lines", test_escape_lines);
  g_test_add_func ("/terminal/escape-json", test_escape_json);
  g_test_add_func ("/terminal/measure", test_measure);
  g_test_add_func ("/terminal/pad", test_pad);
  g_test_add_func ("/terminal/cut", test_cut);
  g_test_add_func ("/terminal/wrap", test_wrap);
  g_test_add_func ("/terminal/init", test_init);
  g_test_add_func ("/terminal/style", test_style);
  g_test_add_func ("/table/unlimited", test_table_unlimited);
  g_test_add_func ("/table/every-width", test_table_widths);
  g_test_add_func ("/table/shrinks", test_table_shrinks);
  g_test_add_func ("/table/stacked", test_table_stacked);
  g_test_add_func ("/table/injection", test_table_injection);
  g_test_add_func ("/table/empty", test_table_empty);
  return g_test_run ();
}
