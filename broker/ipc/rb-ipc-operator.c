/* rb-ipc-operator.c: routes for the person whose broker this is; on the Unix socket only
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dispatch.h"
#include "rb-error.h"
#include "rb-ipc-request.h"
#include "rb-needs.h"
#include "rb-outbox-operator.h"
#include "rb-show.h"
#include "rb-views.h"
#include "rb-wire-answers.h"

void
rb_ipc_answer_view (RbIpcRequest *request,
                    GVariant     *view)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (view);

  rb_ipc_request_answer (request, 200, rb_wire_answer_variant (owned));
}

/* A view on its way behind the commits that make it true. */
typedef struct {
  RbIpcRequest *request;
  GVariant     *view;
} Pending;

static void
on_settled (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Pending *pending = user_data;
  g_autoptr(RbIpcRequest) request = pending->request;
  g_autoptr(GVariant) view = pending->view;
  g_autoptr(GError) error = NULL;

  g_free (pending);
  if (rb_view_settle_finish (rb_ipc_request_get_core (request), result, &error))
    rb_ipc_answer_view (request, view);
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_answer_when_durable (RbIpcRequest *request,
                            GVariant     *view)
{
  Pending *pending = g_new (Pending, 1);

  pending->request = rb_ipc_request_ref (request);
  pending->view = g_variant_ref_sink (view);
  rb_view_settle_async (rb_ipc_request_get_core (request), on_settled, pending);
}

/* Health and counts, at once: they are asked for when something does not work. */
void
rb_ipc_handle_operator_status (RbIpcRequest *request)
{
  rb_ipc_answer_view (request, rb_view_status (rb_ipc_request_get_core (request)));
}

void
rb_ipc_handle_operator_endpoints (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_endpoints (rb_ipc_request_get_core (request)));
}

void
rb_ipc_handle_operator_inbox (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_inbox (rb_ipc_request_get_core (request)));
}

/* ?inbox=no */
void
rb_ipc_handle_operator_needs (RbIpcRequest *request)
{
  RbCore *core = rb_ipc_request_get_core (request);
  g_autofree char *inbox = NULL;
  g_autoptr(GError) error = NULL;

  if (!rb_ipc_query_get (rb_ipc_request_get_target (request), "inbox", &inbox, &error))
    rb_ipc_request_fail (request, error);
  else
    rb_ipc_answer_when_durable (request, g_strcmp0 (inbox, "no") == 0 ? rb_view_needs_beside_inbox (core) : rb_view_needs (core));
}

void
rb_ipc_handle_operator_assignments (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_assignments (rb_ipc_request_get_core (request)));
}

void
rb_ipc_handle_operator_outbox (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_outbox (rb_ipc_request_get_core (request)));
}

void
rb_ipc_handle_operator_dead_letters (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_dead_letters (rb_ipc_request_get_core (request)));
}

static void
answer_count (RbIpcRequest *request,
              const char   *name,
              guint         n)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, name, "x", (gint64) n);
  rb_ipc_answer_view (request, g_variant_dict_end (&answer));
}

static void
on_retried (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  guint n;

  if (rb_dead_letter_retry_finish (rb_ipc_request_get_core (request), result, &n, &error))
    answer_count (request, "retried", n);
  else
    rb_ipc_request_fail (request, error);
}

/* {"id": n} or {"all": true} */
void
rb_ipc_handle_operator_retry (RbIpcRequest *request)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autoptr(GError) error = NULL;
  gboolean all;
  gint64 id;

  if (!rb_json_get_optional_boolean (body, "all", FALSE, &all, &error) || !rb_json_get_optional_int (body, "id", 0, &id, &error))
    rb_ipc_request_fail (request, error);
  else if (all == (id > 0))
    rb_ipc_request_refuse (request, 400, "bad_request", "either 'id' or 'all' is required");
  else
    rb_dead_letter_retry_async (rb_ipc_request_get_core (request), id, on_retried, rb_ipc_request_ref (request));
}

static void
on_dismissed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  guint n;

  if (rb_need_dismiss_finish (rb_ipc_request_get_core (request), result, &n, &error))
    answer_count (request, "dismissed", n);
  else
    rb_ipc_request_fail (request, error);
}

/* {"id": "dead-letter:7"}, or "dead-letters": all of them */
void
rb_ipc_handle_operator_dismiss (RbIpcRequest *request)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_json_dup_string (rb_ipc_request_get_body (request), "id", &error);

  if (id != NULL)
    rb_need_dismiss_async (rb_ipc_request_get_core (request), id, on_dismissed, rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}

/* What the daemon adds. */
void
rb_ipc_handle_operator_view (RbIpcRequest *request)
{
  gboolean found;
  g_autoptr(GError) error = NULL;
  GVariant *view;

  view = rb_ipc_server_call_view (rb_ipc_request_get_server (request), rb_ipc_request_get_parameter (request), &found, &error);
  if (view != NULL)
    rb_ipc_answer_view (request, view);
  else if (found)
    rb_ipc_request_fail (request, error);
  else
    rb_ipc_request_refuse (request, 404, "not_found", NULL);
}

static void
on_action_done (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  GVariant *answer = g_task_propagate_pointer (G_TASK (result), &error);

  if (answer != NULL)
    rb_ipc_answer_view (request, answer);
  else
    rb_ipc_request_fail (request, error);
}

/* Likewise. */
void
rb_ipc_handle_operator_restart (RbIpcRequest *request)
{
  RbIpcServer *server = rb_ipc_request_get_server (request);
  GTask *task = g_task_new (server, NULL, on_action_done, rb_ipc_request_ref (request));

  g_task_set_source_tag (task, rb_ipc_handle_operator_restart);
  if (rb_ipc_server_run_action (server, "restart", task))
    return;
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_found", "this broker cannot be restarted"));
  g_object_unref (task);
}

/* {"connector": "name", "once": true} */
void
rb_ipc_handle_operator_use (RbIpcRequest *request)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  RbIpcServer *server = rb_ipc_request_get_server (request);
  g_autoptr(GError) error = NULL;
  g_autofree char *name = rb_json_dup_string (body, "connector", &error);
  gboolean once;
  GTask *task;

  if (name == NULL || !rb_json_get_optional_boolean (body, "once", FALSE, &once, &error))
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  task = g_task_new (server, NULL, on_action_done, rb_ipc_request_ref (request));
  g_task_set_source_tag (task, rb_ipc_handle_operator_use);
  g_task_set_task_data (task, g_variant_ref_sink (g_variant_new ("(sb)", name, once)), (GDestroyNotify) g_variant_unref);
  if (rb_ipc_server_run_action (server, "use", task))
    return;
  g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_found", "this broker's connector cannot be exchanged"));
  g_object_unref (task);
}

static void
on_explained (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  GVariant *view = rb_explain_finish (rb_ipc_request_get_core (request), result, &error);

  if (view != NULL)
    rb_ipc_answer_view (request, view);
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_operator_explain (RbIpcRequest *request)
{
  rb_explain_async (rb_ipc_request_get_core (request), rb_ipc_request_get_parameter (request), on_explained,
                    rb_ipc_request_ref (request));
}

static void
on_shown (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) view = rb_show_finish (rb_ipc_request_get_core (request), result, &error);

  if (view != NULL)
    rb_ipc_answer_when_durable (request, view);
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_operator_show (RbIpcRequest *request)
{
  rb_show_async (rb_ipc_request_get_core (request), rb_ipc_request_get_parameter (request), on_shown, rb_ipc_request_ref (request));
}

/* The caller's flag tells the core that a person asks: any endpoint may be the target. */
void
rb_ipc_handle_operator_dispatch (RbIpcRequest *request)
{
  rb_ipc_handle_dispatch (request);
}
