/* rb-ipc-assignments.c: routes about assignments
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dispatch.h"
#include "rb-ipc-request.h"
#include "rb-processing.h"
#include "rb-reply.h"
#include "rb-wire-answers.h"
#include "rb-wire-requests.h"

static void
on_dispatched (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_dispatch_finish (rb_ipc_request_get_core (request), result, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_ok ());
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_dispatch (RbIpcRequest *request)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autofree char *undispatched_id = rb_json_peek_string (body, "undispatched_id");
  g_autofree char *endpoint_id = rb_json_peek_string (body, "target_endpoint_id");

  rb_dispatch_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), undispatched_id, endpoint_id,
                     on_dispatched, rb_ipc_request_ref (request));
}

static void
on_replied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autofree char *message_id = NULL;
  g_autofree char *status = NULL;
  g_autoptr(GError) error = NULL;

  if (rb_reply_finish (rb_ipc_request_get_core (request), result, &message_id, &status, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_sent (message_id, status));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_reply (RbIpcRequest *request)
{
  g_auto(RbReplyRequest) body = { 0 };
  g_autoptr(GError) error = NULL;

  if (!rb_wire_read_reply (rb_ipc_request_get_body (request), &body, &error))
    rb_ipc_request_fail (request, error);
  else
    rb_reply_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_replied,
                    rb_ipc_request_ref (request));
}

static void
on_processed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_processing_finish (rb_ipc_request_get_core (request), result, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_ok ());
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_processing (RbIpcRequest *request)
{
  g_auto(RbProcessingRequest) body = { 0 };
  g_autoptr(GError) error = NULL;

  if (!rb_wire_read_processing (rb_ipc_request_get_body (request), &body, &error))
    rb_ipc_request_fail (request, error);
  else
    rb_processing_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_processed,
                         rb_ipc_request_ref (request));
}
