/* rb-core.c: the domain: composed once, driven by its ports
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-private.h"

#include "rb-capabilities.h"
#include "rb-closed.h"
#include "rb-control.h"
#include "rb-error.h"
#include "rb-hold.h"
#include "rb-inbound.h"
#include "rb-lifecycle.h"
#include "rb-link.h"
#include "rb-load.h"
#include "rb-mailroom.h"
#include "rb-outage.h"
#include "rb-outbox.h"
#include "rb-pair.h"
#include "rb-past.h"
#include "rb-received.h"
#include "rb-route-claim.h"
#include "rb-settling.h"
#include "rb-spawn.h"
#include "rb-touched.h"

#include <sys/random.h>

G_DEFINE_FINAL_TYPE (RbCore, rb_core, G_TYPE_OBJECT)

enum { SIGNAL_SUPERSEDED, SIGNAL_INCOMPATIBLE, SIGNAL_CHANGED, SIGNAL_STORED, SIGNAL_STORAGE_STUCK, N_SIGNALS };
static guint signals[N_SIGNALS];

/* Ids of ended messages in memory; some 150 bytes each. */
#define SEEN_CAP 16384

void
rb_core_settings_init (RbCoreSettings *settings)
{
  *settings = (RbCoreSettings) {
    .push_ack_timeout = 2000,
    .endpoint_grace = 600000,
    .acceptance_timeout = 30000,
    .reply_record_ttl = 86400000,
    .reply_correlation_ttl = 86400000,
    .presence_grace = 600000,
    .seen_retention = G_GINT64_CONSTANT (7) * 86400000,
    .archive = {
      .max_age_ms = G_GINT64_CONSTANT (30) * 86400000,
      .max_bytes = 64 * 1024 * 1024,
      .max_entries = 20000,
      .text_max = 64 * 1024,
    },
    .message_cap = 100000,
    .message_bytes_cap = 512 * 1024 * 1024,
    .inbox_cap = 256,
    .held_cap = 256,
    .correlation_ring_cap = 1024,
    .reply_correlation_cap = 1000,
    .reply_record_cap = 100000,
    .endpoint_cap = 8192,
    .queue_cap = 10000,
    .queue_bytes_cap = 64 * 1024 * 1024,
    .outbox_cap = 100000,
    .window_messages = 256,
    .window_bytes = 16 * 1024 * 1024,
    .push_window_messages = 256,
    .push_window_bytes = 8 * 1024 * 1024,
    .mailroom_interval = 20000,
    .mailroom_retry = 60000,
    .mailroom_list_limit = 32,
    .staged_max_timeout = 3600000,
    .staged_max_hold = 25000,
    .staged_cap = 1024,
    .staged_bytes_cap = 64 * 1024 * 1024,
    .staged_waiters_cap = 1024,
    .spawn_stop_timeout = 10000,
    .spawn_timeout = 30000,
    .legacy_adapters = TRUE,
    .remote_spawn = TRUE,
    .spawn_approval = RB_POLICY_ASK,
    .loop_hops = 1000,
  };
}

static void
kernel_random (guint8   *buffer,
               gsize     length,
               gpointer  user_data)
{
  while (length > 0)
    {
      gssize n = getrandom (buffer, length, 0);

      if (n <= 0)
        continue;
      buffer += n;
      length -= n;
    }
}

static void
rb_core_dispose (GObject *object)
{
  RbCore *self = RB_CORE (object);

  if (self->connector != NULL)
    g_signal_handlers_disconnect_by_data (self->connector, self);
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  if (self->upstream != NULL)
    g_signal_handlers_disconnect_by_data (self->upstream, self);
  if (self->processes != NULL)
    g_signal_handlers_disconnect_by_data (self->processes, self);
  if (self->clock != NULL)
    {
      rb_lifecycle_cancel_timers (self);
      rb_outbox_cancel_timers (self);
      rb_outage_stop (self);
      rb_spawn_stop (self);
    }

  g_clear_object (&self->connector);
  g_clear_object (&self->upstream);
  g_clear_object (&self->store);
  g_clear_object (&self->processes);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->emitters, g_ptr_array_unref);
  g_clear_pointer (&self->spawn_drivers, g_ptr_array_unref);

  G_OBJECT_CLASS (rb_core_parent_class)->dispose (object);
}

static void
rb_core_finalize (GObject *object)
{
  RbCore *self = RB_CORE (object);

  g_free (self->link_error);
  g_clear_pointer (&self->facts, g_hash_table_unref);
  g_clear_pointer (&self->troubles, rb_troubles_free);
  g_clear_pointer (&self->seen, rb_seen_free);
  g_clear_pointer (&self->receipts, g_hash_table_unref);
  g_clear_pointer (&self->outbox, rb_outbox_free);
  g_clear_pointer (&self->route_claims, rb_route_claims_free);
  g_clear_pointer (&self->closed, rb_closed_free);
  g_clear_pointer (&self->placing, rb_placing_free);
  g_clear_pointer (&self->asking, g_hash_table_unref);
  g_clear_pointer (&self->claims, g_hash_table_unref);
  g_clear_pointer (&self->settling, g_hash_table_unref);
  g_clear_pointer (&self->waiters, g_hash_table_unref);
  g_clear_pointer (&self->staging, rb_staging_free);
  g_clear_pointer (&self->mailroom, rb_mailroom_free);
  g_clear_pointer (&self->control, rb_control_free);
  g_clear_pointer (&self->spawns, rb_spawns_free);
  g_clear_pointer (&self->assignments, rb_assignments_free);
  g_clear_pointer (&self->replies, rb_replies_free);
  g_clear_pointer (&self->refused, rb_refused_free);
  g_clear_pointer (&self->inbox, rb_inbox_free);
  g_clear_pointer (&self->router, rb_router_free);
  g_clear_pointer (&self->received, rb_reply_cache_free);
  g_clear_pointer (&self->registry, rb_registry_free);
  g_clear_pointer (&self->ledger, rb_ledger_free);
  g_clear_pointer (&self->archive, rb_archive_free);
  g_clear_pointer (&self->policy, rb_policy_free);
  g_clear_pointer (&self->known, rb_known_free);
  g_clear_pointer (&self->quota, rb_quota_free);
  g_clear_pointer (&self->loop, rb_loop_free);
  g_clear_pointer (&self->held, rb_held_free);
  g_clear_pointer (&self->channels, g_hash_table_unref);
  g_clear_pointer (&self->waiters_of, g_hash_table_unref);
  g_clear_pointer (&self->all_bounds, g_ptr_array_unref);
  rb_bounds_set_refresh (self->bounds, NULL, NULL);
  g_clear_pointer (&self->bounds, rb_bounds_unref);

  G_OBJECT_CLASS (rb_core_parent_class)->finalize (object);
}

static void
rb_core_class_init (RbCoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_core_dispose;
  object_class->finalize = rb_core_finalize;

  signals[SIGNAL_SUPERSEDED] = g_signal_new ("superseded", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_INCOMPATIBLE] = g_signal_new ("incompatible", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                               G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_STORED] = g_signal_new ("stored", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT,
                                         G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_STORAGE_STUCK] = g_signal_new ("storage-stuck", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                                G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                          G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
rb_core_init (RbCore *self)
{
  self->presence = RB_PRESENCE_OFFLINE;
  self->presence_reason = "starting";
  self->next_position = 1;
  self->facts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->troubles = rb_troubles_new ();
  self->seen = rb_seen_new ();
  self->all_bounds = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_bounds_unref);
}

static GPtrArray *
ref_or_empty (GPtrArray *array)
{
  return array != NULL ? g_ptr_array_ref (array) : g_ptr_array_new ();
}

static const char *
resolve (const char *target_id,
         const char *correlation_id,
         const char *source_endpoint_id,
         gpointer    user_data)
{
  RbCore *self = user_data;
  RbEndpoint *endpoint = rb_router_resolve (self->router, self->registry, target_id, correlation_id, source_endpoint_id).endpoint;

  return endpoint != NULL ? endpoint->id : NULL;
}

static void
make_parts (RbCore *self)
{
  const RbCoreSettings *settings = &self->settings;

  self->bounds = rb_core_bounds_new (self->clock);
  self->registry = rb_registry_new ();
  self->router = rb_router_new (settings->correlation_ring_cap);
  self->received = rb_reply_cache_new (settings->reply_correlation_cap, settings->reply_correlation_ttl);
  self->ledger = rb_ledger_new (SEEN_CAP, settings->seen_retention);
  self->archive = rb_archive_new (&settings->archive);
  self->policy = rb_policy_new (settings->spawn_approval);
  self->known = rb_known_new ();
  self->quota = rb_quota_new (settings->unknown_per_hour);
  self->loop = rb_loop_new (settings->loop_hops, settings->loop_rate);
  self->held = rb_held_new (settings->held_cap);
  self->inbox = rb_inbox_new (settings->inbox_cap);
  self->assignments = rb_assignments_new ();
  self->replies = rb_replies_new ();
  self->refused = rb_refused_new (resolve, self);
  self->outbox = rb_outbox_new ();
  self->route_claims = rb_route_claims_new ();
  self->closed = rb_closed_new ();
  self->placing = rb_placing_new ();
  self->asking = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->control = rb_control_new ();
  self->spawns = rb_spawns_new ();
  self->channels = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  self->receipts = g_hash_table_new (g_str_hash, g_str_equal);
  self->claims = g_hash_table_new_full (rb_pair_hash, rb_pair_equal, NULL, NULL);
  self->settling = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) rb_settling_unref);
  self->waiters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->staging = rb_staging_new ();
  self->waiters_of = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->mailroom = rb_mailroom_new ();
}

static void
count_bounds (RbCore *self)
{
  rb_router_set_bounds (self->router, self->bounds);
  rb_reply_cache_set_bounds (self->received, self->bounds);
  rb_ledger_set_bounds (self->ledger, self->bounds);
  rb_archive_set_bounds (self->archive, self->bounds);
  rb_policy_set_bounds (self->policy, self->bounds);
  rb_known_set_bounds (self->known, self->bounds);
  rb_quota_set_bounds (self->quota, self->bounds);
  rb_loop_set_bounds (self->loop, self->bounds);
  rb_held_set_bounds (self->held, self->bounds);
  rb_inbox_set_bounds (self->inbox, self->bounds);
  rb_replies_set_bounds (self->replies, self->bounds);
  rb_refused_set_bounds (self->refused, self->bounds);
  rb_staging_set_bounds (self->staging, self->bounds);
  rb_control_set_bounds (self->control, self->bounds);
  rb_outbox_set_bounds (self->outbox, self->bounds);
  rb_core_bounds_start (self);
}

RbCore *
rb_core_new (const RbCorePorts    *ports,
             const RbCoreSettings *settings)
{
  RbCore *self = g_object_new (RB_TYPE_CORE, NULL);

  self->settings = *settings;
  self->is_legacy_upstream = settings->legacy_upstream == RB_LEGACY_UPSTREAM_ON;
  self->clock = g_object_ref (ports->clock);
  self->store = g_object_ref (ports->store);
  self->connector = g_object_ref (ports->connector);
  self->upstream = g_object_ref (ports->upstream);
  self->processes = g_object_ref (ports->processes);
  self->emitters = ref_or_empty (ports->emitters);
  self->spawn_drivers = ref_or_empty (ports->spawn_drivers);
  self->random = ports->random != NULL ? ports->random : kernel_random;
  self->random_data = ports->random_data;
  self->presence_since = rb_core_now (self);
  make_parts (self);
  count_bounds (self);

  rb_link_watch (self);
  rb_inbound_watch (self);
  rb_lifecycle_watch (self);
  rb_control_watch (self);
  rb_spawn_watch (self);
  return self;
}

gboolean
rb_core_load (RbCore  *self,
              GError **error)
{
  return rb_load_everything (self, error);
}

void
rb_core_start (RbCore *self)
{
  g_return_if_fail (!self->is_running);

  self->is_running = TRUE;
  rb_load_resume (self);
  rb_received_start (self);
  rb_past_start (self);
  rb_capabilities_start (self);
}

gint64
rb_core_now (RbCore *self)
{
  return rb_clock_get_wall_ms (self->clock);
}

char *
rb_core_uuid (RbCore *self)
{
  guint8 b[16];

  self->random (b, sizeof b, self->random_data);
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
                          b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void
rb_core_changed (RbCore     *self,
                 const char *topic)
{
  rb_hold_look_again (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, topic);
}

const char *
rb_core_get_presence (RbCore *self)
{
  return rb_presence_to_string (self->presence);
}

const char *
rb_core_get_presence_reason (RbCore *self)
{
  return self->presence_reason;
}

void
rb_core_set_fact (RbCore     *self,
                  const char *name,
                  const char *value)
{
  g_hash_table_replace (self->facts, g_strdup (name), g_strdup (value));
}

void
rb_core_add_bounds (RbCore   *self,
                    RbBounds *bounds)
{
  g_ptr_array_add (self->all_bounds, rb_bounds_ref (bounds));
}

void
rb_core_remove_bounds (RbCore   *self,
                       RbBounds *bounds)
{
  g_ptr_array_remove (self->all_bounds, bounds);
}

void
rb_core_exchange_connector (RbCore *self)
{
  rb_link_exchange (self);
  rb_core_changed (self, "presence");
}

gboolean
rb_core_is_stopping (RbCore *self)
{
  return self->is_stopping;
}

gboolean
rb_core_check_ready (RbCore  *self,
                     GError **error)
{
  const char *reason = NULL;

  if (self->is_stopping)
    {
      g_autoptr(GError) refused = rb_error_new (RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");

      rb_error_set_retryable (refused, TRUE);
      g_propagate_error (error, g_steal_pointer (&refused));
      return FALSE;
    }

  if (rb_store_get_health (self->store, &reason) != RB_STORE_OK)
    {
      g_autoptr(GError) refused = rb_error_new (RB_ERROR_UNAVAILABLE, "storage_unavailable", "nothing can be stored now: %s",
                                                reason != NULL ? reason : "unknown reason");

      rb_error_set_retryable (refused, TRUE);
      g_propagate_error (error, g_steal_pointer (&refused));
      return FALSE;
    }

  if (rb_outbox_is_full (self))
    {
      g_autoptr(GError) refused = rb_error_new (RB_ERROR_UNAVAILABLE, "outbox_full", "%u events wait for the upstream",
                                                rb_outbox_get_n (self->outbox));

      rb_error_set_retryable (refused, TRUE);
      g_propagate_error (error, g_steal_pointer (&refused));
      return FALSE;
    }

  return TRUE;
}

gboolean
rb_core_is_ready (RbCore  *self,
                  GError **error)
{
  return rb_core_check_ready (self, error);
}

gboolean
rb_core_is_attended (RbCore *self)
{
  return g_hash_table_size (self->channels) > 0 || rb_registry_get_n (self->registry) > 0 || self->n_registering > 0;
}

gboolean
rb_core_is_idle (RbCore *self)
{
  return !rb_core_is_attended (self) && rb_assignments_get_n (self->assignments) == 0 && rb_outbox_get_n (self->outbox) == 0 &&
         self->n_in_flight == 0 && self->sends.length == 0 && self->n_reports == 0 && !self->is_stopping;
}

gboolean
rb_core_check_owner (RbCore            *self,
                     const RbCaller    *caller,
                     const RbEndpoint  *endpoint,
                     gint64             body_pid,
                     GError           **error)
{
  if (caller->operator_)
    return TRUE;

  if (caller->pid <= 0)
    {
      if (endpoint->traits->legacy)
        return TRUE;
      rb_set_error (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for endpoint-scoped calls");
      return FALSE;
    }
  if (body_pid != 0 && body_pid != caller->pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match plugin_pid of the body");
      return FALSE;
    }
  if (caller->pid != endpoint->plugin_pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
      return FALSE;
    }

  return TRUE;
}

typedef struct {
  RbCore      *core;
  RbEnclosed  *enclosed;   /* NULL: nothing is told */
  GPtrArray   *reserved;   /* numbers for what is told of assignments; NULL: none */
  GArray      *touched;    /* of RbTouched, for who looks on; NULL: nothing, or nobody does */
  RbCommitted  done;       /* NULL: nobody waits */
  gpointer     user_data;
} Commit;

static void
tell_stored (RbCore *self,
             GArray *touched)
{
  for (guint i = 0; i < touched->len; i++)
    {
      const RbTouched *one = &g_array_index (touched, RbTouched, i);

      g_signal_emit (self, signals[SIGNAL_STORED], 0, (guint) one->kind, one->id);
    }
}

static void
on_store_committed (RbStore      *store,
                    const GError *error,
                    gpointer      user_data)
{
  Commit *commit = user_data;

  if (error == NULL)
    rb_outage_note_commit (commit->core);
  if (commit->reserved != NULL && error == NULL)
    rb_assignments_note_reserved (commit->core->assignments, commit->reserved);
  if (commit->enclosed != NULL)
    rb_outbox_release (commit->core, commit->enclosed, error);
  if (commit->done != NULL)
    commit->done (commit->core, error, commit->user_data);
  if (commit->touched != NULL && error == NULL)
    tell_stored (commit->core, commit->touched);
  g_clear_pointer (&commit->touched, g_array_unref);
  g_clear_pointer (&commit->reserved, g_ptr_array_unref);
  g_object_unref (commit->core);
  g_free (commit);
}

void
rb_core_commit (RbCore      *self,
                RbChanges   *changes,
                RbCommitted  done,
                gpointer     user_data)
{
  RbEnclosed *enclosed = rb_outbox_enclose (self, changes);
  GPtrArray *reserved = rb_assignments_dup_reserved (changes);
  gboolean is_watched = g_signal_has_handler_pending (self, signals[SIGNAL_STORED], 0, FALSE);
  GArray *touched = is_watched ? rb_touched_by (changes) : NULL;
  Commit *commit;

  if (rb_changes_is_crowded (changes))
    rb_bounds_reached (self->bounds, RB_CORE_BOUND_CHECKPOINTS);
  if (done == NULL && enclosed == NULL && reserved == NULL && touched == NULL)
    {
      rb_store_commit (self->store, changes, NULL, NULL);
      return;
    }

  commit = g_new (Commit, 1);
  commit->core = g_object_ref (self);
  commit->enclosed = enclosed;
  commit->reserved = reserved;
  commit->touched = touched;
  commit->done = done;
  commit->user_data = user_data;
  rb_store_commit (self->store, changes, on_store_committed, commit);
}

void
rb_core_commit_lazy (RbCore      *self,
                     RbChanges   *changes,
                     RbCommitted  done,
                     gpointer     user_data)
{
  rb_changes_set_lazy (changes, TRUE);
  rb_core_commit (self, changes, done, user_data);
}

static void
return_task (RbCore       *core,
             const GError *error,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

void
rb_core_commit_task (RbCore    *self,
                     RbChanges *changes,
                     GTask     *task)
{
  rb_core_commit (self, changes, return_task, task);
}
