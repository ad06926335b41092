/* rb-cursor.c: delivery cursor arithmetic: contiguous floor, gaps, duplicates
 *
 * Everything at or below the floor is accepted. Above it, a sequence is in the table while it is in progress (handed on, not
 * decided), refused, or accepted out of order. All of the table lies in (floor, highest], so a gap is known from a few numbers, and
 * nothing here costs more when the gap is wide.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-cursor.h"

typedef enum { IN_PROGRESS = 1, REFUSED, ACCEPTED } State;   /* 0: not in the table */

struct _RbCursor {
  gint64      floor;
  gint64      highest;   /* ever received, accepted, expected or jumped to; at least @floor */
  gint64      missing;   /* all of (floor, missing) is in the table; the first that is not lies here or above */
  guint       n_refused; /* of @pending */
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
  self->missing = self->floor;
  self->n_refused = 0;
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
  self->n_refused -= get_state (self, seq) == REFUSED;
  self->n_refused += state == REFUSED;
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
    set_state (self, seq, REFUSED);
}

/**
 * rb_cursor_forget:
 * @self: a cursor
 * @seq: a sequence that is in progress; others are ignored
 *
 * There was no room for the message: it is missing, as if it had not arrived.
 */
void
rb_cursor_forget (RbCursor *self,
                  gint64    seq)
{
  if (get_state (self, seq) != IN_PROGRESS)
    return;

  g_hash_table_remove (self->pending, &seq);
  self->missing = MIN (self->missing, seq);
}

void
rb_cursor_expect (RbCursor *self,
                  gint64    seq)
{
  self->highest = MAX (self->highest, seq);
}

static gboolean
is_passed (gpointer key,
           gpointer value,
           gpointer user_data)
{
  RbCursor *self = user_data;

  if (*(const gint64 *) key > self->floor)
    return FALSE;
  self->n_refused -= GPOINTER_TO_INT (value) == REFUSED;
  return TRUE;
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

  self->floor = floor;
  self->highest = MAX (self->highest, floor);
  g_hash_table_foreach_remove (self->pending, is_passed, self);
  flush (self);
  return TRUE;
}

gboolean
rb_cursor_has_gap (const RbCursor *self)
{
  return self->highest - self->floor > (gint64) rb_cursor_get_n_pending (self);
}

gint64
rb_cursor_get_highest (const RbCursor *self)
{
  return self->highest;
}

/**
 * rb_cursor_get_first_missing:
 * @self: a cursor
 *
 * Tells one gap from the next: it stays the same for as long as the same message is missing. Each sequence is passed once, so this
 * costs nothing on the average.
 *
 * Returns: the lowest sequence above the floor that never arrived; 0 when everything up to the highest known one did
 */
gint64
rb_cursor_get_first_missing (RbCursor *self)
{
  gint64 candidate = MAX (self->missing, self->floor);

  while (candidate <= self->highest && (candidate <= self->floor || get_state (self, candidate) != 0))
    {
      if (candidate == G_MAXINT64)
        return 0;
      candidate++;
    }
  self->missing = candidate;
  return candidate <= self->highest ? candidate : 0;
}

guint
rb_cursor_get_n_pending (const RbCursor *self)
{
  return g_hash_table_size (self->pending) - self->n_refused;
}

guint
rb_cursor_get_n_refused (const RbCursor *self)
{
  return self->n_refused;
}

static int
compare_seqs (gconstpointer a,
              gconstpointer b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/**
 * rb_cursor_dup_refused:
 * @self: a cursor
 *
 * Returns: (transfer full) (element-type gint64): what was refused and did not come again, ascending
 */
GArray *
rb_cursor_dup_refused (const RbCursor *self)
{
  GArray *refused = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer key, state;

  g_hash_table_iter_init (&iter, self->pending);
  while (self->n_refused > 0 && g_hash_table_iter_next (&iter, &key, &state))
    if (GPOINTER_TO_INT (state) == REFUSED)
      g_array_append_val (refused, *(const gint64 *) key);
  g_array_sort (refused, compare_seqs);
  return refused;
}
