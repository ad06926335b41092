/* rb-events.h: what is told outwards, and what must be agreed to first
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Payloads are the objects of protocol.md section 16. What happened leaves with the changes that make it true: rb_changes_tell(). Below
 * that are two ways out:
 *   project  to the emitters that are no authority; a failure is logged and changes nothing
 *   report   to the emitters that are an authority. Before anything changes its refusal decides; afterwards the outbox repeats it. Without
 *            one the answer is yes, and @done is called from inside the call. */

typedef struct {
  const RbAssignment *assignment;
  const char         *state;
  const char         *state_event_id;
  const char         *undispatched_id;      /* NULL: the assignment's */
  gint64              state_sequence;
  gint64              occurred_at;
  gboolean            with_token;           /* broker-owned states, 16.5 */
  gboolean            has_retryable;
  gboolean            retryable;
  const char         *reason_code;
  const char         *detail;
  const char         *reply_request_id;
  const char         *outbound_message_id;
} RbStateReport;

RbEvent  *rb_events_processing_state (const RbStateReport *report);
RbEvent  *rb_events_assigned         (const RbAssignment *assignment);     /* assigned_to_runtime_target, sequence 1 */
RbEvent  *rb_events_undispatched_add (const RbMessage *message);
RbEvent  *rb_events_inbound_routed   (const RbMessage *message, const char *endpoint_id, const char *route_kind, gint64 at);
RbEvent  *rb_events_presence         (const char *state, const char *reason, gint64 at);
RbEvent  *rb_events_endpoint_state   (const char *endpoint_id, const char *state, const char *reason, gint64 at);

/* A text of its payload; NULL: it has none of that name. */
char     *rb_events_dup_member       (const RbEvent *event, const char *name);

gboolean  rb_events_has_authority    (RbCore *core);
void      rb_events_project          (RbCore *core, RbEvent *event);         /* borrows @event; for rb-outbox.c */

/* @error: NULL on success; RB_ERROR_REJECTED is terminal, anything else may work later */
typedef void (*RbReported) (RbCore *core, const GError *error, gpointer user_data);
void      rb_events_report           (RbCore *core, RbEvent *event, RbReported done, gpointer user_data);   /* borrows @event */

G_END_DECLS
