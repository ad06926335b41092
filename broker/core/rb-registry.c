/* rb-registry.c: the registered endpoints, by id and by process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-registry.h"

struct _RbRegistry {
  GHashTable *by_id;     /* id (borrowed from the endpoint) to RbEndpoint, owned */
  GHashTable *by_pid;    /* gint64 * to GPtrArray of RbEndpoint */
  GQueue      order;     /* of RbEndpoint, by their links */
};

RbRegistry *
rb_registry_new (void)
{
  RbRegistry *self = g_new0 (RbRegistry, 1);

  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) rb_endpoint_free);
  self->by_pid = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_queue_init (&self->order);
  return self;
}

void
rb_registry_free (RbRegistry *self)
{
  g_hash_table_unref (self->by_pid);
  g_hash_table_unref (self->by_id);
  g_free (self);
}

gboolean
rb_registry_add (RbRegistry *self,
                 RbEndpoint *endpoint)
{
  GPtrArray *siblings;

  if (g_hash_table_contains (self->by_id, endpoint->id))
    return FALSE;

  siblings = g_hash_table_lookup (self->by_pid, &endpoint->plugin_pid);
  if (siblings == NULL)
    {
      siblings = g_ptr_array_new ();
      g_hash_table_insert (self->by_pid, g_memdup2 (&endpoint->plugin_pid, sizeof (gint64)), siblings);
    }
  g_ptr_array_add (siblings, endpoint);
  g_hash_table_insert (self->by_id, endpoint->id, endpoint);
  g_queue_push_tail_link (&self->order, &endpoint->link);
  return TRUE;
}

void
rb_registry_remove (RbRegistry *self,
                    RbEndpoint *endpoint)
{
  GPtrArray *siblings = g_hash_table_lookup (self->by_pid, &endpoint->plugin_pid);

  g_ptr_array_remove (siblings, endpoint);
  if (siblings->len == 0)
    g_hash_table_remove (self->by_pid, &endpoint->plugin_pid);
  g_queue_unlink (&self->order, &endpoint->link);
  g_hash_table_remove (self->by_id, endpoint->id);
}

RbEndpoint *
rb_registry_lookup (RbRegistry *self,
                    const char *id)
{
  return id != NULL ? g_hash_table_lookup (self->by_id, id) : NULL;
}

GPtrArray *
rb_registry_get_of_pid (RbRegistry *self,
                        gint64      pid)
{
  return g_hash_table_lookup (self->by_pid, &pid);
}

GQueue *
rb_registry_get_all (RbRegistry *self)
{
  return &self->order;
}

guint
rb_registry_get_n (RbRegistry *self)
{
  return g_hash_table_size (self->by_id);
}
