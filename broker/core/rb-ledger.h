/* rb-ledger.h: which messages live, and which were seen
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* Every message that has not ended, by id, and the ids of those that have: a redelivery has no second effect. The memory of ended ones is
 * bounded by number and by age; what leaves it leaves the store too, but for what the archive keeps. */
typedef struct _RbLedger RbLedger;

RbLedger   *rb_ledger_new       (guint seen_cap, gint64 retention_ms);
void        rb_ledger_free      (RbLedger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLedger, rb_ledger_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_ledger_set_bounds (RbLedger *self, RbBounds *bounds);

void        rb_ledger_add       (RbLedger *self, RbMessage *message);
RbMessage  *rb_ledger_lookup    (RbLedger *self, const char *id);
/* A message that is not to be: its arrival was refused and left no trace. One that had ended before has ended still. */
void        rb_ledger_drop      (RbLedger *self, RbMessage *message);
/* It ended: records how, forgets its content, remembers its id. */
void        rb_ledger_end       (RbLedger *self, RbMessage *message, const char *reason, gint64 now, RbChanges *changes);
gboolean    rb_ledger_has_seen  (RbLedger *self, const char *id);
/* When it ended, epoch-ms; 0: it did not, or that is forgotten, or it lives again. */
gint64      rb_ledger_get_seen_at (RbLedger *self, const char *id);
/* While loading: an ended message of an earlier process, oldest first. */
void        rb_ledger_add_seen  (RbLedger *self, const char *id, gint64 since);
typedef void (*RbLedgerFunc) (RbMessage *message, gpointer user_data);
/* Looks at all that live, for people only. */
void        rb_ledger_foreach   (RbLedger *self, RbLedgerFunc func, gpointer user_data);
guint       rb_ledger_get_n     (RbLedger *self);
gsize       rb_ledger_get_bytes (RbLedger *self);        /* of the live ones */
guint       rb_ledger_get_most_checkpoints (RbLedger *self);   /* of one of them; looks at all */
guint       rb_ledger_get_n_sent (RbLedger *self);
guint       rb_ledger_get_n_seen (RbLedger *self);
guint       rb_ledger_get_seen_cap (RbLedger *self);

G_END_DECLS
