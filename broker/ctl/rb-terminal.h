/* rb-terminal.h: text as it may be shown: escaped, measured, cut
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RB_STYLE_PLAIN,
  RB_STYLE_HEADING,
  RB_STYLE_DIM,
  RB_STYLE_GOOD,
  RB_STYLE_BAD,
} RbStyle;

typedef struct {
  guint    columns;   /* 0: no limit (a pipe or a file) */
  gboolean colour;
} RbTerminal;

/* COLUMNS, else what the terminal behind @fd says, else 80; without a terminal and COLUMNS no limit. Colours on a terminal
 * without NO_COLOR whose TERM is not "dumb". */
void   rb_terminal_init     (RbTerminal       *self,
                             int               fd);
/* @text in @style, or just @text without colours. */
char  *rb_terminal_style    (const RbTerminal *self,
                             RbStyle           style,
                             const char       *text);

/* Nothing that a terminal would obey, and nothing that reorders text: such characters become \n, \t, \xHH or \u{HHHH}; malformed
 * bytes become U+FFFD. Message content is written by strangers. */
char  *rb_terminal_escape   (const char       *text);
/* Likewise, but line breaks and tabs stay. */
char  *rb_terminal_escape_lines (const char   *text);
/* Of JSON: the same text to whoever parses it, and harmless to look at. JSON itself has no raw character below U+0020 in a string. */
char  *rb_terminal_escape_json (const char    *json,
                                gsize          length);

/* Of escaped text: cells, counting wide characters twice and combining ones not at all. */
guint  rb_terminal_measure  (const char       *text);
/* Followed by spaces until it is @cells wide. */
char  *rb_terminal_pad      (const char       *text,
                             guint             cells);
/* At most @cells wide, with "…" where something was cut. */
char  *rb_terminal_cut      (const char       *text,
                             guint             cells);
/* Line breaks at spaces where possible, so that no line is wider than @cells (0: as it is); every line but the first starts with
 * @indent spaces, which count. */
char  *rb_terminal_wrap     (const char       *text,
                             guint             cells,
                             guint             indent);

G_END_DECLS
