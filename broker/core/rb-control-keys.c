/* rb-control-keys.c: which control events were carried out already
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-control-keys.h"

#include "rb-core-bounds.h"

typedef struct {
  gint64  n;      /* its row; they count up */
  char   *key;
} Entry;

struct _RbControlKeys {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  guint       cap;
  gint64      next;
  GQueue      order;     /* of Entry, oldest first */
  GHashTable *by_key;    /* key (the entry's) to its link in order */
};

static void
entry_free (Entry *entry)
{
  g_free (entry->key);
  g_free (entry);
}

static void
drop (RbControlKeys *self,
      GList         *link)
{
  Entry *entry = link->data;

  g_hash_table_remove (self->by_key, entry->key);
  g_queue_delete_link (&self->order, link);
  entry_free (entry);
}

static void
append (RbControlKeys *self,
        gint64         n,
        const char    *key)
{
  Entry *entry = g_new (Entry, 1);

  entry->n = n;
  entry->key = g_strdup (key);
  self->next = n + 1;
  g_queue_push_tail (&self->order, entry);
  g_hash_table_insert (self->by_key, entry->key, self->order.tail);
}

RbControlKeys *
rb_control_keys_new (guint cap)
{
  RbControlKeys *self = g_new0 (RbControlKeys, 1);

  self->cap = cap;
  self->next = 1;
  g_queue_init (&self->order);
  self->by_key = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
rb_control_keys_free (RbControlKeys *self)
{
  g_hash_table_unref (self->by_key);
  g_queue_clear_full (&self->order, (GDestroyNotify) entry_free);
  g_free (self);
}

void
rb_control_keys_foreach (RbControlKeys    *self,
                         RbControlKeyFunc  func,
                         gpointer          user_data)
{
  for (GList *l = self->order.head; l != NULL; l = l->next)
    func (((const Entry *) l->data)->key, user_data);
}

void
rb_control_keys_set_bounds (RbControlKeys *self,
                            RbBounds      *bounds)
{
  self->bounds = bounds;
}

gboolean
rb_control_keys_contains (RbControlKeys *self,
                          const char    *key)
{
  return g_hash_table_contains (self->by_key, key);
}

void
rb_control_keys_add (RbControlKeys *self,
                     const char    *key,
                     RbChanges     *changes)
{
  if (g_hash_table_contains (self->by_key, key))
    return;

  rb_changes_put (changes, RB_TABLE_CONTROL_KEYS, g_variant_new ("(xs)", self->next, key));
  append (self, self->next, key);
  while (self->order.length > self->cap)
    {
      Entry *oldest = self->order.head->data;

      rb_bounds_reached (self->bounds, RB_CORE_BOUND_CONTROL_KEYS);
      rb_changes_delete (changes, RB_TABLE_CONTROL_KEYS, g_variant_new ("(x)", oldest->n));
      drop (self, self->order.head);
    }
  rb_bounds_note (self->bounds, RB_CORE_BOUND_CONTROL_KEYS, self->order.length);
}

void
rb_control_keys_remove (RbControlKeys *self,
                        const char    *key)
{
  GList *link = g_hash_table_lookup (self->by_key, key);

  if (link != NULL)
    drop (self, link);
}

void
rb_control_keys_load (RbControlKeys *self,
                      GVariant      *row)
{
  const char *key;
  gint64 n;

  g_variant_get (row, "(x&s)", &n, &key);
  rb_control_keys_remove (self, key);
  append (self, n, key);
}

guint
rb_control_keys_get_n (const RbControlKeys *self)
{
  return self->order.length;
}
