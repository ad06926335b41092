/* rb-ipc-rejection.c: the log line of a request that was not granted
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-rejection.h"

#include "rb-log.h"

#define EXTRAS_LOGGED 4

typedef struct {
  char *names[EXTRAS_LOGGED];     /* never NULL */
  char *values[EXTRAS_LOGGED];    /* NULL: there is none */
} Extras;

/* What the envelope has besides code and text (protocol.md 4.3). */
static void
read_extras (GVariant *details,
             Extras   *extras)
{
  static const char *const said[] = { "error", "message", "status", "code", NULL };
  GVariantIter iter;
  const char *name;
  GVariant *value;
  gsize n = 0;

  if (details != NULL)
    {
      g_variant_iter_init (&iter, details);
      while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
        if (n < EXTRAS_LOGGED && !g_strv_contains (said, name))
          {
            extras->names[n] = g_strdup (name);
            extras->values[n++] = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL)
                                                                                      : g_variant_print (value, FALSE);
          }
    }
  for (; n < EXTRAS_LOGGED; n++)
    extras->names[n] = g_strdup ("extra");
}

static void
extras_clear (Extras *extras)
{
  for (gsize i = 0; i < EXTRAS_LOGGED; i++)
    {
      g_free (extras->names[i]);
      g_free (extras->values[i]);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Extras, extras_clear)

void
rb_ipc_rejection_log (const char *method,
                      const char *target,
                      guint       status,
                      const char *code,
                      const char *message,
                      GVariant   *details)
{
  g_autofree char *number = g_strdup_printf ("%u", status);
  g_auto(Extras) x = { { NULL } };

  read_extras (details, &x);
  /* An upstream's 500 that is passed on is none of ours. */
  if (status == 500 && g_strcmp0 (code, "internal_error") == 0)
    rb_log_error ("ipc_route_error", "url", target, "method", method, "message", message, NULL);
  else
    rb_log_info ("ipc_route_rejected", "url", target, "method", method, "status", number, "code", code,
                 "message", message, x.names[0], x.values[0], x.names[1], x.values[1], x.names[2], x.values[2], x.names[3], x.values[3],
                 NULL);
}
