/* rb-bus.c: the broker on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus.h"

#include "rb-bus-gate.h"
#include "rb-bus-methods.h"
#include "rb-bus-notices.h"
#include "rb-bus-objects.h"
#include "rb-bus-refusal.h"
#include "rb-log.h"
#include "rb-paths.h"

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 300000
#define FLUSH_MS 1000

struct _RbBus {
  RbBusPorts       ports;
  char            *address;
  const char      *state;
  RbBusCalls       calls;
  RbBounds        *bounds;
  RbBusClaims     *claims;
  RbBusObjects    *objects;
  GCancellable    *connecting;    /* NULL: it does not */
  GDBusConnection *connection;    /* NULL: there is none */
  RbBusNotices    *notices;       /* NULL: not wanted, or nobody to tell */
  RbBounds        *click_bounds;
  RbBounds        *gate_bounds;
  guint            gate_id;       /* on the connection */
  GError          *failure;       /* NULL: callers are served, or told that we stop */
  gulong           closed_id;
  guint            owner_id;
  guint64          retry_timer;
  guint            n_failures;
  gboolean         is_stopped;    /* the core is not looked at any more */
};

static const RbBoundInfo infos[] = {
  { "bus_calls", "calls", RB_BOUND_PUSHES_BACK, "further calls on the session bus are refused" },
  { "bus_claims", "messages", RB_BOUND_PUSHES_BACK, "callers on the session bus may claim no further message" },
};

static void try_connect (RbBus *self);

char *
rb_bus_dup_session_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime_dir = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;

  if (address != NULL && g_str_has_prefix (address, "disabled:"))
    return NULL;
  if (address != NULL && *address != '\0')
    return g_strdup (address);
  if (runtime_dir == NULL || !rb_paths_check_runtime_dir (runtime_dir, NULL))
    return NULL;

  path = g_build_filename (runtime_dir, "bus", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

static GVariant *
view_modules (gpointer user_data)
{
  RbBus *self = user_data;
  gboolean found;
  GVariant *view = self->ports.view ("modules", &found, self->ports.user_data, NULL);

  return view != NULL ? view : g_variant_new ("aa{sv}", NULL);
}

static void
on_method (RbBusKind              kind,
           const char            *key,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  RbBus *self = user_data;

  rb_bus_methods_call (&self->calls, kind, key, invocation);
}

static void
on_retry (gpointer user_data)
{
  RbBus *self = user_data;

  self->retry_timer = 0;
  try_connect (self);
}

static void
retry_later (RbBus        *self,
             const GError *error)
{
  gint64 wait = MIN ((gint64) RETRY_MIN_MS << MIN (self->n_failures, 10), RETRY_MAX_MS);

  self->state = "connecting";
  self->n_failures++;
  rb_log_info ("bus_unavailable", "err", error != NULL ? error->message : "it closed the connection", NULL);
  self->retry_timer = rb_clock_add (self->ports.clock, wait, on_retry, self);
}

static void
disconnect (RbBus *self)
{
  g_clear_pointer (&self->notices, rb_bus_notices_free);
  rb_bus_claims_leave_all (self->claims);
  rb_bus_objects_unexport (self->objects);
  if (self->owner_id != 0)
    g_bus_unown_name (self->owner_id);
  self->owner_id = 0;
  if (self->connection != NULL)
    g_clear_signal_handler (&self->closed_id, self->connection);
  if (self->gate_id != 0)
    g_dbus_connection_remove_filter (self->connection, self->gate_id);
  self->gate_id = 0;
  g_clear_object (&self->connection);
}

static void
on_closed (GDBusConnection *connection,
           gboolean         by_peer,
           GError          *error,
           gpointer         user_data)
{
  RbBus *self = user_data;

  disconnect (self);
  retry_later (self, error);
}

static void
on_name_acquired (GDBusConnection *connection,
                  const char      *name,
                  gpointer         user_data)
{
  RbBus *self = user_data;

  self->state = "owned";
  rb_bus_refuse_over ();
  rb_log_info ("bus_name_acquired", "name", name, NULL);
}

static void
on_name_lost (GDBusConnection *connection,
              const char      *name,
              gpointer         user_data)
{
  RbBus *self = user_data;

  if (connection == NULL || g_dbus_connection_is_closed (connection))
    return;
  self->state = "waiting";
  rb_bus_refuse_over ();
  rb_log_info ("bus_name_taken", "name", name, NULL);
}

static void
use_connection (RbBus *self)
{
  g_autoptr(GError) error = NULL;

  if (!rb_bus_objects_export (self->objects, self->connection, &error))
    {
      rb_log_warning ("bus_export_failed", "err", error->message, NULL);
      disconnect (self);
      self->state = "none";
      return;
    }

  self->n_failures = 0;
  self->gate_id = rb_bus_gate_add (self->connection, self->gate_bounds);
  if (self->ports.notifies && !self->is_stopped)
    self->notices = rb_bus_notices_new (&self->ports, self->connection, self->click_bounds);
  self->closed_id = g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  if (self->failure != NULL)
    rb_bus_refuse_on (self->connection, self->failure);
  /* Only who allows that is replaced: our own refusal. */
  self->owner_id = g_bus_own_name_on_connection (self->connection, RB_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_REPLACE, on_name_acquired, on_name_lost,
                                                 self, NULL);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);
  RbBus *self = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_clear_object (&self->connecting);
  if (connection == NULL)
    {
      retry_later (self, error);
      return;
    }
  self->connection = connection;
  use_connection (self);
}

static void
try_connect (RbBus *self)
{
  self->connecting = g_cancellable_new ();
  g_dbus_connection_new_for_address (self->address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
                                     self->connecting, on_connected, self);
}

static void
on_storage_stuck (RbCore     *core,
                  const char *why,
                  RbBus      *self)
{
  rb_bus_calls_fail_stuck (&self->calls, why);
}

RbBus *
rb_bus_new (const RbBusPorts *ports,
            const char       *address)
{
  RbBus *self = g_new0 (RbBus, 1);

  self->ports = *ports;
  self->address = address != NULL ? g_strdup (address) : rb_bus_dup_session_address ();
  self->gate_bounds = rb_bus_gate_make_bounds (ports->clock);
  rb_core_add_bounds (ports->core, self->gate_bounds);
  self->click_bounds = rb_bus_notices_make_bounds (ports->clock);
  rb_core_add_bounds (ports->core, self->click_bounds);
  self->bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), ports->clock);
  rb_bounds_set_limit (self->bounds, 0, RB_BUS_CALLS_MAX);
  rb_core_add_bounds (ports->core, self->bounds);
  self->claims = rb_bus_claims_new (self->bounds, 1);
  rb_bus_calls_init (&self->calls, &self->ports, self->bounds, self->claims);
  g_signal_connect (ports->core, "storage-stuck", G_CALLBACK (on_storage_stuck), self);
  self->objects = rb_bus_objects_new (ports->core, ports->clock, view_modules, on_method, self);
  self->state = self->address != NULL ? "connecting" : "none";
  if (self->address != NULL)
    try_connect (self);
  else
    rb_log_info ("bus_unavailable", "err", "this session has none", NULL);
  return self;
}

static void
on_flushed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  gboolean *is_done = user_data;
  g_autoptr(GError) error = NULL;

  if (!g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, &error))
    rb_log_debug ("bus_flush_failed", "err", error->message, NULL);
  *is_done = TRUE;
}

/* It fails then, whoever waits for it. */
static gboolean
on_flush_late (gpointer user_data)
{
  GIOStream *stream = g_dbus_connection_get_stream (user_data);

  rb_log_warning ("bus_not_reading", NULL);
  if (G_IS_SOCKET_CONNECTION (stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

void
rb_bus_fail (RbBus        *self,
             const GError *error)
{
  self->failure = g_error_copy (error);
  self->calls.failure = self->failure;
  if (self->connection != NULL)
    rb_bus_refuse_on (self->connection, error);
}

/* What was answered last is on its way before the connection goes. A bus that reads nothing keeps nobody from ending: GDBus's own waiting call
 * would. Nothing else happens meanwhile. */
static void
flush (RbBus *self)
{
  g_autoptr(GMainContext) context = NULL;
  g_autoptr(GSource) timer = NULL;
  gboolean is_done = FALSE;

  if (self->connection == NULL || g_dbus_connection_is_closed (self->connection))
    return;
  context = g_main_context_new ();
  timer = g_timeout_source_new (FLUSH_MS);
  g_source_set_callback (timer, on_flush_late, self->connection, NULL);
  g_source_attach (timer, context);
  g_main_context_push_thread_default (context);
  g_dbus_connection_flush (self->connection, NULL, on_flushed, &is_done);
  while (!is_done)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  g_source_destroy (timer);
}

void
rb_bus_stop (RbBus *self)
{
  self->is_stopped = TRUE;
  g_clear_pointer (&self->notices, rb_bus_notices_free);
  rb_bus_calls_close (&self->calls);
  g_signal_handlers_disconnect_by_data (self->ports.core, self);
  rb_bus_claims_leave_all (self->claims);
  rb_bus_objects_freeze (self->objects);
}

void
rb_bus_free (RbBus *self)
{
  g_autoptr(GDBusConnection) connection = self->connection != NULL ? g_object_ref (self->connection) : NULL;

  if (self->connecting != NULL)
    g_cancellable_cancel (self->connecting);
  g_clear_object (&self->connecting);
  rb_clock_clear (self->ports.clock, &self->retry_timer);
  rb_bus_stop (self);
  flush (self);
  disconnect (self);
  g_clear_error (&self->failure);
  if (connection != NULL)
    g_dbus_connection_close (connection, NULL, NULL, NULL);
  rb_bus_claims_free (self->claims);
  rb_bus_objects_free (self->objects);
  rb_bounds_unref (self->bounds);
  rb_bounds_unref (self->click_bounds);
  rb_bounds_unref (self->gate_bounds);
  g_free (self->address);
  g_free (self);
}

const char *
rb_bus_get_state (RbBus *self)
{
  return self->state;
}

gboolean
rb_bus_is_quiet (RbBus *self)
{
  return self->calls.waiting.length == 0;
}
