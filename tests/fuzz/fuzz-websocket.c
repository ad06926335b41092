/* fuzz-websocket.c: any bytes at all from a client of a channel, in one read and in many
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ws-parser.h"

#include <string.h>

#define MESSAGE_MAX 1024

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
note (GString   *log,
      RbWsEvent  event,
      GBytes    *payload,
      guint      close_code)
{
  gsize size = payload != NULL ? g_bytes_get_size (payload) : 0;
  g_autofree char *digest = payload != NULL ? g_compute_checksum_for_bytes (G_CHECKSUM_MD5, payload) : NULL;

  g_string_append_printf (log, "%d %" G_GSIZE_FORMAT " %s %u\n", event, size, digest != NULL ? digest : "-",
                          event == RB_WS_CLOSE || event == RB_WS_INVALID ? close_code : 0);
  if (event == RB_WS_MESSAGE)
    g_assert_cmpuint (size, <=, MESSAGE_MAX);
  if (event == RB_WS_PING || event == RB_WS_PONG || event == RB_WS_CLOSE)
    g_assert_cmpuint (size, <=, 125);
}

/* Everything that comes of @data, read @step bytes at a time. */
static char *
read_all (const guint8 *data,
          gsize         size,
          gsize         step)
{
  g_autoptr(RbWsParser) parser = rb_ws_parser_new (MESSAGE_MAX, NULL);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  GString *log = g_string_new (NULL);
  RbWsEvent event = RB_WS_MORE;
  gsize at = 0;

  while (at < size && event != RB_WS_INVALID && event != RB_WS_CLOSE)
    {
      g_autoptr(GBytes) payload = NULL;
      gsize length = MIN (step, size - at);
      guint close_code = 0;
      gsize used = 0;

      event = rb_ws_parser_feed (parser, copy + at, length, &used, &payload, &close_code);
      g_assert_cmpuint (used, <=, length);
      if (event == RB_WS_MORE)
        g_assert_cmpuint (used, ==, length);
      else
        note (log, event, payload, close_code);
      at += used;
    }
  return g_string_free (log, FALSE);
}

/* Where the network cut it makes no difference. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *whole = NULL;
  g_autofree char *bytes = NULL;
  g_autofree char *pieces = NULL;

  if (size == 0 || size > 65536)
    return 0;

  whole = read_all (data, size, size);
  bytes = read_all (data, size, 1);
  pieces = read_all (data, size, 7);
  g_assert_cmpstr (whole, ==, bytes);
  g_assert_cmpstr (whole, ==, pieces);
  return 0;
}
