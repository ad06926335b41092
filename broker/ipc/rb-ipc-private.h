/* rb-ipc-private.h: what the files of this folder share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-bounds.h"
#include "rb-ipc-poller.h"
#include "rb-ipc-server.h"
#include "rb-ws-parser.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define RB_IPC_JSON_TYPE "application/json; charset=utf-8"

typedef struct _RbIpcChannel    RbIpcChannel;
typedef struct _RbIpcConnection RbIpcConnection;
typedef struct _RbIpcListener   RbIpcListener;
typedef struct _RbIpcPage       RbIpcPage;
typedef struct _RbIpcRequest    RbIpcRequest;

struct _RbIpcServer {
  GObject        parent_instance;

  RbCore        *core;
  RbClock       *clock;
  RbPoller      *poller;
  RbIpcOptions   options;         /* strings owned, zeros replaced by defaults */
  SoupServer    *soup;
  RbIpcListener *tcp;
  RbIpcListener *local;           /* NULL without a Unix socket */
  char          *url;
  guint16        port;

  GQueue         connections;     /* of RbIpcConnection, linked through them */
  GQueue         farewells;       /* of farewells, likewise */
  GQueue         requests;        /* of RbIpcRequest at work, oldest first, linked through them; no reference */
  guint64        request_timer;   /* due when the oldest may wait no longer */
  GHashTable    *channels;        /* set of RbIpcChannel, owned */
  guint64        ping_timer;
  GHashTable    *views;           /* char * -> View */
  RbBounds      *bounds;          /* numbered by RbIpcBound */
  RbWsBudget     input;           /* bodies of requests until they are answered, and messages of channels that are not whole yet */
  GHashTable    *actions;         /* char * -> Action */
  RbIpcPage     *page;            /* NULL: there is none, or the server is closed */
  gboolean       draining;
  gboolean       handed_over;
  gboolean       closed;
};

#define RB_IPC_CLOSE_GOING_AWAY 1001

/* Floating; NULL when there is no such view, or with @error set when it failed. */
/* FALSE when there is no such action; then @task is the caller's still. */
gboolean  rb_ipc_server_run_action (RbIpcServer *self, const char *name, GTask *task);

G_END_DECLS
