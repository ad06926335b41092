/* rb-changes.h: changes that become true together
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-event.h"
#include "rb-tables.h"

G_BEGIN_DECLS

typedef struct _RbChanges RbChanges;

typedef enum { RB_CHANGE_PUT, RB_CHANGE_DELETE } RbChangeOp;

typedef struct {
  RbChangeOp  op;
  RbTable     table;
  GVariant   *row;     /* PUT: the whole row (replaces one of the same key). DELETE: a tuple of the leading key columns;
                          fewer than the whole key deletes all rows with that prefix. Owned. */
} RbChange;

RbChanges      *rb_changes_new       (void);
void            rb_changes_free      (RbChanges *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbChanges, rb_changes_free)

void            rb_changes_put       (RbChanges *self, RbTable table, GVariant *row);   /* sinks a floating row */
void            rb_changes_delete    (RbChanges *self, RbTable table, GVariant *key);   /* likewise */
/* Nothing waits for these to survive a power loss (they survive a crash of the process): no sync of their own. */
void            rb_changes_set_lazy  (RbChanges *self, gboolean lazy);
gboolean        rb_changes_is_lazy   (const RbChanges *self);
/* A checkpoint among them takes the place of another: its message has as many as it may have. */
void            rb_changes_set_crowded (RbChanges *self);
gboolean        rb_changes_is_crowded  (const RbChanges *self);
/* What is told outwards once, and only when, these changes are durable. Both take @event. */
void            rb_changes_tell      (RbChanges *self, RbEvent *event);     /* to everybody; the authority hears of it until it has heard */
void            rb_changes_project   (RbChanges *self, RbEvent *event);     /* not to the authority, which has agreed to it already */
guint           rb_changes_get_n     (const RbChanges *self);
const RbChange *rb_changes_get       (const RbChanges *self, guint i);

typedef struct {
  RbEvent   *event;    /* owned */
  gboolean   is_known; /* to the authority */
} RbTold;

/* (transfer full) (nullable): of RbTold, in the order of the calls; NULL: nothing is told */
GArray         *rb_changes_steal_told (RbChanges *self);

G_END_DECLS
