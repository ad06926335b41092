/* rb-outbox-private.h: the lanes of the outbox, as its parts see them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-outbox.h"

G_BEGIN_DECLS

/* What waits for one subject. It is there for as long as it has letters, or some are being committed. */
typedef struct {
  char     *key;
  guint     n_coming;     /* letters that are being committed */
  GQueue    letters;      /* of RbLetter, oldest first; the first may be on its way */
  RbCore   *core;         /* for the timer; borrowed */
  guint     attempts;     /* of the first letter that failed */
  char     *failure;      /* of the last of them; NULL: none */
  gint64    failed_at;    /* epoch-ms, likewise */
  guint64   timer;        /* of the next one; 0: none */
  gboolean  is_posting;
  gboolean  is_ready;     /* in the queue of the ready */
  gboolean  is_over;      /* was tried for the last time: we are stopping */
  gboolean  is_stuck;     /* the first letter does not get through, and waits for long */
} RbPostLane;

struct _RbOutbox {
  GHashTable    *lanes;            /* key to RbPostLane */
  GQueue         ready;            /* of RbPostLane: those that may post and wait for their turn */
  RbDeadLetters *dead;
  gint64         next_position;
  guint          n_stored;         /* rows, those of running commits included */
  guint          n_posting;
  guint          n_stuck;          /* lanes */
  gboolean       is_pumping;
  gboolean       was_full;
  gint64         full_since;       /* epoch-ms; 0: it is not */
  struct {
    guint64 posted, retries, refused, presence_dropped;
  } counters;
};

void  rb_outbox_add           (RbCore *core, RbLetter *letter);     /* takes it */
void  rb_outbox_count         (RbCore *core, int n);                /* rows that come, or go */
/* A letter is being written: its lane is there, and what is told of its subject is behind it. Then it has its place, or never will; @letters: all
 * of a commit. rb_outbox_arrive() takes each. */
void  rb_outbox_expect        (RbCore *core, RbLetter *letter);
void  rb_outbox_arrive        (RbCore *core, GPtrArray *letters);
void  rb_outbox_withdraw      (RbCore *core, GPtrArray *letters);
/* Nothing but a post that is running, or a limit, keeps it from leaving with the next rb_outbox_pump(). */
void  rb_outbox_wake_lane     (RbCore *core, RbPostLane *lane);
void  rb_outbox_pump          (RbCore *core);
/* What follows from its being heard, where nobody hears. */
void  rb_outbox_pass          (RbCore *core, const RbEvent *event);
void  rb_outbox_drop_if_empty (RbCore *core, RbPostLane *lane);

G_END_DECLS
