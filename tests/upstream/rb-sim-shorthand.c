/* rb-sim-shorthand.c: what tests say most often, on the public functions of the simulation's parts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim.h"

#include "rb-sim-json.h"

void
rb_sim_fail (RbSim      *self,
             const char *request,
             guint       times,
             guint       status,
             const char *body)
{
  const RbSimFault fault = { .request = request, .kind = RB_SIM_FAULT_STATUS, .status = status, .body = body, .times = times };

  rb_sim_add_fault (self, &fault);
}

void
rb_sim_add_fault (RbSim            *self,
                  const RbSimFault *fault)
{
  rb_sim_faults_add (rb_sim_get_faults (self), fault);
}

guint
rb_sim_count (RbSim      *self,
              const char *request,
              const char *text)
{
  return rb_sim_record_count (rb_sim_get_record (self), RB_SIM_REQUEST, request, text);
}

static char *
dup_text (RbSim      *self,
          RbSimKind   kind,
          const char *name,
          int         index)
{
  const RbSimEntry *entry = rb_sim_record_get (rb_sim_get_record (self), kind, name, NULL, index);

  return entry != NULL ? g_strdup (entry->text) : NULL;
}

char *
rb_sim_dup_body (RbSim      *self,
                 const char *request,
                 int         index)
{
  return dup_text (self, RB_SIM_REQUEST, request, index);
}

guint
rb_sim_count_frames (RbSim      *self,
                     const char *event,
                     const char *text)
{
  return rb_sim_record_count (rb_sim_get_record (self), RB_SIM_FRAME_IN, event, text);
}

char *
rb_sim_dup_frame (RbSim      *self,
                  const char *event,
                  int         index)
{
  return dup_text (self, RB_SIM_FRAME_IN, event, index);
}

char *
rb_sim_dup_violations (RbSim *self)
{
  return rb_sim_record_dup (rb_sim_get_record (self), RB_SIM_VIOLATION);
}

char *
rb_sim_dup_states (RbSim      *self,
                   const char *endpoint_id)
{
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (rb_sim_get_endpoints (self), endpoint_id);
  GString *text;

  if (endpoint == NULL)
    return NULL;
  text = g_string_new (NULL);
  for (guint i = 0; i < endpoint->states->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", (const char *) g_ptr_array_index (endpoint->states, i));
  return g_string_free (text, FALSE);
}

char *
rb_sim_dispatch (RbSim      *self,
                 const char *undispatched_id,
                 const char *endpoint_id)
{
  g_autofree char *text = rb_sim_work_assign (rb_sim_get_work (self), undispatched_id, endpoint_id);
  g_autoptr(JsonObject) event = rb_sim_json_parse (text);

  g_return_val_if_fail (event != NULL, NULL);
  rb_sim_events_send (rb_sim_get_events (self), text);
  return g_strdup (rb_sim_json_string (event, "idempotency_key"));
}

/* Sends @event, which it takes, as a control event of that type under a key of its own. */
static char *
send_event (RbSim      *self,
            const char *type,
            JsonObject *event)
{
  g_autofree char *key = g_uuid_string_random ();
  g_autofree char *text = NULL;

  json_object_set_string_member (event, "type", type);
  json_object_set_string_member (event, "idempotency_key", key);
  json_object_set_int_member (event, "version", 1);
  json_object_set_int_member (event, "emitted_at", rb_sim_now_ms ());
  text = rb_sim_json_to_text (event);
  json_object_unref (event);
  rb_sim_events_send (rb_sim_get_events (self), text);
  return g_steal_pointer (&key);
}

char *
rb_sim_spawn (RbSim      *self,
              const char *runtime_kind,
              const char *prompt)
{
  return send_event (self, "spawn_request",
                     rb_sim_json_new ("runtime_kind", runtime_kind, "prompt", prompt, "origin", "owner_initiated_spawn", NULL));
}

char *
rb_sim_force_unregister (RbSim      *self,
                         const char *endpoint_id,
                         const char *reason)
{
  return send_event (self, "force_unregister", rb_sim_json_new ("endpoint_id", endpoint_id, "reason", reason, NULL));
}

char *
rb_sim_nudge (RbSim      *self,
              const char *undispatched_id,
              const char *endpoint_id)
{
  return send_event (self, "dispatch_nudge",
                     rb_sim_json_new ("undispatched_id", undispatched_id, "target_endpoint_id", endpoint_id, NULL));
}

char *
rb_sim_owner_session (RbSim      *self,
                      const char *endpoint_id,
                      const char *text)
{
  JsonObject *target = rb_sim_json_new ("kind", "owner_session_runtime_target", "projection_endpoint_id", endpoint_id,
                                        "runtime_session_id", "session", "runtime_session_identity_key", "identity",
                                        "background_exchange_mode", "adapter_managed_turn", NULL);
  JsonObject *event = rb_sim_json_new ("owner_session_message_id", "owner-message", "owner_session_delivery_attempt_id",
                                       "attempt", "owner_session_delivery_token", "owner-token", "content_type", "text",
                                       "text", text, NULL);

  json_object_set_object_member (event, "owner_session_target_ref", target);
  return send_event (self, "owner_session_delivery", event);
}

char *
rb_sim_dup_ack (RbSim      *self,
                const char *idempotency_key)
{
  g_autofree char *wanted = g_strdup_printf ("\"%s\"", idempotency_key);
  const RbSimEntry *entry = rb_sim_record_get (rb_sim_get_record (self), RB_SIM_REQUEST, "POST /v1/runtime/control-ack", wanted, -1);
  g_autoptr(JsonObject) ack = entry != NULL ? rb_sim_json_parse (entry->text) : NULL;
  const char *status = rb_sim_json_string (ack, "status");
  const char *detail = rb_sim_json_string (ack, "detail");

  if (status == NULL)
    return NULL;
  return detail != NULL ? g_strdup_printf ("%s: %s", status, detail) : g_strdup (status);
}
