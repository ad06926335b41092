/* rb-ipc-assignments.c: routes about assignments
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dispatch.h"
#include "rb-error.h"
#include "rb-ipc-request.h"
#include "rb-processing.h"
#include "rb-reply.h"
#include "rb-wire-answers.h"
#include "rb-wire-requests.h"

#include <string.h>

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

/* What no upstream of this version offers answers as protocol.md says for an upstream without it, so that adapters fall back to
 * what there is. The caller is checked first, as everywhere. */
static const struct {
  const char *path;
  const char *what;      /* "x-plugin-pid header is required for ..." */
  const char *body;      /* "x-plugin-pid header does not match ... body" */
  const char *reason;
  const char *message;
} not_offered[] = {
  { "/v1/runtime/assignment-claim", "assignment claim", "claim", "runtime_self_claim_unsupported",
    "apps/api self-claim route is not available" },
  { "/v1/runtime/session-conversation-history", "runtime conversation history", "history",
    "runtime_conversation_history_unsupported", "apps/api runtime conversation history route is not available" },
  { "/v1/runtime/self-settle", "self-settle", "self-settle", "runtime_self_settle_unsupported",
    "apps/api self-settle route is not available" },
  { "/v1/runtime/staged-delivery", "staged delivery", "staged-delivery", "runtime_staged_delivery_unsupported",
    "staged delivery is not available" },
};

static GError *
check_caller (RbIpcRequest *request,
              guint         i)
{
  gint64 pid = rb_ipc_request_get_caller (request)->pid;

  if (pid <= 0)
    return rb_error_new (RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for %s", not_offered[i].what);
  if (pid != rb_wire_read_plugin_pid (rb_ipc_request_get_body (request)))
    return rb_error_new (RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match %s body",
                         not_offered[i].body);
  return NULL;
}

void
rb_ipc_handle_not_offered (RbIpcRequest *request)
{
  const char *target = rb_ipc_request_get_target (request);
  g_autofree char *path = g_strndup (target, strcspn (target, "?#"));
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (not_offered); i++)
    {
      if (strcmp (not_offered[i].path, path) != 0)
        continue;
      error = check_caller (request, i);
      if (error != NULL)
        rb_ipc_request_fail (request, error);
      else
        rb_ipc_request_fail_with (request, RB_ERROR_NOT_SUPPORTED, not_offered[i].reason, TRUE, not_offered[i].message);
      return;
    }
}
