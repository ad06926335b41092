/* rb-inbound-private.h: where a message that arrived may go
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-inbound.h"

G_BEGIN_DECLS

/* @seq: RB_CONNECTOR_NO_SEQ if it has none. Each ends the arrival, or goes on with it. */

void  rb_inbound_place       (RbCore *core, RbMessage *message, gint64 seq);     /* routes it (9.2, 9.3) */
/* @kind: of the route, the wire's word. @rule: of rb-rule.h, by which it was decided. */
void  rb_inbound_to_endpoint (RbCore *core, RbEndpoint *endpoint, RbMessage *message, gint64 seq, const char *kind, const char *rule);
void  rb_inbound_to_inbox    (RbCore *core, RbMessage *message, gint64 seq, const char *reason, const char *hint,
                              const char *rule);
void  rb_inbound_dismiss     (RbCore *core, RbMessage *message, gint64 seq);     /* accepted, and nobody's here */
void  rb_inbound_refuse      (RbCore *core, RbMessage *message, gint64 seq);     /* the network shall bring it again */
void  rb_inbound_leave       (RbCore *core, RbMessage *message);                 /* neither: we are stopping (IMP-55) */

/* The changes of an arrival, or of a held message that is let in: its row and the first step. It is durable with rb_inbound_store(), or over with
 * rb_inbound_end(). */
RbChanges *rb_inbound_begin  (RbCore *core, RbMessage *message);
void  rb_inbound_store       (RbCore *core, RbMessage *message, gint64 seq, RbChanges *changes);
void  rb_inbound_end         (RbCore *core, gint64 seq, RbChanges *changes);     /* accepted when @changes are durable */

/* Order within a conversation: what was refused must not be overtaken by what came after it. */
gboolean  rb_inbound_must_wait (RbCore *core, const RbMessage *message, gint64 seq);

G_END_DECLS
