/* rb-ipc-server.h: HTTP and WebSocket for adapters, on loopback and on a Unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

#define RB_TYPE_IPC_SERVER (rb_ipc_server_get_type ())
G_DECLARE_FINAL_TYPE (RbIpcServer, rb_ipc_server, RB, IPC_SERVER, GObject)

typedef struct {
  const char *bearer_token;
  const char *socket_path;         /* NULL: no Unix socket */
  int         tcp_fd;              /* sockets that the last process left listening, taken; 0: none */
  guint16     tcp_port;            /* to listen at unless somebody else does; 0: the kernel chooses, as it then does, too */
  int         socket_fd;           /* likewise, at socket_path */
  gboolean    is_socket_kept;      /* its file is not ours to remove */
  const char *server_version;      /* "999.0.0+runtime-broker.0.1.0", protocol.md 3.11 */
  const char *product_version;
  gsize       body_max;            /* 0: 1,048,576 */
  gsize       frame_max;           /* 0: 16 MiB, one WebSocket message, fragmented or not */
  guint       connections_max;     /* 0: 2,048, both sockets together; above: closed at once, counted */
  guint       requests_max;        /* 0: 8,192 at work */
  gsize       input_max;           /* 0: 256 MiB of requests at work, and of what is being received */
  gint64      header_timeout_ms;   /* 0: 10,000: from accept (or the last answer's next byte) to a whole request */
  gint64      ping_interval_ms;    /* 0: 30,000; below 0: off (IMP-65) */
  gboolean    is_page_off;         /* there is no web page */
  const char *page_sessions;       /* (nullable) of the last process: who may use the page still */
} RbIpcOptions;

RbIpcServer *rb_ipc_server_new       (RbCore *core, RbClock *clock, const RbIpcOptions *options);
/* Binds 127.0.0.1 at the port that was asked for or one of the kernel's choice, and the Unix socket (0600, a dead one is replaced). */
gboolean     rb_ipc_server_listen    (RbIpcServer *self, GError **error);
const char  *rb_ipc_server_get_url   (RbIpcServer *self);      /* http://127.0.0.1:<port> */
/* From now on new requests get 503 broker_shutting_down (IMP-55). */
void         rb_ipc_server_drain     (RbIpcServer *self);
/* Accepts nothing more, but goes on listening for whoever gets the descriptors (to be closed; 0: there is none). After the drain. */
void         rb_ipc_server_hand_over (RbIpcServer *self, int *tcp_fd, int *socket_fd);
/* Somebody has the page open. */
gboolean     rb_ipc_server_has_page  (RbIpcServer *self);
/* (transfer full): who may use the page, for the process that goes on in our place. */
char        *rb_ipc_server_dup_page_sessions (RbIpcServer *self);
/* FALSE while somebody who was accepted has yet to ask, or to be answered: closed now, it would be cut off in the middle. */
gboolean     rb_ipc_server_is_quiet  (RbIpcServer *self);
/* Stops listening, closes channels with 1001 "broker_shutdown" (IMP-15), or "broker_restart" when it was handed over, answers what is
 * held, forgets the rest. */
void         rb_ipc_server_close     (RbIpcServer *self);

/* GET /v1/operator/<name> on the Unix socket only, answered with the a{sv} or aa{sv} of @function (floating). The server itself
 * offers status, endpoints, inbox, assignments, explain/<id>; the daemon adds modules, config, env. */
typedef GVariant *(*RbIpcViewFunc)   (gpointer user_data, GError **error);
void         rb_ipc_server_add_view  (RbIpcServer *self, const char *name, RbIpcViewFunc function, gpointer user_data);
/* (floating): that view; @found: whether there is one. */
GVariant    *rb_ipc_server_call_view (RbIpcServer *self, const char *name, gboolean *found, GError **error);

/* POST /v1/operator/<name> on the Unix socket only. @function returns @task (transfer full), then or later, with the GVariant that is the
 * answer (floating), or an error. The daemon adds restart. */
typedef void (*RbIpcActionFunc)       (GTask *task, gpointer user_data);
void         rb_ipc_server_add_action (RbIpcServer *self, const char *name, RbIpcActionFunc function, gpointer user_data);

G_END_DECLS
