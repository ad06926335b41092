/* rb-loop.c: conversations that go back and forth with no person in them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-loop.h"

#include "rb-core-bounds.h"
#include "rb-lru.h"

#include <string.h>

#define MINUTE_MS 60000

/* How keys begin. */
#define CORRELATED 'c'      /* of a conversation that has a correlation */
#define UNCORRELATED 'e'
#define PAIR 'p'            /* whatever an endpoint and an address say to each other */
#define ANY_ENDPOINT ""     /* in the key of a pair: all of them */

/* Of a conversation or a pair. */
typedef struct {
  RbLoopWay opener;          /* who began it; of a pair: who opened the last conversation */
  RbLoopWay way;             /* of its last message */
  gint64    last_ms;
  guint     n_hops;
  gint64    minute_ms;       /* when the minute began */
  guint     n_in_minute;
  gboolean  is_open;
} Talk;

struct _RbLoop {
  RbBounds *bounds;          /* borrowed; NULL: nobody counts */
  guint     hops, rate;
  RbLru    *talks;           /* key to Talk */
};

RbLoop *
rb_loop_new (guint hops,
             guint rate)
{
  RbLoop *self = g_new0 (RbLoop, 1);

  self->hops = hops;
  self->rate = rate;
  self->talks = rb_lru_new (RB_LOOP_CONVERSATIONS_MAX, g_free);
  return self;
}

void
rb_loop_free (RbLoop *self)
{
  rb_lru_free (self->talks);
  g_free (self);
}

void
rb_loop_set_bounds (RbLoop   *self,
                    RbBounds *bounds)
{
  self->bounds = bounds;
}

gboolean
rb_loop_is_on (const RbLoop *self)
{
  return self->hops > 0 || self->rate > 0;
}

/* The length in front keeps the parts apart, whatever is in them. */
static char *
make_key (char        what,
          const char *id,
          const char *address)
{
  return g_strdup_printf ("%c%" G_GSIZE_FORMAT ":%s%s", what, strlen (id), id, address);
}

static gboolean
is_correlated (const RbLoopTurn *turn)
{
  return turn->correlation_id != NULL && *turn->correlation_id != '\0';
}

/* NULL: it is of none. */
static char *
dup_conversation (const RbLoopTurn *turn)
{
  if (is_correlated (turn))
    return make_key (CORRELATED, turn->correlation_id, turn->address);
  return turn->endpoint_id != NULL ? make_key (UNCORRELATED, turn->endpoint_id, turn->address) : NULL;
}

static void
enter (RbLoop     *self,
       const char *key,
       Talk       *talk)
{
  g_autofree char *evicted = rb_lru_put (self->talks, key, talk);

  if (evicted != NULL)
    rb_bounds_reached (self->bounds, RB_CORE_BOUND_LOOPS);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_LOOPS, rb_lru_get_n (self->talks));
}

/* Who opened it stays known after a pause: what takes long to answer is answered all the same. */
static Talk *
ensure_talk (RbLoop     *self,
             const char *key,
             RbLoopWay   way,
             gint64      now_ms)
{
  Talk *talk = rb_lru_get (self->talks, key);

  if (talk == NULL)
    {
      talk = g_new0 (Talk, 1);
      talk->opener = way;
      enter (self, key, talk);
    }
  else if (talk->is_open || now_ms - talk->last_ms < RB_LOOP_PAUSE_MS)
    return talk;

  *talk = (Talk) { .opener = talk->opener, .way = way, .last_ms = now_ms, .minute_ms = now_ms };
  return talk;
}

static void
count_in_minute (Talk      *talk,
                 RbLoopWay  way,
                 gint64     now_ms)
{
  if (now_ms - talk->minute_ms >= MINUTE_MS)
    {
      talk->minute_ms = now_ms;
      talk->n_in_minute = 0;
    }
  talk->n_in_minute += talk->way != way;
  talk->way = way;
  talk->last_ms = now_ms;
}

static gboolean
check (const RbLoop *self,
       Talk         *talk)
{
  talk->is_open |= (self->hops > 0 && talk->n_hops > self->hops) || (self->rate > 0 && talk->n_in_minute > self->rate);
  return !talk->is_open;
}

/* @opens (out): whoever says it has opened it */
static gboolean
pass_conversation (RbLoop           *self,
                   const RbLoopTurn *turn,
                   gint64            now_ms,
                   gboolean         *opens)
{
  g_autofree char *key = dup_conversation (turn);
  Talk *talk = key != NULL ? ensure_talk (self, key, turn->way, now_ms) : NULL;

  *opens = FALSE;
  if (talk == NULL)
    return TRUE;
  *opens = is_correlated (turn) && talk->opener == turn->way;
  talk->n_hops += is_correlated (turn) && talk->way != turn->way;
  count_in_minute (talk, turn->way, now_ms);
  return check (self, talk);
}

static gboolean
pass_pair (RbLoop           *self,
           const RbLoopTurn *turn,
           const char       *endpoint_id,
           gint64            now_ms,
           gboolean          opens)
{
  g_autofree char *key = make_key (PAIR, endpoint_id, turn->address);
  Talk *talk = ensure_talk (self, key, turn->way, now_ms);

  talk->n_hops += opens && talk->opener != turn->way;
  if (opens)
    talk->opener = turn->way;
  count_in_minute (talk, turn->way, now_ms);
  return check (self, talk);
}

gboolean
rb_loop_pass (RbLoop           *self,
              const RbLoopTurn *turn,
              gint64            now_ms)
{
  gboolean opens, passes;

  if (!rb_loop_is_on (self) || turn->address == NULL)
    return TRUE;

  passes = pass_conversation (self, turn, now_ms, &opens);
  if (turn->endpoint_id != NULL)
    passes &= pass_pair (self, turn, turn->endpoint_id, now_ms, opens);
  if (turn->endpoint_id == NULL || turn->way == RB_LOOP_OUT)
    passes &= pass_pair (self, turn, ANY_ENDPOINT, now_ms, opens);
  return passes;
}

static void
forget (RbLoop     *self,
        char        what,
        const char *id,
        const char *address)
{
  g_autofree char *key = make_key (what, id, address);

  rb_lru_remove (self->talks, key);
}

void
rb_loop_forget (RbLoop           *self,
                const RbLoopTurn *turn)
{
  g_autofree char *key = turn->address != NULL ? dup_conversation (turn) : NULL;
  Talk *talk = key != NULL ? rb_lru_get (self->talks, key) : NULL;

  if (turn->address == NULL)
    return;
  if (talk != NULL)
    *talk = (Talk) { .opener = talk->opener, .way = talk->way, .last_ms = talk->last_ms, .minute_ms = talk->last_ms };
  forget (self, PAIR, ANY_ENDPOINT, turn->address);
  if (turn->endpoint_id != NULL)
    forget (self, PAIR, turn->endpoint_id, turn->address);
}

void
rb_loop_open (RbLoop           *self,
              const RbLoopTurn *turn,
              gint64            now_ms)
{
  g_autofree char *key = turn->address != NULL && rb_loop_is_on (self) ? dup_conversation (turn) : NULL;

  if (key != NULL)
    ensure_talk (self, key, turn->way, now_ms)->is_open = TRUE;
}

guint
rb_loop_get_n (const RbLoop *self)
{
  return rb_lru_get_n (self->talks);
}
