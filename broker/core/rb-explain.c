/* rb-explain.c: where a thing is, how it came there and what happens next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-private.h"

#include "rb-views.h"

/* What is meant? -> what does the disk say of it? -> its story. Answers from the store, so that what it shows is what a crash would leave; what
 * only memory knows (timers, attempts, errors) is added. */

static void
explained_free (RbExplained *self)
{
  g_clear_pointer (&self->thing, rb_thing_free);
  g_clear_pointer (&self->place, g_variant_unref);
  g_clear_pointer (&self->archived, g_variant_unref);
  g_clear_pointer (&self->steps, g_ptr_array_unref);
  g_free (self);
}

static void
tell (GTask *task)
{
  static GVariant *(*const stories[]) (RbCore *core, const RbExplained *self) = {
    [RB_THING_MESSAGE] = rb_explain_message,   [RB_THING_ASSIGNMENT] = rb_explain_assignment, [RB_THING_REPLY] = rb_explain_reply,
    [RB_THING_ENDPOINT] = rb_explain_endpoint, [RB_THING_EVENT] = rb_explain_event,           [RB_THING_SPAWN] = rb_explain_spawn,
    [RB_THING_CONTROL] = rb_explain_control,
  };
  RbExplained *self = g_task_get_task_data (task);
  GVariant *story = stories[self->thing->kind] (g_task_get_source_object (task), self);

  g_task_return_pointer (task, g_variant_ref_sink (story), (GDestroyNotify) g_variant_unref);
}

static GVariant *
dup_first (GPtrArray *rows)
{
  return rows->len > 0 ? g_variant_ref (g_ptr_array_index (rows, 0)) : NULL;
}

static void
on_archived (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbExplained *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;
  self->archived = dup_first (rows);
  tell (task);
}

static void
on_place (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  RbExplained *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);
  gint64 n;

  if (rows == NULL)
    return;
  self->place = dup_first (rows);
  n = rb_archive_find (core->archive, self->thing->subject, NULL);
  if (n != 0)
    rb_store_read_async (RB_STORE (source), RB_TABLE_ARCHIVE, g_variant_new ("(x)", n), NULL, on_archived, g_steal_pointer (&task));
  else
    tell (task);
}

static void
on_steps (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbExplained *self = g_task_get_task_data (task);

  self->steps = rb_store_take_rows (source, result, task);
  if (self->steps != NULL)
    rb_store_read_async (RB_STORE (source), RB_TABLE_PLACES, g_variant_new ("(s)", self->thing->subject), NULL, on_place,
                         g_steal_pointer (&task));
}

static void
on_found (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = RB_CORE (source);
  GError *error = NULL;
  RbThing *thing = rb_find_finish (core, result, &error);
  RbExplained *self;

  if (thing == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (RbExplained, 1);
  self->thing = thing;
  g_task_set_task_data (task, self, (GDestroyNotify) explained_free);
  rb_store_read_async (core->store, RB_TABLE_CHECKPOINTS, g_variant_new ("(s)", thing->subject), NULL, on_steps, g_steal_pointer (&task));
}

void
rb_explain_async (RbCore              *core,
                  const char          *id,
                  GAsyncReadyCallback  callback,
                  gpointer             user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_explain_async);
  rb_find_async (core, id, on_found, task);
}

GVariant *
rb_explain_finish (RbCore        *core,
                   GAsyncResult  *result,
                   GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
