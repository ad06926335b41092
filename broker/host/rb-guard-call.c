/* rb-guard-call.c: one asynchronous call into a module, answered exactly once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-guard-private.h"

struct _RbGuardCall {
  gsize              id;            /* what the module's callback is given */
  RbGuard           *guard;
  const char        *name;          /* static */
  RbError            unanswered;
  GTask             *task;          /* NULL once it was returned */
  GCancellable      *cancellable;   /* the module's */
  GSource           *watch;         /* (nullable) on the caller's cancellable */
  guint64            timer;
  gint64             limit_ms;      /* after which it ends */
  RbGuardFailedFunc  failed;        /* (nullable) */
  GList              link;          /* in the guard's queue */
};

/* Calls that wait for an answer, of all guards: id to RbGuardCall, not owned. Main thread only. A call leaves it in take() and
 * nowhere else, and whoever took it returns its task. */
static GHashTable *pending;

static RbGuardCall *
take (gsize id)
{
  RbGuardCall *self = pending != NULL ? g_hash_table_lookup (pending, GSIZE_TO_POINTER (id)) : NULL;

  if (self == NULL)
    return NULL;

  g_hash_table_remove (pending, GSIZE_TO_POINTER (id));
  g_queue_unlink (rb_guard_get_calls (self->guard), &self->link);
  rb_clock_clear (rb_guard_get_clock (self->guard), &self->timer);
  if (self->watch != NULL)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->watch, g_source_unref);
  return self;
}

void
rb_guard_call_free (RbGuardCall *self)
{
  if (self == NULL)
    return;

  if (self->task != NULL)
    {
      g_task_return_error (self->task, rb_error_new (RB_ERROR_INTERNAL, NULL, "'%s' was not answered", self->name));
      g_object_unref (self->task);
    }
  g_object_unref (self->cancellable);
  g_object_unref (self->guard);
  g_free (self);
}

/* Ends a call that the module has not answered. Cancelling may make it answer at once, which then finds nothing. */
static void
abandon (RbGuardCall *self,
         GError      *error)
{
  g_autoptr(RbGuardCall) call = self;
  g_autoptr(GTask) task = g_steal_pointer (&call->task);

  g_cancellable_cancel (call->cancellable);
  if (call->failed != NULL)
    call->failed (call->guard, error);
  g_task_return_error (task, error);
}

static void
on_deadline (gpointer user_data)
{
  RbGuardCall *self = take (GPOINTER_TO_SIZE (user_data));
  const char *module;

  if (self == NULL)
    return;

  module = rb_guard_get_info (self->guard)->name;
  rb_guard_count_timeout (self->guard);
  rb_log_warning ("module_call_timed_out", "module", module, "call", self->name, NULL);
  abandon (self, rb_error_new (self->unanswered, NULL, "Module '%s' did not answer '%s' within %" G_GINT64_FORMAT " ms", module,
                               self->name, self->limit_ms));
}

/* Runs from the main loop rather than inside g_cancellable_cancel(), where taking the call apart would deadlock. */
static gboolean
on_cancelled (GCancellable *caller,
              gpointer      user_data)
{
  GCancellable *cancellable = user_data;

  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
watch_caller (RbGuardCall *self)
{
  GCancellable *caller = g_task_get_cancellable (self->task);

  if (caller == NULL)
    return;

  self->watch = g_cancellable_source_new (caller);
  g_source_set_callback (self->watch, G_SOURCE_FUNC (on_cancelled), g_object_ref (self->cancellable), g_object_unref);
  g_source_attach (self->watch, g_task_get_context (self->task));
}

void
rb_guard_call_limit (RbGuardCall *self,
                     gint64       limit_ms)
{
  RbClock *clock = rb_guard_get_clock (self->guard);

  rb_clock_clear (clock, &self->timer);
  self->limit_ms = limit_ms;
  self->timer = rb_clock_add (clock, limit_ms, on_deadline, GSIZE_TO_POINTER (self->id));
}

RbGuardCall *
rb_guard_call_begin (RbGuard            *guard,
                     const char         *name,
                     RbError             unanswered,
                     GTask              *task,
                     RbGuardFailedFunc   failed,
                     GCancellable      **cancellable)
{
  static gsize last_id;
  RbGuardCall *self = g_new0 (RbGuardCall, 1);

  self->id = ++last_id;
  self->guard = g_object_ref (guard);
  self->name = name;
  self->unanswered = unanswered;
  self->task = task;
  self->cancellable = g_cancellable_new ();
  self->failed = failed;
  self->link.data = self;
  /* What became of the call is worth more than that its caller gave up. */
  g_task_set_check_cancellable (task, FALSE);
  watch_caller (self);
  rb_guard_call_limit (self, rb_guard_get_timeout_ms (guard));

  if (pending == NULL)
    pending = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (pending, GSIZE_TO_POINTER (self->id), self);
  g_queue_push_tail_link (rb_guard_get_calls (guard), &self->link);
  rb_guard_count_call (guard);

  *cancellable = g_object_ref (self->cancellable);
  return self;
}

void
rb_guard_call_lift_deadline (RbGuardCall *self)
{
  rb_clock_clear (rb_guard_get_clock (self->guard), &self->timer);
}

RbGuardCall *
rb_guard_call_new (RbGuard       *self,
                   const char    *name,
                   RbError        unanswered,
                   GTask         *task,
                   GCancellable **cancellable)
{
  g_autoptr(GTask) owned = task;
  g_autoptr(GError) error = NULL;

  if (g_task_return_error_if_cancelled (owned))
    return NULL;
  if (!rb_guard_check_running (self, &error))
    {
      g_task_return_error (owned, g_steal_pointer (&error));
      return NULL;
    }
  return rb_guard_call_begin (self, name, unanswered, g_steal_pointer (&owned), NULL, cancellable);
}

gpointer
rb_guard_call_get_id (RbGuardCall *self)
{
  return GSIZE_TO_POINTER (self->id);
}

RbGuardCall *
rb_guard_call_take (gpointer  id,
                    GObject  *source)
{
  RbGuardCall *self = take (GPOINTER_TO_SIZE (id));

  if (self == NULL)
    rb_log_info ("module_answer_ignored", "type", source != NULL ? G_OBJECT_TYPE_NAME (source) : "", "hint",
                 "it came after the deadline or a second time", NULL);
  return self;
}

RbGuard *
rb_guard_call_get_guard (RbGuardCall *self)
{
  return self->guard;
}

GTask *
rb_guard_call_steal_task (RbGuardCall *self)
{
  return g_steal_pointer (&self->task);
}

gboolean
rb_guard_call_check (RbGuardCall *self,
                     gboolean     ok,
                     GError      *error)
{
  g_autoptr(GTask) task = NULL;

  if (rb_guard_check_outcome (self->guard, self->name, ok, &error))
    return TRUE;

  task = g_steal_pointer (&self->task);
  if (self->failed != NULL)
    self->failed (self->guard, error);
  g_task_return_error (task, error);
  return FALSE;
}

void
rb_guard_call_abandon_all (RbGuard *guard)
{
  GQueue *calls = rb_guard_get_calls (guard);
  const char *module = rb_guard_get_info (guard)->name;

  while (calls->head != NULL)
    {
      RbGuardCall *self = calls->head->data;
      RbError code = self->unanswered == RB_ERROR_TIMED_OUT ? RB_ERROR_UNAVAILABLE : self->unanswered;

      take (self->id);
      abandon (self, rb_error_new (code, NULL, "Module '%s' was stopped before it answered '%s'", module, self->name));
    }
}
