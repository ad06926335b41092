/* rb-local-mailbox.c: which messages of our mailbox are with the broker, and which are due
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The mailbox is read upwards, each number once. A message that was handed on is in flight until it is accepted or released; one
 * that was released waits, outside the window, until its backoff is over, and is then read again by its number. The database
 * itself says what is accepted, so there is no floor to keep here. */
#include "config.h"

#include "rb-local-mailbox.h"

#include "rb-backoff.h"

#define MAX_READ_MESSAGES 64
#define MAX_READ_BYTES ((gsize) 4 * 1024 * 1024)
#define RELEASE_INITIAL_MS 1000
#define RELEASE_MAX_MS 30000

typedef struct {
  gint64         seq;
  gsize          size;
  RbBackoff      backoff;     /* of releases, over all deliveries */
  gint64         due_us;      /* when it waits */
  GSequenceIter *waiting;     /* in @waiting of the mailbox; NULL: in flight */
} Held;

struct _RbLocalMailbox {
  guint       window_messages;
  gsize       window_bytes;
  GHashTable *held;           /* seq (inside the value) to Held, owned */
  GSequence  *waiting;        /* Held, borrowed, by due time */
  guint       n_in_flight;
  gsize       bytes_in_flight;
  gint64      read_up_to;     /* everything up to here was handed on at least once */
  gboolean    more;           /* there may be messages above @read_up_to */
  gsize       blocked_size;   /* of the next message, when it did not fit; 0: not known */
};

static int
compare_due (gconstpointer a,
             gconstpointer b,
             gpointer      user_data)
{
  const Held *left = a;
  const Held *right = b;

  if (left->due_us != right->due_us)
    return left->due_us < right->due_us ? -1 : 1;
  return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static int
compare_seq (gconstpointer a,
             gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

RbLocalMailbox *
rb_local_mailbox_new (void)
{
  RbLocalMailbox *self = g_new0 (RbLocalMailbox, 1);

  self->held = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  self->waiting = g_sequence_new (NULL);
  self->more = TRUE;
  return self;
}

void
rb_local_mailbox_free (RbLocalMailbox *self)
{
  g_return_if_fail (self != NULL);

  g_sequence_free (self->waiting);
  g_hash_table_unref (self->held);
  g_free (self);
}

void
rb_local_plan_clear (RbLocalPlan *plan)
{
  g_clear_pointer (&plan->again, g_array_unref);
}

void
rb_local_mailbox_set_window (RbLocalMailbox *self,
                             guint           messages,
                             gsize           bytes)
{
  g_return_if_fail (self != NULL);

  self->window_messages = messages;
  self->window_bytes = bytes;
  self->blocked_size = 0;
}

void
rb_local_mailbox_ring (RbLocalMailbox *self)
{
  g_return_if_fail (self != NULL);
  self->more = TRUE;
}

/* How large a message may be handed on now. One that is larger than the whole window goes alone. */
static gsize
get_room (RbLocalMailbox *self)
{
  if (self->n_in_flight == 0)
    return G_MAXSIZE;
  return self->window_bytes > self->bytes_in_flight ? self->window_bytes - self->bytes_in_flight : 0;
}

static gboolean
fits (RbLocalMailbox *self,
      gsize           size)
{
  return self->n_in_flight < self->window_messages && size <= get_room (self);
}

static GArray *
list_due (RbLocalMailbox *self,
          gint64          now_us,
          guint           max)
{
  GArray *due = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (GSequenceIter *iter = g_sequence_get_begin_iter (self->waiting);
       !g_sequence_iter_is_end (iter) && due->len < max;
       iter = g_sequence_iter_next (iter))
    {
      const Held *held = g_sequence_get (iter);

      if (held->due_us > now_us)
        break;
      g_array_append_val (due, held->seq);
    }

  g_array_sort (due, compare_seq);
  return due;
}

/**
 * rb_local_mailbox_plan:
 * @self: a mailbox
 * @now_us: the monotonic clock
 * @plan: (out caller-allocates): what to read; to be cleared
 *
 * Plans a read that fills the room in the window. Every plan is followed by
 * rb_local_mailbox_end() before the next one.
 *
 * Returns: %TRUE if there is room and something may be there to fill it
 */
gboolean
rb_local_mailbox_plan (RbLocalMailbox *self,
                       gint64          now_us,
                       RbLocalPlan    *plan)
{
  g_autoptr(GArray) due = NULL;
  gsize window_left;

  g_return_val_if_fail (self != NULL, FALSE);

  if (!fits (self, MAX (self->blocked_size, 1)))
    return FALSE;

  plan->messages = MIN (self->window_messages - self->n_in_flight, MAX_READ_MESSAGES);
  due = list_due (self, now_us, plan->messages);
  if (due->len == 0 && !self->more)
    return FALSE;

  window_left = self->window_bytes > self->bytes_in_flight ? self->window_bytes - self->bytes_in_flight : 0;
  plan->again = g_steal_pointer (&due);
  plan->after = self->read_up_to;
  plan->first_bytes = get_room (self);
  plan->bytes = MIN (window_left, MAX_READ_BYTES);
  self->more = FALSE;
  self->blocked_size = 0;
  return TRUE;
}

/**
 * rb_local_mailbox_take:
 * @self: a mailbox
 * @seq: number of a message that was read
 * @size: its size
 *
 * Returns: %TRUE if it is in flight now and must be handed on; %FALSE if there
 *   is no room for it any more, or no need
 */
gboolean
rb_local_mailbox_take (RbLocalMailbox *self,
                       gint64          seq,
                       gsize           size)
{
  Held *held;

  g_return_val_if_fail (self != NULL, FALSE);

  held = g_hash_table_lookup (self->held, &seq);
  if (!fits (self, size) || (held != NULL ? held->waiting == NULL : seq <= self->read_up_to))
    return FALSE;

  if (held == NULL)
    {
      held = g_new0 (Held, 1);
      held->seq = seq;
      rb_backoff_init (&held->backoff, RELEASE_INITIAL_MS, RELEASE_MAX_MS);
      g_hash_table_replace (self->held, &held->seq, held);
      self->read_up_to = seq;
    }
  g_clear_pointer (&held->waiting, g_sequence_remove);

  held->size = size;
  self->n_in_flight++;
  self->bytes_in_flight += size;
  return TRUE;
}

/**
 * rb_local_mailbox_forget:
 * @self: a mailbox
 * @seq: number of a released message that is not in the database any more
 */
void
rb_local_mailbox_forget (RbLocalMailbox *self,
                         gint64          seq)
{
  Held *held;

  g_return_if_fail (self != NULL);

  held = g_hash_table_lookup (self->held, &seq);
  if (held == NULL || held->waiting == NULL)
    return;

  g_clear_pointer (&held->waiting, g_sequence_remove);
  g_hash_table_remove (self->held, &seq);
}

/**
 * rb_local_mailbox_end:
 * @self: a mailbox
 * @more: whether there may be messages that the plan did not reach
 * @blocked_size: size of the next one if it did not fit, else 0
 *
 * The plan is done with. A plan that failed ends with @more.
 */
void
rb_local_mailbox_end (RbLocalMailbox *self,
                      gboolean        more,
                      gsize           blocked_size)
{
  g_return_if_fail (self != NULL);

  self->more = self->more || more;
  self->blocked_size = blocked_size;
}

static void
leave_flight (RbLocalMailbox *self,
              const Held     *held)
{
  self->n_in_flight--;
  self->bytes_in_flight -= held->size;
}

/**
 * rb_local_mailbox_accept:
 * @self: a mailbox
 * @seq: number of a message that was handed on
 *
 * Returns: %FALSE if no such message is with the broker
 */
gboolean
rb_local_mailbox_accept (RbLocalMailbox *self,
                         gint64          seq)
{
  Held *held;

  g_return_val_if_fail (self != NULL, FALSE);

  held = g_hash_table_lookup (self->held, &seq);
  if (held == NULL)
    return FALSE;

  if (held->waiting == NULL)
    leave_flight (self, held);
  else
    self->blocked_size = 0;     /* it may have been the one that did not fit */
  g_clear_pointer (&held->waiting, g_sequence_remove);
  g_hash_table_remove (self->held, &seq);
  return TRUE;
}

/**
 * rb_local_mailbox_release:
 * @self: a mailbox
 * @seq: number of a message in flight
 * @now_us: the monotonic clock
 *
 * Lets it be handed on again after 1 s, at the next release after 2 s, and so on up to 30 s.
 *
 * Returns: %FALSE if no such message is in flight
 */
gboolean
rb_local_mailbox_release (RbLocalMailbox *self,
                          gint64          seq,
                          gint64          now_us)
{
  Held *held;

  g_return_val_if_fail (self != NULL, FALSE);

  held = g_hash_table_lookup (self->held, &seq);
  if (held == NULL || held->waiting != NULL)
    return FALSE;

  leave_flight (self, held);
  held->due_us = now_us + rb_backoff_next (&held->backoff) * G_TIME_SPAN_MILLISECOND;
  held->waiting = g_sequence_insert_sorted (self->waiting, held, compare_due, NULL);
  return TRUE;
}

/**
 * rb_local_mailbox_get_next_due:
 * @self: a mailbox
 *
 * Returns: when the next released message is due, on the monotonic clock; -1 for none
 */
gint64
rb_local_mailbox_get_next_due (RbLocalMailbox *self)
{
  g_return_val_if_fail (self != NULL, -1);

  if (g_sequence_is_empty (self->waiting))
    return -1;
  return ((const Held *) g_sequence_get (g_sequence_get_begin_iter (self->waiting)))->due_us;
}
