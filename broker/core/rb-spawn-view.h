/* rb-spawn-view.h: what is told of a spawn
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-explain-parts.h"

G_BEGIN_DECLS

/* How far it is, which rule decided, how the program ended and what it wrote last (at most 8 KiB). Of all that run or wait, and the last 64. */
void  rb_spawn_put_story (RbStory *story, const char *token);

G_END_DECLS
