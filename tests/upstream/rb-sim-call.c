/* rb-sim-call.c: one request on its way through the faults to its answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plain answer is libsoup's. Where the answer is to be broken, or is a stream, the connection is taken from libsoup and written
 * by hand. */
#include "config.h"

#include "rb-sim-call.h"

#include "rb-sim-json.h"

#include <string.h>

#define EVENTS_PATH "/v1/runtime/control-events"
#define HUGE_BYTES (10u * 1000 * 1000)

struct _RbSimCall {
  RbSimParts        *parts;
  SoupServerMessage *message;
  char              *request;   /* "METHOD /path" */
  char              *body;
  char              *key;       /* (nullable) Sec-WebSocket-Key */
  char              *last_event_id;
  gboolean           is_authorized;
  guint              serial;    /* of its entry in the record */
  RbSimFault        *fault;     /* (nullable) */
  GSource           *timer;     /* (nullable) while it waits */
  RbSimWire         *wire;      /* (nullable) when it holds the connection */
};

void
rb_sim_call_free (RbSimCall *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->wire, rb_sim_wire_free);
  g_clear_pointer (&self->fault, rb_sim_fault_free);
  g_clear_object (&self->message);
  g_free (self->request);
  g_free (self->body);
  g_free (self->key);
  g_free (self->last_event_id);
  g_free (self);
}

static void
finish (RbSimCall *self)
{
  g_ptr_array_remove (self->parts->calls, self);
}

static void
on_wire_gone (RbSimWire *wire,
              gpointer   user_data)
{
  finish (user_data);
}

/* Keeps the connection until the client, or the end that was asked for, closes it. */
static void
hold (RbSimCall *self)
{
  rb_sim_wire_watch (self->wire, on_wire_gone, self);
}

static void
take_wire (RbSimCall *self)
{
  self->wire = rb_sim_wire_new (self->message);
}

/* Plain answers */

static void
respond (RbSimCall  *self,
         guint       status,
         const char *type,
         char       *body,
         gsize       size)
{
  rb_sim_record_answer (self->parts->record, self->serial, status);
  soup_server_message_set_status (self->message, status, NULL);
  if (body != NULL)
    soup_server_message_set_response (self->message, type, SOUP_MEMORY_TAKE, body, size);
  /* libsoup closes a connection after 204; unless it says so, the client's next request may be on its way there already. */
  if (status == SOUP_STATUS_NO_CONTENT)
    soup_message_headers_replace (soup_server_message_get_response_headers (self->message), "Connection", "close");
  if (self->timer != NULL)
    soup_server_message_unpause (self->message);
  finish (self);
}

static void
respond_json (RbSimCall  *self,
              guint       status,
              const char *body)
{
  respond (self, status, "application/json", g_strdup (body), body != NULL ? strlen (body) : 0);
}

/* What the API says, after doing its work. */
static void
ask (RbSimCall   *self,
     RbSimAnswer *answer)
{
  if (self->is_authorized)
    {
      rb_sim_api_answer (self->parts->api, self->request, self->body, answer);
      return;
    }
  answer->status = 401;
  answer->body = g_strdup ("{\"error\":\"unauthorized\",\"message\":\"the runtime token is wrong or missing\"}");
}

static void
start_gateway (RbSimCall *self)
{
  if (self->key == NULL)
    {
      respond_json (self, 426, NULL);
      return;
    }
  take_wire (self);
  rb_sim_record_answer (self->parts->record, self->serial, 101);
  if (rb_sim_wire_is_open (self->wire))
    rb_sim_gateway_accept (self->parts->gateway, g_steal_pointer (&self->wire), self->key);
  finish (self);
}

static void
start_events (RbSimCall *self)
{
  take_wire (self);
  rb_sim_record_answer (self->parts->record, self->serial, 200);
  if (rb_sim_wire_is_open (self->wire))
    rb_sim_events_subscribe (self->parts->events, g_steal_pointer (&self->wire), self->last_event_id);
  finish (self);
}

static void
answer_plainly (RbSimCall *self)
{
  g_auto(RbSimAnswer) answer = { 0 };

  if (g_str_equal (self->request, "GET /gateway"))
    {
      start_gateway (self);
      return;
    }
  if (g_str_equal (self->request, "GET " EVENTS_PATH) && self->is_authorized)
    {
      start_events (self);
      return;
    }
  ask (self, &answer);
  respond_json (self, answer.status, answer.body);
}

/* Faults */

static void
play_status (RbSimCall *self)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  g_auto(GStrv) header = g_strsplit (self->fault->header != NULL ? self->fault->header : "", ": ", 2);

  if (g_strv_length (header) == 2)
    soup_message_headers_replace (headers, header[0], header[1]);
  respond_json (self, self->fault->status, self->fault->body);
}

static void
play_end (RbSimCall *self,
          gboolean   does_work,
          gboolean   resets)
{
  g_auto(RbSimAnswer) answer = { 0 };

  if (does_work)
    ask (self, &answer);
  take_wire (self);
  hold (self);
  rb_sim_wire_end (self->wire, resets);
}

static void
play_half_body (RbSimCall *self,
                gboolean   stalls)
{
  g_auto(RbSimAnswer) answer = { 0 };
  g_autofree char *head = NULL;
  guint status;
  gsize size;

  ask (self, &answer);
  status = answer.status == 204 ? 200 : answer.status;
  rb_sim_record_answer (self->parts->record, self->serial, status);
  size = answer.body != NULL ? strlen (answer.body) : 2;
  head = g_strdup_printf ("HTTP/1.1 %u Half\r\nContent-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                          status, size);
  take_wire (self);
  rb_sim_wire_write_text (self->wire, head);
  rb_sim_wire_write (self->wire, answer.body != NULL ? answer.body : "{}", size / 2);
  hold (self);
  if (!stalls)
    rb_sim_wire_end (self->wire, FALSE);
}

static void
play_huge (RbSimCall *self)
{
  char *body = g_malloc (HUGE_BYTES);
  const char *head = "{\"padding\":\"";

  memset (body, 'x', HUGE_BYTES);
  memcpy (body, head, strlen (head));
  memcpy (body + HUGE_BYTES - 2, "\"}", 2);
  respond (self, 200, "application/json", body, HUGE_BYTES);
}

static JsonNode *
change_type (JsonNode *node)
{
  JsonNode *changed = json_node_alloc ();

  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
    return json_node_init_string (changed, "a number");
  return json_node_init_int (changed, 7);
}

static void
play_wrong_types (RbSimCall *self)
{
  g_auto(RbSimAnswer) answer = { 0 };
  g_autoptr(JsonObject) object = NULL;
  g_autoptr(GList) names = NULL;
  g_autofree char *text = NULL;

  ask (self, &answer);
  object = rb_sim_json_parse (answer.body);
  names = object != NULL ? json_object_get_members (object) : NULL;
  for (GList *at = names; at != NULL; at = at->next)
    {
      g_autofree char *name = g_strdup (at->data);

      json_object_set_member (object, name, change_type (json_object_get_member (object, name)));
    }
  text = object != NULL ? rb_sim_json_to_text (object) : g_strdup ("[7]");
  respond_json (self, answer.status == 204 ? 200 : answer.status, text);
}

static void
play_not_http (RbSimCall *self)
{
  take_wire (self);
  rb_sim_wire_write_text (self->wire, "\x01\x02 this was never HTTP\r\n\r\n");
  hold (self);
  rb_sim_wire_end (self->wire, FALSE);
}

static void
play_hang (RbSimCall *self)
{
  take_wire (self);
  hold (self);
}

static void
play (RbSimCall *self)
{
  static const char garbage[] = "\xff\xfe{\"not\": json, \x80\x00";

  switch (self->fault->kind)
    {
    case RB_SIM_FAULT_STATUS:
      play_status (self);
      break;
    case RB_SIM_FAULT_DELAY:
      answer_plainly (self);
      break;
    case RB_SIM_FAULT_HANG:
      play_hang (self);
      break;
    case RB_SIM_FAULT_CLOSE:
      play_end (self, FALSE, FALSE);
      break;
    case RB_SIM_FAULT_RESET:
      play_end (self, FALSE, TRUE);
      break;
    case RB_SIM_FAULT_LOST_ANSWER:
      play_end (self, TRUE, FALSE);
      break;
    case RB_SIM_FAULT_HALF_BODY:
      play_half_body (self, FALSE);
      break;
    case RB_SIM_FAULT_STALLED_BODY:
      play_half_body (self, TRUE);
      break;
    case RB_SIM_FAULT_GARBAGE:
      respond (self, 200, "application/json", g_memdup2 (garbage, sizeof garbage), sizeof garbage);
      break;
    case RB_SIM_FAULT_HUGE:
      play_huge (self);
      break;
    case RB_SIM_FAULT_WRONG_TYPES:
      play_wrong_types (self);
      break;
    case RB_SIM_FAULT_NOT_HTTP:
      play_not_http (self);
      break;
    }
}

static gboolean
on_delay_over (gpointer user_data)
{
  play (user_data);
  return G_SOURCE_REMOVE;
}

static void
wait_and_play (RbSimCall *self)
{
  soup_server_message_pause (self->message);
  self->timer = g_timeout_source_new (self->fault->delay_ms);
  g_source_set_callback (self->timer, on_delay_over, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static char *
dup_header (RbSimCall  *self,
            const char *name)
{
  return g_strdup (soup_message_headers_get_one (soup_server_message_get_request_headers (self->message), name));
}

static void
check_headers (RbSimCall  *self,
               const char *query)
{
  g_autofree char *type = dup_header (self, "Content-Type");
  g_autofree char *accept = dup_header (self, "Accept");

  if (*self->body != '\0' && (type == NULL || !g_str_has_prefix (type, "application/json")))
    rb_sim_record_object (self->parts->record, "headers/content-type", "%s has a body of type '%s'", self->request,
                          rb_sim_or_none (type));
  if (!g_str_equal (self->request, "GET " EVENTS_PATH))
    return;
  if (g_strcmp0 (accept, "text/event-stream") != 0)
    rb_sim_record_object (self->parts->record, "subscribe/accept", "Accept is '%s'", rb_sim_or_none (accept));
  if (query == NULL || !g_str_has_prefix (query, "agent_id="))
    rb_sim_record_object (self->parts->record, "subscribe/agent-id", "the query is '%s'", rb_sim_or_none (query));
}

static void
record (RbSimCall *self)
{
  RbSimEntry *entry = rb_sim_record_add (self->parts->record, RB_SIM_REQUEST, self->request, self->body);
  g_autofree char *expected = g_strdup_printf ("Bearer %s", self->parts->token);

  entry->authorization = dup_header (self, "Authorization");
  entry->last_event_id = dup_header (self, "Last-Event-ID");
  entry->query = g_strdup (g_uri_get_query (soup_server_message_get_uri (self->message)));
  self->serial = entry->serial;
  self->is_authorized = g_strcmp0 (entry->authorization, expected) == 0;
}

void
rb_sim_call_start (RbSimParts        *parts,
                   SoupServerMessage *message,
                   const char        *path)
{
  RbSimCall *self = g_new0 (RbSimCall, 1);
  g_autoptr(GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));

  self->parts = parts;
  self->message = g_object_ref (message);
  self->request = g_strdup_printf ("%s %s", soup_server_message_get_method (message), path);
  self->body = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  self->key = dup_header (self, "Sec-WebSocket-Key");
  self->last_event_id = dup_header (self, "Last-Event-ID");
  g_ptr_array_add (parts->calls, self);
  record (self);
  check_headers (self, g_uri_get_query (soup_server_message_get_uri (message)));
  self->fault = rb_sim_faults_take (parts->faults, self->request, self->body);

  if (self->fault == NULL)
    answer_plainly (self);
  else if (self->fault->delay_ms > 0)
    wait_and_play (self);
  else
    play (self);
}
