/* rb-changes.c: changes that become true together
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-changes.h"

struct _RbChanges {
  GArray   *list;      /* of RbChange */
  GArray   *told;      /* of RbTold; NULL: nothing */
  gboolean  lazy;
  gboolean  crowded;
};

static void
clear_change (gpointer data)
{
  RbChange *change = data;

  g_variant_unref (change->row);
}

static void
clear_told (gpointer data)
{
  RbTold *told = data;

  rb_event_unref (told->event);
}

/* Whether @key is a tuple of one or more leading key columns, each of its column's type. */
static gboolean
is_key_prefix (const RbTableInfo *info,
               GVariant          *key)
{
  const GVariantType *column = g_variant_type_first (G_VARIANT_TYPE (info->type));
  const GVariantType *item;
  guint n = 0;

  if (!g_variant_is_of_type (key, G_VARIANT_TYPE_TUPLE))
    return FALSE;

  for (item = g_variant_type_first (g_variant_get_type (key)); item != NULL; item = g_variant_type_next (item))
    {
      if (n >= info->n_key || !g_variant_type_equal (item, column))
        return FALSE;
      column = g_variant_type_next (column);
      n++;
    }
  return n > 0;
}

static void
add (RbChanges  *self,
     RbChangeOp  op,
     RbTable     table,
     GVariant   *row)
{
  RbChange change = { op, table, g_variant_ref_sink (row) };

  g_array_append_val (self->list, change);
}

RbChanges *
rb_changes_new (void)
{
  RbChanges *self = g_new0 (RbChanges, 1);

  self->list = g_array_new (FALSE, FALSE, sizeof (RbChange));
  g_array_set_clear_func (self->list, clear_change);
  return self;
}

void
rb_changes_free (RbChanges *self)
{
  g_return_if_fail (self != NULL);

  g_array_unref (self->list);
  g_clear_pointer (&self->told, g_array_unref);
  g_free (self);
}

/**
 * rb_changes_put:
 * @self: the changes
 * @table: where to
 * @row: (transfer floating): the whole row, of the table's type
 *
 * Adds a row, or replaces the one of the same key.
 */
void
rb_changes_put (RbChanges *self,
                RbTable    table,
                GVariant  *row)
{
  g_return_if_fail (self != NULL && table < RB_N_TABLES && row != NULL);
  g_return_if_fail (g_variant_is_of_type (row, G_VARIANT_TYPE (rb_table_get_info (table)->type)));

  add (self, RB_CHANGE_PUT, table, row);
}

/**
 * rb_changes_delete:
 * @self: the changes
 * @table: where from
 * @key: (transfer floating): a tuple of one or more leading key columns
 *
 * Deletes every row whose key begins with @key; that there is none is no error.
 */
void
rb_changes_delete (RbChanges *self,
                   RbTable    table,
                   GVariant  *key)
{
  g_return_if_fail (self != NULL && table < RB_N_TABLES && key != NULL);
  g_return_if_fail (is_key_prefix (rb_table_get_info (table), key));

  add (self, RB_CHANGE_DELETE, table, key);
}

static void
add_told (RbChanges *self,
          RbEvent   *event,
          gboolean   is_known)
{
  RbTold told = { event, is_known };

  if (self->told == NULL)
    {
      self->told = g_array_new (FALSE, FALSE, sizeof (RbTold));
      g_array_set_clear_func (self->told, clear_told);
    }
  g_array_append_val (self->told, told);
}

void
rb_changes_tell (RbChanges *self,
                 RbEvent   *event)
{
  g_return_if_fail (self != NULL && event != NULL);
  add_told (self, event, FALSE);
}

void
rb_changes_project (RbChanges *self,
                    RbEvent   *event)
{
  g_return_if_fail (self != NULL && event != NULL);
  add_told (self, event, TRUE);
}

GArray *
rb_changes_steal_told (RbChanges *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_steal_pointer (&self->told);
}

void
rb_changes_set_lazy (RbChanges *self,
                     gboolean   lazy)
{
  g_return_if_fail (self != NULL);
  self->lazy = !!lazy;
}

gboolean
rb_changes_is_lazy (const RbChanges *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->lazy;
}

guint
rb_changes_get_n (const RbChanges *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->list->len;
}

const RbChange *
rb_changes_get (const RbChanges *self,
                guint            i)
{
  g_return_val_if_fail (self != NULL && i < self->list->len, NULL);
  return &g_array_index (self->list, RbChange, i);
}

void
rb_changes_set_crowded (RbChanges *self)
{
  self->crowded = TRUE;
}

gboolean
rb_changes_is_crowded (const RbChanges *self)
{
  return self->crowded;
}
