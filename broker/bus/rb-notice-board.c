/* rb-notice-board.c: which notifications should stand now
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-notice-board.h"

typedef enum {
  ITEM_WAITING,      /* not for long enough */
  ITEM_SINGLE,       /* stands alone */
  ITEM_CLOSED,       /* stood alone; a person closed it */
  ITEM_IN_DIGEST,
} ItemState;

typedef struct {
  ItemState state;
  gint64    due_ms;        /* when it has waited for long enough */
  guint     look;          /* the last one that found it */
} Item;

struct _RbNoticeBoard {
  GHashTable *items;                         /* id to Item: what waits, no more */
  guint       n_looks;
  guint       n_in[ITEM_IN_DIGEST + 1];      /* how many items are in each state */
  gint64      news[RB_NOTICE_SINGLES];       /* when the last ones came; 0: none */
  guint       next_news;                     /* the oldest of them */
  gboolean    stands;                        /* the digest does */
  gboolean    has_news;                      /* something came that it has not told yet */
  guint       n_told;
  gint64      told_at_ms;                    /* 0: never */
};

/* One look. */
typedef struct {
  RbNoticeBoard *board;
  GArray        *steps;
  gint64         now_ms;
  gint64         due_ms;
} Look;

static void
clear_step (gpointer data)
{
  RbNoticeStep *step = data;

  g_free (step->slot);
}

RbNoticeBoard *
rb_notice_board_new (void)
{
  RbNoticeBoard *self = g_new0 (RbNoticeBoard, 1);

  self->items = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
rb_notice_board_free (RbNoticeBoard *self)
{
  g_hash_table_unref (self->items);
  g_free (self);
}

static void
add_step (Look       *look,
          const char *slot,
          gboolean    withdraws,
          guint       n,
          gboolean    is_news)
{
  RbNoticeStep step = { g_strdup (slot), withdraws, n, is_news };

  g_array_append_val (look->steps, step);
}

static void
set_state (RbNoticeBoard *self,
           Item          *item,
           ItemState      state)
{
  self->n_in[item->state]--;
  item->state = state;
  self->n_in[state]++;
}

static void
look_again_at (Look   *look,
               gint64  at_ms)
{
  look->due_ms = look->due_ms == 0 ? at_ms : MIN (look->due_ms, at_ms);
}

static void
note (Look               *look,
      const RbNoticeNeed *need)
{
  RbNoticeBoard *self = look->board;
  Item *item = g_hash_table_lookup (self->items, need->id);

  if (item == NULL)
    {
      item = g_new0 (Item, 1);
      item->due_ms = look->now_ms + need->delay_ms;
      self->n_in[ITEM_WAITING]++;
      g_hash_table_insert (self->items, g_strdup (need->id), item);
    }
  item->look = self->n_looks;
}

/* What does not wait any more. */
static void
forget (Look *look)
{
  RbNoticeBoard *self = look->board;
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, &id, &value))
    {
      const Item *item = value;

      if (item->look == self->n_looks)
        continue;
      if (item->state == ITEM_SINGLE)
        add_step (look, id, TRUE, 0, FALSE);
      self->n_in[item->state]--;
      g_hash_table_iter_remove (&iter);
    }
}

static gboolean
is_fresh (Look       *look,
          const Item *item)
{
  if (item->state != ITEM_WAITING)
    return FALSE;
  if (item->due_ms <= look->now_ms)
    return TRUE;
  look_again_at (look, item->due_ms);
  return FALSE;
}

static guint
count_recent (const RbNoticeBoard *self,
              gint64               now_ms)
{
  guint n = 0;

  for (guint i = 0; i < RB_NOTICE_SINGLES; i++)
    n += self->news[i] != 0 && self->news[i] > now_ms - RB_NOTICE_WINDOW_MS;
  return n;
}

static gboolean
is_too_much (Look  *look,
             guint  n_fresh)
{
  const RbNoticeBoard *self = look->board;

  return self->n_in[ITEM_IN_DIGEST] > 0 || self->n_in[ITEM_SINGLE] + n_fresh > RB_NOTICE_SINGLES ||
         count_recent (self, look->now_ms) + n_fresh > RB_NOTICE_SINGLES || (self->n_looks == 1 && n_fresh > 1);
}

/* They go with those that come now. */
static void
fold_singles (Look *look)
{
  RbNoticeBoard *self = look->board;
  GHashTableIter iter;
  gpointer id, item;

  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, &id, &item))
    if (((Item *) item)->state == ITEM_SINGLE)
      {
        add_step (look, id, TRUE, 0, FALSE);
        set_state (self, item, ITEM_IN_DIGEST);
      }
}

static void
admit (Look       *look,
       GPtrArray  *fresh)
{
  RbNoticeBoard *self = look->board;
  gboolean together = is_too_much (look, fresh->len);

  if (together)
    fold_singles (look);
  for (guint i = 0; i < fresh->len; i++)
    {
      const char *id = g_ptr_array_index (fresh, i);

      set_state (self, g_hash_table_lookup (self->items, id), together ? ITEM_IN_DIGEST : ITEM_SINGLE);
      if (!together)
        add_step (look, id, FALSE, 1, TRUE);
      self->news[self->next_news] = look->now_ms;
      self->next_news = (self->next_news + 1) % RB_NOTICE_SINGLES;
    }
  self->has_news |= together;
}

static void
tell_digest (Look *look)
{
  RbNoticeBoard *self = look->board;
  guint n = g_hash_table_size (self->items) - self->n_in[ITEM_WAITING];
  gint64 may_at_ms = self->told_at_ms + RB_NOTICE_DIGEST_MS;

  if (!self->has_news && (!self->stands || n == self->n_told))
    return;
  if (self->told_at_ms != 0 && look->now_ms < may_at_ms)
    {
      look_again_at (look, may_at_ms);
      return;
    }
  add_step (look, RB_NOTICE_DIGEST, FALSE, n, self->has_news);
  self->stands = TRUE;
  self->has_news = FALSE;
  self->n_told = n;
  self->told_at_ms = look->now_ms;
}

static void
end_digest (Look *look)
{
  RbNoticeBoard *self = look->board;

  if (self->stands)
    add_step (look, RB_NOTICE_DIGEST, TRUE, 0, FALSE);
  self->stands = FALSE;
  self->has_news = FALSE;
}

GArray *
rb_notice_board_look (RbNoticeBoard      *self,
                      const RbNoticeNeed *needs,
                      guint               n_needs,
                      gint64              now_ms,
                      gint64             *due_ms)
{
  Look look = { self, g_array_new (FALSE, FALSE, sizeof (RbNoticeStep)), now_ms, 0 };
  g_autoptr(GPtrArray) fresh = g_ptr_array_new ();

  g_array_set_clear_func (look.steps, clear_step);
  self->n_looks++;
  for (guint i = 0; i < n_needs; i++)
    note (&look, &needs[i]);
  forget (&look);
  for (guint i = 0; i < n_needs; i++)
    if (is_fresh (&look, g_hash_table_lookup (self->items, needs[i].id)))
      g_ptr_array_add (fresh, (gpointer) needs[i].id);
  if (fresh->len > 0)
    admit (&look, fresh);
  if (self->n_in[ITEM_IN_DIGEST] > 0)
    tell_digest (&look);
  else
    end_digest (&look);
  *due_ms = look.due_ms;
  return look.steps;
}

void
rb_notice_board_closed (RbNoticeBoard *self,
                        const char    *slot)
{
  Item *item = g_hash_table_lookup (self->items, slot);

  if (g_str_equal (slot, RB_NOTICE_DIGEST))
    self->stands = FALSE;
  else if (item != NULL && item->state == ITEM_SINGLE)
    set_state (self, item, ITEM_CLOSED);
}
