/* rb-bus-send.c: a caller on the bus sends a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-send.h"

#include "rb-bus-channel.h"
#include "rb-bus-options.h"
#include "rb-error.h"
#include "rb-json.h"
#include "rb-register.h"
#include "rb-send.h"

#include <string.h>
#include <unistd.h>

#define SIZE_MAX_BYTES (1024 * 1024)

/* Only endpoints send. So one registers, sends and unregisters, as with `brokerctl send`; it is the broker's own. What answers the message finds
 * no endpoint any more and waits in the inbox. */
typedef struct {
  RbBusCall     *call;
  RbBusChannel  *channel;   /* held until the endpoint is gone */
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

static RbCaller
get_caller (void)
{
  return (RbCaller) { .pid = getpid (), .kernel = TRUE };
}

static void
on_unregistered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  RbBusChannel *channel = user_data;

  rb_unregister_finish (RB_CORE (source), result, NULL);
  rb_bus_channel_release (channel, RB_CORE (source));
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Send *self = user_data;
  RbCore *core = RB_CORE (source);
  g_autofree char *message_id = NULL;
  g_autofree char *correlation_id = NULL;
  g_autoptr(GError) error = NULL;
  RbSendStatus status;
  gboolean done = rb_send_finish (core, result, &message_id, &status, &correlation_id, &error);
  RbCaller caller = get_caller ();

  rb_unregister_async (core, &caller, self->request.endpoint_id, on_unregistered, self->channel);
  if (!done)
    {
      fail (self, error);
      return;
    }
  rb_bus_call_answer (self->call, g_variant_new ("(ss)", message_id, status == RB_SEND_DELIVERED ? "delivered" : "stored"));
  send_free (self);
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Send *self = user_data;
  g_autofree char *owner_token = NULL;
  g_autoptr(GVariant) naming = NULL;
  g_autoptr(GError) error = NULL;
  RbCaller caller = get_caller ();

  if (rb_register_finish (RB_CORE (source), result, &self->request.endpoint_id, &owner_token, &naming, &error))
    {
      rb_send_async (RB_CORE (source), &caller, &self->request, on_sent, self);
      return;
    }
  rb_bus_channel_release (self->channel, RB_CORE (source));
  fail (self, error);
}

/* The session is one of its own, or all callers would share one endpoint. */
static void
register_endpoint (Send *self)
{
  RbCore *core = self->call->ports->core;
  RbCaller caller = get_caller ();
  g_autofree char *session_id = g_uuid_string_random ();
  char *capabilities[] = { (char *) "foreground_channel_v1", NULL };
  const RbRegisterRequest request = { .agent_id = self->name,
                                      .plugin_pid = caller.pid,
                                      .kind = (char *) "custom",
                                      .session_name = self->name,
                                      .runtime_session_id = session_id,
                                      .runtime_capabilities = capabilities,
                                      .execution_surface = (char *) "headless" };

  self->channel = rb_bus_channel_hold (core);
  rb_register_async (core, &caller, &request, on_registered, self);
}

/* As for a body over HTTP. */
static gboolean
check_size (const RbSendRequest *request,
            GError             **error)
{
  gsize size = g_bytes_get_size (request->content) + g_bytes_get_size (request->metadata);

  if (size <= SIZE_MAX_BYTES)
    return TRUE;
  rb_set_error (error, RB_ERROR_TOO_LARGE, "payload_too_large", "text and metadata are longer than %d bytes", SIZE_MAX_BYTES);
  return FALSE;
}

static gboolean
read_request (Send       *self,
              GVariant   *parameters,
              GError    **error)
{
  const char *to, *text, *name = "bus", *content_type = NULL, *metadata = "{}";
  const RbBusOption known[] = {
    { "name", "s", &name },         { "content_type", "s", &content_type },
    { "metadata", "s", &metadata }, { "require_live", "b", &self->request.require_live },
  };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 2);
  g_autoptr(RbJson) object = NULL;

  g_variant_get_child (parameters, 0, "&s", &to);
  g_variant_get_child (parameters, 1, "&s", &text);
  if (!rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, error))
    return FALSE;

  self->request.to = g_strdup (to);
  self->request.content = rb_json_slice_from_string (text);
  self->request.content_type = g_strdup (content_type);
  self->name = g_strdup (name);
  self->request.metadata = g_bytes_new (metadata, strlen (metadata));
  object = rb_json_parse_object (self->request.metadata, 0, error);
  return object != NULL && check_size (&self->request, error);
}

void
rb_bus_send (RbBusCall  *call,
             const char *key,
             GVariant   *parameters)
{
  Send *self = g_new0 (Send, 1);
  g_autoptr(GError) error = NULL;

  self->call = call;
  if (read_request (self, parameters, &error))
    register_endpoint (self);
  else
    fail (self, error);
}
