/* rb-bus-refusal.c: says to those who called us into being why we cannot serve them
 *
 * A bus that has started a process waits for it to take its name, and lets the callers wait with it: for its whole timeout when the process
 * ends well without a name, and with nothing but an exit status as an answer when it does not. So the name is taken for a moment. With it
 * come the calls that waited, and before the answer to giving it back all of them are here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-refusal.h"

#include "rb-bus-error.h"
#include "rb-bus.h"
#include "rb-log.h"

#define DEADLINE_MS 3000
#define DO_NOT_QUEUE 4
#define PRIMARY_OWNER 1

typedef struct {
  const char *name;
  char       *text;
} Refusal;

/* In the connection's own thread. */
static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage    *message,
            gboolean         incoming,
            gpointer         user_data)
{
  const Refusal *refusal = user_data;
  g_autoptr(GDBusMessage) answer = NULL;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  if ((g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0)
    {
      answer = g_dbus_message_new_method_error_literal (message, refusal->name, refusal->text);
      g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
    }
  g_object_unref (message);
  return NULL;
}

static gboolean
ask_bus (GDBusConnection *connection,
         const char      *method,
         GVariant        *arguments,
         guint32         *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                            method, arguments, G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                                            DEADLINE_MS, NULL, &error);

  if (answer == NULL)
    {
      rb_log_warning ("bus_refusal_failed", "err", error->message, NULL);
      return FALSE;
    }
  g_variant_get (answer, "(u)", result);
  return TRUE;
}

static void
answer_callers (GDBusConnection *connection,
                Refusal         *refusal)
{
  guint filter = g_dbus_connection_add_filter (connection, on_message, refusal, NULL);
  guint32 result;

  if (ask_bus (connection, "RequestName", g_variant_new ("(su)", RB_BUS_NAME, DO_NOT_QUEUE), &result) && result == PRIMARY_OWNER &&
      ask_bus (connection, "ReleaseName", g_variant_new ("(s)", RB_BUS_NAME), &result))
    g_dbus_connection_flush_sync (connection, NULL, NULL);
  /* Closed before what the filter needs goes away. */
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_dbus_connection_remove_filter (connection, filter);
}

static gboolean
on_late (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GAsyncResult **connected = user_data;

  *connected = g_object_ref (result);
}

static GDBusConnection *
connect_in_time (const char *address)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GSource) late = g_timeout_source_new (DEADLINE_MS);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection;

  g_main_context_push_thread_default (context);
  g_source_set_callback (late, on_late, cancellable, NULL);
  g_source_attach (late, context);
  g_dbus_connection_new_for_address (address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, cancellable, on_connected, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  connection = g_dbus_connection_new_for_address_finish (result, &error);
  g_source_destroy (late);
  g_main_context_pop_thread_default (context);
  if (connection == NULL)
    rb_log_warning ("bus_refusal_failed", "err", error->message, NULL);
  return connection;
}

void
rb_bus_refuse (const GError *error)
{
  const char *starter = g_getenv ("DBUS_STARTER_ADDRESS");
  g_autofree char *address = starter != NULL && *starter != '\0' ? g_strdup (starter) : rb_bus_dup_session_address ();
  g_autoptr(GDBusConnection) connection = address != NULL ? connect_in_time (address) : NULL;
  Refusal refusal;

  if (connection == NULL)
    return;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  refusal.name = rb_bus_error_get_name (error);
  refusal.text = rb_bus_error_dup_text (error);
  answer_callers (connection, &refusal);
  g_free (refusal.text);
}
