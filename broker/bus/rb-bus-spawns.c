/* rb-bus-spawns.c: runtimes over the bus: which are asked for, which run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-spawns.h"

#include "rb-runtimes.h"
#include "rb-spawn-operator.h"
#include "rb-views.h"

static void
answer_view (RbBusCall *call,
             GVariant  *parameters,
             GVariant *(*make_view) (RbCore *core, gboolean flag))
{
  gboolean flag;

  g_variant_get (parameters, "(b)", &flag);
  rb_bus_call_answer_when_durable (call, make_view (call->ports->core, flag));
}

void
rb_bus_spawns_list (RbBusCall  *call,
                    const char *key,
                    GVariant   *parameters)
{
  answer_view (call, parameters, rb_view_spawns);
}

void
rb_bus_spawns_list_runtimes (RbBusCall  *call,
                             const char *key,
                             GVariant   *parameters)
{
  answer_view (call, parameters, rb_view_runtimes);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  rb_bus_call_answer_done (user_data, source, result, rb_spawn_answer_finish);
}

void
rb_bus_spawns_approve (RbBusCall  *call,
                       const char *key,
                       GVariant   *parameters)
{
  const char *id;
  gboolean always;

  g_variant_get (parameters, "(&sb)", &id, &always);
  rb_spawn_approve_async (call->ports->core, id, always, on_answered, call);
}

void
rb_bus_spawns_deny (RbBusCall  *call,
                    const char *key,
                    GVariant   *parameters)
{
  const char *id;
  gboolean always;

  g_variant_get (parameters, "(&sb)", &id, &always);
  rb_spawn_deny_async (call->ports->core, id, always, on_answered, call);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_spawn_by_hand_finish (RB_CORE (source), result, &error);

  if (id != NULL)
    rb_bus_call_answer (user_data, g_variant_new ("(s)", id));
  else
    rb_bus_call_fail (user_data, error);
}

void
rb_bus_spawns_start (RbBusCall  *call,
                     const char *key,
                     GVariant   *parameters)
{
  const char *kind, *prompt, *directory;

  g_variant_get (parameters, "(&s&s&s)", &kind, &prompt, &directory);
  rb_spawn_by_hand_async (call->ports->core, kind, prompt, *directory != '\0' ? directory : NULL, on_started, call);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_bus_call_answer_done (user_data, source, result, rb_runtime_stop_finish);
}

void
rb_bus_spawns_stop_runtime (RbBusCall  *call,
                            const char *key,
                            GVariant   *parameters)
{
  const char *id;

  g_variant_get (parameters, "(&s)", &id);
  rb_runtime_stop_async (call->ports->core, id, on_stopped, call);
}
