/* rb-world-orders.c: an upstream that orders dispatches and hears of them, or does not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"
#include "rb-world.h"

typedef struct {
  guint  n;              /* orders for this message so far */
  char  *key;
  char  *endpoint_id;
} RbWorldOrder;

static void
order_free (gpointer data)
{
  RbWorldOrder *order = data;

  g_free (order->key);
  g_free (order->endpoint_id);
  g_free (order);
}

GHashTable *
rb_world_orders_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, order_free);
}

static gboolean
is_answered (RbWorld            *self,
             const RbWorldOrder *order)
{
  g_autofree char *start = g_strconcat (order->key, " ", NULL);

  for (guint i = 0; i < self->fixture.upstream->acks->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (self->fixture.upstream->acks, i), start))
      return TRUE;

  return FALSE;
}

static void
send_order (RbWorld            *self,
            const char         *id,
            const RbWorldOrder *order)
{
  RbOrder event = {
    .key = order->key,
    .undispatched_id = id,
    .source_message_id = id,
    .token = "T",
    .target_endpoint_id = order->endpoint_id,
    .emitted_at = 1795427510029,
  };

  rb_order_send (&self->fixture, &event);
}

static void
renew (RbWorldOrder *order,
       const char   *id,
       const char   *endpoint_id)
{
  g_free (order->key);
  g_free (order->endpoint_id);
  order->key = g_strdup_printf ("as-%s-%u", id, ++order->n);
  order->endpoint_id = g_strdup (endpoint_id);
}

void
rb_world_order (RbWorld    *self,
                const char *id,
                const char *endpoint_id)
{
  RbWorldOrder *order = g_hash_table_lookup (self->orders, id);

  if (order == NULL)
    {
      order = g_new0 (RbWorldOrder, 1);
      g_hash_table_insert (self->orders, g_strdup (id), order);
    }
  if (order->key == NULL || is_answered (self, order))
    renew (order, id, endpoint_id);
  send_order (self, id, order);
}

void
rb_world_reorder (RbWorld *self)
{
  g_autoptr(GList) ids = g_list_sort (g_hash_table_get_keys (self->orders), (GCompareFunc) g_strcmp0);

  for (GList *l = ids; l != NULL && !self->is_dead; l = l->next)
    {
      RbWorldOrder *order = g_hash_table_lookup (self->orders, l->data);

      if (!is_answered (self, order))
        send_order (self, l->data, order);
    }
}

void
rb_world_check_orders (RbWorld *self)
{
  GHashTableIter iter;
  gpointer id, order;

  g_hash_table_iter_init (&iter, self->orders);
  while (g_hash_table_iter_next (&iter, &id, &order))
    {
      g_test_message ("order %s", ((RbWorldOrder *) order)->key);
      g_assert_true (is_answered (self, order));
    }
}
