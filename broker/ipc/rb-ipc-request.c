/* rb-ipc-request.c: one request until it is answered, over HTTP, over a channel, or from within the process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-request.h"

#include "rb-error.h"
#include "rb-ipc-channel.h"
#include "rb-ipc-connection.h"
#include "rb-ipc-departure.h"
#include "rb-ipc-farewell.h"
#include "rb-ipc-rejection.h"
#include "rb-log.h"
#include "rb-outage-error.h"
#include "rb-wire-errors.h"
#include "rb-wire-requests.h"

#include <string.h>

/* Longer than any call of ours may take (30 s upstream) and than any hold (25 s): whoever is not answered by then never is. */
#define REQUEST_TIMEOUT_MS 60000
/* How long an answer may wait for its reader. */
#define ANSWER_TIMEOUT_MS 60000

struct _RbIpcRequest {
  guint              refs;
  RbIpcServer       *server;
  RbIpcConnection   *connection;   /* HTTP only */
  SoupServerMessage *message;      /* HTTP only; NULL once libsoup has let go of it */
  gulong             gone_handler;
  RbIpcChannel      *channel;      /* stream only; NULL once it closed */
  char              *id;           /* stream only */
  RbIpcAnswered      heard;        /* direct only; NULL once it was told, or nobody waits any more */
  gpointer           heard_data;

  char              *method;
  char              *target;
  gboolean           local;        /* came over the Unix socket */
  RbIpcAccess        access;
  const RbIpcRoute  *route;
  char              *parameter;
  RbCaller           caller;
  RbJson            *body;
  gsize              reserved;     /* bytes of the server's budget */

  RbIpcDeparture     departure;

  gboolean           running;      /* in the server's requests */
  gboolean           paused;
  gboolean           answered;
  gint64             deadline_us;
  GList              link;
};

static void arm_timer (RbIpcServer *server);

/* The list is in the order of the deadlines, because all wait equally long. One timer serves them all. */
static void
on_timer (gpointer user_data)
{
  RbIpcServer *server = user_data;
  gint64 now = rb_clock_get_monotonic_us (server->clock);

  server->request_timer = 0;
  while (!g_queue_is_empty (&server->requests))
    {
      RbIpcRequest *oldest = g_queue_peek_head (&server->requests);

      if (oldest->deadline_us > now)
        break;
      rb_log_warning ("ipc_request_timed_out", "method", oldest->method, "url", oldest->target, NULL);
      rb_ipc_request_fail_with (oldest, RB_ERROR_OUTCOME_UNKNOWN, "request_timed_out", FALSE,
                                "the broker gave up waiting; the outcome of this request is not known");
    }
  arm_timer (server);
}

static void
arm_timer (RbIpcServer *server)
{
  RbIpcRequest *oldest = g_queue_peek_head (&server->requests);
  gint64 delay_us;

  if (oldest == NULL)
    {
      rb_clock_clear (server->clock, &server->request_timer);
      return;
    }
  if (server->request_timer != 0)
    return;
  delay_us = oldest->deadline_us - rb_clock_get_monotonic_us (server->clock);
  server->request_timer = rb_clock_add (server->clock, MAX (delay_us / 1000 + 1, 0), on_timer, server);
}

static void
start_waiting (RbIpcRequest *self)
{
  self->running = TRUE;
  self->deadline_us = rb_clock_get_monotonic_us (self->server->clock) + REQUEST_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
  self->link.data = self;
  g_queue_push_tail_link (&self->server->requests, &self->link);
  rb_bounds_note (self->server->bounds, RB_IPC_BOUND_REQUESTS, MIN (self->server->requests.length, self->server->options.requests_max));
  arm_timer (self->server);
}

static void
stop_waiting (RbIpcRequest *self)
{
  rb_ipc_departure_stop (&self->departure);
  self->server->input.used -= self->reserved;
  self->reserved = 0;
  if (!self->running)
    return;
  self->running = FALSE;
  g_queue_unlink (&self->server->requests, &self->link);
  arm_timer (self->server);
}

/* The connection ended. Nobody waits for the answer, and libsoup would not take it. */
static void
on_message_gone (SoupServerMessage *message,
                 gpointer           user_data)
{
  RbIpcRequest *self = user_data;

  g_clear_signal_handler (&self->gone_handler, message);
  g_clear_object (&self->message);
  rb_ipc_departure_happened (&self->departure);
}

static const char *
first_header (SoupMessageHeaders *headers,
              const char         *wanted)
{
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, wanted) == 0)
      return value;
  return NULL;
}

static RbIpcRequest *
request_new (RbIpcServer *server,
             const char  *method,
             const char  *target,
             gboolean     local)
{
  RbIpcRequest *self = g_new0 (RbIpcRequest, 1);

  self->refs = 1;
  self->server = g_object_ref (server);
  self->method = g_strdup (method);
  self->target = g_strdup (target);
  self->local = local;
  self->access = local ? RB_IPC_ACCESS_LOCAL : RB_IPC_ACCESS_ADAPTER;
  rb_ipc_departure_init (&self->departure);
  return self;
}

RbIpcRequest *
rb_ipc_request_new_http (RbIpcServer       *server,
                         RbIpcConnection   *connection,
                         SoupServerMessage *message,
                         const char        *target)
{
  RbIpcRequest *self = request_new (server, soup_server_message_get_method (message), target, connection->local);

  self->connection = rb_ipc_connection_ref (connection);
  self->message = g_object_ref (message);
  self->gone_handler = g_signal_connect (message, "disconnected", G_CALLBACK (on_message_gone), self);
  self->caller.kernel = connection->local;
  self->caller.pid = connection->local
                       ? connection->pid
                       : rb_wire_parse_pid_header (first_header (soup_server_message_get_request_headers (message), "x-plugin-pid"));
  return self;
}

RbIpcRequest *
rb_ipc_request_new_stream (RbIpcServer  *server,
                           RbIpcChannel *channel,
                           const char   *id,
                           const char   *method,
                           const char   *target)
{
  RbIpcRequest *self = request_new (server, method, target, rb_ipc_channel_is_local (channel));

  self->channel = channel;
  self->id = g_strdup (id);
  self->caller.kernel = self->local;
  self->caller.pid = rb_channel_get_pid (RB_CHANNEL (channel));
  return self;
}

RbIpcRequest *
rb_ipc_request_new_direct (RbIpcServer    *server,
                           const RbCaller *caller,
                           const char     *method,
                           const char     *target,
                           RbIpcAnswered   heard,
                           gpointer        user_data)
{
  RbIpcRequest *self = request_new (server, method, target, caller->kernel);

  self->caller = *caller;
  self->heard = heard;
  self->heard_data = user_data;
  return self;
}

void
rb_ipc_request_abandon (RbIpcRequest *self)
{
  self->heard = NULL;
  rb_ipc_departure_happened (&self->departure);
}

RbIpcRequest *
rb_ipc_request_ref (RbIpcRequest *self)
{
  self->refs++;
  return self;
}

static void
release_message (RbIpcRequest *self)
{
  if (self->message == NULL)
    return;
  g_clear_signal_handler (&self->gone_handler, self->message);
  g_clear_object (&self->message);
}

void
rb_ipc_request_unref (RbIpcRequest *self)
{
  if (self->refs > 1)
    {
      self->refs--;
      return;
    }

  if (self->running && !self->answered)
    rb_ipc_request_fail_with (self, RB_ERROR_INTERNAL, "internal_error", FALSE, "the request was forgotten");
  stop_waiting (self);
  rb_ipc_departure_clear (&self->departure);
  release_message (self);
  g_clear_pointer (&self->connection, rb_ipc_connection_unref);
  g_clear_pointer (&self->body, rb_json_unref);
  g_free (self->id);
  g_free (self->method);
  g_free (self->target);
  g_free (self->parameter);
  g_object_unref (self->server);
  g_free (self);
}

/* Answering. */

/* While the server ends there may be no further turn of the loop in which libsoup could write. */
static void
answer_directly (RbIpcRequest *self,
                 guint         status,
                 const char   *allow,
                 GBytes       *body)
{
  g_autofree char *extra = allow != NULL ? g_strdup_printf ("Allow: %s\r\n", allow) : NULL;
  g_autoptr(GBytes) response = rb_ipc_farewell_json (status, extra, body);
  g_autoptr(SoupServerMessage) message = g_steal_pointer (&self->message);

  g_clear_signal_handler (&self->gone_handler, message);
  rb_ipc_farewell_say (self->connection, message, response);
}

/* Before the whole request is read libsoup would go on reading, however long it is, and answer then. */
static gboolean
must_hurry (RbIpcRequest *self)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (self->message);

  if (self->server->draining)
    return TRUE;
  if (self->running)
    return FALSE;
  return soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED
         || soup_message_headers_get_content_length (headers) > 0 || soup_message_headers_get_expectations (headers) != 0;
}

static void
answer_http (RbIpcRequest *self,
             guint         status,
             const char   *allow,
             GBytes       *body)
{
  SoupMessageHeaders *headers;

  if (self->message == NULL)
    return;
  if (must_hurry (self))
    {
      answer_directly (self, status, allow, body);
      return;
    }

  headers = soup_server_message_get_response_headers (self->message);
  soup_server_message_set_status (self->message, status, NULL);
  if (soup_message_headers_get_one (headers, "Content-Type") == NULL)
    soup_message_headers_replace (headers, "Content-Type", RB_IPC_JSON_TYPE);
  if (allow != NULL)
    soup_message_headers_replace (headers, "Allow", allow);
  if (g_bytes_get_size (body) > 0)
    soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), body);
  rb_ipc_connection_expect (self->connection, ANSWER_TIMEOUT_MS);
  if (self->paused)
    soup_server_message_unpause (self->message);
  release_message (self);
}

static void
answer_direct (RbIpcRequest *self,
               guint         status,
               GBytes       *body)
{
  RbIpcAnswered heard = self->heard;

  self->heard = NULL;
  if (heard != NULL)
    heard (status, body, self->heard_data);
}

static void
answer (RbIpcRequest *self,
        guint         status,
        const char   *allow,
        GBytes       *body)
{
  if (!self->answered)
    {
      self->answered = TRUE;
      if (self->connection != NULL)
        answer_http (self, status, allow, body);
      else if (self->channel != NULL)
        rb_ipc_channel_respond (self->channel, self->id, status, body);
      else
        answer_direct (self, status, body);
      stop_waiting (self);
    }
  g_bytes_unref (body);
}

void
rb_ipc_request_answer (RbIpcRequest *self,
                       guint         status,
                       GBytes       *body)
{
  answer (self, status, NULL, body);
}

void
rb_ipc_request_fail (RbIpcRequest *self,
                     const GError *error)
{
  guint status = rb_wire_error_status (error);

  if (self->answered)
    return;
  rb_ipc_rejection_log (self->method, self->target, status, rb_wire_error_code (error), error->message,
                        error->domain == RB_ERROR ? rb_error_get_details (error) : NULL);
  answer (self, status, NULL, rb_wire_error_body (error));
}

void
rb_ipc_request_fail_with (RbIpcRequest *self,
                          RbError       code,
                          const char   *reason,
                          gboolean      retryable,
                          const char   *text)
{
  g_autoptr(GError) error = rb_error_new (code, reason, "%s", text);

  if (code != RB_ERROR_INVALID && code != RB_ERROR_TOO_LARGE && code != RB_ERROR_INTERNAL && code != RB_ERROR_FORBIDDEN)
    rb_error_set_retryable (error, retryable);
  rb_ipc_request_fail (self, error);
}

void
rb_ipc_request_refuse (RbIpcRequest *self,
                       guint         status,
                       const char   *code,
                       const char   *allow)
{
  if (self->answered)
    return;
  rb_ipc_rejection_log (self->method, self->target, status, code, NULL, NULL);
  answer (self, status, allow, rb_wire_refusal_body (code, status == 401 ? NULL : self->target));
}

/* Running. */

void
rb_ipc_request_set_access (RbIpcRequest *self,
                           RbIpcAccess   access)
{
  self->access = access;
}

void
rb_ipc_request_set_header (RbIpcRequest *self,
                           const char   *name,
                           const char   *value)
{
  if (self->message != NULL)
    soup_message_headers_replace (soup_server_message_get_response_headers (self->message), name, value);
}

gboolean
rb_ipc_request_route (RbIpcRequest *self)
{
  g_autofree char *allow = NULL;
  g_autoptr(GError) error = NULL;

  if (self->server->draining)
    {
      rb_ipc_request_fail_with (self, RB_ERROR_UNAVAILABLE, "broker_shutting_down", TRUE, "the broker is shutting down");
      return FALSE;
    }

  self->route = rb_ipc_route_find (self->method, self->target, self->access, &self->parameter, &allow, &error);
  if (self->route != NULL)
    {
      self->caller.operator_ = (self->route->flags & RB_IPC_ROUTE_OPERATOR) != 0;
      return TRUE;
    }
  if (error != NULL)
    rb_ipc_request_fail (self, error);
  else if (allow != NULL)
    rb_ipc_request_refuse (self, 405, "method_not_allowed", allow);
  else
    rb_ipc_request_refuse (self, 404, "not_found", NULL);
  return FALSE;
}

static gboolean
read_body (RbIpcRequest *self,
           GBytes       *body)
{
  g_autoptr(GError) error = NULL;

  if (body != NULL && g_bytes_get_size (body) > self->server->options.body_max)
    {
      rb_bounds_reached (self->server->bounds, RB_IPC_BOUND_BODY);
      rb_ipc_request_fail_with (self, RB_ERROR_TOO_LARGE, "body_too_large", FALSE, "request body too large");
      return FALSE;
    }
  if ((self->route->flags & RB_IPC_ROUTE_BODY) == 0)
    return TRUE;
  if (body != NULL)
    rb_bounds_note (self->server->bounds, RB_IPC_BOUND_BODY, g_bytes_get_size (body));
  if (body != NULL && !rb_ipc_request_reserve (self, g_bytes_get_size (body)))
    return FALSE;

  self->body = rb_wire_parse_body (body, 0, &error);
  if (self->body == NULL)
    rb_ipc_request_fail (self, error);
  return self->body != NULL;
}

static void
fail_busy (RbIpcRequest *self,
           RbIpcBound    bound,
           const char   *text)
{
  rb_bounds_reached (self->server->bounds, bound);
  rb_ipc_request_fail_with (self, RB_ERROR_UNAVAILABLE, "broker_busy", TRUE, text);
}

gboolean
rb_ipc_request_reserve (RbIpcRequest *self,
                        gsize         size_bytes)
{
  RbWsBudget *input = &self->server->input;
  gsize more = size_bytes - MIN (size_bytes, self->reserved);

  if (more > input->max - MIN (input->used, input->max) && !self->caller.operator_)
    {
      fail_busy (self, RB_IPC_BOUND_INPUT, "too many bytes of requests are at work");
      return FALSE;
    }
  input->used += more;
  self->reserved += more;
  rb_bounds_note (self->server->bounds, RB_IPC_BOUND_INPUT, input->used);
  return TRUE;
}

/* Our own list has it already. */
static gboolean
has_place (RbIpcRequest *self)
{
  if (self->server->requests.length <= self->server->options.requests_max || self->caller.operator_)
    return TRUE;
  fail_busy (self, RB_IPC_BOUND_REQUESTS, "too many requests are at work");
  return FALSE;
}

void
rb_ipc_request_run (RbIpcRequest *self,
                    GBytes       *body)
{
  g_autoptr(RbIpcRequest) keep = rb_ipc_request_ref (self);

  start_waiting (self);
  if (has_place (self) && read_body (self, body))
    self->route->handler (self);

  if (!self->answered && self->message != NULL)
    {
      self->paused = TRUE;
      soup_server_message_pause (self->message);
    }
}

const RbIpcRoute *
rb_ipc_request_get_route (RbIpcRequest *self)
{
  return self->route;
}

RbIpcServer *
rb_ipc_request_get_server (RbIpcRequest *self)
{
  return self->server;
}

RbCore *
rb_ipc_request_get_core (RbIpcRequest *self)
{
  return self->server->core;
}

const RbCaller *
rb_ipc_request_get_caller (RbIpcRequest *self)
{
  return &self->caller;
}

const RbJson *
rb_ipc_request_get_body (RbIpcRequest *self)
{
  return self->body;
}

const char *
rb_ipc_request_get_parameter (RbIpcRequest *self)
{
  return self->parameter;
}

const char *
rb_ipc_request_get_target (RbIpcRequest *self)
{
  return self->target;
}

GCancellable *
rb_ipc_request_watch_client (RbIpcRequest *self)
{
  gboolean is_watched = self->departure.gone != NULL;
  GCancellable *gone = rb_ipc_departure_get (&self->departure);

  if (is_watched)
    return gone;
  if (self->message == NULL && self->channel == NULL && self->heard == NULL)
    g_cancellable_cancel (gone);
  else if (self->message != NULL && self->connection->stream != NULL)
    rb_ipc_departure_watch_socket (&self->departure, self->server->poller, g_socket_connection_get_socket (self->connection->stream));
  return gone;
}

const char *
rb_ipc_request_get_header (RbIpcRequest *self,
                           const char   *name)
{
  return self->message != NULL ? first_header (soup_server_message_get_request_headers (self->message), name) : NULL;
}

gboolean
rb_ipc_request_is_answered (RbIpcRequest *self)
{
  return self->answered;
}

void
rb_ipc_requests_fail_all (RbIpcServer *server)
{
  while (!g_queue_is_empty (&server->requests))
    rb_ipc_request_fail_with (g_queue_peek_head (&server->requests), RB_ERROR_UNAVAILABLE, "broker_shutting_down", TRUE,
                              "the broker is shutting down");
}

static gboolean
is_stuck (const RbIpcRequest *self)
{
  gint64 begun_us = self->deadline_us - REQUEST_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;

  return self->route != NULL && (self->route->flags & RB_IPC_ROUTE_PATIENT) == 0 &&
         rb_clock_get_monotonic_us (self->server->clock) - begun_us >= RB_OUTAGE_MS * G_TIME_SPAN_MILLISECOND;
}

static void
fail_stuck (RbIpcRequest *self,
            const char   *why)
{
  gboolean is_repeatable = g_str_equal (self->method, "GET") || (self->route->flags & RB_IPC_ROUTE_ONCE) != 0;
  g_autoptr(GError) error = rb_outage_error_new (why, is_repeatable ? RB_OUTAGE_REPEATABLE : RB_OUTAGE_UNKNOWN);

  rb_ipc_request_fail (self, error);
}

/* An answer takes its request out of the list, and nobody else's. */
void
rb_ipc_requests_fail_stuck (RbIpcServer *server,
                            const char  *why)
{
  GList *next;

  for (GList *item = server->requests.head; item != NULL; item = next)
    {
      RbIpcRequest *request = item->data;

      next = item->next;
      if (is_stuck (request))
        fail_stuck (request, why);
    }
}

void
rb_ipc_requests_forget (RbIpcServer  *server,
                        RbIpcChannel *channel)
{
  for (GList *item = server->requests.head; item != NULL; item = item->next)
    {
      RbIpcRequest *request = item->data;

      if (request->channel != channel)
        continue;
      request->channel = NULL;
      rb_ipc_departure_happened (&request->departure);
    }
}
