/* rb-monitor-verb.c: brokerctl monitor: what happens, as it happens
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-monitor-print.h"
#include "rb-terminal.h"
#include "rb-verb.h"

#include <glib/gi18n.h>
#include <string.h>

static char **wanted_kinds;

static const GOptionEntry options[] = {
  { "kind", 'k', 0, G_OPTION_ARG_STRING_ARRAY, &wanted_kinds, N_ ("Only this: broker, endpoint, message, assignment or module; may be repeated"),
    N_ ("KIND") },
  { NULL },
};

typedef struct {
  RbCtl    *ctl;
  gboolean  is_over;      /* the time is, or nobody reads */
} Watching;

static gboolean
check_kinds (void)
{
  static const char *const known[] = { "broker", "endpoint", "message", "assignment", "module", NULL };

  for (guint i = 0; wanted_kinds != NULL && wanted_kinds[i] != NULL; i++)
    if (!g_strv_contains (known, wanted_kinds[i]))
      {
        rb_ctl_warn (_ ("--kind must be broker, endpoint, message, assignment or module"));
        return FALSE;
      }
  return TRUE;
}

/* That the broker went, came back or was too fast is never left out: without it the rest means something else. */
static gboolean
is_wanted (const RbMonitorEvent *event)
{
  return wanted_kinds == NULL || g_strv_contains ((const char *const *) wanted_kinds, event->kind) || g_str_equal (event->event, "gone") ||
         g_str_equal (event->event, "back") || g_str_equal (event->event, "missed");
}

static RbStyle
get_style (const RbMonitorEvent *event)
{
  if (g_str_equal (event->event, "added") || g_str_equal (event->event, "back"))
    return RB_STYLE_GOOD;
  if (g_str_equal (event->event, "gone") || g_str_equal (event->event, "missed"))
    return RB_STYLE_BAD;
  return g_str_equal (event->event, "removed") ? RB_STYLE_DIM : RB_STYLE_PLAIN;
}

static void
on_event (const RbMonitorEvent *event,
          gpointer              user_data)
{
  Watching *self = user_data;
  gint64 now_ms = g_get_real_time () / 1000;
  g_autofree char *line = NULL;

  if (!is_wanted (event))
    return;
  if (self->ctl->json)
    {
      g_autofree char *json = rb_monitor_event_to_json (event, now_ms);

      line = rb_terminal_escape_json (json, strlen (json));
    }
  else
    {
      g_autofree char *text = rb_monitor_event_to_text (event, now_ms);
      g_autofree char *fitting = self->ctl->terminal.columns > 0 ? rb_terminal_cut (text, self->ctl->terminal.columns) : g_strdup (text);

      line = rb_terminal_style (&self->ctl->terminal, get_style (event), fitting);
    }
  rb_ctl_print (self->ctl, "%s\n", line);
  fflush (self->ctl->out);
  self->is_over = self->is_over || !rb_ctl_can_write (self->ctl);
}

static gboolean
on_time (gpointer user_data)
{
  Watching *self = user_data;

  self->is_over = TRUE;
  return G_SOURCE_REMOVE;
}

static RbExitCode
watch (RbCtl     *ctl,
       Watching  *self,
       RbMonitor *monitor)
{
  guint timer = ctl->timeout_ms > 0 ? g_timeout_add ((guint) MIN (ctl->timeout_ms, G_MAXUINT), on_time, self) : 0;
  gboolean timed = timer != 0;

  while (!self->is_over && !rb_monitor_is_over (monitor) && !g_cancellable_is_cancelled (ctl->cancellable))
    g_main_context_iteration (NULL, TRUE);
  if (timed && !self->is_over)
    g_source_remove (timer);
  if (g_cancellable_is_cancelled (ctl->cancellable))
    return RB_EXIT_INTERRUPTED;
  if (self->is_over)
    return RB_EXIT_OK;
  rb_ctl_warn (_ ("the session bus is gone"));
  return RB_EXIT_NOT_RUNNING;
}

static RbExitCode
run_monitor (RbCtl             *ctl,
             const char *const *args)
{
  Watching self = { .ctl = ctl };
  g_autoptr(RbMonitor) monitor = NULL;
  g_autoptr(GError) error = NULL;

  if (!check_kinds ())
    return RB_EXIT_USAGE;
  rb_ctl_catch_signals (ctl);
  monitor = rb_monitor_new (ctl->options->account_id, on_event, &self, &error);
  if (monitor == NULL)
    return rb_ctl_fail (error);
  if (!ctl->json)
    rb_ctl_warn (_ ("watching; Ctrl-C ends it"));
  return watch (ctl, &self, monitor);
}

const RbVerb rb_monitor_verb = {
  .name = "monitor",
  .summary = N_ ("Print what happens, as it happens"),
  .usage = "",
  .details = N_ ("A line for each endpoint, message of the inbox, assignment and module that comes, changes or goes, and for what changes of the broker, "
                 "when it is on the disk; with --json each is an object. It asks the session bus, and waits when the broker is restarted. --timeout "
                 "ends it after so long, Ctrl-C at once. Of what comes faster than it is read 10,000 events are kept; 'missed' says how many more "
                 "there were."),
  .options = options,
  .own_timeout = TRUE,
  .run = run_monitor,
};
