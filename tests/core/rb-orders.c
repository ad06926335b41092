/* rb-orders.c: control events, as tests write them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

RbOrder
rb_order_default (RbWorker   *worker,
                  const char *key,
                  const char *message_id)
{
  g_autofree char *target = NULL;
  RbOrder order = { .key = key, .undispatched_id = message_id, .source_message_id = message_id, .token = "T", .emitted_at = 1795427510029 };

  target = g_strdup_printf ("{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'%s'>, "
                            "'runtime_session_id': <'s%" G_GINT64_FORMAT "'>, 'background_exchange_mode': <'adapter_managed_turn'>}",
                            worker->endpoint_id, worker->pid);
  order.target = g_intern_string (target);
  return order;
}

static void
add (GString    *text,
     const char *name,
     const char *value)
{
  if (value != NULL)
    g_string_append_printf (text, ", '%s': <'%s'>", name, value);
}

void
rb_control_send (RbCoreFixture *fixture,
                 const char    *type,
                 const char    *key,
                 const char    *members)
{
  g_autofree char *text = g_strdup_printf ("{'type': <'%s'>, 'version': <int64 1>, 'idempotency_key': <'%s'>%s}", type, key, members);

  rb_fake_upstream_control (fixture->upstream, text);
  rb_test_settle ();
}

void
rb_order_send (RbCoreFixture *fixture,
               const RbOrder *order)
{
  g_autoptr(GString) text = g_string_new (NULL);

  g_string_append_printf (text, ", 'emitted_at': <int64 %" G_GINT64_FORMAT ">", order->emitted_at);
  add (text, "undispatched_id", order->undispatched_id);
  add (text, "source_message_id", order->source_message_id);
  add (text, "broker_projection_token", order->token);
  add (text, "target_endpoint_id", order->target_endpoint_id);
  add (text, "delivery_intent", "external_handoff");
  if (order->target != NULL)
    g_string_append_printf (text, ", 'target_ref': <%s>", order->target);
  rb_control_send (fixture, "dispatch_undispatched", order->key, text->str);
}

void
rb_order_arrive (RbCoreFixture *fixture,
                 gint64         seq,
                 const char    *id)
{
  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "please", "{\"correlation_id\":\"c9\"}");
  rb_test_settle ();
}

gint64
rb_order_count_slots (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) status = g_variant_ref_sink (rb_view_status (fixture->core));
  g_autoptr(GVariant) limits = g_variant_lookup_value (status, "limits", NULL);
  g_autoptr(GVariant) inbox = g_variant_lookup_value (limits, "inbox", NULL);
  gint64 used = -1;

  g_variant_lookup (inbox, "used", "x", &used);
  return used;
}
