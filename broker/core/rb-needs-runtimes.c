/* rb-needs-runtimes.c: runtimes that do not start, however often it is tried
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-seen.h"
#include "rb-spawn-list.h"

/* Once may be a full machine, twice bad luck. */
#define FAILURES 3

/* The last starts of one kind. */
typedef struct {
  const char *kind;
  const char *detail;      /* of the newest that failed */
  gint64      since;       /* of the oldest of them in a row */
  guint       n;
  gboolean    is_over;     /* before these one went well, or a person has seen it */
} Streak;

static Streak *
ensure_streak (GArray     *streaks,
               const char *kind)
{
  Streak streak = { .kind = kind };

  for (guint i = 0; i < streaks->len; i++)
    if (g_str_equal (g_array_index (streaks, Streak, i).kind, kind))
      return &g_array_index (streaks, Streak, i);
  g_array_append_val (streaks, streak);
  return &g_array_index (streaks, Streak, streaks->len - 1);
}

static void
take_spawn (RbCore        *core,
            GArray        *streaks,
            const RbSpawn *spawn)
{
  Streak *streak = ensure_streak (streaks, spawn->kind);

  if (streak->is_over)
    return;
  if (spawn->state == RB_SPAWN_REGISTERED || spawn->since <= rb_seen_get (core->seen, RB_NEED_RUNTIME, spawn->kind))
    streak->is_over = TRUE;
  else if (spawn->state == RB_SPAWN_FAILED)
    {
      streak->detail = streak->n == 0 ? spawn->detail : streak->detail;
      streak->since = spawn->since;
      streak->n++;
    }
}

/* Of Streak, those that need somebody. Borrows from the spawns. */
static GArray *
find_streaks (RbCore *core)
{
  GArray *streaks = g_array_new (FALSE, FALSE, sizeof (Streak));

  for (const GList *l = g_list_last (rb_spawns_get_all (core->spawns)); l != NULL; l = l->prev)
    take_spawn (core, streaks, l->data);
  for (guint i = streaks->len; i-- > 0;)
    if (g_array_index (streaks, Streak, i).n < FAILURES)
      g_array_remove_index (streaks, i);
  return streaks;
}

static guint
count_runtimes (RbCore *core)
{
  g_autoptr(GArray) streaks = find_streaks (core);

  return streaks->len;
}

static void
add_streak (RbNeedList   *list,
            const Streak *streak)
{
  g_autofree char *what = g_strdup_printf ("%s: %u starts in a row failed; the last: %s", streak->kind, streak->n,
                                           streak->detail != NULL ? streak->detail : "for no known reason");
  RbNeed need = {
    .kind = RB_NEED_RUNTIME,
    .subject = streak->kind,
    .since = streak->since,
    .what = what,
    .command = "brokerctl runtimes --all",
  };

  if (!rb_need_begin (list, &need))
    return;
  rb_need_choice (list, RB_NEED_DO_DISMISS, NULL, NULL);
  rb_need_end (list);
}

static void
add_runtimes (RbCore     *core,
              RbNeedList *list)
{
  g_autoptr(GArray) streaks = find_streaks (core);

  for (guint i = 0; i < streaks->len; i++)
    add_streak (list, &g_array_index (streaks, Streak, i));
}

const RbNeedSource rb_needs_of_runtimes = { count_runtimes, add_runtimes };
