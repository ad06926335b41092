/* rb-pick.c: which endpoint or message of this broker a person means
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-pick.h"

#include "rb-error.h"
#include "rb-view.h"

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

char *
rb_pick_waiting (RbCtl       *ctl,
                 const char  *text,
                 GError     **error)
{
  return pick (ctl, "inbox", "id", NULL, "waiting message", text, error);
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
