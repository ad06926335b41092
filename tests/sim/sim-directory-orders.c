/* sim-directory-orders.c: what the directory asks the broker to do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-directory-private.h"

static void
emit (SimDirectory *self,
      GVariant     *event)
{
  const char *message_id = sim_directory_argument (event, "undispatched_id");

  sim_trace (self->oracle, "directory", "orders %s %s of %s", sim_directory_argument (event, "type"),
             sim_directory_argument (event, "idempotency_key"), message_id != NULL ? message_id : "-");
  rb_upstream_emit_control (RB_UPSTREAM (self), event);
}

static void
begin_event (SimDirectory *self,
             GVariantDict *dict,
             const char   *type)
{
  g_autofree char *key = g_strdup_printf ("o%u", ++self->n_orders);

  g_variant_dict_init (dict, NULL);
  sim_directory_put (dict, "type", type);
  sim_directory_put (dict, "idempotency_key", key);
  g_variant_dict_insert (dict, "version", "x", (gint64) 1);
}

static void
end_event (SimDirectory *self,
           GVariantDict *dict)
{
  GVariant *event = g_variant_ref_sink (g_variant_dict_end (dict));

  g_ptr_array_add (self->orders, event);
  sim_oracle_ordered (self->oracle, sim_directory_argument (event, "idempotency_key"));
  emit (self, event);
}

void
sim_directory_order (SimDirectory *self,
                     const char   *message_id,
                     const char   *endpoint_id)
{
  GVariantDict dict;

  if (g_hash_table_contains (self->given, message_id) || g_hash_table_contains (self->over, message_id))
    return;

  begin_event (self, &dict, "dispatch_undispatched");
  g_variant_dict_insert (&dict, "emitted_at", "x", G_GINT64_CONSTANT (1795427510029));
  sim_directory_put (&dict, "undispatched_id", message_id);
  sim_directory_put (&dict, "source_message_id", message_id);
  sim_directory_put (&dict, "broker_projection_token", "T");
  sim_directory_put (&dict, "target_endpoint_id", endpoint_id);
  sim_directory_put (&dict, "delivery_intent", "external_handoff");
  g_variant_dict_insert_value (&dict, "target_ref", sim_directory_target_of (self, endpoint_id));
  end_event (self, &dict);
}

void
sim_directory_spawn (SimDirectory *self)
{
  GVariantDict dict;

  begin_event (self, &dict, "spawn_request");
  sim_directory_put (&dict, "runtime_kind", "custom");
  sim_directory_put (&dict, "prompt", "do something");
  end_event (self, &dict);
}

void
sim_directory_nudge (SimDirectory *self)
{
  GVariantDict dict;

  begin_event (self, &dict, "dispatch_nudge");
  end_event (self, &dict);
}

void
sim_directory_unregister (SimDirectory *self,
                          const char   *endpoint_id)
{
  GVariantDict dict;

  begin_event (self, &dict, "force_unregister");
  sim_directory_put (&dict, "endpoint_id", endpoint_id);
  end_event (self, &dict);
}

void
sim_directory_repeat (SimDirectory *self,
                      gboolean      all)
{
  g_autoptr(GPtrArray) orders = NULL;

  if (self->orders->len == 0)
    return;
  if (!all)
    {
      g_autoptr(GVariant) event = g_variant_ref (g_ptr_array_index (self->orders, sim_random_pick (self->random, self->orders->len)));

      emit (self, event);
      return;
    }

  orders = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (guint i = 0; i < self->orders->len; i++)
    g_ptr_array_add (orders, g_variant_ref (g_ptr_array_index (self->orders, i)));
  for (guint i = 0; i < orders->len; i++)
    emit (self, g_ptr_array_index (orders, i));
}
