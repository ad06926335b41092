/* rb-explain-name.c: which endpoint a person means with a name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-name.h"

/* Messages have the address of the other side where endpoints have a label. */
#define ROWS_MAX 1000

/* Columns of the archive; of an endpoint, what its session and what it itself was called. */
enum { COLUMN_LABEL = 3, COLUMN_SESSION = 6 };

typedef struct {
  char   *name;
  char   *id;      /* the best so far; NULL: none */
  gint64  n;       /* its number */
} NameSearch;

static void
search_free (NameSearch *self)
{
  g_free (self->name);
  g_free (self->id);
  g_free (self);
}

/* (nullable) The last that came. */
static const RbEndpoint *
find_live (RbCore     *core,
           const char *name)
{
  const RbEndpoint *found = NULL;

  for (const GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    {
      const RbEndpoint *endpoint = l->data;

      if ((g_strcmp0 (endpoint->traits->session_name, name) == 0 || g_strcmp0 (endpoint->traits->label, name) == 0) &&
          (found == NULL || endpoint->position > found->position))
        found = endpoint;
    }
  return found;
}

static void
take_rows (NameSearch      *self,
           const GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    {
      const char *kind, *id;
      gint64 n;

      g_variant_get_child (g_ptr_array_index (rows, i), 0, "x", &n);
      g_variant_get_child (g_ptr_array_index (rows, i), 1, "&s", &kind);
      g_variant_get_child (g_ptr_array_index (rows, i), 2, "&s", &id);
      if (n <= self->n || !g_str_equal (kind, RB_ARCHIVE_ENDPOINT))
        continue;
      self->n = n;
      g_free (self->id);
      self->id = g_strdup (id);
    }
}

/* Rows whose @column is the name and nothing else: no text is between it and the one with the lowest character behind it. */
static void
read_column (RbStore             *store,
             guint                column,
             GAsyncReadyCallback  callback,
             GTask               *task)
{
  const NameSearch *self = g_task_get_task_data (task);
  g_autofree char *below = g_strconcat (self->name, "\001", NULL);
  RbRange range = { RB_TABLE_ARCHIVE, column, g_variant_new_string (self->name), g_variant_new_string (below), ROWS_MAX, TRUE };

  rb_store_read_range_async (store, &range, NULL, callback, task);
}

static void
on_labels (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  NameSearch *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;
  take_rows (self, rows);
  g_task_return_pointer (task, g_steal_pointer (&self->id), g_free);
}

static void
on_sessions (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;
  take_rows (g_task_get_task_data (task), rows);
  read_column (RB_STORE (source), COLUMN_LABEL, on_labels, g_steal_pointer (&task));
}

void
rb_find_endpoint_async (RbCore              *core,
                        const char          *name,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  const RbEndpoint *live = find_live (core, name);
  NameSearch *self;

  g_task_set_source_tag (task, rb_find_endpoint_async);
  if (live != NULL)
    {
      g_task_return_pointer (task, g_strdup (live->id), g_free);
      return;
    }

  self = g_new0 (NameSearch, 1);
  self->name = g_strdup (name);
  g_task_set_task_data (task, self, (GDestroyNotify) search_free);
  read_column (core->store, COLUMN_SESSION, on_sessions, g_steal_pointer (&task));
}

char *
rb_find_endpoint_finish (RbCore        *core,
                         GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
