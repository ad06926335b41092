/* rb-client-self.h: what rb-client.c and rb-client-connection.c share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-backoff.h"
#include "rb-client-private.h"

G_BEGIN_DECLS

struct _RbClient {
  GObject           parent_instance;

  RbClientOptions  *options;
  RbClock          *clock;
  RbClientPhase     phase;
  char             *presence;       /* (nullable) */
  gboolean          has_pid;        /* our pid is in @connected_pids */

  RbClientHttp     *http;           /* (nullable) the broker last found */
  RbClientChannel  *channel;        /* (nullable) */
  RbJson           *greeting;       /* (nullable) */
  GPtrArray        *endpoints;      /* of RbClientEndpoint */
  guint             n_registering;
  GQueue            early;          /* of RbClientMessage: came before the answer that names their endpoint */

  GCancellable     *attempt;        /* (nullable) while one runs */
  RbBackoff         backoff;
  guint64           reconnect_timer;
  GTask            *closing;        /* (nullable) */
  guint64           close_timer;
};

void rb_client_drop_channel (RbClient *self);
void rb_client_release_pid  (RbClient *self);

G_END_DECLS
