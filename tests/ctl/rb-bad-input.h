/* rb-bad-input.h: a verb of brokerctl run in a process of its own, and what may come of any words whatever
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int    code;      /* with which it ended; minus the number of the signal that ended it */
  GBytes *out;
  GBytes *err;
} RbBadInputResult;

void  rb_bad_input_result_clear (RbBadInputResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbBadInputResult, rb_bad_input_result_clear)

/* Runs `brokerctl @words` with nothing on standard input, in a fork: this process must have no other thread. @stays: a verb that goes on until it
 * is told to end, which is done soon. */
void  rb_bad_input_run   (const char *const *words, gboolean stays, RbBadInputResult *result);

/* What must hold whatever the words are; fails the test with all that is known. */
void  rb_bad_input_judge (const char *const *words, const RbBadInputResult *result);

G_END_DECLS
