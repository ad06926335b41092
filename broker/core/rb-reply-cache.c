/* rb-reply-cache.c: which correlations each endpoint received
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-cache.h"

#include "rb-core-bounds.h"

typedef struct _Owner Owner;

typedef struct {
  char   *correlation_id;
  gint64  at;
  Owner  *owner;
  GList   link;
} Entry;

struct _Owner {
  char   *endpoint_id;
  GQueue  entries;          /* of Entry, oldest first, by their links */
};

struct _RbReplyCache {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  guint       cap;
  gint64      ttl_ms;
  GHashTable *owners;       /* endpoint id (borrowed) to Owner */
  GHashTable *entries;      /* correlation id (borrowed) to Entry, owned */
};

static void
entry_free (Entry *entry)
{
  g_free (entry->correlation_id);
  g_free (entry);
}

static void
owner_free (Owner *owner)
{
  g_free (owner->endpoint_id);
  g_free (owner);
}

RbReplyCache *
rb_reply_cache_new (guint  cap_per_endpoint,
                    gint64 ttl_ms)
{
  RbReplyCache *self = g_new0 (RbReplyCache, 1);

  self->cap = cap_per_endpoint;
  self->ttl_ms = ttl_ms;
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) owner_free);
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) entry_free);
  return self;
}

void
rb_reply_cache_free (RbReplyCache *self)
{
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->owners);
  g_free (self);
}

void
rb_reply_cache_set_bounds (RbReplyCache *self,
                           RbBounds     *bounds)
{
  self->bounds = bounds;
}

static Owner *
ensure_owner (RbReplyCache *self,
              const char   *endpoint_id)
{
  Owner *owner = g_hash_table_lookup (self->owners, endpoint_id);

  if (owner != NULL)
    return owner;

  owner = g_new0 (Owner, 1);
  owner->endpoint_id = g_strdup (endpoint_id);
  g_queue_init (&owner->entries);
  g_hash_table_insert (self->owners, owner->endpoint_id, owner);
  return owner;
}

static void
evict (RbReplyCache *self,
       Entry        *entry,
       RbChanges    *changes)
{
  g_queue_unlink (&entry->owner->entries, &entry->link);
  if (changes != NULL)
    rb_changes_delete (changes, RB_TABLE_CORRELATIONS,
                       g_variant_new ("(sss)", entry->owner->endpoint_id, "received", entry->correlation_id));
  g_hash_table_remove (self->entries, entry->correlation_id);
}

void
rb_reply_cache_record (RbReplyCache *self,
                       const char   *endpoint_id,
                       const char   *correlation_id,
                       gint64        now,
                       RbChanges    *changes)
{
  Entry *entry;
  Owner *owner;

  if (correlation_id == NULL || *correlation_id == '\0')
    return;

  owner = ensure_owner (self, endpoint_id);
  entry = g_hash_table_lookup (self->entries, correlation_id);
  if (entry != NULL)
    evict (self, entry, entry->owner != owner ? changes : NULL);

  entry = g_new0 (Entry, 1);
  entry->correlation_id = g_strdup (correlation_id);
  entry->at = now;
  entry->owner = owner;
  entry->link.data = entry;
  g_queue_push_tail_link (&owner->entries, &entry->link);
  g_hash_table_insert (self->entries, entry->correlation_id, entry);
  if (changes != NULL)
    rb_changes_put (changes, RB_TABLE_CORRELATIONS, g_variant_new ("(sssx)", endpoint_id, "received", correlation_id, now));

  while (owner->entries.length > self->cap)
    {
      rb_bounds_reached (self->bounds, RB_CORE_BOUND_RECEIVED_CORRELATIONS);
      evict (self, owner->entries.head->data, changes);
    }
  rb_bounds_note (self->bounds, RB_CORE_BOUND_RECEIVED_CORRELATIONS, owner->entries.length);
}

RbReplyVerdict
rb_reply_cache_resolve (RbReplyCache *self,
                        const char   *endpoint_id,
                        const char   *correlation_id,
                        gint64        now,
                        RbChanges    *changes)
{
  Entry *entry = g_hash_table_lookup (self->entries, correlation_id);

  if (entry == NULL)
    return RB_REPLY_UNKNOWN;
  if (!g_str_equal (entry->owner->endpoint_id, endpoint_id))
    return RB_REPLY_WRONG_ENDPOINT;
  if (now - entry->at < self->ttl_ms)
    return RB_REPLY_FOUND;

  evict (self, entry, changes);
  return RB_REPLY_EXPIRED;
}

void
rb_reply_cache_forget_endpoint (RbReplyCache *self,
                                const char   *endpoint_id,
                                RbChanges    *changes)
{
  Owner *owner = g_hash_table_lookup (self->owners, endpoint_id);

  rb_changes_delete (changes, RB_TABLE_CORRELATIONS, g_variant_new ("(ss)", endpoint_id, "received"));
  if (owner == NULL)
    return;

  while (owner->entries.head != NULL)
    evict (self, owner->entries.head->data, NULL);
  g_hash_table_remove (self->owners, endpoint_id);
}

guint
rb_reply_cache_sweep (RbReplyCache *self,
                      gint64        now,
                      RbChanges    *changes)
{
  g_autoptr(GPtrArray) expired = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (now - ((Entry *) value)->at >= self->ttl_ms)
      g_ptr_array_add (expired, value);
  for (guint i = 0; i < expired->len; i++)
    evict (self, g_ptr_array_index (expired, i), changes);
  return expired->len;
}

void
rb_reply_cache_inherit (RbReplyCache *self,
                        const char   *from,
                        const char   *to,
                        RbChanges    *changes)
{
  Owner *owner = g_hash_table_lookup (self->owners, from);

  while (owner != NULL && owner->entries.head != NULL)
    {
      Entry *entry = owner->entries.head->data;
      g_autofree char *correlation_id = g_strdup (entry->correlation_id);

      rb_reply_cache_record (self, to, correlation_id, entry->at, changes);
    }
}

guint
rb_reply_cache_get_longest (RbReplyCache *self)
{
  GHashTableIter iter;
  gpointer owner;
  guint longest = 0;

  g_hash_table_iter_init (&iter, self->owners);
  while (g_hash_table_iter_next (&iter, NULL, &owner))
    longest = MAX (longest, ((Owner *) owner)->entries.length);
  return longest;
}

guint
rb_reply_cache_get_n (RbReplyCache *self)
{
  return g_hash_table_size (self->entries);
}

const char *
rb_reply_verdict_to_string (RbReplyVerdict verdict)
{
  switch (verdict)
    {
    case RB_REPLY_FOUND:
      return "found";
    case RB_REPLY_UNKNOWN:
      return "unknown_correlation_id";
    case RB_REPLY_WRONG_ENDPOINT:
      return "wrong_endpoint";
    case RB_REPLY_EXPIRED:
      return "ttl_expired";
    }
  return NULL;
}
