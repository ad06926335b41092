/* rb-view-watch.c: tells a surface what changed of what a person looks at, when it is on the disk
 *
 * What changed is looked at first, as it is in memory; when everything that was queued by then is on the disk, it is told. What changes
 * meanwhile is told next: whoever applies all of it, in order, has what is true.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-view-watch.h"

#include "rb-needs.h"
#include "rb-touched.h"
#include "rb-views.h"

#include <string.h>

struct _RbViewWatch {
  RbCore          *core;
  RbClock         *clock;
  gint64           collect_ms;
  guint            ids_max;
  RbViewWatchFunc  told;
  gpointer         user_data;
  gulong           stored_id, changed_id;

  GHashTable      *endpoints;   /* ids of those that changed */
  GHashTable      *messages;
  gboolean         is_all;      /* more than was remembered */
  gboolean         is_needs;    /* what waits for a person may be another list */
  gboolean         is_spawns;   /* likewise: runtimes */
  gboolean         is_changed;
  guint64          timer;
  GCancellable    *telling;     /* NULL: nothing waits for the disk */
};

typedef struct {
  RbViewWatch  *watch;
  GCancellable *cancellable;
  GVariant     *changes;
} Telling;

typedef GVariant *(*ViewOf) (RbCore *core, const char *id);

static void tell_soon (RbViewWatch *self);

static void
put_views (RbViewWatch  *self,
           GVariantDict *dict,
           const char   *name,
           GHashTable   *ids,
           ViewOf        view_of)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer id;

  if (g_hash_table_size (ids) == 0)
    return;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      GVariant *view = view_of (self->core, id);

      g_variant_builder_add (&builder, "{sv}", id, view != NULL ? view : g_variant_new_maybe (G_VARIANT_TYPE_BOOLEAN, NULL));
    }
  g_variant_dict_insert_value (dict, name, g_variant_builder_end (&builder));
}

static GVariant *
take_changes (RbViewWatch *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "status", rb_view_status (self->core));
  if (self->is_all)
    g_variant_dict_insert (&dict, "all", "b", TRUE);
  if (self->is_needs)
    g_variant_dict_insert (&dict, "needs", "b", TRUE);
  if (self->is_spawns)
    g_variant_dict_insert (&dict, "runtimes", "b", TRUE);
  put_views (self, &dict, "endpoints", self->endpoints, rb_view_endpoint);
  put_views (self, &dict, "inbox", self->messages, rb_view_message);
  put_views (self, &dict, "assignments", self->messages, rb_view_assignment_of_message);
  g_hash_table_remove_all (self->endpoints);
  g_hash_table_remove_all (self->messages);
  self->is_all = FALSE;
  self->is_needs = FALSE;
  self->is_spawns = FALSE;
  self->is_changed = FALSE;
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
on_durable (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Telling *telling = user_data;
  RbViewWatch *self = telling->watch;
  g_autoptr(GCancellable) cancellable = telling->cancellable;
  g_autoptr(GVariant) changes = telling->changes;
  gboolean is_durable = rb_view_settle_finish (RB_CORE (source), result, NULL);

  g_free (telling);
  if (g_cancellable_is_cancelled (cancellable))
    return;
  g_clear_object (&self->telling);
  /* Else the core says so when its health changes, and then everything is read again. */
  self->is_all |= !is_durable;
  if (self->is_changed)
    tell_soon (self);
  if (is_durable)
    self->told (changes, self->user_data);
}

static void
on_due (gpointer user_data)
{
  RbViewWatch *self = user_data;
  Telling *telling = g_new (Telling, 1);

  self->timer = 0;
  self->telling = g_cancellable_new ();
  *telling = (Telling) { self, g_object_ref (self->telling), take_changes (self) };
  rb_view_settle_async (self->core, on_durable, telling);
}

static void
tell_soon (RbViewWatch *self)
{
  self->is_changed = TRUE;
  if (self->timer == 0 && self->telling == NULL)
    self->timer = rb_clock_add (self->clock, self->collect_ms, on_due, self);
}

static void
on_stored (RbCore      *core,
           guint        kind,
           const char  *id,
           RbViewWatch *self)
{
  if (!self->is_all)
    g_hash_table_add (kind == RB_TOUCHED_ENDPOINT ? self->endpoints : self->messages, g_strdup (id));
  if (rb_view_watch_get_n (self) > self->ids_max)
    {
      self->is_all = TRUE;
      g_hash_table_remove_all (self->endpoints);
      g_hash_table_remove_all (self->messages);
    }
  tell_soon (self);
}

static void
on_changed (RbCore      *core,
            const char  *topic,
            RbViewWatch *self)
{
  self->is_needs |= rb_needs_is_topic (topic);
  self->is_spawns |= strcmp (topic, "spawns") == 0;
  tell_soon (self);
}

RbViewWatch *
rb_view_watch_new (RbCore          *core,
                   RbClock         *clock,
                   gint64           collect_ms,
                   guint            ids_max,
                   RbViewWatchFunc  told,
                   gpointer         user_data)
{
  RbViewWatch *self = g_new0 (RbViewWatch, 1);

  self->core = core;
  self->clock = clock;
  self->collect_ms = collect_ms;
  self->ids_max = ids_max;
  self->told = told;
  self->user_data = user_data;
  self->endpoints = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->stored_id = g_signal_connect (core, "stored", G_CALLBACK (on_stored), self);
  self->changed_id = g_signal_connect (core, "changed", G_CALLBACK (on_changed), self);
  return self;
}

void
rb_view_watch_free (RbViewWatch *self)
{
  g_clear_signal_handler (&self->stored_id, self->core);
  g_clear_signal_handler (&self->changed_id, self->core);
  rb_clock_clear (self->clock, &self->timer);
  if (self->telling != NULL)
    g_cancellable_cancel (self->telling);
  g_clear_object (&self->telling);
  g_hash_table_unref (self->endpoints);
  g_hash_table_unref (self->messages);
  g_free (self);
}

guint
rb_view_watch_get_n (RbViewWatch *self)
{
  return g_hash_table_size (self->endpoints) + g_hash_table_size (self->messages);
}
