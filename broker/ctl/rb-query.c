/* rb-query.c: the query of a view that is asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-query.h"

#include "rb-moment.h"

struct _RbQuery {
  GString *text;
};

RbQuery *
rb_query_new (void)
{
  RbQuery *self = g_new (RbQuery, 1);

  self->text = g_string_new (NULL);
  return self;
}

void
rb_query_free (RbQuery *self)
{
  g_string_free (self->text, TRUE);
  g_free (self);
}

static void
append (GString    *text,
        const char *name,
        const char *value)
{
  g_autofree char *escaped = g_uri_escape_string (value, NULL, FALSE);

  g_string_append_printf (text, "%s%s=%s", text->len > 0 ? "&" : "", name, escaped);
}

void
rb_query_add (RbQuery    *self,
              const char *name,
              const char *value)
{
  if (value != NULL)
    append (self->text, name, value);
}

void
rb_query_add_number (RbQuery    *self,
                     const char *name,
                     gint64      value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  append (self->text, name, text);
}

gboolean
rb_query_add_moment (RbQuery     *self,
                     const char  *name,
                     const char  *value,
                     gint64       now_ms,
                     GError     **error)
{
  g_autofree char *iso = NULL;

  if (value == NULL)
    return TRUE;

  iso = rb_moment_to_iso (value, now_ms, error);
  if (iso == NULL)
    {
      g_prefix_error (error, "--%s: ", name);
      return FALSE;
    }
  append (self->text, name, iso);
  return TRUE;
}

char *
rb_query_dup_view_at (RbQuery    *self,
                      const char *view,
                      const char *name,
                      const char *value)
{
  g_autoptr(GString) text = g_string_new (self->text->str);

  if (value != NULL)
    append (text, name, value);
  return g_strdup_printf ("%s%s%s", view, text->len > 0 ? "?" : "", text->str);
}

char *
rb_query_dup_view (RbQuery    *self,
                   const char *view,
                   const char *name,
                   gint64      number)
{
  g_autofree char *value = number != 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, number) : NULL;

  return rb_query_dup_view_at (self, view, name, value);
}
