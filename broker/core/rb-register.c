/* rb-register.c: an adapter registers, keeps, takes back and gives up endpoints
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-register.h"

#include "rb-core-private.h"
#include "rb-deliver.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-heartbeat.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-resume.h"
#include "rb-spawn.h"
#include "rb-successor.h"
#include "rb-text.h"
#include "rb-time.h"
#include "rb-upstream-error.h"

/* A registration on its way: checked -> agreed by the upstream -> durable -> answered. Of an endpoint that may have come back the upstream
 * is asked first whether it has it still; if so there is nothing to agree to. */
typedef struct {
  RbTraits *traits;
  char     *agent_id;
  gint64    plugin_pid;
  char     *nonce;
  char     *owner_token;
  char     *endpoint_id;     /* granted, or of the endpoint that may have come back */
  char     *task_hint;       /* NULL: it said none */
  char     *spawn_token;     /* NULL: nobody spawned it */
  GVariant *session_naming;
} Registration;

static void
registration_free (Registration *self)
{
  g_clear_pointer (&self->traits, rb_traits_free);
  g_free (self->agent_id);
  g_free (self->nonce);
  g_free (self->owner_token);
  g_free (self->endpoint_id);
  g_free (self->task_hint);
  g_free (self->spawn_token);
  g_clear_pointer (&self->session_naming, g_variant_unref);
  g_free (self);
}

void
rb_register_request_clear (RbRegisterRequest *self)
{
  g_clear_pointer (&self->agent_id, g_free);
  g_clear_pointer (&self->kind, g_free);
  g_clear_pointer (&self->client_kind, g_free);
  g_clear_pointer (&self->client_version, g_free);
  g_clear_pointer (&self->started_at, g_free);
  g_clear_pointer (&self->workspace, g_bytes_unref);
  g_clear_pointer (&self->tracking_ref, g_free);
  g_clear_pointer (&self->session_name, g_free);
  g_clear_pointer (&self->task_hint, g_free);
  g_clear_pointer (&self->runtime_session_id, g_free);
  g_clear_pointer (&self->runtime_capabilities, g_strfreev);
  g_clear_pointer (&self->execution_surface, g_free);
  g_clear_pointer (&self->background_exchange_mode, g_free);
  g_clear_pointer (&self->spawn_token, g_free);
}

static gboolean
can_spawn (RbCore     *core,
           const char *kind)
{
  return core->settings.remote_spawn && rb_spawn_find_driver (core, kind, NULL) != NULL;
}

static RbChannel *
check_channel (RbCore          *core,
               const RbCaller  *caller,
               gint64           pid,
               GError         **error)
{
  RbChannel *channel = rb_channels_lookup (core, pid);

  if (caller->pid > 0 && caller->pid != pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match plugin_pid of the body");
      return NULL;
    }
  if (channel == NULL)
    rb_set_error (error, RB_ERROR_INVALID, "ipc_channel_missing",
                  "no open IPC channel for plugin_pid=%" G_GINT64_FORMAT "; open WS /v1/stream with x-plugin-pid header first", pid);
  return channel;
}

static gboolean
read_session_id (const RbRegisterRequest  *request,
                 RbTraits                 *traits,
                 GError                  **error)
{
  g_autofree char *trimmed = request->runtime_session_id != NULL ? rb_text_trim (request->runtime_session_id) : NULL;

  if (trimmed == NULL || *trimmed == '\0')
    return TRUE;

  traits->runtime_session_id = rb_text_session_id (trimmed);
  if (traits->runtime_session_id != NULL)
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "invalid_runtime_session_id", "runtime_session_id is invalid");
  return FALSE;
}

static RbTraits *
make_traits (RbCore                   *core,
             const RbRegisterRequest  *request,
             GError                  **error)
{
  g_autoptr(RbTraits) traits = g_new0 (RbTraits, 1);

  traits->capabilities = rb_traits_effective_capabilities ((const char *const *) request->runtime_capabilities,
                                                           can_spawn (core, request->kind));
  if (!read_session_id (request, traits, error) || !rb_workspace_from_json (request->workspace, &traits->workspace, error))
    return NULL;

  traits->kind = g_strdup (request->kind);
  traits->client_kind = g_strdup (request->client_kind);
  traits->client_version = g_strdup (request->client_version);
  traits->started_at = request->started_at != NULL ? g_strdup (request->started_at) : rb_time_to_iso (rb_core_now (core));
  traits->tracking_ref = g_strdup (request->tracking_ref);
  traits->session_name = g_strdup (request->session_name);
  traits->task_hint = g_strdup (request->task_hint);
  traits->execution_surface = g_strdup (request->execution_surface);
  traits->background_exchange_mode = g_strdup (request->background_exchange_mode);
  traits->label = rb_workspace_dup_label (traits->workspace, request->kind, request->tracking_ref, request->plugin_pid);
  return g_steal_pointer (&traits);
}

static GVariant *
workspace_arguments (const RbWorkspace *workspace)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "root", workspace->root);
  rb_dict_put_text (&dict, "cwd", workspace->cwd);
  rb_dict_put_text (&dict, "remote", workspace->remote);
  rb_dict_put_text (&dict, "branch", workspace->branch);
  return g_variant_dict_end (&dict);
}

/* Source: protocol.md 14.4. */
static GVariant *
upstream_arguments (const Registration *self)
{
  const RbTraits *traits = self->traits;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "runtime_kind", traits->kind);
  rb_dict_put_text (&dict, "endpoint_nonce", self->nonce);
  rb_dict_put_text (&dict, "display_label", traits->label);
  rb_dict_put_text (&dict, "tracking_ref", traits->tracking_ref);
  rb_dict_put_text (&dict, "session_name", traits->session_name);
  rb_dict_put_text (&dict, "task_hint", traits->task_hint);
  rb_dict_put_text (&dict, "execution_surface", traits->execution_surface);
  rb_dict_put_text (&dict, "runtime_session_id", traits->runtime_session_id);
  rb_dict_put_text (&dict, "background_exchange_mode", traits->background_exchange_mode);
  if (traits->workspace != NULL)
    g_variant_dict_insert_value (&dict, "workspace", workspace_arguments (traits->workspace));
  if (traits->capabilities != NULL)
    g_variant_dict_insert (&dict, "runtime_capabilities", "^as", traits->capabilities);
  return g_variant_dict_end (&dict);
}

static void
log_registered (const Registration *self,
                const RbEndpoint   *endpoint)
{
  g_autofree char *pid = g_strdup_printf ("%" G_GINT64_FORMAT, self->plugin_pid);

  rb_log_info ("endpoint_registered", "endpoint_id", self->endpoint_id, "plugin_pid", pid, "kind",
               endpoint != NULL ? endpoint->traits->kind : NULL, NULL);
}

static void
on_registered (RbCore       *core,
               const GError *error,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Registration *self = g_task_get_task_data (task);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, self->endpoint_id);

  if (error != NULL)
    {
      if (endpoint != NULL)
        rb_lifecycle_apply (core, endpoint, RB_ENDPOINT_EXPLICIT_UNREGISTER);
      rb_lifecycle_give_back (core, self->endpoint_id);
      g_task_return_error (task, g_error_copy (error));
      return;
    }

  if (endpoint != NULL)
    endpoint->is_durable = TRUE;
  if (self->spawn_token != NULL)
    rb_spawn_registered (core, self->spawn_token, self->endpoint_id);
  log_registered (self, endpoint);
  g_task_return_boolean (task, TRUE);
  endpoint = rb_registry_lookup (core->registry, self->endpoint_id);    /* whoever heard of it may have given it back */
  if (endpoint == NULL)
    return;
  rb_deliver_pump (core, endpoint);
  rb_mailroom_endpoint_active (core, self->endpoint_id);
}

static RbEndpoint *
make_endpoint (RbCore       *core,
               Registration *self)
{
  RbEndpoint *endpoint = rb_endpoint_new (self->endpoint_id, self->plugin_pid, g_steal_pointer (&self->traits));

  endpoint->owner_token = g_strdup (self->owner_token);
  endpoint->nonce = g_strdup (self->nonce);
  endpoint->agent_id = g_strdup (self->agent_id);
  endpoint->position = core->next_position++;
  endpoint->state = RB_ENDPOINT_ACTIVE;
  endpoint->state_since = rb_core_now (core);
  rb_processes_identify (core->processes, endpoint->plugin_pid, &endpoint->pid_start);
  return endpoint;
}

/* IMP-19: the adapter may have another channel by now, or none. */
static void
insert (RbCore *core,
        GTask  *task)
{
  Registration *self = g_task_get_task_data (task);
  RbChannel *channel = rb_channels_lookup (core, self->plugin_pid);
  RbEndpoint *endpoint = make_endpoint (core, self);
  GPtrArray *predecessors;
  RbChanges *changes;

  if (!rb_registry_add (core->registry, endpoint))
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_INTERNAL, "internal_error", "endpoint_id already registered: %s",
                                               self->endpoint_id));
      rb_endpoint_free (endpoint);
      g_object_unref (task);
      return;
    }

  changes = rb_changes_new ();
  rb_processes_watch (core->processes, endpoint->plugin_pid);
  endpoint->traits->legacy = channel != NULL && core->settings.legacy_adapters && rb_channel_is_legacy (channel);
  g_set_object (&endpoint->channel, channel);
  rb_endpoint_record (endpoint, changes);
  rb_endpoint_checkpoint (endpoint, changes, "registered", rb_core_now (core), NULL);
  rb_changes_tell (changes, rb_events_endpoint_state (endpoint->id, "active", "register", rb_core_now (core)));
  predecessors = rb_successor_inherit (core, endpoint, changes);
  rb_heartbeat_schedule (core, endpoint);

  rb_core_commit (core, changes, on_registered, task);
  rb_successor_close (core, predecessors);
  rb_core_changed (core, "endpoints");
  if (channel == NULL)
    rb_lifecycle_channel_closed (core, endpoint);
}

static gint64
heartbeat_ms (GVariant *answer)
{
  double seconds = 0;

  g_variant_lookup (answer, "heartbeat_after_seconds", "d", &seconds);
  return seconds > 0 && seconds < 1e9 ? MAX (1, (gint64) (seconds * 1000)) : 0;
}

static void
on_upstream_registered (GObject      *source,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Registration *self = g_task_get_task_data (task);
  RbCore *core = g_task_get_source_object (task);
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) failure = NULL;
  GError *error = NULL;

  core->n_registering--;
  answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &failure);
  if (answer == NULL)
    {
      g_task_return_error (task, rb_upstream_error_pass_on (failure));
      return;
    }
  if (!g_variant_lookup (answer, "endpoint_id", "s", &self->endpoint_id) || *self->endpoint_id == '\0')
    {
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_UNAVAILABLE, "the upstream granted no endpoint_id");
      return;
    }
  if (!rb_core_check_ready (core, &error))
    {
      rb_lifecycle_give_back (core, self->endpoint_id);
      g_task_return_error (task, error);
      return;
    }

  self->session_naming = g_variant_lookup_value (answer, "session_naming", G_VARIANT_TYPE_VARDICT);
  if (self->session_naming != NULL)
    self->traits->session_naming = g_variant_print (self->session_naming, TRUE);
  self->traits->heartbeat_ms = heartbeat_ms (answer);
  insert (core, g_steal_pointer (&task));
}

static void
ask_upstream (RbCore *core,
              GTask  *task)
{
  Registration *self = g_task_get_task_data (task);

  if (rb_registry_get_n (core->registry) + core->n_registering >= core->settings.endpoint_cap)
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_ENDPOINTS);
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "endpoint_limit_reached", "%u endpoints are registered already",
                                               rb_registry_get_n (core->registry)));
      g_object_unref (task);
      return;
    }

  g_clear_pointer (&self->endpoint_id, g_free);
  self->nonce = rb_core_uuid (core);
  self->owner_token = rb_core_uuid (core);
  core->n_registering++;
  rb_bounds_note (core->bounds, RB_CORE_BOUND_ENDPOINTS, rb_registry_get_n (core->registry) + core->n_registering);
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_REGISTER_ENDPOINT, upstream_arguments (self), NULL, on_upstream_registered, task);
}

static GVariant *
parse_naming (const char *text)
{
  return text != NULL ? g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL) : NULL;
}

static void
tell_hint (RbCore             *core,
           const Registration *self,
           const RbEndpoint   *endpoint)
{
  RbCaller caller = { .pid = self->plugin_pid };

  if (self->task_hint != NULL && g_strcmp0 (self->task_hint, endpoint->traits->task_hint) != 0)
    rb_task_hint_async (core, &caller, endpoint->id, self->plugin_pid, self->task_hint, NULL, NULL);
}

static void
on_resumed (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Registration *self = g_task_get_task_data (task);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, self->endpoint_id);

  if (endpoint != NULL)
    {
      endpoint->is_durable = TRUE;
      /* Not heard of it: the adapter will ask again. */
      endpoint->is_moved = error != NULL;
    }
  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }

  if (self->spawn_token != NULL)
    rb_spawn_registered (core, self->spawn_token, self->endpoint_id);
  rb_log_info ("endpoint_resumed", "endpoint_id", self->endpoint_id, NULL);
  g_task_return_boolean (task, TRUE);
  endpoint = rb_registry_lookup (core->registry, self->endpoint_id);    /* whoever heard of it may have given it back */
  if (endpoint == NULL)
    return;
  rb_deliver_pump (core, endpoint);
  rb_mailroom_endpoint_active (core, self->endpoint_id);
  tell_hint (core, self, endpoint);
}

static void
resume (RbCore     *core,
        RbEndpoint *endpoint,
        GTask      *task)
{
  Registration *self = g_task_get_task_data (task);
  RbChannel *channel = rb_channels_lookup (core, self->plugin_pid);
  RbChanges *changes = rb_changes_new ();

  g_free (endpoint->agent_id);
  endpoint->agent_id = g_strdup (self->agent_id);
  self->owner_token = g_strdup (endpoint->owner_token);
  self->session_naming = parse_naming (endpoint->traits->session_naming);
  rb_resume_apply (core, endpoint, channel, g_steal_pointer (&self->traits), changes);
  rb_core_commit (core, changes, on_resumed, task);
  rb_core_changed (core, "endpoints");
}

/* An upstream that is away, or says anything else, does not keep an adapter from its endpoint. */
static void
on_asked_for (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Registration *self = g_task_get_task_data (task);
  RbCore *core = g_task_get_source_object (task);
  g_autoptr(GError) failure = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &failure);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, self->endpoint_id);
  GError *error = NULL;

  if (!rb_core_check_ready (core, &error) || check_channel (core, &(RbCaller) { 0 }, self->plugin_pid, &error) == NULL)
    g_task_return_error (task, error);
  else if ((answer == NULL && rb_resume_is_forgotten (failure)) || !rb_resume_fits (core, endpoint, self->plugin_pid, self->traits))
    ask_upstream (core, g_steal_pointer (&task));
  else
    resume (core, endpoint, g_steal_pointer (&task));
}

static void
ask_for (RbCore     *core,
         RbEndpoint *endpoint,
         GTask      *task)
{
  Registration *self = g_task_get_task_data (task);

  self->endpoint_id = g_strdup (endpoint->id);
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_HEARTBEAT, rb_dict_endpoint (endpoint->id), NULL, on_asked_for, task);
}

void
rb_register_async (RbCore                  *core,
                   const RbCaller          *caller,
                   const RbRegisterRequest *request,
                   GAsyncReadyCallback      callback,
                   gpointer                 user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbTraits *traits = NULL;
  GError *error = NULL;
  RbEndpoint *known;
  Registration *self;

  g_task_set_source_tag (task, rb_register_async);
  if (!rb_core_check_ready (core, &error) || check_channel (core, caller, request->plugin_pid, &error) == NULL ||
      (traits = make_traits (core, request, &error)) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Registration, 1);
  self->traits = traits;
  self->agent_id = g_strdup (request->agent_id);
  self->task_hint = g_strdup (request->task_hint);
  self->spawn_token = g_strdup (request->spawn_token);
  self->plugin_pid = request->plugin_pid;
  g_task_set_task_data (task, self, (GDestroyNotify) registration_free);

  known = rb_resume_find (core, self->plugin_pid, traits);
  if (known != NULL)
    ask_for (core, known, g_steal_pointer (&task));
  else
    ask_upstream (core, g_steal_pointer (&task));
}

gboolean
rb_register_finish (RbCore        *core,
                    GAsyncResult  *result,
                    char         **endpoint_id,
                    char         **owner_token,
                    GVariant     **session_naming,
                    GError       **error)
{
  Registration *self = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  *endpoint_id = g_strdup (self->endpoint_id);
  *owner_token = g_strdup (self->owner_token);
  *session_naming = self->session_naming != NULL ? g_variant_ref (self->session_naming) : NULL;
  return TRUE;
}

/* Unknown endpoints are fine: what is asked for is the case. */
void
rb_unregister_async (RbCore              *core,
                     const RbCaller      *caller,
                     const char          *endpoint_id,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);
  GError *error = NULL;

  if (endpoint != NULL && (!rb_core_check_ready (core, &error) || !rb_core_check_owner (core, caller, endpoint, 0, &error)))
    {
      g_task_return_error (task, error);
      return;
    }
  if (endpoint != NULL)
    rb_lifecycle_apply (core, endpoint, RB_ENDPOINT_EXPLICIT_UNREGISTER);
  rb_core_commit_task (core, rb_changes_new (), g_steal_pointer (&task));
}

gboolean
rb_unregister_finish (RbCore        *core,
                      GAsyncResult  *result,
                      GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
