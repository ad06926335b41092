/* rb-lru.h: a table of texts that forgets the one used longest ago
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RbLru RbLru;

RbLru      *rb_lru_new    (guint cap, GDestroyNotify free_value);
void        rb_lru_free   (RbLru *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLru, rb_lru_free)

/* NULL: it is not there. Counts as a use. */
gpointer    rb_lru_get    (RbLru *self, const char *key);
/* Takes @value. Returns (transfer full) (nullable): the key that had to go for it. */
char       *rb_lru_put    (RbLru *self, const char *key, gpointer value);
void        rb_lru_remove (RbLru *self, const char *key);
guint       rb_lru_get_n  (const RbLru *self);

G_END_DECLS
