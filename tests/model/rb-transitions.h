/* rb-transitions.h: whether what a commit changes is in the table of transitions
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-tables.h"

G_BEGIN_DECLS

/* The machines of transitions.txt. */
typedef enum {
  RB_MACHINE_MESSAGE,
  RB_MACHINE_ENDPOINT,
  RB_MACHINE_REPLY,
  RB_MACHINE_LETTER,
  RB_N_MACHINES,
} RbMachine;

/* Words as in transitions.txt; @cause counts for messages alone. FALSE: the table has no such step, or a word is none of its. */
gboolean    rb_transitions_check    (RbMachine machine, const char *from, const char *cause, const char *to);
/* Whether @effect may leave while the thing that it is about is durably in @state. */
gboolean    rb_transitions_may      (const char *effect, const char *state);
guint       rb_transitions_get_n    (void);
const char *rb_transitions_get_text (guint i);   /* "message none routed queue" */

/* Reads the changes of each commit, in the order in which they are made, and says what the table does not have. It keeps nothing from one
 * commit to the next but counters, so it may watch any number of disks, and disks that lose what they had. */
typedef struct _RbTransitionsWatch RbTransitionsWatch;

/* Called for each problem; @text names the thing, what it did, and the row. */
typedef void (*RbTransitionsProblem) (const char *text, gpointer user_data);

RbTransitionsWatch *rb_transitions_watch_new    (RbTransitionsProblem problem, gpointer user_data);
void                rb_transitions_watch_free   (RbTransitionsWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbTransitionsWatch, rb_transitions_watch_free)

/* One commit. Each change with the row that was there before it and the one after it; NULL: none. Rows are only looked at during the call. */
void                rb_transitions_watch_begin  (RbTransitionsWatch *self);
void                rb_transitions_watch_change (RbTransitionsWatch *self, RbTable table, GVariant *key, GVariant *old_row,
                                                 GVariant *new_row);
void                rb_transitions_watch_end    (RbTransitionsWatch *self);

/* How often the @i-th step was made. */
guint64             rb_transitions_watch_count  (const RbTransitionsWatch *self, guint i);
/* Adds what was counted to the file, a line "COUNT<tab>STEP" each; FALSE: the file cannot be written. */
gboolean            rb_transitions_watch_save   (const RbTransitionsWatch *self, const char *path);

G_END_DECLS
