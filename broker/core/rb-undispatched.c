/* rb-undispatched.c: the inbox as adapters may see it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-undispatched.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-log.h"

#define LIST_LIMIT 256

void
rb_listed_message_free (RbListedMessage *self)
{
  g_free (self->id);
  g_free (self->source_message_id);
  g_free (self->sender_address);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_free (self->content_type);
  g_clear_pointer (&self->metadata, g_bytes_unref);
  g_free (self->reason);
  g_free (self->claim_policy);
  g_free (self->active_assignment_id);
  g_free (self->active_target_endpoint_id);
  g_clear_pointer (&self->conversation_ref, g_variant_unref);
  g_free (self->original_target_endpoint_id);
  g_free (self->original_correlation_id);
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

/* protocol.md 10.5, rows 3 to 6. */
static RbEndpoint *
choose_endpoint (RbCore          *core,
                 const RbCaller  *caller,
                 const char      *endpoint_id,
                 GError         **error)
{
  RbEndpoint *endpoint;

  if (endpoint_id == NULL)
    return only_active_endpoint (core, caller->pid, error);

  endpoint = rb_registry_lookup (core->registry, endpoint_id);
  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "list claimable requires an active registered endpoint");
      return NULL;
    }
  if (endpoint->plugin_pid != caller->pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
      return NULL;
    }
  return check_active (endpoint, "list claimable", error) ? endpoint : NULL;
}

static GError *
not_configured (const char *what)
{
  GError *error = rb_error_new (RB_ERROR_UNAVAILABLE, "runtime_claim_candidates_unavailable",
                                "Services claim-candidates authority is not configured; refusing to expose broker-local %s", what);

  rb_error_set_retryable (error, TRUE);
  return error;
}

static RbListedMessage *
listed_from_row (const RbMessage *message)
{
  RbListedMessage *item = g_new0 (RbListedMessage, 1);

  item->id = g_strdup (message->id);
  item->source_message_id = g_strdup (message->source_id);
  item->arrived_at = message->arrived_at;
  item->sender_address = g_strdup (rb_envelope_get_from (message->envelope));
  item->content = g_bytes_ref (rb_envelope_get_content (message->envelope));
  item->content_type = g_strdup (rb_envelope_get_content_type (message->envelope));
  item->metadata = g_bytes_ref (rb_envelope_get_metadata (message->envelope));
  item->reason = g_strdup (message->reason);
  item->claim_policy = g_strdup ("owner_select_required");
  item->original_target_endpoint_id = g_strdup (message->endpoint_id);
  item->original_correlation_id = g_strdup (message->correlation_id);
  return item;
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
        g_ptr_array_add (items, listed_from_row (message));
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
  GPtrArray *items = g_task_get_task_data (task);

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_ptr_array_ref (items), (GDestroyNotify) g_ptr_array_unref);
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

static const char *
listing_reason (const char *reason)
{
  if (g_strcmp0 (reason, RB_REASON_CLOSED_SESSION) == 0 || g_strcmp0 (reason, RB_REASON_CORRELATED) == 0)
    return reason;
  return RB_REASON_UNADDRESSED;
}

static RbMessage *
find_cached (RbCore     *core,
             const char *undispatched_id,
             const char *source_message_id)
{
  RbMessage *message = undispatched_id != NULL ? rb_ledger_lookup (core->ledger, undispatched_id) : NULL;

  if (message == NULL && source_message_id != NULL)
    message = rb_ledger_lookup (core->ledger, source_message_id);
  return message;
}

static void
fill_message (RbListedMessage *item,
              GVariant        *candidate,
              const RbMessage *cached)
{
  g_autofree char *preview = dup_text (candidate, "content_preview");

  if (cached == NULL)
    {
      item->sender_address = dup_text (candidate, "sender_address");
      item->content = rb_json_slice_from_string (preview != NULL ? preview : "");
      item->content_type = g_strdup ("text");
      item->metadata = g_bytes_new_static ("{}", 2);
      return;
    }

  item->sender_address = g_strdup (rb_envelope_get_from (cached->envelope));
  item->content = g_bytes_ref (rb_envelope_get_content (cached->envelope));
  item->content_type = g_strdup (rb_envelope_get_content_type (cached->envelope));
  item->metadata = g_bytes_ref (rb_envelope_get_metadata (cached->envelope));
}

/* protocol.md 10.5: the upstream says what may be seen; what we have here makes it whole. */
static RbListedMessage *
listed_from_candidate (RbCore   *core,
                       GVariant *candidate)
{
  RbListedMessage *item = g_new0 (RbListedMessage, 1);
  g_autofree char *reason = dup_text (candidate, "reason");

  item->id = dup_text (candidate, "undispatched_id");
  item->source_message_id = dup_text (candidate, "source_message_id");
  g_variant_lookup (candidate, "arrived_at", "x", &item->arrived_at);
  fill_message (item, candidate, find_cached (core, item->id, item->source_message_id));
  item->reason = g_strdup (listing_reason (reason));
  item->claim_policy = dup_text (candidate, "claim_policy");
  item->active_assignment_id = dup_text (candidate, "active_assignment_id");
  item->active_target_endpoint_id = dup_text (candidate, "active_target_endpoint_id");
  item->conversation_ref = g_variant_lookup_value (candidate, "conversation_ref", G_VARIANT_TYPE_VARDICT);
  item->original_target_endpoint_id = dup_text (candidate, "target_endpoint_id_hint");
  item->original_correlation_id = dup_text (candidate, "in_reply_to");
  return item;
}

/* Row 7: the upstream answered, with an error; its status, code and text are passed on. NULL: it did not. */
static GError *
answered_error (const GError *failure)
{
  GVariant *details = rb_error_get_details (failure);
  const char *code;
  GError *error;
  gint64 status;

  if (details == NULL || !g_variant_lookup (details, "status", "x", &status))
    return g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) ? g_error_copy (failure) : NULL;

  error = rb_error_new (RB_ERROR_REJECTED, rb_error_get_reason (failure), "%s", failure->message);
  rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  if (g_variant_lookup (details, "code", "&s", &code))
    rb_error_add_detail (error, "code", g_variant_new_string (code));
  rb_error_set_retryable (error, status >= 500);
  return error;
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
candidates_finish (RbUpstream    *upstream,
                   GAsyncResult  *result,
                   const char    *what,
                   GError       **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (upstream, result, &failure);
  GVariant *items = answer != NULL ? g_variant_lookup_value (answer, "items", G_VARIANT_TYPE ("aa{sv}")) : NULL;
  GError *answered;

  if (items != NULL)
    return items;

  rb_log_warning (g_str_equal (what, "cache") ? "runtime_claim_candidates_failed" : "runtime_presence_claim_candidates_failed", "err",
                  failure != NULL ? failure->message : "invalid claim-candidates response", NULL);
  answered = failure != NULL ? answered_error (failure) : NULL;
  g_propagate_error (error, answered != NULL ? answered : read_error (what));
  return NULL;
}

static void
on_candidates (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbCore *core = g_task_get_source_object (task);
  g_autoptr(GVariant) candidates = NULL;
  GPtrArray *items;
  GError *error = NULL;

  candidates = candidates_finish (RB_UPSTREAM (source), result, "cache", &error);
  if (candidates == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  items = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_listed_message_free);
  for (gsize i = 0; i < g_variant_n_children (candidates); i++)
    {
      g_autoptr(GVariant) candidate = g_variant_get_child_value (candidates, i);

      g_ptr_array_add (items, listed_from_candidate (core, candidate));
    }
  g_task_return_pointer (task, items, (GDestroyNotify) g_ptr_array_unref);
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
  RbEndpoint *endpoint = NULL;
  GError *error = NULL;

  if (caller->pid <= 0)
    rb_set_error (&error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for list undispatched");
  else if ((features & (RB_UPSTREAM_HAS_CANDIDATES | RB_UPSTREAM_LOCAL_INBOX)) == 0)
    error = not_configured ("cache");
  else
    endpoint = choose_endpoint (core, caller, endpoint_id, &error);

  if (endpoint == NULL)
    g_task_return_error (task, error);
  else if ((features & RB_UPSTREAM_HAS_CANDIDATES) != 0)
    rb_upstream_call_async (core->upstream, RB_UPSTREAM_CANDIDATES, candidate_arguments (endpoint), NULL, on_candidates,
                            g_steal_pointer (&task));
  else
    {
      g_task_set_task_data (task, list_own_inbox (core), (GDestroyNotify) g_ptr_array_unref);
      rb_core_commit (core, rb_changes_new (), on_barrier, g_steal_pointer (&task));
    }
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
  g_autoptr(GVariant) candidates = NULL;
  GError *error = NULL;

  candidates = candidates_finish (RB_UPSTREAM (source), result, "presence", &error);
  if (candidates == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, count_bound (candidates, g_task_get_task_data (task)));
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
