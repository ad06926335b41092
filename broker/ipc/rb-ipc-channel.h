/* rb-ipc-channel.h: an adapter's stream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channels.h"
#include "rb-ipc-private.h"

G_BEGIN_DECLS

#define RB_IPC_CHANNEL_QUEUE_MAX (16 * 1024 * 1024)
/* Requests at work for one channel; beyond, its input waits. */
#define RB_IPC_CHANNEL_REQUESTS_MAX 256

#define RB_TYPE_IPC_CHANNEL (rb_ipc_channel_get_type ())
G_DECLARE_FINAL_TYPE (RbIpcChannel, rb_ipc_channel, RB, IPC_CHANNEL, GObject)

typedef struct {
  gint64   pid;
  gboolean local;       /* over the Unix socket */
  gboolean receipts;    /* push_receipt_ack_v1 */
  gboolean requests;    /* stream_requests_v1 */
  gboolean legacy;      /* no capability header at all */
} RbIpcChannelTraits;

/* Tells the core. The server keeps the channel until it closed. */
void      rb_ipc_channel_open       (RbIpcServer *server, GSocketConnection *stream, const RbIpcChannelTraits *traits,
                                     GBytes *greeting, GBytes *early);
gboolean  rb_ipc_channel_is_local   (RbIpcChannel *self);
void      rb_ipc_channel_respond    (RbIpcChannel *self, const char *id, guint status, GBytes *body);

/* IMP-65: one timer for all of them, and only while there are any. */
void      rb_ipc_channels_ping_all  (RbIpcServer *server);
/* Of one channel. */
guint     rb_ipc_channels_get_most_requests (RbIpcServer *server);
gsize     rb_ipc_channels_get_most_queued   (RbIpcServer *server);   /* bytes that the client has not read */
/* 5.3, IMP-15 */
void      rb_ipc_channels_close_all (RbIpcServer *server, guint code, const char *reason);
/* Those that did not answer are dropped. */
void      rb_ipc_channels_drop_all  (RbIpcServer *server);

G_END_DECLS
