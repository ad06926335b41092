/* test-restart.c: the daemon is restarted, and nobody is to notice
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-masons-fixture.h"
#include "rb-sim-json.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* Source: protocol.md 3.11 item 6, 7.5, section 19; design.md section 4. */

#define COUNT 20

typedef enum {
  IN_PLACE,       /* POST /v1/operator/restart */
  BY_SIGNAL,      /* SIGUSR1 */
  BY_MANAGER,     /* SIGUSR2, and started again */
  STOPPED,        /* SIGTERM, and started again */
  KILLED,         /* SIGKILL, and started again */
} Manner;

static const struct {
  const char *name;
  Manner      manner;
} manners[] = {
  { "in-place", IN_PLACE }, { "by-signal", BY_SIGNAL }, { "by-manager", BY_MANAGER }, { "stopped", STOPPED }, { "killed", KILLED },
};

static gboolean
is_in_place (Manner manner)
{
  return manner == IN_PLACE || manner == BY_SIGNAL;
}

static void
ask_in_place (RbDaemonFixture *daemon)
{
  g_autofree char *answer = NULL;

  g_assert_cmpuint (rb_daemon_fixture_request (daemon, TRUE, "POST", "/v1/operator/restart", NULL, &answer), ==, 200);
  g_assert_nonnull (strstr (answer, "\"product_version\":\"" RB_VERSION "\""));
}

static void
go_away (RbDaemonFixture *daemon,
         Manner           manner)
{
  switch (manner)
    {
    case IN_PLACE:
      ask_in_place (daemon);
      break;
    case BY_SIGNAL:
      rb_daemon_fixture_signal (daemon, SIGUSR1);
      break;
    case BY_MANAGER:
      rb_daemon_fixture_signal (daemon, SIGUSR2);
      g_assert_cmpint (rb_daemon_fixture_wait (daemon), ==, 0);
      break;
    case STOPPED:
      g_assert_cmpint (rb_daemon_fixture_stop (daemon), ==, 0);
      break;
    case KILLED:
      rb_daemon_fixture_kill (daemon);
      break;
    }
}

static void
come_back (RbDaemonFixture *daemon,
           Manner           manner)
{
  if (is_in_place (manner))
    rb_daemon_fixture_wait_next (daemon);
  else
    rb_daemon_fixture_start (daemon);
}

static RbAdapter *
attach (RbMasons   *fixture,
        gboolean    is_worker,
        const char *session)
{
  RbAdapter *adapter = rb_adapter_new (fixture->daemon);

  g_assert_true (rb_adapter_connect (adapter));
  rb_adapter_set_session (adapter, session);
  rb_adapter_register (adapter, is_worker);
  return adapter;
}

/* As SDKs do: another stream, and everything registered again. */
static void
return_adapter (RbMasons  *fixture,
                RbAdapter *adapter,
                gboolean   is_worker)
{
  g_autofree char *id = g_strdup (rb_adapter_get_endpoint (adapter));
  g_autofree char *owner = g_strdup (rb_adapter_get_owner (adapter));

  rb_adapter_disconnect (adapter);
  g_assert_true (rb_adapter_connect (adapter));
  rb_adapter_register (adapter, is_worker);
  g_assert_cmpstr (rb_adapter_get_endpoint (adapter), ==, id);
  g_assert_cmpstr (rb_adapter_get_owner (adapter), ==, owner);
}

static void
assert_quiet_upstream (RbMasons *fixture,
                       Manner    manner,
                       guint     n_endpoints)
{
  g_assert_cmpuint (rb_sim_count (fixture->sim, "POST /v1/runtime-endpoints", NULL), ==, n_endpoints);
  g_assert_cmpuint (rb_sim_count (fixture->sim, "DELETE /v1/runtime-endpoints/*", NULL), ==, 0);
  g_assert_cmpuint (rb_sim_count (fixture->sim, "POST /v1/runtime-endpoints/*/state", "\"closed\""), ==, 0);
  g_assert_cmpuint (rb_sim_endpoints_list (rb_sim_get_endpoints (fixture->sim))->len, ==, n_endpoints);
  if (manner != STOPPED)
    g_assert_cmpuint (rb_sim_count (fixture->sim, "*", "\"offline\""), ==, 0);
  rb_masons_assert_clean (fixture);
}

static void
start_without_mailroom (RbMasons *fixture)
{
  rb_sim_set_capability (fixture->sim, "staged_assignment", "false");
  rb_masons_start (fixture);
}

static const RbPush *
wait_push (RbAdapter *adapter,
           guint      n)
{
  rb_test_wait_until (rb_adapter_get_pushes (adapter)->len >= n);
  return g_ptr_array_index (rb_adapter_get_pushes (adapter), n - 1);
}

static guint
finish (RbAsk *ask)
{
  rb_test_wait_until (ask->is_done);
  return ask->status;
}

static char *
dispatch (RbMasons   *fixture,
          RbAdapter  *worker,
          const char *id)
{
  guint n = rb_adapter_get_pushes (worker)->len;
  char *key;

  rb_sim_gateway_deliver (fixture->gateway, id, "bob@sim", id, NULL);
  rb_test_wait_until (rb_sim_work_lookup_row (rb_sim_get_work (fixture->sim), id) != NULL);
  key = rb_sim_dispatch (fixture->sim, id, rb_adapter_get_endpoint (worker));
  wait_push (worker, n + 1);
  return key;
}

static gboolean
is_acked (RbMasons   *fixture,
          const char *key)
{
  g_autofree char *ack = rb_sim_dup_ack (fixture->sim, key);

  return ack != NULL;
}

static void
answer (RbMasons     *fixture,
        RbAdapter    *worker,
        const RbPush *push,
        gboolean      is_accepted)
{
  RbSimAssignment *assignment = rb_sim_work_lookup (rb_sim_get_work (fixture->sim), push->assignment_id);
  g_autofree char *content = g_strconcat ("answer to ", push->source_id, NULL);
  g_autoptr(RbAsk) accept = is_accepted ? NULL : rb_adapter_begin_accept (worker, push);
  g_autoptr(RbAsk) reply = NULL;

  if (accept != NULL)
    g_assert_cmpuint (finish (accept), ==, 200);
  reply = rb_adapter_begin_reply (worker, push, content);
  g_assert_cmpuint (finish (reply), ==, 200);
  rb_test_wait_until (assignment->is_closed);
  g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", content), ==, 1);
}

/* All of "<prefix>-1" ... came, in that order. One whose receipt got lost with its stream comes again (protocol.md 5.5). */
static void
assert_came (RbAdapter  *adapter,
             const char *prefix,
             guint       count)
{
  GPtrArray *pushes = rb_adapter_get_pushes (adapter);
  guint n = 0;

  for (guint i = 0; i < pushes->len; i++)
    {
      const RbPush *push = g_ptr_array_index (pushes, i);
      g_autofree char *next = g_strdup_printf ("%s-%u", prefix, n + 1);
      guint64 number = g_ascii_strtoull (push->source_id + strlen (prefix) + 1, NULL, 10);

      if (g_str_equal (push->source_id, next))
        n++;
      else
        g_assert_cmpuint (number, <=, n);
    }
  g_assert_cmpuint (n, ==, count);
}

static void
test_queue (RbMasons      *fixture,
            gconstpointer  data)
{
  Manner manner = manners[GPOINTER_TO_UINT (data)].manner;
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("What is sent before, during and after a restart reaches the adapter, in order, at the endpoint it had.");

  start_without_mailroom (fixture);
  adapter = attach (fixture, FALSE, "s1");
  rb_masons_burst_to (fixture, adapter, 0, COUNT, "m");
  go_away (fixture->daemon, manner);
  rb_masons_burst_to (fixture, adapter, COUNT, 2 * COUNT, "m");
  come_back (fixture->daemon, manner);
  return_adapter (fixture, adapter, FALSE);
  rb_masons_burst_to (fixture, adapter, 2 * COUNT, 3 * COUNT, "m");
  rb_test_wait_until (rb_adapter_count (adapter) == 3 * COUNT);
  assert_came (adapter, "m", 3 * COUNT);
  rb_test_wait_until (rb_masons_is_acked (fixture));
  assert_quiet_upstream (fixture, manner, 1);
  rb_masons_stop (fixture);
}

static void
test_assignments (RbMasons      *fixture,
                  gconstpointer  data)
{
  Manner manner = manners[GPOINTER_TO_UINT (data)].manner;
  g_autoptr(RbAdapter) worker = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(RbAsk) accept = NULL;

  g_test_summary ("Work goes on: what was accepted, and, unless it was a stop for good, what was not yet.");

  start_without_mailroom (fixture);
  worker = attach (fixture, TRUE, "s1");
  first = dispatch (fixture, worker, "row-1");
  rb_test_wait_until (is_acked (fixture, first));
  accept = rb_adapter_begin_accept (worker, wait_push (worker, 1));
  g_assert_cmpuint (finish (accept), ==, 200);
  second = dispatch (fixture, worker, "row-2");
  rb_test_wait_until (is_acked (fixture, second));

  go_away (fixture->daemon, manner);
  come_back (fixture->daemon, manner);
  return_adapter (fixture, worker, TRUE);
  answer (fixture, worker, wait_push (worker, 1), TRUE);
  if (manner == STOPPED)
    rb_test_wait_until (rb_masons_count_inbox (fixture, "row-2") == 1);
  else
    answer (fixture, worker, wait_push (worker, 2), FALSE);
  g_assert_cmpuint (rb_adapter_get_pushes (worker)->len, ==, 2);
  assert_quiet_upstream (fixture, manner, 1);
  rb_masons_stop (fixture);
}

static void
test_without_receipt (RbMasons      *fixture,
                      gconstpointer  data)
{
  Manner manner = manners[GPOINTER_TO_UINT (data)].manner;
  g_autoptr(RbAdapter) worker = NULL;
  g_autofree char *key = NULL;

  g_test_summary ("An order that was pushed and has no receipt is pushed again, as the same assignment; sent again, it is applied, once.");

  start_without_mailroom (fixture);
  worker = attach (fixture, TRUE, "s1");
  rb_adapter_set_manner (worker, RB_ADAPTER_KEEPS);
  key = dispatch (fixture, worker, "row-1");
  go_away (fixture->daemon, manner);
  come_back (fixture->daemon, manner);
  rb_adapter_set_manner (worker, RB_ADAPTER_CONFIRMS);
  return_adapter (fixture, worker, TRUE);
  g_assert_cmpstr (wait_push (worker, 2)->assignment_id, ==, key);
  rb_sim_events_send_again (rb_sim_get_events (fixture->sim), rb_sim_events_count (rb_sim_get_events (fixture->sim)));
  rb_test_wait_until (is_acked (fixture, key));
  answer (fixture, worker, wait_push (worker, 2), FALSE);
  g_assert_cmpuint (rb_adapter_get_pushes (worker)->len, ==, 2);
  assert_quiet_upstream (fixture, manner, 1);
  rb_masons_stop (fixture);
}

static void
test_several (RbMasons      *fixture,
              gconstpointer  data)
{
  g_autoptr(RbAdapter) first = NULL;
  g_autoptr(RbAdapter) second = NULL;
  g_autoptr(RbAdapter) nameless = NULL;
  g_autofree char *old = NULL;

  g_test_summary ("Each adapter has its own again; of two processes with one session, too; one without a session gets another.");

  start_without_mailroom (fixture);
  first = attach (fixture, FALSE, "s1");
  second = attach (fixture, FALSE, "s1");
  nameless = attach (fixture, FALSE, NULL);
  old = g_strdup (rb_adapter_get_endpoint (nameless));
  go_away (fixture->daemon, IN_PLACE);
  come_back (fixture->daemon, IN_PLACE);
  return_adapter (fixture, second, FALSE);
  return_adapter (fixture, first, FALSE);
  g_assert_true (rb_adapter_connect (nameless));
  rb_adapter_register (nameless, FALSE);
  g_assert_cmpstr (rb_adapter_get_endpoint (nameless), !=, old);
  assert_quiet_upstream (fixture, IN_PLACE, 4);
  rb_masons_stop (fixture);
}

/* What would still be open in the next program without anybody who knows of it. */
static void
assert_none_inherited (RbDaemonFixture *daemon)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fdinfo", (int) rb_daemon_fixture_get_pid (daemon));
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *info = NULL;
      const char *flags;

      /* It may be closed by now. */
      if (g_ascii_strtoull (name, NULL, 10) <= 2 || !g_file_get_contents (file, &info, NULL, NULL))
        continue;
      flags = strstr (info, "flags:");
      g_assert_nonnull (flags);
      if ((g_ascii_strtoull (flags + strlen ("flags:"), NULL, 8) & O_CLOEXEC) == 0)
        g_error ("Descriptor %s outlives exec: %s", name, info);
    }
}

static void
test_same_place (RbMasons      *fixture,
                 gconstpointer  data)
{
  g_autofree char *url = NULL;
  g_autofree char *token = NULL;

  g_test_summary ("Process, port, token and socket stay, restart after restart, and no descriptor is left over.");

  rb_masons_start (fixture);
  url = g_strdup (rb_daemon_fixture_get_url (fixture->daemon));
  token = g_strdup (rb_daemon_fixture_get_token (fixture->daemon));
  for (guint i = 0; i < 3; i++)
    {
      go_away (fixture->daemon, IN_PLACE);
      come_back (fixture->daemon, IN_PLACE);
      rb_test_wait_until (rb_masons_says (fixture, "status", "\"presence\":\"online\""));
      rb_masons_assert_healthy (fixture);
      g_assert_cmpstr (rb_daemon_fixture_get_url (fixture->daemon), ==, url);
      g_assert_cmpstr (rb_daemon_fixture_get_token (fixture->daemon), ==, token);
      assert_none_inherited (fixture->daemon);
    }
  rb_masons_stop (fixture);
}

/* Asks for /health without a pause, in a thread, each time on a connection of its own. */
typedef struct {
  char    *host_and_port;
  char    *request;
  GThread *thread;
  int      done;          /* atomic */
  guint    n_answers;
  gint64   longest_us;    /* between two answers */
} Prober;

static gboolean
is_healthy (Prober *self)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = NULL;
  g_autoptr(GError) error = NULL;
  char answer[13] = "";
  gsize n;

  connection = g_socket_client_connect_to_host (client, self->host_and_port, 0, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), self->request, strlen (self->request), NULL, NULL,
                             &error);
  g_assert_no_error (error);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer, sizeof answer - 1, &n, NULL, &error);
  g_assert_no_error (error);
  /* One that was accepted in the last moment is told to ask again. */
  g_assert_true (g_str_equal (answer, "HTTP/1.1 200") || g_str_equal (answer, "HTTP/1.1 503"));
  return g_str_equal (answer, "HTTP/1.1 200");
}

static gpointer
probe (gpointer data)
{
  Prober *self = data;
  gint64 last_us = g_get_monotonic_time ();

  while (!g_atomic_int_get (&self->done))
    {
      gint64 now_us;

      if (!is_healthy (self))
        continue;
      now_us = g_get_monotonic_time ();
      self->n_answers++;
      self->longest_us = MAX (self->longest_us, now_us - last_us);
      last_us = now_us;
    }
  return NULL;
}

static void
prober_start (Prober          *self,
              RbDaemonFixture *daemon)
{
  self->host_and_port = g_strdup (rb_daemon_fixture_get_url (daemon) + strlen ("http://"));
  self->request = g_strdup_printf ("GET /health HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n",
                                   self->host_and_port, rb_daemon_fixture_get_token (daemon));
  self->thread = g_thread_new ("prober", probe, self);
}

static void
prober_stop (Prober *self)
{
  g_atomic_int_set (&self->done, TRUE);
  g_thread_join (self->thread);
  g_free (self->host_and_port);
  g_free (self->request);
}

/* By the one that stops, or by the next one because its adapter is not back yet (protocol.md 8.2). */
static gboolean
is_refused (RbAsk *ask)
{
  return (finish (ask) == 503 && strstr (ask->body, "broker_shutting_down") != NULL) ||
         (ask->status == 409 && strstr (ask->body, "endpoint_not_active") != NULL);
}

/* As an adapter would: what is refused is sent again, what was not answered at all is a failure. */
static void
send_through (RbAdapter  *adapter,
              RbAsk      *first,
              const char *body)
{
  g_autoptr(RbAsk) ask = rb_ask_ref (first);

  while (is_refused (ask))
    {
      rb_ask_unref (ask);
      ask = rb_adapter_begin (adapter, "POST", "/v1/send", body);
    }
  g_assert_cmpuint (ask->status, ==, 200);
}

static void
test_sends (RbMasons      *fixture,
            gconstpointer  data)
{
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("What an adapter sends while the one stops and the other starts leaves once, whatever it is told meanwhile.");

  start_without_mailroom (fixture);
  adapter = attach (fixture, FALSE, "s1");
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *text = g_strdup_printf ("out-%u", i);
      g_autofree char *body = g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"bob@sim\",\"content\":\"%s\"}",
                                               rb_adapter_get_endpoint (adapter), text);
      g_autoptr(RbAsk) ask = NULL;

      rb_daemon_fixture_signal (fixture->daemon, SIGUSR1);
      rb_daemon_fixture_wait_log (fixture->daemon, i == 0 ? "restart_begins" : "broker_signal");
      ask = rb_adapter_begin (adapter, "POST", "/v1/send", body);
      rb_daemon_fixture_wait_next (fixture->daemon);
      return_adapter (fixture, adapter, FALSE);
      send_through (adapter, ask, body);
      g_assert_cmpuint (rb_sim_count_frames (fixture->sim, "SEND_MESSAGE", text), ==, 1);
    }
  assert_quiet_upstream (fixture, BY_SIGNAL, 1);
  rb_masons_stop (fixture);
}

static void
test_outage (RbMasons      *fixture,
             gconstpointer  data)
{
  Prober prober = { NULL };
  g_autoptr(RbAdapter) adapter = NULL;

  g_test_summary ("Who connects while the one stops and the other starts is not refused: it waits, for less than two seconds.");

  start_without_mailroom (fixture);
  adapter = attach (fixture, FALSE, "s1");
  prober_start (&prober, fixture->daemon);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("m-%u", i + 1);

      rb_daemon_fixture_signal (fixture->daemon, SIGUSR1);
      rb_masons_deliver_to (fixture, adapter, id, id);
      rb_daemon_fixture_wait_next (fixture->daemon);
      return_adapter (fixture, adapter, FALSE);
      rb_test_wait_until (rb_adapter_count (adapter) == i + 1);
    }
  prober_stop (&prober);
  g_test_message ("%u answers, the longest wait between two %.1f ms", prober.n_answers, (double) prober.longest_us / 1000);
  assert_came (adapter, "m", 3);
#ifndef __SANITIZE_ADDRESS__
  /* After that SDKs take a broker for dead (protocol.md 3.11). */
  g_assert_cmpint (prober.longest_us, <, 2 * G_USEC_PER_SEC);
#endif
  assert_quiet_upstream (fixture, BY_SIGNAL, 1);
  rb_masons_stop (fixture);
}

int
main (int    argc,
      char **argv)
{
  static const struct {
    const char *name;
    void      (*function) (RbMasons *fixture, gconstpointer data);
  } each[] = { { "queue", test_queue }, { "assignments", test_assignments } };

  rb_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (each); i++)
    for (guint j = 0; j < G_N_ELEMENTS (manners); j++)
      {
        g_autofree char *path = g_strdup_printf ("/restart/%s/%s", each[i].name, manners[j].name);

        g_test_add (path, RbMasons, GUINT_TO_POINTER (j), rb_masons_set_up, each[i].function, rb_masons_tear_down);
      }
  g_test_add ("/restart/without-receipt/in-place", RbMasons, GUINT_TO_POINTER (IN_PLACE), rb_masons_set_up, test_without_receipt,
              rb_masons_tear_down);
  g_test_add ("/restart/without-receipt/killed", RbMasons, GUINT_TO_POINTER (KILLED), rb_masons_set_up, test_without_receipt,
              rb_masons_tear_down);
  rb_masons_add ("/restart/several-adapters", test_several);
  rb_masons_add ("/restart/same-place", test_same_place);
  rb_masons_add ("/restart/sends", test_sends);
  rb_masons_add ("/restart/outage", test_outage);
  return g_test_run ();
}
