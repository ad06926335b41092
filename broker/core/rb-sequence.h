/* rb-sequence.h: the numbers of what is told of one assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Invariant 5: two events never share a number, and what is told later has a higher one, whatever failed, crashed or was not answered between
 * them. A report that failed may have been heard, so its number is used up. It may also have been all that the last process did with it: so
 * numbers are set aside on the disk before they are told, many at a time, and the next process goes on above them. */
typedef struct {
  gint64  last;       /* the highest that is settled: agreed to, or in the outbox */
  gint64  told;       /* the highest that the authority was asked about, whatever it said; 0: none */
  char   *event_id;   /* of that event, when it may come again */
  gint64  wish;       /* the number that was wished for it */
  gint64  written;    /* none above it is used before a row that says so; as the newest row has it */
  gint64  reserved;   /* as the row that is durable has it; 0: none is */
} RbSequence;

void      rb_sequence_init         (RbSequence *self);                      /* the first number is taken: it was assigned */
/* After a restart nobody knows which of those up to @written were told. */
void      rb_sequence_load         (RbSequence *self, gint64 written);
void      rb_sequence_clear        (RbSequence *self);

/* One that nobody has heard. */
gint64    rb_sequence_get_next     (const RbSequence *self);
/* The number to tell the event with: @wish where it is above all others, else the next. The same event again, with nothing told after it, keeps
 * the number that it had. @event_id: NULL for one that never comes again */
gint64    rb_sequence_take         (RbSequence *self, const char *event_id, gint64 wish);
void      rb_sequence_settle       (RbSequence *self, gint64 number);

/* What was taken last may be told: it would not be taken again after a power loss. */
gboolean  rb_sequence_is_reserved  (const RbSequence *self);
/* For the row: sets more aside when few are left. */
gint64    rb_sequence_reserve      (RbSequence *self);
/* That row is durable. */
void      rb_sequence_note_durable (RbSequence *self, gint64 written);
/* Nothing more is told: the next row gives back what was not used. FALSE: there is nothing to give back. */
gboolean  rb_sequence_give_back    (RbSequence *self);

G_END_DECLS
