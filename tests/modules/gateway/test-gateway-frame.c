/* test-gateway-frame.c: the frames of connector protocol 4 (protocol.md 13.1, 13.3)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-frame.h"

#include "rb-test.h"

#include <string.h>

static RbGatewayFrame *
parse (const char  *text,
       GError     **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  return rb_gateway_frame_parse (bytes, error);
}

static void
assert_slice (GBytes     *slice,
              const char *text)
{
  gsize size;
  const char *data = g_bytes_get_data (slice, &size);

  g_assert_cmpmem (data, size, text, strlen (text));
}

static void
assert_text (GBytes     *built,
             const char *text)
{
  assert_slice (built, text);
  g_bytes_unref (built);
}

/* Source: protocol.md 13.3, column "Validation". */
static const struct {
  const char *text;
  int         event;   /* -1: dropped */
} validations[] = {
  { "{\"event\":\"REGISTER_ACK\"}", RB_GATEWAY_REGISTER_ACK },
  { "{\"event\":\"REGISTER_ACK\",\"deliveryRuntimeSessionId\":\"s\"}", RB_GATEWAY_REGISTER_ACK },
  { "{\"event\":\"REGISTER_ACK\",\"deliveryRuntimeSessionId\":null}", RB_GATEWAY_REGISTER_ACK },
  { "{\"event\":\"REGISTER_ACK\",\"deliveryRuntimeSessionId\":\" \"}", -1 },
  { "{\"event\":\"REGISTER_ACK\",\"deliveryRuntimeSessionId\":\"__masons_x\"}", -1 },
  { "{\"event\":\"REGISTER_ACK\",\"deliveryRuntimeSessionId\":7}", -1 },
  { "{\"event\":\"REGISTER_ACK\",\"status\":7,\"agent\":[],\"deliverySeq\":\"1\"}", RB_GATEWAY_REGISTER_ACK },
  { "{\"event\":\"SEND_ACK\",\"messageId\":\"m\"}", RB_GATEWAY_SEND_ACK },
  { "{\"event\":\"SEND_ACK\",\"messageId\":\"m\",\"status\":\"odd\"}", RB_GATEWAY_SEND_ACK },
  { "{\"event\":\"SEND_ACK\"}", -1 },
  { "{\"event\":\"SEND_ACK\",\"messageId\":1}", -1 },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"\"}", RB_GATEWAY_MESSAGE_RECEIVED },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"cut \\ud83d\"}", RB_GATEWAY_MESSAGE_RECEIVED },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\"}", -1 },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"content\":\"x\"}", -1 },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":{}}", -1 },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":null,\"content\":\"x\"}", -1 },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"x\",\"messageId\":1}", -1 },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"x\",\"messageId\":null}", RB_GATEWAY_MESSAGE_RECEIVED },
  { "{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"x\",\"runtimeSessionId\":\"\"}", -1 },
  { "{\"event\":\"DELIVERY_PENDING\",\"count\":2,\"upTo\":\"m\"}", RB_GATEWAY_DELIVERY_PENDING },
  { "{\"event\":\"DELIVERY_PENDING\",\"count\":2.5,\"upTo\":\"m\"}", RB_GATEWAY_DELIVERY_PENDING },
  { "{\"event\":\"DELIVERY_PENDING\",\"count\":\"2\",\"upTo\":\"m\"}", -1 },
  { "{\"event\":\"DELIVERY_PENDING\",\"count\":2}", -1 },
  { "{\"event\":\"DELIVERY_STATUS\",\"messageId\":\"m\",\"status\":\"read\"}", RB_GATEWAY_DELIVERY_STATUS },
  { "{\"event\":\"DELIVERY_STATUS\",\"messageId\":\"m\"}", -1 },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":0}", RB_GATEWAY_DELIVERY_CURSOR },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":1e1,\"deliveredSeq\":3.0}", RB_GATEWAY_DELIVERY_CURSOR },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":-1}", -1 },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":1.5}", -1 },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":1,\"deliveredSeq\":-1}", -1 },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":1,\"deliveredSeq\":\"1\"}", -1 },
  { "{\"event\":\"DELIVERY_CURSOR\",\"deliverySeq\":9007199254740994}", -1 },
  { "{\"event\":\"DELIVERY_SKIP\",\"seq\":0,\"reason\":\"runtime_mailbox_dismissed\"}", RB_GATEWAY_DELIVERY_SKIP },
  { "{\"event\":\"DELIVERY_SKIP\",\"seq\":3,\"reason\":\"runtime_mailbox_dismissed\",\"messageId\":\"m\",\"deliveredAt\":\"t\"}",
    RB_GATEWAY_DELIVERY_SKIP },
  { "{\"event\":\"DELIVERY_SKIP\",\"seq\":3,\"reason\":\"other\"}", -1 },
  { "{\"event\":\"DELIVERY_SKIP\",\"seq\":-3,\"reason\":\"runtime_mailbox_dismissed\"}", -1 },
  { "{\"event\":\"DELIVERY_SKIP\",\"seq\":3,\"reason\":\"runtime_mailbox_dismissed\",\"deliveredAt\":5}", -1 },
  { "{\"event\":\"ERROR\",\"code\":\"c\",\"message\":\"m\"}", RB_GATEWAY_ERROR },
  { "{\"event\":\"ERROR\",\"code\":\"c\"}", -1 },
  { "{\"event\":\"ERROR\",\"message\":\"m\"}", -1 },
  { "{\"event\":\"HELLO\"}", -1 },
  { "{\"event\":7}", -1 },
  { "{}", -1 },
};

static void
test_validation (void)
{
  g_test_summary ("A frame is taken if it keeps the rules of its event; otherwise it is dropped without an error.");

  for (gsize i = 0; i < G_N_ELEMENTS (validations); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbGatewayFrame) frame = parse (validations[i].text, &error);

      g_test_message ("%s", validations[i].text);
      g_assert_no_error (error);
      g_assert_cmpint (frame != NULL ? (int) frame->event : -1, ==, validations[i].event);
    }
}

static void
test_not_json (void)
{
  static const char *const texts[] = { "", "hello", "[]", "\"event\"", "{\"event\":", "{'event':1}", "{\"event\":\"ERROR\",}" };

  g_test_summary ("Text that is not a JSON object is an error.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (parse (texts[i], &error));
      g_assert_nonnull (error);
    }
}

static void
test_depth (void)
{
  g_autofree char *open = g_strnfill (70, '[');
  g_autofree char *close = g_strnfill (70, ']');
  g_autofree char *text = g_strdup_printf ("{\"event\":\"MESSAGE_RECEIVED\",\"from\":\"a\",\"content\":\"\",\"metadata\":{\"a\":%s%s},"
                                           "\"seq\":7}", open, close);
  g_autofree char *broken = g_strnfill (100000, '[');
  g_autoptr(RbGatewayFrame) frame = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is nested too deeply for us is null in the message that arrives: refused, it would stop the stream for ever.");

  frame = parse (text, &error);
  g_assert_no_error (error);
  g_assert_cmpint (frame->seq, ==, 7);
  g_assert_true (frame->is_pruned);
  g_assert_null (parse (broken, &error));
  g_assert_nonnull (error);
}

static void
test_message (void)
{
  g_autoptr(RbGatewayFrame) frame = NULL;

  g_test_summary ("Content and metadata are the very bytes of the frame; a sequence is an integer of at least 1.");

  frame = parse ("{\"event\":\"MESSAGE_RECEIVED\",\"messageId\":\"m-1\",\"from\":\"bob\",\"content\":\"h\\u0000\\/i\",\"contentType\":\"html\","
                 "\"metadata\": { \"b\" : 1.50 },\"seq\":7.0,\"runtimeSessionId\":\" s-1 \",\"sentAt\":\"x\"}", NULL);
  g_assert_nonnull (frame);
  g_assert_cmpint (frame->seq, ==, 7);
  g_assert_cmpstr (frame->session_id, ==, "s-1");
  g_assert_cmpstr (rb_envelope_get_id (frame->envelope), ==, "m-1");
  g_assert_cmpstr (rb_envelope_get_from (frame->envelope), ==, "bob");
  g_assert_cmpstr (rb_envelope_get_content_type (frame->envelope), ==, "html");
  assert_slice (rb_envelope_get_content (frame->envelope), "\"h\\u0000\\/i\"");
  assert_slice (rb_envelope_get_metadata (frame->envelope), "{ \"b\" : 1.50 }");
}

static void
test_message_defaults (void)
{
  static const char *const seqs[] = { "0", "-1", "1.5", "\"7\"", "null", "[7]" };

  g_test_summary ("What is missing or of another type gets its default (IMP-42); an empty id is none.");

  for (gsize i = 0; i < G_N_ELEMENTS (seqs); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"event\":\"MESSAGE_RECEIVED\",\"messageId\":\"\",\"from\":\"bob\",\"content\":\"x\","
                                               "\"contentType\":5,\"metadata\":[1],\"seq\":%s}", seqs[i]);
      g_autoptr(RbGatewayFrame) frame = parse (text, NULL);

      g_assert_nonnull (frame);
      g_assert_cmpint (frame->seq, ==, RB_GATEWAY_NO_NUMBER);
      g_assert_null (rb_envelope_get_id (frame->envelope));
      g_assert_null (frame->session_id);
      g_assert_cmpstr (rb_envelope_get_content_type (frame->envelope), ==, "text");
      assert_slice (rb_envelope_get_metadata (frame->envelope), "{}");
    }
}

static void
test_register_ack (void)
{
  g_autoptr(RbGatewayFrame) frame = NULL;
  g_autoptr(RbGatewayFrame) bare = NULL;

  g_test_summary ("An identity counts only with a handle, and its name only if it has one.");

  frame = parse ("{\"event\":\"REGISTER_ACK\",\"status\":\"ok\",\"protocolVersion\":4,\"deliverySeq\":9,"
                 "\"agent\":{\"handle\":\"ada\",\"name\":\"Ada\"},\"owner\":{\"handle\":\"liz\",\"displayName\":\"\"}}", NULL);
  g_assert_nonnull (frame);
  g_assert_cmpstr (frame->status, ==, "ok");
  g_assert_cmpint (frame->protocol_version, ==, 4);
  g_assert_cmpint (frame->delivery_seq, ==, 9);
  g_assert_cmpstr (frame->agent_handle, ==, "ada");
  g_assert_cmpstr (frame->agent_name, ==, "Ada");
  g_assert_cmpstr (frame->owner_handle, ==, "liz");
  g_assert_null (frame->owner_name);

  bare = parse ("{\"event\":\"REGISTER_ACK\",\"agent\":{\"name\":\"Ada\"},\"owner\":7}", NULL);
  g_assert_nonnull (bare);
  g_assert_null (bare->agent_handle);
  g_assert_null (bare->agent_name);
  g_assert_null (bare->owner_handle);
  g_assert_cmpint (bare->delivery_seq, ==, RB_GATEWAY_NO_NUMBER);
}

static void
test_build (void)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"h\\/i\"", 6);
  g_autoptr(GBytes) metadata = g_bytes_new_static ("{ \"a\":1.0 }", 11);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("ours", NULL, "bob", content, NULL, metadata);

  g_test_summary ("What we say, byte for byte: the scope only where there is one, slices as they came, the frame's own id.");

  assert_text (rb_gateway_frame_register ("t\"k", "0.2.36", NULL, 0),
               "{\"event\":\"REGISTER\",\"token\":\"t\\\"k\",\"protocolVersion\":4,\"clientVersion\":\"0.2.36\","
               "\"clientKind\":\"runtime-broker\",\"lastKnownSeq\":0}");
  assert_text (rb_gateway_frame_register ("tk", "0.2.36", "s-1", 17),
               "{\"event\":\"REGISTER\",\"token\":\"tk\",\"protocolVersion\":4,\"clientVersion\":\"0.2.36\","
               "\"clientKind\":\"runtime-broker\",\"runtimeSessionId\":\"s-1\",\"lastKnownSeq\":17}");
  assert_text (rb_gateway_frame_send_message ("m-1", envelope),
               "{\"event\":\"SEND_MESSAGE\",\"messageId\":\"m-1\",\"to\":\"bob\",\"content\":\"h\\/i\",\"contentType\":\"text\","
               "\"metadata\":{ \"a\":1.0 }}");
  assert_text (rb_gateway_frame_delivery_ack (5, NULL), "{\"event\":\"DELIVERY_ACK\",\"upToSeq\":5}");
  assert_text (rb_gateway_frame_delivery_ack (5, "s"), "{\"event\":\"DELIVERY_ACK\",\"upToSeq\":5,\"runtimeSessionId\":\"s\"}");
  assert_text (rb_gateway_frame_gap_fill (4, NULL), "{\"event\":\"REQUEST_GAP_FILL\",\"sinceSeq\":4}");
  assert_text (rb_gateway_frame_gap_fill (4, "s"), "{\"event\":\"REQUEST_GAP_FILL\",\"sinceSeq\":4,\"runtimeSessionId\":\"s\"}");
  assert_text (rb_gateway_frame_typing ("bob", TRUE), "{\"event\":\"TYPING\",\"to\":\"bob\",\"isTyping\":true}");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/gateway/frame/validation", test_validation);
  g_test_add_func ("/gateway/frame/not-json", test_not_json);
  g_test_add_func ("/gateway/frame/depth", test_depth);
  g_test_add_func ("/gateway/frame/message", test_message);
  g_test_add_func ("/gateway/frame/message-defaults", test_message_defaults);
  g_test_add_func ("/gateway/frame/register-ack", test_register_ack);
  g_test_add_func ("/gateway/frame/build", test_build);
  return g_test_run ();
}
