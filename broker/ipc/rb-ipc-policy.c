/* rb-ipc-policy.c: routes for the person who says what may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-hold.h"
#include "rb-ipc-request.h"
#include "rb-policy-apply.h"
#include "rb-policy-operator.h"

/* One of both is NULL. */
static void
answer_outcome (RbIpcRequest *request,
                GVariant     *answer,
                GError       *error)
{
  if (answer != NULL)
    rb_ipc_answer_view (request, answer);
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_operator_policy (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_policy (rb_ipc_request_get_core (request)));
}

void
rb_ipc_handle_operator_held (RbIpcRequest *request)
{
  rb_ipc_answer_when_durable (request, rb_view_held (rb_ipc_request_get_core (request)));
}

static void
on_set (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) rule = rb_policy_set_finish (rb_ipc_request_get_core (request), result, &error);

  answer_outcome (request, rule, error);
}

/* {"what", "sender", "action", "kind"?, "note"?} */
void
rb_ipc_handle_operator_policy_set (RbIpcRequest *request)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autofree char *what = NULL, *sender = NULL, *kind = NULL, *action = NULL, *note = NULL;
  g_autoptr(GError) error = NULL;

  if (rb_json_get_optional_string (body, "what", &what, &error) && rb_json_get_optional_string (body, "sender", &sender, &error) &&
      rb_json_get_optional_string (body, "kind", &kind, &error) && rb_json_get_optional_string (body, "action", &action, &error) &&
      rb_json_get_optional_string (body, "note", &note, &error))
    rb_policy_set_async (rb_ipc_request_get_core (request), what, sender, kind, action, note, on_set, rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}

static void
answer_removed (RbIpcRequest *request)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "removed", "b", TRUE);
  rb_ipc_answer_view (request, g_variant_dict_end (&answer));
}

static void
on_removed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_policy_remove_finish (rb_ipc_request_get_core (request), result, &error))
    answer_removed (request);
  else
    rb_ipc_request_fail (request, error);
}

/* {"id": n} */
void
rb_ipc_handle_operator_policy_remove (RbIpcRequest *request)
{
  g_autoptr(GError) error = NULL;
  gint64 id;

  if (rb_json_get_int (rb_ipc_request_get_body (request), "id", &id, &error))
    rb_policy_remove_async (rb_ipc_request_get_core (request), id, on_removed, rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}

static void
on_applied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_policy_apply_finish (rb_ipc_request_get_core (request), result, &error);

  answer_outcome (request, answer, error);
}

/* {"id": n} */
void
rb_ipc_handle_operator_policy_apply (RbIpcRequest *request)
{
  g_autoptr(GError) error = NULL;
  gint64 id;

  if (rb_json_get_int (rb_ipc_request_get_body (request), "id", &id, &error))
    rb_policy_apply_async (rb_ipc_request_get_core (request), id, on_applied, rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}

/* {"message_id", "remember"?, "reason"?} */
static gboolean
read_answer (RbIpcRequest *request,
             char        **message_id,
             gboolean     *remember,
             char        **reason)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autoptr(GError) error = NULL;

  if ((*message_id = rb_json_dup_string (body, "message_id", &error)) != NULL &&
      rb_json_get_optional_boolean (body, "remember", FALSE, remember, &error) &&
      rb_json_get_optional_string (body, "reason", reason, &error))
    return TRUE;
  rb_ipc_request_fail (request, error);
  return FALSE;
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_hold_accept_finish (rb_ipc_request_get_core (request), result, &error);

  answer_outcome (request, answer, error);
}

void
rb_ipc_handle_operator_accept (RbIpcRequest *request)
{
  g_autofree char *message_id = NULL, *reason = NULL;
  gboolean remember;

  if (read_answer (request, &message_id, &remember, &reason))
    rb_hold_accept_async (rb_ipc_request_get_core (request), message_id, remember, on_accepted, rb_ipc_request_ref (request));
}

static void
on_refused (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  GVariantDict answer;

  if (!rb_hold_refuse_finish (rb_ipc_request_get_core (request), result, &error))
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "refused", "b", TRUE);
  rb_ipc_answer_view (request, g_variant_dict_end (&answer));
}

void
rb_ipc_handle_operator_refuse (RbIpcRequest *request)
{
  g_autofree char *message_id = NULL, *reason = NULL;
  gboolean remember;

  if (read_answer (request, &message_id, &remember, &reason))
    rb_hold_refuse_async (rb_ipc_request_get_core (request), message_id, remember, reason, on_refused, rb_ipc_request_ref (request));
}
