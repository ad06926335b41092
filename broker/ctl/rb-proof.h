/* rb-proof.h: whether what was acknowledged is there, once and in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint lost;          /* acknowledged, and not there */
  guint repeated;      /* there more than once */
  guint misplaced;     /* there behind a later one */
  guint strange;       /* never sent */
} RbProof;

/* Pure. Messages are numbered from 0 in the order in which they were sent, one after the other. @acknowledged: of each, whether its sender
 * heard that it is kept; one whose sender heard nothing may be there or not. @found: of gint64, the numbers of what is there, in the order in
 * which it came; below 0: nothing of ours. */
void     rb_proof_judge   (const gboolean *acknowledged, guint n_messages, GArray *found, RbProof *proof);
gboolean rb_proof_is_good (const RbProof *proof);

G_END_DECLS
