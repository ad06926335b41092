/* rb-search.h: a person looks for what was said
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

#define RB_SEARCH_LIMIT_MAX 200

/* Texts may be NULL: any. */
typedef struct {
  const char *words;         /* see rb-search-query.h */
  const char *from;          /* who wrote to us */
  const char *to;            /* whom an endpoint wrote to */
  const char *endpoint_id;   /* which had it, or sent it */
  gint64      since;         /* epoch-ms of arrival or sending, inclusive; 0: any */
  gint64      until;         /* exclusive; 0: any */
  gint64      before;        /* the next page: what the last one gave; 0: the first */
  guint       limit;         /* 0: a usual page; at most RB_SEARCH_LIMIT_MAX */
} RbSearchRequest;

/* First what is not over yet, then the archive, the last first. Answers with a{sv}: "rows" aa{sv}; "live_cut" b, whether something lives that
 * was not looked at, because the page was full or there was too much to look through (the next page goes on in the archive; a narrower question
 * finds it); and "before" when there may be more. A row's "snippet" is an array of texts: plain, hit, plain, ... Fails with RB_ERROR_INVALID
 * "bad_query" or "bad_request". */
void      rb_search_async  (RbCore *core, const RbSearchRequest *request, GAsyncReadyCallback callback, gpointer user_data);
GVariant *rb_search_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
