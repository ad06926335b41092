/* test-send.c: an adapter sends a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-core-private.h"
#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define SENDER 100
#define OTHER 200

typedef struct {
  RbFakeChannel *channel;
  char          *endpoint_id;
} Sender;

static void
sender_clear (Sender *self)
{
  g_clear_object (&self->channel);
  g_free (self->endpoint_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sender, sender_clear)

static Sender
make_sender (RbCoreFixture *fixture,
             gint64         pid)
{
  Sender self;

  self.channel = rb_core_fixture_attach (fixture, pid, TRUE);
  self.endpoint_id = rb_core_fixture_register (fixture, pid, RB_PLAIN, NULL, NULL);
  return self;
}

static gboolean
send_as (RbCoreFixture *fixture,
         gint64         pid,
         const char    *endpoint_id,
         const char    *metadata,
         GError       **error)
{
  g_autofree char *id = rb_core_fixture_send (fixture, pid, endpoint_id, "bob", "hi", metadata, NULL, error);

  return id != NULL;
}

/* Source: protocol.md 8.2, with IMP-13 of 4.6. */
static void
test_checks (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  static const char bad[] = "{\"source_endpoint_id\":\"ep_other\",\"target_endpoint_id\":null,\"correlation_id\":null}";
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; outbound send is only allowed from Active", sender.endpoint_id);
  g_autofree char *own = g_strdup_printf ("{\"source_endpoint_id\":\"%s\"}", sender.endpoint_id);
  guint n;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Each check has its code and text and comes before the next; nothing is sent.");

  n = rb_fake_store_get_n_commits (fixture->store);
  g_assert_false (send_as (fixture, OTHER, "ep_none", bad, &error));
  rb_assert_refused (error, RB_ERROR_NOT_FOUND, "unknown_endpoint", "unknown endpoint_id: ep_none");
  g_assert_false (send_as (fixture, OTHER, sender.endpoint_id, bad, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
  g_assert_false (send_as (fixture, 0, sender.endpoint_id, bad, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for endpoint-scoped calls");

  rb_test_count_log ("trace_context_degraded");
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, bad, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "correlation_id_forbidden",
                     "broker is the sole issuer of correlation_id; do not pass it from the Plugin");
  rb_test_assert_logged ("trace_context_degraded", "reason", "missing", "spanName", "send", "endpoint_id", sender.endpoint_id, NULL);   /* protocol.md 18.3 */
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, "{\"source_endpoint_id\":\"x\",\"target_endpoint_id\":\"\"}", &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "target_endpoint_id_forbidden",
                     "target_endpoint_id is a reply-routing key, not an outbound input");
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, "{\"source_endpoint_id\":\"ep_other\"}", &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "source_endpoint_id_mismatch", "metadata.source_endpoint_id must equal body.endpoint_id");
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, "{\"source_endpoint_id\":null}", &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "source_endpoint_id_mismatch", "metadata.source_endpoint_id must equal body.endpoint_id");
  g_assert_cmpuint (rb_fake_store_get_n_commits (fixture->store), ==, n);

  g_assert_true (send_as (fixture, SENDER, sender.endpoint_id, own, &error));
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);

  rb_core_fixture_detach (fixture, sender.channel);
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, bad, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "endpoint_not_active", text);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
}

/* Source: protocol.md 8.1, 8.3. */
static void
test_envelope (RbCoreFixture *fixture,
               gconstpointer  data)
{
  static const char metadata[] = "{\"require_live\":false,\"in_reply_to\":\"x\",\"mine\":{\"b\":1,\"a\":[ ]},"
                                 "\"traceparent\":\"ff-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\"}";
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  g_autoptr(GBytes) content = rb_json_slice_from_string ("h\"i");
  g_autoptr(GBytes) bytes = g_bytes_new_static (metadata, strlen (metadata));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(RbJson) sent = NULL;
  g_autoptr(GBytes) mine = NULL;
  g_autofree char *message_id = NULL;
  g_autofree char *correlation_id = NULL;
  RbCaller caller = { .pid = SENDER };
  RbSendRequest request = { sender.endpoint_id, (char *) "bob", content, (char *) "markdown", bytes, TRUE };
  RbEnvelope *envelope;
  RbSendStatus status;
  gboolean live = FALSE;
  g_autoptr(GError) error = NULL;
  const struct { const char *member, *value; } members[] = {
    { "source_endpoint_id", sender.endpoint_id }, { "in_reply_to", "x" },
    { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  };

  g_test_summary ("The adapter's metadata travels along; the trace is kept, and what the broker decides wins.");

  rb_send_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_send_finish (fixture->core, result, &message_id, &status, &correlation_id, &error));
  g_assert_cmpint (status, ==, RB_SEND_DELIVERED);
  envelope = g_ptr_array_index (fixture->connector->sent, 0);
  g_assert_cmpstr (rb_envelope_get_id (envelope), ==, message_id);
  g_assert_cmpstr (rb_envelope_get_to (envelope), ==, "bob");
  g_assert_cmpstr (rb_envelope_get_content_type (envelope), ==, "markdown");
  g_assert_true (g_bytes_equal (rb_envelope_get_content (envelope), content));
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *value = rb_fake_connector_sent_metadata (fixture->connector, 0, members[i].member);

      g_assert_cmpstr (value, ==, members[i].value);
    }
  sent = rb_json_parse_object (rb_envelope_get_metadata (envelope), 0, NULL);
  g_assert_true (rb_json_get_optional_boolean (sent, "require_live", FALSE, &live, NULL));
  g_assert_true (live);
  mine = rb_json_dup_slice (sent, "mine");
  g_assert_cmpmem (g_bytes_get_data (mine, NULL), g_bytes_get_size (mine), "{\"b\":1,\"a\":[ ]}", 15);
}

/* Source: protocol.md 8.3 step 1, 8.5. */
static void
test_correlation (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  g_auto(Sender) other = make_sender (fixture, OTHER);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c1\",\"message_id\":\"x\"}",
                                               sender.endpoint_id);
  const struct {
    gint64 pid;
    const char *endpoint_id, *metadata;
    gboolean kept;
  } cases[] = {
    { SENDER, sender.endpoint_id, "{\"in_reply_to\":\"c1\"}", TRUE },
    { SENDER, sender.endpoint_id, "{\"in_reply_to\":\"c1\"}", TRUE },
    { SENDER, sender.endpoint_id, "{\"in_reply_to\":\"m1\"}", FALSE },
    { SENDER, sender.endpoint_id, "{\"in_reply_to\":\"\"}", FALSE },
    { SENDER, sender.endpoint_id, "{\"in_reply_to\":7}", FALSE },
    { SENDER, sender.endpoint_id, NULL, FALSE },
    { OTHER, other.endpoint_id, "{\"in_reply_to\":\"c1\"}", FALSE },
  };
  g_autofree char *late = NULL;

  g_test_summary ("A reply keeps the correlation that its endpoint received, for 24 hours and over a crash; everything else gets a new one.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "question", metadata);
  rb_test_settle ();
  rb_core_fixture_receipt (fixture, sender.channel, 0);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *correlation_id = NULL;
      g_autoptr(GError) error = NULL;

      g_test_message ("case %zu", i);
      g_free (rb_core_fixture_send (fixture, cases[i].pid, cases[i].endpoint_id, "bob", "hi", cases[i].metadata, &correlation_id, &error));
      g_assert_no_error (error);
      if (cases[i].kept)
        g_assert_cmpstr (correlation_id, ==, "c1");
      else
        g_assert_cmpuint (strlen (correlation_id), ==, 36);
    }
  g_assert_cmpuint (rb_test_count_log ("reply_aware_fallback"), ==, 2);
  rb_test_assert_logged ("reply_aware_fallback", "endpoint_id", NULL, "in_reply_to", NULL, "reason", NULL, "traceId", NULL, "spanName",
                         "send", NULL);

  {
    g_autofree char *correlation_id = NULL;
    guint n;

    rb_core_fixture_crash (fixture);
    g_clear_object (&sender.channel);
    sender.channel = rb_core_fixture_attach (fixture, SENDER, TRUE);
    g_assert_true (rb_core_fixture_reattach (fixture, SENDER, sender.endpoint_id, &n, NULL));
    g_free (rb_core_fixture_send (fixture, SENDER, sender.endpoint_id, "bob", "hi", "{\"in_reply_to\":\"c1\"}", &correlation_id, NULL));
    g_assert_cmpstr (correlation_id, ==, "c1");
  }

  rb_fake_clock_advance (fixture->clock, fixture->settings.reply_correlation_ttl);
  g_free (rb_core_fixture_send (fixture, SENDER, sender.endpoint_id, "bob", "hi", "{\"in_reply_to\":\"c1\"}", &late, NULL));
  g_assert_cmpstr (late, !=, "c1");
}

static void
test_errors (RbCoreFixture *fixture,
             gconstpointer  data)
{
  static const struct {
    int         kind;
    const char *reason;
    int         answer;
    const char *code, *retryable;
  } cases[] = {
    { RB_ERROR_UNAVAILABLE, NULL, RB_ERROR_UNAVAILABLE, "connector_unavailable", "true" },
    { RB_ERROR_UNAVAILABLE, "doorbell_lost", RB_ERROR_UNAVAILABLE, "connector_unavailable", "true" },
    { RB_ERROR_OUTCOME_UNKNOWN, NULL, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "false" },
    { RB_ERROR_TIMED_OUT, NULL, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", "false" },
    { RB_ERROR_REJECTED, "unknown_recipient", RB_ERROR_REJECTED, "connector_rejected", "absent" },
    { RB_ERROR_TOO_LARGE, "body_too_large", RB_ERROR_TOO_LARGE, "body_too_large", "absent" },
  };
  g_auto(Sender) sender = make_sender (fixture, SENDER);

  g_test_summary ("What the connector says is answered by its kind; a refusal names its code and the address.");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_clear_error (&fixture->connector->failure);
      fixture->connector->failure = rb_error_new (cases[i].kind, cases[i].reason, "text %zu", i);
      g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, NULL, &error));
      g_assert_cmpstr (error->message, ==, fixture->connector->failure->message);
      g_assert_error (error, RB_ERROR, cases[i].answer);
      g_assert_cmpstr (rb_error_get_reason (error), ==, cases[i].code);
      g_assert_cmpstr (rb_error_retryable (error), ==, cases[i].retryable);
      if (cases[i].kind == RB_ERROR_REJECTED)
        {
          g_assert_cmpstr (rb_error_text_detail (error, "connector_code"), ==, "unknown_recipient");
          g_assert_cmpstr (rb_error_text_detail (error, "to"), ==, "bob");
        }
    }
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, G_N_ELEMENTS (cases));
}

static void
test_durable_first (RbCoreFixture *fixture,
                    gconstpointer  data)
{
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  g_autofree char *metadata = NULL;
  g_autofree char *correlation_id = NULL;
  g_autoptr(GBytes) content = rb_json_slice_from_string ("hi");
  RbCaller caller = { .pid = SENDER };
  RbSendRequest request = { .endpoint_id = sender.endpoint_id, .to = (char *) "bob", .content = content };
  guint n;

  g_test_summary ("Nothing is sent before its correlation is durable, so after a crash the answer finds its endpoint.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_send_async (fixture->core, &caller, &request, NULL, NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
  fixture->connector->hold = TRUE;
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_settle ();
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  correlation_id = rb_fake_connector_sent_metadata (fixture->connector, 0, "correlation_id");
  rb_core_fixture_crash (fixture);

  metadata = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation_id);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "answer", metadata);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (fixture, "m1"), ==, "queue");
  g_clear_object (&sender.channel);
  sender.channel = rb_core_fixture_attach (fixture, SENDER, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, SENDER, sender.endpoint_id, &n, NULL));
  g_assert_cmpuint (sender.channel->pushes->len, ==, 1);
}

static void
test_not_now (RbCoreFixture *fixture,
              gconstpointer  data)
{
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  g_autoptr(GError) error = NULL;

  g_test_summary ("While the store fails, or when we stop, nothing is sent and the caller may try again.");

  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, NULL, &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "storage_unavailable", "nothing can be stored now: the disk is full");
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);

  rb_core_stop_async (fixture->core, "signal:SIGTERM", NULL, NULL);
  g_assert_false (send_as (fixture, SENDER, sender.endpoint_id, NULL, &error));
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "broker_shutting_down", "the broker is shutting down");
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
}

static void
start_send (RbCoreFixture  *fixture,
            const char     *endpoint_id,
            GAsyncResult  **result)
{
  RbCaller caller = { .pid = SENDER };
  g_autoptr(GBytes) text = rb_json_slice_from_string ("hi");
  RbSendRequest request = { .endpoint_id = (char *) endpoint_id, .to = (char *) "bob", .content = text };

  rb_send_async (fixture->core, &caller, &request, rb_test_store_result, result);
  rb_test_settle ();
}

static gboolean
end_send (RbCoreFixture  *fixture,
          GAsyncResult  **result,
          GError        **error)
{
  g_autoptr(GAsyncResult) ended = g_steal_pointer (result);
  g_autofree char *id = NULL;
  RbSendStatus status;

  return rb_send_finish (fixture->core, ended, &id, &status, NULL, error);
}

static void
on_stuck (RbCore     *core,
          const char *reason,
          guint      *n)
{
  g_assert_cmpstr (reason, ==, "the disk is full");
  (*n)++;
}

static void
test_full (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_test_summary ("A send that waits for a full disk is dropped within seconds, and its caller hears that; with room it is not sent after all.");

  g_signal_connect (fixture->core, "storage-stuck", G_CALLBACK (on_stuck), &n);
  rb_fake_store_set_hold (fixture->store, TRUE);
  start_send (fixture, sender.endpoint_id, &result);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "the disk is full");
  rb_fake_clock_advance (fixture->clock, 2999);
  g_assert_null (result);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (result != NULL);
  g_assert_false (end_send (fixture, &result, &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "storage_unavailable", "nothing can be stored now: the disk is full; nothing was done");
  /* Those who come meanwhile are told, too; until there is room. */
  rb_fake_clock_advance (fixture->clock, 2000);
  g_assert_cmpuint (n, ==, 3);

  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_fake_clock_advance (fixture->clock, 10000);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (fixture->connector->sent->len, ==, 0);
  error = NULL;
  g_assert_true (send_as (fixture, SENDER, sender.endpoint_id, NULL, &error));
  g_assert_cmpuint (fixture->connector->sent->len, ==, 1);
  g_signal_handlers_disconnect_by_data (fixture->core, &n);
}

static void
test_slow (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_auto(Sender) sender = make_sender (fixture, SENDER);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_test_summary ("A store that has too much to do but goes on writing drops nothing.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  start_send (fixture, sender.endpoint_id, &first);
  start_send (fixture, sender.endpoint_id, &second);
  rb_fake_store_set_health (fixture->store, RB_STORE_FAILING, "too much waits for the disk");
  rb_fake_clock_advance (fixture->clock, 2000);
  g_assert_true (rb_fake_store_commit_one (fixture->store));
  rb_test_wait_until (first != NULL);
  g_assert_true (end_send (fixture, &first, NULL));
  rb_fake_clock_advance (fixture->clock, 2000);
  g_assert_null (second);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_fake_store_set_health (fixture->store, RB_STORE_OK, NULL);
  rb_test_wait_until (second != NULL);
  g_assert_true (end_send (fixture, &second, NULL));
  g_assert_cmpuint (fixture->connector->sent->len, ==, 2);
}

static void
test_swept (RbCoreFixture *fixture,
            gconstpointer  data)
{
  static const gint64 sweep_ms = 21600000;
  g_autoptr(RbFakeChannel) channel = rb_core_fixture_attach (fixture, SENDER, FALSE);
  g_autofree char *id = rb_core_fixture_register (fixture, SENDER, RB_PLAIN, NULL, NULL);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c1\"}", id);
  guint n_commits;
  guint n = 0;

  g_test_summary ("A correlation that nobody answers is forgotten by the first sweep after a day, on the disk too; then there are no sweeps.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", metadata);
  rb_test_settle ();
  g_assert_cmpuint (rb_reply_cache_get_n (fixture->core->received), ==, 1);
  g_clear_object (&channel);
  rb_core_fixture_crash (fixture);
  channel = rb_core_fixture_attach (fixture, SENDER, FALSE);
  g_assert_true (rb_core_fixture_reattach (fixture, SENDER, id, &n, NULL));

  n_commits = rb_fake_store_get_n_commits (fixture->store);
  rb_fake_clock_advance (fixture->clock, 4 * sweep_ms - 1);
  g_assert_cmpuint (rb_reply_cache_get_n (fixture->core->received), ==, 1);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 1);
  g_assert_cmpuint (rb_fake_store_get_n_commits (fixture->store), ==, n_commits);
  rb_fake_clock_advance (fixture->clock, 1);
  g_assert_cmpuint (rb_reply_cache_get_n (fixture->core->received), ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_CORRELATIONS), ==, 0);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  rb_test_assert_logged ("reply_correlation_cache_sweep", "evicted", "1", NULL);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/send/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("checks", test_checks);
  ADD ("envelope", test_envelope);
  ADD ("correlation", test_correlation);
  ADD ("errors", test_errors);
  ADD ("durable-first", test_durable_first);
  ADD ("not-now", test_not_now);
  ADD ("disk-full", test_full);
  ADD ("disk-slow", test_slow);
  ADD ("received/swept", test_swept);

  return g_test_run ();
}
