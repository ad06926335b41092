/* rb-fake-policy.c: what a person says of messages and rules to the core that records
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-fake-core.h"
#include "rb-hold.h"
#include "rb-policy-apply.h"
#include "rb-policy-operator.h"

/* These too take the place of the real ones at link time (rb-fake-core.h). Each answers with what it was asked; "none" is not there. */

static void
answer (RbCore              *core,
        GAsyncReadyCallback  callback,
        gpointer             user_data,
        gboolean             is_known,
        const char          *asked)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);

  if (is_known)
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_parsed ("{'asked': <%s>}", asked)), (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_there", "it is not there"));
}

static gboolean
is_there (GAsyncResult  *result,
          GError       **error)
{
  g_autoptr(GVariant) asked = g_task_propagate_pointer (G_TASK (result), error);

  return asked != NULL;
}

GVariant *
rb_view_policy (RbCore *core)
{
  return g_variant_new_parsed ("[{'id': <int64 3>}]");
}

GVariant *
rb_view_held (RbCore *core)
{
  return g_variant_new_parsed ("[{'id': <'m1'>}]");
}

void
rb_policy_set_async (RbCore              *core,
                     const char          *what,
                     const char          *sender,
                     const char          *kind,
                     const char          *action,
                     const char          *note,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autofree char *asked = g_strdup_printf ("%s|%s|%s|%s|%s", what, sender, kind, action, note);

  answer (core, callback, user_data, g_strcmp0 (sender, "none") != 0, asked);
}

GVariant *
rb_policy_set_finish (RbCore        *core,
                      GAsyncResult  *result,
                      GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rb_policy_remove_async (RbCore              *core,
                        gint64               id,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  answer (core, callback, user_data, id == 3, "removed");
}

gboolean
rb_policy_remove_finish (RbCore        *core,
                         GAsyncResult  *result,
                         GError       **error)
{
  return is_there (result, error);
}

void
rb_policy_apply_async (RbCore              *core,
                       gint64               id,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  answer (core, callback, user_data, id == 3, "applied");
}

GVariant *
rb_policy_apply_finish (RbCore        *core,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rb_hold_accept_async (RbCore              *core,
                      const char          *message_id,
                      gboolean             remember,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autofree char *asked = g_strdup_printf ("%s|%d", message_id, remember);

  answer (core, callback, user_data, !g_str_equal (message_id, "none"), asked);
}

GVariant *
rb_hold_accept_finish (RbCore        *core,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rb_hold_refuse_async (RbCore              *core,
                      const char          *message_id,
                      gboolean             remember,
                      const char          *why,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  answer (core, callback, user_data, g_str_equal (message_id, "m1") && remember && g_strcmp0 (why, "spam") == 0, "refused");
}

gboolean
rb_hold_refuse_finish (RbCore        *core,
                       GAsyncResult  *result,
                       GError       **error)
{
  return is_there (result, error);
}
