/* rb-pair.h: two strings as one key, compared part by part
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 1.2, "Composite keys". Either part may be borrowed in a key that is only looked up with. */
typedef struct {
  char *first;
  char *second;
} RbPair;

RbPair   *rb_pair_new   (const char *first, const char *second);
void      rb_pair_free  (RbPair *self);
guint     rb_pair_hash  (gconstpointer pair);
gboolean  rb_pair_equal (gconstpointer a, gconstpointer b);

G_END_DECLS
