/* test-queue.c: lanes of an endpoint's queue, the inbox's slots, the ledger's memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-inbox.h"
#include "rb-ledger.h"
#include "rb-queue.h"
#include "rb-test.h"

#include <string.h>

static RbMessage *
make_message (const char *id,
              const char *correlation_id)
{
  static const guint8 random[24] = { 1, [20] = 1 };
  static gint64 next_position = 1;
  g_autoptr(GBytes) content = g_bytes_new_static ("\"0123456789\"", 12);
  g_autofree char *text = correlation_id != NULL ? g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation_id) : g_strdup ("{}");
  g_autoptr(GBytes) metadata = g_bytes_new (text, strlen (text));
  g_autoptr(RbEnvelope) envelope = rb_envelope_new (id, "bob", NULL, content, "text", metadata);
  RbTraceVerdict verdict;
  RbMessage *message = rb_message_new (envelope, id, 1, random, &verdict);

  message->is_durable = TRUE;
  message->position = next_position++;
  return message;
}

static RbItem *
add (RbQueue    *queue,
     const char *id,
     const char *correlation_id)
{
  g_autoptr(RbMessage) message = make_message (id, correlation_id);

  return rb_queue_add (queue, message, NULL);
}

/* The ids that may be taken now, in order, "a b"; they are on their way then. */
static char *
take_all (RbQueue *queue)
{
  g_autoptr(GString) ids = g_string_new (NULL);
  RbItem *item;

  while ((item = rb_queue_take_ready (queue)) != NULL)
    g_string_append_printf (ids, "%s%s", ids->len > 0 ? " " : "", item->message->id);
  return g_strdup (ids->str);
}

static void
assert_taken (RbQueue    *queue,
              const char *ids)
{
  g_autofree char *taken = take_all (queue);

  g_assert_cmpstr (taken, ==, ids);
}

static void
test_lanes (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");

  g_test_summary ("One message of each conversation is on its way; the next follows when it is gone; others do not wait for it.");

  add (queue, "a1", "a");
  add (queue, "a2", "a");
  add (queue, "b1", "b");
  add (queue, "n1", NULL);
  add (queue, "n2", NULL);
  add (queue, "a3", "a");
  assert_taken (queue, "a1 b1 n1");
  g_assert_cmpuint (rb_queue_get_n_pushed (queue), ==, 3);

  rb_queue_remove (queue, rb_queue_find (queue, "n1"));
  assert_taken (queue, "n2");
  rb_queue_remove (queue, rb_queue_find (queue, "a1"));
  assert_taken (queue, "a2");
  add (queue, "b2", "b");
  assert_taken (queue, "");
  rb_queue_remove (queue, rb_queue_find (queue, "b1"));
  assert_taken (queue, "b2");
  rb_queue_remove (queue, rb_queue_find (queue, "a2"));
  assert_taken (queue, "a3");
  g_assert_cmpuint (rb_queue_get_length (queue), ==, 3);
}

static void
test_put_back (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  RbItem *item;

  g_test_summary ("What is put back comes again before what is behind it, at once or when it is let go.");

  item = add (queue, "a1", "a");
  add (queue, "a2", "a");
  g_assert_true (rb_queue_take_ready (queue) == item);
  rb_queue_put_back (queue, item, TRUE);
  g_assert_cmpuint (rb_queue_get_n_pushed (queue), ==, 0);
  g_assert_true (rb_queue_take_ready (queue) == item);

  rb_queue_put_back (queue, item, FALSE);
  g_assert_false (item->is_pushed);
  add (queue, "a3", "a");
  assert_taken (queue, "");
  rb_queue_put_back (queue, item, TRUE);
  rb_queue_put_back (queue, item, TRUE);
  assert_taken (queue, "a1");
}

static void
test_put_back_behind (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  RbItem *second;

  g_test_summary ("Putting back what is not at the head of its lane changes nothing.");

  add (queue, "a1", "a");
  second = add (queue, "a2", "a");
  assert_taken (queue, "a1");
  rb_queue_put_back (queue, second, TRUE);
  assert_taken (queue, "");
  rb_queue_put_back (queue, second, FALSE);
  rb_queue_remove (queue, rb_queue_find (queue, "a1"));
  assert_taken (queue, "a2");
}

static void
test_remove_anywhere (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");

  g_test_summary ("A message leaves from the middle, from a head that waits for its next attempt, and from one that is ready.");

  add (queue, "a1", "a");
  add (queue, "a2", "a");
  add (queue, "a3", "a");
  add (queue, "a4", "a");
  rb_queue_remove (queue, rb_queue_find (queue, "a2"));
  assert_taken (queue, "a1");
  rb_queue_put_back (queue, rb_queue_find (queue, "a1"), FALSE);
  rb_queue_remove (queue, rb_queue_find (queue, "a1"));
  assert_taken (queue, "a3");
  rb_queue_put_back (queue, rb_queue_find (queue, "a3"), TRUE);
  rb_queue_remove (queue, rb_queue_find (queue, "a3"));
  rb_queue_remove (queue, rb_queue_find (queue, "a4"));
  assert_taken (queue, "");
  g_assert_cmpuint (rb_queue_get_length (queue), ==, 0);
  g_assert_cmpuint (rb_queue_get_bytes (queue), ==, 0);

  add (queue, "a5", "a");
  assert_taken (queue, "a5");
}

static void
test_not_durable (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  g_autoptr(RbMessage) fresh = make_message ("b1", "b");
  RbItem *item;

  g_test_summary ("A message whose commit has not ended is not taken, and holds up its own conversation alone.");

  fresh->is_durable = FALSE;
  item = rb_queue_add (queue, fresh, NULL);
  add (queue, "a1", "a");
  add (queue, "b2", "b");
  assert_taken (queue, "a1");

  fresh->is_durable = TRUE;
  rb_queue_wake (queue, item);
  assert_taken (queue, "b1");
}

static void
test_not_durable_behind (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  g_autoptr(RbMessage) fresh = make_message ("a2", "a");
  RbItem *item;

  g_test_summary ("One that becomes durable behind another waits for its turn; one that gets its turn waits until it is durable.");

  fresh->is_durable = FALSE;
  add (queue, "a1", "a");
  item = rb_queue_add (queue, fresh, NULL);
  assert_taken (queue, "a1");
  rb_queue_remove (queue, rb_queue_find (queue, "a1"));
  assert_taken (queue, "");
  rb_queue_put_back (queue, item, TRUE);
  assert_taken (queue, "");
  fresh->is_durable = TRUE;
  rb_queue_wake (queue, item);
  assert_taken (queue, "a2");
  rb_queue_wake (queue, item);
  assert_taken (queue, "");
}

static void
test_sizes (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  RbItem *item = add (queue, "a1", "a");
  gsize size = rb_envelope_get_size (item->message->envelope);

  g_test_summary ("Counts and bytes, of all and of what is on its way, follow every change.");

  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (rb_queue_get_bytes (queue), ==, size);
  g_assert_cmpuint (rb_queue_get_pushed_bytes (queue), ==, 0);
  assert_taken (queue, "a1");
  g_assert_cmpuint (rb_queue_get_pushed_bytes (queue), ==, size);
  rb_queue_put_back (queue, item, FALSE);
  g_assert_cmpuint (rb_queue_get_pushed_bytes (queue), ==, 0);
  rb_queue_put_back (queue, item, TRUE);
  assert_taken (queue, "a1");
  rb_queue_remove (queue, item);
  g_assert_cmpuint (rb_queue_get_pushed_bytes (queue), ==, 0);
  g_assert_cmpuint (rb_queue_get_n_pushed (queue), ==, 0);
  g_assert_cmpuint (rb_queue_get_bytes (queue), ==, 0);
  g_assert_null (rb_queue_find (queue, "a1"));
}

static void
test_by_arrival (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  g_autoptr(GPtrArray) items = NULL;

  g_test_summary ("All items are listed by arrival, whatever their lanes.");

  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      g_autofree char *lane = g_strdup_printf ("%u", i % 7);

      add (queue, id, lane);
    }
  items = rb_queue_dup_items (queue);
  g_assert_cmpuint (items->len, ==, 50);
  for (guint i = 0; i < items->len; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      g_assert_cmpstr (((RbItem *) g_ptr_array_index (items, i))->message->id, ==, id);
    }
}

/* Every lane's messages come in order, however takes, receipts and failures mix. */
static void
test_many (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");
  guint next[100] = { 0 };
  guint n_done = 0, turn = 0;
  RbItem *item;

  g_test_summary ("Ten thousand messages of a hundred conversations leave in order, some at the second attempt.");

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u-%u", i % 100, i / 100);
      g_autofree char *lane = g_strdup_printf ("%u", i % 100);

      add (queue, id, lane);
    }
  while ((item = rb_queue_take_ready (queue)) != NULL)
    {
      g_auto(GStrv) parts = g_strsplit (item->message->id, "-", 2);
      guint lane = (guint) g_ascii_strtoull (parts[0], NULL, 10);

      g_assert_cmpuint (g_ascii_strtoull (parts[1], NULL, 10), ==, next[lane]);
      if (++turn % 3 == 0)
        {
          rb_queue_put_back (queue, item, TRUE);
          continue;
        }
      next[lane]++;
      n_done++;
      rb_queue_remove (queue, item);
    }
  g_assert_cmpuint (n_done, ==, 10000);
  g_assert_cmpuint (rb_queue_get_length (queue), ==, 0);
}

static void
test_freed_full (void)
{
  g_autoptr(RbQueue) queue = rb_queue_new ("ep");

  g_test_summary ("A queue is freed with what is in it, on its way or not.");

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      add (queue, id, i % 2 == 0 ? "even" : NULL);
    }
  assert_taken (queue, "m0 m1");
}

/* protocol.md 10.2. */
static void
test_inbox_slots (void)
{
  g_autoptr(RbInbox) inbox = rb_inbox_new (2);
  g_autoptr(RbMessage) first = make_message ("m1", NULL);
  g_autoptr(RbMessage) second = make_message ("m2", NULL);
  g_autoptr(RbMessage) third = make_message ("m3", NULL);
  g_autoptr(RbMessage) taken = NULL;
  g_autoptr(GPtrArray) rows = NULL;

  g_test_summary ("A row that was taken keeps its slot until it is put back or released; what we hold already is never refused.");

  rb_inbox_add (inbox, first);
  g_assert_false (rb_inbox_is_full (inbox));
  rb_inbox_add (inbox, second);
  g_assert_true (rb_inbox_is_full (inbox));
  g_assert_null (rb_inbox_take (inbox, "m9"));
  g_assert_cmpuint (rb_inbox_get_n_reserved (inbox), ==, 0);

  taken = rb_inbox_take (inbox, "m1");
  g_assert_true (taken == first);
  g_assert_null (rb_inbox_lookup (inbox, "m1"));
  g_assert_true (rb_inbox_is_full (inbox));
  rb_inbox_put_back (inbox, taken);
  g_assert_cmpuint (rb_inbox_get_n (inbox), ==, 2);
  g_assert_cmpuint (rb_inbox_get_n_reserved (inbox), ==, 0);

  g_clear_pointer (&taken, rb_message_unref);
  taken = rb_inbox_take (inbox, "m1");
  rb_inbox_release (inbox);
  g_assert_false (rb_inbox_is_full (inbox));
  rb_inbox_reserve (inbox);
  g_assert_true (rb_inbox_is_full (inbox));

  rb_inbox_add (inbox, third);
  rb_inbox_add (inbox, taken);
  rb_inbox_add (inbox, taken);
  rows = rb_inbox_dup_rows (inbox);
  g_assert_cmpuint (rows->len, ==, 3);
  g_assert_true (g_ptr_array_index (rows, 0) == first);
  g_assert_true (g_ptr_array_index (rows, 2) == third);
  rb_inbox_remove (inbox, "m2");
  rb_inbox_remove (inbox, "m2");
  g_assert_cmpuint (rb_inbox_get_n (inbox), ==, 2);
}

/* protocol.md 10.4. */
static void
test_inbox_reasons (void)
{
  g_test_summary ("Outwards, an unaddressed message has no target endpoint; the other reasons are the wire's own.");

  g_assert_cmpstr (rb_inbox_wire_reason (RB_REASON_UNADDRESSED), ==, "no_target_endpoint");
  g_assert_cmpstr (rb_inbox_wire_reason (RB_REASON_CLOSED_SESSION), ==, "closed_session_continuation");
  g_assert_cmpstr (rb_inbox_wire_reason (RB_REASON_CORRELATED), ==, "correlated_continuation");
}

static void
end (RbLedger   *ledger,
     const char *id,
     gint64      now,
     RbChanges  *changes)
{
  g_autoptr(RbMessage) message = make_message (id, NULL);

  rb_ledger_add (ledger, message);
  rb_ledger_end (ledger, message, "delivered", now, changes);
}

static guint
count_deleted (RbChanges  *changes,
               RbTable     table,
               const char *id)
{
  guint n = 0;

  for (guint i = 0; i < rb_changes_get_n (changes); i++)
    {
      const RbChange *change = rb_changes_get (changes, i);
      const char *key;

      if (change->op != RB_CHANGE_DELETE || change->table != table)
        continue;
      g_variant_get_child (change->row, 0, "&s", &key);
      n += g_str_equal (key, id);
    }
  return n;
}

static void
test_ledger_cap (void)
{
  g_autoptr(RbLedger) ledger = rb_ledger_new (3, 1000);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("Ended messages are remembered by number and by age; what is forgotten leaves the disk.");

  for (guint i = 0; i < 5; i++)
    {
      char id[] = { (char) ('a' + i), '\0' };

      end (ledger, id, i, changes);
    }
  g_assert_cmpuint (rb_ledger_get_n (ledger), ==, 0);
  g_assert_cmpuint (rb_ledger_get_n_seen (ledger), ==, 3);
  g_assert_false (rb_ledger_has_seen (ledger, "b"));
  g_assert_true (rb_ledger_has_seen (ledger, "c"));
  g_assert_cmpuint (count_deleted (changes, RB_TABLE_PLACES, "a"), ==, 1);
  g_assert_cmpuint (count_deleted (changes, RB_TABLE_CHECKPOINTS, "b"), ==, 0);   /* the archive's */
  g_assert_cmpuint (count_deleted (changes, RB_TABLE_PLACES, "c"), ==, 0);
  g_assert_cmpuint (count_deleted (changes, RB_TABLE_MESSAGES, "e"), ==, 1);

  end (ledger, "late", 5000, changes);
  g_assert_cmpuint (rb_ledger_get_n_seen (ledger), ==, 1);
  g_assert_true (rb_ledger_has_seen (ledger, "late"));
}

static void
test_ledger_pause (void)
{
  g_autoptr(RbLedger) ledger = rb_ledger_new (1000, 1000);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("After a long pause old ones go a few at a time.");

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      rb_ledger_add_seen (ledger, id, 0);
      rb_ledger_add_seen (ledger, id, 0);
    }
  g_assert_cmpuint (rb_ledger_get_n_seen (ledger), ==, 100);
  end (ledger, "x", 9999, changes);
  g_assert_cmpuint (rb_ledger_get_n_seen (ledger), ==, 101 - 16);
}

static void
test_ledger_live (void)
{
  g_autoptr(RbLedger) ledger = rb_ledger_new (3, 1000);
  g_autoptr(RbMessage) message = make_message ("m", NULL);

  g_test_summary ("A message lives until it ends or was not to be; the latter is not remembered.");

  rb_ledger_add (ledger, message);
  g_assert_true (rb_ledger_lookup (ledger, "m") == message);
  rb_ledger_drop (ledger, message);
  g_assert_null (rb_ledger_lookup (ledger, "m"));
  g_assert_false (rb_ledger_has_seen (ledger, "m"));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/queue/lanes", test_lanes);
  g_test_add_func ("/queue/put-back", test_put_back);
  g_test_add_func ("/queue/put-back-behind", test_put_back_behind);
  g_test_add_func ("/queue/remove-anywhere", test_remove_anywhere);
  g_test_add_func ("/queue/not-durable", test_not_durable);
  g_test_add_func ("/queue/not-durable-behind", test_not_durable_behind);
  g_test_add_func ("/queue/sizes", test_sizes);
  g_test_add_func ("/queue/by-arrival", test_by_arrival);
  g_test_add_func ("/queue/many", test_many);
  g_test_add_func ("/queue/freed-full", test_freed_full);
  g_test_add_func ("/inbox/slots", test_inbox_slots);
  g_test_add_func ("/inbox/reasons", test_inbox_reasons);
  g_test_add_func ("/ledger/cap", test_ledger_cap);
  g_test_add_func ("/ledger/pause", test_ledger_pause);
  g_test_add_func ("/ledger/live", test_ledger_live);

  return g_test_run ();
}
