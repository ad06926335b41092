/* rb-client-http.c: requests to one broker, over its Unix socket or loopback
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-http.h"

#include "rb-client-failure.h"
#include "rb-error.h"

#include <glib/gi18n-lib.h>
#include <gio/gunixsocketaddress.h>

/* Our own broker of the same user: the limit only keeps a mistake from eating the memory. */
#define ANSWER_MAX (64 * 1024 * 1024)
#define MAX_CONNECTIONS 16

struct _RbClientHttp {
  GObject       parent_instance;

  RbClientSite *site;
  gint64        pid;
  RbClock      *clock;
  SoupSession  *session;
};

/* The data of a call's task. The exchange has a cancellable of its own, so that the deadline can end it too. */
typedef struct {
  SoupMessage  *message;
  char         *path;
  RbClock      *clock;
  guint64       deadline;      /* timer id */
  gboolean      timed_out;
  gboolean      repeatable;
  GCancellable *exchange;
  GSource      *cancelled;     /* (nullable) watches the caller's cancellable */
} Call;

G_DEFINE_FINAL_TYPE (RbClientHttp, rb_client_http, G_TYPE_OBJECT)

static void
call_free (Call *call)
{
  rb_clock_clear (call->clock, &call->deadline);
  if (call->cancelled != NULL)
    g_source_destroy (call->cancelled);
  g_clear_pointer (&call->cancelled, g_source_unref);
  g_clear_object (&call->exchange);
  g_clear_object (&call->clock);
  g_clear_object (&call->message);
  g_free (call->path);
  g_free (call);
}

static void
on_deadline (gpointer user_data)
{
  Call *call = user_data;

  call->deadline = 0;
  call->timed_out = TRUE;
  g_cancellable_cancel (call->exchange);
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  Call *call = user_data;

  g_cancellable_cancel (call->exchange);
  return G_SOURCE_REMOVE;
}

static RbJson *
parse_answer (GBytes  *body,
              GError **error)
{
  g_autoptr(GBytes) mended = rb_json_mend (body);
  g_autoptr(GBytes) empty = NULL;

  if (g_bytes_get_size (mended) > 0)
    return rb_json_parse (mended, ANSWER_MAX, error);

  empty = g_bytes_new_static ("{}", 2);
  return rb_json_parse (empty, 0, error);
}

static GError *
error_from_exchange (Call         *call,
                     const GError *cause)
{
  if (call->timed_out)
    return rb_error_new (RB_ERROR_TIMED_OUT, "broker_timed_out", _ ("the broker did not answer '%s' in time"), call->path);
  return rb_client_error_from_transport (cause, call->repeatable);
}

static void
return_answer (GTask  *task,
               Call   *call,
               GBytes *body)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) json = parse_answer (body, &error);
  guint status = soup_message_get_status (call->message);

  if (status < 200 || status > 299)
    g_task_return_error (task, rb_client_error_from_answer (status, json, soup_message_get_method (call->message), call->path));
  else if (json == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, g_steal_pointer (&json), (GDestroyNotify) rb_json_unref);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  Call *call = g_task_get_task_data (task);
  g_autoptr(GBytes) body = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);

  if (body != NULL)
    return_answer (task, call, body);
  else
    g_task_return_error (task, error_from_exchange (call, error));
}

static void
watch_cancellable (GTask *task,
                   Call  *call)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable == NULL)
    return;
  call->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (call->cancelled, G_SOURCE_FUNC (on_cancelled), call, NULL);
  g_source_attach (call->cancelled, g_task_get_context (task));
}

static void
rb_client_http_finalize (GObject *object)
{
  RbClientHttp *self = RB_CLIENT_HTTP (object);

  rb_client_site_free (self->site);
  g_clear_object (&self->clock);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (rb_client_http_parent_class)->finalize (object);
}

static void
rb_client_http_class_init (RbClientHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_client_http_finalize;
}

static void
rb_client_http_init (RbClientHttp *self)
{
}

RbClientHttp *
rb_client_http_new (const RbClientSite *site,
                    gint64              pid,
                    RbClock            *clock)
{
  RbClientHttp *self = g_object_new (RB_TYPE_CLIENT_HTTP, NULL);
  /* Never through a proxy of the desktop: this is loopback. */
  g_autoptr(GProxyResolver) direct = g_simple_proxy_resolver_new (NULL, NULL);
  g_autoptr(GSocketAddress) address = NULL;

  g_return_val_if_fail (site != NULL && site->url != NULL, NULL);

  self->site = rb_client_site_copy (site);
  self->pid = pid;
  self->clock = g_object_ref (clock);
  if (site->socket != NULL)
    address = g_unix_socket_address_new (site->socket);
  self->session = soup_session_new_with_options ("remote-connectable", address,
                                                 "proxy-resolver", direct,
                                                 "max-conns", MAX_CONNECTIONS,
                                                 "max-conns-per-host", MAX_CONNECTIONS,
                                                 "timeout", 0,
                                                 NULL);
  return self;
}

const RbClientSite *
rb_client_http_get_site (RbClientHttp *self)
{
  return self->site;
}

SoupSession *
rb_client_http_get_session (RbClientHttp *self)
{
  return self->session;
}

SoupMessage *
rb_client_http_new_message (RbClientHttp *self,
                            const char   *method,
                            const char   *path)
{
  g_autofree char *uri = g_strconcat (self->site->url, path, NULL);
  SoupMessage *message = soup_message_new (method, uri);
  SoupMessageHeaders *headers;
  char pid[24];

  g_return_val_if_fail (message != NULL, NULL);

  headers = soup_message_get_request_headers (message);
  g_snprintf (pid, sizeof pid, "%" G_GINT64_FORMAT, self->pid);
  soup_message_headers_replace (headers, "x-plugin-pid", pid);
  if (self->site->bearer_token != NULL)
    {
      g_autofree char *authorization = g_strconcat ("Bearer ", self->site->bearer_token, NULL);

      soup_message_headers_replace (headers, "Authorization", authorization);
    }
  /* A 401 is an answer like any other; nobody is asked for a password. */
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);
  return message;
}

void
rb_client_http_call_async (RbClientHttp        *self,
                           const char          *method,
                           const char          *path,
                           GBytes              *body,
                           RbClientCallFlags    flags,
                           gint64               timeout_ms,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  g_task_set_source_tag (task, rb_client_http_call_async);
  /* The exchange decides what happened; a late cancellation must not hide an answer. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);

  call->message = rb_client_http_new_message (self, method, path);
  call->path = g_strdup (path);
  call->clock = g_object_ref (self->clock);
  call->exchange = g_cancellable_new ();
  call->repeatable = (flags & RB_CLIENT_CALL_REPEATABLE) != 0 || g_str_equal (method, "GET");
  if (timeout_ms > 0)
    call->deadline = rb_clock_add (self->clock, timeout_ms, on_deadline, call);
  watch_cancellable (task, call);

  if (body != NULL)
    soup_message_set_request_body_from_bytes (call->message, "application/json", body);
  /* Without the flag a POST never reuses a connection; with it libsoup may send twice, so only these have it. */
  if (call->repeatable)
    soup_message_add_flags (call->message, SOUP_MESSAGE_IDEMPOTENT);
  soup_session_send_and_read_async (self->session, call->message, G_PRIORITY_DEFAULT, call->exchange, on_answered, task);
}

RbJson *
rb_client_http_call_finish (RbClientHttp *self,
                            GAsyncResult *result,
                            guint        *status,
                            GError      **error)
{
  Call *call = g_task_get_task_data (G_TASK (result));

  if (status != NULL)
    *status = soup_message_get_status (call->message);
  return g_task_propagate_pointer (G_TASK (result), error);
}
