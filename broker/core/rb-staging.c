/* rb-staging.c: messages that were claimed for endpoints in advance, until their adapters accept them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-staging.h"

#include "rb-core-bounds.h"

struct _RbStaging {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  GHashTable *shelves;    /* endpoint id to GPtrArray of RbStagedItem, in order; none is empty */
  guint       n;
  gsize       bytes;
};

RbStagedItem *
rb_staged_item_ref (RbStagedItem *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_staged_item_unref (RbStagedItem *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_free (self->endpoint_id);
  rb_claimed_free (self->claimed);
  g_free (self);
}

RbStaging *
rb_staging_new (void)
{
  RbStaging *self = g_new0 (RbStaging, 1);

  self->shelves = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  return self;
}

void
rb_staging_free (RbStaging *self)
{
  g_hash_table_unref (self->shelves);
  g_free (self);
}

void
rb_staging_set_bounds (RbStaging *self,
                       RbBounds  *bounds)
{
  self->bounds = bounds;
}

static gboolean
find (RbStaging  *self,
      const char *endpoint_id,
      const char *source_message_id,
      GPtrArray **shelf,
      guint      *position)
{
  *shelf = g_hash_table_lookup (self->shelves, endpoint_id);
  for (guint i = 0; *shelf != NULL && i < (*shelf)->len; i++)
    {
      RbStagedItem *item = g_ptr_array_index (*shelf, i);

      if (!g_str_equal (item->claimed->source_message_id, source_message_id))
        continue;
      *position = i;
      return TRUE;
    }
  return FALSE;
}

static void
count (RbStaging          *self,
       const RbStagedItem *item,
       int                 sign)
{
  self->n += sign;
  self->bytes += sign * (gssize) rb_envelope_get_size (item->claimed->envelope);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_STAGED, self->n);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_STAGED_BYTES, self->bytes);
}

static RbStagedItem *
item_new (const char *endpoint_id,
          RbClaimed  *claimed,
          gint64      now)
{
  RbStagedItem *item = g_new0 (RbStagedItem, 1);

  g_ref_count_init (&item->ref_count);
  item->endpoint_id = g_strdup (endpoint_id);
  item->claimed = claimed;
  item->staged_at = now;
  return item;
}

void
rb_staging_add (RbStaging  *self,
                const char *endpoint_id,
                RbClaimed  *claimed,
                gint64      now)
{
  RbStagedItem *item = item_new (endpoint_id, claimed, now);
  RbStagedItem *old;
  GPtrArray *shelf;
  guint i;

  count (self, item, 1);
  if (find (self, endpoint_id, claimed->source_message_id, &shelf, &i))
    {
      old = g_ptr_array_index (shelf, i);
      if (g_str_equal (old->claimed->assignment_id, claimed->assignment_id))
        item->attempts = old->attempts;
      count (self, old, -1);
      g_ptr_array_index (shelf, i) = item;
      rb_staged_item_unref (old);
      return;
    }

  if (shelf == NULL)
    {
      shelf = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_staged_item_unref);
      g_hash_table_insert (self->shelves, g_strdup (endpoint_id), shelf);
    }
  g_ptr_array_add (shelf, item);
}

RbStagedItem *
rb_staging_lookup (RbStaging  *self,
                   const char *endpoint_id,
                   const char *source_message_id)
{
  GPtrArray *shelf;
  guint i;

  return find (self, endpoint_id, source_message_id, &shelf, &i) ? g_ptr_array_index (shelf, i) : NULL;
}

const RbStagedItem *
rb_staging_find_message (RbStaging  *self,
                         const char *undispatched_id)
{
  GHashTableIter iter;
  gpointer shelf;

  g_hash_table_iter_init (&iter, self->shelves);
  while (g_hash_table_iter_next (&iter, NULL, &shelf))
    for (guint i = 0; i < ((GPtrArray *) shelf)->len; i++)
      {
        const RbStagedItem *item = g_ptr_array_index ((GPtrArray *) shelf, i);

        if (g_str_equal (item->claimed->undispatched_id, undispatched_id))
          return item;
      }
  return NULL;
}

gboolean
rb_staging_remove (RbStaging  *self,
                   const char *endpoint_id,
                   const char *source_message_id)
{
  GPtrArray *shelf;
  guint i;

  if (!find (self, endpoint_id, source_message_id, &shelf, &i))
    return FALSE;

  count (self, g_ptr_array_index (shelf, i), -1);
  g_ptr_array_remove_index (shelf, i);
  if (shelf->len == 0)
    g_hash_table_remove (self->shelves, endpoint_id);
  return TRUE;
}

static void
add_items_of (GPtrArray  *shelf,
              const char *undispatched_id,
              GPtrArray  *found)
{
  for (guint i = 0; i < shelf->len; i++)
    {
      RbStagedItem *item = g_ptr_array_index (shelf, i);

      if (g_str_equal (item->claimed->undispatched_id, undispatched_id))
        g_ptr_array_add (found, rb_staged_item_ref (item));
    }
}

guint
rb_staging_remove_message (RbStaging  *self,
                           const char *undispatched_id)
{
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_staged_item_unref);
  GHashTableIter iter;
  gpointer shelf;

  g_hash_table_iter_init (&iter, self->shelves);
  while (g_hash_table_iter_next (&iter, NULL, &shelf))
    add_items_of (shelf, undispatched_id, found);
  for (guint i = 0; i < found->len; i++)
    {
      RbStagedItem *item = g_ptr_array_index (found, i);

      rb_staging_remove (self, item->endpoint_id, item->claimed->source_message_id);
    }
  return found->len;
}

guint
rb_staging_remove_endpoint (RbStaging  *self,
                            const char *endpoint_id)
{
  GPtrArray *shelf = g_hash_table_lookup (self->shelves, endpoint_id);
  guint n = shelf != NULL ? shelf->len : 0;

  for (guint i = 0; i < n; i++)
    count (self, g_ptr_array_index (shelf, i), -1);
  g_hash_table_remove (self->shelves, endpoint_id);
  return n;
}

GPtrArray *
rb_staging_dup_items (RbStaging  *self,
                      const char *endpoint_id)
{
  GPtrArray *shelf = g_hash_table_lookup (self->shelves, endpoint_id);
  GPtrArray *items = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_staged_item_unref);

  for (guint i = 0; shelf != NULL && i < shelf->len; i++)
    g_ptr_array_add (items, rb_staged_item_ref (g_ptr_array_index (shelf, i)));
  return items;
}

guint
rb_staging_get_n_of (RbStaging  *self,
                     const char *endpoint_id)
{
  GPtrArray *shelf = g_hash_table_lookup (self->shelves, endpoint_id);

  return shelf != NULL ? shelf->len : 0;
}

guint
rb_staging_get_n (RbStaging *self)
{
  return self->n;
}

gsize
rb_staging_get_bytes (RbStaging *self)
{
  return self->bytes;
}
