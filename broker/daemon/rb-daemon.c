/* rb-daemon.c: the parts of the broker, put together and started in order
 *
 * The start is a table of steps, from the paths to the listening socket; then the modules start, and when they have (or took too
 * long) the discovery file tells others that we are here. A network that is away holds up nothing of this (design.md section 8).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon.h"

#include "rb-daemon-private.h"

#include "rb-activation.h"
#include "rb-buffer-import.h"
#include "rb-bus-refusal.h"
#include "rb-end-signals.h"
#include "rb-error.h"
#include "rb-file.h"
#include "rb-instance.h"
#include "rb-kernel-processes.h"
#include "rb-log-file.h"
#include "rb-log.h"
#include "rb-notify.h"
#include "rb-profile.h"
#include "rb-setup.h"
#include "rb-time.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACTIVATED_IN_VAIN 3     /* exit code; the bus takes 0 for one that goes on in the background, and waits */
#define MODULES_READY_MS 1000   /* after that others may find us, although a module is still starting */

typedef gboolean (*StartStep) (RbDaemon *self, GError **error);

static const char *
get_broker (RbDaemon   *self,
            const char *key)
{
  return rb_settings_get_string (self->settings, "broker", key);
}

static void
on_end_signal (const char *name,
               gpointer    user_data)
{
  RbDaemon *self = user_data;
  g_autofree char *reason = g_strdup_printf ("signal:%s", name);

  rb_log_info ("broker_signal", "sig", name, NULL);
  rb_daemon_end_instead (self);
  rb_daemon_stop (self, reason, 0);
}

/* From a service manager that starts the next one at once. */
static gboolean
on_sigusr2 (gpointer user_data)
{
  rb_log_info ("broker_signal", "sig", "SIGUSR2", NULL);
  rb_daemon_stop (user_data, RB_CORE_RESTART "SIGUSR2", 0);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_sigusr1 (gpointer user_data)
{
  rb_log_info ("broker_signal", "sig", "SIGUSR1", NULL);
  rb_daemon_restart (user_data, NULL);
  return G_SOURCE_CONTINUE;
}

RbDaemon *
rb_daemon_new (RbLaunch             *launch,
               RbHandover           *inherited,
               const RbSetupOptions *setup)
{
  RbDaemon *self = g_new0 (RbDaemon, 1);

  signal (SIGPIPE, SIG_IGN);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->clock = rb_clock_new_system ();
  self->starting = g_cancellable_new ();
  self->launch = launch;
  self->setup = setup;
  self->inherited = inherited;
  self->instance = g_uuid_string_random ();
  self->signal_ids[0] = rb_end_signals_watch (on_end_signal, self);
  self->signal_ids[1] = g_unix_signal_add (SIGUSR1, on_sigusr1, self);
  self->signal_ids[2] = g_unix_signal_add (SIGUSR2, on_sigusr2, self);
  return self;
}

void
rb_daemon_free (RbDaemon *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->signal_ids); i++)
    g_clear_handle_id (&self->signal_ids[i], g_source_remove);

  g_clear_handle_id (&self->restart_id, g_source_remove);
  g_clear_pointer (&self->bus, rb_bus_free);
  g_clear_object (&self->ipc);
  g_clear_pointer (&self->disk_watch, rb_disk_watch_free);
  g_clear_object (&self->core);
  g_clear_object (&self->processes);
  g_clear_object (&self->host);
  g_clear_pointer (&self->module_bounds, g_ptr_array_unref);
  g_clear_object (&self->store);
  g_clear_object (&self->starting);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->inherited, rb_handover_discard);
  g_clear_pointer (&self->next, rb_handover_discard);
  g_clear_pointer (&self->discovery, rb_discovery_free);
  g_clear_pointer (&self->lock, rb_lock_release);
  g_clear_pointer (&self->paths, rb_paths_free);
  g_clear_pointer (&self->settings, rb_settings_free);
  g_clear_pointer (&self->credentials, rb_credentials_free);
  g_clear_pointer (&self->watchdog, rb_watchdog_cancel);
  g_free (self->runtime_token);
  g_free (self->bearer_token);
  g_free (self->socket_path);
  g_free (self->stop_reason);
  g_free (self->next_connector);
  g_free (self->connector_subject);
  g_free (self->instance);
  g_main_loop_unref (self->loop);
  g_free (self);
}

/* Without a log there is still a broker: the lines then go to standard error or the journal alone. */
static void
open_log_in (const RbSettings *settings,
             const char       *directory)
{
  g_autoptr(GError) error = NULL;

  if (!rb_log_open (directory, (gsize) rb_settings_get_integer (settings, "log", "file-size"),
                    (guint) rb_settings_get_integer (settings, "log", "files"),
                    (guint) rb_settings_get_integer (settings, "log", "keep"), &error))
    rb_log_warning ("log_open_failed", "message", error->message, NULL);
}

static gboolean
open_log (RbDaemon  *self,
          GError   **error)
{
  open_log_in (self->settings, self->paths->log_dir);
  /* Every line has the pid. */
  rb_log_info ("broker_entry_starting", "accountId", get_broker (self, "account-id"), "profile", get_broker (self, "profile"),
               "apiHost", self->credentials != NULL ? self->credentials->api_host : NULL, "version", RB_VERSION, NULL);
  rb_daemon_look_at_runtime_dir (self);
  return TRUE;
}

static gboolean
is_already_running (const GError *error)
{
  return g_error_matches (error, RB_ERROR, RB_ERROR_BAD_STATE) && g_strcmp0 (rb_error_get_reason (error), "already_running") == 0;
}

static gboolean
check_owner (RbDaemon    *self,
             const char  *event,
             GError     **error)
{
  const char *own_url = self->ipc != NULL ? rb_ipc_server_get_url (self->ipc) : NULL;
  gint64 timeout_ms = rb_settings_get_integer (self->settings, "broker", "probe-timeout-ms");
  g_autofree char *owner = rb_instance_find_owner (self->paths->discovery_file, own_url, timeout_ms);

  if (owner == NULL)
    return TRUE;
  rb_log_info (event, "ipcUrl", owner, NULL);
  rb_set_error (error, RB_ERROR_BAD_STATE, "already_running",
                "another healthy runtime broker already owns discovery at %s", owner);
  return FALSE;
}

static gboolean
check_first_time (RbDaemon  *self,
                  GError   **error)
{
  return check_owner (self, "broker_already_running", error);
}

static gboolean
take_lock (RbDaemon  *self,
           GError   **error)
{
  g_autofree char *path = g_build_filename (self->paths->state_dir, "broker.lock", NULL);
  g_autoptr(GError) local_error = NULL;

  if (self->inherited != NULL && self->inherited->lock_fd > 0)
    self->lock = rb_lock_adopt (path, rb_handover_take (&self->inherited->lock_fd), &local_error);
  else
    self->lock = rb_lock_take (path, &local_error);
  if (self->lock != NULL)
    return TRUE;
  if (is_already_running (local_error))
    rb_log_info ("broker_already_running", "message", local_error->message, NULL);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* A broker that died while it wrote its discovery record or its key left half of it, with what nobody else is to know. */
static gboolean
remove_leftovers (RbDaemon  *self,
                  GError   **error)
{
  rb_file_remove_leftovers (self->paths->account_dir);
  rb_file_remove_leftovers (self->paths->state_dir);
  return TRUE;
}

static gboolean
open_store (RbDaemon  *self,
            GError   **error)
{
  g_autofree char *path = g_build_filename (self->paths->state_dir, "broker.db", NULL);

  self->store = rb_sqlite_store_open (path, error);
  return self->store != NULL;
}

static GHashTable *
get_module_settings (const RbModuleInfo  *info,
                     gpointer             user_data,
                     GError             **error)
{
  RbDaemon *self = user_data;

  return rb_settings_dup_module_values (self->settings, info);
}

static RbHost *
make_host (RbDaemon *self)
{
  g_auto(GStrv) directories = rb_setup_dup_own_module_dirs (self->settings);
  g_autofree char *directories_of_runtimes = rb_settings_dup_spawn_directories (self->settings);
  RbHostOptions options = {
    .directories = (const char *const *) directories,
    .call_timeout_ms = rb_settings_get_integer (self->settings, "broker", "module-timeout-ms"),
    .isolate = rb_daemon_is_isolated,
    .isolate_data = self,
    .environment = {
      .clock = self->clock,
      .account_id = get_broker (self, "account-id"),
      .runtime_token = self->runtime_token,
      .data_dir = self->paths->data_dir,
      .state_dir = self->paths->state_dir,
      .product_version = RB_VERSION,
      .client_version = get_broker (self, "client-version"),
    },
  };

  rb_settings_fill_spawn (self->settings, &options.environment.spawn);
  options.environment.spawn.directories = directories_of_runtimes;
  return rb_host_new (&options, get_module_settings, self);
}

static gboolean
load_modules (RbDaemon  *self,
              GError   **error)
{
  g_autoptr(GPtrArray) choices = rb_profile_choose (self->settings);

  self->host = make_host (self);
  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];

      if (!rb_host_load (self->host, choice->kind, choice->name, choice->required, error))
        return FALSE;
    }
  return TRUE;
}

static void
on_core_superseded (RbCore   *core,
                    RbDaemon *self)
{
  rb_daemon_stop (self, "superseded_default_stream", 0);
}

/* design: what waiting cannot mend ends the start, also when it is learnt late. */
static void
on_core_incompatible (RbCore     *core,
                      const char *reason,
                      RbDaemon   *self)
{
  g_autoptr(GError) error = rb_error_new (RB_ERROR_REJECTED, "incompatible_protocol", "The network does not accept us: %s", reason);

  rb_daemon_fail (self, error);
}

static gboolean
load_core (RbDaemon  *self,
           GError   **error)
{
  RbCoreSettings settings;
  RbCorePorts ports = { NULL };

  self->processes = rb_kernel_processes_new (self->clock);
  ports.clock = self->clock;
  ports.store = RB_STORE (self->store);
  ports.connector = rb_host_get_connector (self->host);
  ports.upstream = rb_host_get_upstream (self->host);
  ports.emitters = rb_host_get_emitters (self->host);
  ports.spawn_drivers = rb_host_get_spawn_drivers (self->host);
  ports.processes = self->processes;

  rb_settings_fill_core (self->settings, &settings);
  self->core = rb_core_new (&ports, &settings);
  rb_daemon_add_bounds (self);
  g_signal_connect (self->core, "superseded", G_CALLBACK (on_core_superseded), self);
  g_signal_connect (self->core, "incompatible", G_CALLBACK (on_core_incompatible), self);
  rb_core_set_fact (self->core, "profile", get_broker (self, "profile"));
  rb_core_set_fact (self->core, "product_version", RB_VERSION);
  rb_core_set_fact (self->core, "module_abi", G_STRINGIFY (RB_MODULE_ABI));
  rb_core_set_fact (self->core, "instance", self->instance);
  rb_daemon_note_clock (self);
  if (!rb_core_load (self->core, error))
    return FALSE;
  rb_daemon_watch_connector (self);
  rb_daemon_watch_troubles (self);
  return TRUE;
}

/* The log goes where the paths say, so they come first. */
static const StartStep start_steps[] = {
  rb_daemon_find_paths,
  open_log,
  check_first_time,
  take_lock,
  remove_leftovers,
  open_store,
  load_modules,
  load_core,
  rb_daemon_listen,
  rb_daemon_open_bus,
};

/* Returns the exit code. Source: protocol.md 3.7. */
static int
report_failure (RbDaemon     *self,
                const GError *error)
{
  g_printerr ("runtime-brokerd: %s\n", error->message);
  if (is_already_running (error))
    return self->is_activated ? ACTIVATED_IN_VAIN : 0;

  rb_log_error ("broker_entry_fatal", "name", g_quark_to_string (error->domain), "reason", rb_error_get_reason (error),
                "message", error->message, NULL);
  return 1;
}

void
rb_daemon_fail (RbDaemon     *self,
                const GError *error)
{
  if (self->stop_reason != NULL)
    return;
  if (self->is_activated)
    rb_daemon_tell_callers (self, error);
  rb_daemon_stop (self, "start_failed", report_failure (self, error));
}

static gboolean
write_discovery (RbDaemon  *self,
                 GError   **error)
{
  g_autoptr(RbDiscovery) discovery = g_new0 (RbDiscovery, 1);

  discovery->pid = (gint64) getpid ();
  discovery->started_at = rb_time_to_iso (rb_clock_get_wall_ms (self->clock));
  discovery->ipc_url = g_strdup (rb_ipc_server_get_url (self->ipc));
  discovery->bearer_token = g_strdup (self->bearer_token);
  discovery->socket = g_strdup (self->socket_path);
  if (!rb_discovery_write (discovery, self->paths->discovery_file, error))
    return FALSE;

  self->discovery = g_steal_pointer (&discovery);
  g_clear_pointer (&self->inherited, rb_handover_free);
  rb_log_info ("discovery_written", "path", self->paths->discovery_file, NULL);
  return TRUE;
}

static void
notify_alive (gpointer user_data)
{
  RbDaemon *self = user_data;

  rb_notify_send ("WATCHDOG=1");
  self->notify_timer = rb_clock_add (self->clock, rb_notify_get_watchdog_ms (), notify_alive, self);
}

static void
announce (RbDaemon *self)
{
  const char *url = rb_ipc_server_get_url (self->ipc);

  rb_log_info ("broker_ready", "ipcUrl", url, NULL);
  rb_notify_send ("READY=1");
  if (rb_notify_get_watchdog_ms () > 0)
    notify_alive (self);
  if (isatty (STDOUT_FILENO) != 1)
    return;

  g_print ("runtime-brokerd %s serves account '%s' (profile %s)\n", RB_VERSION, get_broker (self, "account-id"),
           get_broker (self, "profile"));
  g_print ("  listening on    %s\n", url);
  if (self->socket_path != NULL)
    g_print ("  Unix socket     %s\n", self->socket_path);
  g_print ("  discovery file  %s\n", self->paths->discovery_file);
}

static void
become_ready (RbDaemon *self)
{
  g_autoptr(GError) error = NULL;

  rb_clock_clear (self->clock, &self->ready_timer);
  if (self->stop_reason != NULL || self->discovery != NULL)
    return;

  if (!check_owner (self, "broker_already_running_after_ipc_bind", &error))
    {
      rb_daemon_fail (self, error);
      return;
    }

  /* The modules can carry now what the core has to tell; before this they deliver nothing, for their window is closed. What is ours
   * already comes before what they deliver. */
  rb_buffer_import_all (self->core, self->clock, self->paths->state_dir);
  rb_core_start (self->core);
  if (!write_discovery (self, &error))
    {
      rb_daemon_fail (self, error);
      return;
    }
  announce (self);
  rb_daemon_watch_idle (self);
  rb_daemon_ask_identity (self);
}

static void
on_modules_late (gpointer user_data)
{
  RbDaemon *self = user_data;

  self->ready_timer = 0;
  rb_log_warning ("modules_still_starting", NULL);
  become_ready (self);
}

static void
on_modules_started (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  RbDaemon *self = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_host_start_finish (self->host, result, &error))
    become_ready (self);
  else
    rb_daemon_fail (self, error);
}

static gboolean
start (RbDaemon  *self,
       GError   **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (start_steps); i++)
    if (!start_steps[i] (self, error))
      return FALSE;

  self->ready_timer = rb_clock_add (self->clock, MODULES_READY_MS, on_modules_late, self);
  rb_host_start_async (self->host, self->starting, on_modules_started, self);
  return TRUE;
}

static void
set_log_levels (RbDaemon *self)
{
  /* Both passed their rules. */
  RbLogLevels *levels = rb_log_levels_new (rb_settings_get_string (self->settings, "log", "level"),
                                           rb_settings_get_string (self->settings, "log", "levels"), NULL);

  g_return_if_fail (levels != NULL);
  rb_log_set_levels (levels);
}

static gboolean
is_null_device (int fd)
{
  struct stat null_device, found;

  return stat ("/dev/null", &null_device) == 0 && fstat (fd, &found) == 0 && S_ISCHR (found.st_mode) &&
         found.st_rdev == null_device.st_rdev;
}

/* A client that starts its broker lazily gives it no standard error: then the log is the only place to say why nothing came of it. */
void
rb_daemon_report_problems (const RbSettings *settings,
                           GPtrArray        *problems)
{
  gboolean is_silent = is_null_device (STDERR_FILENO);
  g_autofree char *data_dir = rb_paths_dup_data_dir (rb_settings_get_string (settings, "broker", "data-dir"));
  g_autofree char *log_dir = g_build_filename (data_dir, "runtime-broker", "log", NULL);

  if (is_silent && problems->len > 0)
    open_log_in (settings, log_dir);
  for (guint i = 0; i < problems->len; i++)
    {
      g_printerr ("runtime-brokerd: %s\n", (const char *) problems->pdata[i]);
      if (is_silent)
        rb_log_error ("broker_entry_fatal", "name", "settings", "message", problems->pdata[i], NULL);
    }
}

int
rb_daemon_run (RbDaemon      *self,
               RbSettings    *settings,
               RbCredentials *credentials)
{
  g_autoptr(GError) error = NULL;

  self->settings = settings;
  self->credentials = credentials;
  set_log_levels (self);
  /* Nothing was promised to anybody before the start succeeds: what was made until then is simply dropped. */
  if (!start (self, &error))
    {
      rb_activation_turn_away ();
      if (self->is_activated)
        rb_daemon_tell_callers (self, error);
      return report_failure (self, error);
    }

  g_main_loop_run (self->loop);
  if (self->is_activated && g_strcmp0 (self->stop_reason, "start_failed") == 0)
    rb_bus_refuse_end ();
  return self->exit_code;
}
