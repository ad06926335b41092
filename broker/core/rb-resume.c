/* rb-resume.c: an adapter that registers again has its endpoint back
 *
 * SDKs do not reattach: after a break they register everything again, word for word (protocol.md 21.6). Where process, session and all that
 * the upstream would be told are the same, it is the same endpoint: its id, owner token, queue, conversations and assignments stay, and
 * nothing is registered a second time. An adapter that says anything else about itself gets a new endpoint, a successor (rb-successor.c).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-resume.h"

#include "rb-events.h"
#include "rb-lifecycle.h"
#include "rb-upstream-error.h"

/* An active one that moved to the adapter's new channel is a return too: the break was noticed by the adapter alone. One that was asked for on
 * this channel already has a sibling, and that is what the adapter wants. */
static gboolean
is_away (const RbEndpoint *endpoint)
{
  return endpoint->state == RB_ENDPOINT_RECONNECTING || (endpoint->state == RB_ENDPOINT_ACTIVE && endpoint->is_moved);
}

gboolean
rb_resume_fits (RbCore           *core,
                const RbEndpoint *endpoint,
                gint64            plugin_pid,
                const RbTraits   *traits)
{
  return endpoint != NULL && endpoint->plugin_pid == plugin_pid && is_away (endpoint) && endpoint->is_durable &&
         traits->runtime_session_id != NULL && rb_traits_equal (endpoint->traits, traits) && rb_lifecycle_is_same_process (core, endpoint);
}

RbEndpoint *
rb_resume_find (RbCore         *core,
                gint64          plugin_pid,
                const RbTraits *traits)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, plugin_pid);
  RbEndpoint *oldest = NULL;

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (siblings, i);

      if ((oldest == NULL || endpoint->position < oldest->position) && rb_resume_fits (core, endpoint, plugin_pid, traits))
        oldest = endpoint;
    }
  return oldest;
}

gboolean
rb_resume_is_forgotten (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);

  return status == 404 || status == 410;
}

/* What only the broker or the upstream knows of it stays. */
static void
replace_traits (RbEndpoint *endpoint,
                RbTraits   *traits)
{
  g_autoptr(RbTraits) old = endpoint->traits;

  g_free (traits->task_hint);
  traits->task_hint = g_steal_pointer (&old->task_hint);
  traits->session_naming = g_steal_pointer (&old->session_naming);
  traits->heartbeat_ms = old->heartbeat_ms;
  traits->legacy = old->legacy;
  endpoint->traits = traits;
}

void
rb_resume_apply (RbCore     *core,
                 RbEndpoint *endpoint,
                 RbChannel  *channel,
                 RbTraits   *traits,
                 RbChanges  *changes)
{
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    rb_changes_tell (changes, rb_events_endpoint_state (endpoint->id, "active", "reattach", rb_core_now (core)));
  replace_traits (endpoint, traits);
  endpoint->is_durable = FALSE;
  rb_lifecycle_activate (core, endpoint, channel, changes);
}
