/* test-masons-kill.c: killed again and again in the middle of all kinds of traffic, and compared with what must have happened
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RB_KILL_SEED: the seed (printed); RB_KILLS: how often to kill. Four kinds of traffic flow: messages to an endpoint, messages for the
 * inbox, messages that the upstream dispatches to a worker, which accepts and answers them, and sends. The daemon is killed at moments
 * that the seed decides, some of them before it is ready; the adapters come back with what they had and repeat what was cut off. */
#include "config.h"

#include "rb-masons-fixture.h"

#include <stdlib.h>
#include <string.h>

#define KILLS 25
#define ROUND_ROWS 4
#define ROUND_DIRECT 60
#define ROUND_TASKS 3
#define ROUND_SENDS 3
#define SETTLE_S 60
#define PATIENCE_US (G_USEC_PER_SEC / 20)   /* between two tries of one step */

/* One dispatched message, as its adapter knows it over all crashes. */
typedef struct {
  const RbPush *push;           /* of the worker's, the latest assignment */
  RbAsk        *ask;            /* (nullable) on its way */
  gboolean      is_accepted;
  gboolean      is_answered;
  char         *wire_id;        /* (nullable) message id that the daemon gave for the answer */
  char         *key;            /* (nullable) of the last control event, which is @event */
  char         *event;
  gint64        tried_us;       /* when @ask was begun last */
} Task;

typedef struct {
  char     *content;
  RbAsk    *ask;                /* (nullable) on its way */
} Sending;

typedef struct {
  RbMasons   *masons;
  GRand      *rand;
  RbAdapter  *worker;
  RbAdapter  *direct;
  guint       n_rows;
  guint       n_direct;
  guint       n_tasks;
  GPtrArray  *tasks;            /* of Task, at the place of their number */
  guint       n_pushes_seen;
  GPtrArray  *sendings;         /* of Sending */
} World;

static void
task_free (Task *task)
{
  g_clear_pointer (&task->ask, rb_ask_unref);
  g_free (task->wire_id);
  g_free (task->key);
  g_free (task->event);
  g_free (task);
}

static void
sending_free (Sending *sending)
{
  g_clear_pointer (&sending->ask, rb_ask_unref);
  g_free (sending->content);
  g_free (sending);
}

/* Traffic */

static void
make_traffic (World *world)
{
  for (guint i = 0; i < ROUND_DIRECT; i++)
    {
      g_autofree char *id = g_strdup_printf ("direct-%u", ++world->n_direct);

      rb_masons_deliver_to (world->masons, world->direct, id, id);
    }
  for (guint i = 0; i < ROUND_ROWS; i++)
    {
      g_autofree char *id = g_strdup_printf ("row-%u", ++world->n_rows);

      rb_sim_gateway_deliver (world->masons->gateway, id, "bob@sim", id, NULL);
    }
  for (guint i = 0; i < ROUND_TASKS; i++)
    {
      g_autofree char *id = g_strdup_printf ("task-%u", ++world->n_tasks);

      g_ptr_array_add (world->tasks, g_new0 (Task, 1));
      rb_sim_gateway_deliver (world->masons->gateway, id, "bob@sim", id, NULL);
    }
}

static void
start_sending (World *world)
{
  Sending *sending = g_new0 (Sending, 1);
  g_autofree char *body = NULL;

  sending->content = g_strdup_printf ("sent %u.", world->sendings->len);
  body = g_strdup_printf ("{\"endpoint_id\":\"%s\",\"to\":\"bob@sim\",\"content\":\"%s\"}", rb_adapter_get_endpoint (world->direct),
                          sending->content);
  sending->ask = rb_adapter_begin (world->direct, "POST", "/v1/send", body);
  g_ptr_array_add (world->sendings, sending);
}

/* What an owner upstream does: whatever waits for the worker is dispatched, again when it came back. */
static void
dispatch (World *world)
{
  RbSimWork *work = rb_sim_get_work (world->masons->sim);

  for (guint i = 0; i < world->tasks->len; i++)
    {
      Task *task = g_ptr_array_index (world->tasks, i);
      g_autofree char *id = g_strdup_printf ("task-%u", i + 1);
      RbSimRow *row = rb_sim_work_lookup_row (work, id);

      if (row == NULL || row->is_done || row->assignment_id != NULL)
        continue;
      g_free (task->event);
      task->event = rb_sim_work_assign (work, id, rb_adapter_get_endpoint (world->worker));
      g_free (task->key);
      task->key = g_strdup (row->assignment_id);
      rb_sim_events_send (rb_sim_get_events (world->masons->sim), task->event);
    }
}

/* And what the upstream does when a broker comes back: an event that it took and never acknowledged is sent once more. */
static void
repeat_events (World *world)
{
  for (guint i = 0; i < world->tasks->len; i++)
    {
      Task *task = g_ptr_array_index (world->tasks, i);
      g_autofree char *ack = task->key != NULL ? rb_sim_dup_ack (world->masons->sim, task->key) : NULL;

      if (task->key != NULL && ack == NULL)
        rb_sim_events_send (rb_sim_get_events (world->masons->sim), task->event);
    }
}

static Task *
find_task (World      *world,
           const char *source_id)
{
  g_assert_true (g_str_has_prefix (source_id, "task-"));
  return g_ptr_array_index (world->tasks, atoi (source_id + strlen ("task-")) - 1);
}

/* A new assignment of a message begins anew; a repetition of the same one changes nothing. */
static void
take_pushes (World *world)
{
  GPtrArray *pushes = rb_adapter_get_pushes (world->worker);

  for (; world->n_pushes_seen < pushes->len; world->n_pushes_seen++)
    {
      const RbPush *push = g_ptr_array_index (pushes, world->n_pushes_seen);
      Task *task = find_task (world, push->source_id);

      if (task->push != NULL && g_str_equal (task->push->assignment_id, push->assignment_id))
        continue;
      g_assert_false (task->is_accepted);
      task->push = push;
    }
}

/* The answer of one step. */
static void
take_answer (Task *task)
{
  g_autoptr(RbAsk) ask = g_steal_pointer (&task->ask);
  g_autofree char *error = rb_ask_dup (ask, "error");
  g_autofree char *id = rb_ask_dup (ask, "messageId");

  if (ask->status == 200 && !task->is_accepted)
    task->is_accepted = TRUE;
  else if (ask->status == 200)
    {
      if (task->wire_id != NULL)
        g_assert_cmpstr (task->wire_id, ==, id);
      task->wire_id = g_steal_pointer (&id);
      task->is_answered = TRUE;
    }
  else if (g_strcmp0 (error, "runtime_assignment_unknown") == 0 && !task->is_accepted)
    task->push = NULL;          /* taken back before we accepted: it comes again as another */
  else if (ask->status != 0 && ask->status != 503 && ask->status != 409)
    g_error ("%u: %s", ask->status, ask->body);
}

static void
step (World *world,
      guint  number)
{
  Task *task = g_ptr_array_index (world->tasks, number);
  g_autofree char *content = g_strdup_printf ("answer %u.", number);

  if (task->ask != NULL && task->ask->is_done)
    take_answer (task);
  if (task->ask != NULL || task->push == NULL || task->is_answered || g_get_monotonic_time () - task->tried_us < PATIENCE_US)
    return;
  task->tried_us = g_get_monotonic_time ();
  task->ask = task->is_accepted ? rb_adapter_begin_reply (world->worker, task->push, content)
                                : rb_adapter_begin_accept (world->worker, task->push);
}

static void
turn (World *world)
{
  gint64 soon_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  take_pushes (world);
  for (guint i = 0; i < world->tasks->len; i++)
    step (world, i);
  dispatch (world);
  rb_test_turn (soon_us, "traffic", __FILE__, __LINE__);
}

/* Coming back */

static gboolean
reattach (RbAdapter *adapter)
{
  g_autofree char *path = g_strdup_printf ("/v1/endpoint/%s/reattach", rb_adapter_get_endpoint (adapter));
  g_autofree char *body = g_strdup_printf ("{\"plugin_pid\":%d}", rb_adapter_get_pid (adapter));
  g_autofree char *answer = NULL;
  guint status;

  if (!rb_adapter_connect (adapter))
    return FALSE;
  status = rb_adapter_call (adapter, "POST", path, body, &answer);
  if (status != 200 && (status != 409 || strstr (answer, "endpoint_not_reconnecting") == NULL))
    g_error ("The endpoint is lost: %u %s", status, answer);
  return TRUE;
}

static void
come_back (World *world)
{
  rb_daemon_fixture_start (world->masons->daemon);
  g_assert_true (reattach (world->worker) && reattach (world->direct));
  repeat_events (world);
}

static void
run_for (World *world,
         guint  ms)
{
  gint64 end_us = g_get_monotonic_time () + (gint64) ms * 1000;
  guint n_sends = ROUND_SENDS;

  while (g_get_monotonic_time () < end_us)
    {
      if (n_sends > 0 && g_rand_boolean (world->rand))
        {
          start_sending (world);
          n_sends--;
        }
      turn (world);
    }
}

/* One in five is killed before it is ready. */
static void
kill_once (World *world,
           guint  number)
{
  RbDaemonFixture *daemon = world->masons->daemon;

  make_traffic (world);
  if (number % 5 == 4)
    {
      rb_daemon_fixture_launch (daemon);
      run_for (world, g_rand_int_range (world->rand, 1, 60));
      rb_daemon_fixture_kill (daemon);
    }
  come_back (world);
  run_for (world, g_rand_int_range (world->rand, 3, 250));
  rb_daemon_fixture_kill (daemon);
}

/* What must be true at last */

static gboolean
is_task_over (World *world,
              guint  i)
{
  g_autofree char *id = g_strdup_printf ("task-%u", i + 1);
  RbSimRow *row = rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), id);

  return row != NULL && row->is_done && ((Task *) g_ptr_array_index (world->tasks, i))->is_answered;
}

static gboolean
is_settled (World *world)
{
  for (guint i = 0; i < world->tasks->len; i++)
    if (!is_task_over (world, i))
      return FALSE;
  return rb_masons_is_acked (world->masons) && rb_adapter_count (world->direct) == world->n_direct;
}

/* Fails, and says what is open and what either side knows of it. */
static void
complain (World *world)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autofree char *assignments = rb_masons_view (world->masons, "assignments");

  for (guint i = 0; i < world->tasks->len; i++)
    {
      Task *task = g_ptr_array_index (world->tasks, i);
      g_autofree char *id = g_strdup_printf ("task-%u", i + 1);
      g_autofree char *view = g_strdup_printf ("explain/%s", id);
      g_autofree char *ack = task->key != NULL ? rb_sim_dup_ack (world->masons->sim, task->key) : NULL;
      RbSimAssignment *assignment = rb_sim_work_lookup (rb_sim_get_work (world->masons->sim), id);
      g_autofree char *explained = NULL;

      if (is_task_over (world, i))
        continue;
      explained = rb_masons_view (world->masons, view);
      g_string_append_printf (text, "\n%s: event %s acked %s; upstream %s accepted %d closed %d; adapter %s accepted %d answered %d; %s", id,
                              task->key, ack, assignment != NULL ? assignment->id : NULL, assignment != NULL && assignment->is_accepted,
                              assignment != NULL && assignment->is_closed, task->push != NULL ? task->push->assignment_id : NULL,
                              task->is_accepted, task->is_answered, explained);
    }
  g_error ("Not settled: %u of %u direct, acked %d; assignments %s%s", rb_adapter_count (world->direct), world->n_direct,
           rb_masons_is_acked (world->masons), assignments, text->str);
}

static void
settle (World *world)
{
  gint64 deadline_us = g_get_monotonic_time () + SETTLE_S * G_USEC_PER_SEC;

  come_back (world);
  while (!is_settled (world))
    {
      turn (world);
      if (g_get_monotonic_time () > deadline_us)
        complain (world);
    }
  rb_masons_wait_long (SETTLE_S, rb_masons_number (world->masons, "outbox") == 0 && rb_masons_number (world->masons, "assignments") == 0);
}

static void
assert_rows (World *world)
{
  g_assert_cmpuint (rb_masons_count_inbox (world->masons, "row-"), ==, world->n_rows);
  g_assert_cmpuint (rb_masons_count_inbox (world->masons, ""), ==, world->n_rows);
  for (guint i = 1; i <= world->n_rows; i++)
    {
      g_autofree char *id = g_strdup_printf ("row-%u", i);

      g_assert_nonnull (rb_sim_work_lookup_row (rb_sim_get_work (world->masons->sim), id));
    }
}

/* The metadata's message id of the frames with that content: one, however often it was sent. */
static void
assert_answers (World *world)
{
  for (guint i = 0; i < world->tasks->len; i++)
    {
      Task *task = g_ptr_array_index (world->tasks, i);
      g_autofree char *content = g_strdup_printf ("\"answer %u.\"", i);
      g_autofree char *wire_id = g_strdup_printf ("\"message_id\":\"%s\"", task->wire_id);
      g_autoptr(GPtrArray) frames = rb_sim_record_list (rb_sim_get_record (world->masons->sim), RB_SIM_FRAME_IN, "SEND_MESSAGE", content);

      g_assert_cmpuint (frames->len, >, 0);
      for (guint j = 0; j < frames->len; j++)
        g_assert_nonnull (strstr (((RbSimEntry *) g_ptr_array_index (frames, j))->text, wire_id));
    }
}

/* At most once, and exactly once when the adapter was told so. */
static guint
assert_sendings (World *world)
{
  guint n_unknown = 0;

  for (guint i = 0; i < world->sendings->len; i++)
    {
      Sending *sending = g_ptr_array_index (world->sendings, i);
      g_autofree char *content = g_strdup_printf ("\"%s\"", sending->content);
      guint n = rb_sim_count_frames (world->masons->sim, "SEND_MESSAGE", content);

      rb_test_wait_until (sending->ask->is_done);
      g_assert_cmpuint (n, <=, 1);
      if (sending->ask->status == 200)
        g_assert_cmpuint (n, ==, 1);
      else
        n_unknown++;
    }
  return n_unknown;
}

/* Each came, in its order; what was confirmed shortly before a kill may come again. Returns how many did. */
static guint
assert_direct (World *world)
{
  GPtrArray *pushes = rb_adapter_get_pushes (world->direct);
  guint n = 0;

  for (guint i = 0; i < pushes->len && n < world->n_direct; i++)
    {
      g_autofree char *id = g_strdup_printf ("direct-%u", n + 1);

      n += g_str_equal (((RbPush *) g_ptr_array_index (pushes, i))->source_id, id);
    }
  g_assert_cmpuint (n, ==, world->n_direct);
  return pushes->len - n;
}

static guint
read_number (const char *variable,
             guint       fallback)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : fallback;
}

static void
test_kills (RbMasons      *fixture,
            gconstpointer  data)
{
  World world = { .masons = fixture };
  guint n_kills = read_number ("RB_KILLS", KILLS);
  guint seed = read_number ("RB_KILL_SEED", (guint) g_random_int ());
  guint n_again, n_unknown;

  g_test_summary ("Killed in the middle of everything, many times: nothing is lost, and nothing has happened twice.");

  g_test_message ("RB_KILL_SEED=%u RB_KILLS=%u", seed, n_kills);
  world.rand = g_rand_new_with_seed (seed);
  world.tasks = g_ptr_array_new_with_free_func ((GDestroyNotify) task_free);
  world.sendings = g_ptr_array_new_with_free_func ((GDestroyNotify) sending_free);
  rb_sim_set_capability (fixture->sim, "staged_assignment", "false");
  /* An acceptance that only the upstream has heard of must be said again before the time for it is over. */
  rb_masons_set (fixture, "limits.acceptance-timeout-ms=600000");
  rb_masons_start (fixture);
  world.worker = rb_masons_attach (fixture, TRUE);
  world.direct = rb_masons_attach (fixture, FALSE);
  rb_daemon_fixture_kill (fixture->daemon);
  for (guint i = 0; i < n_kills; i++)
    kill_once (&world, i);
  settle (&world);

  assert_rows (&world);
  assert_answers (&world);
  n_unknown = assert_sendings (&world);
  n_again = assert_direct (&world);
  g_test_message ("%u direct messages (%u pushed again after a kill), %u rows, %u answers, %u sends (%u cut off or refused)", world.n_direct,
                  n_again, world.n_rows, world.n_tasks, world.sendings->len, n_unknown);
  rb_masons_stop (fixture);

  rb_adapter_free (world.worker);
  rb_adapter_free (world.direct);
  g_ptr_array_unref (world.tasks);
  g_ptr_array_unref (world.sendings);
  g_rand_free (world.rand);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  rb_masons_add ("/masons-kill/all-traffic", test_kills);
  return g_test_run ();
}
