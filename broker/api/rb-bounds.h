/* rb-bounds.h: bounded things: how full they are, how full they were, and how often the limit was reached
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"

G_BEGIN_DECLS

/* Whatever grows with what others send has a limit, and is described once: in a table beside it. Who owns the thing says how far it grew
 * and when its limit did something; people read all of it with `brokerctl status --limits`. */
typedef enum {
  RB_BOUND_PUSHES_BACK,  /* whoever wants more is refused */
  RB_BOUND_WAITS,        /* flow control: the rest waits for its turn, as it does in any burst */
  RB_BOUND_FORGETS,      /* a memory of fixed size: to be full is its usual state, and what goes is nobody's message */
} RbBoundManner;

typedef struct {
  const char    *name;    /* lower_case; unique in the process */
  const char    *unit;    /* in the plural: "messages", "bytes" */
  RbBoundManner  manner;
  const char    *policy;  /* what happens at the limit, in one phrase for people */
} RbBoundInfo;

typedef struct {
  const RbBoundInfo *info;
  guint64            limit;         /* 0: none is set */
  guint64            used;          /* of a thing that there are several of: by the fullest */
  guint64            peak;          /* the most that @used ever was */
  guint64            n_reached;     /* how often the limit did something */
  gint64             last_reached;  /* epoch-ms; 0: never */
} RbBound;

/* The bounds of one part, numbered as in its table. Belongs to one thread. */
typedef struct _RbBounds RbBounds;

/* Brings what is used up to date, by rb_bounds_set_used(); for parts that do not follow each change. */
typedef void (*RbBoundsRefresh) (RbBounds *self, gpointer user_data);

RbBounds      *rb_bounds_new         (const RbBoundInfo *infos, guint n, RbClock *clock);
RbBounds      *rb_bounds_ref         (RbBounds *self);
void           rb_bounds_unref       (RbBounds *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBounds, rb_bounds_unref)

/* NULL: it does not refresh any more, and keeps what it knows. */
void           rb_bounds_set_refresh (RbBounds *self, RbBoundsRefresh refresh, gpointer user_data);

/* All of these do nothing without bounds (NULL), for parts that are used alone. */
void           rb_bounds_set_limit   (RbBounds *self, guint which, guint64 limit);
void           rb_bounds_set_used    (RbBounds *self, guint which, guint64 used);
void           rb_bounds_note        (RbBounds *self, guint which, guint64 used);   /* the peak alone: one of several */
void           rb_bounds_reached     (RbBounds *self, guint which);

guint          rb_bounds_get_n       (const RbBounds *self);
const RbBound *rb_bounds_get         (RbBounds *self, guint which);

/* Adds a member for each: an a{sv} of used, limit, unit, peak, reached, last_reached (when it was), policy, manner. */
void           rb_bounds_put         (RbBounds *self, GVariantDict *dict);

G_END_DECLS
