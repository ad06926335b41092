/* rb-touched.h: what changes are about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-changes.h"

G_BEGIN_DECLS

typedef enum {
  RB_TOUCHED_ENDPOINT,
  RB_TOUCHED_MESSAGE,     /* where it is, or its assignment */
} RbTouchedKind;

typedef struct {
  RbTouchedKind  kind;
  char          *id;
} RbTouched;

/* (transfer full) (nullable): of RbTouched, each once in a row; NULL: nothing that a person looks at */
GArray *rb_touched_by (const RbChanges *changes);

G_END_DECLS
