/* local-peer.h: an account on the network of this machine, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"

G_BEGIN_DECLS

typedef struct {
  gint64      seq;
  RbEnvelope *envelope;
} Delivery;

/* What its connector did and was asked. */
typedef struct {
  RbConnector *connector;
  RbBounds    *bounds;         /* of it; borrowed */
  RbClock     *clock;
  GPtrArray   *deliveries;       /* Delivery, in order; all of them */
  gboolean     accepts;          /* each delivery, at once */
  guint        n_connected;
  guint        n_disconnected;
  guint        n_superseded;
  char        *last_reason;
} Peer;

/* @settings: pairs of key and value, NULL-terminated. The account's secret is made from its name. Configured, not started. */
Peer     *peer_new           (const char *data_dir, const char *account, RbClock *clock, ...) G_GNUC_NULL_TERMINATED;
/* Configured, started, with a large window. */
Peer     *peer_new_started   (const char *data_dir, const char *account, RbClock *clock);
void      peer_start         (Peer *peer);
gboolean  peer_try_start     (Peer *peer, GError **error);
void      peer_stop          (Peer *peer);
/* Stops it, and insists that nothing else holds the connector. */
void      peer_free          (Peer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_free)

/* @id may be NULL. Turns the main context until the answer is there. */
gboolean  peer_send          (Peer *peer, const char *to, const char *id, const char *text, char **message_id,
                              RbSendStatus *status, GError **error);
/* Sends and insists that it was taken. */
void      peer_send_ok       (Peer *peer, const char *to, const char *id, const char *text);
/* Whatever was on its way has arrived. */
void      peer_settle        (Peer *peer);
RbEnvelope *make_envelope    (const char *to, const char *id, const char *text);

gint64      peer_get_seq     (Peer *peer, guint i);
RbEnvelope *peer_get_message (Peer *peer, guint i);
char       *peer_dup_text    (Peer *peer, guint i);

G_END_DECLS
