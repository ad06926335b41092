/* rb-needs-troubles.c: modules that do not run, a disk that gets full
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

static guint
count_troubles (RbCore *core)
{
  return core->is_stopping ? 0 : rb_troubles_get_n (core->troubles);
}

static void
add_trouble (RbNeedList      *list,
             const RbTrouble *trouble)
{
  RbNeed need = {
    .kind = trouble->kind,
    .subject = trouble->subject,
    .since = trouble->since,
    .what = trouble->what,
    .command = trouble->command,
  };

  if (rb_need_begin (list, &need))
    rb_need_end (list);
}

/* A stop ends modules too, and nobody has to mend that. */
static void
add_troubles (RbCore     *core,
              RbNeedList *list)
{
  const GList *all = core->is_stopping ? NULL : rb_troubles_get_all (core->troubles);

  for (const GList *l = all; l != NULL; l = l->next)
    add_trouble (list, l->data);
}

const RbNeedSource rb_needs_of_troubles = { count_troubles, add_troubles };

void
rb_needs_begin_trouble (RbCore     *core,
                        const char *kind,
                        const char *subject,
                        const char *what,
                        const char *command)
{
  if (rb_troubles_begin (core->troubles, kind, subject, what, command, rb_core_now (core)))
    rb_core_changed (core, RB_NEEDS_TOPIC);
}

void
rb_needs_end_trouble (RbCore     *core,
                      const char *kind,
                      const char *subject)
{
  if (rb_troubles_end (core->troubles, kind, subject))
    rb_core_changed (core, RB_NEEDS_TOPIC);
}
