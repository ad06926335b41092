/* rb-mailroom.c: messages claimed for endpoints in advance
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mailroom.h"

#include "rb-capabilities.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-mailroom-round.h"
#include "rb-pair.h"
#include "rb-staged.h"
#include "rb-upstream-error.h"

typedef enum {
  WAITING,     /* nobody knows yet whether it may run */
  RUNNING,
  SETTLED,     /* it never will, in this process */
} State;

struct _RbMailroom {
  State       state;
  gboolean    is_ticking;
  gboolean    tick_again;    /* something happened during the tick (IMP-37) */
  guint64     tick_timer;
  guint64     retry_timer;   /* IMP-36 */
  GHashTable *claiming;      /* set of RbPair: endpoint, source message */
};

RbMailroom *
rb_mailroom_new (void)
{
  RbMailroom *self = g_new0 (RbMailroom, 1);

  self->claiming = g_hash_table_new_full (rb_pair_hash, rb_pair_equal, (GDestroyNotify) rb_pair_free, NULL);
  return self;
}

void
rb_mailroom_free (RbMailroom *self)
{
  g_hash_table_unref (self->claiming);
  g_free (self);
}

/* Legacy adapters do not poll: what was claimed for them would never be fetched (protocol.md 20.2 row 20). */
static GPtrArray *
dup_takers (RbCore *core)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    {
      RbEndpoint *endpoint = l->data;

      if (endpoint->state == RB_ENDPOINT_ACTIVE && !endpoint->traits->legacy)
        g_ptr_array_add (ids, g_strdup (endpoint->id));
    }
  return ids;
}

static gboolean
has_takers (RbCore *core)
{
  g_autoptr(GPtrArray) ids = dup_takers (core);

  return ids->len > 0;
}

static void start_tick (RbCore *core);

static void
on_tick_done (RbCore   *core,
              gpointer  user_data)
{
  RbMailroom *self = core->mailroom;

  self->is_ticking = FALSE;
  if (!self->tick_again || self->state != RUNNING)
    return;
  self->tick_again = FALSE;
  start_tick (core);
}

static void
start_tick (RbCore *core)
{
  core->mailroom->is_ticking = TRUE;
  rb_mailroom_round_run (core, dup_takers (core), FALSE, on_tick_done, NULL);
}

void
rb_mailroom_trigger (RbCore *core)
{
  RbMailroom *self = core->mailroom;

  if (self->state != RUNNING)
    return;
  if (self->is_ticking)
    self->tick_again = TRUE;
  else
    start_tick (core);
}

static void arm_tick (RbCore *core);

static void
on_tick_due (gpointer user_data)
{
  RbCore *core = user_data;

  core->mailroom->tick_timer = 0;
  arm_tick (core);
  rb_mailroom_trigger (core);
}

/* Idle means idle: while nobody could take anything there is no timer. */
static void
arm_tick (RbCore *core)
{
  RbMailroom *self = core->mailroom;

  if (self->state == RUNNING && self->tick_timer == 0 && has_takers (core))
    self->tick_timer = rb_clock_add (core->clock, core->settings.mailroom_interval, on_tick_due, core);
}

static void
start (RbCore *core)
{
  g_autofree char *interval = g_strdup_printf ("%" G_GINT64_FORMAT, core->settings.mailroom_interval);

  core->mailroom->state = RUNNING;
  rb_clock_clear (core->clock, &core->mailroom->retry_timer);
  rb_log_info ("mailroom_started", "interval_ms", interval, NULL);
  arm_tick (core);
  rb_log_info ("mailroom_activated", NULL);
  rb_mailroom_round_run (core, dup_takers (core), TRUE, NULL, NULL);
}

static void
on_retry_due (gpointer user_data)
{
  RbCore *core = user_data;

  core->mailroom->retry_timer = 0;
  rb_capabilities_ask (core);
}

static void
defer (RbCore       *core,
       const GError *error)
{
  RbMailroom *self = core->mailroom;

  rb_log_warning ("mailroom_activation_deferred_transient", "reason", "capability_probe_failed_transient", "err", error->message, NULL);
  if (self->retry_timer == 0 && has_takers (core))
    self->retry_timer = rb_clock_add (core->clock, core->settings.mailroom_retry, on_retry_due, core);
}

static void
settle (RbCore     *core,
        const char *reason)
{
  core->mailroom->state = SETTLED;
  rb_clock_clear (core->clock, &core->mailroom->retry_timer);
  if (g_str_equal (reason, "capability_probe_unavailable"))
    rb_log_info ("mailroom_activation_skipped", "reason", reason, NULL);
  else
    rb_log_error ("mailroom_refused_no_server_capability", "reason", reason, NULL);
}

/* It did not answer, or may answer otherwise later. */
static gboolean
is_transient (const GError *error)
{
  gint64 status = rb_upstream_error_get_status (error);

  if (status == 0)
    return !g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED);
  return status >= 500 || status == 429;
}

void
rb_mailroom_learn (RbCore       *core,
                   GVariant     *capabilities,
                   const GError *error)
{
  gboolean staged = FALSE;

  if (core->mailroom->state != WAITING || core->is_stopping)
    return;

  if (capabilities != NULL)
    g_variant_lookup (capabilities, "staged_assignment", "b", &staged);
  if (staged)
    start (core);
  else if (capabilities != NULL)
    settle (core, "staged_assignment_unsupported");
  else if (g_error_matches (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED) && rb_upstream_error_get_status (error) == 0)
    settle (core, "capability_probe_unavailable");
  else if (is_transient (error))
    defer (core, error);
  else
    settle (core, "capability_probe_failed");
}

gboolean
rb_mailroom_is_running (RbCore *core)
{
  return core->mailroom->state == RUNNING;
}

void
rb_mailroom_endpoint_active (RbCore     *core,
                             const char *endpoint_id)
{
  RbMailroom *self = core->mailroom;
  GPtrArray *ids;

  if (self->state == WAITING && !core->is_stopping)
    rb_capabilities_ask (core);
  if (self->state != RUNNING)
    return;

  arm_tick (core);
  ids = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (ids, g_strdup (endpoint_id));
  rb_mailroom_round_run (core, ids, TRUE, NULL, NULL);
}

void
rb_mailroom_forget_endpoint (RbCore     *core,
                             const char *endpoint_id)
{
  if (rb_staging_remove_endpoint (core->staging, endpoint_id) > 0)
    rb_log_info ("mailroom_dropped_staging_for_endpoint", "endpoint_id", endpoint_id, NULL);
  rb_staged_release (core, endpoint_id);
}

void
rb_mailroom_drop (RbCore             *core,
                  const RbAssignment *assignment,
                  const char         *event)
{
  const RbAssignmentContext *context = assignment->context;

  if (rb_staging_remove (core->staging, assignment->endpoint_id, context->source_message_id))
    rb_log_info (event, "endpoint_id", assignment->endpoint_id, "assignment_id", context->assignment_id, NULL);
}

void
rb_mailroom_put_story (RbStory *story)
{
  const RbMailroom *self = story->core->mailroom;

  rb_story_add_clock (story, "mailroom", self->tick_timer, "the endpoints are offered what they could claim");
  rb_story_add_clock (story, "mailroom_retry", self->retry_timer, "the upstream is asked again whether anything can be claimed");
}

void
rb_mailroom_cancel_timers (RbCore *core)
{
  rb_clock_clear (core->clock, &core->mailroom->tick_timer);
  rb_clock_clear (core->clock, &core->mailroom->retry_timer);
}

void
rb_mailroom_stop (RbCore *core)
{
  rb_mailroom_cancel_timers (core);
  if (core->mailroom->state == RUNNING)
    rb_log_info ("mailroom_stopped", NULL);
  core->mailroom->state = SETTLED;
  rb_staged_release_all (core);
}

gboolean
rb_mailroom_begin_claim (RbCore     *core,
                         const char *endpoint_id,
                         const char *source_message_id)
{
  return g_hash_table_add (core->mailroom->claiming, rb_pair_new (endpoint_id, source_message_id));
}

void
rb_mailroom_end_claim (RbCore     *core,
                       const char *endpoint_id,
                       const char *source_message_id)
{
  RbPair key = { (char *) endpoint_id, (char *) source_message_id };

  g_hash_table_remove (core->mailroom->claiming, &key);
}
