/* rb-sim-api.c: the plain answers of the API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-api.h"

#include "rb-sim-json.h"

#include <string.h>

#define ENDPOINTS "/v1/runtime-endpoints"

struct _RbSimApi {
  RbSimRecord    *record;
  RbSimEndpoints *endpoints;
  RbSimWork      *work;
  JsonObject     *whoami;
  JsonObject     *capabilities;
  GHashTable     *registration; /* member of the answer to a registration -> JSON text */
  GHashTable     *route_claims; /* message id, or "" for all -> action */
  GHashTable     *histories;    /* conversation id -> JsonArray */
  gboolean        is_legacy;
};

typedef struct {
  RbSimApi    *api;
  const char  *id;              /* (nullable) of the endpoint in the path */
  JsonObject  *body;            /* (nullable) absent or no object */
  RbSimAnswer *answer;
} Call;

void
rb_sim_answer_clear (RbSimAnswer *answer)
{
  g_clear_pointer (&answer->body, g_free);
}

static void
say_object (Call       *call,
            guint       status,
            JsonObject *object)
{
  call->answer->status = status;
  call->answer->body = rb_sim_json_to_text (object);
}

static void
refuse (Call       *call,
        guint       status,
        const char *code,
        const char *message)
{
  g_autoptr(JsonObject) object = rb_sim_json_new ("error", code, "message", message, NULL);

  say_object (call, status, object);
}

static void
say_verdict (Call         *call,
             RbSimVerdict *verdict)
{
  g_autoptr(JsonObject) object = NULL;

  call->answer->status = verdict->status;
  if (verdict->body != NULL)
    call->answer->body = rb_sim_json_to_text (verdict->body);
  if (verdict->code == NULL)
    return;
  object = rb_sim_json_new ("error", verdict->code, "message", verdict->message, NULL);
  if (verdict->category != NULL)
    json_object_set_string_member (object, "assignment_failure_category", verdict->category);
  say_object (call, verdict->status, object);
}

/* A body of another type or version than the route's is a violation, and refused. */
static gboolean
is_of_type (Call       *call,
            const char *type)
{
  if (g_strcmp0 (rb_sim_json_string (call->body, "type"), type) == 0 && rb_sim_json_int (call->body, "version", 0) == 1)
    return TRUE;
  rb_sim_record_object (call->api->record, "type", "'%s' is expected, version 1", type);
  refuse (call, 422, "invalid_event", "type or version");
  return FALSE;
}

/* Objects to what is missing; texts are strings, numbers integers. Both lists end with NULL. */
static void
check_fields (Call              *call,
              const char        *rule,
              const char *const *texts,
              const char *const *numbers)
{
  for (gsize i = 0; texts[i] != NULL; i++)
    if (rb_sim_json_string (call->body, texts[i]) == NULL)
      rb_sim_record_object (call->api->record, rule, "no '%s'", texts[i]);
  for (gsize i = 0; numbers[i] != NULL; i++)
    if (!rb_sim_json_is_int (call->body, numbers[i]))
      rb_sim_record_object (call->api->record, rule, "no '%s'", numbers[i]);
}

/* Who we are, what we can */

static void
do_whoami (Call *call)
{
  say_object (call, 200, call->api->whoami);
}

static void
do_capabilities (Call *call)
{
  say_object (call, 200, call->api->capabilities);
}

/* Endpoints */

static RbSimEndpoint *
find_endpoint (Call *call)
{
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (call->api->endpoints, call->id);

  if (endpoint != NULL && endpoint->retired_at == NULL)
    return endpoint;
  refuse (call, 404, "endpoint_not_found", "no such endpoint");
  return NULL;
}

static void
check_registration (Call *call)
{
  static const char *const texts[] = { "runtime_kind", "endpoint_nonce", "display_label", NULL };
  static const char *const numbers[] = { NULL };

  check_fields (call, "register/fields", texts, numbers);
  if (json_object_has_member (call->body, "workspace") && rb_sim_json_object (call->body, "workspace") == NULL)
    rb_sim_record_object (call->api->record, "register/fields", "'workspace' is no object");
}

static void
copy_members (JsonObject        *from,
              JsonObject        *to,
              const char *const *names)
{
  for (gsize i = 0; names[i] != NULL; i++)
    if (json_object_has_member (from, names[i]))
      json_object_set_member (to, names[i], json_object_dup_member (from, names[i]));
}

static void
do_register (Call *call)
{
  static const char *const echoed[] = { "display_label", "runtime_capabilities", "execution_surface", "background_exchange_mode", NULL };
  RbSimEndpoint *endpoint;
  g_autoptr(JsonObject) object = NULL;
  GHashTableIter iter;
  gpointer name;
  gpointer json;

  if (call->body == NULL)
    {
      refuse (call, 422, "invalid_body", "an object is expected");
      return;
    }
  check_registration (call);
  endpoint = rb_sim_endpoints_add (call->api->endpoints, call->body);
  object = rb_sim_json_new ("endpoint_id", endpoint->id, "node_id", rb_sim_api_get_node_id (call->api), NULL);
  copy_members (call->body, object, echoed);
  json_object_set_int_member (object, "heartbeat_after_seconds", 600);
  json_object_set_int_member (object, "lease_ttl_seconds", 1800);
  json_object_set_int_member (object, "soft_retention_seconds", 86400);
  json_object_set_int_member (object, "registered_at", rb_sim_now_ms ());
  g_hash_table_iter_init (&iter, call->api->registration);
  while (g_hash_table_iter_next (&iter, &name, &json))
    rb_sim_json_set (object, name, json);
  say_object (call, 201, object);
}

static void
do_heartbeat (Call *call)
{
  RbSimEndpoint *endpoint = find_endpoint (call);

  if (endpoint == NULL)
    return;
  endpoint->n_heartbeats++;
  call->answer->status = 204;
}

static void
do_state (Call *call)
{
  RbSimEndpoint *endpoint = find_endpoint (call);
  const char *state = rb_sim_json_string (call->body, "state");
  const char *reason = rb_sim_json_string (call->body, "reason");

  if (endpoint == NULL)
    return;
  if (state == NULL || reason == NULL)
    {
      rb_sim_record_object (call->api->record, "state/fields", "no state or reason for '%s'", endpoint->id);
      refuse (call, 422, "invalid_state", "state or reason");
      return;
    }
  g_ptr_array_add (endpoint->states, g_strdup_printf ("%s/%s", state, reason));
  call->answer->status = 204;
}

static void
do_metadata (Call *call)
{
  RbSimEndpoint *endpoint = find_endpoint (call);

  if (endpoint == NULL)
    return;
  g_free (endpoint->task_hint);
  endpoint->task_hint = g_strdup (rb_sim_json_string (call->body, "task_hint"));
  call->answer->status = 204;
}

static void
do_unregister (Call *call)
{
  if (find_endpoint (call) == NULL)
    return;
  rb_sim_endpoints_retire (call->api->endpoints, call->id);
  call->answer->status = 204;
}

static void
do_lookup (Call *call)
{
  RbSimEndpoint *endpoint = rb_sim_endpoints_lookup (call->api->endpoints, call->id);
  g_autoptr(JsonObject) object = NULL;

  if (endpoint == NULL)
    {
      refuse (call, 404, "endpoint_not_found", "no such endpoint");
      return;
    }
  object = rb_sim_json_new ("endpoint_id", endpoint->id, NULL);
  if (endpoint->retired_at != NULL)
    json_object_set_string_member (object, "retired_at", endpoint->retired_at);
  else
    json_object_set_null_member (object, "retired_at");
  say_object (call, 200, object);
}

static void
do_list (Call *call)
{
  g_autoptr(GPtrArray) list = rb_sim_endpoints_list (call->api->endpoints);
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *items = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (items, rb_sim_endpoint_to_json (g_ptr_array_index (list, i)));
  json_object_set_int_member (object, "total", list->len);
  json_object_set_array_member (object, "items", items);
  say_object (call, 200, object);
}

/* Events */

static void
do_presence (Call *call)
{
  static const char *const texts[] = { "state", "reason", NULL };
  static const char *const numbers[] = { "ts", NULL };

  if (!is_of_type (call, "network_presence_changed"))
    return;
  check_fields (call, "network-presence-changed/fields", texts, numbers);
  call->answer->status = 204;
}

static const char *const route_texts[] = { "source_message_id", "routed_to_endpoint_id", "route_kind", NULL };

static void
do_routed (Call *call)
{
  static const char *const numbers[] = { "routed_at", NULL };

  if (!is_of_type (call, "runtime_inbound_routed"))
    return;
  check_fields (call, "inbound-routed/fields", route_texts, numbers);
  call->answer->status = 204;
}

static void
do_route_claim (Call *call)
{
  static const char *const numbers[] = { "claimed_at", NULL };
  const char *id = rb_sim_json_string (call->body, "source_message_id");
  const char *action = id != NULL ? g_hash_table_lookup (call->api->route_claims, id) : NULL;
  g_autoptr(JsonObject) object = NULL;

  if (!is_of_type (call, "runtime_inbound_route_claim"))
    return;
  check_fields (call, "inbound-route-claim/fields", route_texts, numbers);
  if (action == NULL)
    action = g_hash_table_lookup (call->api->route_claims, "");
  object = rb_sim_json_new ("action", action != NULL ? action : "route", NULL);
  say_object (call, 200, object);
}

static void
do_control_ack (Call *call)
{
  const char *key = rb_sim_json_string (call->body, "idempotency_key");
  const char *status = rb_sim_json_string (call->body, "status");
  static const char *const known[] = { "received", "applied", "failed", NULL };

  if (key == NULL || status == NULL || !g_strv_contains (known, status))
    {
      rb_sim_record_object (call->api->record, "control-ack/fields", "key '%s', status '%s'", rb_sim_or_none (key),
                            rb_sim_or_none (status));
      refuse (call, 422, "invalid_ack", "idempotency_key or status");
      return;
    }
  rb_sim_work_acked (call->api->work, key, status);
  call->answer->status = 204;
}

/* Work: the model decides */

static void
ask_work (Call        *call,
          const char  *type,
          void       (*ask) (RbSimWork *work, JsonObject *body, RbSimVerdict *verdict))
{
  g_auto(RbSimVerdict) verdict = { 0 };

  if (type != NULL && !is_of_type (call, type))
    return;
  ask (call->api->work, call->body, &verdict);
  say_verdict (call, &verdict);
}

static void
do_undispatched (Call *call)
{
  ask_work (call, "undispatched_changed", rb_sim_work_undispatched);
}

static void
do_candidates (Call *call)
{
  ask_work (call, "runtime_claim_candidates", rb_sim_work_candidates);
}

static void
do_processing (Call *call)
{
  ask_work (call, "runtime_processing_state", rb_sim_work_processing);
}

static void
do_claim (Call *call)
{
  ask_work (call, NULL, rb_sim_work_claim);
}

static void
do_release (Call *call)
{
  ask_work (call, NULL, rb_sim_work_release);
}

static void
do_settle (Call *call)
{
  ask_work (call, NULL, rb_sim_work_settle);
}

/* Whether the item at @index lies before the one named @before (nullable) and after the one named @after (nullable). */
static gboolean
is_in_page (JsonArray  *items,
            guint       index,
            const char *before,
            const char *after)
{
  gboolean is_behind = after == NULL;

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      const char *id = rb_sim_json_string (json_array_get_object_element (items, i), "message_id");

      if (before != NULL && g_strcmp0 (id, before) == 0)
        return FALSE;
      if (i == index)
        return is_behind;
      if (after != NULL && g_strcmp0 (id, after) == 0)
        is_behind = TRUE;
    }
  return FALSE;
}

/* At most `limit` items: the last ones when `before` is asked for, else the first. */
static void
say_page (Call       *call,
          JsonObject *ref,
          JsonArray  *known)
{
  const char *before = rb_sim_json_string (call->body, "before");
  const char *after = rb_sim_json_string (call->body, "after");
  guint limit = rb_sim_json_int (call->body, "limit", 50);
  g_autoptr(GPtrArray) page = g_ptr_array_new ();
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *items = json_array_new ();
  guint first;

  for (guint i = 0; i < json_array_get_length (known); i++)
    if (is_in_page (known, i, before, after))
      g_ptr_array_add (page, json_array_get_object_element (known, i));
  first = before != NULL && page->len > limit ? page->len - limit : 0;
  for (guint i = first; i < page->len && i - first < limit; i++)
    json_array_add_object_element (items, json_object_ref (g_ptr_array_index (page, i)));
  json_object_set_object_member (object, "conversation_ref", json_object_ref (ref));
  json_object_set_array_member (object, "items", items);
  json_object_set_boolean_member (object, "has_more", page->len > limit);
  say_object (call, 200, object);
}

static void
do_history (Call *call)
{
  JsonObject *ref = rb_sim_json_object (call->body, "conversation_ref");
  const char *id = rb_sim_json_string (ref, "id");
  JsonArray *known = id != NULL ? g_hash_table_lookup (call->api->histories, id) : NULL;
  g_auto(RbSimVerdict) verdict = { 0 };

  if (!is_of_type (call, "runtime_session_conversation_history"))
    return;
  if (rb_sim_work_find_claimer (call->api->work, call->body, "endpoint_id", &verdict) == NULL)
    say_verdict (call, &verdict);
  else if (known == NULL)
    refuse (call, 404, "conversation_not_found", "no such conversation");
  else
    say_page (call, ref, known);
}

/* '@' stands for the id of an endpoint. */
static const struct {
  const char *request;
  void      (*answer) (Call *call);
  gboolean    is_modern;        /* unknown to an upstream of the 0.2.5 age */
} routes[] = {
  { "GET /v1/whoami",                                   do_whoami,       FALSE },
  { "GET /v1/runtime/capabilities",                     do_capabilities, TRUE  },
  { "POST " ENDPOINTS,                                  do_register,     FALSE },
  { "GET " ENDPOINTS,                                   do_list,         FALSE },
  { "POST " ENDPOINTS "/@/heartbeat",                   do_heartbeat,    FALSE },
  { "POST " ENDPOINTS "/@/state",                       do_state,        FALSE },
  { "POST " ENDPOINTS "/@/display-metadata",            do_metadata,     FALSE },
  { "DELETE " ENDPOINTS "/@",                           do_unregister,   FALSE },
  { "GET " ENDPOINTS "/@",                              do_lookup,       FALSE },
  { "POST /v1/runtime/undispatched-changed",            do_undispatched, FALSE },
  { "POST /v1/runtime/network-presence-changed",        do_presence,     FALSE },
  { "POST /v1/runtime/inbound-routed",                  do_routed,       FALSE },
  { "POST /v1/runtime/inbound-route-claim",             do_route_claim,  TRUE  },
  { "POST /v1/runtime/processing-state",                do_processing,   FALSE },
  { "POST /v1/runtime/control-ack",                     do_control_ack,  FALSE },
  { "POST /v1/runtime/claim-candidates",                do_candidates,   TRUE  },
  { "POST /v1/runtime/self-claim",                      do_claim,        TRUE  },
  { "POST /v1/runtime/self-claim/release",              do_release,      TRUE  },
  { "POST /v1/runtime/self-settle",                     do_settle,       TRUE  },
  { "POST /v1/runtime/session-conversation-history",    do_history,      TRUE  },
};

/* @id is the text at the '@' of @route, unescaped. */
static gboolean
matches (const char  *route,
         const char  *request,
         char       **id)
{
  const char *mark = strchr (route, '@');
  gsize head = mark != NULL ? (gsize) (mark - route) : 0;
  const char *end;

  if (mark == NULL)
    return g_str_equal (route, request);
  if (strncmp (route, request, head) != 0)
    return FALSE;
  end = request + head + strcspn (request + head, "/");
  if (!g_str_equal (end, mark + 1) || end == request + head)
    return FALSE;
  g_free (*id);
  *id = g_uri_unescape_segment (request + head, end, NULL);
  return *id != NULL;
}

static void
set_defaults (RbSimApi *self)
{
  self->whoami = rb_sim_json_new ("subjectId", "node_sim", "subjectType", "agent-runtime", "ownerUserId", "user_sim", NULL);
  self->capabilities = json_object_new ();
  json_object_set_boolean_member (self->capabilities, "staged_assignment", TRUE);
  json_object_set_boolean_member (self->capabilities, "staged_delivery", TRUE);
}

RbSimApi *
rb_sim_api_new (RbSimRecord    *record,
                RbSimEndpoints *endpoints,
                RbSimWork      *work)
{
  RbSimApi *self = g_new0 (RbSimApi, 1);

  self->record = record;
  self->endpoints = endpoints;
  self->work = work;
  self->registration = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->route_claims = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->histories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_array_unref);
  set_defaults (self);
  return self;
}

void
rb_sim_api_free (RbSimApi *self)
{
  json_object_unref (self->whoami);
  json_object_unref (self->capabilities);
  g_hash_table_unref (self->registration);
  g_hash_table_unref (self->route_claims);
  g_hash_table_unref (self->histories);
  g_free (self);
}

void
rb_sim_api_reset (RbSimApi *self)
{
  json_object_unref (self->whoami);
  json_object_unref (self->capabilities);
  g_hash_table_remove_all (self->registration);
  g_hash_table_remove_all (self->route_claims);
  g_hash_table_remove_all (self->histories);
  set_defaults (self);
}

void
rb_sim_api_answer (RbSimApi    *self,
                   const char  *request,
                   const char  *body,
                   RbSimAnswer *answer)
{
  g_autoptr(JsonObject) object = rb_sim_json_parse (body);
  g_autofree char *id = NULL;
  Call call = { .api = self, .body = object, .answer = answer };

  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      if (!matches (routes[i].request, request, &id) || (self->is_legacy && routes[i].is_modern))
        continue;
      call.id = id;
      routes[i].answer (&call);
      return;
    }
  refuse (&call, 404, "not_found", "no such route");
}

void
rb_sim_api_set_legacy (RbSimApi *self,
                       gboolean  is_legacy)
{
  self->is_legacy = is_legacy;
}

void
rb_sim_api_set_capability (RbSimApi   *self,
                           const char *name,
                           const char *json)
{
  rb_sim_json_set (self->capabilities, name, json);
}

void
rb_sim_api_set_whoami (RbSimApi   *self,
                       const char *name,
                       const char *json)
{
  rb_sim_json_set (self->whoami, name, json);
}

void
rb_sim_api_set_registration (RbSimApi   *self,
                             const char *name,
                             const char *json)
{
  g_hash_table_replace (self->registration, g_strdup (name), g_strdup (json));
}

void
rb_sim_api_set_route_claim (RbSimApi   *self,
                            const char *source_message_id,
                            const char *action)
{
  g_hash_table_replace (self->route_claims, g_strdup (source_message_id != NULL ? source_message_id : ""), g_strdup (action));
}

void
rb_sim_api_add_history (RbSimApi   *self,
                        const char *conversation_id,
                        const char *item)
{
  JsonArray *items = g_hash_table_lookup (self->histories, conversation_id);
  JsonObject *object = rb_sim_json_parse (item);

  g_return_if_fail (object != NULL);
  if (items == NULL)
    {
      items = json_array_new ();
      g_hash_table_insert (self->histories, g_strdup (conversation_id), items);
    }
  json_array_add_object_element (items, object);
}

const char *
rb_sim_api_get_node_id (RbSimApi *self)
{
  const char *id = rb_sim_json_string (self->whoami, "subjectId");

  return id != NULL ? id : "";
}
