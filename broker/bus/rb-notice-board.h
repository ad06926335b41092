/* rb-notice-board.h: which notifications should stand now
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure: it is told what waits for a person and what time it is, and says what to show and what to take back.
 *
 * Each thing that waits has a notification of its own, until there are more than RB_NOTICE_SINGLES of them, or more came within
 * RB_NOTICE_WINDOW_MS: then one stands for all, and is changed in place, no more often than RB_NOTICE_DIGEST_MS, until what it stood for has been
 * answered. What a person closed is not shown again. What waited before the first look is told at once, together. */
#define RB_NOTICE_SINGLES 3
#define RB_NOTICE_WINDOW_MS 60000
#define RB_NOTICE_DIGEST_MS 15000

/* The slot of the one that stands for all; the others have the ids of what waits, which have a colon. */
#define RB_NOTICE_DIGEST "digest"

typedef struct {
  const char *id;
  gint64      delay_ms;     /* what ends by itself sooner is not worth a notification */
} RbNoticeNeed;

typedef struct {
  char     *slot;
  gboolean  withdraws;      /* else it shows */
  guint     n;              /* of the digest: how many things wait */
  gboolean  is_news;        /* else only the number is another one: no reason to make a sound */
} RbNoticeStep;

typedef struct _RbNoticeBoard RbNoticeBoard;

RbNoticeBoard *rb_notice_board_new     (void);
void           rb_notice_board_free    (RbNoticeBoard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbNoticeBoard, rb_notice_board_free)

/* @needs: all that waits, in the order of the list. @now_ms: of a clock that does not go back. @due_ms: (out) when to look again, though nothing changed;
 * 0: then not. Returns (transfer full) RbNoticeStep, in order. */
GArray        *rb_notice_board_look    (RbNoticeBoard *self, const RbNoticeNeed *needs, guint n_needs, gint64 now_ms, gint64 *due_ms);
/* It does not stand any more, and not because we took it back. */
void           rb_notice_board_closed  (RbNoticeBoard *self, const char *slot);

G_END_DECLS
