/* rb-bus-channel.c: the broker's own channel, through which endpoints of callers on the bus live for a moment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-channel.h"

#include "rb-channel.h"

#include <unistd.h>

struct _RbBusChannel {
  GObject   parent_instance;
  guint     n_holders;
  gboolean  is_closed;     /* another one took its place, or we stop */
};

static void channel_iface_init (RbChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbBusChannel, rb_bus_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CHANNEL, channel_iface_init))

static gint64
get_pid (RbChannel *channel)
{
  return getpid ();
}

static gboolean
has_receipts (RbChannel *channel)
{
  return TRUE;
}

static gboolean
is_legacy (RbChannel *channel)
{
  return FALSE;
}

static gboolean
push (RbChannel    *channel,
      const RbPush *what)
{
  return FALSE;
}

static void
send_presence (RbChannel  *channel,
               const char *presence,
               const char *reason)
{
}

static void
close_channel (RbChannel  *channel,
               guint       code,
               const char *reason)
{
  RB_BUS_CHANNEL (channel)->is_closed = TRUE;
}

static void
channel_iface_init (RbChannelInterface *iface)
{
  iface->get_pid = get_pid;
  iface->has_receipts = has_receipts;
  iface->is_legacy = is_legacy;
  iface->push = push;
  iface->send_presence = send_presence;
  iface->close = close_channel;
}

static void
rb_bus_channel_class_init (RbBusChannelClass *klass)
{
}

static void
rb_bus_channel_init (RbBusChannel *self)
{
}

RbBusChannel *
rb_bus_channel_hold (RbCore *core)
{
  RbChannel *current = rb_channels_lookup (core, getpid ());
  RbBusChannel *self;

  if (RB_IS_BUS_CHANNEL (current))
    self = g_object_ref (RB_BUS_CHANNEL (current));
  else
    {
      self = g_object_new (RB_TYPE_BUS_CHANNEL, NULL);
      rb_channels_attach (core, RB_CHANNEL (self));
    }
  self->n_holders++;
  return self;
}

void
rb_bus_channel_release (RbBusChannel *self,
                        RbCore       *core)
{
  if (--self->n_holders == 0 && !self->is_closed)
    rb_channels_detach (core, RB_CHANNEL (self));
  g_object_unref (self);
}
