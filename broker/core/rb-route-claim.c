/* rb-route-claim.c: the upstream agrees to a direct delivery, and a conversation stays in order meanwhile
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-route-claim.h"

#include "rb-error.h"
#include "rb-inbound-private.h"
#include "rb-log.h"
#include "rb-rule.h"

#include <string.h>

typedef enum { VERDICT_NONE, VERDICT_ROUTE, VERDICT_SKIP, VERDICT_FAILED } Verdict;

typedef struct {
  RbCore     *core;           /* referenced while the upstream is asked */
  RbMessage  *message;
  gint64      seq;
  guint64     turn;           /* they count up as messages arrive */
  char       *conversation;
  char       *endpoint_id;
  const char *kind;           /* of the route, fixed before the claim */
  const char *rule;
  Verdict     verdict;
  gboolean    must_wait;      /* one before it was refused, and comes again */
  gboolean    is_saved;       /* in the inbox already */
} Claim;

struct _RbRouteClaims {
  GHashTable *conversations;  /* key to GQueue of Claim, in order of arrival */
  guint64     n_turns;
};

static void
claim_free (gpointer data)
{
  Claim *claim = data;

  rb_message_unref (claim->message);
  g_free (claim->conversation);
  g_free (claim->endpoint_id);
  g_free (claim);
}

static void
free_queue (gpointer data)
{
  g_queue_free_full (data, claim_free);
}

RbRouteClaims *
rb_route_claims_new (void)
{
  RbRouteClaims *self = g_new0 (RbRouteClaims, 1);

  self->conversations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_queue);
  return self;
}

void
rb_route_claims_free (RbRouteClaims *self)
{
  g_hash_table_unref (self->conversations);
  g_free (self);
}

/* The length in front keeps the parts apart, whatever is in them. */
static char *
make_conversation (const char      *endpoint_id,
                   const RbMessage *message)
{
  return g_strdup_printf ("%" G_GSIZE_FORMAT ":%s%s", strlen (endpoint_id), endpoint_id,
                          message->correlation_id != NULL ? message->correlation_id : "");
}

/* An unsequenced message does not come again: it goes where a person sees it, with the endpoint it was for. */
static void
decline (RbCore *core,
         Claim  *claim)
{
  gboolean continues = rb_router_contains (core->router, claim->endpoint_id, claim->message->correlation_id);

  if (claim->seq != RB_CONNECTOR_NO_SEQ)
    rb_inbound_refuse (core, claim->message, claim->seq);
  else
    rb_inbound_to_inbox (core, claim->message, claim->seq, continues ? RB_REASON_CORRELATED : RB_REASON_UNADDRESSED, claim->endpoint_id,
                         RB_RULE_DECLINED);
}

/* Those that were sent after it. What is behind it may have been sent before it, and come again. */
static void
hold_back (const Claim *refused,
           GQueue      *queue)
{
  for (GList *l = queue->head; l != NULL; l = l->next)
    {
      Claim *claim = l->data;

      claim->must_wait |= claim->seq > refused->seq;
    }
}

static gboolean
is_refused (RbCore *core,
            Claim  *claim)
{
  if (claim->seq == RB_CONNECTOR_NO_SEQ || claim->verdict == VERDICT_SKIP)
    return FALSE;
  return claim->verdict == VERDICT_FAILED || claim->must_wait || rb_inbound_must_wait (core, claim->message, claim->seq);
}

/* IMP-27: the endpoint may be gone; then the message is routed afresh. */
static void
place (RbCore   *core,
       Claim    *claim,
       gboolean  refused)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, claim->endpoint_id);

  if (claim->is_saved)
    return;
  if (core->is_stopping)
    rb_inbound_leave (core, claim->message);
  else if (claim->verdict == VERDICT_SKIP)
    rb_inbound_dismiss (core, claim->message, claim->seq);
  else if (refused || claim->verdict == VERDICT_FAILED)
    decline (core, claim);
  else if (endpoint != NULL)
    rb_inbound_to_endpoint (core, endpoint, claim->message, claim->seq, claim->kind, claim->rule);
  else
    rb_inbound_place (core, claim->message, claim->seq);
}

/* As far as the answers are there. */
static void
place_answered (RbCore     *core,
                const char *conversation)
{
  GHashTable *conversations = core->route_claims->conversations;
  GQueue *queue;

  while ((queue = g_hash_table_lookup (conversations, conversation)) != NULL &&
         ((Claim *) g_queue_peek_head (queue))->verdict != VERDICT_NONE)
    {
      Claim *claim = g_queue_pop_head (queue);
      gboolean refused = is_refused (core, claim);

      if (refused)
        hold_back (claim, queue);
      if (queue->length == 0)
        g_hash_table_remove (conversations, conversation);
      place (core, claim, refused);
      claim_free (claim);
    }
}

/* 20.2 row 10: an upstream of the old age has no such route. */
static gboolean
is_legacy_yes (RbCore       *core,
               const GError *error)
{
  GVariant *details = rb_error_get_details (error);
  gint64 status = 0;

  return core->is_legacy_upstream && details != NULL && g_variant_lookup (details, "status", "x", &status) &&
         (status == 404 || status == 405 || status == 501);
}

static Verdict
read_verdict (RbCore          *core,
              const RbMessage *message,
              GVariant        *answer,
              const GError    *error)
{
  const char *action = "";

  if (answer != NULL)
    g_variant_lookup (answer, "action", "&s", &action);
  if (g_str_equal (action, "route") || (error != NULL && is_legacy_yes (core, error)))
    return VERDICT_ROUTE;
  if (g_str_equal (action, "skip"))
    return VERDICT_SKIP;

  rb_log_warning ("runtime_inbound_route_claim_failed", "message_id", message->id, "err",
                  error != NULL ? error->message : "no known action", NULL);
  return VERDICT_FAILED;
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Claim *claim = user_data;
  g_autoptr(RbCore) core = g_steal_pointer (&claim->core);
  g_autofree char *conversation = g_strdup (claim->conversation);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  claim->verdict = read_verdict (core, claim->message, answer, error);
  place_answered (core, conversation);
}

static void
ask (RbCore *core,
     Claim  *claim)
{
  GVariantDict arguments;

  claim->core = g_object_ref (core);
  g_variant_dict_init (&arguments, NULL);
  g_variant_dict_insert (&arguments, "source_message_id", "s", claim->message->id);
  g_variant_dict_insert (&arguments, "routed_to_endpoint_id", "s", claim->endpoint_id);
  g_variant_dict_insert (&arguments, "route_kind", "s", claim->kind);
  g_variant_dict_insert (&arguments, "claimed_at", "x", rb_core_now (core));
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_ROUTE_CLAIM, g_variant_dict_end (&arguments), NULL, on_answered, claim);
}

static const char *
get_rule (const RbRoute *route)
{
  if (route->rule == RB_ROUTE_TARGET)
    return RB_RULE_TARGET;
  return route->n_matches > 1 ? RB_RULE_CORRELATION_OLDEST : RB_RULE_CORRELATION;
}

static const char *
get_kind (const RbRoute *route)
{
  return route->endpoint->state == RB_ENDPOINT_ACTIVE ? RB_ROUTE_KIND_ACTIVE : RB_ROUTE_KIND_RECONNECTING;
}

static GQueue *
ensure_queue (GHashTable *conversations,
              const char *conversation)
{
  GQueue *queue = g_hash_table_lookup (conversations, conversation);

  if (queue != NULL)
    return queue;

  queue = g_queue_new ();
  g_hash_table_insert (conversations, g_strdup (conversation), queue);
  return queue;
}

static Claim *
line_up (RbCore        *core,
         const RbRoute *route,
         RbMessage     *message,
         gint64         seq)
{
  Claim *claim = g_new0 (Claim, 1);

  claim->message = rb_message_ref (message);
  claim->seq = seq;
  claim->turn = ++core->route_claims->n_turns;
  claim->conversation = make_conversation (route->endpoint->id, message);
  claim->endpoint_id = g_strdup (route->endpoint->id);
  claim->kind = get_kind (route);
  claim->rule = get_rule (route);

  rb_placing_add (core->placing, message);
  g_queue_push_tail (ensure_queue (core->route_claims->conversations, claim->conversation), claim);
  return claim;
}

static gboolean
has_waiting (RbCore          *core,
             const RbRoute   *route,
             const RbMessage *message)
{
  GHashTable *conversations = core->route_claims->conversations;
  g_autofree char *conversation = NULL;

  if (g_hash_table_size (conversations) == 0)
    return FALSE;

  conversation = make_conversation (route->endpoint->id, message);
  return g_hash_table_contains (conversations, conversation);
}

void
rb_route_claim (RbCore        *core,
                const RbRoute *route,
                RbMessage     *message,
                gint64         seq)
{
  if (message->source_id != NULL && (rb_upstream_get_features (core->upstream) & RB_UPSTREAM_HAS_ROUTE_CLAIM) != 0)
    ask (core, line_up (core, route, message, seq));
  else if (has_waiting (core, route, message))
    line_up (core, route, message, seq)->verdict = VERDICT_ROUTE;
  else
    rb_inbound_to_endpoint (core, route->endpoint, message, seq, get_kind (route), get_rule (route));
}

static int
compare_turns (gconstpointer a,
               gconstpointer b,
               gpointer      user_data)
{
  const Claim *first = a;
  const Claim *second = b;

  return first->turn < second->turn ? -1 : first->turn > second->turn;
}

/* Several predecessors may have had the same correlation: then theirs is one conversation. */
static void
hand_over (RbCore     *core,
           const char *conversation,
           const char *to_id)
{
  GHashTable *conversations = core->route_claims->conversations;
  g_autofree char *key = NULL;
  g_autoptr(GQueue) queue = NULL;
  GQueue *theirs = NULL;
  Claim *claim;

  g_hash_table_steal_extended (conversations, conversation, (gpointer *) &key, (gpointer *) &queue);
  while ((claim = g_queue_pop_head (queue)) != NULL)
    {
      g_free (claim->endpoint_id);
      claim->endpoint_id = g_strdup (to_id);
      g_free (claim->conversation);
      claim->conversation = make_conversation (to_id, claim->message);
      theirs = ensure_queue (conversations, claim->conversation);
      g_queue_push_tail (theirs, claim);
    }
  g_queue_sort (theirs, compare_turns, NULL);
}

void
rb_route_claims_inherit (RbCore     *core,
                         const char *from_id,
                         const char *to_id)
{
  g_autoptr(GPtrArray) theirs = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer queue;

  g_hash_table_iter_init (&iter, core->route_claims->conversations);
  while (g_hash_table_iter_next (&iter, NULL, &queue))
    {
      const Claim *first = g_queue_peek_head (queue);

      if (g_str_equal (first->endpoint_id, from_id))
        g_ptr_array_add (theirs, g_strdup (first->conversation));
    }
  for (guint i = 0; i < theirs->len; i++)
    hand_over (core, g_ptr_array_index (theirs, i), to_id);
}

static void
save_unsequenced (RbCore *core,
                  GQueue *queue)
{
  for (GList *l = queue->head; l != NULL; l = l->next)
    {
      Claim *claim = l->data;

      if (claim->seq != RB_CONNECTOR_NO_SEQ)
        continue;
      claim->is_saved = TRUE;
      decline (core, claim);
    }
}

void
rb_route_claims_stop (RbCore *core)
{
  GHashTableIter iter;
  gpointer queue;

  g_hash_table_iter_init (&iter, core->route_claims->conversations);
  while (g_hash_table_iter_next (&iter, NULL, &queue))
    save_unsequenced (core, queue);
}
