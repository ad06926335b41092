/* rb-past.c: a message or an endpoint is over and goes to the archive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-past.h"

#include "rb-admission.h"
#include "rb-settling.h"

/* A few with each that comes, which keeps up; more at a time, with pauses, when age alone decides. No transaction gets long. */
#define PRUNED_WITH_ONE 16
#define PRUNED_AT_ONCE 64
#define PAUSE_MS 50

static void on_due (gpointer user_data);

static gboolean
is_alive (const char *id,
          gpointer    user_data)
{
  RbCore *core = user_data;

  return rb_ledger_lookup (core->ledger, id) != NULL;
}

static void
arm (RbCore *core,
     gint64  delay_ms)
{
  if (core->archive_timer == 0 && core->is_running && !core->is_stopping)
    core->archive_timer = rb_clock_add (core->clock, delay_ms, on_due, core);
}

void
rb_past_start (RbCore *core)
{
  gint64 due_at = rb_archive_get_due_at (core->archive);

  if (rb_archive_is_due (core->archive, rb_core_now (core)))
    arm (core, PAUSE_MS);
  else if (due_at != 0)
    arm (core, MAX (due_at - rb_core_now (core), PAUSE_MS));
}

void
rb_past_cancel_timer (RbCore *core)
{
  rb_clock_clear (core->clock, &core->archive_timer);
}

static void
on_pruned (RbCore       *core,
           const GError *error,
           gpointer      user_data)
{
  if (error == NULL)
    rb_past_start (core);
}

static void
on_due (gpointer user_data)
{
  RbCore *core = user_data;
  RbChanges *changes = rb_changes_new ();

  core->archive_timer = 0;
  rb_archive_prune (core->archive, rb_core_now (core), PRUNED_AT_ONCE, is_alive, core, changes);
  rb_core_commit_lazy (core, changes, on_pruned, NULL);
}

static void
add (RbCore       *core,
     const RbPast *past,
     RbChanges    *changes)
{
  rb_archive_add (core->archive, past, changes);
  rb_archive_prune (core->archive, rb_core_now (core), PRUNED_WITH_ONE, is_alive, core, changes);
  rb_past_start (core);
}

void
rb_past_message (RbCore     *core,
                 RbMessage  *message,
                 const char *how,
                 RbChanges  *changes)
{
  gint64 now = rb_core_now (core);
  RbPast past = {
    .kind = RB_ARCHIVE_IN,
    .id = message->id,
    .name = rb_envelope_get_from (message->envelope),
    .endpoint_id = message->endpoint_id,
    .correlation_id = message->correlation_id,
    .source_id = message->source_id,
    .detail = rb_envelope_get_content_type (message->envelope),
    .begun_at = message->arrived_at,
    .ended_at = now,
    .outcome = how,
    .content = rb_envelope_get_content (message->envelope),
  };

  add (core, &past, changes);
  rb_settling_forget_message (core, message->id, changes);
  rb_ledger_end (core->ledger, message, how, now, changes);
}

void
rb_past_sent (RbCore           *core,
              const RbPastSent *sent,
              RbChanges        *changes)
{
  gint64 now = rb_core_now (core);
  RbPast past = {
    .kind = RB_ARCHIVE_OUT,
    .id = sent->message_id,
    .name = sent->to,
    .endpoint_id = sent->endpoint_id,
    .correlation_id = sent->correlation_id,
    .detail = sent->content_type,
    .begun_at = now,
    .ended_at = now,
    .outcome = sent->status,
    .content = sent->content,
  };

  rb_changes_put (changes, RB_TABLE_CHECKPOINTS,
                  g_variant_new ("(sxsxmsmsms)", sent->message_id, (gint64) 0, "sent", now, sent->endpoint_id, sent->to, NULL));
  add (core, &past, changes);
  rb_admission_sent (core, sent->to, sent->endpoint_id, sent->correlation_id, changes);
}

void
rb_past_endpoint (RbCore           *core,
                  const RbEndpoint *endpoint,
                  const char       *why,
                  RbChanges        *changes)
{
  RbPast past = {
    .kind = RB_ARCHIVE_ENDPOINT,
    .id = endpoint->id,
    .name = endpoint->traits->label != NULL ? endpoint->traits->label : "",
    .endpoint_id = endpoint->id,
    .source_id = endpoint->traits->session_name,
    .detail = endpoint->traits->kind,
    .begun_at = endpoint->registered_at,
    .ended_at = rb_core_now (core),
    .outcome = why,
  };

  rb_settling_leave (core, endpoint->id, changes);
  add (core, &past, changes);
}
