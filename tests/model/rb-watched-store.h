/* rb-watched-store.h: a store in memory of which each commit is checked against the table of transitions
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-fake-store.h"

G_BEGIN_DECLS

/* A commit that the table does not have ends the test. With RB_TRANSITIONS in the environment, what was counted is added to that file. */
RbFakeStore *rb_watched_store_new (void);

G_END_DECLS
