/* rb-history.c: an adapter reads what was said in a conversation before
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-history.h"

#include "rb-core-private.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-log.h"
#include "rb-owner.h"
#include "rb-upstream-error.h"

#define FAILED "runtime_conversation_history_failed"

static const RbOwnerCall history_call = { "runtime conversation history", "history",
                                          "conversation history read is only allowed from Active", TRUE };

void
rb_history_request_clear (RbHistoryRequest *self)
{
  g_clear_pointer (&self->endpoint_id, g_free);
  g_clear_pointer (&self->endpoint_owner_token, g_free);
  g_clear_pointer (&self->conversation_ref, g_variant_unref);
  g_clear_pointer (&self->before, g_free);
  g_clear_pointer (&self->after, g_free);
}

/* IMP-18: what the upstream answered is passed on; the rest may work later. */
static GError *
explain_failure (const GError *failure)
{
  GError *error;

  if (g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    error = rb_error_new (RB_ERROR_NOT_SUPPORTED, "runtime_conversation_history_unsupported",
                          "apps/api runtime conversation history route is not available");
  else
    {
      rb_log_warning (FAILED, "err", failure->message, NULL);
      error = rb_upstream_error_answered (failure, FAILED);
      if (error != NULL)
        return error;
      error = rb_error_new (RB_ERROR_UNAVAILABLE, FAILED, "runtime conversation history read failed");
    }
  rb_error_set_retryable (error, TRUE);
  return error;
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  GVariant *answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, explain_failure (error));
}

static GVariant *
make_arguments (const RbHistoryRequest *request,
                const RbEndpoint       *endpoint)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "endpoint_id", "s", endpoint->id);
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", endpoint->nonce);
  g_variant_dict_insert_value (&dict, "conversation_ref", request->conversation_ref);
  if (request->has_limit)
    g_variant_dict_insert (&dict, "limit", "x", request->limit);
  rb_dict_put_text (&dict, "before", request->before);
  rb_dict_put_text (&dict, "after", request->after);
  return g_variant_dict_end (&dict);
}

void
rb_history_async (RbCore                 *core,
                  const RbCaller         *caller,
                  const RbHistoryRequest *request,
                  GAsyncReadyCallback     callback,
                  gpointer                user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  RbEndpoint *endpoint;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_history_async);
  endpoint = rb_owner_check_call (core, caller, &history_call, request->endpoint_id, request->plugin_pid, request->endpoint_owner_token,
                                  &error);
  if (endpoint != NULL && request->conversation_ref == NULL)
    {
      rb_set_error (&error, RB_ERROR_INVALID, "bad_request", "'conversation_ref' must be an object");
      endpoint = NULL;
    }

  if (endpoint == NULL)
    g_task_return_error (task, error);
  else
    rb_upstream_call_async (core->upstream, RB_UPSTREAM_HISTORY, make_arguments (request, endpoint), NULL, on_answered,
                            g_steal_pointer (&task));
}

GVariant *
rb_history_finish (RbCore        *core,
                   GAsyncResult  *result,
                   GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
