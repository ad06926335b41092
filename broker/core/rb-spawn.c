/* rb-spawn.c: the upstream has a runtime started here
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn.h"

#include "rb-control.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-spawn-limit.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES 8192

/* Asked -> checked -> the program runs, "received" -> an endpoint registers with the token, "applied"; or the program ends first, or nobody
 * registers in time, "failed". What comes second is told only after "received" was, however fast the program is. */
typedef enum {
  STARTING,
  WAITING,        /* the program runs; its endpoint is expected */
  REGISTERED,
  FAILED,
  GIVEN_UP,       /* we stop: nobody is told */
} State;

typedef struct {
  char     *token;
  char     *kind;
  State     state;
  GPid      pid;
  gint64    asked_at, since;      /* epoch-ms */
  char     *endpoint_id;
  char     *detail;               /* why it failed */
  gboolean  is_acknowledged;      /* "received" was posted */
  gboolean  is_owed;              /* "applied" or "failed" is to follow it */

  gboolean  has_exited;
  int       wait_status;
  char     *output;

  guint64   timer;                /* cleared before it goes */
  RbCore   *core;                 /* for the timer; borrowed */
} Spawn;

struct _RbSpawns {
  RbSpawnLimit  limit;
  GQueue        list;      /* of Spawn, oldest first */
};

static const char *const states[] = {
  [STARTING] = "starting",
  [WAITING] = "waiting",
  [REGISTERED] = "registered",
  [FAILED] = "failed",
  [GIVEN_UP] = "given_up",
};

static void
spawn_free (Spawn *spawn)
{
  g_free (spawn->token);
  g_free (spawn->kind);
  g_free (spawn->endpoint_id);
  g_free (spawn->detail);
  g_free (spawn->output);
  g_free (spawn);
}

static Spawn *
lookup (RbCore     *core,
        const char *token)
{
  for (GList *l = core->spawns->list.tail; l != NULL; l = l->prev)
    if (strcmp (((Spawn *) l->data)->token, token) == 0)
      return l->data;

  return NULL;
}

static gboolean
is_live (const Spawn *spawn)
{
  return spawn->state == STARTING || spawn->state == WAITING;
}

static void
drop (RbCore *core,
      Spawn  *spawn)
{
  rb_clock_clear (core->clock, &spawn->timer);
  g_queue_remove (&core->spawns->list, spawn);
  spawn_free (spawn);
}

/* There is one: live ones alone never fill the list. */
static Spawn *
oldest_ended (RbCore *core)
{
  GList *l = core->spawns->list.head;

  while (is_live (l->data))
    l = l->next;
  return l->data;
}

/* A request that failed may come again with the same token. */
static Spawn *
begin (RbCore     *core,
       const char *token,
       const char *kind)
{
  Spawn *same = lookup (core, token);
  Spawn *spawn = g_new0 (Spawn, 1);

  if (same != NULL)
    drop (core, same);
  if (core->spawns->list.length >= RB_SPAWNS_MAX)
    drop (core, oldest_ended (core));

  spawn->token = g_strdup (token);
  spawn->kind = g_strdup (kind);
  spawn->asked_at = spawn->since = rb_core_now (core);
  spawn->core = core;
  g_queue_push_tail (&core->spawns->list, spawn);
  rb_bounds_note (core->bounds, RB_CORE_BOUND_SPAWNS, rb_spawns_get_n_live (core->spawns));
  rb_bounds_note (core->bounds, RB_CORE_BOUND_SPAWN_RATE, core->spawns->limit.n);
  return spawn;
}

static void
set_state (Spawn *spawn,
           State  state)
{
  rb_clock_clear (spawn->core->clock, &spawn->timer);
  spawn->state = state;
  spawn->since = rb_core_now (spawn->core);
}

static void
tell (RbCore *core,
      Spawn  *spawn)
{
  if (!spawn->is_acknowledged || !spawn->is_owed)
    return;

  spawn->is_owed = FALSE;
  rb_control_ack (core, spawn->token, spawn->state == REGISTERED ? "applied" : "failed", spawn->detail, TRUE);
}

static void
fail (RbCore     *core,
      Spawn      *spawn,
      const char *detail)
{
  set_state (spawn, FAILED);
  g_free (spawn->detail);
  spawn->detail = g_strdup (detail);
  spawn->is_owed = TRUE;
  tell (core, spawn);
}

static void
on_timeout (gpointer user_data)
{
  Spawn *spawn = user_data;

  spawn->timer = 0;
  rb_log_warning ("spawn_correlation_timeout", "spawn_token", spawn->token, "runtime_kind", spawn->kind, NULL);
  fail (spawn->core, spawn, "spawn_correlation_timeout");
}

static char *
describe_end (int wait_status)
{
  if (WIFEXITED (wait_status))
    return g_strdup_printf ("exit status %d", WEXITSTATUS (wait_status));
  if (WIFSIGNALED (wait_status))
    return g_strdup_printf ("signal %d", WTERMSIG (wait_status));
  return g_strdup_printf ("wait status %d", wait_status);
}

/* What it wrote stays here: it may hold what is nobody else's business. */
static char *
describe_early_end (const Spawn *spawn)
{
  g_autofree char *end = describe_end (spawn->wait_status);

  return g_strdup_printf ("spawn_failed: the program ended with %s before its endpoint registered", end);
}

static char *
dup_tail (const char *output)
{
  gsize length = strlen (output);
  const char *start = length > OUTPUT_BYTES ? output + length - OUTPUT_BYTES : output;

  while ((*start & 0xc0) == 0x80)
    start++;
  return g_strdup (start);
}

static void
on_exited (RbSpawnDriver *driver,
           const char    *token,
           int            wait_status,
           const char    *output,
           RbCore        *core)
{
  Spawn *spawn = lookup (core, token);
  g_autofree char *detail = NULL;
  g_autofree char *end = describe_end (wait_status);

  if (spawn == NULL || spawn->has_exited)
    return;

  spawn->has_exited = TRUE;
  spawn->wait_status = wait_status;
  spawn->output = dup_tail (output);
  rb_log_info ("spawned_program_ended", "spawn_token", token, "runtime_kind", spawn->kind, "how", end, NULL);
  if (spawn->state != WAITING)
    return;

  detail = describe_early_end (spawn);
  fail (core, spawn, detail);
}

RbSpawnDriver *
rb_spawn_find_driver (RbCore      *core,
                      const char  *kind,
                      GError     **error)
{
  g_autoptr(GError) why = NULL;
  gboolean is_handled = FALSE;

  for (guint i = 0; i < core->spawn_drivers->len; i++)
    {
      RbSpawnDriver *driver = g_ptr_array_index (core->spawn_drivers, i);

      if (!rb_spawn_driver_handles (driver, kind))
        continue;
      if (rb_spawn_driver_is_available (driver, kind, why == NULL ? &why : NULL))
        return driver;
      is_handled = TRUE;
    }

  if (!is_handled)
    rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "runtime_kind_unsupported", "runtime_kind_unsupported: %s", kind);
  else
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "%s",
                  why != NULL && *why->message != '\0' ? why->message : "driver_unavailable");
  return NULL;
}

/* In the order of 15.8. The limit counts what is refused after it, too. */
static RbSpawnDriver *
check (RbCore      *core,
       const char  *kind,
       GError     **error)
{
  if (!rb_core_check_ready (core, error))
    return NULL;

  if (!rb_spawn_limit_take (&core->spawns->limit, rb_clock_get_monotonic_us (core->clock) / 1000))
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_SPAWN_RATE);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_rate_limited", "spawn_rate_limited");
    }
  else if (rb_spawns_get_n_live (core->spawns) >= RB_SPAWNS_MAX)
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_SPAWNS);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "too_many_spawns", "too_many_spawns");
    }
  else if (core->spawn_drivers->len == 0)
    rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "spawn_driver_registry_not_configured", "spawn_driver_registry_not_configured");
  else if (!core->settings.remote_spawn)
    rb_set_error (error, RB_ERROR_FORBIDDEN, "spawn_denied", "spawn_denied: this machine starts no runtimes for others");
  else
    return rb_spawn_find_driver (core, kind, error);
  return NULL;
}

static void
expect (RbCore *core,
        Spawn  *spawn)
{
  set_state (spawn, core->is_stopping ? GIVEN_UP : WAITING);
  if (spawn->state == WAITING)
    spawn->timer = rb_clock_add (core->clock, core->settings.spawn_timeout, on_timeout, spawn);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  Spawn *spawn = lookup (core, g_task_get_task_data (task));
  g_autofree char *pid = NULL;
  g_autoptr(GError) error = NULL;

  spawn->pid = rb_spawn_driver_spawn_finish (RB_SPAWN_DRIVER (source), result, &error);
  if (spawn->pid <= 0 || (spawn->has_exited && spawn->state == STARTING))
    {
      set_state (spawn, FAILED);
      spawn->detail = spawn->pid > 0 ? describe_early_end (spawn) : g_strdup_printf ("spawn_failed: %s", error->message);
      g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, "spawn_failed", "%s", spawn->detail));
      return;
    }

  if (spawn->state == STARTING)
    expect (core, spawn);
  pid = g_strdup_printf ("%d", spawn->pid);
  rb_log_info ("spawn_request_initiated", "spawn_token", spawn->token, "runtime_kind", spawn->kind, "pid", pid, NULL);
  g_task_return_boolean (task, TRUE);
}

void
rb_spawn_async (RbCore              *core,
                const char          *kind,
                const char          *prompt,
                const char          *token,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbSpawnRequest request = { .kind = kind, .prompt = prompt, .token = token };
  GError *error = NULL;
  RbSpawnDriver *driver = check (core, kind, &error);

  g_task_set_source_tag (task, rb_spawn_async);
  if (driver == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  begin (core, token, kind);
  g_task_set_task_data (task, g_strdup (token), g_free);
  rb_spawn_driver_spawn_async (driver, &request, NULL, on_started, g_steal_pointer (&task));
}

gboolean
rb_spawn_finish (RbCore        *core,
                 GAsyncResult  *result,
                 GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_spawn_acknowledged (RbCore     *core,
                       const char *token)
{
  Spawn *spawn = lookup (core, token);

  if (spawn == NULL)
    return;
  spawn->is_acknowledged = TRUE;
  tell (core, spawn);
}

void
rb_spawn_registered (RbCore     *core,
                     const char *token,
                     const char *endpoint_id)
{
  Spawn *spawn = lookup (core, token);

  if (spawn == NULL || !is_live (spawn))
    {
      rb_log_warning ("endpoint_register_unknown_spawn_token", "endpoint_id", endpoint_id, NULL);
      return;
    }

  rb_log_info ("endpoint_spawned_correlation_resolved", "spawn_token", token, "endpoint_id", endpoint_id, NULL);
  set_state (spawn, REGISTERED);
  spawn->endpoint_id = g_strdup (endpoint_id);
  spawn->is_owed = TRUE;
  tell (core, spawn);
}

void
rb_spawn_foreach_token (RbCore           *core,
                        RbSpawnTokenFunc  func,
                        gpointer          user_data)
{
  for (GList *l = core->spawns->list.head; l != NULL; l = l->next)
    func (((const Spawn *) l->data)->token, user_data);
}

static void
put_progress (RbStory     *story,
              const Spawn *spawn)
{
  switch (spawn->state)
    {
    case STARTING:
      rb_story_put_next (story, "the program is being started", 0);
      break;
    case WAITING:
      rb_story_put_next (story, "the program runs; its endpoint has to register in time", spawn->since + story->core->settings.spawn_timeout);
      rb_story_add_clock (story, "registration", spawn->timer, "the spawn counts as failed; the upstream is told");
      break;
    case REGISTERED:
      rb_story_put_ended (story, "registered", "its endpoint has registered", spawn->since);
      break;
    case FAILED:
    case GIVEN_UP:
      rb_story_put_error (story, spawn->detail, NULL, spawn->since, 1);
      rb_story_put_ended (story, states[spawn->state], spawn->detail, spawn->since);
      break;
    }
}

void
rb_spawn_put_story (RbStory    *story,
                    const char *token)
{
  Spawn *spawn = lookup (story->core, token);
  g_autofree char *end = spawn != NULL && spawn->has_exited ? describe_end (spawn->wait_status) : NULL;
  GVariantDict *dict = &story->dict;

  if (spawn == NULL)
    return;

  rb_dict_put_text (dict, "runtime_kind", spawn->kind);
  rb_dict_put_text (dict, "state", states[spawn->state]);
  rb_dict_put_time (dict, "asked_at", spawn->asked_at);
  rb_dict_put_time (dict, "since", spawn->since);
  if (spawn->pid > 0)
    rb_dict_put_count (dict, "pid", (guint64) spawn->pid);
  rb_dict_put_text (dict, "endpoint_id", spawn->endpoint_id);
  rb_dict_put_text (dict, "reason", spawn->detail);
  rb_dict_put_text (dict, "ended_with", end);
  rb_dict_put_text (dict, "output", spawn->output);
  put_progress (story, spawn);
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

guint
rb_spawns_get_n_live (const RbSpawns *self)
{
  guint n = 0;

  for (GList *l = self->list.head; l != NULL; l = l->next)
    n += is_live (l->data) ? 1 : 0;
  return n;
}

guint
rb_spawns_get_n_granted (RbCore *core)
{
  return rb_spawn_limit_get_n (&core->spawns->limit, rb_clock_get_monotonic_us (core->clock) / 1000);
}

void
rb_spawn_watch (RbCore *core)
{
  for (guint i = 0; i < core->spawn_drivers->len; i++)
    g_signal_connect (g_ptr_array_index (core->spawn_drivers, i), "exited", G_CALLBACK (on_exited), core);
}

void
rb_spawn_stop (RbCore *core)
{
  for (GList *l = core->spawns->list.head; l != NULL; l = l->next)
    {
      Spawn *spawn = l->data;

      if (spawn->state == WAITING)
        set_state (spawn, GIVEN_UP);
      rb_clock_clear (core->clock, &spawn->timer);
      spawn->is_owed = FALSE;
    }
}
