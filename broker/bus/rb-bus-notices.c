/* rb-bus-notices.c: a person is told what waits for them, and answers with a click
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-notices.h"

#include "rb-bus-click.h"
#include "rb-bus-notifier.h"
#include "rb-log.h"
#include "rb-needs.h"
#include "rb-notice-board.h"
#include "rb-touched.h"
#include "rb-views.h"

/* How long changes are collected: also what a runtime takes by itself within that is nothing to tell. */
#define COLLECT_MS 300
/* Of our answers to clicks: a service that clicks without end gets no more. */
#define ANSWER_MS 2000
#define CLICKS_MS 2000

struct _RbBusNotices {
  const RbBusPorts *ports;
  RbBusNotifier    *notifier;
  RbNoticeBoard    *board;
  gulong            stored_id, changed_id;
  GVariant         *rows;            /* of rb_view_needs(), as they were on the disk last; NULL: not looked yet */
  gboolean          is_dirty;        /* they may be others now */
  guint64           timer;           /* until what changed is looked at */
  guint64           due_timer;       /* until the board wants to look again */
  GCancellable     *looking;         /* NULL: nothing waits for the disk */
  gint64            answered_at_ms;  /* 0: never */
  GCancellable     *clicks;          /* what was clicked and is not done yet */
  gint64            clicks_since_ms; /* since when they are counted */
  guint             n_clicks;
  RbBounds         *bounds;          /* borrowed */
};

static const RbBoundInfo infos[] = {
  { "notification_clicks", "clicks in 2 s", RB_BOUND_PUSHES_BACK, "further clicks do nothing" },
};

static void look_soon (RbBusNotices *self);

static gint64
now_ms (RbBusNotices *self)
{
  return rb_clock_get_monotonic_us (self->ports->clock) / 1000;
}

/* (nullable) */
static GVariant *
find_row (GVariant   *rows,
          const char *id)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *other = "";

      if (g_variant_lookup (row, "id", "&s", &other) && g_str_equal (other, id))
        return g_steal_pointer (&row);
    }
  return NULL;
}

static void
take_step (RbBusNotices       *self,
           const RbNoticeStep *step)
{
  g_autoptr(GVariant) row = NULL;

  if (step->withdraws)
    rb_bus_notifier_withdraw (self->notifier, step->slot);
  else if (g_str_equal (step->slot, RB_NOTICE_DIGEST))
    rb_bus_notifier_show (self->notifier, rb_notice_of_all (step->n, step->is_news));
  else if ((row = find_row (self->rows, step->slot)) != NULL)
    rb_bus_notifier_show (self->notifier, rb_notice_of_need (row, self->ports->hides_content));
}

/* Borrowed from the rows. */
static GArray *
list_needs (GVariant *rows)
{
  GArray *needs = g_array_new (FALSE, FALSE, sizeof (RbNoticeNeed));

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *id = "", *kind = "";
      RbNoticeNeed need;

      g_variant_lookup (row, "id", "&s", &id);
      g_variant_lookup (row, "kind", "&s", &kind);
      need = (RbNoticeNeed) { id, rb_notice_get_delay (kind) };
      g_array_append_val (needs, need);
    }
  return needs;
}

static void on_board_due (gpointer user_data);

static void
follow_board (RbBusNotices *self)
{
  g_autoptr(GArray) needs = list_needs (self->rows);
  g_autoptr(GArray) steps = NULL;
  gint64 due_ms;

  rb_clock_clear (self->ports->clock, &self->due_timer);
  steps = rb_notice_board_look (self->board, (const RbNoticeNeed *) (gpointer) needs->data, needs->len, now_ms (self), &due_ms);
  for (guint i = 0; i < steps->len; i++)
    take_step (self, &g_array_index (steps, RbNoticeStep, i));
  if (due_ms != 0)
    self->due_timer = rb_clock_add (self->ports->clock, MAX (due_ms - now_ms (self), 1), on_board_due, self);
}

static void
on_board_due (gpointer user_data)
{
  RbBusNotices *self = user_data;

  self->due_timer = 0;
  follow_board (self);
}

typedef struct {
  RbBusNotices *notices;
  GCancellable *cancellable;
  GVariant     *rows;
} Look;

static void
on_durable (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Look *look = user_data;
  RbBusNotices *self = look->notices;
  g_autoptr(GCancellable) cancellable = look->cancellable;
  g_autoptr(GVariant) rows = look->rows;
  gboolean is_durable = rb_view_settle_finish (RB_CORE (source), result, NULL);

  g_free (look);
  if (g_cancellable_is_cancelled (cancellable))
    return;
  g_clear_object (&self->looking);
  /* Else the disk is full, which the core says, too. */
  if (is_durable)
    {
      g_clear_pointer (&self->rows, g_variant_unref);
      self->rows = g_steal_pointer (&rows);
      follow_board (self);
    }
  if (self->is_dirty)
    look_soon (self);
}

static void
on_look_due (gpointer user_data)
{
  RbBusNotices *self = user_data;
  Look *look = g_new (Look, 1);

  self->timer = 0;
  self->is_dirty = FALSE;
  self->looking = g_cancellable_new ();
  *look = (Look) { self, g_object_ref (self->looking), g_variant_ref_sink (rb_view_needs (self->ports->core)) };
  rb_view_settle_async (self->ports->core, on_durable, look);
}

static void
look_soon (RbBusNotices *self)
{
  self->is_dirty = TRUE;
  if (self->timer == 0 && self->looking == NULL)
    self->timer = rb_clock_add (self->ports->clock, COLLECT_MS, on_look_due, self);
}

static void
on_stored (RbCore       *core,
           guint         kind,
           const char   *id,
           RbBusNotices *self)
{
  if (kind == RB_TOUCHED_MESSAGE)
    look_soon (self);
}

static void
on_changed (RbCore       *core,
            const char   *topic,
            RbBusNotices *self)
{
  if (!rb_needs_is_topic (topic))
    return;
  /* What waits for a disk that is full waits for long; and that it is full has to be told. */
  if (self->looking != NULL && g_str_equal (topic, "health"))
    {
      g_cancellable_cancel (self->looking);
      g_clear_object (&self->looking);
    }
  look_soon (self);
}

static void
answer (RbBusNotices *self,
        RbNotice     *notice)
{
  gint64 now = now_ms (self);

  if (self->answered_at_ms != 0 && now < self->answered_at_ms + ANSWER_MS)
    {
      rb_notice_free (notice);
      return;
    }
  self->answered_at_ms = now;
  rb_bus_notifier_show (self->notifier, notice);
}

static void
on_done (const char *failure,
         gboolean    is_gone,
         gpointer    user_data)
{
  if (is_gone)
    answer (user_data, rb_notice_of_gone ());
  else if (failure != NULL)
    answer (user_data, rb_notice_of_failure (failure));
}

static void
show (RbBusNotices         *self,
      const RbNoticeAction *action,
      GVariant             *row)
{
  g_autoptr(GVariant) rows = row == NULL ? g_variant_ref_sink (rb_view_needs (self->ports->core)) : NULL;

  if (row != NULL)
    answer (self, rb_notice_of_details (row, self->ports->hides_content));
  else if (g_variant_n_children (rows) > 0)
    answer (self, rb_notice_of_list (rows, self->ports->hides_content));
  else
    answer (self, rb_notice_of_gone ());
}

static gboolean
count_click (RbBusNotices *self)
{
  gint64 now = now_ms (self);

  if (now >= self->clicks_since_ms + CLICKS_MS)
    {
      self->clicks_since_ms = now;
      self->n_clicks = 0;
    }
  if (self->n_clicks >= RB_BUS_CLICKS_MAX)
    {
      rb_bounds_reached (self->bounds, 0);
      return FALSE;
    }
  rb_bounds_note (self->bounds, 0, ++self->n_clicks);
  return TRUE;
}

static void
on_clicked (const RbNotice       *notice,
            const RbNoticeAction *action,
            gpointer              user_data)
{
  RbBusNotices *self = user_data;
  g_autoptr(GVariant) row = NULL;

  if (!count_click (self))
    return;
  if (action->need_id != NULL)
    row = rb_view_need (self->ports->core, action->need_id);
  rb_log_info ("notification_clicked", "action", action->action, "need", action->need_id != NULL ? action->need_id : "", NULL);
  if (action->need_id != NULL && row == NULL)
    answer (self, rb_notice_of_gone ());
  else if (g_str_equal (action->action, RB_NOTICE_DO_SHOW))
    show (self, action, row);
  else
    rb_bus_click_carry_out (self->ports->core, action, self->clicks, on_done, self);
}

static void
on_closed (const char *slot,
           gpointer    user_data)
{
  RbBusNotices *self = user_data;

  rb_notice_board_closed (self->board, slot);
}

RbBounds *
rb_bus_notices_make_bounds (RbClock *clock)
{
  RbBounds *bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), clock);

  rb_bounds_set_limit (bounds, 0, RB_BUS_CLICKS_MAX);
  return bounds;
}

RbBusNotices *
rb_bus_notices_new (const RbBusPorts *ports,
                    GDBusConnection  *connection,
                    RbBounds         *bounds)
{
  static const RbBusNotifierFuncs funcs = { on_clicked, on_closed };
  RbBusNotices *self = g_new0 (RbBusNotices, 1);

  self->ports = ports;
  self->bounds = bounds;
  self->clicks_since_ms = now_ms (self);
  self->board = rb_notice_board_new ();
  self->clicks = g_cancellable_new ();
  self->notifier = rb_bus_notifier_new (connection, &funcs, self);
  self->stored_id = g_signal_connect (ports->core, "stored", G_CALLBACK (on_stored), self);
  self->changed_id = g_signal_connect (ports->core, "changed", G_CALLBACK (on_changed), self);
  look_soon (self);
  return self;
}

void
rb_bus_notices_free (RbBusNotices *self)
{
  g_clear_signal_handler (&self->stored_id, self->ports->core);
  g_clear_signal_handler (&self->changed_id, self->ports->core);
  rb_clock_clear (self->ports->clock, &self->timer);
  rb_clock_clear (self->ports->clock, &self->due_timer);
  if (self->looking != NULL)
    g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_cancellable_cancel (self->clicks);
  g_object_unref (self->clicks);
  rb_bus_notifier_free (self->notifier);
  rb_notice_board_free (self->board);
  g_clear_pointer (&self->rows, g_variant_unref);
  g_free (self);
}
