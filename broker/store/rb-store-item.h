/* rb-store-item.h: what goes to the store's thread and comes back done
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-store.h"

G_BEGIN_DECLS

typedef enum {
  RB_STORE_ITEM_COMMIT,
  RB_STORE_ITEM_READ,
  RB_STORE_ITEM_RANGE,
  RB_STORE_ITEM_SEARCH,
  RB_STORE_ITEM_LEND,      /* rb_store_thread_borrow()'s own; does not come back */
  RB_STORE_ITEM_HEALTH,    /* only comes back */
} RbStoreItemKind;

typedef struct {
  RbStoreItemKind   kind;
  GError           *error;       /* why it was not done */
  /* COMMIT */
  RbChanges        *changes;     /* gone on the way back */
  gsize             size_bytes;  /* of its rows */
  RbStoreCommitted  done;
  gpointer          user_data;
  /* READ */
  RbTable           table;
  GVariant         *prefix;
  GTask            *task;        /* returned by the receiver, never by the thread */
  GPtrArray        *rows;
  /* RANGE and SEARCH, which have task and rows too; bounds and texts are owned */
  RbRange           range;
  RbSearch          search;
  /* HEALTH */
  RbStoreHealth     health;
  char             *reason;
} RbStoreItem;

RbStoreItem *rb_store_item_new  (RbStoreItemKind kind);
void         rb_store_item_free (RbStoreItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbStoreItem, rb_store_item_free)

G_END_DECLS
