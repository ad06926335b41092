/* rb-error.h: the one error domain, with the wire's reason attached to each error
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RbError:
 * @RB_ERROR_INVALID: the input is malformed; repeating it cannot help (400)
 * @RB_ERROR_UNAUTHORIZED: the caller did not prove who it is (401)
 * @RB_ERROR_FORBIDDEN: the caller is known and may not do this (403)
 * @RB_ERROR_NOT_FOUND: the thing named does not exist (404)
 * @RB_ERROR_BAD_STATE: the thing is in a state that does not allow this (409)
 * @RB_ERROR_TOO_LARGE: a size or depth limit was exceeded (413)
 * @RB_ERROR_UNPROCESSABLE: well-formed, but the content makes no sense (422)
 * @RB_ERROR_REJECTED: the other side refused for good (502; or 4xx where it says so)
 * @RB_ERROR_UNAVAILABLE: away, busy or full for now; the same call may work later (503)
 * @RB_ERROR_OUTCOME_UNKNOWN: it may or may not have happened (503, never repeated by itself)
 * @RB_ERROR_NOT_SUPPORTED: this build, module or profile does not offer it (503)
 * @RB_ERROR_TIMED_OUT: no answer within the deadline
 * @RB_ERROR_CORRUPT: stored data is damaged or from a newer version
 * @RB_ERROR_INTERNAL: our bug (500)
 *
 * Few codes, each named for what the caller can do about it. What exactly went
 * wrong travels as the reason (rb_error_get_reason()), a fixed lower-case token
 * on which clients match.
 */
typedef enum {
  RB_ERROR_INVALID,
  RB_ERROR_UNAUTHORIZED,
  RB_ERROR_FORBIDDEN,
  RB_ERROR_NOT_FOUND,
  RB_ERROR_BAD_STATE,
  RB_ERROR_TOO_LARGE,
  RB_ERROR_UNPROCESSABLE,
  RB_ERROR_REJECTED,
  RB_ERROR_UNAVAILABLE,
  RB_ERROR_OUTCOME_UNKNOWN,
  RB_ERROR_NOT_SUPPORTED,
  RB_ERROR_TIMED_OUT,
  RB_ERROR_CORRUPT,
  RB_ERROR_INTERNAL,
  RB_ERROR_N_CODES,
} RbError;

#define RB_ERROR (rb_error_quark ())
GQuark       rb_error_quark       (void);

/* @reason is a wire code such as "endpoint_not_active" (protocol.md, Appendix A). */
GError      *rb_error_new         (RbError       code,
                                   const char   *reason,
                                   const char   *format,
                                   ...) G_GNUC_PRINTF (3, 4) G_GNUC_WARN_UNUSED_RESULT;
void         rb_set_error         (GError      **error,
                                   RbError       code,
                                   const char   *reason,
                                   const char   *format,
                                   ...) G_GNUC_PRINTF (4, 5);

/* NULL for an error of another domain or one that was made without a reason. */
const char  *rb_error_get_reason  (const GError *error);

/* Extra members of the error envelope, a{sv} with JSON-able values ("retryable" b,
 * "assignment_failure_category" s, ...); NULL when there are none. */
GVariant    *rb_error_get_details (const GError *error);

/* Both do nothing for an error of another domain. @value is sunk. */
void         rb_error_add_detail  (GError       *error,
                                   const char   *name,
                                   GVariant     *value);
void         rb_error_set_retryable (GError     *error,
                                     gboolean    retryable);

G_END_DECLS
