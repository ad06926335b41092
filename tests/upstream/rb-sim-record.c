/* rb-sim-record.c: everything that the simulated upstream was sent, said and objected to, in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-record.h"

#include <string.h>

struct _RbSimRecord {
  GPtrArray *entries;   /* of RbSimEntry, oldest first */
  guint      n_added;
};

static void
entry_free (gpointer data)
{
  RbSimEntry *entry = data;

  g_free (entry->name);
  g_free (entry->text);
  g_free (entry->query);
  g_free (entry->authorization);
  g_free (entry->last_event_id);
  g_free (entry);
}

static gboolean
entry_matches (const RbSimEntry *entry,
               RbSimKind         kind,
               const char       *name,
               const char       *text)
{
  if (entry->kind != kind || (name != NULL && !g_pattern_match_simple (name, entry->name)))
    return FALSE;
  return text == NULL || strstr (entry->text, text) != NULL;
}

RbSimRecord *
rb_sim_record_new (void)
{
  RbSimRecord *self = g_new0 (RbSimRecord, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  return self;
}

void
rb_sim_record_free (RbSimRecord *self)
{
  g_ptr_array_unref (self->entries);
  g_free (self);
}

RbSimEntry *
rb_sim_record_add (RbSimRecord *self,
                   RbSimKind    kind,
                   const char  *name,
                   const char  *text)
{
  RbSimEntry *entry = g_new0 (RbSimEntry, 1);

  entry->serial = ++self->n_added;
  entry->kind = kind;
  entry->at_us = g_get_monotonic_time ();
  entry->name = g_strdup (name);
  entry->text = g_strdup (text != NULL ? text : "");
  g_ptr_array_add (self->entries, entry);
  return entry;
}

void
rb_sim_record_answer (RbSimRecord *self,
                      guint        serial,
                      guint        status)
{
  for (guint i = self->entries->len; i > 0; i--)
    {
      RbSimEntry *entry = g_ptr_array_index (self->entries, i - 1);

      if (entry->serial != serial)
        continue;
      entry->status = status;
      return;
    }
}

void
rb_sim_record_object (RbSimRecord *self,
                      const char  *rule,
                      const char  *format,
                      ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  rb_sim_record_add (self, RB_SIM_VIOLATION, rule, text);
}

guint
rb_sim_record_count (RbSimRecord *self,
                     RbSimKind    kind,
                     const char  *name,
                     const char  *text)
{
  guint n = 0;

  for (guint i = 0; i < self->entries->len; i++)
    n += entry_matches (g_ptr_array_index (self->entries, i), kind, name, text);
  return n;
}

const RbSimEntry *
rb_sim_record_get (RbSimRecord *self,
                   RbSimKind    kind,
                   const char  *name,
                   const char  *text,
                   int          index)
{
  g_autoptr(GPtrArray) list = rb_sim_record_list (self, kind, name, text);
  gint64 at = index < 0 ? (gint64) list->len + index : index;

  return at >= 0 && at < list->len ? g_ptr_array_index (list, at) : NULL;
}

GPtrArray *
rb_sim_record_list (RbSimRecord *self,
                    RbSimKind    kind,
                    const char  *name,
                    const char  *text)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->entries->len; i++)
    if (entry_matches (g_ptr_array_index (self->entries, i), kind, name, text))
      g_ptr_array_add (list, g_ptr_array_index (self->entries, i));
  return list;
}

char *
rb_sim_record_dup (RbSimRecord *self,
                   RbSimKind    kind)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->entries->len; i++)
    {
      RbSimEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->kind == kind)
        g_string_append_printf (text, "%s%s: %s", text->len > 0 ? "\n" : "", entry->name, entry->text);
    }
  return g_string_free (text, FALSE);
}

void
rb_sim_record_forget (RbSimRecord *self)
{
  g_ptr_array_set_size (self->entries, 0);
}
