/* rb-attach-run.h: a program, or a person at a terminal, is a runtime until it is over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

#define RB_ATTACH_NAME_MAX 100        /* characters */

typedef struct {
  const char        *name;
  const char        *kind;
  const char *const *argv;          /* (nullable) the program; without one a person answers */
  int                concurrency;
  gboolean           no_reply;
  gboolean           once;          /* leaves after the first message */
  const char        *claim;         /* (nullable) id of the one message that it is for */
  const char        *reply;         /* (nullable) what is said to it; nobody is asked then */
} RbAttachWish;

RbExitCode rb_attach_run (RbCtl              *ctl,
                          const RbAttachWish *wish);

G_END_DECLS
