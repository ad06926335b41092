/* sim-directory.c: the network's directory, which knows to whom it gave what
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-directory-private.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define LISTED 8     /* of the newest messages it offers some */

typedef struct {
  char *assignment_id;
  char *endpoint_id;
} Given;

typedef struct {
  RbUpstreamCall  call;
  GVariant       *arguments;
  gboolean        is_settling;   /* a message that the broker has */
} Call;

static void module_iface_init (RbModuleInterface *iface);
static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimDirectory, sim_directory, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static void
module_iface_init (RbModuleInterface *iface)
{
}

static RbUpstreamFeatures
get_features (RbUpstream *upstream)
{
  return SIM_DIRECTORY (upstream)->plan->features;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  g_variant_unref (call->arguments);
  g_free (call);
}

static void
given_free (gpointer data)
{
  Given *given = data;

  g_free (given->assignment_id);
  g_free (given->endpoint_id);
  g_free (given);
}

const char *
sim_directory_argument (GVariant   *arguments,
                        const char *name)
{
  const char *text = NULL;

  g_variant_lookup (arguments, name, "&s", &text);
  return text;
}

static void
on_acknowledged (SimDirectory *self,
                 GVariant     *arguments)
{
  const char *key = sim_directory_argument (arguments, "idempotency_key");

  sim_oracle_acknowledged (self->oracle, key, sim_directory_argument (arguments, "status"));
  for (guint i = 0; i < self->orders->len; i++)
    if (strcmp (sim_directory_argument (g_ptr_array_index (self->orders, i), "idempotency_key"), key) == 0)
      {
        g_ptr_array_remove_index (self->orders, i);
        return;
      }
}

static void
call_async (RbUpstream          *upstream,
            RbUpstreamCall       call,
            GVariant            *arguments,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  SimDirectory *self = SIM_DIRECTORY (upstream);
  GTask *task = g_task_new (upstream, cancellable, callback, user_data);
  Call *data = g_new (Call, 1);

  *data = (Call) { call, g_variant_ref_sink (arguments), FALSE };
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, data, call_free);
  if (self->is_dead || sim_oracle_is_dead (self->oracle))
    {
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_UNAVAILABLE, "the process is gone");
      g_object_unref (task);
      return;
    }
  sim_trace (self->oracle, "broker", "asks %s %s", rb_upstream_call_to_string (call),
             sim_directory_argument (arguments, "undispatched_id") != NULL ? sim_directory_argument (arguments, "undispatched_id")
             : sim_directory_argument (arguments, "endpoint_id") != NULL   ? sim_directory_argument (arguments, "endpoint_id")
                                                             : "");
  if (call == RB_UPSTREAM_SELF_SETTLE)
    data->is_settling = sim_oracle_settling (self->oracle, sim_directory_argument (arguments, "undispatched_id"));
  g_ptr_array_add (self->calls, task);
}

static GVariant *
call_finish (RbUpstream    *upstream,
             GAsyncResult  *result,
             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = get_features;
  iface->call_async = call_async;
  iface->call_finish = call_finish;
}

static void
sim_directory_finalize (GObject *object)
{
  SimDirectory *self = SIM_DIRECTORY (object);

  g_ptr_array_unref (self->calls);
  g_hash_table_unref (self->given);
  g_hash_table_unref (self->over);
  g_hash_table_unref (self->rows);
  g_hash_table_unref (self->accepted);
  g_hash_table_unref (self->sessions);
  g_ptr_array_unref (self->orders);
  G_OBJECT_CLASS (sim_directory_parent_class)->finalize (object);
}

static void
sim_directory_class_init (SimDirectoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sim_directory_finalize;
}

static void
sim_directory_init (SimDirectory *self)
{
  self->calls = g_ptr_array_new_with_free_func (g_object_unref);
  self->given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, given_free);
  self->over = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->accepted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->orders = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

SimDirectory *
sim_directory_new (SimOracle     *oracle,
                   const SimPlan *plan,
                   SimNetwork    *network,
                   SimRandom     *random)
{
  SimDirectory *self = g_object_new (SIM_TYPE_DIRECTORY, NULL);

  self->oracle = oracle;
  self->plan = plan;
  self->network = network;
  self->random = random;
  return self;
}

/* What it knows. */

static GVariant *
grant_endpoint (SimDirectory *self,
                GVariant     *arguments)
{
  g_autofree char *id = g_strdup_printf ("ep_%u", ++self->n_endpoints);
  const char *session = sim_directory_argument (arguments, "runtime_session_id");
  GVariantDict dict;

  g_hash_table_insert (self->sessions, g_strdup (id), g_strdup (session));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "endpoint_id", "s", id);
  g_variant_dict_insert (&dict, "heartbeat_after_seconds", "d", sim_random_chance (self->random, 20) ? 30.0 : 0.0);
  return g_variant_dict_end (&dict);
}

void
sim_directory_put (GVariantDict *dict,
                   const char   *name,
                   const char   *text)
{
  if (text != NULL)
    g_variant_dict_insert (dict, name, "s", text);
}

static const char *
sender_of (SimDirectory *self,
           const char   *id)
{
  for (guint i = sim_network_get_n (self->network); i-- > 0;)
    if (strcmp (sim_network_get_id (self->network, i), id) == 0)
      return sim_network_get_sender (self->network, i);
  return "s0@sim";
}

static GVariant *
describe (SimDirectory *self,
          const char   *id)
{
  const Given *given = g_hash_table_lookup (self->given, id);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  sim_directory_put (&dict, "undispatched_id", id);
  sim_directory_put (&dict, "source_message_id", id);
  sim_directory_put (&dict, "sender_address", sender_of (self, id));
  sim_directory_put (&dict, "content_preview", id);
  sim_directory_put (&dict, "reason", "no_target_endpoint");
  sim_directory_put (&dict, "claim_policy", given != NULL ? "assigned_in_progress" : "node_pull_only");
  g_variant_dict_insert (&dict, "arrived_at", "x", (gint64) 1000);
  sim_directory_put (&dict, "active_assignment_id", given != NULL ? given->assignment_id : NULL);
  sim_directory_put (&dict, "active_target_endpoint_id", given != NULL ? given->endpoint_id : NULL);
  return g_variant_dict_end (&dict);
}

static GVariant *
list (SimDirectory *self)
{
  guint n = sim_network_get_n (self->network);
  GVariantBuilder items;
  GVariantDict dict;

  g_variant_builder_init (&items, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = n > LISTED ? n - LISTED : 0; i < n; i++)
    {
      const char *id = sim_network_get_id (self->network, i);

      if (!g_hash_table_contains (self->over, id) &&
          (g_hash_table_contains (self->given, id) || sim_random_chance (self->random, 25)))
        g_variant_builder_add_value (&items, describe (self, id));
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "items", g_variant_builder_end (&items));
  return g_variant_dict_end (&dict);
}

GVariant *
sim_directory_target_of (SimDirectory *self,
                         const char   *endpoint_id)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  sim_directory_put (&dict, "kind", "projection_endpoint");
  sim_directory_put (&dict, "projection_endpoint_id", endpoint_id);
  sim_directory_put (&dict, "runtime_session_id", g_hash_table_lookup (self->sessions, endpoint_id));
  sim_directory_put (&dict, "background_exchange_mode", "adapter_managed_turn");
  return g_variant_dict_end (&dict);
}

static GVariant *
message_of (SimDirectory *self,
            const char   *id)
{
  const char *metadata = "{}";
  GVariantDict dict;

  for (guint i = 0; i < sim_network_get_n (self->network); i++)
    if (strcmp (sim_network_get_id (self->network, i), id) == 0)
      metadata = sim_network_get_metadata (self->network, i);
  g_variant_dict_init (&dict, NULL);
  sim_directory_put (&dict, "from", sender_of (self, id));
  sim_directory_put (&dict, "content", id);
  sim_directory_put (&dict, "contentType", "text");
  sim_directory_put (&dict, "sourceMessageId", id);
  sim_directory_put (&dict, "metadata", metadata);
  return g_variant_dict_end (&dict);
}

/* NULL: it is somebody else's, or over, or there is no such message. */
static Given *
give (SimDirectory *self,
      const char   *id,
      const char   *endpoint_id)
{
  Given *given = g_hash_table_lookup (self->given, id);

  if (g_hash_table_contains (self->over, id) || (given != NULL && strcmp (given->endpoint_id, endpoint_id) != 0))
    return NULL;
  if (given != NULL)
    return given;

  given = g_new (Given, 1);
  given->assignment_id = g_strdup_printf ("d%u", ++self->n_assignments);
  given->endpoint_id = g_strdup (endpoint_id);
  g_hash_table_insert (self->given, g_strdup (id), given);
  g_hash_table_add (self->rows, g_strdup (id));
  return given;
}

static GVariant *
claim (SimDirectory *self,
       GVariant     *arguments)
{
  const char *id = sim_directory_argument (arguments, "undispatched_id");
  const char *endpoint_id = sim_directory_argument (arguments, "target_endpoint_id");
  const Given *given = give (self, id, endpoint_id);
  GVariantDict dict;

  if (given == NULL)
    return NULL;

  g_variant_dict_init (&dict, NULL);
  sim_directory_put (&dict, "assignment_id", given->assignment_id);
  sim_directory_put (&dict, "source_message_id", id);
  sim_directory_put (&dict, "undispatched_id", id);
  sim_directory_put (&dict, "broker_projection_token", "secret");
  g_variant_dict_insert (&dict, "assigned_at", "x", (gint64) 5000);
  g_variant_dict_insert (&dict, "claimed", "b", TRUE);
  g_variant_dict_insert_value (&dict, "target_ref", sim_directory_target_of (self, endpoint_id));
  g_variant_dict_insert_value (&dict, "message", message_of (self, id));
  return g_variant_dict_end (&dict);
}

static void
take_back (SimDirectory *self,
           const char   *id,
           const char   *assignment_id)
{
  const Given *given = g_hash_table_lookup (self->given, id);

  if (given != NULL && (assignment_id == NULL || strcmp (given->assignment_id, assignment_id) == 0))
    g_hash_table_remove (self->given, id);
}

static gboolean
is_somebody_elses (SimDirectory *self,
                   const char   *id,
                   const char   *endpoint_id)
{
  const Given *given = g_hash_table_lookup (self->given, id);

  return given != NULL && strcmp (given->endpoint_id, endpoint_id) != 0;
}

static gboolean
is_of_endpoint (gpointer key,
                gpointer value,
                gpointer user_data)
{
  return strcmp (((Given *) value)->endpoint_id, user_data) == 0;
}

static GVariant *
capabilities (SimDirectory *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "staged_assignment", "b", self->plan->has_mailroom);
  g_variant_dict_insert (&dict, "staged_delivery", "b", self->plan->has_mailroom);
  return g_variant_dict_end (&dict);
}

static GVariant *
one_text (const char *name,
          const char *text)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  sim_directory_put (&dict, name, text);
  return g_variant_dict_end (&dict);
}

/* NULL: refused. */
static GVariant *
respond (SimDirectory   *self,
         RbUpstreamCall  call,
         GVariant       *arguments)
{
  const char *id = sim_directory_argument (arguments, "undispatched_id");

  switch (call)
    {
    case RB_UPSTREAM_REGISTER_ENDPOINT:
      return grant_endpoint (self, arguments);
    case RB_UPSTREAM_CAPABILITIES:
      return capabilities (self);
    case RB_UPSTREAM_ROUTE_CLAIM:
      return one_text ("action", sim_random_chance (self->random, 80) ? "route" : "undispatched");
    case RB_UPSTREAM_CANDIDATES:
      return list (self);
    case RB_UPSTREAM_SELF_CLAIM:
      return claim (self, arguments);
    case RB_UPSTREAM_UNREGISTER:
      g_hash_table_foreach_remove (self->given, is_of_endpoint, (gpointer) sim_directory_argument (arguments, "endpoint_id"));
      break;
    case RB_UPSTREAM_RELEASE_CLAIM:
      take_back (self, id, sim_directory_argument (arguments, "assignment_id"));
      break;
    case RB_UPSTREAM_SELF_SETTLE:
      /* Only what waits, or was given to whoever asks and not accepted. */
      if (is_somebody_elses (self, id, sim_directory_argument (arguments, "endpoint_id")) || !g_hash_table_contains (self->rows, id) ||
          g_hash_table_contains (self->accepted, id) || g_hash_table_contains (self->over, id))
        return NULL;
      take_back (self, id, NULL);
      g_hash_table_add (self->over, g_strdup (id));
      break;
    case RB_UPSTREAM_CONTROL_ACK:
      on_acknowledged (self, arguments);
      break;
    case RB_UPSTREAM_LOOKUP_CLOSED:
      return g_variant_new_parsed ("{'exists': <%b>}", sim_random_chance (self->random, 50));
    case RB_UPSTREAM_HISTORY:
      return g_variant_new_parsed ("{'conversation_ref': <@a{sv} {}>, 'items': <@aa{sv} []>, 'has_more': <false>}");
    case RB_UPSTREAM_WHOAMI:
    case RB_UPSTREAM_HEARTBEAT:
    case RB_UPSTREAM_ENDPOINT_STATE:
    case RB_UPSTREAM_DISPLAY_METADATA:
    case RB_UPSTREAM_N_CALLS:
      break;
    }
  return g_variant_new ("a{sv}", NULL);
}

static GError *
refusal (RbError     code,
         gint64      status,
         const char *text)
{
  GError *error = rb_error_new (code, NULL, "%s", text);

  if (status > 0)
    rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  if (status == 404)
    rb_error_add_detail (error, "code", g_variant_new_string ("undispatched_unknown"));
  return error;
}

/* Whatever makes it refuse, of what is over it says that it knows of no such message. */
static gint64
status_of_refusal (SimDirectory *self,
                   const Call   *call)
{
  const char *id = sim_directory_argument (call->arguments, "undispatched_id");
  gboolean is_of_message = call->call == RB_UPSTREAM_SELF_SETTLE || call->call == RB_UPSTREAM_SELF_CLAIM;

  return is_of_message && g_hash_table_contains (self->over, id) ? 404 : 409;
}

guint
sim_directory_get_n (SimDirectory *self)
{
  return self->calls->len;
}

static gboolean
is_same (const Call *one,
         const Call *other,
         const char *member)
{
  return g_strcmp0 (sim_directory_argument (one->arguments, member), sim_directory_argument (other->arguments, member)) == 0;
}

/* Its endpoint was told no: nobody has to find out whether an earlier call, which was given up, is carried out after that. */
static void
forget_earlier (SimDirectory *self,
                const Call   *refused)
{
  for (guint i = 0; i < self->calls->len; i++)
    {
      Call *call = g_task_get_task_data (g_ptr_array_index (self->calls, i));

      if (call->is_settling && is_same (call, refused, "undispatched_id") && is_same (call, refused, "endpoint_id"))
        call->is_settling = FALSE;
    }
}

/* What the broker has to find out of it. */
static void
note_settling (SimDirectory *self,
               const Call   *call,
               gboolean      is_done,
               SimAnswer     how,
               gint64        status)
{
  const char *id = sim_directory_argument (call->arguments, "undispatched_id");
  const char *endpoint_id = sim_directory_argument (call->arguments, "endpoint_id");

  if (is_done)
    sim_oracle_settlement (self->oracle, id, endpoint_id);
  else if (how == SIM_ANSWER_FAILED || how == SIM_ANSWER_LOST)
    return;
  else if (status == 404)
    sim_oracle_settled_before (self->oracle, id, endpoint_id);
  else
    forget_earlier (self, call);
}

void
sim_directory_answer (SimDirectory *self,
                      guint         i,
                      SimAnswer     how)
{
  g_autoptr(GTask) task = g_ptr_array_steal_index (self->calls, i);
  const Call *call = g_task_get_task_data (task);
  g_autoptr(GVariant) answer = NULL;
  gint64 status = status_of_refusal (self, call);

  /* What it is told of control events it hears at once, or not at all. */
  if (how == SIM_ANSWER_REFUSED && call->call == RB_UPSTREAM_CONTROL_ACK)
    how = SIM_ANSWER_FAILED;
  sim_trace (self->oracle, "directory", "answers %s: %s", rb_upstream_call_to_string (call->call),
             how == SIM_ANSWER_OK        ? "yes"
             : how == SIM_ANSWER_REFUSED ? "no"
             : how == SIM_ANSWER_FAILED  ? "not now"
                                         : "done, and the answer is lost");
  if (how == SIM_ANSWER_OK || how == SIM_ANSWER_LOST)
    answer = respond (self, call->call, call->arguments);
  if (answer != NULL)
    g_variant_ref_sink (answer);
  if (call->is_settling)
    note_settling (self, call, answer != NULL, how, status);

  if (how == SIM_ANSWER_OK && answer != NULL)
    g_task_return_pointer (task, g_steal_pointer (&answer), (GDestroyNotify) g_variant_unref);
  else if (how == SIM_ANSWER_OK || how == SIM_ANSWER_REFUSED)
    g_task_return_error (task, refusal (RB_ERROR_REJECTED, status, "no"));
  else if (how == SIM_ANSWER_FAILED)
    g_task_return_error (task, refusal (RB_ERROR_UNAVAILABLE, 503, "not now"));
  else
    g_task_return_error (task, refusal (RB_ERROR_TIMED_OUT, 0, "the answer was lost"));
}

/* What somebody dispatched here. */
static void
note_assigned (SimDirectory *self,
               const char   *id,
               const char   *assignment_id,
               const RbJson *event)
{
  g_autoptr(RbJson) target = rb_json_open (event, "target_ref", NULL);
  char *endpoint_id = target != NULL ? rb_json_peek_string (target, "projection_endpoint_id") : NULL;
  Given *given;

  if (endpoint_id == NULL)
    return;
  given = g_new (Given, 1);
  given->assignment_id = g_strdup (assignment_id);
  given->endpoint_id = endpoint_id;
  g_hash_table_replace (self->given, g_strdup (id), given);
}

void
sim_directory_hear (SimDirectory *self,
                    RbEvent      *event)
{
  static const char *const back[] = { "target_lost_before_acceptance", "waiting_for_runtime_capability", NULL };
  static const char *const over[] = { "processing_failed", "expired", "reply_emitted", NULL };
  g_autoptr(RbJson) json = NULL;
  g_autofree char *state = NULL;
  g_autofree char *id = NULL;

  if (rb_event_get_kind (event) == RB_EVENT_UNDISPATCHED_CHANGED)
    g_hash_table_add (self->rows, g_strdup (rb_event_get_subject (event)));
  if (rb_event_get_kind (event) != RB_EVENT_PROCESSING_STATE)
    return;

  json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  state = rb_json_peek_string (json, "state");
  id = rb_json_peek_string (json, "source_message_id");
  if (strcmp (state, "assigned_to_runtime_target") == 0)
    note_assigned (self, id, rb_event_get_subject (event), json);
  if (g_strv_contains (back, state) || g_strv_contains (over, state))
    take_back (self, id, rb_event_get_subject (event));
  if (strcmp (state, "adapter_accepted") == 0)
    g_hash_table_add (self->accepted, g_strdup (id));
  if (g_strv_contains (over, state))
    g_hash_table_add (self->over, g_strdup (id));
}

gboolean
sim_directory_allows (SimDirectory *self,
                      RbEvent      *event)
{
  g_autoptr(RbJson) json = NULL;
  g_autofree char *state = NULL;
  g_autofree char *id = NULL;

  if (rb_event_get_kind (event) != RB_EVENT_PROCESSING_STATE)
    return TRUE;

  json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  state = rb_json_peek_string (json, "state");
  id = rb_json_peek_string (json, "source_message_id");
  return (strcmp (state, "assigned_to_runtime_target") != 0 && strcmp (state, "adapter_accepted") != 0) ||
         !g_hash_table_contains (self->over, id);
}

void
sim_directory_die (SimDirectory *self)
{
  self->is_dead = TRUE;
  while (self->calls->len > 0)
    sim_directory_answer (self, 0, SIM_ANSWER_FAILED);
}

void
sim_directory_revive (SimDirectory *self)
{
  self->is_dead = FALSE;
}
