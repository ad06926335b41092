/* rb-outbox-operator.h: what a person sees of the outbox, and may do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* aa{sv}, floating. Of the events that the upstream is still to hear the oldest, with what each waits for; and those it refused for good. */
GVariant  *rb_view_outbox           (RbCore *core);
GVariant  *rb_view_dead_letters     (RbCore *core);

/* Dead letters are tried again, behind what waits for their subjects: the one of this id, or with 0 all of them; not one that tells of an
 * assignment which was given again since. @n: how many. Fails with RB_ERROR_NOT_FOUND "dead_letter_unknown", RB_ERROR_BAD_STATE
 * "dead_letter_overtaken". */
void       rb_dead_letter_retry_async  (RbCore *core, gint64 id, GAsyncReadyCallback callback, gpointer user_data);
gboolean   rb_dead_letter_retry_finish (RbCore *core, GAsyncResult *result, guint *n, GError **error);

G_END_DECLS
