/* rb-monitor-print.h: one event of the broker as a line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-monitor.h"

G_BEGIN_DECLS

/* For a program: one JSON object. */
char *rb_monitor_event_to_json (const RbMonitorEvent *event,
                                gint64                now_ms);
/* For a person, escaped. */
char *rb_monitor_event_to_text (const RbMonitorEvent *event,
                                gint64                now_ms);

G_END_DECLS
