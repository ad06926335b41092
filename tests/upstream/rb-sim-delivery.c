/* rb-sim-delivery.c: delivering from the gateway, in order and otherwise
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-gateway-private.h"

#include "rb-sim-frames.h"
#include "rb-sim-json.h"

static void
replay (RbSimGateway *self,
        gint64        above,
        gboolean      is_reversed)
{
  g_autoptr(GPtrArray) list = rb_sim_mailbox_list_all (rb_sim_gateway_get_mailbox (self), above);

  for (guint i = 0; i < list->len; i++)
    {
      RbSimMail *mail = g_ptr_array_index (list, is_reversed ? list->len - 1 - i : i);

      rb_sim_gateway_say_frame (self, mail->frame);
    }
}

gint64
rb_sim_gateway_deliver (RbSimGateway *self,
                        const char   *id,
                        const char   *from,
                        const char   *content,
                        const char   *metadata)
{
  RbSimMail *mail = rb_sim_gateway_keep (self, id, from, content, metadata);

  rb_sim_gateway_say_frame (self, mail->frame);
  return mail->seq;
}

void
rb_sim_gateway_burst (RbSimGateway *self,
                      guint         count,
                      const char   *prefix,
                      const char   *from)
{
  for (guint i = 1; i <= count; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%u", prefix, i);
      g_autofree char *content = g_strdup_printf ("%s number %u", prefix, i);

      rb_sim_gateway_deliver (self, id, from, content, NULL);
    }
}

gint64
rb_sim_gateway_withhold (RbSimGateway *self,
                         const char   *id,
                         const char   *from,
                         const char   *content,
                         const char   *metadata)
{
  return rb_sim_gateway_keep (self, id, from, content, metadata)->seq;
}

gint64
rb_sim_gateway_deliver_again (RbSimGateway *self,
                              const char   *id)
{
  JsonObject *known = rb_sim_mailbox_lookup (rb_sim_gateway_get_mailbox (self), id);
  g_autoptr(JsonObject) copy = NULL;
  RbSimMail *mail;

  g_return_val_if_fail (known != NULL, 0);
  copy = rb_sim_json_copy (known);
  mail = rb_sim_mailbox_add (rb_sim_gateway_get_mailbox (self), copy);
  rb_sim_gateway_say_frame (self, mail->frame);
  return mail->seq;
}

void
rb_sim_gateway_resend (RbSimGateway *self,
                       gint64        seq)
{
  g_autoptr(GPtrArray) list = rb_sim_mailbox_list_all (rb_sim_gateway_get_mailbox (self), seq - 1);
  RbSimMail *mail = list->len > 0 ? g_ptr_array_index (list, 0) : NULL;

  if (mail != NULL && mail->seq == seq)
    rb_sim_gateway_say_frame (self, mail->frame);
}

void
rb_sim_gateway_replay (RbSimGateway *self,
                       gint64        above)
{
  replay (self, above, FALSE);
}

void
rb_sim_gateway_replay_reversed (RbSimGateway *self,
                                gint64        above)
{
  replay (self, above, TRUE);
}

void
rb_sim_gateway_deliver_bare (RbSimGateway *self,
                             const char   *id,
                             const char   *from,
                             const char   *content,
                             const char   *metadata)
{
  g_autoptr(JsonObject) frame = rb_sim_frame_message (id, from, content, metadata);

  rb_sim_gateway_say_frame (self, frame);
}

gint64
rb_sim_gateway_skip (RbSimGateway *self)
{
  g_autoptr(JsonObject) frame = rb_sim_json_new ("event", "DELIVERY_SKIP", "reason", "runtime_mailbox_dismissed", NULL);
  RbSimMail *mail = rb_sim_mailbox_add (rb_sim_gateway_get_mailbox (self), frame);

  rb_sim_gateway_say_frame (self, mail->frame);
  return mail->seq;
}

void
rb_sim_gateway_say_cursor (RbSimGateway *self,
                           gint64        delivery_seq,
                           gint64        delivered_seq)
{
  g_autoptr(JsonObject) frame = rb_sim_json_new ("event", "DELIVERY_CURSOR", NULL);

  json_object_set_int_member (frame, "deliverySeq", delivery_seq);
  if (delivered_seq >= 0)
    json_object_set_int_member (frame, "deliveredSeq", delivered_seq);
  rb_sim_gateway_say_frame (self, frame);
}
