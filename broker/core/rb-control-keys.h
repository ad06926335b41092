/* rb-control-keys.h: which control events were carried out already
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-changes.h"

G_BEGIN_DECLS

/* A ring, first in first out (protocol.md 15.5). It is kept, so that an event that comes again after a restart has no second effect. */
typedef struct _RbControlKeys RbControlKeys;

RbControlKeys *rb_control_keys_new      (guint cap);
void           rb_control_keys_free     (RbControlKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbControlKeys, rb_control_keys_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_control_keys_set_bounds (RbControlKeys *self, RbBounds *bounds);

typedef void (*RbControlKeyFunc) (const char *key, gpointer user_data);
void           rb_control_keys_foreach  (RbControlKeys *self, RbControlKeyFunc func, gpointer user_data);    /* the oldest first */
gboolean       rb_control_keys_contains (RbControlKeys *self, const char *key);
/* The oldest leaves when it is full. */
void           rb_control_keys_add      (RbControlKeys *self, const char *key, RbChanges *changes);
/* What was added has not become true after all. */
void           rb_control_keys_remove   (RbControlKeys *self, const char *key);
/* Rows in the table's order. */
void           rb_control_keys_load     (RbControlKeys *self, GVariant *row);
guint          rb_control_keys_get_n    (const RbControlKeys *self);

G_END_DECLS
