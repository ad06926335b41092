/* rb-wire-errors.h: errors as adapters see them: a status and an envelope
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-error.h"

G_BEGIN_DECLS

/* Source: protocol.md 4.3 and Appendix A. */

/* The HTTP status of @error; 500 for an error of another domain. */
guint       rb_wire_error_status (const GError *error);
/* The `error` member: never NULL, static or as long as @error. */
const char *rb_wire_error_code   (const GError *error);
/* {"error":code,"message":text, details...}. The text of an error of another domain does not leave the process. */
GBytes     *rb_wire_error_body   (const GError *error);
/* {"error":code,"path":path}; without @path (NULL) only the code. */
GBytes     *rb_wire_refusal_body (const char *code, const char *path);

G_END_DECLS
