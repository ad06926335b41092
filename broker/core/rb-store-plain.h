/* rb-store-plain.h: ranges and searches for a store that has neither
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-store.h"

G_BEGIN_DECLS

void  rb_store_plain_range_async  (RbStore *store, const RbRange *range, GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);
void  rb_store_plain_search_async (RbStore *store, const RbSearch *search, GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);

G_END_DECLS
