/* rb-search-index.h: the full text index over the archive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-rows.h"

G_BEGIN_DECLS

/* Written when somebody searches, not when something is archived: what nobody looks for costs nothing. Whatever fails here costs a search. */
#define RB_SEARCH_INDEX_ROWS 256        /* in one transaction: some 20 ms with usual messages... */
#define RB_SEARCH_INDEX_LENGTH 524288   /* ...and not much more with long ones: characters after which none is begun */

/* Adds the next texts that are not in the index, or takes out some that are to be in it no more. @more: (out): call again. */
gboolean    rb_search_index_grow (RbSql *sql, gboolean *more, GError **error);
/* Only the latter: for when texts were deleted. */
gboolean    rb_search_index_trim (RbSql *sql, gboolean *more, GError **error);
/* The archive's rows that fit, with their snippets: "(@s)", the last first. */
gboolean    rb_search_index_find (RbSql *sql, RbRows *rows, const RbSearch *search, GPtrArray *found, GError **error);

G_END_DECLS
