/* rb-cursor.c: delivery cursor arithmetic: contiguous floor, gaps, duplicates
 *
 * Everything at or below the floor is accepted. Above it, a sequence is in the table while it is in progress (handed on, not
 * decided) or accepted out of order. All of the table lies in (floor, highest], so a gap is known from three numbers, and nothing
 * here costs more when the gap is wide.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-cursor.h"

typedef enum { IN_PROGRESS = 1, ACCEPTED } State;   /* 0: not in the table */

struct _RbCursor {
  gint64      floor;
  gint64      highest;   /* ever received, accepted or jumped to; at least @floor */
  GHashTable *pending;   /* gint64 * to State; keys owned */
};

/**
 * rb_cursor_new:
 * @floor: the highest sequence up to which everything was accepted; 0: nothing yet
 *
 * Returns: (transfer full): a new cursor
 */
RbCursor *
rb_cursor_new (gint64 floor)
{
  RbCursor *self = g_new (RbCursor, 1);

  self->floor = MAX (floor, 0);
  self->highest = self->floor;
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

void
rb_cursor_free (RbCursor *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->pending);
  g_free (self);
}

gint64
rb_cursor_get_floor (const RbCursor *self)
{
  return self->floor;
}

static State
get_state (const RbCursor *self,
           gint64          seq)
{
  return (State) GPOINTER_TO_INT (g_hash_table_lookup (self->pending, &seq));
}

static void
set_state (RbCursor *self,
           gint64    seq,
           State     state)
{
  g_hash_table_insert (self->pending, g_memdup2 (&seq, sizeof seq), GINT_TO_POINTER (state));
  self->highest = MAX (self->highest, seq);
}

/* Moves the floor over what was accepted out of order. */
static void
flush (RbCursor *self)
{
  while (self->floor < self->highest)
    {
      gint64 next = self->floor + 1;

      if (get_state (self, next) != ACCEPTED)
        return;
      g_hash_table_remove (self->pending, &next);
      self->floor = next;
    }
}

/**
 * rb_cursor_receive:
 * @self: a cursor
 * @seq: the sequence of a message that arrived
 *
 * Source: protocol.md 13.6, IMP-44.
 *
 * Returns: %RB_CURSOR_NEW if the message is to be handed on, which it then is until rb_cursor_accept() or
 *   rb_cursor_release(); otherwise why not
 */
RbCursorVerdict
rb_cursor_receive (RbCursor *self,
                   gint64    seq)
{
  State state;

  if (seq < 1)
    return RB_CURSOR_INVALID;
  if (seq <= self->floor)
    return RB_CURSOR_OLD;

  state = get_state (self, seq);
  if (state == ACCEPTED)
    return RB_CURSOR_ACCEPTED;
  if (state == IN_PROGRESS)
    return RB_CURSOR_IN_PROGRESS;

  set_state (self, seq, IN_PROGRESS);
  return RB_CURSOR_NEW;
}

/**
 * rb_cursor_accept:
 * @self: a cursor
 * @seq: a sequence; it need not have arrived (a skipped one). Not above the floor: ignored
 *
 * Returns: whether the floor moved
 */
gboolean
rb_cursor_accept (RbCursor *self,
                  gint64    seq)
{
  gint64 before = self->floor;

  if (seq <= self->floor)
    return FALSE;

  set_state (self, seq, ACCEPTED);
  flush (self);
  return self->floor > before;
}

/**
 * rb_cursor_release:
 * @self: a cursor
 * @seq: a sequence that is in progress; others are ignored
 *
 * The message was refused: it is missing again, and its next copy is new.
 */
void
rb_cursor_release (RbCursor *self,
                   gint64    seq)
{
  if (get_state (self, seq) == IN_PROGRESS)
    g_hash_table_remove (self->pending, &seq);
}

static gboolean
is_at_or_below (gpointer key,
                gpointer value,
                gpointer user_data)
{
  return *(const gint64 *) key <= *(const gint64 *) user_data;
}

/**
 * rb_cursor_jump:
 * @self: a cursor
 * @floor: what the other side says was accepted already; not above the floor: ignored
 *
 * Source: protocol.md 13.8.
 *
 * Returns: whether the floor moved
 */
gboolean
rb_cursor_jump (RbCursor *self,
                gint64    floor)
{
  if (floor <= self->floor)
    return FALSE;

  g_hash_table_foreach_remove (self->pending, is_at_or_below, &floor);
  self->floor = floor;
  self->highest = MAX (self->highest, floor);
  flush (self);
  return TRUE;
}

gboolean
rb_cursor_has_gap (const RbCursor *self)
{
  return self->highest - self->floor > (gint64) g_hash_table_size (self->pending);
}

guint
rb_cursor_get_n_pending (const RbCursor *self)
{
  return g_hash_table_size (self->pending);
}
