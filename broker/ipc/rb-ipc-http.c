/* rb-ipc-http.c: the checks that every HTTP request passes, in their order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-http.h"

#include "rb-ipc-page.h"
#include "rb-ipc-request.h"
#include "rb-ipc-upgrade.h"

#include <string.h>

/* Who never showed the token may not keep a place that others need. Whoever did may rest as long as they like. */
#define STRANGER_IDLE_MS 30000

/* protocol.md 4.2. Everything up to the length of the body is decided when the headers are complete, so that a body is read
 * only for a request that may have one. */

static GQuark
request_quark (void)
{
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("rb-ipc-request");
  return quark;
}

const char *
rb_ipc_http_get_header (SoupServerMessage *message,
                        const char        *wanted)
{
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_message_headers_iter_init (&iter, soup_server_message_get_request_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, wanted) == 0)
      return value;
  return NULL;
}

char *
rb_ipc_http_dup_target (SoupServerMessage *message)
{
  GUri *uri = soup_server_message_get_uri (message);
  const char *query = g_uri_get_query (uri);
  const char *fragment = g_uri_get_fragment (uri);

  return g_strconcat (g_uri_get_path (uri), query != NULL ? "?" : "", query != NULL ? query : "", fragment != NULL ? "#" : "",
                      fragment != NULL ? fragment : "", NULL);
}

guint
rb_ipc_http_count_header (SoupServerMessage *message,
                          const char        *wanted)
{
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;
  guint n = 0;

  soup_message_headers_iter_init (&iter, soup_server_message_get_request_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    n += g_ascii_strcasecmp (name, wanted) == 0;
  return n;
}

static gboolean
is_loopback (const char *host)
{
  return g_ascii_strcasecmp (host, "127.0.0.1") == 0 || g_ascii_strcasecmp (host, "localhost") == 0;
}

/* A name that an attacker's server resolves to 127.0.0.1 is still in Host. */
gboolean
rb_ipc_http_is_our_host (RbIpcServer       *server,
                         SoupServerMessage *message)
{
  const char *host = rb_ipc_http_get_header (message, "Host");
  GUri *uri = soup_server_message_get_uri (message);
  g_autofree char *by_address = g_strdup_printf ("127.0.0.1:%u", server->port);
  g_autofree char *by_name = g_strdup_printf ("localhost:%u", server->port);

  if (host == NULL || rb_ipc_http_count_header (message, "Host") != 1)
    return FALSE;
  if (g_ascii_strcasecmp (host, by_address) != 0 && g_ascii_strcasecmp (host, by_name) != 0)
    return FALSE;
  return is_loopback (g_uri_get_host (uri)) && g_uri_get_port (uri) == server->port;
}

const char *
rb_ipc_http_check_origin (RbIpcServer       *server,
                          RbIpcConnection   *connection,
                          SoupServerMessage *message)
{
  if (!connection->local && !rb_ipc_http_is_our_host (server, message))
    return "forbidden_host";
  if (rb_ipc_http_count_header (message, "Origin") != 0)
    return "forbidden_origin";
  return NULL;
}

static gboolean
equal_in_constant_time (const char *a,
                        const char *b)
{
  gsize length = strlen (a);
  guint different = 0;

  if (strlen (b) != length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    different |= (guint8) a[i] ^ (guint8) b[i];
  return different == 0;
}

gboolean
rb_ipc_http_authenticate (RbIpcServer       *server,
                          RbIpcConnection   *connection,
                          SoupServerMessage *message)
{
  const char *header;

  if (connection->local)
    return TRUE;
  header = rb_ipc_http_get_header (message, "Authorization");
  if (header == NULL)
    return FALSE;
  if (strncmp (header, "Bearer ", 7) == 0)
    header += 7;
  return equal_in_constant_time (server->options.bearer_token, header);
}

static void
fail_too_large (RbIpcRequest *request)
{
  rb_bounds_reached (rb_ipc_request_get_server (request)->bounds, RB_IPC_BOUND_BODY);
  rb_ipc_request_fail_with (request, RB_ERROR_TOO_LARGE, "body_too_large", FALSE, "request body too large");
}

/* Without a length the limit is met on the way. */
static void
on_chunk (SoupServerMessage *message,
          GBytes            *chunk,
          gpointer           user_data)
{
  RbIpcServer *server = user_data;
  g_autoptr(SoupServerMessage) keep = g_object_ref (message);
  g_autoptr(RbIpcRequest) request = NULL;

  goffset length = soup_server_message_get_request_body (message)->length;

  request = g_object_get_qdata (G_OBJECT (message), request_quark ());
  if (request == NULL || (length <= (goffset) server->options.body_max && rb_ipc_request_reserve (request, length)))
    {
      request = NULL;
      return;
    }
  request = g_object_steal_qdata (G_OBJECT (message), request_quark ());
  if (length > (goffset) server->options.body_max)
    fail_too_large (request);
}

/* FALSE when the request was answered. */
static gboolean
bound_body (RbIpcServer       *server,
            SoupServerMessage *message,
            RbIpcRequest      *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED)
    {
      g_signal_connect_object (message, "got-chunk", G_CALLBACK (on_chunk), server, 0);
      return TRUE;
    }
  if (soup_message_headers_get_content_length (headers) <= (goffset) server->options.body_max)
    return rb_ipc_request_reserve (request, soup_message_headers_get_content_length (headers));
  fail_too_large (request);
  return FALSE;
}

/* /health is for everybody (protocol.md 4.4), but who shows another broker's key has read that broker's discovery record and asks whether
 * it lives: a broker that took over the port of one that died is not it, and its key would open nothing here. */
static gboolean
is_open_target (SoupServerMessage *message,
                const char        *target)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  return strcmp (soup_server_message_get_method (message), "GET") == 0 && strcmp (target, "/health") == 0 &&
         soup_message_headers_get_one (headers, "Authorization") == NULL;
}

/* FALSE when the request is answered. */
static gboolean
admit (RbIpcServer       *server,
       RbIpcConnection   *connection,
       SoupServerMessage *message,
       RbIpcRequest      *request)
{
  const char *code;
  gboolean authentic;

  if (rb_ipc_page_is_meant (server, connection, message, rb_ipc_request_get_target (request)))
    return rb_ipc_page_admit (server, connection, message, request);
  code = rb_ipc_http_check_origin (server, connection, message);
  authentic = rb_ipc_http_authenticate (server, connection, message);
  if (code != NULL)
    {
      rb_ipc_request_fail_with (request, RB_ERROR_FORBIDDEN, code, FALSE, "requests from web pages are refused");
      return FALSE;
    }
  connection->proven |= authentic;
  if (!authentic && !is_open_target (message, rb_ipc_request_get_target (request)))
    {
      rb_ipc_request_refuse (request, 401, "unauthorized", NULL);
      return FALSE;
    }
  return rb_ipc_request_route (request);
}

static void
on_headers (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  RbIpcServer *server = user_data;
  RbIpcConnection *connection = rb_ipc_connection_of (message);
  g_autoptr(SoupServerMessage) keep = g_object_ref (message);
  g_autoptr(RbIpcRequest) request = NULL;
  g_autofree char *target = NULL;

  if (rb_ipc_upgrade_wanted (message))
    {
      rb_ipc_upgrade (server, connection, message);
      return;
    }

  target = rb_ipc_http_dup_target (message);
  request = rb_ipc_request_new_http (server, connection, message, target);
  if (!admit (server, connection, message, request) || !bound_body (server, message, request))
    return;
  g_object_set_qdata_full (G_OBJECT (message), request_quark (), g_steal_pointer (&request), (GDestroyNotify) rb_ipc_request_unref);
}

static void
on_body (SoupServer        *soup,
         SoupServerMessage *message,
         const char        *path,
         GHashTable        *query,
         gpointer           user_data)
{
  g_autoptr(SoupServerMessage) keep = g_object_ref (message);
  g_autoptr(RbIpcRequest) request = g_object_steal_qdata (G_OBJECT (message), request_quark ());
  g_autoptr(GBytes) body = NULL;

  if (request == NULL)
    return;
  rb_ipc_connection_relax (rb_ipc_connection_of (message));
  body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  rb_ipc_request_run (request, body);
}

/* From the accept, or from the first byte after the last answer. */
static void
on_request_started (SoupServer        *soup,
                    SoupServerMessage *message,
                    gpointer           user_data)
{
  RbIpcServer *server = user_data;
  RbIpcConnection *connection = rb_ipc_connection_of (message);

  rb_ipc_connection_set_rest (connection, FALSE);
  rb_ipc_connection_expect (connection, server->options.header_timeout_ms);
}

static void
on_request_done (SoupServer        *soup,
                 SoupServerMessage *message,
                 gpointer           user_data)
{
  RbIpcConnection *connection = rb_ipc_connection_of (message);

  rb_ipc_connection_set_rest (connection, TRUE);
  if (connection->proven)
    rb_ipc_connection_relax (connection);
  else
    rb_ipc_connection_expect (connection, STRANGER_IDLE_MS);
}

void
rb_ipc_http_setup (RbIpcServer *server)
{
  g_signal_connect_object (server->soup, "request-started", G_CALLBACK (on_request_started), server, 0);
  g_signal_connect_object (server->soup, "request-finished", G_CALLBACK (on_request_done), server, 0);
  g_signal_connect_object (server->soup, "request-aborted", G_CALLBACK (on_request_done), server, 0);
  soup_server_add_early_handler (server->soup, NULL, on_headers, server, NULL);
  soup_server_add_handler (server->soup, NULL, on_body, server, NULL);
}
