/* rb-limits-view.c: what brokerctl status says of limits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-limits-view.h"

#include "rb-table.h"
#include "rb-time.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define RECENT_MS 3600000
#define MARK_PERCENT 80
#define NEARLY_PERCENT 90

typedef struct {
  char     *name;
  char     *unit;
  char     *policy;
  char     *last_reached;   /* iso-ms; NULL: never */
  gboolean  forgets;        /* a memory of fixed size: full is how it should be */
  gboolean  waits;          /* flow control: full is what happens */
  gint64    used, limit, peak, n_reached;
} Limit;

static void
limit_free (Limit *limit)
{
  g_free (limit->name);
  g_free (limit->unit);
  g_free (limit->policy);
  g_free (limit->last_reached);
  g_free (limit);
}

static gint64
read_number (const RbJson *object,
             const char   *name)
{
  gint64 value = 0;

  rb_json_get_optional_int (object, name, 0, &value, NULL);
  return value;
}

/* NULL: that is none. */
static Limit *
read_limit (const RbJson *limits,
            guint         i)
{
  g_autofree char *name = rb_json_dup_member_name (limits, i);
  g_autoptr(RbJson) object = NULL;
  g_autofree char *manner = NULL;
  Limit *limit;

  if (name == NULL || rb_json_get_member_type (limits, name) != RB_JSON_OBJECT)
    return NULL;
  object = rb_json_open (limits, name, NULL);
  if (object == NULL || read_number (object, "limit") <= 0)
    return NULL;

  manner = rb_view_dup_text (object, "manner");
  limit = g_new0 (Limit, 1);
  limit->name = g_steal_pointer (&name);
  limit->unit = rb_view_dup_text (object, "unit");
  limit->policy = rb_view_dup_text (object, "policy");
  limit->last_reached = rb_view_dup_text (object, "last_reached");
  limit->forgets = g_strcmp0 (manner, "forgets") == 0;
  limit->waits = g_strcmp0 (manner, "waits") == 0;
  limit->used = read_number (object, "used");
  limit->limit = read_number (object, "limit");
  limit->peak = read_number (object, "peak");
  limit->n_reached = read_number (object, "reached");
  return limit;
}

static gboolean
is_at (const Limit *limit,
       guint        percent)
{
  return (double) limit->used * 100 >= (double) limit->limit * percent;
}

static guint
rank (const Limit *limit)
{
  if (limit->forgets)
    return 2;
  return is_at (limit, 100) ? 0 : is_at (limit, MARK_PERCENT) ? 1 : 2;
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  const Limit *first = *(Limit *const *) a;
  const Limit *second = *(Limit *const *) b;

  return rank (first) != rank (second) ? (int) rank (first) - (int) rank (second) : strcmp (first->name, second->name);
}

static GPtrArray *
read_all (const RbJson *status)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) limit_free);
  g_autoptr(RbJson) limits = NULL;

  if (rb_json_get_root_type (status) == RB_JSON_OBJECT && rb_json_get_member_type (status, "limits") == RB_JSON_OBJECT)
    limits = rb_json_open (status, "limits", NULL);
  for (guint i = 0; limits != NULL && i < rb_json_get_length (limits); i++)
    {
      Limit *limit = read_limit (limits, i);

      if (limit != NULL)
        g_ptr_array_add (all, limit);
    }
  g_ptr_array_sort (all, compare);
  return all;
}

static char *
format (const Limit *limit,
        gint64       value)
{
  g_autofree char *size = NULL;
  g_auto(GStrv) parts = NULL;

  if (g_strcmp0 (limit->unit, "bytes") != 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT, value);

  /* Number and unit stand apart by a space that a plain terminal has not. */
  size = g_format_size_full ((guint64) MAX (value, 0), G_FORMAT_SIZE_IEC_UNITS);
  parts = g_strsplit (size, "\302\240", 2);
  return g_strjoinv (" ", parts);
}

static const char *
mark (const Limit *limit)
{
  switch (rank (limit))
    {
    case 0:
      /* TRANSLATORS: in a table: the limit is reached now */
      return _ ("FULL");
    case 1:
      return "> 80 %";
    case 2:
      break;
    }
  return NULL;
}

static void
add_row (RbTable     *table,
         const Limit *limit,
         gint64       now_ms)
{
  g_autofree char *used = format (limit, limit->used);
  g_autofree char *bound = format (limit, limit->limit);
  g_autofree char *peak = format (limit, limit->peak);
  g_autofree char *reached = g_strdup_printf ("%" G_GINT64_FORMAT, limit->n_reached);
  g_autofree char *age = rb_view_dup_age (limit->last_reached, now_ms);
  const char *cells[] = { limit->name, used, bound, peak, mark (limit), reached, age, limit->policy };

  rb_table_add_row (table, cells);
}

void
rb_limits_view_print (RbCtl        *ctl,
                      const RbJson *status)
{
  static const RbTableColumn columns[] = {
    { N_ ("NAME"), 0 }, { N_ ("USED"), 0 }, { N_ ("LIMIT"), 0 }, { N_ ("PEAK"), 0 }, { N_ ("STATE"), 0 },
    { N_ ("REACHED"), 0 }, { N_ ("LAST"), 0 }, { N_ ("AT THE LIMIT"), 20 },
  };
  g_autoptr(RbTable) table = rb_table_new (columns, G_N_ELEMENTS (columns));
  g_autoptr(GPtrArray) all = read_all (status);
  gint64 now_ms = g_get_real_time () / 1000;
  g_autofree char *text = NULL;

  if (ctl->json)
    {
      g_autoptr(RbJson) limits = rb_json_get_root_type (status) == RB_JSON_OBJECT &&
                                 rb_json_get_member_type (status, "limits") == RB_JSON_OBJECT ? rb_json_open (status, "limits", NULL) : NULL;

      rb_ctl_print_json (ctl, limits != NULL ? limits : status);
      return;
    }
  for (guint i = 0; i < all->len; i++)
    add_row (table, g_ptr_array_index (all, i), now_ms);
  text = rb_table_render (table, &ctl->terminal);
  rb_ctl_print (ctl, "%s%s", text, *text == '\0' ? _ ("this broker shows no limits\n") : "");
}

char *
rb_limits_view_recent (const RbJson *status,
                       gint64        now_ms)
{
  g_autoptr(GPtrArray) all = read_all (status);
  g_autoptr(GString) names = g_string_new (NULL);

  for (guint i = 0; i < all->len; i++)
    {
      const Limit *limit = g_ptr_array_index (all, i);
      gint64 at_ms = 0;
      g_autofree char *age = NULL;

      if (limit->forgets || limit->waits || limit->last_reached == NULL || !rb_time_from_iso (limit->last_reached, &at_ms) || now_ms - at_ms > RECENT_MS)
        continue;
      age = rb_view_dup_age (limit->last_reached, now_ms);
      g_string_append_printf (names, "%s%s (%s)", names->len > 0 ? ", " : "", limit->name, age);
    }
  /* TRANSLATORS: %s: names of limits with how long ago they were reached, "inbox (12 s), requests (3 min)" */
  return names->len > 0 ? g_strdup_printf (_ ("reached lately: %s; see 'brokerctl status --limits'"), names->str) : NULL;
}

GStrv
rb_limits_view_nearly (const RbJson *status)
{
  g_autoptr(GPtrArray) all = read_all (status);
  g_autoptr(GStrvBuilder) lines = g_strv_builder_new ();

  for (guint i = 0; i < all->len; i++)
    {
      const Limit *limit = g_ptr_array_index (all, i);
      g_autofree char *name = g_strdelimit (g_strdup (limit->name), "_", ' ');
      g_autofree char *line = NULL;

      if (limit->forgets || limit->waits || !is_at (limit, NEARLY_PERCENT))
        continue;
      /* TRANSLATORS: name of a limit, how much of it is used, the limit, what happens when it is reached */
      line = g_strdup_printf (_ ("%s is nearly full (%lld of %lld): %s"), name, (long long) limit->used, (long long) limit->limit,
                              limit->policy != NULL ? limit->policy : "");
      g_strv_builder_add (lines, line);
    }
  return g_strv_builder_end (lines);
}
