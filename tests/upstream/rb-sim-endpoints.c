/* rb-sim-endpoints.c: the endpoints as the upstream knows them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-endpoints.h"

#include "rb-sim-json.h"

struct _RbSimEndpoints {
  GPtrArray *all;       /* of RbSimEndpoint, in the order of registration, retired ones too */
  guint      n_minted;
};

static void
endpoint_free (gpointer data)
{
  RbSimEndpoint *endpoint = data;

  g_free (endpoint->id);
  g_free (endpoint->nonce);
  g_free (endpoint->task_hint);
  g_free (endpoint->retired_at);
  json_object_unref (endpoint->registration);
  g_ptr_array_unref (endpoint->states);
  g_free (endpoint);
}

RbSimEndpoints *
rb_sim_endpoints_new (void)
{
  RbSimEndpoints *self = g_new0 (RbSimEndpoints, 1);

  self->all = g_ptr_array_new_with_free_func (endpoint_free);
  return self;
}

void
rb_sim_endpoints_free (RbSimEndpoints *self)
{
  g_ptr_array_unref (self->all);
  g_free (self);
}

void
rb_sim_endpoints_reset (RbSimEndpoints *self)
{
  g_ptr_array_set_size (self->all, 0);
  self->n_minted = 0;
}

static RbSimEndpoint *
add_endpoint (RbSimEndpoints *self,
              const char     *id,
              JsonObject     *registration)
{
  RbSimEndpoint *endpoint = g_new0 (RbSimEndpoint, 1);

  endpoint->id = g_strdup (id);
  endpoint->nonce = g_strdup (rb_sim_json_string (registration, "endpoint_nonce"));
  endpoint->registration = json_object_ref (registration);
  endpoint->states = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->all, endpoint);
  return endpoint;
}

RbSimEndpoint *
rb_sim_endpoints_add (RbSimEndpoints *self,
                      JsonObject     *registration)
{
  g_autofree char *id = g_strdup_printf ("ep_%u", ++self->n_minted);

  return add_endpoint (self, id, registration);
}

RbSimEndpoint *
rb_sim_endpoints_lookup (RbSimEndpoints *self,
                         const char     *id)
{
  for (guint i = 0; id != NULL && i < self->all->len; i++)
    {
      RbSimEndpoint *endpoint = g_ptr_array_index (self->all, i);

      if (g_str_equal (endpoint->id, id))
        return endpoint;
    }
  return NULL;
}

GPtrArray *
rb_sim_endpoints_list (RbSimEndpoints *self)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->all->len; i++)
    {
      RbSimEndpoint *endpoint = g_ptr_array_index (self->all, i);

      if (endpoint->retired_at == NULL)
        g_ptr_array_add (list, endpoint);
    }
  return list;
}

void
rb_sim_endpoints_retire (RbSimEndpoints *self,
                         const char     *id)
{
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (self, id);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();

  if (endpoint != NULL && endpoint->retired_at == NULL)
    endpoint->retired_at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.000Z");
}

RbSimEndpoint *
rb_sim_endpoints_add_past (RbSimEndpoints *self,
                           const char     *id,
                           const char     *retired_at)
{
  g_autoptr(JsonObject) registration = rb_sim_json_new ("runtime_kind", "past", NULL);
  RbSimEndpoint *endpoint = add_endpoint (self, id, registration);

  endpoint->retired_at = g_strdup (retired_at);
  return endpoint;
}

/* runtime_capabilities is an object of flags or an array of names. */
gboolean
rb_sim_endpoint_can (RbSimEndpoint *endpoint,
                     const char    *capability)
{
  JsonNode *node = json_object_get_member (endpoint->registration, "runtime_capabilities");
  JsonArray *names;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return node != NULL && JSON_NODE_HOLDS_OBJECT (node) && rb_sim_json_flag (json_node_get_object (node), capability);
  names = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (names); i++)
    if (g_strcmp0 (json_node_get_string (json_array_get_element (names, i)), capability) == 0)
      return TRUE;
  return FALSE;
}

JsonObject *
rb_sim_endpoint_target (RbSimEndpoint *endpoint)
{
  const char *mode = rb_sim_json_string (endpoint->registration, "background_exchange_mode");
  const char *session = rb_sim_json_string (endpoint->registration, "runtime_session_id");
  gboolean is_managed = g_strcmp0 (mode, "adapter_managed_turn") == 0;
  JsonObject *target;

  if (!rb_sim_endpoint_can (endpoint, "background_exchange_v1") || mode == NULL || (is_managed && session == NULL))
    return NULL;
  target = rb_sim_json_new ("kind", "projection_endpoint", "projection_endpoint_id", endpoint->id,
                            "background_exchange_mode", mode, NULL);
  if (is_managed)
    json_object_set_string_member (target, "runtime_session_id", session);
  return target;
}

JsonObject *
rb_sim_endpoint_to_json (RbSimEndpoint *endpoint)
{
  JsonObject *object = rb_sim_json_new ("endpoint_id", endpoint->id, NULL);
  JsonArray *states = json_array_new ();

  for (guint i = 0; i < endpoint->states->len; i++)
    json_array_add_string_element (states, g_ptr_array_index (endpoint->states, i));
  json_object_set_array_member (object, "states", states);
  json_object_set_int_member (object, "heartbeats", endpoint->n_heartbeats);
  json_object_set_object_member (object, "registration", json_object_ref (endpoint->registration));
  if (endpoint->task_hint != NULL)
    json_object_set_string_member (object, "task_hint", endpoint->task_hint);
  if (endpoint->retired_at != NULL)
    json_object_set_string_member (object, "retired_at", endpoint->retired_at);
  return object;
}
