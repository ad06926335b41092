/* rb-bus-methods.c: what callers on the bus may ask for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-methods.h"

#include "rb-bus-archive.h"
#include "rb-bus-logs.h"
#include "rb-bus-options.h"
#include "rb-bus-policy.h"
#include "rb-bus-send.h"
#include "rb-bus-spawns.h"
#include "rb-bus-work.h"
#include "rb-dispatch.h"
#include "rb-error.h"
#include "rb-needs.h"
#include "rb-outbox-operator.h"
#include "rb-policy-operator.h"
#include "rb-show.h"
#include "rb-views.h"

typedef GVariant *(*View) (RbCore *core);

static void
answer_named (RbBusCall  *call,
              const char *name)
{
  g_autoptr(GError) error = NULL;
  gboolean found;
  GVariant *view = call->ports->view (name, &found, call->ports->user_data, &error);

  if (!found)
    rb_set_error (&error, RB_ERROR_NOT_SUPPORTED, "not_found", "this broker does not show its %s", name);
  rb_bus_call_answer_view (call, view, error);
}

/* At once: it is asked for when something does not work. */
static void
get_status (RbBusCall  *call,
            const char *key,
            GVariant   *parameters)
{
  rb_bus_call_answer_view (call, rb_view_status (call->ports->core), NULL);
}

static void
on_explained (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  GVariant *story = rb_explain_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, story, error);
}

static void
explain (RbBusCall  *call,
         const char *key,
         GVariant   *parameters)
{
  const char *id;

  g_variant_get (parameters, "(&s)", &id);
  rb_explain_async (call->ports->core, id, on_explained, call);
}

static void
on_shown (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) shown = rb_show_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, shown, error);
}

static void
show (RbBusCall  *call,
      const char *key,
      GVariant   *parameters)
{
  const char *id;

  g_variant_get (parameters, "(&s)", &id);
  rb_show_async (call->ports->core, id, on_shown, call);
}

static void
on_dispatched (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  rb_bus_call_answer_done (user_data, source, result, rb_dispatch_finish);
}

/* Whoever is on the bus of a person is that person: any endpoint may be the target. */
static void
start_dispatch (RbBusCall  *call,
                const char *message_id,
                const char *endpoint_id)
{
  RbCaller caller = { .operator_ = TRUE };

  rb_dispatch_async (call->ports->core, &caller, message_id, endpoint_id, on_dispatched, call);
}

static void
dispatch (RbBusCall  *call,
          const char *key,
          GVariant   *parameters)
{
  const char *message_id, *endpoint_id;

  g_variant_get (parameters, "(&s&s)", &message_id, &endpoint_id);
  start_dispatch (call, message_id, endpoint_id);
}

static void
dispatch_message (RbBusCall  *call,
                  const char *key,
                  GVariant   *parameters)
{
  const char *endpoint_id;

  g_variant_get (parameters, "(&s)", &endpoint_id);
  start_dispatch (call, key, endpoint_id);
}

static void
on_retried (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  guint n;

  if (rb_dead_letter_retry_finish (RB_CORE (source), result, &n, &error))
    rb_bus_call_answer (user_data, g_variant_new ("(u)", n));
  else
    rb_bus_call_fail (user_data, error);
}

static void
retry_dead_letters (RbBusCall  *call,
                    const char *key,
                    GVariant   *parameters)
{
  g_autoptr(GError) error = NULL;
  gint64 id;

  g_variant_get (parameters, "(x)", &id);
  if (id >= 0)
    {
      rb_dead_letter_retry_async (call->ports->core, id, on_retried, call);
      return;
    }
  rb_set_error (&error, RB_ERROR_INVALID, "bad_request", "there is no id %" G_GINT64_FORMAT, id);
  rb_bus_call_fail (call, error);
}

static void
on_dismissed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  guint n;

  if (rb_need_dismiss_finish (RB_CORE (source), result, &n, &error))
    rb_bus_call_answer (user_data, g_variant_new ("(u)", n));
  else
    rb_bus_call_fail (user_data, error);
}

static void
dismiss_need (RbBusCall  *call,
              const char *key,
              GVariant   *parameters)
{
  const char *id;

  g_variant_get (parameters, "(&s)", &id);
  rb_need_dismiss_async (call->ports->core, id, on_dismissed, call);
}

static void
on_restarting (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  GVariant *current = g_task_propagate_pointer (G_TASK (result), &error);

  rb_bus_call_answer_view (user_data, current, error);
}

static void
restart (RbBusCall  *call,
         const char *key,
         GVariant   *parameters)
{
  GTask *task = g_task_new (call->ports->core, NULL, on_restarting, call);

  g_task_set_source_tag (task, restart);
  call->is_patient = TRUE;
  call->ports->restart (task, call->ports->user_data);
}

static void
use_connector (RbBusCall  *call,
               const char *key,
               GVariant   *parameters)
{
  g_autoptr(GVariant) options = NULL;
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GError) error = NULL;
  gboolean once = FALSE;
  const RbBusOption known[] = { { "once", "b", &once } };
  const char *name;
  GTask *task;

  g_variant_get (parameters, "(&s@a{sv})", &name, &options);
  if (!rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, &error))
    {
      rb_bus_call_fail (call, error);
      return;
    }
  task = g_task_new (call->ports->core, NULL, on_restarting, call);
  g_task_set_source_tag (task, use_connector);
  g_task_set_task_data (task, g_variant_ref_sink (g_variant_new ("(sb)", name, once)), (GDestroyNotify) g_variant_unref);
  call->ports->use (task, call->ports->user_data);
}

/* Each has one of the last three. */
static const struct {
  RbBusKind   kind;
  const char *name;
  View        view;         /* of the core, answered when it is durable */
  const char *named_view;   /* of the process */
  void      (*call) (RbBusCall *call, const char *key, GVariant *parameters);
} methods[] = {
  { RB_BUS_BROKER, "Access", .named_view = "env" },
  { RB_BUS_BROKER, "GetStatus", .call = get_status },
  { RB_BUS_BROKER, "ListEndpoints", .view = rb_view_endpoints },
  { RB_BUS_BROKER, "ListInbox", .view = rb_view_inbox },
  { RB_BUS_BROKER, "ListNeeds", .view = rb_view_needs },
  { RB_BUS_BROKER, "ListAssignments", .view = rb_view_assignments },
  { RB_BUS_BROKER, "ListOutbox", .view = rb_view_outbox },
  { RB_BUS_BROKER, "ListDeadLetters", .view = rb_view_dead_letters },
  { RB_BUS_BROKER, "ListModules", .named_view = "modules" },
  { RB_BUS_BROKER, "ListSettings", .named_view = "config" },
  { RB_BUS_BROKER, "Explain", .call = explain },
  { RB_BUS_BROKER, "Show", .call = show },
  { RB_BUS_BROKER, "Search", .call = rb_bus_archive_search },
  { RB_BUS_BROKER, "Export", .call = rb_bus_archive_export },
  { RB_BUS_BROKER, "Send", .call = rb_bus_send },
  { RB_BUS_BROKER, "Dispatch", .call = dispatch },
  { RB_BUS_BROKER, "Claim", .call = rb_bus_work_claim },
  { RB_BUS_BROKER, "Reply", .call = rb_bus_work_reply },
  { RB_BUS_BROKER, "Fail", .call = rb_bus_work_fail },
  { RB_BUS_BROKER, "Release", .call = rb_bus_work_release },
  { RB_BUS_BROKER, "Settle", .call = rb_bus_work_settle },
  { RB_BUS_BROKER, "RetryDeadLetters", .call = retry_dead_letters },
  { RB_BUS_BROKER, "DismissNeed", .call = dismiss_need },
  { RB_BUS_BROKER, "ListPolicy", .view = rb_view_policy },
  { RB_BUS_BROKER, "SetPolicy", .call = rb_bus_policy_set },
  { RB_BUS_BROKER, "RemovePolicy", .call = rb_bus_policy_remove },
  { RB_BUS_BROKER, "ApplyPolicy", .call = rb_bus_policy_apply },
  { RB_BUS_BROKER, "ListHeld", .view = rb_view_held },
  { RB_BUS_BROKER, "AcceptHeld", .call = rb_bus_policy_accept },
  { RB_BUS_BROKER, "RefuseHeld", .call = rb_bus_policy_refuse },
  { RB_BUS_BROKER, "ListSpawns", .call = rb_bus_spawns_list },
  { RB_BUS_BROKER, "ApproveSpawn", .call = rb_bus_spawns_approve },
  { RB_BUS_BROKER, "DenySpawn", .call = rb_bus_spawns_deny },
  { RB_BUS_BROKER, "Spawn", .call = rb_bus_spawns_start },
  { RB_BUS_BROKER, "ListRuntimes", .call = rb_bus_spawns_list_runtimes },
  { RB_BUS_BROKER, "StopRuntime", .call = rb_bus_spawns_stop_runtime },
  { RB_BUS_BROKER, "Logs", .call = rb_bus_logs },
  { RB_BUS_BROKER, "Restart", .call = restart },
  { RB_BUS_BROKER, "UseConnector", .call = use_connector },
  { RB_BUS_MESSAGE, "Dispatch", .call = dispatch_message },
};

static void
run (guint       i,
     RbBusCall  *call,
     const char *key,
     GVariant   *parameters)
{
  if (methods[i].view != NULL)
    rb_bus_call_answer_when_durable (call, methods[i].view (call->ports->core));
  else if (methods[i].named_view != NULL)
    answer_named (call, methods[i].named_view);
  else
    methods[i].call (call, key, parameters);
}

void
rb_bus_methods_call (RbBusCalls            *calls,
                     RbBusKind              kind,
                     const char            *key,
                     GDBusMethodInvocation *invocation)
{
  const char *name = g_dbus_method_invocation_get_method_name (invocation);
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  RbBusCall *call = rb_bus_call_begin (calls, invocation);

  if (call == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (methods[i].kind == kind && g_str_equal (methods[i].name, name))
      {
        run (i, call, key, parameters);
        return;
      }
  g_assert_not_reached ();    /* the interface and the table have the same methods: a test compares them */
}
