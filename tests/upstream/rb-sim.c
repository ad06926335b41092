/* rb-sim.c: the platform in one process: gateway, API and control events, with a model behind them and every fault on demand
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim.h"

#include "rb-sim-api.h"
#include "rb-sim-call.h"
#include "rb-sim-certificate.h"
#include "rb-sim-control.h"

#include <string.h>

#define BACKLOG 256

struct _RbSim {
  RbSimParts       parts;
  RbSimEndpoints  *endpoints;
  RbSimWork       *work;
  SoupServer      *server;      /* (nullable) while down */
  GTlsCertificate *certificate; /* (nullable) without TLS */
  char            *token;
  char            *handle;
  char            *origin;
  char            *gateway_url;
  guint16          port;
  gboolean         is_legacy;   /* as the options said */
};

static void
answer_control (RbSim             *self,
                SoupServerMessage *message,
                const char        *path)
{
  g_autofree char *request = g_strdup_printf ("%s %s", soup_server_message_get_method (message), path);
  g_autoptr(GBytes) bytes = soup_message_body_flatten (soup_server_message_get_request_body (message));
  g_autofree char *body = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_auto(RbSimAnswer) answer = { 0 };

  rb_sim_control_answer (self, request, g_uri_get_query (soup_server_message_get_uri (message)), body, &answer);
  soup_server_message_set_status (message, answer.status, NULL);
  if (answer.body != NULL)
    soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, answer.body, strlen (answer.body));
}

static void
on_request (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  RbSim *self = user_data;
  const char *encoded = g_uri_get_path (soup_server_message_get_uri (message));

  if (g_str_has_prefix (encoded, "/sim/"))
    answer_control (self, message, encoded);
  else
    rb_sim_call_start (&self->parts, message, encoded);
}

static GSocket *
make_socket (RbSim   *self,
             GError **error)
{
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", self->port);
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL || !g_socket_bind (socket, address, TRUE, error))
    return NULL;
  g_socket_set_listen_backlog (socket, BACKLOG);
  return g_socket_listen (socket, error) ? g_steal_pointer (&socket) : NULL;
}

static void
learn_address (RbSim   *self,
               GSocket *socket)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_free (self->origin);
  g_free (self->gateway_url);
  self->origin = g_strdup_printf ("%s://127.0.0.1:%u", self->certificate != NULL ? "https" : "http", self->port);
  self->gateway_url = g_strdup_printf ("%s://127.0.0.1:%u/gateway", self->certificate != NULL ? "wss" : "ws", self->port);
}

gboolean
rb_sim_up (RbSim   *self,
           GError **error)
{
  g_autoptr(SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr(GSocket) socket = NULL;

  if (self->server != NULL)
    return TRUE;
  socket = make_socket (self, error);
  if (socket == NULL)
    return FALSE;
  if (self->certificate != NULL)
    soup_server_set_tls_certificate (server, self->certificate);
  soup_server_add_handler (server, NULL, on_request, self, NULL);
  if (!soup_server_listen_socket (server, socket, self->certificate != NULL ? SOUP_SERVER_LISTEN_HTTPS : 0, error))
    return FALSE;
  learn_address (self, socket);
  self->server = g_steal_pointer (&server);
  return TRUE;
}

void
rb_sim_down (RbSim *self)
{
  g_ptr_array_set_size (self->parts.calls, 0);
  rb_sim_gateway_drop_all (self->parts.gateway);
  rb_sim_events_end (self->parts.events, FALSE);
  if (self->server != NULL)
    soup_server_disconnect (self->server);
  g_clear_object (&self->server);
}

static void
make_parts (RbSim *self)
{
  RbSimMailbox *mailbox;

  self->parts.token = self->token;
  self->parts.record = rb_sim_record_new ();
  self->parts.faults = rb_sim_faults_new ();
  self->parts.events = rb_sim_events_new (self->parts.record);
  self->parts.gateway = rb_sim_gateway_new (self->parts.record, self->token, self->handle);
  self->parts.calls = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_call_free);
  mailbox = rb_sim_gateway_get_mailbox (self->parts.gateway);
  self->endpoints = rb_sim_endpoints_new ();
  self->work = rb_sim_work_new (self->parts.record, self->endpoints, mailbox);
  self->parts.api = rb_sim_api_new (self->parts.record, self->endpoints, self->work);
}

RbSim *
rb_sim_new (const RbSimOptions  *options,
            GError             **error)
{
  const RbSimOptions plain = { NULL };
  g_autoptr(RbSim) self = g_new0 (RbSim, 1);

  if (options == NULL)
    options = &plain;
  self->token = g_strdup (options->token != NULL ? options->token : "sim-token");
  self->handle = g_strdup (options->handle != NULL ? options->handle : "agent@sim");
  self->port = options->port;
  self->is_legacy = options->is_legacy;
  make_parts (self);
  rb_sim_set_legacy (self, self->is_legacy);
  if (options->is_tls)
    {
      self->certificate = rb_sim_certificate_new (error);
      if (self->certificate == NULL)
        return NULL;
    }
  return rb_sim_up (self, error) ? g_steal_pointer (&self) : NULL;
}

void
rb_sim_free (RbSim *self)
{
  rb_sim_down (self);
  g_ptr_array_unref (self->parts.calls);
  rb_sim_api_free (self->parts.api);
  rb_sim_work_free (self->work);
  rb_sim_endpoints_free (self->endpoints);
  rb_sim_gateway_free (self->parts.gateway);
  rb_sim_events_free (self->parts.events);
  rb_sim_faults_free (self->parts.faults);
  rb_sim_record_free (self->parts.record);
  g_clear_object (&self->certificate);
  g_free (self->token);
  g_free (self->handle);
  g_free (self->origin);
  g_free (self->gateway_url);
  g_free (self);
}

void
rb_sim_reset (RbSim *self)
{
  g_ptr_array_set_size (self->parts.calls, 0);
  rb_sim_gateway_reset (self->parts.gateway);
  rb_sim_events_reset (self->parts.events);
  rb_sim_faults_clear (self->parts.faults);
  rb_sim_endpoints_reset (self->endpoints);
  rb_sim_work_reset (self->work);
  rb_sim_api_reset (self->parts.api);
  rb_sim_record_forget (self->parts.record);
  rb_sim_set_legacy (self, self->is_legacy);
}

const char *
rb_sim_get_origin (RbSim *self)
{
  return self->origin;
}

const char *
rb_sim_get_gateway_url (RbSim *self)
{
  return self->gateway_url;
}

const char *
rb_sim_get_token (RbSim *self)
{
  return self->token;
}

const char *
rb_sim_get_handle (RbSim *self)
{
  return self->handle;
}

const char *
rb_sim_get_node_id (RbSim *self)
{
  return rb_sim_api_get_node_id (self->parts.api);
}

guint16
rb_sim_get_port (RbSim *self)
{
  return self->port;
}

GTlsCertificate *
rb_sim_get_certificate (RbSim *self)
{
  return self->certificate;
}

RbSimGateway *
rb_sim_get_gateway (RbSim *self)
{
  return self->parts.gateway;
}

RbSimEvents *
rb_sim_get_events (RbSim *self)
{
  return self->parts.events;
}

RbSimEndpoints *
rb_sim_get_endpoints (RbSim *self)
{
  return self->endpoints;
}

RbSimWork *
rb_sim_get_work (RbSim *self)
{
  return self->work;
}

RbSimFaults *
rb_sim_get_faults (RbSim *self)
{
  return self->parts.faults;
}

RbSimRecord *
rb_sim_get_record (RbSim *self)
{
  return self->parts.record;
}

void
rb_sim_set_legacy (RbSim   *self,
                   gboolean is_legacy)
{
  rb_sim_api_set_legacy (self->parts.api, is_legacy);
  rb_sim_work_set_legacy (self->work, is_legacy);
}

void
rb_sim_set_capability (RbSim      *self,
                       const char *name,
                       const char *json)
{
  rb_sim_api_set_capability (self->parts.api, name, json);
}

void
rb_sim_set_whoami (RbSim      *self,
                   const char *name,
                   const char *json)
{
  rb_sim_api_set_whoami (self->parts.api, name, json);
}

void
rb_sim_set_registration (RbSim      *self,
                         const char *name,
                         const char *json)
{
  rb_sim_api_set_registration (self->parts.api, name, json);
}

void
rb_sim_set_route_claim (RbSim      *self,
                        const char *source_message_id,
                        const char *action)
{
  rb_sim_api_set_route_claim (self->parts.api, source_message_id, action);
}

void
rb_sim_add_history (RbSim      *self,
                    const char *conversation_id,
                    const char *item)
{
  rb_sim_api_add_history (self->parts.api, conversation_id, item);
}
