/* rb-upstream-error.c: failures of upstream calls, as adapters are told of them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-upstream-error.h"

gint64
rb_upstream_error_get_status (const GError *failure)
{
  GVariant *details = rb_error_get_details (failure);
  gint64 status = 0;

  if (details != NULL)
    g_variant_lookup (details, "status", "x", &status);
  return status;
}

const char *
rb_upstream_error_get_code (const GError *failure)
{
  GVariant *details = rb_error_get_details (failure);
  const char *code = NULL;

  if (details != NULL)
    g_variant_lookup (details, "code", "&s", &code);
  return code;
}

gboolean
rb_upstream_error_is_no_route (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);

  return status == 404 || status == 405 || status == 501;
}

GError *
rb_upstream_error_answered (const GError *failure,
                            const char   *fallback)
{
  gint64 status = rb_upstream_error_get_status (failure);
  const char *code = rb_upstream_error_get_code (failure);
  GError *error;

  if (status == 0)
    return g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) ? g_error_copy (failure) : NULL;

  if (code == NULL)
    code = rb_error_get_reason (failure);
  error = rb_error_new (RB_ERROR_REJECTED, code != NULL ? code : fallback, "%s", failure->message);
  rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  rb_error_set_retryable (error, status >= 500);
  return error;
}

GError *
rb_upstream_error_pass_on (const GError *failure)
{
  GError *error = rb_upstream_error_answered (failure, "unknown");

  if (error != NULL)
    return error;
  if (!g_error_matches (failure, RB_ERROR, RB_ERROR_UNAVAILABLE) && !g_error_matches (failure, RB_ERROR, RB_ERROR_TIMED_OUT))
    return g_error_copy (failure);

  error = rb_error_new (RB_ERROR_UNAVAILABLE, "upstream_unavailable", "%s", failure->message);
  rb_error_set_retryable (error, TRUE);
  return error;
}
