/* rb-known.c: addresses that are no strangers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-known.h"

#include "rb-core-bounds.h"
#include "rb-lru.h"

struct _RbKnown {
  RbBounds *bounds;   /* borrowed; NULL: nobody counts */
  RbLru    *list;     /* address to nothing */
};

static void
free_nothing (gpointer value)
{
}

RbKnown *
rb_known_new (void)
{
  RbKnown *self = g_new0 (RbKnown, 1);

  self->list = rb_lru_new (RB_KNOWN_MAX, free_nothing);
  return self;
}

void
rb_known_free (RbKnown *self)
{
  rb_lru_free (self->list);
  g_free (self);
}

void
rb_known_set_bounds (RbKnown  *self,
                     RbBounds *bounds)
{
  self->bounds = bounds;
}

gboolean
rb_known_has (RbKnown    *self,
              const char *address)
{
  return rb_lru_get (self->list, address) != NULL;
}

void
rb_known_add (RbKnown    *self,
              const char *address,
              gint64      now,
              RbChanges  *changes)
{
  g_autofree char *evicted = NULL;

  if (rb_known_has (self, address))
    return;

  evicted = rb_lru_put (self->list, address, self);
  rb_changes_put (changes, RB_TABLE_KNOWN_SENDERS, g_variant_new ("(sx)", address, now));
  if (evicted != NULL)
    {
      rb_bounds_reached (self->bounds, RB_CORE_BOUND_KNOWN_SENDERS);
      rb_changes_delete (changes, RB_TABLE_KNOWN_SENDERS, g_variant_new ("(s)", evicted));
    }
  rb_bounds_note (self->bounds, RB_CORE_BOUND_KNOWN_SENDERS, rb_lru_get_n (self->list));
}

void
rb_known_load (RbKnown    *self,
               const char *address)
{
  g_free (rb_lru_put (self->list, address, self));
}

guint
rb_known_get_n (const RbKnown *self)
{
  return rb_lru_get_n (self->list);
}
