/* sim-random.c: numbers that a seed decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-random.h"

static guint64
mix (guint64 z)
{
  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void
sim_random_seed (SimRandom *self,
                 guint64    seed,
                 guint64    stream)
{
  self->state = mix (seed + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) ^ mix (stream * G_GUINT64_CONSTANT (0xd1342543de82ef95) + 1);
}

guint64
sim_random_next (SimRandom *self)
{
  self->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return mix (self->state);
}

guint
sim_random_pick (SimRandom *self,
                 guint      n)
{
  return (guint) (((sim_random_next (self) >> 32) * n) >> 32);
}

gboolean
sim_random_chance (SimRandom *self,
                   guint      percent)
{
  return sim_random_pick (self, 100) < percent;
}

void
sim_random_fill (guint8   *buffer,
                 gsize     length,
                 gpointer  self)
{
  for (gsize i = 0; i < length; i += 8)
    {
      guint64 number = sim_random_next (self);

      for (gsize j = i; j < MIN (i + 8, length); j++, number >>= 8)
        buffer[j] = (guint8) number;
    }
}
