/* rb-guard-upstream.c: guards an upstream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-guard-upstream.h"

struct _RbGuardUpstream {
  RbGuard parent_instance;
};

static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbGuardUpstream, rb_guard_upstream, RB_TYPE_GUARD,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static RbUpstream *
get_module (gpointer self)
{
  return RB_UPSTREAM (rb_guard_get_module (RB_GUARD (self)));
}

/* What it offers does not depend on whether it runs. */
static RbUpstreamFeatures
get_features (RbUpstream *upstream)
{
  return rb_upstream_get_features (get_module (upstream));
}

/* A floating answer becomes ours; one of another type is as good as none. */
static gboolean
check_answer (RbGuard   *self,
              GVariant **answer,
              GError   **error)
{
  if (*answer == NULL)
    return FALSE;

  g_variant_take_ref (*answer);
  if (*error != NULL || g_variant_is_of_type (*answer, G_VARIANT_TYPE_VARDICT))
    return TRUE;

  rb_guard_report_breach (self, "call", "its answer is not a dictionary");
  rb_set_error (error, RB_ERROR_INTERNAL, NULL, "Module '%s' answered with '%s' instead of a dictionary",
                rb_guard_get_info (self)->name, g_variant_get_type_string (*answer));
  g_clear_pointer (answer, g_variant_unref);
  return FALSE;
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RbGuardCall) call = rb_guard_call_take (user_data, source);
  g_autoptr(GTask) task = NULL;
  g_autoptr(GVariant) answer = NULL;
  GError *error = NULL;
  RbGuard *self;
  gboolean ok;

  if (call == NULL)
    return;

  self = rb_guard_call_get_guard (call);
  answer = rb_upstream_call_finish (get_module (self), result, &error);
  ok = check_answer (self, &answer, &error);
  if (!rb_guard_call_check (call, ok, error))
    return;
  task = rb_guard_call_steal_task (call);
  g_task_return_pointer (task, g_steal_pointer (&answer), (GDestroyNotify) g_variant_unref);
}

static void
call_async (RbUpstream          *upstream,
            RbUpstreamCall       which,
            GVariant            *arguments,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  GTask *task = g_task_new (upstream, cancellable, callback, user_data);
  g_autoptr(GCancellable) ours = NULL;
  RbGuardCall *call;

  g_task_set_source_tag (task, call_async);
  call = rb_guard_call_new (RB_GUARD (upstream), rb_upstream_call_to_string (which), RB_ERROR_TIMED_OUT, task, &ours);
  if (call != NULL)
    rb_upstream_call_async (get_module (upstream), which, arguments, ours, on_called, rb_guard_call_get_id (call));
}

static GVariant *
call_finish (RbUpstream    *upstream,
             GAsyncResult  *result,
             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = get_features;
  iface->call_async = call_async;
  iface->call_finish = call_finish;
}

static void
on_control (RbUpstream *module,
            GVariant   *event,
            RbGuard    *self)
{
  if (!rb_guard_may_emit (self, "control"))
    return;
  if (!g_variant_is_of_type (event, G_VARIANT_TYPE_VARDICT))
    {
      rb_guard_report_breach (self, "control", "its event is not a dictionary");
      return;
    }
  rb_upstream_emit_control (RB_UPSTREAM (self), event);
}

static void
watch (RbGuard  *self,
       RbModule *module)
{
  g_signal_connect_object (module, "control", G_CALLBACK (on_control), self, 0);
}

static void
rb_guard_upstream_class_init (RbGuardUpstreamClass *klass)
{
  RB_GUARD_CLASS (klass)->watch = watch;
}

static void
rb_guard_upstream_init (RbGuardUpstream *self)
{
}
