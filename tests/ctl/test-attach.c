/* test-attach.c: each message is worked on once, and the broker hears how it went
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-print.h"
#include "rb-attach.h"
#include "rb-error.h"
#include "rb-exec-turn.h"
#include "rb-fake-broker.h"
#include "rb-fake-clock.h"
#include "rb-test.h"

#include <signal.h>
#include <string.h>

#define STATE "POST /v1/runtime/processing-state"
#define REPLY "POST /v1/runtime/assignment-reply"
#define SEND "POST /v1/send"
#define SETTLE "POST /v1/runtime/self-settle"
#define STAGED "POST /v1/runtime/staged-delivery"
#define NOTHING "{\"items\":[]}"
#define NEVER "{\"items\":[],\"staging\":false}"

typedef struct {
  char         *data_dir;
  RbFakeBroker *broker;
  RbClock      *clock;
  RbClient     *client;
  RbAttach     *attach;
  RbExecRunner *runner;    /* (nullable) */
  GCancellable *stop;
  gboolean      reply;
  guint         n_ended;
  guint         n_good;
  GError       *error;     /* of the last turn that was not */
  GAsyncResult *result;
  FILE         *out;       /* what a person would read */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(RbClientOptions) options = rb_client_options_new ();
  g_autoptr(GError) error = NULL;

  fixture->data_dir = rb_test_make_dir ();
  fixture->broker = rb_fake_broker_new (fixture->data_dir);
  fixture->clock = rb_fake_clock_new ();
  fixture->stop = g_cancellable_new ();
  fixture->reply = TRUE;
  fixture->out = tmpfile ();
  options->data_dir = g_strdup (fixture->data_dir);
  options->ping_interval_ms = 0;
  options->call_timeout_ms = 0;
  fixture->client = rb_client_new_for (options, fixture->clock);
  fixture->attach = rb_attach_new (fixture->client, "worker", "custom", FALSE);
  rb_fake_broker_answer (fixture->broker, STAGED, 200, data != NULL ? data : NEVER);
  rb_attach_start_async (fixture->attach, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_attach_start_finish (fixture->attach, fixture->result, &error));
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STAGED) == 1);
}

static void
stop (Fixture *fixture)
{
  rb_attach_stop_async (fixture->attach, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  rb_attach_stop_finish (fixture->attach, fixture->result);
  g_clear_object (&fixture->result);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_cancellable_cancel (fixture->stop);
  if (rb_client_get_phase (fixture->client) != RB_CLIENT_CLOSED)
    stop (fixture);
  rb_test_settle ();
  g_assert_finalize_object (fixture->attach);
  g_assert_finalize_object (fixture->client);
  g_clear_object (&fixture->runner);
  rb_fake_broker_free (fixture->broker);
  g_object_unref (fixture->stop);
  g_object_unref (fixture->clock);
  g_clear_error (&fixture->error);
  fclose (fixture->out);
  g_free (fixture->data_dir);
}

static void
on_turn_done (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_clear_error (&fixture->error);
  fixture->n_good += rb_exec_turn_run_finish (RB_TURN (source), result, &fixture->error);
  fixture->n_ended++;
  rb_attach_end_turn (fixture->attach, RB_TURN (source));
}

static void
on_turn (RbAttach *attach,
         RbTurn   *turn,
         Fixture  *fixture)
{
  rb_exec_turn_run_async (turn, fixture->runner, fixture->clock, fixture->reply, fixture->stop, on_turn_done, fixture);
}

static void
use_script (Fixture    *fixture,
            const char *script)
{
  const char *const argv[] = { "sh", "-c", script, NULL };

  fixture->runner = rb_exec_runner_new (argv, 1, 0, fixture->clock);
  g_signal_connect (fixture->attach, "turn", G_CALLBACK (on_turn), fixture);
  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  rb_fake_broker_forget (fixture->broker);
}

static void
push (Fixture    *fixture,
      const char *message_id,
      const char *assignment_id)
{
  g_autoptr(GString) frame = g_string_new (NULL);

  g_string_printf (frame,
                   "{\"event\":\"message_received\",\"push_id\":\"push-%s\",\"from\":\"peer@local\",\"content\":\"hello\","
                   "\"contentType\":\"text\",\"metadata\":{\"correlation_id\":\"c-1\"},\"sourceMessageId\":\"%s\"",
                   message_id, message_id);
  if (assignment_id != NULL)
    g_string_append_printf (frame,
                            ",\"runtimeAssignment\":{\"undispatchedId\":\"%s\",\"sourceMessageId\":\"%s\",\"assignmentId\":\"%s\","
                            "\"deliveryIntent\":\"external_handoff\",\"targetRef\":{\"kind\":\"projection_endpoint\","
                            "\"projection_endpoint_id\":\"ep-1\",\"background_exchange_mode\":\"adapter_managed_turn\","
                            "\"runtime_session_id\":\"brokerctl-worker\"}}",
                            message_id, message_id, assignment_id);
  g_string_append_c (frame, '}');
  rb_fake_broker_push (fixture->broker, frame->str);
}

static void
assert_requests (Fixture    *fixture,
                 const char *expected)
{
  g_autofree char *requests = rb_fake_broker_dup_requests (fixture->broker);

  g_assert_cmpstr (requests, ==, expected);
}

static void
assert_body (Fixture    *fixture,
             const char *request,
             const char *part)
{
  const char *body = rb_fake_broker_get_body (fixture->broker, request);

  g_assert_nonnull (body);
  if (strstr (body, part) == NULL)
    g_test_message ("body: %s", body);
  g_assert_nonnull (strstr (body, part));
}

static void
test_registers (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("The endpoint takes assignments and answers, and its session is named after the runtime.");

  assert_body (fixture, "POST /v1/endpoint/register", "\"runtime_session_id\":\"brokerctl-worker\"");
  assert_body (fixture, "POST /v1/endpoint/register", "\"background_exchange_v1\",\"foreground_channel_v1\"");
  assert_body (fixture, "POST /v1/endpoint/register", "\"background_exchange_mode\":\"adapter_managed_turn\"");
  assert_body (fixture, "POST /v1/endpoint/register", "\"execution_surface\":\"headless\"");
}

static void
test_assignment (Fixture       *fixture,
                 gconstpointer  data)
{
  g_test_summary ("An assignment is accepted, started and answered, in this order; the request id is the assignment's.");

  use_script (fixture, "printf '%s from %s as %s of %s' \"$(cat)\" \"$RB_SENDER\" \"$RB_MESSAGE_ID\" \"$RB_ASSIGNMENT_ID\"");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_no_error (fixture->error);
  assert_requests (fixture, "processing-state processing-state assignment-reply");
  assert_body (fixture, STATE, "\"state\":\"processing_started\"");
  assert_body (fixture, REPLY, "\"reply_request_id\":\"reply:as-1\",\"content\":\"hello from peer@local as m-1 of as-1\"");
  g_assert_cmpstr (rb_fake_broker_get_frames (fixture->broker), ==, "{\"event\":\"push_ack\",\"push_id\":\"push-m-1\"}\n");
}

#define ITEM(id_) "{\"endpoint_id\":\"ep-1\",\"undispatched_id\":\"" id_ "\",\"assignment_id\":\"as-" id_ "\",\"source_message_id\":\"" id_ \
                  "\",\"staged_at\":\"2026-01-01T00:00:00.000Z\",\"message\":{\"from\":\"peer@local\",\"content\":\"hello\"," \
                  "\"contentType\":\"text\",\"sourceMessageId\":\"" id_ "\"}}"

static guint
count_looks (Fixture *fixture)
{
  return rb_fake_broker_count (fixture->broker, STAGED);
}

static void
test_staged (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("What is staged for the endpoint is fetched and answered like what is pushed; the next look waits until it is accepted "
                  "(protocol.md 12.5).");

  use_script (fixture, "cat");
  rb_fake_broker_answer (fixture->broker, STAGED, 200, "{\"items\":[" ITEM ("m-1") "]}");
  rb_fake_broker_answer (fixture->broker, STATE, 503, "{\"error\":\"upstream_unavailable\",\"message\":\"later\",\"retryable\":true}");
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STATE) == 1);
  rb_test_settle ();
  g_assert_cmpuint (count_looks (fixture), ==, 1);

  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_no_error (fixture->error);
  assert_body (fixture, REPLY, "\"reply_request_id\":\"reply:as-m-1\",\"content\":\"hello\"");
  rb_test_wait_until (count_looks (fixture) == 2);
}

static void
test_staged_again (Fixture       *fixture,
                   gconstpointer  data)
{
  g_test_summary ("A broker that offers again what was accepted long ago is not asked in a tight loop.");

  use_script (fixture, "cat");
  rb_fake_broker_answer (fixture->broker, STAGED, 200, "{\"items\":[" ITEM ("m-1") "]}");
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (count_looks (fixture) == 2 && fixture->n_ended == 1);

  rb_fake_broker_answer (fixture->broker, STAGED, 200, "{\"items\":[" ITEM ("m-1") "]}");
  rb_fake_clock_advance (fixture->clock, 5000);
  rb_test_wait_until (count_looks (fixture) == 3);
  rb_test_settle ();
  g_assert_cmpuint (count_looks (fixture), ==, 3);
  g_assert_cmpuint (fixture->n_ended, ==, 1);
  rb_fake_clock_advance (fixture->clock, 5000);
  rb_test_wait_until (count_looks (fixture) == 4);
}

static void
test_nothing_is_staged (Fixture       *fixture,
                        gconstpointer  data)
{
  g_test_summary ("A broker that says that it never stages anything is asked once.");

  rb_fake_clock_advance (fixture->clock, 3600000);
  rb_test_settle ();
  g_assert_cmpuint (count_looks (fixture), ==, 1);
}

static void
test_exit_status (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A program that fails sends no reply; the failure names its reason.");

  use_script (fixture, "echo partial; exit 4");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_error (fixture->error, RB_ERROR, RB_ERROR_REJECTED);
  assert_requests (fixture, "processing-state processing-state processing-state");
  assert_body (fixture, STATE, "\"state_event_id\":\"as-1:processing_failed\",\"state_sequence\":6,\"state\":\"processing_failed\","
                               "\"reason_code\":\"exit_status\"");
}

static void
test_direct (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("A direct message is answered to its sender, in reply to its correlation; nothing is reported.");

  use_script (fixture, "tr a-z A-Z");
  push (fixture, "m-1", NULL);
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_no_error (fixture->error);
  assert_requests (fixture, "send");
  assert_body (fixture, SEND, "\"endpoint_id\":\"ep-1\",\"to\":\"peer@local\",\"content\":\"HELLO\",\"contentType\":\"text\","
                              "\"metadata\":{\"in_reply_to\":\"c-1\"}");
}

static void
test_direct_silent (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("No output is no answer to a direct message, but ends an assignment.");

  use_script (fixture, "true");
  push (fixture, "m-1", NULL);
  rb_test_wait_until (fixture->n_ended == 1);
  assert_requests (fixture, "");
  push (fixture, "m-2", "as-2");
  rb_test_wait_until (fixture->n_ended == 2);
  assert_body (fixture, REPLY, "\"content\":\"\"");
}

static void
test_no_reply (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("Without replies the output is thrown away, and the assignment settled; whether that is taken note of does not matter.");

  fixture->reply = FALSE;
  use_script (fixture, "echo text");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  assert_requests (fixture, "processing-state processing-state self-settle");
  rb_fake_broker_forget (fixture->broker);
  rb_fake_broker_answer (fixture->broker, "POST /v1/runtime/self-settle", 404, "{\"error\":\"gone\",\"message\":\"no\"}");
  push (fixture, "m-2", "as-2");
  rb_test_wait_until (fixture->n_ended == 2);
  assert_requests (fixture, "processing-state processing-state self-settle");
}

static void
test_twice (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("A message that comes twice is worked on once, and acknowledged twice.");

  use_script (fixture, "cat");
  push (fixture, "m-1", "as-1");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  push (fixture, "m-1", "as-1");
  push (fixture, "m-2", NULL);
  rb_test_wait_until (fixture->n_ended == 2);
  assert_requests (fixture, "processing-state processing-state assignment-reply send");
  rb_test_wait_until (g_str_has_suffix (rb_fake_broker_get_frames (fixture->broker), "push-m-2\"}\n"));
  g_assert_cmpuint (strlen (rb_fake_broker_get_frames (fixture->broker)), ==,
                    4 * strlen ("{\"event\":\"push_ack\",\"push_id\":\"push-m-1\"}\n"));
}

static void
test_again (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("The same message as another assignment is another try, and is worked on.");

  use_script (fixture, "exit 1");
  push (fixture, "m-1", "as-1");
  push (fixture, "m-1", "as-2");
  rb_test_wait_until (fixture->n_ended == 2);
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "ran", NULL);
  g_autofree char *script = g_strdup_printf ("touch '%s'", path);

  g_test_summary ("An assignment that is somebody else's by now is not worked on.");

  use_script (fixture, script);
  rb_fake_broker_answer (fixture->broker, STATE, 409,
                         "{\"error\":\"runtime_assignment_unknown\",\"message\":\"source assignment is not known to this broker\"}");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_error (fixture->error, RB_ERROR, RB_ERROR_BAD_STATE);
  assert_requests (fixture, "processing-state");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (rb_exec_runner_get_running (fixture->runner), ==, 0);
}

static void
test_answered_before (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A reply that an earlier process gave otherwise is the reply.");

  use_script (fixture, "cat");
  rb_fake_broker_answer (fixture->broker, REPLY, 409,
                         "{\"error\":\"runtime_assignment_reply_idempotency_conflict\",\"message\":\"reply_request_id was already used\"}");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_cmpuint (fixture->n_good, ==, 1);
}

static void
test_reply_too_large (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A reply that the broker does not take is reported as a failure.");

  use_script (fixture, "cat");
  rb_fake_broker_answer (fixture->broker, REPLY, 413, "{\"error\":\"body_too_large\",\"message\":\"request body too large\"}");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_error (fixture->error, RB_ERROR, RB_ERROR_TOO_LARGE);
  assert_body (fixture, STATE, "\"reason_code\":\"body_too_large\"");
}

static void
test_broker_restarts (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "go", NULL);
  g_autofree char *script = g_strdup_printf ("while ! [ -e '%s' ]; do sleep 0.05; done; echo done", path);

  g_test_summary ("A broker that dies and returns while the program works gets the reply all the same.");

  use_script (fixture, script);
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STATE) == 2);
  rb_fake_broker_stop (fixture->broker);
  rb_test_wait_until (rb_client_get_phase (fixture->client) == RB_CLIENT_RECONNECTING);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  rb_test_wait_until (rb_exec_runner_get_running (fixture->runner) == 0);
  rb_fake_broker_start (fixture->broker);
  rb_fake_clock_advance (fixture->clock, 1000);
  rb_test_wait_until (fixture->n_ended == 1);
  g_assert_cmpuint (fixture->n_good, ==, 1);
  assert_requests (fixture, "processing-state processing-state reattach assignment-reply");
}

static void
test_patience (Fixture       *fixture,
               gconstpointer  data)
{
  g_test_summary ("A message that waits for its turn is accepted before the broker's deadline, not at once.");

  use_script (fixture, "exec sleep 1000");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STATE) == 2);
  push (fixture, "m-2", "as-2");
  rb_test_wait_until (rb_exec_runner_get_waiting (fixture->runner) == 1);
  rb_fake_clock_advance (fixture->clock, RB_EXEC_TURN_PATIENCE_MS - 1);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, STATE), ==, 2);
  rb_fake_clock_advance (fixture->clock, 1);
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STATE) == 3);
  assert_body (fixture, STATE, "\"assignment_id\":\"as-2\"");
  assert_body (fixture, STATE, "\"state\":\"adapter_accepted\"");
  g_cancellable_cancel (fixture->stop);
  rb_test_wait_until (fixture->n_ended == 2);
}

static void
test_stop (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("Stopping ends the program, reports both the running and the waiting message, and leaves.");

  use_script (fixture, "exec sleep 1000");
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (rb_fake_broker_count (fixture->broker, STATE) == 2);
  push (fixture, "m-2", "as-2");
  rb_test_wait_until (rb_exec_runner_get_waiting (fixture->runner) == 1);
  g_cancellable_cancel (fixture->stop);
  stop (fixture);
  g_assert_cmpuint (fixture->n_ended, ==, 2);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_requests (fixture, "processing-state processing-state processing-state processing-state ep-1");
  assert_body (fixture, STATE, "\"retryable\":true,\"reason_code\":\"adapter_stopped\"");
}

static void
test_stop_takes_nothing (Fixture       *fixture,
                         gconstpointer  data)
{
  g_test_summary ("What comes while we leave is not taken, so that the broker keeps it.");

  use_script (fixture, "exec sleep 1000");
  push (fixture, "m-1", NULL);
  rb_test_wait_until (rb_attach_get_n_turns (fixture->attach) == 1);
  rb_attach_stop_async (fixture->attach, rb_test_store_result, &fixture->result);
  push (fixture, "m-2", NULL);
  rb_test_settle ();
  g_cancellable_cancel (fixture->stop);
  rb_test_wait_until (fixture->result != NULL);
  rb_attach_stop_finish (fixture->attach, fixture->result);
  g_clear_object (&fixture->result);
  g_assert_null (strstr (rb_fake_broker_get_frames (fixture->broker), "push-m-2"));
}

static void
test_print (Fixture       *fixture,
            gconstpointer  data)
{
  RbCtl ctl = { .json = TRUE, .out = fixture->out };
  g_autoptr(RbAttachPrint) print = rb_attach_print_new (fixture->attach, &ctl);

  g_test_summary ("A line answers the oldest message; commands answer, refuse or drop one by its number.");

  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  for (guint i = 1; i <= 4; i++)
    {
      g_autofree char *message_id = g_strdup_printf ("m-%u", i);
      g_autofree char *assignment_id = g_strdup_printf ("as-%u", i);

      push (fixture, message_id, assignment_id);
      rb_test_wait_until (rb_attach_print_get_n_open (print) == i);
    }

  rb_attach_print_take_line (print, "the first answer");
  rb_test_wait_until (rb_attach_get_n_turns (fixture->attach) == 3);
  assert_body (fixture, REPLY, "\"assignment_id\":\"as-1\",\"reply_request_id\":\"reply:as-1\",\"content\":\"the first answer\"");
  rb_attach_print_take_line (print, "/reply 3   and the third");
  rb_test_wait_until (rb_attach_get_n_turns (fixture->attach) == 2);
  assert_body (fixture, REPLY, "\"assignment_id\":\"as-3\",\"reply_request_id\":\"reply:as-3\",\"content\":\"and the third\"");
  rb_attach_print_take_line (print, "/fail 2 not mine");
  rb_test_wait_until (rb_attach_get_n_turns (fixture->attach) == 1);
  assert_body (fixture, STATE, "\"reason_code\":\"refused_by_person\",\"detail\":\"not mine\"");
  rb_attach_print_take_line (print, "/done 4");
  rb_test_wait_until (rb_attach_get_n_turns (fixture->attach) == 0);
  g_assert_cmpuint (rb_fake_broker_count (fixture->broker, SETTLE), ==, 1);
}

static void
test_print_nonsense (Fixture       *fixture,
                     gconstpointer  data)
{
  static const char *const lines[] = { "",        "/",       "/reply",      "/reply x y", "/reply 99 y",
                                       "/fail 7", "/done 0", "/nonsense 1", "/list",      "text" };
  RbCtl ctl = { .json = TRUE, .out = fixture->out };
  g_autoptr(RbAttachPrint) print = rb_attach_print_new (fixture->attach, &ctl);

  g_test_summary ("What a person types by mistake has no effect but a remark.");

  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  rb_fake_broker_forget (fixture->broker);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    rb_attach_print_take_line (print, lines[i]);
  rb_test_settle ();
  assert_requests (fixture, "");
}

static void
test_print_leaves (Fixture       *fixture,
                   gconstpointer  data)
{
  RbCtl ctl = { .json = TRUE, .out = fixture->out };
  g_autoptr(RbAttachPrint) print = rb_attach_print_new (fixture->attach, &ctl);

  g_test_summary ("A person who leaves gives the open messages back.");

  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
  push (fixture, "m-1", "as-1");
  rb_test_wait_until (rb_attach_print_get_n_open (print) == 1);
  rb_attach_print_drop (print);
  stop (fixture);
  assert_body (fixture, STATE, "\"retryable\":true,\"reason_code\":\"adapter_stopped\"");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/attach/registers", test_registers);
  ADD ("/attach/assignment", test_assignment);
  ADD ("/attach/nothing-is-staged", test_nothing_is_staged);
  g_test_add ("/attach/staged", Fixture, NOTHING, set_up, test_staged, tear_down);
  g_test_add ("/attach/staged-again", Fixture, NOTHING, set_up, test_staged_again, tear_down);
  ADD ("/attach/exit-status", test_exit_status);
  ADD ("/attach/direct", test_direct);
  ADD ("/attach/silent", test_direct_silent);
  ADD ("/attach/no-reply", test_no_reply);
  ADD ("/attach/comes-twice", test_twice);
  ADD ("/attach/another-try", test_again);
  ADD ("/attach/refused", test_refused);
  ADD ("/attach/answered-before", test_answered_before);
  ADD ("/attach/reply-too-large", test_reply_too_large);
  ADD ("/attach/broker-restarts", test_broker_restarts);
  ADD ("/attach/patience", test_patience);
  ADD ("/attach/stop", test_stop);
  ADD ("/attach/stop-takes-nothing", test_stop_takes_nothing);
  ADD ("/attach/print/lines", test_print);
  ADD ("/attach/print/nonsense", test_print_nonsense);
  ADD ("/attach/print/leaves", test_print_leaves);
  return g_test_run ();
}
