/* rb-check-network.c: the other side of what the module connects to: a partner program, or a twin of the module
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-network.h"

#include <stdarg.h>
#include <string.h>

struct _RbCheckNetwork {
  RbCheckRun       *run;
  GHashTable       *settings;     /* char * to char *, for the module */
  GStrv             can;
  char             *address;      /* (nullable) */

  GSubprocess      *process;      /* of a partner; NULL: a twin */
  GDataInputStream *input;
  GOutputStream    *output;

  RbCheckSubject   *twin;
  RbCheckMail      *mail;         /* of the twin */
};

static void
network_free (gpointer data)
{
  RbCheckNetwork *self = data;

  if (self->output != NULL)
    g_output_stream_close (self->output, NULL, NULL);
  if (self->process != NULL)
    g_subprocess_force_exit (self->process);
  g_clear_object (&self->input);
  g_clear_object (&self->process);
  g_strfreev (self->can);
  g_free (self->address);
  g_hash_table_unref (self->settings);
  g_free (self);
}

static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* The module goes on while the partner thinks. */
static char *
read_line (RbCheckNetwork *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  char *line;

  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, NULL, on_line, &result);
  rb_check_until (self->run, result != NULL, "The partner does not say anything");
  line = g_data_input_stream_read_line_finish (self->input, result, NULL, NULL);
  if (line == NULL)
    rb_check_fail (self->run, "The partner ended");
  return line;
}

static void
take_word (RbCheckNetwork *self,
           const char     *line)
{
  if (g_str_has_prefix (line, "set ") && rb_check_settings_add (self->run, self->settings, line + strlen ("set ")))
    return;
  if (g_str_has_prefix (line, "can "))
    {
      g_strfreev (self->can);
      self->can = g_strsplit (line + strlen ("can "), " ", -1);
    }
  else if (g_str_has_prefix (line, "address "))
    self->address = g_strdup (line + strlen ("address "));
  else
    rb_check_fail (self->run, "The partner said '%s'; expected: set KEY=VALUE, can WORD..., address ADDRESS, or ready", line);
}

static void
start_partner (RbCheckNetwork *self,
               const char     *command)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) argv = NULL;

  g_subprocess_launcher_setenv (launcher, "RB_CHECK_DIRECTORY", rb_check_run_get_directory (self->run), TRUE);
  if (g_shell_parse_argv (command, NULL, &argv, &error))
    self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, &error);
  if (self->process == NULL)
    rb_check_fail (self->run, "The partner cannot be started: %s", error->message);

  self->input = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  self->output = g_subprocess_get_stdin_pipe (self->process);
  for (;;)
    {
      g_autofree char *line = read_line (self);

      if (g_str_equal (line, "ready"))
        break;
      take_word (self, line);
    }
}

static void
start_twin (RbCheckNetwork *self)
{
  const RbCheckOptions *options = rb_check_run_get_options (self->run);
  g_autoptr(GHashTable) values = rb_check_settings (self->run, NULL);

  for (guint i = 0; options->twin_settings != NULL && options->twin_settings[i] != NULL; i++)
    rb_check_settings_add (self->run, values, options->twin_settings[i]);
  self->can = g_strsplit ("deliver sent", " ", -1);
  self->twin = rb_check_subject_new (self->run, "twin", values);
  rb_check_subject_configure (self->twin);
  self->mail = rb_check_mail_watch (self->twin);
  self->mail->accepts = TRUE;
  rb_connector_set_window (RB_CONNECTOR (self->twin->module), 1000, 1 << 24);
  rb_check_subject_start (self->twin);
  rb_check_until (self->run, self->mail->n_connected > 0, "The twin does not connect");
  self->address = g_strdup (rb_connector_get_address (RB_CONNECTOR (self->twin->module)));
}

RbCheckNetwork *
rb_check_network_open (RbCheckRun *run)
{
  const RbCheckOptions *options = rb_check_run_get_options (run);
  RbCheckNetwork *self;

  if (options->partner == NULL && !(options->has_twin && rb_check_run_get_info (run)->kind == RB_MODULE_CONNECTOR))
    return NULL;

  self = g_new0 (RbCheckNetwork, 1);
  self->run = run;
  self->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rb_check_run_keep (run, self, network_free);
  if (options->partner != NULL)
    start_partner (self, options->partner);
  else
    start_twin (self);
  return self;
}

GHashTable *
rb_check_network_get_settings (RbCheckNetwork *self)
{
  return self != NULL ? self->settings : NULL;
}

char *
rb_check_network_dup_missing (RbCheckRun     *run,
                              RbCheckNetwork *self,
                              const char     *words)
{
  g_auto(GStrv) wanted = g_strsplit (words != NULL ? words : "", " ", -1);

  for (guint i = 0; wanted[i] != NULL; i++)
    if (self == NULL || self->can == NULL || !g_strv_contains ((const char *const *) self->can, wanted[i]))
      return g_strdup (wanted[i]);
  return NULL;
}

char *
rb_check_network_ask (RbCheckNetwork *self,
                      const char     *format,
                      ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  g_autofree char *answer = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  line = g_strconcat (text, "\n", NULL);
  if (!g_output_stream_write_all (self->output, line, strlen (line), NULL, NULL, NULL))
    rb_check_fail (self->run, "The partner ended before '%s'", text);

  answer = read_line (self);
  if (g_str_equal (answer, "ok"))
    return g_strdup ("");
  if (!g_str_has_prefix (answer, "ok "))
    rb_check_fail (self->run, "The partner answered '%s' with '%s'", text, answer);
  return g_strdup (answer + strlen ("ok "));
}

void
rb_check_network_deliver (RbCheckNetwork *self,
                          RbCheckSubject *subject,
                          const char     *id,
                          const char     *text)
{
  g_autofree char *answer = NULL;
  g_autoptr(GBytes) content = NULL;

  if (self->twin != NULL)
    {
      const char *to = rb_connector_get_address (RB_CONNECTOR (subject->module));

      rb_check_that (self->run, to != NULL, "A twin needs 'get_address' to write to it");
      rb_check_answer_succeed (rb_check_mail_send (self->mail, to, id, text, NULL));
      return;
    }
  content = rb_json_slice_from_string (text);
  answer = rb_check_network_ask (self, "deliver %s %.*s", id, (int) g_bytes_get_size (content),
                                 (const char *) g_bytes_get_data (content, NULL));
}

const char *
rb_check_network_get_address (RbCheckNetwork *self)
{
  return self->address;
}

guint
rb_check_network_count_sent (RbCheckNetwork *self,
                             const char     *text)
{
  g_autofree char *answer = NULL;
  g_autoptr(GBytes) content = NULL;
  g_autofree char *wanted = NULL;
  g_auto(GStrv) contents = NULL;
  guint n = 0;

  if (self->twin != NULL)
    return rb_check_mail_count_text (self->mail, text);

  answer = rb_check_network_ask (self, "sent");
  content = rb_json_slice_from_string (text);
  wanted = g_strndup (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  contents = g_strsplit (answer, " ", -1);
  for (guint i = 0; contents[i] != NULL; i++)
    n += g_str_equal (contents[i], wanted);
  return n;
}
