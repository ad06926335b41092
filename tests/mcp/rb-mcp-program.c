/* rb-mcp-program.c: the built runtime-broker-mcp, driven as a host drives it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-program.h"

#include "rb-test.h"

#include <string.h>

struct _RbMcpProgram {
  GSubprocess      *process;
  GDataInputStream *lines;
  GCancellable     *stop;
  GPtrArray        *frames;     /* of RbJson that nobody took yet */
  int               last_id;
  gboolean          is_reading;
  gboolean          has_ended;
  gboolean          is_waited;
};

static void read_line (RbMcpProgram *self);

static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  RbMcpProgram *self = user_data;
  gsize size;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, &size, NULL);
  g_autoptr(GBytes) text = line != NULL ? g_bytes_new (line, size) : NULL;
  g_autoptr(GError) error = NULL;
  RbJson *frame;

  self->is_reading = FALSE;
  if (line == NULL)
    return;
  frame = rb_json_parse (text, 0, &error);
  g_assert_no_error (error);
  g_ptr_array_add (self->frames, frame);
  read_line (self);
}

static void
read_line (RbMcpProgram *self)
{
  self->is_reading = TRUE;
  g_data_input_stream_read_line_async (self->lines, G_PRIORITY_DEFAULT, self->stop, on_line, self);
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbMcpProgram *self = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->has_ended = TRUE;
}

RbMcpProgram *
rb_mcp_program_new (const char *first,
                    ...)
{
  RbMcpProgram *self = g_new0 (RbMcpProgram, 1);
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  va_list args;

  g_ptr_array_add (argv, g_test_build_filename (G_TEST_BUILT, "..", "broker", "runtime-broker-mcp", NULL));
  va_start (args, first);
  for (const char *argument = first; argument != NULL; argument = va_arg (args, const char *))
    g_ptr_array_add (argv, g_strdup (argument));
  va_end (args);
  g_ptr_array_add (argv, NULL);
  self->process = g_subprocess_newv ((const char *const *) argv->pdata, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  self->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  self->stop = g_cancellable_new ();
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_json_unref);
  g_subprocess_wait_async (self->process, NULL, on_ended, self);
  read_line (self);
  return self;
}

void
rb_mcp_program_free (RbMcpProgram *self)
{
  if (!self->is_waited)
    {
      rb_mcp_program_close (self);
      g_assert_cmpint (rb_mcp_program_end (self), ==, 0);
    }
  g_cancellable_cancel (self->stop);
  rb_test_wait_until (!self->is_reading);
  g_object_unref (self->stop);
  g_object_unref (self->lines);
  g_object_unref (self->process);
  g_ptr_array_unref (self->frames);
  g_free (self);
}

void
rb_mcp_program_say (RbMcpProgram *self,
                    const char   *line)
{
  GOutputStream *input = g_subprocess_get_stdin_pipe (self->process);
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  g_autoptr(GError) error = NULL;

  g_output_stream_write_all (input, text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

int
rb_mcp_program_begin (RbMcpProgram *self,
                      const char   *method,
                      const char   *params)
{
  g_autofree char *line = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\"%s%s}", ++self->last_id, method,
                                           params != NULL ? ",\"params\":" : "", params != NULL ? params : "");

  rb_mcp_program_say (self, line);
  return self->last_id;
}

/* -1: none */
static gint64
get_id (const RbJson *frame)
{
  gint64 id;

  return rb_json_get_root_type (frame) == RB_JSON_OBJECT && rb_json_get_int (frame, "id", &id, NULL) ? id : -1;
}

static RbJson *
take (RbMcpProgram *self,
      int           id,
      const char   *method)
{
  for (guint i = 0; i < self->frames->len; i++)
    {
      RbJson *frame = g_ptr_array_index (self->frames, i);
      g_autofree char *name = rb_json_get_root_type (frame) == RB_JSON_OBJECT ? rb_json_peek_string (frame, "method") : NULL;

      if (method != NULL ? g_strcmp0 (name, method) == 0 : name == NULL && get_id (frame) == id)
        return g_ptr_array_steal_index (self->frames, i);
    }
  return NULL;
}

gboolean
rb_mcp_program_was_notified (RbMcpProgram *self,
                             const char   *method)
{
  g_autoptr(RbJson) frame = take (self, -1, method);

  return frame != NULL;
}

gboolean
rb_mcp_program_has (RbMcpProgram *self,
                    int           id)
{
  for (guint i = 0; i < self->frames->len; i++)
    if (get_id (g_ptr_array_index (self->frames, i)) == id)
      return TRUE;
  return FALSE;
}

RbJson *
rb_mcp_program_wait (RbMcpProgram *self,
                     int           id)
{
  RbJson *frame;

  rb_test_wait_until ((frame = take (self, id, NULL)) != NULL);
  return frame;
}

RbJson *
rb_mcp_program_ask (RbMcpProgram *self,
                    const char   *method,
                    const char   *params)
{
  return rb_mcp_program_wait (self, rb_mcp_program_begin (self, method, params));
}

RbJson *
rb_mcp_program_next (RbMcpProgram *self)
{
  return rb_mcp_program_wait (self, -1);
}

RbJson *
rb_mcp_program_notified (RbMcpProgram *self,
                         const char   *method)
{
  RbJson *frame;

  rb_test_wait_until ((frame = take (self, -1, method)) != NULL);
  return frame;
}

RbJson *
rb_mcp_program_greet (RbMcpProgram *self,
                      const char   *version,
                      const char   *client)
{
  g_autofree char *params = g_strdup_printf ("{\"protocolVersion\":\"%s\",\"capabilities\":{},\"clientInfo\":{\"name\":\"%s\",\"version\":\"1\"}}",
                                             version, client);
  g_autoptr(RbJson) frame = rb_mcp_program_ask (self, "initialize", params);

  rb_mcp_program_say (self, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
  return rb_json_open (frame, "result", NULL);
}

static int
begin_call (RbMcpProgram *self,
            const char   *tool,
            const char   *arguments,
            va_list       args)
{
  g_autofree char *text = g_strdup_vprintf (arguments, args);
  g_autofree char *params = g_strdup_printf ("{\"name\":\"%s\",\"arguments\":%s}", tool, text);

  return rb_mcp_program_begin (self, "tools/call", params);
}

int
rb_mcp_program_begin_call (RbMcpProgram *self,
                           const char   *tool,
                           const char   *arguments,
                           ...)
{
  va_list args;
  int id;

  va_start (args, arguments);
  id = begin_call (self, tool, arguments, args);
  va_end (args);
  return id;
}

RbJson *
rb_mcp_program_wait_call (RbMcpProgram *self,
                          int           id)
{
  g_autoptr(RbJson) frame = rb_mcp_program_wait (self, id);
  g_autoptr(RbJson) result = rb_json_open (frame, "result", NULL);
  RbJson *content = result != NULL ? rb_json_open (result, "structuredContent", NULL) : NULL;

  if (content == NULL)
    {
      g_autoptr(GBytes) text = g_bytes_ref (rb_json_get_text (frame));

      g_test_message ("%.*s", (int) g_bytes_get_size (text), (const char *) g_bytes_get_data (text, NULL));
      g_test_fail ();
    }
  g_assert_nonnull (content);
  return content;
}

RbJson *
rb_mcp_program_call (RbMcpProgram *self,
                     const char   *tool,
                     const char   *arguments,
                     ...)
{
  va_list args;
  int id;

  va_start (args, arguments);
  id = begin_call (self, tool, arguments, args);
  va_end (args);
  return rb_mcp_program_wait_call (self, id);
}

char *
rb_mcp_program_refused (RbMcpProgram *self,
                        const char   *tool,
                        const char   *arguments,
                        ...)
{
  g_autoptr(RbJson) frame = NULL;
  g_autoptr(RbJson) result = NULL;
  g_autoptr(RbJson) meta = NULL;
  g_autoptr(RbJson) error = NULL;
  va_list args;
  int id;

  va_start (args, arguments);
  id = begin_call (self, tool, arguments, args);
  va_end (args);
  frame = rb_mcp_program_wait (self, id);
  result = rb_json_open (frame, "result", NULL);
  g_assert_nonnull (result);
  meta = rb_json_open (result, "_meta", NULL);
  g_assert_nonnull (meta);
  error = rb_json_open (meta, "io.github.runtimebroker/error", NULL);
  g_assert_nonnull (error);
  return rb_json_dup_string (error, "code", NULL);
}

int
rb_mcp_program_code (const RbJson *frame)
{
  g_autoptr(RbJson) error = rb_json_open (frame, "error", NULL);
  gint64 code = 0;

  g_assert_nonnull (error);
  g_assert_true (rb_json_get_int (error, "code", &code, NULL));
  return code;
}

void
rb_mcp_program_close (RbMcpProgram *self)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
}

int
rb_mcp_program_end (RbMcpProgram *self)
{
  rb_test_wait_until (self->has_ended);
  self->is_waited = TRUE;
  return g_subprocess_get_if_exited (self->process) ? g_subprocess_get_exit_status (self->process)
                                                    : -g_subprocess_get_term_sig (self->process);
}

void
rb_mcp_program_signal (RbMcpProgram *self,
                       int           number)
{
  g_subprocess_send_signal (self->process, number);
}

void
rb_mcp_program_kill (RbMcpProgram *self)
{
  g_subprocess_force_exit (self->process);
  rb_mcp_program_end (self);
}
