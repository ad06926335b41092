/* test-frames.c: frames both ways, and answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-test.h"
#include "rb-wire-answers.h"
#include "rb-wire-frames.h"

#include <string.h>

static void
assert_text (GBytes     *bytes,
             const char *expected)
{
  g_autoptr(GBytes) owned = bytes;
  g_autofree char *text = g_strndup (g_bytes_get_data (owned, NULL), g_bytes_get_size (owned));

  g_assert_cmpstr (text, ==, expected);
}

static RbEnvelope *
make_envelope (const char *type,
               const char *metadata)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"a\\u0000\\/\"", 11);
  g_autoptr(GBytes) slice = metadata != NULL ? g_bytes_new (metadata, strlen (metadata)) : NULL;

  return rb_envelope_new ("m1", "bob@local", NULL, content, type, slice);
}

/* Source: protocol.md 5.4, IMP-16. */
static void
test_push_direct (void)
{
  g_autoptr(RbEnvelope) envelope = make_envelope ("markdown", "{\"b\" : [1.0]}");
  RbPush push = { .push_id = "push_1", .endpoint_id = "ep_1", .source_message_id = "m1", .envelope = envelope };

  assert_text (rb_wire_frame_push (&push),
               "{\"event\":\"message_received\",\"push_id\":\"push_1\",\"endpoint_id\":\"ep_1\",\"from\":\"bob@local\","
               "\"content\":\"a\\u0000\\/\",\"contentType\":\"markdown\",\"metadata\":{\"b\" : [1.0]},\"sourceMessageId\":\"m1\"}");
}

static void
test_push_bare (void)
{
  g_autoptr(RbEnvelope) envelope = make_envelope (NULL, NULL);
  RbPush push = { .envelope = envelope };

  g_test_summary ("What is absent is left out; content type and metadata are always there.");

  assert_text (rb_wire_frame_push (&push), "{\"event\":\"message_received\",\"from\":\"bob@local\",\"content\":\"a\\u0000\\/\","
                                           "\"contentType\":\"text\",\"metadata\":{}}");
}

static void
test_push_assignment (void)
{
  g_autoptr(RbEnvelope) envelope = make_envelope (NULL, "{}");
  g_autoptr(RbTarget) target = rb_target_new ("ep_1", RB_TARGET_ADAPTER_MANAGED_TURN, "s1");
  g_autoptr(RbAssignmentContext) context = rb_assignment_context_new ("u1", "m1", "as1", target, "c9", NULL);
  RbPush push = { .source_message_id = "m1", .envelope = envelope, .assignment = context };
  g_autoptr(GBytes) frame = rb_wire_frame_push (&push);
  g_autofree char *text = g_strndup (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));

  g_assert_nonnull (strstr (text, "\"runtimeAssignment\":{\"undispatchedId\":\"u1\",\"sourceMessageId\":\"m1\",\"assignmentId\":\"as1\","
                                  "\"targetRef\":{"));
  g_assert_nonnull (strstr (text, "\"projection_endpoint_id\":\"ep_1\""));
  g_assert_nonnull (strstr (text, "\"deliveryIntent\":\"external_handoff\",\"replyCorrelationId\":\"c9\"}}"));
  g_assert_null (strstr (text, "originalTraceId"));
}

static void
test_other_frames (void)
{
  g_autoptr(GBytes) body = g_bytes_new_static ("{\"a\":1}", 7);

  assert_text (rb_wire_frame_presence ("online", NULL), "{\"event\":\"presence_changed\",\"presence\":\"online\"}");
  assert_text (rb_wire_frame_presence ("offline", "x"), "{\"event\":\"presence_changed\",\"presence\":\"offline\",\"reason\":\"x\"}");
  assert_text (rb_wire_frame_response ("7", 200, body), "{\"event\":\"response\",\"id\":\"7\",\"status\":200,\"body\":{\"a\":1}}");
}

static const struct {
  const char     *text;
  RbWireFrameKind kind;
  const char     *id;
  const char     *method;
  const char     *target;
  const char     *body;
} frames[] = {
  { "{\"event\":\"push_ack\",\"push_id\":\"p\"}", RB_WIRE_FRAME_PUSH_ACK, "p", NULL, NULL, NULL },
  { " {\"push_id\":\"p\",\"other\":[],\"event\":\"push_ack\"}\n", RB_WIRE_FRAME_PUSH_ACK, "p", NULL, NULL, NULL },
  { "{\"event\":\"push_ack\",\"push_id\":1}", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
  { "{\"event\":\"push_ack\"}", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
  { "{\"event\":\"request\",\"id\":\"1\",\"method\":\"GET\",\"path\":\"/a\"}", RB_WIRE_FRAME_REQUEST, "1", "GET", "/a", NULL },
  { "{\"event\":\"request\",\"id\":\"1\",\"method\":\"POST\",\"path\":\"/a\",\"body\":{\"b\": 1}}", RB_WIRE_FRAME_REQUEST, "1", "POST",
    "/a", "{\"b\": 1}" },
  { "{\"event\":\"request\",\"id\":\"1\",\"body\":null}", RB_WIRE_FRAME_REQUEST, "1", NULL, NULL, NULL },
  { "{\"event\":\"request\",\"id\":1,\"method\":\"GET\",\"path\":\"/a\"}", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
  { "{\"event\":\"request\",\"method\":\"GET\",\"path\":\"/a\"}", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
  { "{\"event\":\"ping\"}", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
  { "[]", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
  { "", RB_WIRE_FRAME_OTHER, NULL, NULL, NULL, NULL },
};

static void
test_parse (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autoptr(GBytes) text = g_bytes_new (frames[i].text, strlen (frames[i].text));
      g_auto(RbWireFrame) frame = { 0 };

      rb_wire_frame_parse (text, &frame);
      g_assert_cmpint (frame.kind, ==, frames[i].kind);
      if (frame.kind == RB_WIRE_FRAME_OTHER)
        continue;
      g_assert_cmpstr (frame.id, ==, frames[i].id);
      g_assert_cmpstr (frame.method, ==, frames[i].method);
      g_assert_cmpstr (frame.target, ==, frames[i].target);
      if (frames[i].body == NULL)
        g_assert_null (frame.body);
      else
        assert_text (g_bytes_ref (frame.body), frames[i].body);
    }
}

static void
test_long_id (void)
{
  g_autofree char *id = g_strnfill (RB_WIRE_REQUEST_ID_MAX + 1, 'x');
  g_autofree char *text = g_strdup_printf ("{\"event\":\"request\",\"id\":\"%s\"}", id);
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_auto(RbWireFrame) frame = { 0 };

  rb_wire_frame_parse (bytes, &frame);
  g_assert_cmpint (frame.kind, ==, RB_WIRE_FRAME_OTHER);
}

static void
test_answers (void)
{
  g_autoptr(GVariant) naming = g_variant_ref_sink (g_variant_new_parsed ("{'nickname': <'n'>, 'owner_edited_name': <@ms nothing>}"));

  assert_text (rb_wire_answer_register ("e", "t", NULL), "{\"endpoint_id\":\"e\",\"endpoint_owner_token\":\"t\"}");
  assert_text (rb_wire_answer_register ("e", "t", naming),
               "{\"endpoint_id\":\"e\",\"endpoint_owner_token\":\"t\","
               "\"session_naming\":{\"nickname\":\"n\",\"owner_edited_name\":null}}");
  assert_text (rb_wire_answer_reattach (3), "{\"restored\":true,\"reconnecting_buffer_count\":3}");
  assert_text (rb_wire_answer_sent ("m", "stored"), "{\"messageId\":\"m\",\"status\":\"stored\"}");
  assert_text (rb_wire_answer_presence (0), "{\"bound_continuation_count\":0}");
}

/* protocol.md 6.2; the last one is ours. */
#define CAPABILITIES \
  "{\"endpoint_metadata_v1\":true,\"remote_spawn_v1\":true,\"undispatched_inbox_v1\":false,\"runtime_assignment_reply_v1\":true," \
  "\"runtime_assignment_claim_v1\":true,\"runtime_claim_candidates_v1\":true,\"undispatched_presence_v1\":true," \
  "\"push_receipt_ack_v1\":true,\"structured_workspace_v1\":true,\"stream_requests_v1\":true}"

static void
test_who_we_are (void)
{
  g_test_summary ("Health and handshake say version, protocol and capabilities (protocol.md 4.4, 6.1, 3.11 rules 2 and 4).");

  assert_text (rb_wire_answer_health ("999.0.0+x", "1.2.3", TRUE),
               "{\"ok\":true,\"version\":\"999.0.0+x\",\"protocol_version\":\"1.1\",\"product_version\":\"1.2.3\",\"ready\":true,"
               "\"capabilities\":" CAPABILITIES "}");
  assert_text (rb_wire_answer_initialize ("999.0.0+x", "s", "reconnecting"),
               "{\"server_version\":\"999.0.0+x\",\"server_protocol_version\":\"1.1\",\"server_capabilities\":" CAPABILITIES ","
               "\"session_id\":\"s\",\"network_presence\":\"reconnecting\"}");
}

static void
test_undispatched (void)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new ();
  g_autoptr(GBytes) content = g_bytes_new_static ("\"hi\"", 4);
  g_autoptr(GVariant) reference = g_variant_ref_sink (g_variant_new_parsed ("{'kind': <'session_conversation'>, 'id': <'x'>}"));
  RbListedMessage full = {
    .id = (char *) "u",
    .source_message_id = (char *) "m",
    .arrived_at = 1767225600123,
    .sender_address = (char *) "bob",
    .content = content,
    .reason = (char *) "unaddressed",
    .claim_policy = (char *) "owner_select_required",
    .conversation_ref = reference,
  };

  assert_text (rb_wire_answer_undispatched (messages), "{\"items\":[]}");
  g_ptr_array_add (messages, &full);
  assert_text (rb_wire_answer_undispatched (messages),
               "{\"items\":[{\"id\":\"u\",\"source_message_id\":\"m\",\"arrived_at\":\"2026-01-01T00:00:00.123Z\","
               "\"sender_address\":\"bob\",\"content\":\"hi\",\"content_type\":\"text\",\"metadata\":{},\"reason\":\"unaddressed\","
               "\"claim_policy\":\"owner_select_required\",\"conversation_ref\":{\"kind\":\"session_conversation\",\"id\":\"x\"}}]}");
}

static void
test_variants (void)
{
  static const struct {
    const char *variant;
    const char *json;
  } values[] = {
    { "@a{sv} {}", "{}" },
    { "@aa{sv} []", "[]" },
    { "[{'a': <int64 1>}, {'b': <true>}]", "[{\"a\":1},{\"b\":true}]" },
    { "{'l': <[{'n': <'x'>}]>, 's': <['a']>, 'd': <1.5>}", "{\"l\":[{\"n\":\"x\"}],\"s\":[\"a\"],\"d\":1.5}" },
    { "{'x': {'y': {'z': <uint32 7>}}}", "{\"x\":{\"y\":{\"z\":7}}}" },
    { "{'m': <@ms 'v'>, 'n': <@mx nothing>}", "{\"m\":\"v\",\"n\":null}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr(GVariant) value = g_variant_parse (NULL, values[i].variant, NULL, NULL, NULL);

      g_assert_nonnull (value);
      assert_text (rb_wire_answer_variant (value), values[i].json);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/wire/frames/push/direct", test_push_direct);
  g_test_add_func ("/wire/frames/push/bare", test_push_bare);
  g_test_add_func ("/wire/frames/push/assignment", test_push_assignment);
  g_test_add_func ("/wire/frames/others", test_other_frames);
  g_test_add_func ("/wire/frames/parse", test_parse);
  g_test_add_func ("/wire/frames/long-id", test_long_id);
  g_test_add_func ("/wire/answers/short", test_answers);
  g_test_add_func ("/wire/answers/who-we-are", test_who_we_are);
  g_test_add_func ("/wire/answers/undispatched", test_undispatched);
  g_test_add_func ("/wire/answers/variants", test_variants);

  return g_test_run ();
}
