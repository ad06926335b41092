/* rb-client-error.c: what can go wrong, named for what the caller can do about it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-error.h"

#include "rb-error.h"

/* It is the domain of the whole project under a name of its own, so that no error has to be translated on its way out. */
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_INVALID == (int) RB_ERROR_INVALID);
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_BAD_STATE == (int) RB_ERROR_BAD_STATE);
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_UNAVAILABLE == (int) RB_ERROR_UNAVAILABLE);
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_OUTCOME_UNKNOWN == (int) RB_ERROR_OUTCOME_UNKNOWN);
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_TIMED_OUT == (int) RB_ERROR_TIMED_OUT);
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_INTERNAL == (int) RB_ERROR_INTERNAL);
G_STATIC_ASSERT ((int) RB_CLIENT_ERROR_INTERNAL + 1 == (int) RB_ERROR_N_CODES);

G_DEFINE_ENUM_TYPE (RbClientError, rb_client_error,
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_INVALID, "invalid"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_UNAUTHORIZED, "unauthorized"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_FORBIDDEN, "forbidden"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_NOT_FOUND, "not-found"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_BAD_STATE, "bad-state"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_TOO_LARGE, "too-large"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_UNPROCESSABLE, "unprocessable"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_REJECTED, "rejected"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_UNAVAILABLE, "unavailable"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_OUTCOME_UNKNOWN, "outcome-unknown"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_NOT_SUPPORTED, "not-supported"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_TIMED_OUT, "timed-out"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_CORRUPT, "corrupt"),
                    G_DEFINE_ENUM_VALUE (RB_CLIENT_ERROR_INTERNAL, "internal"))

/**
 * rb_client_error_quark:
 *
 * The error domain of this library.
 *
 * Returns: the domain
 */
GQuark
rb_client_error_quark (void)
{
  return rb_error_quark ();
}

/**
 * rb_client_error_get_reason:
 * @error: an error that a call of this library ended with
 *
 * What exactly went wrong, as a fixed lower-case token on which a program can
 * match: the code of the broker's error envelope (`endpoint_not_active`,
 * `runtime_assignment_unknown`, ...) or one of this library's own
 * (`broker_not_running`, `broker_connection_lost`, `already_connected`, ...).
 *
 * Python copies an error's domain, code and text only: there this is %NULL.
 *
 * Returns: (nullable) (transfer none): the reason; %NULL when @error is of
 *   another domain or has none
 */
const char *
rb_client_error_get_reason (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return rb_error_get_reason (error);
}

/**
 * rb_client_error_is_transient:
 * @error: an error that a call of this library ended with
 *
 * Whether the same call may succeed later without anybody doing anything about
 * it. What failed with %RB_CLIENT_ERROR_OUTCOME_UNKNOWN is not: it may have
 * happened.
 *
 * Returns: %TRUE when it is worth trying again
 */
gboolean
rb_client_error_is_transient (const GError *error)
{
  GVariant *details;
  gboolean retryable = TRUE;

  g_return_val_if_fail (error != NULL, FALSE);

  if (g_error_matches (error, RB_ERROR, RB_ERROR_TIMED_OUT))
    return TRUE;
  if (!g_error_matches (error, RB_ERROR, RB_ERROR_UNAVAILABLE))
    return FALSE;

  details = rb_error_get_details (error);
  if (details != NULL)
    g_variant_lookup (details, "retryable", "b", &retryable);
  return retryable;
}
