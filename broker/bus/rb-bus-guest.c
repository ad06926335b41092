/* rb-bus-guest.c: an endpoint of the broker's own, in the name of a caller on the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-guest.h"

#include "rb-bus-channel.h"
#include "rb-error.h"
#include "rb-register.h"

#include <unistd.h>

struct _RbBusGuest {
  RbCore       *core;
  RbBusChannel *channel;      /* held until the endpoint is gone */
  char         *endpoint_id;
  char         *owner_token;
};

RbCaller
rb_bus_guest_get_caller (void)
{
  return (RbCaller) { .pid = getpid (), .kernel = TRUE };
}

gboolean
rb_bus_guest_check_name (const char *name,
                         GError    **error)
{
  if (*name != '\0' && g_utf8_strlen (name, -1) <= RB_BUS_GUEST_NAME_MAX)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'name' must have 1 to %d characters", RB_BUS_GUEST_NAME_MAX);
  return FALSE;
}

static void
guest_free (RbBusGuest *self)
{
  rb_bus_channel_release (self->channel, self->core);
  g_free (self->endpoint_id);
  g_free (self->owner_token);
  g_object_unref (self->core);
  g_free (self);
}

static void
on_registered (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbBusGuest *self = g_task_get_task_data (task);
  g_autoptr(GVariant) naming = NULL;
  GError *error = NULL;

  if (rb_register_finish (RB_CORE (source), result, &self->endpoint_id, &self->owner_token, &naming, &error))
    {
      g_task_return_pointer (task, self, NULL);
      return;
    }
  guest_free (self);
  g_task_return_error (task, error);
}

/* The session is one of its own, or all callers would share one endpoint. */
void
rb_bus_guest_new_async (RbCore              *core,
                        const char          *name,
                        gboolean             works,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);
  RbBusGuest *self = g_new0 (RbBusGuest, 1);
  RbCaller caller = rb_bus_guest_get_caller ();
  g_autofree char *session_id = g_uuid_string_random ();
  char *sends[] = { (char *) "foreground_channel_v1", NULL };
  char *takes[] = { (char *) "background_exchange_v1", NULL };
  const RbRegisterRequest request = { .agent_id = (char *) name,
                                      .plugin_pid = caller.pid,
                                      .kind = (char *) "custom",
                                      .session_name = (char *) name,
                                      .runtime_session_id = session_id,
                                      .runtime_capabilities = works ? takes : sends,
                                      .execution_surface = (char *) "headless",
                                      .background_exchange_mode = works ? (char *) "adapter_managed_turn" : NULL };

  g_task_set_source_tag (task, rb_bus_guest_new_async);
  g_task_set_task_data (task, self, NULL);
  self->core = g_object_ref (core);
  self->channel = rb_bus_channel_hold (core);
  rb_register_async (core, &caller, &request, on_registered, task);
}

RbBusGuest *
rb_bus_guest_new_finish (GAsyncResult  *result,
                         GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

const char *
rb_bus_guest_get_endpoint_id (const RbBusGuest *self)
{
  return self->endpoint_id;
}

const char *
rb_bus_guest_get_owner_token (const RbBusGuest *self)
{
  return self->owner_token;
}

static void
on_unregistered (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  gboolean done = rb_unregister_finish (RB_CORE (source), result, &error);

  guest_free (g_task_get_task_data (task));
  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rb_bus_guest_leave_async (RbBusGuest          *self,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GTask *task = g_task_new (self->core, NULL, callback, user_data);
  RbCaller caller = rb_bus_guest_get_caller ();

  g_task_set_source_tag (task, rb_bus_guest_leave_async);
  g_task_set_task_data (task, self, NULL);
  rb_unregister_async (self->core, &caller, self->endpoint_id, on_unregistered, task);
}

gboolean
rb_bus_guest_leave_finish (RbCore        *core,
                           GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
