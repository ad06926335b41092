/* rb-known.h: addresses that are no strangers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-changes.h"

G_BEGIN_DECLS

/* Whom we have sent to, and whose message a person let in. Kept in RB_TABLE_KNOWN_SENDERS; the one that was met longest ago is forgotten
 * when there are too many. */

#define RB_KNOWN_MAX 4096

typedef struct _RbKnown RbKnown;

RbKnown    *rb_known_new        (void);
void        rb_known_free       (RbKnown *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbKnown, rb_known_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_known_set_bounds (RbKnown *self, RbBounds *bounds);

gboolean    rb_known_has        (RbKnown *self, const char *address);
void        rb_known_add        (RbKnown *self, const char *address, gint64 now, RbChanges *changes);
/* While loading, the one that was met longest ago first. */
void        rb_known_load       (RbKnown *self, const char *address);
guint       rb_known_get_n      (const RbKnown *self);

G_END_DECLS
