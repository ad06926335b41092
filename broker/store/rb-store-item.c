/* rb-store-item.c: what goes to the store's thread and comes back done
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-store-item.h"

RbStoreItem *
rb_store_item_new (RbStoreItemKind kind)
{
  RbStoreItem *item = g_new0 (RbStoreItem, 1);

  item->kind = kind;
  return item;
}

void
rb_store_item_free (RbStoreItem *item)
{
  g_clear_error (&item->error);
  g_clear_pointer (&item->changes, rb_changes_free);
  g_clear_pointer (&item->prefix, g_variant_unref);
  g_clear_pointer (&item->range.from, g_variant_unref);
  g_clear_pointer (&item->range.below, g_variant_unref);
  g_clear_pointer (&item->search.query, rb_search_query_unref);
  g_free ((char *) item->search.kind);
  g_free ((char *) item->search.name);
  g_free ((char *) item->search.endpoint_id);
  g_clear_object (&item->task);
  g_clear_pointer (&item->rows, g_ptr_array_unref);
  g_free (item->reason);
  g_free (item);
}
