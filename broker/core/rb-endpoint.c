/* rb-endpoint.c: one registered runtime session
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-endpoint.h"

#include "rb-error.h"

/* Besides the first: one that comes and goes all day has no endless story. */
#define MAX_CHECKPOINTS 32

RbEndpoint *
rb_endpoint_new (const char *id,
                 gint64      plugin_pid,
                 RbTraits   *traits)
{
  RbEndpoint *self = g_new0 (RbEndpoint, 1);

  self->id = g_strdup (id);
  self->plugin_pid = plugin_pid;
  self->traits = traits;
  self->queue = rb_queue_new (id);
  self->link.data = self;
  return self;
}

void
rb_endpoint_free (RbEndpoint *self)
{
  g_clear_pointer (&self->queue, rb_queue_free);
  g_clear_pointer (&self->traits, rb_traits_free);
  g_clear_object (&self->channel);
  g_free (self->id);
  g_free (self->owner_token);
  g_free (self->nonce);
  g_free (self->agent_id);
  g_free (self);
}

void
rb_endpoint_record (const RbEndpoint *self,
                    RbChanges        *changes)
{
  g_autofree char *traits = rb_traits_to_json (self->traits);
  GVariant *deadline = self->grace_deadline != 0 ? g_variant_new_int64 (self->grace_deadline) : NULL;

  rb_changes_put (changes, RB_TABLE_ENDPOINTS,
                  g_variant_new ("(sssxxssx@mxxs)", self->id, self->owner_token, self->nonce, self->plugin_pid, self->pid_start,
                                 self->agent_id, rb_endpoint_state_to_string (self->state), self->state_since,
                                 g_variant_new_maybe (G_VARIANT_TYPE_INT64, deadline), self->position, traits));
}

void
rb_endpoint_checkpoint (RbEndpoint *self,
                        RbChanges  *changes,
                        const char *step,
                        gint64      now,
                        const char *detail)
{
  gint64 n = ++self->n_checkpoints;

  if (n == 1)
    self->registered_at = now;
  rb_changes_put (changes, RB_TABLE_CHECKPOINTS, g_variant_new ("(sxsxmsmsms)", self->id, n, step, now, self->id, detail, NULL));
  if (n > MAX_CHECKPOINTS + 1)
    rb_changes_delete (changes, RB_TABLE_CHECKPOINTS, g_variant_new ("(sx)", self->id, n - MAX_CHECKPOINTS));
}

void
rb_endpoint_load_checkpoint (RbEndpoint *self,
                             GVariant   *row)
{
  gint64 n;

  g_variant_get_child (row, 1, "x", &n);
  if (n == 1)
    g_variant_get_child (row, 3, "x", &self->registered_at);
  self->n_checkpoints = MAX (self->n_checkpoints, (guint) n);
}

RbEndpoint *
rb_endpoint_from_row (GVariant  *row,
                      GError   **error)
{
  const char *id, *owner_token, *nonce, *agent_id, *state, *traits_text;
  g_autoptr(GVariant) deadline = NULL;
  g_autoptr(RbEndpoint) self = NULL;
  gint64 pid, pid_start, since, position;
  RbTraits *traits;

  g_variant_get (row, "(&s&s&sxx&s&sx@mxx&s)", &id, &owner_token, &nonce, &pid, &pid_start, &agent_id, &state, &since, &deadline,
                 &position, &traits_text);
  traits = rb_traits_from_json (traits_text, error);
  if (traits == NULL)
    {
      g_prefix_error (error, "Endpoint '%s': ", id);
      return NULL;
    }

  self = rb_endpoint_new (id, pid, traits);
  self->owner_token = g_strdup (owner_token);
  self->nonce = g_strdup (nonce);
  self->agent_id = g_strdup (agent_id);
  self->pid_start = pid_start;
  self->state_since = since;
  self->position = position;
  self->is_durable = TRUE;
  g_variant_get (deadline, "mx", NULL, &self->grace_deadline);
  if (!rb_endpoint_state_from_string (state, &self->state))
    {
      rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged", "Endpoint '%s' has no known state '%s'", id, state);
      return NULL;
    }
  return g_steal_pointer (&self);
}
