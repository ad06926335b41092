/* rb-ipc-messages.c: routes about messages: send, the inbox and its count
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-request.h"
#include "rb-send.h"
#include "rb-undispatched.h"
#include "rb-wire-answers.h"
#include "rb-wire-requests.h"

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autofree char *message_id = NULL;
  g_autofree char *correlation_id = NULL;
  g_autoptr(GError) error = NULL;
  RbSendStatus status;

  if (rb_send_finish (rb_ipc_request_get_core (request), result, &message_id, &status, &correlation_id, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_sent (message_id, rb_send_status_to_string (status)));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_send (RbIpcRequest *request)
{
  g_auto(RbSendRequest) body = { 0 };
  g_autoptr(GError) error = NULL;

  if (!rb_wire_read_send (rb_ipc_request_get_body (request), &body, &error))
    rb_ipc_request_fail (request, error);
  else
    rb_send_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_sent,
                   rb_ipc_request_ref (request));
}

static void
on_listed (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GPtrArray) messages = NULL;
  g_autoptr(GError) error = NULL;

  messages = rb_undispatched_list_finish (rb_ipc_request_get_core (request), result, &error);
  if (messages != NULL)
    rb_ipc_request_answer (request, 200, rb_wire_answer_undispatched (messages));
  else
    rb_ipc_request_fail (request, error);
}

/* FALSE when the request was answered. @endpoint_id: (out) (nullable) */
static gboolean
read_endpoint_id (RbIpcRequest *request,
                  char        **endpoint_id)
{
  g_autoptr(GError) error = NULL;

  if (rb_ipc_query_get (rb_ipc_request_get_target (request), "endpoint_id", endpoint_id, &error))
    return TRUE;
  rb_ipc_request_fail (request, error);
  return FALSE;
}

void
rb_ipc_handle_undispatched (RbIpcRequest *request)
{
  g_autofree char *endpoint_id = NULL;

  if (read_endpoint_id (request, &endpoint_id))
    rb_undispatched_list_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), endpoint_id, on_listed,
                                rb_ipc_request_ref (request));
}

static void
on_counted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  if (rb_undispatched_count_finish (rb_ipc_request_get_core (request), result, &n, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_presence (n));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_presence (RbIpcRequest *request)
{
  g_autofree char *endpoint_id = NULL;

  if (read_endpoint_id (request, &endpoint_id))
    rb_undispatched_count_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), endpoint_id, on_counted,
                                 rb_ipc_request_ref (request));
}
