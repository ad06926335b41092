/* rb-recall.h: what the guards have counted before a restart, they have after it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Nothing is kept for it: ladders say who sent what and when, whether a rule or a guard held it, where it went, and whether a person took part.
 * So the loop guard and the quota of strangers count once more what is of the last day, in the order in which it was. What the archive has
 * given up since then is not counted any more; nor are turns in a minute that nobody held; of turns in one millisecond nobody knows which came
 * first. Times are of the wall clock here: what lies in the future of one that was set back counts as of now. */
typedef struct _RbRecall RbRecall;

RbRecall  *rb_recall_new        (RbCore *core);
void       rb_recall_free       (RbRecall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRecall, rb_recall_free)

void       rb_recall_checkpoint (RbRecall *self, GVariant *row);   /* of RB_TABLE_CHECKPOINTS */
void       rb_recall_archived   (RbRecall *self, GVariant *row);   /* of RB_TABLE_ARCHIVE, after all of those */
/* When everything else is loaded. */
void       rb_recall_count      (RbRecall *self);

G_END_DECLS
