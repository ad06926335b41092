/* rb-dead-letters.h: events that the authority refused for good, for a person to look at
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-letter.h"

G_BEGIN_DECLS

/* Kept with the reason, oldest first, over restarts. At the cap the oldest is forgotten, and counted. */
typedef struct _RbDeadLetters RbDeadLetters;

RbDeadLetters *rb_dead_letters_new        (void);
void           rb_dead_letters_free       (RbDeadLetters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDeadLetters, rb_dead_letters_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_dead_letters_set_bounds (RbDeadLetters *self, RbBounds *bounds);

/* Takes @letter; what has to go for it is erased in @changes. */
void           rb_dead_letters_add        (RbDeadLetters *self, RbLetter *letter, RbChanges *changes);
/* NULL: there is none (any more) */
RbLetter      *rb_dead_letters_steal      (RbDeadLetters *self, gint64 position);
const GList   *rb_dead_letters_get_all    (const RbDeadLetters *self);    /* of RbLetter */
guint          rb_dead_letters_get_n      (const RbDeadLetters *self);
guint          rb_dead_letters_get_cap    (void);
guint64        rb_dead_letters_get_n_forgotten (const RbDeadLetters *self);
/* Those created before @before, at most @max, are forgotten too. Returns how many. */
guint          rb_dead_letters_prune    (RbDeadLetters *self, gint64 before, guint max, RbChanges *changes);

G_END_DECLS
