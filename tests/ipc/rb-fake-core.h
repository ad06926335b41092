/* rb-fake-core.h: a core that records what it is asked and answers what a test says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* It takes the place of the real one at link time, so that the tests of this folder are about transport alone: what arrives here
 * passed every check, and what does not arrive here changed nothing. */

RbCore      *rb_fake_core_new          (void);
/* All calls so far, one a line, in order; forgets them. "send ep_1 bob pid=7 kernel=0 operator=0" */
char        *rb_fake_core_take_calls   (RbCore *self);
/* The same, without forgetting; borrowed until the next call. */
const char  *rb_fake_core_peek_calls   (RbCore *self);
/* How the next calls end: with a copy of @error; NULL: success. */
void         rb_fake_core_set_error    (RbCore *self, const GError *error);
/* While set calls wait until rb_fake_core_release(). */
void         rb_fake_core_set_hold     (RbCore *self, gboolean hold);
/* From now on r1 is this process, and what it writes is there (borrowed); both NULL: it is nobody, and nothing is kept. */
void         rb_fake_core_set_log      (const char *file, const char *unit);
void         rb_fake_core_release      (RbCore *self);
guint        rb_fake_core_get_n_held   (RbCore *self);
/* @task: (transfer full): ends so, now or then. */
void         rb_fake_core_finish_or_hold (RbCore *self, GTask *task);
/* The newest open channel, borrowed; NULL when there is none. */
RbChannel   *rb_fake_core_get_channel  (RbCore *self);
guint        rb_fake_core_get_n_channels (RbCore *self);
/* Of the server, borrowed. */
RbBounds    *rb_fake_core_get_bounds  (RbCore *self);

/* For fakes of other files: writes @text down and answers. */
void  rb_fake_core_call (RbCore *core, GAsyncReadyCallback callback, gpointer user_data, const char *text);

G_END_DECLS
