/* rb-gateway-link.c: one WebSocket connection to the gateway, from the first attempt to its end
 *
 * libsoup sends the pings and answers those of the gateway; whether anything comes back is ours to watch. Bytes count, not only frames: a
 * large frame on a slow line takes longer than our patience, and the pong waits behind it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-link.h"

#include "rb-error.h"
#include "rb-gateway-rules.h"
#include "rb-gateway-trouble.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define MAX_FRAME_BYTES (100 * 1024 * 1024)
#define FAREWELL_MS 1000   /* for the gateway's own close frame */

typedef enum { STATE_NEW, STATE_CONNECTING, STATE_OPEN, STATE_CLOSING, STATE_ENDED } State;

struct _RbGatewayLink {
  GObject parent_instance;

  const RbGatewaySettings *settings;
  RbClock                 *clock;
  RbGatewayLinkFuncs       funcs;
  gpointer                 owner;          /* borrowed; NULL once ended or broken */
  State                    state;
  guint64                  timer;          /* of @clock: the handshake's limit, then the farewell's */

  SoupMessage             *message;        /* while connecting */
  GCancellable            *cancellable;    /* while connecting */
  gboolean                 is_late;        /* our limit cancelled it */
  GTlsCertificateFlags     certificate;    /* what is wrong with the gateway's */
  char                    *expired_on;

  SoupWebsocketConnection *socket;         /* from open to the end */
  GSocket                 *transport;      /* below all layers; NULL: not seen */
  char                    *trouble;        /* what libsoup said before it closed */
  gint64                   heard_us;       /* of @clock */
  guint64                  n_bytes;        /* that had arrived when we last looked */
};

G_DEFINE_FINAL_TYPE (RbGatewayLink, rb_gateway_link, G_TYPE_OBJECT)

static void
drop_socket (RbGatewayLink *self)
{
  if (self->socket != NULL)
    g_signal_handlers_disconnect_by_data (self->socket, self);
  g_clear_object (&self->socket);
  g_clear_object (&self->transport);
}

static void
drop_message (RbGatewayLink *self)
{
  if (self->message != NULL)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  g_clear_object (&self->cancellable);
}

/* Comes last in its caller: the owner may drop us. */
static void
end (RbGatewayLink *self,
     guint          code,
     const char    *reason,
     const char    *text)
{
  g_autoptr(RbGatewayLink) alive = g_object_ref (self);
  RbGatewayLinkEnd what = { code, reason, text };
  gpointer owner = g_steal_pointer (&self->owner);

  rb_clock_clear (self->clock, &self->timer);
  self->state = STATE_ENDED;
  drop_message (self);
  if (owner != NULL)
    self->funcs.ended (self, &what, owner);
  drop_socket (self);
}

static void
hear (RbGatewayLink *self)
{
  self->heard_us = rb_clock_get_monotonic_us (self->clock);
}

static void
on_message (SoupWebsocketConnection *socket,
            SoupWebsocketDataType    type,
            GBytes                  *text,
            RbGatewayLink           *self)
{
  g_autoptr(RbGatewayLink) alive = g_object_ref (self);

  hear (self);
  if (rb_gateway_link_is_open (self))
    self->funcs.frame (self, text, self->owner);
}

static void
on_pong (SoupWebsocketConnection *socket,
         GBytes                  *payload,
         RbGatewayLink           *self)
{
  hear (self);
}

static void
on_socket_error (SoupWebsocketConnection *socket,
                 GError                  *error,
                 RbGatewayLink           *self)
{
  /* It objects to close codes that it does not know; what the gateway said is worth more. */
  if (soup_websocket_connection_get_close_code (socket) != 0)
    return;
  g_free (self->trouble);
  self->trouble = g_strdup_printf ("The connection to the gateway failed: %s", error->message);
}

static void
on_socket_closed (SoupWebsocketConnection *socket,
                  RbGatewayLink           *self)
{
  guint code = soup_websocket_connection_get_close_code (socket);
  const char *reason = soup_websocket_connection_get_close_data (socket);
  g_autofree char *text = g_steal_pointer (&self->trouble);

  if (text == NULL)
    text = rb_gateway_trouble_describe_close (code, reason);
  end (self, code, reason, text);
}

static void
take_socket (RbGatewayLink           *self,
             SoupWebsocketConnection *socket)
{
  self->socket = socket;
  soup_websocket_connection_set_max_incoming_payload_size (socket, MAX_FRAME_BYTES);
  if (self->settings->keepalive_ms > 0)
    soup_websocket_connection_set_keepalive_interval (socket, MAX (self->settings->keepalive_ms / 1000, 1));
  g_signal_connect (socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (socket, "pong", G_CALLBACK (on_pong), self);
  g_signal_connect (socket, "error", G_CALLBACK (on_socket_error), self);
  g_signal_connect (socket, "closed", G_CALLBACK (on_socket_closed), self);
}

static char *
describe_failure (RbGatewayLink *self,
                  const GError  *error)
{
  g_autoptr(GUri) proxy = self->settings->proxy != NULL ? g_uri_parse (self->settings->proxy, G_URI_FLAGS_ENCODED, NULL) : NULL;
  RbGatewayTrouble trouble = {
    .host = self->settings->host,
    .proxy = proxy != NULL ? g_uri_get_host (proxy) : NULL,
    .expired_on = self->expired_on,
    .certificate = self->certificate,
    .http_status = soup_message_get_status (self->message),
    .is_timeout = self->is_late,
  };

  return rb_gateway_trouble_describe (&trouble, error);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbGatewayLink) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(SoupWebsocketConnection) socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);

  if (self->state == STATE_ENDED)
    return;

  if (socket == NULL || self->state == STATE_CLOSING)
    {
      g_autofree char *text = error != NULL ? describe_failure (self, error) : g_strdup ("The attempt to connect was given up");

      end (self, 0, NULL, text);
      return;
    }

  rb_clock_clear (self->clock, &self->timer);
  drop_message (self);
  self->state = STATE_OPEN;
  hear (self);
  take_socket (self, g_steal_pointer (&socket));
  self->funcs.opened (self, self->owner);
}

static void
on_network_event (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *stream,
                  RbGatewayLink      *self)
{
  if (event == G_SOCKET_CLIENT_CONNECTED && G_IS_SOCKET_CONNECTION (stream))
    g_set_object (&self->transport, g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
}

static gboolean
on_accept_certificate (SoupMessage          *message,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  faults,
                       RbGatewayLink        *self)
{
  g_autoptr(GDateTime) date = NULL;

  if ((faults & G_TLS_CERTIFICATE_EXPIRED) != 0)
    date = g_tls_certificate_get_not_valid_after (certificate);
  else if ((faults & G_TLS_CERTIFICATE_NOT_ACTIVATED) != 0)
    date = g_tls_certificate_get_not_valid_before (certificate);
  g_free (self->expired_on);
  self->expired_on = date != NULL ? g_date_time_format (date, "%Y-%m-%d") : NULL;
  self->certificate = faults;
  return FALSE;
}

static void
on_handshake_late (gpointer user_data)
{
  RbGatewayLink *self = user_data;

  self->timer = 0;
  self->is_late = TRUE;
  g_cancellable_cancel (self->cancellable);
}

static void
on_farewell_late (gpointer user_data)
{
  RbGatewayLink *self = user_data;

  self->timer = 0;
  if (self->transport != NULL)
    g_socket_shutdown (self->transport, TRUE, TRUE, NULL);
  end (self, 0, NULL, "The gateway did not answer our goodbye");
}

static void
rb_gateway_link_dispose (GObject *object)
{
  RbGatewayLink *self = RB_GATEWAY_LINK (object);

  rb_clock_clear (self->clock, &self->timer);
  drop_message (self);
  drop_socket (self);
  G_OBJECT_CLASS (rb_gateway_link_parent_class)->dispose (object);
}

static void
rb_gateway_link_finalize (GObject *object)
{
  RbGatewayLink *self = RB_GATEWAY_LINK (object);

  g_free (self->expired_on);
  g_free (self->trouble);
  g_object_unref (self->clock);
  G_OBJECT_CLASS (rb_gateway_link_parent_class)->finalize (object);
}

static void
rb_gateway_link_class_init (RbGatewayLinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_gateway_link_dispose;
  object_class->finalize = rb_gateway_link_finalize;
}

static void
rb_gateway_link_init (RbGatewayLink *self)
{
}

/* A file without a certificate would make a database that trusts nobody. */
static GTlsDatabase *
load_authorities (const char  *path,
                  GError     **error)
{
  g_autoptr(GError) cause = NULL;
  GList *certificates = g_tls_certificate_list_new_from_file (path, &cause);
  GTlsDatabase *authorities = certificates != NULL ? g_tls_file_database_new (path, &cause) : NULL;

  g_list_free_full (certificates, g_object_unref);
  if (authorities == NULL)
    rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[gateway] ca-file: '%s' cannot be used: %s", path,
                  cause != NULL ? cause->message : "there is no certificate in it");
  return authorities;
}

/**
 * rb_gateway_session_new:
 * @settings: whose proxy and authorities
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting" if the file with the authorities cannot be used.
 *
 * Returns: (transfer full) (nullable): a session for links of these settings
 */
SoupSession *
rb_gateway_session_new (const RbGatewaySettings  *settings,
                        GError                  **error)
{
  g_autoptr(SoupSession) session = soup_session_new ();

  if (settings->ca_file != NULL)
    {
      g_autoptr(GTlsDatabase) authorities = load_authorities (settings->ca_file, error);

      if (authorities == NULL)
        return NULL;
      soup_session_set_tls_database (session, authorities);
    }

  if (settings->proxy != NULL)
    {
      g_autoptr(GProxyResolver) proxy = g_simple_proxy_resolver_new (settings->proxy, NULL);

      soup_session_set_proxy_resolver (session, proxy);
    }
  else if (!settings->use_system_proxy)
    soup_session_set_proxy_resolver (session, NULL);
  return g_steal_pointer (&session);
}

RbGatewayLink *
rb_gateway_link_new (const RbGatewaySettings  *settings,
                     RbClock                  *clock,
                     const RbGatewayLinkFuncs *funcs,
                     gpointer                  owner)
{
  RbGatewayLink *self = g_object_new (RB_TYPE_GATEWAY_LINK, NULL);

  self->settings = settings;
  self->clock = g_object_ref (clock);
  self->funcs = *funcs;
  self->owner = owner;
  return self;
}

void
rb_gateway_link_open (RbGatewayLink *self,
                      SoupSession   *session)
{
  g_return_if_fail (RB_IS_GATEWAY_LINK (self));
  g_return_if_fail (self->state == STATE_NEW);

  self->state = STATE_CONNECTING;
  self->message = soup_message_new (SOUP_METHOD_GET, self->settings->url);
  self->cancellable = g_cancellable_new ();
  /* The token is for this host alone. */
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT);
  /* A compressed frame has no bound once it is unpacked. */
  soup_message_disable_feature (self->message, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  g_signal_connect (self->message, "network-event", G_CALLBACK (on_network_event), self);
  g_signal_connect (self->message, "accept-certificate", G_CALLBACK (on_accept_certificate), self);

  self->timer = rb_clock_add (self->clock, self->settings->handshake_timeout_ms, on_handshake_late, self);
  soup_session_websocket_connect_async (session, self->message, NULL, NULL, G_PRIORITY_DEFAULT, self->cancellable, on_connected,
                                        g_object_ref (self));
}

gboolean
rb_gateway_link_is_open (RbGatewayLink *self)
{
  g_return_val_if_fail (RB_IS_GATEWAY_LINK (self), FALSE);

  return self->state == STATE_OPEN && soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN;
}

gboolean
rb_gateway_link_send (RbGatewayLink *self,
                      GBytes        *text)
{
  if (!rb_gateway_link_is_open (self))
    return FALSE;

  soup_websocket_connection_send_message (self->socket, SOUP_WEBSOCKET_DATA_TEXT, text);
  return TRUE;
}

void
rb_gateway_link_close (RbGatewayLink *self,
                       guint          code,
                       const char    *reason)
{
  g_autofree char *cut = NULL;

  g_return_if_fail (RB_IS_GATEWAY_LINK (self));

  if (self->state == STATE_CONNECTING)
    {
      self->state = STATE_CLOSING;
      rb_clock_clear (self->clock, &self->timer);
      g_cancellable_cancel (self->cancellable);
    }
  else if (self->state == STATE_OPEN)
    {
      cut = rb_gateway_cut_close_reason (reason);
      self->state = STATE_CLOSING;
      self->timer = rb_clock_add (self->clock, FAREWELL_MS, on_farewell_late, self);
      if (soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close (self->socket, code, cut);
    }
}

void
rb_gateway_link_break (RbGatewayLink *self)
{
  g_return_if_fail (RB_IS_GATEWAY_LINK (self));

  self->owner = NULL;
  self->state = STATE_ENDED;
  rb_clock_clear (self->clock, &self->timer);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  drop_message (self);
  /* Nothing that a layer above would still like to say can hold it up then. */
  if (self->transport != NULL)
    g_socket_shutdown (self->transport, TRUE, TRUE, NULL);
  drop_socket (self);
}

/* FALSE: the system does not tell. */
static gboolean
count_bytes (RbGatewayLink *self,
             guint64       *n_bytes)
{
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  if (self->transport == NULL || g_socket_is_closed (self->transport) ||
      getsockopt (g_socket_get_fd (self->transport), IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
    return FALSE;
  *n_bytes = info.tcpi_bytes_received;
  return length >= G_STRUCT_OFFSET (struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
}

gint64
rb_gateway_link_get_silence_us (RbGatewayLink *self)
{
  guint64 n_bytes;

  g_return_val_if_fail (RB_IS_GATEWAY_LINK (self), 0);

  if (count_bytes (self, &n_bytes) && n_bytes != self->n_bytes)
    {
      self->n_bytes = n_bytes;
      hear (self);
    }
  return rb_clock_get_monotonic_us (self->clock) - self->heard_us;
}
