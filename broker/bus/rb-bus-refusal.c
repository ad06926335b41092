/* rb-bus-refusal.c: says to those who called us into being why we cannot serve them
 *
 * A bus that has started a process waits for it to take its name, and lets the callers wait with it: for its whole timeout when the process
 * ends well without a name, or in a unit of a service manager; otherwise with nothing but an exit status as an answer. So the name is
 * taken, and with it come the calls that waited. It is kept until the process ends: who calls between its release and the end of the
 * process would ask for one that is being started already, and wait. Where callers may still be served, as when the person unlocks the keyring, it
 * is kept until the RbBus takes it over.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-refusal.h"

#include "rb-bus-error.h"
#include "rb-bus.h"
#include "rb-log.h"

#define DEADLINE_MS 3000
#define QUIET_US (200 * G_TIME_SPAN_MILLISECOND)   /* callers ask more than once: for what there is, then for what they want */
#define ALLOW_REPLACEMENT 1     /* by the RbBus of this process, which asks for that */
#define DO_NOT_QUEUE 4
#define PRIMARY_OWNER 1

/* Until the process ends: so is what answers there. */
static struct {
  GMutex           mutex;          /* of all below it */
  GCond            called;
  guint            n_calls;
  const char      *name;
  char            *text;
  GDBusConnection *connection;     /* of its own, of one thread; NULL: there is none */
} refusal;

static void
set_words (const GError *error)
{
  g_mutex_lock (&refusal.mutex);
  g_free (refusal.text);
  refusal.name = rb_bus_error_get_name (error);
  refusal.text = rb_bus_error_dup_text (error);
  g_mutex_unlock (&refusal.mutex);
}

static GDBusMessage *
make_answer (GDBusMessage *message)
{
  GDBusMessage *answer;

  g_mutex_lock (&refusal.mutex);
  answer = g_dbus_message_new_method_error_literal (message, refusal.name, refusal.text);
  refusal.n_calls++;
  g_cond_signal (&refusal.called);
  g_mutex_unlock (&refusal.mutex);
  return answer;
}

/* In the connection's own thread. */
static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage    *message,
            gboolean         incoming,
            gpointer         user_data)
{
  g_autoptr(GDBusMessage) answer = NULL;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  answer = make_answer (message);
  if ((g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0)
    g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

void
rb_bus_refuse_end (void)
{
  gint64 end_us = g_get_monotonic_time () + DEADLINE_MS * G_TIME_SPAN_MILLISECOND;
  guint n_seen;

  g_mutex_lock (&refusal.mutex);
  do
    {
      gint64 quiet_us = g_get_monotonic_time () + QUIET_US;

      n_seen = refusal.n_calls;
      while (refusal.n_calls == n_seen && g_cond_wait_until (&refusal.called, &refusal.mutex, quiet_us))
        ;
    }
  while (refusal.n_calls != n_seen && g_get_monotonic_time () < end_us);
  g_mutex_unlock (&refusal.mutex);
}

static gboolean
take_name (GDBusConnection *connection)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                            "RequestName", g_variant_new ("(su)", RB_BUS_NAME, ALLOW_REPLACEMENT | DO_NOT_QUEUE),
                                                            G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, DEADLINE_MS, NULL, &error);
  guint32 result = 0;

  if (answer != NULL)
    g_variant_get (answer, "(u)", &result);
  else
    rb_log_warning ("bus_refusal_failed", "err", error->message, NULL);
  return result == PRIMARY_OWNER;
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
rb_bus_refuse_on (GDBusConnection *connection,
                  const GError    *error)
{
  set_words (error);
  g_dbus_connection_add_filter (connection, on_message, NULL, NULL);
}

/* FALSE: nobody can be told. */
static gboolean
begin (const GError *error)
{
  const char *starter = g_getenv ("DBUS_STARTER_ADDRESS");
  g_autofree char *address = starter != NULL && *starter != '\0' ? g_strdup (starter) : rb_bus_dup_session_address ();

  refusal.connection = address != NULL ? connect_in_time (address) : NULL;
  if (refusal.connection == NULL)
    return FALSE;
  g_dbus_connection_set_exit_on_close (refusal.connection, FALSE);
  rb_bus_refuse_on (refusal.connection, error);
  return take_name (refusal.connection);
}

void
rb_bus_refuse (const GError *error,
               gboolean      is_end)
{
  gboolean is_told = TRUE;

  if (refusal.connection != NULL)
    set_words (error);
  else
    is_told = begin (error);
  if (!is_end || !is_told)
    return;
  rb_bus_refuse_end ();
  g_dbus_connection_flush_sync (refusal.connection, NULL, NULL);
}

static void
on_flushed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_dbus_connection_close (G_DBUS_CONNECTION (source), NULL, NULL, NULL);
}

void
rb_bus_refuse_over (void)
{
  if (refusal.connection != NULL)
    g_dbus_connection_flush (refusal.connection, NULL, on_flushed, NULL);
  g_clear_object (&refusal.connection);
}
