/* test-worked-example.c: the example of protocol.md 24.1, member by member: 11.3, 16.1, 16.5
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-orders.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define WORKER 100
#define TRACE "5adc0000000000000000000000000001"
#define TRACEPARENT "00-" TRACE "-0000000000000001-01"
#define ANY "?"

/* Name and JSON text, in any order; no others. ANY as the text: it only has to be there. */
typedef struct {
  const char *name;
  const char *text;
} Member;

static void
assert_members (GBytes       *object,
                const Member *members,
                guint         n)
{
  g_autoptr(RbJson) json = rb_json_parse_object (object, 0, NULL);

  g_assert_nonnull (json);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GBytes) slice = rb_json_dup_slice (json, members[i].name);
      g_autofree char *text = slice != NULL ? g_strndup (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice)) : NULL;

      g_test_message ("%s: %s", members[i].name, text);
      g_assert_nonnull (text);
      if (strcmp (members[i].text, ANY) != 0)
        g_assert_cmpstr (text, ==, members[i].text);
    }
  g_assert_cmpuint (rb_json_get_length (json), ==, n);
}

#define assert_object(object, ...)                                       \
  G_STMT_START {                                                         \
    const Member members_[] = { __VA_ARGS__ };                           \
    assert_members ((object), members_, G_N_ELEMENTS (members_));        \
  } G_STMT_END

/* What the upstream heard last. */
static GBytes *
heard (RbCoreFixture *fixture)
{
  return rb_event_get_payload (g_ptr_array_index (fixture->authority->events, fixture->authority->events->len - 1));
}

/* Steps 1 and 2. */
static void
arrive (RbCoreFixture *fixture)
{
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "one",
                             "{\"correlation_id\":\"c9\",\"message_id\":\"rm1\",\"traceparent\":\"" TRACEPARENT "\"}");
  rb_test_settle ();
  assert_object (heard (fixture), { "type", "\"undispatched_changed\"" }, { "version", "1" }, { "action", "\"add\"" },
                 { "undispatched_id", "\"m1\"" }, { "source_message_id", "\"m1\"" }, { "sender_address", "\"bob\"" },
                 { "content_preview", "\"one\"" }, { "reason", "\"no_target_endpoint\"" }, { "in_reply_to", "\"c9\"" },
                 { "traceparent", "\"" TRACEPARENT "\"" }, { "traceId", "\"" TRACE "\"" }, { "arrived_at", ANY });
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 1));
}

/* Steps 4 to 7. */
static void
dispatch (RbWorker   *worker,
          const char *target_ref)
{
  RbCoreFixture *fixture = worker->fixture;
  RbOrder order = rb_order_default (worker, "as1", "m1");
  RbFakePush *push;

  rb_order_send (fixture, &order);
  assert_object (heard (fixture), { "type", "\"runtime_processing_state\"" }, { "version", "1" }, { "source_message_id", "\"m1\"" },
                 { "assignment_id", "\"as1\"" }, { "state_event_id", "\"as1:assigned\"" }, { "state_sequence", "1" },
                 { "target_ref", target_ref }, { "state", "\"assigned_to_runtime_target\"" }, { "occurred_at", "1795427510029" },
                 { "undispatched_id", "\"m1\"" }, { "broker_projection_token", "\"T\"" });

  push = rb_fake_channel_get (worker->channel, 0);
  g_assert_cmpstr (push->source_message_id, ==, "m1");
  g_assert_cmpstr (push->content, ==, "one");
  g_assert_cmpstr (push->assignment_id, ==, "as1");
  g_assert_cmpstr (push->reply_correlation_id, ==, "c9");
  assert_object (push->metadata, { "correlation_id", "\"c9\"" }, { "message_id", "\"rm1\"" }, { "traceparent", "\"" TRACEPARENT "\"" },
                 { "dispatched_from", "\"m1\"" }, { "delivery_intent", "\"external_handoff\"" });
  g_assert_cmpuint (fixture->upstream->acks->len, ==, 0);
  rb_worker_receipt (worker);
  rb_assert_acked (fixture, 1, "as1 applied");
}

/* Step 8. */
static void
accept_it (RbWorker   *worker,
           const char *target_ref)
{
  g_autoptr(GError) error = NULL;

  worker->assignment_id = g_strdup ("as1");
  g_assert_true (rb_worker_report (worker, "m1", 2, "adapter_accepted", &error));
  assert_object (heard (worker->fixture), { "type", "\"runtime_processing_state\"" }, { "version", "1" }, { "source_message_id", "\"m1\"" },
                 { "assignment_id", "\"as1\"" }, { "state_event_id", ANY }, { "state_sequence", "2" }, { "target_ref", target_ref },
                 { "state", "\"adapter_accepted\"" }, { "occurred_at", ANY }, { "undispatched_id", "\"m1\"" });
}

/* Steps 9 to 11, with what is told of step 12. Returns the wire message id, quoted. */
static char *
reply (RbWorker   *worker,
       const char *target_ref)
{
  RbCoreFixture *fixture = worker->fixture;
  g_autoptr(GError) error = NULL;
  g_autofree char *wire_id = rb_worker_reply (worker, "m1", "r1", "yo", &error);
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", wire_id);
  g_autofree char *endpoint = g_strdup_printf ("\"%s\"", worker->endpoint_id);
  RbEvent *asked = g_ptr_array_index (fixture->authority->events, fixture->authority->events->len - 2);
  RbEnvelope *sent;

  g_assert_no_error (error);
  assert_object (rb_event_get_payload (asked), { "type", "\"runtime_processing_state\"" }, { "version", "1" },
                 { "source_message_id", "\"m1\"" }, { "assignment_id", "\"as1\"" }, { "state_event_id", "\"as1:reply_requested:r1\"" },
                 { "state_sequence", "3" }, { "target_ref", target_ref }, { "state", "\"reply_requested\"" }, { "occurred_at", ANY },
                 { "undispatched_id", "\"m1\"" }, { "reply_request_id", "\"r1\"" }, { "broker_projection_token", "\"T\"" });

  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  sent = g_ptr_array_index (fixture->connector->sent, 0);
  g_assert_cmpstr (rb_envelope_get_to (sent), ==, "bob");
  g_assert_cmpstr (rb_envelope_get_content_type (sent), ==, "text");
  assert_object (rb_envelope_get_metadata (sent), { "traceparent", ANY }, { "originalTraceId", "\"" TRACE "\"" }, { "message_id", quoted },
                 { "in_reply_to", "\"rm1\"" }, { "correlation_id", "\"c9\"" }, { "source_endpoint_id", endpoint }, { "require_live", "false" });

  assert_object (heard (fixture), { "type", "\"runtime_processing_state\"" }, { "version", "1" }, { "source_message_id", "\"m1\"" },
                 { "assignment_id", "\"as1\"" }, { "state_event_id", "\"as1:reply_emitted:r1\"" }, { "state_sequence", "4" },
                 { "target_ref", target_ref }, { "state", "\"reply_emitted\"" }, { "occurred_at", ANY }, { "undispatched_id", "\"m1\"" },
                 { "reply_request_id", "\"r1\"" }, { "outbound_message_id", quoted }, { "broker_projection_token", "\"T\"" });
  return g_steal_pointer (&wire_id);
}

static void
test_dispatched_and_answered (RbCoreFixture *fixture,
                              gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *target_ref = g_strdup_printf ("{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"%s\","
                                                 "\"runtime_session_id\":\"s100\",\"background_exchange_mode\":\"adapter_managed_turn\"}",
                                                 worker->endpoint_id);
  g_autofree char *wire_id = NULL;
  g_autofree char *again = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A dispatched message with a reply: what is said to whom, with exactly these members, and that it is over then.");

  arrive (fixture);
  dispatch (worker, target_ref);
  accept_it (worker, target_ref);
  wire_id = reply (worker, target_ref);

  g_assert_null (rb_worker_state (worker, "m1"));
  again = rb_worker_reply (worker, "m1", "r1", "yo", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, wire_id);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  g_assert_null (rb_worker_reply (worker, "m1", "r2", "yo", &error));
  g_assert_cmpstr (rb_error_text_detail (error, "assignment_failure_category"), ==, "reply_handle_stale");
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "source assignment is not known to this broker");
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add ("/worked-example/dispatched-and-answered", RbCoreFixture, "authority", rb_core_fixture_set_up, test_dispatched_and_answered,
              rb_core_fixture_tear_down);

  return g_test_run ();
}
