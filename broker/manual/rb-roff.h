/* rb-roff.h: plain text as the source of a man page
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Nothing in @text means anything to roff any more; one line stays one line. */
void  rb_roff_escape  (GString            *out,
                       const char         *text);
/* Sentences, each on a line of its own; options and names of pages are bold, an empty line begins a paragraph. */
void  rb_roff_prose   (GString            *out,
                       const char         *text);
/* Likewise one sentence that ends without a full stop, as the tables have them. @capital: it begins small there. */
void  rb_roff_summary (GString            *out,
                       const char         *text,
                       gboolean            capital);
/* Words in capitals are for the user to fill in, all others to be typed; no line feed. */
void  rb_roff_usage   (GString            *out,
                       const char         *text);
/* A row of a table: what stands on the left, and what it is. @note: (nullable): roff, behind it */
void  rb_roff_row     (GString            *out,
                       const char         *left,
                       const char         *right,
                       const char         *note);
/* The options, each with its description and what @note gives for its long name. */
typedef const char *(*RbRoffNoteFunc) (gpointer    user_data,
                                       const char *option);
void  rb_roff_options (GString            *out,
                       const GOptionEntry *options,
                       RbRoffNoteFunc      note,
                       gpointer            user_data);

G_END_DECLS
