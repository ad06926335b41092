/* rb-refused.c: what was refused for now, so that its conversation stays in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-refused.h"

#include "rb-core-bounds.h"

#include <string.h>

#define MAX_ENTRIES 16384     /* some 100 bytes each; more than a connector's window and mailbox hold */
#define GIVE_UP_MS 120000     /* four times the longest wait of a connector before it delivers again */

typedef struct {
  gint64  seq;
  gint64  at;      /* when it was refused, monotonic ms */
  char   *id;      /* owned by the ids */
} Entry;

/* Where the entry of a message is; it may come again under another sequence, and in another conversation. */
typedef struct {
  char   *key;
  gint64  seq;
} Place;

struct _RbRefused {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  GHashTable *lanes;    /* key to GArray of Entry, by sequence */
  GHashTable *ids;      /* message id to Place */
};

static void
place_free (gpointer data)
{
  Place *place = data;

  g_free (place->key);
  g_free (place);
}

static Place *
place_new (const char *key,
           gint64      seq)
{
  Place *place = g_new (Place, 1);

  place->key = g_strdup (key);
  place->seq = seq;
  return place;
}

RbRefused *
rb_refused_new (void)
{
  RbRefused *self = g_new0 (RbRefused, 1);

  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
  self->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, place_free);
  return self;
}

void
rb_refused_free (RbRefused *self)
{
  g_hash_table_unref (self->lanes);
  g_hash_table_unref (self->ids);
  g_free (self);
}

void
rb_refused_set_bounds (RbRefused *self,
                       RbBounds  *bounds)
{
  self->bounds = bounds;
}

/* The length in front keeps the parts apart, whatever is in them. */
static char *
make_key (const RbMessage *message)
{
  const char *target = message->target_endpoint_id != NULL ? message->target_endpoint_id : "";
  const char *correlation = message->correlation_id != NULL ? message->correlation_id : "";

  return g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (target), target, correlation);
}

/* Where @seq is, or belongs. */
static guint
find (GArray *lane,
      gint64  seq)
{
  guint low = 0;
  guint high = lane->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (g_array_index (lane, Entry, middle).seq < seq)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
remove_at (RbRefused  *self,
           const char *key,
           GArray     *lane,
           guint       i)
{
  g_hash_table_remove (self->ids, g_array_index (lane, Entry, i).id);
  g_array_remove_index (lane, i);
  if (lane->len == 0)
    g_hash_table_remove (self->lanes, key);
}

gboolean
rb_refused_must_wait (RbRefused       *self,
                      const RbMessage *message,
                      gint64           seq,
                      gint64           now)
{
  g_autofree char *key = NULL;
  GArray *lane;

  if (rb_refused_get_n (self) == 0)
    return FALSE;

  key = make_key (message);
  while ((lane = g_hash_table_lookup (self->lanes, key)) != NULL)
    {
      const Entry *first = &g_array_index (lane, Entry, 0);

      if (first->seq >= seq || strcmp (first->id, message->id) == 0)
        return FALSE;
      if (now - first->at < GIVE_UP_MS)
        return TRUE;
      remove_at (self, key, lane, 0);
    }
  return FALSE;
}

void
rb_refused_add (RbRefused       *self,
                const RbMessage *message,
                gint64           seq,
                gint64           now)
{
  g_autofree char *key = NULL;
  GArray *lane;
  Entry entry = { seq, now, NULL };

  rb_refused_remove (self, message);
  if (rb_refused_get_n (self) >= MAX_ENTRIES)
    {
      rb_bounds_reached (self->bounds, RB_CORE_BOUND_REFUSED);
      return;
    }

  key = make_key (message);
  lane = g_hash_table_lookup (self->lanes, key);
  if (lane == NULL)
    {
      lane = g_array_new (FALSE, FALSE, sizeof (Entry));
      g_hash_table_insert (self->lanes, g_strdup (key), lane);
    }

  entry.id = g_strdup (message->id);
  g_hash_table_insert (self->ids, entry.id, place_new (key, seq));
  g_array_insert_val (lane, find (lane, seq), entry);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_REFUSED, rb_refused_get_n (self));
}

void
rb_refused_remove (RbRefused       *self,
                   const RbMessage *message)
{
  const Place *place = g_hash_table_lookup (self->ids, message->id);
  g_autofree char *key = NULL;
  GArray *lane;

  if (place == NULL)
    return;

  key = g_strdup (place->key);
  lane = g_hash_table_lookup (self->lanes, key);
  for (guint i = find (lane, place->seq); i < lane->len; i++)
    if (strcmp (g_array_index (lane, Entry, i).id, message->id) == 0)
      {
        remove_at (self, key, lane, i);
        return;
      }
}

guint
rb_refused_get_n (const RbRefused *self)
{
  return g_hash_table_size (self->ids);
}

guint
rb_refused_get_cap (void)
{
  return MAX_ENTRIES;
}
