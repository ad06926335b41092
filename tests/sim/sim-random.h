/* sim-random.h: numbers that a seed decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* SplitMix64: each step of a run has a stream of its own, so that leaving out one step changes none of the choices of another. */
typedef struct {
  guint64 state;
} SimRandom;

void      sim_random_seed   (SimRandom *self, guint64 seed, guint64 stream);
guint64   sim_random_next   (SimRandom *self);
guint     sim_random_pick   (SimRandom *self, guint n);              /* below @n, which is above 0 */
gboolean  sim_random_chance (SimRandom *self, guint percent);
void      sim_random_fill   (guint8 *buffer, gsize length, gpointer self);    /* an RbRandomFunc */

G_END_DECLS
