/* rb-ledger.h: which messages live, and which were seen
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-message.h"

G_BEGIN_DECLS

/* Every message that has not ended, by id, and the ids of those that have: a redelivery has no second effect. The memory of ended ones is
 * bounded by number and by age; what leaves it leaves the store too. */
typedef struct _RbLedger RbLedger;

RbLedger   *rb_ledger_new       (guint seen_cap, gint64 retention_ms);
void        rb_ledger_free      (RbLedger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLedger, rb_ledger_free)

void        rb_ledger_add       (RbLedger *self, RbMessage *message);
RbMessage  *rb_ledger_lookup    (RbLedger *self, const char *id);
/* A message that is not to be: its arrival was refused and left no trace. One that had ended before has ended still. */
void        rb_ledger_drop      (RbLedger *self, RbMessage *message);
/* It ended: records how, forgets its content, remembers its id. */
void        rb_ledger_end       (RbLedger *self, RbMessage *message, const char *reason, gint64 now, RbChanges *changes);
gboolean    rb_ledger_has_seen  (RbLedger *self, const char *id);
/* While loading: an ended message of an earlier process, oldest first. */
void        rb_ledger_add_seen  (RbLedger *self, const char *id, gint64 since);
/* A message of ours that the network took: its "sent" checkpoint, n = 0, is kept for as many as ended ones are. @changes: NULL while
 * loading. */
void        rb_ledger_add_sent  (RbLedger *self, const char *id, RbChanges *changes);
guint       rb_ledger_get_n     (RbLedger *self);
guint       rb_ledger_get_n_seen (RbLedger *self);
guint       rb_ledger_get_seen_cap (RbLedger *self);

G_END_DECLS
