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
