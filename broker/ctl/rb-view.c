/* rb-view.c: reads what the broker shows of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-view.h"

#include "rb-time.h"

#include <glib/gi18n.h>

char *
rb_view_dup_text (const RbJson *object,
                  const char   *name)
{
  RbJsonType type = rb_json_get_member_type (object, name);
  g_autoptr(GBytes) slice = NULL;

  if (type == RB_JSON_STRING)
    return rb_json_peek_string (object, name);
  if (type != RB_JSON_NUMBER && type != RB_JSON_BOOLEAN)
    return NULL;
  slice = rb_json_dup_slice (object, name);
  return g_strndup (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice));
}

char *
rb_view_dup_age (const char *iso,
                 gint64      now_ms)
{
  static const struct {
    gint64      below_s;
    gint64      unit_s;
    const char *name;
  } units[] = { { 60, 1, N_ ("s") }, { 60 * 60, 60, N_ ("min") }, { 48 * 60 * 60, 60 * 60, N_ ("h") }, { G_MAXINT64, 24 * 60 * 60, N_ ("d") } };
  gint64 at_ms;
  gint64 distance_s;

  if (iso == NULL || !rb_time_from_iso (iso, &at_ms))
    return NULL;
  distance_s = ABS (now_ms - at_ms) / 1000;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (distance_s < units[i].below_s)
      {
        g_autofree char *distance = g_strdup_printf ("%" G_GINT64_FORMAT " %s", distance_s / units[i].unit_s, _ (units[i].name));

        /* TRANSLATORS: %s: a distance of time, "12 s" */
        return rb_view_is_ahead (iso, now_ms) ? g_strdup_printf (_ ("in %s"), distance) : g_steal_pointer (&distance);
      }
  return NULL;
}

gboolean
rb_view_is_ahead (const char *iso,
                  gint64      now_ms)
{
  gint64 at_ms;

  return iso != NULL && rb_time_from_iso (iso, &at_ms) && at_ms > now_ms + 999;
}

char *
rb_view_dup_time (const char *iso,
                  gint64      now_ms)
{
  g_autoptr(GDateTime) now = g_date_time_new_from_unix_local (now_ms / 1000);
  g_autoptr(GDateTime) at = NULL;
  g_autofree char *text = NULL;
  gint64 at_ms;

  if (iso == NULL || !rb_time_from_iso (iso, &at_ms))
    return NULL;
  at = g_date_time_new_from_unix_local (at_ms / 1000);
  if (at == NULL || now == NULL)
    return NULL;
  if (g_date_time_get_year (at) == g_date_time_get_year (now) && g_date_time_get_day_of_year (at) == g_date_time_get_day_of_year (now))
    text = g_date_time_format (at, "%H:%M:%S");
  else
    text = g_date_time_format (at, "%Y-%m-%d %H:%M:%S");
  return g_strdup_printf ("%s.%03d", text, (int) (at_ms % 1000));
}

static char *
make_cell (const RbJson       *object,
           const RbViewColumn *column,
           gint64              now_ms)
{
  g_autofree char *text = rb_view_dup_text (object, column->member);

  if (text == NULL && column->fallback != NULL)
    text = rb_view_dup_text (object, column->fallback);
  return column->is_age ? rb_view_dup_age (text, now_ms) : g_steal_pointer (&text);
}

static void
add_row (RbTable            *table,
         const RbJson       *object,
         const RbViewColumn *columns,
         guint               n_columns,
         gint64              now_ms)
{
  g_auto(GStrv) cells = g_new0 (char *, n_columns + 1);

  for (guint i = 0; i < n_columns; i++)
    {
      cells[i] = make_cell (object, &columns[i], now_ms);
      if (cells[i] == NULL)
        cells[i] = g_strdup ("-");
    }
  rb_table_add_row (table, (const char *const *) cells);
}

void
rb_view_print_table (RbCtl              *ctl,
                     const RbJson       *view,
                     const RbViewColumn *columns,
                     guint               n_columns,
                     const char         *nothing)
{
  g_autofree RbTableColumn *table_columns = g_new0 (RbTableColumn, n_columns);
  g_autoptr(RbTable) table = rb_table_new (table_columns, n_columns);
  g_autofree char *text = NULL;
  gint64 now_ms = g_get_real_time () / 1000;

  if (ctl->json)
    {
      rb_ctl_print_json (ctl, view);
      return;
    }
  for (guint i = 0; i < n_columns; i++)
    table_columns[i] = columns[i].column;
  for (guint i = 0; rb_json_get_root_type (view) == RB_JSON_ARRAY && i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) object = rb_json_get_item_type (view, i) == RB_JSON_OBJECT ? rb_json_open_item (view, i, NULL) : NULL;

      if (object != NULL)
        add_row (table, object, columns, n_columns, now_ms);
    }
  text = rb_table_render (table, &ctl->terminal);
  rb_ctl_print (ctl, "%s%s", text, *text == '\0' ? nothing : "");
}

static gboolean
has_candidate (GPtrArray  *candidates,
               const char *id)
{
  for (guint i = 0; i < candidates->len; i++)
    if (g_str_equal (((RbCandidate *) g_ptr_array_index (candidates, i))->id, id))
      return TRUE;
  return FALSE;
}

void
rb_view_add_candidates (const RbJson *view,
                        const char   *id_member,
                        const char   *name_member,
                        GPtrArray    *candidates)
{
  for (guint i = 0; rb_json_get_root_type (view) == RB_JSON_ARRAY && i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) object = rb_json_get_item_type (view, i) == RB_JSON_OBJECT ? rb_json_open_item (view, i, NULL) : NULL;
      g_autofree char *id = object != NULL ? rb_view_dup_text (object, id_member) : NULL;
      g_autofree char *name = object != NULL && name_member != NULL ? rb_view_dup_text (object, name_member) : NULL;

      if (id != NULL && !has_candidate (candidates, id))
        g_ptr_array_add (candidates, rb_candidate_new (id, name));
    }
}
