/* rb-secrets-fixture.c: a bus of its own with a keyring on it that behaves as it is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-secrets-fixture.h"

#include "rb-test.h"

struct _RbSecretsFixture {
  GTestDBus       *bus;
  GSubprocess     *mock;     /* NULL: nobody serves */
  GDBusConnection *caller;
};

/* It says so when it serves. */
static GSubprocess *
start_mock (void)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "daemon", "mock-secrets", NULL);
  g_autoptr(GError) error = NULL;
  GSubprocess *process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, NULL);
  g_autoptr(GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;

  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "ready");
  return process;
}

RbSecretsFixture *
rb_secrets_fixture_new (gboolean serves)
{
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");
  g_autoptr(GError) error = NULL;
  RbSecretsFixture *self;

  if (program == NULL || !HAVE_SECRET)
    {
      g_test_skip (HAVE_SECRET ? "there is no dbus-daemon" : "built without libsecret");
      return NULL;
    }
  self = g_new0 (RbSecretsFixture, 1);
  self->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (self->bus);
  if (serves)
    self->mock = start_mock ();
  self->caller = g_dbus_connection_new_for_address_sync (
    g_test_dbus_get_bus_address (self->bus), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
    NULL, NULL, &error);
  g_assert_no_error (error);
  return self;
}

void
rb_secrets_fixture_free (RbSecretsFixture *self)
{
  if (self->caller != NULL)
    g_dbus_connection_close_sync (self->caller, NULL, NULL);
  g_clear_object (&self->caller);
  if (self->mock != NULL)
    g_subprocess_force_exit (self->mock);
  g_clear_object (&self->mock);
  /* Fails when somebody still holds a connection. */
  g_test_dbus_down (self->bus);
  g_object_unref (self->bus);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
  g_free (self);
}

static void
on_appeared (GDBusConnection *connection,
             const char      *name,
             const char      *owner,
             gpointer         user_data)
{
  *(gboolean *) user_data = TRUE;
}

void
rb_secrets_fixture_wait_served (RbSecretsFixture *self)
{
  gboolean is_served = FALSE;
  guint id = g_bus_watch_name_on_connection (self->caller, "org.freedesktop.secrets", G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared, NULL,
                                             &is_served, NULL);

  rb_test_wait_until (is_served);
  g_bus_unwatch_name (id);
  rb_test_settle ();
}

static GVariant *
call (RbSecretsFixture *self,
      const char       *method,
      GVariant         *parameters)
{
  g_autoptr(GError) error = NULL;
  GVariant *answer = g_dbus_connection_call_sync (self->caller, "org.freedesktop.secrets", "/org/freedesktop/secrets",
                                                  "io.github.runtimebroker.Mock", method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                                                  NULL, &error);

  g_assert_no_error (error);
  return answer;
}

void
rb_secrets_fixture_set_mode (RbSecretsFixture *self,
                             const char       *mode)
{
  g_variant_unref (call (self, "SetMode", g_variant_new ("(s)", mode)));
}

guint
rb_secrets_fixture_count_items (RbSecretsFixture *self)
{
  g_autoptr(GVariant) answer = call (self, "CountItems", NULL);
  guint n;

  g_variant_get (answer, "(u)", &n);
  return n;
}
