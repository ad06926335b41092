/* rb-query.h: the query of a view that is asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RbQuery RbQuery;

RbQuery  *rb_query_new        (void);
void      rb_query_free       (RbQuery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbQuery, rb_query_free)

void      rb_query_add        (RbQuery *self, const char *name, const char *value);     /* NULL: left out */
void      rb_query_add_number (RbQuery *self, const char *name, gint64 value);
/* See rb-moment.h. */
gboolean  rb_query_add_moment (RbQuery *self, const char *name, const char *value, gint64 now_ms, GError **error);
/* "VIEW?name=value&...", with one more that comes from page to page: a number (0: left out) or a text. */
char     *rb_query_dup_view   (RbQuery *self, const char *view, const char *name, gint64 number);
char     *rb_query_dup_view_at (RbQuery *self, const char *view, const char *name, const char *value);

G_END_DECLS
