/* rb-needs-spawn.c: runtimes that the network wants to start here
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-spawn-list.h"
#include "rb-text.h"

#define PREVIEW_CODE_POINTS 80

static guint
count_spawns (RbCore *core)
{
  return rb_spawns_get_n_asked (core->spawns);
}

static void
add_spawn (RbNeedList    *list,
           const RbSpawn *spawn)
{
  g_autofree char *prompt = rb_text_truncate (spawn->prompt != NULL ? spawn->prompt : "", PREVIEW_CODE_POINTS, NULL);
  g_autofree char *what = g_strjoin (*prompt != '\0' ? ": " : "", spawn->kind, prompt, NULL);
  RbNeed need = { .kind = RB_NEED_SPAWN, .subject = spawn->token, .since = spawn->asked_at, .what = what };

  if (!rb_need_begin (list, &need))
    return;
  rb_need_choice (list, RB_NEED_DO_APPROVE, NULL, NULL);
  rb_need_choice (list, RB_NEED_DO_DENY, NULL, NULL);
  rb_need_end (list);
}

static void
add_spawns (RbCore     *core,
            RbNeedList *list)
{
  for (const GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    {
      const RbSpawn *spawn = l->data;

      if (spawn->state == RB_SPAWN_ASKED)
        add_spawn (list, spawn);
    }
}

const RbNeedSource rb_needs_of_spawns = { count_spawns, add_spawns };
