/* rb-dead-letters.c: events that the authority refused for good, for a person to look at
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dead-letters.h"

#include "rb-core-bounds.h"
#include "rb-log.h"

#define MAX_LETTERS 1000     /* some kilobyte each */
#define FORGOTTEN "dead_letters_forgotten"

struct _RbDeadLetters {
  RbBounds    *bounds;         /* borrowed; NULL: nobody counts */
  GQueue       letters;        /* of RbLetter, oldest first */
  guint64      n_forgotten;
  RbForgotten  forgotten;      /* as in the row FORGOTTEN, which is there while it is something */
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
record_forgotten (const RbDeadLetters *self,
                  RbChanges           *changes)
{
  const RbForgotten *forgotten = &self->forgotten;
  g_autofree char *value = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, forgotten->n, forgotten->first_at,
                                            forgotten->last_at);

  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", FORGOTTEN, value));
}

static void
forget_oldest (RbDeadLetters *self,
               gint64         now,
               RbChanges     *changes)
{
  g_autoptr(RbLetter) oldest = g_queue_pop_head (&self->letters);

  self->n_forgotten++;
  rb_log_warning ("dead_letter_forgotten", "kind", rb_event_kind_to_string (rb_event_get_kind (oldest->event)), "subject",
                  rb_event_get_subject (oldest->event), NULL);
  rb_letter_erase (oldest, changes);
  if (self->forgotten.n++ == 0)
    self->forgotten.first_at = now;
  self->forgotten.last_at = now;
  record_forgotten (self, changes);
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
                     gint64         now,
                     RbChanges     *changes)
{
  g_queue_push_tail (&self->letters, letter);
  while (self->letters.length > MAX_LETTERS)
    {
      rb_bounds_reached (self->bounds, RB_CORE_BOUND_DEAD_LETTERS);
      forget_oldest (self, now, changes);
    }
  rb_bounds_note (self->bounds, RB_CORE_BOUND_DEAD_LETTERS, self->letters.length);
}

void
rb_dead_letters_supersede (RbDeadLetters *self,
                           const char    *assignment_id,
                           RbChanges     *changes)
{
  for (GList *l = self->letters.head; l != NULL;)
    {
      RbLetter *letter = l->data;
      GList *next = l->next;

      if (rb_event_get_kind (letter->event) == RB_EVENT_PROCESSING_STATE &&
          g_str_equal (rb_event_get_subject (letter->event), assignment_id))
        {
          rb_log_message ("dead_letter_superseded", "subject", assignment_id, "reason", letter->reason, NULL);
          rb_letter_erase (letter, changes);
          rb_letter_free (letter);
          g_queue_delete_link (&self->letters, l);
        }
      l = next;
    }
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

const RbForgotten *
rb_dead_letters_get_forgotten (const RbDeadLetters *self)
{
  return &self->forgotten;
}

void
rb_dead_letters_clear_forgotten (RbDeadLetters *self,
                                 RbChanges     *changes)
{
  self->forgotten = (RbForgotten) { 0 };
  rb_changes_delete (changes, RB_TABLE_META, g_variant_new ("(s)", FORGOTTEN));
}

void
rb_dead_letters_load_forgotten (RbDeadLetters *self,
                                const char    *name,
                                const char    *value)
{
  g_auto(GStrv) words = g_strsplit (value, " ", 4);
  RbForgotten read;

  if (g_str_equal (name, FORGOTTEN) && g_strv_length (words) == 3 && g_ascii_string_to_unsigned (words[0], 10, 1, G_MAXUINT64, &read.n, NULL) &&
      g_ascii_string_to_signed (words[1], 10, 0, G_MAXINT64, &read.first_at, NULL) &&
      g_ascii_string_to_signed (words[2], 10, 0, G_MAXINT64, &read.last_at, NULL))
    self->forgotten = read;
}
