/* rb-cursor.h: delivery cursor arithmetic: contiguous floor, gaps, duplicates
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure; used by every connector. Source: protocol.md 13.6 to 13.8, IMP-44, IMP-45. */

typedef struct _RbCursor RbCursor;

typedef enum {
  RB_CURSOR_NEW,          /* hand it on; it is now in progress */
  RB_CURSOR_OLD,          /* not above the floor: drop */
  RB_CURSOR_ACCEPTED,     /* above the floor and accepted already: drop */
  RB_CURSOR_IN_PROGRESS,  /* handed on and not decided yet: drop */
  RB_CURSOR_INVALID,      /* not an integer of at least 1: treat as without a sequence */
} RbCursorVerdict;

RbCursor        *rb_cursor_new          (gint64 floor);             /* 0: nothing accepted yet */
void             rb_cursor_free         (RbCursor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbCursor, rb_cursor_free)

gint64           rb_cursor_get_floor    (const RbCursor *self);
RbCursorVerdict  rb_cursor_receive      (RbCursor *self, gint64 seq);
/* TRUE when the floor moved; read it with rb_cursor_get_floor(). */
gboolean         rb_cursor_accept       (RbCursor *self, gint64 seq);
void             rb_cursor_release      (RbCursor *self, gint64 seq);   /* refused: the next copy is NEW again */
void             rb_cursor_forget       (RbCursor *self, gint64 seq);   /* as if it had never arrived: not handed on after all */
void             rb_cursor_expect       (RbCursor *self, gint64 seq);   /* the other side has sequences up to this one */
gboolean         rb_cursor_jump         (RbCursor *self, gint64 floor); /* TRUE when the floor moved */
/* A number between floor + 1 and the highest known sequence is neither accepted nor in progress. */
gboolean         rb_cursor_has_gap      (const RbCursor *self);
gint64           rb_cursor_get_highest  (const RbCursor *self);         /* known in any way; at least the floor */
/* The lowest number above the floor that never arrived (a refused one did); above all known ones: 0. */
gint64           rb_cursor_get_first_missing (RbCursor *self);
guint            rb_cursor_get_n_pending (const RbCursor *self);        /* accepted above the floor or in progress */
guint            rb_cursor_get_n_refused (const RbCursor *self);
GArray          *rb_cursor_dup_refused  (const RbCursor *self);         /* gint64, ascending */

G_END_DECLS
