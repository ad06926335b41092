/* rb-sim-events.c: the control event stream (SSE), and the ways to cut it into pieces
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The answer is chunked, and each piece is a chunk of its own: an HTTP client hands chunks on one by one, so a frame that is cut
 * into pieces arrives in so many reads, however the kernel joins them. */
#include "config.h"

#include "rb-sim-events.h"

#include "rb-sim-json.h"

#include <string.h>

typedef struct {
  guint  id;
  char  *data;
} Event;

struct _RbSimEvents {
  RbSimRecord  *record;
  GPtrArray    *streams;        /* of RbSimWire */
  GPtrArray    *log;            /* of Event, by ascending id */
  RbSimFraming  framing;
  char         *line_end;
  guint         n_sent;         /* the log's events up to here were written to somebody */
  gboolean      cuts_next;
};

static void
event_free (gpointer data)
{
  Event *event = data;

  g_free (event->data);
  g_free (event);
}

static void
on_gone (RbSimWire *wire,
         gpointer   user_data)
{
  RbSimEvents *self = user_data;

  g_ptr_array_remove (self->streams, wire);
}

static void
write_chunk (RbSimWire  *wire,
             const char *bytes,
             gsize       size)
{
  g_autofree char *head = g_strdup_printf ("%" G_GSIZE_MODIFIER "x\r\n", size);

  if (size == 0)
    return;
  rb_sim_wire_write_text (wire, head);
  rb_sim_wire_write (wire, bytes, size);
  rb_sim_wire_write_text (wire, "\r\n");
}

static void
write_pieces (RbSimEvents *self,
              RbSimWire   *wire,
              const char  *bytes,
              gsize        size)
{
  gsize piece = self->framing.piece_bytes > 0 ? self->framing.piece_bytes : size;

  for (gsize at = 0; at < size; at += piece)
    write_chunk (wire, bytes + at, MIN (piece, size - at));
}

/* Streams may leave the list while it is walked, when writing shows that they are gone; so they are walked from the end. */
static void
write_to_all (RbSimEvents *self,
              const char  *bytes,
              gsize        size,
              gboolean     in_pieces)
{
  for (guint i = self->streams->len; i > 0; i--)
    {
      if (in_pieces)
        write_pieces (self, g_ptr_array_index (self->streams, i - 1), bytes, size);
      else
        write_chunk (g_ptr_array_index (self->streams, i - 1), bytes, size);
    }
}

static void
append_data (RbSimEvents *self,
             GString     *frame,
             const char  *data)
{
  g_auto(GStrv) lines = g_strsplit (data, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (frame, "data: %s%s", lines[i], self->line_end);
}

/* JSON may be broken after the brace that opens it and before the one that closes it. */
static char *
split_lines (const char *data)
{
  gsize size = strlen (data);

  if (size < 2 || data[0] != '{' || data[size - 1] != '}')
    return g_strdup (data);
  return g_strdup_printf ("{\n%.*s\n}", (int) size - 2, data + 1);
}

static GString *
frame_event (RbSimEvents *self,
             const Event *event)
{
  GString *frame = g_string_new (NULL);
  g_autofree char *data = self->framing.split_data ? split_lines (event->data) : g_strdup (event->data);

  if (self->framing.comments)
    g_string_append_printf (frame, ": event %u%s", event->id, self->line_end);
  if (self->framing.retry_ms > 0)
    g_string_append_printf (frame, "retry: %u%s", self->framing.retry_ms, self->line_end);
  if (!self->framing.no_ids)
    g_string_append_printf (frame, "id: %u%s", event->id, self->line_end);
  append_data (self, frame, data);
  g_string_append (frame, self->line_end);
  return frame;
}

static void
write_event (RbSimEvents *self,
             RbSimWire   *wire,
             const Event *event)
{
  GString *frame = frame_event (self, event);

  write_pieces (self, wire, frame->str, frame->len);
  g_string_free (frame, TRUE);
}

static void
cut_event (RbSimEvents *self,
           const Event *event)
{
  GString *frame = frame_event (self, event);

  self->cuts_next = FALSE;
  self->n_sent = MIN (self->n_sent, event->id - 1);
  write_to_all (self, frame->str, frame->len - strlen (event->data) / 2 - 2 * strlen (self->line_end), FALSE);
  g_string_free (frame, TRUE);
  rb_sim_events_end (self, FALSE);
}

static char *
type_of (const char *data)
{
  g_autoptr(JsonObject) event = rb_sim_json_parse (data);
  const char *type = rb_sim_json_string (event, "type");

  return g_strdup (type != NULL ? type : "");
}

RbSimEvents *
rb_sim_events_new (RbSimRecord *record)
{
  RbSimEvents *self = g_new0 (RbSimEvents, 1);

  self->record = record;
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_wire_free);
  self->log = g_ptr_array_new_with_free_func (event_free);
  self->line_end = g_strdup ("\n");
  return self;
}

void
rb_sim_events_free (RbSimEvents *self)
{
  g_ptr_array_unref (self->streams);
  g_ptr_array_unref (self->log);
  g_free (self->line_end);
  g_free (self);
}

void
rb_sim_events_reset (RbSimEvents *self)
{
  const RbSimFraming plain = { NULL };

  g_ptr_array_set_size (self->streams, 0);
  g_ptr_array_set_size (self->log, 0);
  self->n_sent = 0;
  self->cuts_next = FALSE;
  rb_sim_events_set_framing (self, &plain);
}

void
rb_sim_events_subscribe (RbSimEvents *self,
                         RbSimWire   *wire,
                         const char  *last_event_id)
{
  guint above = last_event_id != NULL ? g_ascii_strtoull (last_event_id, NULL, 10) : self->n_sent;

  rb_sim_wire_write_text (wire, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n");
  g_ptr_array_add (self->streams, wire);
  rb_sim_wire_watch (wire, on_gone, self);
  for (guint i = 0; i < self->log->len; i++)
    {
      const Event *event = g_ptr_array_index (self->log, i);

      if (event->id > above)
        write_event (self, wire, event);
    }
  self->n_sent = self->log->len;
}

void
rb_sim_events_set_framing (RbSimEvents        *self,
                           const RbSimFraming *framing)
{
  g_free (self->line_end);
  self->framing = *framing;
  self->line_end = g_strdup (framing->line_end != NULL ? framing->line_end : "\n");
  self->framing.line_end = self->line_end;
}

static void
send_event (RbSimEvents *self,
            const Event *event)
{
  if (self->cuts_next && self->streams->len > 0)
    {
      cut_event (self, event);
      return;
    }
  for (guint i = self->streams->len; i > 0; i--)
    write_event (self, g_ptr_array_index (self->streams, i - 1), event);
}

guint
rb_sim_events_send (RbSimEvents *self,
                    const char  *data)
{
  Event *event = g_new0 (Event, 1);
  g_autofree char *type = type_of (data);

  event->id = self->log->len + 1;
  event->data = g_strdup (data);
  g_ptr_array_add (self->log, event);
  rb_sim_record_add (self->record, RB_SIM_EVENT_OUT, type, data);
  if (self->streams->len > 0)
    self->n_sent = event->id;
  send_event (self, event);
  return event->id;
}

void
rb_sim_events_send_again (RbSimEvents *self,
                          guint        id)
{
  g_return_if_fail (id > 0 && id <= self->log->len);

  send_event (self, g_ptr_array_index (self->log, id - 1));
}

void
rb_sim_events_send_raw (RbSimEvents *self,
                        const char  *bytes,
                        gssize       size)
{
  write_to_all (self, bytes, size < 0 ? strlen (bytes) : (gsize) size, FALSE);
}

void
rb_sim_events_send_huge (RbSimEvents *self,
                         gsize        size)
{
  g_autofree char *padding = g_strnfill (size, 'x');
  g_autofree char *frame = g_strdup_printf ("data: {\"padding\":\"%s\"}\n\n", padding);

  write_to_all (self, frame, strlen (frame), FALSE);
}

void
rb_sim_events_cut_next (RbSimEvents *self)
{
  self->cuts_next = TRUE;
}

void
rb_sim_events_end (RbSimEvents *self,
                   gboolean     orderly)
{
  for (guint i = self->streams->len; i > 0; i--)
    {
      RbSimWire *wire = g_ptr_array_index (self->streams, i - 1);

      if (orderly)
        rb_sim_wire_write_text (wire, "0\r\n\r\n");
      rb_sim_wire_end (wire, FALSE);
    }
}

guint
rb_sim_events_count (RbSimEvents *self)
{
  guint n = 0;

  for (guint i = 0; i < self->streams->len; i++)
    n += rb_sim_wire_is_open (g_ptr_array_index (self->streams, i));
  return n;
}
