/* rb-pair.c: two strings as one key, compared part by part
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-pair.h"

RbPair *
rb_pair_new (const char *first,
             const char *second)
{
  RbPair *self = g_new (RbPair, 1);

  self->first = g_strdup (first);
  self->second = g_strdup (second);
  return self;
}

void
rb_pair_free (RbPair *self)
{
  g_free (self->first);
  g_free (self->second);
  g_free (self);
}

guint
rb_pair_hash (gconstpointer pair)
{
  const RbPair *self = pair;

  return g_str_hash (self->first) * 31 + g_str_hash (self->second);
}

gboolean
rb_pair_equal (gconstpointer a,
               gconstpointer b)
{
  const RbPair *first = a;
  const RbPair *second = b;

  return g_str_equal (first->first, second->first) && g_str_equal (first->second, second->second);
}
