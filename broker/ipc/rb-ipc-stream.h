/* rb-ipc-stream.h: what libsoup reads of a connection, and how it learns that the client is gone
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* After an answer libsoup 3.2 waits for the next request; a client that closes instead is read, and then forgotten with its connection open
 * for ever. A request that has begun is not: so the end of a resting connection is read as the beginning of a request, and then the end. */
#define RB_TYPE_IPC_STREAM (rb_ipc_stream_get_type ())
G_DECLARE_FINAL_TYPE (RbIpcStream, rb_ipc_stream, RB, IPC_STREAM, GIOStream)

/* Closes @base when it is closed, or dropped. */
RbIpcStream *rb_ipc_stream_new      (GSocketConnection *base);
/* Between an answer and the next request. */
void         rb_ipc_stream_set_rest (RbIpcStream *self, gboolean rests);
/* Somebody else has @base from here on. */
void         rb_ipc_stream_let_go   (RbIpcStream *self);

G_END_DECLS
