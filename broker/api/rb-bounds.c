/* rb-bounds.c: bounded things: how full they are, how full they were, and how often the limit was reached
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bounds.h"

#include "rb-log.h"
#include "rb-time.h"

/* A limit that is reached all the time says so at this pace. */
#define SAY_MS 60000

typedef struct {
  RbBound  bound;
  gint64   said_ms;     /* monotonic */
  gboolean has_said;
} Entry;

struct _RbBounds {
  grefcount        ref_count;
  RbClock         *clock;
  RbBoundsRefresh  refresh;
  gpointer         user_data;
  guint            n;
  Entry            entries[];
};

/**
 * rb_bounds_new:
 * @infos: (array length=n): a table that lives as long as the process
 * @n: how many there are
 * @clock: says when a limit was reached
 *
 * Returns: (transfer full): the bounds, with no limits set
 */
RbBounds *
rb_bounds_new (const RbBoundInfo *infos,
               guint              n,
               RbClock           *clock)
{
  RbBounds *self = g_malloc0 (sizeof *self + n * sizeof *self->entries);

  g_ref_count_init (&self->ref_count);
  self->clock = g_object_ref (clock);
  self->n = n;
  for (guint i = 0; i < n; i++)
    self->entries[i].bound.info = &infos[i];
  return self;
}

RbBounds *
rb_bounds_ref (RbBounds *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_bounds_unref (RbBounds *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->clock);
  g_free (self);
}

void
rb_bounds_set_refresh (RbBounds        *self,
                       RbBoundsRefresh  refresh,
                       gpointer         user_data)
{
  g_return_if_fail (self != NULL);

  self->refresh = refresh;
  self->user_data = user_data;
}

static RbBound *
find (RbBounds *self,
      guint     which)
{
  if (self == NULL)
    return NULL;
  g_return_val_if_fail (which < self->n, NULL);
  return &self->entries[which].bound;
}

void
rb_bounds_set_limit (RbBounds *self,
                     guint     which,
                     guint64   limit)
{
  RbBound *bound = find (self, which);

  if (bound != NULL)
    bound->limit = limit;
}

void
rb_bounds_note (RbBounds *self,
                guint     which,
                guint64   used)
{
  RbBound *bound = find (self, which);

  if (bound != NULL)
    bound->peak = MAX (bound->peak, used);
}

void
rb_bounds_set_used (RbBounds *self,
                    guint     which,
                    guint64   used)
{
  RbBound *bound = find (self, which);

  if (bound == NULL)
    return;
  bound->used = used;
  bound->peak = MAX (bound->peak, used);
}

static GLogLevelFlags
level_of (RbBoundManner manner)
{
  switch (manner)
    {
    case RB_BOUND_PUSHES_BACK:
      return G_LOG_LEVEL_WARNING;
    case RB_BOUND_WAITS:
      return G_LOG_LEVEL_INFO;
    case RB_BOUND_FORGETS:
      return G_LOG_LEVEL_DEBUG;
    }
  g_return_val_if_reached (G_LOG_LEVEL_WARNING);
}

static const char *
manner_to_string (RbBoundManner manner)
{
  switch (manner)
    {
    case RB_BOUND_PUSHES_BACK:
      return "pushes_back";
    case RB_BOUND_WAITS:
      return "waits";
    case RB_BOUND_FORGETS:
      return "forgets";
    }
  g_return_val_if_reached ("unknown");
}

static void
say (const RbBound *bound)
{
  g_autofree char *limit = g_strdup_printf ("%" G_GUINT64_FORMAT, bound->limit);
  g_autofree char *count = g_strdup_printf ("%" G_GUINT64_FORMAT, bound->n_reached);

  rb_log_event (G_LOG_DOMAIN, level_of (bound->info->manner), "bound_reached", "bound", bound->info->name,
                "limit", limit, "unit", bound->info->unit, "count", count, "hint", bound->info->policy, NULL);
}

/**
 * rb_bounds_reached:
 * @self: (nullable): bounds
 * @which: the one whose limit did something: refused, held back, or made something be forgotten
 *
 * Counts, and says so in the log: at once, then at most once a minute.
 */
void
rb_bounds_reached (RbBounds *self,
                   guint     which)
{
  RbBound *bound = find (self, which);
  gint64 now_ms;
  Entry *entry;

  if (bound == NULL)
    return;

  entry = &self->entries[which];
  now_ms = rb_clock_get_monotonic_us (self->clock) / 1000;
  bound->n_reached++;
  bound->last_reached = rb_clock_get_wall_ms (self->clock);
  if (entry->has_said && now_ms - entry->said_ms < SAY_MS)
    return;

  entry->has_said = TRUE;
  entry->said_ms = now_ms;
  say (bound);
}

guint
rb_bounds_get_n (const RbBounds *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->n;
}

/**
 * rb_bounds_get:
 * @self: bounds
 * @which: below rb_bounds_get_n()
 *
 * Returns: (transfer none): as it is now
 */
const RbBound *
rb_bounds_get (RbBounds *self,
               guint     which)
{
  g_return_val_if_fail (self != NULL && which < self->n, NULL);

  if (self->refresh != NULL)
    self->refresh (self, self->user_data);
  return &self->entries[which].bound;
}

static GVariant *
view (const RbBound *bound)
{
  g_autofree char *last_reached = bound->last_reached != 0 ? rb_time_to_iso (bound->last_reached) : NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "used", "x", (gint64) bound->used);
  g_variant_dict_insert (&dict, "limit", "x", (gint64) bound->limit);
  g_variant_dict_insert (&dict, "unit", "s", bound->info->unit);
  g_variant_dict_insert (&dict, "peak", "x", (gint64) bound->peak);
  g_variant_dict_insert (&dict, "reached", "x", (gint64) bound->n_reached);
  if (last_reached != NULL)
    g_variant_dict_insert (&dict, "last_reached", "s", last_reached);
  g_variant_dict_insert (&dict, "policy", "s", bound->info->policy);
  g_variant_dict_insert (&dict, "manner", "s", manner_to_string (bound->info->manner));
  return g_variant_dict_end (&dict);
}

void
rb_bounds_put (RbBounds     *self,
               GVariantDict *dict)
{
  g_return_if_fail (self != NULL);

  if (self->refresh != NULL)
    self->refresh (self, self->user_data);
  for (guint i = 0; i < self->n; i++)
    g_variant_dict_insert_value (dict, self->entries[i].bound.info->name, view (&self->entries[i].bound));
}
