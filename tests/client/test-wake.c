/* test-wake.c: a client that finds no broker has the session start it, and starts one itself only where the session has none (protocol.md 21.2)
 *
 * Called with --serve WORD this program is what the bus starts: it has the broker's name and answers each call as WORD says.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-service.h"
#include "rb-client-start.h"
#include "rb-error.h"
#include "rb-fake-broker.h"
#include "rb-fake-clock.h"
#include "rb-paths.h"
#include "rb-test.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "the-runtime-token"
#define LOCKED "io.github.runtimebroker.Error.Unavailable"

typedef struct {
  char            *dir;        /* where the program is that would be started, and notes it */
  char            *data_dir;   /* the usual one */
  char            *socket;
  char            *lock;
  RbClientOptions *options;
  RbClock         *clock;
  GSocketService  *manager;
  GIOStream       *caller;     /* who connected to the manager's socket last */
  GTestDBus       *bus;
  GAsyncResult    *result;
} Fixture;

static const char *const variables[] = { "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MASONS_BROKER_API_HOST", "MASONS_BROKER_CREDENTIALS_FILE",
                                         "OPENCLAW_HOME", "CREDENTIALS_DIRECTORY", "RB_MODULE_PATH" };

static const char *program;    /* this one */

static const char *
get_home (void)
{
  return getpwuid (geteuid ())->pw_dir;
}

static void
set_up_environment (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    g_unsetenv (variables[i]);
  g_setenv ("HOME", get_home (), TRUE);
  g_setenv ("XDG_RUNTIME_DIR", g_get_user_runtime_dir (), TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
}

static void
add_program (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->dir, "runtime-brokerd", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\ntouch '%s/started'\n", fixture->dir);
  g_autofree char *search = g_strdup_printf ("%s:/usr/bin:/bin", fixture->dir);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  g_setenv ("PATH", search, TRUE);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(RbPaths) paths = NULL;

  set_up_environment ();
  g_assert_cmpint (g_mkdir_with_parents (g_get_user_runtime_dir (), 0700), ==, 0);
  fixture->dir = rb_test_make_dir ();
  fixture->data_dir = rb_paths_dup_data_dir (NULL);
  fixture->clock = rb_fake_clock_new ();
  fixture->options = rb_client_options_new ();
  fixture->options->start = TRUE;
  fixture->options->runtime_token = g_strdup (TOKEN);
  paths = rb_paths_new ("default", TOKEN, NULL, NULL);
  fixture->socket = rb_client_service_dup_socket (fixture->options);
  g_assert_cmpstr (fixture->socket, ==, paths->socket);
  fixture->lock = g_strconcat (paths->discovery_file, ".lock", NULL);
  add_program (fixture);
}

static void
stop_manager (Fixture *fixture)
{
  if (fixture->manager == NULL)
    return;
  g_socket_service_stop (fixture->manager);
  g_socket_listener_close (G_SOCKET_LISTENER (fixture->manager));
  g_clear_object (&fixture->manager);
  g_clear_object (&fixture->caller);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_test_settle ();
  stop_manager (fixture);
  g_unlink (fixture->socket);
  if (fixture->bus != NULL)
    g_test_dbus_down (fixture->bus);
  g_clear_object (&fixture->bus);
  g_clear_object (&fixture->result);
  rb_client_options_free (fixture->options);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->socket);
  g_free (fixture->lock);
  g_free (fixture->data_dir);
  g_free (fixture->dir);
}

static gboolean
on_caller (GSocketService    *manager,
           GSocketConnection *connection,
           GObject           *source,
           gpointer           user_data)
{
  Fixture *fixture = user_data;

  g_set_object (&fixture->caller, G_IO_STREAM (connection));
  return TRUE;
}

/* As a service manager has it before there is a broker. */
static void
listen_as_manager (Fixture *fixture)
{
  g_autofree char *directory = g_path_get_dirname (fixture->socket);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (fixture->socket);
  g_autoptr(GError) error = NULL;

  g_mkdir_with_parents (directory, 0700);
  fixture->manager = g_socket_service_new ();
  g_socket_listener_add_address (G_SOCKET_LISTENER (fixture->manager), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (fixture->manager, "incoming", G_CALLBACK (on_caller), fixture);
}

/* What the broker that it started says to who connected. */
static void
answer_caller (Fixture    *fixture,
               const char *body)
{
  g_autofree char *text = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen (body), body);

  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (fixture->caller), text, strlen (text), NULL, NULL, NULL));
}

/* @word: what the service that the bus can start does; NULL: it knows of none */
static void
start_bus (Fixture    *fixture,
           const char *word)
{
  g_autofree char *file = g_build_filename (fixture->dir, RB_CLIENT_SERVICE_NAME ".service", NULL);
  g_autofree char *text = g_strdup_printf ("[D-BUS Service]\nName=%s\nExec=%s --serve %s\n", RB_CLIENT_SERVICE_NAME, program, word);

  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  if (word != NULL)
    g_assert_true (g_file_set_contents (file, text, -1, NULL));
  g_test_dbus_add_service_dir (fixture->bus, fixture->dir);
  g_test_dbus_up (fixture->bus);
}

static void
begin (Fixture *fixture)
{
  rb_client_start_async (fixture->options, fixture->clock, NULL, rb_test_store_result, &fixture->result);
}

static gboolean
was_started (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->dir, "started", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A broker is found by its files at last. */
static void
assert_found (Fixture *fixture)
{
  g_autoptr(RbFakeBroker) broker = rb_fake_broker_new (fixture->data_dir);
  g_autoptr(RbClientHttp) http = NULL;
  g_autoptr(GError) error = NULL;

  for (gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC; fixture->result == NULL;)
    {
      rb_test_turn (end, "found", __FILE__, __LINE__);
      if (rb_fake_broker_count (broker, "GET /health") == 0)
        rb_fake_clock_advance (fixture->clock, 100);
    }
  http = rb_client_start_finish (fixture->result, &error);
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
  rb_test_settle ();
  g_assert_false (g_file_test (fixture->lock, G_FILE_TEST_EXISTS));
}

static void
assert_fails (Fixture    *fixture,
              RbError     code,
              const char *reason,
              const char *text)
{
  g_autoptr(GError) error = NULL;

  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (rb_client_start_finish (fixture->result, &error));
  g_assert_error (error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_false (was_started (fixture));
  g_clear_object (&fixture->result);
  rb_test_settle ();
  g_assert_false (g_file_test (fixture->lock, G_FILE_TEST_EXISTS));
}

/* No time passes before the client starts a broker of its own. */
static void
assert_starts_own (Fixture *fixture)
{
  gint64 before = rb_clock_get_monotonic_us (fixture->clock);

  begin (fixture);
  rb_test_wait_until (was_started (fixture));
  g_assert_cmpint (rb_clock_get_monotonic_us (fixture->clock), ==, before);
  assert_found (fixture);
}

static void
test_socket (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("Where a service manager listens it starts the broker; the spawn lock is held meanwhile, and nothing else is started.");

  listen_as_manager (fixture);
  begin (fixture);
  rb_test_wait_until (fixture->caller != NULL);
  g_assert_true (g_file_test (fixture->lock, G_FILE_TEST_EXISTS));
  answer_caller (fixture, "{\"account_id\":\"default\"}");
  assert_found (fixture);
  g_assert_false (was_started (fixture));
}

static void
test_socket_silent (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A service that was started and says nothing is waited for as long as any other start; no second broker is started beside it.");

  listen_as_manager (fixture);
  begin (fixture);
  rb_test_wait_until (fixture->caller != NULL);
  rb_fake_clock_advance (fixture->clock, 4999);
  rb_test_settle ();
  g_assert_null (fixture->result);
  rb_fake_clock_advance (fixture->clock, 1);
  assert_fails (fixture, RB_ERROR_TIMED_OUT, "broker_start_timeout", "its log says why");
}

static void
test_socket_stale (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("At a socket that a dead process left nobody answers: the next way is taken at once.");

  listen_as_manager (fixture);
  stop_manager (fixture);
  g_assert_true (g_file_test (fixture->socket, G_FILE_TEST_EXISTS));
  assert_starts_own (fixture);
}

static void
test_socket_other (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A broker at the socket that has its data elsewhere is another one.");

  listen_as_manager (fixture);
  begin (fixture);
  rb_test_wait_until (fixture->caller != NULL);
  answer_caller (fixture, "{\"account_id\":\"default\",\"data_dir\":\"/elsewhere\"}");
  rb_test_wait_until (was_started (fixture));
  assert_found (fixture);
}

static void
test_socket_closes (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("One that is started by the socket and cannot serve says why on the bus, and so does the client.");

  start_bus (fixture, "locked");
  listen_as_manager (fixture);
  begin (fixture);
  while (fixture->result == NULL)
    {
      rb_test_turn (g_get_monotonic_time () + 10 * G_USEC_PER_SEC, "refused", __FILE__, __LINE__);
      if (fixture->caller != NULL)
        g_io_stream_close (fixture->caller, NULL, NULL);
      g_clear_object (&fixture->caller);
    }
  assert_fails (fixture, RB_ERROR_UNAVAILABLE, "keyring_locked", "the keyring: is locked");
}

static void
test_bus (Fixture       *fixture,
          gconstpointer  data)
{
  g_test_summary ("A bus that knows how to start the broker does it.");

  start_bus (fixture, "ours");
  begin (fixture);
  assert_found (fixture);
  g_assert_false (was_started (fixture));
}

static void
test_bus_other (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The name on the bus may be that of another account's broker.");

  start_bus (fixture, "other");
  assert_starts_own (fixture);
}

static void
test_bus_without (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A bus that knows no broker, and one that is not there, say so at once.");

  start_bus (fixture, NULL);
  assert_starts_own (fixture);
}

static void
test_bus_gone (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("An address where no bus is leads nowhere, at once.");

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  assert_starts_own (fixture);
}

static void
test_bus_dies (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A service that ends without a word leads nowhere.");

  start_bus (fixture, "dies");
  assert_starts_own (fixture);
}

static void
test_bus_elsewhere (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(RbFakeBroker) broker = NULL;

  g_test_summary ("The broker of another session is found by its files; where it is not well, the client says what the service said.");

  start_bus (fixture, "elsewhere");
  begin (fixture);
  assert_found (fixture);

  broker = rb_fake_broker_new (fixture->data_dir);
  for (guint i = 0; i < 99; i++)
    rb_fake_broker_answer (broker, "GET /health", 503, "{\"error\":\"store_failed\",\"message\":\"the disk is full\"}");
  begin (fixture);
  /* At first, with the lock, and when the service has spoken. */
  rb_test_wait_until (rb_fake_broker_count (broker, "GET /health") == 3);
  rb_fake_clock_advance (fixture->clock, 5000);
  assert_fails (fixture, RB_ERROR_TIMED_OUT, "broker_start_timeout", "pid 4711");
}

static void
test_other_settings (Fixture       *fixture,
                     gconstpointer  data)
{
  g_test_summary ("A client with settings of its own does not start the service, which would be another broker.");

  start_bus (fixture, "locked");
  listen_as_manager (fixture);
  g_setenv ("MASONS_BROKER_CREDENTIALS_FILE", "/some/file", TRUE);
  assert_starts_own (fixture);
  g_assert_null (fixture->caller);
}

static void
test_meant (Fixture       *fixture,
            gconstpointer  data)
{
  RbClientOptions *options = fixture->options;
  g_autofree char *usual = g_build_filename (get_home (), ".config/", NULL);

  g_test_summary ("The service is meant where nothing that decides whose broker it is differs from what the session has.");

  g_assert_true (rb_client_service_is_meant (options, get_home ()));
  g_assert_false (rb_client_service_is_meant (options, "/home/of/another"));
  g_assert_false (rb_client_service_is_meant (options, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      g_setenv (variables[i], "/elsewhere", TRUE);
      g_assert_false (rb_client_service_is_meant (options, get_home ()));
      g_setenv (variables[i], "", TRUE);
      g_assert_true (rb_client_service_is_meant (options, get_home ()));
    }
  g_setenv ("XDG_CONFIG_HOME", usual, TRUE);
  g_assert_true (rb_client_service_is_meant (options, get_home ()));

  options->data_dir = g_strdup (fixture->data_dir);
  g_assert_true (rb_client_service_is_meant (options, get_home ()));
  g_free (options->data_dir);
  options->data_dir = g_strdup ("/elsewhere");
  g_assert_false (rb_client_service_is_meant (options, get_home ()));
  g_clear_pointer (&options->data_dir, g_free);
  options->program = g_strdup ("/some/brokerd");
  g_assert_false (rb_client_service_is_meant (options, get_home ()));
}

static void
test_bus_address (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  g_autofree char *address = NULL;

  g_test_summary ("The bus is the session's, and no bus is started; it has the usual account alone.");

  g_assert_null (rb_client_service_dup_bus (fixture->options));
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "autolaunch:", TRUE);
  g_assert_null (rb_client_service_dup_bus (fixture->options));
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_assert_null (rb_client_service_dup_bus (fixture->options));
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  address = rb_client_service_dup_bus (fixture->options);
  g_assert_true (g_str_has_prefix (address, "unix:path="));
  g_free (fixture->options->account_id);
  fixture->options->account_id = g_strdup ("work");
  g_assert_null (rb_client_service_dup_bus (fixture->options));
  g_unlink (path);
}

static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage    *message,
            gboolean         incoming,
            gpointer         user_data)
{
  const char *word = user_data;
  g_autoptr(GDBusMessage) answer = NULL;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  if (g_str_equal (word, "locked"))
    answer = g_dbus_message_new_method_error_literal (message, LOCKED, "keyring_locked: the keyring: is locked");
  else if (g_str_equal (word, "elsewhere"))
    answer = g_dbus_message_new_method_error_literal (message, LOCKED, "already_running: another broker has it (pid 4711)");
  else
    {
      answer = g_dbus_message_new_method_reply (message);
      g_dbus_message_set_body (answer, g_variant_new_parsed ("({'account_id': <%s>},)", g_str_equal (word, "ours") ? "default" : "work"));
    }
  g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

/* Until its bus ends. */
static int
serve (const char *word)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GDBusConnection) connection = NULL;

  if (g_str_equal (word, "dies"))
    return 3;
  connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_dbus_connection_add_filter (connection, on_message, (gpointer) word, NULL);
  g_bus_own_name_on_connection (connection, RB_CLIENT_SERVICE_NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  g_main_loop_run (loop);
  return 0;
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  if (argc == 3 && g_str_equal (argv[1], "--serve"))
    return serve (argv[2]);
  program = self;
  rb_test_init (&argc, &argv);
  /* Short names, for there are sockets in directories that are named after them. */
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/wake/socket", test_socket);
  ADD ("/wake/socket-silent", test_socket_silent);
  ADD ("/wake/socket-stale", test_socket_stale);
  ADD ("/wake/socket-other", test_socket_other);
  ADD ("/wake/socket-closes", test_socket_closes);
  ADD ("/wake/bus", test_bus);
  ADD ("/wake/bus-other", test_bus_other);
  ADD ("/wake/bus-without", test_bus_without);
  ADD ("/wake/bus-gone", test_bus_gone);
  ADD ("/wake/bus-dies", test_bus_dies);
  ADD ("/wake/bus-elsewhere", test_bus_elsewhere);
  ADD ("/wake/settings", test_other_settings);
  ADD ("/service/meant", test_meant);
  ADD ("/service/bus", test_bus_address);
  return g_test_run ();
}
