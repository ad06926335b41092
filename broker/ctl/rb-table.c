/* rb-table.c: rows that fit the terminal, whatever its width
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-table.h"

#include <glib/gi18n.h>

#define GAP 2

struct _RbTable {
  const RbTableColumn *columns;
  guint                n_columns;
  GPtrArray           *rows;        /* of GStrv, escaped */
};

RbTable *
rb_table_new (const RbTableColumn *columns,
              guint                n_columns)
{
  RbTable *self = g_new0 (RbTable, 1);

  self->columns = columns;
  self->n_columns = n_columns;
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  return self;
}

void
rb_table_free (RbTable *self)
{
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
rb_table_add_row (RbTable           *self,
                  const char *const *cells)
{
  char **row = g_new0 (char *, self->n_columns + 1);

  for (guint i = 0; i < self->n_columns; i++)
    row[i] = rb_terminal_escape (cells[i] != NULL ? cells[i] : "-");
  g_ptr_array_add (self->rows, row);
}

guint
rb_table_get_n_rows (RbTable *self)
{
  return self->rows->len;
}

static const char *
get_title (const RbTable *self,
           guint          column)
{
  return _ (self->columns[column].title);
}

static guint
sum (const guint *widths,
     guint        n)
{
  guint total = (n - 1) * GAP;

  for (guint i = 0; i < n; i++)
    total += widths[i];
  return total;
}

static void
measure (RbTable *self,
         guint   *widths)
{
  for (guint c = 0; c < self->n_columns; c++)
    {
      widths[c] = rb_terminal_measure (get_title (self, c));
      for (guint r = 0; r < self->rows->len; r++)
        widths[c] = MAX (widths[c], rb_terminal_measure (((char **) g_ptr_array_index (self->rows, r))[c]));
    }
}

/* Takes a cell from the column with the most to spare until it fits. FALSE: it cannot. */
static gboolean
shrink (RbTable *self,
        guint   *widths,
        guint    columns)
{
  while (sum (widths, self->n_columns) > columns)
    {
      guint best = self->n_columns;
      guint best_spare = 0;

      for (guint c = 0; c < self->n_columns; c++)
        {
          guint min = self->columns[c].min_cells;
          guint spare = min > 0 && widths[c] > min ? widths[c] - min : 0;

          if (spare > best_spare)
            {
              best = c;
              best_spare = spare;
            }
        }
      if (best == self->n_columns)
        return FALSE;
      widths[best]--;
    }
  return TRUE;
}

static void
append_cell (GString    *out,
             const char *text,
             guint       width,
             gboolean    last)
{
  g_autofree char *cut = rb_terminal_cut (text, width);

  g_string_append (out, cut);
  if (!last)
    g_string_append_printf (out, "%*s", (int) (width - rb_terminal_measure (cut) + GAP), "");
}

static char *
render_lines (RbTable          *self,
              const RbTerminal *terminal,
              const guint      *widths)
{
  GString *out = g_string_new (NULL);

  for (guint c = 0; c < self->n_columns; c++)
    append_cell (out, get_title (self, c), widths[c], c + 1 == self->n_columns);
  if (terminal->colour)
    {
      g_autofree char *heading = rb_terminal_style (terminal, RB_STYLE_HEADING, out->str);

      g_string_assign (out, heading);
    }
  g_string_append_c (out, '\n');

  for (guint r = 0; r < self->rows->len; r++)
    {
      char **row = g_ptr_array_index (self->rows, r);

      for (guint c = 0; c < self->n_columns; c++)
        append_cell (out, row[c], widths[c], c + 1 == self->n_columns);
      g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

static char *
render_stacked (RbTable          *self,
                const RbTerminal *terminal)
{
  GString *out = g_string_new (NULL);

  for (guint r = 0; r < self->rows->len; r++)
    {
      char **row = g_ptr_array_index (self->rows, r);

      if (r > 0)
        g_string_append_c (out, '\n');
      for (guint c = 0; c < self->n_columns; c++)
        {
          g_autofree char *line = g_strdup_printf ("%s: %s", get_title (self, c), row[c]);
          g_autofree char *wrapped = rb_terminal_wrap (line, terminal->columns, 2);

          g_string_append_printf (out, "%s\n", wrapped);
        }
    }
  return g_string_free (out, FALSE);
}

char *
rb_table_render (RbTable          *self,
                 const RbTerminal *terminal)
{
  g_autofree guint *widths = g_new0 (guint, self->n_columns);

  if (self->rows->len == 0)
    return g_strdup ("");
  measure (self, widths);
  if (terminal->columns == 0)
    return render_lines (self, terminal, widths);
  if (terminal->columns < RB_TABLE_STACK_BELOW || !shrink (self, widths, terminal->columns))
    return render_stacked (self, terminal);
  return render_lines (self, terminal, widths);
}
