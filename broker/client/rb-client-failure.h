/* rb-client-failure.h: error envelopes and broken connections as GError
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-error.h"
#include "rb-json.h"

G_BEGIN_DECLS

/* @body: (nullable): an error envelope (protocol.md 4.3), or anything else that came with @status. The error has the
 * envelope's code as its reason and its extra members as details; its code says what the caller can do (21.8). */
GError   *rb_client_error_from_answer    (guint         status,
                                          const RbJson *body,
                                          const char   *method,
                                          const char   *path);

/* What went wrong below HTTP. @repeatable: the call has the same effect once or twice; otherwise one that may have
 * reached the broker is RB_ERROR_OUTCOME_UNKNOWN. Cancellation stays G_IO_ERROR_CANCELLED. */
GError   *rb_client_error_from_transport (const GError *cause,
                                          gboolean      repeatable);

G_END_DECLS
