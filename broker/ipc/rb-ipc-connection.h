/* rb-ipc-connection.h: one accepted connection: who is on the other side, and how long it may take
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-private.h"
#include "rb-ipc-stream.h"

#include <gio/gio.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

struct _RbIpcConnection {
  guint              refs;
  RbIpcServer       *server;      /* borrowed; NULL once the server is closed */
  GSocketConnection *stream;      /* borrowed; NULL once it is gone */
  RbIpcStream       *soups;       /* what libsoup has of it; weak */
  gboolean           local;       /* Unix socket: the kernel named the caller */
  gint64             pid;         /* of the caller there, else 0 */
  gboolean           proven;      /* the token was shown on it; each request still shows its own */
  guint64            deadline;
  GList              link;        /* in the server's connections while the stream lives */
};

/* Hands @stream to the HTTP server. */
void             rb_ipc_connection_start    (RbIpcServer *server, GSocketConnection *stream, gboolean local, gint64 pid);

RbIpcConnection *rb_ipc_connection_ref      (RbIpcConnection *self);
void             rb_ipc_connection_unref    (RbIpcConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbIpcConnection, rb_ipc_connection_unref)

/* Borrowed: lives as long as @message. */
RbIpcConnection *rb_ipc_connection_of       (SoupServerMessage *message);

/* A request is answered, and the next one has not begun. */
void             rb_ipc_connection_set_rest (RbIpcConnection *self, gboolean rests);

/* A connection that makes no progress is cut: slow headers, slow bodies, answers that nobody takes. */
void             rb_ipc_connection_expect   (RbIpcConnection *self, gint64 timeout_ms);
void             rb_ipc_connection_relax    (RbIpcConnection *self);
/* Both directions; libsoup notices and cleans up. */
void             rb_ipc_connection_cut      (RbIpcConnection *self);

/* Takes the connection away from libsoup. @early: (out) (optional) what had been read beyond the request's headers. */
GSocketConnection *rb_ipc_connection_steal  (RbIpcConnection *self, SoupServerMessage *message, GBytes **early);

G_END_DECLS
