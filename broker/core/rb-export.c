/* rb-export.c: all that is kept, page by page
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-export.h"

#include "rb-error.h"
#include "rb-explain-parts.h"
#include "rb-export-lines.h"
#include "rb-outbox.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 64
#define BYTES_MAX (1024 * 1024)      /* of contents; the line that reaches it is the page's last */
#define TEXT_MAX (64 * 1024)         /* of what lives; the archive has its own bound */

/* The cursor is a section and the key of the last line that was written: "messages:00000000000000000012". What lives is in memory, and a page
 * picks from it anew; the archive is read in the order of its numbers. Then each line's ladder and text are read, one after the other, so that
 * a page is all that is ever in memory. */
typedef enum { HEADER, ENDPOINTS, MESSAGES, ASSIGNMENTS, REPLIES, EVENTS, ARCHIVE, N_SECTIONS } Section;

static const char *const section_names[N_SECTIONS] = { "header", "endpoints", "messages", "assignments", "replies", "events", "archive" };

typedef struct {
  Section         section;
  char           *after;          /* key; NULL: from the beginning */
  gint64          since, until;
  gboolean        has_content;

  GPtrArray      *lines;          /* of RbExportLine: the page */
  guint           i;              /* whose ladder and text are being read */
  gsize           bytes;
  gboolean        is_section_done;
  GVariantBuilder written;
} Export;

static void
export_free (Export *self)
{
  g_free (self->after);
  g_ptr_array_unref (self->lines);
  g_variant_builder_clear (&self->written);
  g_free (self);
}

static gboolean
parse_cursor (Export      *self,
              const char  *cursor,
              GError     **error)
{
  const char *colon = cursor != NULL ? strchr (cursor, ':') : NULL;

  if (cursor == NULL)
    return TRUE;
  for (int i = 0; colon != NULL && i < N_SECTIONS; i++)
    if (strlen (section_names[i]) == (gsize) (colon - cursor) && strncmp (section_names[i], cursor, colon - cursor) == 0)
      {
        self->section = i;
        self->after = colon[1] != '\0' ? g_strdup (colon + 1) : NULL;
        return TRUE;
      }
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'cursor' is none of an export");
  return FALSE;
}

/* Takes @line. */
static void
add_line (Export       *self,
          RbExportLine *line)
{
  if (self->section == HEADER || (line->at >= self->since && (self->until == 0 || line->at < self->until)))
    g_ptr_array_add (self->lines, line);
  else
    rb_export_line_free (line);
}

/* Something that lives, and its place in its section. */
typedef struct {
  char          *key;
  gconstpointer  thing;
} Pick;

static void
clear_pick (gpointer data)
{
  g_free (((Pick *) data)->key);
}

static void
pick (GArray        *picks,
      char          *key,
      gconstpointer  thing)
{
  Pick one = { key, thing };

  g_array_append_val (picks, one);
}

static void
pick_number (GArray        *picks,
             gint64         number,
             gconstpointer  thing)
{
  pick (picks, rb_export_key_of_number (number), thing);
}

static void
pick_message (RbMessage *message,
              gpointer   user_data)
{
  pick_number (user_data, message->position, message);
}

static void
pick_reply (const RbReplyRecord *record,
            gpointer             user_data)
{
  pick (user_data, rb_export_key_of_reply (record), record);
}

static void
pick_event (const RbLetter *letter,
            gpointer        user_data)
{
  if (letter->position != 0)
    pick_number (user_data, letter->position, letter);
}

static void
pick_assignments (RbCore *core,
                  GArray *picks)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);

  for (guint i = 0; i < assignments->len; i++)
    {
      const RbAssignment *assignment = g_ptr_array_index (assignments, i);

      pick_number (picks, assignment->message->position, assignment);
    }
}

static void
pick_all (RbCore  *core,
          Section  section,
          GArray  *picks)
{
  switch (section)
    {
    case HEADER:
      pick_number (picks, 0, core);
      break;
    case ENDPOINTS:
      for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
        pick_number (picks, ((const RbEndpoint *) l->data)->position, l->data);
      break;
    case MESSAGES:
      rb_ledger_foreach (core->ledger, pick_message, picks);
      break;
    case ASSIGNMENTS:
      pick_assignments (core, picks);
      break;
    case REPLIES:
      rb_replies_foreach (core->replies, pick_reply, picks);
      break;
    case EVENTS:
      rb_outbox_foreach (core, pick_event, picks);
      break;
    case ARCHIVE:
    case N_SECTIONS:
      break;
    }
}

static RbExportLine *
make_line (RbCore        *core,
           Section        section,
           gconstpointer  thing)
{
  switch (section)
    {
    case HEADER:
      return rb_export_line_header (core);
    case ENDPOINTS:
      return rb_export_line_endpoint (thing);
    case MESSAGES:
      return rb_export_line_message (thing);
    case ASSIGNMENTS:
      return rb_export_line_assignment (thing);
    case REPLIES:
      return rb_export_line_reply (thing, core->settings.reply_record_ttl);
    case EVENTS:
      return rb_export_line_event (thing);
    case ARCHIVE:
    case N_SECTIONS:
      break;
    }
  g_return_val_if_reached (NULL);
}

static int
compare_picks (gconstpointer a,
               gconstpointer b)
{
  return strcmp (((const Pick *) a)->key, ((const Pick *) b)->key);
}

/* The page's lines, in order. */
static void
collect_live (RbCore *core,
              Export *self)
{
  g_autoptr(GArray) picks = g_array_new (FALSE, FALSE, sizeof (Pick));
  guint i = 0;

  g_array_set_clear_func (picks, clear_pick);
  pick_all (core, self->section, picks);
  g_array_sort (picks, compare_picks);
  while (self->after != NULL && i < picks->len && strcmp (g_array_index (picks, Pick, i).key, self->after) <= 0)
    i++;
  for (; i < picks->len && self->lines->len < LINES_MAX; i++)
    add_line (self, make_line (core, self->section, g_array_index (picks, Pick, i).thing));
  self->is_section_done = i == picks->len;
}

static void write_next (GTask *task);

static GVariant *
end_page (Export *self)
{
  Section next = self->is_section_done ? self->section + 1 : self->section;
  const char *after = self->is_section_done ? "" : self->after;
  GVariantDict page;

  g_variant_dict_init (&page, NULL);
  g_variant_dict_insert_value (&page, "lines", g_variant_builder_end (&self->written));
  g_variant_builder_init (&self->written, G_VARIANT_TYPE ("aa{sv}"));
  if (next < N_SECTIONS)
    {
      g_autofree char *cursor = g_strconcat (section_names[next], ":", after, NULL);

      g_variant_dict_insert (&page, "cursor", "s", cursor);
    }
  return g_variant_ref_sink (g_variant_dict_end (&page));
}

static void
write_line (Export       *self,
            RbExportLine *line)
{
  g_free (self->after);
  self->after = g_strdup (line->key);
  g_variant_builder_add_value (&self->written, g_variant_dict_end (line->dict));
  self->i++;
}

static void
on_text (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GTask *task = user_data;
  Export *self = g_task_get_task_data (task);
  RbExportLine *line = g_ptr_array_index (self->lines, self->i);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);
  const char *text;

  if (rows == NULL)
    {
      g_object_unref (task);
      return;
    }
  if (rows->len > 0)
    {
      g_variant_get_child (g_ptr_array_index (rows, 0), 1, "&s", &text);
      self->bytes += strlen (text);
      g_variant_dict_insert (line->dict, "content", "s", text);
    }
  write_line (self, line);
  write_next (task);
}

/* The content of what lives is looked up when its turn has come: it may have ended by now, and then the archive has it. */
static void
put_live_text (RbCore       *core,
               Export       *self,
               RbExportLine *line)
{
  RbMessage *message = self->section == MESSAGES && self->has_content ? rb_ledger_lookup (core->ledger, line->ladder_of) : NULL;
  g_autofree char *text = NULL;

  if (message == NULL)
    return;
  text = rb_archive_dup_text (rb_envelope_get_content (message->envelope), TEXT_MAX);
  self->bytes += strlen (text);
  g_variant_dict_insert (line->dict, "content", "s", text);
}

static void
on_ladder (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Export *self = g_task_get_task_data (task);
  RbExportLine *line = g_ptr_array_index (self->lines, self->i);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    {
      g_object_unref (task);
      return;
    }
  g_variant_dict_insert_value (line->dict, "ladder", rb_steps_view (rows));
  if (line->text_n != 0)
    {
      rb_store_read_async (RB_STORE (source), RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(x)", line->text_n), NULL, on_text, task);
      return;
    }
  put_live_text (g_task_get_source_object (task), self, line);
  write_line (self, line);
  write_next (task);
}

/* Takes @task. */
static void
write_next (GTask *task)
{
  RbCore *core = g_task_get_source_object (task);
  Export *self = g_task_get_task_data (task);

  while (self->i < self->lines->len && self->bytes < BYTES_MAX)
    {
      RbExportLine *line = g_ptr_array_index (self->lines, self->i);

      if (line->ladder_of != NULL)
        {
          rb_store_read_async (core->store, RB_TABLE_CHECKPOINTS, g_variant_new ("(s)", line->ladder_of), NULL, on_ladder, task);
          return;
        }
      write_line (self, line);
    }
  self->is_section_done = self->is_section_done && self->i == self->lines->len;
  g_task_return_pointer (task, end_page (self), (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

/* Rows that are not wanted count too: the next page goes on behind them. */
static void
on_archive (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  Export *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    {
      g_object_unref (task);
      return;
    }

  for (guint i = 0; i < rows->len; i++)
    add_line (self, rb_export_line_archived (g_ptr_array_index (rows, i), self->has_content));
  self->is_section_done = rows->len < LINES_MAX;
  if (self->lines->len == 0 && rows->len > 0)
    {
      gint64 last;

      g_variant_get_child (g_ptr_array_index (rows, rows->len - 1), 0, "x", &last);
      g_free (self->after);
      self->after = g_strdup_printf ("%020" G_GINT64_FORMAT, last);
    }
  write_next (task);
}

static void
read_archive (RbCore *core,
              Export *self,
              GTask  *task)
{
  gint64 after = self->after != NULL ? g_ascii_strtoll (self->after, NULL, 10) : 0;
  RbRange range = { RB_TABLE_ARCHIVE, 0, g_variant_new_int64 (CLAMP (after, 0, G_MAXINT64 - 1) + 1), NULL, LINES_MAX };

  rb_store_read_range_async (core->store, &range, NULL, on_archive, task);
}

void
rb_export_async (RbCore                *core,
                 const RbExportRequest *request,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  Export *self = g_new0 (Export, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_export_async);
  g_task_set_task_data (task, self, (GDestroyNotify) export_free);
  self->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_export_line_free);
  self->since = request->since;
  self->until = request->until;
  self->has_content = request->has_content;
  g_variant_builder_init (&self->written, G_VARIANT_TYPE ("aa{sv}"));
  if (!parse_cursor (self, request->cursor, &error))
    g_task_return_error (task, error);
  else if (self->section == ARCHIVE)
    read_archive (core, self, g_steal_pointer (&task));
  else
    {
      collect_live (core, self);
      write_next (g_steal_pointer (&task));
    }
}

GVariant *
rb_export_finish (RbCore        *core,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
