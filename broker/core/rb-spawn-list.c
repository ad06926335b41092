/* rb-spawn-list.c: the runtimes that were asked for: who waits for a person, who starts, who runs, and how the last ones ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn-list.h"

#include <stdlib.h>
#include <string.h>

struct _RbSpawns {
  GQueue list;      /* of RbSpawn, oldest first */
};

static const char *const states[] = {
  [RB_SPAWN_ASKED] = "asked",           [RB_SPAWN_STARTING] = "starting", [RB_SPAWN_WAITING] = "waiting",
  [RB_SPAWN_REGISTERED] = "registered", [RB_SPAWN_FAILED] = "failed",     [RB_SPAWN_DENIED] = "denied",
  [RB_SPAWN_GIVEN_UP] = "given_up",
};

const char *
rb_spawn_state_to_string (RbSpawnState state)
{
  return states[state];
}

static void
spawn_free (RbSpawn *spawn)
{
  g_free (spawn->token);
  g_free (spawn->kind);
  g_free (spawn->prompt);
  g_free (spawn->endpoint_id);
  g_free (spawn->detail);
  g_free (spawn->rule);
  g_free (spawn->output);
  g_clear_pointer (&spawn->runtime, rb_runtime_free);
  g_clear_pointer (&spawn->enders, g_ptr_array_unref);
  g_free (spawn);
}

gboolean
rb_spawn_is_running (const RbSpawn *spawn)
{
  return spawn->runtime != NULL && spawn->ended_at == 0;
}

gboolean
rb_spawn_is_live (const RbSpawn *spawn)
{
  return spawn->state == RB_SPAWN_STARTING || spawn->state == RB_SPAWN_WAITING;
}

static gboolean
is_over (const RbSpawn *spawn)
{
  return !rb_spawn_is_running (spawn) && !rb_spawn_is_live (spawn) && spawn->state != RB_SPAWN_ASKED;
}

void
rb_spawn_set_state (RbSpawn      *spawn,
                    RbSpawnState  state)
{
  rb_clock_clear (spawn->core->clock, &spawn->timer);
  spawn->state = state;
  spawn->since = rb_core_now (spawn->core);
  spawn->deadline = 0;
}

static GVariant *
make_time (gint64 at)
{
  return g_variant_new_maybe (G_VARIANT_TYPE_INT64, at != 0 ? g_variant_new_int64 (at) : NULL);
}

static GVariant *
make_text (const char *text)
{
  return g_variant_new_maybe (G_VARIANT_TYPE_STRING, text != NULL ? g_variant_new_string (text) : NULL);
}

void
rb_spawn_record (const RbSpawn *spawn,
                 RbChanges     *changes)
{
  const RbRuntime none = { .pid = 0 };
  const RbRuntime *runtime = spawn->runtime != NULL ? spawn->runtime : &none;
  RbSpawnState state = spawn->state == RB_SPAWN_GIVEN_UP ? RB_SPAWN_WAITING : spawn->state;

  rb_changes_put (changes, RB_TABLE_SPAWNS,
                  g_variant_new ("(ssss@msxx@mx@mx@mx@mx@mx@ms@ms@ms@ms@ms@ms)", spawn->token, spawn->kind,
                                 spawn->is_remote ? "network" : "person", states[state], make_text (spawn->prompt), spawn->asked_at,
                                 spawn->since, make_time (spawn->deadline), make_time (spawn->started_at), make_time (spawn->ended_at),
                                 make_time (runtime->pid), make_time (spawn->pid_start), make_text (runtime->unit),
                                 make_text (runtime->log_file), make_text (runtime->directory), make_text (spawn->endpoint_id),
                                 make_text (spawn->detail), make_text (spawn->rule)));
}

char *
rb_spawn_describe_end (int wait_status)
{
  if (wait_status == RB_SPAWN_STATUS_UNKNOWN)
    return g_strdup ("a status that nobody knows");
  if (WIFEXITED (wait_status))
    return g_strdup_printf ("exit status %d", WEXITSTATUS (wait_status));
  if (WIFSIGNALED (wait_status))
    return g_strdup_printf ("signal %d", WTERMSIG (wait_status));
  return g_strdup_printf ("wait status %d", wait_status);
}

static gint64
get_time (GVariant *row,
          gsize     i)
{
  gint64 at = 0;
  gboolean is_set = FALSE;

  g_variant_get_child (row, i, "mx", &is_set, &at);
  return is_set ? at : 0;
}

static char *
dup_text (GVariant *row,
          gsize     i)
{
  char *text = NULL;

  g_variant_get_child (row, i, "ms", &text);
  return text;
}

static RbRuntime *
read_runtime (GVariant *row)
{
  RbRuntime *runtime = g_new0 (RbRuntime, 1);

  runtime->pid = get_time (row, 10);
  runtime->unit = dup_text (row, 12);
  runtime->log_file = dup_text (row, 13);
  runtime->directory = dup_text (row, 14);
  return runtime;
}

static RbSpawn *
from_row (GVariant *row)
{
  RbSpawn *spawn = g_new0 (RbSpawn, 1);
  const char *origin, *state;

  g_variant_get_child (row, 0, "s", &spawn->token);
  g_variant_get_child (row, 1, "s", &spawn->kind);
  g_variant_get_child (row, 2, "&s", &origin);
  g_variant_get_child (row, 3, "&s", &state);
  g_variant_get_child (row, 5, "x", &spawn->asked_at);
  g_variant_get_child (row, 6, "x", &spawn->since);
  spawn->is_remote = strcmp (origin, "network") == 0;
  spawn->state = RB_SPAWN_FAILED;
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (states[i], state) == 0)
      spawn->state = i;
  spawn->prompt = dup_text (row, 4);
  spawn->deadline = get_time (row, 7);
  spawn->started_at = get_time (row, 8);
  spawn->ended_at = get_time (row, 9);
  spawn->pid_start = get_time (row, 11);
  spawn->runtime = spawn->started_at != 0 ? read_runtime (row) : NULL;
  spawn->endpoint_id = dup_text (row, 15);
  spawn->detail = dup_text (row, 16);
  spawn->rule = dup_text (row, 17);
  return spawn;
}

RbSpawns *
rb_spawns_new (void)
{
  RbSpawns *self = g_new0 (RbSpawns, 1);

  g_queue_init (&self->list);
  return self;
}

void
rb_spawns_free (RbSpawns *self)
{
  g_queue_clear_full (&self->list, (GDestroyNotify) spawn_free);
  g_free (self);
}

static guint
count (const RbSpawns *self,
       gboolean      (*is_one) (const RbSpawn *spawn))
{
  guint n = 0;

  for (GList *l = self->list.head; l != NULL; l = l->next)
    n += is_one (l->data) ? 1 : 0;
  return n;
}

static gboolean
is_asked (const RbSpawn *spawn)
{
  return spawn->state == RB_SPAWN_ASKED;
}

guint
rb_spawns_get_n_live (const RbSpawns *self)
{
  return count (self, rb_spawn_is_live);
}

guint
rb_spawns_get_n_asked (const RbSpawns *self)
{
  return count (self, is_asked);
}

guint
rb_spawns_get_n_running (const RbSpawns *self)
{
  return count (self, rb_spawn_is_running);
}

RbSpawn *
rb_spawns_lookup (RbCore     *core,
                  const char *token)
{
  for (GList *l = core->spawns->list.tail; l != NULL; l = l->prev)
    if (strcmp (((RbSpawn *) l->data)->token, token) == 0)
      return l->data;

  return NULL;
}

GList *
rb_spawns_get_all (const RbSpawns *self)
{
  return self->list.head;
}

static void
drop (RbCore    *core,
      RbSpawn   *spawn,
      RbChanges *changes)
{
  rb_clock_clear (core->clock, &spawn->timer);
  rb_clock_clear (core->clock, &spawn->end_timer);
  rb_changes_delete (changes, RB_TABLE_SPAWNS, g_variant_new ("(s)", spawn->token));
  g_queue_remove (&core->spawns->list, spawn);
  spawn_free (spawn);
}

static void
forget_oldest (RbCore    *core,
               RbChanges *changes)
{
  GList *l = core->spawns->list.head;

  while (!is_over (l->data))
    l = l->next;
  drop (core, l->data, changes);
}

RbSpawn *
rb_spawns_add (RbCore     *core,
               const char *token,
               const char *kind,
               gboolean    is_remote,
               RbChanges  *changes)
{
  RbSpawn *same = rb_spawns_lookup (core, token);
  RbSpawn *spawn = g_new0 (RbSpawn, 1);

  if (same != NULL)
    drop (core, same, changes);
  while (count (core->spawns, is_over) >= RB_SPAWNS_MAX)
    forget_oldest (core, changes);

  spawn->token = g_strdup (token);
  spawn->kind = g_strdup (kind);
  spawn->is_remote = is_remote;
  spawn->state = RB_SPAWN_STARTING;
  spawn->asked_at = spawn->since = rb_core_now (core);
  spawn->core = core;
  g_queue_push_tail (&core->spawns->list, spawn);
  return spawn;
}

static int
compare (gconstpointer a,
         gconstpointer b,
         gpointer      user_data)
{
  const RbSpawn *first = a, *second = b;

  return first->asked_at < second->asked_at ? -1 : first->asked_at > second->asked_at;
}

void
rb_spawns_load (RbCore   *core,
                GVariant *row)
{
  RbSpawn *spawn = from_row (row);

  spawn->core = core;
  g_queue_insert_sorted (&core->spawns->list, spawn, compare, NULL);
  /* "received" was promised together with what this row says. */
  spawn->is_acknowledged = spawn->state == RB_SPAWN_WAITING;
}
