/* sim-listener.h: who is told what happens: the authority, which may refuse, or a projection
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-emitter.h"

#include "sim-directory.h"

G_BEGIN_DECLS

#define SIM_TYPE_LISTENER (sim_listener_get_type ())
G_DECLARE_FINAL_TYPE (SimListener, sim_listener, SIM, LISTENER, GObject)

/* @directory: (nullable) learns from what an authority is told */
SimListener *sim_listener_new    (SimOracle *oracle, SimDirectory *directory, gboolean is_authority);
guint        sim_listener_get_n  (SimListener *self);     /* events that wait for an answer */
void         sim_listener_answer (SimListener *self, guint i, SimAnswer how);
void         sim_listener_die    (SimListener *self);
void         sim_listener_revive (SimListener *self);

G_END_DECLS
