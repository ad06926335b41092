/* rb-ipc-spawns.c: operator routes for runtimes: which are asked for, which run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-ipc-http.h"
#include "rb-ipc-request.h"
#include "rb-ipc-runtime-memory.h"
#include "rb-runtimes.h"
#include "rb-spawn-operator.h"
#include "rb-views.h"
#include "rb-wire-answers.h"

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
  if (rb_view_settle_finish (RB_CORE (source), result, &error))
    rb_ipc_request_answer (request, 200, rb_wire_answer_variant (view));
  else
    rb_ipc_request_fail (request, error);
}

/* ?NAME=yes */
static void
answer_view (RbIpcRequest *request,
             const char   *flag,
             GVariant   *(*make_view) (RbCore *core, gboolean flag))
{
  RbCore *core = rb_ipc_request_get_core (request);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  Pending *pending;

  if (!rb_ipc_query_get (rb_ipc_request_get_target (request), flag, &text, &error))
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  pending = g_new (Pending, 1);
  pending->request = rb_ipc_request_ref (request);
  pending->view = g_variant_ref_sink (make_view (core, g_strcmp0 (text, "yes") == 0));
  rb_view_settle_async (core, on_settled, pending);
}

/* ?prompts=yes */
void
rb_ipc_handle_operator_spawns (RbIpcRequest *request)
{
  answer_view (request, "prompts", rb_view_spawns);
}

static GVariant *
view_runtimes (RbCore  *core,
               gboolean all)
{
  return rb_ipc_runtimes_measure (rb_view_runtimes (core, all));
}

/* ?all=yes */
void
rb_ipc_handle_operator_runtimes (RbIpcRequest *request)
{
  answer_view (request, "all", view_runtimes);
}

/* The id of what it was done to. */
static void
answer_id (RbIpcRequest *request,
           const char   *id)
{
  g_autoptr(GVariant) answer = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", id);
  answer = g_variant_ref_sink (g_variant_dict_end (&dict));
  rb_ipc_request_answer (request, 200, rb_wire_answer_variant (answer));
}

typedef gboolean (*Finish) (RbCore *core, GAsyncResult *result, GError **error);

static void
answer_done (GObject      *source,
             GAsyncResult *result,
             RbIpcRequest *request,
             Finish        finish)
{
  g_autoptr(RbIpcRequest) owned = request;
  g_autofree char *id = rb_json_dup_string (rb_ipc_request_get_body (request), "id", NULL);
  g_autoptr(GError) error = NULL;

  if (finish (RB_CORE (source), result, &error))
    answer_id (request, id);
  else
    rb_ipc_request_fail (request, error);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  answer_done (source, result, user_data, rb_spawn_answer_finish);
}

typedef void (*Answer) (RbCore *core, const char *token, gboolean always, GAsyncReadyCallback callback, gpointer user_data);

/* {"id": s, "always": b} */
static void
answer_spawn (RbIpcRequest *request,
              Answer        answer)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_json_dup_string (body, "id", &error);
  gboolean always;

  if (id != NULL && rb_json_get_optional_boolean (body, "always", FALSE, &always, &error))
    answer (rb_ipc_request_get_core (request), id, always, on_answered, rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}

void
rb_ipc_handle_operator_spawn_approve (RbIpcRequest *request)
{
  answer_spawn (request, rb_spawn_approve_async);
}

void
rb_ipc_handle_operator_spawn_deny (RbIpcRequest *request)
{
  answer_spawn (request, rb_spawn_deny_async);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_spawn_by_hand_finish (RB_CORE (source), result, &error);

  if (id != NULL)
    answer_id (request, id);
  else
    rb_ipc_request_fail (request, error);
}

/* {"runtime_kind": s, "prompt": s, "directory": s} */
void
rb_ipc_handle_operator_spawn_start (RbIpcRequest *request)
{
  const RbJson *body = rb_ipc_request_get_body (request);
  g_autoptr(GError) error = NULL;
  g_autofree char *kind = rb_json_dup_string (body, "runtime_kind", &error);
  g_autofree char *prompt = NULL;
  g_autofree char *directory = NULL;

  if (kind != NULL && rb_json_get_optional_string (body, "prompt", &prompt, &error) &&
      rb_json_get_optional_string (body, "directory", &directory, &error))
    rb_spawn_by_hand_async (rb_ipc_request_get_core (request), kind, prompt != NULL ? prompt : "", directory, on_started,
                            rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  answer_done (source, result, user_data, rb_runtime_stop_finish);
}

/* {"id": s} */
void
rb_ipc_handle_operator_runtime_stop (RbIpcRequest *request)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_json_dup_string (rb_ipc_request_get_body (request), "id", &error);

  if (id != NULL)
    rb_runtime_stop_async (rb_ipc_request_get_core (request), id, on_stopped, rb_ipc_request_ref (request));
  else
    rb_ipc_request_fail (request, error);
}
