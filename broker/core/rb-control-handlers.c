/* rb-control-handlers.c: what is done for each type of control event
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-control-handlers.h"

#include "rb-dispatch.h"
#include "rb-error.h"
#include "rb-lifecycle.h"
#include "rb-log.h"
#include "rb-mailroom.h"
#include "rb-rule.h"
#include "rb-spawn.h"

#include <string.h>

static const char *
get_text (GVariant   *event,
          const char *name)
{
  const char *text = NULL;

  g_variant_lookup (event, name, "&s", &text);
  return text;
}

/* Most of an event is checked where it comes from (protocol.md 15.4); what is missing all the same is said as IMP-50 does. */
static GError *
invalid_event (void)
{
  return rb_error_new (RB_ERROR_INVALID, "invalid_control_event", "invalid_control_event");
}

static GStrv
dup_no_lines (GVariant *event)
{
  return g_new0 (char *, 1);
}

static void
add_line (GStrvBuilder *lines,
          const char   *what,
          const char   *id)
{
  g_autofree char *name = g_strconcat (what, id, NULL);

  g_strv_builder_add (lines, name);
}

/* The target of an event; a target_ref that is none counts as absent (IMP-1). */
static RbTarget *
read_target (GVariant *event)
{
  g_autoptr(GVariant) dict = g_variant_lookup_value (event, "target_ref", G_VARIANT_TYPE_VARDICT);

  return dict != NULL ? rb_target_from_variant (dict, NULL) : NULL;
}

static GStrv
dup_dispatch_lines (GVariant *event)
{
  g_autoptr(GStrvBuilder) lines = g_strv_builder_new ();
  g_autoptr(RbTarget) target = read_target (event);
  const char *row = get_text (event, "undispatched_id");
  const char *endpoint_id = target != NULL ? target->endpoint_id : get_text (event, "target_endpoint_id");

  if (row != NULL)
    add_line (lines, "row ", row);
  if (endpoint_id != NULL)
    add_line (lines, "endpoint ", endpoint_id);
  return g_strv_builder_end (lines);
}

static void
on_dispatched (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  RbCore *core = RB_CORE (source);
  g_autoptr(GError) error = NULL;

  rb_dispatch_finish (core, result, &error);
  rb_control_finish (core, user_data, error);
}

static void
dispatch_undispatched (RbCore       *core,
                       RbControlRun *run,
                       GVariant     *event)
{
  g_autoptr(RbTarget) target = read_target (event);
  RbDispatchOrder order = {
    .key = rb_control_run_get_key (run),
    .undispatched_id = get_text (event, "undispatched_id"),
    .source_message_id = get_text (event, "source_message_id"),
    .endpoint_id = target != NULL ? target->endpoint_id : get_text (event, "target_endpoint_id"),
    .rule = RB_RULE_UPSTREAM,
    .target = target,
    .token = get_text (event, "broker_projection_token"),
    .emitted_at = rb_core_now (core),
    .stored = rb_control_release,
    .stored_data = run,
  };

  g_variant_lookup (event, "emitted_at", "x", &order.emitted_at);
  rb_dispatch_order_async (core, &order, on_dispatched, run);
}

static GStrv
dup_unregister_lines (GVariant *event)
{
  g_autoptr(GStrvBuilder) lines = g_strv_builder_new ();
  const char *endpoint_id = get_text (event, "endpoint_id");

  if (endpoint_id != NULL)
    add_line (lines, "endpoint ", endpoint_id);
  return g_strv_builder_end (lines);
}

static void
force_unregister (RbCore       *core,
                  RbControlRun *run,
                  GVariant     *event)
{
  const char *endpoint_id = get_text (event, "endpoint_id");
  RbEndpoint *endpoint = endpoint_id != NULL ? rb_registry_lookup (core->registry, endpoint_id) : NULL;
  g_autoptr(GError) error = endpoint_id == NULL ? invalid_event () : NULL;

  if (endpoint != NULL && rb_core_check_ready (core, &error))
    {
      rb_log_info ("force_unregister_received", "endpoint_id", endpoint_id, "reason", get_text (event, "reason"), NULL);
      rb_lifecycle_apply (core, endpoint, RB_ENDPOINT_EXPLICIT_UNREGISTER);
    }
  rb_control_finish (core, run, error);
}

static void
dispatch_nudge (RbCore       *core,
                RbControlRun *run,
                GVariant     *event)
{
  rb_log_info ("dispatch_nudge_received", "undispatched_id", get_text (event, "undispatched_id"), "target_endpoint_id",
               get_text (event, "target_endpoint_id"), NULL);
  rb_mailroom_trigger (core);
  rb_control_finish (core, run, NULL);
}

static void
on_spawned (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbCore *core = RB_CORE (source);
  g_autoptr(GError) error = NULL;
  gboolean is_asked;

  if (rb_spawn_finish (core, result, &is_asked, &error) && is_asked)
    rb_control_drop (core, user_data);
  else
    rb_control_finish (core, user_data, error);
}

static void
spawn_request (RbCore       *core,
               RbControlRun *run,
               GVariant     *event)
{
  const char *kind = get_text (event, "runtime_kind");
  const char *prompt = get_text (event, "prompt");
  g_autoptr(GError) error = NULL;

  if (kind != NULL && prompt != NULL)
    {
      rb_spawn_async (core, kind, prompt, rb_control_run_get_key (run), on_spawned, run);
      return;
    }

  error = invalid_event ();
  rb_control_finish (core, run, error);
}

/* 0.2.36 knows owner_session_delivery too, and has no handler for it; so have we: the upstream then uses another way. */
static const RbControlHandler handlers[] = {
  { "dispatch_undispatched", "applied", dup_dispatch_lines, dispatch_undispatched, NULL },
  { "spawn_request", "received", dup_no_lines, spawn_request, rb_spawn_acknowledged },
  { "force_unregister", "applied", dup_unregister_lines, force_unregister, NULL },
  { "dispatch_nudge", "applied", dup_no_lines, dispatch_nudge, NULL },
};

const RbControlHandler *
rb_control_handler_lookup (const char *type)
{
  for (size_t i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (strcmp (handlers[i].type, type) == 0)
      return &handlers[i];

  return NULL;
}
