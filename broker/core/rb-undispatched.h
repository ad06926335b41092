/* rb-undispatched.h: the inbox as adapters may see it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-listed-message.h"

G_BEGIN_DECLS

/* @endpoint_id: NULL when the query had none */
void       rb_undispatched_list_async   (RbCore *core, const RbCaller *caller, const char *endpoint_id, GAsyncReadyCallback callback,
                                         gpointer user_data);
GPtrArray *rb_undispatched_list_finish  (RbCore *core, GAsyncResult *result, GError **error);   /* of RbListedMessage */

void       rb_undispatched_count_async  (RbCore *core, const RbCaller *caller, const char *endpoint_id, GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean   rb_undispatched_count_finish (RbCore *core, GAsyncResult *result, guint *n, GError **error);

G_END_DECLS
