/* rb-bus-policy.c: a person says over the bus what may come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-policy.h"

#include "rb-hold.h"
#include "rb-policy-apply.h"
#include "rb-policy-operator.h"

/* An argument that is always there says "none" with an empty text. */
static const char *
or_null (const char *text)
{
  return *text != '\0' ? text : NULL;
}

static void
on_set (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) rule = rb_policy_set_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, rule, error);
}

void
rb_bus_policy_set (RbBusCall  *call,
                   const char *key,
                   GVariant   *parameters)
{
  const char *what, *sender, *kind, *action, *note;

  g_variant_get (parameters, "(&s&s&s&s&s)", &what, &sender, &kind, &action, &note);
  rb_policy_set_async (call->ports->core, what, sender, or_null (kind), action, or_null (note), on_set, call);
}

static void
on_removed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_bus_call_answer_done (user_data, source, result, rb_policy_remove_finish);
}

void
rb_bus_policy_remove (RbBusCall  *call,
                      const char *key,
                      GVariant   *parameters)
{
  gint64 id;

  g_variant_get (parameters, "(x)", &id);
  rb_policy_remove_async (call->ports->core, id, on_removed, call);
}

static void
on_applied (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_policy_apply_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, answer, error);
}

void
rb_bus_policy_apply (RbBusCall  *call,
                     const char *key,
                     GVariant   *parameters)
{
  gint64 id;

  g_variant_get (parameters, "(x)", &id);
  rb_policy_apply_async (call->ports->core, id, on_applied, call);
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_hold_accept_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, answer, error);
}

void
rb_bus_policy_accept (RbBusCall  *call,
                      const char *key,
                      GVariant   *parameters)
{
  const char *message_id;
  gboolean remember;

  g_variant_get (parameters, "(&sb)", &message_id, &remember);
  rb_hold_accept_async (call->ports->core, message_id, remember, on_accepted, call);
}

static void
on_refused (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_bus_call_answer_done (user_data, source, result, rb_hold_refuse_finish);
}

void
rb_bus_policy_refuse (RbBusCall  *call,
                      const char *key,
                      GVariant   *parameters)
{
  const char *message_id, *reason;
  gboolean remember;

  g_variant_get (parameters, "(&sb&s)", &message_id, &remember, &reason);
  rb_hold_refuse_async (call->ports->core, message_id, remember, or_null (reason), on_refused, call);
}
