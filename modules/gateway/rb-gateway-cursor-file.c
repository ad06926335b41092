/* rb-gateway-cursor-file.c: the delivery cursor on disk, in the format of existing brokers
 *
 * A gateway may forget what was acknowledged: were the file behind that after a crash, we would ask for messages that nobody has any
 * more, and acknowledge nothing beyond the gap. So the file is written first, and acknowledged is what it says (the other way round than
 * protocol.md 3.8 has it). A flush to the disk costs more than all else that a message costs, so one write stands for all that was
 * accepted while the one before it ran, and a little longer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-cursor-file.h"

#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-json.h"
#include "rb-log.h"

#include <gio/gio.h>

#define MAX_FILE_BYTES 65536
#define PAUSE_MS 20           /* between two writes */

struct _RbGatewayCursorFile {
  grefcount            ref_count;       /* of the owner and of a write on its way */
  char                *path;
  RbClock             *clock;
  gint64               wanted;          /* newest value; -1: none yet */
  gint64               written;         /* what the file says, or is to say when the write ends; -1: unknown */
  RbGatewayWrittenFunc on_written;
  gpointer             on_written_data;
  gboolean             is_writing;
  gboolean             is_left;         /* by its owner; a write may still be on its way */
  gboolean             has_failed;      /* and the log says so */
  guint64              pause_timer;     /* of @clock */
  RbGatewayClosedFunc  closed;          /* NULL: open */
  gpointer             closed_data;
};

typedef struct {
  char *path;
  char *text;
} Write;

static void write_next (RbGatewayCursorFile *self);

/**
 * rb_gateway_cursor_parse:
 * @text: what the file says; may be anything
 * @length: of @text
 *
 * Returns: the last known sequence, at least 0; -1 if @text is no cursor file of version 1
 */
gint64
rb_gateway_cursor_parse (const char *text,
                         gsize       length)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, length);
  g_autoptr(RbJson) json = rb_json_parse_object (bytes, MAX_FILE_BYTES, NULL);
  gint64 version;
  gint64 seq;

  if (json == NULL || !rb_json_get_int (json, "version", &version, NULL) || version != 1 ||
      !rb_json_get_int (json, "lastKnownSeq", &seq, NULL) || seq < 0)
    return -1;
  return seq;
}

char *
rb_gateway_cursor_format (gint64 seq,
                          gint64 wall_ms)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_int (writer, "version", 1);
  rb_json_writer_int (writer, "lastKnownSeq", seq);
  rb_json_writer_iso (writer, "updatedAt", wall_ms);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end_text (writer);
}

RbGatewayCursorFile *
rb_gateway_cursor_file_new (const char           *path,
                            RbClock              *clock,
                            RbGatewayWrittenFunc  written,
                            gpointer              user_data)
{
  RbGatewayCursorFile *self = g_new0 (RbGatewayCursorFile, 1);

  g_ref_count_init (&self->ref_count);
  self->path = g_strdup (path);
  self->clock = g_object_ref (clock);
  self->wanted = -1;
  self->written = -1;
  self->on_written = written;
  self->on_written_data = user_data;
  return self;
}

static void
unref (RbGatewayCursorFile *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  rb_clock_clear (self->clock, &self->pause_timer);
  g_object_unref (self->clock);
  g_free (self->path);
  g_free (self);
}

void
rb_gateway_cursor_file_free (RbGatewayCursorFile *self)
{
  g_return_if_fail (self != NULL);

  rb_clock_clear (self->clock, &self->pause_timer);
  self->on_written = NULL;
  self->closed = NULL;
  self->is_left = TRUE;
  unref (self);
}

gint64
rb_gateway_cursor_file_read (RbGatewayCursorFile *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;
  gint64 seq;

  g_return_val_if_fail (self != NULL, 0);

  text = rb_file_read (self->path, MAX_FILE_BYTES, &length, &error);
  if (text == NULL)
    {
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        rb_log_warning ("delivery_cursor_unreadable", "path", self->path, "err", error->message, NULL);
      return 0;
    }

  seq = rb_gateway_cursor_parse (text, length);
  if (seq < 0)
    rb_log_warning ("delivery_cursor_unreadable", "path", self->path, "err", "It is no delivery cursor; it counts as absent", NULL);
  self->written = seq;
  return MAX (seq, 0);
}

static void
write_free (Write *job)
{
  g_free (job->path);
  g_free (job->text);
  g_free (job);
}

static void
run_write (GTask        *task,
           gpointer      source,
           gpointer      task_data,
           GCancellable *cancellable)
{
  const Write *job = task_data;
  GError *error = NULL;

  if (rb_file_write_atomic (job->path, job->text, -1, 0600, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
report (RbGatewayCursorFile *self,
        const GError        *error)
{
  if (error != NULL && !self->has_failed)
    rb_log_warning ("delivery_cursor_write_failed", "path", self->path, "err", error->message, NULL);
  else if (error == NULL && self->has_failed)
    rb_log_info ("delivery_cursor_written_again", "path", self->path, NULL);
  self->has_failed = error != NULL;
}

static void
on_pause_over (gpointer user_data)
{
  RbGatewayCursorFile *self = user_data;

  self->pause_timer = 0;
  write_next (self);
}

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbGatewayCursorFile *self = user_data;
  g_autoptr(GError) error = NULL;

  self->is_writing = FALSE;
  g_task_propagate_boolean (G_TASK (result), &error);
  report (self, error);
  /* After a failure the next advance tries again. */
  if (self->on_written != NULL)
    self->on_written (self->written, self->on_written_data);
  if (self->closed != NULL)
    write_next (self);
  else if (!self->is_left)
    self->pause_timer = rb_clock_add (self->clock, PAUSE_MS, on_pause_over, self);
  unref (self);
}

static void
begin_write (RbGatewayCursorFile *self)
{
  g_autoptr(GTask) task = NULL;
  Write *job = g_new0 (Write, 1);

  job->path = g_strdup (self->path);
  job->text = rb_gateway_cursor_format (self->wanted, rb_clock_get_wall_ms (self->clock));
  self->written = self->wanted;
  self->is_writing = TRUE;

  g_ref_count_inc (&self->ref_count);
  task = g_task_new (NULL, NULL, on_written, self);
  g_task_set_source_tag (task, begin_write);
  g_task_set_task_data (task, job, (GDestroyNotify) write_free);
  g_task_run_in_thread (task, run_write);
}

static void
write_next (RbGatewayCursorFile *self)
{
  if (self->is_writing || self->pause_timer != 0)
    return;

  if (self->wanted != -1 && self->wanted != self->written)
    begin_write (self);
  else if (self->closed != NULL)
    g_steal_pointer (&self->closed) (self->closed_data);
}

void
rb_gateway_cursor_file_store (RbGatewayCursorFile *self,
                              gint64               seq)
{
  g_return_if_fail (self != NULL);

  self->wanted = seq;
  write_next (self);
}

void
rb_gateway_cursor_file_close (RbGatewayCursorFile *self,
                              RbGatewayClosedFunc  closed,
                              gpointer             user_data)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (self->closed == NULL);

  rb_clock_clear (self->clock, &self->pause_timer);
  self->closed = closed;
  self->closed_data = user_data;
  write_next (self);
}
