/* rb-workspace.c: where a runtime works: root, current directory, remote, branch
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-workspace.h"

#include "rb-error.h"
#include "rb-json.h"
#include "rb-text.h"

#include <string.h>

void
rb_workspace_free (RbWorkspace *self)
{
  g_free (self->root);
  g_free (self->cwd);
  g_free (self->remote);
  g_free (self->branch);
  g_free (self);
}

gboolean
rb_workspace_equal (const RbWorkspace *a,
                    const RbWorkspace *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_strcmp0 (a->root, b->root) == 0 && g_strcmp0 (a->cwd, b->cwd) == 0 && g_strcmp0 (a->remote, b->remote) == 0 &&
         g_strcmp0 (a->branch, b->branch) == 0;
}

static char *
dup_trimmed (const RbJson *object,
             const char   *name)
{
  g_autofree char *text = rb_json_peek_string (object, name);
  g_autofree char *trimmed = text != NULL ? rb_text_trim (text) : NULL;

  return trimmed != NULL && *trimmed != '\0' ? g_steal_pointer (&trimmed) : NULL;
}

static gboolean
read_required (const RbJson  *object,
               const char    *name,
               char         **value,
               GError       **error)
{
  *value = dup_trimmed (object, name);
  if (*value != NULL)
    return TRUE;

  rb_set_error (error, RB_ERROR_UNPROCESSABLE, "invalid_request", "workspace.%s must be a non-empty string", name);
  return FALSE;
}

static gboolean
read_optional (const RbJson  *object,
               const char    *name,
               char         **value,
               GError       **error)
{
  RbJsonType type = rb_json_get_member_type (object, name);

  if (type != RB_JSON_ABSENT && type != RB_JSON_NULL && type != RB_JSON_STRING)
    {
      rb_set_error (error, RB_ERROR_UNPROCESSABLE, "invalid_request", "workspace.%s must be a string", name);
      return FALSE;
    }
  *value = dup_trimmed (object, name);
  return TRUE;
}

static gboolean
from_object (const RbJson  *object,
             RbWorkspace  **workspace,
             GError       **error)
{
  g_autoptr(RbWorkspace) self = g_new0 (RbWorkspace, 1);

  if (!read_required (object, "root", &self->root, error) ||
      !read_required (object, "cwd", &self->cwd, error) ||
      !read_optional (object, "remote", &self->remote, error) ||
      !read_optional (object, "branch", &self->branch, error))
    return FALSE;

  *workspace = g_steal_pointer (&self);
  return TRUE;
}

static gboolean
from_string (GBytes       *json,
             RbWorkspace **workspace,
             GError      **error)
{
  g_autofree char *text = rb_json_slice_to_string (json, error);
  g_autofree char *trimmed = NULL;

  if (text == NULL)
    return FALSE;

  trimmed = rb_text_trim (text);
  if (*trimmed == '\0')
    return TRUE;

  *workspace = g_new0 (RbWorkspace, 1);
  (*workspace)->root = g_strdup (trimmed);
  (*workspace)->cwd = g_steal_pointer (&trimmed);
  return TRUE;
}

gboolean
rb_workspace_from_json (GBytes       *json,
                        RbWorkspace **workspace,
                        GError      **error)
{
  g_autoptr(RbJson) value = NULL;

  *workspace = NULL;
  if (json == NULL)
    return TRUE;

  value = rb_json_parse (json, 0, error);
  if (value == NULL)
    return FALSE;

  switch (rb_json_get_root_type (value))
    {
    case RB_JSON_STRING:
      return from_string (json, workspace, error);
    case RB_JSON_OBJECT:
      return from_object (value, workspace, error);
    case RB_JSON_ARRAY:
      rb_set_error (error, RB_ERROR_UNPROCESSABLE, "invalid_request", "workspace.root must be a non-empty string");
      return FALSE;
    case RB_JSON_ABSENT:
    case RB_JSON_NULL:
    case RB_JSON_BOOLEAN:
    case RB_JSON_NUMBER:
      break;
    }

  rb_set_error (error, RB_ERROR_UNPROCESSABLE, "invalid_request", "workspace must be a string or object");
  return FALSE;
}

/* POSIX basename: trailing slashes do not count, "/" is itself. */
static char *
last_component (const char *root)
{
  gsize length = strlen (root);
  const char *start;

  while (length > 1 && root[length - 1] == '/')
    length--;
  if (length == 1 && root[0] == '/')
    return g_strdup ("/");

  start = g_strrstr_len (root, length, "/");
  start = start != NULL ? start + 1 : root;
  return g_strndup (start, length - (start - root));
}

static void
add_part (GString    *label,
          const char *part)
{
  g_autofree char *trimmed = part != NULL ? rb_text_trim (part) : NULL;

  if (trimmed == NULL || *trimmed == '\0')
    return;
  if (label->len > 0)
    g_string_append (label, " \302\267 ");
  g_string_append (label, trimmed);
}

char *
rb_workspace_dup_label (const RbWorkspace *workspace,
                        const char        *kind,
                        const char        *tracking_ref,
                        gint64             pid)
{
  g_autofree char *directory = workspace != NULL ? last_component (workspace->root) : NULL;
  g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, pid);
  gsize n_digits = strlen (digits);
  GString *label = g_string_new (NULL);

  add_part (label, kind);
  add_part (label, directory);
  add_part (label, tracking_ref);
  if (label->len == 0)
    g_string_append_printf (label, "%s-%s", kind != NULL ? kind : "", digits + (n_digits > 4 ? n_digits - 4 : 0));

  return g_string_free (label, FALSE);
}
