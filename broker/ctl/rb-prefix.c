/* rb-prefix.c: which of several things a person means
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-prefix.h"

#include "rb-error.h"

#include <glib/gi18n.h>

#define LISTED_MAX 10

typedef gboolean (*MatchFunc) (const RbCandidate *candidate,
                               const char        *text);

RbCandidate *
rb_candidate_new (const char *id,
                  const char *name)
{
  RbCandidate *self = g_new0 (RbCandidate, 1);

  self->id = g_strdup (id);
  self->name = g_strdup (name);
  return self;
}

void
rb_candidate_free (RbCandidate *self)
{
  g_free (self->id);
  g_free (self->name);
  g_free (self);
}

static gboolean
is_id (const RbCandidate *candidate,
       const char        *text)
{
  return g_strcmp0 (candidate->id, text) == 0;
}

static gboolean
is_name (const RbCandidate *candidate,
         const char        *text)
{
  return g_strcmp0 (candidate->name, text) == 0;
}

static gboolean
begins_id (const RbCandidate *candidate,
           const char        *text)
{
  return g_str_has_prefix (candidate->id, text);
}

static gboolean
begins_name (const RbCandidate *candidate,
             const char        *text)
{
  return candidate->name != NULL && g_str_has_prefix (candidate->name, text);
}

static GPtrArray *
filter (GPtrArray  *candidates,
        MatchFunc   match,
        const char *text)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < candidates->len; i++)
    if (match (g_ptr_array_index (candidates, i), text))
      g_ptr_array_add (found, g_ptr_array_index (candidates, i));
  return found;
}

static void
set_ambiguous (GPtrArray   *found,
               const char  *kind,
               const char  *text,
               GError     **error)
{
  g_autoptr(GString) list = g_string_new (NULL);

  for (guint i = 0; i < found->len && i < LISTED_MAX; i++)
    {
      const RbCandidate *candidate = g_ptr_array_index (found, i);

      g_string_append_printf (list, "\n  %s%s%s", candidate->id, candidate->name != NULL ? "  " : "",
                              candidate->name != NULL ? candidate->name : "");
    }
  if (found->len > LISTED_MAX)
    {
      guint more = found->len - LISTED_MAX;

      g_string_append (list, "\n  ");
      g_string_append_printf (list, ngettext ("and %u more", "and %u more", more), more);
    }
  rb_set_error (error, RB_ERROR_BAD_STATE, "ambiguous",
                g_str_equal (kind, "endpoint") ? _ ("'%s' may be any of %u endpoints:%s") : _ ("'%s' may be any of these %u:%s"), text,
                found->len, list->str);
}

const RbCandidate *
rb_prefix_pick (GPtrArray   *candidates,
                const char  *kind,
                const char  *text,
                GError     **error)
{
  static const MatchFunc rules[] = { is_id, is_name, begins_id, begins_name };

  for (gsize i = 0; *text != '\0' && i < G_N_ELEMENTS (rules); i++)
    {
      g_autoptr(GPtrArray) found = filter (candidates, rules[i], text);

      if (found->len == 1)
        return g_ptr_array_index (found, 0);
      if (found->len > 1)
        {
          set_ambiguous (found, kind, text, error);
          return NULL;
        }
    }
  rb_set_error (error, RB_ERROR_NOT_FOUND, "no_match",
                g_str_equal (kind, "endpoint") ? _ ("no endpoint begins with '%s'") :
                g_str_equal (kind, "held message") ? _ ("no held message begins with '%s'") :
                g_str_equal (kind, "waiting message") ? _ ("no waiting message begins with '%s'") : _ ("nothing begins with '%s'"), text);
  return NULL;
}
