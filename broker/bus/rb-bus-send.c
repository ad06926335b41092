/* rb-bus-send.c: a caller on the bus sends a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-send.h"

#include "rb-bus-guest.h"
#include "rb-bus-options.h"
#include "rb-bus-words.h"
#include "rb-send.h"

/* By a guest, as with `brokerctl send`. What answers the message finds no endpoint any more and waits in the inbox. */
typedef struct {
  RbBusCall     *call;
  RbBusGuest    *guest;
  RbSendRequest  request;
  char          *name;
} Send;

static void
send_free (Send *self)
{
  rb_send_request_clear (&self->request);
  g_free (self->name);
  g_free (self);
}

static void
fail (Send         *self,
      const GError *error)
{
  rb_bus_call_fail (self->call, error);
  send_free (self);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Send *self = user_data;
  g_autofree char *message_id = NULL;
  g_autofree char *correlation_id = NULL;
  g_autoptr(GError) error = NULL;
  RbSendStatus status;
  gboolean done = rb_send_finish (RB_CORE (source), result, &message_id, &status, &correlation_id, &error);

  rb_bus_guest_leave_async (self->guest, NULL, NULL);
  if (!done)
    {
      fail (self, error);
      return;
    }
  rb_bus_call_answer (self->call, g_variant_new ("(ss)", message_id, status == RB_SEND_DELIVERED ? "delivered" : "stored"));
  send_free (self);
}

static void
on_guest (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Send *self = user_data;
  RbCaller caller = rb_bus_guest_get_caller ();
  g_autoptr(GError) error = NULL;

  self->guest = rb_bus_guest_new_finish (result, &error);
  if (self->guest == NULL)
    {
      fail (self, error);
      return;
    }
  if (rb_bus_call_is_given_up (self->call))    /* the caller has heard that nothing is sent */
    {
      rb_bus_guest_leave_async (self->guest, NULL, NULL);
      rb_bus_call_answer (self->call, NULL);
      send_free (self);
      return;
    }
  self->call->is_idle = FALSE;
  self->call->is_patient = TRUE;
  self->request.endpoint_id = g_strdup (rb_bus_guest_get_endpoint_id (self->guest));
  rb_send_async (RB_CORE (source), &caller, &self->request, on_sent, self);
}

static gboolean
read_request (Send       *self,
              GVariant   *parameters,
              GError    **error)
{
  const char *to, *text, *name = "bus", *content_type = NULL, *metadata = NULL;
  const RbBusOption known[] = {
    { "name", "s", &name },         { "content_type", "s", &content_type },
    { "metadata", "s", &metadata }, { "require_live", "b", &self->request.require_live },
  };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 2);
  g_auto(RbBusWords) words = { NULL };

  g_variant_get_child (parameters, 0, "&s", &to);
  g_variant_get_child (parameters, 1, "&s", &text);
  if (!rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, error) ||
      !rb_bus_guest_check_name (name, error) || !rb_bus_words_read (&words, text, content_type, metadata, error))
    return FALSE;

  self->request.to = g_strdup (to);
  self->request.content = g_steal_pointer (&words.content);
  self->request.content_type = g_steal_pointer (&words.content_type);
  self->request.metadata = g_steal_pointer (&words.metadata);
  self->name = g_strdup (name);
  return TRUE;
}

void
rb_bus_send (RbBusCall  *call,
             const char *key,
             GVariant   *parameters)
{
  Send *self = g_new0 (Send, 1);
  g_autoptr(GError) error = NULL;

  self->call = call;
  call->is_idle = TRUE;
  if (read_request (self, parameters, &error))
    rb_bus_guest_new_async (call->ports->core, self->name, FALSE, on_guest, self);
  else
    fail (self, error);
}
