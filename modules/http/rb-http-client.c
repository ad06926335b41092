/* rb-http-client.c: the seam to the HTTP library, over libsoup
 *
 * A request is an Exchange: its task sits in the table of those that somebody waits for until the first of answer, failure,
 * deadline, cancellation and stop takes it out. What libsoup says later finds no task and only lets go of the rest.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-client.h"

#include "rb-error.h"

#include <libsoup/soup.h>
#include <string.h>

#define CHUNK_BYTES (32 * 1024)

struct _RbHttpClient {
  grefcount    ref_count;
  SoupSession *session;
  RbClock     *clock;
  char        *base;
  char        *authorization;
  GHashTable  *running;         /* set of Exchange, each owned */
  RbBounds    *bounds;          /* NULL: nobody counts */
  guint        bound;           /* of the answers */
  gboolean     is_stopped;
};

typedef struct {
  grefcount     ref_count;      /* the table has one, an operation of libsoup another */
  RbHttpClient *client;         /* as long as there is a task */
  GTask        *task;           /* NULL once it was returned */
  SoupMessage  *message;
  GCancellable *inner;          /* of libsoup's operations */
  GSource      *outer;          /* watches the caller's cancellable; may be NULL */
  guint64       deadline;
  gint64        timeout_ms;
  gboolean      wants_stream;
  RbHttpAnswer *answer;         /* once the headers are here */
  GInputStream *stream;
  GByteArray   *body;
} Exchange;

static void read_more (Exchange *self);

static Exchange *
exchange_ref (Exchange *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
exchange_unref (Exchange *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_assert (self->task == NULL);
  g_clear_object (&self->stream);
  g_clear_object (&self->message);
  g_clear_object (&self->inner);
  g_clear_pointer (&self->answer, rb_http_answer_free);
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Exchange, exchange_unref)

/* Nobody else returns a task; NULL when it was returned before. */
static GTask *
take_task (Exchange *self)
{
  g_autoptr(RbHttpClient) client = g_steal_pointer (&self->client);
  GTask *task = g_steal_pointer (&self->task);

  if (task == NULL)
    return NULL;

  rb_clock_clear (client->clock, &self->deadline);
  if (self->outer != NULL)
    g_source_destroy (self->outer);
  g_clear_pointer (&self->outer, g_source_unref);
  g_hash_table_remove (client->running, self);
  return task;
}

static void
succeed (Exchange *self)
{
  g_autoptr(GTask) task = take_task (self);

  if (task != NULL)
    g_task_return_pointer (task, g_steal_pointer (&self->answer), (GDestroyNotify) rb_http_answer_free);
}

/* A status that is known decides, also when the body cannot be had: the caller sees both. A body that was kept is whole. */
static void
fail (Exchange *self,
      GError   *error)
{
  if (self->answer != NULL && error->domain == RB_ERROR && self->task != NULL)
    {
      if (self->answer->body == NULL && self->answer->broken == NULL)
        self->answer->broken = error;
      else
        g_error_free (error);
      succeed (self);
    }
  else
    {
      g_autoptr(GTask) task = take_task (self);

      if (task != NULL)
        g_task_return_error (task, error);
      else
        g_error_free (error);
    }
}

static void
abandon (Exchange *self,
         GError   *error)
{
  g_autoptr(Exchange) kept = exchange_ref (self);

  fail (self, error);
  g_cancellable_cancel (kept->inner);
}

static void
on_deadline (gpointer user_data)
{
  Exchange *self = user_data;

  self->deadline = 0;
  abandon (self, rb_error_new (RB_ERROR_TIMED_OUT, NULL, "network timeout: timed out after %" G_GINT64_FORMAT "ms", self->timeout_ms));
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  abandon (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The request was cancelled"));
  return G_SOURCE_REMOVE;
}

static const struct {
  GTlsCertificateFlags  flag;
  const char           *text;
} certificate_errors[] = {
  { G_TLS_CERTIFICATE_UNKNOWN_CA, "its issuer is not trusted" },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another host" },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet (is the clock right?)" },
  { G_TLS_CERTIFICATE_EXPIRED, "it has expired (is the clock right?)" },
  { G_TLS_CERTIFICATE_REVOKED, "it was revoked" },
  { G_TLS_CERTIFICATE_INSECURE, "its algorithm is not secure" },
  { G_TLS_CERTIFICATE_GENERIC_ERROR, "it cannot be checked" },
};

static char *
describe_certificate (SoupMessage *message)
{
  GTlsCertificateFlags flags = soup_message_get_tls_peer_certificate_errors (message);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (certificate_errors); i++)
    if ((flags & certificate_errors[i].flag) != 0)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", certificate_errors[i].text);
  return g_string_free (text, FALSE);
}

/* Source: protocol.md 14.1, failure texts. */
static GError *
error_from_transport (const Exchange *self,
                      const GError   *cause)
{
  g_autofree char *certificate = NULL;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return rb_error_new (RB_ERROR_TIMED_OUT, NULL, "network timeout: %s", cause->message);
  if (!g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "network network: %s", cause->message);

  certificate = describe_certificate (self->message);
  return rb_error_new (RB_ERROR_UNAVAILABLE, "bad_certificate", "network network: the certificate of '%s' was refused: %s",
                       g_uri_get_host (soup_message_get_uri (self->message)),
                       *certificate != '\0' ? certificate : cause->message);
}

static void
keep_body (Exchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  g_autoptr(GBytes) body = g_byte_array_free_to_bytes (g_steal_pointer (&self->body));

  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED && rb_http_body_is_cut (body))
    self->answer->broken = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "network network: the answer was cut off");
  else
    self->answer->body = g_steal_pointer (&body);
}

/* Only now the connection is free for the next request, so the caller hears of it after that. */
static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(Exchange) self = user_data;

  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
  if (self->task != NULL)
    succeed (self);
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(Exchange) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (self->task == NULL)
    return;
  if (bytes == NULL)
    {
      fail (self, error_from_transport (self, error));
      return;
    }
  if (g_bytes_get_size (bytes) == 0)
    {
      keep_body (self);
      g_input_stream_close_async (self->stream, G_PRIORITY_DEFAULT, self->inner, on_closed, exchange_ref (self));
      return;
    }
  if (self->body->len + g_bytes_get_size (bytes) > RB_HTTP_MAX_BODY)
    {
      rb_bounds_reached (self->client->bounds, self->client->bound);
      abandon (self, rb_error_new (RB_ERROR_TOO_LARGE, NULL, "the answer is longer than %d bytes", RB_HTTP_MAX_BODY));
      return;
    }

  g_byte_array_append (self->body, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  rb_bounds_note (self->client->bounds, self->client->bound, self->body->len);
  read_more (self);
}

static void
read_more (Exchange *self)
{
  g_input_stream_read_bytes_async (self->stream, CHUNK_BYTES, G_PRIORITY_DEFAULT, self->inner, on_read, exchange_ref (self));
}

static void
keep_headers (Exchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);

  self->answer = rb_http_answer_new (soup_message_get_status (self->message), soup_message_get_reason_phrase (self->message));
  self->answer->retry_after_ms = rb_http_retry_after (soup_message_headers_get_one (headers, "Retry-After"),
                                                      rb_clock_get_wall_ms (self->client->clock));
  self->answer->ahead_ms = rb_http_clock_ahead (soup_message_headers_get_one (headers, "Date"), rb_clock_get_wall_ms (self->client->clock));
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(Exchange) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GInputStream) stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (self->task == NULL)
    return;
  if (stream == NULL)
    {
      fail (self, error_from_transport (self, error));
      return;
    }

  keep_headers (self);
  if (self->wants_stream && SOUP_STATUS_IS_SUCCESSFUL (self->answer->status))
    {
      self->answer->stream = g_steal_pointer (&stream);
      succeed (self);
      return;
    }

  self->stream = g_steal_pointer (&stream);
  self->body = g_byte_array_new ();
  read_more (self);
}

/* libsoup takes a 204 without Content-Length for one whose body ends with the connection, and drops the connection. */
static void
on_got_headers (SoupMessage *message,
                gpointer     user_data)
{
  if (soup_message_get_status (message) == SOUP_STATUS_NO_CONTENT)
    soup_message_headers_set_content_length (soup_message_get_response_headers (message), 0);
}

static SoupMessage *
new_message (RbHttpClient *self,
             const char   *method,
             const char   *path)
{
  g_autofree char *uri = g_strconcat (self->base, path, NULL);
  SoupMessage *message = soup_message_new (method, uri);

  if (message == NULL)
    return NULL;
  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", self->authorization);
  /* A 401 is an answer like any other, and the token goes to nobody else. Our calls carry idempotency ids: without the flag each
   * POST would open a connection of its own. */
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers), NULL);
  return message;
}

static void
watch_cancellable (Exchange     *self,
                   GCancellable *cancellable)
{
  if (cancellable == NULL)
    return;
  self->outer = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->outer, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->outer, g_task_get_context (self->task));
}

static GError *
why_not_now (RbHttpClient *self,
             SoupMessage  *message)
{
  if (self->is_stopped)
    return rb_error_new (RB_ERROR_UNAVAILABLE, "stopped", "network network: the http module is stopping");
  if (message == NULL)
    return rb_error_new (RB_ERROR_INVALID, NULL, "network network: this is no address for a request");
  return NULL;
}

/* @message is taken */
static void
start_exchange (RbHttpClient        *client,
                SoupMessage         *message,
                gboolean             wants_stream,
                gint64               timeout_ms,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  g_autoptr(SoupMessage) owned = message;
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = why_not_now (client, message);
  Exchange *self;

  g_task_set_source_tag (task, start_exchange);
  g_task_set_check_cancellable (task, FALSE);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Exchange, 1);
  g_ref_count_init (&self->ref_count);
  self->client = rb_http_client_ref (client);
  self->task = g_steal_pointer (&task);
  self->message = g_steal_pointer (&owned);
  self->inner = g_cancellable_new ();
  self->wants_stream = wants_stream;
  self->timeout_ms = timeout_ms;
  self->deadline = rb_clock_add (client->clock, timeout_ms, on_deadline, self);
  watch_cancellable (self, cancellable);
  g_hash_table_add (client->running, self);
  soup_session_send_async (client->session, self->message, G_PRIORITY_DEFAULT, self->inner, on_sent, exchange_ref (self));
}

static gboolean
is_loopback (const char *base)
{
  g_autoptr(GUri) uri = g_uri_parse (base, G_URI_FLAGS_NONE, NULL);
  const char *host = g_uri_get_host (uri);
  g_autoptr(GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address)
                         : g_ascii_strcasecmp (host, "localhost") == 0 || g_str_has_suffix (host, ".localhost");
}

static GProxyResolver *
choose_proxy (const RbHttpSettings *settings)
{
  if (is_loopback (settings->base) || g_str_equal (settings->proxy, "none"))
    return g_simple_proxy_resolver_new (NULL, NULL);
  if (g_str_equal (settings->proxy, "auto"))
    return g_object_ref (g_proxy_resolver_get_default ());
  return g_simple_proxy_resolver_new (settings->proxy, NULL);
}

static SoupSession *
new_session (const RbHttpSettings *settings)
{
  g_autoptr(GProxyResolver) proxy = choose_proxy (settings);
  /* One more for the event stream, which stays. */
  SoupSession *session = soup_session_new_with_options ("proxy-resolver", proxy,
                                                        "max-conns", settings->connections + 1,
                                                        "max-conns-per-host", settings->connections + 1,
                                                        "timeout", 0,
                                                        "user-agent", "runtime-broker/" RB_VERSION,
                                                        NULL);

  /* Answers are small, and an event must not wait in a decoder. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

/**
 * rb_http_client_new:
 * @settings: checked settings; not kept
 * @clock: runs the deadlines
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting" if the file of certificates cannot be read.
 *
 * Returns: (transfer full) (nullable): a new client; it connects when there is something to ask
 */
RbHttpClient *
rb_http_client_new (const RbHttpSettings  *settings,
                    RbClock               *clock,
                    GError               **error)
{
  g_autoptr(RbHttpClient) self = g_new0 (RbHttpClient, 1);

  g_ref_count_init (&self->ref_count);
  self->running = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) exchange_unref, NULL);
  self->clock = g_object_ref (clock);
  self->base = g_strdup (settings->base);
  self->authorization = g_strconcat ("Bearer ", settings->token, NULL);
  self->session = new_session (settings);
  if (settings->ca_file != NULL)
    {
      g_autoptr(GError) cause = NULL;
      g_autoptr(GTlsDatabase) database = g_tls_file_database_new (settings->ca_file, &cause);

      if (database == NULL)
        {
          rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[http] ca-file: '%s': %s", settings->ca_file, cause->message);
          return NULL;
        }
      soup_session_set_tls_database (self->session, database);
    }
  return g_steal_pointer (&self);
}

void
rb_http_client_set_bounds (RbHttpClient *self,
                           RbBounds     *bounds,
                           guint         which)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->bounds, rb_bounds_unref);
  self->bounds = bounds != NULL ? rb_bounds_ref (bounds) : NULL;
  self->bound = which;
  rb_bounds_set_limit (bounds, which, RB_HTTP_MAX_BODY);
}

RbHttpClient *
rb_http_client_ref (RbHttpClient *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_http_client_unref (RbHttpClient *self)
{
  g_return_if_fail (self != NULL);

  if (!g_ref_count_dec (&self->ref_count))
    return;

  /* Each exchange in the table has a reference, so none is left. */
  g_hash_table_unref (self->running);
  g_clear_pointer (&self->bounds, rb_bounds_unref);
  g_clear_object (&self->session);
  g_clear_object (&self->clock);
  g_free (self->base);
  g_free (self->authorization);
  g_free (self);
}

/**
 * rb_http_client_stop:
 * @self: a client
 *
 * Ends every request in flight with %RB_ERROR_UNAVAILABLE, and refuses those that come later. A stream that was handed out is its
 * owner's to close.
 */
void
rb_http_client_stop (RbHttpClient *self)
{
  g_autoptr(RbHttpClient) kept = NULL;
  g_autofree gpointer *exchanges = NULL;
  guint n = 0;

  g_return_if_fail (self != NULL);

  /* A callback may drop the last reference but this. */
  kept = rb_http_client_ref (self);
  self->is_stopped = TRUE;
  exchanges = g_hash_table_get_keys_as_array (self->running, &n);
  for (guint i = 0; i < n; i++)
    exchange_ref (exchanges[i]);
  for (guint i = 0; i < n; i++)
    {
      Exchange *exchange = exchanges[i];

      abandon (exchange, why_not_now (self, exchange->message));
      exchange_unref (exchange);
    }
  soup_session_abort (self->session);
}

guint
rb_http_client_get_n_running (RbHttpClient *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return g_hash_table_size (self->running);
}

/**
 * rb_http_client_request_async:
 * @self: a client
 * @method: GET, POST or DELETE
 * @path: what follows the base, starting with a slash, encoded; may have a query
 * @body: (nullable): JSON text
 * @timeout_ms: for the whole exchange, the body of the answer included; above 0
 * @cancellable: (nullable): ends it at once with %G_IO_ERROR_CANCELLED
 * @callback: called when the answer is here
 * @user_data: for @callback
 *
 * One request. Redirects are not followed. Fails with %RB_ERROR_TIMED_OUT or %RB_ERROR_UNAVAILABLE when there was no answer, with the
 * texts of protocol.md 14.1.
 */
void
rb_http_client_request_async (RbHttpClient        *self,
                              const char          *method,
                              const char          *path,
                              GBytes              *body,
                              gint64               timeout_ms,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  SoupMessage *message;

  g_return_if_fail (self != NULL);
  g_return_if_fail (timeout_ms > 0);

  message = new_message (self, method, path);
  if (message != NULL && body != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json", body);
  start_exchange (self, message, FALSE, timeout_ms, cancellable, callback, user_data);
}

RbHttpAnswer *
rb_http_client_request_finish (GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, start_exchange), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * rb_http_client_open_async:
 * @self: a client
 * @path: as for rb_http_client_request_async()
 * @last_event_id: (nullable): the last event that was seen
 * @timeout_ms: until the headers are here; above 0
 * @cancellable: (nullable): as for rb_http_client_request_async()
 * @callback: called when the headers are here
 * @user_data: for @callback
 *
 * Opens a stream of server-sent events. Source: protocol.md 15.1.
 */
void
rb_http_client_open_async (RbHttpClient        *self,
                           const char          *path,
                           const char          *last_event_id,
                           gint64               timeout_ms,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  SoupMessage *message;

  g_return_if_fail (self != NULL);
  g_return_if_fail (timeout_ms > 0);

  message = new_message (self, "GET", path);
  if (message != NULL)
    {
      SoupMessageHeaders *headers = soup_message_get_request_headers (message);

      soup_message_headers_replace (headers, "Accept", "text/event-stream");
      if (last_event_id != NULL)
        soup_message_headers_replace (headers, "Last-Event-ID", last_event_id);
    }
  start_exchange (self, message, TRUE, timeout_ms, cancellable, callback, user_data);
}

RbHttpAnswer *
rb_http_client_open_finish (GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, start_exchange), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
