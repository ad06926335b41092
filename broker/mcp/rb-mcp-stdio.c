/* rb-mcp-stdio.c: lines in, lines out: the transport of MCP between a host and its server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-stdio.h"

#include <string.h>

#define READ_SIZE 65536

typedef struct {
  GBytes           *text;     /* with its line end */
  RbMcpWrittenFunc  done;
  gpointer          user_data;
} Frame;

struct _RbMcpStdio {
  grefcount        ref_count;      /* of the owner, a read and a write under way */
  GInputStream    *input;
  GOutputStream   *output;
  RbMcpStdioFuncs  funcs;
  gpointer         user_data;
  GCancellable    *stop;
  GByteArray      *line;           /* what came of the next one */
  gboolean         is_dropping;    /* it is too long: until its end */
  gboolean         is_reading;
  gboolean         is_writing;     /* also while those are told whose frame was written: they may write more */
  gboolean         is_over;
  GQueue           frames;         /* of Frame; the first is being written */
  gsize            queued_bytes;
};

static void read_more (RbMcpStdio *self);
static void write_next (RbMcpStdio *self);

static void
unref (RbMcpStdio *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->input);
  g_object_unref (self->output);
  g_object_unref (self->stop);
  g_byte_array_unref (self->line);
  g_free (self);
}

static RbMcpStdio *
ref (RbMcpStdio *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
end (RbMcpStdio *self,
     const char *why)
{
  if (self->is_over)
    return;
  self->is_over = TRUE;
  self->funcs.ended (why, self->user_data);
}

static void
emit_line (RbMcpStdio *self)
{
  g_autoptr(GBytes) line = NULL;

  if (self->line->len > 0 && self->line->data[self->line->len - 1] == '\r')
    g_byte_array_set_size (self->line, self->line->len - 1);
  if (self->is_dropping)
    self->funcs.line (NULL, self->user_data);
  else if (self->line->len > 0)
    self->funcs.line (line = g_bytes_new (self->line->data, self->line->len), self->user_data);
  self->is_dropping = FALSE;
  g_byte_array_set_size (self->line, 0);
}

static void
keep (RbMcpStdio   *self,
      const guint8 *data,
      gsize         size)
{
  if (self->is_dropping)
    return;
  if (self->line->len + size > RB_MCP_LINE_MAX)
    {
      self->is_dropping = TRUE;
      g_byte_array_set_size (self->line, 0);
      return;
    }
  g_byte_array_append (self->line, data, size);
}

static void
split (RbMcpStdio *self,
       GBytes     *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  while (size > 0 && !self->is_over)
    {
      const guint8 *newline = memchr (data, '\n', size);
      gsize part = newline != NULL ? (gsize) (newline - data) : size;

      keep (self, data, part);
      if (newline == NULL)
        return;
      emit_line (self);
      data += part + 1;
      size -= part + 1;
    }
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  RbMcpStdio *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  self->is_reading = FALSE;
  if (self->is_over)
    ;
  else if (bytes == NULL)
    end (self, error->message);
  else if (g_bytes_get_size (bytes) == 0)
    end (self, "end of input");
  else
    {
      split (self, bytes);
      read_more (self);
    }
  unref (self);
}

static void
read_more (RbMcpStdio *self)
{
  if (self->is_over || self->is_reading || rb_mcp_stdio_is_full (self))
    return;
  self->is_reading = TRUE;
  g_input_stream_read_bytes_async (self->input, READ_SIZE, G_PRIORITY_DEFAULT, self->stop, on_read, ref (self));
}

static void
finish_frame (RbMcpStdio *self,
              gboolean    written)
{
  Frame *frame = g_queue_pop_head (&self->frames);

  self->queued_bytes -= g_bytes_get_size (frame->text);
  if (frame->done != NULL)
    frame->done (written, frame->user_data);
  g_bytes_unref (frame->text);
  g_free (frame);
}

static void
fail_frames (RbMcpStdio *self)
{
  while (!g_queue_is_empty (&self->frames))
    finish_frame (self, FALSE);
}

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbMcpStdio *self = user_data;
  g_autoptr(GError) error = NULL;
  gboolean written = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);

  finish_frame (self, written);
  if (!written)
    {
      fail_frames (self);
      self->is_writing = FALSE;
      end (self, error->message);
    }
  else
    {
      self->is_writing = FALSE;
      write_next (self);
      read_more (self);
    }
  unref (self);
}

static void
write_next (RbMcpStdio *self)
{
  Frame *frame = g_queue_peek_head (&self->frames);
  const void *data;
  gsize size;

  if (frame == NULL || self->is_writing)
    return;
  self->is_writing = TRUE;
  data = g_bytes_get_data (frame->text, &size);
  g_output_stream_write_all_async (self->output, data, size, G_PRIORITY_DEFAULT, self->stop, on_written, ref (self));
}

RbMcpStdio *
rb_mcp_stdio_new (GInputStream          *input,
                  GOutputStream         *output,
                  const RbMcpStdioFuncs *funcs,
                  gpointer               user_data)
{
  RbMcpStdio *self = g_new0 (RbMcpStdio, 1);

  g_ref_count_init (&self->ref_count);
  self->input = g_object_ref (input);
  self->output = g_object_ref (output);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->stop = g_cancellable_new ();
  self->line = g_byte_array_new ();
  g_queue_init (&self->frames);
  return self;
}

void
rb_mcp_stdio_free (RbMcpStdio *self)
{
  self->is_over = TRUE;
  g_cancellable_cancel (self->stop);
  unref (self);
}

void
rb_mcp_stdio_start (RbMcpStdio *self)
{
  read_more (self);
}

void
rb_mcp_stdio_write (RbMcpStdio       *self,
                    GBytes           *text,
                    RbMcpWrittenFunc  done,
                    gpointer          user_data)
{
  Frame *frame = g_new0 (Frame, 1);
  gsize size;
  const char *data = g_bytes_get_data (text, &size);
  char *line = g_malloc (size + 1);

  memcpy (line, data, size);
  line[size] = '\n';
  frame->text = g_bytes_new_take (line, size + 1);
  frame->done = done;
  frame->user_data = user_data;
  self->queued_bytes += size + 1;
  g_queue_push_tail (&self->frames, frame);
  write_next (self);
}

gboolean
rb_mcp_stdio_is_full (RbMcpStdio *self)
{
  return self->queued_bytes > RB_MCP_QUEUE_MAX;
}

gboolean
rb_mcp_stdio_is_idle (RbMcpStdio *self)
{
  return g_queue_is_empty (&self->frames);
}
