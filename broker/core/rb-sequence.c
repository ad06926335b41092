/* rb-sequence.c: the numbers of what is told of one assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sequence.h"

#define RESERVE 64       /* set aside at a time... */
#define FEW 32           /* ...when fewer than these are left, so that an ordinary row brings more before they are used up */

static gint64
get_highest (const RbSequence *self)
{
  return MAX (self->last, self->told);
}

/* An adapter may wish for any number. */
static gint64
add (gint64 number,
     gint64 n)
{
  return number > G_MAXINT64 - n ? G_MAXINT64 : number + n;
}

void
rb_sequence_init (RbSequence *self)
{
  *self = (RbSequence) { .last = 1 };
}

void
rb_sequence_load (RbSequence *self,
                  gint64      written)
{
  *self = (RbSequence) { .last = written, .written = written, .reserved = written };
}

void
rb_sequence_clear (RbSequence *self)
{
  g_clear_pointer (&self->event_id, g_free);
}

gint64
rb_sequence_get_next (const RbSequence *self)
{
  return add (get_highest (self), 1);
}

static gboolean
is_same_again (const RbSequence *self,
               const char       *event_id,
               gint64            wish)
{
  return event_id != NULL && self->told >= self->last && self->wish == wish && g_strcmp0 (self->event_id, event_id) == 0;
}

gint64
rb_sequence_take (RbSequence *self,
                  const char *event_id,
                  gint64      wish)
{
  if (is_same_again (self, event_id, wish))
    return self->told;

  self->told = MAX (wish, rb_sequence_get_next (self));
  self->wish = wish;
  g_free (self->event_id);
  self->event_id = g_strdup (event_id);
  return self->told;
}

void
rb_sequence_settle (RbSequence *self,
                    gint64      number)
{
  self->last = MAX (self->last, number);
}

gboolean
rb_sequence_is_reserved (const RbSequence *self)
{
  return self->told <= self->reserved;
}

gint64
rb_sequence_reserve (RbSequence *self)
{
  if (self->written < add (get_highest (self), FEW))
    self->written = add (get_highest (self), RESERVE);
  return self->written;
}

/* Rows become durable in the order in which they were written, and a lower one may be on its way. */
void
rb_sequence_note_durable (RbSequence *self,
                          gint64      written)
{
  self->reserved = MIN (written, self->written);
}

gboolean
rb_sequence_give_back (RbSequence *self)
{
  if (self->written <= get_highest (self))
    return FALSE;

  self->written = get_highest (self);
  self->reserved = MIN (self->reserved, self->written);
  return TRUE;
}
