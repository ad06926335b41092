/* rb-prove.h: brokerctl doctor --prove: sends, kills, restarts, and counts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

#define RB_PROVE_MESSAGES_MAX 5000
#define RB_PROVE_KILLS_MAX 100

/* With a broker and a directory of its own. Prints how it goes and, with --json alone, what came out. */
RbExitCode rb_prove_run (RbCtl *ctl, guint n_messages, guint n_kills);

G_END_DECLS
