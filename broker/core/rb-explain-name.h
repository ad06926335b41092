/* rb-explain-name.h: which endpoint a person means with a name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* The whole name (of its session, or its label). One that is here comes before one that is closed, the last before older ones. (transfer full)
 * (nullable): NULL without an error: nobody was called so, or it is not kept any more. */
void   rb_find_endpoint_async  (RbCore *core, const char *name, GAsyncReadyCallback callback, gpointer user_data);
char  *rb_find_endpoint_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
