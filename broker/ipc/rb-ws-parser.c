/* rb-ws-parser.c: WebSocket frames of a client, from bytes to whole messages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ws-parser.h"

#include <string.h>

#define OPCODE_CONTINUATION 0x0
#define OPCODE_TEXT 0x1
#define OPCODE_BINARY 0x2
#define OPCODE_CLOSE 0x8
#define OPCODE_PING 0x9
#define OPCODE_PONG 0xa

#define CONTROL_MAX 125
#define HEADER_MAX 14

struct _RbWsParser {
  gsize       message_max;
  RbWsBudget *budget;              /* NULL: none */
  guint       failed;              /* close code, 0: fine */

  guint8      header[HEADER_MAX];
  guint       header_have;
  guint       header_need;         /* 2 until the length is known */

  /* The frame at work; valid while in_payload. */
  gboolean    in_payload;
  guint8      opcode;
  gboolean    fin;
  guint64     frame_length;
  guint64     frame_have;
  guint8      mask[4];

  guint8      message_opcode;      /* 0: no message is open */
  GByteArray *message;             /* all its fragments so far */
  GByteArray *control;             /* payload of the control frame at work */
};

RbWsParser *
rb_ws_parser_new (gsize       message_max,
                  RbWsBudget *budget)
{
  RbWsParser *self = g_new0 (RbWsParser, 1);

  self->message_max = message_max;
  self->budget = budget;
  self->header_need = 2;
  return self;
}

/* The message is somebody else's from here on, or nobody's. */
static void
give_back (RbWsParser *self)
{
  if (self->budget != NULL && self->message != NULL)
    self->budget->used -= self->message->len;
}

void
rb_ws_parser_free (RbWsParser *self)
{
  give_back (self);
  g_clear_pointer (&self->message, g_byte_array_unref);
  g_clear_pointer (&self->control, g_byte_array_unref);
  g_free (self);
}

static gboolean
is_control (guint8 opcode)
{
  return (opcode & 0x8) != 0;
}

static guint
header_size (const RbWsParser *self)
{
  switch (self->header[1] & 0x7f)
    {
    case 126:
      return 2 + 2 + 4;
    case 127:
      return 2 + 8 + 4;
    default:
      return 2 + 4;
    }
}

/* What the first two bytes already show to be wrong: a close code, or 0. */
static guint
check_start (const RbWsParser *self)
{
  guint8 opcode = self->header[0] & 0x0f;
  gboolean fin = (self->header[0] & 0x80) != 0;
  gboolean masked = (self->header[1] & 0x80) != 0;

  /* No extension is ever negotiated, so the reserved bits mean nothing. */
  if ((self->header[0] & 0x70) != 0 || !masked)
    return RB_WS_PROTOCOL_ERROR;

  switch (opcode)
    {
    case OPCODE_CONTINUATION:
      return self->message_opcode != 0 ? 0 : RB_WS_PROTOCOL_ERROR;
    case OPCODE_TEXT:
    case OPCODE_BINARY:
      return self->message_opcode == 0 ? 0 : RB_WS_PROTOCOL_ERROR;
    case OPCODE_CLOSE:
    case OPCODE_PING:
    case OPCODE_PONG:
      return fin && (self->header[1] & 0x7f) <= CONTROL_MAX ? 0 : RB_WS_PROTOCOL_ERROR;
    default:
      return RB_WS_PROTOCOL_ERROR;
    }
}

/* Only the shortest form of a length is allowed. */
static gboolean
read_length (RbWsParser *self)
{
  guint8 first = self->header[1] & 0x7f;
  guint n_bytes = first == 126 ? 2 : first == 127 ? 8 : 0;
  guint64 length = 0;

  if (n_bytes == 0)
    {
      self->frame_length = first;
      return TRUE;
    }
  for (guint i = 0; i < n_bytes; i++)
    length = length << 8 | self->header[2 + i];
  self->frame_length = length;
  return n_bytes == 2 ? length > 125 : length > G_MAXUINT16 && (length >> 63) == 0;
}

/* The header is complete: a close code, or 0. */
static guint
open_frame (RbWsParser *self)
{
  gsize have = self->message != NULL ? self->message->len : 0;

  if (!read_length (self))
    return RB_WS_PROTOCOL_ERROR;

  self->opcode = self->header[0] & 0x0f;
  self->fin = (self->header[0] & 0x80) != 0;
  if (!is_control (self->opcode) && self->frame_length > self->message_max - have)
    return RB_WS_TOO_BIG;

  memcpy (self->mask, self->header + self->header_need - 4, 4);
  self->frame_have = 0;
  self->in_payload = TRUE;
  if (is_control (self->opcode))
    {
      self->control = g_byte_array_sized_new (self->frame_length);
      return 0;
    }
  if (self->opcode != OPCODE_CONTINUATION)
    self->message_opcode = self->opcode;
  if (self->message == NULL)
    self->message = g_byte_array_new ();
  return 0;
}

/* Returns how many bytes it used. */
static gsize
feed_header (RbWsParser   *self,
             const guint8 *data,
             gsize         length)
{
  gsize used = 0;

  while (used < length && self->header_have < self->header_need && self->failed == 0)
    {
      self->header[self->header_have++] = data[used++];
      if (self->header_have == 2)
        {
          self->failed = check_start (self);
          self->header_need = header_size (self);
        }
    }
  if (self->failed == 0 && self->header_have == self->header_need)
    self->failed = open_frame (self);
  return used;
}

static void
unmask (const guint8 mask[4],
        guint        offset,
        guint8      *data,
        gsize        length)
{
  guint8 turned[8];
  guint64 word;
  gsize i = 0;

  for (guint k = 0; k < 8; k++)
    turned[k] = mask[(offset + k) & 3];
  memcpy (&word, turned, sizeof word);
  for (; i + 8 <= length; i += 8)
    {
      guint64 piece;

      memcpy (&piece, data + i, sizeof piece);
      piece ^= word;
      memcpy (data + i, &piece, sizeof piece);
    }
  for (; i < length; i++)
    data[i] ^= turned[i & 7];
}

static gboolean
take (RbWsParser *self,
      gsize       n)
{
  if (self->budget == NULL)
    return TRUE;
  if (n > self->budget->max - MIN (self->budget->used, self->budget->max))
    return FALSE;
  self->budget->used += n;
  return TRUE;
}

static gsize
feed_payload (RbWsParser *self,
              guint8     *data,
              gsize       length)
{
  GByteArray *into = is_control (self->opcode) ? self->control : self->message;
  gsize n = MIN (length, self->frame_length - self->frame_have);

  if (into == self->message && !take (self, n))
    {
      self->failed = RB_WS_TRY_AGAIN_LATER;
      return 0;
    }
  unmask (self->mask, self->frame_have & 3, data, n);
  g_byte_array_append (into, data, n);
  self->frame_have += n;
  return n;
}

/* UTF-8 as RFC 6455 wants it: NUL is a character like others. */
static gboolean
is_text (const guint8 *data,
         gsize         length)
{
  const char *at = (const char *) data;
  const char *end = at + length;

  while (at < end)
    {
      const char *stop;

      if (g_utf8_validate (at, end - at, &stop))
        return TRUE;
      if (*stop != '\0')
        return FALSE;
      at = stop + 1;
    }
  return TRUE;
}

static RbWsEvent
finish_close (RbWsParser *self,
              GBytes    **payload,
              guint      *close_code)
{
  g_autoptr(GByteArray) control = g_steal_pointer (&self->control);

  *close_code = RB_WS_NO_STATUS;
  if (control->len == 0)
    return RB_WS_CLOSE;

  *close_code = control->len == 1 ? 0 : (guint) control->data[0] << 8 | control->data[1];
  if (!rb_ws_code_is_valid (*close_code) || !is_text (control->data + 2, control->len - 2))
    {
      self->failed = *close_code = RB_WS_PROTOCOL_ERROR;
      return RB_WS_INVALID;
    }
  *payload = g_bytes_new (control->data + 2, control->len - 2);
  return RB_WS_CLOSE;
}

static RbWsEvent
finish_control (RbWsParser *self,
                GBytes    **payload,
                guint      *close_code)
{
  if (self->opcode == OPCODE_CLOSE)
    return finish_close (self, payload, close_code);
  *payload = g_byte_array_free_to_bytes (g_steal_pointer (&self->control));
  return self->opcode == OPCODE_PING ? RB_WS_PING : RB_WS_PONG;
}

static RbWsEvent
finish_message (RbWsParser *self,
                GBytes    **payload,
                guint      *close_code)
{
  guint8 opcode = self->message_opcode;

  self->message_opcode = 0;
  if (opcode == OPCODE_TEXT && !is_text (self->message->data, self->message->len))
    {
      self->failed = *close_code = RB_WS_BAD_DATA;
      return RB_WS_INVALID;
    }
  give_back (self);
  *payload = g_byte_array_free_to_bytes (g_steal_pointer (&self->message));
  return RB_WS_MESSAGE;
}

static RbWsEvent
finish_frame (RbWsParser *self,
              GBytes    **payload,
              guint      *close_code)
{
  self->in_payload = FALSE;
  self->header_have = 0;
  self->header_need = 2;

  if (is_control (self->opcode))
    return finish_control (self, payload, close_code);
  return self->fin ? finish_message (self, payload, close_code) : RB_WS_MORE;
}

RbWsEvent
rb_ws_parser_feed (RbWsParser *self,
                   guint8     *data,
                   gsize       length,
                   gsize      *used,
                   GBytes    **payload,
                   guint      *close_code)
{
  *used = 0;
  *payload = NULL;
  *close_code = 0;

  while (self->failed == 0)
    {
      RbWsEvent event;

      if (!self->in_payload)
        *used += feed_header (self, data + *used, length - *used);
      if (self->failed != 0)
        break;
      if (self->in_payload)
        *used += feed_payload (self, data + *used, length - *used);
      if (self->failed != 0)
        break;
      if (!self->in_payload || self->frame_have < self->frame_length)
        return RB_WS_MORE;

      event = finish_frame (self, payload, close_code);
      if (event != RB_WS_MORE)
        return event;
    }

  *close_code = self->failed;
  return RB_WS_INVALID;
}

guint
rb_ws_frame_header (guint8 opcode,
                    gsize  length,
                    guint8 header[10])
{
  guint n_bytes = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;

  header[0] = 0x80 | opcode;
  header[1] = n_bytes == 0 ? (guint8) length : n_bytes == 2 ? 126 : 127;
  for (guint i = 0; i < n_bytes; i++)
    header[2 + i] = (guint8) ((guint64) length >> (8 * (n_bytes - 1 - i)));
  return 2 + n_bytes;
}

gboolean
rb_ws_code_is_valid (guint code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
