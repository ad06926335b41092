/* fuzz-sse.c: any bytes at all through the event stream's parser and the reader of its frames (protocol.md 15.2)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-control.h"
#include "rb-http-sse.h"

#include <string.h>

#define LIMIT 1024

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_control (GBytes *data)
{
  g_auto(RbHttpControl) control = { NULL };
  const char *key = NULL;

  switch (rb_http_control_read (data, &control))
    {
    case RB_HTTP_CONTROL_UNPARSEABLE:
    case RB_HTTP_CONTROL_IGNORE:
      g_assert_null (control.key);
      break;
    case RB_HTTP_CONTROL_ACK:
      g_assert_nonnull (control.key);
      g_assert_nonnull (control.status);
      g_assert_nonnull (control.detail);
      break;
    case RB_HTTP_CONTROL_EVENT:
      g_assert_true (g_variant_is_of_type (control.event, G_VARIANT_TYPE_VARDICT));
      g_assert_true (g_variant_lookup (control.event, "idempotency_key", "&s", &key));
      g_assert_cmpstr (key, ==, control.key);
      break;
    }
}

/* What the parser gave, as one text. */
static void
drain (RbHttpSse *parser,
       GString   *seen,
       gboolean   check)
{
  RbHttpSseFrame *next;

  while ((next = rb_http_sse_take (parser)) != NULL)
    {
      g_autoptr(RbHttpSseFrame) frame = next;
      gsize length;
      const char *data = g_bytes_get_data (frame->data, &length);

      g_assert_true (length == 0 || g_utf8_validate_len (data, length, NULL));
      g_string_append_printf (seen, "%s|%.*s\n", frame->id != NULL ? frame->id : "-", (int) length, data);
      if (check)
        check_control (frame->data);
    }
}

static gboolean
feed (const guint8 *data,
      gsize         size,
      gsize         piece,
      GString      *seen)
{
  g_autoptr(RbHttpSse) parser = rb_http_sse_new (LIMIT);
  gboolean ok = TRUE;

  for (gsize at = 0; at < size && ok; at += piece)
    {
      ok = rb_http_sse_feed (parser, (const char *) data + at, MIN (piece, size - at), NULL);
      drain (parser, seen, piece == size);
    }
  g_assert_cmpint (rb_http_sse_get_retry_ms (parser), >=, -1);
  return ok;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const gsize pieces[] = { 1, 2, 7 };
  g_autoptr(GString) whole = g_string_new (NULL);
  gboolean ok;

  if (size == 0)
    return 0;
  ok = feed (data, size, size, whole);
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr(GString) cut = g_string_new (NULL);

      g_assert_cmpint (feed (data, size, pieces[i], cut), ==, ok);
      g_assert_cmpstr (cut->str, ==, whole->str);
    }
  return 0;
}
