/* rb-needs-outbox.c: what the network does not take, or refused, or what of that was forgotten
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-outbox-private.h"
#include "rb-time.h"

#define N_EVENT_KINDS (RB_EVENT_ENDPOINT_STATE + 1)

/* Subjects of RB_NEED_OUTBOX and RB_NEED_FORGOTTEN. */
#define FULL "full"
#define DEAD_LETTERS "dead-letters"

/* Those events of one kind that do not get through; the lane whose first one waits longest stands for them. */
typedef struct {
  const RbPostLane *lane;       /* NULL: they do */
  guint             n;
} Stuck;

static const RbLetter *
first_of (const RbPostLane *lane)
{
  return g_queue_peek_head ((GQueue *) &lane->letters);
}

/* Walks through all that waits, but only while something of it does not get through. */
static guint
find_stuck (const RbOutbox *outbox,
            Stuck           stuck[N_EVENT_KINDS])
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  if (outbox->n_stuck == 0)
    return 0;
  g_hash_table_iter_init (&iter, outbox->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const RbPostLane *lane = value;
      Stuck *of_kind;

      if (!lane->is_stuck)
        continue;
      of_kind = &stuck[rb_event_get_kind (first_of (lane)->event)];
      n += of_kind->n++ == 0 ? 1 : 0;
      if (of_kind->lane == NULL || first_of (lane)->created_at < first_of (of_kind->lane)->created_at)
        of_kind->lane = lane;
    }
  return n;
}

static guint
count_posts (RbCore *core)
{
  Stuck stuck[N_EVENT_KINDS] = { { NULL, 0 } };

  return find_stuck (core->outbox, stuck);
}

static void
add_post (RbNeedList  *list,
          const Stuck *stuck)
{
  const RbLetter *letter = first_of (stuck->lane);
  const char *kind = rb_event_kind_to_string (rb_event_get_kind (letter->event));
  g_autofree char *others = stuck->n > 1 ? g_strdup_printf (" and of %u more", stuck->n - 1) : g_strdup ("");
  g_autofree char *what = g_strdup_printf ("%s of %s%s: tried %u times: %s", kind, rb_event_get_subject (letter->event), others,
                                           stuck->lane->attempts, stuck->lane->failure);
  RbNeed need = { .kind = RB_NEED_POST, .subject = kind, .since = letter->created_at, .what = what, .command = "brokerctl outbox" };

  if (rb_need_begin (list, &need))
    rb_need_end (list);
}

static void
add_posts (RbCore     *core,
           RbNeedList *list)
{
  Stuck stuck[N_EVENT_KINDS] = { { NULL, 0 } };

  find_stuck (core->outbox, stuck);
  for (guint i = 0; i < N_EVENT_KINDS; i++)
    if (stuck[i].lane != NULL)
      add_post (list, &stuck[i]);
}

const RbNeedSource rb_needs_of_posts = { count_posts, add_posts };

/* The next ones would push out the oldest. */
static gboolean
is_almost_full (RbCore *core)
{
  return rb_dead_letters_get_n (core->outbox->dead) >= rb_dead_letters_get_cap () / 10 * 9;
}

static guint
count_fullness (RbCore *core)
{
  return (core->outbox->was_full ? 1 : 0) + (is_almost_full (core) ? 1 : 0);
}

static void
add_fullness (RbCore     *core,
              RbNeedList *list)
{
  guint n_dead = rb_dead_letters_get_n (core->outbox->dead);
  g_autofree char *full = g_strdup_printf ("%u events wait for the network, which is all there is room for: new work is refused",
                                           rb_outbox_get_n (core->outbox));
  g_autofree char *almost = g_strdup_printf ("%u refused events are kept; from %u on the oldest is forgotten for each that comes", n_dead,
                                             rb_dead_letters_get_cap ());
  RbNeed outbox = { .kind = RB_NEED_OUTBOX, .subject = FULL, .since = core->outbox->full_since, .what = full, .command = "brokerctl outbox" };
  RbNeed dead = { .kind = RB_NEED_OUTBOX, .subject = DEAD_LETTERS, .what = almost, .command = "brokerctl dead-letters" };

  if (core->outbox->was_full && rb_need_begin (list, &outbox))
    rb_need_end (list);
  if (is_almost_full (core) && rb_need_begin (list, &dead))
    rb_need_end (list);
}

const RbNeedSource rb_needs_of_fullness = { count_fullness, add_fullness };

static guint
count_dead_letters (RbCore *core)
{
  return rb_dead_letters_get_n (core->outbox->dead);
}

static void
add_dead_letter (RbNeedList     *list,
                 const RbLetter *letter)
{
  g_autofree char *position = g_strdup_printf ("%" G_GINT64_FORMAT, letter->position);
  g_autofree char *what = g_strdup_printf ("%s %s: %s", rb_event_kind_to_string (rb_event_get_kind (letter->event)),
                                           rb_event_get_subject (letter->event), letter->reason != NULL ? letter->reason : "");
  RbNeed need = {
    .kind = RB_NEED_DEAD_LETTER,
    .subject = position,
    .since = letter->created_at,
    .what = what,
  };

  if (!rb_need_begin (list, &need))
    return;
  rb_need_choice (list, RB_NEED_DO_RETRY, NULL, NULL);
  rb_need_choice (list, RB_NEED_DO_DISMISS, NULL, NULL);
  rb_need_end (list);
}

static void
add_dead_letters (RbCore     *core,
                  RbNeedList *list)
{
  for (const GList *l = rb_dead_letters_get_all (core->outbox->dead); l != NULL; l = l->next)
    add_dead_letter (list, l->data);
}

const RbNeedSource rb_needs_of_dead_letters = { count_dead_letters, add_dead_letters };

static guint
count_forgotten (RbCore *core)
{
  return rb_dead_letters_get_forgotten (core->outbox->dead)->n > 0 ? 1 : 0;
}

static void
add_forgotten (RbCore     *core,
               RbNeedList *list)
{
  const RbForgotten *forgotten = rb_dead_letters_get_forgotten (core->outbox->dead);
  g_autofree char *first = rb_time_to_iso (forgotten->first_at);
  g_autofree char *last = rb_time_to_iso (forgotten->last_at);
  g_autofree char *what = g_strdup_printf ("%" G_GUINT64_FORMAT " dead letters that nobody had looked at were forgotten from %s to %s: more came than are kept",
                                           forgotten->n, first, last);
  RbNeed need = { .kind = RB_NEED_FORGOTTEN, .subject = DEAD_LETTERS, .since = forgotten->first_at, .what = what };

  if (forgotten->n == 0 || !rb_need_begin (list, &need))
    return;
  rb_need_choice (list, RB_NEED_DO_DISMISS, NULL, NULL);
  rb_need_end (list);
}

const RbNeedSource rb_needs_of_forgotten = { count_forgotten, add_forgotten };
