/* rb-ipc-claims.c: routes with which an adapter fetches work and reads about it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-request.h"
#include "rb-wire-answers.h"
#include "rb-wire-requests.h"

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(RbGrant) grant = NULL;
  g_autoptr(GError) error = NULL;

  grant = rb_claim_finish (rb_ipc_request_get_core (request), result, &error);
  if (grant != NULL)
    rb_ipc_request_answer (request, 200, rb_wire_answer_claimed (grant));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_claim (RbIpcRequest *request)
{
  g_auto(RbClaimRequest) body = { 0 };

  rb_wire_read_claim (rb_ipc_request_get_body (request), &body);
  rb_claim_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_claimed,
                  rb_ipc_request_ref (request));
}

static void
on_history (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GVariant) history = NULL;
  g_autoptr(GError) error = NULL;

  history = rb_history_finish (rb_ipc_request_get_core (request), result, &error);
  if (history != NULL)
    rb_ipc_request_answer (request, 200, rb_wire_answer_variant (history));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_history (RbIpcRequest *request)
{
  g_auto(RbHistoryRequest) body = { 0 };
  g_autoptr(GError) error = NULL;

  if (!rb_wire_read_history (rb_ipc_request_get_body (request), &body, &error))
    rb_ipc_request_fail (request, error);
  else
    rb_history_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_history,
                      rb_ipc_request_ref (request));
}

static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_settle_finish (rb_ipc_request_get_core (request), result, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_settled ());
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_settle (RbIpcRequest *request)
{
  g_auto(RbSettleRequest) body = { 0 };

  rb_wire_read_settle (rb_ipc_request_get_body (request), &body);
  rb_settle_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_settled,
                   rb_ipc_request_ref (request));
}

/* Who half-closed its connection looks like somebody who left, and still reads: it hears that there is nothing. */
static void
on_fetched (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;

  items = rb_staged_finish (rb_ipc_request_get_core (request), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    items = g_ptr_array_new ();
  if (items != NULL)
    rb_ipc_request_answer (request, 200, rb_wire_answer_staged (items, rb_staged_is_offered (rb_ipc_request_get_core (request))));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_staged (RbIpcRequest *request)
{
  g_auto(RbStagedRequest) body = { 0 };

  rb_wire_read_staged (rb_ipc_request_get_body (request), &body);
  rb_staged_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body,
                   rb_ipc_request_watch_client (request), on_fetched, rb_ipc_request_ref (request));
}
