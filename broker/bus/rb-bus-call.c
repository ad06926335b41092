/* rb-bus-call.c: one call of a caller on the bus, from its arrival to its answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-call.h"

#include "rb-bus-error.h"
#include "rb-error.h"
#include "rb-outage-error.h"
#include "rb-views.h"

void
rb_bus_calls_init (RbBusCalls       *self,
                   const RbBusPorts *ports,
                   RbBounds         *bounds,
                   RbBusClaims      *claims)
{
  self->ports = ports;
  self->bounds = bounds;
  self->claims = claims;
  g_queue_init (&self->waiting);
}

static void
refuse (GDBusMethodInvocation *invocation,
        RbError                kind,
        const char            *code,
        const char            *text)
{
  g_autoptr(GError) error = rb_error_new (kind, code, "%s", text);

  rb_bus_return_error (invocation, error);
}

static void
refuse_stopping (const RbBusCalls      *calls,
                 GDBusMethodInvocation *invocation)
{
  if (calls->failure != NULL)
    rb_bus_return_error (invocation, calls->failure);
  else
    refuse (invocation, RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");
}

static gboolean
is_of (const RbBusCall *call,
       const char      *sender)
{
  return call->invocation != NULL && g_strcmp0 (g_dbus_method_invocation_get_sender (call->invocation), sender) == 0;
}

static gboolean
has_room (RbBusCalls            *self,
          GDBusMethodInvocation *invocation)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  guint n = 0;

  for (const GList *link = self->waiting.head; link != NULL; link = link->next)
    n += is_of (link->data, sender);
  return n < RB_BUS_CALLS_EACH && self->waiting.length < RB_BUS_CALLS_MAX;
}

void
rb_bus_calls_close (RbBusCalls *self)
{
  GList *link;

  self->is_closed = TRUE;
  while ((link = g_queue_pop_head_link (&self->waiting)) != NULL)
    {
      RbBusCall *call = link->data;

      call->calls = NULL;
      if (call->invocation != NULL)
        refuse_stopping (self, g_steal_pointer (&call->invocation));
    }
}

static gboolean
is_stuck (const RbBusCall *call)
{
  gint64 age_us = rb_clock_get_monotonic_us (call->ports->clock) - call->begun_us;

  return call->invocation != NULL && !call->is_patient && age_us >= RB_OUTAGE_MS * G_TIME_SPAN_MILLISECOND;
}

static gboolean
is_question (const char *method)
{
  static const char *const questions[] = { "Access", "Explain", "Export", "GetStatus", "Search", "Show", NULL };

  return g_str_has_prefix (method, "List") || g_strv_contains (questions, method);
}

static RbOutageOutcome
judge (const RbBusCall *call)
{
  if (call->is_idle)
    return RB_OUTAGE_NOTHING_DONE;
  return is_question (g_dbus_method_invocation_get_method_name (call->invocation)) ? RB_OUTAGE_REPEATABLE : RB_OUTAGE_UNKNOWN;
}

/* They keep their places: the core has them still. */
void
rb_bus_calls_fail_stuck (RbBusCalls *self,
                         const char *why)
{
  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      RbBusCall *call = link->data;
      g_autoptr(GError) error = NULL;

      if (!is_stuck (call))
        continue;
      error = rb_outage_error_new (why, judge (call));
      rb_bus_return_error (g_steal_pointer (&call->invocation), error);
    }
}

gboolean
rb_bus_call_is_given_up (const RbBusCall *self)
{
  return self->invocation == NULL;
}

RbBusCall *
rb_bus_call_begin (RbBusCalls            *calls,
                   GDBusMethodInvocation *invocation)
{
  RbBusCall *self;

  if (calls->is_closed)
    {
      refuse_stopping (calls, invocation);
      return NULL;
    }
  if (!has_room (calls, invocation))
    {
      rb_bounds_reached (calls->bounds, 0);
      refuse (invocation, RB_ERROR_UNAVAILABLE, "too_many_calls", "too many calls wait for their answers");
      return NULL;
    }
  if (g_variant_get_size (g_dbus_method_invocation_get_parameters (invocation)) > RB_BUS_CALL_BYTES)
    {
      refuse (invocation, RB_ERROR_TOO_LARGE, "call_too_large", "no call may say that much");
      return NULL;
    }

  self = g_new0 (RbBusCall, 1);
  self->calls = calls;
  self->ports = calls->ports;
  self->invocation = invocation;
  self->begun_us = rb_clock_get_monotonic_us (calls->ports->clock);
  self->link.data = self;
  g_queue_push_tail_link (&calls->waiting, &self->link);
  rb_bounds_set_used (calls->bounds, 0, calls->waiting.length);
  return self;
}

/* (transfer full) (nullable) */
static GDBusMethodInvocation *
end (RbBusCall *self)
{
  GDBusMethodInvocation *invocation = self->invocation;

  if (self->calls != NULL)
    {
      g_queue_unlink (&self->calls->waiting, &self->link);
      rb_bounds_set_used (self->calls->bounds, 0, self->calls->waiting.length);
    }
  g_clear_pointer (&self->view, g_variant_unref);
  g_free (self);
  return invocation;
}

void
rb_bus_call_answer (RbBusCall *self,
                    GVariant  *value)
{
  g_autoptr(GVariant) owned = value != NULL ? g_variant_ref_sink (value) : NULL;
  GDBusMethodInvocation *invocation = end (self);

  if (invocation != NULL)
    g_dbus_method_invocation_return_value (invocation, owned);
}

void
rb_bus_call_fail (RbBusCall    *self,
                  const GError *error)
{
  GDBusMethodInvocation *invocation = end (self);

  if (invocation != NULL)
    rb_bus_return_error (invocation, error);
}

void
rb_bus_call_answer_done (RbBusCall    *self,
                         GObject      *core,
                         GAsyncResult *result,
                         RbBusFinish   finish)
{
  g_autoptr(GError) error = NULL;

  if (finish (RB_CORE (core), result, &error))
    rb_bus_call_answer (self, NULL);
  else
    rb_bus_call_fail (self, error);
}

static void
on_durable (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbBusCall *self = user_data;
  g_autoptr(GError) error = NULL;

  if (rb_view_settle_finish (RB_CORE (source), result, &error))
    rb_bus_call_answer_view (self, self->view, NULL);
  else
    rb_bus_call_fail (self, error);
}

void
rb_bus_call_answer_when_durable (RbBusCall *self,
                                 GVariant  *view)
{
  self->view = g_variant_ref_sink (view);
  rb_view_settle_async (self->ports->core, on_durable, self);
}

void
rb_bus_call_answer_view (RbBusCall    *self,
                         GVariant     *view,
                         const GError *error)
{
  if (view == NULL)
    rb_bus_call_fail (self, error);
  else
    rb_bus_call_answer (self, g_variant_new_tuple (&view, 1));
}
