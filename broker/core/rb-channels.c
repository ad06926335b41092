/* rb-channels.c: the open channels, one for each adapter process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-channels.h"

#include "rb-core-private.h"
#include "rb-deliver.h"
#include "rb-events.h"
#include "rb-lifecycle.h"
#include "rb-log.h"

static GPtrArray *
endpoints_on (RbCore    *core,
              RbChannel *channel)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, rb_channel_get_pid (channel));
  GPtrArray *bound = g_ptr_array_new ();

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (siblings, i);

      if (endpoint->channel == channel)
        g_ptr_array_add (bound, endpoint);
    }
  return bound;
}

static void
move_endpoint (RbCore     *core,
               RbEndpoint *endpoint,
               RbChannel  *replacement)
{
  RbChanges *changes = rb_changes_new ();

  /* It is back although what it was to be given first was not: that comes on the new channel. */
  if (endpoint->drain != NULL)
    rb_changes_tell (changes, rb_events_endpoint_state (endpoint->id, "active", "reattach", rb_core_now (core)));
  g_clear_object (&endpoint->channel);
  rb_deliver_channel_lost (core, endpoint);
  rb_lifecycle_activate (core, endpoint, replacement, changes);
  endpoint->is_moved = TRUE;
  rb_core_commit_lazy (core, changes, NULL, NULL);
  rb_deliver_pump (core, endpoint);
}

/* IMP-14: the endpoints move along; outstanding receipts of the old channel fail at once. What a stranger finds under a pid that was given
 * to it is not its own. */
static void
displace (RbCore    *core,
          RbChannel *old,
          RbChannel *replacement)
{
  g_autoptr(GPtrArray) endpoints = endpoints_on (core, old);

  for (guint i = 0; i < endpoints->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (endpoints, i);

      if (rb_lifecycle_is_same_process (core, endpoint))
        move_endpoint (core, endpoint, replacement);
      else
        rb_lifecycle_channel_closed (core, endpoint);
    }
  rb_channel_close (old, 1000, "replaced");
}

void
rb_channels_attach (RbCore    *core,
                    RbChannel *channel)
{
  gint64 pid = rb_channel_get_pid (channel);
  g_autoptr(RbChannel) old = NULL;
  RbChannel *known = rb_channels_lookup (core, pid);

  g_set_object (&old, known);
  g_hash_table_replace (core->channels, g_memdup2 (&pid, sizeof pid), g_object_ref (channel));
  if (old != NULL)
    displace (core, old, channel);
  rb_core_changed (core, "channels");
}

void
rb_channels_detach (RbCore    *core,
                    RbChannel *channel)
{
  gint64 pid = rb_channel_get_pid (channel);
  g_autoptr(GPtrArray) endpoints = NULL;

  if (rb_channels_lookup (core, pid) != channel)
    return;

  /* The endpoints let go of the channel as they change; the table's reference is the last but the caller's. */
  endpoints = endpoints_on (core, channel);
  g_hash_table_remove (core->channels, &pid);
  for (guint i = 0; i < endpoints->len && !core->is_stopping; i++)
    rb_lifecycle_channel_closed (core, g_ptr_array_index (endpoints, i));
  rb_core_changed (core, "channels");
}

RbChannel *
rb_channels_lookup (RbCore *core,
                    gint64  pid)
{
  return g_hash_table_lookup (core->channels, &pid);
}

guint
rb_channels_get_n (RbCore *core)
{
  return g_hash_table_size (core->channels);
}
