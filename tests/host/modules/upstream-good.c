/* upstream-good.c: an upstream that answers with its arguments
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

G_DECLARE_FINAL_TYPE (GoodUpstream, good_upstream, TEST, GOOD_UPSTREAM, GObject)

struct _GoodUpstream {
  GObject parent_instance;
};

static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GoodUpstream, good_upstream, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, NULL)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static RbUpstreamFeatures
get_features (RbUpstream *upstream)
{
  return RB_UPSTREAM_LOCAL_INBOX;
}

/* Whoami answers with its arguments; a heartbeat with a string, which is wrong; anything else is refused. Each emits a control
 * event: the arguments, or a string, which is wrong. */
static void
call_async (RbUpstream          *upstream,
            RbUpstreamCall       call,
            GVariant            *arguments,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (upstream, cancellable, callback, user_data);
  GError *error;

  if (call == RB_UPSTREAM_WHOAMI)
    {
      rb_upstream_emit_control (upstream, arguments);
      g_task_return_pointer (task, g_variant_ref (arguments), (GDestroyNotify) g_variant_unref);
      return;
    }
  if (call == RB_UPSTREAM_HEARTBEAT)
    {
      rb_upstream_emit_control (upstream, g_variant_new_string ("no"));
      g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_string ("no")), (GDestroyNotify) g_variant_unref);
      return;
    }

  error = rb_error_new (RB_ERROR_REJECTED, "not_yours", "It is not yours");
  rb_error_add_detail (error, "status", g_variant_new_int64 (403));
  g_task_return_error (task, error);
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = get_features;
  iface->call_async = call_async;
}

static void
good_upstream_class_init (GoodUpstreamClass *klass)
{
}

static void
good_upstream_init (GoodUpstream *self)
{
}

RB_MODULE_DEFINE ("good", RB_MODULE_UPSTREAM, "1.2", "Does what it should", NULL, good_upstream_get_type)
