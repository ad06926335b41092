/* rb-message.h: one message that arrived, and the one place where it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-changes.h"
#include "rb-envelope.h"
#include "rb-trace.h"

G_BEGIN_DECLS

#define RB_MESSAGE_CHECKPOINTS_MAX 1024

/* Invariant 1 of the design: a message is in exactly one place. The place is one row of RB_TABLE_PLACES, so a move is one write. */
typedef enum {
  RB_PLACE_QUEUE,        /* waits for an endpoint */
  RB_PLACE_INBOX,        /* waits for a person, a policy or a claim */
  RB_PLACE_HELD,         /* waits for a person to say whether it may come in at all */
  RB_PLACE_ASSIGNMENT,   /* somebody works on it */
  RB_PLACE_ENDED,        /* how it ended: the reason */
} RbPlace;

typedef struct {
  grefcount    ref_count;
  char        *id;                  /* the connector's message id, or one of ours */
  char        *source_id;           /* NULL when the connector gave none */
  RbEnvelope  *envelope;            /* metadata has a valid traceparent */
  gint64       arrived_at;          /* epoch-ms */

  /* read once from the metadata; NULL when absent */
  char        *correlation_id;
  char        *target_endpoint_id;
  char        *source_endpoint_id;
  char        *wire_message_id;
  RbTrace      trace;

  char        *network;             /* that it came from; NULL: nobody knows */

  RbPlace      place;
  char        *endpoint_id;         /* queue: whose; inbox, assignment: the hint, or NULL; ended: who had it */
  gint64       position;            /* order of arrival, unique */
  const char  *reason;              /* interned; queue: the route kind; inbox: why; ended: how */
  gint64       since;               /* epoch-ms */

  guint        n_checkpoints;
  gboolean     is_durable;          /* the commit of its arrival is done */
  gboolean     took_quota;          /* it counts among those of a stranger */
  gboolean     is_being_claimed;    /* it came with a claim, and is nowhere yet: the upstream is asked whether somebody may have it */
  gint64       ended_at;            /* epoch-ms; it was here before, and ended then; 0: it was not */
  GArray      *waiting_seqs;        /* gint64, to accept once it is */
} RbMessage;

/* Reads the metadata. @random: 24 bytes, for a trace context where there is none; @verdict says whether it was needed. */
RbMessage   *rb_message_new          (RbEnvelope *envelope, const char *id, gint64 arrived_at, const guint8 random[24],
                                      RbTraceVerdict *verdict);
/* It came to @address (nullable), which is ours. */
void         rb_message_set_network  (RbMessage *self, const char *address);
/* Whether who has @address (nullable) now is in the network that it came from; TRUE where that is not known. */
gboolean     rb_message_is_of        (const RbMessage *self, const char *address);
RbMessage   *rb_message_ref          (RbMessage *self);
void         rb_message_unref        (RbMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMessage, rb_message_unref)

/* Moves it and records the move. @endpoint_id and @reason may be NULL. */
void         rb_message_move         (RbMessage *self, RbChanges *changes, RbPlace place, const char *endpoint_id, const char *reason,
                                      gint64 now);
/* The row of its arrival; rb_message_move() adds the place. */
void         rb_message_record       (RbMessage *self, RbChanges *changes);
/* One step of its ladder; @endpoint_id and @detail may be NULL. At the limit the newest takes the place of the one before it, and the
 * changes say so. */
void         rb_message_checkpoint   (RbMessage *self, RbChanges *changes, const char *step, gint64 now, const char *endpoint_id,
                                      const char *detail);

/* Likewise, for one that says where the message goes: @rule is the word of RB_RULE_... by which that was decided; see rb-rule.h. */
void         rb_message_checkpoint_ruled (RbMessage *self, RbChanges *changes, const char *step, gint64 now, const char *endpoint_id,
                                          const char *detail, const char *rule);

/* The envelope as an assignment carries it: with dispatched_from and delivery_intent (protocol.md 11.5 step 11). */
RbEnvelope  *rb_message_dup_dispatched (const RbMessage *self);

RbMessage   *rb_message_from_row     (GVariant *row);
/* FALSE when the row does not fit the message or names no place. */
gboolean     rb_message_set_place    (RbMessage *self, GVariant *place_row);

const char  *rb_place_to_string      (RbPlace place);
gboolean     rb_place_from_string    (const char *text, RbPlace *place);

G_END_DECLS
