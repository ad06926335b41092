/* rb-pick.c: which endpoint or message of this broker a person means
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-pick.h"

#include "rb-error.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static char *
pick (RbCtl       *ctl,
      const char  *view_name,
      const char  *id_member,
      const char  *name_member,
      const char  *kind,
      const char  *text,
      GError     **error)
{
  g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_candidate_free);
  g_autoptr(RbJson) view = rb_ctl_view (ctl, view_name, error);
  const RbCandidate *picked;

  if (view == NULL)
    return NULL;
  rb_view_add_candidates (view, id_member, name_member, candidates);
  picked = rb_prefix_pick (candidates, kind, text, error);
  return picked != NULL ? g_strdup (picked->id) : NULL;
}

/* What the last step of its story says: which rule, which limit. NULL: nothing. */
static char *
dup_why_held (RbCtl      *ctl,
              const char *id)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *view = g_strconcat ("explain/", escaped, NULL);
  g_autoptr(RbJson) story = rb_ctl_view (ctl, view, NULL);
  gboolean has_steps = story != NULL && rb_json_get_root_type (story) == RB_JSON_OBJECT
                       && rb_json_get_member_type (story, "ladder") == RB_JSON_ARRAY;
  g_autoptr(RbJson) steps = has_steps ? rb_json_open (story, "ladder", NULL) : NULL;
  guint n = steps != NULL ? rb_json_get_length (steps) : 0;
  g_autoptr(RbJson) last = n > 0 && rb_json_get_item_type (steps, n - 1) == RB_JSON_OBJECT ? rb_json_open_item (steps, n - 1, NULL) : NULL;

  return last != NULL ? rb_view_dup_text (last, "detail") : NULL;
}

/* Whoever wants to give it to somebody has to let it in first. FALSE: no held message is meant. */
static gboolean
set_held (RbCtl       *ctl,
          const char  *text,
          GError     **error)
{
  g_autofree char *id = rb_pick_held (ctl, text, NULL);
  g_autofree char *why = id != NULL ? dup_why_held (ctl, id) : NULL;

  if (id == NULL)
    return FALSE;
  if (why != NULL)
    /* TRANSLATORS: the id of a message; why, in English; the id again */
    rb_set_error (error, RB_ERROR_BAD_STATE, "message_held", _ ("message %s is held, by %s; 'brokerctl accept %s' lets it in"), id, why, id);
  else
    /* TRANSLATORS: the id of a message, twice */
    rb_set_error (error, RB_ERROR_BAD_STATE, "message_held", _ ("message %s is held; 'brokerctl accept %s' lets it in"), id, id);
  return TRUE;
}

char *
rb_pick_waiting (RbCtl       *ctl,
                 const char  *text,
                 GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  char *id = pick (ctl, "inbox", "id", NULL, "waiting message", text, &local_error);

  if (id != NULL)
    return id;
  if (g_strcmp0 (rb_error_get_reason (local_error), "no_match") != 0 || !set_held (ctl, text, error))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

char *
rb_pick_held (RbCtl       *ctl,
              const char  *text,
              GError     **error)
{
  return pick (ctl, "held", "id", NULL, "held message", text, error);
}

char *
rb_pick_endpoint (RbCtl       *ctl,
                  const char  *text,
                  GError     **error)
{
  return pick (ctl, "endpoints", "endpoint_id", "session_name", "endpoint", text, error);
}

/* Of one that is in no list any more the broker says what became of it. */
static char *
pick_or_keep (RbCtl       *ctl,
              const char  *view_name,
              const char  *kind,
              const char  *text,
              GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  char *id = pick (ctl, view_name, "id", NULL, kind, text, &local_error);

  if (id != NULL)
    return id;
  if (g_error_matches (local_error, RB_ERROR, RB_ERROR_NOT_FOUND))
    return g_strdup (text);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

char *
rb_pick_spawn (RbCtl       *ctl,
               const char  *text,
               GError     **error)
{
  return pick_or_keep (ctl, "spawns", "spawn", text, error);
}

char *
rb_pick_runtime (RbCtl       *ctl,
                 const char  *text,
                 gboolean     ended,
                 GError     **error)
{
  return ended ? pick (ctl, "runtimes?all=yes", "id", NULL, "runtime", text, error) : pick_or_keep (ctl, "runtimes", "runtime", text, error);
}
