/* rb-ipc-endpoints.c: routes about the broker itself and about endpoints
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-request.h"
#include "rb-register.h"
#include "rb-wire-answers.h"
#include "rb-wire-requests.h"

/* A handler parses and calls the core; its callback answers. The callback owns the reference that was taken for the call. */

void
rb_ipc_handle_health (RbIpcRequest *request)
{
  RbIpcServer *server = rb_ipc_request_get_server (request);
  gboolean ready = rb_core_is_ready (server->core, NULL);

  rb_ipc_request_answer (request, 200,
                         rb_wire_answer_health (server->options.server_version, server->options.product_version, ready));
}

void
rb_ipc_handle_initialize (RbIpcRequest *request)
{
  RbIpcServer *server = rb_ipc_request_get_server (request);
  g_autofree char *session_id = g_uuid_string_random ();
  g_autoptr(GError) error = NULL;

  if (!rb_wire_check_initialize (rb_ipc_request_get_body (request), &error))
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  rb_ipc_request_answer (request, 200,
                         rb_wire_answer_initialize (server->options.server_version, session_id,
                                                    rb_core_get_presence (server->core)));
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autofree char *endpoint_id = NULL;
  g_autofree char *owner_token = NULL;
  g_autoptr(GVariant) session_naming = NULL;
  g_autoptr(GError) error = NULL;

  if (rb_register_finish (rb_ipc_request_get_core (request), result, &endpoint_id, &owner_token, &session_naming, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_register (endpoint_id, owner_token, session_naming));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_register (RbIpcRequest *request)
{
  g_auto(RbRegisterRequest) body = { 0 };
  g_autoptr(GError) error = NULL;

  if (!rb_wire_read_register (rb_ipc_request_get_body (request), &body, &error))
    rb_ipc_request_fail (request, error);
  else
    rb_register_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), &body, on_registered,
                       rb_ipc_request_ref (request));
}

static void
answer_ok (RbIpcRequest *request,
           gboolean      done,
           const GError *error)
{
  if (done)
    rb_ipc_request_answer (request, 200, rb_wire_answer_ok ());
  else
    rb_ipc_request_fail (request, error);
}

static void
on_heartbeat (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  gboolean done = rb_heartbeat_finish (rb_ipc_request_get_core (request), result, &error);

  answer_ok (request, done, error);
}

void
rb_ipc_handle_heartbeat (RbIpcRequest *request)
{
  rb_heartbeat_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request),
                      rb_ipc_request_get_parameter (request), on_heartbeat, rb_ipc_request_ref (request));
}

static void
on_reattached (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  guint n_pushed = 0;

  if (rb_reattach_finish (rb_ipc_request_get_core (request), result, &n_pushed, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_reattach (n_pushed));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_reattach (RbIpcRequest *request)
{
  rb_reattach_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request), rb_ipc_request_get_parameter (request),
                     rb_wire_read_plugin_pid (rb_ipc_request_get_body (request)), on_reattached, rb_ipc_request_ref (request));
}

static void
on_task_hint (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  gboolean done = rb_task_hint_finish (rb_ipc_request_get_core (request), result, &error);

  answer_ok (request, done, error);
}

void
rb_ipc_handle_task_hint (RbIpcRequest *request)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autofree char *task_hint = rb_json_peek_string (body, "task_hint");

  rb_task_hint_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request),
                      rb_ipc_request_get_parameter (request), rb_wire_read_plugin_pid (body), task_hint, on_task_hint,
                      rb_ipc_request_ref (request));
}

static void
on_unregistered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  gboolean done = rb_unregister_finish (rb_ipc_request_get_core (request), result, &error);

  answer_ok (request, done, error);
}

void
rb_ipc_handle_unregister (RbIpcRequest *request)
{
  rb_unregister_async (rb_ipc_request_get_core (request), rb_ipc_request_get_caller (request),
                       rb_ipc_request_get_parameter (request), on_unregistered, rb_ipc_request_ref (request));
}
