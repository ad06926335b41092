/* rb-undispatched.c: the inbox as adapters may see it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-undispatched.h"

#include "rb-admission.h"
#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-upstream-error.h"

#define LIST_LIMIT 256

typedef struct {
  GPtrArray *endpoint_ids;   /* of char *, whose lists are to come */
  guint      n_listed;
  GPtrArray *items;          /* of RbListedMessage */
} List;

static void
list_free (List *self)
{
  g_ptr_array_unref (self->endpoint_ids);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_free (self);
}

static RbEndpoint *
only_active_endpoint (RbCore  *core,
                      gint64   pid,
                      GError **error)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, pid);
  RbEndpoint *found = NULL;

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (siblings, i);

      if (endpoint->state != RB_ENDPOINT_ACTIVE)
        continue;
      if (found != NULL)
        {
          rb_set_error (error, RB_ERROR_BAD_STATE, "ambiguous_endpoint",
                        "list claimable requires endpoint_id when a plugin owns multiple active endpoints");
          return NULL;
        }
      found = endpoint;
    }
  if (found == NULL)
    rb_set_error (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "list claimable requires an active registered endpoint");
  return found;
}

static gboolean
check_active (RbEndpoint  *endpoint,
              const char  *what,
              GError     **error)
{
  if (endpoint->state == RB_ENDPOINT_ACTIVE)
    return TRUE;

  rb_set_error (error, RB_ERROR_BAD_STATE, "endpoint_not_active", "endpoint %s is %s; %s requires Active", endpoint->id,
                rb_endpoint_state_to_string (endpoint->state), what);
  return FALSE;
}

static gboolean
is_legacy_pid (RbCore *core,
               gint64  pid)
{
  RbChannel *channel = rb_channels_lookup (core, pid);

  return core->settings.legacy_adapters && channel != NULL && rb_channel_is_legacy (channel);
}

/* protocol.md 20.2 row 13: who sends no header is the only adapter there is, if that is a legacy one. 0: it is not. */
static gint64
only_legacy_pid (RbCore *core)
{
  gint64 pid = 0;

  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    {
      RbEndpoint *endpoint = l->data;

      if (endpoint->state != RB_ENDPOINT_ACTIVE)
        continue;
      if (pid != 0 && endpoint->plugin_pid != pid)
        return 0;
      pid = endpoint->plugin_pid;
    }
  return pid != 0 && is_legacy_pid (core, pid) ? pid : 0;
}

static GPtrArray *
dup_active_ids (RbCore *core,
                gint64  pid)
{
  GPtrArray *siblings = rb_registry_get_of_pid (core->registry, pid);
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    {
      RbEndpoint *endpoint = g_ptr_array_index (siblings, i);

      if (endpoint->state == RB_ENDPOINT_ACTIVE)
        g_ptr_array_add (ids, g_strdup (endpoint->id));
    }
  return ids;
}

/* protocol.md 10.5, rows 3 to 6. */
static RbEndpoint *
choose_endpoint (RbCore      *core,
                 gint64       pid,
                 const char  *endpoint_id,
                 GError     **error)
{
  RbEndpoint *endpoint;

  if (endpoint_id == NULL)
    return only_active_endpoint (core, pid, error);

  endpoint = rb_registry_lookup (core->registry, endpoint_id);
  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "list claimable requires an active registered endpoint");
      return NULL;
    }
  if (endpoint->plugin_pid != pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
      return NULL;
    }
  return check_active (endpoint, "list claimable", error) ? endpoint : NULL;
}

/* A legacy adapter with several sees what any of them may (20.2 row 13). */
static GPtrArray *
choose_endpoints (RbCore      *core,
                  gint64       pid,
                  const char  *endpoint_id,
                  GError     **error)
{
  g_autoptr(GPtrArray) ids = dup_active_ids (core, pid);
  RbEndpoint *endpoint;

  if (endpoint_id == NULL && ids->len > 1 && is_legacy_pid (core, pid))
    return g_steal_pointer (&ids);

  endpoint = choose_endpoint (core, pid, endpoint_id, error);
  if (endpoint == NULL)
    return NULL;
  g_ptr_array_set_size (ids, 0);
  g_ptr_array_add (ids, g_strdup (endpoint->id));
  return g_steal_pointer (&ids);
}

static GError *
not_configured (const char *what)
{
  GError *error = rb_error_new (RB_ERROR_UNAVAILABLE, "runtime_claim_candidates_unavailable",
                                "Services claim-candidates authority is not configured; refusing to expose broker-local %s", what);

  rb_error_set_retryable (error, TRUE);
  return error;
}

/* Where the broker's own inbox is the authority (profile local). */
static GPtrArray *
list_own_inbox (RbCore *core)
{
  g_autoptr(GPtrArray) rows = rb_inbox_dup_rows (core->inbox);
  GPtrArray *items = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_listed_message_free);

  for (guint i = 0; i < rows->len && items->len < LIST_LIMIT; i++)
    {
      RbMessage *message = g_ptr_array_index (rows, i);

      if (message->is_durable)
        g_ptr_array_add (items, rb_listed_message_from_row (message));
    }
  return items;
}

/* What the answer shows was changed in memory before it is on disk: the answer goes out behind the commits that are on their way. */
static void
on_barrier (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  List *self = g_task_get_task_data (task);

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_ptr_array_ref (self->items), (GDestroyNotify) g_ptr_array_unref);
}

static GVariant *
candidate_arguments (const RbEndpoint *endpoint)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "endpoint_id", "s", endpoint->id);
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", endpoint->nonce);
  g_variant_dict_insert (&dict, "limit", "x", (gint64) LIST_LIMIT);
  return g_variant_dict_end (&dict);
}

static char *
dup_text (GVariant   *item,
          const char *name)
{
  char *text = NULL;

  g_variant_lookup (item, name, "s", &text);
  return text;
}

/* Row 8: whatever else kept us from reading. */
static GError *
read_error (const char *what)
{
  GError *error = rb_error_new (RB_ERROR_UNAVAILABLE, "runtime_claim_candidates_unavailable",
                                "Services claim-candidates read failed; refusing to expose broker-local %s", what);

  rb_error_set_retryable (error, TRUE);
  return error;
}

/* @what: "cache" or "presence" */
static GVariant *
read_candidates (GVariant      *answer,
                 const GError  *failure,
                 const char    *what,
                 GError       **error)
{
  GVariant *items = answer != NULL ? g_variant_lookup_value (answer, "items", G_VARIANT_TYPE ("aa{sv}")) : NULL;
  GError *answered;

  if (items != NULL)
    return items;

  rb_log_warning (g_str_equal (what, "cache") ? "runtime_claim_candidates_failed" : "runtime_presence_claim_candidates_failed", "err",
                  failure != NULL ? failure->message : "invalid claim-candidates response", NULL);
  answered = failure != NULL ? rb_upstream_error_answered (failure, "claim_candidates_failed") : NULL;
  g_propagate_error (error, answered != NULL ? answered : read_error (what));
  return NULL;
}

static void list_next (RbCore *core, GTask *task);

/* protocol.md 20.2 row 13: an upstream of the 0.2.5 age has no such route; there the rows of the broker are the list. */
static gboolean
list_rows_instead (RbCore       *core,
                   GTask        *task,
                   const GError *failure)
{
  List *self = g_task_get_task_data (task);

  if (!core->is_legacy_upstream || failure == NULL || !rb_upstream_error_is_no_route (failure))
    return FALSE;

  g_ptr_array_unref (self->items);
  self->items = list_own_inbox (core);
  rb_core_commit (core, rb_changes_new (), on_barrier, task);
  return TRUE;
}

static gboolean
is_listed (const List *self,
           GVariant   *candidate)
{
  const char *id = NULL;

  g_variant_lookup (candidate, "undispatched_id", "&s", &id);
  for (guint i = 0; id != NULL && i < self->items->len; i++)
    if (g_str_equal (((RbListedMessage *) g_ptr_array_index (self->items, i))->id, id))
      return TRUE;
  return FALSE;
}

static gboolean
may_list (RbCore   *core,
          GVariant *candidate)
{
  const char *id = NULL, *source_id = NULL, *sender = NULL;

  g_variant_lookup (candidate, "undispatched_id", "&s", &id);
  g_variant_lookup (candidate, "source_message_id", "&s", &source_id);
  g_variant_lookup (candidate, "sender_address", "&s", &sender);
  return rb_admission_may_list (core, id, source_id, sender);
}

static void
add_candidates (RbCore   *core,
                List     *self,
                GVariant *candidates)
{
  gboolean is_union = self->n_listed > 0;

  for (gsize i = 0; i < g_variant_n_children (candidates); i++)
    {
      g_autoptr(GVariant) candidate = g_variant_get_child_value (candidates, i);

      if ((!is_union || !is_listed (self, candidate)) && may_list (core, candidate))
        g_ptr_array_add (self->items, rb_listed_message_from_candidate (core, candidate));
    }
  self->n_listed++;
}

static void
on_candidates (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  g_autoptr(GError) failure = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &failure);
  g_autoptr(GVariant) candidates = NULL;
  GError *error = NULL;

  if (list_rows_instead (core, task, failure))
    {
      g_steal_pointer (&task);
      return;
    }

  candidates = read_candidates (answer, failure, "cache", &error);
  if (candidates == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  add_candidates (core, g_task_get_task_data (task), candidates);
  list_next (core, g_steal_pointer (&task));
}

/* Takes @task. What is no endpoint any more has nothing to list. */
static void
list_next (RbCore *core,
           GTask  *task)
{
  List *self = g_task_get_task_data (task);

  while (self->endpoint_ids->len > 0)
    {
      g_autofree char *endpoint_id = g_ptr_array_steal_index (self->endpoint_ids, 0);
      RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

      if (endpoint == NULL)
        continue;
      rb_upstream_call_async (core->upstream, RB_UPSTREAM_CANDIDATES, candidate_arguments (endpoint), NULL, on_candidates, task);
      return;
    }

  g_task_return_pointer (task, g_ptr_array_ref (self->items), (GDestroyNotify) g_ptr_array_unref);
  g_object_unref (task);
}

void
rb_undispatched_list_async (RbCore              *core,
                            const RbCaller      *caller,
                            const char          *endpoint_id,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbUpstreamFeatures features = rb_upstream_get_features (core->upstream);
  gint64 pid = caller->pid > 0 ? caller->pid : only_legacy_pid (core);
  GPtrArray *endpoint_ids = NULL;
  GError *error = NULL;
  List *self;

  if (pid <= 0)
    rb_set_error (&error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for list undispatched");
  else if ((features & (RB_UPSTREAM_HAS_CANDIDATES | RB_UPSTREAM_LOCAL_INBOX)) == 0)
    error = not_configured ("cache");
  else
    endpoint_ids = choose_endpoints (core, pid, endpoint_id, &error);
  if (endpoint_ids == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (List, 1);
  self->endpoint_ids = endpoint_ids;
  g_task_set_task_data (task, self, (GDestroyNotify) list_free);
  if ((features & RB_UPSTREAM_HAS_CANDIDATES) != 0)
    {
      self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_listed_message_free);
      list_next (core, g_steal_pointer (&task));
      return;
    }
  self->items = list_own_inbox (core);
  rb_core_commit (core, rb_changes_new (), on_barrier, g_steal_pointer (&task));
}

GPtrArray *
rb_undispatched_list_finish (RbCore        *core,
                             GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* What is bound to an endpoint: parked continuations of its conversations (protocol.md 10.6). */
static guint
count_own (RbCore           *core,
           const RbEndpoint *endpoint)
{
  g_autoptr(GPtrArray) rows = rb_inbox_dup_rows (core->inbox);
  guint n = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      RbMessage *message = g_ptr_array_index (rows, i);

      if (g_strcmp0 (message->endpoint_id, endpoint->id) == 0 && g_strcmp0 (message->reason, RB_REASON_CORRELATED) == 0)
        n++;
    }
  return n;
}

static guint
count_bound (GVariant   *candidates,
             const char *endpoint_id)
{
  guint n = 0;

  for (gsize i = 0; i < g_variant_n_children (candidates); i++)
    {
      g_autoptr(GVariant) candidate = g_variant_get_child_value (candidates, i);
      g_autofree char *policy = dup_text (candidate, "claim_policy");
      g_autofree char *hint = dup_text (candidate, "target_endpoint_id_hint");

      if (g_strcmp0 (policy, "bound_session_pull_only") == 0 && g_strcmp0 (hint, endpoint_id) == 0)
        n++;
    }
  return n;
}

static void
on_counted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  const char *endpoint_id = g_task_get_task_data (task);
  g_autoptr(GError) failure = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &failure);
  g_autoptr(GVariant) candidates = NULL;
  GError *error = NULL;

  candidates = read_candidates (answer, failure, "presence", &error);
  if (candidates == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, count_bound (candidates, endpoint_id) + rb_staging_get_n_of (core->staging, endpoint_id));
}

static void
on_count_barrier (RbCore       *core,
                  const GError *error,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_int (task, GPOINTER_TO_UINT (g_task_get_task_data (task)));
}

static RbEndpoint *
check_count (RbCore              *core,
             const RbCaller      *caller,
             const char          *endpoint_id,
             RbUpstreamFeatures   features,
             GError             **error)
{
  RbEndpoint *endpoint;

  if (endpoint_id == NULL || *endpoint_id == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, "endpoint_id_required", "GET /v1/undispatched/presence requires endpoint_id");
      return NULL;
    }
  if ((features & (RB_UPSTREAM_HAS_CANDIDATES | RB_UPSTREAM_LOCAL_INBOX)) == 0)
    {
      g_propagate_error (error, not_configured ("presence"));
      return NULL;
    }
  endpoint = rb_registry_lookup (core->registry, endpoint_id);
  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "presence read requires an active registered endpoint");
      return NULL;
    }
  if (!rb_core_check_owner (core, caller, endpoint, 0, error) || !check_active (endpoint, "presence read", error))
    return NULL;
  return endpoint;
}

void
rb_undispatched_count_async (RbCore              *core,
                             const RbCaller      *caller,
                             const char          *endpoint_id,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbUpstreamFeatures features = rb_upstream_get_features (core->upstream);
  RbEndpoint *endpoint;
  GError *error = NULL;

  endpoint = check_count (core, caller, endpoint_id, features, &error);
  if (endpoint == NULL)
    g_task_return_error (task, error);
  else if ((features & RB_UPSTREAM_HAS_CANDIDATES) != 0)
    {
      g_task_set_task_data (task, g_strdup (endpoint_id), g_free);
      rb_upstream_call_async (core->upstream, RB_UPSTREAM_CANDIDATES, candidate_arguments (endpoint), NULL, on_counted,
                              g_steal_pointer (&task));
    }
  else
    {
      g_task_set_task_data (task, GUINT_TO_POINTER (count_own (core, endpoint)), NULL);
      rb_core_commit (core, rb_changes_new (), on_count_barrier, g_steal_pointer (&task));
    }
}

gboolean
rb_undispatched_count_finish (RbCore        *core,
                              GAsyncResult  *result,
                              guint         *n,
                              GError       **error)
{
  g_autoptr(GError) local = NULL;
  gssize count = g_task_propagate_int (G_TASK (result), &local);

  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *n = count;
  return TRUE;
}
