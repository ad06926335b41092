/* rb-assignment.h: a promise that one endpoint handles one message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-assignment-context.h"
#include "rb-assignment-state.h"
#include "rb-message.h"
#include "rb-sequence.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RbTurn RbTurn;

/* Source: protocol.md 11.1. Owned by the table of assignments. */
typedef struct {
  RbAssignmentContext *context;
  RbMessage           *message;
  char                *endpoint_id;     /* who holds it now; a successor inherits it (IMP-62), context->target stays */
  RbAssignmentState    state;
  gboolean             is_staged;       /* made by staged delivery, whatever its state is now */
  char                *token;           /* broker_projection_token; NULL on a legacy upstream */
  gint64               assigned_at;     /* epoch-ms */
  RbSequence           sequence;        /* invariant 5 */
  gint64               deadline;        /* epoch-ms of the acceptance deadline; 0: none */
  guint64              timer;           /* acceptance; cleared before the assignment goes */
  GQueue               turns;           /* of RbTurn: reports that wait for the one that is on its way (rb-turns.h) */
  gpointer             owner;           /* the core, for the timers; borrowed */
  GPtrArray           *dispatchers;     /* of GTask: who waits for the receipt; NULL when nobody */
} RbAssignment;

RbAssignment *rb_assignment_new      (RbAssignmentContext *context, RbMessage *message, const char *token, gint64 assigned_at);
void          rb_assignment_free     (RbAssignment *self);
void          rb_assignment_record   (RbAssignment *self, RbChanges *changes);
void          rb_assignment_erase    (const RbAssignment *self, RbChanges *changes);
/* Its message is out of the inbox and may come back: its slot is kept there. */
gboolean      rb_assignment_holds_slot (const RbAssignment *self);
/* @message: the live message of the row's undispatched id */
RbAssignment *rb_assignment_from_row (GVariant *row, RbMessage *message, GError **error);
const char   *rb_assignment_row_message_id (GVariant *row);

/* The table of all that are not gone. */
typedef struct _RbAssignments RbAssignments;

RbAssignments *rb_assignments_new           (void);
void           rb_assignments_free          (RbAssignments *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbAssignments, rb_assignments_free)

void           rb_assignments_add           (RbAssignments *self, RbAssignment *assignment);      /* takes it */
void           rb_assignments_remove        (RbAssignments *self, RbAssignment *assignment);      /* frees it */
RbAssignment  *rb_assignments_lookup        (RbAssignments *self, const char *source_message_id, const char *assignment_id);
RbAssignment  *rb_assignments_of_message    (RbAssignments *self, const char *message_id);
GPtrArray     *rb_assignments_dup_of_endpoint (RbAssignments *self, const char *endpoint_id);     /* (transfer container) */
GPtrArray     *rb_assignments_dup_of_id     (RbAssignments *self, const char *assignment_id);         /* mostly one; an upstream may err */
GPtrArray     *rb_assignments_dup_all       (RbAssignments *self);                                /* by position of the message */
void           rb_assignments_move          (RbAssignments *self, RbAssignment *assignment, const char *endpoint_id);
guint          rb_assignments_get_n         (RbAssignments *self);

/* Which numbers the rows of @changes set aside, to be noted once they are durable. (transfer full) (nullable): none */
GPtrArray     *rb_assignments_dup_reserved  (const RbChanges *changes);
void           rb_assignments_note_reserved (RbAssignments *self, GPtrArray *rows);
/* Nothing more is told: sets free what was not used. FALSE: there is nothing. */
gboolean       rb_assignments_give_back     (RbAssignments *self, RbChanges *changes);

G_END_DECLS
