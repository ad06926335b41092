/* rb-outage-error.h: what a caller is told whose call waits for a store that writes nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So long nothing must have been written before those who wait are told; and so long a call must have waited. */
#define RB_OUTAGE_MS 3000

typedef enum {
  RB_OUTAGE_NOTHING_DONE,   /* and nothing will be: the call was dropped */
  RB_OUTAGE_REPEATABLE,     /* a question, or what carries an id that the broker knows again: it is done once, however often it is asked for */
  RB_OUTAGE_UNKNOWN,        /* memory has it, and it is done when there is room; unless the process ends before */
} RbOutageOutcome;

/* The reason is the one that further calls get at once. @why: (nullable): the store's words */
GError *rb_outage_error_new (const char *why, RbOutageOutcome outcome);

G_END_DECLS
