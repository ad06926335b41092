/* rb-bus-fixture.c: a broker on a bus of its own, and somebody who calls it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"

#include "rb-bus-path.h"

static GVariant *
view (const char *name,
      gboolean   *found,
      gpointer    user_data,
      GError    **error)
{
  *found = TRUE;
  if (g_str_equal (name, "env"))
    return g_variant_new_parsed ("{'socket': <'/run/here'>, 'bearer_token': <'secret'>}");
  if (g_str_equal (name, "modules") && ((RbBusFixture *) user_data)->has_other)
    return g_variant_new_parsed ("[{'path': <'/m/connector-other.so'>, 'name': <'other'>, 'kind': <'connector'>, 'state': <'running'>}]");
  if (g_str_equal (name, "modules"))
    return g_variant_new_parsed ("[{'path': <'/m/connector-local.so'>, 'name': <'local'>, 'kind': <'connector'>, 'state': <'running'>}]");
  if (g_str_equal (name, "config"))
    return g_variant_new_parsed ("[{'group': <'broker'>}]");
  *found = FALSE;
  return NULL;
}

static void
restart (GTask   *task,
         gpointer user_data)
{
  RbBusFixture *fixture = user_data;

  fixture->n_restarts++;
  g_task_return_pointer (task, g_variant_new_parsed ("{'instance': <'i1'>}"), NULL);
  g_object_unref (task);
}

static void
use (GTask   *task,
     gpointer user_data)
{
  RbBusFixture *fixture = user_data;

  g_clear_pointer (&fixture->wish, g_variant_unref);
  fixture->wish = g_variant_ref (g_task_get_task_data (task));
  g_task_return_pointer (task, g_variant_new_parsed ("{'connector': <'other'>}"), NULL);
  g_object_unref (task);
}

void
rb_bus_fixture_start_bus (RbBusFixture *fixture)
{
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");
  g_autofree char *option = g_strconcat ("--address=", fixture->address, NULL);
  g_autoptr(GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;
  g_autoptr(GError) error = NULL;

  fixture->daemon = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, program, "--session",
                                      "--nofork", "--print-address", option, NULL);
  g_assert_no_error (error);
  /* It says so when it listens. */
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (fixture->daemon));
  line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (line, "unix:"));
}

void
rb_bus_fixture_stop_bus (RbBusFixture *fixture)
{
  if (fixture->daemon == NULL)
    return;

  g_subprocess_force_exit (fixture->daemon);
  g_subprocess_wait (fixture->daemon, NULL, NULL);
  g_clear_object (&fixture->daemon);
}

void
rb_bus_fixture_wait_state (RbBusFixture *fixture,
                           const char   *state)
{
  rb_test_wait_until (g_str_equal (rb_bus_get_state (fixture->bus), state));
}

static void
on_signal (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *name,
           GVariant        *parameters,
           gpointer         user_data)
{
  RbBusFixture *fixture = user_data;
  const char *object = path;

  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(o*)")))
    g_variant_get_child (parameters, 0, "&o", &object);
  g_ptr_array_add (fixture->signals, g_strconcat (name, " ", object + strlen (RB_BUS_ROOT), NULL));
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  RbBusFixture *fixture = user_data;
  g_autoptr(GError) error = NULL;

  fixture->caller = g_dbus_connection_new_for_address_finish (result, &error);
  g_assert_no_error (error);
}

void
rb_bus_fixture_connect (RbBusFixture *fixture)
{
  g_autofree char *presence = NULL;

  g_dbus_connection_new_for_address (fixture->address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
                                     on_connected, fixture);
  rb_test_wait_until (fixture->caller != NULL);
  g_dbus_connection_signal_subscribe (fixture->caller, RB_BUS_NAME, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, fixture, NULL);
  /* What is answered after it, the bus has read after it. */
  presence = rb_bus_fixture_get (fixture, "", "", "Presence");
}

void
rb_bus_fixture_set_up (RbBusFixture *fixture,
                       gconstpointer data)
{
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");
  g_autofree char *directory = rb_test_make_dir ();

  rb_core_fixture_set_up (&fixture->core, data);
  fixture->signals = g_ptr_array_new_with_free_func (g_free);
  fixture->address = g_strconcat ("unix:path=", directory, "/bus", NULL);
  fixture->ports = (RbBusPorts) { fixture->core.core, fixture->core.clock, view, restart, use, fixture };
  if (program == NULL)
    {
      g_test_skip ("there is no dbus-daemon");
      return;
    }

  rb_bus_fixture_start_bus (fixture);
  fixture->bus = rb_bus_new (&fixture->ports, fixture->address);
  rb_bus_fixture_wait_state (fixture, "owned");
  rb_bus_fixture_connect (fixture);
}

void
rb_bus_fixture_tear_down (RbBusFixture *fixture,
                          gconstpointer data)
{
  g_clear_pointer (&fixture->bus, rb_bus_free);
  if (fixture->caller != NULL && !g_dbus_connection_is_closed (fixture->caller))
    g_dbus_connection_close_sync (fixture->caller, NULL, NULL);
  g_clear_object (&fixture->caller);
  rb_bus_fixture_stop_bus (fixture);
  rb_test_settle ();
  g_clear_pointer (&fixture->signals, g_ptr_array_unref);
  g_clear_pointer (&fixture->wish, g_variant_unref);
  g_clear_pointer (&fixture->address, g_free);
  rb_core_fixture_tear_down (&fixture->core, data);
}

void
rb_bus_fixture_start (RbBusFixture  *fixture,
                      const char    *path,
                      const char    *interface,
                      const char    *method,
                      GVariant      *parameters,
                      GAsyncResult **result)
{
  g_autofree char *whole_path = g_strconcat (RB_BUS_ROOT, path, NULL);
  g_autofree char *whole = strchr (interface, '.') != NULL && *interface != '.' ? g_strdup (interface)
                                                                                : g_strconcat (RB_BUS_NAME, interface, NULL);

  g_dbus_connection_call (fixture->caller, RB_BUS_NAME, whole_path, whole, method, parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, 20000, NULL,
                          result != NULL ? rb_test_store_result : NULL, result);
}

GVariant *
rb_bus_fixture_finish (RbBusFixture  *fixture,
                       GAsyncResult **result,
                       GError       **error)
{
  GVariant *answer;

  rb_test_wait_until (*result != NULL);
  answer = g_dbus_connection_call_finish (fixture->caller, *result, error);
  g_clear_object (result);
  return answer;
}

GVariant *
rb_bus_fixture_call (RbBusFixture *fixture,
                     const char   *path,
                     const char   *interface,
                     const char   *method,
                     GVariant     *parameters,
                     GError      **error)
{
  GAsyncResult *result = NULL;

  rb_bus_fixture_start (fixture, path, interface, method, parameters, &result);
  return rb_bus_fixture_finish (fixture, &result, error);
}

GVariant *
rb_bus_fixture_call_well (RbBusFixture *fixture,
                          const char   *method,
                          const char   *parameters)
{
  g_autoptr(GError) error = NULL;
  GVariant *answer = rb_bus_fixture_call (fixture, "", "", method, g_variant_new_parsed (parameters), &error);

  g_assert_no_error (error);
  return answer;
}

void
rb_bus_fixture_call_badly (RbBusFixture *fixture,
                           const char   *method,
                           const char   *parameters,
                           const char   *name,
                           const char   *text)
{
  g_autoptr(GError) error = NULL;

  g_test_message ("%s %s", method, parameters);
  g_assert_null (rb_bus_fixture_call (fixture, "", "", method, g_variant_new_parsed (parameters), &error));
  rb_bus_assert_error (&error, name, text);
}

char *
rb_bus_fixture_get (RbBusFixture *fixture,
                    const char   *path,
                    const char   *interface,
                    const char   *property)
{
  g_autofree char *whole = g_strconcat (RB_BUS_NAME, interface, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_bus_fixture_call (fixture, path, "org.freedesktop.DBus.Properties", "Get",
                                                    g_variant_new ("(ss)", whole, property), &error);
  g_autoptr(GVariant) value = NULL;

  if (answer == NULL)
    {
      g_test_message ("%s of %s: %s", property, path, error->message);
      return NULL;
    }
  g_variant_get (answer, "(v)", &value);
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL) : g_variant_print (value, FALSE);
}

/* What a call that comes after them is answered to, they have been. */
void
rb_bus_fixture_pass (RbBusFixture *fixture,
                     gint64        ms)
{
  g_autofree char *presence = NULL;

  rb_test_settle ();
  rb_fake_clock_advance (fixture->core.clock, ms);
  rb_test_settle ();
  presence = rb_bus_fixture_get (fixture, "", "", "Presence");
  g_assert_nonnull (presence);
}

void
rb_bus_assert_error (GError    **error,
                     const char *name,
                     const char *text)
{
  g_autofree char *found = NULL;

  g_assert_nonnull (*error);
  found = g_dbus_error_get_remote_error (*error);
  g_dbus_error_strip_remote_error (*error);
  g_assert_cmpstr (found, ==, name);
  g_test_message ("%s", (*error)->message);
  g_assert_true (g_str_has_prefix ((*error)->message, text));
  g_clear_error (error);
}
