/* rb-remote-frame.c: what the broker and the process of an isolated module say to one another
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-frame.h"

#include <string.h>

#define NO_TEXT G_MAXUINT32   /* in place of a length: NULL */
#define ENVELOPE "ssssbb"     /* id, from, to, content type, content, metadata */

/* Fields: i a number, s a text, b data. */
static const struct {
  const char   *name;
  RbRemoteSide  side;
  const char   *fields;
} types[RB_REMOTE_N_TYPES] = {
  [RB_REMOTE_OPEN]         = { "open",         RB_REMOTE_BROKER, "b" },
  [RB_REMOTE_CONFIGURE]    = { "configure",    RB_REMOTE_BROKER, "b" },
  [RB_REMOTE_START]        = { "start",        RB_REMOTE_BROKER, "" },
  [RB_REMOTE_STOP]         = { "stop",         RB_REMOTE_BROKER, "" },
  [RB_REMOTE_WINDOW]       = { "window",       RB_REMOTE_BROKER, "ii" },
  [RB_REMOTE_ACCEPT]       = { "accept",       RB_REMOTE_BROKER, "i" },
  [RB_REMOTE_RELEASE]      = { "release",      RB_REMOTE_BROKER, "i" },
  [RB_REMOTE_SEND]         = { "send",         RB_REMOTE_BROKER, "i" ENVELOPE },
  [RB_REMOTE_CANCEL]       = { "cancel",       RB_REMOTE_BROKER, "i" },
  [RB_REMOTE_PING]         = { "ping",         RB_REMOTE_BROKER, "i" },
  [RB_REMOTE_OPENED]       = { "opened",       RB_REMOTE_MODULE, "b" },
  [RB_REMOTE_CONFIGURED]   = { "configured",   RB_REMOTE_MODULE, "" },
  [RB_REMOTE_STARTED]      = { "started",      RB_REMOTE_MODULE, "" },
  [RB_REMOTE_STOPPED]      = { "stopped",      RB_REMOTE_MODULE, "" },
  [RB_REMOTE_FAILED]       = { "failed",       RB_REMOTE_MODULE, "b" },
  [RB_REMOTE_SENT]         = { "sent",         RB_REMOTE_MODULE, "iis" },
  [RB_REMOTE_NOT_SENT]     = { "not-sent",     RB_REMOTE_MODULE, "ib" },
  [RB_REMOTE_DELIVERY]     = { "delivery",     RB_REMOTE_MODULE, "i" ENVELOPE },
  [RB_REMOTE_CONNECTED]    = { "connected",    RB_REMOTE_MODULE, "" },
  [RB_REMOTE_DISCONNECTED] = { "disconnected", RB_REMOTE_MODULE, "s" },
  [RB_REMOTE_SUPERSEDED]   = { "superseded",   RB_REMOTE_MODULE, "" },
  [RB_REMOTE_INCOMPATIBLE] = { "incompatible", RB_REMOTE_MODULE, "s" },
  [RB_REMOTE_ADDRESS]      = { "address",      RB_REMOTE_MODULE, "s" },
  [RB_REMOTE_LOG]          = { "log",          RB_REMOTE_MODULE, "ib" },
  [RB_REMOTE_BOUNDS]       = { "bounds",       RB_REMOTE_MODULE, "b" },
  [RB_REMOTE_PONG]         = { "pong",         RB_REMOTE_MODULE, "i" },
};

const char *
rb_remote_type_to_string (RbRemoteType type)
{
  g_return_val_if_fail (type < RB_REMOTE_N_TYPES, NULL);
  return types[type].name;
}

static void
write_length (GByteArray *out,
              gsize       length)
{
  guint32 value = (guint32) length;

  g_byte_array_append (out, (const guint8 *) &value, sizeof value);
}

/* With its NUL, so that it can be read in place. */
static void
write_text (GByteArray *out,
            const char *text)
{
  gsize length = text != NULL ? strlen (text) + 1 : 0;

  write_length (out, text != NULL ? length : NO_TEXT);
  if (text != NULL)
    g_byte_array_append (out, (const guint8 *) text, (guint) length);
}

static void
write_data (GByteArray         *out,
            const RbRemoteData *data)
{
  write_length (out, data->size);
  if (data->size > 0)
    g_byte_array_append (out, data->data, (guint) data->size);
}

/**
 * rb_remote_frame_write:
 * @frame: what is said; its texts and data are shorter than %RB_REMOTE_MAX_FRAME together
 * @out: what it is appended to, with its header
 */
void
rb_remote_frame_write (const RbRemoteFrame *frame,
                       GByteArray          *out)
{
  guint start = out->len, n_numbers = 0, n_texts = 0, n_data = 0;
  guint8 type = (guint8) frame->type;
  guint32 length;

  write_length (out, 0);
  g_byte_array_append (out, &type, 1);
  for (const char *field = types[frame->type].fields; *field != '\0'; field++)
    if (*field == 'i')
      g_byte_array_append (out, (const guint8 *) &frame->numbers[n_numbers++], sizeof (gint64));
    else if (*field == 's')
      write_text (out, frame->texts[n_texts++]);
    else
      write_data (out, &frame->data[n_data++]);
  length = out->len - start - RB_REMOTE_HEADER_BYTES;
  memcpy (out->data + start, &length, sizeof length);
}

static gboolean
refuse (GError     **error,
        const char  *what)
{
  rb_set_error (error, RB_ERROR_INVALID, "bad_frame", "%s", what);
  return FALSE;
}

gboolean
rb_remote_frame_measure (const guint8  *bytes,
                         gsize          size,
                         gsize         *length,
                         GError       **error)
{
  guint32 value;

  *length = 0;
  if (size < RB_REMOTE_HEADER_BYTES)
    return TRUE;
  memcpy (&value, bytes, sizeof value);
  if (value == 0 || value > RB_REMOTE_MAX_FRAME)
    return refuse (error, value == 0 ? "an empty frame" : "a frame that is too long");
  if (size - RB_REMOTE_HEADER_BYTES >= value)
    *length = RB_REMOTE_HEADER_BYTES + value;
  return TRUE;
}

typedef struct {
  const guint8 *at;
  gsize         left;
} Reader;

static gboolean
take (Reader *reader,
      void   *value,
      gsize   size)
{
  if (reader->left < size)
    return FALSE;
  memcpy (value, reader->at, size);
  reader->at += size;
  reader->left -= size;
  return TRUE;
}

static gboolean
take_data (Reader       *reader,
           RbRemoteData *data)
{
  guint32 length;

  if (!take (reader, &length, sizeof length) || length > reader->left)
    return FALSE;
  data->data = reader->at;
  data->size = length;
  reader->at += length;
  reader->left -= length;
  return TRUE;
}

/* One that ends before its NUL, or has no NUL, is none. */
static gboolean
take_text (Reader      *reader,
           const char **text)
{
  RbRemoteData data;
  guint32 length;

  *text = NULL;
  if (reader->left >= sizeof length && memcpy (&length, reader->at, sizeof length) != NULL && length == NO_TEXT)
    return take (reader, &length, sizeof length);
  if (!take_data (reader, &data) || data.size == 0 || data.data[data.size - 1] != '\0')
    return FALSE;
  *text = (const char *) data.data;
  return g_utf8_validate_len (*text, data.size - 1, NULL);
}

static gboolean
take_field (Reader       *reader,
            char          field,
            gint64      **numbers,
            const char ***texts,
            RbRemoteData **data)
{
  if (field == 'i')
    return take (reader, (*numbers)++, sizeof (gint64));
  if (field == 's')
    return take_text (reader, (*texts)++);
  return take_data (reader, (*data)++);
}

gboolean
rb_remote_frame_read (RbRemoteFrame  *frame,
                      RbRemoteSide    side,
                      const guint8   *payload,
                      gsize           size,
                      GError        **error)
{
  Reader reader = { payload, size };
  gint64 *numbers = frame->numbers;
  const char **texts = frame->texts;
  RbRemoteData *data = frame->data;
  guint8 type;

  *frame = (RbRemoteFrame) { 0 };
  if (!take (&reader, &type, sizeof type) || type >= RB_REMOTE_N_TYPES || types[type].side != side)
    return refuse (error, "a frame of no type");
  frame->type = type;
  for (const char *field = types[type].fields; *field != '\0'; field++)
    if (!take_field (&reader, *field, &numbers, &texts, &data))
      return refuse (error, "a frame with a field that is none");
  return reader.left == 0 || refuse (error, "a frame with more than its fields");
}
