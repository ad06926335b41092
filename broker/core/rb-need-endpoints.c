/* rb-need-endpoints.c: which endpoints a person would give a message to, the likeliest first
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-need-endpoints.h"

typedef struct {
  const RbEndpoint *endpoint;
  gint64            used_at;     /* epoch-ms: when it last got what it still works on, or was registered */
} Ranked;

struct _RbNeedEndpoints {
  GArray     *ranked;            /* of Ranked, the likeliest first */
  GHashTable *ids;               /* endpoint id to RbEndpoint, borrowed */
};

const char *
rb_need_endpoints_name (const RbEndpoint *endpoint)
{
  const RbTraits *traits = endpoint->traits;

  return traits->session_name != NULL ? traits->session_name : traits->label;
}

static gboolean
takes_assignments (const RbEndpoint *endpoint)
{
  g_autoptr(RbTarget) target = rb_traits_dup_target (endpoint->traits, endpoint->id);

  return target != NULL;
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  const Ranked *left = a, *right = b;
  gboolean left_active = left->endpoint->state == RB_ENDPOINT_ACTIVE;
  gboolean right_active = right->endpoint->state == RB_ENDPOINT_ACTIVE;

  if (left_active != right_active)
    return left_active ? -1 : 1;
  if (left->used_at != right->used_at)
    return left->used_at > right->used_at ? -1 : 1;
  return left->endpoint->position > right->endpoint->position ? -1 : 1;
}

/* Endpoint id, borrowed, to when it got the last of its assignments. */
static GHashTable *
last_assignments (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  GHashTable *last = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < assignments->len; i++)
    {
      const RbAssignment *assignment = g_ptr_array_index (assignments, i);
      const gint64 *at = g_hash_table_lookup (last, assignment->endpoint_id);

      if (at == NULL || *at < assignment->assigned_at)
        g_hash_table_replace (last, assignment->endpoint_id, (gpointer) &assignment->assigned_at);
    }
  return last;
}

RbNeedEndpoints *
rb_need_endpoints_new (RbCore *core)
{
  RbNeedEndpoints *self = g_new0 (RbNeedEndpoints, 1);
  g_autoptr(GHashTable) last = last_assignments (core);

  self->ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);
  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    {
      RbEndpoint *endpoint = l->data;
      const gint64 *at = g_hash_table_lookup (last, endpoint->id);
      Ranked ranked = { endpoint, MAX (at != NULL ? *at : 0, endpoint->registered_at) };

      if (!takes_assignments (endpoint))
        continue;
      g_array_append_val (self->ranked, ranked);
      g_hash_table_insert (self->ids, endpoint->id, endpoint);
    }
  g_array_sort (self->ranked, compare);
  return self;
}

void
rb_need_endpoints_free (RbNeedEndpoints *self)
{
  g_array_unref (self->ranked);
  g_hash_table_unref (self->ids);
  g_free (self);
}

guint
rb_need_endpoints_each (RbNeedEndpoints    *self,
                        const char         *hint_id,
                        RbNeedEndpointFunc  func,
                        gpointer            user_data)
{
  const RbEndpoint *hint = hint_id != NULL ? g_hash_table_lookup (self->ids, hint_id) : NULL;
  guint n_shown = 0;

  if (hint != NULL)
    {
      func (hint, user_data);
      n_shown++;
    }
  for (guint i = 0; i < self->ranked->len && n_shown < RB_NEED_ENDPOINTS_SHOWN; i++)
    {
      const RbEndpoint *endpoint = g_array_index (self->ranked, Ranked, i).endpoint;

      if (endpoint == hint)
        continue;
      func (endpoint, user_data);
      n_shown++;
    }
  return self->ranked->len - n_shown;
}
