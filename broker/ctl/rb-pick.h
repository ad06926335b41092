/* rb-pick.h: which endpoint or message of this broker a person means
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* The id; @text: it, its beginning or, of an endpoint, its name. Errors are those of rb_prefix_pick(); of a waiting message also
 * RB_ERROR_BAD_STATE, `message_held`: it is one that somebody has to let in first. */
char *rb_pick_held     (RbCtl       *ctl,
                        const char  *text,
                        GError     **error);
char *rb_pick_waiting  (RbCtl       *ctl,
                        const char  *text,
                        GError     **error);
char *rb_pick_endpoint (RbCtl       *ctl,
                        const char  *text,
                        GError     **error);

/* Of those that spawns shows; of those that runtimes shows, with @ended also of those that do not run any more. */
char *rb_pick_spawn    (RbCtl       *ctl,
                        const char  *text,
                        GError     **error);
char *rb_pick_runtime  (RbCtl       *ctl,
                        const char  *text,
                        gboolean     ended,
                        GError     **error);

G_END_DECLS
