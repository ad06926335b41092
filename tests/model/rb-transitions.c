/* rb-transitions.c: whether what a commit changes is in the table of transitions
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-transitions.h"

#include "rb-transitions-table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define N_STEPS G_N_ELEMENTS (steps)
#define MAX_STATES 16
#define UNTOUCHED -1
#define NOT_ONE -2           /* a word that is none of the machine's */

/* The places of a message that no assignment stands for; "assignment" itself is none of the machine's states. */
#define PLACE_ASSIGNMENT MAX_STATES

G_STATIC_ASSERT (G_N_ELEMENTS (state_names) == RB_N_MACHINES);

/* What one commit does with one message. Its rows are in three tables; they are judged together at the end of the commit. */
typedef struct {
  guint64  id;               /* hash of it: no text is kept but for the complaint */
  char     label[48];
  gint8    place_from, place_to;
  gint8    work_from, work_to;     /* its assignment */
  guint64  work_id;
  gint64   sequence_from, sequence_to;
  guint8   cause;
  guint8   n_made, n_erased;       /* of its content */
} Touched;

struct _RbTransitionsWatch {
  RbTransitionsProblem problem;
  gpointer             user_data;
  gint16               index[RB_N_MACHINES][MAX_STATES][N_CAUSES][MAX_STATES];   /* of a step; -1: there is none */
  guint64              counts[N_STEPS];
  GArray              *touched;    /* of Touched: in the running commit */
};

static int
find_word (const char *const *words,
           const char        *word)
{
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], word) == 0)
      return i;

  return NOT_ONE;
}

gboolean
rb_transitions_check (RbMachine   machine,
                      const char *from,
                      const char *cause,
                      const char *to)
{
  int by = machine == RB_MACHINE_MESSAGE ? find_word (cause_names, cause) : BY_NOTE;

  for (guint i = 0; i < N_STEPS; i++)
    if (steps[i].machine == machine && steps[i].cause == by && strcmp (state_names[machine][steps[i].from], from) == 0 &&
        strcmp (state_names[machine][steps[i].to], to) == 0)
      return TRUE;

  return FALSE;
}

gboolean
rb_transitions_may (const char *effect,
                    const char *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (effects); i++)
    {
      int found = strcmp (effects[i].effect, effect) == 0 ? find_word (state_names[effects[i].machine], state) : NOT_ONE;

      if (found >= 0)
        return (effects[i].states & 1u << found) != 0;
    }
  return FALSE;
}

guint
rb_transitions_get_n (void)
{
  return N_STEPS;
}

const char *
rb_transitions_get_text (guint i)
{
  return i < N_STEPS ? steps[i].text : NULL;
}

RbTransitionsWatch *
rb_transitions_watch_new (RbTransitionsProblem problem,
                          gpointer             user_data)
{
  RbTransitionsWatch *self = g_new0 (RbTransitionsWatch, 1);

  self->problem = problem;
  self->user_data = user_data;
  self->touched = g_array_sized_new (FALSE, FALSE, sizeof (Touched), 64);
  memset (self->index, 0xff, sizeof self->index);
  for (guint i = N_STEPS; i-- > 0;)
    self->index[steps[i].machine][steps[i].from][steps[i].cause][steps[i].to] = i;
  return self;
}

void
rb_transitions_watch_free (RbTransitionsWatch *self)
{
  g_array_unref (self->touched);
  g_free (self);
}

static void G_GNUC_PRINTF (2, 3)
complain (RbTransitionsWatch *self,
          const char         *format,
          ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  self->problem (text, self->user_data);
}

static void
make_step (RbTransitionsWatch *self,
           RbMachine           machine,
           const char         *label,
           int                 from,
           int                 cause,
           int                 to)
{
  int step = self->index[machine][from][cause][to];

  if (step >= 0)
    self->counts[step]++;
  else
    complain (self, "%s '%s': a commit takes it from %s to %s by %s, which transitions.txt does not have", machine_names[machine], label,
              state_names[machine][from], state_names[machine][to], cause_names[cause]);
}

/* Columns. Each looks at one child of the row and allocates nothing. The text belongs to the row. */

static const char *
get_text (GVariant *row,
          gsize     column)
{
  GVariant *value = g_variant_get_child_value (row, column);
  const char *text = g_variant_get_string (value, NULL);

  g_variant_unref (value);
  return text;
}

static gint64
get_number (GVariant *row,
            gsize     column)
{
  GVariant *value = g_variant_get_child_value (row, column);
  gint64 number = g_variant_get_int64 (value);

  g_variant_unref (value);
  return number;
}

static gboolean
is_set (GVariant *row,
        gsize     column)
{
  GVariant *value = g_variant_get_child_value (row, column);
  gboolean set = g_variant_n_children (value) > 0;

  g_variant_unref (value);
  return set;
}

static guint64
hash_text (const char *text)
{
  guint64 hash = 14695981039346656037u;

  for (; *text != '\0'; text++)
    hash = (hash ^ (guchar) *text) * 1099511628211u;
  return hash;
}

/* Commits are small; what was touched last is mostly what is touched again. */
static Touched *
touch (RbTransitionsWatch *self,
       const char         *id)
{
  guint64 hash = hash_text (id);
  Touched *touched;

  for (guint i = self->touched->len; i-- > 0;)
    {
      touched = &g_array_index (self->touched, Touched, i);
      if (touched->id == hash)
        return touched;
    }

  g_array_set_size (self->touched, self->touched->len + 1);
  touched = &g_array_index (self->touched, Touched, self->touched->len - 1);
  *touched = (Touched) { .id = hash, .place_from = UNTOUCHED, .work_from = UNTOUCHED };
  g_strlcpy (touched->label, id, sizeof touched->label);
  return touched;
}

/* MESSAGE_NONE: there is no row. */
static int
read_state (RbTransitionsWatch *self,
            RbMachine           machine,
            GVariant           *row,
            gsize               column)
{
  const char *word = row != NULL ? get_text (row, column) : "none";
  int state = find_word (state_names[machine], word);

  if (state == NOT_ONE)
    complain (self, "%s '%s': '%s' is no state of it", machine_names[machine], get_text (row, 0), word);
  return MAX (state, 0);
}

static int
read_place (RbTransitionsWatch *self,
            GVariant           *row)
{
  return row != NULL && strcmp (get_text (row, 1), "assignment") == 0 ? PLACE_ASSIGNMENT : read_state (self, RB_MACHINE_MESSAGE, row, 1);
}

static void
change_place (RbTransitionsWatch *self,
              GVariant           *old_row,
              GVariant           *new_row)
{
  Touched *touched = touch (self, get_text (new_row != NULL ? new_row : old_row, 0));

  if (touched->place_from == UNTOUCHED)
    touched->place_from = read_place (self, old_row);
  touched->place_to = read_place (self, new_row);
}

static void
change_content (RbTransitionsWatch *self,
                GVariant           *old_row,
                GVariant           *new_row)
{
  Touched *touched = touch (self, get_text (new_row != NULL ? new_row : old_row, 0));

  if (new_row != NULL)
    touched->n_made++;
  else
    touched->n_erased++;
}

/* The acceptance deadline runs while it does: nothing that is accepted may be taken back by it. */
static void
check_deadline (RbTransitionsWatch *self,
                const Touched      *touched,
                GVariant           *row)
{
  if (row != NULL && touched->work_to != MESSAGE_QUEUED && touched->work_to != MESSAGE_PENDING && is_set (row, 11))
    complain (self, "message '%s': a deadline while it is %s", touched->label, message_states[touched->work_to]);
}

static void
change_assignment (RbTransitionsWatch *self,
                   GVariant           *old_row,
                   GVariant           *new_row)
{
  GVariant *row = new_row != NULL ? new_row : old_row;
  Touched *touched = touch (self, get_text (row, 5));
  guint64 id = hash_text (get_text (row, 0)) * 31 + hash_text (get_text (row, 1));

  if (touched->work_from == UNTOUCHED)
    {
      touched->work_from = read_state (self, RB_MACHINE_MESSAGE, old_row, 3);
      touched->sequence_from = old_row != NULL ? get_number (old_row, 10) : 0;
      touched->work_id = id;
    }
  else if (touched->work_id != id)
    complain (self, "message '%s': two assignments of it in one commit, '%s' is one", touched->label, get_text (row, 1));
  touched->work_to = read_state (self, RB_MACHINE_MESSAGE, new_row, 3);
  touched->sequence_to = new_row != NULL ? get_number (new_row, 10) : G_MAXINT64;
  check_deadline (self, touched, new_row);
}

/* Steps of the ladder that are no cause may stand between; the last cause counts. */
static void
change_checkpoint (RbTransitionsWatch *self,
                   GVariant           *new_row)
{
  int cause = new_row != NULL ? find_word (cause_names, get_text (new_row, 2)) : NOT_ONE;

  if (cause > BY_NOTE)
    touch (self, get_text (new_row, 0))->cause = cause;
}

static void
change_endpoint (RbTransitionsWatch *self,
                 GVariant           *old_row,
                 GVariant           *new_row)
{
  const char *id = get_text (new_row != NULL ? new_row : old_row, 0);
  int to = read_state (self, RB_MACHINE_ENDPOINT, new_row, 6);

  make_step (self, RB_MACHINE_ENDPOINT, id, read_state (self, RB_MACHINE_ENDPOINT, old_row, 6), BY_NOTE, to);
  if (new_row != NULL && is_set (new_row, 8) != (to == ENDPOINT_RECONNECTING))
    complain (self, "endpoint '%s': %s %s a grace deadline", id, endpoint_states[to], is_set (new_row, 8) ? "with" : "without");
}

static int
read_reply (GVariant *row)
{
  if (row == NULL)
    return REPLY_NONE;
  if (is_set (row, 8))
    return REPLY_SENT;
  return is_set (row, 9) ? REPLY_UNKNOWN : REPLY_OPEN;
}

/* Invariant 3: one request, one wire id. */
static void
change_reply (RbTransitionsWatch *self,
              GVariant           *old_row,
              GVariant           *new_row)
{
  const char *id = get_text (new_row != NULL ? new_row : old_row, 2);

  make_step (self, RB_MACHINE_REPLY, id, read_reply (old_row), BY_NOTE, read_reply (new_row));
  if (old_row == NULL || new_row == NULL)
    return;
  if (strcmp (get_text (old_row, 6), get_text (new_row, 6)) != 0)
    complain (self, "reply '%s': its wire id becomes '%s', it was '%s'", id, get_text (new_row, 6), get_text (old_row, 6));
  if (strcmp (get_text (old_row, 5), get_text (new_row, 5)) != 0)
    complain (self, "reply '%s': its fingerprint changes", id);
}

static void
change_letter (RbTransitionsWatch *self,
               GVariant           *old_row,
               GVariant           *new_row)
{
  const char *subject = get_text (new_row != NULL ? new_row : old_row, 2);

  make_step (self, RB_MACHINE_LETTER, subject, read_state (self, RB_MACHINE_LETTER, old_row, 5), BY_NOTE,
             read_state (self, RB_MACHINE_LETTER, new_row, 5));
  if (old_row != NULL && new_row != NULL && strcmp (get_text (old_row, 3), get_text (new_row, 3)) != 0)
    complain (self, "letter '%s': what it says changes", subject);
}

void
rb_transitions_watch_begin (RbTransitionsWatch *self)
{
  g_array_set_size (self->touched, 0);
}

void
rb_transitions_watch_change (RbTransitionsWatch *self,
                             RbTable             table,
                             GVariant           *key,
                             GVariant           *old_row,
                             GVariant           *new_row)
{
  if (old_row == NULL && new_row == NULL)
    return;

  switch (table)
    {
    case RB_TABLE_PLACES:
      change_place (self, old_row, new_row);
      break;
    case RB_TABLE_MESSAGES:
      change_content (self, old_row, new_row);
      break;
    case RB_TABLE_ASSIGNMENTS:
      change_assignment (self, old_row, new_row);
      break;
    case RB_TABLE_CHECKPOINTS:
      change_checkpoint (self, new_row);
      break;
    case RB_TABLE_ENDPOINTS:
      change_endpoint (self, old_row, new_row);
      break;
    case RB_TABLE_REPLIES:
      change_reply (self, old_row, new_row);
      break;
    case RB_TABLE_OUTBOX:
      change_letter (self, old_row, new_row);
      break;
    case RB_TABLE_META:
    case RB_TABLE_CORRELATIONS:
    case RB_TABLE_CONTROL_KEYS:
    case RB_TABLE_ARCHIVE:
    case RB_TABLE_ARCHIVE_TEXT:
    case RB_TABLE_POLICY_RULES:
    case RB_TABLE_KNOWN_SENDERS:
    case RB_TABLE_SPAWNS:
    case RB_N_TABLES:
      break;
    }
}

/* A place and an assignment as the one state that they stand for; NOT_ONE: they say two things. */
static int
join (int place,
      int work)
{
  gboolean works = work != UNTOUCHED && work != MESSAGE_NONE;

  if (place == UNTOUCHED)
    return works ? work : NOT_ONE;
  if (place == PLACE_ASSIGNMENT)
    return works ? work : NOT_ONE;
  return works ? NOT_ONE : place;
}

static const char *
place_name (int place)
{
  if (place == UNTOUCHED)
    return "untouched";
  return place == PLACE_ASSIGNMENT ? "assignment" : message_states[place];
}

static void
complain_of_halves (RbTransitionsWatch *self,
                    const Touched      *touched)
{
  gboolean works = touched->work_from != UNTOUCHED;
  gboolean moves = touched->place_from != UNTOUCHED;

  complain (self, "message '%s': its place goes from %s to %s, its assignment from %s to %s; both must say the same", touched->label,
            place_name (touched->place_from), moves ? place_name (touched->place_to) : "untouched",
            works ? message_states[touched->work_from] : "untouched", works ? message_states[touched->work_to] : "untouched");
}

static gboolean
is_live (int state)
{
  return state != MESSAGE_NONE && state != MESSAGE_ENDED;
}

/* The content is there as long as the message lives. */
static void
check_content (RbTransitionsWatch *self,
               const Touched      *touched,
               int                 from,
               int                 to)
{
  gboolean must_make = !is_live (from) && is_live (to);
  gboolean must_erase = is_live (from) && !is_live (to);

  if ((touched->n_made > 0) != must_make || (must_erase && touched->n_erased == 0) || (is_live (to) && touched->n_erased > 0))
    complain (self, "message '%s': from %s to %s its content is written %u times and erased %u times", touched->label,
              message_states[from], message_states[to], touched->n_made, touched->n_erased);
}

/* Invariant 5, as far as it is durable. The row has how far numbers are reserved, so it may stand, and goes back only when what was not used
 * is given back; the numbers themselves are for who sees what is told. */
static void
check_sequence (RbTransitionsWatch *self,
                const Touched      *touched)
{
  if (touched->cause != BY_NOTE && touched->work_from != UNTOUCHED && touched->work_from != MESSAGE_NONE && touched->sequence_to < touched->sequence_from)
    complain (self, "message '%s': the sequence of its assignment goes from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " by %s",
              touched->label, touched->sequence_from, touched->sequence_to, cause_names[touched->cause]);
}

static void
judge (RbTransitionsWatch *self,
       const Touched      *touched)
{
  gboolean moves = touched->place_from != UNTOUCHED;
  gboolean works = touched->work_from != UNTOUCHED;
  int from, to;

  if (!moves && !works)
    {
      if (touched->n_made > 0 || touched->n_erased > 0)
        complain (self, "message '%s': its content changes and its place does not", touched->label);
      return;
    }

  from = join (touched->place_from, works ? touched->work_from : UNTOUCHED);
  to = join (moves ? touched->place_to : UNTOUCHED, works ? touched->work_to : UNTOUCHED);
  if (from == NOT_ONE || to == NOT_ONE)
    {
      complain_of_halves (self, touched);
      return;
    }

  make_step (self, RB_MACHINE_MESSAGE, touched->label, from, touched->cause, to);
  check_content (self, touched, from, to);
  check_sequence (self, touched);
}

void
rb_transitions_watch_end (RbTransitionsWatch *self)
{
  for (guint i = 0; i < self->touched->len; i++)
    judge (self, &g_array_index (self->touched, Touched, i));
  g_array_set_size (self->touched, 0);
}

guint64
rb_transitions_watch_count (const RbTransitionsWatch *self,
                            guint                     i)
{
  return i < N_STEPS ? self->counts[i] : 0;
}

gboolean
rb_transitions_watch_save (const RbTransitionsWatch *self,
                           const char               *path)
{
  g_autoptr(GString) text = g_string_new (NULL);
  FILE *file = fopen (path, "a");
  gboolean written;

  if (file == NULL)
    return FALSE;

  for (guint i = 0; i < N_STEPS; i++)
    if (self->counts[i] > 0)
      g_string_append_printf (text, "%" G_GUINT64_FORMAT "\t%s\n", self->counts[i], steps[i].text);
  written = fwrite (text->str, 1, text->len, file) == text->len;
  return fclose (file) == 0 && written;
}
