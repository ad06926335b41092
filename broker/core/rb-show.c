/* rb-show.c: one thing, whole, with what was said
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-show.h"

#include "rb-error.h"
#include "rb-explain-find.h"
#include "rb-export-lines.h"
#include "rb-json.h"
#include "rb-views.h"

/* What the network may send is bounded long before. */
#define CONTENT_MAX (64 * 1024 * 1024)

static GVariant *
end_line (RbExportLine *line)
{
  GVariant *shown = g_variant_dict_end (line->dict);

  rb_export_line_free (line);
  return shown;
}

static void
answer (GTask    *task,
        GVariant *shown)
{
  g_task_return_pointer (task, g_variant_ref_sink (shown), (GDestroyNotify) g_variant_unref);
}

static GVariant *
show_live_message (RbCore    *core,
                   RbMessage *message)
{
  RbExportLine *line = rb_export_line_message (message);
  GVariant *assignment = rb_view_assignment_of_message (core, message->id);
  g_autofree char *content = rb_json_slice_preview (rb_envelope_get_content (message->envelope), CONTENT_MAX);

  g_variant_dict_insert (line->dict, "content", "s", content);
  if (assignment != NULL)
    g_variant_dict_insert_value (line->dict, "assignment", assignment);
  return end_line (line);
}

static GVariant *
show_live_endpoint (RbCore     *core,
                    const char *id)
{
  g_autoptr(GVariant) view = rb_view_endpoint (core, id);
  GVariantDict dict;

  if (view == NULL)
    return NULL;
  g_variant_ref_sink (view);
  g_variant_dict_init (&dict, view);
  g_variant_dict_insert (&dict, "type", "s", "endpoint");
  return g_variant_dict_end (&dict);
}

static void
on_text (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbExportLine *line = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);
  const char *text;

  if (rows == NULL)
    return;
  if (rows->len > 0)
    {
      g_variant_get_child (g_ptr_array_index (rows, 0), 1, "&s", &text);
      g_variant_dict_insert (line->dict, "content", "s", text);
    }
  answer (task, g_variant_dict_end (line->dict));
}

static void
on_archived (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);
  RbExportLine *line;

  if (rows == NULL)
    return;
  if (rows->len == 0)
    {
      g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_kept", "it is not kept any more"));
      return;
    }
  line = rb_export_line_archived (g_ptr_array_index (rows, 0), TRUE);
  g_task_set_task_data (task, line, (GDestroyNotify) rb_export_line_free);
  if (line->text_n != 0)
    rb_store_read_async (RB_STORE (source), RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(x)", line->text_n), NULL, on_text, g_steal_pointer (&task));
  else
    answer (task, g_variant_dict_end (line->dict));
}

/* NULL: it does not live. */
static GVariant *
show_live (RbCore        *core,
           const RbThing *thing)
{
  RbMessage *message;

  if (thing->kind == RB_THING_ENDPOINT)
    return show_live_endpoint (core, thing->subject);
  message = rb_ledger_lookup (core->ledger, thing->subject);
  return message != NULL ? show_live_message (core, message) : NULL;
}

static void
show (GTask         *task,
      const RbThing *thing)
{
  RbCore *core = g_task_get_source_object (task);
  GVariant *shown = show_live (core, thing);
  gint64 n = shown == NULL ? rb_archive_find (core->archive, thing->subject, NULL) : 0;

  if (shown != NULL)
    answer (task, shown);
  else if (n != 0)
    rb_store_read_async (core->store, RB_TABLE_ARCHIVE, g_variant_new ("(x)", n), NULL, on_archived, g_object_ref (task));
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_kept", "'%s' is known, but what it was is not kept any more", thing->id));
}

static void
on_found (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(RbThing) thing = rb_find_finish (RB_CORE (source), result, &error);

  if (thing == NULL)
    g_task_return_error (task, error);
  else if (thing->kind == RB_THING_EVENT || thing->kind == RB_THING_SPAWN || thing->kind == RB_THING_CONTROL)
    g_task_return_error (task, rb_error_new (RB_ERROR_NOT_SUPPORTED, "not_shown", "of '%s', which is of kind '%s', there is nothing more than explain tells",
                                             thing->id, rb_thing_kind_to_string (thing->kind)));
  else
    show (task, thing);
}

void
rb_show_async (RbCore              *core,
               const char          *id,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_show_async);
  rb_find_async (core, id, on_found, task);
}

GVariant *
rb_show_finish (RbCore        *core,
                GAsyncResult  *result,
                GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
