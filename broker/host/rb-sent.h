/* rb-sent.h: what becomes of a send that was taken, from one connector to the next in front of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"

G_BEGIN_DECLS

/* Returns @task. @message_id: (transfer full) (nullable) */
void      rb_sent_return (GTask *task, char *message_id, RbSendStatus status);
/* A `send_finish` of such tasks. */
gboolean  rb_sent_finish (RbConnector *connector, GAsyncResult *result, char **message_id, RbSendStatus *status, GError **error);

G_END_DECLS
