/* rb-loop.c: conversations that go back and forth with no person in them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-loop.h"

#include "rb-core-bounds.h"
#include "rb-lru.h"

#include <string.h>

#define MINUTE_MS 60000
#define CORRELATED 'c'      /* how the key of a conversation begins that has a correlation */

typedef struct {
  RbLoopWay way;             /* of its last message */
  gint64    last_ms;
  guint     n_hops;
  gint64    minute_ms;       /* when the minute began */
  guint     n_in_minute;
  gboolean  is_open;
} Conversation;

struct _RbLoop {
  RbBounds *bounds;          /* borrowed; NULL: nobody counts */
  guint     hops, rate;
  RbLru    *conversations;   /* key to Conversation */
};

RbLoop *
rb_loop_new (guint hops,
             guint rate)
{
  RbLoop *self = g_new0 (RbLoop, 1);

  self->hops = hops;
  self->rate = rate;
  self->conversations = rb_lru_new (RB_LOOP_CONVERSATIONS_MAX, g_free);
  return self;
}

void
rb_loop_free (RbLoop *self)
{
  rb_lru_free (self->conversations);
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
char *
rb_loop_dup_key (const RbLoop *self,
                 const char   *correlation_id,
                 const char   *endpoint_id,
                 const char   *address)
{
  gboolean is_correlated = correlation_id != NULL && *correlation_id != '\0';
  const char *what = is_correlated ? correlation_id : endpoint_id;

  if (!rb_loop_is_on (self) || what == NULL || address == NULL)
    return NULL;
  return g_strdup_printf ("%c%" G_GSIZE_FORMAT ":%s%s", is_correlated ? CORRELATED : 'e', strlen (what), what, address);
}

static Conversation *
ensure_conversation (RbLoop     *self,
                     const char *key,
                     RbLoopWay   way,
                     gint64      now_ms)
{
  Conversation *conversation = rb_lru_get (self->conversations, key);
  g_autofree char *evicted = NULL;

  if (conversation != NULL && (conversation->is_open || now_ms - conversation->last_ms < RB_LOOP_PAUSE_MS))
    return conversation;

  conversation = g_new0 (Conversation, 1);
  conversation->way = way;
  conversation->minute_ms = now_ms;
  evicted = rb_lru_put (self->conversations, key, conversation);
  if (evicted != NULL)
    rb_bounds_reached (self->bounds, RB_CORE_BOUND_LOOPS);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_LOOPS, rb_lru_get_n (self->conversations));
  return conversation;
}

static void
hop (Conversation *conversation,
     gint64        now_ms)
{
  if (now_ms - conversation->minute_ms >= MINUTE_MS)
    {
      conversation->minute_ms = now_ms;
      conversation->n_in_minute = 0;
    }
  conversation->n_in_minute++;
  conversation->n_hops++;
}

gboolean
rb_loop_pass (RbLoop     *self,
              const char *key,
              RbLoopWay   way,
              gint64      now_ms)
{
  Conversation *conversation = ensure_conversation (self, key, way, now_ms);

  if (conversation->way != way)
    hop (conversation, now_ms);
  conversation->way = way;
  conversation->last_ms = now_ms;
  conversation->is_open |= (self->hops > 0 && *key == CORRELATED && conversation->n_hops > self->hops) ||
                           (self->rate > 0 && conversation->n_in_minute > self->rate);
  return !conversation->is_open;
}

void
rb_loop_forget (RbLoop     *self,
                const char *key)
{
  rb_lru_remove (self->conversations, key);
}

guint
rb_loop_get_n (const RbLoop *self)
{
  return rb_lru_get_n (self->conversations);
}
