/* rb-search-query.h: the words that somebody looks for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Words are looked for whole, in any order, upper and lower case alike; all must be there. "..." keeps words together, an asterisk behind a word
 * or a phrase stands for any ending. Nothing else means anything: what a person types is never an expression that could be malformed. */
typedef struct _RbSearchQuery RbSearchQuery;

#define RB_SEARCH_QUERY_MAX 1024      /* bytes */
#define RB_SEARCH_TERMS_MAX 32

/* Fails with RB_ERROR_INVALID "bad_query". */
RbSearchQuery *rb_search_query_parse   (const char *text, GError **error);
RbSearchQuery *rb_search_query_ref     (RbSearchQuery *self);
void           rb_search_query_unref   (RbSearchQuery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSearchQuery, rb_search_query_unref)

/* For SQLite's FTS5: each term in its quotes. */
char          *rb_search_query_to_fts  (const RbSearchQuery *self);
/* Whether @text has it all; @snippet: (out) (optional) (nullable): its beginning of interest, hits between RB_SEARCH_HIT_BEGIN and ..._END. Walks
 * through the text: for what no index has. */
gboolean       rb_search_query_matches (const RbSearchQuery *self, const char *text, char **snippet);

/* No kept text has control characters, so these mark what they say. */
#define RB_SEARCH_HIT_BEGIN "\002"
#define RB_SEARCH_HIT_END "\003"
#define RB_SEARCH_SNIPPET_WORDS 16

G_END_DECLS
