/* sim-starter.h: starts runtimes, or does not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-spawn-driver.h"

#include "sim-oracle.h"

G_BEGIN_DECLS

#define SIM_TYPE_STARTER (sim_starter_get_type ())
G_DECLARE_FINAL_TYPE (SimStarter, sim_starter, SIM, STARTER, GObject)

SimStarter *sim_starter_new    (SimOracle *oracle);
guint       sim_starter_get_n  (SimStarter *self);     /* starts that wait for an answer */
guint       sim_starter_get_n_asked (SimStarter *self);   /* that were asked for at all */
/* (transfer full) (nullable): the token of what runs now */
char       *sim_starter_answer (SimStarter *self, guint i, gboolean starts);
void        sim_starter_die    (SimStarter *self);
void        sim_starter_revive (SimStarter *self);

G_END_DECLS
