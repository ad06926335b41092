/* rb-fake-views.c: what a person sees of the core that records
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-export.h"
#include "rb-fake-core.h"
#include "rb-needs.h"
#include "rb-outbox-operator.h"
#include "rb-search.h"
#include "rb-show.h"
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
rb_view_needs (RbCore *core)
{
  return g_variant_new_parsed ("[{'id': <'dispatch:m1'>}]");
}

GVariant *
rb_view_needs_beside_inbox (RbCore *core)
{
  return g_variant_new_parsed ("[{'id': <'spawn:s1'>}]");
}

gboolean
rb_needs_is_topic (const char *topic)
{
  return g_str_equal (topic, "spawns") || g_str_equal (topic, "health");
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
rb_need_dismiss_async (RbCore             *core,
                       const char         *id,
                       GAsyncReadyCallback callback,
                       gpointer            user_data)
{
  g_autofree char *text = g_strdup_printf ("dismiss %s", id);

  rb_fake_core_call (core, callback, user_data, text);
}

gboolean
rb_need_dismiss_finish (RbCore       *core,
                        GAsyncResult *result,
                        guint        *n,
                        GError      **error)
{
  *n = 1;
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_dead_letter_retry_async (RbCore             *core,
                            gint64              id,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  g_autofree char *text = g_strdup_printf ("retry %d", (int) id);

  rb_fake_core_call (core, callback, user_data, text);
}

gboolean
rb_dead_letter_retry_finish (RbCore       *core,
                             GAsyncResult *result,
                             guint        *n,
                             GError      **error)
{
  *n = 1;
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_show_async (RbCore             *core,
               const char         *id,
               GAsyncReadyCallback callback,
               gpointer            user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);

  g_task_set_task_data (task, g_strdup (id), g_free);
  rb_fake_core_finish_or_hold (core, task);
}

GVariant *
rb_show_finish (RbCore       *core,
                GAsyncResult *result,
                GError      **error)
{
  const char *id = g_task_get_task_data (G_TASK (result));

  return g_task_propagate_boolean (G_TASK (result), error) ? g_variant_ref_sink (g_variant_new_parsed ("{'id': <%s>}", id)) : NULL;
}

/* What was changed by then is on the disk. */
void
rb_view_settle_async (RbCore             *core,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  rb_fake_core_finish_or_hold (core, g_task_new (core, NULL, callback, user_data));
}

/* One endpoint is there, and of each message it depends on its name where it is. */

GVariant *
rb_view_endpoint (RbCore     *core,
                  const char *endpoint_id)
{
  return g_str_equal (endpoint_id, "ep_1") ? g_variant_new_parsed ("{'state': <'active'>}") : NULL;
}

GVariant *
rb_view_message (RbCore     *core,
                 const char *message_id)
{
  return g_str_has_prefix (message_id, "waits") ? g_variant_new_parsed ("{'id': <%s>, 'preview': <'<img onerror=x>'>}", message_id) : NULL;
}

GVariant *
rb_view_assignment_of_message (RbCore     *core,
                               const char *message_id)
{
  return g_str_has_prefix (message_id, "works") ? g_variant_new_parsed ("{'state': <'accepted'>}") : NULL;
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

/* Both answer with what they were asked. */

void
rb_search_async (RbCore                *core,
                 const RbSearchRequest *request,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autofree char *asked = g_strdup_printf ("%s|%s|%s|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%u|%" G_GINT64_FORMAT, request->words,
                                            request->from, request->to, request->endpoint_id, request->since, request->until,
                                            request->limit, request->before);

  g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_parsed ("{'asked': <%s>}", asked)), (GDestroyNotify) g_variant_unref);
}

GVariant *
rb_search_finish (RbCore        *core,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rb_export_async (RbCore                *core,
                 const RbExportRequest *request,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autofree char *asked = g_strdup_printf ("%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%d", request->cursor, request->since,
                                            request->until, request->has_content);

  g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_parsed ("{'asked': <%s>}", asked)), (GDestroyNotify) g_variant_unref);
}

GVariant *
rb_export_finish (RbCore        *core,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
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
