/* test-masons-limits.c: more than the limits allow, from the network and from adapters: what it costs, and that nothing is lost
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"

#include "rb-json.h"

#include <string.h>

#define BURST 500
#define CONTENT_BYTES 4096
#define FLOOD 100
#define BODY_BYTES 100000
/* Small limits: 1 MiB of messages in 200, 1 MiB of requests, 48 connections; with 15 MB before. */
#define MEMORY_KB (32 * 1024)
#define IDLE_KB (20 * 1024)
#define IDLE_SECONDS 10
#define IDLE_WAKEUPS 10

/* Figures of an optimised build are figures. */
#if defined (__OPTIMIZE__) && !defined (__SANITIZE_ADDRESS__)
#define HAS_FIGURES TRUE
#else
#define HAS_FIGURES FALSE
#endif

static gint64
read_figure (RbMasons   *fixture,
             const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) rb_daemon_fixture_get_pid (fixture->daemon));
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, name);
  g_assert_nonnull (line);
  return g_ascii_strtoll (line + strlen (name), NULL, 10);
}

/* A member of one of the limits. */
static gint64
limit (RbMasons   *fixture,
       const char *name,
       const char *member)
{
  g_autofree char *text = rb_masons_view (fixture, "status");
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(RbJson) status = rb_json_parse (bytes, 0, NULL);
  g_autoptr(RbJson) limits = rb_json_open (status, "limits", NULL);
  g_autoptr(RbJson) one = rb_json_open (limits, name, NULL);
  gint64 value = -1;

  g_assert_true (rb_json_get_optional_int (one, member, -1, &value, NULL));
  return value;
}

static void
start (RbMasons *fixture)
{
  static const char *const settings[] = {
    "limits.push-ack-timeout-ms=600000", "limits.message-cap=200", "limits.message-bytes-cap=1048576",
    "ipc.input-max=1048576", "ipc.connections-max=48",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (settings); i++)
    rb_masons_set (fixture, settings[i]);
  rb_masons_start (fixture);
}

static void
assert_memory (RbMasons *fixture)
{
  gint64 peak_kb = read_figure (fixture, "VmHWM:");

  g_test_message ("resident at most %.1f MB", peak_kb / 1024.0);
  if (HAS_FIGURES)
    g_assert_cmpint (peak_kb, <, MEMORY_KB);
}

static void
test_burst (RbMasons      *fixture,
            gconstpointer  data)
{
  g_autofree char *content = g_strnfill (CONTENT_BYTES, 'x');
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("Of a burst far beyond the limits only so much is taken; the network keeps the rest, and all come, once, in order.");

  start (fixture);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_adapter_set_reads (adapter, FALSE);
  for (guint i = 1; i <= BURST; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%u", i);

      rb_masons_deliver_to (fixture, adapter, id, content);
    }
  rb_masons_wait_long (60, limit (fixture, "messages", "reached") > 0);
  g_assert_cmpint (limit (fixture, "messages", "peak"), <=, 200);
  g_assert_cmpint (limit (fixture, "message_bytes", "peak"), <=, 1048576);
  assert_memory (fixture);

  rb_adapter_set_reads (adapter, TRUE);
  rb_masons_wait_long (240, rb_adapter_count (adapter) == BURST);
  rb_adapter_assert_in_order (adapter, "m", BURST);
  rb_masons_wait_long (60, rb_masons_is_acked (fixture));
  assert_memory (fixture);
  rb_masons_stop (fixture);
}

/* Connects and says half a request; NULL when that was refused. */
static GSocketConnection *
begin_request (RbMasons *fixture)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = g_socket_client_connect_to_uri (client, rb_daemon_fixture_get_url (fixture->daemon), 80,
                                                                            NULL, NULL);
  g_autofree char *half = g_strnfill (BODY_BYTES / 2, 'x');
  const char *authority = rb_daemon_fixture_get_url (fixture->daemon) + strlen ("http://");
  g_autofree char *head = g_strdup_printf ("POST /v1/send HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n",
                                           authority, rb_daemon_fixture_get_token (fixture->daemon), BODY_BYTES);
  GOutputStream *output;

  if (connection == NULL)
    return NULL;
  output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  if (!g_output_stream_write_all (output, head, strlen (head), NULL, NULL, NULL) ||
      !g_output_stream_write_all (output, half, BODY_BYTES / 2, NULL, NULL, NULL))
    return NULL;
  return g_steal_pointer (&connection);
}

static void
test_flood (RbMasons      *fixture,
            gconstpointer  data)
{
  g_autoptr(GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("A client that opens and sends without end is refused; a person sees it, and others are served when it has gone.");

  start (fixture);
  for (guint i = 0; i < FLOOD; i++)
    {
      GSocketConnection *connection = begin_request (fixture);

      if (connection != NULL)
        g_ptr_array_add (connections, connection);
    }
  rb_test_wait_until (limit (fixture, "connections", "reached") > 0);
  g_assert_cmpint (limit (fixture, "input_bytes", "reached"), >, 0);
  /* Everybody's limits are there. */
  g_assert_cmpint (limit (fixture, "gateway_sends", "limit"), ==, 4096);
  g_assert_cmpint (limit (fixture, "http_acks", "limit"), ==, 1024);
  g_assert_cmpint (limit (fixture, "store_queue", "limit"), >, 0);
  g_assert_cmpint (limit (fixture, "input_bytes", "peak"), <=, 1048576);
  assert_memory (fixture);

  g_ptr_array_set_size (connections, 0);
  rb_test_wait_until (limit (fixture, "input_bytes", "used") == 0);
  rb_test_wait_until (limit (fixture, "connections", "used") <= 2);
  adapter = rb_masons_attach (fixture, FALSE);
  rb_masons_deliver_to (fixture, adapter, "m-1", "x");
  rb_test_wait_until (rb_adapter_count (adapter) == 1);
  assert_memory (fixture);
  rb_masons_stop (fixture);
}

/* Of all threads: each time that one was woken. */
static gint64
count_wakeups (RbMasons *fixture)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", (int) rb_daemon_fixture_get_pid (fixture->daemon));
  g_autoptr(GDir) dir = g_dir_open (tasks, 0, NULL);
  gint64 total = 0;
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, name, "status", NULL);
      g_autofree char *text = NULL;
      const char *line;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      line = strstr (text, "\nvoluntary_ctxt_switches:");
      g_assert_nonnull (line);
      total += g_ascii_strtoll (line + strlen ("\nvoluntary_ctxt_switches:"), NULL, 10);
    }
  return total;
}

static gboolean
on_idle_over (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_idle (RbMasons      *fixture,
           gconstpointer  data)
{
  gboolean is_over = FALSE;
  gint64 before, wakeups;

  g_test_summary ("Idle means idle: hardly a wake-up, and little memory.");

  rb_masons_start (fixture);
  rb_test_wait_until (rb_masons_says (fixture, "status", "\"presence\":\"online\""));
  before = count_wakeups (fixture);
  g_timeout_add_seconds (IDLE_SECONDS, on_idle_over, &is_over);
  rb_masons_wait_long (IDLE_SECONDS * 3, is_over);
  wakeups = count_wakeups (fixture) - before;
  g_test_message ("%" G_GINT64_FORMAT " wake-ups in %d s, %.1f MB resident", wakeups, IDLE_SECONDS, read_figure (fixture, "VmRSS:") / 1024.0);
  g_assert_cmpint (wakeups, <=, IDLE_WAKEUPS);
  if (HAS_FIGURES)
    g_assert_cmpint (read_figure (fixture, "VmRSS:"), <, IDLE_KB);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  rb_masons_add ("/masons-limits/burst", test_burst);
  rb_masons_add ("/masons-limits/flood", test_flood);
  rb_masons_add ("/masons-limits/idle", test_idle);
  return g_test_run ();
}
