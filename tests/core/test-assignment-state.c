/* test-assignment-state.c: every state of an assignment against every event
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-assignment-state.h"
#include "rb-test.h"

/* The table of protocol.md 11.4, written down a second time: a row for each state, a cell for each event: where it leads and what is to be
 * done. "." has no place there. Letters: Q)ueued P)ending S)taged A)ccepted R)eplied G)one; t)imer stops, b)ack in the inbox, f)orgotten,
 * d)ropped from staging. */
static const struct {
  RbAssignmentState  state;
  const char        *taken, *accepted, *failed, *retryable, *waiting, *expired, *progress, *sent, *confirmed, *restore;
} table[] = {
  /*                         taken accept  failed  retry   wait    expired progr sent confirm restore */
  { RB_ASSIGNMENT_QUEUED,   "P",   "At",   "Gtf",  "Gtb",  "Gtb",  "Gtf",  "Q",  ".", ".",    "Gtb" },
  { RB_ASSIGNMENT_PENDING,  "P",   "At",   "Gtf",  "Gtb",  "Gtb",  "Gtf",  "P",  ".", ".",    "Gtb" },
  { RB_ASSIGNMENT_STAGED,   ".",   "A",    "Gfd",  "Gfd",  "Gfd",  "Gfd",  "S",  ".", ".",    "Gf" },
  { RB_ASSIGNMENT_ACCEPTED, "A",   "A",    "Gtf",  "Gtf",  "A",    "Gtf",  "A",  "R", ".",    "." },
  { RB_ASSIGNMENT_REPLIED,  "R",   "R",    "Gtf",  "Gtf",  "R",    "Gtf",  "R",  "R", "Gtf",  "." },
  { RB_ASSIGNMENT_GONE,     ".",   ".",    ".",    ".",    ".",    ".",    ".",  ".", ".",    "." },
};

static char *
describe (RbAssignmentState state,
          RbAssignmentEvent event)
{
  static const char letters[] = { 'Q', 'P', 'S', 'A', 'R', 'G' };
  GString *text = g_string_new (NULL);
  RbAssignmentState next = RB_ASSIGNMENT_GONE;
  RbAssignmentTodo todo = RB_ASSIGNMENT_NOTHING;

  if (!rb_assignment_state_step (state, event, &next, &todo))
    return g_string_free (g_string_append_c (text, '.'), FALSE);

  g_string_append_c (text, letters[next]);
  if (todo & RB_ASSIGNMENT_STOP_TIMER)
    g_string_append_c (text, 't');
  if (todo & RB_ASSIGNMENT_PUT_BACK)
    g_string_append_c (text, 'b');
  if (todo & RB_ASSIGNMENT_FORGET)
    g_string_append_c (text, 'f');
  if (todo & RB_ASSIGNMENT_DROP_STAGED)
    g_string_append_c (text, 'd');
  return g_string_free (text, FALSE);
}

static void
test_every_pair (void)
{
  g_test_summary ("Each state answers each event as the protocol's table says, and has no other edge.");

  g_assert_cmpuint (G_N_ELEMENTS (table), ==, RB_ASSIGNMENT_GONE + 1);
  for (size_t i = 0; i < G_N_ELEMENTS (table); i++)
    {
      const char *const cells[] = {
        [RB_ASSIGNMENT_TAKEN] = table[i].taken,
        [RB_ASSIGNMENT_ADAPTER_ACCEPTED] = table[i].accepted,
        [RB_ASSIGNMENT_FAILED] = table[i].failed,
        [RB_ASSIGNMENT_FAILED_RETRYABLE] = table[i].retryable,
        [RB_ASSIGNMENT_WAITING] = table[i].waiting,
        [RB_ASSIGNMENT_EXPIRED] = table[i].expired,
        [RB_ASSIGNMENT_PROGRESS] = table[i].progress,
        [RB_ASSIGNMENT_REPLY_SENT] = table[i].sent,
        [RB_ASSIGNMENT_REPLY_CONFIRMED] = table[i].confirmed,
        [RB_ASSIGNMENT_RESTORE] = table[i].restore,
      };

      for (size_t event = 0; event < G_N_ELEMENTS (cells); event++)
        {
          g_autofree char *found = describe (table[i].state, event);

          g_test_message ("%s, event %zu", rb_assignment_state_to_string (table[i].state), event);
          g_assert_cmpstr (found, ==, cells[event]);
        }
    }
}

static void
test_never_unaccepted (void)
{
  g_test_summary ("What was accepted is never anything else before it is gone, and what is gone stays gone.");

  for (int state = RB_ASSIGNMENT_QUEUED; state <= RB_ASSIGNMENT_GONE; state++)
    for (int event = RB_ASSIGNMENT_TAKEN; event <= RB_ASSIGNMENT_RESTORE; event++)
      {
        RbAssignmentState next;
        RbAssignmentTodo todo;

        if (!rb_assignment_state_step (state, event, &next, &todo))
          continue;

        g_assert_cmpint (state, !=, RB_ASSIGNMENT_GONE);
        if (rb_assignment_state_is_accepted (state) && next != RB_ASSIGNMENT_GONE)
          g_assert_true (rb_assignment_state_is_accepted (next));
        /* it ends exactly when somebody is told what becomes of its message */
        g_assert_cmpint (next == RB_ASSIGNMENT_GONE, ==, (todo & (RB_ASSIGNMENT_PUT_BACK | RB_ASSIGNMENT_FORGET)) != 0);
      }
}

static void
test_words (void)
{
  static const struct {
    const char        *word;
    RbAssignmentEvent  event, retryable;
  } words[] = {
    { "adapter_accepted", RB_ASSIGNMENT_ADAPTER_ACCEPTED, RB_ASSIGNMENT_ADAPTER_ACCEPTED },
    { "processing_started", RB_ASSIGNMENT_PROGRESS, RB_ASSIGNMENT_PROGRESS },
    { "processing_interrupted", RB_ASSIGNMENT_PROGRESS, RB_ASSIGNMENT_PROGRESS },
    { "delivery_attempted", RB_ASSIGNMENT_PROGRESS, RB_ASSIGNMENT_PROGRESS },
    { "processing_failed", RB_ASSIGNMENT_FAILED, RB_ASSIGNMENT_FAILED_RETRYABLE },
    { "waiting_for_runtime_capability", RB_ASSIGNMENT_WAITING, RB_ASSIGNMENT_WAITING },
    { "target_lost_before_acceptance", RB_ASSIGNMENT_WAITING, RB_ASSIGNMENT_WAITING },
    { "expired", RB_ASSIGNMENT_EXPIRED, RB_ASSIGNMENT_EXPIRED },
  };
  RbAssignmentEvent event;

  g_test_summary ("An adapter's words mean the events of the table; a word that we do not know means none.");

  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_assert_true (rb_assignment_event_from_report (words[i].word, FALSE, &event));
      g_assert_cmpint (event, ==, words[i].event);
      g_assert_true (rb_assignment_event_from_report (words[i].word, TRUE, &event));
      g_assert_cmpint (event, ==, words[i].retryable);
      g_assert_false (rb_assignment_is_broker_owned (words[i].word));
    }
  g_assert_false (rb_assignment_event_from_report ("", FALSE, &event));
  g_assert_false (rb_assignment_event_from_report ("Expired", FALSE, &event));
  g_assert_false (rb_assignment_event_from_report ("reply_emitted", FALSE, &event));

  g_assert_true (rb_assignment_is_broker_owned ("assigned_to_runtime_target"));
  g_assert_true (rb_assignment_is_broker_owned ("reply_requested"));
  g_assert_true (rb_assignment_is_broker_owned ("reply_emitted"));
}

static void
test_names (void)
{
  g_test_summary ("States are stored as words that read back as themselves.");

  for (int state = RB_ASSIGNMENT_QUEUED; state <= RB_ASSIGNMENT_GONE; state++)
    {
      RbAssignmentState back = RB_ASSIGNMENT_GONE;

      g_assert_true (rb_assignment_state_from_string (rb_assignment_state_to_string (state), &back));
      g_assert_cmpint (back, ==, state);
    }
  g_assert_false (rb_assignment_state_from_string ("asleep", &(RbAssignmentState) { 0 }));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/assignment-state/every-pair", test_every_pair);
  g_test_add_func ("/assignment-state/never-unaccepted", test_never_unaccepted);
  g_test_add_func ("/assignment-state/words", test_words);
  g_test_add_func ("/assignment-state/names", test_names);

  return g_test_run ();
}
