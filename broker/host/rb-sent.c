/* rb-sent.c: what becomes of a send that was taken, from one connector to the next in front of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sent.h"

typedef struct {
  char         *message_id;
  RbSendStatus  status;
} Sent;

static void
sent_free (gpointer data)
{
  Sent *sent = data;

  g_free (sent->message_id);
  g_free (sent);
}

void
rb_sent_return (GTask        *task,
                char         *message_id,
                RbSendStatus  status)
{
  Sent *sent = g_new (Sent, 1);

  *sent = (Sent) { message_id, status };
  g_task_return_pointer (task, sent, sent_free);
}

gboolean
rb_sent_finish (RbConnector   *connector,
                GAsyncResult  *result,
                char         **message_id,
                RbSendStatus  *status,
                GError       **error)
{
  Sent *sent = g_task_propagate_pointer (G_TASK (result), error);

  if (sent == NULL)
    return FALSE;

  *message_id = g_steal_pointer (&sent->message_id);
  *status = sent->status;
  sent_free (sent);
  return TRUE;
}
