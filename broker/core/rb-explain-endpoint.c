/* rb-explain-endpoint.c: the story of an endpoint, of a program that is to become one, of an order from above
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-private.h"

#include "rb-control.h"
#include "rb-dict.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"
#include "rb-spawn-view.h"

#define MAX_SHOWN 100

static GVariant *
view_item (const RbEndpoint *endpoint,
           const RbItem     *item)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "id", item->message->id);
  rb_dict_put_text (&dict, "assignment_id", item->assignment_id);
  rb_dict_put_text (&dict, "sender_address", rb_envelope_get_from (item->message->envelope));
  rb_dict_put_time (&dict, "since", item->message->since);
  rb_dict_put_text (&dict, "why", rb_explain_why_queued (endpoint, item));
  rb_dict_put_count (&dict, "attempts", item->attempts);
  return g_variant_dict_end (&dict);
}

static void
put_queue (RbStory          *story,
           const RbEndpoint *endpoint)
{
  g_autoptr(GPtrArray) items = rb_queue_dup_items (endpoint->queue);
  GVariantBuilder queue;

  g_variant_builder_init (&queue, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < MIN (items->len, MAX_SHOWN); i++)
    g_variant_builder_add_value (&queue, view_item (endpoint, g_ptr_array_index (items, i)));
  g_variant_dict_insert_value (&story->dict, "queue", g_variant_builder_end (&queue));
  rb_dict_put_count (&story->dict, "queued", items->len);
}

static void
put_assignments (RbStory          *story,
                 const RbEndpoint *endpoint)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_of_endpoint (story->core->assignments, endpoint->id);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < MIN (assignments->len, MAX_SHOWN); i++)
    {
      const RbAssignment *assignment = g_ptr_array_index (assignments, i);
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      rb_dict_put_text (&dict, "assignment_id", assignment->context->assignment_id);
      rb_dict_put_text (&dict, "message_id", assignment->message->id);
      rb_dict_put_text (&dict, "state", rb_assignment_state_to_string (assignment->state));
      rb_dict_put_time (&dict, "assigned_at", assignment->assigned_at);
      rb_dict_put_time (&dict, "acceptance_deadline", assignment->deadline);
      g_variant_builder_add_value (&list, g_variant_dict_end (&dict));
    }
  g_variant_dict_insert_value (&story->dict, "assignments", g_variant_builder_end (&list));
}

static const char *
describe_channel (const RbEndpoint *endpoint)
{
  if (endpoint->channel == NULL)
    return "none";
  return rb_channel_has_receipts (endpoint->channel) ? "connected; acknowledges what it gets" : "connected; does not acknowledge what it gets";
}

static void
put_endpoint (RbStory          *story,
              const RbEndpoint *endpoint)
{
  GVariantDict *dict = &story->dict;

  rb_dict_put_text (dict, "label", endpoint->traits->label);
  rb_dict_put_text (dict, "session_name", endpoint->traits->session_name);
  rb_dict_put_text (dict, "adapter", endpoint->traits->kind);
  rb_dict_put_count (dict, "pid", (guint64) endpoint->plugin_pid);
  rb_dict_put_text (dict, "state", rb_endpoint_state_to_string (endpoint->state));
  rb_dict_put_time (dict, "since", endpoint->state_since);
  rb_dict_put_time (dict, "registered_at", endpoint->registered_at);
  rb_dict_put_text (dict, "channel", describe_channel (endpoint));
  put_queue (story, endpoint);
  put_assignments (story, endpoint);
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    {
      rb_story_put_next (story, "its channel is gone; when the grace period ends it is closed and its messages return to the inbox",
                         endpoint->grace_deadline);
      rb_story_add_timer (story, "grace", endpoint->grace_deadline, "it is closed; what waits for it returns to the inbox");
    }
  rb_story_add_clock (story, "heartbeat", endpoint->heartbeat_timer, "the upstream is told that it lives");
  if (endpoint->state == RB_ENDPOINT_ACTIVE)
    rb_mailroom_put_story (story);
}

static void
put_past (RbStory  *story,
          GVariant *archived)
{
  const char *label, *session_name, *adapter, *outcome;
  gint64 begun_at, ended_at;

  g_variant_get (archived, "(xss&smsmsm&sm&sxx&sx)", NULL, NULL, NULL, &label, NULL, NULL, &session_name, &adapter, &begun_at, &ended_at,
                 &outcome, NULL);
  rb_dict_put_text (&story->dict, "label", label);
  rb_dict_put_text (&story->dict, "session_name", session_name);
  rb_dict_put_text (&story->dict, "adapter", adapter);
  rb_dict_put_text (&story->dict, "state", "closed");
  rb_dict_put_time (&story->dict, "since", ended_at);
  rb_dict_put_time (&story->dict, "registered_at", begun_at);
  rb_story_put_ended (story, outcome, NULL, ended_at);
}

GVariant *
rb_explain_endpoint (RbCore            *core,
                     const RbExplained *self)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, self->thing->id);
  RbStory story;

  rb_story_begin (&story, core, "endpoint", self->thing->id);
  if (endpoint != NULL)
    put_endpoint (&story, endpoint);
  else if (self->archived != NULL)
    put_past (&story, self->archived);
  rb_outbox_put_story (&story, RB_EVENT_ENDPOINT_STATE, self->thing->id);
  rb_story_put_ladder (&story, self->steps);
  return rb_story_end (&story);
}

GVariant *
rb_explain_event (RbCore            *core,
                  const RbExplained *self)
{
  RbStory story;

  rb_story_begin (&story, core, "event", self->thing->id);
  rb_outbox_put_event (&story, self->thing->id);
  return rb_story_end (&story);
}

GVariant *
rb_explain_spawn (RbCore            *core,
                  const RbExplained *self)
{
  RbStory story;

  rb_story_begin (&story, core, "spawn", self->thing->id);
  rb_spawn_put_story (&story, self->thing->id);
  return rb_story_end (&story);
}

GVariant *
rb_explain_control (RbCore            *core,
                    const RbExplained *self)
{
  const char *state = rb_control_get_state (core, self->thing->id);
  RbStory story;

  rb_story_begin (&story, core, "control", self->thing->id);
  rb_dict_put_text (&story.dict, "state", state);
  if (g_strcmp0 (state, "waiting") == 0)
    rb_story_put_next (&story, "waits for an earlier order about the same endpoint or message", 0);
  else if (g_strcmp0 (state, "running") == 0)
    rb_story_put_next (&story, "is being carried out; the upstream is answered when that is decided", 0);
  else
    rb_story_put_ended (&story, "done", "it was carried out once; sent again, it has no second effect", 0);
  return rb_story_end (&story);
}
