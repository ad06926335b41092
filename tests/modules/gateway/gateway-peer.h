/* gateway-peer.h: a connector and the simulated gateway that it talks to, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"
#include "rb-sim.h"

G_BEGIN_DECLS

typedef struct {
  gint64      seq;
  RbEnvelope *envelope;
} Delivery;

/* What the connector did and was asked. */
typedef struct {
  RbSim        *sim;
  RbSimGateway *gateway;           /* of @sim */
  RbClock      *clock;             /* a fake one */
  RbConnector  *connector;
  RbBounds     *bounds;            /* of @connector; borrowed */
  char         *state_dir;
  GPtrArray    *deliveries;        /* Delivery, in order; all of them */
  gboolean      accepts;           /* each delivery, at once */
  guint         n_connected;
  guint         n_disconnected;
  guint         n_superseded;
  char         *last_reason;
} Peer;

/* @settings: pairs of key and value, NULL-terminated, over the url of the gateway. Configured, not started; with a large window. */
Peer       *peer_new            (const RbSimOptions *options, ...) G_GNUC_NULL_TERMINATED;
/* With the defaults, connected, and no pings: time may be moved on. */
Peer       *peer_new_connected  (void);
/* Stops it, insists that nothing else holds the connector and that it kept to the protocol. */
void        peer_free           (Peer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_free)

/* Another connector with the same state; the old one is stopped first. */
void        peer_renew          (Peer *peer, ...) G_GNUC_NULL_TERMINATED;
/* One that may fail to be configured. */
gboolean    peer_configure      (Peer *peer, const char *first_key, ...) G_GNUC_NULL_TERMINATED;

gboolean    peer_try_start      (Peer *peer, GError **error);
void        peer_start          (Peer *peer);      /* and is connected */
void        peer_stop           (Peer *peer);
/* The wait before an attempt, stretched as far as it may be, passes. */
void        peer_wait_backoff   (Peer *peer, gint64 ms);

gboolean    peer_send           (Peer *peer, const char *to, const char *text, char **message_id, RbSendStatus *status,
                                 GError **error);
/* The gateway has our acknowledgement up to @seq; time moves on meanwhile. */
void        peer_wait_acked     (Peer *peer, gint64 seq);
/* Whatever was on its way in either direction has arrived. */
void        peer_sync           (Peer *peer);
RbEnvelope *make_envelope       (const char *to, const char *id, const char *text);

gint64      peer_get_seq        (Peer *peer, guint i);
const char *peer_get_id         (Peer *peer, guint i);
/* The cursor file's number; -1: there is no valid file. */
gint64      peer_read_cursor    (Peer *peer);
void        peer_write_cursor   (Peer *peer, const char *text);
/* An integer member of the @index-th frame of that event that the gateway got; from the end when negative. */
gint64      peer_get_number     (Peer *peer, const char *event, int index, const char *member);

G_END_DECLS
