/* rb-channel.c: an adapter's stream, as the core sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-channel.h"

G_DEFINE_INTERFACE (RbChannel, rb_channel, G_TYPE_OBJECT)

static void
rb_channel_default_init (RbChannelInterface *iface)
{
}

gint64
rb_channel_get_pid (RbChannel *self)
{
  return RB_CHANNEL_GET_IFACE (self)->get_pid (self);
}

gboolean
rb_channel_has_receipts (RbChannel *self)
{
  return RB_CHANNEL_GET_IFACE (self)->has_receipts (self);
}

gboolean
rb_channel_is_legacy (RbChannel *self)
{
  return RB_CHANNEL_GET_IFACE (self)->is_legacy (self);
}

gboolean
rb_channel_push (RbChannel    *self,
                 const RbPush *push)
{
  return RB_CHANNEL_GET_IFACE (self)->push (self, push);
}

void
rb_channel_send_presence (RbChannel  *self,
                          const char *presence,
                          const char *reason)
{
  RB_CHANNEL_GET_IFACE (self)->send_presence (self, presence, reason);
}

void
rb_channel_close (RbChannel  *self,
                  guint       code,
                  const char *reason)
{
  RB_CHANNEL_GET_IFACE (self)->close (self, code, reason);
}
