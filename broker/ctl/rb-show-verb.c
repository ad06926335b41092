/* rb-show-verb.c: brokerctl show: one thing, whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-prefix.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define ID_MAX_BYTES 1024       /* nothing has a longer one, and a request has no place for any length */
#define NAME_COLUMN 20

static RbJson *
ask (RbCtl       *ctl,
     const char  *id,
     GError     **error)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *view = g_strconcat ("show/", escaped, NULL);

  return rb_ctl_view (ctl, view, error);
}

/* The row of @view that @id names. */
static RbJson *
get_row (const RbJson *view,
         const char   *member,
         const char   *id)
{
  for (guint i = 0; i < rb_json_get_length (view); i++)
    {
      RbJson *row = rb_json_open_item (view, i, NULL);
      g_autofree char *name = row != NULL ? rb_view_dup_text (row, member) : NULL;

      if (name != NULL && g_str_equal (name, id))
        return row;
      g_clear_pointer (&row, rb_json_unref);
    }
  return NULL;
}

/* Modules go by their whole name alone: they are few, and a beginning is rather that of an id. */
static RbJson *
find_module (RbCtl      *ctl,
             const char *text)
{
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "modules", NULL);

  for (guint i = 0; view != NULL && rb_json_get_root_type (view) == RB_JSON_ARRAY && i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) row = rb_json_open_item (view, i, NULL);
      g_autofree char *kind = row != NULL ? rb_view_dup_text (row, "kind") : NULL;
      g_autofree char *name = row != NULL ? rb_view_dup_text (row, "name") : NULL;
      g_autofree char *full = g_strdup_printf ("%s-%s", kind != NULL ? kind : "", name != NULL ? name : "");

      if (g_str_equal (full, text))
        return g_steal_pointer (&row);
    }
  return NULL;
}

/* Endpoints have names, too, and one that is known by an id wins. */
static RbJson *
find_endpoint (RbCtl       *ctl,
               const char  *text,
               GError     **error)
{
  g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_candidate_free);
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "endpoints", error);
  const RbCandidate *picked;

  if (view == NULL)
    return NULL;
  rb_view_add_candidates (view, "endpoint_id", "session_name", candidates);
  picked = rb_prefix_pick (candidates, "endpoint", text, error);
  return picked != NULL ? get_row (view, "endpoint_id", picked->id) : NULL;
}

static gboolean
is_unknown (const GError *error)
{
  return g_strcmp0 (rb_error_get_reason (error), "not_found") == 0;
}

static RbJson *
find (RbCtl       *ctl,
      const char  *text,
      GError     **error)
{
  g_autoptr(GError) first = NULL;
  g_autoptr(GError) second = NULL;
  RbJson *found = ask (ctl, text, &first);

  if (found == NULL && is_unknown (first))
    found = find_module (ctl, text);
  if (found == NULL && is_unknown (first))
    found = find_endpoint (ctl, text, &second);
  if (found != NULL)
    return found;
  if (g_strcmp0 (second != NULL ? rb_error_get_reason (second) : NULL, "ambiguous") == 0)
    g_propagate_error (error, g_steal_pointer (&second));
  else
    g_propagate_error (error, g_steal_pointer (&first));
  return NULL;
}

static void
print_member (RbCtl        *ctl,
              const RbJson *shown,
              const char   *name,
              guint         indent)
{
  g_autofree char *value = rb_view_dup_text (shown, name);
  g_autofree char *padded = g_strdup_printf ("%*s%-*s", (int) indent, "", NAME_COLUMN - (int) indent, name);
  g_autofree char *safe_name = rb_terminal_escape (padded);
  g_autofree char *safe = NULL;
  g_autofree char *wrapped = NULL;

  if (value == NULL)
    return;
  safe = rb_terminal_escape (value);
  wrapped = rb_terminal_wrap (safe, ctl->terminal.columns > NAME_COLUMN * 2 ? ctl->terminal.columns - NAME_COLUMN - 1 : 0, 0);
  for (char *at = wrapped, *end; at != NULL; at = end)
    {
      end = strchr (at, '\n');
      if (end != NULL)
        *end++ = '\0';
      rb_ctl_print (ctl, "%-*s %s\n", NAME_COLUMN, at == wrapped ? safe_name : "", at);
    }
}

/* What names a thing stands first; the broker gives members in no order. */
static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  static const char *const first[] = { "type", "id", "endpoint_id", "assignment_id", "name", "kind", "state", "outcome", NULL };
  const char *left = *(const char *const *) a;
  const char *right = *(const char *const *) b;

  for (guint i = 0; first[i] != NULL; i++)
    if (g_str_equal (left, first[i]) || g_str_equal (right, first[i]))
      return g_str_equal (left, right) ? 0 : g_str_equal (left, first[i]) ? -1 : 1;
  return strcmp (left, right);
}

static GPtrArray *
dup_names (const RbJson *shown)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < rb_json_get_length (shown); i++)
    g_ptr_array_add (names, rb_json_dup_member_name (shown, i));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
print_object (RbCtl        *ctl,
              const RbJson *shown,
              guint         indent)
{
  g_autoptr(GPtrArray) names = dup_names (shown);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr(RbJson) inner = NULL;

      if (g_str_equal (name, "content"))
        continue;
      if (rb_json_get_member_type (shown, name) != RB_JSON_OBJECT)
        {
          print_member (ctl, shown, name, indent);
          continue;
        }
      inner = rb_json_open (shown, name, NULL);
      if (inner == NULL || indent > 0)
        continue;
      rb_ctl_print (ctl, "%s\n", name);
      print_object (ctl, inner, indent + 2);
    }
}

/* Last, and as it is: it may be long. */
static void
print_content (RbCtl        *ctl,
               const RbJson *shown)
{
  g_autofree char *content = rb_view_dup_text (shown, "content");
  g_autofree char *safe = content != NULL ? rb_terminal_escape_lines (content) : NULL;

  if (safe != NULL)
    rb_ctl_print (ctl, "\n%s\n", safe);
}

static RbExitCode
run_show (RbCtl             *ctl,
          const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) shown = NULL;

  if (*args[0] == '\0' || strlen (args[0]) > ID_MAX_BYTES)
    {
      rb_ctl_warn (_ ("show needs an id, or its beginning"));
      return RB_EXIT_USAGE;
    }
  shown = find (ctl, args[0], &error);
  if (shown == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, shown);
  else if (rb_json_get_root_type (shown) == RB_JSON_OBJECT)
    {
      print_object (ctl, shown, 0);
      print_content (ctl, shown);
    }
  return RB_EXIT_OK;
}

const RbVerb rb_show_verb = {
  .name = "show",
  .summary = N_ ("Show one message, assignment, endpoint or module, whole"),
  .usage = N_ ("ID"),
  .details = N_ ("A message with all that it says; also one that has ended, as long as that is kept. ID may be shortened to any beginning that fits only "
                 "one; endpoints go by their name, too, and modules by theirs (connector-local). Looking changes nothing."),
  .min_args = 1,
  .max_args = 1,
  .completes = "any",
  .run = run_show,
};
