/* rb-gateway-announcer.c: tells the broker how the link is, but not before it knows that we started
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-announcer.h"

struct _RbGatewayAnnouncer {
  RbConnector *connector;
  gboolean     has_begun;
  GSource     *source;        /* begins; NULL: it did, or was not asked to */
  void       (*begun) (gpointer user_data);
  gpointer     begun_data;
  GQueue       waiting;       /* of Item */
};

typedef struct {
  RbGatewayNews  news;
  char          *reason;
} Item;

static void
item_free (Item *item)
{
  g_free (item->reason);
  g_free (item);
}

static void
tell (RbConnector   *connector,
      RbGatewayNews  news,
      const char    *reason)
{
  switch (news)
    {
    case RB_GATEWAY_SAY_CONNECTED:
      rb_connector_emit_connected (connector);
      break;
    case RB_GATEWAY_SAY_DISCONNECTED:
      rb_connector_emit_disconnected (connector, reason);
      break;
    case RB_GATEWAY_SAY_SUPERSEDED:
      rb_connector_emit_superseded (connector);
      break;
    case RB_GATEWAY_SAY_INCOMPATIBLE:
      rb_connector_emit_incompatible (connector, reason);
      break;
    }
}

/* Whoever hears the news may stop us, which empties the queue. */
static gboolean
on_begin (gpointer user_data)
{
  RbGatewayAnnouncer *self = user_data;
  g_autoptr(GObject) alive = g_object_ref (G_OBJECT (self->connector));
  Item *item;

  g_clear_pointer (&self->source, g_source_unref);
  self->has_begun = TRUE;
  while ((item = g_queue_pop_head (&self->waiting)) != NULL)
    {
      tell (self->connector, item->news, item->reason);
      item_free (item);
    }
  if (self->has_begun)
    self->begun (self->begun_data);
  return G_SOURCE_REMOVE;
}

RbGatewayAnnouncer *
rb_gateway_announcer_new (RbConnector *connector)
{
  RbGatewayAnnouncer *self = g_new0 (RbGatewayAnnouncer, 1);

  self->connector = connector;
  return self;
}

void
rb_gateway_announcer_free (RbGatewayAnnouncer *self)
{
  g_return_if_fail (self != NULL);

  rb_gateway_announcer_end (self);
  g_free (self);
}

void
rb_gateway_announcer_say (RbGatewayAnnouncer *self,
                          RbGatewayNews       news,
                          const char         *reason)
{
  Item *item;

  g_return_if_fail (self != NULL);

  if (self->has_begun)
    {
      tell (self->connector, news, reason);
      return;
    }
  item = g_new0 (Item, 1);
  item->news = news;
  item->reason = g_strdup (reason);
  g_queue_push_tail (&self->waiting, item);
}

void
rb_gateway_announcer_begin (RbGatewayAnnouncer *self,
                            void              (*begun) (gpointer user_data),
                            gpointer            user_data)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (self->source == NULL && !self->has_begun);

  self->begun = begun;
  self->begun_data = user_data;
  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->source, on_begin, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

void
rb_gateway_announcer_end (RbGatewayAnnouncer *self)
{
  g_return_if_fail (self != NULL);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) item_free);
  self->has_begun = FALSE;
}
