/* rb-sim-control.c: the simulation's own routes, for tests in other languages and for people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each route reads its object and calls one function of a public header. */
#include "config.h"

#include "rb-sim-control.h"

#include "rb-sim-json.h"

#include <string.h>

#define MAX_ITEMS 1000

typedef struct {
  RbSim        *sim;
  RbSimGateway *gateway;
  RbSimEvents  *events;
  JsonObject   *body;           /* never NULL */
  const char   *query;          /* (nullable) */
  RbSimAnswer  *answer;
} Control;

/* Reading the body */

static const char *
text_of (Control    *control,
         const char *name,
         const char *fallback)
{
  const char *text = rb_sim_json_string (control->body, name);

  return text != NULL ? text : fallback;
}

static guint
number_of (Control    *control,
           const char *name,
           guint       fallback)
{
  return rb_sim_json_int (control->body, name, fallback);
}

static gboolean
flag_of (Control    *control,
         const char *name)
{
  return rb_sim_json_flag (control->body, name);
}

/* A member's JSON text; NULL when it is absent. */
static char *
json_of (JsonObject *object,
         const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL ? json_to_string (node, FALSE) : NULL;
}

/* The place of a member's text among @names, the first when it is absent; -1, and an answer, when it is none of them. */
static int
choice_of (Control           *control,
           const char        *name,
           const char *const *names)
{
  const char *text = text_of (control, name, names[0]);

  for (int i = 0; names[i] != NULL; i++)
    if (g_str_equal (names[i], text))
      return i;
  control->answer->status = 400;
  control->answer->body = g_strdup_printf ("{\"error\":\"'%s' of '%s' is unknown\"}", text, name);
  return -1;
}

/* Answering */

static void
say_object (Control    *control,
            JsonObject *object)
{
  control->answer->status = 200;
  control->answer->body = rb_sim_json_to_text (object);
}

static void
say_number (Control    *control,
            const char *name,
            gint64      number)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_int_member (object, name, number);
  say_object (control, object);
}

static void
say_done (Control *control)
{
  control->answer->status = 204;
}

static void
say_whether (Control  *control,
             gboolean  done)
{
  control->answer->status = done ? 204 : 409;
  if (!done)
    control->answer->body = g_strdup ("{\"error\":\"nobody is connected\"}");
}

/* The gateway */

static void
do_deliver (Control *control)
{
  const char *id = rb_sim_json_string (control->body, "id");
  const char *from = text_of (control, "from", "somebody@sim");
  const char *content = text_of (control, "content", "hello");
  g_autofree char *metadata = json_of (control->body, "metadata");

  if (flag_of (control, "bare"))
    {
      rb_sim_gateway_deliver_bare (control->gateway, id, from, content, metadata);
      say_done (control);
    }
  else if (flag_of (control, "withhold"))
    say_number (control, "seq", rb_sim_gateway_withhold (control->gateway, id, from, content, metadata));
  else if (flag_of (control, "again") && rb_sim_mailbox_lookup (rb_sim_gateway_get_mailbox (control->gateway), id) != NULL)
    say_number (control, "seq", rb_sim_gateway_deliver_again (control->gateway, id));
  else
    say_number (control, "seq", rb_sim_gateway_deliver (control->gateway, id, from, content, metadata));
}

static void
do_burst (Control *control)
{
  rb_sim_gateway_burst (control->gateway, number_of (control, "count", 1), text_of (control, "prefix", "burst"),
                        text_of (control, "from", "somebody@sim"));
  say_done (control);
}

static void
do_resend (Control *control)
{
  gint64 above = rb_sim_json_int (control->body, "above", 0);

  if (rb_sim_json_is_int (control->body, "seq"))
    rb_sim_gateway_resend (control->gateway, rb_sim_json_int (control->body, "seq", 0));
  else if (flag_of (control, "reversed"))
    rb_sim_gateway_replay_reversed (control->gateway, above);
  else
    rb_sim_gateway_replay (control->gateway, above);
  say_done (control);
}

static void
do_skip (Control *control)
{
  say_number (control, "seq", rb_sim_gateway_skip (control->gateway));
}

static void
do_cursor (Control *control)
{
  rb_sim_gateway_say_cursor (control->gateway, rb_sim_json_int (control->body, "deliverySeq", 0),
                             rb_sim_json_int (control->body, "deliveredSeq", -1));
  say_done (control);
}

static void
do_frame (Control *control)
{
  const char *text = rb_sim_json_string (control->body, "text");
  const char *raw = rb_sim_json_string (control->body, "raw");
  g_autofree char *frame = rb_sim_json_object (control->body, "frame") != NULL ? json_of (control->body, "frame") : NULL;

  if (raw != NULL)
    say_whether (control, rb_sim_gateway_send_raw (control->gateway, raw, strlen (raw)));
  else
    say_whether (control, rb_sim_gateway_send_text (control->gateway, text != NULL ? text : frame != NULL ? frame : "{}"));
}

static const char *const ends[] = { "close", "drop", "silence", NULL };
static const char *const points[] = { "now", "upgrade", "register", "ack", NULL };

static void
do_end (Control *control)
{
  int end = choice_of (control, "how", ends);
  int point = end >= 0 ? choice_of (control, "at", points) : -1;
  guint16 code = number_of (control, "code", 1000);
  const char *reason = rb_sim_json_string (control->body, "reason");

  if (point == 0)
    say_whether (control, rb_sim_gateway_end (control->gateway, (RbSimEnd) end, code, reason));
  if (point <= 0)
    return;
  rb_sim_gateway_end_at (control->gateway, (RbSimPoint) (point - 1), (RbSimEnd) end, code, reason, number_of (control, "times", 1));
  say_done (control);
}

static void
do_refuse (Control *control)
{
  rb_sim_gateway_refuse (control->gateway, text_of (control, "reason", "Already connected"), number_of (control, "times", 1));
  say_done (control);
}

static void
do_answer_sends (Control *control)
{
  static const char *const names[] = { "delivered", "stored", "no_status", "never", "late", "error", "error_no_id", "close", "drop", NULL };
  int how = choice_of (control, "how", names);
  const RbSimSendAnswer answer = { .how = MAX (how, 0), .text = rb_sim_json_string (control->body, "text"),
                                   .code = rb_sim_json_string (control->body, "code"),
                                   .message = rb_sim_json_string (control->body, "message"),
                                   .delay_ms = number_of (control, "delay_ms", 0), .times = number_of (control, "times", 1) };

  if (how < 0)
    return;
  rb_sim_gateway_answer_sends (control->gateway, &answer);
  say_done (control);
}

/* The API */

static void
do_fault (Control *control)
{
  static const char *const names[] = { "status", "delay", "hang", "close", "reset", "lost_answer", "half_body", "stalled_body",
                                       "garbage", "huge", "wrong_types", "not_http", NULL };
  int kind = choice_of (control, "kind", names);
  JsonObject *object = rb_sim_json_object (control->body, "body");
  g_autofree char *body = object != NULL ? rb_sim_json_to_text (object) : g_strdup (rb_sim_json_string (control->body, "body"));
  const RbSimFault fault = { .request = text_of (control, "request", "*"), .text = rb_sim_json_string (control->body, "text"),
                             .kind = MAX (kind, 0), .status = number_of (control, "status", 503), .body = body,
                             .header = rb_sim_json_string (control->body, "header"),
                             .delay_ms = number_of (control, "delay_ms", 0), .skip = number_of (control, "skip", 0),
                             .times = number_of (control, "times", 1) };

  if (kind < 0)
    return;
  rb_sim_add_fault (control->sim, &fault);
  say_done (control);
}

static void
do_clear_faults (Control *control)
{
  rb_sim_faults_clear (rb_sim_get_faults (control->sim));
  say_done (control);
}

/* Each member of an object of settings, as JSON text. */
static void
set_each (Control    *control,
          const char *member,
          void      (*set) (RbSim *sim, const char *name, const char *json))
{
  JsonObject *object = rb_sim_json_object (control->body, member);
  g_autoptr(GList) names = object != NULL ? json_object_get_members (object) : NULL;

  for (GList *at = names; at != NULL; at = at->next)
    {
      g_autofree char *json = json_of (object, at->data);

      set (control->sim, at->data, g_str_equal (json, "null") ? "" : json);
    }
}

static void
set_ack (RbSim      *sim,
         const char *name,
         const char *json)
{
  rb_sim_gateway_set_ack (rb_sim_get_gateway (sim), name, json);
}

static void
set_route (RbSim      *sim,
           const char *name,
           const char *json)
{
  rb_sim_set_route_claim (sim, g_str_equal (name, "*") ? NULL : name, strstr (json, "skip") != NULL ? "skip" : "route");
}

static void
do_settings (Control *control)
{
  JsonObject *body = control->body;

  set_each (control, "capabilities", rb_sim_set_capability);
  set_each (control, "whoami", rb_sim_set_whoami);
  set_each (control, "registration", rb_sim_set_registration);
  set_each (control, "register_ack", set_ack);
  set_each (control, "route_claims", set_route);
  if (json_object_has_member (body, "legacy"))
    rb_sim_set_legacy (control->sim, flag_of (control, "legacy"));
  if (json_object_has_member (body, "echo"))
    rb_sim_gateway_set_echo (control->gateway, flag_of (control, "echo"));
  if (json_object_has_member (body, "exclusive"))
    rb_sim_gateway_set_exclusive (control->gateway, flag_of (control, "exclusive"));
  if (json_object_has_member (body, "gap_fill"))
    rb_sim_gateway_set_gap_fill (control->gateway, flag_of (control, "gap_fill"));
  say_done (control);
}

static void
do_row (Control *control)
{
  RbSimWork *work = rb_sim_get_work (control->sim);
  const char *id = text_of (control, "id", "row-1");

  if (rb_sim_work_lookup_row (work, id) == NULL)
    rb_sim_work_add_row (work, id, text_of (control, "from", "somebody@sim"), text_of (control, "content", "hello"),
                         rb_sim_json_string (control->body, "endpoint_id"));
  rb_sim_work_set_policy (work, id, rb_sim_json_string (control->body, "policy"));
  say_done (control);
}

static void
do_history (Control *control)
{
  g_autofree char *item = json_of (control->body, "item");

  rb_sim_add_history (control->sim, text_of (control, "conversation_id", "conversation-1"), item != NULL ? item : "{}");
  say_done (control);
}

static void
do_endpoint (Control *control)
{
  rb_sim_endpoints_add_past (rb_sim_get_endpoints (control->sim), text_of (control, "endpoint_id", "ep_past"),
                             text_of (control, "retired_at", "2026-01-01T00:00:00.000Z"));
  say_done (control);
}

/* Control events */

static char *
send_variant (Control *control,
              int      variant)
{
  const char *endpoint = text_of (control, "endpoint_id", "ep_1");
  const char *row = text_of (control, "undispatched_id", "");

  if (variant == 0)
    return rb_sim_work_lookup_row (rb_sim_get_work (control->sim), row) != NULL
           && rb_sim_endpoints_lookup (rb_sim_get_endpoints (control->sim), endpoint) != NULL
           ? rb_sim_dispatch (control->sim, row, endpoint) : NULL;
  if (variant == 1)
    return rb_sim_spawn (control->sim, text_of (control, "runtime_kind", "claude-code"), text_of (control, "prompt", "hello"));
  if (variant == 2)
    return rb_sim_force_unregister (control->sim, endpoint, text_of (control, "reason", "owner"));
  if (variant == 3)
    return rb_sim_nudge (control->sim, row, endpoint);
  return rb_sim_owner_session (control->sim, endpoint, text_of (control, "text", "hello"));
}

static void
do_event (Control *control)
{
  static const char *const names[] = { "dispatch_undispatched", "spawn_request", "force_unregister", "dispatch_nudge",
                                       "owner_session_delivery", NULL };
  const char *data = rb_sim_json_string (control->body, "data");
  int variant = data == NULL ? choice_of (control, "type", names) : -1;
  g_autofree char *key = variant >= 0 ? send_variant (control, variant) : NULL;
  g_autoptr(JsonObject) object = NULL;

  if (data != NULL)
    say_number (control, "id", rb_sim_events_send (control->events, data));
  if (variant < 0)
    return;
  if (key == NULL)
    {
      control->answer->status = 404;
      control->answer->body = g_strdup ("{\"error\":\"no such row or endpoint\"}");
      return;
    }
  object = rb_sim_json_new ("idempotency_key", key, NULL);
  say_object (control, object);
}

static void
do_stream (Control *control)
{
  const RbSimFraming framing = { .line_end = rb_sim_json_string (control->body, "line_end"),
                                 .piece_bytes = number_of (control, "piece_bytes", 0),
                                 .no_ids = flag_of (control, "no_ids"), .retry_ms = number_of (control, "retry_ms", 0),
                                 .comments = flag_of (control, "comments"), .split_data = flag_of (control, "split_data") };
  const char *raw = rb_sim_json_string (control->body, "raw");

  rb_sim_events_set_framing (control->events, &framing);
  if (raw != NULL)
    rb_sim_events_send_raw (control->events, raw, -1);
  if (number_of (control, "huge_bytes", 0) > 0)
    rb_sim_events_send_huge (control->events, number_of (control, "huge_bytes", 0));
  if (number_of (control, "again", 0) > 0)
    rb_sim_events_send_again (control->events, number_of (control, "again", 0));
  if (flag_of (control, "cut_next"))
    rb_sim_events_cut_next (control->events);
  if (json_object_has_member (control->body, "end"))
    rb_sim_events_end (control->events, g_str_equal (text_of (control, "end", ""), "orderly"));
  say_done (control);
}

/* Looking */

static void
do_state (Control *control)
{
  RbSimMailbox *mailbox = rb_sim_gateway_get_mailbox (control->gateway);
  g_autoptr(GPtrArray) list = rb_sim_endpoints_list (rb_sim_get_endpoints (control->sim));
  g_autoptr(JsonObject) object = rb_sim_work_to_json (rb_sim_get_work (control->sim));
  JsonArray *endpoints = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (endpoints, rb_sim_endpoint_to_json (g_ptr_array_index (list, i)));
  json_object_set_array_member (object, "endpoints", endpoints);
  json_object_set_boolean_member (object, "registered", rb_sim_gateway_is_registered (control->gateway));
  json_object_set_int_member (object, "connections", rb_sim_gateway_count_open (control->gateway));
  json_object_set_int_member (object, "listeners", rb_sim_events_count (control->events));
  json_object_set_int_member (object, "last_seq", rb_sim_mailbox_get_last (mailbox));
  json_object_set_int_member (object, "acked_seq", rb_sim_mailbox_get_acked (mailbox));
  json_object_set_int_member (object, "unacked", rb_sim_mailbox_count (mailbox));
  say_object (control, object);
}

static JsonObject *
entry_to_json (const RbSimEntry *entry)
{
  JsonObject *object = rb_sim_json_new ("name", entry->name, "text", entry->text, NULL);

  json_object_set_int_member (object, "at_us", entry->at_us);
  if (entry->kind == RB_SIM_REQUEST)
    json_object_set_int_member (object, "status", entry->status);
  if (entry->query != NULL)
    json_object_set_string_member (object, "query", entry->query);
  if (entry->last_event_id != NULL)
    json_object_set_string_member (object, "last_event_id", entry->last_event_id);
  return object;
}

/* {"count": n, "items": [...]}, the items being the latest, of those whose name and text match the query's `name` and `text`. */
static void
say_record (Control   *control,
            RbSimKind  kind)
{
  g_autoptr(GHashTable) wanted = g_uri_parse_params (control->query != NULL ? control->query : "", -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
  const char *name = wanted != NULL ? g_hash_table_lookup (wanted, "name") : NULL;
  const char *text = wanted != NULL ? g_hash_table_lookup (wanted, "text") : NULL;
  g_autoptr(GPtrArray) list = rb_sim_record_list (rb_sim_get_record (control->sim), kind, name, text);
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *items = json_array_new ();

  for (guint i = list->len > MAX_ITEMS ? list->len - MAX_ITEMS : 0; i < list->len; i++)
    json_array_add_object_element (items, entry_to_json (g_ptr_array_index (list, i)));
  json_object_set_int_member (object, "count", list->len);
  json_object_set_array_member (object, "items", items);
  say_object (control, object);
}

static void
do_requests (Control *control)
{
  say_record (control, RB_SIM_REQUEST);
}

static void
do_frames (Control *control)
{
  say_record (control, RB_SIM_FRAME_IN);
}

static void
do_frames_out (Control *control)
{
  say_record (control, RB_SIM_FRAME_OUT);
}

static void
do_events_out (Control *control)
{
  say_record (control, RB_SIM_EVENT_OUT);
}

static void
do_violations (Control *control)
{
  say_record (control, RB_SIM_VIOLATION);
}

static void
do_forget (Control *control)
{
  rb_sim_record_forget (rb_sim_get_record (control->sim));
  say_done (control);
}

static void
do_reset (Control *control)
{
  rb_sim_reset (control->sim);
  say_done (control);
}

static const struct {
  const char *request;
  void      (*answer) (Control *control);
} routes[] = {
  { "POST /sim/deliver",      do_deliver      },
  { "POST /sim/burst",        do_burst        },
  { "POST /sim/resend",       do_resend       },
  { "POST /sim/skip",         do_skip         },
  { "POST /sim/cursor",       do_cursor       },
  { "POST /sim/frame",        do_frame        },
  { "POST /sim/end",          do_end          },
  { "POST /sim/refuse",       do_refuse       },
  { "POST /sim/answer-sends", do_answer_sends },
  { "POST /sim/fault",        do_fault        },
  { "DELETE /sim/fault",      do_clear_faults },
  { "POST /sim/settings",     do_settings     },
  { "POST /sim/row",          do_row          },
  { "POST /sim/history",      do_history      },
  { "POST /sim/endpoint",     do_endpoint     },
  { "POST /sim/event",        do_event        },
  { "POST /sim/stream",       do_stream       },
  { "GET /sim/state",         do_state        },
  { "GET /sim/requests",      do_requests     },
  { "GET /sim/frames",        do_frames       },
  { "GET /sim/frames-out",    do_frames_out   },
  { "GET /sim/events-out",    do_events_out   },
  { "GET /sim/violations",    do_violations   },
  { "POST /sim/forget",       do_forget       },
  { "POST /sim/reset",        do_reset        },
};

void
rb_sim_control_answer (RbSim       *sim,
                       const char  *request,
                       const char  *query,
                       const char  *body,
                       RbSimAnswer *answer)
{
  g_autoptr(JsonObject) object = *body != '\0' ? rb_sim_json_parse (body) : json_object_new ();
  Control control = { .sim = sim, .gateway = rb_sim_get_gateway (sim), .events = rb_sim_get_events (sim), .body = object,
                      .query = query, .answer = answer };

  if (object == NULL)
    {
      answer->status = 400;
      answer->body = g_strdup ("{\"error\":\"the body is no JSON object\"}");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    if (g_str_equal (routes[i].request, request))
      {
        routes[i].answer (&control);
        return;
      }
  answer->status = 404;
  answer->body = g_strdup ("{\"error\":\"no such route; README.md of tests/upstream lists them\"}");
}
