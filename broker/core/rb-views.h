/* rb-views.h: what a person may look at
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* For the operator surfaces (Unix socket, later the bus). All answers are a{sv} or aa{sv}, floating. Member names are snake_case. */
GVariant *rb_view_status      (RbCore *core);   /* presence, reason, address, ready, counts, limits with their fill and counters */
GVariant *rb_view_endpoints   (RbCore *core);
GVariant *rb_view_inbox       (RbCore *core);   /* with preview, why and since when */
GVariant *rb_view_assignments (RbCore *core);

/* One of them; NULL: there is none (any more). */
GVariant *rb_view_endpoint              (RbCore *core, const char *endpoint_id);
GVariant *rb_view_message               (RbCore *core, const char *message_id);   /* of the inbox, or held */
GVariant *rb_view_row                   (const RbMessage *message);               /* whatever its place */
GVariant *rb_view_assignment_of_message (RbCore *core, const char *message_id);

/* What a view shows was changed in memory before it is on disk: a surface takes the view, waits for this, and answers then. Finishes at once
 * while nothing can be stored: a person must be able to see why. */
void      rb_view_settle_async  (RbCore *core, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_view_settle_finish (RbCore *core, GAsyncResult *result, GError **error);

/* Any message id, assignment id or endpoint id: the ladder with times, the place, who holds it, the next timer. RB_ERROR_NOT_FOUND. */
void      rb_explain_async    (RbCore *core, const char *id, GAsyncReadyCallback callback, gpointer user_data);
GVariant *rb_explain_finish   (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
