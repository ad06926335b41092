/* rb-letter.h: an event on its way to the authority
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-changes.h"

G_BEGIN_DECLS

/* A row of the table `outbox`. Queued until the authority has accepted it; dead once it was refused for good. */
typedef struct {
  gint64    position;     /* the key, and the order; 0: in memory only */
  RbEvent  *event;
  gint64    created_at;   /* epoch-ms */
  gboolean  is_dead;
  char     *reason;       /* of a dead one: what the authority said */
  gint64    status;       /* likewise, of HTTP; 0: none */
} RbLetter;

RbLetter *rb_letter_new      (gint64 position, RbEvent *event, gint64 created_at);     /* references @event */
void      rb_letter_free     (RbLetter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLetter, rb_letter_free)

RbLetter *rb_letter_from_row (GVariant *row, GError **error);
void      rb_letter_record   (const RbLetter *self, RbChanges *changes);
/* Does nothing for one that is in memory only. */
void      rb_letter_erase    (const RbLetter *self, RbChanges *changes);

/* Letters of one lane leave one after the other. Both events of a message share a lane. (transfer full) */
char     *rb_letter_dup_lane (const RbEvent *event);

G_END_DECLS
