/* rb-follow.h: when the broker follows what was changed beside it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* A broker that runs has read its settings and credentials when it started. */
gboolean  rb_follow_is_running  (RbCtl        *ctl);
/* Tells a person what is next. */
void      rb_follow_print       (RbCtl        *ctl,
                                 gboolean      running);
/* @answer: an object; with "next": "restart" or "start" */
void      rb_follow_print_json  (RbCtl        *ctl,
                                 const RbJson *answer,
                                 gboolean      running);

G_END_DECLS
