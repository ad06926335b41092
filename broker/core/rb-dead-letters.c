/* rb-dead-letters.c: events that the authority refused for good, for a person to look at
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dead-letters.h"

#include "rb-core-bounds.h"
#include "rb-log.h"

#define MAX_LETTERS 1000     /* some kilobyte each */

struct _RbDeadLetters {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  GQueue   letters;          /* of RbLetter, oldest first */
  guint64  n_forgotten;
};

RbDeadLetters *
rb_dead_letters_new (void)
{
  RbDeadLetters *self = g_new0 (RbDeadLetters, 1);

  g_queue_init (&self->letters);
  return self;
}

void
rb_dead_letters_free (RbDeadLetters *self)
{
  g_queue_clear_full (&self->letters, (GDestroyNotify) rb_letter_free);
  g_free (self);
}

static void
forget_oldest (RbDeadLetters *self,
               RbChanges     *changes)
{
  g_autoptr(RbLetter) oldest = g_queue_pop_head (&self->letters);

  self->n_forgotten++;
  rb_log_warning ("dead_letter_forgotten", "kind", rb_event_kind_to_string (rb_event_get_kind (oldest->event)), "subject",
                  rb_event_get_subject (oldest->event), NULL);
  rb_letter_erase (oldest, changes);
}

void
rb_dead_letters_set_bounds (RbDeadLetters *self,
                            RbBounds      *bounds)
{
  self->bounds = bounds;
}

void
rb_dead_letters_add (RbDeadLetters *self,
                     RbLetter      *letter,
                     RbChanges     *changes)
{
  g_queue_push_tail (&self->letters, letter);
  while (self->letters.length > MAX_LETTERS)
    {
      rb_bounds_reached (self->bounds, RB_CORE_BOUND_DEAD_LETTERS);
      forget_oldest (self, changes);
    }
  rb_bounds_note (self->bounds, RB_CORE_BOUND_DEAD_LETTERS, self->letters.length);
}

guint
rb_dead_letters_prune (RbDeadLetters *self,
                       gint64         before,
                       guint          max,
                       RbChanges     *changes)
{
  const RbLetter *oldest;
  guint n = 0;

  for (; n < max && (oldest = g_queue_peek_head (&self->letters)) != NULL && oldest->created_at < before; n++)
    forget_oldest (self, changes);
  return n;
}

RbLetter *
rb_dead_letters_steal (RbDeadLetters *self,
                       gint64         position)
{
  for (GList *l = self->letters.head; l != NULL; l = l->next)
    {
      RbLetter *letter = l->data;

      if (letter->position == position)
        {
          g_queue_delete_link (&self->letters, l);
          return letter;
        }
    }
  return NULL;
}

const GList *
rb_dead_letters_get_all (const RbDeadLetters *self)
{
  return self->letters.head;
}

guint
rb_dead_letters_get_n (const RbDeadLetters *self)
{
  return self->letters.length;
}

guint
rb_dead_letters_get_cap (void)
{
  return MAX_LETTERS;
}

guint64
rb_dead_letters_get_n_forgotten (const RbDeadLetters *self)
{
  return self->n_forgotten;
}
