/* rb-upstream.c: what the broker asks of the network's directory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-upstream.h"

#include "rb-error.h"

static guint control_signal;

static const char *const call_names[] = {
  [RB_UPSTREAM_WHOAMI] = "whoami",
  [RB_UPSTREAM_REGISTER_ENDPOINT] = "register_endpoint",
  [RB_UPSTREAM_HEARTBEAT] = "heartbeat",
  [RB_UPSTREAM_ENDPOINT_STATE] = "endpoint_state",
  [RB_UPSTREAM_UNREGISTER] = "unregister",
  [RB_UPSTREAM_DISPLAY_METADATA] = "display_metadata",
  [RB_UPSTREAM_LOOKUP_CLOSED] = "lookup_closed",
  [RB_UPSTREAM_CAPABILITIES] = "capabilities",
  [RB_UPSTREAM_ROUTE_CLAIM] = "route_claim",
  [RB_UPSTREAM_CANDIDATES] = "candidates",
  [RB_UPSTREAM_SELF_CLAIM] = "self_claim",
  [RB_UPSTREAM_RELEASE_CLAIM] = "release_claim",
  [RB_UPSTREAM_HISTORY] = "history",
  [RB_UPSTREAM_SELF_SETTLE] = "self_settle",
  [RB_UPSTREAM_CONTROL_ACK] = "control_ack",
};
G_STATIC_ASSERT (G_N_ELEMENTS (call_names) == RB_UPSTREAM_N_CALLS);

G_DEFINE_INTERFACE (RbUpstream, rb_upstream, RB_TYPE_MODULE)

static RbUpstreamFeatures
default_get_features (RbUpstream *self)
{
  return 0;
}

static void
default_call_async (RbUpstream          *self,
                    RbUpstreamCall       call,
                    GVariant            *arguments,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, default_call_async);
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_SUPPORTED, NULL, "This upstream does not offer '%s'",
                                           rb_upstream_call_to_string (call)));
}

static GVariant *
default_call_finish (RbUpstream    *self,
                     GAsyncResult  *result,
                     GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
rb_upstream_default_init (RbUpstreamInterface *iface)
{
  iface->get_features = default_get_features;
  iface->call_async = default_call_async;
  iface->call_finish = default_call_finish;

  /**
   * RbUpstream::control:
   * @self: the upstream
   * @event: a{sv}, a control event of protocol.md section 15
   */
  control_signal = g_signal_new ("control", RB_TYPE_UPSTREAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                 G_TYPE_VARIANT);
}

RbUpstreamFeatures
rb_upstream_get_features (RbUpstream *self)
{
  g_return_val_if_fail (RB_IS_UPSTREAM (self), 0);
  return RB_UPSTREAM_GET_IFACE (self)->get_features (self);
}

/**
 * rb_upstream_call_async:
 * @self: an upstream
 * @call: which request
 * @arguments: (nullable): a{sv}; a floating reference is taken; %NULL means none
 * @cancellable: (nullable): a cancellable
 * @callback: called when the answer is here
 * @user_data: for @callback
 */
void
rb_upstream_call_async (RbUpstream          *self,
                        RbUpstreamCall       call,
                        GVariant            *arguments,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GVariant) owned = NULL;

  g_return_if_fail (RB_IS_UPSTREAM (self));
  g_return_if_fail (call < RB_UPSTREAM_N_CALLS);

  if (arguments == NULL)
    arguments = g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
  owned = g_variant_ref_sink (arguments);
  g_return_if_fail (g_variant_is_of_type (owned, G_VARIANT_TYPE_VARDICT));

  RB_UPSTREAM_GET_IFACE (self)->call_async (self, call, owned, cancellable, callback, user_data);
}

GVariant *
rb_upstream_call_finish (RbUpstream    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (RB_IS_UPSTREAM (self), NULL);
  return RB_UPSTREAM_GET_IFACE (self)->call_finish (self, result, error);
}

/**
 * rb_upstream_emit_control:
 * @self: an upstream
 * @event: a{sv}; a floating reference is taken
 */
void
rb_upstream_emit_control (RbUpstream *self,
                          GVariant   *event)
{
  g_autoptr(GVariant) owned = NULL;

  g_return_if_fail (RB_IS_UPSTREAM (self));
  g_return_if_fail (event != NULL);

  owned = g_variant_ref_sink (event);
  g_signal_emit (self, control_signal, 0, owned);
}

const char *
rb_upstream_call_to_string (RbUpstreamCall call)
{
  g_return_val_if_fail (call < RB_UPSTREAM_N_CALLS, NULL);
  return call_names[call];
}
