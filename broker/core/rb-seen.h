/* rb-seen.h: what a person has taken off the list of what needs them, though it is as it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-changes.h"

G_BEGIN_DECLS

/* Up to when; what came later needs them again. Rows of RB_TABLE_META; one for each thing that a person has answered so. */
typedef struct _RbSeen RbSeen;

RbSeen  *rb_seen_new  (void);
void     rb_seen_free (RbSeen *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSeen, rb_seen_free)

void     rb_seen_set  (RbSeen *self, const char *kind, const char *subject, gint64 at, RbChanges *changes);
/* epoch-ms; 0: never */
gint64   rb_seen_get  (const RbSeen *self, const char *kind, const char *subject);
/* A row of that table, which may be another's. */
void     rb_seen_load (RbSeen *self, const char *name, const char *value);

G_END_DECLS
