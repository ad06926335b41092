/* rb-ipc-fixture.c: a server on a fake core and a fake clock
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-fixture.h"

#include <string.h>

void
rb_ipc_fixture_set_up (RbIpcFixture *fixture,
                       gconstpointer data)
{
  RbIpcOptions options = { 0 };
  g_autoptr(GError) error = NULL;

  if (data != NULL)
    options = *(const RbIpcOptions *) data;
  fixture->directory = rb_test_make_dir ();
  fixture->socket = g_build_filename (fixture->directory, "run", "ipc.sock", NULL);
  options.bearer_token = TOKEN;
  options.socket_path = fixture->socket;
  options.server_version = "999.0.0+runtime-broker.0.1.0";
  options.product_version = "0.1.0";

  fixture->core = rb_fake_core_new ();
  fixture->clock = rb_fake_clock_new ();
  fixture->server = rb_ipc_server_new (fixture->core, fixture->clock, &options);
  rb_ipc_server_listen (fixture->server, &error);
  g_assert_no_error (error);
  fixture->url = rb_ipc_server_get_url (fixture->server);
  fixture->port = atoi (strrchr (fixture->url, ':') + 1);
}

void
rb_ipc_fixture_tear_down (RbIpcFixture *fixture,
                          gconstpointer data)
{
  rb_ipc_server_close (fixture->server);
  rb_fake_core_release (fixture->core);
  rb_test_settle ();
  g_assert_finalize_object (fixture->server);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->core);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->directory);
  g_free (fixture->socket);
}

static void
write_request (RbRaw      *client,
               const char *method,
               const char *target,
               const char *headers,
               const char *body)
{
  rb_raw_printf (client, "%s %s HTTP/1.1\r\n%s", method, target, headers);
  if (body != NULL)
    rb_raw_printf (client, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s", strlen (body), body);
  else
    rb_raw_write (client, "\r\n", 2);
}

char *
rb_ipc_fixture_ask (RbIpcFixture *fixture,
                    const char   *method,
                    const char   *target,
                    const char   *headers,
                    const char   *body)
{
  g_autoptr(RbRaw) client = rb_raw_connect (fixture->url);
  g_autofree char *all = g_strdup_printf ("Host: 127.0.0.1:%u\r\nAuthorization: Bearer " TOKEN "\r\n%s", fixture->port,
                                          headers != NULL ? headers : "");

  write_request (client, method, target, all, body);
  return rb_raw_read_response (client);
}

char *
rb_ipc_fixture_ask_unix (RbIpcFixture *fixture,
                         const char   *method,
                         const char   *target,
                         const char   *body)
{
  g_autoptr(RbRaw) client = rb_raw_connect_unix (fixture->socket);

  write_request (client, method, target, "Host: broker\r\n", body);
  return rb_raw_read_response (client);
}

RbRaw *
rb_ipc_fixture_open (RbIpcFixture *fixture,
                     const char   *capabilities)
{
  RbRaw *client = rb_raw_connect (fixture->url);
  g_autofree char *header = NULL;
  g_autofree char *head = NULL;

  if (capabilities != NULL)
    header = g_strdup_printf ("x-masons-ipc-capabilities: %s\r\n", capabilities);
  head = rb_raw_upgrade (client, TOKEN, "7", header);
  assert_contains (head, "HTTP/1.1 101 ");
  return client;
}
