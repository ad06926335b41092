/* rb-fake-views.c: what a person sees of the core that records
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-core.h"
#include "rb-outbox-operator.h"
#include "rb-staged.h"
#include "rb-views.h"

/* These too take the place of the real ones at link time (rb-fake-core.h). */

const char *
rb_core_get_presence (RbCore *self)
{
  return "online";
}

gboolean
rb_core_is_ready (RbCore  *self,
                  GError **error)
{
  return TRUE;
}

GVariant *
rb_view_status (RbCore *core)
{
  return g_variant_new_parsed ("{'presence': <'online'>, 'limits': <{'inbox': <int64 256>}>}");
}

GVariant *
rb_view_endpoints (RbCore *core)
{
  return g_variant_new_parsed ("[{'id': <'ep_1'>}]");
}

GVariant *
rb_view_inbox (RbCore *core)
{
  return g_variant_new_parsed ("@aa{sv} []");
}

GVariant *
rb_view_assignments (RbCore *core)
{
  return g_variant_new_parsed ("@aa{sv} []");
}

GVariant *
rb_view_outbox (RbCore *core)
{
  return g_variant_new_parsed ("[{'waits_for': <'the network'>}]");
}

GVariant *
rb_view_dead_letters (RbCore *core)
{
  return g_variant_new_parsed ("[{'id': <int64 5>}]");
}

void
rb_view_settle_async (RbCore             *core,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

gboolean
rb_view_settle_finish (RbCore       *core,
                       GAsyncResult *result,
                       GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
rb_staged_is_offered (RbCore *core)
{
  return TRUE;
}

void
rb_core_add_bounds (RbCore   *core,
                    RbBounds *bounds)
{
  g_object_set_data_full (G_OBJECT (core), "bounds", rb_bounds_ref (bounds), (GDestroyNotify) rb_bounds_unref);
}

RbBounds *
rb_fake_core_get_bounds (RbCore *self)
{
  return g_object_get_data (G_OBJECT (self), "bounds");
}
