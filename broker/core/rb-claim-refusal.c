/* rb-claim-refusal.c: what an adapter hears when it cannot have a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claim-refusal.h"

#include "rb-error.h"
#include "rb-upstream-error.h"

GError *
rb_claim_refusal_in_progress (void)
{
  return rb_error_new (RB_ERROR_BAD_STATE, "runtime_assignment_in_progress",
                       "runtime assignment already exists for this undispatched message and endpoint");
}

GError *
rb_claim_refusal_unknown (const char *text,
                          const char *reason_code)
{
  GError *error = rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, "runtime_self_claim_outcome_unknown", "%s", text);

  rb_error_set_retryable (error, TRUE);
  rb_error_add_detail (error, "outcome_unknown", g_variant_new_boolean (TRUE));
  rb_error_add_detail (error, "reason_code", g_variant_new_string (reason_code));
  return error;
}

GError *
rb_claim_refusal_no_endpoint (const char *endpoint_id)
{
  return rb_error_new (RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: %s", endpoint_id);
}

GError *
rb_claim_refusal_no_message (const char *undispatched_id)
{
  GError *error = rb_error_new (RB_ERROR_NOT_FOUND, "runtime_self_claim_rejected", "unknown undispatched_id: %s", undispatched_id);

  rb_error_set_retryable (error, FALSE);
  return error;
}

GError *
rb_claim_refusal_ended (RbCore     *core,
                        const char *endpoint_id)
{
  GError *error;

  if (rb_registry_lookup (core->registry, endpoint_id) == NULL)
    return rb_claim_refusal_no_endpoint (endpoint_id);
  error = rb_error_new (RB_ERROR_BAD_STATE, "runtime_self_claim_rejected", "the message was settled meanwhile");
  rb_error_set_retryable (error, FALSE);
  return error;
}

GError *
rb_claim_refusal_not_projected (const GError *failure)
{
  gboolean terminal = g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED);
  GError *error = rb_error_new (terminal ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE, "runtime_self_claim_assignment_projection_failed",
                                "%s", *failure->message != '\0' ? failure->message
                                                                : "assigned_to_runtime_target projection was not accepted");

  rb_error_set_retryable (error, !terminal);
  return error;
}

GError *
rb_claim_refusal_loss_untold (void)
{
  GError *error = rb_error_new (RB_ERROR_UNAVAILABLE, "runtime_self_claim_rejected", "its last assignment is still to be told as lost; retry");

  rb_error_set_retryable (error, TRUE);
  return error;
}

GError *
rb_claim_refusal_not_let_in (void)
{
  GError *error = rb_error_new (RB_ERROR_REJECTED, "runtime_self_claim_rejected", "the policy does not let in what that sender sends");

  rb_error_set_retryable (error, FALSE);
  return error;
}

GError *
rb_claim_refusal_mismatch (const RbClaimed  *claimed,
                           const char       *undispatched_id,
                           const RbTarget   *target,
                           const char      **reason_code)
{
  const char *what;
  GError *error;

  if (!g_str_equal (claimed->undispatched_id, undispatched_id))
    {
      what = "undispatched_id does not match request";
      *reason_code = "response_undispatched_id_mismatch";
    }
  else if (!rb_target_equal (claimed->target, target))
    {
      what = "target_ref does not match registered endpoint work target";
      *reason_code = "response_target_ref_mismatch";
    }
  else if (!g_str_equal (claimed->message_source, claimed->source_message_id))
    {
      what = "message sourceMessageId does not match source_message_id";
      *reason_code = "response_message_source_mismatch";
    }
  else
    return NULL;

  error = rb_error_new (RB_ERROR_REJECTED, "runtime_self_claim_response_invalid", "self-claim response %s", what);
  rb_error_set_retryable (error, FALSE);
  return error;
}

GError *
rb_claim_refusal_rejected (const GError *failure)
{
  gboolean terminal = g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED);
  gint64 status = rb_upstream_error_get_status (failure);
  GError *error;

  if (g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    {
      error = rb_error_new (RB_ERROR_NOT_SUPPORTED, "runtime_self_claim_unsupported", "apps/api self-claim route is not available");
      rb_error_set_retryable (error, TRUE);
      return error;
    }

  error = rb_error_new (terminal ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE, "runtime_self_claim_rejected", "%s",
                        *failure->message != '\0' ? failure->message : "runtime self-claim was rejected");
  if (terminal && status != 0)
    rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  rb_error_set_retryable (error, !terminal);
  return error;
}
