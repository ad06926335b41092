/* rb-page-client.c: says over the wire what the page says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-page-client.h"

#include "rb-json.h"

#include <string.h>

char *
rb_page_dup_member (const char *response,
                    const char *member)
{
  const char *body = strstr (response, "\r\n\r\n") + 4;
  g_autoptr(GBytes) bytes = g_bytes_new (body, strlen (body));
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) object = rb_json_parse_object (bytes, 0, &error);

  g_assert_no_error (error);
  return rb_json_peek_string (object, member);
}

char *
rb_page_dup_ticket (RbIpcFixture *fixture)
{
  g_autofree char *response = rb_ipc_fixture_ask_unix (fixture, "POST", "/v1/operator/page", NULL);
  g_autofree char *url = NULL;
  const char *ticket;

  assert_status (response, 200);
  url = rb_page_dup_member (response, "url");
  g_assert_true (g_str_has_prefix (url, fixture->url));
  ticket = strstr (url, "/ui/#ticket=");
  g_assert_nonnull (ticket);
  return g_strdup (ticket + strlen ("/ui/#ticket="));
}

char *
rb_page_ask (RbIpcFixture *fixture,
             const char   *session,
             const char   *method,
             const char   *target,
             const char   *headers,
             const char   *body)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);

  rb_raw_printf (client, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s", method, target, fixture->port, headers != NULL ? headers : "");
  if (session != NULL)
    rb_raw_printf (client, "Authorization: Page %s\r\nSec-Fetch-Site: same-origin\r\n", session);
  if (strcmp (method, "GET") != 0 && (headers == NULL || strstr (headers, "Origin: ") == NULL))
    rb_raw_printf (client, "Origin: http://127.0.0.1:%u\r\n", fixture->port);
  if (body != NULL)
    rb_raw_printf (client, "Content-Length: %" G_GSIZE_FORMAT "\r\n", strlen (body));
  rb_raw_printf (client, "\r\n%s", body != NULL ? body : "");
  return rb_raw_read_response (client);
}

char *
rb_page_log_in (RbIpcFixture *fixture)
{
  g_autofree char *ticket = rb_page_dup_ticket (fixture);
  g_autofree char *body = g_strdup_printf ("{\"ticket\":\"%s\"}", ticket);
  g_autofree char *response = rb_page_ask (fixture, NULL, "POST", "/ui/login", NULL, body);

  assert_status (response, 200);
  return rb_page_dup_member (response, "session");
}

char *
rb_page_open_live (RbIpcFixture *fixture,
                   RbRaw        *client,
                   const char   *session,
                   const char   *origin)
{
  rb_raw_set_headers_only (client);
  rb_raw_printf (client,
                 "GET /ui/live HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
                 fixture->port);
  if (origin != NULL)
    rb_raw_printf (client, "Origin: %s\r\n", origin);
  rb_raw_printf (client, "Sec-WebSocket-Protocol: runtime-broker.page.1%s%s\r\n\r\n", session != NULL ? ", session." : "",
                 session != NULL ? session : "");
  return rb_raw_read_response (client);
}
