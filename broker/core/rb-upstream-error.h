/* rb-upstream-error.h: failures of upstream calls, as adapters are told of them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-error.h"

G_BEGIN_DECLS

/* 0: the other side did not answer. */
gint64      rb_upstream_error_get_status   (const GError *failure);
/* What it called the failure; NULL when it said nothing. */
const char *rb_upstream_error_get_code     (const GError *failure);
/* The route is not there at all: how an upstream of the 0.2.5 age answers (protocol.md 20.1). */
gboolean    rb_upstream_error_is_no_route  (const GError *failure);

/* protocol.md 10.5 row 7: it answered, with an error: status, code and text are passed on; @fallback: (nullable) the code where it gave none.
 * NULL: it did not answer. */
GError     *rb_upstream_error_answered     (const GError *failure, const char *fallback);
/* IMP-18: as above; what was not answered is "upstream_unavailable", to be tried again. */
GError     *rb_upstream_error_pass_on      (const GError *failure);

G_END_DECLS
