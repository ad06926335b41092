/* rb-client-wake.c: has the session start its broker, by the service manager's socket or by the bus
 *
 * A broker that the session starts is hardened, writes to the journal and is the one that everybody else of the session will be given, so it is preferred
 * to one of our own. Two ways lead to it. Whoever connects to the manager's socket starts it; one that cannot serve closes the connection. The
 * bus starts it, too, and lets it say why it cannot serve. Each way that leads nowhere fails at once, and the next is tried.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-wake.h"

#include "rb-client-http.h"
#include "rb-client-service.h"
#include "rb-error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define ANY_URL "http://127.0.0.1"
#define BUS_CONNECT_MS 2000       /* a bus that does not even greet is none */
#define ERROR_PREFIX "io.github.runtimebroker.Error."

typedef struct {
  RbClientOptions *options;
  RbClock         *clock;
  gint64           deadline_us;
  guint64          timer;
  GCancellable    *exchange;      /* of the way that is being tried */
  GSource         *cancelled;     /* (nullable) watches the caller's cancellable */
  RbClientHttp    *http;
  GDBusConnection *bus;
  char            *said;          /* (nullable) */
} Wake;

static void
wake_free (Wake *wake)
{
  rb_clock_clear (wake->clock, &wake->timer);
  if (wake->cancelled != NULL)
    g_source_destroy (wake->cancelled);
  g_clear_pointer (&wake->cancelled, g_source_unref);
  if (wake->bus != NULL)
    g_dbus_connection_close (wake->bus, NULL, NULL, NULL);
  g_clear_object (&wake->bus);
  g_clear_object (&wake->http);
  g_clear_object (&wake->exchange);
  g_clear_object (&wake->clock);
  rb_client_options_free (wake->options);
  g_free (wake->said);
  g_free (wake);
}

static gint64
get_left_ms (Wake *wake)
{
  return MAX ((wake->deadline_us - rb_clock_get_monotonic_us (wake->clock)) / 1000, 1);
}

static void
end (GTask    *task,
     gboolean  woken)
{
  g_task_return_boolean (task, woken);
  g_object_unref (task);
}

static void
fail (GTask  *task,
      GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static GError *
late_error (void)
{
  return rb_error_new (RB_ERROR_TIMED_OUT, "broker_start_timeout", _ ("the broker's service was started and did not answer in time; its log says why"));
}

/* Nobody is left to be asked, or somebody is there. TRUE: the task has ended. */
static gboolean
is_over (GTask *task)
{
  Wake *wake = g_task_get_task_data (task);
  GError *error = NULL;

  rb_clock_clear (wake->clock, &wake->timer);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    fail (task, error);
  else if (rb_clock_get_monotonic_us (wake->clock) >= wake->deadline_us)
    fail (task, late_error ());
  else
    return FALSE;
  return TRUE;
}

static void
on_late (gpointer user_data)
{
  Wake *wake = user_data;

  wake->timer = 0;
  g_cancellable_cancel (wake->exchange);
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  Wake *wake = user_data;

  g_cancellable_cancel (wake->exchange);
  return G_SOURCE_REMOVE;
}

static void
allow (Wake  *wake,
       gint64 limit_ms)
{
  rb_clock_clear (wake->clock, &wake->timer);
  wake->timer = rb_clock_add (wake->clock, MIN (limit_ms, get_left_ms (wake)), on_late, wake);
}

/* "keyring_locked: it is..." is how the bus carries a reason. */
static GError *
error_from_bus (const GError *error,
                const char   *name)
{
  g_autoptr(GError) said = g_error_copy (error);
  g_autofree char *reason = NULL;
  RbError code = g_str_equal (name, "Unavailable") ? RB_ERROR_UNAVAILABLE : RB_ERROR_REJECTED;
  const char *text;

  g_dbus_error_strip_remote_error (said);
  text = strstr (said->message, ": ");
  if (text == NULL)
    return rb_error_new (code, "broker_start_failed", "%s", said->message);
  reason = g_strndup (said->message, (gsize) (text - said->message));
  return rb_error_new (code, reason, "%s", text + 2);
}

/* The broker is there all the same: of another session, or kept off the bus. */
static gboolean
is_there (const GError *error)
{
  static const char *const reasons[] = { "already_running", "bus_unwanted", NULL };
  const char *reason = rb_error_get_reason (error);

  return reason != NULL && g_strv_contains (reasons, reason);
}

static void
refuse (GTask        *task,
        const GError *error,
        const char   *name)
{
  Wake *wake = g_task_get_task_data (task);
  g_autoptr(GError) said = error_from_bus (error, name);

  if (!is_there (said))
    {
      fail (task, g_steal_pointer (&said));
      return;
    }
  wake->said = g_strdup (said->message);
  end (task, TRUE);
}

static gboolean
is_ours (Wake     *wake,
         GVariant *answer)
{
  g_autoptr(GVariant) access = g_variant_get_child_value (answer, 0);
  const char *account_id = NULL;
  const char *data_dir = NULL;

  g_variant_lookup (access, "account_id", "&s", &account_id);
  g_variant_lookup (access, "data_dir", "&s", &data_dir);
  return rb_client_service_is_of (wake->options, account_id, data_dir);
}

static void
on_bus_answered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GTask *task = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

  if (answer == NULL && is_over (task))
    return;
  if (answer != NULL)
    end (task, is_ours (g_task_get_task_data (task), answer));
  else if (name != NULL && g_str_has_prefix (name, ERROR_PREFIX))
    refuse (task, error, name + strlen (ERROR_PREFIX));
  else    /* nobody starts it there, or in vain */
    end (task, FALSE);
}

static void
on_bus_connected (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GTask *task = user_data;
  Wake *wake = g_task_get_task_data (task);

  wake->bus = g_dbus_connection_new_for_address_finish (result, NULL);
  if (is_over (task))
    return;
  if (wake->bus == NULL)
    {
      end (task, FALSE);
      return;
    }
  g_dbus_connection_set_exit_on_close (wake->bus, FALSE);
  allow (wake, G_MAXINT);
  g_dbus_connection_call (wake->bus, RB_CLIENT_SERVICE_NAME, RB_CLIENT_SERVICE_PATH, RB_CLIENT_SERVICE_NAME, "Access", NULL, G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, wake->exchange, on_bus_answered, task);
}

static void
try_bus (GTask *task)
{
  Wake *wake = g_task_get_task_data (task);
  g_autofree char *address = rb_client_service_dup_bus (wake->options);

  if (address == NULL)
    {
      end (task, FALSE);
      return;
    }
  allow (wake, BUS_CONNECT_MS);
  g_dbus_connection_new_for_address (address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
                                     wake->exchange, on_bus_connected, task);
}

/* Whoever answers is a broker, also when it is one that is not well. */
static gboolean
is_answer (Wake         *wake,
           const RbJson *answer,
           const GError *error)
{
  static const char *const silent[] = { "broker_unreachable", "broker_connection_lost", NULL };
  const char *reason = error != NULL ? rb_error_get_reason (error) : NULL;
  g_autofree char *account_id = NULL;
  g_autofree char *data_dir = NULL;

  if (answer == NULL)
    return reason != NULL && !g_strv_contains (silent, reason);
  account_id = rb_json_peek_string (answer, "account_id");
  data_dir = rb_json_peek_string (answer, "data_dir");
  return rb_client_service_is_of (wake->options, account_id, data_dir);
}

static void
on_socket_answered (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  GTask *task = user_data;
  Wake *wake = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) answer = rb_client_http_call_finish (RB_CLIENT_HTTP (source), result, NULL, &error);

  if (answer == NULL && is_over (task))
    return;
  if (is_answer (wake, answer, error))
    end (task, TRUE);
  else    /* nobody listens; or one was started that cannot serve, and on the bus will say why */
    try_bus (task);
}

static void
try_socket (GTask *task)
{
  Wake *wake = g_task_get_task_data (task);
  RbClientSite site = { .socket = rb_client_service_dup_socket (wake->options), .url = (char *) ANY_URL };

  if (site.socket == NULL || !g_file_test (site.socket, G_FILE_TEST_EXISTS))
    {
      try_bus (task);
    }
  else
    {
      wake->http = rb_client_http_new (&site, wake->options->pid, wake->clock);
      rb_client_http_call_async (wake->http, "GET", "/v1/operator/env", NULL, RB_CLIENT_CALL_REPEATABLE, get_left_ms (wake), wake->exchange,
                                 on_socket_answered, task);
    }
  g_free (site.socket);
}

void
rb_client_wake_async (const RbClientOptions *options,
                      RbClock               *clock,
                      gint64                 deadline_us,
                      GCancellable          *cancellable,
                      GAsyncReadyCallback    callback,
                      gpointer               user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  const struct passwd *person = getpwuid (geteuid ());
  Wake *wake = g_new0 (Wake, 1);

  g_task_set_source_tag (task, rb_client_wake_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, wake, (GDestroyNotify) wake_free);
  wake->options = rb_client_options_copy (options);
  wake->clock = g_object_ref (clock);
  wake->deadline_us = deadline_us;
  wake->exchange = g_cancellable_new ();
  if (cancellable != NULL)
    {
      wake->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wake->cancelled, G_SOURCE_FUNC (on_cancelled), wake, NULL);
      g_source_attach (wake->cancelled, g_task_get_context (task));
    }
  if (rb_client_service_is_meant (options, person != NULL ? person->pw_dir : NULL))
    try_socket (task);
  else
    end (task, FALSE);
}

gboolean
rb_client_wake_finish (GAsyncResult *result,
                       gboolean     *woken,
                       char        **said,
                       GError      **error)
{
  Wake *wake = g_task_get_task_data (G_TASK (result));
  g_autoptr(GError) local_error = NULL;

  *woken = g_task_propagate_boolean (G_TASK (result), &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  *said = g_steal_pointer (&wake->said);
  return TRUE;
}
