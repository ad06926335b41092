/* rb-client-error.h: what can go wrong, named for what the caller can do about it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * RbClientError:
 * @RB_CLIENT_ERROR_INVALID: the input is malformed; repeating it cannot help (HTTP 400)
 * @RB_CLIENT_ERROR_UNAUTHORIZED: the caller did not prove who it is (401)
 * @RB_CLIENT_ERROR_FORBIDDEN: the caller is known and may not do this (403)
 * @RB_CLIENT_ERROR_NOT_FOUND: the thing named does not exist; also: no broker runs (404)
 * @RB_CLIENT_ERROR_BAD_STATE: the thing is in a state that does not allow this (409)
 * @RB_CLIENT_ERROR_TOO_LARGE: a limit of size or depth was exceeded (413)
 * @RB_CLIENT_ERROR_UNPROCESSABLE: well-formed, but the content makes no sense (422)
 * @RB_CLIENT_ERROR_REJECTED: the other side refused for good (502)
 * @RB_CLIENT_ERROR_UNAVAILABLE: away, busy or full for now; the same call may work later (503)
 * @RB_CLIENT_ERROR_OUTCOME_UNKNOWN: it may or may not have happened; only the application can know whether to repeat it
 * @RB_CLIENT_ERROR_NOT_SUPPORTED: this broker or its network does not offer it
 * @RB_CLIENT_ERROR_TIMED_OUT: no answer within the deadline
 * @RB_CLIENT_ERROR_CORRUPT: what the broker said or stored is damaged
 * @RB_CLIENT_ERROR_INTERNAL: a bug, of the broker or of this library (500)
 *
 * Few codes, each named for what the caller can do about it. What exactly went
 * wrong is the reason, a fixed lower-case token such as `endpoint_not_active`:
 * see [func@Rb.ClientError.get_reason].
 *
 * A cancelled call ends with %G_IO_ERROR_CANCELLED instead.
 */
typedef enum {
  RB_CLIENT_ERROR_INVALID,
  RB_CLIENT_ERROR_UNAUTHORIZED,
  RB_CLIENT_ERROR_FORBIDDEN,
  RB_CLIENT_ERROR_NOT_FOUND,
  RB_CLIENT_ERROR_BAD_STATE,
  RB_CLIENT_ERROR_TOO_LARGE,
  RB_CLIENT_ERROR_UNPROCESSABLE,
  RB_CLIENT_ERROR_REJECTED,
  RB_CLIENT_ERROR_UNAVAILABLE,
  RB_CLIENT_ERROR_OUTCOME_UNKNOWN,
  RB_CLIENT_ERROR_NOT_SUPPORTED,
  RB_CLIENT_ERROR_TIMED_OUT,
  RB_CLIENT_ERROR_CORRUPT,
  RB_CLIENT_ERROR_INTERNAL,
} RbClientError;

#define RB_TYPE_CLIENT_ERROR (rb_client_error_get_type ())
GType       rb_client_error_get_type     (void);

#define RB_CLIENT_ERROR (rb_client_error_quark ())
GQuark      rb_client_error_quark        (void);

const char *rb_client_error_get_reason   (const GError *error);
gboolean    rb_client_error_is_transient (const GError *error);

G_END_DECLS
