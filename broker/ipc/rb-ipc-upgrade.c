/* rb-ipc-upgrade.c: from an HTTP request to a channel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-upgrade.h"

#include "rb-ipc-channel.h"
#include "rb-ipc-farewell.h"
#include "rb-ipc-http.h"
#include "rb-ipc-page.h"
#include "rb-log.h"
#include "rb-wire-requests.h"

#include <string.h>

/* protocol.md 5.1: everything is checked before the protocol is switched; refusals 1 to 3 are a bare status line. */

#define HANDSHAKE_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LENGTH 24
#define NOTHING_FOLLOWS "Connection: close\r\nContent-Length: 0\r\n"

typedef struct {
  guint       status;
  const char *headers;     /* NULL: the bare status line */
} Refusal;

gboolean
rb_ipc_upgrade_wanted (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  return rb_ipc_http_get_header (message, "Upgrade") != NULL
         && soup_message_headers_header_contains (headers, "Connection", "upgrade");
}

static gint64
caller_pid (RbIpcConnection   *connection,
            SoupServerMessage *message)
{
  if (connection->local)
    return connection->pid;
  return rb_wire_parse_pid_header (rb_ipc_http_get_header (message, "x-plugin-pid"));
}

static gboolean
is_key (const char *text)
{
  g_autofree guchar *bytes = NULL;
  gsize length;

  if (text == NULL || strlen (text) != KEY_LENGTH)
    return FALSE;
  bytes = g_base64_decode (text, &length);
  return length == 16;
}

static Refusal
check_handshake (SoupServerMessage *message)
{
  const char *upgrade = rb_ipc_http_get_header (message, "Upgrade");
  const char *version = rb_ipc_http_get_header (message, "Sec-WebSocket-Version");

  if (strcmp (soup_server_message_get_method (message), "GET") != 0)
    return (Refusal) { 405, "Allow: GET\r\n" NOTHING_FOLLOWS };
  if (g_ascii_strcasecmp (upgrade, "websocket") != 0 || !is_key (rb_ipc_http_get_header (message, "Sec-WebSocket-Key")))
    return (Refusal) { 400, NOTHING_FOLLOWS };
  if (g_strcmp0 (version, "13") != 0 && g_strcmp0 (version, "8") != 0)
    return (Refusal) { 400, "Sec-WebSocket-Version: 13, 8\r\n" NOTHING_FOLLOWS };
  return (Refusal) { 0 };
}

static Refusal
check (RbIpcServer       *server,
       RbIpcConnection   *connection,
       SoupServerMessage *message)
{
  g_autofree char *target = rb_ipc_http_dup_target (message);
  Refusal refusal;

  if (rb_ipc_http_check_origin (server, connection, message) != NULL)
    return (Refusal) { 403, NULL };
  if (strcmp (target, "/v1/stream") != 0)
    return (Refusal) { 404, NULL };
  if (!rb_ipc_http_authenticate (server, connection, message))
    return (Refusal) { 401, NULL };
  if (caller_pid (connection, message) <= 0)
    return (Refusal) { 400, NULL };
  refusal = check_handshake (message);
  if (refusal.status == 0 && server->draining)
    return (Refusal) { 503, NOTHING_FOLLOWS };
  return refusal;
}

/* The page has neither token nor process; the rest is the same. @key: (out) of its session. */
static Refusal
check_page (RbIpcServer       *server,
            SoupServerMessage *message,
            char             **key)
{
  guint status = server->draining ? 503 : rb_ipc_page_check_live (server, message, key);

  return status != 0 ? (Refusal) { status, NOTHING_FOLLOWS } : check_handshake (message);
}

static gboolean
is_of_page (RbIpcServer       *server,
            RbIpcConnection   *connection,
            SoupServerMessage *message)
{
  g_autofree char *target = rb_ipc_http_dup_target (message);

  return server->page != NULL && !connection->local && strcmp (target, RB_IPC_PAGE_LIVE) == 0;
}

static void
refuse (RbIpcConnection   *connection,
        SoupServerMessage *message,
        Refusal            refusal)
{
  g_autofree char *status = g_strdup_printf ("%u", refusal.status);
  g_autofree char *text = g_strdup_printf ("HTTP/1.1 %u %s\r\n%s\r\n", refusal.status, soup_status_get_phrase (refusal.status),
                                           refusal.headers != NULL ? refusal.headers : "");
  g_autoptr(GBytes) response = g_bytes_new (text, strlen (text));

  rb_log_info ("ipc_upgrade_rejected", "status", status, NULL);
  rb_ipc_farewell_say (connection, message, response);
}

static char *
make_accept (const char *key)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_update (checksum, (const guchar *) HANDSHAKE_GUID, -1);
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

/* COMPAT: the first subprotocol that a client lists is echoed; live ones list none. */
static char *
dup_first_protocol (SoupServerMessage *message)
{
  const char *header = rb_ipc_http_get_header (message, "Sec-WebSocket-Protocol");
  char *first;

  if (header == NULL)
    return NULL;
  first = g_strstrip (g_strndup (header, strcspn (header, ",")));
  if (*first == '\0')
    g_clear_pointer (&first, g_free);
  return first;
}

/* No extension is negotiated: permessage-deflate would compress what never leaves the machine. */
static GBytes *
make_greeting (SoupServerMessage *message)
{
  g_autofree char *accept = make_accept (rb_ipc_http_get_header (message, "Sec-WebSocket-Key"));
  g_autofree char *protocol = dup_first_protocol (message);
  GString *text = g_string_new ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");

  g_string_append_printf (text, "Sec-WebSocket-Accept: %s\r\n", accept);
  if (protocol != NULL)
    g_string_append_printf (text, "Sec-WebSocket-Protocol: %s\r\n", protocol);
  g_string_append (text, "\r\n");
  return g_string_free_to_bytes (text);
}

/* 5.2: several headers count as one; whether there was any at all tells the ages apart (20.1). */
static void
read_capabilities (SoupServerMessage *message,
                   RbIpcChannelTraits *traits)
{
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  traits->legacy = TRUE;
  soup_message_headers_iter_init (&iter, soup_server_message_get_request_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      g_auto(GStrv) tokens = NULL;

      if (g_ascii_strcasecmp (name, "x-masons-ipc-capabilities") != 0)
        continue;
      traits->legacy = FALSE;
      tokens = g_strsplit (value, ",", -1);
      for (guint i = 0; tokens[i] != NULL; i++)
        {
          g_strstrip (tokens[i]);
          traits->receipts |= strcmp (tokens[i], "push_receipt_ack_v1") == 0;
          traits->requests |= strcmp (tokens[i], "stream_requests_v1") == 0;
        }
    }
}

void
rb_ipc_upgrade (RbIpcServer       *server,
                RbIpcConnection   *connection,
                SoupServerMessage *message)
{
  g_autofree char *page_key = NULL;
  Refusal refusal = is_of_page (server, connection, message) ? check_page (server, message, &page_key) : check (server, connection, message);
  RbIpcChannelTraits traits = { 0 };
  g_autoptr(GBytes) greeting = NULL;
  g_autoptr(GBytes) early = NULL;
  g_autoptr(GSocketConnection) stream = NULL;

  if (refusal.status != 0)
    {
      refuse (connection, message, refusal);
      return;
    }

  traits.pid = caller_pid (connection, message);
  traits.local = connection->local;
  read_capabilities (message, &traits);
  greeting = make_greeting (message);
  stream = rb_ipc_connection_steal (connection, message, &early);
  if (stream == NULL)
    return;
  if (page_key != NULL)
    rb_ipc_live_open (rb_ipc_page_get_live (server->page), stream, page_key, greeting, early);
  else
    rb_ipc_channel_open (server, stream, &traits, greeting, early);
}
