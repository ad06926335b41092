/* rb-archive.c: what is over, for as long as it is kept
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-archive.h"

#include "rb-core-bounds.h"
#include "rb-json.h"

#include <string.h>

/* What a row and its ladder take beside the text, about. */
#define ROW_BYTES 1024

typedef struct {
  gint64    n;
  gint64    ended_at;
  gsize     bytes;
  char     *id;
  gboolean  is_endpoint;
} Entry;

struct _RbArchive {
  RbArchiveLimits  limits;
  RbBounds        *bounds;     /* borrowed; NULL: nobody counts */
  GQueue           entries;    /* of Entry, oldest first */
  GHashTable      *by_id;      /* id (the entry's) to the last Entry of it */
  gint64           next_n;
  gsize            bytes;
  guint64          n_pruned;
};

static void
entry_free (Entry *entry)
{
  g_free (entry->id);
  g_free (entry);
}

RbArchive *
rb_archive_new (const RbArchiveLimits *limits)
{
  RbArchive *self = g_new0 (RbArchive, 1);

  self->limits = *limits;
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->next_n = 1;
  g_queue_init (&self->entries);
  return self;
}

void
rb_archive_free (RbArchive *self)
{
  g_hash_table_unref (self->by_id);
  g_queue_clear_full (&self->entries, (GDestroyNotify) entry_free);
  g_free (self);
}

void
rb_archive_set_bounds (RbArchive *self,
                       RbBounds  *bounds)
{
  self->bounds = bounds;
}

/* Most contents are a string without an escape, which is its text: nothing has to be decoded on the way of a message. */
static char *
decode (GBytes *content,
        gsize   max)
{
  gsize size;
  const char *data = g_bytes_get_data (content, &size);

  if (size >= 2 && *data == '"' && memchr (data, '\\', size) == NULL)
    return g_strndup (data + 1, MIN (size - 2, max + 1));
  return rb_json_slice_preview (content, (guint) MIN (max, G_MAXUINT));
}

char *
rb_archive_dup_text (GBytes *content,
                     gsize   max)
{
  char *text = decode (content, max);
  gsize length = strlen (text);

  if (length > max)
    {
      const char *end = g_utf8_find_prev_char (text, text + max + 1);

      text[end != NULL ? end - text : 0] = '\0';
    }
  for (char *at = text; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at) && *at != '\n' && *at != '\t')
      *at = ' ';
  return text;
}

static void
append (RbArchive  *self,
        gint64      n,
        const char *id,
        const char *kind,
        gint64      ended_at,
        gsize       bytes)
{
  Entry *entry = g_new (Entry, 1);

  *entry = (Entry) { n, ended_at, bytes, g_strdup (id), g_str_equal (kind, RB_ARCHIVE_ENDPOINT) };
  self->next_n = n + 1;
  self->bytes += bytes;
  g_queue_push_tail (&self->entries, entry);
  g_hash_table_replace (self->by_id, entry->id, entry);
}

void
rb_archive_add (RbArchive    *self,
                const RbPast *past,
                RbChanges    *changes)
{
  gboolean has_text = past->content != NULL && self->limits.text_max > 0;
  g_autofree char *text = has_text ? rb_archive_dup_text (past->content, self->limits.text_max) : NULL;
  gsize bytes = ROW_BYTES + (text != NULL ? strlen (text) : 0);
  gint64 n = self->next_n;

  rb_changes_put (changes, RB_TABLE_ARCHIVE,
                  g_variant_new ("(xsssmsmsmsmsxxsx)", n, past->kind, past->id, past->name, past->endpoint_id, past->correlation_id,
                                 past->source_id, past->detail, past->begun_at, past->ended_at, past->outcome, (gint64) bytes));
  if (text != NULL && *text != '\0')
    rb_changes_put (changes, RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(xs)", n, text));
  append (self, n, past->id, past->kind, past->ended_at, bytes);
}

void
rb_archive_load (RbArchive *self,
                 GVariant  *row)
{
  gint64 n, ended_at, bytes;
  const char *kind, *id;

  g_variant_get_child (row, 0, "x", &n);
  g_variant_get_child (row, 1, "&s", &kind);
  g_variant_get_child (row, 2, "&s", &id);
  g_variant_get_child (row, 9, "x", &ended_at);
  g_variant_get_child (row, 11, "x", &bytes);
  append (self, n, id, kind, ended_at, (gsize) MAX (bytes, 0));
}

gboolean
rb_archive_is_due (RbArchive *self,
                   gint64     now)
{
  const Entry *oldest = g_queue_peek_head (&self->entries);

  return oldest != NULL && (self->entries.length > self->limits.max_entries || self->bytes > self->limits.max_bytes ||
                            (self->limits.max_age_ms > 0 && now - oldest->ended_at >= self->limits.max_age_ms));
}

static void
delete_oldest (RbArchive      *self,
               RbArchiveAlive  is_alive,
               gpointer        user_data,
               RbChanges      *changes)
{
  Entry *entry;

  if (self->entries.length > self->limits.max_entries)
    rb_bounds_reached (self->bounds, RB_CORE_BOUND_ARCHIVE);
  else if (self->bytes > self->limits.max_bytes)
    rb_bounds_reached (self->bounds, RB_CORE_BOUND_ARCHIVE_BYTES);
  entry = g_queue_pop_head (&self->entries);
  rb_changes_delete (changes, RB_TABLE_ARCHIVE, g_variant_new ("(x)", entry->n));
  rb_changes_delete (changes, RB_TABLE_ARCHIVE_TEXT, g_variant_new ("(x)", entry->n));
  if (g_hash_table_lookup (self->by_id, entry->id) == entry)
    {
      g_hash_table_remove (self->by_id, entry->id);
      if (!is_alive (entry->id, user_data))
        rb_changes_delete (changes, RB_TABLE_CHECKPOINTS, g_variant_new ("(s)", entry->id));
    }
  self->bytes -= entry->bytes;
  self->n_pruned++;
  entry_free (entry);
}

guint
rb_archive_prune (RbArchive      *self,
                  gint64          now,
                  guint           max,
                  RbArchiveAlive  is_alive,
                  gpointer        user_data,
                  RbChanges      *changes)
{
  guint n = 0;

  for (; n < max && rb_archive_is_due (self, now); n++)
    delete_oldest (self, is_alive, user_data, changes);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_ARCHIVE, MIN (self->entries.length, self->limits.max_entries));
  rb_bounds_note (self->bounds, RB_CORE_BOUND_ARCHIVE_BYTES, MIN (self->bytes, self->limits.max_bytes));
  return n;
}

gint64
rb_archive_get_due_at (RbArchive *self)
{
  const Entry *oldest = g_queue_peek_head (&self->entries);

  return oldest != NULL && self->limits.max_age_ms > 0 ? oldest->ended_at + self->limits.max_age_ms : 0;
}

gint64
rb_archive_find (RbArchive  *self,
                 const char *id,
                 gboolean   *is_endpoint)
{
  const Entry *entry = g_hash_table_lookup (self->by_id, id);

  if (entry != NULL && is_endpoint != NULL)
    *is_endpoint = entry->is_endpoint;
  return entry != NULL ? entry->n : 0;
}

void
rb_archive_find_prefix (RbArchive      *self,
                        const char     *prefix,
                        RbArchiveFound  found,
                        gpointer        user_data)
{
  GHashTableIter iter;
  gpointer id, entry;

  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, &id, &entry))
    if (g_str_has_prefix (id, prefix))
      found (id, ((const Entry *) entry)->is_endpoint, user_data);
}

guint
rb_archive_get_n (RbArchive *self)
{
  return self->entries.length;
}

gsize
rb_archive_get_bytes (RbArchive *self)
{
  return self->bytes;
}

guint64
rb_archive_get_n_pruned (RbArchive *self)
{
  return self->n_pruned;
}

const RbArchiveLimits *
rb_archive_get_limits (RbArchive *self)
{
  return &self->limits;
}
