/* test-transitions.c: the checker of transitions finds what the table does not have
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-test.h"
#include "rb-transitions.h"

typedef struct {
  RbTransitionsWatch *watch;
  GPtrArray          *problems;   /* of char * */
} Fixture;

static void
on_problem (const char *text,
            gpointer    user_data)
{
  g_ptr_array_add (user_data, g_strdup (text));
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->problems = g_ptr_array_new_with_free_func (g_free);
  fixture->watch = rb_transitions_watch_new (on_problem, fixture->problems);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_transitions_watch_free (fixture->watch);
  g_ptr_array_unref (fixture->problems);
}

/* Rows as text of GVariant, with the columns that matter to whoever reads the test. NULL: none. */
static GVariant *
parse (RbTable     table,
       const char *text)
{
  g_autoptr(GError) error = NULL;
  GVariant *row;

  if (text == NULL)
    return NULL;
  row = g_variant_parse (G_VARIANT_TYPE (rb_table_get_info (table)->type), text, NULL, NULL, &error);
  g_assert_no_error (error);
  return g_variant_ref_sink (row);
}

static void
change (Fixture    *fixture,
        RbTable     table,
        const char *before,
        const char *after)
{
  g_autoptr(GVariant) old_row = parse (table, before);
  g_autoptr(GVariant) new_row = parse (table, after);

  rb_transitions_watch_change (fixture->watch, table, NULL, old_row, new_row);
}

#define PLACE(word) "('m1', '" word "', nothing, 1, nothing, nothing, 1)"
#define WORK_AT(state, sequence, deadline) \
  "('s1', 'a1', 'ep_1', '" state "', '{}', 'm1', nothing, nothing, nothing, 1, " sequence ", " deadline ", false)"
#define WORK(state) WORK_AT (state, "1", "nothing")
#define OTHER_WORK(state) "('s1', 'a2', 'ep_1', '" state "', '{}', 'm1', nothing, nothing, nothing, 1, 1, nothing, false)"
#define CONTENT "('m1', nothing, 'x', '{}', 'text', 1, 'bob', nothing)"
#define STEP(word) "('m1', 1, '" word "', 1, nothing, nothing, nothing)"
#define ENDPOINT(state, grace) "('ep_1', 't', 'n', 1, 1, 'a', '" state "', 1, " grace ", 1, '{}')"
#define REPLY(print, wire, result, unknown) "('s1', 'a1', 'r1', 'ep_1', 1, '" print "', '" wire "', 1, " result ", " unknown ")"
#define LETTER(payload, state) "(1, 'kind', 'subject', '" payload "', 1, '" state "', nothing, nothing)"

/* Up to four changes of one commit. */
typedef struct {
  const char *name;
  struct {
    RbTable     table;
    const char *before, *after;
  } changes[4];
  const char *problem;     /* what it must say; NULL: nothing */
} Commit;

static const Commit commits[] = {
  { "stored", { { RB_TABLE_MESSAGES, NULL, CONTENT }, { RB_TABLE_PLACES, NULL, PLACE ("inbox") },
                { RB_TABLE_CHECKPOINTS, NULL, STEP ("stored") } }, NULL },
  { "assigned", { { RB_TABLE_ASSIGNMENTS, NULL, WORK_AT ("queued", "1", "9") }, { RB_TABLE_PLACES, PLACE ("inbox"), PLACE ("assignment") },
                  { RB_TABLE_CHECKPOINTS, NULL, STEP ("assigned") } }, NULL },
  { "last-cause-counts", { { RB_TABLE_CHECKPOINTS, NULL, STEP ("taken") }, { RB_TABLE_CHECKPOINTS, NULL, STEP ("accepted") },
                           { RB_TABLE_ASSIGNMENTS, WORK ("queued"), WORK ("accepted") },
                           { RB_TABLE_CHECKPOINTS, NULL, STEP ("looked at") } }, NULL },
  { "read-only", { { RB_TABLE_CHECKPOINTS, NULL, STEP ("released") } }, NULL },
  { "ended", { { RB_TABLE_PLACES, PLACE ("queue"), PLACE ("ended") }, { RB_TABLE_MESSAGES, CONTENT, NULL },
               { RB_TABLE_CHECKPOINTS, NULL, STEP ("taken") } }, NULL },
  { "forgotten", { { RB_TABLE_PLACES, PLACE ("ended"), NULL }, { RB_TABLE_CHECKPOINTS, STEP ("taken"), NULL } }, NULL },

  { "wrong-cause", { { RB_TABLE_ASSIGNMENTS, WORK ("accepted"), NULL }, { RB_TABLE_PLACES, PLACE ("assignment"), PLACE ("inbox") },
                     { RB_TABLE_CHECKPOINTS, NULL, STEP ("restored") } },
    "message 'm1': a commit takes it from accepted to inbox by restored, which transitions.txt does not have" },
  { "no-cause", { { RB_TABLE_PLACES, PLACE ("queue"), PLACE ("inbox") } },
    "message 'm1': a commit takes it from queue to inbox by note, which transitions.txt does not have" },
  { "place-alone", { { RB_TABLE_PLACES, PLACE ("inbox"), PLACE ("assignment") }, { RB_TABLE_CHECKPOINTS, NULL, STEP ("assigned") } },
    "message 'm1': its place goes from inbox to assignment, its assignment from untouched to untouched; both must say the same" },
  { "assignment-alone", { { RB_TABLE_ASSIGNMENTS, WORK ("pending"), NULL }, { RB_TABLE_CHECKPOINTS, NULL, STEP ("restored") } },
    "message 'm1': its place goes from untouched to untouched, its assignment from pending to none; both must say the same" },
  { "in-two-places", { { RB_TABLE_ASSIGNMENTS, NULL, WORK ("queued") }, { RB_TABLE_PLACES, PLACE ("queue"), PLACE ("inbox") },
                       { RB_TABLE_CHECKPOINTS, NULL, STEP ("returned") } },
    "message 'm1': its place goes from queue to inbox, its assignment from none to queued; both must say the same" },
  { "two-assignments", { { RB_TABLE_ASSIGNMENTS, WORK ("pending"), NULL }, { RB_TABLE_ASSIGNMENTS, NULL, OTHER_WORK ("pending") } },
    "message 'm1': two assignments of it in one commit, 'a2' is one" },
  { "content-lost", { { RB_TABLE_MESSAGES, CONTENT, NULL } }, "message 'm1': its content changes and its place does not" },
  { "content-missing", { { RB_TABLE_PLACES, NULL, PLACE ("inbox") }, { RB_TABLE_CHECKPOINTS, NULL, STEP ("stored") } },
    "message 'm1': from none to inbox its content is written 0 times and erased 0 times" },
  { "content-kept", { { RB_TABLE_PLACES, PLACE ("inbox"), PLACE ("ended") }, { RB_TABLE_CHECKPOINTS, NULL, STEP ("settled") } },
    "message 'm1': from inbox to ended its content is written 0 times and erased 0 times" },
  { "sequence-back", { { RB_TABLE_ASSIGNMENTS, WORK_AT ("accepted", "5", "nothing"), WORK_AT ("replied", "4", "nothing") },
                       { RB_TABLE_CHECKPOINTS, NULL, STEP ("replied") } },
    "message 'm1': the sequence of its assignment goes from 5 to 4 by replied" },
  { "deadline-left", { { RB_TABLE_ASSIGNMENTS, WORK ("pending"), WORK_AT ("accepted", "2", "9") },
                       { RB_TABLE_CHECKPOINTS, NULL, STEP ("accepted") } }, "message 'm1': a deadline while it is accepted" },
  { "unknown-place", { { RB_TABLE_PLACES, PLACE ("queue"), PLACE ("queue") }, { RB_TABLE_PLACES, PLACE ("queue"), PLACE ("shelf") },
                       { RB_TABLE_CHECKPOINTS, NULL, STEP ("routed") } }, "message 'm1': 'shelf' is no state of it" },

  { "endpoint", { { RB_TABLE_ENDPOINTS, ENDPOINT ("active", "nothing"), ENDPOINT ("reconnecting", "9") } }, NULL },
  { "endpoint-closed", { { RB_TABLE_ENDPOINTS, NULL, ENDPOINT ("reconnecting", "9") } },
    "endpoint 'ep_1': a commit takes it from none to reconnecting by note, which transitions.txt does not have" },
  { "endpoint-without-grace", { { RB_TABLE_ENDPOINTS, ENDPOINT ("active", "nothing"), ENDPOINT ("reconnecting", "nothing") } },
    "endpoint 'ep_1': reconnecting without a grace deadline" },
  { "endpoint-with-grace", { { RB_TABLE_ENDPOINTS, ENDPOINT ("reconnecting", "9"), ENDPOINT ("active", "9") } },
    "endpoint 'ep_1': active with a grace deadline" },

  { "reply", { { RB_TABLE_REPLIES, REPLY ("f", "w1", "nothing", "nothing"), REPLY ("f", "w1", "'stored'", "nothing") } }, NULL },
  { "reply-before-record", { { RB_TABLE_REPLIES, NULL, REPLY ("f", "w1", "'stored'", "nothing") } },
    "reply 'r1': a commit takes it from none to sent by note, which transitions.txt does not have" },
  { "reply-sent-again", { { RB_TABLE_REPLIES, REPLY ("f", "w1", "nothing", "'?'"), REPLY ("f", "w1", "'stored'", "nothing") } },
    "reply 'r1': a commit takes it from unknown to sent by note, which transitions.txt does not have" },
  { "reply-other-wire", { { RB_TABLE_REPLIES, REPLY ("f", "w1", "nothing", "nothing"), REPLY ("f", "w2", "nothing", "nothing") } },
    "reply 'r1': its wire id becomes 'w2', it was 'w1'" },
  { "reply-other-content", { { RB_TABLE_REPLIES, REPLY ("f", "w1", "nothing", "nothing"), REPLY ("g", "w1", "nothing", "nothing") } },
    "reply 'r1': its fingerprint changes" },

  { "letter", { { RB_TABLE_OUTBOX, LETTER ("{}", "queued"), LETTER ("{}", "dead") } }, NULL },
  { "letter-revived-in-place", { { RB_TABLE_OUTBOX, LETTER ("{}", "dead"), LETTER ("{}", "queued") } },
    "letter 'subject': a commit takes it from dead to queued by note, which transitions.txt does not have" },
  { "letter-rewritten", { { RB_TABLE_OUTBOX, LETTER ("{}", "queued"), LETTER ("[]", "dead") } }, "letter 'subject': what it says changes" },
};

static void
test_commit (Fixture       *fixture,
             gconstpointer  data)
{
  const Commit *commit = data;

  rb_transitions_watch_begin (fixture->watch);
  for (size_t i = 0; i < G_N_ELEMENTS (commit->changes); i++)
    if (commit->changes[i].before != NULL || commit->changes[i].after != NULL)
      change (fixture, commit->changes[i].table, commit->changes[i].before, commit->changes[i].after);
  rb_transitions_watch_end (fixture->watch);

  if (commit->problem == NULL)
    {
      g_assert_cmpuint (fixture->problems->len, ==, 0);
      return;
    }
  g_assert_cmpuint (fixture->problems->len, >=, 1);
  g_assert_cmpstr (g_ptr_array_index (fixture->problems, 0), ==, commit->problem);
}

static void
test_table (void)
{
  g_test_summary ("The table is what transitions.txt says, and knows what it does not have.");

  g_assert_cmpuint (rb_transitions_get_n (), >, 40);
  g_assert_cmpstr (rb_transitions_get_text (0), ==, "message none routed queue");
  g_assert_null (rb_transitions_get_text (rb_transitions_get_n ()));
  g_assert_true (rb_transitions_check (RB_MACHINE_MESSAGE, "inbox", "assigned", "queued"));
  g_assert_false (rb_transitions_check (RB_MACHINE_MESSAGE, "inbox", "restored", "queued"));
  g_assert_false (rb_transitions_check (RB_MACHINE_MESSAGE, "inbox", "dreamt", "queued"));
  g_assert_true (rb_transitions_check (RB_MACHINE_REPLY, "open", NULL, "sent"));
  g_assert_false (rb_transitions_check (RB_MACHINE_REPLY, "none", NULL, "sent"));
  g_assert_true (rb_transitions_may ("accept", "inbox"));
  g_assert_false (rb_transitions_may ("accept", "none"));
  g_assert_false (rb_transitions_may ("wire", "none"));
  g_assert_false (rb_transitions_may ("accept", "shelf"));
  g_assert_false (rb_transitions_may ("sing", "inbox"));
}

static void
test_counts (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "counts", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What was made is counted, step by step, and added to the file; a file that cannot be written is told.");

  g_assert_false (rb_transitions_watch_save (fixture->watch, "/nonexistent/counts"));
  for (guint i = 0; i < 2; i++)
    test_commit (fixture, &commits[0]);
  g_assert_cmpuint (rb_transitions_watch_count (fixture->watch, 1), ==, 2);
  g_assert_cmpuint (rb_transitions_watch_count (fixture->watch, 0), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (g_get_user_cache_dir (), 0700), ==, 0);
  g_assert_true (rb_transitions_watch_save (fixture->watch, path));
  g_assert_true (rb_transitions_watch_save (fixture->watch, path));
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "2\tmessage none stored inbox\n2\tmessage none stored inbox\n");
}

static void
test_cost (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GVariant) content = parse (RB_TABLE_MESSAGES, CONTENT);
  g_autoptr(GVariant) place = parse (RB_TABLE_PLACES, PLACE ("inbox"));
  g_autoptr(GVariant) step = parse (RB_TABLE_CHECKPOINTS, STEP ("stored"));
  const guint n = 1000000;
  double cost_us;

  g_test_summary ("With -m perf: what one change costs.");

  if (!g_test_perf ())
    {
      g_test_skip ("only with -m perf");
      return;
    }
  g_test_timer_start ();
  for (guint i = 0; i < n; i++)
    {
      rb_transitions_watch_begin (fixture->watch);
      rb_transitions_watch_change (fixture->watch, RB_TABLE_MESSAGES, NULL, NULL, content);
      rb_transitions_watch_change (fixture->watch, RB_TABLE_PLACES, NULL, NULL, place);
      rb_transitions_watch_change (fixture->watch, RB_TABLE_CHECKPOINTS, NULL, NULL, step);
      rb_transitions_watch_end (fixture->watch);
    }
  cost_us = g_test_timer_elapsed () / (3 * n) * 1e6;
  g_test_minimized_result (cost_us, "us a change: %.3f", cost_us);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/transitions/table", test_table);
  g_test_add ("/transitions/counts", Fixture, NULL, set_up, test_counts, tear_down);
  g_test_add ("/transitions/cost", Fixture, NULL, set_up, test_cost, tear_down);
  for (size_t i = 0; i < G_N_ELEMENTS (commits); i++)
    {
      g_autofree char *path = g_strconcat ("/transitions/commit/", commits[i].name, NULL);

      g_test_add (path, Fixture, &commits[i], set_up, test_commit, tear_down);
    }
  return g_test_run ();
}
