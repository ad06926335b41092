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
#include "rb-spawn.h"

/* No new work, everybody told, assignments that nobody accepted back in the inbox, everything committed. Endpoints stay as they are: the
 * next start turns active ones into reconnecting ones with a whole grace before them, as after a crash (design.md section 4). Only where
 * another runtime took over they go (13.10). Of the outbox, posts that are on their way may finish, assignments' states and the last
 * presence are tried once; the rest stays on the disk. Source: protocol.md section 19, steps 4 to 8. */

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

static void
on_everything_durable (RbCore       *core,
                       const GError *error,
                       gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(RbChanges) changes = rb_changes_new ();

  if (error != NULL)
    rb_log_warning ("shutdown_commit_failed", "err", error->message, NULL);
  if (core->n_reports > 0 && core->stop == NULL)
    core->stop = g_steal_pointer (&task);
  else if (rb_assignments_give_back (core->assignments, changes))
    rb_core_commit (core, g_steal_pointer (&changes), on_everything_durable, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

/* Nobody knows when the store will work again; closing it tries once more. */
static void
give_up (GTask *task)
{
  rb_log_warning ("shutdown_commit_failed", "err", "nothing can be stored now", NULL);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* What the last report ended is committed before we are done. */
void
rb_core_stop_continue (RbCore *self)
{
  if (self->stop != NULL && self->n_reports == 0)
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
    {
      self->is_stopping = TRUE;
      rb_inbound_stop (self);
      rb_outbox_stop (self);
      rb_link_shutdown (self);
      rb_mailroom_stop (self);
      rb_lifecycle_cancel_timers (self);
      rb_deliver_stop (self);
      rb_control_stop (self);
      rb_spawn_stop (self);
      restore_unaccepted (self);
      if (g_strcmp0 (reason, "superseded_default_stream") == 0)
        rb_lifecycle_abandon_all (self);
    }
  if (rb_store_get_health (self->store, NULL) == RB_STORE_OK)
    rb_core_commit (self, rb_changes_new (), on_everything_durable, task);
  else
    give_up (task);
}

void
rb_core_stop_finish (RbCore       *self,
                     GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
