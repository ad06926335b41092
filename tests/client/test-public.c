/* test-public.c: what others see of the library: properties, receipts that come later, answers, text where we have JSON
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static void
count (GObject    *object,
       GParamSpec *pspec,
       guint      *n)
{
  (*n)++;
}

static void
test_environment (void)
{
  g_autoptr(RbClient) client = rb_client_new ();
  gboolean starts = FALSE;

  g_test_summary ("A new client wants the account of its environment, and starts a broker; what is set to NULL is as it was.");

  g_object_get (client, "autostart", &starts, NULL);
  g_assert_true (starts);
  g_assert_cmpstr (rb_client_get_account (client), ==, "default");
  g_object_set (client, "account", "work", NULL);
  g_assert_cmpstr (rb_client_get_account (client), ==, "work");
  g_object_set (client, "account", NULL, NULL);
  g_assert_cmpstr (rb_client_get_account (client), ==, "default");
}

static void
test_properties (void)
{
  g_autoptr(RbClient) client = g_object_new (RB_TYPE_CLIENT, "data-dir", "/d", "socket", "/s", "program", "/p", "runtime-token", "t", "kind", "k",
                                             "version", "9", "start-timeout", (gint64) 1, "call-timeout", (gint64) 2, "ping-interval",
                                             (gint64) 3, "autostart", FALSE, NULL);
  const RbClientOptions *options = rb_client_get_options (client);

  g_test_summary ("Each property is the option of its name.");

  g_assert_cmpstr (options->data_dir, ==, "/d");
  g_assert_cmpstr (options->socket, ==, "/s");
  g_assert_cmpstr (options->program, ==, "/p");
  g_assert_cmpstr (options->runtime_token, ==, "t");
  g_assert_cmpstr (options->client_kind, ==, "k");
  g_assert_cmpstr (options->client_version, ==, "9");
  g_assert_cmpint (options->start_timeout_ms, ==, 1);
  g_assert_cmpint (options->call_timeout_ms, ==, 2);
  g_assert_cmpint (options->ping_interval_ms, ==, 3);
  g_assert_false (options->start);
}

static void
test_notify (ClientFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new (NULL, "here");
  RbClientPhase phase = RB_CLIENT_CLOSED;
  guint n_phases = 0;
  guint n_presences = 0;
  guint n_ids = 0;

  g_test_summary ("Who listens to the properties hears of the connection, of the presence and of the endpoint's id.");

  g_signal_connect (fixture->client, "notify::phase", G_CALLBACK (count), &n_phases);
  g_signal_connect (fixture->client, "notify::presence", G_CALLBACK (count), &n_presences);
  g_signal_connect (endpoint, "notify::id", G_CALLBACK (count), &n_ids);
  client_fixture_connect (fixture);
  g_object_get (fixture->client, "phase", &phase, NULL);
  g_assert_cmpint (phase, ==, RB_CLIENT_CONNECTED);
  g_assert_cmpuint (n_phases, ==, 1);
  g_assert_cmpuint (n_presences, ==, 1);

  rb_client_register_async (fixture->client, endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  fixture->endpoint = rb_client_register_finish (fixture->client, fixture->result, NULL);
  g_assert_true (fixture->endpoint == endpoint);
  g_assert_cmpuint (n_ids, ==, 1);

  /* The client goes on when this function has ended. */
  g_signal_handlers_disconnect_by_data (fixture->client, &n_phases);
  g_signal_handlers_disconnect_by_data (fixture->client, &n_presences);
  g_signal_handlers_disconnect_by_data (endpoint, &n_ids);
}

static void
test_usual_endpoint (ClientFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new (NULL, "here");
  const char *body;

  g_test_summary ("An endpoint of which only a name was said can be given work, and is told to be of the kind 'custom'.");

  client_fixture_connect (fixture);
  rb_client_register_async (fixture->client, endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  fixture->endpoint = rb_client_register_finish (fixture->client, fixture->result, NULL);
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/endpoint/register");
  g_assert_nonnull (strstr (body, "\"agent_id\":\"here\""));
  g_assert_nonnull (strstr (body, "\"kind\":\"custom\""));
  g_assert_nonnull (strstr (body, "\"background_exchange_v1\""));
  g_assert_nonnull (strstr (body, "\"background_exchange_mode\":\"resident_endpoint\""));
}

static void
test_with_session (void)
{
  g_autoptr(RbClientEndpoint) endpoint = g_object_new (RB_TYPE_CLIENT_ENDPOINT, "runtime-session-id", "s-1", NULL);
  g_autoptr(GBytes) body = rb_client_endpoint_make_body (endpoint, "custom", "1", 7);
  g_autofree char *text = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));

  g_test_summary ("With a session id of its own, work is for that session.");

  g_assert_nonnull (strstr (text, "\"background_exchange_mode\":\"adapter_managed_turn\""));
}

static void
test_registered_twice (ClientFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint is registered once; a second try says so and changes nothing.");

  rb_client_register_async (fixture->client, fixture->endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_null (rb_client_register_finish (fixture->client, fixture->result, &error));
  g_assert_error (error, RB_CLIENT_ERROR, RB_CLIENT_ERROR_BAD_STATE);
  g_assert_cmpstr (rb_client_error_get_reason (error), ==, "already_registered");
  g_assert_false (rb_client_error_is_transient (error));
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/endpoint/register"), ==, 0);
}

static void
test_registered_meanwhile (ClientFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new (NULL, "here");
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Nor is it while the broker is asked about the first try.");

  client_fixture_connect (fixture);
  rb_client_register_async (fixture->client, endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_client_register_async (fixture->client, endpoint, NULL, rb_test_store_result, &second);
  rb_test_wait_until (fixture->result != NULL && second != NULL);
  g_assert_null (rb_client_register_finish (fixture->client, second, &error));
  g_assert_cmpstr (rb_client_error_get_reason (error), ==, "already_registered");
  fixture->endpoint = rb_client_register_finish (fixture->client, fixture->result, NULL);
  g_assert_true (fixture->endpoint == endpoint);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/endpoint/register"), ==, 1);
}

static void
test_acknowledged_later (ClientFixture *fixture,
                         gconstpointer  data)
{
  g_test_summary ("What a handler did not store at once gets its receipt when the application says so.");

  fixture->store = FALSE;
  rb_fake_broker_push (fixture->broker, MESSAGE);
  rb_test_wait_until (fixture->messages->len == 1);
  rb_test_settle ();
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "");
  rb_client_acknowledge (fixture->client, g_ptr_array_index (fixture->messages, 0));
  rb_test_wait_until (*rb_fake_broker_get_frames (fixture->broker) != '\0');
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push_1\"}\n");
}

static RbClientMessage *
push (ClientFixture *fixture,
      const char    *frame)
{
  rb_fake_broker_push (fixture->broker, frame);
  rb_test_wait_until (fixture->messages->len == 1);
  return g_ptr_array_index (fixture->messages, 0);
}

static gboolean
answer (ClientFixture   *fixture,
        RbClientMessage *message,
        GError         **error)
{
  rb_client_answer_async (fixture->client, fixture->endpoint, message, "done", NULL, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  return rb_client_answer_finish (fixture->client, fixture->result, NULL, NULL, error);
}

static void
test_answer_work (ClientFixture *fixture,
                  gconstpointer  data)
{
  g_autofree char *requests = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An answer to an assignment accepts it, starts it and replies, in that order.");

  g_assert_true (answer (fixture, push (fixture, ASSIGNMENT), &error));
  g_assert_no_error (error);
  requests = rb_fake_broker_dup_requests (fixture->broker);
  g_assert_cmpstr (requests, ==, "processing-state processing-state assignment-reply");
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/runtime/processing-state"), "\"processing_started\""));
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/runtime/assignment-reply"),
                            "\"reply_request_id\":\"reply:as-8\""));
}

static void
test_answer_said (ClientFixture *fixture,
                  gconstpointer  data)
{
  g_test_summary ("An answer to what was just said is a message to its sender, which names what it answers.");

  g_assert_true (answer (fixture, push (fixture, MESSAGE), NULL));
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/send"), "\"in_reply_to\":\"c-1\""));
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/runtime/processing-state"), ==, 0);
}

static void
test_answer_taken (ClientFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Work that is somebody else's by now is refused at its acceptance, and nothing is replied.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/processing-state", 409, "{\"error\":\"runtime_assignment_unknown\",\"message\":\"gone\"}");
  g_assert_false (answer (fixture, push (fixture, ASSIGNMENT), &error));
  g_assert_cmpstr (rb_client_error_get_reason (error), ==, "runtime_assignment_unknown");
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/runtime/assignment-reply"), ==, 0);
}

static void
test_answer_given (ClientFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("Work that was replied to earlier, in other words, is answered: the sender has its reply.");

  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/assignment-reply", 409,
                         "{\"error\":\"runtime_assignment_reply_idempotency_conflict\",\"message\":\"other\"}");
  g_assert_true (answer (fixture, push (fixture, ASSIGNMENT), &error));
  g_assert_no_error (error);
}

static void
test_fail (ClientFixture *fixture,
           gconstpointer  data)
{
  g_autofree char *detail = g_strnfill (500, 'x');
  const char *body;

  g_test_summary ("A failure names its reason, and whether to try again; its detail is short.");

  rb_client_fail_async (fixture->client, fixture->endpoint, push (fixture, ASSIGNMENT), "runtime_exited", detail, TRUE, NULL, rb_test_store_result,
                        &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_fail_finish (fixture->client, fixture->result, NULL));
  body = rb_fake_broker_get_body (fixture->broker, "POST /v1/runtime/processing-state");
  g_assert_nonnull (strstr (body, "\"state\":\"processing_failed\""));
  g_assert_nonnull (strstr (body, "\"reason_code\":\"runtime_exited\""));
  g_assert_nonnull (strstr (body, "\"retryable\":true"));
  g_assert_cmpuint (strlen (body), <, 700);
}

static void
test_metadata (ClientFixture *fixture,
               gconstpointer  data)
{
  static const char *const bad[] = { "", "[]", "7", "{", "{}}", "{\"a\":1},\"to\":\"x\"" };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Metadata is a JSON object, as text; what is not is refused here, and cannot reach past its place.");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) refusal = NULL;

      rb_client_send_async (fixture->client, fixture->endpoint, "b@local", "hi", NULL, bad[i], NULL, rb_test_store_result, &fixture->result);
      rb_test_wait_until (fixture->result != NULL);
      g_assert_false (rb_client_send_finish (fixture->client, fixture->result, NULL, NULL, NULL, &refusal));
      g_assert_error (refusal, RB_CLIENT_ERROR, RB_CLIENT_ERROR_INVALID);
      g_clear_object (&fixture->result);
    }
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, "POST /v1/send"), ==, 0);

  rb_client_send_async (fixture->client, fixture->endpoint, "b@local", "hi", NULL, "{\"a\":1}", NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_send_finish (fixture->client, fixture->result, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (rb_fake_broker_get_body (fixture->broker, "POST /v1/send"), "\"metadata\":{\"a\":1}"));
}

static void
test_inbox (ClientFixture *fixture,
            gconstpointer  data)
{
  g_autofree char *inbox = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("The inbox of an endpoint comes as text.");

  rb_fake_broker_answer (fixture->broker, "GET /v1/undispatched?endpoint_id=ep-1", 200, "{\"items\":[{\"id\":\"u-1\"}]}");
  rb_client_inbox_async (fixture->client, fixture->endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  inbox = rb_client_inbox_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (inbox, ==, "{\"items\":[{\"id\":\"u-1\"}]}");
}

static void
test_message_text (ClientFixture *fixture,
                   gconstpointer  data)
{
  RbClientMessage *message = push (fixture, ASSIGNMENT);
  g_autofree char *metadata = NULL;
  g_autofree char *sender = NULL;
  g_autofree char *assignment = NULL;

  g_test_summary ("A message is read by its properties.");

  g_object_get (message, "metadata", &metadata, "sender", &sender, "assignment-id", &assignment, NULL);
  g_assert_cmpstr (metadata, ==, "{}");
  g_assert_cmpstr (sender, ==, "a@local");
  g_assert_cmpstr (assignment, ==, "as-8");
  g_assert_cmpstr (rb_client_message_get_id (message), ==, "m-8");
  g_assert_cmpstr (rb_client_message_get_undispatched_id (message), ==, "u-8");
  g_assert_null (rb_client_message_dup_metadata_member (message, "correlation_id"));
}

static void
test_version (void)
{
  g_test_summary ("A version is older than the headers, or is not.");

  g_assert_true (RB_CLIENT_CHECK_VERSION (0, 0, 0));
  g_assert_true (RB_CLIENT_CHECK_VERSION (RB_CLIENT_MAJOR_VERSION, RB_CLIENT_MINOR_VERSION, RB_CLIENT_MICRO_VERSION));
  g_assert_false (RB_CLIENT_CHECK_VERSION (RB_CLIENT_MAJOR_VERSION, RB_CLIENT_MINOR_VERSION, RB_CLIENT_MICRO_VERSION + 1));
  g_assert_false (RB_CLIENT_CHECK_VERSION (RB_CLIENT_MAJOR_VERSION, RB_CLIENT_MINOR_VERSION + 1, 0));
  g_assert_false (RB_CLIENT_CHECK_VERSION (RB_CLIENT_MAJOR_VERSION + 1, 0, 0));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

#define ADD(path, set_up, test) g_test_add (path, ClientFixture, NULL, set_up, test, client_fixture_tear_down)
  g_test_add_func ("/client/public/environment", test_environment);
  g_test_add_func ("/client/public/properties", test_properties);
  g_test_add_func ("/client/public/version", test_version);
  g_test_add_func ("/client/public/endpoint/with-session", test_with_session);
  ADD ("/client/public/notify", client_fixture_set_up, test_notify);
  ADD ("/client/public/endpoint/usual", client_fixture_set_up, test_usual_endpoint);
  ADD ("/client/public/registered-meanwhile", client_fixture_set_up, test_registered_meanwhile);
  ADD ("/client/public/endpoint/twice", client_fixture_set_up_registered, test_registered_twice);
  ADD ("/client/public/acknowledged-later", client_fixture_set_up_registered, test_acknowledged_later);
  ADD ("/client/public/answer/work", client_fixture_set_up_registered, test_answer_work);
  ADD ("/client/public/answer/said", client_fixture_set_up_registered, test_answer_said);
  ADD ("/client/public/answer/taken", client_fixture_set_up_registered, test_answer_taken);
  ADD ("/client/public/answer/given", client_fixture_set_up_registered, test_answer_given);
  ADD ("/client/public/fail", client_fixture_set_up_registered, test_fail);
  ADD ("/client/public/metadata", client_fixture_set_up_registered, test_metadata);
  ADD ("/client/public/inbox", client_fixture_set_up_registered, test_inbox);
  ADD ("/client/public/message", client_fixture_set_up_registered, test_message_text);
#undef ADD

  return g_test_run ();
}
