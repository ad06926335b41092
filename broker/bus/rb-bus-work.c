/* rb-bus-work.c: methods by which a caller on the bus takes a message itself, and says what becomes of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-work.h"

#include "rb-bus-claims.h"
#include "rb-bus-options.h"
#include "rb-bus-words.h"
#include "rb-claim.h"
#include "rb-error.h"
#include "rb-held-why.h"
#include "rb-processing.h"
#include "rb-reply.h"
#include "rb-settle.h"
#include "rb-show.h"
#include "rb-views.h"

/* The broker's own reports of an assignment are 1 (assigned), then reply_requested and reply_emitted after ours. */
enum { SEQUENCE_ACCEPTED = 2, SEQUENCE_FAILED = 6 };

#define DETAIL_MAX 200

/* A call that is at work with a claim. What it began goes on when its caller is gone meanwhile; then the claim is over. */
typedef struct Work Work;
struct Work {
  RbBusCall  *call;
  RbBusClaim *claim;
  RbBusWords  words;
  void      (*next) (RbCore *core, Work *self);   /* when it is accepted */
};

static void
work_free (Work *self)
{
  rb_bus_words_clear (&self->words);
  g_free (self);
}

static Work *
work_new (RbBusCall  *call,
          RbBusClaim *claim)
{
  Work *self = g_new0 (Work, 1);

  self->call = call;
  self->claim = claim;
  return self;
}

/* The claim stands. */
static void
fail (Work         *self,
      const GError *error)
{
  rb_bus_claim_rest (self->claim);
  rb_bus_call_fail (self->call, error);
  work_free (self);
}

/* It does not, or never did. */
static void
end_with_error (Work         *self,
                const GError *error)
{
  rb_bus_claim_end (self->claim);
  rb_bus_call_fail (self->call, error);
  work_free (self);
}

/* @answer: a tuple, or NULL */
static void
end (Work     *self,
     GVariant *answer)
{
  rb_bus_claim_end (self->claim);
  rb_bus_call_answer (self->call, answer);
  work_free (self);
}

static void
on_shown (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Work *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) shown = rb_show_finish (RB_CORE (source), result, &error);

  if (shown == NULL)
    {
      end_with_error (self, error);
      return;
    }
  rb_bus_call_answer (self->call, g_variant_new ("(s@a{sv})", self->claim->id, shown));
  rb_bus_claim_rest (self->claim);
  work_free (self);
}

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Work *self = user_data;
  RbBusClaim *claim = self->claim;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbGrant) grant = rb_claim_finish (RB_CORE (source), result, &error);

  if (grant == NULL)
    {
      end_with_error (self, error);
      return;
    }
  claim->id = g_strdup (grant->context->assignment_id);
  claim->source_id = g_strdup (grant->context->source_message_id);
  rb_show_async (RB_CORE (source), claim->message_id, on_shown, self);
}

static void
on_guest (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Work *self = user_data;
  RbBusClaim *claim = self->claim;
  RbCaller caller = rb_bus_guest_get_caller ();
  g_autoptr(GError) error = NULL;
  RbClaimRequest request = { .plugin_pid = caller.pid, .undispatched_id = claim->message_id, .is_watched = TRUE };

  claim->guest = rb_bus_guest_new_finish (result, &error);
  if (claim->guest == NULL)
    {
      end_with_error (self, error);
      return;
    }
  request.endpoint_id = (char *) rb_bus_guest_get_endpoint_id (claim->guest);
  request.endpoint_owner_token = (char *) rb_bus_guest_get_owner_token (claim->guest);
  rb_claim_async (RB_CORE (source), &caller, &request, on_claimed, self);
}

static gboolean
read_claim (RbBusCall   *call,
            GVariant    *parameters,
            char       **name,
            RbBusClaim **claim,
            GError     **error)
{
  const char *message_id, *given = "bus";
  const RbBusOption known[] = { { "name", "s", &given } };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 1);

  g_variant_get_child (parameters, 0, "&s", &message_id);
  if (!rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, error) ||
      !rb_bus_guest_check_name (given, error) || !rb_held_why_check (call->ports->core, message_id, error))
    return FALSE;
  *name = g_strdup (given);
  *claim = rb_bus_claims_begin (call->calls->claims, call->invocation, message_id, error);
  return *claim != NULL;
}

void
rb_bus_work_claim (RbBusCall  *call,
                   const char *key,
                   GVariant   *parameters)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  RbBusClaim *claim = NULL;

  if (read_claim (call, parameters, &name, &claim, &error))
    rb_bus_guest_new_async (call->ports->core, name, TRUE, on_guest, work_new (call, claim));
  else
    rb_bus_call_fail (call, error);
}

/* NULL: the call is answered. */
static Work *
take_up (RbBusCall *call,
         GVariant  *parameters)
{
  g_autoptr(GError) error = NULL;
  RbBusClaim *claim;
  const char *id;

  g_variant_get_child (parameters, 0, "&s", &id);
  claim = rb_bus_claims_take (call->calls->claims, call->invocation, id, &error);
  if (claim != NULL)
    return work_new (call, claim);
  rb_bus_call_fail (call, error);
  return NULL;
}

/* Somebody else has ended it meanwhile. */
static gboolean
is_lost (const GError *error)
{
  return g_strcmp0 (rb_error_get_reason (error), "runtime_assignment_unknown") == 0;
}

static void
fail_or_lose (Work         *self,
              const GError *error)
{
  if (is_lost (error))
    end_with_error (self, error);
  else
    fail (self, error);
}

static void
report (RbCore              *core,
        const RbBusClaim    *claim,
        RbProcessingRequest *request,
        GAsyncReadyCallback  callback,
        Work                *work)
{
  RbCaller caller = rb_bus_guest_get_caller ();
  g_autofree char *event_id = g_strconcat (claim->id, ":", request->state, NULL);

  request->endpoint_id = (char *) rb_bus_guest_get_endpoint_id (claim->guest);
  request->endpoint_owner_token = (char *) rb_bus_guest_get_owner_token (claim->guest);
  request->plugin_pid = caller.pid;
  request->source_message_id = claim->source_id;
  request->assignment_id = claim->id;
  request->undispatched_id = claim->message_id;
  request->state_event_id = event_id;
  request->occurred_at = RB_NO_TIME;
  rb_processing_async (core, &caller, request, callback, work);
}

static void
on_replied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Work *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = NULL;
  g_autofree char *status = NULL;

  if (rb_reply_finish (RB_CORE (source), result, &message_id, &status, &error))
    end (self, g_variant_new ("(ss)", message_id, status));
  else
    fail_or_lose (self, error);
}

/* The same request, however often it is asked for. */
static void
reply (RbCore *core,
       Work   *self)
{
  const RbBusClaim *claim = self->claim;
  RbCaller caller = rb_bus_guest_get_caller ();
  g_autofree char *request_id = g_strconcat ("reply:", claim->id, NULL);
  const RbReplyRequest request = { .endpoint_id = (char *) rb_bus_guest_get_endpoint_id (claim->guest),
                                   .plugin_pid = caller.pid,
                                   .endpoint_owner_token = (char *) rb_bus_guest_get_owner_token (claim->guest),
                                   .source_message_id = claim->source_id,
                                   .assignment_id = claim->id,
                                   .reply_request_id = request_id,
                                   .content = self->words.content,
                                   .content_type = self->words.content_type,
                                   .metadata = self->words.metadata };

  rb_reply_async (core, &caller, &request, on_replied, self);
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Work *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!rb_processing_finish (RB_CORE (source), result, &error))
    {
      fail_or_lose (self, error);
      return;
    }
  self->claim->is_accepted = TRUE;
  self->next (RB_CORE (source), self);
}

/* What is answered, or declared handled, has to be accepted first. */
static void
accept_then (void   (*next) (RbCore *core, Work *self),
             RbCore  *core,
             Work    *self)
{
  RbProcessingRequest accepted = { .state = (char *) "adapter_accepted", .state_sequence = SEQUENCE_ACCEPTED };

  self->next = next;
  if (self->claim->is_accepted)
    next (core, self);
  else
    report (core, self->claim, &accepted, on_accepted, self);
}

static gboolean
read_words (Work      *self,
            GVariant  *parameters,
            GError   **error)
{
  const char *text, *content_type = NULL, *metadata = NULL;
  const RbBusOption known[] = { { "content_type", "s", &content_type }, { "metadata", "s", &metadata } };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 2);

  g_variant_get_child (parameters, 1, "&s", &text);
  return rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, error) &&
         rb_bus_words_read (&self->words, text, content_type, metadata, error);
}

void
rb_bus_work_reply (RbBusCall  *call,
                   const char *key,
                   GVariant   *parameters)
{
  Work *self = take_up (call, parameters);
  g_autoptr(GError) error = NULL;

  if (self == NULL)
    return;
  if (read_words (self, parameters, &error))
    accept_then (reply, call->ports->core, self);
  else
    fail (self, error);
}

/* It ends when that is done, and stands otherwise. */
static void
end_when (Work         *self,
          GObject      *core,
          GAsyncResult *result,
          RbBusFinish   finish)
{
  g_autoptr(GError) error = NULL;

  if (finish (RB_CORE (core), result, &error))
    end (self, NULL);
  else
    fail_or_lose (self, error);
}

static void
on_failed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  end_when (user_data, source, result, rb_processing_finish);
}

void
rb_bus_work_fail (RbBusCall  *call,
                  const char *key,
                  GVariant   *parameters)
{
  RbProcessingRequest failed = { .state = (char *) "processing_failed",
                                 .state_sequence = SEQUENCE_FAILED,
                                 .reason_code = (char *) "declined",
                                 .has_retryable = TRUE };
  Work *self = take_up (call, parameters);
  g_autofree char *detail = NULL;
  const char *reason;

  if (self == NULL)
    return;
  g_variant_get_child (parameters, 1, "&s", &reason);
  detail = g_utf8_substring (reason, 0, MIN (g_utf8_strlen (reason, -1), DETAIL_MAX));
  failed.detail = *detail != '\0' ? detail : NULL;
  report (call->ports->core, self->claim, &failed, on_failed, self);
}

static void
on_left (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Work *self = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_bus_guest_leave_finish (RB_CORE (source), result, &error))
    end (self, NULL);
  else
    end_with_error (self, error);
}

void
rb_bus_work_release (RbBusCall  *call,
                     const char *key,
                     GVariant   *parameters)
{
  Work *self = take_up (call, parameters);
  g_autoptr(GError) error = NULL;

  if (self == NULL)
    return;
  if (!self->claim->is_accepted)
    {
      rb_bus_guest_leave_async (g_steal_pointer (&self->claim->guest), on_left, self);
      return;
    }
  rb_set_error (&error, RB_ERROR_BAD_STATE, "claim_accepted", "an answer to '%s' was begun: send it again, or let it fail", self->claim->message_id);
  fail (self, error);
}

static void
settle (RbCore              *core,
        const RbBusGuest    *guest,
        const char          *message_id,
        GAsyncReadyCallback  callback,
        gpointer             user_data)
{
  RbCaller caller = rb_bus_guest_get_caller ();
  const RbSettleRequest request = { .endpoint_id = (char *) rb_bus_guest_get_endpoint_id (guest),
                                    .plugin_pid = caller.pid,
                                    .undispatched_id = (char *) message_id };

  rb_settle_async (core, &caller, &request, callback, user_data);
}

static void
on_settled_own (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  end_when (user_data, source, result, rb_settle_finish);
}

static void
settle_own (RbCore *core,
            Work   *self)
{
  settle (core, self->claim->guest, self->claim->message_id, on_settled_own, self);
}

/* Of a message that nobody has: by a guest of its own. */
typedef struct {
  RbBusCall  *call;
  RbBusGuest *guest;
  char       *message_id;
} Settle;

static void
settle_end (Settle       *self,
            const GError *error)
{
  if (error != NULL)
    rb_bus_call_fail (self->call, error);
  else
    rb_bus_call_answer (self->call, NULL);
  g_free (self->message_id);
  g_free (self);
}

static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Settle *self = user_data;
  g_autoptr(GError) error = NULL;

  rb_settle_finish (RB_CORE (source), result, &error);
  rb_bus_guest_leave_async (self->guest, NULL, NULL);
  settle_end (self, error);
}

static void
on_settler (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Settle *self = user_data;
  g_autoptr(GError) error = NULL;

  self->guest = rb_bus_guest_new_finish (result, &error);
  if (self->guest == NULL)
    settle_end (self, error);
  else
    settle (RB_CORE (source), self->guest, self->message_id, on_settled, self);
}

/* What somebody has in hand only they can settle; the core would end what nobody accepted, whoever has it. */
static gboolean
check_hands (RbBusCall   *call,
             const char  *message_id,
             GError     **error)
{
  GVariant *assignment = rb_view_assignment_of_message (call->ports->core, message_id);

  if (assignment == NULL)
    return rb_held_why_check (call->ports->core, message_id, error);
  g_variant_unref (g_variant_ref_sink (assignment));
  rb_set_error (error, RB_ERROR_BAD_STATE, "message_in_other_hands", "somebody else has message '%s'", message_id);
  return FALSE;
}

void
rb_bus_work_settle (RbBusCall  *call,
                    const char *key,
                    GVariant   *parameters)
{
  g_autoptr(GError) error = NULL;
  RbBusClaim *claim = NULL;
  const char *message_id, *id;
  Settle *self;

  g_variant_get (parameters, "(&s)", &message_id);
  id = rb_bus_claims_find (call->calls->claims, call->invocation, message_id);
  if (id != NULL)
    claim = rb_bus_claims_take (call->calls->claims, call->invocation, id, &error);
  if (claim != NULL)
    accept_then (settle_own, call->ports->core, work_new (call, claim));
  else if (error != NULL || !check_hands (call, message_id, &error))
    rb_bus_call_fail (call, error);
  else
    {
      self = g_new0 (Settle, 1);
      self->call = call;
      self->message_id = g_strdup (message_id);
      rb_bus_guest_new_async (call->ports->core, "bus", FALSE, on_settler, self);
    }
}
