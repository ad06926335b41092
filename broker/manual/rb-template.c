/* rb-template.c: what a person wrote of a man page: text, places where tables go, notes for their rows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-template.h"

#include "rb-error.h"

#include <string.h>

#define NOTE "@note "

struct _RbTemplate {
  GPtrArray  *lines;   /* of the page */
  GHashTable *notes;   /* key -> text */
  GHashTable *used;    /* keys, of @notes */
};

void
rb_template_free (RbTemplate *self)
{
  g_hash_table_unref (self->used);
  g_hash_table_unref (self->notes);
  g_ptr_array_unref (self->lines);
  g_free (self);
}

static void
add_lines (RbTemplate *self,
           char      **lines)
{
  GString *note = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], NOTE))
        {
          note = g_string_new (NULL);
          g_hash_table_insert (self->notes, g_strdup (lines[i] + strlen (NOTE)), note);
        }
      else if (note == NULL || lines[i][0] == '@')
        {
          note = NULL;
          g_ptr_array_add (self->lines, g_strdup (lines[i]));
        }
      else if (lines[i][0] != '\0')
        g_string_append_printf (note, "%s\n", lines[i]);
    }
}

/* What only separates the page from its notes. */
static void
drop_empty_end (RbTemplate *self)
{
  while (self->lines->len > 0 && *(const char *) self->lines->pdata[self->lines->len - 1] == '\0')
    g_ptr_array_set_size (self->lines, (int) self->lines->len - 1);
}

static void
free_note (gpointer note)
{
  g_string_free (note, TRUE);
}

RbTemplate *
rb_template_load (const char  *path,
                  GError     **error)
{
  RbTemplate *self;
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  self = g_new0 (RbTemplate, 1);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_note);
  self->used = g_hash_table_new (g_str_hash, g_str_equal);
  lines = g_strsplit (text, "\n", -1);
  add_lines (self, lines);
  drop_empty_end (self);
  return self;
}

const char *
rb_template_take_note (RbTemplate *self,
                       const char *format,
                       ...)
{
  g_autofree char *key = NULL;
  gpointer own_key, note;
  va_list args;

  va_start (args, format);
  key = g_strdup_vprintf (format, args);
  va_end (args);
  if (!g_hash_table_lookup_extended (self->notes, key, &own_key, &note))
    return NULL;
  g_hash_table_add (self->used, own_key);
  return ((GString *) note)->str;
}

static gboolean
append_table (RbTemplate             *self,
              const RbTemplateTable  *tables,
              const char             *name,
              GString                *out,
              GError                **error)
{
  for (; tables->name != NULL; tables++)
    if (g_str_equal (tables->name, name))
      {
        tables->append (self, out);
        return TRUE;
      }
  rb_set_error (error, RB_ERROR_NOT_FOUND, "no_table", "there is no table '@%s'", name);
  return FALSE;
}

static gboolean
check_notes (RbTemplate  *self,
             GError     **error)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->notes);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_hash_table_contains (self->used, key))
      {
        rb_set_error (error, RB_ERROR_NOT_FOUND, "no_row", "nothing is called '%s'; its '@note' says more of nothing", (const char *) key);
        return FALSE;
      }
  return TRUE;
}

char *
rb_template_expand (RbTemplate             *self,
                    const RbTemplateTable  *tables,
                    GError                **error)
{
  g_autoptr(GString) out = g_string_new (NULL);

  for (guint i = 0; i < self->lines->len; i++)
    {
      const char *line = self->lines->pdata[i];

      if (line[0] != '@')
        g_string_append_printf (out, "%s\n", line);
      else if (!append_table (self, tables, line + 1, out, error))
        return NULL;
    }
  return check_notes (self, error) ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}
