/* rb-restart-verb.c: brokerctl restart: another broker in the place of this one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <signal.h>

#define WAIT_MS 30000      /* without --timeout */
#define TURN_MS 10
#define PATIENCE_MS 2000   /* after that a person is told what takes so long */

typedef struct {
  RbCtl   *ctl;
  char    *instance;      /* of the broker that is to go */
  char    *old_version;
  char    *new_version;
  pid_t    pid;           /* stays the same; 0: unknown */
  gint64   began_us;      /* when it said that it would */
  gint64   deadline_us;
  gboolean told;
} Restart;

static void
restart_clear (Restart *self)
{
  g_free (self->instance);
  g_free (self->old_version);
  g_free (self->new_version);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Restart, restart_clear)

static char *
dup_member (const RbJson *object,
            const char   *name)
{
  return rb_json_get_root_type (object) == RB_JSON_OBJECT && rb_json_get_member_type (object, name) == RB_JSON_STRING
           ? rb_json_peek_string (object, name)
           : NULL;
}

/* FALSE with an error when it will not; an answer that got lost says nothing, and the next broker will. */
static gboolean
ask (Restart  *self,
     GError  **error)
{
  g_autoptr(RbJson) before = rb_ctl_view (self->ctl, "status", error);
  g_autoptr(RbJson) answer = NULL;
  g_autoptr(GError) local_error = NULL;
  gint64 pid = 0;

  if (before == NULL)
    return FALSE;
  self->instance = dup_member (before, "instance");
  self->old_version = dup_member (before, "product_version");
  if (self->instance == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "restart_refused", _ ("this broker is too old to be restarted: stop it and start it again"));
      return FALSE;
    }

  answer = rb_ctl_call (self->ctl, "POST", "/v1/operator/restart", NULL, &local_error);
  self->began_us = g_get_monotonic_time ();
  if (answer == NULL && !g_error_matches (local_error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (answer != NULL && rb_json_get_int (answer, "pid", &pid, NULL))
    self->pid = (pid_t) pid;
  return TRUE;
}

static gboolean
on_wake_up (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
wait_a_turn (Restart *self)
{
  gint64 until_us = g_get_monotonic_time () + TURN_MS * 1000;
  g_autoptr(GSource) wake_up = g_timeout_source_new (TURN_MS);

  g_source_set_callback (wake_up, on_wake_up, NULL, NULL);
  g_source_attach (wake_up, NULL);
  while (g_get_monotonic_time () < until_us && !g_cancellable_is_cancelled (self->ctl->cancellable))
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (wake_up);
}

static gboolean
is_next (Restart *self)
{
  g_autoptr(RbJson) status = rb_ctl_view (self->ctl, "status", NULL);
  g_autofree char *instance = status != NULL ? dup_member (status, "instance") : NULL;

  /* It may be found elsewhere. */
  if (status == NULL)
    g_clear_object (&self->ctl->client);
  if (instance == NULL || g_str_equal (instance, self->instance))
    return FALSE;
  self->new_version = dup_member (status, "product_version");
  return TRUE;
}

static gboolean
may_come (Restart  *self,
          GError  **error)
{
  gint64 now_us = g_get_monotonic_time ();

  if (g_cancellable_set_error_if_cancelled (self->ctl->cancellable, error))
    return FALSE;
  if (self->pid > 0 && kill (self->pid, 0) != 0 && errno == ESRCH)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "broker_start_failed", _ ("the broker ended instead of starting again; its log says why"));
      return FALSE;
    }
  if (now_us > self->deadline_us)
    {
      rb_set_error (error, RB_ERROR_TIMED_OUT, "restart_timeout", _ ("the broker did not come back in time"));
      return FALSE;
    }
  if (!self->told && now_us > self->began_us + PATIENCE_MS * 1000)
    {
      self->told = TRUE;
      rb_ctl_warn (_ ("waiting for the broker to stop and to start again..."));
    }
  return TRUE;
}

static void
print_result (Restart *self)
{
  gint64 away_ms = (g_get_monotonic_time () - self->began_us) / 1000;
  RbJsonWriter *writer;
  g_autofree char *text = NULL;

  if (!self->ctl->json)
    {
      /* TRANSLATORS: milliseconds; the version that runs now; the one before */
      rb_ctl_print (self->ctl, _ ("restarted in %d ms: version %s, before %s\n"), (int) away_ms,
                    self->new_version != NULL ? self->new_version : "?", self->old_version != NULL ? self->old_version : "?");
      return;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_int (writer, "pid", self->pid);
  rb_json_writer_string (writer, "old_version", self->old_version);
  rb_json_writer_string (writer, "new_version", self->new_version);
  rb_json_writer_int (writer, "took_ms", away_ms);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (writer);
  rb_ctl_print (self->ctl, "%s\n", text);
}

static RbExitCode
run_restart (RbCtl             *ctl,
             const char *const *args)
{
  g_auto(Restart) self = { .ctl = ctl };
  g_autoptr(GError) error = NULL;

  rb_ctl_catch_signals (ctl);
  if (!ask (&self, &error))
    return rb_ctl_fail (error);
  self.deadline_us = self.began_us + (ctl->timeout_ms > 0 ? ctl->timeout_ms : WAIT_MS) * 1000;
  while (!is_next (&self))
    {
      if (!may_come (&self, &error))
        return rb_ctl_fail (error);
      wait_a_turn (&self);
    }
  print_result (&self);
  return RB_EXIT_OK;
}

const RbVerb rb_restart_verb = {
  .name = "restart",
  .summary = N_ ("Restart the broker, as after an upgrade"),
  .usage = "",
  .details = N_ ("The program as it is installed now takes the place of the broker that runs: nobody loses an endpoint, a message or work. It is asked "
                 "first whether it would start; if not, nothing happens. Waits until it serves."),
  .run = run_restart,
};
