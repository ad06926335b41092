/* rb-stop.c: the core comes to rest
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-private.h"
#include "rb-control.h"
#include "rb-deliver.h"
#include "rb-inbound.h"
#include "rb-lifecycle.h"
#include "rb-link.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-outbox.h"
#include "rb-restore.h"
#include "rb-send.h"
#include "rb-spawn.h"

#define SENDS_MS 1000

/* No new work, everybody told, assignments that nobody accepted back in the inbox, everything committed. Endpoints stay as they are: the
 * next start turns active ones into reconnecting ones with a whole grace before them, as after a crash (design.md section 4). Only where
 * another runtime took over they go (13.10). Before a restart assignments that nobody accepted stay too, with their deadlines, and we do
 * not say that we are offline: the next process goes on before anybody could miss us. Of the outbox, posts that are on their way may
 * finish, assignments' states and the last presence are tried once; the rest stays on the disk. Source: protocol.md section 19, steps 4
 * to 8. */

static void
restore_unaccepted (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  guint n_kept = 0;

  for (guint i = 0; i < assignments->len; i++)
    {
      RbAssignment *assignment = g_ptr_array_index (assignments, i);

      if (rb_assignment_state_is_accepted (assignment->state))
        n_kept++;
      else
        rb_restore_one (core, assignment, "broker_shutdown");
    }
  if (n_kept > 0)
    {
      g_autofree char *count = g_strdup_printf ("%u", n_kept);

      rb_log_info ("runtime_assignments_kept_on_shutdown", "count", count, NULL);
    }
}

/* Who waits for the receipt asks the next process; an order of the upstream is not answered and comes again. */
static void
release_dispatchers (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);

  for (guint i = 0; i < assignments->len; i++)
    {
      GError *error = NULL;

      rb_core_check_ready (core, &error);
      rb_restore_fail_dispatchers (g_ptr_array_index (assignments, i), error);
    }
}

static void
stop_work (RbCore     *self,
           const char *reason)
{
  self->is_stopping = TRUE;
  self->is_restarting = g_str_has_prefix (reason, RB_CORE_RESTART);
  rb_inbound_stop (self);
  rb_outbox_stop (self);
  if (!self->is_restarting)
    rb_link_shutdown (self);
  rb_mailroom_stop (self);
  rb_lifecycle_cancel_timers (self);
  rb_deliver_stop (self);
  rb_control_stop (self);
  rb_spawn_stop (self);
  if (self->is_restarting)
    release_dispatchers (self);
  else
    restore_unaccepted (self);
  if (g_str_equal (reason, "superseded_default_stream"))
    rb_lifecycle_abandon_all (self);
}

static void
on_sends_late (gpointer user_data)
{
  RbCore *core = user_data;

  core->stop_timer = 0;
  core->is_stop_late = TRUE;
  rb_sends_give_up (core);
  rb_core_stop_continue (core);
}

/* A program that is being started is not known again unless its start is on the disk. */
static gboolean
is_busy (RbCore *core)
{
  return core->n_reports > 0 || !g_queue_is_empty (&core->sends) || (core->n_starts > 0 && !core->is_stop_late);
}

/* What was sent is answered in milliseconds, or nobody can tell; an adapter that is asked to try again would send another one. */
static void
wait_for_work (RbCore *core,
               GTask  *task)
{
  core->stop = task;
  if (core->stop_timer == 0)
    core->stop_timer = rb_clock_add (core->clock, SENDS_MS, on_sends_late, core);
}

static void
on_everything_durable (RbCore       *core,
                       const GError *error,
                       gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(RbChanges) changes = rb_changes_new ();

  if (error != NULL)
    rb_log_warning ("shutdown_commit_failed", "err", error->message, NULL);
  if (is_busy (core) && core->stop == NULL)
    wait_for_work (core, g_steal_pointer (&task));
  else if (rb_assignments_give_back (core->assignments, changes))
    rb_core_commit (core, g_steal_pointer (&changes), on_everything_durable, g_steal_pointer (&task));
  else
    {
      rb_clock_clear (core->clock, &core->stop_timer);
      g_task_return_boolean (task, TRUE);
    }
}

/* Nobody knows when the store will work again; closing it tries once more. */
static void
give_up (RbCore *core,
         GTask  *task)
{
  rb_log_warning ("shutdown_commit_failed", "err", "nothing can be stored now", NULL);
  rb_sends_give_up (core);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* What the last report ended is committed before we are done. */
void
rb_core_stop_continue (RbCore *self)
{
  if (self->stop != NULL && !is_busy (self))
    rb_core_commit (self, rb_changes_new (), on_everything_durable, g_steal_pointer (&self->stop));
}

void
rb_core_stop_async (RbCore              *self,
                    const char          *reason,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, rb_core_stop_async);
  rb_log_message ("shutdown_begin", "reason", reason, NULL);
  if (!self->is_stopping)
    stop_work (self, reason);
  if (rb_store_get_health (self->store, NULL) == RB_STORE_OK)
    rb_core_commit (self, rb_changes_new (), on_everything_durable, task);
  else
    give_up (self, task);
}

void
rb_core_stop_finish (RbCore       *self,
                     GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
