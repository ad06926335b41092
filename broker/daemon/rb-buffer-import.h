/* rb-buffer-import.h: takes over what the peer's broker had accepted for endpoints that were away
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* Reads STATE_DIR/buffers/ *.ndjson and hands their messages to the core at once; each file goes when they are durable. What cannot be
 * read stays and is told in the log: a file as it is, one with damaged lines under the name *.ndjson.damaged. Source: protocol.md 3.9,
 * IMP-9. */
void  rb_buffer_import_all (RbCore *core, RbClock *clock, const char *state_dir);

G_END_DECLS
