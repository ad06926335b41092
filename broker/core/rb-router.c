/* rb-router.c: which endpoint a message belongs to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-router.h"

#include "rb-core-bounds.h"

typedef struct {
  GQueue      order;      /* of char *, oldest first, owned by members */
  GHashTable *members;    /* char * to itself */
  RbEndpoint *endpoint;
} Ring;

struct _RbRouter {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  guint       cap;
  guint       n;
  GHashTable *rings;      /* endpoint id to Ring */
  GHashTable *index;      /* correlation id to GPtrArray of RbEndpoint, by order of registration */
};

static void
ring_free (Ring *ring)
{
  g_queue_clear (&ring->order);
  g_hash_table_unref (ring->members);
  g_free (ring);
}

RbRouter *
rb_router_new (guint ring_cap)
{
  RbRouter *self = g_new0 (RbRouter, 1);

  self->cap = ring_cap;
  self->rings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) ring_free);
  self->index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  return self;
}

void
rb_router_free (RbRouter *self)
{
  g_hash_table_unref (self->rings);
  g_hash_table_unref (self->index);
  g_free (self);
}

void
rb_router_set_bounds (RbRouter *self,
                      RbBounds *bounds)
{
  self->bounds = bounds;
}

static Ring *
ensure_ring (RbRouter   *self,
             RbEndpoint *endpoint)
{
  Ring *ring = g_hash_table_lookup (self->rings, endpoint->id);

  if (ring != NULL)
    return ring;

  ring = g_new0 (Ring, 1);
  ring->endpoint = endpoint;
  ring->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&ring->order);
  g_hash_table_insert (self->rings, g_strdup (endpoint->id), ring);
  return ring;
}

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const RbEndpoint *first = *(RbEndpoint *const *) a;
  const RbEndpoint *second = *(RbEndpoint *const *) b;

  return first->position < second->position ? -1 : first->position > second->position;
}

static void
index_add (RbRouter   *self,
           RbEndpoint *endpoint,
           const char *correlation_id)
{
  GPtrArray *endpoints = g_hash_table_lookup (self->index, correlation_id);

  if (endpoints == NULL)
    {
      endpoints = g_ptr_array_sized_new (1);
      g_hash_table_insert (self->index, g_strdup (correlation_id), endpoints);
    }
  g_ptr_array_add (endpoints, endpoint);
  if (endpoints->len > 1)
    g_ptr_array_sort (endpoints, compare_positions);
  self->n++;
}

static void
index_remove (RbRouter   *self,
              RbEndpoint *endpoint,
              const char *correlation_id)
{
  GPtrArray *endpoints = g_hash_table_lookup (self->index, correlation_id);

  g_ptr_array_remove (endpoints, endpoint);
  if (endpoints->len == 0)
    g_hash_table_remove (self->index, correlation_id);
  self->n--;
}

static GVariant *
key (const char *endpoint_id,
     const char *correlation_id)
{
  return g_variant_new ("(sss)", endpoint_id, "sent", correlation_id);
}

static void
evict_oldest (RbRouter  *self,
              Ring      *ring,
              RbChanges *changes)
{
  char *oldest = g_queue_pop_head (&ring->order);

  rb_bounds_reached (self->bounds, RB_CORE_BOUND_CORRELATION_RING);
  index_remove (self, ring->endpoint, oldest);
  if (changes != NULL)
    rb_changes_delete (changes, RB_TABLE_CORRELATIONS, key (ring->endpoint->id, oldest));
  g_hash_table_remove (ring->members, oldest);
}

void
rb_router_add (RbRouter   *self,
               RbEndpoint *endpoint,
               const char *correlation_id,
               gint64      now,
               RbChanges  *changes)
{
  Ring *ring = ensure_ring (self, endpoint);
  char *member;

  if (g_hash_table_contains (ring->members, correlation_id))
    return;

  member = g_strdup (correlation_id);
  g_hash_table_add (ring->members, member);
  g_queue_push_tail (&ring->order, member);
  index_add (self, endpoint, correlation_id);
  if (changes != NULL)
    rb_changes_put (changes, RB_TABLE_CORRELATIONS, g_variant_new ("(sssx)", endpoint->id, "sent", correlation_id, now));

  while (ring->order.length > self->cap)
    evict_oldest (self, ring, changes);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_CORRELATION_RING, ring->order.length);
}

gboolean
rb_router_contains (RbRouter   *self,
                    const char *endpoint_id,
                    const char *correlation_id)
{
  Ring *ring = endpoint_id != NULL ? g_hash_table_lookup (self->rings, endpoint_id) : NULL;

  return ring != NULL && correlation_id != NULL && g_hash_table_contains (ring->members, correlation_id);
}

void
rb_router_forget_endpoint (RbRouter   *self,
                           const char *endpoint_id,
                           RbChanges  *changes)
{
  Ring *ring = g_hash_table_lookup (self->rings, endpoint_id);

  if (ring != NULL)
    for (GList *l = ring->order.head; l != NULL; l = l->next)
      index_remove (self, ring->endpoint, l->data);
  g_hash_table_remove (self->rings, endpoint_id);
  rb_changes_delete (changes, RB_TABLE_CORRELATIONS, g_variant_new ("(ss)", endpoint_id, "sent"));
}

void
rb_router_inherit (RbRouter   *self,
                   RbEndpoint *from,
                   RbEndpoint *to,
                   gint64      now,
                   RbChanges  *changes)
{
  Ring *ring = g_hash_table_lookup (self->rings, from->id);

  if (ring != NULL)
    for (GList *l = ring->order.head; l != NULL; l = l->next)
      rb_router_add (self, to, l->data, now, changes);
}

guint
rb_router_get_n (RbRouter *self)
{
  return self->n;
}

guint
rb_router_get_longest (RbRouter *self)
{
  GHashTableIter iter;
  gpointer ring;
  guint longest = 0;

  g_hash_table_iter_init (&iter, self->rings);
  while (g_hash_table_iter_next (&iter, NULL, &ring))
    longest = MAX (longest, ((Ring *) ring)->order.length);
  return longest;
}

static RbRoute
by_correlation (RbRouter   *self,
                RbRegistry *registry,
                const char *correlation_id,
                const char *source_endpoint_id)
{
  RbRoute route = { RB_ROUTE_NONE, NULL, 0 };
  GPtrArray *endpoints;
  RbEndpoint *sender;

  if (correlation_id == NULL || *correlation_id == '\0')
    return route;

  endpoints = g_hash_table_lookup (self->index, correlation_id);
  sender = rb_registry_lookup (registry, source_endpoint_id);
  for (guint i = 0; endpoints != NULL && i < endpoints->len; i++)
    {
      if (g_ptr_array_index (endpoints, i) == sender)
        continue;

      if (route.n_matches++ == 0)
        {
          route.rule = RB_ROUTE_CORRELATION;
          route.endpoint = g_ptr_array_index (endpoints, i);
        }
    }
  return route;
}

RbRoute
rb_router_resolve (RbRouter   *self,
                   RbRegistry *registry,
                   const char *target_id,
                   const char *correlation_id,
                   const char *source_endpoint_id)
{
  RbEndpoint *target = rb_registry_lookup (registry, target_id);

  if (target != NULL)
    return (RbRoute) { RB_ROUTE_TARGET, target, 1 };

  return by_correlation (self, registry, correlation_id, source_endpoint_id);
}

RbRoute
rb_router_decide (RbRouter        *self,
                  RbRegistry      *registry,
                  const RbMessage *message)
{
  return rb_router_resolve (self, registry, message->target_endpoint_id, message->correlation_id, message->source_endpoint_id);
}

RbGate
rb_router_gate (RbRouter         *self,
                const RbEndpoint *endpoint,
                const RbMessage  *message)
{
  gboolean continuation = rb_router_contains (self, endpoint->id, message->correlation_id);

  if (!continuation)
    return rb_traits_is_background (endpoint->traits) ? RB_GATE_UNADDRESSED : RB_GATE_DELIVER;

  return rb_traits_takes_foreground (endpoint->traits) ? RB_GATE_DELIVER : RB_GATE_CORRELATED_CONTINUATION;
}
