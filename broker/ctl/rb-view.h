/* rb-view.h: reads what the broker shows of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"
#include "rb-prefix.h"
#include "rb-table.h"

G_BEGIN_DECLS

/* A scalar member as text; NULL when absent, null, an array or an object. */
char     *rb_view_dup_text    (const RbJson        *object,
                               const char          *name);
/* How long ago an iso-ms time is: "12 s", "3 min", "5 h", "2 d"; in the future "in 12 s". NULL for NULL and nonsense. */
char     *rb_view_dup_age     (const char          *iso,
                               gint64               now_ms);
/* Whether that age begins with "in". */
gboolean  rb_view_is_ahead    (const char          *iso,
                               gint64               now_ms);
/* The local time of day, with the date when it is not @now_ms's. */
char     *rb_view_dup_time    (const char          *iso,
                               gint64               now_ms);

/* One column of a table made from an array of objects. */
typedef struct {
  RbTableColumn  column;
  const char    *member;
  const char    *fallback;   /* (nullable) member when that is absent */
  gboolean       is_age;     /* an iso-ms time, shown as age */
} RbViewColumn;

/* Prints @view as a table, or as it came with --json; @nothing is what a person reads for an empty one. */
void      rb_view_print_table (RbCtl               *ctl,
                               const RbJson        *view,
                               const RbViewColumn  *columns,
                               guint                n_columns,
                               const char          *nothing);

/* Adds an RbCandidate for each object of @view that has @id_member; @name_member may be NULL. */
void      rb_view_add_candidates (const RbJson      *view,
                                  const char        *id_member,
                                  const char        *name_member,
                                  GPtrArray         *candidates);

G_END_DECLS
