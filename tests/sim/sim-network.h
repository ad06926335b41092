/* sim-network.h: a message network: mailboxes with numbers, and a link that breaks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"

#include "sim-oracle.h"

G_BEGIN_DECLS

#define SIM_TYPE_NETWORK (sim_network_get_type ())
G_DECLARE_FINAL_TYPE (SimNetwork, sim_network, SIM, NETWORK, GObject)

/* It delivers in the order of the numbers, and after each connect again what was not accepted. What is released comes again on its own. */

typedef enum { SIM_SEND_DELIVERED, SIM_SEND_STORED, SIM_SEND_REJECTED, SIM_SEND_UNAVAILABLE, SIM_SEND_LOST, SIM_SEND_N } SimSendFate;

SimNetwork *sim_network_new          (SimOracle *oracle);
/* @sender writes to us. Takes @metadata, a JSON object. */
void        sim_network_post         (SimNetwork *self, const char *id, const char *sender, char *metadata);
/* Delivers the next that is due. FALSE when there is none, or no room in the window. */
gboolean    sim_network_deliver      (SimNetwork *self, SimRandom *random);
/* Something that was accepted comes again. */
void        sim_network_repeat       (SimNetwork *self, SimRandom *random);
void        sim_network_connect      (SimNetwork *self);
void        sim_network_disconnect   (SimNetwork *self);
guint       sim_network_get_n_sends  (SimNetwork *self);     /* that wait */
void        sim_network_answer       (SimNetwork *self, guint i, SimSendFate fate);
/* Ids of messages, by the order in which they were posted. */
guint       sim_network_get_n        (SimNetwork *self);
const char *sim_network_get_id       (SimNetwork *self, guint i);
const char *sim_network_get_sender   (SimNetwork *self, guint i);
const char *sim_network_get_metadata (SimNetwork *self, guint i);
/* A conversation that the broker began, by what it sent last; NULL: there is none. */
const char *sim_network_pick_correlation (SimNetwork *self, SimRandom *random);
guint       sim_network_get_n_open   (SimNetwork *self);     /* mails that were not accepted */
guint       sim_network_get_n_in_flight (SimNetwork *self);  /* delivered, and neither accepted nor released */
gboolean    sim_network_is_done      (SimNetwork *self);     /* everything was accepted */
/* What it does not answer in time is given up by the guard. */
void        sim_network_check_age    (SimNetwork *self);
/* The process is gone: what it still says is not heard, and whoever waits is told that nobody answers. */
void        sim_network_die          (SimNetwork *self);
void        sim_network_revive       (SimNetwork *self);

G_END_DECLS
