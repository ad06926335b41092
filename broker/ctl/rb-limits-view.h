/* rb-limits-view.h: what brokerctl status says of limits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* @status: of the broker. All limits: a table, what is full first; with --json the broker's own words. */
void  rb_limits_view_print  (RbCtl        *ctl,
                             const RbJson *status);
/* (transfer full) (nullable) for a person: the limits that pushed back in the last hour, in one line; NULL: none did. */
char *rb_limits_view_recent (const RbJson *status,
                             gint64        now_ms);
/* Of those limits at which somebody has to wait, the nearly full ones: (transfer full) a line each, NULL-terminated. */
GStrv rb_limits_view_nearly (const RbJson *status);

G_END_DECLS
