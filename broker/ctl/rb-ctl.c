/* rb-ctl.c: what every verb of brokerctl shares: options, the broker, output, exit codes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ctl.h"

#include "rb-error.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMARK_HEAD_CHARS 1500
#define REMARK_TAIL_CHARS 300

static const struct {
  const char *reason;
  RbExitCode  code;
} reason_codes[] = {
  { "ambiguous", RB_EXIT_AMBIGUOUS },
  { "broker_not_on_bus", RB_EXIT_NOT_RUNNING },
  { "broker_not_running", RB_EXIT_NOT_RUNNING },
  { "broker_start_failed", RB_EXIT_NOT_RUNNING },
  { "broker_start_timeout", RB_EXIT_NOT_RUNNING },
  { "broker_unreachable", RB_EXIT_NOT_RUNNING },
  { "no_bus", RB_EXIT_NOT_RUNNING },
  { "other_account", RB_EXIT_NOT_RUNNING },
};

void
rb_ctl_init (RbCtl *self)
{
  *self = (RbCtl) { 0 };
  self->options = rb_client_options_new ();
  self->cancellable = g_cancellable_new ();
  self->out = stdout;
  rb_terminal_init (&self->terminal, STDOUT_FILENO);
}

void
rb_ctl_clear (RbCtl *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->signal_ids); i++)
    g_clear_handle_id (&self->signal_ids[i], g_source_remove);
  g_clear_pointer (&self->options, rb_client_options_free);
  g_clear_object (&self->client);
  g_clear_object (&self->cancellable);
}

RbClient *
rb_ctl_get_client (RbCtl *self)
{
  if (self->client == NULL)
    self->client = rb_client_new_for (self->options, NULL);
  return self->client;
}

static gboolean
on_signal (gpointer user_data)
{
  RbCtl *self = user_data;

  if (g_cancellable_is_cancelled (self->cancellable))
    _exit (RB_EXIT_INTERRUPTED);
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

/* Started by nohup, it must stay deaf. */
static gboolean
is_ignored (int number)
{
  struct sigaction action;

  return sigaction (number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void
rb_ctl_catch_signals (RbCtl *self)
{
  if (self->signal_ids[0] != 0)
    return;
  self->signal_ids[0] = g_unix_signal_add (SIGINT, on_signal, self);
  self->signal_ids[1] = g_unix_signal_add (SIGTERM, on_signal, self);
  if (!is_ignored (SIGHUP))
    self->signal_ids[2] = g_unix_signal_add (SIGHUP, on_signal, self);
}

void
rb_ctl_store_result (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

GAsyncResult *
rb_ctl_wait (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static gboolean
find (RbCtl   *self,
      GError **error)
{
  RbClient *client = rb_ctl_get_client (self);
  g_autoptr(GAsyncResult) result = NULL;

  if (rb_client_get_site (client) != NULL)
    return TRUE;
  rb_client_find_async (client, self->cancellable, rb_ctl_store_result, &result);
  return rb_client_find_finish (client, rb_ctl_wait (&result), error);
}

RbJson *
rb_ctl_call (RbCtl       *self,
             const char  *method,
             const char  *path,
             GBytes      *body,
             GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (!find (self, error))
    return NULL;
  rb_client_call_async (self->client, method, path, body, RB_CLIENT_CALL_NONE, self->cancellable, rb_ctl_store_result, &result);
  return rb_client_call_finish (self->client, rb_ctl_wait (&result), NULL, error);
}

RbJson *
rb_ctl_view (RbCtl       *self,
             const char  *view,
             GError     **error)
{
  g_autofree char *path = g_strconcat ("/v1/operator/", view, NULL);

  if (!find (self, error))
    return NULL;
  if (rb_client_get_site (self->client)->socket == NULL)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "broker_unreachable",
                    _ ("the broker has no Unix socket here, and shows itself nowhere else"));
      return NULL;
    }
  return rb_ctl_call (self, "GET", path, NULL, error);
}

void
rb_ctl_print (RbCtl      *self,
              const char *format,
              ...)
{
  va_list args;

  va_start (args, format);
  vfprintf (self->out, format, args);
  va_end (args);
  fflush (self->out);
}

void
rb_ctl_print_json (RbCtl        *self,
                   const RbJson *json)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (rb_json_get_text (json), &size);

  rb_ctl_print_json_text (self, text, (gssize) size);
}

void
rb_ctl_print_json_text (RbCtl      *self,
                        const char *text,
                        gssize      length)
{
  g_autofree char *escaped = rb_terminal_escape_json (text, length >= 0 ? (gsize) length : strlen (text));

  fputs (escaped, self->out);
  fputc ('\n', self->out);
  fflush (self->out);
}

gboolean
rb_ctl_can_write (RbCtl *self)
{
  /* The latter is of all that was written before, the former of what still waits. */
  return fflush (self->out) == 0 && ferror (self->out) == 0;
}

/* Whoever read a pipe has left, as 'grep -q' does with the first line that it looked for: there is nothing wrong, and nobody to tell. */
static gboolean
has_reader_left (RbCtl *self)
{
  struct pollfd end = { .fd = fileno (self->out), .events = POLLOUT };
  struct stat status;

  return fstat (end.fd, &status) == 0 && S_ISFIFO (status.st_mode) && poll (&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
}

RbExitCode
rb_ctl_end (RbCtl      *self,
            RbExitCode  code)
{
  if (rb_ctl_can_write (self) || code != RB_EXIT_OK || has_reader_left (self))
    return code;
  rb_ctl_warn (_ ("standard output cannot be written"));
  return RB_EXIT_FAILED;
}

/* What somebody gave us may be of any length, and what matters is around it. */
static char *
dup_readable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  long n = g_utf8_strlen (valid, -1);
  g_autofree char *head = NULL;

  if (n <= REMARK_HEAD_CHARS + REMARK_TAIL_CHARS)
    return g_steal_pointer (&valid);
  head = g_utf8_substring (valid, 0, REMARK_HEAD_CHARS);
  return g_strconcat (head, " ... ", g_utf8_offset_to_pointer (valid, n - REMARK_TAIL_CHARS), NULL);
}

/* Lines of a list are indented. Another line would look like a remark of its own, which a word that is repeated must not. */
static char *
escape_remark (const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  GString *out = g_string_new (NULL);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *escaped = rb_terminal_escape (lines[i]);

      if (i > 0)
        g_string_append (out, g_str_has_prefix (lines[i], "  ") ? "\n" : "\\n");
      g_string_append (out, escaped);
    }
  return g_string_free (out, FALSE);
}

void
rb_ctl_warn (const char *format,
             ...)
{
  g_autofree char *text = NULL;
  g_autofree char *readable = NULL;
  g_autofree char *escaped = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  readable = dup_readable (text);
  escaped = escape_remark (readable);
  fprintf (stderr, "brokerctl: %s\n", escaped);
}

RbExitCode
rb_ctl_get_exit_code (const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  for (gsize i = 0; reason != NULL && i < G_N_ELEMENTS (reason_codes); i++)
    if (g_str_equal (reason, reason_codes[i].reason))
      return reason_codes[i].code;
  if (error->domain == G_OPTION_ERROR)
    return RB_EXIT_USAGE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return RB_EXIT_INTERRUPTED;
  if (g_error_matches (error, RB_ERROR, RB_ERROR_TIMED_OUT))
    return RB_EXIT_TIMED_OUT;
  if (g_error_matches (error, RB_ERROR, RB_ERROR_NOT_FOUND))
    return RB_EXIT_NOT_FOUND;
  if (g_error_matches (error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN))
    return RB_EXIT_OUTCOME_UNKNOWN;
  return RB_EXIT_FAILED;
}

RbExitCode
rb_ctl_fail (const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rb_ctl_warn ("%s", _ ("interrupted"));
  else if (reason != NULL)
    rb_ctl_warn ("%s (%s)", error->message, reason);
  else
    rb_ctl_warn ("%s", error->message);
  return rb_ctl_get_exit_code (error);
}
