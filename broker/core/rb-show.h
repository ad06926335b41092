/* rb-show.h: one thing, whole, with what was said
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* @id: as for rb_explain_async(). Answers with a{sv}, as a line of an export is, with the whole content as long as the message lives and with
 * what is kept of it afterwards; an assignment or a reply is shown as its message, with "assignment" while there is one. Fails as
 * rb_find_async(), and with RB_ERROR_NOT_FOUND "not_kept" and RB_ERROR_NOT_SUPPORTED "not_shown". */
void      rb_show_async  (RbCore *core, const char *id, GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full) */
GVariant *rb_show_finish (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
