/* rb-daemon-identity.c: asks the upstream who we are
 *
 * What waiting may mend is asked again, slower and slower; a refusal means that our identity is wrong, which ends the process.
 * Source: protocol.md 3.4 step 4, 14.3; design.md section 8.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-error.h"
#include "rb-log.h"

static void
on_timer (gpointer user_data)
{
  RbDaemon *self = user_data;

  self->identity_timer = 0;
  rb_daemon_ask_identity (self);
}

static void
ask_again (RbDaemon     *self,
           const GError *error)
{
  gint64 delay_ms = rb_backoff_next (&self->identity_backoff);
  g_autofree char *attempt = g_strdup_printf ("%u", self->n_identity_calls);
  g_autofree char *next = g_strdup_printf ("%u", self->n_identity_calls + 1);
  g_autofree char *delay = g_strdup_printf ("%" G_GINT64_FORMAT, delay_ms);

  rb_log_debug ("upstream_identity_unknown", "attempt", attempt, "next_attempt", next, "delay_ms", delay, "err", error->message, NULL);
  self->identity_timer = rb_clock_add (self->clock, delay_ms, on_timer, self);
}

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RbDaemon *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  const char *subject = NULL;
  gint64 ahead_ms;

  if (self->stop_reason != NULL)
    return;
  if (answer != NULL && g_variant_lookup (answer, "subjectId", "&s", &subject))
    {
      rb_log_info ("runtime_principal_resolved", "subjectId", subject, NULL);
      rb_core_set_fact (self->core, "node_id", subject);
      if (g_variant_lookup (answer, "clock_ahead_ms", "x", &ahead_ms))
        rb_daemon_note_network_clock (self, ahead_ms);
    }
  else if (g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED))
    {
      g_prefix_error (&error, "The upstream does not accept us: ");
      rb_daemon_fail (self, error);
    }
  else if (error != NULL && !g_error_matches (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    {
      ask_again (self, error);
    }
}

/**
 * rb_daemon_ask_identity:
 * @self: the daemon, its modules starting or started
 */
void
rb_daemon_ask_identity (RbDaemon *self)
{
  if (self->n_identity_calls++ == 0)
    rb_backoff_init (&self->identity_backoff, 500, 30000);
  rb_upstream_call_async (rb_host_get_upstream (self->host), RB_UPSTREAM_WHOAMI, g_variant_new ("a{sv}", NULL), self->starting, on_answer,
                          self);
}
