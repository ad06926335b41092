/* rb-instance.c: whether another healthy broker serves this account
 *
 * Asked with a plain socket: an HTTP client would cost more than the rest of the start.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-instance.h"

#include "rb-discovery.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TOKEN_BYTES 32
#define STATUS_BYTES 12   /* "HTTP/1.1 200" */

static GSocketAddress *
parse_url (const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_autoptr(GInetAddress) address = NULL;
  const char *host;

  if (uri == NULL || !g_str_equal (g_uri_get_scheme (uri), "http") || g_uri_get_port (uri) <= 0)
    return NULL;

  host = g_uri_get_host (uri);
  address = g_inet_address_new_from_string (g_strcmp0 (host, "localhost") == 0 ? "127.0.0.1" : host);
  if (address == NULL || !g_inet_address_get_is_loopback (address))
    return NULL;
  return g_inet_socket_address_new (address, (guint16) g_uri_get_port (uri));
}

static gboolean
wait_for (GSocket      *socket,
          GIOCondition  condition,
          gint64        deadline_us)
{
  gint64 left_us = deadline_us - g_get_monotonic_time ();

  return left_us > 0 && g_socket_condition_timed_wait (socket, condition, left_us, NULL, NULL);
}

static gboolean
connect_within (GSocket        *socket,
                GSocketAddress *address,
                gint64          deadline_us)
{
  g_autoptr(GError) error = NULL;

  if (g_socket_connect (socket, address, NULL, &error))
    return TRUE;
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING) &&
         wait_for (socket, G_IO_OUT, deadline_us) &&
         g_socket_check_connect_result (socket, NULL);
}

static gboolean
send_within (GSocket    *socket,
             const char *text,
             gint64      deadline_us)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      gssize n;

      if (!wait_for (socket, G_IO_OUT, deadline_us))
        return FALSE;
      n = g_socket_send (socket, text, left, NULL, NULL);
      if (n <= 0)
        return FALSE;
      text += n;
      left -= (gsize) n;
    }
  return TRUE;
}

static gboolean
receive_success (GSocket *socket,
                 gint64   deadline_us)
{
  char status[STATUS_BYTES + 1] = "";
  gsize have = 0;

  while (have < STATUS_BYTES)
    {
      gssize n;

      if (!wait_for (socket, G_IO_IN, deadline_us))
        return FALSE;
      n = g_socket_receive (socket, status + have, STATUS_BYTES - have, NULL, NULL);
      if (n <= 0)
        return FALSE;
      have += (gsize) n;
    }
  return g_str_has_prefix (status, "HTTP/1.") && status[8] == ' ' && status[9] == '2';
}

static gboolean
is_healthy (const RbDiscovery *owner,
            gint64             timeout_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + timeout_ms * 1000;
  g_autoptr(GSocketAddress) address = parse_url (owner->ipc_url);
  g_autoptr(GSocket) socket = NULL;
  g_autofree char *request = NULL;

  /* A token with a line break in it would write headers of its own. */
  if (address == NULL || strpbrk (owner->bearer_token, "\r\n") != NULL)
    return FALSE;
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  if (socket == NULL)
    return FALSE;

  g_socket_set_blocking (socket, FALSE);
  request = g_strdup_printf ("GET /health HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n",
                             g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), owner->bearer_token);
  return connect_within (socket, address, deadline_us) &&
         send_within (socket, request, deadline_us) &&
         receive_success (socket, deadline_us);
}

char *
rb_instance_find_owner (const char *discovery_file,
                        const char *own_url,
                        gint64      timeout_ms)
{
  g_autoptr(RbDiscovery) owner = rb_discovery_read (discovery_file, NULL);

  if (owner == NULL || owner->pid == (gint64) getpid ())
    return NULL;
  /* The kernel may have given us the port of a broker that is gone: asking would mean waiting for ourselves. */
  if (own_url != NULL && g_str_equal (owner->ipc_url, own_url))
    return NULL;
  return is_healthy (owner, timeout_ms) ? g_strdup (owner->ipc_url) : NULL;
}

guint16
rb_instance_get_left_port (const char *discovery_file)
{
  g_autoptr(RbDiscovery) left = rb_discovery_read (discovery_file, NULL);
  g_autoptr(GSocketAddress) address = left != NULL ? parse_url (left->ipc_url) : NULL;

  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

void
rb_instance_forget_left (const char *discovery_file,
                         const char *own_url)
{
  g_autoptr(RbDiscovery) left = rb_discovery_read (discovery_file, NULL);

  if (left != NULL && g_str_equal (left->ipc_url, own_url))
    rb_discovery_delete_own (left, discovery_file);
}

char *
rb_instance_mint_token (void)
{
  guint8 bytes[TOKEN_BYTES];
  gsize have = 0;
  char *text;

  while (have < sizeof bytes)
    {
      gssize n = getrandom (bytes + have, sizeof bytes - have, 0);

      /* Only a signal can interrupt it. */
      have += n > 0 ? (gsize) n : 0;
    }

  text = g_base64_encode (bytes, sizeof bytes);
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}
