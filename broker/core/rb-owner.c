/* rb-owner.c: does a request come from who registered the endpoint?
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-owner.h"

#include "rb-error.h"

#include <string.h>

/* Equal length first, then all characters, whatever differs (protocol.md 1.2). */
static gboolean
equal_secrets (const char *a,
               const char *b)
{
  gsize length = strlen (a);
  guint8 difference = 0;

  if (strlen (b) != length)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    difference |= (guint8) a[i] ^ (guint8) b[i];
  return difference == 0;
}

static gboolean
token_fits (const RbEndpoint *endpoint,
            const char       *owner_token)
{
  if (owner_token == NULL)
    return endpoint->traits->legacy;

  return equal_secrets (endpoint->owner_token, owner_token);
}

RbEndpoint *
rb_owner_check (RbCore          *core,
                const RbCaller  *caller,
                const char      *endpoint_id,
                gint64           plugin_pid,
                const char      *owner_token,
                GError         **error)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  if (endpoint == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: %s", endpoint_id);
      return NULL;
    }
  if (!rb_core_check_owner (core, caller, endpoint, plugin_pid, error))
    return NULL;
  if (endpoint->plugin_pid != plugin_pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
      return NULL;
    }
  if (!token_fits (endpoint, owner_token))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");
      return NULL;
    }
  return endpoint;
}

static gboolean
check_header (const RbCaller     *caller,
              const RbOwnerCall  *call,
              gint64              plugin_pid,
              GError            **error)
{
  if (caller->pid <= 0)
    {
      rb_set_error (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for %s", call->call);
      return FALSE;
    }
  if (caller->pid != plugin_pid)
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "plugin_pid_mismatch", "x-plugin-pid header does not match %s body", call->body);
      return FALSE;
    }
  return TRUE;
}

RbEndpoint *
rb_owner_check_call (RbCore             *core,
                     const RbCaller     *caller,
                     const RbOwnerCall  *call,
                     const char         *endpoint_id,
                     gint64              plugin_pid,
                     const char         *owner_token,
                     GError            **error)
{
  RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  if (!check_header (caller, call, plugin_pid, error))
    return NULL;
  if (endpoint == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: %s", endpoint_id != NULL ? endpoint_id : "undefined");
  else if (endpoint->plugin_pid != plugin_pid)
    rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
  else if (call->with_token && (owner_token == NULL || !equal_secrets (endpoint->owner_token, owner_token)))
    rb_set_error (error, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch", "endpoint_owner_token does not own endpoint_id");
  else if (endpoint->state != RB_ENDPOINT_ACTIVE)
    rb_set_error (error, RB_ERROR_BAD_STATE, "endpoint_not_active", "endpoint %s is %s; %s", endpoint->id,
                  rb_endpoint_state_to_string (endpoint->state), call->rule);
  else
    return endpoint;
  return NULL;
}
