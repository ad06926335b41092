/* rb-store-writer.h: writes batches of change sets into the database
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-rows.h"

G_BEGIN_DECLS

typedef struct _RbStoreWriter RbStoreWriter;

/* Takes @sql and leaves checkpoints to rb_store_writer_tidy(). */
RbStoreWriter *rb_store_writer_new      (RbSql *sql);
/* Marks the database as closed, folds the log in and closes it. */
void           rb_store_writer_free     (RbStoreWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbStoreWriter, rb_store_writer_free)

RbRows        *rb_store_writer_get_rows (RbStoreWriter *self);
/* Does a part of a search: FALSE when there is more to be done before the answer, which is then in @found, or @error is set. */
gboolean       rb_store_writer_search   (RbStoreWriter *self, const RbSearch *search, GPtrArray *found, GError **error);
/* One transaction for @sets (of RbChanges); synced when @urgent. After an error nothing of it is in the database, and the same
 * call may be made again. */
gboolean       rb_store_writer_commit   (RbStoreWriter *self, RbChanges *const *sets, guint n_sets, gboolean urgent,
                                         GError **error);
/* Folds the log into the database once it has grown long. */
void           rb_store_writer_tidy     (RbStoreWriter *self);

G_END_DECLS
