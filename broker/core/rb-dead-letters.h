/* rb-dead-letters.h: events that the authority refused for good, for a person to look at
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-letter.h"

G_BEGIN_DECLS

/* Kept with the reason, oldest first, over restarts, until a person sends one again or wants no more of it, however long that takes. At the cap
 * the oldest is forgotten, and counted, also on the disk: a person is told of it until they have seen it. */
typedef struct _RbDeadLetters RbDeadLetters;

/* What a person was not shown in time. */
typedef struct {
  guint64 n;
  gint64  first_at, last_at;     /* epoch-ms: when they were forgotten */
} RbForgotten;

RbDeadLetters *rb_dead_letters_new        (void);
void           rb_dead_letters_free       (RbDeadLetters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDeadLetters, rb_dead_letters_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_dead_letters_set_bounds (RbDeadLetters *self, RbBounds *bounds);

/* Takes @letter; what has to go for it is erased in @changes. */
void           rb_dead_letters_add        (RbDeadLetters *self, RbLetter *letter, gint64 now, RbChanges *changes);
/* The assignment is granted again under its id, and counts its reports anew: what was refused of its life before would be told in the middle of
 * this one. */
void           rb_dead_letters_supersede  (RbDeadLetters *self, const char *assignment_id, RbChanges *changes);
/* NULL: there is none (any more) */
RbLetter      *rb_dead_letters_steal      (RbDeadLetters *self, gint64 position);
const GList   *rb_dead_letters_get_all    (const RbDeadLetters *self);    /* of RbLetter */
guint          rb_dead_letters_get_n      (const RbDeadLetters *self);
guint          rb_dead_letters_get_cap    (void);
guint64        rb_dead_letters_get_n_forgotten (const RbDeadLetters *self);    /* by this process */
/* Since a person has seen it last. */
const RbForgotten *rb_dead_letters_get_forgotten (const RbDeadLetters *self);
void           rb_dead_letters_clear_forgotten (RbDeadLetters *self, RbChanges *changes);
/* A row of RB_TABLE_META, which may be another's. */
void           rb_dead_letters_load_forgotten (RbDeadLetters *self, const char *name, const char *value);

G_END_DECLS
