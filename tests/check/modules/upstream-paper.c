/* upstream-paper.c: a directory that has one endpoint, and one rule that it breaks: BREAKS says which when it is built
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <poll.h>

enum {
  NOTHING, NO_SUBJECT, NO_HEARTBEAT, WRONG_TYPE, EMPTY_HANDED, NO_ERROR, FOREIGN_ERROR, UNKNOWN_CODE, BLOCKS, EARLY, STOP_UNANSWERED,
  CANCEL_UNANSWERED, SUCCESS_AND_ERROR,
};

G_DECLARE_FINAL_TYPE (PaperUpstream, paper_upstream, TEST, PAPER_UPSTREAM, GObject)

struct _PaperUpstream {
  GObject parent_instance;

  gboolean   is_started;
};

static void module_iface_init (RbModuleInterface *iface);
static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PaperUpstream, paper_upstream, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  TEST_PAPER_UPSTREAM (module)->is_started = TRUE;
  g_task_return_boolean (task, TRUE);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  TEST_PAPER_UPSTREAM (module)->is_started = FALSE;
  g_task_return_boolean (task, TRUE);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->start_async = start_async;
  iface->stop_async = stop_async;
}

static RbUpstreamFeatures
get_features (RbUpstream *upstream)
{
  return RB_UPSTREAM_LOCAL_INBOX | (BREAKS == EMPTY_HANDED ? RB_UPSTREAM_HAS_CANDIDATES : 0);
}

static GVariant *
answer (RbUpstreamCall   call,
        GVariant        *arguments,
        GError         **error)
{
  const char *id = "ep_1";

  g_variant_lookup (arguments, "endpoint_id", "&s", &id);
  if (call == RB_UPSTREAM_WHOAMI)
    return g_variant_new_parsed (BREAKS == NO_SUBJECT ? "{'subjectType': <'agent'>}" : "{'subjectId': <'me'>, 'subjectType': <'agent'>}");
  if (call == RB_UPSTREAM_REGISTER_ENDPOINT)
    return g_variant_new_parsed ("{'endpoint_id': <'ep_1'>, 'heartbeat_after_seconds': <30.0>}");
  if (call == RB_UPSTREAM_CAPABILITIES && BREAKS == WRONG_TYPE)
    return g_variant_new_parsed ("{'staged_assignment': <'no'>, 'staged_delivery': <false>}");
  if (call == RB_UPSTREAM_CAPABILITIES)
    return g_variant_new_parsed ("{'staged_assignment': <false>, 'staged_delivery': <false>}");
  if (call != RB_UPSTREAM_UNREGISTER && call != RB_UPSTREAM_ENDPOINT_STATE && (call != RB_UPSTREAM_HEARTBEAT || BREAKS == NO_HEARTBEAT))
    rb_set_error (error, RB_ERROR_NOT_SUPPORTED, NULL, "Paper has no '%s'", rb_upstream_call_to_string (call));
  else if (BREAKS == FOREIGN_ERROR && !g_str_equal (id, "ep_1"))
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no");
  else if (BREAKS == UNKNOWN_CODE && !g_str_equal (id, "ep_1"))
    g_set_error (error, RB_ERROR, RB_ERROR_N_CODES, "no");
  else if (!g_str_equal (id, "ep_1") && BREAKS != NO_ERROR)
    rb_set_error (error, RB_ERROR_REJECTED, NULL, "Nobody knows '%s'", id);
  else if (g_str_equal (id, "ep_1"))
    return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
  return NULL;
}

static void
call_async (RbUpstream          *upstream,
            RbUpstreamCall       call,
            GVariant            *arguments,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  PaperUpstream *self = TEST_PAPER_UPSTREAM (upstream);
  g_autoptr(GTask) task = g_task_new (upstream, NULL, callback, user_data);
  GError *error = NULL;
  GVariant *result;

  if (BREAKS == BLOCKS)
    poll (NULL, 0, 700);
  if (BREAKS == CANCEL_UNANSWERED && cancellable != NULL)
    return;
  /* As if they waited for what never comes. */
  if (BREAKS == STOP_UNANSWERED && call == RB_UPSTREAM_CAPABILITIES)
    return;
  if (!self->is_started && BREAKS != EARLY)
    error = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "It does not run");
  result = error == NULL ? answer (call, arguments, &error) : NULL;
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, result != NULL ? g_variant_ref_sink (result) : NULL, (GDestroyNotify) g_variant_unref);
}

static gboolean
call_is_capabilities (GVariant *value)
{
  return g_variant_lookup (value, "staged_delivery", "b", NULL);
}

static GVariant *
call_finish (RbUpstream    *upstream,
             GAsyncResult  *result,
             GError       **error)
{
  GVariant *value = g_task_propagate_pointer (G_TASK (result), error);

  if (BREAKS == SUCCESS_AND_ERROR && value != NULL && call_is_capabilities (value))
    rb_set_error (error, RB_ERROR_REJECTED, NULL, "or not");
  return value;
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = get_features;
  iface->call_async = call_async;
  iface->call_finish = call_finish;
}

static void
paper_upstream_class_init (PaperUpstreamClass *klass)
{
}

static void
paper_upstream_init (PaperUpstream *self)
{
}

RB_MODULE_DEFINE (NAME, RB_MODULE_UPSTREAM, "1.0", "Knows one endpoint", NULL, paper_upstream_get_type)
