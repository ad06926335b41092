/* rb-load.c: what the last process left
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-load.h"

#include "rb-control.h"
#include "rb-deliver.h"
#include "rb-error.h"
#include "rb-heartbeat.h"
#include "rb-hold.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-outbox.h"
#include "rb-recall.h"
#include "rb-restore.h"
#include "rb-settle.h"
#include "rb-settling.h"
#include "rb-spawn.h"

/* Order matters: endpoints, correlations, messages with their places, assignments, replies. Endpoints come back as reconnecting with the
 * grace they had left; acceptance deadlines kept running. What fits nowhere is put where a person can see it, never dropped. */
typedef struct {
  RbCore     *core;
  RbChanges  *changes;      /* what had to be put right */
  GHashTable *contents;     /* message id to RbMessage, until its place is known */
  GPtrArray  *waiting;      /* of RbMessage, for the queues, in any order */
  GPtrArray  *ended;        /* of place rows */
  GPtrArray  *held;         /* of RbMessage, in any order */
  GHashTable *whys;         /* id of one of them (borrowed) to what holds it */
  RbRecall   *recall;
  GPtrArray  *interrupted;  /* of RbEndpoint, borrowed: active when the last process ended */
  GError     *error;        /* the first */
} Load;

static void
on_endpoint (GVariant *row,
             gpointer  user_data)
{
  Load *load = user_data;
  RbCore *core = load->core;
  RbEndpoint *endpoint = load->error == NULL ? rb_endpoint_from_row (row, &load->error) : NULL;

  if (endpoint == NULL)
    return;

  core->next_position = MAX (core->next_position, endpoint->position + 1);
  if (endpoint->state == RB_ENDPOINT_ACTIVE)
    {
      endpoint->state = RB_ENDPOINT_RECONNECTING;
      endpoint->state_since = rb_core_now (core);
      endpoint->grace_deadline = rb_core_now (core) + core->settings.endpoint_grace;
      rb_endpoint_record (endpoint, load->changes);
      g_ptr_array_add (load->interrupted, endpoint);
    }
  g_ptr_array_add (load->waiting, endpoint);
}

static int
compare_endpoints (gconstpointer a,
                   gconstpointer b)
{
  const RbEndpoint *first = *(RbEndpoint *const *) a;
  const RbEndpoint *second = *(RbEndpoint *const *) b;

  return first->position < second->position ? -1 : first->position > second->position;
}

/* The registry's order is the order of registration, the table's is that of the ids. */
static void
register_endpoints (Load *load)
{
  RbCore *core = load->core;

  g_ptr_array_sort (load->waiting, compare_endpoints);
  for (guint i = 0; i < load->waiting->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (load->waiting, i);

      if (!rb_registry_add (core->registry, endpoint))
        {
          g_ptr_array_remove (load->interrupted, endpoint);
          rb_endpoint_free (endpoint);
          continue;
        }
      rb_processes_watch (core->processes, endpoint->plugin_pid);
    }
  g_ptr_array_set_size (load->waiting, 0);
}

typedef struct {
  char   *endpoint_id;
  char   *correlation_id;
  gint64  at;
  gboolean sent;
} Correlation;

static void
correlation_free (Correlation *correlation)
{
  g_free (correlation->endpoint_id);
  g_free (correlation->correlation_id);
  g_free (correlation);
}

static void
on_correlation (GVariant *row,
                gpointer  user_data)
{
  GPtrArray *list = user_data;
  Correlation *correlation = g_new0 (Correlation, 1);
  const char *direction;

  g_variant_get (row, "(s&ssx)", &correlation->endpoint_id, &direction, &correlation->correlation_id, &correlation->at);
  correlation->sent = g_str_equal (direction, "sent");
  g_ptr_array_add (list, correlation);
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  const Correlation *first = *(Correlation *const *) a;
  const Correlation *second = *(Correlation *const *) b;

  return first->at < second->at ? -1 : first->at > second->at;
}

static gboolean
load_correlations (Load *load)
{
  RbCore *core = load->core;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) correlation_free);

  if (!rb_store_load (core->store, RB_TABLE_CORRELATIONS, on_correlation, list, &load->error))
    return FALSE;

  g_ptr_array_sort (list, compare_times);
  for (guint i = 0; i < list->len; i++)
    {
      Correlation *correlation = g_ptr_array_index (list, i);
      RbEndpoint *endpoint = rb_registry_lookup (core->registry, correlation->endpoint_id);

      if (endpoint == NULL)
        rb_changes_delete (load->changes, RB_TABLE_CORRELATIONS, g_variant_new ("(s)", correlation->endpoint_id));
      else if (correlation->sent)
        rb_router_add (core->router, endpoint, correlation->correlation_id, correlation->at, NULL);
      else
        rb_reply_cache_record (core->received, endpoint->id, correlation->correlation_id, correlation->at, NULL);
    }
  return TRUE;
}

static void
on_message (GVariant *row,
            gpointer  user_data)
{
  Load *load = user_data;
  RbMessage *message = rb_message_from_row (row);

  g_hash_table_insert (load->contents, message->id, message);
}

static void
put_in_inbox (Load       *load,
              RbMessage  *message,
              const char *reason)
{
  rb_message_move (message, load->changes, RB_PLACE_INBOX, message->endpoint_id, reason, rb_core_now (load->core));
  rb_inbox_add (load->core->inbox, message);
}

static void
settle_place (Load      *load,
              RbMessage *message)
{
  RbCore *core = load->core;

  core->next_position = MAX (core->next_position, message->position + 1);
  rb_ledger_add (core->ledger, message);
  switch (message->place)
    {
    case RB_PLACE_INBOX:
      rb_inbox_add (core->inbox, message);
      break;
    case RB_PLACE_QUEUE:
      g_ptr_array_add (load->waiting, message);
      break;
    case RB_PLACE_HELD:
      g_ptr_array_add (load->held, message);
      break;
    case RB_PLACE_ASSIGNMENT:
    case RB_PLACE_ENDED:
      break;
    }
}

static void
on_place (GVariant *row,
          gpointer  user_data)
{
  Load *load = user_data;
  const char *id, *place;
  RbMessage *message;

  g_variant_get_child (row, 0, "&s", &id);
  g_variant_get_child (row, 1, "&s", &place);
  if (g_str_equal (place, "ended"))
    {
      g_ptr_array_add (load->ended, g_variant_ref (row));
      return;
    }

  message = g_hash_table_lookup (load->contents, id);
  if (message != NULL && rb_message_set_place (message, row))
    settle_place (load, message);
  else if (load->error == NULL)
    rb_set_error (&load->error, RB_ERROR_CORRUPT, "database_damaged", "Message '%s' has a place '%s' and no content", id, place);
}

static int
compare_ended (gconstpointer a,
               gconstpointer b)
{
  gint64 first, second;

  g_variant_get_child (*(GVariant *const *) a, 6, "x", &first);
  g_variant_get_child (*(GVariant *const *) b, 6, "x", &second);
  return first < second ? -1 : first > second;
}

static void
remember_ended (Load *load)
{
  g_ptr_array_sort (load->ended, compare_ended);
  for (guint i = 0; i < load->ended->len; i++)
    {
      GVariant *row = g_ptr_array_index (load->ended, i);
      const char *id;
      gint64 since;

      g_variant_get_child (row, 0, "&s", &id);
      g_variant_get_child (row, 6, "x", &since);
      rb_ledger_add_seen (load->core->ledger, id, since);
    }
}

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const RbMessage *first = *(RbMessage *const *) a;
  const RbMessage *second = *(RbMessage *const *) b;

  return first->position < second->position ? -1 : first->position > second->position;
}

/* An assignment without its endpoint is restored when all is loaded. */
static void
fill_queues (Load *load)
{
  RbCore *core = load->core;

  g_ptr_array_sort (load->waiting, compare_positions);
  for (guint i = 0; i < load->waiting->len; i++)
    {
      RbMessage *message = g_ptr_array_index (load->waiting, i);
      RbAssignment *assignment = rb_assignments_of_message (core->assignments, message->id);
      RbEndpoint *endpoint = rb_registry_lookup (core->registry, assignment != NULL ? assignment->endpoint_id : message->endpoint_id);

      if (endpoint != NULL)
        rb_queue_add (endpoint->queue, message, assignment != NULL ? assignment->context->assignment_id : NULL);
      else if (assignment == NULL)
        put_in_inbox (load, message, RB_REASON_CLOSED_SESSION);
    }
}

static void
line_up_held (Load *load)
{
  g_ptr_array_sort (load->held, compare_positions);
  for (guint i = 0; i < load->held->len; i++)
    {
      RbMessage *message = g_ptr_array_index (load->held, i);

      rb_held_add (load->core->held, message, g_hash_table_lookup (load->whys, message->id));
    }
}

static void
add_assignment (Load         *load,
                RbAssignment *assignment)
{
  RbCore *core = load->core;

  rb_assignments_add (core->assignments, assignment);
  if (rb_assignment_holds_slot (assignment))
    rb_inbox_reserve (core->inbox);
  if (assignment->state == RB_ASSIGNMENT_QUEUED)
    g_ptr_array_add (load->waiting, assignment->message);
}

static void
on_assignment (GVariant *row,
               gpointer  user_data)
{
  Load *load = user_data;
  RbMessage *message = rb_ledger_lookup (load->core->ledger, rb_assignment_row_message_id (row));
  RbAssignment *assignment;

  if (load->error != NULL)
    return;
  if (message == NULL || message->place != RB_PLACE_ASSIGNMENT)
    {
      rb_set_error (&load->error, RB_ERROR_CORRUPT, "database_damaged", "An assignment names message '%s', which is not assigned",
                    rb_assignment_row_message_id (row));
      return;
    }

  assignment = rb_assignment_from_row (row, message, &load->error);
  if (assignment == NULL)
    return;
  add_assignment (load, assignment);
}

/* Messages without a place, or assigned to nobody: neither can come from a commit of ours, and neither may vanish. */
static void
adopt_strays (Load *load)
{
  RbCore *core = load->core;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, load->contents);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RbMessage *message = value;
      gboolean is_placed = rb_ledger_lookup (core->ledger, message->id) != NULL;

      if (is_placed && (message->place != RB_PLACE_ASSIGNMENT || rb_assignments_of_message (core->assignments, message->id) != NULL))
        continue;

      rb_log_warning ("stray_message_found", "message_id", message->id, NULL);
      if (!is_placed)
        {
          message->position = core->next_position++;
          rb_ledger_add (core->ledger, message);
        }
      put_in_inbox (load, message, RB_REASON_UNADDRESSED);
    }
}

static void
on_reply (GVariant *row,
          gpointer  user_data)
{
  Load *load = user_data;

  rb_replies_add (load->core->replies, rb_reply_record_from_row (row));
}

static void
on_control_key (GVariant *row,
                gpointer  user_data)
{
  Load *load = user_data;

  rb_control_load (load->core->control, row);
}

static void
note_why_held (Load            *load,
               const RbMessage *message,
               GVariant        *row)
{
  const char *step, *detail;

  g_variant_get (row, "(&sx&sxm&sm&sm&s)", NULL, NULL, &step, NULL, NULL, &detail, NULL);
  if (g_str_equal (step, "held"))
    g_hash_table_insert (load->whys, message->id, g_strdup (detail));
}

/* Steps go on counting where they were. */
static void
on_checkpoint (GVariant *row,
               gpointer  user_data)
{
  Load *load = user_data;
  RbEndpoint *endpoint;
  RbMessage *message;
  const char *id;
  gint64 n;

  rb_recall_checkpoint (load->recall, row);
  g_variant_get_child (row, 0, "&s", &id);
  g_variant_get_child (row, 1, "x", &n);
  message = rb_ledger_lookup (load->core->ledger, id);
  endpoint = message == NULL ? rb_registry_lookup (load->core->registry, id) : NULL;
  if (message != NULL && message->place == RB_PLACE_HELD)
    note_why_held (load, message, row);
  if (message != NULL)
    message->n_checkpoints = MAX (message->n_checkpoints, (guint) n);
  else if (endpoint != NULL)
    rb_endpoint_load_checkpoint (endpoint, row);
}

/* Once their last step is known. */
static void
note_interruptions (Load *load)
{
  for (guint i = 0; i < load->interrupted->len; i++)
    rb_endpoint_checkpoint (g_ptr_array_index (load->interrupted, i), load->changes, "reconnecting", rb_core_now (load->core),
                            "broker_restarted");
}

static void
on_archived (GVariant *row,
             gpointer  user_data)
{
  Load *load = user_data;

  rb_archive_load (load->core->archive, row);
  rb_recall_archived (load->recall, row);
}

static void
on_letter (GVariant *row,
           gpointer  user_data)
{
  Load *load = user_data;
  RbLetter *letter = load->error == NULL ? rb_letter_from_row (row, &load->error) : NULL;

  if (letter != NULL)
    rb_outbox_load (load->core->outbox, letter);
}

static void
on_policy_rule (GVariant *row,
                gpointer  user_data)
{
  Load *load = user_data;

  if (load->error == NULL)
    rb_policy_load (load->core->policy, row, &load->error);
}

static void
on_spawn (GVariant *row,
          gpointer  user_data)
{
  Load *load = user_data;

  rb_spawns_load (load->core, row);
}

static void
on_named_value (GVariant *row,
                gpointer  user_data)
{
  Load *load = user_data;
  const char *name, *value;

  g_variant_get (row, "(&s&s)", &name, &value);
  rb_settling_load (load->core, row, load->changes);
  rb_seen_load (load->core->seen, name, value);
  rb_outbox_load_value (load->core->outbox, name, value);
}

static gboolean
load_table (Load           *load,
            RbTable         table,
            RbStoreRowFunc  function)
{
  return rb_store_load (load->core->store, table, function, load, &load->error) && load->error == NULL;
}

static void
on_known_sender (GVariant *row,
                 gpointer  user_data)
{
  g_ptr_array_add (user_data, g_variant_ref (row));
}

static int
compare_known (gconstpointer a,
               gconstpointer b)
{
  gint64 first, second;

  g_variant_get_child (*(GVariant *const *) a, 1, "x", &first);
  g_variant_get_child (*(GVariant *const *) b, 1, "x", &second);
  return first < second ? -1 : first > second;
}

static gboolean
load_known_senders (Load *load)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  if (!rb_store_load (load->core->store, RB_TABLE_KNOWN_SENDERS, on_known_sender, rows, &load->error))
    return FALSE;

  g_ptr_array_sort (rows, compare_known);
  for (guint i = 0; i < rows->len; i++)
    {
      const char *address;

      g_variant_get_child (g_ptr_array_index (rows, i), 0, "&s", &address);
      rb_known_load (load->core->known, address);
    }
  return TRUE;
}

static gboolean
load_all (Load *load)
{
  if (!load_table (load, RB_TABLE_ENDPOINTS, on_endpoint))
    return FALSE;
  register_endpoints (load);
  if (!load_correlations (load) || !load_table (load, RB_TABLE_MESSAGES, on_message) || !load_table (load, RB_TABLE_PLACES, on_place))
    return FALSE;
  remember_ended (load);
  if (!load_table (load, RB_TABLE_ASSIGNMENTS, on_assignment) || !load_table (load, RB_TABLE_REPLIES, on_reply) ||
      !load_table (load, RB_TABLE_CHECKPOINTS, on_checkpoint) || !load_table (load, RB_TABLE_OUTBOX, on_letter) ||
      !load_table (load, RB_TABLE_CONTROL_KEYS, on_control_key) || !load_table (load, RB_TABLE_ARCHIVE, on_archived) ||
      !load_table (load, RB_TABLE_POLICY_RULES, on_policy_rule) || !load_known_senders (load) ||
      !load_table (load, RB_TABLE_SPAWNS, on_spawn))
    return FALSE;
  note_interruptions (load);
  adopt_strays (load);
  fill_queues (load);
  line_up_held (load);
  rb_recall_count (load->recall);
  return load_table (load, RB_TABLE_META, on_named_value);
}

static void
end_assignment (RbCore       *core,
                RbAssignment *assignment,
                const char   *how)
{
  RbChanges *changes = rb_changes_new ();

  rb_restore_end (core, assignment, how, changes);
  rb_core_commit (core, changes, NULL, NULL);
}

static void
resume_assignment (RbCore       *core,
                   RbAssignment *assignment)
{
  /* Its reply is on its way for good; only the report is owed, whether the endpoint is there or not. */
  if (assignment->state == RB_ASSIGNMENT_REPLIED)
    {
      if (!rb_outbox_has_report (core, assignment->context->assignment_id))
        end_assignment (core, assignment, "replied");
      return;
    }
  if (rb_registry_lookup (core->registry, assignment->endpoint_id) != NULL)
    {
      rb_restore_arm (core, assignment);
      return;
    }
  if (!rb_assignment_state_is_accepted (assignment->state))
    {
      rb_restore_one (core, assignment, "endpoint_lost");
      return;
    }

  end_assignment (core, assignment, "endpoint_lost_after_acceptance");
}

/* Adapters are served while modules start: one may be back, or be there for the first time, by now. */
static void
resume_endpoint (RbCore     *core,
                 RbEndpoint *endpoint,
                 GPtrArray  *gone)
{
  if (endpoint->state == RB_ENDPOINT_RECONNECTING && !rb_lifecycle_is_same_process (core, endpoint))
    {
      g_ptr_array_add (gone, endpoint);
      return;
    }
  if (endpoint->state == RB_ENDPOINT_RECONNECTING)
    rb_lifecycle_resume_grace (core, endpoint);
  if (endpoint->heartbeat_timer == 0)
    rb_heartbeat_schedule (core, endpoint);
}

/* Timers last: what is due already fires on the first turn of the loop. A process that went away while we did is noticed now. */
void
rb_load_resume (RbCore *core)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);
  g_autoptr(GPtrArray) gone = g_ptr_array_new ();

  for (guint i = 0; i < assignments->len; i++)
    resume_assignment (core, g_ptr_array_index (assignments, i));
  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    resume_endpoint (core, l->data, gone);
  for (guint i = 0; i < gone->len; i++)
    rb_lifecycle_apply (core, g_ptr_array_index (gone, i), RB_ENDPOINT_PROCESS_EXITED);
  rb_outbox_start (core);
  rb_settle_resume (core);
  rb_hold_resume (core);
  rb_spawn_resume (core);
}

gboolean
rb_load_everything (RbCore  *core,
                    GError **error)
{
  g_autoptr(GHashTable) contents = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) rb_message_unref);
  g_autoptr(GPtrArray) waiting = g_ptr_array_new ();
  g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr(GPtrArray) held = g_ptr_array_new ();
  g_autoptr(GHashTable) whys = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr(GPtrArray) interrupted = g_ptr_array_new ();
  g_autoptr(RbRecall) recall = rb_recall_new (core);
  Load load = { core, rb_changes_new (), contents, waiting, ended, held, whys, recall, interrupted, NULL };

  if (!load_all (&load))
    {
      rb_changes_free (load.changes);
      g_propagate_error (error, load.error);
      return FALSE;
    }

  if (rb_changes_get_n (load.changes) > 0)
    rb_core_commit (core, load.changes, NULL, NULL);
  else
    rb_changes_free (load.changes);
  return TRUE;
}
