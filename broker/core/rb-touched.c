/* rb-touched.c: what changes are about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-touched.h"

static void
clear (gpointer data)
{
  RbTouched *touched = data;

  g_free (touched->id);
}

static gboolean
find_kind (RbTable        table,
           RbTouchedKind *kind)
{
  *kind = table == RB_TABLE_ENDPOINTS ? RB_TOUCHED_ENDPOINT : RB_TOUCHED_MESSAGE;
  return table == RB_TABLE_ENDPOINTS || table == RB_TABLE_PLACES || table == RB_TABLE_ASSIGNMENTS;
}

static gboolean
is_last (GArray        *all,
         RbTouchedKind  kind,
         const char    *id)
{
  const RbTouched *last = all != NULL ? &g_array_index (all, RbTouched, all->len - 1) : NULL;

  return last != NULL && last->kind == kind && g_str_equal (last->id, id);
}

GArray *
rb_touched_by (const RbChanges *changes)
{
  GArray *all = NULL;

  for (guint i = 0; i < rb_changes_get_n (changes); i++)
    {
      const RbChange *change = rb_changes_get (changes, i);
      RbTouched touched;
      const char *id;

      if (!find_kind (change->table, &touched.kind))
        continue;
      g_variant_get_child (change->row, 0, "&s", &id);
      if (is_last (all, touched.kind, id))
        continue;
      if (all == NULL)
        {
          all = g_array_new (FALSE, FALSE, sizeof (RbTouched));
          g_array_set_clear_func (all, clear);
        }
      touched.id = g_strdup (id);
      g_array_append_val (all, touched);
    }
  return all;
}
