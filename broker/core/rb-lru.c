/* rb-lru.c: a table of texts that forgets the one used longest ago
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-lru.h"

typedef struct {
  char     *key;
  gpointer  value;
  GList     link;      /* in the order of use */
} Entry;

struct _RbLru {
  guint           cap;
  GDestroyNotify  free_value;
  GHashTable     *entries;    /* key (in the entry) to Entry, borrowed */
  GQueue          used;       /* of Entry, owned, least recently used first */
};

RbLru *
rb_lru_new (guint          cap,
            GDestroyNotify free_value)
{
  RbLru *self = g_new0 (RbLru, 1);

  self->cap = cap;
  self->free_value = free_value;
  self->entries = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->used);
  return self;
}

/* Returns the key. */
static char *
drop (RbLru *self,
      Entry *entry)
{
  char *key = entry->key;

  g_hash_table_remove (self->entries, key);
  g_queue_unlink (&self->used, &entry->link);
  self->free_value (entry->value);
  g_free (entry);
  return key;
}

void
rb_lru_free (RbLru *self)
{
  Entry *entry;

  while ((entry = g_queue_peek_head (&self->used)) != NULL)
    g_free (drop (self, entry));
  g_hash_table_unref (self->entries);
  g_free (self);
}

gpointer
rb_lru_get (RbLru      *self,
            const char *key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL)
    return NULL;
  g_queue_unlink (&self->used, &entry->link);
  g_queue_push_tail_link (&self->used, &entry->link);
  return entry->value;
}

char *
rb_lru_put (RbLru      *self,
            const char *key,
            gpointer    value)
{
  Entry *entry;
  char *evicted = NULL;

  rb_lru_remove (self, key);
  if (self->used.length >= self->cap)
    evicted = drop (self, g_queue_peek_head (&self->used));

  entry = g_new0 (Entry, 1);
  entry->key = g_strdup (key);
  entry->value = value;
  entry->link.data = entry;
  g_hash_table_insert (self->entries, entry->key, entry);
  g_queue_push_tail_link (&self->used, &entry->link);
  return evicted;
}

void
rb_lru_remove (RbLru      *self,
               const char *key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry != NULL)
    g_free (drop (self, entry));
}

guint
rb_lru_get_n (const RbLru *self)
{
  return self->used.length;
}
