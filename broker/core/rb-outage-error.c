/* rb-outage-error.c: what a caller is told whose call waits for a store that writes nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-outage-error.h"

#include "rb-error.h"

static const struct {
  RbError     code;
  gboolean    is_retryable;
  const char *text;
} outcomes[] = {
  [RB_OUTAGE_NOTHING_DONE] = { RB_ERROR_UNAVAILABLE, TRUE, "nothing was done" },
  [RB_OUTAGE_REPEATABLE] = { RB_ERROR_UNAVAILABLE, TRUE, "ask again, with the same id where there is one" },
  [RB_OUTAGE_UNKNOWN] = { RB_ERROR_OUTCOME_UNKNOWN, FALSE, "what was asked for may still be done when there is room, so look before you ask again" },
};

GError *
rb_outage_error_new (const char      *why,
                     RbOutageOutcome  outcome)
{
  GError *error = rb_error_new (outcomes[outcome].code, "storage_unavailable", "nothing can be stored now: %s; %s",
                                why != NULL ? why : "unknown reason", outcomes[outcome].text);

  rb_error_set_retryable (error, outcomes[outcome].is_retryable);
  return error;
}
