/* rb-send-error.c: what an adapter is told when the network did not take a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-send-error.h"

#include "rb-error.h"

/* Connectors have reasons of their own; adapters know three answers and match on these words. */
static const struct {
  RbError     cause;
  RbError     code;
  const char *reason;
  gboolean    says_retryable;
  gboolean    retryable;
} answers[] = {
  { RB_ERROR_UNAVAILABLE, RB_ERROR_UNAVAILABLE, "connector_unavailable", TRUE, TRUE },
  { RB_ERROR_OUTCOME_UNKNOWN, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", TRUE, FALSE },
  { RB_ERROR_TIMED_OUT, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", TRUE, FALSE },
  { RB_ERROR_REJECTED, RB_ERROR_REJECTED, "connector_rejected", FALSE, FALSE },
};

static void
copy_details (const GError *cause,
              GError       *answer)
{
  GVariant *details = rb_error_get_details (cause);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (details == NULL)
    return;

  g_variant_iter_init (&iter, details);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    rb_error_add_detail (answer, name, g_variant_ref (value));
}

static gboolean
has_detail (const GError *error,
            const char   *name)
{
  GVariant *details = rb_error_get_details (error);
  g_autoptr(GVariant) value = details != NULL ? g_variant_lookup_value (details, name, NULL) : NULL;

  return value != NULL;
}

/**
 * rb_send_error_new:
 * @cause: why a connector's send failed
 * @to: (nullable): the address it was for, if still known
 *
 * Says it in the words of the wire, by the kind of failure and never by its text: "connector_unavailable",
 * "connector_send_outcome_unknown" or "connector_rejected". The connector's own word goes along as "connector_code". An error of
 * another kind is our bug and stays what it is. Source: protocol.md 8.3, IMP-25.
 *
 * Returns: (transfer full): the error for the adapter
 */
GError *
rb_send_error_new (const GError *cause,
                   const char   *to)
{
  const char *reason = rb_error_get_reason (cause);

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      GError *answer;

      if (!g_error_matches (cause, RB_ERROR, answers[i].cause))
        continue;

      answer = rb_error_new (answers[i].code, answers[i].reason, "%s", cause->message);
      copy_details (cause, answer);
      if (answers[i].says_retryable)
        rb_error_set_retryable (answer, answers[i].retryable);
      if (reason != NULL && g_strcmp0 (reason, answers[i].reason) != 0 && !has_detail (answer, "connector_code"))
        rb_error_add_detail (answer, "connector_code", g_variant_new_string (reason));
      if (to != NULL && !has_detail (answer, "to"))
        rb_error_add_detail (answer, "to", g_variant_new_string (to));
      return answer;
    }
  return g_error_copy (cause);
}

/* Whether the message may have been sent all the same: it must not be sent again under another id. */
gboolean
rb_send_error_is_unknown (const GError *cause)
{
  return g_error_matches (cause, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN) || g_error_matches (cause, RB_ERROR, RB_ERROR_TIMED_OUT);
}
