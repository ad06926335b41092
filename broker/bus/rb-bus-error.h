/* rb-bus-error.h: errors as a caller on the bus sees them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RB_BUS_ERROR_PREFIX "io.github.runtimebroker.Error."

/* What the caller can do about @error; Internal for a foreign one. */
const char *rb_bus_error_get_name (const GError *error);
/* (transfer full): begins with the code of protocol.md, Appendix A, where there is one. */
char *rb_bus_error_dup_text (const GError *error);
/* Answers @invocation (transfer full) with @error: its name tells what the caller can do about it, its text begins with the code of
 * protocol.md, Appendix A. A foreign one leaves as Internal, and its text stays in the log. */
void  rb_bus_return_error (GDBusMethodInvocation *invocation, const GError *error);

G_END_DECLS
