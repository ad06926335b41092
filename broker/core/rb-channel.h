/* rb-channel.h: an adapter's stream, as the core sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-assignment-context.h"
#include "rb-envelope.h"

G_BEGIN_DECLS

/* Implemented by broker/ipc. A channel is told to the core with rb_channels_attach() once it is open, and taken away with
 * rb_channels_detach() when it closed, whoever closed it. Source: protocol.md section 5. */

#define RB_TYPE_CHANNEL (rb_channel_get_type ())
G_DECLARE_INTERFACE (RbChannel, rb_channel, RB, CHANNEL, GObject)

typedef struct {
  const char                *push_id;      /* NULL on a channel without receipts */
  const char                *endpoint_id;  /* IMP-16 */
  const char                *source_message_id;
  RbEnvelope                *envelope;
  const RbAssignmentContext *assignment;   /* NULL for a direct message */
} RbPush;

struct _RbChannelInterface {
  GTypeInterface parent_iface;

  gint64    (*get_pid)       (RbChannel *self);
  gboolean  (*has_receipts)  (RbChannel *self);   /* push_receipt_ack_v1 */
  gboolean  (*is_legacy)     (RbChannel *self);   /* no capability header at all, protocol.md 20.1 */
  /* FALSE when the socket is not open. Queues the frame in order; never blocks. */
  gboolean  (*push)          (RbChannel *self, const RbPush *push);
  void      (*send_presence) (RbChannel *self, const char *presence, const char *reason);
  void      (*close)         (RbChannel *self, guint code, const char *reason);
};

gint64    rb_channel_get_pid       (RbChannel *self);
gboolean  rb_channel_has_receipts  (RbChannel *self);
gboolean  rb_channel_is_legacy     (RbChannel *self);
gboolean  rb_channel_push          (RbChannel *self, const RbPush *push);
void      rb_channel_send_presence (RbChannel *self, const char *presence, const char *reason);
void      rb_channel_close         (RbChannel *self, guint code, const char *reason);

G_END_DECLS
