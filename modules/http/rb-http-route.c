/* rb-http-route.c: the routes of the upstream API: where each is, and what its answers mean
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-route.h"

#include "rb-error.h"
#include "rb-json.h"
#include "rb-text.h"

#define ENDPOINTS "/runtime-endpoints"
#define MAX_TEXT 4096   /* code points of a text that goes into an error */

/* Who we are may be refused; anything else (a captive portal, a host that is being moved) may pass (design.md section 8). */
static const guint16 terminal_whoami[] = { 401, 403, 0 };
static const guint16 terminal_post[] = { 401, 422, 0 };
static const guint16 terminal_route_claim[] = { 401, 403, 422, 0 };
static const guint16 terminal_processing[] = { 401, 403, 409, 422, 0 };
static const guint16 terminal_claim[] = { 401, 403, 404, 409, 422, 0 };

static const RbHttpRoute calls[] = {
  [RB_UPSTREAM_WHOAMI] = {
    .method = "GET", .path = "/whoami", .text = RB_HTTP_TEXT_WHOAMI,
    .terminal = terminal_whoami, .malformed_text = "whoami response missing subjectId",
  },
  [RB_UPSTREAM_REGISTER_ENDPOINT] = {
    .method = "POST", .path = ENDPOINTS, .body = RB_HTTP_BODY_MEMBERS, .text = RB_HTTP_TEXT_NAMED, .default_code = "unknown",
    .malformed_status = 502, .malformed_code = "unknown", .malformed_text = "register response missing endpoint_id",
  },
  [RB_UPSTREAM_HEARTBEAT] = {
    .method = "POST", .path = ENDPOINTS "/%s/heartbeat", .text = RB_HTTP_TEXT_NAMED, .default_code = "unknown",
  },
  [RB_UPSTREAM_ENDPOINT_STATE] = {
    .method = "POST", .path = ENDPOINTS "/%s/state", .body = RB_HTTP_BODY_MEMBERS, .may_be_missing = TRUE,
    .text = RB_HTTP_TEXT_NAMED, .default_code = "unknown",
  },
  [RB_UPSTREAM_UNREGISTER] = {
    .method = "DELETE", .path = ENDPOINTS "/%s", .text = RB_HTTP_TEXT_NAMED, .default_code = "unknown",
  },
  [RB_UPSTREAM_DISPLAY_METADATA] = {
    .method = "POST", .path = ENDPOINTS "/%s/display-metadata", .body = RB_HTTP_BODY_MEMBERS, .text = RB_HTTP_TEXT_NAMED,
    .default_code = "unknown",
  },
  [RB_UPSTREAM_LOOKUP_CLOSED] = {
    .method = "GET", .path = ENDPOINTS "/%s", .may_be_missing = TRUE, .text = RB_HTTP_TEXT_NAMED, .default_code = "unknown",
  },
  [RB_UPSTREAM_CAPABILITIES] = {
    .method = "GET", .path = "/runtime/capabilities", .success = RB_HTTP_SUCCESS_200, .text = RB_HTTP_TEXT_JOINED,
    .malformed_text = "invalid capabilities response",
  },
  [RB_UPSTREAM_ROUTE_CLAIM] = {
    .method = "POST", .path = "/runtime/inbound-route-claim", .body = RB_HTTP_BODY_MEMBERS, .type = "runtime_inbound_route_claim",
    .success = RB_HTTP_SUCCESS_200, .terminal = terminal_route_claim, .text = RB_HTTP_TEXT_JOINED,
    .malformed_text = "invalid claim response",
  },
  [RB_UPSTREAM_CANDIDATES] = {
    .method = "POST", .path = "/runtime/claim-candidates", .body = RB_HTTP_BODY_MEMBERS, .type = "runtime_claim_candidates",
    .is_list = TRUE, .text = RB_HTTP_TEXT_NAMED, .default_code = "claim_candidates_failed",
    .malformed_status = 502, .malformed_code = "invalid_claim_candidates_response",
    .malformed_text = "invalid claim-candidates response",
  },
  [RB_UPSTREAM_SELF_CLAIM] = {
    .method = "POST", .path = "/runtime/self-claim", .body = RB_HTTP_BODY_MEMBERS, .success = RB_HTTP_SUCCESS_200_201,
    .terminal = terminal_claim, .text = RB_HTTP_TEXT_JOINED, .malformed_text = "invalid self-claim response",
  },
  [RB_UPSTREAM_RELEASE_CLAIM] = {
    .method = "POST", .path = "/runtime/self-claim/release", .body = RB_HTTP_BODY_MEMBERS, .success = RB_HTTP_SUCCESS_204,
    .terminal = terminal_claim, .text = RB_HTTP_TEXT_JOINED,
  },
  [RB_UPSTREAM_HISTORY] = {
    .method = "POST", .path = "/runtime/session-conversation-history", .body = RB_HTTP_BODY_MEMBERS,
    .type = "runtime_session_conversation_history", .is_list = TRUE, .text = RB_HTTP_TEXT_NAMED,
    .default_code = "runtime_conversation_history_failed", .malformed_status = 502,
    .malformed_code = "invalid_runtime_conversation_history_response",
    .malformed_text = "invalid runtime conversation history response",
  },
  [RB_UPSTREAM_SELF_SETTLE] = {
    .method = "POST", .path = "/runtime/self-settle", .body = RB_HTTP_BODY_MEMBERS, .success = RB_HTTP_SUCCESS_200,
    .terminal = terminal_claim, .text = RB_HTTP_TEXT_APART, .malformed_code = "invalid_self_settle_response",
    .malformed_text = "invalid self-settle response",
  },
  [RB_UPSTREAM_CONTROL_ACK] = {
    .method = "POST", .path = "/runtime/control-ack", .body = RB_HTTP_BODY_MEMBERS, .text = RB_HTTP_TEXT_NAMED,
    .default_code = "unknown",
  },
};
G_STATIC_ASSERT (G_N_ELEMENTS (calls) == RB_UPSTREAM_N_CALLS);

/* Their bodies are ready: the payload of the event. */
static const RbHttpRoute events[] = {
  [RB_EVENT_UNDISPATCHED_CHANGED] = {
    .method = "POST", .path = "/runtime/undispatched-changed", .success = RB_HTTP_SUCCESS_204, .terminal = terminal_post,
    .text = RB_HTTP_TEXT_JOINED,
  },
  [RB_EVENT_PRESENCE_CHANGED] = {
    .method = "POST", .path = "/runtime/network-presence-changed", .success = RB_HTTP_SUCCESS_204, .terminal = terminal_post,
    .text = RB_HTTP_TEXT_JOINED,
  },
  [RB_EVENT_INBOUND_ROUTED] = {
    .method = "POST", .path = "/runtime/inbound-routed", .success = RB_HTTP_SUCCESS_204, .terminal = terminal_post,
    .text = RB_HTTP_TEXT_JOINED,
  },
  [RB_EVENT_PROCESSING_STATE] = {
    .method = "POST", .path = "/runtime/processing-state", .success = RB_HTTP_SUCCESS_204, .terminal = terminal_processing,
    .text = RB_HTTP_TEXT_JOINED,
  },
  [RB_EVENT_ENDPOINT_STATE] = {
    .method = "POST", .path = ENDPOINTS "/%s/state", .may_be_missing = TRUE, .text = RB_HTTP_TEXT_NAMED, .default_code = "unknown",
  },
};

static const char *const failure_categories[] = {
  "assignment_in_progress", "target_unavailable_before_acceptance", "acceptance_rejected", "processing_failed_or_expired",
  "reply_handle_stale", NULL,
};

const RbHttpRoute *
rb_http_route_of_call (RbUpstreamCall call)
{
  g_return_val_if_fail (call < RB_UPSTREAM_N_CALLS, NULL);
  return &calls[call];
}

const RbHttpRoute *
rb_http_route_of_event (RbEventKind kind)
{
  g_return_val_if_fail ((gsize) kind < G_N_ELEMENTS (events), NULL);
  return &events[kind];
}

gboolean
rb_http_route_succeeded (const RbHttpRoute *self,
                         guint              status)
{
  if (status == 404)
    return self->may_be_missing;

  switch (self->success)
    {
    case RB_HTTP_SUCCESS_2XX:
      return status >= 200 && status <= 299;
    case RB_HTTP_SUCCESS_200:
      return status == 200;
    case RB_HTTP_SUCCESS_200_201:
      return status == 200 || status == 201;
    case RB_HTTP_SUCCESS_204:
      return status == 204;
    }
  g_return_val_if_reached (FALSE);
}

static gboolean
is_terminal (const RbHttpRoute *self,
             guint              status)
{
  if (self->terminal == NULL)
    return status >= 400 && status < 500 && status != 408 && status != 429;
  for (guint i = 0; self->terminal[i] != 0; i++)
    if (self->terminal[i] == status)
      return TRUE;
  return FALSE;
}

static char *
peek_text (const RbJson *json,
           const char   *name)
{
  g_autofree char *text = json != NULL ? rb_json_peek_string (json, name) : NULL;

  return text != NULL && *text != '\0' ? rb_text_truncate (text, MAX_TEXT, NULL) : NULL;
}

static char *
join (const char *code,
      const char *message)
{
  if (code != NULL && message != NULL)
    return g_strconcat (code, ": ", message, NULL);
  return g_strdup (code != NULL ? code : message != NULL ? message : "");
}

static char *
make_text (const RbHttpRoute  *self,
           const RbHttpAnswer *answer,
           const char         *code,
           const char         *message)
{
  switch (self->text)
    {
    case RB_HTTP_TEXT_JOINED:
      return join (code, message);
    case RB_HTTP_TEXT_APART:
      return g_strdup (message != NULL ? message : "");
    case RB_HTTP_TEXT_NAMED:
      return g_strdup (message != NULL ? message : answer->phrase);
    case RB_HTTP_TEXT_WHOAMI:
      return g_strdup_printf ("whoami failed: %u", answer->status);
    }
  g_return_val_if_reached (NULL);
}

static void
add_status (GError     *error,
            guint       status,
            const char *code)
{
  rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  if (code != NULL)
    rb_error_add_detail (error, "code", g_variant_new_string (code));
}

static void
add_category (GError       *error,
              const RbJson *json)
{
  g_autofree char *category = json != NULL ? rb_json_peek_string (json, "assignment_failure_category") : NULL;

  if (category != NULL && g_strv_contains (failure_categories, category))
    rb_error_add_detail (error, "assignment_failure_category", g_variant_new_string (category));
}

/**
 * rb_http_route_refusal:
 * @self: a route
 * @answer: one whose status is no success; its body may be anything
 *
 * Source: protocol.md 14.2.
 *
 * Returns: (transfer full): what went wrong; the text is empty when the other side gave none
 */
GError *
rb_http_route_refusal (const RbHttpRoute  *self,
                       const RbHttpAnswer *answer)
{
  g_autoptr(RbJson) json = answer->body != NULL ? rb_json_parse_object (answer->body, 0, NULL) : NULL;
  g_autofree char *code = peek_text (json, "error");
  g_autofree char *message = peek_text (json, "message");
  g_autofree char *text = make_text (self, answer, code, message);
  gboolean terminal = is_terminal (self, answer->status);
  const char *said = code != NULL ? code : self->text == RB_HTTP_TEXT_NAMED ? self->default_code : NULL;
  GError *error = rb_error_new (terminal ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE, said, "%s", text);

  add_status (error, answer->status, said);
  add_category (error, json);
  if (!terminal && answer->retry_after_ms >= 0)
    rb_error_add_detail (error, "retry_after_ms", g_variant_new_int64 (answer->retry_after_ms));
  return error;
}

/**
 * rb_http_route_malformed:
 * @self: a route
 * @answer: one whose status is a success, but whose body is not what section 14 says
 *
 * Returns: (transfer full): %RB_ERROR_REJECTED
 */
GError *
rb_http_route_malformed (const RbHttpRoute  *self,
                         const RbHttpAnswer *answer)
{
  GError *error = rb_error_new (RB_ERROR_REJECTED, self->malformed_code, "%s",
                                self->malformed_text != NULL ? self->malformed_text : "invalid response");

  add_status (error, self->malformed_status != 0 ? self->malformed_status : answer->status, self->malformed_code);
  return error;
}

/**
 * rb_http_route_broken:
 * @self: a route
 * @answer: one whose status is a success, and whose body did not arrive
 *
 * A body that was too long makes no sense; one that was cut off may come whole the next time.
 *
 * Returns: (transfer full): an error
 */
GError *
rb_http_route_broken (const RbHttpRoute  *self,
                      const RbHttpAnswer *answer)
{
  if (g_error_matches (answer->broken, RB_ERROR, RB_ERROR_TOO_LARGE))
    return rb_http_route_malformed (self, answer);
  return g_error_copy (answer->broken);
}
