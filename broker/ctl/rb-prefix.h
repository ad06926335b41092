/* rb-prefix.h: which of several things a person means
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *id;
  char *name;    /* (nullable) may be shared */
} RbCandidate;

RbCandidate *rb_candidate_new  (const char *id, const char *name);
void         rb_candidate_free (RbCandidate *self);

/* @candidates: of RbCandidate. A whole id wins, then a whole name, then the beginning of ids, then of names. Fails with
 * RB_ERROR_NOT_FOUND "no_match", or RB_ERROR_BAD_STATE "ambiguous", which lists what fits. @kind names the things. */
const RbCandidate *rb_prefix_pick (GPtrArray   *candidates,
                                   const char  *kind,
                                   const char  *text,
                                   GError     **error);

G_END_DECLS
