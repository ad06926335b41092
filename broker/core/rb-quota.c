/* rb-quota.c: how many messages a stranger may send in an hour
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-quota.h"

#include "rb-core-bounds.h"
#include "rb-lru.h"

#define HOUR_MS 3600000

typedef struct {
  gint64 since_ms;
  guint  n;
} Count;

struct _RbQuota {
  RbBounds *bounds;    /* borrowed; NULL: nobody counts */
  guint     per_hour;
  RbLru    *senders;   /* address to Count */
};

RbQuota *
rb_quota_new (guint per_hour)
{
  RbQuota *self = g_new0 (RbQuota, 1);

  self->per_hour = per_hour;
  self->senders = rb_lru_new (RB_QUOTA_SENDERS_MAX, g_free);
  return self;
}

void
rb_quota_free (RbQuota *self)
{
  rb_lru_free (self->senders);
  g_free (self);
}

void
rb_quota_set_bounds (RbQuota  *self,
                     RbBounds *bounds)
{
  self->bounds = bounds;
}

gboolean
rb_quota_is_on (const RbQuota *self)
{
  return self->per_hour > 0;
}

static Count *
ensure_count (RbQuota    *self,
              const char *sender,
              gint64      now_ms)
{
  Count *count = rb_lru_get (self->senders, sender);
  g_autofree char *evicted = NULL;

  if (count == NULL)
    {
      count = g_new0 (Count, 1);
      count->since_ms = now_ms;
      evicted = rb_lru_put (self->senders, sender, count);
      if (evicted != NULL)
        rb_bounds_reached (self->bounds, RB_CORE_BOUND_STRANGERS);
      rb_bounds_note (self->bounds, RB_CORE_BOUND_STRANGERS, rb_lru_get_n (self->senders));
    }
  return count;
}

gboolean
rb_quota_take (RbQuota    *self,
               const char *sender,
               gint64      now_ms)
{
  Count *count;

  if (self->per_hour == 0)
    return TRUE;

  count = ensure_count (self, sender, now_ms);
  if (now_ms - count->since_ms >= HOUR_MS)
    *count = (Count) { .since_ms = now_ms };
  if (count->n >= self->per_hour)
    return FALSE;
  count->n++;
  return TRUE;
}

void
rb_quota_give_back (RbQuota    *self,
                    const char *sender)
{
  Count *count = rb_lru_get (self->senders, sender);

  if (count != NULL && count->n > 0)
    count->n--;
}

guint
rb_quota_get_n (const RbQuota *self)
{
  return rb_lru_get_n (self->senders);
}
