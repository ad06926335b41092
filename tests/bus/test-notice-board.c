/* test-notice-board.c: which notifications stand: one for each thing, one for many, never a storm
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-notice-board.h"
#include "rb-test.h"

/* "+a -b +digest(12)": what is shown and taken back; a "~" stands where a change makes no sound. @ids: what waits, with spaces; "!" before one that
 * has to wait for a minute. */
static char *
look (RbNoticeBoard *board,
      const char    *ids,
      gint64         now_ms,
      gint64        *due_ms)
{
  g_auto(GStrv) words = g_strsplit (ids, " ", -1);
  g_autoptr(GArray) needs = g_array_new (FALSE, FALSE, sizeof (RbNoticeNeed));
  g_autoptr(GArray) steps = NULL;
  GString *text = g_string_new (NULL);
  gint64 due;

  for (guint i = 0; words[i] != NULL; i++)
    {
      gboolean is_slow = *words[i] == '!';
      RbNoticeNeed need = { words[i] + (is_slow ? 1 : 0), is_slow ? 60000 : 0 };

      if (*words[i] != '\0')
        g_array_append_val (needs, need);
    }
  steps = rb_notice_board_look (board, (const RbNoticeNeed *) (gpointer) needs->data, needs->len, now_ms, due_ms != NULL ? due_ms : &due);
  for (guint i = 0; i < steps->len; i++)
    {
      const RbNoticeStep *step = &g_array_index (steps, RbNoticeStep, i);

      g_string_append_printf (text, "%s%s%s", i > 0 ? " " : "", step->withdraws ? "-" : step->is_news ? "+" : "~", step->slot);
      if (!step->withdraws && g_str_equal (step->slot, RB_NOTICE_DIGEST))
        g_string_append_printf (text, "(%u)", step->n);
    }
  return g_string_free (text, FALSE);
}

#define ASSERT_LOOK(board, ids, now_ms, expected)                          \
  G_STMT_START {                                                           \
    g_autofree char *found_ = look (board, ids, now_ms, NULL);             \
    g_assert_cmpstr (found_, ==, expected);                                \
  } G_STMT_END

static void
test_single (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();

  g_test_summary ("Each of a few has its own, shown once, and taken back when it does not wait any more.");

  ASSERT_LOOK (board, "", 1000, "");
  ASSERT_LOOK (board, "m:1", 2000, "+m:1");
  ASSERT_LOOK (board, "m:1", 3000, "");
  ASSERT_LOOK (board, "m:1 m:2 m:3", 4000, "+m:2 +m:3");
  ASSERT_LOOK (board, "m:1 m:3", 5000, "-m:2");
  ASSERT_LOOK (board, "", 6000000, "-m:1 -m:3");
}

static void
test_closed (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();

  g_test_summary ("What a person closed is neither shown again nor taken back; what comes again later is new.");

  ASSERT_LOOK (board, "m:1", 1000, "+m:1");
  rb_notice_board_closed (board, "m:1");
  rb_notice_board_closed (board, "m:nothing");
  rb_notice_board_closed (board, RB_NOTICE_DIGEST);
  ASSERT_LOOK (board, "m:1", 2000, "");
  ASSERT_LOOK (board, "", 3000, "");
  ASSERT_LOOK (board, "m:1", 4000, "+m:1");
}

static void
test_digest (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();
  gint64 due_ms;
  g_autofree char *more = NULL;

  g_test_summary ("More than a few are one; it is changed in place, at most every fifteen seconds, and goes with the last that it stood for.");

  ASSERT_LOOK (board, "", 1000, "");
  ASSERT_LOOK (board, "m:1", 1000, "+m:1");
  ASSERT_LOOK (board, "m:1 m:2 m:3 m:4 m:5", 2000, "-m:1 +digest(5)");
  more = look (board, "m:1 m:2 m:3 m:4 m:5 m:6", 3000, &due_ms);
  g_assert_cmpstr (more, ==, "");
  g_assert_cmpint (due_ms, ==, 2000 + RB_NOTICE_DIGEST_MS);
  ASSERT_LOOK (board, "m:1 m:2 m:3 m:4 m:5 m:6 m:7", 16999, "");
  ASSERT_LOOK (board, "m:1 m:2 m:3 m:4 m:5 m:6 m:7", 17000, "+digest(7)");
  ASSERT_LOOK (board, "m:7", 32000, "~digest(1)");
  ASSERT_LOOK (board, "m:8", 33000, "");
  ASSERT_LOOK (board, "m:8", 47000, "+digest(1)");
  ASSERT_LOOK (board, "", 47001, "-digest");
  ASSERT_LOOK (board, "m:9", 200000, "+m:9");
}

static void
test_storm (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();
  guint n = 0;

  g_test_summary ("A thousand that come and go within a minute make a handful of notifications, also when each is answered at once.");

  ASSERT_LOOK (board, "", 1, "");
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("m:%u", i);
      g_autofree char *come = look (board, id, 1 + i * 60, NULL);
      g_autofree char *gone = look (board, "", 30 + i * 60, NULL);

      n += *come == '+' || *come == '~';
      g_assert_true (*gone == '-' || *gone == '\0');
    }
  g_assert_cmpuint (n, <=, RB_NOTICE_SINGLES + 60000 / RB_NOTICE_DIGEST_MS + 1);
  g_assert_cmpuint (n, >=, RB_NOTICE_SINGLES + 1);
}

static void
test_closed_digest (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();

  g_test_summary ("A digest that was closed comes again with news, not because something was answered.");

  ASSERT_LOOK (board, "m:1 m:2 m:3 m:4", 1, "+digest(4)");
  rb_notice_board_closed (board, RB_NOTICE_DIGEST);
  ASSERT_LOOK (board, "m:1 m:2", 100000, "");
  ASSERT_LOOK (board, "m:1 m:2 m:5", 200000, "+digest(3)");
}

static void
test_first_look (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();
  g_autoptr(RbNoticeBoard) other = rb_notice_board_new ();

  g_test_summary ("What waited before, as after a restart, is told at once and together.");

  ASSERT_LOOK (board, "m:1 m:2", 1, "+digest(2)");
  ASSERT_LOOK (other, "m:1", 1, "+m:1");
}

static void
test_delay (void)
{
  g_autoptr(RbNoticeBoard) board = rb_notice_board_new ();
  g_autofree char *nothing = NULL;
  gint64 due_ms;

  g_test_summary ("What may end by itself is told when it has not for a while, and not at all when it has.");

  nothing = look (board, "!u:link", 1000, &due_ms);
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpint (due_ms, ==, 61000);
  ASSERT_LOOK (board, "", 30000, "");
  ASSERT_LOOK (board, "!u:link", 40000, "");
  ASSERT_LOOK (board, "!u:link", 99999, "");
  ASSERT_LOOK (board, "!u:link", 100000, "+u:link");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/notice-board/single", test_single);
  g_test_add_func ("/notice-board/closed", test_closed);
  g_test_add_func ("/notice-board/digest", test_digest);
  g_test_add_func ("/notice-board/closed-digest", test_closed_digest);
  g_test_add_func ("/notice-board/storm", test_storm);
  g_test_add_func ("/notice-board/first-look", test_first_look);
  g_test_add_func ("/notice-board/delay", test_delay);
  return g_test_run ();
}
