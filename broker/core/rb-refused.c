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
  gint64  at;          /* when it was refused, monotonic ms */
  char   *id;          /* owned by the ids */
  char   *target_id;   /* the endpoint that it names, NULL: none */
  char   *source_id;   /* the endpoint here that sent it, NULL: none */
} Entry;

/* Where the entry of a message is; it may come again under another sequence, and in another conversation. */
typedef struct {
  char   *key;
  gint64  seq;
} Place;

struct _RbRefused {
  RbBounds         *bounds;   /* borrowed; NULL: nobody counts */
  GHashTable       *lanes;    /* key to GArray of Entry, by sequence */
  GHashTable       *ids;      /* message id to Place */
  RbRefusedResolve  resolve;
  gpointer          user_data;
};

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  g_free (entry->target_id);
  g_free (entry->source_id);
}

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
rb_refused_new (RbRefusedResolve resolve,
                gpointer         user_data)
{
  RbRefused *self = g_new0 (RbRefused, 1);

  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
  self->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, place_free);
  self->resolve = resolve;
  self->user_data = user_data;
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

static gboolean
has_correlation (const RbMessage *message)
{
  return message->correlation_id != NULL && *message->correlation_id != '\0';
}

/* Messages of one conversation share it; not all that share it are of one. */
static char *
make_key (const RbMessage *message)
{
  if (has_correlation (message))
    return g_strconcat ("correlation ", message->correlation_id, NULL);
  return g_strconcat ("target ", message->target_endpoint_id, NULL);
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
forget (RbRefused  *self,
        const char *id)
{
  g_autofree char *held = NULL;
  Place *place = NULL;
  GArray *lane;

  if (!g_hash_table_steal_extended (self->ids, id, (gpointer *) &held, (gpointer *) &place))
    return;

  lane = g_hash_table_lookup (self->lanes, place->key);
  for (guint i = find (lane, place->seq); i < lane->len; i++)
    if (strcmp (g_array_index (lane, Entry, i).id, held) == 0)
      {
        g_array_remove_index (lane, i);
        break;
      }
  if (lane->len == 0)
    g_hash_table_remove (self->lanes, place->key);
  place_free (place);
}

/* @endpoint_id: where @message would go; NULL: nowhere. */
static gboolean
is_of_conversation (RbRefused       *self,
                    const Entry     *entry,
                    const RbMessage *message,
                    const char      *endpoint_id)
{
  if (g_strcmp0 (entry->target_id, message->target_endpoint_id) == 0)
    return TRUE;
  return endpoint_id != NULL &&
         g_strcmp0 (self->resolve (entry->target_id, message->correlation_id, entry->source_id, self->user_data), endpoint_id) == 0;
}

static const char *
resolve (RbRefused       *self,
         const RbMessage *message)
{
  return self->resolve (message->target_endpoint_id, message->correlation_id, message->source_endpoint_id, self->user_data);
}

gboolean
rb_refused_must_wait (RbRefused       *self,
                      const RbMessage *message,
                      gint64           seq,
                      gint64           now)
{
  g_autofree char *key = NULL;
  const char *endpoint_id;
  GArray *lane;
  guint i = 0;

  if (rb_refused_get_n (self) == 0)
    return FALSE;

  key = make_key (message);
  endpoint_id = g_hash_table_contains (self->lanes, key) ? resolve (self, message) : NULL;
  while ((lane = g_hash_table_lookup (self->lanes, key)) != NULL && i < lane->len)
    {
      const Entry *entry = &g_array_index (lane, Entry, i);

      if (entry->seq >= seq || strcmp (entry->id, message->id) == 0)
        return FALSE;
      if (now - entry->at >= GIVE_UP_MS)
        forget (self, entry->id);
      else if (is_of_conversation (self, entry, message, endpoint_id))
        return TRUE;
      else
        i++;
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
  Entry entry = { seq, now };

  forget (self, message->id);
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
      g_array_set_clear_func (lane, entry_clear);
      g_hash_table_insert (self->lanes, g_strdup (key), lane);
    }

  entry.id = g_strdup (message->id);
  entry.target_id = g_strdup (message->target_endpoint_id);
  entry.source_id = g_strdup (message->source_endpoint_id);
  g_hash_table_insert (self->ids, entry.id, place_new (key, seq));
  g_array_insert_val (lane, find (lane, seq), entry);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_REFUSED, rb_refused_get_n (self));
}

void
rb_refused_remove (RbRefused  *self,
                   const char *message_id)
{
  forget (self, message_id);
}

void
rb_refused_clear (RbRefused *self)
{
  g_hash_table_remove_all (self->lanes);
  g_hash_table_remove_all (self->ids);
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
