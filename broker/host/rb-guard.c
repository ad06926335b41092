/* rb-guard.c: stands in front of one module and checks what it does
 *
 * Nothing in the broker calls a module itself: a guard implements the module's interfaces, runs a deadline for each call, sees that
 * failure has an error and success has none, refuses calls while the module is not running, and counts.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-guard-private.h"

#include "rb-guard-connector.h"
#include "rb-guard-emitter.h"
#include "rb-guard-spawn-driver.h"
#include "rb-guard-upstream.h"

typedef struct {
  const RbModuleInfo *info;         /* of a resident module */
  RbModule           *module;
  RbClock            *clock;
  gint64              timeout_ms;
  RbGuardState        state;
  gint64              since_ms;     /* wall clock: when it came to be so */
  gboolean            needs_stop;   /* start was asked for and did not answer with a failure */
  gboolean            is_patient;   /* start has no deadline */
  gint64              life_ms;      /* above 0: the deadline of start and stop */
  char               *reason;
  GQueue              calls;        /* that wait for an answer; links in the calls */
  guint64             n_calls;
  guint64             n_failures;
  guint64             n_timeouts;
} RbGuardPrivate;

static void module_iface_init (RbModuleInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (RbGuard, rb_guard, G_TYPE_OBJECT,
                                  G_ADD_PRIVATE (RbGuard)
                                  G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init))

static RbGuardPrivate *
get_private (RbGuard *self)
{
  return rb_guard_get_instance_private (self);
}

static void
set_state (RbGuardPrivate *priv,
           RbGuardState    state)
{
  priv->state = state;
  priv->since_ms = rb_clock_get_wall_ms (priv->clock);
}

static void
fail (RbGuard    *self,
      const char *reason)
{
  RbGuardPrivate *priv = get_private (self);

  g_free (priv->reason);
  priv->reason = g_strdup (reason);
  set_state (priv, RB_GUARD_FAILED);
}

static gboolean
rb_guard_configure (RbModule         *module,
                    RbModuleContext  *context,
                    GError          **error)
{
  RbGuard *self = RB_GUARD (module);
  RbGuardPrivate *priv = get_private (self);
  GError *local_error = NULL;
  gboolean ok = rb_module_configure (priv->module, context, &local_error);

  if (rb_guard_check_outcome (self, "configure", ok, &local_error))
    return TRUE;
  fail (self, local_error->message);
  g_propagate_error (error, local_error);
  return FALSE;
}

static void
on_start_failed (RbGuard      *self,
                 const GError *error)
{
  if (rb_guard_get_state (self) == RB_GUARD_STARTING)
    fail (self, error->message);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbGuardCall) call = rb_guard_call_take (user_data, source);
  g_autoptr(GTask) task = NULL;
  RbGuardPrivate *priv;
  GError *error = NULL;
  gboolean ok;

  if (call == NULL)
    return;

  priv = get_private (rb_guard_call_get_guard (call));
  ok = rb_module_start_finish (priv->module, result, &error);
  priv->needs_stop = ok;
  if (!rb_guard_call_check (call, ok, error))
    return;
  set_state (priv, RB_GUARD_RUNNING);
  task = rb_guard_call_steal_task (call);
  g_task_return_boolean (task, TRUE);
}

static void
rb_guard_start_async (RbModule            *module,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  RbGuardPrivate *priv = get_private (RB_GUARD (module));
  g_autoptr(GTask) task = g_task_new (module, cancellable, callback, user_data);
  g_autoptr(GCancellable) ours = NULL;
  RbGuardCall *call;

  g_task_set_source_tag (task, rb_guard_start_async);
  if (priv->state != RB_GUARD_LOADED)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_BAD_STATE, NULL, "Module '%s' cannot start: it is %s", priv->info->name,
                                               rb_guard_state_to_string (priv->state)));
      return;
    }

  set_state (priv, RB_GUARD_STARTING);
  priv->needs_stop = TRUE;
  call = rb_guard_call_begin (RB_GUARD (module), "start", RB_ERROR_TIMED_OUT, g_steal_pointer (&task), on_start_failed, &ours);
  if (priv->is_patient)
    rb_guard_call_lift_deadline (call);
  else if (priv->life_ms > 0)
    rb_guard_call_limit (call, priv->life_ms);
  rb_module_start_async (priv->module, ours, on_started, rb_guard_call_get_id (call));
}

static gboolean
rb_guard_finish (RbModule      *module,
                 GAsyncResult  *result,
                 GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* However it went, the module is not asked again, and who still waits for it waits in vain. */
static void
finish_stop (RbGuard *self)
{
  set_state (get_private (self), RB_GUARD_STOPPED);
  rb_guard_call_abandon_all (self);
}

static void
on_stop_failed (RbGuard      *self,
                const GError *error)
{
  RbGuardPrivate *priv = get_private (self);

  g_free (priv->reason);
  priv->reason = g_strdup (error->message);
  finish_stop (self);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbGuardCall) call = rb_guard_call_take (user_data, source);
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  RbGuard *self;
  gboolean ok;

  if (call == NULL)
    return;

  self = rb_guard_call_get_guard (call);
  ok = rb_module_stop_finish (rb_guard_get_module (self), result, &error);
  if (!rb_guard_call_check (call, ok, error))
    return;
  finish_stop (self);
  task = rb_guard_call_steal_task (call);
  g_task_return_boolean (task, TRUE);
}

static void
rb_guard_stop_async (RbModule            *module,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  RbGuard *self = RB_GUARD (module);
  RbGuardPrivate *priv = get_private (self);
  g_autoptr(GTask) task = g_task_new (module, cancellable, callback, user_data);
  g_autoptr(GCancellable) ours = NULL;
  gboolean was_starting;
  RbGuardCall *call;

  g_task_set_source_tag (task, rb_guard_stop_async);
  if (!priv->needs_stop)
    {
      if (priv->state == RB_GUARD_LOADED)
        set_state (priv, RB_GUARD_STOPPED);
      g_task_return_boolean (task, TRUE);
      return;
    }

  was_starting = priv->state == RB_GUARD_STARTING;
  set_state (priv, RB_GUARD_STOPPING);
  priv->needs_stop = FALSE;
  /* Whoever waits for the start hears now that it is off. */
  if (was_starting)
    rb_guard_call_abandon_all (self);
  call = rb_guard_call_begin (self, "stop", RB_ERROR_TIMED_OUT, g_steal_pointer (&task), on_stop_failed, &ours);
  if (priv->life_ms > 0)
    rb_guard_call_limit (call, priv->life_ms);
  rb_module_stop_async (priv->module, ours, on_stopped, rb_guard_call_get_id (call));
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_guard_configure;
  iface->start_async = rb_guard_start_async;
  iface->start_finish = rb_guard_finish;
  iface->stop_async = rb_guard_stop_async;
  iface->stop_finish = rb_guard_finish;
}

static void
rb_guard_dispose (GObject *object)
{
  RbGuardPrivate *priv = get_private (RB_GUARD (object));

  g_clear_object (&priv->module);
  g_clear_object (&priv->clock);
  G_OBJECT_CLASS (rb_guard_parent_class)->dispose (object);
}

static void
rb_guard_finalize (GObject *object)
{
  g_free (get_private (RB_GUARD (object))->reason);
  G_OBJECT_CLASS (rb_guard_parent_class)->finalize (object);
}

static void
rb_guard_watch_nothing (RbGuard  *self,
                        RbModule *module)
{
}

static void
rb_guard_class_init (RbGuardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_guard_dispose;
  object_class->finalize = rb_guard_finalize;
  klass->watch = rb_guard_watch_nothing;
}

static void
rb_guard_init (RbGuard *self)
{
  g_queue_init (&get_private (self)->calls);
}

static GType
guard_type (RbModuleKind kind)
{
  switch (kind)
    {
    case RB_MODULE_CONNECTOR:
      return RB_TYPE_GUARD_CONNECTOR;
    case RB_MODULE_UPSTREAM:
      return RB_TYPE_GUARD_UPSTREAM;
    case RB_MODULE_SPAWN_DRIVER:
      return RB_TYPE_GUARD_SPAWN_DRIVER;
    case RB_MODULE_EMITTER:
      return RB_TYPE_GUARD_EMITTER;
    }
  g_return_val_if_reached (G_TYPE_INVALID);
}

/**
 * rb_guard_new:
 * @info: of the module
 * @module: the module; the guard takes a reference and is the only one to call it
 * @clock: runs the deadlines
 * @timeout_ms: how long the module may take to answer a call
 *
 * Returns: (transfer full): a guard that implements the interface of the module's kind
 */
RbGuard *
rb_guard_new (const RbModuleInfo *info,
              RbModule           *module,
              RbClock            *clock,
              gint64              timeout_ms)
{
  RbGuard *self = g_object_new (guard_type (info->kind), NULL);
  RbGuardPrivate *priv = get_private (self);

  priv->info = info;
  priv->module = g_object_ref (module);
  priv->clock = g_object_ref (clock);
  priv->since_ms = rb_clock_get_wall_ms (clock);
  priv->timeout_ms = timeout_ms;
  RB_GUARD_GET_CLASS (self)->watch (self, module);
  return self;
}

void
rb_guard_be_patient (RbGuard *self)
{
  get_private (self)->is_patient = TRUE;
}

void
rb_guard_hurry (RbGuard *self,
                gint64   limit_ms)
{
  get_private (self)->life_ms = limit_ms;
}

const RbModuleInfo *
rb_guard_get_info (RbGuard *self)
{
  return get_private (self)->info;
}

RbModule *
rb_guard_get_module (RbGuard *self)
{
  return get_private (self)->module;
}

RbGuardState
rb_guard_get_state (RbGuard *self)
{
  return get_private (self)->state;
}

gint64
rb_guard_get_since_ms (RbGuard *self)
{
  return get_private (self)->since_ms;
}

const char *
rb_guard_get_reason (RbGuard *self)
{
  return get_private (self)->reason;
}

const char *
rb_guard_state_to_string (RbGuardState state)
{
  switch (state)
    {
    case RB_GUARD_LOADED:
      return "loaded";
    case RB_GUARD_STARTING:
      return "starting";
    case RB_GUARD_RUNNING:
      return "running";
    case RB_GUARD_STOPPING:
      return "stopping";
    case RB_GUARD_STOPPED:
      return "stopped";
    case RB_GUARD_FAILED:
      return "failed";
    }
  g_return_val_if_reached (NULL);
}

void
rb_guard_add_counters (RbGuard      *self,
                       GVariantDict *view)
{
  RbGuardPrivate *priv = get_private (self);

  g_variant_dict_insert (view, "calls", "x", (gint64) priv->n_calls);
  g_variant_dict_insert (view, "failures", "x", (gint64) priv->n_failures);
  g_variant_dict_insert (view, "timeouts", "x", (gint64) priv->n_timeouts);
}

gboolean
rb_guard_is_alive (RbGuard *self)
{
  RbGuardState state = rb_guard_get_state (self);

  return state == RB_GUARD_STARTING || state == RB_GUARD_RUNNING || state == RB_GUARD_STOPPING;
}

gboolean
rb_guard_may_emit (RbGuard    *self,
                   const char *signal)
{
  if (rb_guard_is_alive (self))
    return TRUE;

  rb_guard_report_breach (self, signal, "it was emitted although the module is not running");
  return FALSE;
}

void
rb_guard_report_breach (RbGuard    *self,
                        const char *call,
                        const char *what)
{
  rb_log_error ("module_contract_broken", "module", get_private (self)->info->name, "call", call, "what", what, NULL);
}

gboolean
rb_guard_check_running (RbGuard  *self,
                        GError  **error)
{
  RbGuardPrivate *priv = get_private (self);

  if (priv->state == RB_GUARD_RUNNING)
    return TRUE;

  rb_set_error (error, RB_ERROR_UNAVAILABLE, NULL, "Module '%s' is not running (%s)", priv->info->name,
                priv->reason != NULL ? priv->reason : rb_guard_state_to_string (priv->state));
  return FALSE;
}

gboolean
rb_guard_check_outcome (RbGuard     *self,
                        const char  *call,
                        gboolean     ok,
                        GError     **error)
{
  RbGuardPrivate *priv = get_private (self);

  if (ok && *error == NULL)
    return TRUE;

  if (!ok && *error == NULL)
    {
      rb_guard_report_breach (self, call, "it failed without an error");
      rb_set_error (error, RB_ERROR_INTERNAL, NULL, "Module '%s' failed '%s' without saying why", priv->info->name, call);
    }
  else if (ok)
    {
      rb_guard_report_breach (self, call, (*error)->message);
      g_clear_error (error);
      rb_set_error (error, RB_ERROR_INTERNAL, NULL, "Module '%s' answered '%s' with success and an error at once",
                    priv->info->name, call);
    }
  if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    priv->n_failures++;
  return FALSE;
}

GQueue *
rb_guard_get_calls (RbGuard *self)
{
  return &get_private (self)->calls;
}

RbClock *
rb_guard_get_clock (RbGuard *self)
{
  return get_private (self)->clock;
}

gint64
rb_guard_get_timeout_ms (RbGuard *self)
{
  return get_private (self)->timeout_ms;
}

void
rb_guard_count_call (RbGuard *self)
{
  get_private (self)->n_calls++;
}

void
rb_guard_count_timeout (RbGuard *self)
{
  get_private (self)->n_timeouts++;
}
