/* rb-bus-error.c: errors as a caller on the bus sees them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-error.h"

#include "rb-error.h"
#include "rb-log.h"

static const char *const names[] = {
  [RB_ERROR_INVALID] = RB_BUS_ERROR_PREFIX "Invalid",
  [RB_ERROR_UNAUTHORIZED] = RB_BUS_ERROR_PREFIX "Unauthorized",
  [RB_ERROR_FORBIDDEN] = RB_BUS_ERROR_PREFIX "Forbidden",
  [RB_ERROR_NOT_FOUND] = RB_BUS_ERROR_PREFIX "NotFound",
  [RB_ERROR_BAD_STATE] = RB_BUS_ERROR_PREFIX "BadState",
  [RB_ERROR_TOO_LARGE] = RB_BUS_ERROR_PREFIX "TooLarge",
  [RB_ERROR_UNPROCESSABLE] = RB_BUS_ERROR_PREFIX "Unprocessable",
  [RB_ERROR_REJECTED] = RB_BUS_ERROR_PREFIX "Rejected",
  [RB_ERROR_UNAVAILABLE] = RB_BUS_ERROR_PREFIX "Unavailable",
  [RB_ERROR_OUTCOME_UNKNOWN] = RB_BUS_ERROR_PREFIX "OutcomeUnknown",
  [RB_ERROR_NOT_SUPPORTED] = RB_BUS_ERROR_PREFIX "NotSupported",
  [RB_ERROR_TIMED_OUT] = RB_BUS_ERROR_PREFIX "TimedOut",
  [RB_ERROR_CORRUPT] = RB_BUS_ERROR_PREFIX "Corrupt",
  [RB_ERROR_INTERNAL] = RB_BUS_ERROR_PREFIX "Internal",
};
G_STATIC_ASSERT (G_N_ELEMENTS (names) == RB_ERROR_N_CODES);

const char *
rb_bus_error_get_name (const GError *error)
{
  return names[error->domain == RB_ERROR ? error->code : (int) RB_ERROR_INTERNAL];
}

char *
rb_bus_error_dup_text (const GError *error)
{
  const char *reason = rb_error_get_reason (error);
  g_autofree char *valid = g_utf8_make_valid (error->message, -1);

  return reason != NULL ? g_strdup_printf ("%s: %s", reason, valid) : g_steal_pointer (&valid);
}

void
rb_bus_return_error (GDBusMethodInvocation *invocation,
                     const GError          *error)
{
  g_autofree char *text = NULL;

  if (error->domain != RB_ERROR)
    {
      rb_log_error ("bus_call_failed", "method", g_dbus_method_invocation_get_method_name (invocation), "err", error->message, NULL);
      g_dbus_method_invocation_return_dbus_error (invocation, names[RB_ERROR_INTERNAL], "internal: see the log");
      return;
    }

  text = rb_bus_error_dup_text (error);
  g_dbus_method_invocation_return_dbus_error (invocation, rb_bus_error_get_name (error), text);
}
