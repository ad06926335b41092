/* rb-troubles.h: what the process around the core has found of itself that a person has to mend
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Modules that do not run, a disk that gets full: known by kind and subject, each with since when, for as long as it is told of. */
typedef struct {
  char   *kind;         /* a word of rb-needs.h */
  char   *subject;
  char   *what;         /* why, in words */
  char   *command;      /* what to type to see more, or to mend it */
  gint64  since;        /* epoch-ms */
} RbTrouble;

#define RB_TROUBLES_MAX 64       /* what is one more is logged, and not listed */

typedef struct _RbTroubles RbTroubles;

RbTroubles  *rb_troubles_new     (void);
void         rb_troubles_free    (RbTroubles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbTroubles, rb_troubles_free)

/* Both: whether anything changed by it. Told of again, it keeps its time and takes the words. */
gboolean     rb_troubles_begin   (RbTroubles *self, const char *kind, const char *subject, const char *what, const char *command, gint64 now);
gboolean     rb_troubles_end     (RbTroubles *self, const char *kind, const char *subject);
guint        rb_troubles_get_n   (const RbTroubles *self);
const GList *rb_troubles_get_all (const RbTroubles *self);    /* of RbTrouble, oldest first */

G_END_DECLS
