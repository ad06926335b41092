/* fuzz-gateway.c: any bytes at all as a frame of the gateway, and as the cursor file (protocol.md 13.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-connector.h"
#include "rb-gateway-cursor-file.h"
#include "rb-gateway-frame.h"
#include "rb-gateway-rules.h"
#include "rb-gateway-stream.h"
#include "rb-json.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_slice (GBytes     *slice,
             RbJsonType  type)
{
  g_autoptr(RbJson) json = rb_json_parse (slice, 0, NULL);

  g_assert_nonnull (json);
  g_assert_cmpint (rb_json_get_root_type (json), ==, type);
}

/* What is handed on is JSON, and goes out again as a frame that is JSON. */
static void
check_message (const RbGatewayFrame *frame)
{
  g_autoptr(GBytes) built = NULL;
  g_autoptr(RbJson) json = NULL;

  g_assert_nonnull (frame->envelope);
  g_assert_nonnull (rb_envelope_get_from (frame->envelope));
  check_slice (rb_envelope_get_content (frame->envelope), RB_JSON_STRING);
  check_slice (rb_envelope_get_metadata (frame->envelope), RB_JSON_OBJECT);
  g_assert_true (frame->seq == RB_GATEWAY_NO_NUMBER || frame->seq >= 1);

  built = rb_gateway_frame_send_message ("m", frame->envelope);
  json = rb_json_parse_object (built, 0, NULL);
  g_assert_nonnull (json);
}

/* Whatever numbers come, the floor never goes back, and what is handed on lies above it. */
static void
check_stream (const RbGatewayFrame *frame)
{
  g_autoptr(RbGatewayStream) stream = rb_gateway_stream_new (4, 4);
  RbEnvelope *envelope;
  gint64 seq;

  rb_gateway_stream_set_window (stream, 1, 1);
  if (frame->event == RB_GATEWAY_MESSAGE_RECEIVED)
    rb_gateway_stream_receive (stream, frame->seq != RB_GATEWAY_NO_NUMBER ? frame->seq : RB_CONNECTOR_NO_SEQ, frame->envelope, 1);
  if (frame->event == RB_GATEWAY_DELIVERY_SKIP)
    rb_gateway_stream_skip (stream, frame->seq);
  if (frame->event == RB_GATEWAY_DELIVERY_CURSOR)
    rb_gateway_stream_expect (stream, frame->delivery_seq);
  if (frame->delivered_seq != RB_GATEWAY_NO_NUMBER)
    rb_gateway_stream_jump (stream, frame->delivered_seq);

  g_assert_cmpint (rb_gateway_stream_get_floor (stream), >=, 4);
  rb_gateway_stream_get_ask_us (stream, 1);
  rb_gateway_stream_asked (stream, 1);
  while ((envelope = rb_gateway_stream_next (stream, &seq)) != NULL)
    {
      g_assert_true (seq == RB_CONNECTOR_NO_SEQ || seq > rb_gateway_stream_get_floor (stream));
      rb_gateway_stream_accept (stream, seq);
      rb_envelope_unref (envelope);
    }
}

static void
check_frame (const RbGatewayFrame *frame)
{
  g_autofree char *reason = NULL;

  if (frame->event == RB_GATEWAY_MESSAGE_RECEIVED)
    check_message (frame);
  if (frame->event == RB_GATEWAY_REGISTER_ACK)
    {
      RbGatewayVerdict verdict = rb_gateway_judge_ack (frame, NULL, &reason);

      g_assert_true ((verdict == RB_GATEWAY_ACCEPTED) == (reason == NULL));
    }
  if (reason != NULL)
    {
      g_autofree char *cut = rb_gateway_cut_close_reason (reason);

      g_assert_cmpuint (strlen (cut), <=, 123);
      g_assert_true (g_utf8_validate (cut, -1, NULL));
    }
  check_stream (frame);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) text = g_bytes_new (data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbGatewayFrame) frame = rb_gateway_frame_parse (text, &error);

  g_assert_true (frame == NULL || error == NULL);
  if (frame != NULL)
    check_frame (frame);
  g_assert_cmpint (rb_gateway_cursor_parse (size > 0 ? (const char *) data : "", size), >=, -1);
  return 0;
}
